//! What an ingest costs beside `ogr2ogr -f GPKG -t_srs EPSG:4326` of the same file in the same run:
//! processor time of all processes, and the peak memory of ours. Each side runs five times, in turn;
//! the median counts. Data comes from `../shared/data/bench`; what is not there is skipped by name.
//!
//! `cargo bench --features worker --bench ingest -- [CASE…]`
#![allow(clippy::unwrap_used)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use causeway::definition;
use causeway::fetch::{FetchLimits, Fetcher, Hosts};
use causeway::intake::{Plan, Step, Workshop, ingest, take_small_pages};
use causeway::store::Store;
use serde::{Deserialize, Serialize};
use support::{Workspace, shared_path, skip};

/// As the server program has it, because this one ingests in its place.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 5;
/// First argument of the process that ingests.
const INGEST: &str = "ingest-this";
const LAYER: &str = "afcd/bench";

/// One data set, and how each side is told what it cannot know.
struct Case {
    name: &'static str,
    /// Below `data/bench` of the shared data.
    file: &'static str,
    definition: &'static str,
    /// Before the file's name.
    ogr_options: &'static [&'static str],
    /// After the file's name.
    ogr_layers: &'static [&'static str],
}

const POSTCODES: &str = "crs = \"EPSG:27700\"\neasting = \"Eastings\"\nnorthing = \"Northings\"\n";
const POSTCODES_OGR: &[&str] =
    &["-s_srs", "EPSG:27700", "-oo", "X_POSSIBLE_NAMES=Eastings", "-oo", "Y_POSSIBLE_NAMES=Northings"];

const CASES: [Case; 5] = [
    Case {
        name: "communes",
        file: "polygons-communes-fr/communes-fr-2018.geojsonl.xz",
        definition: "",
        ogr_options: &[],
        ogr_layers: &[],
    },
    Case {
        name: "wdbii",
        file: "lines-wdbii/wdbii-lines.geojsonl.xz",
        // A third of the lines have two points that are one.
        definition: "[gates]\nrejected_percent = 40\n",
        ogr_options: &[],
        ogr_layers: &[],
    },
    Case {
        name: "codepoint-scotland",
        file: "points-codepoint/codepoint-scotland.csv.xz",
        definition: POSTCODES,
        ogr_options: POSTCODES_OGR,
        ogr_layers: &[],
    },
    Case {
        name: "codepoint-england",
        file: "points-codepoint/codepoint-england-wales.csv.xz",
        definition: POSTCODES,
        ogr_options: POSTCODES_OGR,
        ogr_layers: &[],
    },
    Case {
        name: "osm-areas",
        file: "osm-liechtenstein/liechtenstein-20240304.osm.pbf",
        definition: "layer = \"multipolygons\"\n",
        ogr_options: &[],
        ogr_layers: &["multipolygons"],
    },
];

/// What processes used.
#[derive(Clone, Copy, Debug)]
struct Usage {
    cpu_s: f64,
    peak_mb: f64,
}

impl Usage {
    fn of(who: libc::c_int) -> Usage {
        let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
        #[allow(unsafe_code)]
        // SAFETY: the call fills the struct that it is given; it can only fail for an unknown `who`.
        let usage = unsafe {
            libc::getrusage(who, usage.as_mut_ptr());
            usage.assume_init()
        };
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Usage { cpu_s: seconds(usage.ru_utime) + seconds(usage.ru_stime), peak_mb: usage.ru_maxrss as f64 / 1024.0 }
    }

    /// Of all children that were waited for, their own included; memory is the largest one's.
    fn of_children() -> Usage {
        Usage::of(libc::RUSAGE_CHILDREN)
    }
}

/// One ingest: processor time up to each step, the worker's from its end on.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Ingested {
    reading_s: f64,
    writing_s: f64,
    verifying_s: f64,
    baking_s: f64,
    sealing_s: f64,
    worker_s: f64,
    server_mb: f64,
    worker_mb: f64,
}

impl Ingested {
    fn with_bake_s(&self) -> f64 {
        self.reading_s + self.writing_s + self.verifying_s + self.baking_s + self.sealing_s
    }

    fn without_bake_s(&self) -> f64 {
        self.with_bake_s() - self.baking_s
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [command, layers, data] = &arguments[..]
        && command == INGEST
    {
        return ingest_this(Path::new(layers), Path::new(data));
    }
    if Command::new("ogr2ogr").arg("--version").output().is_err() {
        return skip("ingest", "ogr2ogr is not there");
    }
    for case in &CASES {
        let is_wanted = arguments.is_empty() || arguments.iter().any(|wanted| wanted == case.name);
        if is_wanted && let Some(packed) = shared_path("ingest", &format!("bench/{}", case.file)) {
            compare(case, &packed);
        }
    }
}

/// Ingests as the server program does and prints what each step cost.
fn ingest_this(layers: &Path, data: &Path) {
    take_small_pages();
    let place = definition::find_all(layers).unwrap().remove(0);
    let plan = Plan::from_definition(definition::load(&place).unwrap());
    let workshop = Workshop {
        store: Store::open(data).unwrap(),
        worker: env!("CARGO_BIN_EXE_causeway-worker").into(),
        fetcher: Fetcher::new(Hosts::new(Vec::new()), FetchLimits::default()),
        styles: layers.to_owned(),
        accepts_held: false,
    };
    // Processor time at each change of step. The worker's counts once it was waited for.
    let marks: RefCell<Vec<(std::mem::Discriminant<Step>, f64)>> = RefCell::default();
    let now_s = || Usage::of(libc::RUSAGE_SELF).cpu_s + Usage::of_children().cpu_s;
    let progress = |step: Step| {
        let step = std::mem::discriminant(&step);
        if marks.borrow().last().is_none_or(|(last, _)| *last != step) {
            marks.borrow_mut().push((step, now_s()));
        }
    };
    let outcomes = ingest(&workshop, &plan, &progress).unwrap();
    assert!(!outcomes.is_empty());
    let marks = marks.into_inner();
    let at = |step: Step| {
        let step = std::mem::discriminant(&step);
        marks.iter().find(|(found, _)| *found == step).map_or(f64::NAN, |(_, cpu_s)| *cpu_s)
    };
    let (writing, verifying, baking, sealing) =
        (at(Step::Writing(0, 0)), at(Step::Verifying), at(Step::Baking), at(Step::Sealing));
    let ingested = Ingested {
        reading_s: writing,
        writing_s: verifying - writing,
        verifying_s: baking - verifying,
        baking_s: sealing - baking,
        sealing_s: now_s() - sealing,
        worker_s: Usage::of_children().cpu_s,
        server_mb: Usage::of(libc::RUSAGE_SELF).peak_mb,
        worker_mb: Usage::of_children().peak_mb,
    };
    println!("{}", serde_json::to_string(&ingested).unwrap());
}

fn compare(case: &Case, packed: &Path) {
    let workspace = Workspace::kept("bench-ingest-cost");
    let file = unpack(packed, &workspace.folder);
    let mercator = define(&workspace, "mercator", case, &file, "[tiles]\ngrids = [\"WebMercatorQuad\"]\n");
    let all = define(&workspace, "all", case, &file, "");
    let (mut ogr, mut with_mercator, mut with_all) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        ogr.push(ogr2ogr(case, &file, &workspace.folder.join("ogr.gpkg")));
        with_mercator.push(run_ingest(&mercator, &workspace.data()));
        with_all.push(run_ingest(&all, &workspace.data()));
    }
    let ogr_s = median(ogr.into_iter());
    let by = |seconds: f64| format!("{seconds:.2} s ({:.2})", seconds / ogr_s);
    let of = |runs: &[Ingested], number: fn(&Ingested) -> f64| median(runs.iter().map(number));
    let most = |runs: &[Ingested], number: fn(&Ingested) -> f64| runs.iter().map(number).fold(0.0, f64::max);
    println!(
        "{}: ogr2ogr {ogr_s:.2} s; without bake {}, with Mercator {}, with all grids {}; {:.0} MB and worker {:.0} MB",
        case.name,
        by(of(&with_mercator, Ingested::without_bake_s)),
        by(of(&with_mercator, Ingested::with_bake_s)),
        by(of(&with_all, Ingested::with_bake_s)),
        most(&with_all, |run| run.server_mb),
        most(&with_all, |run| run.worker_mb),
    );
    println!(
        "  reading {:.2} s, of it the worker {:.2}; writing {:.2}, verifying {:.2}, sealing and publishing {:.2}; baking Mercator {:.2}",
        of(&with_mercator, |run| run.reading_s),
        of(&with_mercator, |run| run.worker_s),
        of(&with_mercator, |run| run.writing_s),
        of(&with_mercator, |run| run.verifying_s),
        of(&with_mercator, |run| run.sealing_s),
        of(&with_mercator, |run| run.baking_s),
    );
}

fn unpack(packed: &Path, folder: &Path) -> PathBuf {
    let name = packed.file_name().unwrap();
    let Some(stem) = packed.extension().filter(|extension| *extension == "xz").and(packed.file_stem()) else {
        std::fs::copy(packed, folder.join(name)).unwrap();
        return folder.join(name);
    };
    let file = folder.join(stem);
    let status =
        Command::new("xz").arg("-dc").arg(packed).stdout(std::fs::File::create(&file).unwrap()).status().unwrap();
    assert!(status.success());
    file
}

/// A folder of definitions that holds this one; the file is under a second name, not copied.
fn define(workspace: &Workspace, folder: &str, case: &Case, file: &Path, more: &str) -> PathBuf {
    let layers = workspace.folder.join(folder);
    std::fs::create_dir_all(layers.join(LAYER)).unwrap();
    let name = file.file_name().unwrap().to_string_lossy();
    std::fs::hard_link(file, layers.join(LAYER).join(&*name)).unwrap();
    let text = format!("{}files = [{name:?}]\n{}{more}", support::HEAD, case.definition);
    std::fs::write(layers.join(LAYER).join("layer.toml"), text).unwrap();
    layers
}

fn run_ingest(layers: &Path, data: &Path) -> Ingested {
    let _ = std::fs::remove_dir_all(data);
    let output = Command::new(std::env::current_exe().unwrap())
        .arg(INGEST)
        .args([layers, data])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Processor time of one run, told from what all children before it used.
fn ogr2ogr(case: &Case, file: &Path, to: &Path) -> f64 {
    let _ = std::fs::remove_file(to);
    let before_s = Usage::of_children().cpu_s;
    let status = Command::new("ogr2ogr")
        .args(["-q", "-f", "GPKG", "-t_srs", "EPSG:4326"])
        .args(case.ogr_options)
        .args([to, file])
        .args(case.ogr_layers)
        .status()
        .unwrap();
    assert!(status.success());
    Usage::of_children().cpu_s - before_s
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = numbers.collect();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}
