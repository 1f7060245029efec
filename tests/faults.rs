//! A publication that is killed, or whose disk fails or fills, at any call that changes the disk:
//! the old revision or the new one, whole, and the next ingest goes on.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{Ran, Workspace, run, skip};

const OLD: &str = "key,name,lon,lat\n1,Pier,114.16,22.28\n2,Peak,114.15,22.27\n";
const NEW: &str = "key,name,lon,lat\n1,Pier,114.16,22.28\n2,Peak,114.15,22.27\n3,Park,114.17,22.29\n";

/// A workspace with one published revision, and a second delivery that lies ready.
fn prepared() -> Workspace {
    let workspace = Workspace::default();
    workspace.define("afcd/points", &[("points.csv", OLD.as_bytes())], "");
    workspace.ingest();
    workspace.define("afcd/points", &[("points.csv", NEW.as_bytes())], "");
    workspace
}

/// Runs an ingest in which the Nth call of one name meets a fault.
fn with_fault(workspace: &Workspace, call: &str, fault: &str, number: usize) -> Ran {
    let ingest = support::causeway(&workspace.data(), &workspace.layers());
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:{fault}:when={number}")])
        .arg(ingest.get_program())
        .args(ingest.get_args())
        .arg("ingest");
    run(&mut command)
}

fn has_strace(test: &str) -> bool {
    let is_there = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    if !is_there {
        skip(test, "strace is not there");
    }
    is_there
}

/// Every published file is sound, and what is served is one revision, whole.
fn assert_whole(workspace: &Workspace, what: &str) {
    let verified = workspace.causeway(&["verify"]);
    assert_eq!(verified.status, 0, "{what}: {}", verified.stdout);
    let server = workspace.serve();
    let items = server.json("/collections/afcd-points/items");
    let count = items["features"].as_array().unwrap().len();
    assert!(count == 2 || count == 3, "{what}: {count} features");
    assert_eq!(items["numberMatched"], count, "{what}");
}

fn assert_goes_on(workspace: &Workspace, what: &str) {
    let next = workspace.causeway(&["ingest"]);
    assert_eq!(next.status, 0, "{what}: {}", next.stderr);
    assert_eq!(
        workspace.package("afcd-points").query_row("SELECT count(*) FROM afcd_points", [], |row| row.get::<_, i64>(0)),
        Ok(3)
    );
    let left = std::fs::read_dir(workspace.data().join("staging")).unwrap().count();
    assert_eq!(left, 0, "{what}: the half-made is swept");
}

#[test]
fn a_publication_killed_at_any_call_leaves_one_revision_whole() {
    const CALLS_MAX: usize = 60;
    if !has_strace("a_publication_killed_at_any_call_leaves_one_revision_whole") {
        return;
    }
    let mut kills = 0;
    for call in ["fsync", "rename", "unlinkat", "mkdir", "unlink"] {
        for number in 1..CALLS_MAX {
            let workspace = prepared();
            let ran = with_fault(&workspace, call, "signal=KILL", number);
            if ran.status == 0 {
                break;
            }
            kills += 1;
            let what = format!("killed at {call} {number}");
            assert_whole(&workspace, &what);
            assert_goes_on(&workspace, &what);
        }
    }
    // Six syncs, two renames and the folders of the stage at the least.
    assert!(kills >= 12, "{kills} kills landed");
}

#[test]
fn a_disk_that_reports_an_error_publishes_nothing() {
    if !has_strace("a_disk_that_reports_an_error_publishes_nothing") {
        return;
    }
    for (call, number) in [("fsync", 1), ("fsync", 3), ("fsync", 5), ("rename", 1), ("rename", 2), ("mkdir", 1)] {
        let workspace = prepared();
        let before = workspace.revision("afcd-points");
        let ran = with_fault(&workspace, call, "error=EIO", number);
        let what = format!("EIO at {call} {number}");
        assert_eq!(ran.status, 1, "{what}: {}", ran.stderr);
        assert!(ran.stderr.contains("os error 5"), "{what}: {}", ran.stderr);
        assert_eq!(workspace.revision("afcd-points"), before, "{what}");
        assert_whole(&workspace, &what);
        assert_goes_on(&workspace, &what);
    }
}

#[test]
fn a_disk_that_fills_publishes_nothing_and_loses_nothing() {
    const STEP_KIB: usize = 64;
    let test = "a_disk_that_fills_publishes_nothing_and_loses_nothing";
    let disk = tempfile::tempdir().unwrap();
    if mount(disk.path(), 4096).is_err() {
        skip(test, "a small disk cannot be mounted here");
        return;
    }
    let mut fills = 0;
    let workspace = prepared();
    let base_kib = size_kib(&workspace.data());
    for step in 1..40 {
        unmount(disk.path());
        mount(disk.path(), base_kib + step * STEP_KIB).unwrap();
        let data = disk.path().join("data");
        let copied = run(Command::new("cp").arg("-a").arg(workspace.data()).arg(&data));
        assert_eq!(copied.status, 0, "{}", copied.stderr);
        let ran = run(support::causeway(&data, &workspace.layers()).arg("ingest"));
        let verified = run(support::causeway(&data, &workspace.layers()).arg("verify"));
        assert_eq!(verified.status, 0, "step {step}: {}", verified.stdout);
        if ran.status == 0 {
            break;
        }
        fills += 1;
        let current = std::fs::read_to_string(data.join("layers/afcd-points/current")).unwrap();
        assert_eq!(current.trim(), workspace.revision("afcd-points"), "step {step}: {}", ran.stderr);
        assert_eq!(std::fs::read_dir(data.join("staging")).unwrap().count(), 0, "step {step}");
    }
    unmount(disk.path());
    assert!(fills > 0, "the disk never filled");
}

fn size_kib(folder: &Path) -> usize {
    let ran = run(Command::new("du").arg("-sk").arg(folder));
    ran.stdout.split_whitespace().next().unwrap().parse().unwrap()
}

fn mount(folder: &Path, size_kib: usize) -> Result<(), String> {
    let ran = run(Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size_kib}k"), "tmpfs"]).arg(folder));
    if ran.status == 0 { Ok(()) } else { Err(ran.stderr) }
}

fn unmount(folder: &Path) {
    run(Command::new("umount").arg(folder));
}
