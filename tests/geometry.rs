//! What ingest does with geometry and systems, from made deliveries to published layers.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use causeway::geometry::Shape;
use causeway::intake::delivery::{GeometryRule, ReadRequest};
use support::reading::{read_all, refusal, written};
use support::{Workspace, shared_path};

fn collection(features: &[(&str, &str)]) -> String {
    let features: Vec<String> = features
        .iter()
        .map(|(name, geometry)| {
            format!(r#"{{"type":"Feature","properties":{{"name":"{name}"}},"geometry":{geometry}}}"#)
        })
        .collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","))
}

const POINT: &str = r#"{"type":"Point","coordinates":[114.16,22.28]}"#;
const LINE: &str = r#"{"type":"LineString","coordinates":[[114.16,22.28],[114.17,22.29]]}"#;
const AREA: &str =
    r#"{"type":"Polygon","coordinates":[[[114.16,22.28],[114.17,22.28],[114.17,22.29],[114.16,22.28]]]}"#;

#[test]
fn points_lines_and_areas_make_a_layer_each_unless_kept_together() {
    let workspace = Workspace::default();
    let text = collection(&[("A", POINT), ("B", LINE), ("C", AREA), ("D", POINT), ("E", "null")]);
    let files = [("mixed.geojson", text.as_bytes())];
    workspace.define("afcd/places", &files, "");
    let ran = workspace.ingest();
    for (layer, kept) in [("afcd-places-points", 3), ("afcd-places-lines", 1), ("afcd-places-areas", 1)] {
        let count: i64 = workspace
            .package(layer)
            .query_row(&format!("SELECT count(*) FROM \"{}\"", layer.replace('-', "_")), [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, kept, "{layer}: {}", ran.stderr);
    }
    let again = workspace.ingest();
    assert_eq!(again.stderr.matches("unchanged afcd-places-").count(), 3, "{}", again.stderr);
    let server = workspace.serve();
    assert_eq!(server.json("/collections/afcd-places-lines")["title"], "A made layer (lines)");

    let workspace = Workspace::default();
    workspace.define("afcd/places", &files, "geometry = \"mixed\"\n");
    let ran = workspace.ingest();
    assert!(ran.stderr.contains("published afcd-places as"), "{}", ran.stderr);
    assert!(ran.stderr.contains("read 5, kept 5"), "{}", ran.stderr);
}

#[test]
fn a_feature_of_several_dimensions_asks_to_be_kept_together() {
    let both = format!(r#"{{"type":"GeometryCollection","geometries":[{POINT},{LINE}]}}"#);
    let alike = format!(r#"{{"type":"GeometryCollection","geometries":[{POINT},{POINT}]}}"#);
    let workspace = Workspace::default();
    let text = collection(&[("A", POINT), ("B", &both)]);
    workspace.define("afcd/places", &[("both.geojson", text.as_bytes())], "");
    let ran = workspace.causeway(&["ingest"]);
    assert_eq!(ran.status, 3);
    assert!(ran.stderr.contains("row 2") && ran.stderr.contains("geometry = \"mixed\""), "{}", ran.stderr);
    let text = collection(&[("A", POINT), ("B", &alike)]);
    workspace.define("afcd/places", &[("both.geojson", text.as_bytes())], "");
    assert!(workspace.ingest().stderr.contains("read 2, kept 2"), "a collection of points is a multipoint");
}

#[test]
fn a_table_without_geometry_is_taken_in_only_when_its_definition_says_so() {
    let workspace = Workspace::default();
    let files = [("table.csv", b"code,name\n1,A\n2,B\n".as_slice())];
    workspace.define("afcd/table", &files, "");
    let ran = workspace.causeway(&["ingest"]);
    assert_eq!(ran.status, 3);
    assert!(ran.stderr.contains("geometry = \"none\""), "{}", ran.stderr);
    workspace.define("afcd/table", &files, "geometry = \"none\"\n");
    assert!(workspace.ingest().stderr.contains("read 2, kept 2, rejected 0; 2 without geometry"));
}

#[test]
fn what_is_rejected_is_named_and_more_than_one_percent_refuses_the_delivery() {
    let nowhere = r#"{"type":"Point","coordinates":[114.16,95.0]}"#;
    let many: Vec<(&str, &str)> = std::iter::repeat_n(("A", POINT), 199).chain([("wrong", nowhere)]).collect();
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("a.geojson", collection(&many).as_bytes())], "[identity]\nkey = \"name\"\n");
    let ran = workspace.ingest();
    assert!(ran.stderr.contains("rejected row 200 (wrong): vertex 0 lies at 114.16, 95"), "{}", ran.stderr);
    let folder = workspace.data().join("layers/afcd-points").join(workspace.revision("afcd-points"));
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["findings"]["rejected"]["count"], 1);
    assert_eq!(manifest["findings"]["rejected"]["features"][0]["row"], 200);
    assert_eq!(manifest["read"].as_u64(), Some(200));

    let few = collection(&many[150..]);
    workspace.define("afcd/points", &[("a.geojson", few.as_bytes())], "");
    let ran = workspace.causeway(&["ingest"]);
    assert_eq!(ran.status, 3);
    assert!(ran.stderr.contains("1 of 50 features") && ran.stderr.contains("row 50"), "{}", ran.stderr);
    workspace.define("afcd/points", &[("a.geojson", few.as_bytes())], "[gates]\nrejected_percent = 3.0\n");
    workspace.ingest();
}

fn shape(wkb: &[u8]) -> Shape {
    let mut shape = Shape::default();
    shape.read_wkb(wkb).unwrap();
    shape
}

#[test]
fn a_curve_is_cut_so_finely_that_no_piece_stands_off_it() {
    // A circle of 100 m around a control point, as three points of an arc.
    let (east, north, radius) = (832591.32, 820351.389, 100.0);
    let text = format!(
        "name,wkt\nA,\"CURVEPOLYGON(CIRCULARSTRING({} {north},{} {north},{} {north}))\"\n",
        east - radius,
        east + radius,
        east - radius
    );
    let (_folder, request) = written("circle.csv", text.as_bytes());
    let layer = read_all(&ReadRequest { crs: Some("EPSG:2326".into()), ..request });
    let area = shape(layer.features[0].wkb.as_deref().unwrap());
    assert!(
        layer.features[0].changes.iter().any(|change| change.contains("0.01 m")),
        "{:?}",
        layer.features[0].changes
    );
    let on_grid: Vec<(f64, f64)> =
        area.points.iter().map(|(lon, lat)| causeway::crs::to_hk1980_grid(*lon, *lat).unwrap()).collect();
    let worst = on_grid
        .windows(2)
        .map(|edge| ((edge[0].0 + edge[1].0) / 2.0 - east).hypot((edge[0].1 + edge[1].1) / 2.0 - north))
        .map(|distance| radius - distance)
        .fold(0.0, f64::max);
    assert!(worst > 0.001 && worst < 0.0105, "{worst} m with {} vertices", area.points.len());
}

#[test]
fn what_crosses_the_antimeridian_is_cut_there() {
    let over = r#"{"type":"Polygon","coordinates":[[[179,-17],[181,-17],[181,-16],[179,-16],[179,-17]]]}"#;
    let jump = r#"{"type":"LineString","coordinates":[[179,-17],[-179,-16]]}"#;
    for geometry in [over, jump] {
        let (_folder, request) = written("fiji.geojson", collection(&[("A", geometry)]).as_bytes());
        let layer = read_all(&request);
        let cut = shape(layer.features[0].wkb.as_deref().unwrap());
        assert!(cut.kind.is_multi(), "{cut:?}");
        assert!(cut.points.iter().all(|(lon, _)| lon.abs() <= 180.0 && lon.abs() >= 179.0), "{cut:?}");
        assert_eq!(layer.features[0].changes, ["cut at the antimeridian"]);
    }
}

/// The registered order of EPSG:2326 is northing first, and writers disagree about it.
#[test]
fn the_axes_of_a_gml_are_told_by_where_they_lead() {
    let gml = |name: &str, position: &str| {
        format!(
            r#"<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml"><gml:featureMember><place><name>A</name><geom><gml:Point srsName="{name}"><gml:pos>{position}</gml:pos></gml:Point></geom></place></gml:featureMember></gml:FeatureCollection>"#
        )
    };
    // A place whose easting is no northing of the territory.
    let (east, north) = ("863000", "843500");
    let (lon, lat) = (114.436727272, 22.531009140);
    for (name, position) in [
        ("urn:ogc:def:crs:EPSG::2326", format!("{north} {east}")),
        ("urn:ogc:def:crs:EPSG::4326", format!("{lat} {lon}")),
        ("EPSG:4326", format!("{lon} {lat}")),
        ("EPSG:4326", format!("{lat} {lon}")),
        ("urn:ogc:def:crs:EPSG::4326", format!("{lon} {lat}")),
        ("EPSG:2326", format!("{east} {north}")),
    ] {
        let (_folder, request) = written("axes.gml", gml(name, &position).as_bytes());
        let layer = read_all(&request);
        let (x, y) = layer.start(0);
        assert!((x - lon).abs() < 1e-6 && (y - lat).abs() < 1e-6, "{name} {position}: {x} {y}, {:?}", layer.facts);
    }
}

#[test]
fn the_operation_is_named_with_its_accuracy_and_a_ballpark_is_refused() {
    let at = |x: f64, y: f64| collection(&[("A", &format!(r#"{{"type":"Point","coordinates":[{x},{y}]}}"#))]);
    for (crs, x, y, part) in [
        (
            "EPSG:2326",
            832591.32,
            820351.389,
            "EPSG:1825 (Inverse of Hong Kong 1980 Grid + Hong Kong 1980 to WGS 84 (1)), accurate to 1 m",
        ),
        ("EPSG:4611", 114.138734989, 22.323701767, "EPSG:1825"),
        ("EPSG:3857", 12706138.917, 2550250.049, "exact"),
        ("EPSG:4490", 114.141187917, 22.322172085, "null by convention"),
        ("EPSG:4547", 514546.217711, 2469482.190819, "null by convention"),
    ] {
        let (_folder, request) = written("a.geojson", at(x, y).as_bytes());
        let layer = read_all(&ReadRequest { crs: Some(crs.into()), ..request });
        assert!(layer.facts.transformation.contains(part), "{crs}: {:?}", layer.facts);
        let (lon, lat) = layer.start(0);
        assert!((lon - 114.141187917).abs() < 1e-6 && (lat - 22.322172085).abs() < 1e-6, "{crs}: {lon} {lat}");
    }
    let (_folder, request) = written("a.geojson", at(100_000.0, 100_000.0).as_bytes());
    let request = ReadRequest { crs: Some("EPSG:3407".into()), ..request };
    assert!(refusal(&request).contains("operation = \"ballpark\""));
    let layer = read_all(&ReadRequest { allows_ballpark: true, ..request });
    assert!(layer.facts.transformation.contains("accuracy unknown"), "{:?}", layer.facts);
}

#[test]
fn a_place_that_its_own_columns_contradict_is_listed_with_its_distance() {
    let test = "a_place_that_its_own_columns_contradict_is_listed_with_its_distance";
    for (place, count, part) in [
        ("hk/td-traffic-cameras/Traffic_Camera_Locations_En.csv", None, "easting and northing are exchanged"),
        ("hk/edb-aided-primary-schools/Aided_Primary_Schools.geojson", Some(35), "3053 m away"),
        ("hk/edb-school-locations-2015/SCH_LOC_EDB.xlsx", None, ""),
    ] {
        let Some(path) = shared_path(test, place) else { return };
        let workspace = Workspace::default();
        let ran = workspace.causeway(&["--json", "ingest", "--source", path.to_str().unwrap(), "--class", "open"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let account = &ran.json_lines()[0]["findings"]["displaced"];
        println!("{place}: {account}");
        if let Some(count) = count {
            // The origin counted on the ellipsoid and we on the grid: one stands at 5.00 m.
            let found = account["count"].as_u64().unwrap();
            assert!((count..=count + 1).contains(&found), "{place}: {found}");
        }
        assert!(account.to_string().contains(part), "{place}: {account}");
    }
}

#[test]
fn heights_and_measures_are_kept() {
    let (_folder, request) =
        written("zm.csv", b"name,wkt\nA,\"POINT ZM(114.1 22.3 5 7)\"\nB,\"LINESTRING Z(114.1 22.3 5,114.2 22.4 6)\"\n");
    let layer = read_all(&ReadRequest { crs: Some("EPSG:4326".into()), geometry: GeometryRule::Mixed, ..request });
    let point = shape(layer.features[0].wkb.as_deref().unwrap());
    assert_eq!((point.has_z, point.has_m, point.extras), (true, true, vec![5.0, 7.0]));
    let line = shape(layer.features[1].wkb.as_deref().unwrap());
    assert_eq!((line.has_z, line.extras), (true, vec![5.0, 6.0]));
}

/// Easting and northing of five places all over Hong Kong.
const STATIONS: [(f64, f64); 5] = [
    (832591.32, 820351.389),
    (836694.05, 819069.8),
    (835411.431, 817266.016),
    (808000.0, 803500.0),
    (845000.0, 838500.0),
];

/// Degrees for an easting and a northing by a system given to PROJ's port in our own words, here.
fn degrees(grid: &str, out: &str, (easting_m, northing_m): (f64, f64)) -> (f64, f64) {
    let projection = "+proj=tmerc +lat_0=22.3121333333333333 +lon_0=114.178555555555556 +k=1 +x_0=836694.05 +y_0=819069.8 +ellps=intl +units=m +no_defs";
    let from = proj4rs::Proj::from_proj_string(&format!("{projection} {grid}")).unwrap();
    let to = proj4rs::Proj::from_proj_string(out).unwrap();
    let mut point = (easting_m, northing_m, 0.0);
    proj4rs::transform::transform(&from, &to, &mut point).unwrap();
    (point.0.to_degrees(), point.1.to_degrees())
}

const RIGHT: &str = "+towgs84=-162.619,-276.959,-161.764,0.067753,-2.243648,-1.158828,-1.094246";
const WRONG_SIGNS: &str = "+towgs84=-162.619,-276.959,-161.764,-0.067753,2.243648,1.158828,-1.094246";
const WGS84: &str = "+proj=longlat +datum=WGS84 +no_defs";
const HONG_KONG_1980: &str = "+proj=longlat +ellps=intl +no_defs";

/// The stations as GeoJSON whose degrees were made in a certain way.
fn stations(grid: &str, out: &str, with_columns: bool) -> String {
    let features = STATIONS.iter().enumerate().map(|(number, place)| {
        let (lon, lat) = degrees(grid, out, *place);
        let columns = match with_columns {
            true => format!(r#","Easting":{},"Northing":{}"#, place.0, place.1),
            false => String::new(),
        };
        format!(
            r#"{{"type":"Feature","properties":{{"Station":"S{number}"{columns}}},"geometry":{{"type":"Point","coordinates":[{lon:.9},{lat:.9}]}}}}"#
        )
    });
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.collect::<Vec<_>>().join(","))
}

/// What a delivery with a shift gone wrong says, by whichever way its definition or its own columns tell.
#[test]
fn a_shift_gone_wrong_is_told_by_a_control_point_or_by_the_files_own_columns() {
    let by_grid = "[[control_points]]\nfeature = { Station = \"S0\" }\neasting = 832591.32\nnorthing = 820351.389\n";
    let by_degrees =
        "[[control_points]]\nfeature = { Station = \"S0\" }\nlongitude = 114.141187917\nlatitude = 22.322172085\n";
    let unshifted = ["without the shift from Hong Kong 1980 to WGS 84", "crs = \"EPSG:4611\""];
    let turned = ["rotations of EPSG:1825 are taken with the wrong sign", "EPSG:2326"];
    for (control, with_columns) in [(by_grid, false), (by_degrees, false), ("", true)] {
        for (grid, out, distances_m, parts) in [
            (RIGHT, WGS84, 0..=0, None),
            ("", HONG_KONG_1980, 303..=305, Some(unshifted)),
            (WRONG_SIGNS, WGS84, 50..=62, Some(turned)),
        ] {
            let workspace = Workspace::default();
            let text = stations(grid, out, with_columns);
            workspace.define("landsd/stations", &[("stations.geojson", text.as_bytes())], control);
            let ran = workspace.causeway(&["ingest"]);
            let Some(parts) = parts else {
                assert_eq!(ran.status, 0, "{}", ran.stderr);
                continue;
            };
            assert_eq!(ran.status, 3, "{control} {with_columns}: {}", ran.stderr);
            for part in parts {
                assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
            }
            let words: Vec<&str> = ran.stderr.split_whitespace().collect();
            let metres = words.windows(2).find(|pair| pair[1] == "m").unwrap()[0].parse::<u32>().unwrap();
            assert!(distances_m.contains(&metres), "{metres}: {}", ran.stderr);
            assert!(!workspace.data().join("layers/landsd-stations/current").exists());
        }
    }
}

#[test]
fn a_control_point_is_a_feature_of_the_delivery_and_only_one() {
    let text = stations(RIGHT, WGS84, false);
    let at = |feature: &str, easting: f64, more: &str| {
        format!("[[control_points]]\nfeature = {{ {feature} }}\neasting = {easting}\nnorthing = 820351.389\n{more}")
    };
    for (control, part) in [
        (at("Station = \"S0\"", 832591.32, ""), ""),
        (at("Station = \"S0\"", 832595.32, ""), ""),
        (at("Station = \"S0\"", 832595.32, "tolerance_m = 1.0\n"), "lies 4 m from where it is"),
        (at("Station = \"S0\"", 832691.32, ""), "lies 100 m from where it is"),
        (at("Station = \"S9\"", 832591.32, ""), "no feature is that of the control point \"Station\" = \"S9\""),
        (at("Name = \"S0\"", 832591.32, ""), "names the field \"Name\" in [[control_points]]"),
    ] {
        let workspace = Workspace::default();
        workspace.define("landsd/stations", &[("stations.geojson", text.as_bytes())], &control);
        let ran = workspace.causeway(&["ingest"]);
        assert_eq!(ran.status, if part.is_empty() { 0 } else { 3 }, "{control}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{control}: {}", ran.stderr);
    }
}

/// One row that disagrees is no reason to refuse the others; it is listed by its id.
#[test]
fn a_row_that_contradicts_itself_is_listed_by_its_id_with_its_distance() {
    let text = stations(RIGHT, WGS84, true).replace("\"Easting\":836694.05", "\"Easting\":836794.05");
    let workspace = Workspace::default();
    workspace.define("landsd/stations", &[("a.geojson", text.as_bytes())], "[identity]\nkey = \"Station\"\n");
    let ran = workspace.causeway(&["--json", "ingest"]);
    let displaced = &ran.json_lines()[0]["findings"]["displaced"];
    assert_eq!((&displaced["count"], &displaced["features"][0]["key"]), (&1.into(), &"S1".into()), "{displaced}");
    assert!(displaced.to_string().contains("100 m away"), "{displaced}");
}
