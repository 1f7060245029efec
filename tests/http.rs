//! The running server over real layers of this tree: what each address answers, and what it says
//! to a request that is wrong.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;
use support::{Server, Workspace, header};

/// Points with a name, a table of lines without attributes, areas, and times.
const PLACES: [&str; 4] = ["lcsd/libraries", "td/ferry-routes", "had/districts-18", "afcd/red-tide"];

/// One data folder for all tests: nothing here changes what is published.
static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("http");
    for place in PLACES {
        workspace.take_from_tree(place);
    }
    workspace.ingest();
    workspace
});

/// A server of its own for each test, because it must end with it.
fn server() -> Server {
    WORKSPACE.serve()
}

fn links(document: &Value, rel: &str) -> Vec<String> {
    document["links"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|link| link["rel"] == rel)
        .map(|link| link["href"].as_str().unwrap().to_owned())
        .collect()
}

/// The path of an absolute address of this server.
fn path_of<'a>(server: &Server, address: &'a str) -> &'a str {
    address.strip_prefix(server.base.as_str()).unwrap_or_else(|| panic!("{address} is not of this server"))
}

#[test]
fn the_landing_page_leads_everywhere() {
    let server = server();
    let landing = server.json("/");
    for rel in ["self", "alternate", "service-desc", "service-doc", "conformance", "data"] {
        let found = links(&landing, rel);
        assert!(!found.is_empty(), "no link {rel}");
        for address in found {
            assert_eq!(server.get(path_of(&server, &address)).status(), 200, "{address}");
        }
    }
    let conformance = server.json("/conformance");
    let classes: Vec<&str> = conformance["conformsTo"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for class in ["core", "geojson", "oas30", "html"] {
        let uri = format!("http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{class}");
        assert!(classes.contains(&uri.as_str()), "{uri}");
    }
}

#[test]
fn json_is_the_answer_unless_html_leads() {
    let server = server();
    for (accept, media_type) in [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/geo+json, text/html", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
    ] {
        let response = server.request(Method::GET, "/").header("accept", accept).send().unwrap();
        assert_eq!(header(&response, "content-type"), media_type, "{accept}");
        assert!(header(&response, "vary").contains("Accept"), "{accept}");
    }
    let response = server.request(Method::GET, "/?f=json").header("accept", "text/html").send().unwrap();
    assert_eq!(header(&response, "content-type"), "application/json");
}

#[test]
fn a_collection_is_equal_in_the_list_and_alone() {
    let server = server();
    let list = server.json("/collections");
    let collections = list["collections"].as_array().unwrap();
    let ids: Vec<&str> = collections.iter().filter_map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, ["afcd-red-tide", "had-districts-18", "lcsd-libraries", "td-ferry-routes", "catalogue"]);
    for one in collections {
        let alone = server.json(&format!("/collections/{}", one["id"].as_str().unwrap()));
        assert_eq!(*one, alone);
        assert_eq!(links(&alone, "items").first().map(|href| href.contains('?')), Some(false));
        assert!(one["extent"]["spatial"]["bbox"][0].is_array());
    }
}

#[test]
fn items_are_counted_boxed_and_complete() {
    let server = server();
    let items = server.json("/collections/lcsd-libraries/items?limit=1000");
    // SOURCES.md: 186 libraries, 113.8657 22.2059 to 114.2749 22.5447.
    assert_eq!(items["numberMatched"], 186);
    assert_eq!(items["numberReturned"], 186);
    let features = items["features"].as_array().unwrap();
    assert_eq!(features.len(), 186);
    let mut edges = [f64::MAX, f64::MAX, f64::MIN, f64::MIN];
    for feature in features {
        let place = &feature["geometry"]["coordinates"];
        let (lon, lat) = (place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
        edges = [edges[0].min(lon), edges[1].min(lat), edges[2].max(lon), edges[3].max(lat)];
        assert_eq!(
            feature["properties"].as_object().unwrap().len(),
            features[0]["properties"].as_object().unwrap().len(),
            "every feature has every field"
        );
        assert!(feature["id"].is_u64());
    }
    for (found, expected) in edges.iter().zip([113.8657, 22.2059, 114.2749, 22.5447]) {
        assert!((found - expected).abs() < 1e-4, "{edges:?}");
    }
    let names: Vec<&str> = features.iter().filter_map(|one| one["properties"]["設施名稱"].as_str()).collect();
    assert!(names.contains(&"香港中央圖書館"), "{names:?}");
}

#[test]
fn paging_by_next_meets_every_feature_once() {
    let server = server();
    let mut seen = std::collections::BTreeSet::new();
    let mut path = "/collections/afcd-red-tide/items?limit=333".to_owned();
    let mut pages = 0;
    loop {
        let page = server.json(&path);
        assert_eq!(page["numberMatched"], 1780);
        for feature in page["features"].as_array().unwrap() {
            assert!(seen.insert(feature["id"].as_u64().unwrap()), "{} came twice", feature["id"]);
        }
        pages += 1;
        match links(&page, "next").first() {
            Some(next) => path = path_of(&server, next).to_owned(),
            None => break,
        }
    }
    assert_eq!((seen.len(), pages), (1780, 6));
    let by_offset: Vec<u64> = server.json("/collections/afcd-red-tide/items?limit=1000&offset=1500")["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|feature| feature["id"].as_u64().unwrap())
        .collect();
    assert_eq!(by_offset.len(), 280);
}

#[test]
fn a_cursor_belongs_to_its_query() {
    let server = server();
    let first = server.json("/collections/afcd-red-tide/items?limit=10&bbox=114,22,114.3,22.4");
    let next = links(&first, "next").remove(0);
    let cursor = next.split("cursor=").nth(1).unwrap().split('&').next().unwrap();
    let other = format!("/collections/afcd-red-tide/items?limit=10&cursor={cursor}");
    assert!(server.problem(&other, 400).contains("another query"));
    let gone = "/collections/afcd-red-tide/items?cursor=20200101T000000000Z-000000000000~5~000000000000";
    assert!(server.problem(gone, 400).contains("another query"));
}

#[test]
fn filters_narrow_by_box_field_and_time() {
    let server = server();
    let count = |query: &str| -> u64 {
        let page = server.json(&format!("/collections/{query}"));
        assert_eq!(page["numberMatched"], page["numberReturned"], "{query}");
        page["numberMatched"].as_u64().unwrap()
    };
    assert_eq!(count("had-districts-18/items?bbox=114.15,22.27,114.16,22.28"), 1);
    // A district is found by its ground, not by its box.
    let central = server.json("/collections/had-districts-18/items?bbox=114.15,22.27,114.16,22.28");
    assert_eq!(central["features"][0]["properties"]["地區"], "中西區");
    assert_eq!(count("td-ferry-routes/items?route=7000004"), 1);
    assert_eq!(count("lcsd-libraries/items?limit=1000&bbox=-180,-90,180,90"), 186);
    assert_eq!(count("lcsd-libraries/items?bbox=177,65,-177,70"), 0);
    assert_eq!(count("lcsd-libraries/items?bbox=113.8656,22.2058,0,114.2750,22.5448,9&limit=1000"), 186);
    let none = count("afcd-red-tide/items?datetime=../1970-01-01");
    assert_eq!(none, 0);
    assert_eq!(count("had-districts-18/items?datetime=2020-01-01"), 18, "a layer without time is of all times");
}

#[test]
fn one_feature_has_its_links_and_its_stable_address() {
    let server = server();
    let items = server.json("/collections/had-districts-18/items?limit=1");
    let id = items["features"][0]["id"].as_u64().unwrap();
    let feature = server.json(&format!("/collections/had-districts-18/items/{id}"));
    assert_eq!(feature["id"], id);
    assert_eq!(feature["properties"], items["features"][0]["properties"]);
    for rel in ["self", "alternate", "collection"] {
        assert_eq!(links(&feature, rel).len(), 1, "{rel}");
    }
    let response = server.get(&format!("/collections/had-districts-18/items/{id}"));
    assert_eq!(header(&response, "content-type"), "application/geo+json");
    assert_eq!(header(&response, "content-crs"), "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>");
}

#[test]
fn what_a_request_got_wrong_is_named_with_what_would_be_accepted() {
    let server = server();
    for (path, status, parts) in [
        ("/nothing", 404, vec!["/nothing"]),
        ("/collections/lcsd-pools", 404, vec!["\"lcsd-pools\"", "/collections"]),
        ("/collections/lcsd-pools/items", 404, vec!["\"lcsd-pools\""]),
        ("/collections/UPPER/items", 404, vec!["\"UPPER\""]),
        ("/collections/lcsd-libraries/items?bbox=1,2,3", 400, vec!["bbox", "3 numbers", "west,south,east,north"]),
        ("/collections/lcsd-libraries/items?bbox=a,b,c,d", 400, vec!["bbox", "not a number"]),
        ("/collections/lcsd-libraries/items?limit=0", 400, vec!["limit", "\"0\"", "whole number"]),
        ("/collections/lcsd-libraries/items?limit=unlimited", 400, vec!["limit", "unlimited"]),
        ("/collections/lcsd-libraries/items?nosuch=1", 400, vec!["\"nosuch\"", "Facility Name"]),
        ("/collections/lcsd-libraries/items?datetime=yesterday", 400, vec!["datetime", "yesterday"]),
        ("/collections/lcsd-libraries/items?limit=1&limit=2", 400, vec!["limit", "twice"]),
        ("/collections/lcsd-libraries/items?f=xml", 400, vec!["xml", "json", "html"]),
        ("/collections/lcsd-libraries/items?lang=fr", 400, vec!["fr", "zh-Hant"]),
        ("/collections/lcsd-libraries/items?%FF=1", 400, vec!["UTF-8"]),
        ("/collections/lcsd-libraries/items/abc", 404, vec!["\"abc\"", "lcsd-libraries"]),
        ("/collections/lcsd-libraries/items/99999999999999999999", 404, vec!["lcsd-libraries"]),
        ("/collections?theme=fun", 400, vec!["theme", "transport"]),
        ("/collections?shape=round", 400, vec!["shape", "\"round\"", "points, lines, areas"]),
        ("/collections?sort=size", 400, vec!["sort", "\"size\"", "match, newest, title"]),
        ("/xyz/lcsd-libraries/23/0/0.mvt", 404, vec!["zoom \"23\"", "0 to 22"]),
        ("/xyz/lcsd-libraries/1/2/0.mvt", 404, vec!["column \"2\"", "0 to 1"]),
        ("/xyz/lcsd-libraries/1/0/x.mvt", 404, vec!["row \"x\""]),
        ("/xyz/lcsd-libraries/1/0/0.png", 404, vec![".mvt or .pbf"]),
        ("/xyz/nosuch-layer/1/0/0.mvt", 404, vec!["nosuch-layer"]),
        ("/collections/lcsd-libraries/tiles/Moon/0/0/0", 404, vec!["Moon", "WebMercatorQuad"]),
        ("/collections/lcsd-libraries/tiles/WebMercatorQuad/99/0/0", 404, vec!["99"]),
        ("/collections/lcsd-libraries/tiles/WebMercatorQuad/0/2147483647/0", 404, vec!["2147483647"]),
        ("/xyz/lcsd-libraries/1/1/0.mvt?revision=x", 400, vec!["revision", "\"x\""]),
        ("/styles/nosuch-layer", 404, vec!["nosuch-layer"]),
        ("/tilejson/nosuch-layer.json", 404, vec!["nosuch-layer"]),
        ("/collections/catalogue/items/nosuch-layer", 404, vec!["nosuch-layer"]),
        ("/tileMatrixSets/Moon", 404, vec!["Moon"]),
        ("/styles/lcsd-libraries?first-colour=8", 400, vec!["first-colour", "\"8\"", "0 to 7"]),
        ("/styles/lcsd-libraries?base-map=blue", 400, vec!["blue", "light, dark"]),
        ("/map?layers=lcsd-libraries~101", 400, vec!["\"101\"", "~0 to ~100", "~off"]),
        ("/map?layers=a,b,c,d,e,f,g,h,i,j,k,l,m", 400, vec!["13 layers", "at most 12"]),
        ("/map?embed=yes", 400, vec!["embed", "yes"]),
    ] {
        let detail = server.problem(path, status);
        for part in parts {
            assert!(detail.contains(part), "{path}: {detail}");
        }
    }
}

#[test]
fn a_browser_gets_the_same_sentence_as_a_page() {
    let server = server();
    let response = server
        .request(Method::GET, "/collections/lcsd-libraries/items?bbox=%3Cscript%3E")
        .header("accept", "text/html")
        .send()
        .unwrap();
    assert_eq!(response.status(), 400);
    let page = response.text().unwrap();
    assert!(page.contains("west,south,east,north") && !page.contains("<script>alert"), "{page}");
    assert!(!page.contains("bbox=\"<script>"));
}

#[test]
fn every_answer_may_be_read_from_another_site() {
    let server = server();
    for path in ["/", "/nothing", "/collections/lcsd-libraries/items", "/xyz/lcsd-libraries/5/0/0.mvt"] {
        let response = server.request(Method::GET, path).header("origin", "https://map.example").send().unwrap();
        assert_eq!(header(&response, "access-control-allow-origin"), "*", "{path}");
        assert!(header(&response, "access-control-expose-headers").contains("etag"), "{path}");
    }
    let preflight = server
        .request(Method::OPTIONS, "/collections")
        .header("origin", "https://map.example")
        .header("access-control-request-method", "GET")
        .send()
        .unwrap();
    assert_eq!(preflight.status(), 200);
}

#[test]
fn an_answer_that_a_client_has_is_not_sent_again() {
    let server = server();
    for path in [
        "/",
        "/collections",
        "/collections/lcsd-libraries/items?limit=3",
        "/styles/lcsd-libraries",
        "/api",
        "/xyz/lcsd-libraries/10/836/446.mvt",
    ] {
        let first = server.get(path);
        let etag = header(&first, "etag");
        assert!(etag.starts_with('"'), "{path}: {etag}");
        let again = server.request(Method::GET, path).header("if-none-match", &etag).send().unwrap();
        assert_eq!(again.status(), 304, "{path}");
        assert_eq!(header(&again, "etag"), etag);
        let equal = server.get(path);
        assert_eq!(equal.bytes().unwrap(), first.bytes().unwrap(), "{path}: equal requests give equal bytes");
    }
}

#[test]
fn bodies_are_packed_for_those_who_can_unpack() {
    let server = server();
    let path = "/collections/lcsd-libraries/items?limit=100";
    let plain = server.get(path);
    assert_eq!(header(&plain, "content-encoding"), "");
    let packed = server.request(Method::GET, path).header("accept-encoding", "gzip").send().unwrap();
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    assert_ne!(header(&packed, "etag"), header(&plain, "etag"), "one ETag for each encoding");
    let mut unpacked = Vec::new();
    let bytes = packed.bytes().unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, plain.bytes().unwrap());
}

#[test]
fn the_api_definition_is_self_contained_and_declares_what_it_takes() {
    let server = server();
    let response = server.get("/api");
    assert_eq!(header(&response, "content-type"), "application/vnd.oai.openapi+json;version=3.0");
    let document: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
    assert_eq!(document["openapi"], "3.0.3");
    assert_eq!(document["servers"][0]["url"], server.base);
    let text = document.to_string();
    for (at, _) in text.match_indices("\"$ref\":\"") {
        let target = text[at + 8..].split('"').next().unwrap();
        let pointer = target.strip_prefix('#').expect("a reference inside the document");
        assert!(document.pointer(pointer).is_some(), "{target} leads nowhere");
    }
    let limit = &document["components"]["parameters"]["limit"];
    assert_eq!((&limit["explode"], &limit["style"]), (&Value::Bool(false), &Value::from("form")));
    let items = &document["paths"]["/collections/lcsd-libraries/items"]["get"]["parameters"];
    assert!(items.as_array().unwrap().iter().any(|parameter| parameter["name"] == "Facility Name"), "{items}");
}

#[test]
fn queryables_name_every_field_with_its_title_in_the_asked_language() {
    let server = server();
    for (tag, title) in [("en", "Chinese"), ("zh-Hant", "中文"), ("sc", "中文")] {
        let response = server.get(&format!("/collections/lcsd-libraries/queryables?lang={tag}"));
        assert_eq!(header(&response, "content-type"), "application/schema+json");
        let schema: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
        let shown = schema["properties"]["設施名稱"]["title"].as_str().unwrap();
        assert!(shown.contains(title), "{tag}: {shown}");
    }
}

#[test]
fn a_tile_holds_the_features_of_its_ground_and_nothing_elsewhere() {
    let server = server();
    let tile = server.get("/xyz/lcsd-libraries/10/836/446.mvt");
    assert_eq!(tile.status(), 200);
    assert_eq!(header(&tile, "content-type"), "application/vnd.mapbox-vector-tile");
    assert!(tile.bytes().unwrap().windows(14).any(|bytes| bytes == b"lcsd-libraries"));
    let empty = server.get("/xyz/lcsd-libraries/10/0/0.mvt");
    assert_eq!(empty.status(), 204);
    assert_eq!(header(&empty, "content-type"), "");
    let head = server.request(Method::HEAD, "/xyz/lcsd-libraries/10/0/0.mvt").send().unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "content-length").as_str()), (204, ""));
    // Row before column on OGC addresses.
    let ogc = server.get("/collections/lcsd-libraries/tiles/WebMercatorQuad/10/446/836");
    assert_eq!(ogc.bytes().unwrap(), server.get("/xyz/lcsd-libraries/10/836/446.pbf").bytes().unwrap());
}

#[test]
fn a_tile_that_names_its_revision_may_be_kept_for_ever() {
    let server = server();
    let tilejson = server.json("/tilejson/lcsd-libraries.json");
    assert_eq!(tilejson["tilejson"], "3.0.0");
    assert_eq!((&tilejson["minzoom"], &tilejson["maxzoom"]), (&0.into(), &22.into()));
    let template = tilejson["tiles"][0].as_str().unwrap();
    assert!(template.contains("?revision="), "{template}");
    let address = template.replace("{z}", "10").replace("{x}", "836").replace("{y}", "446");
    let tile = server.get(path_of(&server, &address));
    assert_eq!(header(&tile, "cache-control"), "public, max-age=31536000, immutable");
    let unnamed = server.get("/xyz/lcsd-libraries/10/836/446.mvt");
    assert_eq!(header(&unnamed, "cache-control"), "public, no-cache");
    let fields = &tilejson["vector_layers"][0]["fields"];
    assert_eq!(tilejson["vector_layers"][0]["id"], "lcsd-libraries");
    assert_eq!(fields["設施名稱"], "String", "{fields}");
}

#[test]
fn the_tile_sets_of_a_layer_lead_to_its_tiles() {
    let server = server();
    let list = server.json("/collections/lcsd-libraries/tiles");
    let set = path_of(&server, &links(&list["tilesets"][0], "self")[0]).to_owned();
    let document = server.json(&set);
    let item = document["links"].as_array().unwrap().iter().find(|link| link["rel"] == "item").unwrap();
    assert_eq!(item["templated"], true);
    let address = item["href"].as_str().unwrap();
    let tile = address.replace("{tileMatrix}", "10").replace("{tileRow}", "446").replace("{tileCol}", "836");
    assert_eq!(server.get(path_of(&server, &tile)).status(), 200);
    let grid = links(&document, "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme").remove(0);
    let grid = server.json(path_of(&server, &grid));
    assert_eq!(grid["tileMatrices"].as_array().unwrap().len(), 23);
}

#[test]
fn every_layer_has_a_style_that_draws_its_own_tiles() {
    let server = server();
    for layer in ["lcsd-libraries", "td-ferry-routes", "had-districts-18", "afcd-red-tide"] {
        let style = server.json(&format!("/styles/{layer}"));
        assert_eq!(style["version"], 8);
        let url = style["sources"][layer]["url"].as_str().unwrap();
        assert!(url.contains("?revision="), "{url}");
        assert_eq!(server.get(path_of(&server, url)).status(), 200);
        let drawn = style["layers"].as_array().unwrap();
        assert!(drawn.iter().any(|one| one["source-layer"] == layer), "{layer}");
    }
}

#[test]
fn the_catalogue_has_one_record_a_layer_in_the_asked_language() {
    let server = server();
    let records = server.json("/collections/catalogue/items");
    assert_eq!(records["numberMatched"], 4);
    for (tag, part) in [("en", "Libraries"), ("zh-Hant", "圖書館"), ("zh-Hans", "图书馆")] {
        let record = server.json(&format!("/collections/catalogue/items/lcsd-libraries?lang={tag}"));
        assert!(record["properties"]["title"].as_str().unwrap().contains(part), "{tag}");
        assert_eq!(record["geometry"]["type"], "Polygon");
    }
    for (q, count) in [("圖書館", 1), ("图书馆", 1), ("library,ferry", 2), ("nosuchword", 0)] {
        let found = server.json(&format!("/collections/catalogue/items?q={q}"));
        assert_eq!(found["numberMatched"], count, "{q}");
    }
}

#[test]
fn search_as_you_type_finds_titles_and_keywords_in_any_script() {
    let server = server();
    for (typed, id) in [
        ("libr", "lcsd-libraries"),
        ("圖書", "lcsd-libraries"),
        ("图书", "lcsd-libraries"),
        ("渡輪", "td-ferry-routes"),
    ] {
        let rows = server.json(&format!("/suggest?q={typed}"));
        assert_eq!(rows[0]["id"], id, "{typed}: {rows}");
    }
    assert_eq!(server.json("/suggest?q="), Value::Array(Vec::new()));
}

#[test]
fn pages_speak_three_languages_and_need_no_other_host() {
    let server = server();
    for path in [
        "/",
        "/collections",
        "/collections/lcsd-libraries",
        "/collections/lcsd-libraries/items",
        "/api.html",
        "/map",
        "/map?layers=lcsd-libraries~60&text=library",
        "/conformance",
        "/collections/lcsd-libraries/tiles",
        "/collections/catalogue/items",
    ] {
        for tag in ["en", "zh-Hant", "zh-Hans"] {
            let joiner = if path.contains('?') { '&' } else { '?' };
            let page = server.page(&format!("{path}{joiner}lang={tag}"));
            assert!(page.contains(&format!("<html lang=\"{tag}\"")), "{path} {tag}");
            assert_eq!(page.matches("<h1").count(), 1, "{path} {tag}");
            for attribute in ["src=\"http", "href=\"//", "src=\"//"] {
                assert!(!page.contains(attribute), "{path} {tag}: {attribute}");
            }
        }
    }
}

#[test]
fn a_list_is_narrowed_by_shape_and_ordered() {
    let server = server();
    let ids = |path: &str| -> Vec<String> {
        let listed = server.json(path);
        listed["collections"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let points = ids("/collections?shape=points");
    assert!(points.contains(&"lcsd-libraries".to_owned()), "{points:?}");
    assert!(ids("/collections?shape=lines").iter().all(|id| !points.contains(id)));
    let mut by_title = ids("/collections?sort=title&shape=points");
    by_title.sort_unstable();
    let mut sorted = points;
    sorted.sort_unstable();
    assert_eq!(by_title, sorted, "an order leaves nothing out");
    let page = server.page("/collections?theme=recreation-and-culture&f=html");
    assert!(page.contains("aria-current=\"true\"><span aria-hidden=\"true\">✓ "), "the chosen value is marked");
}

#[test]
fn the_address_of_a_map_is_the_map() {
    let server = server();
    let map = server.json("/map?layers=lcsd-libraries~60~off,no-such,lcsd-libraries");
    assert_eq!(map["layers"].as_array().unwrap().len(), 1, "a layer stands once");
    assert_eq!(map["layers"][0]["id"], "lcsd-libraries");
    assert_eq!((&map["layers"][0]["opacity"], &map["layers"][0]["shown"]), (&0.6.into(), &false.into()));
    assert_eq!(map["missing"], serde_json::json!(["no-such"]), "one that is gone is named, the others stay");
    assert!(server.json(path_of(&server, map["layers"][0]["style"].as_str().unwrap()))["layers"].is_array());
}

#[test]
fn only_the_map_that_is_made_for_it_may_stand_in_pages_of_others() {
    let server = server();
    for (path, frames) in [
        ("/map?f=html", "frame-ancestors 'self'"),
        ("/map?embed=true&f=html", "frame-ancestors *"),
        ("/", "frame-ancestors 'self'"),
    ] {
        let response = server.get(path);
        assert!(header(&response, "content-security-policy").contains(frames), "{path}");
    }
}

#[test]
fn the_server_says_that_it_lives_and_what_it_serves() {
    let server = server();
    assert_eq!(server.json("/healthz")["status"], "alive");
    assert_eq!(server.json("/readyz")["layers"], 4);
}

#[test]
fn too_long_an_address_or_too_many_headers_get_an_answer() {
    let server = server();
    let long = format!("/collections?text={}", "x".repeat(9_000));
    assert_eq!(server.get(&long).status(), 414);
    let mut request = server.request(Method::GET, "/");
    for number in 0..150 {
        request = request.header(format!("x-{number}"), "1");
    }
    assert_eq!(request.send().unwrap().status(), 431);
}

#[test]
fn a_host_that_is_not_plain_is_never_repeated() {
    let server = server();
    let response = server.request(Method::GET, "/").header("host", "evil.example/\"><script>").send().unwrap();
    let text = response.text().unwrap();
    assert!(!text.contains("evil.example/"), "{text}");
}
