//! The catalogue's faces over the running server: each answers in its own shape, and none of them
//! knows a layer that is not open.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

#[path = "support/catalogue.rs"]
mod catalogue;
mod support;

use std::sync::LazyLock;

use causeway::catalogue::faces::dcat::{self, PAGE_DATASETS, Page, Profile};
use causeway::catalogue::faces::{Listing, rdf};
use reqwest::Method;
use support::{Server, Workspace, header};

/// Stands in the id, title, abstract, keywords, a field's name and a value of a restricted layer.
const CANARY: &str = "zqcanary";

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("faces");
    for place in ["lcsd/libraries", "td/ferry-routes"] {
        workspace.take_from_tree(place);
    }
    let csv = format!("lon,lat,{CANARY}field\n114.1,22.3,{CANARY}value\n");
    let folder =
        workspace.define("td/zqcanary", &[("a.csv", csv.as_bytes())], "longitude = \"lon\"\nlatitude = \"lat\"\n");
    let file = folder.join("layer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("class = \"open\"", "class = \"restricted\"")
        .replace("A made layer", &format!("The {CANARY} title"))
        .replace("A layer that a test made.", &format!("The {CANARY} abstract."))
        .replace("[\"test\"]", &format!("[\"{CANARY}word\"]"));
    std::fs::write(file, text).unwrap();
    workspace.ingest();
    workspace
});

/// Every face of the whole catalogue with its media type.
const FACES: [(&str, &str); 25] = [
    ("/dcat", "text/turtle"),
    ("/dcat.ttl", "text/turtle"),
    ("/dcat.rdf", "application/rdf+xml"),
    ("/dcat.jsonld", "application/ld+json"),
    ("/dcat.ttl?profile=ckan", "text/turtle"),
    ("/data.json", "application/json"),
    ("/waf/", "text/html; charset=utf-8"),
    ("/stac", "application/json"),
    ("/catalogue.json", "application/json"),
    ("/feed.atom", "application/atom+xml; charset=utf-8"),
    ("/sitemap.xml", "application/xml; charset=utf-8"),
    ("/robots.txt", "text/plain; charset=utf-8"),
    ("/csw?service=CSW&request=GetCapabilities", "application/xml; charset=utf-8"),
    ("/tc/csw?service=CSW&request=GetRecords&resultType=results&elementSetName=full", "application/xml; charset=utf-8"),
    ("/ckan/api/3/action/package_search?rows=1000", "application/json"),
    ("/ckan/api/action/package_list", "application/json"),
    ("/sc-data/api/3/action/tag_list", "application/json"),
    ("/tc-data/api/3/action/organization_list?all_fields=true", "application/json"),
    ("/collections", "application/json"),
    ("/collections/catalogue", "application/json"),
    ("/collections/catalogue/items?limit=1000", "application/geo+json"),
    ("/collections/catalogue/facets", "application/facets+json"),
    ("/collections/catalogue/sortables", "application/schema+json"),
    ("/suggest?q=zqcan", "application/json"),
    ("/api", "application/vnd.oai.openapi+json;version=3.0"),
];

#[test]
fn every_face_answers_and_none_knows_a_layer_that_is_not_open() {
    let server = WORKSPACE.serve();
    assert!(!WORKSPACE.revision("td-zqcanary").is_empty(), "the canary is published");
    for (path, media_type) in FACES {
        let response = server.get(path);
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "content-type"), media_type, "{path}");
        assert!(!header(&response, "etag").is_empty(), "{path}");
        let text = response.text().unwrap();
        assert!(!text.to_lowercase().contains(CANARY), "{path} shows the canary: {text}");
    }
    for page in ["/", "/collections", "/collections?text=zqcanary", "/collections/catalogue/items?f=html"] {
        // The words of the question stand on the page of its answer.
        let text = server.page(page).to_lowercase().replace("text=zqcanary", "");
        let hits = text.matches("the zqcanary").count() + text.matches("td-zqcanary").count();
        assert_eq!(hits, 0, "{page}");
    }
}

#[test]
fn a_layer_that_is_not_open_is_absent_by_its_own_address_as_well() {
    let server = WORKSPACE.serve();
    for path in [
        "/dcat/{}.ttl",
        "/iso/{}.xml",
        "/waf/{}.xml",
        "/stac/{}",
        "/collections/catalogue/items/{}",
        "/collections/{}/dictionary",
        "/ckan/api/3/action/package_show?id={}",
    ] {
        let there = server.get(&path.replace("{}", "td-zqcanary"));
        let absent = server.get(&path.replace("{}", "td-zqcanarx"));
        assert_eq!((there.status(), absent.status()), (absent.status(), reqwest::StatusCode::NOT_FOUND), "{path}");
        let body = |response: reqwest::blocking::Response| response.text().unwrap().replace("canarx", "canary");
        assert_eq!(body(there), body(absent), "{path}");
        assert_eq!(server.get(&path.replace("{}", "lcsd-libraries")).status(), 200, "{path}");
    }
    let found = server.get("/csw?service=CSW&version=2.0.2&request=GetRecordById&id=td-zqcanary").text().unwrap();
    assert!(!found.contains("dc:identifier"), "{found}");
}

/// Every address that gives data, in every dialect: the answer to one who may not is the answer for a
/// layer that is not there, in status and in words.
#[test]
fn the_data_of_a_layer_that_is_not_open_is_absent_in_every_dialect() {
    let server = WORKSPACE.serve();
    for path in [
        "/collections/{}",
        "/collections/{}/items",
        "/collections/{}/items/1",
        "/collections/{}/items?f=csv",
        "/collections/{}/queryables",
        "/collections/{}/sortables",
        "/collections/{}/schema",
        "/collections/{}/aggregate",
        "/collections/{}/changes",
        "/collections/{}/tiles",
        "/collections/{}/tiles/WebMercatorQuad",
        "/collections/{}/tiles/WebMercatorQuad/0/0/0",
        "/tilejson/{}.json",
        "/xyz/{}/metadata.json",
        "/xyz/{}/0/0/0.mvt",
        "/styles/{}",
        "/map/{}/0/0/0.png",
        "/wmts/{}/default/WebMercatorQuad/0/0/0.png",
        "/styles/{}/metadata",
        "/fingerprints/{}.svg",
        "/thumbnails/{}.png",
        "/legends/{}.svg",
        "/esri/rest/services/{}/FeatureServer?f=json",
        "/esri/rest/services/{}/FeatureServer/0?f=json",
        "/esri/rest/services/{}/FeatureServer/0/query?where=1%3D1&f=json",
        "/wfs?service=WFS&version=2.0.0&request=DescribeFeatureType&typeNames={}",
        "/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames={}",
        "/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames={}&resultType=hits",
        "/wfs?service=WFS&version=2.0.0&request=GetFeature&resourceId={}.1",
        "/apim/dataquery/api?id={}&layer={}",
    ] {
        let answer = |layer: &str| {
            let response = server.get(&path.replace("{}", layer));
            (response.status(), response.text().unwrap())
        };
        let there = answer("td-zqcanary");
        let (status, body) = answer("td-zqcanarx");
        assert_eq!(there, (status, body.replace("canarx", "canary")), "{path}");
        // An open layer is known by the same address.
        let (_, open) = answer("lcsd-libraries");
        assert_ne!(open.replace("lcsd-libraries", "td-zqcanarx"), body, "{path}");
    }
    for path in [
        "/wfs?service=WFS&request=GetCapabilities",
        "/wmts?service=WMTS&request=GetCapabilities",
        "/esri/rest/services?f=json",
        "/styles",
        "/styles/catalogue",
        "/styles/catalogue/metadata",
        "/functions",
    ] {
        let response = server.get(path);
        assert_eq!(response.status(), 200, "{path}");
        assert!(!response.text().unwrap().to_lowercase().contains(CANARY), "{path}");
    }
}

#[test]
fn a_wrong_request_is_answered_in_the_dialect_s_own_shape() {
    let server = WORKSPACE.serve();
    let post = |path: &str, media_type: &str, body: &str| {
        server.request(Method::POST, path).header("content-type", media_type).body(body.to_owned()).send().unwrap()
    };
    let doctype = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><csw:GetCapabilities service=\"CSW\">&x;</csw:GetCapabilities>";
    for body in [doctype, "not xml", "", "<a", &"<a>".repeat(100)] {
        let response = post("/csw", "text/xml", body);
        assert_eq!(response.status(), 400, "{body}");
        let text = response.text().unwrap();
        assert!(text.contains("ows:ExceptionReport") && !text.contains("root:"), "{text}");
    }
    let response = post("/csw", "text/xml", &"x".repeat(300_000));
    assert!(response.text().unwrap().contains("ExceptionReport"));
    for (path, status, kind) in [
        ("/ckan/api/3/action/package_show?id=none", 404, "Not Found Error"),
        ("/ckan/api/3/action/package_show", 409, "Validation Error"),
        ("/ckan/api/3/action/package_search?rows=many", 409, "Validation Error"),
        ("/ckan/api/3/action/package_search?fq=groups", 409, "Search Query Error"),
        ("/ckan/api/3/action/package_create", 400, "Bad Request"),
    ] {
        let response = server.get(path);
        assert_eq!(response.status(), status, "{path}");
        let answer: serde_json::Value = serde_json::from_str(&response.text().unwrap()).unwrap();
        assert_eq!(
            (answer["success"].as_bool(), answer["error"]["__type"].as_str()),
            (Some(false), Some(kind)),
            "{path}"
        );
    }
    let response = post("/ckan/api/action/package_show", "application/json", "[1]");
    assert_eq!(response.status(), 409);
    assert!(server.problem("/dcat.ttl?page=none", 400).contains("page"));
    server.problem("/dcat.ttl?page=9", 404);
    assert!(server.problem("/dcat.ttl?modified_since=never", 400).contains("modified_since"));
    assert!(server.problem("/collections/catalogue/items?sortby=shoe", 400).contains("title"));
    assert!(server.problem("/collections/catalogue/items?shoe=1", 400).contains("externalIds"));
}

#[test]
fn posts_are_answered_as_gets_are() {
    let server = WORKSPACE.serve();
    let by_get = server.json("/ckan/api/3/action/package_show?id=lcsd-libraries");
    let posted = server
        .request(Method::POST, "/ckan/api/action/package_show")
        .header("content-type", "application/json")
        .body("{\"id\":\"lcsd-libraries\"}")
        .send()
        .unwrap();
    let posted: serde_json::Value = serde_json::from_str(&posted.text().unwrap()).unwrap();
    assert_eq!(posted["result"], by_get["result"]);
    let form = server
        .request(Method::POST, "/ckan/api/action/package_show")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("id=lcsd-libraries")
        .send()
        .unwrap();
    assert_eq!(form.status(), 200);
}

#[test]
fn a_page_of_records_keeps_language_and_wishes_in_its_links() {
    let server = WORKSPACE.serve();
    let page = server.json("/collections/catalogue/items?limit=1&lang=tc&sortby=-id&q=%E6%B8%A1");
    let next = |page: &serde_json::Value| {
        page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").map(|link| link["href"].clone())
    };
    assert_eq!(page["features"][0]["properties"]["title"], "渡輪航線");
    assert_eq!(next(&page), None);
    let all = server.json("/collections/catalogue/items?limit=1&lang=tc&sortby=-id");
    let href = next(&all).unwrap();
    let href = href.as_str().unwrap();
    assert!(href.contains("lang=tc") && href.contains("sortby=-id"), "{href}");
}

#[test]
fn check_names_what_to_mend_and_refuses_what_cannot_be_read() {
    let workspace = Workspace::default();
    workspace.take_from_tree("lcsd/libraries");
    let ran = workspace.causeway(&["check", "--json"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let judged = &ran.json_lines()[0];
    assert_eq!(judged["layer"], "lcsd-libraries");
    assert!(judged["judgement"]["score"].as_u64().unwrap() > 80, "{judged}");
    let table = workspace.causeway(&["check"]);
    assert!(table.stdout.contains("lcsd-libraries") && table.stdout.contains("catalogue.contact"), "{}", table.stdout);
    assert_eq!(workspace.causeway(&["check", "no-such"]).status, 2);
    // Whoever reads may leave, as `head` does.
    let mut command = support::causeway(&workspace.data(), &workspace.layers());
    let mut left = command.arg("check").stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(left.stdout.take());
    assert!(left.wait().unwrap().success());
    workspace.define("td/broken", &[("a.csv", b"x")], "colour = 1\n");
    assert_eq!(workspace.causeway(&["check"]).status, 3);
}

/// A server whose base is fixed says so in every face.
#[test]
fn faces_show_the_public_address() {
    let server = Server::start_with(&WORKSPACE.data(), &["--base-url", "https://maps.example.hk/geo"]);
    for path in
        ["/dcat.ttl", "/stac", "/feed.atom", "/csw?service=CSW&request=GetCapabilities", "/sitemap.xml", "/data.json"]
    {
        let text = server.get(path).text().unwrap();
        assert!(text.contains("https://maps.example.hk/geo/"), "{path}");
        assert!(!text.contains("127.0.0.1"), "{path}");
    }
}

/// A harvester deletes what a complete run does not show, so pages must hold each dataset once.
#[test]
fn the_pages_of_dcat_hold_every_dataset_once_and_lead_to_each_other() {
    let records = catalogue::distractors(2 * PAGE_DATASETS + 50);
    let listings: Vec<Listing<'_>> =
        records.iter().map(|record| Listing { record, base: "https://a.hk", downloads: &[] }).collect();
    let mut seen = std::collections::BTreeSet::new();
    for number in 1..=3 {
        let page = Page {
            base: "https://a.hk",
            address: "https://a.hk/dcat.ttl",
            number,
            pages: 3,
            listings: &listings[(number - 1) * PAGE_DATASETS..listings.len().min(number * PAGE_DATASETS)],
            modified: "2026-11-24T15:30:00Z".to_owned(),
            carried: "profile=ckan".to_owned(),
        };
        let graph = dcat::page(&page, Profile::Ckan);
        let datasets = graph.nodes.iter().filter(|node| node.classes.contains(&"dcat:Dataset"));
        for dataset in datasets {
            assert!(seen.insert(dataset.iri.clone()), "{} is on two pages", dataset.iri);
        }
        let text = rdf::turtle(&graph);
        let next = format!("hydra:next <https://a.hk/dcat.ttl?page={}&profile=ckan>", number + 1);
        assert_eq!(text.contains(&next), number < 3, "page {number}");
    }
    assert_eq!(seen.len(), records.len());
}
