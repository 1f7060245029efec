//! `causeway export` and `causeway seed`: the tiles of a file are those of the server.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::LazyLock;

use support::{Server, Workspace};

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("take_away");
    workspace.take_from_tree("lcsd/libraries");
    workspace.take_from_tree("had/districts-18");
    workspace.define("lcsd/table", &[("table.csv", b"name,size\nA,1\n")], "geometry = \"none\"\n");
    workspace.ingest();
    workspace
});

/// Tiles by zoom, column and row from the north.
type Tiles = BTreeMap<(u8, u32, u32), Vec<u8>>;

fn export(layer: &str, name: &str, more: &[&str]) -> std::path::PathBuf {
    let path = WORKSPACE.folder.join(name);
    let file = path.to_str().unwrap();
    let format = name.rsplit('.').next().unwrap();
    let ran = WORKSPACE.causeway(&[&["export", layer, "--format", format, "--output", file], more].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains(layer), "{}", ran.stdout);
    path
}

fn mbtiles(path: &std::path::Path) -> Tiles {
    let file = rusqlite::Connection::open(path).unwrap();
    let mut statement = file.prepare("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles").unwrap();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<_> {
        let (zoom, from_south): (u8, u32) = (row.get(0)?, row.get(2)?);
        Ok(((zoom, row.get(1)?, (1u32 << zoom) - 1 - from_south), row.get(3)?))
    };
    statement.query_map([], row).unwrap().map(Result::unwrap).collect()
}

fn metadata(path: &std::path::Path, name: &str) -> String {
    let file = rusqlite::Connection::open(path).unwrap();
    file.query_row("SELECT value FROM metadata WHERE name = ?", [name], |row| row.get(0)).unwrap()
}

/// A reader of PMTiles 3 of its own, as short as the format allows.
struct PmTiles {
    bytes: Vec<u8>,
}

impl PmTiles {
    fn number(&self, at: usize) -> usize {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().unwrap()) as usize
    }

    fn part(&self, header_at: usize) -> &[u8] {
        let start = self.number(header_at);
        &self.bytes[start..start + self.number(header_at + 8)]
    }

    fn unpacked(bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
        out
    }

    fn metadata(&self) -> serde_json::Value {
        serde_json::from_slice(&PmTiles::unpacked(self.part(24))).unwrap()
    }

    fn tiles(&self) -> Tiles {
        let mut tiles = Tiles::new();
        self.directory(self.part(8), &mut tiles);
        tiles
    }

    fn directory(&self, packed: &[u8], tiles: &mut Tiles) {
        let bytes = PmTiles::unpacked(packed);
        let mut at = 0;
        let mut varint = || {
            let (mut value, mut shift) = (0u64, 0);
            loop {
                let byte = bytes[at];
                at += 1;
                value |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte & 0x80 == 0 {
                    return value;
                }
            }
        };
        let count = varint() as usize;
        let mut column = || -> Vec<u64> { (0..count).map(|_| varint()).collect() };
        let (steps, runs, lengths, offsets) = (column(), column(), column(), column());
        let (mut id, mut end) = (0, 0);
        for entry in 0..count {
            id += steps[entry];
            let offset = if offsets[entry] == 0 { end } else { offsets[entry] as usize - 1 };
            end = offset + lengths[entry] as usize;
            if runs[entry] == 0 {
                let leaves = self.number(40);
                self.directory(&self.bytes[leaves + offset..leaves + end], tiles);
            }
            let data = self.number(56);
            for run in 0..runs[entry] {
                tiles.insert(place(id + run), self.bytes[data + offset..data + end].to_vec());
            }
        }
    }
}

/// Zoom, column and row of a number along the Hilbert curves of all zooms.
fn place(id: u64) -> (u8, u32, u32) {
    let (mut zoom, mut rest) = (0u8, id);
    while rest >= 1 << (2 * zoom) {
        rest -= 1 << (2 * zoom);
        zoom += 1;
    }
    let (mut x, mut y) = (0u32, 0u32);
    for level in 0..zoom {
        let side = 1u32 << level;
        let (right, down) = ((1 & (rest / 2)) as u32, (1 & (rest ^ (rest / 2))) as u32);
        if down == 0 {
            if right == 1 {
                (x, y) = (side - 1 - x, side - 1 - y);
            }
            (x, y) = (y, x);
        }
        (x, y) = (x + side * right, y + side * down);
        rest /= 4;
    }
    (zoom, x, y)
}

/// Every tile of the layer that the server has, up to a zoom, in a grid that is one tile at zoom 0.
fn served(server: &Server, layer: &str, grid: &str, last: u8) -> Tiles {
    let mut tiles = Tiles::new();
    let mut open = vec![(0u8, 0u32, 0u32)];
    while let Some((zoom, x, y)) = open.pop() {
        let path = format!("/collections/{layer}/tiles/{grid}/{zoom}/{y}/{x}");
        let response = server.request(reqwest::Method::GET, &path).header("accept-encoding", "gzip").send().unwrap();
        if response.status() == 204 {
            continue;
        }
        assert_eq!(support::header(&response, "content-encoding"), "gzip", "{path}");
        tiles.insert((zoom, x, y), response.bytes().unwrap().to_vec());
        if zoom < last {
            open.extend([(0, 0), (1, 0), (0, 1), (1, 1)].map(|(right, down)| (zoom + 1, 2 * x + right, 2 * y + down)));
        }
    }
    tiles
}

#[test]
fn an_archive_holds_every_tile_that_the_server_sends_byte_for_byte() {
    let server = WORKSPACE.serve();
    for (layer, grid, last) in [
        ("lcsd-libraries", "WebMercatorQuad", 14),
        ("had-districts-18", "WebMercatorQuad", 12),
        ("had-districts-18", "HongKong1980Grid", 11),
    ] {
        let expected = served(&server, layer, grid, last);
        assert!(expected.len() > 20, "{layer} {grid}: {}", expected.len());
        let zoom = format!("0-{last}");
        let more = ["--zoom", &zoom, "--grid", grid];
        let from_sqlite = mbtiles(&export(layer, &format!("{layer}-{grid}.mbtiles"), &more));
        assert!(from_sqlite == expected, "{layer} {grid}: {} and {} tiles", from_sqlite.len(), expected.len());
        let bytes = std::fs::read(export(layer, &format!("{layer}-{grid}.pmtiles"), &more)).unwrap();
        let from_pmtiles = PmTiles { bytes }.tiles();
        assert!(from_pmtiles == expected, "{layer} {grid}: {} and {} tiles", from_pmtiles.len(), expected.len());
    }
}

#[test]
fn an_archive_says_what_it_holds() {
    let zooms = ["--zoom", "3-9"];
    let path = export("lcsd-libraries", "told.mbtiles", &zooms);
    assert_eq!((metadata(&path, "format").as_str(), metadata(&path, "minzoom").as_str()), ("pbf", "3"));
    assert_eq!(metadata(&path, "maxzoom"), "9");
    assert!(mbtiles(&path).keys().all(|(zoom, ..)| (3..=9).contains(zoom)));
    let json: serde_json::Value = serde_json::from_str(&metadata(&path, "json")).unwrap();
    assert_eq!(json["vector_layers"][0]["fields"]["District"], "String");
    let file = PmTiles { bytes: std::fs::read(export("lcsd-libraries", "told.pmtiles", &zooms)).unwrap() };
    assert_eq!(&file.bytes[..8], b"PMTiles\x03");
    // Clustered, gzip inside and for tiles, MVT, zooms.
    assert_eq!(file.bytes[96..102], [1, 2, 2, 1, 3, 9]);
    assert_eq!(file.metadata()["vector_layers"][0]["id"], "lcsd-libraries");
    assert_eq!(file.metadata()["version"], WORKSPACE.revision("lcsd-libraries").as_str());
    let kept = file.tiles();
    assert!(!kept.is_empty() && kept.keys().all(|(zoom, ..)| (3..=9).contains(zoom)));
}

#[test]
fn a_package_is_taken_away_as_it_is_published() {
    let path = export("lcsd-libraries", "libraries.gpkg", &[]);
    let revision = WORKSPACE.revision("lcsd-libraries");
    let published = WORKSPACE.data().join("layers/lcsd-libraries").join(revision).join("layer.gpkg");
    assert_eq!(std::fs::read(path).unwrap(), std::fs::read(published).unwrap());
}

#[test]
fn what_cannot_be_taken_away_is_refused_by_name() {
    let there = WORKSPACE.folder.join("there.pmtiles");
    std::fs::write(&there, "mine").unwrap();
    let there = there.to_str().unwrap();
    let other = WORKSPACE.folder.join("other.pmtiles");
    let other = other.to_str().unwrap();
    let with =
        |more: &'static [&'static str]| [&["lcsd-libraries", "--format", "pmtiles", "--output", other], more].concat();
    for (arguments, part) in [
        (vec!["lcsd-nobody", "--format", "pmtiles", "--output", other], "no published layer \"lcsd-nobody\""),
        (vec!["lcsd-libraries", "--format", "pmtiles", "--output", there], "is there already"),
        (vec!["lcsd-table", "--format", "pmtiles", "--output", other], "has no tiles in WebMercatorQuad; it has none"),
        (with(&["--grid", "WorldCRS84Quad"]), "two tiles wide"),
        (with(&["--grid", "Mars"]), "is not one of the grids"),
        (with(&["--zoom", "5-3"]), "0-14"),
        (with(&["--revision", "20200101T000000000Z-000000000000"]), "has no revision"),
    ] {
        let ran = WORKSPACE.causeway(&[&["export"], arguments.as_slice()].concat());
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
        assert!(!std::path::Path::new(other).exists(), "{arguments:?}");
    }
    assert_eq!(std::fs::read_to_string(there).unwrap(), "mine");
}

#[test]
fn seeding_asks_for_every_tile_that_holds_something() {
    let server = WORKSPACE.serve();
    let ran = WORKSPACE.causeway(&["--json", "seed", "--url", &server.base, "--max-zoom", "9", "--rate", "10000"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lines = ran.json_lines();
    let expected = served(&server, "lcsd-libraries", "WebMercatorQuad", 9);
    let line = lines.iter().find(|line| line["layer"] == "lcsd-libraries").unwrap();
    assert_eq!(line["tiles"], expected.len());
    assert!(lines.iter().any(|line| line["layer"] == "had-districts-18"));
    assert!(lines.iter().all(|line| line["layer"] != "lcsd-table"));
    for (arguments, status, part) in [
        (vec!["lcsd-nobody", "--url", &server.base], 1, "no tiles of a layer \"lcsd-nobody\""),
        (vec!["--url", "ftp://example.hk"], 2, "http://"),
        (vec!["--url", "http://127.0.0.1:1"], 1, "does not answer"),
    ] {
        let ran = WORKSPACE.causeway(&[&["seed"], arguments.as_slice()].concat());
        assert_eq!(ran.status, status, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
    }
}
