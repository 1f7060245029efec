//! Copies of every sample, cut short and with bits turned over: whatever comes of it is features or
//! a sentence, and never a crash of ours. Which copies are made follows from a printed seed.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use causeway::intake::delivery::{DeliveryError, GeometryRule, ReadRequest};
use support::reading::{files, files_under, refusal, try_read, written};
use support::{Workspace, shared_path};

/// Rounds of the ordinary run, each of which cuts every file of every sample once and turns bits
/// over in it once; `CAUSEWAY_DAMAGE=50` makes more.
const ROUNDS: u64 = 1;
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

/// What is done to a file.
#[derive(Clone, Copy, Debug)]
enum Damage {
    /// It ends early.
    Cut,
    /// One bit is turned over in each of a few places.
    Flip,
}

fn damaged(bytes: &[u8], damage: Damage, numbers: &mut Numbers) -> Vec<u8> {
    const FLIPS: usize = 8;
    let mut bytes = bytes.to_vec();
    match damage {
        Damage::Cut => bytes.truncate(numbers.below(bytes.len())),
        Damage::Flip if bytes.is_empty() => {}
        Damage::Flip => {
            for _ in 0..1 + numbers.below(FLIPS) {
                let at = numbers.below(bytes.len());
                bytes[at] ^= 1 << numbers.below(8);
            }
        }
    }
    bytes
}

/// A delivery, and the one of its files that is damaged.
#[derive(Debug)]
struct Sample {
    /// A file, or the folder of a FileGDB.
    delivery: PathBuf,
    victim: PathBuf,
}

/// Every file under a folder, with the delivery that it is part of.
fn samples(folder: &Path) -> Vec<Sample> {
    const MAIN: [&str; 3] = ["shp", "tab", "mif"];
    let mut samples = Vec::new();
    for path in files_under(folder) {
        if path.is_dir() {
            samples.extend(files_under(&path).into_iter().map(|victim| Sample { delivery: path.clone(), victim }));
            continue;
        }
        let mains = files_beside(&path).into_iter().filter(|other| MAIN.contains(&extension(other).as_str()));
        let delivery = mains.into_iter().next().unwrap_or_else(|| path.clone());
        samples.push(Sample { delivery, victim: path });
    }
    samples
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The files of the same folder and stem, this one included.
fn files_beside(path: &Path) -> Vec<PathBuf> {
    let mut beside: Vec<PathBuf> = std::fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|other| other.is_file() && other.file_stem() == path.file_stem())
        .collect();
    beside.sort();
    beside
}

/// Reads a copy of a delivery, of which one file is damaged.
fn try_damaged(sample: &Sample, damage: Damage, seed: u64) -> Result<(), String> {
    let mut numbers = Numbers(seed | 1);
    let folder = tempfile::tempdir().unwrap();
    let name = sample.delivery.file_name().unwrap();
    let is_folder = sample.delivery.is_dir();
    let target = if is_folder { folder.path().join(name) } else { folder.path().to_owned() };
    std::fs::create_dir_all(&target).unwrap();
    for file in if is_folder { files_under(&sample.delivery) } else { files_beside(&sample.delivery) } {
        let bytes = std::fs::read(&file).unwrap();
        let bytes = if file == sample.victim { damaged(&bytes, damage, &mut numbers) } else { bytes };
        std::fs::write(target.join(file.file_name().unwrap()), bytes).unwrap();
    }
    let request = ReadRequest {
        crs: numbers.next().is_multiple_of(2).then(|| "EPSG:4326".to_owned()),
        geometry: if numbers.next().is_multiple_of(4) { GeometryRule::None } else { GeometryRule::Split },
        ..files(&[folder.path().join(name)])
    };
    match try_read(&request) {
        Ok(_) | Err(DeliveryError::Refused(_)) => Ok(()),
        Err(other) => Err(format!("{}, {damage:?} with seed {seed}: {other}", sample.victim.display())),
    }
}

#[test]
fn damaged_copies_of_every_sample_are_read_or_refused() {
    let test = "damaged_copies_of_every_sample_are_read_or_refused";
    let Some(folder) = shared_path(test, "formats") else { return };
    let rounds = std::env::var("CAUSEWAY_DAMAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let samples = samples(&folder);
    let total = samples.len() * 2 * rounds as usize;
    println!("seed {SEED}, {} files, {total} damaged copies", samples.len());
    let failures = failures_of(total, |number| {
        let seed = SEED.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(number as u64 * 0x1000_0001);
        let damage = if number.is_multiple_of(2) { Damage::Cut } else { Damage::Flip };
        try_damaged(&samples[number / 2 % samples.len()], damage, seed)
    });
    assert!(samples.len() > 400, "{} files are not all", samples.len());
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
    const CUT_AT: usize = 8_388;
    let test = "a_file_that_makes_its_reader_run_in_circles_is_refused_soon";
    let Some(path) = shared_path(test, "formats/dxf/points_lines_3d.dxf") else { return };
    let (_folder, request) = written("cut.dxf", &std::fs::read(path).unwrap()[..CUT_AT]);
    let message = refusal(&ReadRequest { crs: Some("EPSG:4326".to_owned()), ..request });
    assert!(message.contains("takes more processor time than a sound file"), "{message}");
}
