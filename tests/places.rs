//! Features found by their names over many layers: `/places`, suggestions, the page of results.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use serde_json::Value;
use support::{Workspace, header};

const OBSERVATORY: &str = "name,名稱,Address,lon,lat\n\
    Hong Kong Observatory,香港天文台,134A Nathan Road,114.1743,22.3022\n\
    Observatory Road,天文臺道,,114.1738,22.3010\n\
    Star Ferry Pier,天星碼頭,Tsim Sha Tsui,114.1686,22.2936\n";
const SECRET: &str = "name,lon,lat\nSecret Observatory,114.2,22.4\n";
const NAMED: &str =
    "longitude = \"lon\"\nlatitude = \"lat\"\n[display]\nname = { en = \"name\", zh-Hant = \"名稱\" }\n";

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("places");
    workspace.take_from_tree("lcsd/libraries");
    let fields = "[fields]\n\"Address\" = { title = { en = \"Address (English)\", zh-Hant = \"地址（英文）\" } }\n";
    workspace.define("hko/stations", &[("a.csv", OBSERVATORY.as_bytes())], &format!("{NAMED}{fields}"));
    let secret = NAMED.replace(", zh-Hant = \"名稱\"", "");
    let folder = workspace.define("td/secret", &[("b.csv", SECRET.as_bytes())], &secret);
    let file = folder.join("layer.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("class = \"open\"", "class = \"restricted\"");
    std::fs::write(file, text).unwrap();
    workspace.ingest();
    workspace
});

fn names(rows: &Value) -> Vec<&str> {
    rows.as_array().unwrap().iter().map(|row| row["nameEN"].as_str().unwrap()).collect()
}

#[test]
fn a_place_is_found_in_any_script_and_its_name_stands_before_what_only_holds_the_words() {
    let server = WORKSPACE.serve();
    for (typed, first) in [
        ("天文台", "Observatory Road"),
        ("香港天文台", "Hong Kong Observatory"),
        ("香港天文臺", "Hong Kong Observatory"),
        ("天文台道", "Observatory Road"),
        ("天星码头", "Star Ferry Pier"),
        ("observ", "Observatory Road"),
        ("hong kong observatory", "Hong Kong Observatory"),
        ("134A Nathan Road", "Hong Kong Observatory"),
        ("沙田公共圖書館", "Sha Tin Public Library"),
    ] {
        let rows = server.json(&format!("/places?q={typed}"));
        assert_eq!(names(&rows).first(), Some(&first), "{typed}: {rows}");
    }
    assert_eq!(server.json("/places?q=nosuchword"), Value::Array(Vec::new()));
}

#[test]
fn a_row_has_the_shape_of_the_location_search_and_leads_to_the_map() {
    let server = WORKSPACE.serve();
    let rows = server.json("/places?q=香港天文台&limit=1");
    let row = &rows[0];
    assert_eq!(rows.as_array().unwrap().len(), 1);
    assert_eq!((&row["nameEN"], &row["nameZH"]), (&"Hong Kong Observatory".into(), &"香港天文台".into()));
    assert_eq!((&row["addressEN"], &row["addressZH"]), (&"134A Nathan Road".into(), &"".into()));
    // By the grid the Observatory is at 835 km east, 818 km north.
    assert!((row["x"].as_f64().unwrap() - 835_600.0).abs() < 500.0, "{row}");
    assert!((row["y"].as_f64().unwrap() - 818_000.0).abs() < 500.0, "{row}");
    let path = row["map"].as_str().unwrap().strip_prefix(&server.base).unwrap();
    let id = &row["id"];
    assert_eq!(path, format!("/map?layers=hko-stations&sel=hko-stations/{id}#16/22.30220/114.17430"));
    assert_eq!(server.get(path).status(), 200);
    let feature = server.json(row["href"].as_str().unwrap().strip_prefix(&server.base).unwrap());
    assert_eq!(feature["properties"]["name"], "Hong Kong Observatory");
}

#[test]
fn places_are_geojson_where_that_is_asked_for() {
    let server = WORKSPACE.serve();
    let response = server.get("/places?q=天文台&f=geojson&lang=tc");
    assert_eq!(header(&response, "content-type"), "application/geo+json");
    assert_eq!(header(&response, "causeway-complete"), "?1");
    let found: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
    assert_eq!(found["numberReturned"], 2);
    assert_eq!(found["features"][1]["properties"]["name"], "香港天文台");
    assert_eq!(found["features"][1]["geometry"]["coordinates"], serde_json::json!([114.1743, 22.3022]));
}

#[test]
fn layers_and_a_box_narrow_the_search_and_what_is_wrong_is_named() {
    let server = WORKSPACE.serve();
    for (query, count) in [
        ("q=天文台&layers=lcsd-libraries", 0),
        ("q=天文台&layers=lcsd-libraries,hko-stations", 2),
        ("text=天文台&bbox=114.174,22.30,114.18,22.31", 1),
        ("q=library&limit=3", 3),
    ] {
        assert_eq!(server.json(&format!("/places?{query}")).as_array().unwrap().len(), count, "{query}");
    }
    for (query, part) in [("", "q says"), ("q=a&text=b", "give one"), ("q=a&limit=0", "limit"), ("q=a&x=1", "\"x\"")] {
        assert!(server.problem(&format!("/places?{query}"), 400).contains(part), "{query}");
    }
}

#[test]
fn nothing_of_a_layer_that_is_not_open_is_a_place() {
    let server = WORKSPACE.serve();
    for path in ["/places?q=Secret", "/places?q=Secret&layers=td-secret", "/suggest?q=Secret"] {
        assert_eq!(server.json(path), Value::Array(Vec::new()), "{path}");
    }
}

#[test]
fn suggestions_are_layers_and_then_places() {
    let server = WORKSPACE.serve();
    let rows = server.json("/suggest?q=天文台&lang=tc");
    let row = rows.as_array().unwrap().iter().find(|row| row["kind"] == "place").unwrap();
    assert_eq!((&row["title"], &row["layer"]), (&"天文臺道".into(), &"hko-stations".into()));
    assert!(row["lon"].is_f64() && row["lat"].is_f64() && row["zoom"].is_u64(), "{row}");
    let rows = server.json("/suggest?q=library");
    let kinds: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], kinds.last()), ("layer", Some(&"place")));
}
