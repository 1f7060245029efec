//! Features out: what each format holds, answers without an end, and what they cost.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::Duration;

use geo::Validation;
use serde_json::Value;
use support::reading::{Layer, files, read_all};
use support::{Server, Workspace, header};

const GRID: &str = "http://www.opengis.net/def/crs/EPSG/0/2326";

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("formats");
    for place in ["lcsd/libraries", "had/districts-18", "afcd/trail-markers"] {
        workspace.take_from_tree(place);
    }
    workspace.define("afcd/long", &[("long.csv", &long_rows())], "[identity]\nkey = \"key\"\n");
    workspace.ingest();
    workspace
});

/// A layer whose answer is far larger than the memory that a stream may take.
const LONG_ROWS: usize = 20_000;
const LONG_TEXT_BYTES: usize = 4_000;
/// What streams may take above an idle server.
const STREAM_MEMORY_KIB: u64 = 64 * 1024;
/// The server's own memory. What is resident besides are pages of the program's file, which the kernel
/// takes back as it likes, and of which a debug build has hundreds of megabytes.
const OWN_MEMORY: &str = "RssAnon";

fn long_rows() -> Vec<u8> {
    let mut csv = b"key,kind,text,lon,lat\n".to_vec();
    for row in 0..LONG_ROWS {
        let text = format!("{row} lorem ipsum ").repeat(LONG_TEXT_BYTES / 16);
        let (lon, lat) = (114.0 + row as f64 / 1e5, 22.2 + (row % 300) as f64 / 1e3);
        writeln!(csv, "{row},{},{text},{lon:.6},{lat:.6}", row % 7).unwrap();
    }
    csv
}

fn server() -> Server {
    WORKSPACE.serve()
}

fn body(server: &Server, path: &str) -> Vec<u8> {
    let response = server.get(path);
    assert_eq!(response.status(), 200, "{path}");
    response.bytes().unwrap().to_vec()
}

/// What GDAL reads of an answer.
fn read_by_gdal(bytes: &[u8], name: &str) -> Layer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read_all(&files(&[path]))
}

fn ids_of(layer: &Layer) -> HashSet<u64> {
    let id = |row: usize| match layer.value(row, "feature_id") {
        causeway::base::Value::Integer(id) => *id as u64,
        other => panic!("{other:?} is no id"),
    };
    (0..layer.features.len()).map(id).collect()
}

#[test]
fn gdal_reads_every_feature_of_the_formats_that_are_files() {
    let server = server();
    for (layer, count) in [("lcsd-libraries", 186), ("had-districts-18", 18), ("afcd-trail-markers", 576)] {
        let whole = server.json(&format!("/collections/{layer}/items?limit=10000"));
        let ids: HashSet<u64> =
            whole["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_u64().unwrap()).collect();
        assert_eq!(ids.len(), count);
        for (format, name) in [("flatgeobuf", "a.fgb"), ("gpkg", "a.gpkg")] {
            let read = read_by_gdal(&body(&server, &format!("/collections/{layer}/items?f={format}")), name);
            assert_eq!(read.features.len(), count, "{layer} {format}");
            assert_eq!(ids_of(&read), ids, "{layer} {format}");
            assert_eq!(read.located(), count, "{layer} {format}");
        }
        let lines = String::from_utf8(body(&server, &format!("/collections/{layer}/items?f=ndjson"))).unwrap();
        let seen: HashSet<u64> =
            lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap()).collect();
        assert_eq!(seen, ids, "{layer}");
    }
}

#[test]
fn a_file_holds_what_was_asked_for_and_nothing_else() {
    let server = server();
    let asked = "/collections/afcd-trail-markers/items?bbox=114.1,22.3,114.3,22.5&properties=";
    let matched = server.json(&format!("{asked}&limit=1"))["numberMatched"].as_u64().unwrap() as usize;
    assert!((10..500).contains(&matched), "{matched}");
    for (format, name) in [("flatgeobuf", "a.fgb"), ("gpkg", "a.gpkg")] {
        let read = read_by_gdal(&body(&server, &format!("{asked}&f={format}")), name);
        assert_eq!((read.features.len(), read.names()), (matched, vec!["feature_id"]), "{format}");
        let page = read_by_gdal(&body(&server, &format!("{asked}&f={format}&limit=5&offset=3")), name);
        assert_eq!(page.features.len(), 5, "{format}");
        let nothing = server.get(&format!("{asked}&f={format}&ids=1"));
        assert_eq!(nothing.status(), 200, "{format}");
    }
}

#[test]
fn json_fg_says_time_place_and_type() {
    let server = server();
    let page = server.json(&format!("/collections/lcsd-libraries/items?f=jsonfg&limit=3&crs={GRID}"));
    assert_eq!(page["coordRefSys"], GRID);
    assert_eq!(page["featureType"], "lcsd-libraries");
    assert_eq!(page["geometryDimension"], 0);
    assert!(
        page["conformsTo"].as_array().unwrap().contains(&"http://www.opengis.net/spec/json-fg-1/1.0/conf/core".into())
    );
    for feature in page["features"].as_array().unwrap() {
        assert!(feature["time"]["timestamp"].as_str().unwrap().ends_with('Z'), "{feature}");
        let northing = feature["place"]["coordinates"][0].as_f64().unwrap();
        assert!((800_000.0..850_000.0).contains(&northing), "{feature}");
        assert!(feature["geometry"].is_null(), "{feature}");
        assert!(feature.get("conformsTo").is_none(), "{feature}");
    }
    let both = server.get(&format!("/collections/lcsd-libraries/items?profile=jsonfg-plus&limit=1&crs={GRID}"));
    assert_eq!(header(&both, "content-type"), "application/geo+json");
    assert!(header(&both, "link").contains("/def/profile/OGC/0/jsonfg-plus>; rel=\"profile\""));
    let both: Value = serde_json::from_str(&both.text().unwrap()).unwrap();
    assert!(both["features"][0]["geometry"]["coordinates"][0].as_f64().unwrap() > 113.0);
    let degrees = server.json("/collections/lcsd-libraries/items?f=jsonfg&limit=1");
    assert!(degrees["features"][0]["place"].is_null() && degrees.get("coordRefSys").is_none());
    assert!(degrees["features"][0]["geometry"].is_object());
    let id = degrees["features"][0]["id"].as_u64().unwrap();
    let one = server.json(&format!("/collections/lcsd-libraries/items/{id}?f=jsonfg"));
    assert_eq!(one["featureType"], "lcsd-libraries");
    assert!(one["time"].is_object() && one["links"].is_array());
    let plain = server.json("/collections/lcsd-libraries/items?limit=1&profile=rfc7946");
    assert!(plain.get("conformsTo").is_none() && plain["features"][0].get("place").is_none());
}

#[test]
fn simplified_areas_are_smaller_and_valid_in_any_system() {
    let server = server();
    let whole = server.json("/collections/had-districts-18/items?limit=100");
    for detail in ["zoom-level=9", "max-allowable-offset=0.002", "precision=3", "zoom-level=4&precision=2"] {
        let path = format!("/collections/had-districts-18/items?limit=100&{detail}");
        let text = String::from_utf8(body(&server, &path)).unwrap();
        assert!(text.len() * 2 < whole.to_string().len() || detail == "precision=3", "{detail}: {}", text.len());
        let collection: geojson::FeatureCollection = text.parse().unwrap();
        assert_eq!(collection.features.len(), 18);
        for feature in collection.features {
            let geometry = geo::Geometry::<f64>::try_from(feature.geometry.unwrap()).unwrap();
            assert!(geometry.is_valid(), "{detail} {:?}", feature.id);
        }
    }
    // On the ground the same way round, though northings come first.
    let grid = server.json(&format!("/collections/had-districts-18/items?limit=1&max-allowable-offset=200&crs={GRID}"));
    let ring = grid["features"][0]["geometry"]["coordinates"][0][0].as_array().unwrap();
    let at = |corner: &Value| (corner[1].as_f64().unwrap(), corner[0].as_f64().unwrap());
    let twice_area: f64 = ring
        .windows(2)
        .map(|edge| (at(&edge[0]), at(&edge[1])))
        .map(|((x, y), (to_x, to_y))| (x - 830_000.0) * (to_y - 820_000.0) - (to_x - 830_000.0) * (y - 820_000.0))
        .sum();
    assert!(twice_area > 0.0);
}

#[test]
fn a_stream_is_whole_packed_or_not_and_needs_no_memory_of_its_size() {
    let server = server();
    server.json("/collections/afcd-long/items?limit=10");
    let idle_kib = server.memory_kib(OWN_MEMORY);
    let mut most_kib = idle_kib;
    for (format, accept) in [("ndjson", "identity"), ("flatgeobuf", "gzip")] {
        let path = format!("/collections/afcd-long/items?f={format}");
        let request = server.request(reqwest::Method::GET, &path).header("accept-encoding", accept);
        let mut response = request.send().unwrap();
        assert_eq!(header(&response, "content-encoding"), if accept == "gzip" { "gzip" } else { "" }, "{format}");
        let etag = header(&response, "etag");
        let look = || most_kib = most_kib.max(server.memory_kib(OWN_MEMORY));
        let packed = PackedCount::of(&mut response, accept == "gzip", look);
        assert!(packed.bytes > (LONG_ROWS * LONG_TEXT_BYTES) as u64 / 2, "{format}: {}", packed.bytes);
        if format == "ndjson" {
            assert_eq!(packed.lines, LONG_ROWS as u64);
        }
        let request = server.request(reqwest::Method::GET, &path).header("accept-encoding", accept);
        assert_eq!(request.header("if-none-match", etag).send().unwrap().status(), 304, "{format}");
    }
    assert!(most_kib < idle_kib + STREAM_MEMORY_KIB, "{idle_kib} KiB idle, {most_kib} KiB at most");
}

/// Bytes and lines of a body that is read as it comes.
struct PackedCount {
    bytes: u64,
    lines: u64,
}

impl PackedCount {
    /// Calls `look` after every megabyte or so.
    fn of(response: &mut impl Read, is_gzip: bool, mut look: impl FnMut()) -> Self {
        const PIECES_BETWEEN_LOOKS: u64 = 16;
        let mut pieces = 0;
        let mut reader: Box<dyn Read + '_> =
            if is_gzip { Box::new(flate2::read::GzDecoder::new(response)) } else { Box::new(response) };
        let mut piece = vec![0; 1 << 16];
        let mut count = PackedCount { bytes: 0, lines: 0 };
        loop {
            match reader.read(&mut piece).unwrap() {
                0 => return count,
                read => {
                    pieces += 1;
                    if pieces % PIECES_BETWEEN_LOOKS == 0 {
                        look();
                    }
                    count.bytes += read as u64;
                    count.lines += piece[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
                }
            }
        }
    }
}

#[test]
fn two_hundred_clients_who_read_nothing_keep_nobody_from_an_answer() {
    const SLOW: usize = 200;
    let server = server();
    server.json("/collections/afcd-long/items?limit=10");
    let idle_kib = server.memory_kib(OWN_MEMORY);
    let slow: Vec<TcpStream> = (0..SLOW).map(|_| begin_to_read(&server)).collect();
    // Each has begun, and is at its second piece while the others begin.
    for stream in &slow {
        let mut start = [0; 15];
        (&mut &*stream).read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200 OK");
    }
    let page = server.json("/collections/lcsd-libraries/items?limit=100&bbox=113,22,115,23");
    assert_eq!(page["numberReturned"], 100);
    let mut whole = server.get("/collections/had-districts-18/items?f=ndjson");
    assert_eq!(PackedCount::of(&mut whole, false, || ()).lines, 18);
    let most_kib = server.memory_kib(OWN_MEMORY);
    assert!(most_kib < idle_kib + STREAM_MEMORY_KIB, "{idle_kib} KiB idle, {most_kib} KiB at most");
}

/// A client that asks for a whole layer and takes no more of it than its smallest buffer.
fn begin_to_read(server: &Server) -> TcpStream {
    const BUFFER_BYTES: usize = 4 * 1024;
    let address: std::net::SocketAddr = server.address().parse().unwrap();
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(BUFFER_BYTES).unwrap();
    socket.connect(&address.into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "GET /collections/afcd-long/items?f=ndjson HTTP/1.1\r\nHost: {address}\r\n\r\n").unwrap();
    stream
}
