//! Coordinate reference systems that a definition adds: offered wherever the usual ones are, computed as
//! PROJ computes them, and refused at ingest where that cannot be.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::LazyLock;

use serde_json::Value;
use support::{Server, Workspace, header};

const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0";
/// Two places in Hong Kong and one in London.
const HONG_KONG: &[u8] = b"name,lon,lat\nA,114.10,22.30\nB,114.25,22.45\n";
const LONDON: &[u8] = b"name,lon,lat\nA,-0.1276,51.5072\nB,-3.1883,55.9533\n";

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("added-systems");
    let key = "[identity]\nkey = \"name\"\n[features]\n";
    workspace.define(
        "landsd/places",
        &[("places.csv", HONG_KONG)],
        &format!("{key}crs = [\"EPSG:32650\", \"EPSG:4547\"]\n"),
    );
    workspace.define("landsd/far", &[("far.csv", LONDON)], &format!("{key}crs = [\"EPSG:27700\", \"EPSG:4258\"]\n"));
    workspace.define("landsd/usual", &[("usual.csv", HONG_KONG)], "[identity]\nkey = \"name\"\n");
    workspace.ingest();
    workspace
});

type Pair = [(f64, f64); 2];

/// As PROJ 9.1.1 (`cs2cs`) gives the two places of a layer, in the order of the authority.
const PLACES: [(&str, &str, Pair); 4] = [
    ("landsd-places", "32650", [(201201.7737, 2468904.4045), (216969.4442, 2485232.1916)]),
    ("landsd-places", "4547", [(2467023.5812, 510304.3586), (2483651.9134, 525733.3562)]),
    ("landsd-far", "4258", [(51.5072, -0.1276), (55.9533, -3.1883)]),
    ("landsd-far", "27700", [(530043.1950, 180358.2086), (325897.2181, 674001.2016)]),
];

fn places_of(document: &Value) -> Vec<(f64, f64)> {
    let mut features: Vec<&Value> = document["features"].as_array().unwrap().iter().collect();
    features.sort_by_key(|feature| feature["properties"]["name"].as_str().unwrap());
    let place = |feature: &&Value| {
        let coordinates = &feature["geometry"]["coordinates"];
        (coordinates[0].as_f64().unwrap(), coordinates[1].as_f64().unwrap())
    };
    features.iter().map(place).collect()
}

fn matched(server: &Server, layer: &str, query: &str) -> u64 {
    server.json(&format!("/collections/{layer}/items?{query}"))["numberMatched"].as_u64().unwrap()
}

#[test]
fn an_added_system_is_offered_like_every_other_and_leads_where_proj_leads() {
    let server = WORKSPACE.serve();
    for (layer, code, expected) in PLACES {
        let uri = format!("{EPSG}/{code}");
        let collection = server.json(&format!("/collections/{layer}"));
        assert!(collection["crs"].as_array().unwrap().contains(&uri.clone().into()), "{collection}");
        let response = server.get(&format!("/collections/{layer}/items?crs={uri}"));
        assert_eq!(header(&response, "content-crs"), format!("<{uri}>"));
        let slack = if code == "4258" { 1.1e-8 } else { 0.001 };
        for (found, expected) in places_of(&response.json().unwrap()).into_iter().zip(expected) {
            let difference = (found.0 - expected.0).abs().max((found.1 - expected.1).abs());
            assert!(difference <= slack, "{layer} {code}: {found:?} {expected:?}");
        }
        // A box around the first place alone, and one around both.
        let [(x, y), (far_x, far_y)] = expected;
        let around = slack * 10.0;
        let one = format!("{},{},{},{}", x - around, y - around, x + around, y + around);
        assert_eq!(matched(&server, layer, &format!("bbox={one}&bbox-crs={uri}")), 1, "{code}");
        let both = format!("{},{},{},{}", x.min(far_x), y.min(far_y), x.max(far_x), y.max(far_y));
        assert_eq!(matched(&server, layer, &format!("bbox={both}&bbox-crs={uri}")), 2, "{code}");
        let near = format!("filter=S_INTERSECTS(geom,BBOX({one}))&filter-crs={uri}");
        assert_eq!(matched(&server, layer, &near), 1, "{code}");
        let feature = server.json(&format!("/collections/{layer}/items?limit=1&crs={uri}"))["features"][0].clone();
        let alone = server.json(&format!("/collections/{layer}/items/{}?crs={uri}", feature["id"]));
        assert_eq!(alone["geometry"], feature["geometry"], "{code}");
    }
}

#[test]
fn every_form_and_dialect_knows_it() {
    let server = WORKSPACE.serve();
    let items = "/collections/landsd-places/items";
    let csv = server.page(&format!("{items}?f=csv&crs={EPSG}/4547"));
    assert!(csv.contains("northing,easting") && csv.contains("2467023.581"), "{csv}");
    let place = server.json(&format!("{items}?f=jsonfg&crs={EPSG}/32650"));
    assert_eq!(place["coordRefSys"], format!("{EPSG}/32650"));
    let esri = "/esri/rest/services/landsd-places/FeatureServer/0/query?where=1%3D1&f=json";
    let esri = server.json(&format!("{esri}&outSR=32650"));
    assert_eq!(esri["spatialReference"]["latestWkid"], 32650);
    let wfs = "/wfs?service=WFS&version=2.0.0";
    let capabilities = server.page(&format!("{wfs}&request=GetCapabilities"));
    assert!(capabilities.contains("<wfs:OtherCRS>urn:ogc:def:crs:EPSG::4547</wfs:OtherCRS>"));
    // A URN means the order of the authority, the short name the one of a map.
    for (name, position) in
        [("urn:ogc:def:crs:EPSG::4547", "2467023.5812 510304.3586"), ("EPSG:4547", "510304.3586 2467023.5812")]
    {
        let gml = server.page(&format!("{wfs}&request=GetFeature&typeNames=landsd-places&srsName={name}"));
        assert!(gml.contains(position), "{name}: {gml}");
    }
    let page = server.page("/collections/landsd-places?f=html&lang=zh-Hant");
    assert!(page.contains("另提供座標系統") && page.contains("EPSG:32650 WGS 84 / UTM zone 50N, EPSG:4547"), "{page}");
    let definition = server.json("/api");
    let systems = definition["components"]["parameters"]["crs"]["schema"]["enum"].as_array().unwrap();
    for code in ["32650", "4547", "4258", "27700", "2326"] {
        let uri = Value::from(format!("{EPSG}/{code}"));
        assert_eq!(systems.iter().filter(|system| **system == uri).count(), 1, "{code}");
    }
}

#[test]
fn only_the_layer_that_adds_it_is_offered_in_it() {
    let server = WORKSPACE.serve();
    for parameter in ["crs", "bbox=1,1,2,2&bbox-crs", "filter=name%3D'A'&filter-crs"] {
        let detail = server.problem(&format!("/collections/landsd-usual/items?{parameter}={EPSG}/32650"), 400);
        assert!(detail.contains("EPSG/0/32650") && detail.contains("EPSG/0/4490"), "{detail}");
        let detail = server.problem(&format!("/collections/landsd-far/items?{parameter}={EPSG}/32650"), 400);
        assert!(detail.contains("EPSG/0/27700"), "{detail}");
    }
    // Numbers that no projection can have come from.
    let far = format!("bbox=1e12,1e12,2e12,2e12&bbox-crs={EPSG}/32650");
    let detail = server.problem(&format!("/collections/landsd-places/items?{far}"), 400);
    assert!(detail.contains("bbox"), "{detail}");
}

#[test]
fn the_record_and_the_report_say_by_which_transformation() {
    let ran = WORKSPACE.causeway(&["--json", "layers"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let record = WORKSPACE.data().join("layers/landsd-far").join(WORKSPACE.revision("landsd-far")).join("record.json");
    let record: Value = serde_json::from_slice(&std::fs::read(record).unwrap()).unwrap();
    let told = record["source"]["notes"].to_string();
    assert!(told.contains("also offered in EPSG:27700") && told.contains("accurate to"), "{told}");
    assert_eq!(record["added_systems"][0]["axes"], "easting, northing");
}

#[test]
fn what_cannot_be_computed_as_proj_computes_it_is_refused_by_name() {
    for (systems, part) in [
        ("EPSG:999999", "EPSG:999999 is in no register"),
        ("EPSG:3407", "EPSG:3407 is in Clarke's foot; accepted are systems of east and north in metres or degrees"),
        ("EPSG:2053", "EPSG:2053 has axes to the west and the south"),
        ("EPSG:3031", "EPSG:3031 has axes to the north and the north"),
        ("EPSG:4979", "EPSG:4979 has 3 axes"),
        ("EPSG:4738", "EPSG:4738 cannot be offered for this layer: it has no registered transformation to WGS 84"),
        ("EPSG:27700", "no registered transformation to WGS 84 where the layer lies"),
        ("EPSG:2326", "crs \"EPSG:2326\" is offered for every layer"),
        ("32650", "crs \"32650\" is not the name of a system of EPSG, such as EPSG:32650"),
        ("EPSG:32650\", \"EPSG:32650", "stands there twice"),
    ] {
        let workspace = Workspace::default();
        let more = format!("[features]\ncrs = [\"{systems}\"]\n");
        workspace.define("landsd/places", &[("places.csv", HONG_KONG)], &more);
        let ran = workspace.causeway(&["ingest"]);
        assert_eq!(ran.status, 3, "{systems}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{systems}: {}", ran.stderr);
        assert!(!workspace.data().join("layers/landsd-places/current").exists());
    }
}
