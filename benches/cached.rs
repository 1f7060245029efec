//! A cached tile beside a bare axum handler that returns the same bytes with the same headers: requests
//! a second under the same load, in turns, and processor time of each server.
//!
//! `cargo bench --features worker --bench cached`
#![allow(clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG};
use axum::routing::get;
use causeway::base::Grid;
use causeway::tiles::TileAddress;
use support::Workspace;

const CLIENTS: usize = 4;
const ROUNDS: usize = 15;
const REQUESTS_EACH: usize = 500;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("bare") {
        return bare(std::env::args().nth(2).unwrap());
    }
    let workspace = Workspace::kept("bench-cached");
    let mut csv = b"key,name,lon,lat\n".to_vec();
    for key in 0..2_000u32 {
        let (lon, lat) = (114.15 + f64::from(key % 50) / 5e3, 22.28 + f64::from(key / 50) / 5e3);
        writeln!(csv, "{key},Place {key},{lon:.6},{lat:.6}").unwrap();
    }
    workspace.define("afcd/made-points", &[("points.csv", &csv)], "[identity]\nkey = \"key\"\n");
    workspace.ingest();
    let server = workspace.serve();
    let address = TileAddress::of_place(Grid::WebMercatorQuad, 14, 114.155, 22.284).unwrap();
    let path = format!("/xyz/afcd-made-points/14/{}/{}.mvt", address.x(), address.y());
    let client = reqwest::blocking::Client::new();
    let ours = format!("http://{}{path}", server.address());
    let tile = client.get(&ours).header("accept-encoding", "gzip").send().unwrap().bytes().unwrap();
    let file = workspace.data().join("tile");
    std::fs::write(&file, &tile).unwrap();
    let (mut child, bare_address) = start_bare(&file);
    let bare = format!("http://{bare_address}{path}");
    println!("a cached tile of {} bytes, {CLIENTS} connections", tile.len());
    let pids = [server.pid(), child.id()];
    let mut seconds = [Vec::new(), Vec::new()];
    let mut ticks = [0, 0];
    for round in 0..=ROUNDS {
        for (side, url) in [&ours, &bare].into_iter().enumerate() {
            let before = (Instant::now(), processor_ticks(pids[side]));
            load(url, tile.len());
            // The first round warms both.
            if round > 0 {
                seconds[side].push(before.0.elapsed().as_secs_f64());
                ticks[side] += processor_ticks(pids[side]) - before.1;
            }
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let each = (CLIENTS * REQUESTS_EACH) as f64;
    let [our_rate, bare_rate] = seconds.map(|mut times| {
        times.sort_by(f64::total_cmp);
        each / times[times.len() / 2]
    });
    println!("requests a second: {our_rate:.0} and bare {bare_rate:.0}: {:.2}", our_rate / bare_rate);
    // A tick is ten milliseconds on every Linux that Rust runs on.
    let [our_us, bare_us] = ticks.map(|ticks| ticks as f64 * 1e4 / (each * ROUNDS as f64));
    println!("processor time a request, µs: {our_us:.1} and bare {bare_us:.1}: {:.2}", bare_us / our_us);
}

fn load(url: &str, bytes: usize) {
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let client = reqwest::blocking::Client::new();
                for _ in 0..REQUESTS_EACH {
                    let response = client.get(url).header("accept-encoding", "gzip").send().unwrap();
                    assert_eq!(response.bytes().unwrap().len(), bytes);
                }
            });
        }
    });
}

fn processor_ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11..13].iter().map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

fn start_bare(file: &std::path::Path) -> (Child, String) {
    let mut child =
        Command::new(std::env::current_exe().unwrap()).arg("bare").arg(file).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().to_owned())
}

/// The bare handler, in a process of its own.
fn bare(file: String) {
    let tile = bytes::Bytes::from(std::fs::read(file).unwrap());
    let headers = [
        (CONTENT_TYPE, "application/vnd.mapbox-vector-tile"),
        (CONTENT_ENCODING, "gzip"),
        (ETAG, "\"0123456789abcdef\""),
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    let router = axum::Router::new().fallback(get(move || std::future::ready((headers.clone(), tile.clone()))));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        axum::serve(listener, router).await.unwrap();
    });
}
