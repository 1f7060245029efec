//! The real worker over small made files and real deliveries of Hong Kong departments.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};

use causeway::base::{FieldKind, Value};
use causeway::intake::delivery::{
    DeliveryError, DeliverySink, ReadRequest, SourceFacts, SourceFeature, SourceField, private_use, read,
};
use support::reading::{Layer, WORKER, file, files, read_all, refusal, try_read, written};
use support::{made, shared_path};

#[track_caller]
fn assert_near((lon, lat): (f64, f64), (expected_lon, expected_lat): (f64, f64)) {
    // A centimetre.
    const TOLERANCE_DEG: f64 = 1e-7;
    assert!(
        (lon - expected_lon).abs() < TOLERANCE_DEG && (lat - expected_lat).abs() < TOLERANCE_DEG,
        "{lon} {lat} is not {expected_lon} {expected_lat}"
    );
}

// ---------------------------------------------------------------- made files

#[test]
fn a_shapefile_of_big5_without_index_or_projection_is_read_whole() {
    let layer = read_all(&file("hkscs/estates.shp"));
    assert_eq!(layer.names(), ["CODE", "NAME", "FLATS", "BUILT"]);
    assert_eq!(layer.column("NAME"), ["北角邨", "鰂魚涌", "鴨脷洲", "黃大仙翠栢街", "錦綉花園"]);
    assert_eq!(layer.column("CODE"), ["001", "002", "003", "004", "005"]);
    assert_eq!(layer.kind("FLATS"), FieldKind::Integer);
    assert_eq!(layer.value(1, "FLATS"), &Value::Integer(100));
    assert_eq!(layer.text(0, "BUILT"), "1958-05-01");
    assert_eq!(layer.value(2, "BUILT"), &Value::Null);
    assert!(layer.facts.encoding.contains("Big5-HKSCS"), "{:?}", layer.facts);
    assert!(layer.facts.encoding.contains("0x4F"), "{:?}", layer.facts);
    assert!(layer.facts.crs.contains("EPSG:2326") && layer.facts.crs.contains("recognised"), "{:?}", layer.facts);
    assert!(layer.facts.notes.iter().any(|note| note.contains(".shx")), "{:?}", layer.facts);
    // The first corner stands on a control point of the Lands Department.
    assert_near(layer.start(0), (114.168562005, 22.294313002));
}

#[test]
fn a_bow_tie_is_made_valid_and_said() {
    let layer = read_all(&file("hkscs/estates.shp"));
    let repaired: Vec<usize> = (0..5).filter(|row| layer.features[*row].repaired.is_some()).collect();
    assert_eq!(repaired, [4]);
    let repair = layer.features[4].repaired.as_ref().unwrap();
    assert!(repair.reason.to_lowercase().contains("self-intersection"), "{repair:?}");
}

#[test]
fn reading_leaves_nothing_beside_the_source() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["estates.shp", "estates.dbf"] {
        std::fs::copy(made("hkscs").join(name), folder.path().join(name)).unwrap();
    }
    read_all(&files(&[folder.path().join("estates.shp")]));
    let mut names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["estates.dbf", "estates.shp"]);
}

#[test]
fn a_lying_cpg_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["estates.shp", "estates.dbf"] {
        std::fs::copy(made("hkscs").join(name), folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("estates.cpg"), "UTF-8").unwrap();
    let layer = read_all(&files(&[folder.path().join("estates.shp")]));
    assert_eq!(layer.text(0, "NAME"), "北角邨");
}

#[test]
fn utf16_text_with_tabs_inside_quotes_is_read_right() {
    let layer = read_all(&file("libraries-utf16.csv"));
    assert_eq!(layer.names(), ["CODE", "中文名稱", "EASTING", "NORTHING", "REMARKS"]);
    assert!(layer.fields.iter().all(|field| field.untyped));
    assert_eq!(layer.text(0, "CODE"), "007");
    assert_eq!(layer.text(0, "REMARKS"), "a\tb\t\"c\"\td");
    assert_eq!(layer.text(1, "REMARKS"), "line one\nline two");
    assert_near(layer.start(0), (114.141187917, 22.322172085));
    assert!(layer.features[1].wkb.is_some(), "thousands may be parted by commas");
    assert_eq!((layer.features.len(), layer.located()), (4, 2));
    assert!(layer.features[2].problem.as_deref().unwrap().contains("N.A."));
    assert!(layer.features[3].problem.as_deref().unwrap().contains("empty"));
    assert!(layer.facts.encoding.contains("UTF-16LE"), "{:?}", layer.facts);
    assert!(layer.facts.notes.iter().any(|note| note.contains("without name")), "{:?}", layer.facts);
    assert_eq!(layer.features.iter().map(|feature| feature.row).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[test]
fn decimal_degrees_are_preferred_to_the_grid_and_whole_seconds_are_not() {
    let layer = read_all(&file("degrees-and-grid.csv"));
    assert_eq!(layer.names()[0], "key", "no byte order mark in the name");
    assert_near(layer.start(0), (114.141188, 22.322172));
    let layer = read_all(&file("seconds-and-grid.csv"));
    assert_near(layer.start(0), (114.141187917, 22.322172085));
    let named = ReadRequest {
        easting: Some("easting".into()),
        northing: Some("northing".into()),
        ..file("seconds-and-grid.csv")
    };
    assert_near(read_all(&named).start(0), (114.141187917, 22.322172085));
    let named = ReadRequest {
        longitude: Some("longitude".into()),
        latitude: Some("latitude".into()),
        ..file("seconds-and-grid.csv")
    };
    assert_near(read_all(&named).start(0), (114.0 + 8.0 / 60.0 + 28.0 / 3600.0, 22.0 + 19.0 / 60.0 + 20.0 / 3600.0));
}

#[test]
fn placemarks_at_the_root_are_all_read() {
    let layer = read_all(&file("posts.kml"));
    assert_eq!(layer.features.len(), 3);
    assert_eq!(layer.text(0, "Name"), "M001 北潭涌");
    assert_eq!(layer.text(0, "kind"), "post");
    assert!(layer.facts.notes.iter().any(|note| note.contains("Document")), "{:?}", layer.facts);
    assert_near(layer.start(0), (114.32, 22.39));
}

#[test]
fn a_zip_whose_names_are_big5_is_read() {
    let layer = read_all(&file("big5-name.zip"));
    assert_eq!(layer.text(0, "名稱"), "中央圖書館");
    let named = ReadRequest { file_name_field: Some("檔案".into()), ..file("big5-name.zip") };
    assert_eq!(read_all(&named).text(0, "檔案"), "圖書館");
}

#[test]
fn a_gpx_of_several_layers_asks_which() {
    let message = refusal(&file("walk.gpx"));
    assert!(message.contains("waypoints (2)") && message.contains("routes (1)"), "{message}");
    let layer = read_all(&ReadRequest { layer: Some("waypoints".into()), ..file("walk.gpx") });
    assert_eq!(layer.text(0, "name"), "起點");
    assert_eq!(layer.text(0, "time"), "2021-12-17T08:00:00Z");
    let layer = read_all(&ReadRequest { layer: Some("routes".into()), ..file("walk.gpx") });
    assert_eq!(layer.column("name"), ["衞奕信徑"]);
    let message = refusal(&ReadRequest { layer: Some("tracts".into()), ..file("walk.gpx") });
    assert!(message.contains("tracts") && message.contains("tracks"), "{message}");
}

#[test]
fn a_workbook_is_all_text_and_its_sheet_is_named() {
    let message = refusal(&file("schools.xlsx"));
    assert!(message.contains("Schools (2)") && message.contains("Notes (1)"), "{message}");
    let layer = read_all(&ReadRequest { layer: Some("Schools".into()), ..file("schools.xlsx") });
    assert_eq!(layer.column("CODE"), ["0071", "0072"]);
    assert!(layer.fields.iter().all(|field| field.untyped && field.kind == FieldKind::Text));
    assert_near(layer.start(0), (114.141187917, 22.322172085));
    assert!(layer.features[1].wkb.is_none() && layer.features[1].problem.is_some());
    let message = refusal(&ReadRequest { layer: Some("Notes".into()), ..file("schools.xlsx") });
    assert!(message.contains("without geometry"), "{message}");
}

#[test]
fn geojson_in_grid_numbers_is_recognised_and_its_values_keep_their_kinds() {
    let layer = read_all(&file("grid.geojson"));
    assert!(layer.facts.crs.contains("EPSG:2326") && layer.facts.crs.contains("recognised"), "{:?}", layer.facts);
    assert_near(layer.start(0), (114.141187917, 22.322172085));
    assert!(layer.features[1].wkb.is_none());
    assert_eq!(
        layer.names(),
        ["id", "fid", "Name", "open", "big", "nested", "list", "words", "day", "moment", "zoned", "bare", "half"]
    );
    for (name, kind, value) in [
        ("id", FieldKind::Integer, Value::Integer(7)),
        ("fid", FieldKind::Text, Value::Text("A".into())),
        ("open", FieldKind::Boolean, Value::Boolean(true)),
        ("big", FieldKind::Integer, Value::Integer(9_007_199_254_740_993)),
        ("list", FieldKind::Json, Value::Text("[1,2]".into())),
        ("words", FieldKind::Json, Value::Text("[\"甲\",\"乙\"]".into())),
        ("day", FieldKind::Date, Value::Text("2021-12-17".into())),
        ("moment", FieldKind::DateTime, Value::Text("2021-12-17T08:00:00Z".into())),
        ("zoned", FieldKind::DateTime, Value::Text("2021-12-17T16:00:00+08:00".into())),
        ("bare", FieldKind::DateTime, Value::Text("2021-12-17T08:00:00".into())),
        ("half", FieldKind::Real, Value::Real(1.5)),
    ] {
        assert_eq!((layer.kind(name), layer.value(0, name)), (kind, &value), "{name}");
    }
    assert_eq!(layer.kind("nested"), FieldKind::Json);
    let nested: serde_json::Value = serde_json::from_str(layer.text(0, "nested")).unwrap();
    assert_eq!(nested, serde_json::json!({"b": [1, 2]}));
}

#[test]
fn several_files_make_one_layer_with_the_fields_of_all() {
    let paths = ["ferries/CECC.json", "ferries/MUI WO 1.json", "ferries/NPKC.json"].map(made);
    let layer = read_all(&ReadRequest { file_name_field: Some("route".into()), ..files(&paths) });
    assert_eq!(layer.names(), ["route", "color", "fare"]);
    assert_eq!(layer.column("route"), ["CECC", "MUI WO 1", "NPKC"]);
    assert_eq!(layer.value(0, "color"), &Value::Null);
    assert_eq!(layer.value(1, "color"), &Value::Text("red".into()));
    assert_eq!(layer.value(2, "fare"), &Value::Integer(5));
    assert_eq!(layer.located(), 3);
}

#[test]
fn what_cannot_be_a_layer_is_refused_by_name_and_reason() {
    for (name, parts) in [
        ("orphan.dbf", ["orphan.dbf", "without its .shp"]),
        ("no-place.csv", ["no-place.csv", "without geometry"]),
        ("wrapped.js", ["wrapped.js", "JavaScript"]),
    ] {
        let message = refusal(&file(name));
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
    let unlikely = ReadRequest { crs: Some("EPSG:999999".into()), ..file("grid.geojson") };
    assert!(refusal(&unlikely).contains("EPSG:999999"));
    let unlikely = ReadRequest { encoding: Some("klingon".into()), ..file("no-place.csv") };
    assert!(refusal(&unlikely).contains("klingon"));
    let mixed = files(&[made("grid.geojson"), made("posts.kml")]);
    assert!(refusal(&mixed).contains("one format"));
}

/// The made shapefile in a folder of its own, so that a test may change it.
fn own_shapefile() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["estates.shp", "estates.dbf"] {
        std::fs::copy(made("hkscs").join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("estates.shp");
    (folder, path)
}

#[test]
fn the_parts_of_a_shapefile_may_be_named_one_by_one() {
    let (folder, path) = own_shapefile();
    let layer = read_all(&files(&[folder.path().join("estates.dbf"), path]));
    assert_eq!(layer.features.len(), 5);
}

#[test]
fn rows_marked_as_deleted_stay_out_and_are_said() {
    let (folder, path) = own_shapefile();
    let table = folder.path().join("estates.dbf");
    let mut bytes = std::fs::read(&table).unwrap();
    let first_row = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[first_row] = b'*';
    std::fs::write(&table, bytes).unwrap();
    let layer = read_all(&files(&[path]));
    assert_eq!(layer.column("CODE"), ["002", "003", "004", "005"]);
    assert!(layer.facts.notes.iter().any(|note| note.contains("1 rows are marked as deleted")), "{:?}", layer.facts);
}

#[test]
fn a_projection_that_names_files_is_refused_unopened() {
    let (folder, path) = own_shapefile();
    let prj = r#"PROJCS["x",GEOGCS["y",DATUM["z",SPHEROID["International 1924",6378388,297],EXTENSION["PROJ4_GRIDS","/etc/passwd"]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["latitude_of_origin",22.3],PARAMETER["central_meridian",114.1],PARAMETER["scale_factor",1],PARAMETER["false_easting",836694.05],PARAMETER["false_northing",819069.8],UNIT["metre",1]]"#;
    std::fs::write(folder.path().join("estates.prj"), prj).unwrap();
    let message = refusal(&files(&[path]));
    assert!(message.contains("grid files") && !message.contains("root:"), "{message}");
}

#[test]
fn an_esri_projection_is_recognised_and_shifted() {
    let (folder, path) = own_shapefile();
    let prj = r#"PROJCS["Hong_Kong_1980_Grid",GEOGCS["GCS_Hong_Kong_1980",DATUM["D_Hong_Kong_1980",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",836694.05],PARAMETER["False_Northing",819069.8],PARAMETER["Central_Meridian",114.1785555555556],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",22.31213333333334],UNIT["Meter",1.0]]"#;
    std::fs::write(folder.path().join("estates.prj"), prj).unwrap();
    let layer = read_all(&files(&[path]));
    assert!(layer.facts.crs.contains("EPSG:2326"), "{:?}", layer.facts);
    assert_near(layer.start(0), read_all(&file("hkscs/estates.shp")).start(0));
}

#[test]
fn two_columns_of_one_name_are_two_fields() {
    let (_folder, request) = written("twice.csv", b"name,remarks,remarks,lon,lat\nA,first,second,114.1,22.3\n");
    let layer = read_all(&request);
    assert_eq!(layer.names(), ["name", "remarks", "remarks_2", "lon", "lat"]);
    assert_eq!((layer.text(0, "remarks"), layer.text(0, "remarks_2")), ("first", "second"));
}

#[test]
fn a_file_name_field_may_not_hide_a_field() {
    let request = ReadRequest { file_name_field: Some("color".into()), ..file("ferries/NPKC.json") };
    assert!(refusal(&request).contains("color"));
}

#[test]
fn folders_of_a_kml_are_layers_of_which_one_is_named() {
    let placemark = |name: &str| {
        format!("<Placemark><name>{name}</name><Point><coordinates>114.2,22.3</coordinates></Point></Placemark>")
    };
    let text = format!(
        "<?xml version='1.0' encoding='big5'?><kml xmlns='http://www.opengis.net/kml/2.2'><Document><Folder><name>A</name>{}{}</Folder><Folder><name>B</name>{}</Folder></Document></kml>",
        placemark("中環"),
        placemark("灣仔"),
        placemark("上環")
    );
    let (bytes, _, _) = encoding_rs::BIG5.encode(&text);
    let (_folder, request) = written("two.kml", &bytes);
    assert!(refusal(&request).contains("A (2), B (1)"));
    let layer = read_all(&ReadRequest { layer: Some("A".into()), ..request });
    assert_eq!(layer.column("Name"), ["中環", "灣仔"]);
    assert!(layer.facts.notes.iter().any(|note| note.contains("Big5-HKSCS")), "{:?}", layer.facts);
}

#[test]
fn geojson_in_big5_or_with_a_damaged_name_is_read() {
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"名稱":"中央圖書館，位於銅鑼灣高士威道，設有自修室"},"geometry":{"type":"Point","coordinates":[114.19,22.28]}}]}"#;
    let (bytes, _, _) = encoding_rs::BIG5.encode(text);
    let (_folder, request) = written("big5.geojson", &bytes);
    let layer = read_all(&request);
    assert!(layer.text(0, "名稱").starts_with("中央圖書館"), "{:?}", layer.facts);
    let mut damaged = text.as_bytes().to_vec();
    let last = text.find("室").unwrap();
    damaged[last] = 0xFF;
    let (_folder, request) = written("damaged.geojson", &damaged);
    let layer = read_all(&request);
    assert!(layer.text(0, "名稱").starts_with("中央圖書館"), "{:?}", layer.facts);
    assert!(layer.text(0, "名稱").contains('\u{FFFD}'));
    assert!(layer.facts.notes.iter().any(|note| note.contains("could not be read")), "{:?}", layer.facts);
}

#[test]
fn projected_numbers_that_nobody_names_are_refused() {
    let text = |x: f64, y: f64| {
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{}},"geometry":{{"type":"Point","coordinates":[{x},{y}]}}}}]}}"#
        )
    };
    let (_folder, request) = written("mercator.geojson", text(12706138.917, 2550250.049).as_bytes());
    assert!(refusal(&request).contains("not degrees"));
    let layer = read_all(&ReadRequest { crs: Some("EPSG:3857".into()), ..request });
    assert_near(layer.start(0), (114.141187917, 22.322172085));
}

#[test]
fn the_definition_wins_over_what_is_recognised() {
    let declared =
        ReadRequest { crs: Some("EPSG:2326".into()), encoding: Some("Big5".into()), ..file("hkscs/estates.shp") };
    let layer = read_all(&declared);
    assert!(layer.facts.crs.contains("declared"), "{:?}", layer.facts);
    assert_eq!(layer.text(0, "NAME"), "北角邨");
}

#[test]
fn an_error_of_the_sink_stops_the_worker() {
    struct Full;
    impl DeliverySink for Full {
        fn schema(&mut self, _: &[SourceField], _: &SourceFacts) -> Result<(), DeliveryError> {
            Ok(())
        }
        fn feature(&mut self, _: SourceFeature) -> Result<(), DeliveryError> {
            Err(DeliveryError::Sink("full".into()))
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    let error = read(&file("hkscs/estates.shp"), Path::new(WORKER), scratch.path(), &mut Full).err();
    assert!(matches!(error, Some(DeliveryError::Sink(_))), "{error:?}");
}

#[test]
fn a_worker_that_is_missing_or_dies_is_our_fault_and_not_the_deliverys() {
    let scratch = tempfile::tempdir().unwrap();
    for (worker, part) in [("/nonexistent/worker", "could not be started"), ("/bin/false", "stopped before")] {
        let error =
            read(&file("hkscs/estates.shp"), Path::new(worker), &empty(scratch.path(), worker), &mut Layer::default());
        let error = error.err().unwrap();
        assert!(!matches!(error, DeliveryError::Refused(_)) && error.to_string().contains(part), "{error}");
    }
}

/// A worker that says half a frame, and one that never stops talking, end the reading soon.
#[test]
fn a_worker_that_talks_nonsense_is_stopped() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in [("half", "printf '\\377\\000'"), ("endless", "exec /usr/bin/yes")] {
        let worker = folder.path().join(name);
        std::fs::write(&worker, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();
        let begun = std::time::Instant::now();
        let result = read(&file("hkscs/estates.shp"), &worker, &empty(folder.path(), name), &mut Layer::default());
        assert!(matches!(result, Err(DeliveryError::WorkerFailed(_))), "{result:?}");
        assert!(begun.elapsed().as_secs() < 5);
    }
}

/// Nothing of our environment reaches the worker, and its limits hold.
#[test]
fn the_worker_has_an_empty_environment() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (worker, seen) = (folder.path().join("worker"), folder.path().join("seen"));
    std::fs::write(&worker, format!("#!/bin/sh\n/usr/bin/env > {}\n", seen.display())).unwrap();
    std::fs::set_permissions(&worker, std::fs::Permissions::from_mode(0o755)).unwrap();
    let _ = read(&file("hkscs/estates.shp"), &worker, &empty(folder.path(), "env"), &mut Layer::default());
    let seen = std::fs::read_to_string(seen).unwrap();
    for line in seen.lines() {
        let name = line.split('=').next().unwrap();
        let ours = ["LANG", "PROJ_NETWORK", "GDAL_DRIVER_PATH", "CPL_TMPDIR", "CPL_DEBUG", "MIMALLOC_ALLOW_THP"];
        let of_the_shell = ["PWD", "_", "SHLVL", "OLDPWD"];
        assert!(ours.contains(&name) || of_the_shell.contains(&name), "{line}");
    }
    assert!(seen.contains("PROJ_NETWORK=OFF"));
}

/// GDAL itself fetches what a GeoJSON's `crs` links to; the worker must not be able to.
#[test]
fn a_link_in_a_file_is_not_followed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let text = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"link","properties":{{"href":"http://127.0.0.1:{port}/","type":"ogcwkt"}}}},"features":[{{"type":"Feature","properties":{{"a":1}},"geometry":{{"type":"Point","coordinates":[114.1,22.3]}}}}]}}"#
    );
    let (_folder, request) = written("link.geojson", text.as_bytes());
    let result = try_read(&request);
    println!("{result:?}");
    assert!(listener.accept().is_err(), "the worker called");
    assert!(matches!(result, Ok(_) | Err(DeliveryError::Refused(_))), "{result:?}");
}

#[test]
fn a_file_that_holds_nothing_itself_is_refused_with_what_it_holds() {
    let kml = |body: &str| format!(r#"<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{body}</Document></kml>"#);
    let link = "<NetworkLink><Link><href>http://127.0.0.1/a.kml</href></Link></NetworkLink>";
    let place = "<Placemark><name>A</name><Point><coordinates>114.1,22.3</coordinates></Point></Placemark>";
    for (name, text, part) in [
        ("a.csv", String::new(), "a.csv is empty, it has no bytes"),
        ("a.kml", String::new(), "a.kml is empty, it has no bytes"),
        ("a.kml", kml(&link.repeat(2)), "a.kml holds nothing but links to other places (2), which are not followed"),
    ] {
        let (_folder, request) = written(name, text.as_bytes());
        let message = refusal(&request);
        assert!(message.contains(part), "{message}");
    }
    let (_folder, request) = written("a.kml", kml(&format!("{place}{link}")).as_bytes());
    let layer = read_all(&request);
    assert_eq!(layer.features.len(), 1);
    assert!(layer.facts.notes.iter().any(|note| note.contains("1 links to other places")), "{:?}", layer.facts);
}

fn empty(folder: &Path, name: &str) -> PathBuf {
    let scratch = folder.join(format!("scratch{}", name.replace('/', "-")));
    std::fs::create_dir(&scratch).unwrap();
    scratch
}

#[test]
fn the_worker_hides_our_sqlite_from_libgdal_and_shares_its_allocator() {
    let listed = std::process::Command::new("nm").args(["-D", "--defined-only", WORKER]).output().unwrap();
    assert!(listed.status.success());
    let symbols = String::from_utf8_lossy(&listed.stdout);
    // One half of the pair from elsewhere would free what the other never gave.
    for name in ["malloc", "calloc", "realloc", "free", "posix_memalign", "strdup"] {
        assert!(symbols.lines().any(|line| line.ends_with(&format!(" {name}"))), "{name} is not shared");
    }
    let ours: Vec<&str> = symbols.lines().filter(|line| line.contains("sqlite3_")).take(3).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

// ---------------------------------------------------------------- real deliveries

#[test]
fn the_constituencies_of_2001_have_all_their_names() {
    let test = "the_constituencies_of_2001_have_all_their_names";
    let Some(path) = shared_path(test, "hk/csd-dcca-2001/dcca.shp") else { return };
    let layer = read_all(&files(&[path]));
    assert_eq!((layer.features.len(), layer.located()), (390, 390));
    assert!(layer.facts.crs.contains("EPSG:2326"), "{:?}", layer.facts);
    let names = layer.column("DCCA_CHIN").concat();
    for character in ['邨', '鰂', '脷', '栢', '綉'] {
        assert!(names.contains(character), "{character} is lost");
    }
    assert!(
        !names.chars().any(|c| c == '\u{FFFD}' || ('\u{E000}'..='\u{F8FF}').contains(&c) || c.is_ascii_lowercase())
    );
    assert_eq!(layer.features.iter().filter(|feature| feature.repaired.is_some()).count(), 2);
    let [west, south, east, north] = layer.box_of_starts();
    assert!(west > 113.81 && south > 22.13 && east < 114.51 && north < 22.57, "{west} {south} {east} {north}");
}

#[test]
fn the_constituencies_of_2011_hold_fifteen_names_in_private_use() {
    let test = "the_constituencies_of_2011_hold_fifteen_names_in_private_use";
    let Some(path) = shared_path(test, "hk/reo-dcca-2011/HKConstituencyArea.json.zip") else { return };
    let layer = read_all(&files(&[path]));
    assert_eq!(layer.features.len(), 412);
    let names = layer.column("CNAME");
    let repaired: Vec<String> = names
        .iter()
        .map(|name| private_use::repair(name))
        .filter(|(_, mapped, left)| {
            assert_eq!(*left, 0);
            *mapped > 0
        })
        .map(|(name, _, _)| name.into_owned())
        .collect();
    assert_eq!(repaired.len(), 15, "{repaired:?}");
    assert!(repaired.concat().contains('邨') && repaired.concat().contains('鰂'), "{repaired:?}");
}

#[test]
fn one_file_of_each_department_is_counted_right() {
    let test = "one_file_of_each_department_is_counted_right";
    // Folder, file, layer, features, features with a place, part of the CRS.
    let table = [
        ("lcsd-libraries-2013", "LIBRARY_LCSD_20131213.csv", None, 260, 260, "EPSG:2326"),
        ("edb-school-locations-2015", "SCH_LOC_EDB.xlsx", None, 3472, 3472, "EPSG:2326"),
        ("trail-markers", "All-576-Trail-markers.kml", None, 576, 576, ""),
        ("trail-markers", "All-576-Trail-markers.gpx", None, 576, 576, ""),
        ("td-traffic-cameras", "Traffic_Camera_Locations_En.csv", None, 210, 210, "EPSG:4326"),
        ("osm-wilson-trail-gpx-route", "Wilson-Trail-Hong-Kong-route.gpx", Some("waypoints"), 3, 3, ""),
        ("osm-wilson-trail-gpx-route", "Wilson-Trail-Hong-Kong-route.gpx", Some("routes"), 1, 1, ""),
        ("osm-wilson-trail-gpx-track", "Wilson-Trail-Hong-Kong-track.gpx", Some("tracks"), 1, 1, ""),
        ("osm-hong-kong-trail-kml", "Hong-Kong-Trail.kml", None, 10, 10, ""),
        ("afcd-red-tide", "Red_Tide_Incident.geojson.zip", None, 1780, 1780, "CRS84"),
        ("csd-dc-2001-geometry-only", "dc.shp", None, 18, 18, "EPSG:2326"),
        ("csd-dcca-land-2001", "dcca_land.lowres.geo.json", None, 390, 390, "CRS84"),
    ];
    for (folder, name, layer, features, located, crs) in table {
        let Some(path) = shared_path(test, &format!("hk/{folder}/{name}")) else { continue };
        let request = ReadRequest { layer: layer.map(str::to_owned), ..files(&[path]) };
        let read = read_all(&request);
        assert_eq!((read.features.len(), read.located()), (features, located), "{folder}: {:?}", read.facts);
        assert!(read.facts.crs.contains(crs), "{folder}: {:?}", read.facts);
        let [west, south, east, north] = read.box_of_starts();
        assert!(
            west > 113.81 && south > 22.13 && east < 114.51 && north < 22.57,
            "{folder}: {west} {south} {east} {north}"
        );
    }
}

#[test]
fn the_library_with_tabs_in_its_name_keeps_its_columns() {
    let test = "the_library_with_tabs_in_its_name_keeps_its_columns";
    let Some(path) = shared_path(test, "hk/lcsd-libraries-2013/LIBRARY_LCSD_20131213.csv") else { return };
    let layer = read_all(&files(&[path]));
    assert_eq!(layer.fields.len(), 24);
    // The 187th line, the header's counted.
    let row = &layer.features[185];
    let with_tabs: usize = row
        .values
        .iter()
        .map(|value| match value {
            Value::Text(text) => text.matches('\t').count(),
            _ => 0,
        })
        .sum();
    assert_eq!((row.row, with_tabs), (186, 7), "{row:?}");
    assert_eq!(layer.text(185, "ENGLISH CATEGORY"), "Libraries");
    assert!(row.wkb.is_some() && row.problem.is_none());
}

#[test]
fn twenty_ferry_routes_are_one_layer() {
    let test = "twenty_ferry_routes_are_one_layer";
    let Some(folder) = shared_path(test, "hk/td-ferry-routes") else { return };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let layer = read_all(&ReadRequest { file_name_field: Some("route".into()), ..files(&paths) });
    assert_eq!(layer.names(), ["route"]);
    assert_eq!((layer.features.len(), layer.located()), (20, 20));
    assert_eq!((layer.text(0, "route"), layer.text(19, "route")), ("7000004", "NPKC"));
}

#[test]
fn real_files_that_are_no_layers_are_refused() {
    let test = "real_files_that_are_no_layers_are_refused";
    for (path, part) in [
        ("hk/csd-dc-land-2001-dbf-only/dc_land.dbf", "without its .shp"),
        ("hk/landsd-topo-facility-lines/FACILINE_2.js", "JavaScript"),
    ] {
        let Some(path) = shared_path(test, path) else { continue };
        let message = refusal(&files(&[path]));
        assert!(message.contains(part), "{message}");
    }
}
