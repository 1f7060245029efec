//! A publication that is killed at any call, or whose disk fails or fills: the old revision or the
//! new one, whole, readers see nothing of it, and the next ingest goes on. Power cuts are in
//! `power.rs`.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use support::faults::{
    Call, LAYER, PUBLISHING_CALLS, Readers, assert_goes_on, assert_sound, calls_in, deliver, has_strace, state_of,
    with_fault,
};
use support::{Workspace, run, skip};

/// A workspace with one published revision, and readers of it.
fn published() -> (Workspace, Readers) {
    let workspace = Workspace::default();
    deliver(&workspace, 1);
    workspace.ingest();
    let readers = Readers::of(workspace.serve());
    (workspace, readers)
}

/// Kills ingests at one call after another, each with a new delivery, while readers read.
struct Killing {
    workspace: Workspace,
    readers: Readers,
    /// What lies ready, and what was last seen published.
    delivered: u64,
    published: u64,
    /// Kills that landed, by the step that the ingest had come to.
    landed: BTreeMap<String, usize>,
    /// Revisions that were current once, and how many others lay beside them whole.
    shown: BTreeSet<String>,
    never_shown: usize,
}

impl Killing {
    fn begin() -> Self {
        let (workspace, readers) = published();
        let shown = BTreeSet::from([workspace.revision(LAYER)]);
        Killing { workspace, readers, delivered: 1, published: 1, landed: BTreeMap::new(), shown, never_shown: 0 }
    }

    fn landed(&self) -> usize {
        self.landed.values().sum()
    }

    /// One kill: afterwards the layer is what it was, or what was being published.
    fn kill_at(&mut self, call: &str, number: usize) {
        let what = format!("killed at {call} {number}");
        self.delivered += 1;
        deliver(&self.workspace, self.delivered);
        let ran = with_fault(&self.workspace, call, "signal=KILL", number);
        if ran.status != 0 {
            *self.landed.entry(step(&ran.stderr)).or_default() += 1;
        }
        assert_sound(&self.workspace.data(), &what);
        let current = self.workspace.revision(LAYER);
        let record = self.workspace.data().join("layers").join(LAYER).join(current).join("layer.gpkg");
        let state = state_in(&record);
        assert!(state == self.published || state == self.delivered, "{what}: {state} is published");
        assert!(ran.status != 0 || state == self.delivered, "{what}: it was said to be published");
        self.published = state;
        self.shown.insert(self.workspace.revision(LAYER));
        self.assert_only_shown_are_known(&what);
    }

    /// A revision that was whole before the kill and never current is in no list and cannot be read.
    fn assert_only_shown_are_known(&mut self, what: &str) {
        let listed = self.workspace.causeway(&["--json", "layers", LAYER]).json_lines();
        for revision in listed.iter().map(|line| line["revision"].as_str().unwrap()) {
            assert!(self.shown.contains(revision), "{what}: {revision} is listed, and was never current");
        }
        for revision in folders_of_revisions(&self.workspace).difference(&self.shown) {
            self.never_shown += 1;
            let page = format!("/collections/{LAYER}/items");
            self.readers.server().problem(&format!("{page}?revision={revision}"), 410);
            let now = self.readers.server().json(&format!("{page}?as-at={}&limit=1", jiff::Timestamp::now()));
            let state = now["features"][0]["properties"]["state"].as_str().unwrap();
            assert_eq!(state, format!("state-{:06}", self.published), "{what}");
            assert_ne!(self.workspace.causeway(&["rollback", LAYER, "--to", revision]).status, 0, "{what}");
        }
    }

    /// An ingest without a fault ends it: everything goes on, for the server too.
    fn finish(mut self) -> BTreeMap<String, usize> {
        self.delivered += 1;
        deliver(&self.workspace, self.delivered);
        assert_goes_on(&self.workspace, "after all kills");
        let delivered = self.delivered;
        support::wait_until(|| state_of(self.readers.server(), "after all kills") == delivered);
        let answers = self.readers.finish();
        assert!(answers > 0);
        println!("{:?} kills landed, readers had {answers} answers", self.landed);
        self.landed
    }
}

/// Every folder on the disk that is called like a revision.
fn folders_of_revisions(workspace: &Workspace) -> BTreeSet<String> {
    let entries = std::fs::read_dir(workspace.data().join("layers").join(LAYER)).unwrap();
    let folders = entries.map(Result::unwrap).filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn state_in(package: &Path) -> u64 {
    let states: Vec<String> = rusqlite::Connection::open(package)
        .unwrap()
        .prepare("SELECT DISTINCT state FROM afcd_points")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(states.len(), 1, "{states:?}");
    states[0].trim_start_matches("state-").parse().unwrap()
}

/// The last step that an ingest said it had come to.
fn step(said: &str) -> String {
    let steps = ["writing", "verifying", "baking", "publishing"];
    let last = said.split_whitespace().rfind(|word| steps.contains(word));
    last.unwrap_or("reading").to_owned()
}

/// The calls of an ingest that meets no fault, in order.
fn calls_of_an_ingest(calls: &str) -> Vec<Call> {
    let (workspace, readers) = published();
    deliver(&workspace, 2);
    let calls = calls_in(&workspace, calls);
    readers.finish();
    calls
}

#[test]
fn a_publication_killed_at_any_call_that_makes_it_leaves_one_revision_whole() {
    if !has_strace("a_publication_killed_at_any_call_that_makes_it_leaves_one_revision_whole") {
        return;
    }
    let calls = calls_of_an_ingest(PUBLISHING_CALLS);
    let first_sync = calls.iter().position(|(name, _)| name == "fsync").unwrap();
    let syncs = calls.iter().filter(|(name, _)| name == "fsync").count();
    let renames = calls.iter().filter(|(name, _)| name == "rename").count();
    // Five files, the stage, the two folders around, `current`; the stage and `current` are renamed.
    assert!(syncs >= 9 && renames >= 2, "{calls:?}");
    let mut killing = Killing::begin();
    for (call, number) in &calls {
        killing.kill_at(call, *number);
        // What the kill left would be swept by the next, whose numbers would mean other calls.
        assert_goes_on(&killing.workspace, call);
        killing.published = killing.delivered;
        killing.shown.insert(killing.workspace.revision(LAYER));
        assert_eq!(folders_of_revisions(&killing.workspace), killing.shown, "{call} {number}: what is left goes");
    }
    assert_eq!(killing.landed(), calls.len());
    assert!(killing.never_shown > 0, "no kill landed between the two renames");
    let landed = killing.finish();
    assert!(landed["publishing"] >= calls.len() - first_sync, "{landed:?}");
}

#[test]
fn a_publication_killed_at_300_calls_spread_over_it_leaves_one_revision_whole() {
    const KILLS: usize = 300;
    /// Two runs differ by a read or two, so a kill meant for the last call may come too late.
    const SPARE: usize = 10;
    const STEPS: [&str; 5] = ["reading", "writing", "verifying", "baking", "publishing"];
    /// Kills in each step at the least.
    const KILLS_A_STEP: usize = 4;
    if !has_strace("a_publication_killed_at_300_calls_spread_over_it_leaves_one_revision_whole") {
        return;
    }
    // All that writes, and enough of what reads that every step has calls; each half of the kills.
    let mut spread = Vec::new();
    for (calls, kills) in [
        ("write,pwrite64,copy_file_range,chmod,fchmod,ftruncate,openat", KILLS / 2),
        ("close,pread64,read", KILLS / 2 + SPARE),
    ] {
        let calls = calls_of_an_ingest(calls);
        let step = calls.len() as f64 / kills as f64;
        spread.extend((0..kills).map(|place| calls[(place as f64 * step) as usize].clone()));
    }
    let mut killing = Killing::begin();
    for (call, number) in &spread {
        killing.kill_at(call, *number);
    }
    // An ingest that sweeps after another makes more calls than one that has nothing to sweep.
    assert!(killing.landed() >= KILLS, "{:?}", killing.landed);
    let landed = killing.finish();
    for step in STEPS {
        assert!(landed.get(step).is_some_and(|kills| *kills >= KILLS_A_STEP), "{step}: {landed:?}");
    }
}

#[test]
fn a_disk_that_reports_an_error_publishes_nothing() {
    if !has_strace("a_disk_that_reports_an_error_publishes_nothing") {
        return;
    }
    let (workspace, readers) = published();
    deliver(&workspace, 2);
    let before = workspace.revision(LAYER);
    for (call, numbers) in [
        ("fsync", vec![1, 2, 3, 4, 5, 6, 7]),
        ("rename", vec![1]),
        ("mkdir", vec![3, 4, 5, 6]),
        ("copy_file_range", vec![1]),
        ("pwrite64", vec![1, 5, 20, 40]),
    ] {
        for number in numbers {
            let ran = with_fault(&workspace, call, "error=EIO", number);
            let what = format!("EIO at {call} {number}");
            assert_eq!(ran.status, 1, "{what}: {}", ran.stderr);
            assert!(
                ran.stderr.contains("os error 5") || ran.stderr.contains("disk I/O error"),
                "{what}: {}",
                ran.stderr
            );
            assert_eq!(workspace.revision(LAYER), before, "{what}");
            assert_sound(&workspace.data(), &what);
        }
    }
    assert_eq!(state_of(readers.server(), "after all errors"), 1);
    assert_goes_on(&workspace, "after all errors");
    readers.finish();
}

/// A write is cut short at so many bytes of a file and the process dies of it.
#[test]
fn a_write_that_is_torn_publishes_nothing() {
    let (workspace, readers) = published();
    deliver(&workspace, 2);
    let before = workspace.revision(LAYER);
    for bytes in [1, 100, 511, 4_095, 4_097, 10_000, 20_481, 30_001, 50_000, 100_001] {
        let ingest = support::causeway(&workspace.data(), &workspace.layers());
        let mut command = Command::new("prlimit");
        command.arg(format!("--fsize={bytes}")).arg("--core=0").arg(ingest.get_program());
        let ran = run(command.args(ingest.get_args()).arg("ingest"));
        assert_ne!(ran.status, 0, "{bytes}: {}", ran.stdout);
        assert_eq!(workspace.revision(LAYER), before, "torn at {bytes}");
        assert_sound(&workspace.data(), &format!("torn at {bytes}"));
    }
    assert_goes_on(&workspace, "after all torn writes");
    readers.finish();
}

#[test]
fn a_disk_that_fills_publishes_nothing_and_loses_nothing() {
    const STEP_KIB: usize = 64;
    const STEPS_MAX: usize = 60;
    let test = "a_disk_that_fills_publishes_nothing_and_loses_nothing";
    let workspace = Workspace::default();
    std::fs::create_dir(workspace.data()).unwrap();
    let Ok(disk) = Disk::mount(workspace.data(), "size=16m") else {
        skip(test, "a small disk cannot be mounted here");
        return;
    };
    deliver(&workspace, 1);
    workspace.ingest();
    let readers = Readers::of(workspace.serve());
    let before = workspace.revision(LAYER);
    let used_kib = disk.used_kib();
    deliver(&workspace, 2);
    let mut fills = 0;
    for step in 0..STEPS_MAX {
        disk.resize(used_kib + step * STEP_KIB);
        let ran = workspace.causeway(&["ingest"]);
        assert_sound(&workspace.data(), &format!("step {step}"));
        if ran.status == 0 {
            break;
        }
        fills += 1;
        assert_eq!(workspace.revision(LAYER), before, "step {step}: {}", ran.stderr);
        let left = std::fs::read_dir(workspace.data().join("staging")).unwrap().count();
        assert_eq!(left, 0, "step {step}: the half-made is swept");
    }
    println!("{fills} times full");
    assert!(fills >= 2, "the disk never filled");
    support::wait_until(|| state_of(readers.server(), "with room") == 2);
    readers.finish();
}

/// A disk in memory, gone when dropped.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn mount(folder: PathBuf, options: &str) -> Result<Self, String> {
        let ran = run(Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&folder));
        if ran.status == 0 { Ok(Disk { folder }) } else { Err(ran.stderr) }
    }

    fn resize(&self, size_kib: usize) {
        let options = format!("remount,size={size_kib}k");
        let ran = run(Command::new("mount").args(["-o", &options]).arg(&self.folder));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }

    /// As the disk itself counts.
    fn used_kib(&self) -> usize {
        let ran = run(Command::new("df").args(["--output=used", "-k"]).arg(&self.folder));
        ran.stdout.lines().last().unwrap().trim().parse().unwrap()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The server that reads from it may end a moment later than this.
        run(Command::new("umount").arg("--lazy").arg(&self.folder));
    }
}
