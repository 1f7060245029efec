//! Hostile values on their way from a delivery to a page, and hostile words of definitions; the
//! numbers are those of the threat model's list.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use reqwest::Method;
use support::{Workspace, header};

/// 32: kept as they are, escaped on every page, and nothing of another place may run.
#[test]
fn values_that_a_browser_would_run_are_shown_and_not_run() {
    const VALUES: [&str; 5] = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg onload=alert(1)>",
        "javascript:alert(1)",
        "'><b onmouseover='alert(1)",
    ];
    let rows: String =
        VALUES.iter().enumerate().map(|(row, value)| format!("{row},\"{value}\",114.1{row},22.3\n")).collect();
    let workspace = Workspace::default();
    let csv = format!("key,\"<i>name</i>\",lon,lat\n{rows}");
    workspace.define("afcd/places", &[("places.csv", csv.as_bytes())], "[identity]\nkey = \"key\"\n");
    workspace.ingest();
    let server = workspace.serve();
    let items = server.json("/collections/afcd-places/items");
    let names: Vec<&str> = items["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["properties"]["<i>name</i>"].as_str().unwrap())
        .collect();
    assert!(VALUES.iter().all(|value| names.contains(value)), "{names:?}");
    for path in
        ["/collections/afcd-places", "/collections/afcd-places/items", "/collections/afcd-places/items/0", "/?q=made"]
    {
        let answer = server.request(Method::GET, path).header("accept", "text/html").send().unwrap();
        let policy = header(&answer, "content-security-policy");
        assert!(policy.contains("default-src 'self'") && !policy.contains("unsafe-inline'; script"), "{policy}");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        let page = answer.text().unwrap();
        for run in ["<script>alert", "<img src=x", "<svg onload", "href=\"javascript:", "<b onmouseover", "<i>name"] {
            assert!(!page.contains(run), "{path}: {run}");
        }
    }
}

/// 34.
#[test]
fn hidden_characters_are_kept_and_shown_and_nul_is_counted() {
    let workspace = Workspace::default();
    let csv = "key,name,lon,lat\n1,a\u{202E}b,114.1,22.3\n2,c\u{200B}d,114.2,22.3\n";
    workspace.define("afcd/places", &[("places.csv", csv.as_bytes())], "[identity]\nkey = \"key\"\n");
    let csv = "key,name,lon,lat\n1,a\0b,114.1,22.3\n";
    workspace.define("afcd/cells", &[("cells.csv", csv.as_bytes())], "");
    let json = br#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"e\u0000f"},"geometry":{"type":"Point","coordinates":[114.1,22.3]}}]}"#;
    workspace.define("afcd/nul", &[("nul.geojson", json)], "");
    let ran = workspace.ingest();
    assert!(ran.stderr.contains("1 × value whose NUL characters were dropped"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 NUL characters stand in its texts, which end before them"), "{}", ran.stderr);
    let server = workspace.serve();
    assert_eq!(server.json("/collections/afcd-places/items/1")["properties"]["name"], "a\u{202E}b");
    assert_eq!(server.json("/collections/afcd-cells/items")["features"][0]["properties"]["name"], "ab");
    assert_eq!(server.json("/collections/afcd-nul/items")["features"][0]["properties"]["name"], "e");
    for (id, shown) in [(1, "a[U+202E]b"), (2, "c[U+200B]d")] {
        let page = server.page(&format!("/collections/afcd-places/items/{id}"));
        assert!(page.contains(shown), "{shown}");
    }
}

/// 37: what a delivery is does not matter where nobody says who may see it.
#[test]
fn a_delivery_without_a_class_is_refused_before_it_is_opened() {
    for class in ["", "class = \"CONFIDENTIAL\"\n"] {
        let workspace = Workspace::default();
        let folder = workspace.define("afcd/places", &[("places.gpkg", b"no package at all")], "");
        let definition = std::fs::read_to_string(folder.join("layer.toml")).unwrap();
        std::fs::write(folder.join("layer.toml"), definition.replace("class = \"open\"\n", class)).unwrap();
        let ran = workspace.causeway(&["ingest"]);
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains("class") && !ran.stderr.contains("places.gpkg"), "{}", ran.stderr);
        assert_eq!(std::fs::read_dir(workspace.data().join("layers")).unwrap().count(), 0);
    }
}

/// 52: what would take a lesser engine for ever is compared as it stands.
#[test]
fn a_rule_is_a_list_of_values_and_no_pattern() {
    let workspace = Workspace::default();
    let long = "a".repeat(100_000);
    let csv = format!("kind,lon,lat\n(a+)+$,114.1,22.3\n{long}!,114.2,22.3\n");
    workspace.define("afcd/places", &[("places.csv", csv.as_bytes())], "[gates]\nvalues = { kind = [\"(a+)+$\"] }\n");
    let ran = workspace.causeway(&["ingest"]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("1 features have a \"kind\" that is not one of (a+)+$"), "{}", ran.stderr);
}
