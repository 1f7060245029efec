//! Copies of every sample, cut short and with bits turned over: whatever comes of it is features or
//! a sentence, and never a crash of ours. Which copies are made follows from a printed seed.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use causeway::intake::delivery::{DeliveryError, GeometryRule, ReadRequest};
use support::reading::{files, files_under, try_read};
use support::{Workspace, shared_path};

/// Damaged copies of each sample in the ordinary run; `CAUSEWAY_DAMAGE=200` makes more.
const COPIES: u64 = 1;
const SEED: u64 = 2026;

/// A small generator of numbers, so that a seed names a run: xorshift64*.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Cuts a file, or turns over one bit in each of a few places.
fn damaged(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const FLIPS: usize = 8;
    if numbers.next().is_multiple_of(2) {
        return bytes[..numbers.below(bytes.len())].to_vec();
    }
    let mut bytes = bytes.to_vec();
    for _ in 0..1 + numbers.below(FLIPS) {
        if !bytes.is_empty() {
            let at = numbers.below(bytes.len());
            bytes[at] ^= 1 << numbers.below(8);
        }
    }
    bytes
}

/// A copy of a sample and of what belongs to it, of which one file is damaged.
fn try_damaged(path: &Path, seed: u64) -> Result<(), String> {
    let mut numbers = Numbers(seed | 1);
    let folder = tempfile::tempdir().unwrap();
    let stem = path.file_stem().unwrap();
    let mut beside: Vec<PathBuf> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|other| other.is_file() && other.file_stem() == Some(stem))
        .collect();
    beside.sort();
    let victim = numbers.below(beside.len());
    for (place, other) in beside.iter().enumerate() {
        let bytes = std::fs::read(other).unwrap();
        let bytes = if place == victim { damaged(&bytes, &mut numbers) } else { bytes };
        std::fs::write(folder.path().join(other.file_name().unwrap()), bytes).unwrap();
    }
    let request = ReadRequest {
        crs: numbers.next().is_multiple_of(2).then(|| "EPSG:4326".to_owned()),
        geometry: if numbers.next().is_multiple_of(4) { GeometryRule::None } else { GeometryRule::Split },
        ..files(&[folder.path().join(path.file_name().unwrap())])
    };
    match try_read(&request) {
        Ok(_) | Err(DeliveryError::Refused(_)) => Ok(()),
        Err(other) => Err(format!("{} with seed {seed}: {other}", path.display())),
    }
}

#[test]
fn damaged_copies_of_every_sample_are_read_or_refused() {
    const BYTES_MAX: u64 = 300_000;
    const NOT_ALONE: [&str; 14] =
        ["shx", "prj", "cpg", "qpj", "sbn", "sbx", "xsd", "csvt", "dat", "map", "id", "ind", "mid", "md"];
    let test = "damaged_copies_of_every_sample_are_read_or_refused";
    let Some(folder) = shared_path(test, "formats") else { return };
    let copies = std::env::var("CAUSEWAY_DAMAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(COPIES);
    let samples: Vec<PathBuf> = files_under(&folder)
        .into_iter()
        .filter(|path| path.is_file() && std::fs::metadata(path).unwrap().len() <= BYTES_MAX)
        .filter(|path| !NOT_ALONE.iter().any(|kind| path.extension().is_some_and(|extension| extension == *kind)))
        .collect();
    println!("seed {SEED}, {} samples, {copies} copies of each", samples.len());
    let total = samples.len() * copies as usize;
    let failures = failures_of(total, |number| {
        let seed = SEED.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number as u64 * 0x1000_0001);
        try_damaged(&samples[number % samples.len()], seed)
    });
    assert!(failures.is_empty(), "{} of {total}:\n{}", failures.len(), failures.join("\n"));
}

/// Runs one job after another on a few threads; answers what went wrong.
fn failures_of(total: usize, job: impl Fn(usize) -> Result<(), String> + Sync) -> Vec<String> {
    // As many as the cores of the smallest machine: another test counts the time beside it.
    const AT_ONCE: usize = 2;
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= total {
                        return;
                    }
                    let result = job(number);
                    failures.lock().unwrap().extend(result.err());
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

/// 12: a good package cut at each 4 KiB, and with a bit turned over by each of 200 seeds, in every
/// page several times: it is refused, or all of its features are read.
#[test]
fn a_damaged_geopackage_is_refused_or_read_whole() {
    const PAGE: usize = 4096;
    const SEEDS: usize = 200;
    const FEATURES: usize = 400;
    let workspace = Workspace::default();
    let rows: String =
        (0..FEATURES).map(|row| format!("{row},Place number {row},114.1{row:03},22.3{row:03}\n")).collect();
    workspace.define("afcd/places", &[("places.csv", format!("key,name,lon,lat\n{rows}").as_bytes())], "");
    workspace.ingest();
    let revision = workspace.revision("afcd-places");
    let bytes = std::fs::read(workspace.data().join("layers/afcd-places").join(revision).join("layer.gpkg")).unwrap();
    let pages = bytes.len() / PAGE;
    let read = std::sync::atomic::AtomicUsize::new(0);
    let failures = failures_of(pages + SEEDS, |number| {
        let content = match number.checked_sub(pages) {
            None => bytes[..number * PAGE].to_vec(),
            Some(seed) => {
                let mut numbers = Numbers(SEED.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(seed as u64) | 1);
                let mut flipped = bytes.clone();
                flipped[seed % pages * PAGE + numbers.below(PAGE)] ^= 1 << numbers.below(8);
                flipped
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("places.gpkg");
        std::fs::write(&path, content).unwrap();
        match try_read(&files(&[path])) {
            Ok(layer) if layer.features.len() == FEATURES && number >= pages => {
                read.fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
            Err(DeliveryError::Refused(_)) => Ok(()),
            Ok(layer) => {
                Err(format!("copy {number} of {pages} cuts and {SEEDS} flips: {} features", layer.features.len()))
            }
            Err(other) => Err(format!("copy {number}: {other}")),
        }
    });
    println!("{pages} pages, {SEEDS} seeds: {} copies were read whole", read.into_inner());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Three of 2,472 damaged copies make GDAL's reader of drawings run in circles; this is one.
#[test]
fn a_file_that_makes_its_reader_run_in_circles_is_refused_soon() {
    let test = "a_file_that_makes_its_reader_run_in_circles_is_refused_soon";
    let Some(path) = shared_path(test, "formats/dxf/points_lines_3d.dxf") else { return };
    let begun = std::time::Instant::now();
    try_damaged(&path, 2_524_644_004_012_360_483).unwrap();
    // Ten seconds of processor time, on a machine that may be busy.
    assert!(begun.elapsed().as_secs() < 120, "{:?}", begun.elapsed());
}
