//! Counts and sums of features by field and by ground, over the running server.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use geo::Intersects;
use serde_json::Value;
use support::{Server, Workspace, header};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("aggregates");
    for place in ["lcsd/libraries", "had/districts-18"] {
        workspace.take_from_tree(place);
    }
    let weights = "key,weight,Latitude,Longitude\n1,0.5,22.3,114.1\n2,2.5,22.3,114.1\n3,4.5,22.3,114.1\n4,1.5,22.3,114.1\n5,3.5,21.0,100.0\n";
    workspace.define("landsd/control", &[("control.csv", weights.as_bytes())], "[identity]\nkey = \"key\"\n");
    workspace.ingest();
    workspace
});

fn server() -> Server {
    WORKSPACE.serve()
}

/// Every feature's geometry by its name in a field.
fn geometries(server: &Server, layer: &str, field: &str) -> Vec<(String, geo::Geometry<f64>)> {
    let items = server.json(&format!("/collections/{layer}/items?limit=1000"));
    let of = |feature: &Value| {
        let name = feature["properties"][field].as_str().unwrap_or_default().to_owned();
        (name, geometry(&feature["geometry"]))
    };
    items["features"].as_array().unwrap().iter().map(of).collect()
}

fn geometry(value: &Value) -> geo::Geometry<f64> {
    value.to_string().parse::<geojson::Geometry>().unwrap().try_into().unwrap()
}

#[test]
fn features_are_counted_and_summed_group_by_group() {
    let server = server();
    let answer = |query: &str| server.json(&format!("/collections/lcsd-libraries/aggregate?{query}"));
    // SOURCES.md and the layer's own account: 70 static libraries, 113 stops, 3 stations.
    let by_type = answer("group=Library%20Type");
    let counts: Vec<(&str, i64)> = by_type["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["Library Type"].as_str().unwrap(), group["count"].as_i64().unwrap()))
        .collect();
    assert_eq!(counts[0], ("MOBILE LIBRARY", 113));
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<i64>(), 186);
    assert_eq!(by_type["complete"], true);
    for query in ["", "metrics=", "metrics=,&group="] {
        assert_eq!(answer(query)["groups"][0]["count"], 186, "without a group, all of them");
    }
    assert_eq!(answer("metrics=count(Website)")["groups"][0]["count(Website)"], 186);
    let few = answer("group=District&limit=2");
    assert_eq!((few["numberReturned"].as_i64(), &few["complete"]), (Some(2), &Value::Bool(false)));
    // The same filters as items.
    let box_query = "bbox=114.0,22.35,114.2,22.5";
    let items = server.json(&format!("/collections/lcsd-libraries/items?{box_query}"));
    assert_eq!(answer(box_query)["groups"][0]["count"], items["numberMatched"]);

    let sums =
        server.json("/collections/landsd-control/aggregate?metrics=count,sum(weight),mean(weight),min(key),max(key)");
    let sums = &sums["groups"][0];
    assert_eq!(sums["sum(weight)"], 12.5);
    assert_eq!((&sums["mean(weight)"], &sums["min(key)"], &sums["max(key)"]), (&2.5.into(), &1.into(), &5.into()));
}

#[test]
fn features_are_counted_in_cells_on_the_ground() {
    let server = server();
    let cells = server.json("/collections/lcsd-libraries/aggregate?group=grid&zoom=11&f=geojson");
    let features = cells["features"].as_array().unwrap();
    assert!(features.len() > 10);
    let total: i64 = features.iter().map(|cell| cell["properties"]["count"].as_i64().unwrap()).sum();
    assert_eq!(total, 186);
    // Each cell counts what a box of its ground finds.
    for cell in features.iter().take(5) {
        let ring = &cell["geometry"]["coordinates"][0];
        let edges = [&ring[0][0], &ring[0][1], &ring[2][0], &ring[2][1]].map(|edge| edge.as_f64().unwrap());
        let path =
            format!("/collections/lcsd-libraries/items?bbox={},{},{},{}", edges[0], edges[1], edges[2], edges[3]);
        assert_eq!(server.json(&path)["numberMatched"], cell["properties"]["count"]);
    }
    for (query, part) in [
        ("group=nosuch", "nosuch"),
        ("group=grid&zoom=99", "0 to 23"),
        ("group=h3&resolution=16", "0 to 15"),
        ("group=nosuch", "grid, h3, district"),
        ("metrics=sum(District)", "no meaning"),
        ("metrics=median(x)", "median"),
        ("metrics=sum(nosuch)", "nosuch"),
        ("sortby=GMID", "says nothing of groups"),
        ("group=GMID,District,Address,Website", "at most 3"),
    ] {
        let detail = server.problem(&format!("/collections/lcsd-libraries/aggregate?{query}"), 400);
        assert!(detail.contains(part), "{query}: {detail}");
    }
}

#[test]
fn features_are_counted_in_hexagons_of_h3() {
    let server = server();
    let places = geometries(&server, "lcsd-libraries", "Facility Name");
    for resolution in [4, 7] {
        let path = format!("/collections/lcsd-libraries/aggregate?group=h3&resolution={resolution}&f=geojson");
        let cells = server.json(&path);
        let mut total = 0;
        for cell in cells["features"].as_array().unwrap() {
            let ground = geometry(&cell["geometry"]);
            let count = cell["properties"]["count"].as_u64().unwrap();
            assert_eq!(count as usize, places.iter().filter(|(_, place)| ground.intersects(place)).count(), "{cell}");
            assert!(cell["properties"]["h3"].as_str().unwrap().starts_with(&format!("8{resolution:x}")), "{cell}");
            total += count;
        }
        assert_eq!(total, 186);
    }
}

#[test]
fn features_are_counted_by_district_wherever_they_lie() {
    let server = server();
    let places = geometries(&server, "lcsd-libraries", "Facility Name");
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (name, area) in geometries(&server, "had-districts-18", "District") {
        let count = places.iter().filter(|(_, place)| area.intersects(place)).count();
        expected.insert(name, count as u64);
    }
    let path = "/collections/lcsd-libraries/aggregate?group=district";
    let answer = server.json(path);
    let counted = |answer: &Value| -> BTreeMap<String, u64> {
        let groups = answer["groups"].as_array().unwrap().iter();
        groups.map(|group| (group["district"].as_str().unwrap().to_owned(), group["count"].as_u64().unwrap())).collect()
    };
    assert_eq!(counted(&answer), expected);
    assert_eq!(expected.len(), 18);
    // In the language that is asked for, joined to other groups and metrics, narrowed as items are.
    let chinese = counted(&server.json(&format!("{path}&lang=zh-Hant")));
    assert!(chinese.contains_key("沙田") || chinese.contains_key("沙田區"), "{chinese:?}");
    let narrowed = server.json(&format!("{path},Library%20Type&bbox=114.15,22.35,114.25,22.45"));
    assert!(narrowed["groups"][0]["Library Type"].is_string() && narrowed["groups"][0]["district"].is_string());
    // As features the districts have their own outlines.
    let areas = server.json(&format!("{path}&f=geojson"));
    assert!(areas["features"][0]["geometry"]["type"].as_str().unwrap().ends_with("Polygon"), "{areas}");
    // What lies in no district is counted, under null.
    let outside = server.json("/collections/landsd-control/aggregate?group=district&metrics=count,sum(weight)");
    let nowhere = outside["groups"].as_array().unwrap().iter().find(|group| group["district"].is_null()).unwrap();
    assert_eq!(
        (&nowhere["count"], &nowhere["sum(weight)"], &nowhere["district_id"]),
        (&1.into(), &3.5.into(), &Value::Null)
    );
}

#[test]
fn the_page_of_a_layer_shows_how_its_features_divide() {
    let server = server();
    let page = server.page("/collections/lcsd-libraries?lang=en");
    assert!(page.contains(">Mobile Library</span><meter max=\"186\" value=\"113\""), "{page}");
    assert!(page.contains("/collections/lcsd-libraries/aggregate?group=Library%20Type"), "and the numbers themselves");
}

#[test]
fn an_aggregate_has_a_tag_of_its_bytes() {
    let server = server();
    let path = "/collections/lcsd-libraries/aggregate?group=district";
    let tag = header(&server.get(path), "etag");
    let again = server.request(reqwest::Method::GET, path).header("if-none-match", &tag).send().unwrap();
    assert_eq!(again.status(), 304);
}
