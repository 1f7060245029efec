//! The hostile inputs of the threat model, each as the attack that it is; the numbers are those of
//! its list, and `hostile-cases.tsv` says where each stands. Whatever is in a file, reading it ends
//! soon, in a sentence or in features; nothing of other files comes out, nothing is called, and the
//! next good file is read.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use causeway::base::Value;
use causeway::intake::delivery::{DeliveryError, ReadRequest};
use support::reading::{Layer, WORKER, files, files_under, read_all, refusal, try_read, written};
use support::{Workspace, made, shared_path};

/// What no file of the shared set may need.
const TIME: Duration = Duration::from_secs(20);

/// Somebody who would notice a call.
struct Listener(TcpListener);

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Listener(listener)
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}/", self.0.local_addr().unwrap().port())
    }

    #[track_caller]
    fn assert_not_called(&self) {
        assert!(self.0.accept().is_err(), "the worker called");
    }
}

/// A file with a secret beside the delivery, as an attacker would point at it.
fn secret(folder: &Path) -> PathBuf {
    let path = folder.join("secret.csv");
    std::fs::write(&path, "name,lon,lat\nTOP-SECRET-1234,114.1,22.3\n").unwrap();
    path
}

/// Reading ended in features or in a sentence, soon, and leaked nothing.
#[track_caller]
fn ends_well(name: &str, request: &ReadRequest) -> Result<Layer, String> {
    let begun = Instant::now();
    let result = try_read(request);
    assert!(begun.elapsed() < TIME, "{name} took {:?}", begun.elapsed());
    let account = format!("{result:?}");
    assert!(!account.contains("TOP-SECRET") && !account.contains("root:x:"), "{name} leaks");
    assert!(!account.contains("/tmp/."), "{name}: the private copy is named: {account}");
    match result {
        Ok(layer) => Ok(layer),
        Err(DeliveryError::Refused(message)) => Err(message),
        Err(other) => panic!("{name}: {other}"),
    }
}

// ---------------------------------------------------------------- files that point elsewhere

/// 1, 2, 3.
#[test]
fn service_files_under_any_name_are_refused_and_nothing_is_read_or_called() {
    let listener = Listener::new();
    let folder = tempfile::tempdir().unwrap();
    let neighbour = secret(folder.path());
    let vrt = |source: &str| {
        format!(
            "<OGRVRTDataSource><OGRVRTLayer name=\"secret\"><SrcDataSource>{source}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
        )
    };
    let contents = [
        vrt(neighbour.to_str().unwrap()),
        vrt(&format!("/vsicurl/{}", listener.address())),
        format!("<OGRWFSDataSource><URL>{}</URL></OGRWFSDataSource>", listener.address()),
        listener.address(),
        format!("PG:host=127.0.0.1 {}", listener.address()),
        "{\"type\":\"Point\"".to_owned(),
    ];
    for extension in ["geojson", "json", "csv", "shp", "gpkg", "kml", "gml", "xml", "tab", "dxf", "fgb", "topojson"] {
        for (number, content) in contents.iter().enumerate() {
            let path = folder.path().join(format!("disguise-{number}.{extension}"));
            std::fs::write(&path, content).unwrap();
            let result = ends_well(&format!("{number}.{extension}"), &files(&[path]));
            assert!(result.is_err(), "{number}.{extension}: {result:?}");
        }
    }
    listener.assert_not_called();
}

/// 4, 5, 15: a link in a good file stays a link.
#[test]
fn links_in_good_files_are_kept_and_not_followed() {
    let listener = Listener::new();
    let there = listener.address();
    let geojson = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"link","properties":{{"href":"{there}","type":"ogcwkt"}}}},"features":[{{"type":"Feature","properties":{{"a":1}},"geometry":{{"type":"Point","coordinates":[114.1,22.3]}}}}]}}"#
    );
    let gml = format!(
        r#"<gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xlink="http://www.w3.org/1999/xlink" xsi:schemaLocation="http://x {there}schema.xsd"><gml:featureMember><x><name xlink:href="{there}">a</name><gml:Point srsName="EPSG:4326"><gml:coordinates>114.1,22.3</gml:coordinates></gml:Point></x></gml:featureMember></gml:FeatureCollection>"#
    );
    let kml = format!(
        r##"<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link><href>{there}</href></Link></NetworkLink><Placemark><name>a</name><styleUrl>{there}style.kml#s</styleUrl><Style><IconStyle><Icon><href>{there}icon.png</href></Icon></IconStyle></Style><Point><coordinates>114.1,22.3</coordinates></Point></Placemark></Document></kml>"##
    );
    for (name, content) in [("link.geojson", geojson), ("link.gml", gml), ("link.kml", kml)] {
        let (folder, request) = written(name, content.as_bytes());
        let result = ends_well(name, &request);
        println!("{name}: {result:?}");
        if let Ok(layer) = result {
            assert_eq!(layer.features.len(), 1, "{name}");
        }
        let beside: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(beside.len(), 1, "{name}: something was left beside the source");
    }
    listener.assert_not_called();
}

/// 13, 14: entities that grow, and entities that read files.
#[test]
fn entities_are_refused_at_once() {
    let mut bomb = String::from("<!ENTITY a0 \"lol\">");
    for level in 1..=9 {
        bomb.push_str(&format!("<!ENTITY a{level} \"{}\">", format!("&a{};", level - 1).repeat(10)));
    }
    let external = "<!ENTITY a9 SYSTEM \"file:///etc/hostname\">".to_owned();
    for entities in [bomb, external] {
        for (name, root, open, close) in [
            ("x.kml", "kml", "<Document><name>", "</name></Document>"),
            ("x.gpx", "gpx", "<wpt lat=\"22.3\" lon=\"114.1\"><name>", "</name></wpt>"),
            ("x.gml", "gml:FeatureCollection", "<gml:name>", "</gml:name>"),
            ("x.osm", "osm", "<note>", "</note>"),
        ] {
            let text = format!(
                "<?xml version=\"1.0\"?><!DOCTYPE x [{entities}]><{root} xmlns:gml=\"http://www.opengis.net/gml\">{open}&a9;{close}</{root}>"
            );
            let (_folder, request) = written(name, text.as_bytes());
            let begun = Instant::now();
            let message = refusal(&request);
            assert!(message.contains("entities"), "{name}: {message}");
            assert!(begun.elapsed() < Duration::from_secs(1), "{name}");
        }
    }
}

// ---------------------------------------------------------------- GeoPackages

/// A sound package made by us, opened for vandalism.
fn package() -> (tempfile::TempDir, PathBuf) {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", b"name,lon,lat\nPier,114.16,22.28\nPeak,114.15,22.27\n")], "");
    workspace.ingest();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("points.gpkg");
    let revision = workspace.revision("afcd-points");
    let made = workspace.data().join("layers/afcd-points").join(revision).join("layer.gpkg");
    // Copied as bytes: the published file is read-only.
    std::fs::write(&path, std::fs::read(made).unwrap()).unwrap();
    (folder, path)
}

fn vandalise(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false).unwrap();
    connection.execute_batch(sql).unwrap();
}

/// 6 to 11.
#[test]
fn what_a_geopackage_would_run_is_refused_before_gdal_sees_it() {
    let (_folder, good) = package();
    assert_eq!(read_all(&files(std::slice::from_ref(&good))).features.len(), 2, "the package itself is read");
    let bytes = std::fs::read(&good).unwrap();
    let virtual_table = |sql: &str| {
        format!(
            "PRAGMA writable_schema=ON; INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql) VALUES('table','vt','vt',0,'{}'); INSERT INTO gpkg_contents(table_name,data_type,identifier) VALUES('vt','attributes','vt');",
            sql.replace('\'', "''")
        )
    };
    for (name, sql, part) in [
        (
            "text",
            virtual_table("CREATE VIRTUAL TABLE vt USING VirtualText('/etc/passwd','UTF-8',0,POINT,NONE,':')"),
            "virtual table",
        ),
        ("shape", virtual_table("CREATE VIRTUAL TABLE vt USING VirtualShape('/tmp/x','UTF-8',4326)"), "virtual table"),
        ("dbf", virtual_table("CREATE VIRTUAL TABLE vt USING VirtualDbf('/tmp/x.dbf','UTF-8')"), "virtual table"),
        ("ogr", virtual_table("CREATE VIRTUAL TABLE vt USING VirtualOGR('/etc/passwd')"), "virtual table"),
        (
            "endless",
            "CREATE VIEW v AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c;"
                .to_owned(),
            "the view v",
        ),
        ("huge", "CREATE VIEW v AS SELECT hex(zeroblob(400000000)) AS x;".to_owned(), "the view v"),
        ("extension", "CREATE VIEW v AS SELECT load_extension('/tmp/x.so') AS x;".to_owned(), "the view v"),
        (
            "trigger",
            "CREATE TRIGGER t AFTER INSERT ON afcd_points BEGIN SELECT load_extension('/tmp/x.so'); END;".to_owned(),
            "the trigger t",
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("{name}.gpkg"));
        std::fs::write(&path, &bytes).unwrap();
        vandalise(&path, &sql);
        let begun = Instant::now();
        let message = refusal(&files(&[path]));
        assert!(message.contains(part), "{name}: {message}");
        assert!(begun.elapsed() < Duration::from_secs(2), "{name}");
    }
    for beside in ["points.gpkg-wal", "points.gpkg-journal"] {
        let companion = good.with_file_name(beside);
        std::fs::write(&companion, b"x").unwrap();
        assert!(refusal(&files(std::slice::from_ref(&good))).contains(beside));
        std::fs::remove_file(companion).unwrap();
    }
}

// ---------------------------------------------------------------- JSON, text, shapes

/// 16 to 19, 34, 35.
#[test]
fn json_that_no_department_would_write_ends_well() {
    let feature = |properties: &str, geometry: &str| {
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{properties},"geometry":{geometry}}}]}}"#
        )
    };
    let point = r#"{"type":"Point","coordinates":[114.1,22.3]}"#;
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200_000), "]".repeat(200_000));
    let (_folder, request) = written("deep.geojson", feature(&deep, point).as_bytes());
    assert!(refusal(&request).contains("nested 2000"));
    let nested =
        format!("{}{point}{}", r#"{"type":"GeometryCollection","geometries":["#.repeat(20_000), "]}".repeat(20_000));
    let (_folder, request) = written("nested.geojson", feature("{}", &nested).as_bytes());
    assert!(refusal(&request).contains("nested"));

    let (_folder, request) = written("twice.geojson", feature(r#"{"a":1,"a":2,"id":7}"#, point).as_bytes());
    let layer = read_all(&request);
    assert_eq!(layer.value(0, "a"), &Value::Integer(2), "the last of equal keys");

    for number in ["NaN", "Infinity", "-Infinity", "1e400"] {
        let geometry = format!(r#"{{"type":"LineString","coordinates":[[114.1,22.3],[{number},22.3]]}}"#);
        let (_folder, request) = written("number.geojson", feature("{}", &geometry).as_bytes());
        let result = ends_well(number, &request);
        if let Ok(layer) = result {
            let ingested = ingest_alone("number.geojson", feature("{}", &geometry).as_bytes());
            assert_eq!(ingested.status, 3, "{number}: {layer:?} {}", ingested.stderr);
        }
    }
    let (_folder, request) = written("surrogate.geojson", feature(r#"{"a":"\ud800"}"#, point).as_bytes());
    let _ = ends_well("surrogate", &request);
    let mut bytes = feature(r#"{"a":"x"}"#, point).into_bytes();
    let at = bytes.windows(3).position(|window| window == b"\"x\"").unwrap();
    bytes[at + 1] = 0xFF;
    let (_folder, request) = written("invalid.geojson", &bytes);
    let layer = read_all(&request);
    assert_eq!(layer.text(0, "a"), "\u{FFFD}");
    assert!(layer.facts.notes.iter().any(|note| note.contains("1 places")), "{:?}", layer.facts);
}

/// Formats that are held in memory whole: of TopoJSON a byte of the file takes fifty, of a KML of
/// nothing but placemarks thirty.
#[test]
fn a_file_that_needs_more_memory_than_there_may_be_is_refused_with_the_limit() {
    const ARC_POINTS: usize = 10_000_000;
    const PLACEMARKS: usize = 6_000_000;
    let topology = |points: &str| {
        format!(
            r#"{{"type":"Topology","objects":{{"a":{{"type":"LineString","arcs":[0]}}}},"arcs":[[[114,22]{points}]]}}"#
        )
    };
    let kml = |placemarks: &str| {
        format!(r#"<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{placemarks}</Document></kml>"#)
    };
    for (name, text) in [
        ("large.topojson", topology(&",[0,0]".repeat(ARC_POINTS))),
        ("large.kml", kml(&"<Placemark/>".repeat(PLACEMARKS))),
    ] {
        let ran = ingest_alone(name, text.as_bytes());
        assert_eq!(ran.status, 3, "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("the 2 GiB of memory that its reader may have"), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains("hand it in in parts, or as GeoPackage"), "{name}: {}", ran.stderr);
    }
}

/// Takes a file in as a bare delivery of class open.
fn ingest_alone(name: &str, bytes: &[u8]) -> support::Ran {
    let workspace = Workspace::default();
    let path = workspace.folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    workspace.causeway(&["ingest", "--source", path.to_str().unwrap(), "--class", "open"])
}

/// 17 in CSV, 30, 31, 33.
#[test]
fn tables_that_no_department_would_write_end_well() {
    let deep = format!("id,wkt\n1,\"{}POINT(1 2){}\"\n", "GEOMETRYCOLLECTION(".repeat(50_000), ")".repeat(50_000));
    let (_folder, request) = written("deep.csv", deep.as_bytes());
    let request = ReadRequest { crs: Some("EPSG:4326".into()), ..request };
    let layer = read_all(&request);
    assert!(layer.features[0].fault.as_deref().unwrap().contains("nested"), "{:?}", layer.features[0]);

    let names: Vec<String> = (0..70_000).map(|number| format!("c{number}")).collect();
    let ran = ingest_alone("wide.csv", format!("lon,lat,{}\n114.1,22.3\n", names.join(",")).as_bytes());
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("70002 fields; a layer has at most 1000"), "{}", ran.stderr);

    let long = format!("name,lon,lat\n{},114.1,22.3\n", "x".repeat(200 << 20));
    let ran = ingest_alone("long.csv", long.as_bytes());
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("over 8388608 bytes"), "{}", ran.stderr);

    let (_folder, request) = written("quote.csv", b"name,lon,lat\nA,114.1,22.3\n\"B,114.1,22.3\nC,114.1,22.3\n");
    assert!(refusal(&request).contains("opens a quote"));
}

/// 21: nowhere is no place.
#[test]
fn a_point_at_null_island_is_a_feature_without_a_place() {
    let (_folder, request) = written("null.csv", b"name,lon,lat\nA,0,0\nB,114.1,22.3\n");
    let layer = read_all(&request);
    assert_eq!((layer.features.len(), layer.located()), (2, 1));
    let text = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[0,0]}}]}"#;
    let (_folder, request) = written("null.geojson", text.as_bytes());
    let layer = read_all(&request);
    assert!(layer.features[0].problem.as_deref().unwrap().contains("0, 0"));
}

#[test]
fn a_geometry_of_no_known_type_is_named() {
    let feature = |geometry: &str| format!(r#"{{"type":"Feature","properties":{{}},"geometry":{geometry}}}"#);
    let point = feature(r#"{"type":"Point","coordinates":[114.1,22.3]}"#);
    for (name, geometry, is_named) in
        [("circle", r#"{"type":"Circle","coordinates":[114.1,22.3],"radius":5}"#, true), ("null", "null", false)]
    {
        for (file, text) in [
            ("a.geojson", format!(r#"{{"type":"FeatureCollection","features":[{point},{}]}}"#, feature(geometry))),
            ("a.geojsonl", format!("{point}\n{}\n", feature(geometry))),
        ] {
            let (_folder, request) = written(file, text.as_bytes());
            let layer = read_all(&request);
            assert_eq!((layer.features.len(), layer.located()), (2, 1), "{name} in {file}");
            let problem = layer.features[1].problem.as_deref().unwrap_or_default();
            assert_eq!(
                problem.contains("of a type that GeoJSON does not have"),
                is_named,
                "{name} in {file}: {problem}"
            );
        }
    }
}

/// 20: what the numbers say against what is declared.
#[test]
fn a_declared_system_that_the_numbers_contradict_is_refused_with_the_likely_one() {
    let text = |x: f64, y: f64, crs: &str| {
        format!(
            r#"{{"type":"FeatureCollection",{crs}"features":[{{"type":"Feature","properties":{{}},"geometry":{{"type":"Point","coordinates":[{x},{y}]}}}}]}}"#
        )
    };
    let member = r#""crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::2326"}},"#;
    let (_folder, request) = written("degrees.geojson", text(114.17, 22.3, member).as_bytes());
    assert!(refusal(&request).contains("EPSG:4326"));
    let (_folder, request) = written("grid.geojson", text(836694.0, 819069.0, "").as_bytes());
    let declared = ReadRequest { crs: Some("EPSG:4326".into()), ..request };
    assert!(refusal(&declared).contains("EPSG:2326"));
    let (_folder, request) = written("swapped.geojson", text(22.3, 114.17, "").as_bytes());
    assert!(refusal(&request).contains("longitude first"));
    let (_folder, request) = written("britain.geojson", text(170_000.0, 530_000.0, "").as_bytes());
    let declared = ReadRequest { crs: Some("EPSG:27700".into()), ..request };
    assert_eq!(read_all(&declared).located(), 1, "a place in the sea off Britain is not a contradiction");
}

/// The made shapefile in a folder of its own, so that a test may damage it.
fn own_shapefile() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["estates.shp", "estates.dbf"] {
        std::fs::copy(made("hkscs").join(name), folder.path().join(name)).unwrap();
    }
    let path = folder.path().join("estates.shp");
    (folder, path)
}

/// 22 to 26.
#[test]
fn shapefiles_that_lie_about_their_size_end_well() {
    for (name, extension, at, bytes) in [
        ("points", "shp", 144, &0x7FFF_FFFFu32.to_le_bytes()),
        ("points", "shp", 144, &50_000_000u32.to_le_bytes()),
        ("part", "shp", 152, &0xFFFF_FFF0u32.to_le_bytes()),
        ("rows", "dbf", 4, &0xFFFF_FFF0u32.to_le_bytes()),
        ("rows", "dbf", 4, &0x7FFF_FFFFu32.to_le_bytes()),
    ] {
        let (_folder, path) = own_shapefile();
        let damaged = path.with_extension(extension);
        let mut content = std::fs::read(&damaged).unwrap();
        content[at..at + 4].copy_from_slice(bytes);
        std::fs::write(&damaged, content).unwrap();
        let result = ends_well(name, &files(&[path]));
        if let Ok(layer) = result {
            assert_eq!(layer.features.len(), 5, "{name} at {at}");
        }
    }
    let (folder, path) = own_shapefile();
    std::fs::write(folder.path().join("estates.shx"), [0u8; 108]).unwrap();
    let layer = read_all(&files(&[path]));
    assert_eq!(layer.features.len(), 5);
    assert!(layer.facts.notes.iter().any(|note| note.contains("does not fit")), "{:?}", layer.facts);
    assert_eq!(std::fs::read(folder.path().join("estates.shx")).unwrap(), [0u8; 108], "the source is as it was");
}

/// As programs leave it that shorten a file and not its end.
#[test]
fn what_stands_behind_the_last_shape_of_the_index_is_none() {
    const HEADER_BYTES: usize = 100;
    let (_folder, path) = own_shapefile();
    let mut shapes = std::fs::read(&path).unwrap();
    let mut index = shapes[..HEADER_BYTES].to_vec();
    let mut at = HEADER_BYTES;
    while at < shapes.len() {
        let words: [u8; 4] = shapes[at + 4..at + 8].try_into().unwrap();
        index.extend([(at as u32 / 2).to_be_bytes(), words].concat());
        at += 8 + 2 * u32::from_be_bytes(words) as usize;
    }
    shapes.extend([0xFC, 0xFF, 0x53, 0, 0, 0x80, 0x66, 0x40, 0xEC, 0x5C, 0x8D, 0xF7]);
    shapes.extend([0xB7; 228]);
    for (extension, mut content) in [("shx", index), ("shp", shapes)] {
        let words = (content.len() as u32 / 2).to_be_bytes();
        content[24..28].copy_from_slice(&words);
        std::fs::write(path.with_extension(extension), content).unwrap();
    }
    let layer = read_all(&files(&[path]));
    assert_eq!(layer.features.len(), 5);
    assert!(!layer.facts.notes.iter().any(|note| note.contains(".shx")), "{:?}", layer.facts);
}

/// 27, 28: only regular files, by their place.
#[test]
fn a_delivery_is_a_regular_file_and_nothing_else() {
    let listener = Listener::new();
    for name in [
        "PG:host=127.0.0.1".to_owned(),
        listener.address(),
        "{\"type\":\"Point\",\"coordinates\":[1,2]}".to_owned(),
        "/vsimem/x.geojson".to_owned(),
        "/vsicurl/http://127.0.0.1/x.geojson".to_owned(),
        "MEM:::DATAPOINTER=1".to_owned(),
    ] {
        let result = try_read(&files(&[PathBuf::from(&name)]));
        assert!(result.is_err(), "{name}");
    }
    listener.assert_not_called();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link.geojson");
    std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
    assert!(refusal(&files(&[link])).contains("is a link"));
}

/// 29: names are for people.
#[test]
fn names_of_any_shape_never_become_paths() {
    let folder = tempfile::tempdir().unwrap();
    let long = format!("{}.csv", "名".repeat(80));
    for name in ["a\nb.csv", "a\u{1b}[31m.csv", "..csv.csv", &long, "a b;'\".csv"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "name,lon,lat\nA,114.1,22.3\n").unwrap();
        assert_eq!(read_all(&files(&[path])).located(), 1, "{name:?}");
    }
}

// ---------------------------------------------------------------- the cage

/// Runs the worker on a request of our own making, as if a driver had been taken over.
#[test]
fn the_worker_reads_no_other_file_even_when_it_is_told_to() {
    let scratch = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("outside.geojson");
    std::fs::write(
        &path,
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":"TOP-SECRET"},"geometry":null}]}"#,
    )
    .unwrap();
    let ask = |path: &Path| {
        let request = serde_json::json!({
            "sources": [{ "path": path, "shown": "x.geojson", "format": "GeoJson", "encoding": null, "layer": null, "rows": {}, "notes": [] }],
            "geometry": "split", "crs": null, "allows_ballpark": false,
            "easting": null, "northing": null, "longitude": null, "latitude": null,
        });
        let mut child = std::process::Command::new(WORKER)
            .env_clear()
            .current_dir(scratch.path())
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };
    let inside = scratch.path().join("inside.geojson");
    std::fs::copy(&path, &inside).unwrap();
    assert!(ask(&inside).contains("TOP-SECRET"), "what is in its folder is read");
    let said = ask(&path);
    assert!(!said.contains("TOP-SECRET"), "{said}");
    assert!(!said.is_empty());
}

/// A kernel that has everything leaves nothing to say.
#[test]
fn what_the_cage_lacks_is_said_in_the_report() {
    let (_folder, request) = written("a.csv", b"name,lon,lat\nA,114.1,22.3\n");
    let layer = read_all(&request);
    for note in &layer.facts.notes {
        assert!(note.contains("Landlock") || note.contains("name space") || note.contains("system calls"), "{note}");
    }
    println!("this kernel lacks: {:?}", layer.facts.notes);
}

// ---------------------------------------------------------------- the shared set

/// Every file of `golden/hostile`, with the secret that the disguised ones ask for in its place.
#[test]
fn hostile_files_end_soon_and_leak_nothing() {
    let Some(folder) = shared_path("hostile_files_end_soon_and_leak_nothing", "golden/hostile") else { return };
    let secret = Path::new("/tmp/causeway-secret.csv");
    std::fs::write(secret, "name,lon,lat\nTOP-SECRET-1234,114.1,22.3\n").unwrap();
    for path in files_under(&folder) {
        let name = path.display().to_string();
        // Named, so that no file gets away by having none.
        let needs =
            ["shp", "dxf", "fgb"].iter().any(|kind| path.extension().is_some_and(|extension| extension == *kind));
        let crs = needs.then(|| "EPSG:4326".to_owned());
        let _ = ends_well(&name, &ReadRequest { crs, ..files(std::slice::from_ref(&path)) });
    }
    std::fs::remove_file(secret).unwrap();
    let good = read_all(&files(&[made("grid.geojson")]));
    assert!(!good.features.is_empty(), "the next good file is read");
}

// ---------------------------------------------------------------- the list itself

/// Number, file and test of every hostile input that ingest and the public port answer for. 55, 76 and 85
/// need people who sign in.
const CASES: &str = include_str!("data/hostile-cases.tsv");

#[test]
fn every_hostile_input_of_the_list_has_a_test() {
    let mut numbers = std::collections::BTreeSet::new();
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [number, file, test] = cells[..] else { panic!("{line}") };
        let source = std::fs::read_to_string(support::tree(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{file} has no test {test}");
        numbers.insert(number.parse::<u32>().unwrap());
    }
    let missing: Vec<u32> =
        (1..=54).chain(56..=75).chain(77..=84).chain(86..=88).filter(|number| !numbers.contains(number)).collect();
    assert!(missing.is_empty(), "no test of {missing:?}");
}
