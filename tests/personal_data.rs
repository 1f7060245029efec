//! Personal data never reaches the public by oversight, nor a report unmasked.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use support::Workspace;

const HOLDERS: &str = "key,holder,lon,lat\n1,A123456(3),114.16,22.28\n2,AB123456(9),114.15,22.27\n";

#[test]
fn an_identity_number_in_an_open_layer_is_held_with_its_samples_masked() {
    let workspace = Workspace::default();
    workspace.define("afcd/holders", &[("holders.csv", HOLDERS.as_bytes())], "");
    let held = workspace.causeway(&["--json", "ingest"]);
    assert_eq!(held.status, 4, "{}", held.stderr);
    for part in ["\"holder\"", "identity card", "A1", "[personal_data]"] {
        assert!(held.stderr.contains(part), "{part}: {}", held.stderr);
    }
    for leaked in ["A123456", "123456"] {
        assert!(!held.stderr.contains(leaked) && !held.stdout.contains(leaked), "{leaked}");
    }
    assert!(!workspace.data().join("layers/afcd-holders").exists(), "nothing is published");
    // A word at the command line has no name and no reason.
    assert_eq!(workspace.causeway(&["ingest", "afcd-holders", "--accept"]).status, 4);
}

#[test]
fn a_decision_with_a_name_and_a_reason_releases_it_and_stands_in_the_manifest() {
    let workspace = Workspace::default();
    let more = "[personal_data]\nholder = { who = \"Licensing Officer\", why = \"A public register\" }\n";
    workspace.define("afcd/holders", &[("holders.csv", HOLDERS.as_bytes())], more);
    let ran = workspace.ingest();
    assert!(ran.stderr.contains("released by Licensing Officer"), "{}", ran.stderr);
    let folder = workspace.data().join("layers/afcd-holders").join(workspace.revision("afcd-holders"));
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["personal_data"][0]["released"]["why"], "A public register");
    assert!(!manifest.to_string().contains("A123456"));
    let nobody = "[personal_data]\nholder = { who = \" \", why = \"x\" }\n";
    workspace.define("afcd/holders", &[("holders.csv", HOLDERS.as_bytes())], nobody);
    let refused = workspace.causeway(&["ingest"]);
    assert_eq!(refused.status, 3);
    assert!(refused.stderr.contains("needs who took it and why"), "{}", refused.stderr);
}

#[test]
fn a_dropped_field_is_not_in_the_package_and_holds_nothing() {
    let workspace = Workspace::default();
    let more = "[fields]\nholder = { title = { en = \"Holder\", zh-Hant = \"持有人\" }, drop = true }\n";
    workspace.define("afcd/holders", &[("holders.csv", HOLDERS.as_bytes())], more);
    workspace.ingest();
    let folder = workspace.data().join("layers/afcd-holders").join(workspace.revision("afcd-holders"));
    let bytes = std::fs::read(folder.join("layer.gpkg")).unwrap();
    assert!(!bytes.windows(7).any(|window| window == b"A123456"), "not a free page holds it");
}

#[test]
fn what_is_not_open_may_hold_it() {
    let workspace = Workspace::default();
    let folder = workspace.define("afcd/holders", &[("holders.csv", HOLDERS.as_bytes())], "");
    let text = std::fs::read_to_string(folder.join("layer.toml")).unwrap();
    std::fs::write(folder.join("layer.toml"), text.replace("\"open\"", "\"restricted\"")).unwrap();
    workspace.ingest();
}
