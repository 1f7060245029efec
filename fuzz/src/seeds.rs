//! Writes seeds for every target into `corpus/<target>/`, from the deliveries of `tests/data`, the
//! definitions of `layers` and the shared data, where that is there. All is built for libFuzzer, so
//! this too is started by it, and ends before it would begin.
#![no_main]

use std::path::{Path, PathBuf};
use std::process::Command;

use causeway::base::{FeatureId, FieldKind, GeometryKind, Value};
use causeway::geometry::Shape;
use causeway::intake::delivery::protocol::{Frame, SourceSchema};
use causeway::intake::delivery::{Repair, SourceFacts, SourceFeature, SourceField};
use causeway::package::ValueRef;
use causeway::tiles::mvt::{LayerWriter, Parts};

/// Longer seeds slow every input down and teach nothing new.
const SEED_BYTES_MAX: usize = 16 * 1024;
/// Geometries taken of one table.
const GEOMETRIES_MAX: usize = 40;
/// What is kept of a text file: declarations stand at its head.
const HEAD_BYTES: usize = 2_048;

libfuzzer_sys::fuzz_target!(init: end_with_seeds(), |_input: &[u8]| {});

fn end_with_seeds() {
    write_seeds();
    std::process::exit(0)
}

fn write_seeds() {
    let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("CAUSEWAY_SHARED").map_or_else(|| tree.join("../shared"), PathBuf::from).join("data");
    let mut files = files_under(&tree.join("tests/data"));
    for folder in ["formats", "golden"] {
        if !shared.join(folder).is_dir() {
            eprintln!("SKIPPED seeds of {}: it is not there", shared.join(folder).display());
        }
        files.extend(files_under(&shared.join(folder)));
    }
    geometry(&files);
    deliveries(&files);
    tar(&tree.join("tests/data"));
    tiles();
    let definitions = files_under(&tree.join("layers")).into_iter().filter(|path| path.ends_with("layer.toml"));
    definitions.for_each(|path| save("definition", &read(&path)));
    filters(&files);
    for text in ADDRESSES {
        save("addresses", text.as_bytes());
    }
}

/// A tile of each kind of geometry, with a value of each kind.
fn tiles() {
    let square = vec![(0, 0), (4_096, 0), (4_096, 4_096), (0, 4_096)];
    let lines = [square.clone(), vec![(-64, 9), (70, 4_160)]];
    for parts in [Parts::Points(&square), Parts::Lines(&lines), Parts::Areas(&[lines.to_vec(), vec![square.clone()]])] {
        let keys = ["a", "名", "c", "d", "e"].map(str::to_owned).to_vec();
        let mut writer = LayerWriter::new("layer", 4_096, keys);
        for number in [7, -1_000_000] {
            let values = [
                ValueRef::Integer(number),
                ValueRef::Text("圖書館"),
                ValueRef::Real(0.5),
                ValueRef::Boolean(true),
                ValueRef::Null,
            ];
            writer.add(FeatureId::from_hash(number.unsigned_abs()), &parts, values.into_iter());
        }
        save("tile", &writer.finish());
    }
}

fn save(target: &str, seed: &[u8]) {
    if seed.len() > SEED_BYTES_MAX {
        return;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    std::fs::create_dir_all(&folder).expect("the corpus can be made");
    let name = causeway::base::digest::Sha256Hex::of_bytes(seed).to_string();
    std::fs::write(folder.join(&name[..16]), seed).expect("a seed can be written");
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_default()
}

fn files_under(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.into_iter().flat_map(|path| if path.is_dir() { files_under(&path) } else { vec![path] }).collect()
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// Blobs of packages, and one of each kind of geometry, for the readers of geometry; the same in
/// frames for the reader of the worker's stream.
fn geometry(files: &[PathBuf]) {
    let mut blobs = Vec::new();
    for path in files.iter().filter(|path| extension(path) == "gpkg") {
        blobs.extend(blobs_of(path).unwrap_or_default());
    }
    for (has_z, has_m) in [(false, false), (true, false), (false, true), (true, true)] {
        for kind in [
            GeometryKind::Point,
            GeometryKind::LineString,
            GeometryKind::Polygon,
            GeometryKind::MultiPoint,
            GeometryKind::MultiLineString,
            GeometryKind::MultiPolygon,
            GeometryKind::GeometryCollection,
        ] {
            let shape = square(kind, has_z, has_m);
            blobs.push(causeway::geometry::blob::encode(&shape.to_wkb(), kind, &shape.bbox()));
            blobs.push(shape.to_wkb());
        }
    }
    for (place, blob) in blobs.iter().enumerate() {
        save("geometry", blob);
        save("protocol", &stream(place as u64, blob));
    }
    save("protocol", &bytes_of(&[Frame::Refused("a.csv is refused".to_owned())]));
}

fn blobs_of(path: &Path) -> rusqlite::Result<Vec<Vec<u8>>> {
    // Immutable, or SQLite leaves a file beside a package whose log is written ahead.
    let address = format!("file:{}?immutable=1", path.display());
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_URI;
    let package = rusqlite::Connection::open_with_flags(address, flags)?;
    let columns: Vec<(String, String)> = package
        .prepare("SELECT table_name, column_name FROM gpkg_geometry_columns")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut blobs = Vec::new();
    for (table, column) in columns {
        // The set of attacks has views that never end.
        let is_table = package.query_row(
            "SELECT count(*) FROM sqlite_master WHERE name = ?1 AND type = 'table'",
            [&table],
            |row| row.get::<_, i64>(0),
        )?;
        if is_table == 1 {
            let sql = format!("SELECT \"{column}\" FROM \"{table}\" LIMIT {GEOMETRIES_MAX}");
            let mut statement = package.prepare(&sql)?;
            let rows = statement.query_map([], |row| row.get::<_, Option<Vec<u8>>>(0))?;
            blobs.extend(rows.filter_map(|blob| blob.ok().flatten()));
        }
    }
    Ok(blobs)
}

/// A square of a kind, with a second part or member where the kind has such.
fn square(kind: GeometryKind, has_z: bool, has_m: bool) -> Shape {
    let mut shape = Shape::new(kind);
    (shape.has_z, shape.has_m) = (has_z, has_m);
    if kind == GeometryKind::GeometryCollection {
        shape.members = vec![square(GeometryKind::Point, has_z, has_m), square(GeometryKind::Polygon, has_z, has_m)];
        return shape;
    }
    let corners = [(114.1, 22.2), (114.2, 22.2), (114.2, 22.3), (114.1, 22.3), (114.1, 22.2)];
    shape.points = if kind == GeometryKind::Point { corners[..1].to_vec() } else { corners.to_vec() };
    shape.extras = vec![1.5; shape.points.len() * shape.extras_per_point()];
    if !matches!(kind, GeometryKind::Point | GeometryKind::MultiPoint) {
        shape.ends.push(shape.points.len());
    }
    if matches!(kind, GeometryKind::Polygon | GeometryKind::MultiPolygon) {
        shape.polygon_ends.push(shape.ends.len());
    }
    shape
}

/// What the worker would say of two files with a feature each.
fn stream(row: u64, wkb: &[u8]) -> Vec<u8> {
    let field = |name: &str, kind| SourceField { name: name.to_owned(), kind, untyped: kind == FieldKind::Text };
    let schema = SourceSchema {
        fields: vec![field("名稱", FieldKind::Text), field("n", FieldKind::Integer), field("r", FieldKind::Real)],
        facts: SourceFacts { format: "CSV".to_owned(), notes: vec!["a note".to_owned()], ..SourceFacts::default() },
    };
    let other = SourceSchema { fields: vec![field("n", FieldKind::Real)], facts: SourceFacts::default() };
    let feature = SourceFeature {
        row,
        wkb: Some(wkb.to_vec()),
        repaired: Some(Repair { reason: "rings cross".to_owned(), area_change: 0.01 }),
        changes: vec!["curve made straight".to_owned()],
        values: vec![Value::Text("圖書館".to_owned()), Value::Integer(7), Value::Real(0.5)],
        problem: Some("no place".to_owned()),
        ..SourceFeature::default()
    };
    let plain = SourceFeature { row: 1, values: vec![Value::Null], ..SourceFeature::default() };
    let (first, second) = (Frame::Feature(feature), Frame::Feature(plain));
    bytes_of(&[Frame::Schemas(vec![schema, other]), Frame::Source(0), first, Frame::Source(1), second, Frame::End(2)])
}

fn bytes_of(frames: &[Frame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        frame.append(&mut bytes).expect("memory takes everything");
    }
    bytes
}

/// Files as they are, behind the byte that the targets know their kind by.
fn deliveries(files: &[PathBuf]) {
    let archives = ["zip", "tar", "tgz", "gz", "kmz", "xlsx"];
    let texts = ["dbf", "csv", "geojson", "topojson", "geojsonl", "kml", "gml", "gpx", "tab", "gpkg"];
    for path in files {
        let (kind, bytes) = (extension(path), read(path));
        let head = &bytes[..bytes.len().min(HEAD_BYTES)];
        if let Some(place) = archives.iter().position(|known| *known == kind) {
            save("archives", &[&[place as u8], bytes.as_slice()].concat());
        }
        if let Some(place) = texts.iter().position(|known| *known == kind) {
            save("recognise", &[&[place as u8], head].concat());
            save("text", head);
        }
        if ["kml", "gml", "gpx", "xml", "xsd"].contains(&kind.as_str()) {
            save("xml", &bytes);
        }
    }
}

/// Archives of each form of tar, made by the system's.
fn tar(folder: &Path) {
    for form in ["ustar", "pax", "gnu"] {
        let made = Command::new("tar")
            .args(["--create", "--file=-", &format!("--format={form}"), "--sort=name"])
            .arg("--transform=s,posts,a-name-that-is-long/".to_owned() + &"long/".repeat(30) + "圖書館,")
            .arg("--directory")
            .arg(folder)
            .args(["posts.kml", "seconds-and-grid.csv", "ferries"])
            .output();
        let Ok(made) = made.map(|made| made.stdout).map_err(|error| eprintln!("SKIPPED seeds of tar: {error}")) else {
            return;
        };
        save("tar", &made);
        save("archives", &[&[1u8], made.as_slice()].concat());
    }
}

fn filters(files: &[PathBuf]) {
    let lines = files.iter().filter(|path| path.components().any(|part| part.as_os_str() == "cql2"));
    for path in lines.filter(|path| ["txt", "jsonl", "tsv"].contains(&extension(path).as_str())) {
        String::from_utf8_lossy(&read(path)).lines().for_each(|line| save("cql2", line.as_bytes()));
    }
    for text in CQL2 {
        save("cql2", text.as_bytes());
    }
    for text in WHERE {
        save("where_clause", text.as_bytes());
    }
    for text in FES {
        let filter = format!("<fes:Filter xmlns:fes=\"http://www.opengis.net/fes/2.0\">{text}</fes:Filter>");
        save("fes", filter.as_bytes());
        save("xml", filter.as_bytes());
    }
}

const CQL2: [&str; 5] = [
    "a LIKE 'x%' AND b BETWEEN 1 AND 2 OR NOT c = TRUE",
    "S_INTERSECTS(geometry, POLYGON((114 22, 115 22, 115 23, 114 22)))",
    "S_WITHIN(geometry, GEOMETRYCOLLECTION(POINT Z(1 2 3), MULTIPOINT((1 2), 3 4), LINESTRING(0 0, 1 1)))",
    "T_DURING(e, INTERVAL('2024-01-01', '..')) AND CASEI(a) IN ('x', 'y')",
    "{\"op\":\"=\",\"args\":[{\"property\":\"a\"},\"x\"]}",
];

const WHERE: [&str; 8] = [
    "1=1",
    "OBJECTID >= 5 AND OBJECTID < 9 AND h > 1",
    "OBJECTID IN (3,1,99) OR b = 1",
    "UPPER(a) LIKE 'A%' AND \"a\" <> 'O''Brien'",
    "b NOT IN (1, 2) AND a IS NOT NULL",
    "h>=-1.5 or not (h BETWEEN 3 AND 4)",
    "d = DATE '2021-12-17'",
    "e < TIMESTAMP '2021-12-17 09:30:00'",
];

const FES: [&str; 6] = [
    "<And><PropertyIsEqualTo><ValueReference>a</ValueReference><Literal>O&apos;Brien</Literal></PropertyIsEqualTo>\
     <Not><PropertyIsNull><ValueReference>b</ValueReference></PropertyIsNull></Not></And>",
    "<PropertyIsLike wildCard='*' singleChar='?' escapeChar='!'><PropertyName>a</PropertyName>\
     <Literal>a*b?c!*%</Literal></PropertyIsLike>",
    "<PropertyIsBetween><ValueReference>h</ValueReference><LowerBoundary><Literal>1</Literal></LowerBoundary>\
     <UpperBoundary><Literal>2</Literal></UpperBoundary></PropertyIsBetween>",
    "<BBOX><ValueReference>geometry</ValueReference><Envelope srsName='2326'><lowerCorner>836000 819000</lowerCorner>\
     <upperCorner>837000 820000</upperCorner></Envelope></BBOX>",
    "<ResourceId rid='lcsd-libraries.1'/><ResourceId rid='lcsd-libraries.2'/>",
    "<Or><PropertyIsGreaterThan matchCase='false'><ValueReference>d</ValueReference><Literal>2021-12-17</Literal>\
     </PropertyIsGreaterThan><PropertyIsLessThan><ValueReference>e</ValueReference>\
     <Literal>2021-12-17T00:00:00Z</Literal></PropertyIsLessThan></Or>",
];

const ADDRESSES: [&str; 6] = [
    "lcsd-libraries",
    "20261124T153000123Z-1a2b3c4d5e6f",
    "20261124T153000123Z-1a2b3c4d5e6f~42~0123456789ab",
    "9007199254740991",
    "10/836/446",
    "22/4194303/0",
];
