//! Tiles over HTTP: filtered, of several layers, and as ArcGIS asks for them.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;
#[path = "tiles/validator.rs"]
#[allow(dead_code)] // Not all that it judges is asked for here.
mod validator;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::Value;
use support::{Server, Workspace, header};

/// Points, areas, lines without fields, times, a table, and a layer that may not be read.
const PLACES: [&str; 4] = ["lcsd/libraries", "had/districts-18", "td/ferry-routes", "afcd/red-tide"];

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("tile_service");
    for place in PLACES {
        workspace.take_from_tree(place);
    }
    let closed = workspace.define("lcsd/closed", &[("closed.csv", b"name,lat,lon\nA,22.3,114.2\n")], POINTS);
    let text = std::fs::read_to_string(closed.join("layer.toml")).unwrap();
    std::fs::write(closed.join("layer.toml"), text.replace("class = \"open\"", "class = \"restricted\"")).unwrap();
    workspace.define("lcsd/table", &[("table.csv", b"name,size\nA,1\n")], "geometry = \"none\"\n");
    workspace.ingest();
    workspace
});

/// 2,500 points on a grid of 2.5 km, every fifth of a rare kind.
fn crowd() -> String {
    let rows = (0..2_500).map(|number| {
        let (lat_deg, lon_deg) = (22.3 + 0.0005 * f64::from(number / 50), 114.1 + 0.0005 * f64::from(number % 50));
        let kind = if number % 5 == 0 { "rare" } else { "common" };
        format!("P{number},{kind},{},{lat_deg},{lon_deg}\n", number % 7)
    });
    format!("name,kind,floors,lat,lon\n{}", rows.collect::<String>())
}

const CROWD: &str = r#"
[display]
category = { en = "kind" }
[tiles]
cluster = true
keep = "kind = 'rare' AND floors > 5"
low_zoom = 9
low_zoom_fields = ["kind"]
"#;

const POINTS: &str = "longitude = \"lon\"\nlatitude = \"lat\"\n";

fn server() -> Server {
    WORKSPACE.serve()
}

/// Layers by their names, each with the ids of its features.
fn tile(server: &Server, path: &str) -> Vec<(String, BTreeSet<u64>)> {
    let response = server.get(path);
    assert_eq!(response.status(), 200, "{path}: {}", response.text().unwrap());
    let read = validator::read(&response.bytes().unwrap()).unwrap();
    let ids = |layer: &validator::Layer| layer.features.iter().filter_map(|feature| feature.id).collect();
    read.layers.iter().map(|layer| (layer.name.clone(), ids(layer))).collect()
}

fn items(server: &Server, path: &str) -> BTreeSet<u64> {
    let found = server.json(path);
    found["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_u64().unwrap()).collect()
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn path_of<'a>(server: &Server, address: &'a str) -> &'a str {
    address.strip_prefix(server.base.as_str()).unwrap_or_else(|| panic!("{address} is not of this server"))
}

#[test]
fn a_filter_means_in_tiles_what_it_means_in_items() {
    let server = server();
    let text = encoded("District LIKE 'S%' OR District = 'NORTH'");
    let json = encoded(r#"{"op":"in","args":[{"property":"District"},["SHA TIN","NORTH"]]}"#);
    let place = encoded("S_INTERSECTS(geometry,BBOX(22.3,114.1,22.4,114.2))");
    let crs = encoded("http://www.opengis.net/def/crs/EPSG/0/4326");
    for query in [
        format!("filter={text}"),
        format!("filter={json}&filter-lang=cql2-json"),
        format!("filter={place}&filter-crs={crs}"),
        "District=SHA+TIN".to_owned(),
        format!("filter={text}&properties=District"),
    ] {
        let wanted = items(&server, &format!("/collections/lcsd-libraries/items?limit=1000&{query}"));
        assert!(!wanted.is_empty(), "{query}");
        for address in [
            "/xyz/lcsd-libraries/0/0/0.mvt".to_owned(),
            "/collections/lcsd-libraries/tiles/WebMercatorQuad/0/0/0".to_owned(),
            "/collections/lcsd-libraries/tiles/WorldCRS84Quad/0/0/1".to_owned(),
            "/collections/lcsd-libraries/tiles/HongKong1980Grid/0/0/0".to_owned(),
            "/tiles/WebMercatorQuad/0/0/0".to_owned(),
        ] {
            let collections = if address.starts_with("/tiles") { "&collections=lcsd-libraries" } else { "" };
            let found = tile(&server, &format!("{address}?{query}{collections}"));
            assert_eq!(found, [("lcsd-libraries".to_owned(), wanted.clone())], "{address} {query}");
        }
    }
    let none = server.get("/xyz/lcsd-libraries/0/0/0.mvt?District=NOWHERE");
    assert_eq!(none.status(), 204);
}

#[test]
fn times_choose_the_features_of_a_tile() {
    let server = server();
    let wanted = items(&server, "/collections/afcd-red-tide/items?limit=10000&datetime=2010-01-01/2012-12-31");
    let all = items(&server, "/collections/afcd-red-tide/items?limit=10000");
    assert!(!wanted.is_empty() && wanted.len() < all.len());
    let found = tile(&server, "/xyz/afcd-red-tide/0/0/0.mvt?datetime=2010-01-01/2012-12-31");
    assert_eq!(found[0].1, wanted);
}

#[test]
fn tilejson_hands_on_what_selects_and_names_the_revision() {
    let server = server();
    let filter = encoded("District = 'SHA TIN'");
    let document = server.json(&format!("/tilejson/lcsd-libraries.json?filter={filter}&properties=District"));
    let template = document["tiles"][0].as_str().unwrap();
    assert!(
        template.contains("?revision=") && template.contains("&filter=") && template.contains("&properties=District")
    );
    let fields = document["vector_layers"][0]["fields"].as_object().unwrap();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["District"]);
    let address = template.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0");
    let path = path_of(&server, &address);
    let wanted = items(&server, &format!("/collections/lcsd-libraries/items?limit=1000&filter={filter}"));
    assert_eq!(tile(&server, path)[0].1, wanted);
    assert_eq!(header(&server.get(path), "cache-control"), "public, max-age=31536000, immutable");
}

#[test]
fn one_filter_has_one_tile_however_it_is_written() {
    let server = server();
    let etag = |query: &str| header(&server.get(&format!("/xyz/lcsd-libraries/0/0/0.mvt?{query}")), "etag");
    let text = etag(&format!("filter={}", encoded("District = 'SHA TIN'")));
    let json = r#"{"op":"=","args":[{"property":"District"},"SHA TIN"]}"#;
    assert_eq!(text, etag(&format!("filter-lang=cql2-json&filter={}", encoded(json))));
    assert_ne!(text, etag(""));
}

#[test]
fn several_layers_stand_in_one_tile_in_the_order_that_was_asked_for() {
    let server = server();
    let single = |id: &str| tile(&server, &format!("/xyz/{id}/0/0/0.mvt")).remove(0);
    let (libraries, districts) = (single("lcsd-libraries"), single("had-districts-18"));
    for address in [
        "/xyz/had-districts-18,lcsd-libraries/0/0/0.mvt",
        "/tiles/WebMercatorQuad/0/0/0?collections=had-districts-18,lcsd-libraries",
    ] {
        assert_eq!(tile(&server, address), [districts.clone(), libraries.clone()], "{address}");
    }
    let every: BTreeSet<String> = tile(&server, "/tiles/WebMercatorQuad/0/0/0").into_iter().map(|one| one.0).collect();
    let drawn = ["lcsd-libraries", "had-districts-18", "td-ferry-routes", "afcd-red-tide"].map(str::to_owned);
    assert_eq!(every, BTreeSet::from(drawn));
    assert_eq!(server.get("/xyz/had-districts-18,lcsd-libraries/10/0/0.mvt").status(), 204);
}

#[test]
fn tilejson_of_several_layers_names_the_revision_of_each() {
    let server = server();
    let document = server.json("/tilejson/lcsd-libraries,had-districts-18.json");
    let layers = document["vector_layers"].as_array().unwrap();
    let names: Vec<&str> = layers.iter().filter_map(|layer| layer["id"].as_str()).collect();
    assert_eq!(names, ["lcsd-libraries", "had-districts-18"]);
    let revisions = ["lcsd-libraries", "had-districts-18"].map(|layer| WORKSPACE.revision(layer)).join(",");
    let template = document["tiles"][0].as_str().unwrap();
    assert!(template.ends_with(&format!("?revision={revisions}")), "{template}");
    let address = template.replace("{z}", "0").replace("{x}", "0").replace("{y}", "0");
    let answer = server.get(path_of(&server, &address));
    assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
}

#[test]
fn the_tile_sets_of_several_layers_lead_to_their_tiles() {
    let server = server();
    let list = server.json("/tiles?collections=lcsd-libraries,had-districts-18");
    for listed in list["tilesets"].as_array().unwrap() {
        let own = listed["links"].as_array().unwrap().iter().find(|link| link["rel"] == "self").unwrap();
        let document = server.json(path_of(&server, own["href"].as_str().unwrap()));
        let names: Vec<&Value> = document["layers"].as_array().unwrap().iter().map(|layer| &layer["id"]).collect();
        assert_eq!(names, ["lcsd-libraries", "had-districts-18"]);
        assert_eq!(document["tileMatrixSetLimits"], listed["tileMatrixSetLimits"]);
        let limits = document["tileMatrixSetLimits"][6].clone();
        // The list itself has what a client needs, and so does the tile set.
        for set in [listed, &document] {
            let grid = set["tileMatrixSetId"].as_str().unwrap();
            assert!(own["href"].as_str().unwrap().contains(&format!("/tiles/{grid}?")), "{grid}");
            let item = set["links"].as_array().unwrap().iter().find(|link| link["rel"] == "item").unwrap();
            let address = item["href"].as_str().unwrap();
            let address = address
                .replace("{tileMatrix}", "6")
                .replace("{tileRow}", &limits["minTileRow"].to_string())
                .replace("{tileCol}", &limits["minTileCol"].to_string());
            assert_eq!(tile(&server, path_of(&server, &address)).len(), 2, "{address}");
        }
    }
    let classes = server.json("/conformance");
    let classes: Vec<&str> = classes["conformsTo"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for class in ["tilesets-list", "dataset-tilesets", "collections-selection", "datetime"] {
        assert!(classes.contains(&format!("http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{class}").as_str()));
    }
}

#[test]
fn what_is_wrong_with_a_tile_request_is_named() {
    let server = server();
    let many = (0..17).map(|number| format!("layer-{number}")).collect::<Vec<_>>().join(",");
    let revision = WORKSPACE.revision("lcsd-libraries");
    for (path, status, part) in [
        ("/xyz/lcsd-libraries/0/0/0.mvt?filter=District%20=".to_owned(), 400, "character"),
        ("/xyz/lcsd-libraries/0/0/0.mvt?filter=Distrikt='A'".to_owned(), 400, "Distrikt"),
        ("/xyz/lcsd-libraries/0/0/0.mvt?properties=Distrikt".to_owned(), 400, "Distrikt"),
        ("/xyz/lcsd-libraries/0/0/0.mvt?datetime=soon".to_owned(), 400, "datetime"),
        ("/xyz/lcsd-libraries/0/0/0.mvt?limit=3".to_owned(), 400, "\"limit\" is neither"),
        (format!("/xyz/lcsd-libraries,had-districts-18/0/0/0.mvt?properties={}", encoded("設施名稱")), 400, "設施名稱"),
        ("/xyz/lcsd-libraries,lcsd-libraries/0/0/0.mvt".to_owned(), 400, "named twice"),
        (format!("/xyz/{many}/0/0/0.mvt"), 400, "at most 16"),
        (format!("/xyz/lcsd-libraries,had-districts-18/0/0/0.mvt?revision={revision}"), 400, "one for each"),
        ("/xyz/lcsd-libraries,/0/0/0.mvt".to_owned(), 404, "there is no layer \"\""),
        ("/xyz/lcsd-libraries,lcsd-table/0/0/0.mvt".to_owned(), 404, "without geometry"),
        ("/tiles/NoGrid".to_owned(), 404, "NoGrid"),
        ("/tiles/WebMercatorQuad/0/0/1".to_owned(), 404, "column"),
        ("/tiles?collections=nobody".to_owned(), 404, "nobody"),
    ] {
        let detail = server.problem(&path, status);
        assert!(detail.contains(part), "{path}: {detail}");
    }
    // A layer that may not be read is as if it were not there.
    for path in ["/xyz/lcsd-libraries,{}/0/0/0.mvt", "/tiles/WebMercatorQuad/0/0/0?collections={}", "/tilejson/{}.json"]
    {
        let [closed, absent] = ["lcsd-closed", "lcsd-absent"].map(|id| server.problem(&path.replace("{}", id), 404));
        assert_eq!(closed.replace("lcsd-closed", "lcsd-absent"), absent);
    }
    server.problem("/esri/rest/services/lcsd-closed/VectorTileServer/tile/0/0/0.pbf", 404);
}

#[test]
fn a_vector_tile_service_has_the_shape_of_the_lands_departments() {
    let server = server();
    let here = "/esri/rest/services/lcsd-libraries/VectorTileServer";
    let document = server.json(&format!("{here}?f=pjson"));
    let info = &document["tileInfo"];
    assert_eq!((&info["rows"], &info["cols"]), (&512.into(), &512.into()));
    assert_eq!(info["spatialReference"]["latestWkid"], 2326);
    assert_eq!((info["origin"]["x"].as_f64(), info["origin"]["y"].as_f64()), (Some(-4_786_700.0), Some(8_353_100.0)));
    let lods = info["lods"].as_array().unwrap();
    assert!((lods[0]["resolution"].as_f64().unwrap() - 78_271.516_964).abs() < 1e-6);
    let extent = &document["fullExtent"];
    for (edge, low, high) in [("xmin", 795_000.0, 850_000.0), ("ymax", 820_000.0, 848_000.0)] {
        let value = extent[edge].as_f64().unwrap();
        assert!((low..high).contains(&value), "{edge} {value}");
    }
    assert_eq!(document["tiles"][0], "tile/{z}/{y}/{x}.pbf");
    // The row comes before the column, and the tile is the one of the same grid elsewhere.
    let ours = server.get("/collections/lcsd-libraries/tiles/HongKong1980Grid/10/192/143").bytes().unwrap();
    let theirs = server.get(&format!("{here}/tile/10/192/143.pbf")).bytes().unwrap();
    assert!(!ours.is_empty());
    assert_eq!(ours, theirs);
    for style in ["resources/styles/root.json", "resources/styles", "resources/styles/"] {
        let style = server.json(&format!("{here}/{style}"));
        assert_eq!(style["version"], 8);
        assert_eq!(style["sources"]["lcsd-libraries"], serde_json::json!({ "type": "vector", "url": "../../" }));
    }
}

#[test]
fn a_client_that_knows_mercator_alone_finds_a_service_in_a_folder() {
    let server = server();
    let root = server.json("/esri/rest/services?f=json");
    assert_eq!(root["folders"], serde_json::json!(["WebMercator"]));
    let of_type = |document: &Value, kind: &str| -> BTreeSet<String> {
        let services = document["services"].as_array().unwrap().iter().filter(|service| service["type"] == kind);
        services.map(|service| service["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(of_type(&root, "VectorTileServer").contains("lcsd-libraries"));
    assert!(!of_type(&root, "VectorTileServer").contains("lcsd-table"));
    let folder = server.json("/esri/rest/services/WebMercator?f=json");
    assert!(of_type(&folder, "VectorTileServer").contains("WebMercator/lcsd-libraries"));
    let here = "/esri/rest/services/WebMercator/lcsd-libraries/VectorTileServer";
    assert_eq!(server.json(here)["tileInfo"]["spatialReference"]["latestWkid"], 3857);
    let tile = server.get(&format!("{here}/tile/10/446/836.pbf")).bytes().unwrap();
    assert_eq!(tile, server.get("/xyz/lcsd-libraries/10/836/446.pbf").bytes().unwrap());
    let absent = server.json("/esri/rest/services/lcsd-table/VectorTileServer");
    assert_eq!(absent["error"]["code"], 404);
}

/// Every feature of a tile with its fields.
fn features(server: &Server, path: &str) -> Vec<std::collections::BTreeMap<String, validator::Value>> {
    let response = server.get(path);
    assert_eq!(response.status(), 200, "{path}");
    let read = validator::read(&response.bytes().unwrap()).unwrap();
    let layer = &read.layers[0];
    let fields = |feature: &validator::Feature| {
        feature.tags.iter().map(|(key, value)| (layer.keys[*key].clone(), layer.values[*value].clone())).collect()
    };
    layer.features.iter().map(fields).collect()
}

#[test]
fn what_a_definition_asks_of_its_tiles_is_in_them_and_said_by_everything_that_tells_of_them() {
    let workspace = Workspace::default();
    workspace.define("lcsd/crowd", &[("crowd.csv", crowd().as_bytes())], &format!("{POINTS}{CROWD}"));
    workspace.ingest();
    let server = workspace.serve();
    let top = features(&server, "/xyz/lcsd-crowd/4/13/6.mvt");
    let count = |fields: &std::collections::BTreeMap<String, validator::Value>| match fields.get("point_count") {
        None => 1,
        Some(validator::Value::UInt(count)) => *count,
        Some(other) => panic!("{other:?}"),
    };
    assert_eq!(top.iter().map(count).sum::<u64>(), 2_500);
    // Numbers that five divides with a remainder of 6 by seven: 71 of 2,500.
    assert_eq!(top.len(), 71);
    let names = |tile: &[std::collections::BTreeMap<String, validator::Value>]| -> BTreeSet<String> {
        tile.iter().flat_map(|fields| fields.keys().cloned()).collect()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(names(&top), set(&["kind", "point_count"]));
    let named = features(&server, "/xyz/lcsd-crowd/4/13/6.mvt?properties=name,floors");
    assert_eq!(names(&named), set(&["name", "floors", "point_count"]));
    let rare = features(&server, "/xyz/lcsd-crowd/4/13/6.mvt?kind=rare");
    assert_eq!((rare.len(), names(&rare)), (500, set(&["kind"])), "each match stands for itself");

    let tilejson = server.json("/tilejson/lcsd-crowd.json");
    let layer = &tilejson["vector_layers"][0];
    assert_eq!(layer["cluster"], serde_json::json!({ "count_field": "point_count" }));
    assert_eq!(layer["low_zoom"], serde_json::json!({ "maxzoom": 9, "fields": ["kind"] }));
    for field in ["name", "kind", "floors", "point_count"] {
        assert!(layer["fields"][field].is_string(), "{field}");
    }
    let named = server.json("/tilejson/lcsd-crowd.json?properties=name");
    assert!(named["vector_layers"][0]["low_zoom"].is_null(), "named fields are in tiles of every zoom");
    let set = server.json("/collections/lcsd-crowd/tiles/WebMercatorQuad");
    assert_eq!(set["layers"][0]["cluster"], layer["cluster"]);

    let style = server.json("/styles/lcsd-crowd");
    let layers = style["layers"].as_array().unwrap();
    let of =
        |part: &str| layers.iter().filter(|layer| layer["id"].as_str().unwrap().contains(part)).collect::<Vec<_>>();
    assert_eq!(of("-cluster-").len(), 4);
    assert_eq!(of("-count")[0]["layout"]["text-field"], serde_json::json!(["get", "point_count"]));
    assert!(of("-point-").iter().all(|layer| layer["filter"][1] == serde_json::json!(["!", ["has", "point_count"]])));
    let legend = server.get("/legends/lcsd-crowd.svg").text().unwrap();
    assert!(legend.contains("the number says how many"), "{legend}");
}

#[test]
fn a_definition_that_asks_of_tiles_what_cannot_be_is_refused_in_one_sentence() {
    for (tiles, wanted) in [
        ("keep = \"kind = \"", "[tiles] keep: at character"),
        ("keep = \"kin = 'rare'\"", "there is no property \"kin\"; there are geometry, name, kind"),
        ("low_zoom = 9\nlow_zoom_fields = [\"kin\"]", "names the field \"kin\" in [tiles] low_zoom_fields, but"),
        ("cluster = true", "the features of this layer are LineString; it takes a layer of Point"),
    ] {
        let workspace = Workspace::default();
        let line = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"name":"A","kind":"b"},
            "geometry":{"type":"LineString","coordinates":[[114.1,22.3],[114.2,22.4]]}}]}"#;
        workspace.define("lcsd/line", &[("line.geojson", line.as_bytes())], &format!("[tiles]\n{tiles}\n"));
        let ran = workspace.causeway(&["ingest"]);
        assert_eq!(ran.status, 3, "{tiles}: {}", ran.stderr);
        assert!(ran.stderr.contains(wanted), "{tiles}: {}", ran.stderr);
    }
}
