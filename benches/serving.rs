//! What a request costs: a tile cut live, a cached tile, a page of features; and an ingest.
//! On real postcodes, where the shared data is there, and on a layer made from a seed.
//! `CAUSEWAY_BENCH_LARGE=1` adds what the server's memory grows by while a million features stream.
#![allow(clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use causeway::access::{Action, Caller, Policy, Subject};
use causeway::base::{Grid, limits};
use causeway::catalogue::LayerRecord;
use causeway::package::{PackageFile, Pool};
use causeway::tiles::{self, TileAddress};
use criterion::{Criterion, criterion_group, criterion_main};
use support::{Server, Workspace, shared_path};

/// Zooms at which a tile is cut: a city, a district, a street.
const ZOOMS: [u8; 3] = [10, 14, 16];
/// Places at which tiles are cut, spread over the layer.
const PLACES: usize = 64;
const MADE_POINTS: u64 = 200_000;
const STREAMED_POINTS: u64 = 1_000_000;

/// Rows that depend on nothing but their number: clustered points with eight attributes.
fn made_points(count: u64) -> Vec<u8> {
    let mut state = 20_261_126u64;
    let mut next = move || {
        // SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    };
    let mut out = Vec::new();
    writeln!(out, "key,name,名稱,kind,count,share,district,updated,lon,lat").unwrap();
    for key in 0..count {
        let random = next();
        let unit = |shift: u32| ((random >> shift) & 0xffff) as f64 / 65_536.0;
        let (east, north) = (114.0 + 0.3 * unit(0) * unit(16), 22.25 + 0.25 * unit(32) * unit(48));
        let kind = ["market", "school", "pier", "clinic"][(random % 4) as usize];
        let district = random % 18;
        writeln!(
            out,
            "{key},Place {key},地點{key},{kind},{},{:.3},{district},2026-01-{:02},{east:.7},{north:.7}",
            random % 1_000,
            unit(8),
            1 + random % 28
        )
        .unwrap();
    }
    out
}

/// A published layer with what a read of it needs.
struct Layer {
    name: String,
    record: LayerRecord,
    package: Arc<PackageFile>,
}

impl Layer {
    fn published(workspace: &Workspace, name: &str) -> Self {
        let folder = workspace.data().join("layers").join(name).join(workspace.revision(name));
        let record: LayerRecord = serde_json::from_slice(&std::fs::read(folder.join("record.json")).unwrap()).unwrap();
        let package = Arc::new(PackageFile {
            layer: record.id.clone(),
            revision: record.revision.clone(),
            path: folder.join("layer.gpkg"),
            schema: Arc::new(record.schema.clone()),
            features: record.counts.kept,
        });
        Layer { name: name.to_owned(), record, package }
    }

    /// Addresses of tiles in which features lie.
    fn tiles(&self, server: &Server, zoom: u8) -> Vec<TileAddress> {
        let step = (self.record.counts.kept / PLACES as u64).max(1);
        (0..PLACES as u64)
            .map(|place| {
                let path = format!("/collections/{}/items?limit=1&offset={}", self.name, place * step);
                let at = server.json(&path)["features"][0]["geometry"]["coordinates"].clone();
                TileAddress::of_place(Grid::WebMercatorQuad, zoom, at[0].as_f64().unwrap(), at[1].as_f64().unwrap())
                    .unwrap()
            })
            .collect()
    }
}

fn unpacked(path: &Path) -> Vec<u8> {
    let output = Command::new("xz").arg("-dkc").arg(path).stdout(Stdio::piped()).output().unwrap();
    assert!(output.status.success());
    output.stdout
}

/// Publishes the layers and keeps them between runs: they are the same every time.
fn published() -> (Workspace, Vec<&'static str>) {
    let workspace = Workspace::kept("bench");
    workspace.define("afcd/made-points", &[("points.csv", &made_points(MADE_POINTS))], "[identity]\nkey = \"key\"\n");
    let mut names = vec!["afcd-made-points"];
    if let Some(path) = shared_path("bench", "bench/points-codepoint/codepoint-scotland.csv.xz") {
        let more = "crs = \"EPSG:27700\"\neasting = \"Eastings\"\nnorthing = \"Northings\"\n";
        workspace.define("afcd/postcodes", &[("postcodes.csv", &unpacked(&path))], more);
        names.push("afcd-postcodes");
    }
    workspace.ingest();
    (workspace, names)
}

fn requests(criterion: &mut Criterion) {
    let (workspace, names) = published();
    let server = workspace.serve();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let pool = Pool::start(1).unwrap();
    for name in names {
        let layer = Layer::published(&workspace, name);
        let subject = Subject { layer: &layer.record.id, class: layer.record.class };
        let permit = Policy::default().decide(&Caller::Operator, subject, Action::ReadTiles).unwrap();
        for zoom in ZOOMS {
            let addresses = layer.tiles(&server, zoom);
            let mut turn = 0;
            criterion.bench_function(&format!("cold tile z{zoom} of {name}"), |bencher| {
                bencher.iter(|| {
                    turn = (turn + 1) % addresses.len();
                    let address = addresses[turn];
                    let cut = move |package: &_| tiles::cut(package, address);
                    let read = pool.read(&permit, &layer.package, limits::TILE_TIME, cut);
                    black_box(runtime.block_on(read).unwrap())
                });
            });
        }
        let address = layer.tiles(&server, 14)[0];
        let tile = format!("/xyz/{name}/14/{}/{}.mvt", address.x(), address.y());
        criterion.bench_function(&format!("cached tile of {name}, over HTTP"), |bencher| {
            bencher.iter(|| black_box(server.get(&tile).bytes().unwrap()));
        });
        criterion.bench_function(&format!("bare answer of the server, over HTTP, beside {name}"), |bencher| {
            bencher.iter(|| black_box(server.get("/healthz").bytes().unwrap()));
        });
        for (what, query) in [
            ("first page", "limit=100".to_owned()),
            ("page by a far offset", { format!("limit=100&offset={}", layer.record.counts.kept * 9 / 10) }),
        ] {
            let path = format!("/collections/{name}/items?{query}");
            criterion.bench_function(&format!("{what} of 100 features of {name}, over HTTP"), |bencher| {
                bencher.iter(|| black_box(server.get(&path).bytes().unwrap()));
            });
        }
    }
}

fn ingests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ingest");
    group.sample_size(10).measurement_time(Duration::from_secs(20));
    let workspace = Workspace::kept("bench-ingest");
    workspace.define("afcd/made-points", &[("points.csv", &made_points(MADE_POINTS))], "[identity]\nkey = \"key\"\n");
    group.bench_function("200,000 points of CSV, published anew", |bencher| {
        bencher.iter(|| {
            let _ = std::fs::remove_dir_all(workspace.data());
            workspace.ingest()
        });
    });
    group.finish();
}

fn streams(_: &mut Criterion) {
    if std::env::var_os("CAUSEWAY_BENCH_LARGE").is_none() {
        return;
    }
    let workspace = Workspace::kept("bench-streams");
    let more = "[identity]\nkey = \"key\"\n";
    workspace.define("afcd/made-points", &[("points.csv", &made_points(STREAMED_POINTS))], more);
    workspace.ingest();
    for format in ["geojsonseq", "ndjson", "csv", "flatgeobuf"] {
        let server = workspace.serve();
        let path = format!("/collections/afcd-made-points/items?f={format}");
        // Whatever a first answer needs is part of being idle.
        server.get(&format!("{path}&limit=10")).bytes().unwrap();
        let idle_kib = server.memory_kib("RssAnon");
        let mut response = server.get(&path);
        let (mut piece, mut bytes, mut most_kib) = (vec![0; 1 << 20], 0, idle_kib);
        loop {
            let read = response.read(&mut piece).unwrap();
            if read == 0 {
                break;
            }
            bytes += read as u64;
            most_kib = most_kib.max(server.memory_kib("RssAnon"));
        }
        let grown_mib = (most_kib - idle_kib) as f64 / 1024.0;
        println!(
            "{STREAMED_POINTS} features as {format}: {} MB, memory grows by {grown_mib:.1} MiB",
            bytes / 1_000_000
        );
    }
}

criterion_group! {
    name = serving;
    config = Criterion::default().sample_size(30).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    targets = requests, ingests, streams
}
criterion_main!(serving);
