//! Other catalogues read into records that point there: every kind of catalogue, and what hostile ones try.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;
use std::time::Duration;

use causeway::catalogue::RemoteRecord;
use causeway::fetch::{Fetcher, Host, Hosts};
use causeway::harvest::{self, HarvestError, Harvested, Kind};
use serde_json::json;
use support::other_host::{Asked, OtherHost, whole};
use support::{Ran, Server, Workspace, wait_until};

#[derive(serde::Deserialize)]
struct Listed {
    hosts: Vec<Host>,
}

fn listed(port: u16) -> String {
    format!("[[hosts]]\nname = \"127.0.0.1\"\nport = {port}\nprivate = true\n")
}

fn read(port: u16, path: &str) -> Result<Harvested, HarvestError> {
    let hosts = Hosts::new(toml::from_str::<Listed>(&listed(port)).unwrap().hosts);
    let address = format!("http://127.0.0.1:{port}{path}").parse().unwrap();
    harvest::read(&Fetcher::new(hosts, harvest::PAGE_LIMITS), &address, Duration::ZERO)
}

/// A Causeway is a catalogue of every kind.
static OTHER: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("harvest");
    for place in ["lcsd/libraries", "td/ferry-routes", "lcsd/museums"] {
        if support::tree("layers").join(place).exists() {
            workspace.take_from_tree(place);
        }
    }
    workspace.ingest();
    workspace
});

fn port_of(server: &Server) -> u16 {
    server.address().rsplit(':').next().unwrap().parse().unwrap()
}

#[test]
fn every_kind_of_catalogue_gives_the_same_records() {
    let other = OTHER.serve();
    let layers = other.json("/collections/catalogue/items")["numberMatched"].as_u64().unwrap() as usize;
    for (path, kind) in [
        ("/en-data/api/3/action/package_search?rows=1", Kind::Ckan),
        ("/collections/catalogue/items?limit=1", Kind::Records),
        ("/csw?service=CSW&request=GetCapabilities", Kind::Csw),
        ("/waf/", Kind::IsoFile),
        ("/dcat.ttl", Kind::Dcat),
        ("/dcat.jsonld", Kind::Dcat),
        ("/dcat.rdf?profile=ckan", Kind::Dcat),
    ] {
        let harvested = read(port_of(&other), path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!((harvested.kind, harvested.records.len()), (kind, layers), "{path}");
        let is_library = |record: &&RemoteRecord| record.title.en == "Libraries";
        let record = harvested.records.iter().find(is_library).unwrap_or_else(|| panic!("{path}: {harvested:?}"));
        assert!(record.text.en.starts_with("Where to borrow books"), "{path}: {record:?}");
        assert_eq!(record.publisher.en, "Leisure and Cultural Services Department", "{path}");
        assert!(
            record.page.starts_with(&other.base) && record.page.contains("lcsd-libraries"),
            "{path}: {}",
            record.page
        );
        assert!(
            record.updated.is_some() && !record.keywords.is_empty() && !record.resources.is_empty(),
            "{path}: {record:?}"
        );
        if kind != Kind::Records {
            assert_eq!((record.title.zh_hant.as_str(), record.title.zh_hans.as_str()), ("圖書館", "图书馆"), "{path}");
        }
        if kind != Kind::Ckan {
            let [west, south, east, north] = record.extent.unwrap().to_array();
            assert!(west > 113.8 && east < 114.5 && south > 22.1 && north < 22.6 && west < east, "{path}: {record:?}");
        }
    }
}

/// A catalogue of CKAN whose package has these members.
fn ckan(members: serde_json::Value) -> OtherHost {
    OtherHost::new(move |_, stream| {
        let page = json!({ "success": true, "result": { "count": 1, "results": [members] } });
        whole(stream, "200 OK", page.to_string().as_bytes());
    })
}

#[test]
fn texts_are_plain_and_links_lead_to_web_addresses_only() {
    let host = ckan(json!({
        "name": "../../<script>",
        "title": "Parks <script>alert(1)</script>&lt;img src=x onerror=alert(1)&gt;\u{202e}",
        "notes": "<p>Text</p>\u{0}",
        "url": "javascript:alert(1)",
        "organization": { "title": "<b>LCSD</b>" },
        "tags": [{ "name": "<i>park</i>" }],
        "resources": [
            { "url": "javascript:alert(1)", "name": "bad" },
            { "url": "https://user:secret@a.hk/", "name": "bad" },
            { "url": "https://a.hk/parks.csv", "name": "<u>good</u>", "format": "CSV" },
        ],
    }));
    let harvested = read(host.port, "/api/3/action/package_search").unwrap();
    let record = &harvested.records[0];
    assert_eq!((record.title.en.as_str(), record.text.en.as_str()), ("Parks", "Text"));
    assert_eq!((record.publisher.en.as_str(), record.keywords.as_slice()), ("LCSD", &["park".to_owned()][..]));
    assert_eq!(record.page, host.address("/dataset/%2E%2E%2F%2E%2E%2F%3Cscript%3E"));
    let resources: Vec<(&str, &str)> =
        record.resources.iter().map(|one| (one.title.as_str(), one.address.as_str())).collect();
    assert_eq!(resources, [("good", "https://a.hk/parks.csv")]);
}

#[test]
fn what_a_hostile_catalogue_tries_is_refused_by_name() {
    const ENTITIES: &[u8] = b"<!DOCTYPE r [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]><gmd:MD_Metadata>&b;</gmd:MD_Metadata>";
    const RDF: &[u8] = b"<!DOCTYPE rdf:RDF [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><rdf:RDF>&a;</rdf:RDF>";
    const CONTEXT: &[u8] = br#"{"@context":"http://169.254.169.254/context","@id":"http://a.hk/x"}"#;
    for (head, body, part) in [
        ("302 Found\r\nLocation: http://169.254.169.254/latest", &b""[..], "there nobody goes"),
        ("301 Moved Permanently\r\nLocation: https://evil.example/", b"", "there nobody goes"),
        ("200 OK", ENTITIES, "document type or an entity"),
        ("200 OK", RDF, "document type or an entity"),
        ("200 OK", CONTEXT, "not RDF"),
        ("200 OK", b"\x00\x01\x02", "accepted are"),
        ("200 OK", b"", "accepted are"),
        ("200 OK", b"<html><a href=\"page.html\">x</a></html>", "no link to a file"),
        ("200 OK", b"{\"success\":false}", "no result"),
        ("200 OK", b"{\"type\":\"FeatureCollection\",\"features\":7}", "no features"),
    ] {
        let host = OtherHost::saying(head, body);
        let error = read(host.port, "/x").expect_err(part);
        assert!(error.to_string().contains(part) && error.is_refusal(), "{error}");
    }
    let huge = OtherHost::new(|_, stream| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n";
        let _ = std::io::Write::write_all(stream, head.as_bytes());
    });
    assert!(read(huge.port, "/x").unwrap_err().to_string().contains("the limit"));
    let deep = format!("{{\"features\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = OtherHost::new(move |_, stream| whole(stream, "200 OK", deep.as_bytes()));
    assert!(read(deep.port, "/x").unwrap_err().to_string().contains("JSON"));
}

#[test]
fn what_nests_deeper_than_anyone_writes_is_an_error_and_no_crash() {
    const DEEP: usize = 200_000;
    for (before, open, close) in [
        ("{\"@context\":{},\"@graph\":", "[", "]"),
        ("{\"@context\":{},\"@graph\":", "{\"http://a.hk/x\":", "}"),
        ("@prefix dcat: <http://www.w3.org/ns/dcat#> . <http://a.hk/x> <http://a.hk/y> ", "(", ")"),
        ("@prefix dcat: <http://www.w3.org/ns/dcat#> . <http://a.hk/x> <http://a.hk/y> ", "[ <http://a.hk/y> ", "]"),
        ("<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">", "<a>", "</a>"),
        ("<csw:Capabilities>", "<a>", "</a>"),
    ] {
        let document = format!("{before}{}{}", open.repeat(DEEP), close.repeat(DEEP));
        let host = OtherHost::new(move |_, stream| whole(stream, "200 OK", document.as_bytes()));
        assert!(read(host.port, "/x").is_err(), "{before} {open}");
    }
}

fn feature(id: &str) -> serde_json::Value {
    json!({ "type": "Feature", "id": id, "geometry": null, "properties": { "title": id } })
}

fn number(asked: &Asked) -> u64 {
    asked.path().rsplit('=').next().unwrap().parse().unwrap_or(0)
}

#[test]
fn pages_that_do_not_end_are_given_up() {
    let same = OtherHost::new(|asked, stream| {
        let next = format!("/items?page={}", number(asked) + 1);
        let page = json!({ "type": "FeatureCollection", "features": [feature("a")], "links": [{ "rel": "next", "href": next }] });
        whole(stream, "200 OK", page.to_string().as_bytes());
    });
    let error = read(same.port, "/items").unwrap_err();
    assert!(matches!(error, HarvestError::Repeats { .. }), "{error}");
    assert_eq!(same.asked().len(), 2);
    let circle = OtherHost::new(|asked, stream| {
        let id = format!("n{}", number(asked));
        let next = format!("/items?page={}", (number(asked) + 1) % 3);
        let page = json!({ "type": "FeatureCollection", "features": [feature(&id)], "links": [{ "rel": "next", "href": next }] });
        whole(stream, "200 OK", page.to_string().as_bytes());
    });
    assert!(matches!(read(circle.port, "/items?page=0").unwrap_err(), HarvestError::Repeats { .. }));
    let endless = OtherHost::new(|asked, stream| {
        let id = format!("n{}", number(asked));
        let next = format!("/items?page={}", number(asked) + 1);
        let page = json!({ "type": "FeatureCollection", "features": [feature(&id)], "links": [{ "rel": "next", "href": next }] });
        whole(stream, "200 OK", page.to_string().as_bytes());
    });
    assert!(matches!(read(endless.port, "/items").unwrap_err(), HarvestError::TooMuch { what: "pages", most: 200 }));
    let elsewhere = OtherHost::new(|_, stream| {
        let links = json!([{ "rel": "next", "href": "https://evil.example/items" }]);
        let page = json!({ "type": "FeatureCollection", "features": [feature("a")], "links": links });
        whole(stream, "200 OK", page.to_string().as_bytes());
    });
    assert!(read(elsewhere.port, "/items").unwrap_err().to_string().contains("not listed"));
}

fn harvest_by_command(workspace: &Workspace, host: &OtherHost, more: &[&str]) -> Ran {
    let configuration = workspace.folder.join("causeway.toml");
    std::fs::write(&configuration, host.listed()).unwrap();
    let address = host.address("/items");
    let mut arguments = vec!["--config", configuration.to_str().unwrap(), "harvest", address.as_str()];
    arguments.extend(more);
    workspace.causeway(&arguments)
}

/// Read, kept, served as others', kept when the catalogue fails, and never among our own records.
#[test]
fn what_was_read_is_found_and_marked_as_anothers() {
    use std::sync::{Arc, Mutex};
    let state: Arc<Mutex<(&str, Vec<serde_json::Value>)>> = Arc::default();
    let shared = Arc::clone(&state);
    let host = OtherHost::new(move |_, stream| {
        let (status, features) = shared.lock().unwrap().clone();
        let page = json!({ "type": "FeatureCollection", "features": features });
        whole(stream, status, page.to_string().as_bytes());
    });
    let mut parks = feature("zqparks");
    parks["properties"] = json!({ "title": "Zqparks 郊野公園", "contacts": [{ "organization": "漁農自然護理署" }] });
    parks["links"] = json!([{ "rel": "about", "type": "text/html", "href": "https://a.hk/parks" }]);
    *state.lock().unwrap() = ("200 OK", vec![parks, feature("b"), feature("c")]);
    let workspace = Workspace::default();
    let server = workspace.serve();
    let ran = harvest_by_command(&workspace, &host, &[]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "127.0.0.1: 3 records of OGC API Records on 1 pages; 0 missing, 0 forgotten\n"),
        "{}",
        ran.stderr
    );
    wait_until(|| server.json("/elsewhere")["numberMatched"] == 3);
    let found = server.json("/elsewhere?text=郊野公园");
    let record = &found["records"][0];
    assert_eq!((&found["numberMatched"], &record["kind"]), (&json!(1), &json!("remote")));
    assert_eq!((&record["catalogue"], &record["href"]), (&json!("127.0.0.1"), &json!("https://a.hk/parks")));
    for face in [
        "/collections",
        "/collections/catalogue/items",
        "/dcat.ttl",
        "/ckan/api/3/action/package_list",
        "/stac",
        "/feed.atom",
        "/sitemap.xml",
        "/suggest?q=zqparks",
    ] {
        assert!(!server.get(face).text().unwrap().to_lowercase().contains("zqparks"), "{face}");
    }
    *state.lock().unwrap() = ("500 Internal Server Error", Vec::new());
    let ran = harvest_by_command(&workspace, &host, &[]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("what was read before is kept"), "{}", ran.stderr);
    *state.lock().unwrap() = ("200 OK", vec![feature("b")]);
    let ran = harvest_by_command(&workspace, &host, &[]);
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("1 records, 3 are kept"), "{}", ran.stderr);
    assert_eq!(server.json("/elsewhere")["numberMatched"], 3);
    // What a person accepts is taken; what is missing is kept for two more runs.
    let ran = harvest_by_command(&workspace, &host, &["--accept"]);
    assert!(ran.stdout.contains("2 missing, 0 forgotten"), "{}", ran.stdout);
}

#[test]
fn a_host_that_is_not_listed_is_not_asked() {
    let host = OtherHost::saying("200 OK", b"{}");
    let workspace = Workspace::default();
    let ran = workspace.causeway(&["harvest", &host.address("/items")]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("[[hosts]]") && host.asked().is_empty(), "{}", ran.stderr);
}
