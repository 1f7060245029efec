//! Coordinate systems, selection, order and formats of features, over the running server.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;
use support::{Server, Workspace, header};

const GRID: &str = "http://www.opengis.net/def/crs/EPSG/0/2326";
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// The control points of EPSG:1825, as PROJ 9.1.1 gives them: easting, northing, longitude, latitude.
const CONTROL: [(f64, f64, f64, f64); 5] = [
    (832591.320, 820351.389, 114.141187917, 22.322172085),
    (836694.050, 819069.800, 114.181009327, 22.310602434),
    (835411.431, 817266.016, 114.168562005, 22.294313002),
    (808000.000, 803500.000, 113.902797992, 22.169766250),
    (863000.000, 843500.000, 114.436727272, 22.531009140),
];

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("features");
    for place in ["lcsd/libraries", "had/districts-18", "afcd/trail-markers"] {
        workspace.take_from_tree(place);
    }
    let mut csv = "key,name,weight,Easting,Northing\n".to_owned();
    for (place, (easting, northing, _, _)) in CONTROL.iter().enumerate() {
        csv.push_str(&format!("{},\"=cmd|{place}\",{}.5,{easting},{northing}\n", place + 1, (place * 7) % 5));
    }
    let more = "[identity]\nkey = \"key\"\n";
    workspace.define("landsd/control", &[("control.csv", csv.as_bytes())], more);
    workspace.ingest();
    workspace
});

fn server() -> Server {
    WORKSPACE.serve()
}

fn ids(document: &Value) -> Vec<u64> {
    document["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_u64().unwrap()).collect()
}

#[test]
fn the_grid_comes_back_within_a_millimetre_in_its_own_axis_order() {
    let server = server();
    let response = server.get(&format!("/collections/landsd-control/items?sortby=key&crs={GRID}"));
    assert_eq!(header(&response, "content-crs"), format!("<{GRID}>"));
    let items: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
    for (feature, (easting, northing, _, _)) in items["features"].as_array().unwrap().iter().zip(CONTROL) {
        let place = &feature["geometry"]["coordinates"];
        let (first, second) = (place[0].as_f64().unwrap(), place[1].as_f64().unwrap());
        assert!((first - northing).abs() < 0.001 && (second - easting).abs() < 0.001, "{place}");
    }
    let degrees = server.json("/collections/landsd-control/items?sortby=key");
    for (feature, (_, _, lon, lat)) in degrees["features"].as_array().unwrap().iter().zip(CONTROL) {
        let place = &feature["geometry"]["coordinates"];
        assert!((place[0].as_f64().unwrap() - lon).abs() < 1e-8 && (place[1].as_f64().unwrap() - lat).abs() < 1e-8);
    }
}

#[test]
fn a_box_in_any_system_finds_the_same_features() {
    let server = server();
    let collection = server.json("/collections/lcsd-libraries");
    let systems: Vec<&str> = collection["crs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(systems.len() >= 6 && systems[0] == CRS84, "{systems:?}");
    assert_eq!(collection["storageCrs"], CRS84);
    // Part of the north of the territory; each box is the one before it in another system.
    let wanted = ids(&server.json("/collections/lcsd-libraries/items?limit=1000&bbox=114.0,22.35,114.2,22.5"));
    assert!((10..170).contains(&wanted.len()), "{}", wanted.len());
    for (system, bbox) in [
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "22.35,114.0,22.5,114.2"),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", "22.35,114.0,22.5,114.2"),
        ("http://www.opengis.net/def/crs/EPSG/0/3857", "12690421.95,2553596.26,12712685.85,2571648.38"),
    ] {
        let path = format!("/collections/lcsd-libraries/items?limit=1000&bbox={bbox}&bbox-crs={system}");
        assert_eq!(ids(&server.json(&path)), wanted, "{system}");
    }
    // A box of the Grid is none in degrees: every feature is judged by its own coordinates.
    let path = format!("/collections/lcsd-libraries/items?limit=1000&bbox=822000,820000,835000,840000&bbox-crs={GRID}");
    let mut in_grid = ids(&server.json(&path));
    let all = server.json(&format!("/collections/lcsd-libraries/items?limit=1000&crs={GRID}"));
    let is_inside = |feature: &&Value| {
        let place = &feature["geometry"]["coordinates"];
        (822_000.0..=835_000.0).contains(&place[0].as_f64().unwrap())
            && (820_000.0..=840_000.0).contains(&place[1].as_f64().unwrap())
    };
    let mut expected: Vec<u64> =
        all["features"].as_array().unwrap().iter().filter(is_inside).map(|one| one["id"].as_u64().unwrap()).collect();
    in_grid.sort_unstable();
    expected.sort_unstable();
    assert!(!expected.is_empty() && in_grid == expected, "{} {}", in_grid.len(), expected.len());
}

#[test]
fn a_box_of_the_coordinates_that_went_out_finds_the_feature_again() {
    let server = server();
    let collection = server.json("/collections/lcsd-libraries");
    for system in collection["crs"].as_array().unwrap().iter().filter_map(Value::as_str) {
        let all = server.json(&format!("/collections/lcsd-libraries/items?limit=1000&crs={system}"));
        for feature in all["features"].as_array().unwrap() {
            let place = &feature["geometry"]["coordinates"];
            let bbox = format!("{0},{1},{0},{1}", place[0], place[1]);
            let path = format!("/collections/lcsd-libraries/items?bbox={bbox}&bbox-crs={system}");
            let id = feature["id"].as_u64().unwrap();
            assert!(ids(&server.json(&path)).contains(&id), "{bbox} in {system}");
        }
    }
}

/// What lies on both sides of the antimeridian, on it, across it, at the poles and far away.
const AT_THE_EDGES: &str = r#"{"type":"FeatureCollection","features":[
{"type":"Feature","properties":{"key":1},"geometry":{"type":"Point","coordinates":[179.5,10]}},
{"type":"Feature","properties":{"key":2},"geometry":{"type":"Point","coordinates":[-179.5,10]}},
{"type":"Feature","properties":{"key":3},"geometry":{"type":"Point","coordinates":[180,20]}},
{"type":"Feature","properties":{"key":4},"geometry":{"type":"Point","coordinates":[-180,30]}},
{"type":"Feature","properties":{"key":5},"geometry":{"type":"LineString","coordinates":[[178,0],[182,0]]}},
{"type":"Feature","properties":{"key":6},"geometry":{"type":"Polygon","coordinates":[[[170,-20],[190,-20],[190,-10],[170,-10],[170,-20]]]}},
{"type":"Feature","properties":{"key":7},"geometry":{"type":"Point","coordinates":[0,90]}},
{"type":"Feature","properties":{"key":8},"geometry":{"type":"Point","coordinates":[0,-90]}},
{"type":"Feature","properties":{"key":9},"geometry":{"type":"Point","coordinates":[100,10]}}]}"#;

#[test]
fn boxes_find_what_lies_at_the_antimeridian_and_the_poles() {
    let workspace = Workspace::kept("features-edges");
    let more = "geometry = \"mixed\"\n[identity]\nkey = \"key\"\n";
    workspace.define("landsd/edges", &[("edges.geojson", AT_THE_EDGES.as_bytes())], more);
    workspace.ingest();
    let server = workspace.serve();
    let mercator = "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/3857";
    let latitude_first = "bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326";
    for (query, expected) in [
        ("bbox=-180,-90,180,90", vec![1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("bbox=177,-90,-177,90", vec![1, 2, 3, 4, 5, 6]),
        ("bbox=179,5,-179,15", vec![1, 2]),
        (&format!("bbox=5,179,15,-179&{latitude_first}"), vec![1, 2]),
        (&format!("bbox=19926188.85,557305.26,-19926188.85,1689200.14&{mercator}"), vec![1, 2]),
        ("filter=S_INTERSECTS(geometry,BBOX(179,5,-179,15))", vec![1, 2]),
        ("bbox=180,-90,-180,90", vec![3, 4, 5, 6]),
        ("bbox=178.5,-1,179.5,1", vec![5]),
        ("bbox=-179.5,-1,-178.5,1", vec![5]),
        ("bbox=-175,-15,-171,-14", vec![6]),
        ("bbox=-169,-15,169,-14", vec![]),
        ("bbox=-180,85,180,90", vec![7]),
        ("bbox=-180,-90,180,-85", vec![8]),
        ("bbox=99,9,101,11", vec![9]),
    ] {
        let page = server.json(&format!("/collections/landsd-edges/items?{query}"));
        let mut found = ids(&page);
        found.sort_unstable();
        assert_eq!(found, expected, "{query}");
        assert_eq!(page["numberMatched"], expected.len(), "{query}");
    }
}

/// What an address would be too short for.
fn posted(server: &Server, path: &str, media_type: &str, body: &str) -> Value {
    let request = server.request(Method::POST, path).header("content-type", media_type).body(body.to_owned());
    let response = request.send().unwrap();
    let (status, text) = (response.status(), response.text().unwrap());
    assert_eq!(status, 200, "{path}: {text}");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_filter_may_come_in_the_body() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let server = server();
    let items = "/collections/lcsd-libraries/items";
    let wanted = ids(&server.json(&format!("{items}?filter=District='NORTH'&limit=100")));
    assert!(!wanted.is_empty());
    let json = r#"{"op":"=","args":[{"property":"District"},"NORTH"]}"#;
    for (query, media_type, body) in [
        ("?limit=100", "application/json", json),
        ("?limit=100", "application/query-cql-json; charset=utf-8", json),
        ("?limit=100", "text/plain", "District='NORTH'"),
        ("", FORM, "limit=100&filter=District%3D'NORTH'"),
        ("?limit=100&filter=District='NORTH'", FORM, ""),
    ] {
        let found = posted(&server, &format!("{items}{query}"), media_type, body);
        assert_eq!(ids(&found), wanted, "{media_type} {body}");
    }
    for (query, media_type, body, status, part) in [
        ("", "application/geo+json", "{}", 415, "text/plain"),
        ("?filter=a=1", "application/json", json, 400, "twice"),
        ("", "application/json", "{", 400, "not JSON"),
        ("", "text/plain", "nix = 1", 400, "no property \"nix\""),
        ("", "text/plain", &" ".repeat(200_000), 413, "131072 bytes"),
    ] {
        let request = server.request(Method::POST, &format!("{items}{query}"));
        let answer = request.header("content-type", media_type).body(body.to_owned()).send().unwrap();
        assert_eq!(answer.status(), status, "{media_type} {body:.40}");
        let text = answer.text().unwrap().replace("\\\"", "\"");
        assert!(text.contains(part), "{media_type} {body:.40}: {text}");
    }
}

#[test]
fn a_walk_by_a_filter_too_long_for_an_address_sends_it_again_with_every_page() {
    const CORNERS: u32 = 900;
    let server = server();
    let corners = (0..=CORNERS).map(|corner| {
        let (sine, cosine) = (f64::from(corner % CORNERS) / f64::from(CORNERS) * std::f64::consts::TAU).sin_cos();
        format!("{:.6} {:.6}", 114.15 + 0.1 * cosine, 22.35 + 0.1 * sine)
    });
    let filter = format!("S_INTERSECTS(geometry,POLYGON(({})))", corners.collect::<Vec<_>>().join(","));
    let page = |path: &str| posted(&server, path, "text/plain", &filter);
    let whole = page("/collections/lcsd-libraries/items?limit=1000");
    let (mut found, mut path) = (Vec::new(), Some("/collections/lcsd-libraries/items?limit=25".to_owned()));
    while let Some(address) = path {
        let one = page(&address);
        assert_eq!(one["numberMatched"], whole["numberReturned"]);
        found.extend(ids(&one));
        let next = one["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next");
        path = next.map(|link| {
            assert_eq!((&link["method"], &link["merge"]), (&"POST".into(), &true.into()));
            link["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap().to_owned()
        });
    }
    assert!(found.len() > 50, "{}", found.len());
    assert_eq!(found, ids(&whole));
}

#[test]
fn only_what_is_asked_for_goes_out() {
    let server = server();
    let one =
        |query: &str| server.json(&format!("/collections/landsd-control/items?limit=1&{query}"))["features"][0].clone();
    let names =
        |feature: &Value| -> Vec<String> { feature["properties"].as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&one("properties=weight,name")), ["weight", "name"]);
    assert_eq!(names(&one("exclude-properties=weight,name,Easting")), ["key", "Northing"]);
    assert!(one("skipGeometry=true")["geometry"].is_null());
    let chosen = server.json("/collections/landsd-control/items?ids=4,2,99");
    let mut found = ids(&chosen);
    found.sort_unstable();
    assert_eq!((found, &chosen["numberMatched"]), (vec![2, 4], &Value::from(2)));
    let feature = server.json("/collections/landsd-control/items/3?properties=key&skipGeometry=true");
    assert_eq!((names(&feature), feature["geometry"].is_null()), (vec!["key".to_owned()], true));
}

#[test]
fn features_are_sorted_and_a_sorted_walk_meets_each_once() {
    let server = server();
    let keys = |query: &str| -> Vec<i64> {
        let page = server.json(&format!("/collections/landsd-control/items?{query}"));
        page["features"].as_array().unwrap().iter().map(|one| one["properties"]["key"].as_i64().unwrap()).collect()
    };
    // Weights are 0.5, 2.5, 4.5, 1.5, 3.5 for the keys 1 to 5.
    assert_eq!(keys("sortby=weight"), [1, 4, 2, 5, 3]);
    assert_eq!(keys("sortby=-weight"), [3, 5, 2, 4, 1]);
    assert_eq!(keys("sortby=%2Bweight"), [1, 4, 2, 5, 3]);
    let mut path = "/collections/afcd-trail-markers/items?sortby=-Name&limit=100".to_owned();
    let mut seen = std::collections::BTreeSet::new();
    let mut names: Vec<String> = Vec::new();
    loop {
        let page = server.json(&path);
        for feature in page["features"].as_array().unwrap() {
            assert!(seen.insert(feature["id"].as_u64().unwrap()));
            names.push(feature["properties"]["Name"].as_str().unwrap().to_owned());
        }
        let next = page["links"].as_array().unwrap().iter().find(|link| link["rel"] == "next").cloned();
        match next {
            Some(next) => path = next["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 576);
    assert!(names.windows(2).all(|pair| pair[0] >= pair[1]));
}

#[test]
fn every_format_comes_by_name_and_by_what_a_client_accepts() {
    let server = server();
    for (name, media_type) in [
        ("json", "application/geo+json"),
        ("geojsonseq", "application/geo+json-seq"),
        ("ndjson", "application/x-ndjson"),
        ("csv", "text/csv; charset=utf-8"),
        ("jsonfg", "application/vnd.ogc.fg+json"),
        ("flatgeobuf", "application/flatgeobuf"),
    ] {
        let by_name = server.get(&format!("/collections/lcsd-libraries/items?limit=7&f={name}"));
        assert_eq!(header(&by_name, "content-type"), media_type);
        assert_eq!(header(&by_name, "ogc-numbermatched"), "186");
        assert!(header(&by_name, "link").contains("rel=\"next\""), "{name}");
        let accept = media_type.split(';').next().unwrap();
        let by_accept = server
            .request(reqwest::Method::GET, "/collections/lcsd-libraries/items?limit=7")
            .header("accept", accept)
            .send()
            .unwrap();
        assert_eq!(header(&by_accept, "content-type"), media_type);
    }
    let lines = server.get("/collections/lcsd-libraries/items?limit=7&f=ndjson").text().unwrap();
    let features: Vec<geojson::Feature> = lines.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(features.len(), 7);
    let sequence = server.get("/collections/lcsd-libraries/items?limit=7&f=geojsonseq").text().unwrap();
    assert_eq!(sequence.matches('\u{1E}').count(), 7);
    assert_eq!(sequence.replace('\u{1E}', ""), lines);
    let page = server.get("/collections/had-districts-18/items").text().unwrap();
    let parsed: geojson::FeatureCollection = page.parse().unwrap();
    assert_eq!(parsed.features.len(), 18);
}

#[test]
fn csv_opens_in_a_spreadsheet_and_computes_nothing() {
    let server = server();
    let text = server.get("/collections/landsd-control/items?f=csv&sortby=key&limit=10").text().unwrap();
    let text = text.strip_prefix('\u{FEFF}').expect("the mark that says UTF-8");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(head, ["id", "key", "name", "weight", "Easting", "Northing", "longitude", "latitude"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(&rows[0][2], "'=cmd|0");
    assert!((rows[0][6].parse::<f64>().unwrap() - CONTROL[0].2).abs() < 1e-8);
    let areas = server.get("/collections/had-districts-18/items?f=csv&limit=1&properties=").text().unwrap();
    assert!(areas.contains(",wkt\r\n") && areas.contains("POLYGON (("), "{areas}");
}

#[test]
fn schemas_say_what_can_be_asked_sorted_and_read() {
    let server = server();
    for (name, has_geometry) in [("queryables", true), ("sortables", false), ("schema", true)] {
        let schema = server.json(&format!("/collections/lcsd-libraries/{name}"));
        assert!(schema["$id"].as_str().unwrap().ends_with(name));
        assert_eq!(schema["properties"]["geometry"].is_object(), has_geometry, "{name}");
        assert!(schema["properties"]["設施名稱"].is_object(), "{name}");
    }
    let schema = server.json("/collections/lcsd-libraries/schema");
    assert_eq!(schema["properties"]["Last Update"]["x-ogc-role"], "primary-instant");
}

#[test]
fn what_is_not_offered_is_refused_with_what_is() {
    let server = server();
    for (query, parts) in [
        ("crs=http://evil.example", vec!["crs", "evil", CRS84]),
        ("bbox-crs=http://evil.example&bbox=1,2,3,4", vec!["bbox-crs", CRS84]),
        ("crs=http://www.opengis.net/def/crs/OGC/0/CRS84h", vec!["CRS84h", "not offered"]),
        ("properties=nosuch", vec!["properties", "nosuch", "Facility Name"]),
        ("properties=GMID&exclude-properties=GMID", vec!["exclude each other"]),
        ("skipGeometry=perhaps", vec!["skipGeometry", "true or false"]),
        ("sortby=nosuch", vec!["sortby", "nosuch"]),
        ("sortby=GMID&f=csv", vec!["sortby", "limit"]),
        ("zoom-level=23", vec!["zoom-level", "22"]),
        ("zoom-level=3&max-allowable-offset=1", vec!["exclude each other"]),
        ("max-allowable-offset=-1", vec!["max-allowable-offset", "degrees"]),
        ("precision=9", vec!["precision", "8"]),
        ("f=gpkg&crs=http://www.opengis.net/def/crs/EPSG/0/2326", vec!["CRS84"]),
        ("ids=1,x", vec!["ids", "\"x\""]),
        ("f=shp", vec!["shp", "geojsonseq"]),
        ("bbox=1,2,3&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4326", vec!["3 numbers", "latitude, longitude"]),
        (
            "bbox=840000,835000,820000,822000&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/2326",
            vec!["bbox", "beyond the upper one", "northing, easting"],
        ),
        (
            "filter=S_INTERSECTS(geom,BBOX(840000,835000,820000,822000))&filter-crs=http://www.opengis.net/def/crs/EPSG/0/2326",
            vec!["beyond the upper one", "northing, easting"],
        ),
        ("datetime=2021-12-17T00:00:00%2B25:00", vec!["datetime", "RFC 3339"]),
        ("na%0Ame=a", vec!["\"na�me\" is neither"]),
    ] {
        let detail = server.problem(&format!("/collections/lcsd-libraries/items?{query}"), 400);
        for part in parts {
            assert!(detail.contains(part), "{query}: {detail}");
        }
    }
}

/// Lists have no first and last, and the sortables do not name them. A filter tells them apart by their type.
#[test]
fn lists_are_asked_but_not_sorted_by() {
    let workspace = Workspace::default();
    let feature = |tags: &str| {
        format!(
            r#"{{"type":"Feature","properties":{{"tags":{tags}}},"geometry":{{"type":"Point","coordinates":[114.1,22.3]}}}}"#
        )
    };
    let both = [feature(r#"["a","b"]"#), feature(r#"["c"]"#)].join(",");
    let json = format!(r#"{{"type":"FeatureCollection","features":[{both}]}}"#);
    workspace.define("afcd/tagged", &[("tagged.geojson", json.as_bytes())], "");
    workspace.ingest();
    let server = workspace.serve();
    let queryables = server.json("/collections/afcd-tagged/queryables");
    assert_eq!(queryables["properties"]["tags"]["type"], serde_json::json!(["array", "object"]));
    assert!(server.json("/collections/afcd-tagged/sortables")["properties"]["tags"].is_null());
    let detail = server.problem("/collections/afcd-tagged/items?sortby=tags", 400);
    assert!(detail.contains("\"tags\"") && detail.contains("/sortables"), "{detail}");
}

/// Where there is no geometry, the system that is meant unless said otherwise may still be said.
#[test]
fn a_table_is_answered_in_the_system_of_nothing_else() {
    let workspace = Workspace::default();
    workspace.define("afcd/rows", &[("rows.csv", b"key,name\n1,a\n2,b\n")], "geometry = \"none\"\n");
    workspace.ingest();
    let server = workspace.serve();
    assert_eq!(ids(&server.json(&format!("/collections/afcd-rows/items?crs={CRS84}"))).len(), 2);
    let detail = server.problem(&format!("/collections/afcd-rows/items?crs={GRID}"), 400);
    assert!(detail.ends_with(CRS84), "{detail}");
}
