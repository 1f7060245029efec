//! The files for taking away, when the ingest that makes them is killed or the worker that writes
//! them is: what is listed is whole, what was there stays, and the server goes on.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use causeway::base::digest::Sha256Hex;
use serde_json::Value;
use support::faults::{
    LAYER, PUBLISHING_CALLS, assert_goes_on, assert_sound, calls_in, deliver_with, has_strace, with_fault,
};
use support::{Ran, Server, Workspace, header, run, wait_until};

/// The package itself, a file of our own writers, two of the worker's: one file alone and one packed.
const FORMATS: &str = "\n[downloads]\nformats = [\"GeoPackage\", \"GeoJSON\", \"FlatGeobuf\", \"Shapefile\"]\n";
const OURS: &str = "afcd-points.geojson";

fn published() -> Workspace {
    let workspace = Workspace::default();
    deliver_with(&workspace, 1, FORMATS);
    workspace.ingest();
    workspace
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.data().join("layers").join(LAYER).join(format!("{}.downloads", workspace.revision(LAYER)))
}

/// What the manifest on the disk lists; nothing where there is none.
fn listed(workspace: &Workspace) -> Vec<Value> {
    match std::fs::read(folder(workspace).join("manifest.json")) {
        Ok(text) => serde_json::from_slice::<Value>(&text).unwrap()["files"].as_array().unwrap().clone(),
        Err(_) => Vec::new(),
    }
}

fn names(workspace: &Workspace) -> Vec<String> {
    listed(workspace).iter().map(|file| file["name"].as_str().unwrap().to_owned()).collect()
}

/// As if all but the file of our own writers had not been made yet. Whoever reads meanwhile finds
/// the manifest before or the one after.
fn take_back_all_but_ours(workspace: &Workspace) {
    let folder = folder(workspace);
    let mut manifest: Value = serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap();
    manifest["files"].as_array_mut().unwrap().retain(|file| file["name"] == OURS);
    std::fs::write(folder.join("new"), manifest.to_string()).unwrap();
    std::fs::rename(folder.join("new"), folder.join("manifest.json")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
        if entry.file_name() != OURS && entry.file_name() != "manifest.json" {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// Every file that the server lists comes as its list says.
#[track_caller]
fn assert_served(server: &Server, workspace: &Workspace, what: &str) {
    for file in listed(workspace) {
        let path = format!("/downloads/{LAYER}/{}", file["name"].as_str().unwrap());
        let etag = format!("\"{}\"", file["sha256"].as_str().unwrap());
        wait_until(|| header(&server.get(&path), "etag") == etag);
        let found = Sha256Hex::of_bytes(&server.get(&path).bytes().unwrap());
        assert_eq!(format!("\"{found}\""), etag, "{what}: {path}");
    }
}

/// Asks for one file again and again, which is there all the while.
fn reader(server: &Arc<Server>) -> (Arc<AtomicBool>, std::thread::JoinHandle<Result<u64, String>>) {
    let (server, stop) = (Arc::clone(server), Arc::new(AtomicBool::new(false)));
    let stopped = Arc::clone(&stop);
    let read = move || {
        let mut answers = 0;
        while !stopped.load(Ordering::Relaxed) {
            let response = server.get(&format!("/downloads/{LAYER}/{OURS}"));
            if response.status() != 200 {
                return Err(format!("{OURS} was answered with {}", response.status()));
            }
            let digest = header(&response, "etag");
            let found = Sha256Hex::of_bytes(&response.bytes().unwrap());
            if digest != format!("\"{found}\"") {
                return Err(format!("{OURS} has the digest {found}, not {digest}"));
            }
            answers += 1;
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Ok(answers)
    };
    (stop, std::thread::spawn(read))
}

#[test]
fn files_whose_making_is_killed_at_any_call_are_there_whole_or_not_at_all() {
    if !has_strace("files_whose_making_is_killed_at_any_call_are_there_whole_or_not_at_all") {
        return;
    }
    let workspace = published();
    let all = names(&workspace);
    assert!(all.len() >= 6, "{all:?}");
    let server = Arc::new(workspace.serve());
    let (stop, reading) = reader(&server);
    take_back_all_but_ours(&workspace);
    let calls = calls_in(&workspace, PUBLISHING_CALLS);
    assert_eq!(names(&workspace), all, "an ingest makes what lacks");
    let of = |name: &str| calls.iter().filter(|(call, _)| call == name).count();
    // Each file and the manifest, two folders; a name from the worker's folder for each of its files.
    assert!(of("fsync") >= all.len() + 3 && of("rename") >= 4 && of("renameat2") == 1, "{calls:?}");
    let (mut olds, mut news) = (0, 0);
    for (call, number) in &calls {
        let what = format!("killed at {call} {number}");
        take_back_all_but_ours(&workspace);
        let ran = with_fault(&workspace, call, "signal=KILL", *number);
        assert_ne!(ran.status, 0, "{what}: it never came to this");
        assert_sound(&workspace.data(), &what);
        let found = names(&workspace);
        assert!(found == all || found == [OURS], "{what}: {found:?}");
        olds += usize::from(found != all);
        news += usize::from(found == all);
        assert_served(&server, &workspace, &what);
        assert_goes_on(&workspace, &what);
        assert_eq!(names(&workspace), all, "{what}");
    }
    println!("{} kills: {olds} left the old files, {news} the new", calls.len());
    assert!(olds > 0 && news > 0);
    assert_served(&server, &workspace, "after all kills");
    stop.store(true, Ordering::Relaxed);
    assert!(reading.join().unwrap().unwrap() > 0);
}

/// Runs an ingest whose worker is killed at a call when it writes, and only then.
fn with_killed_writer(workspace: &Workspace, call: &str, number: usize) -> Ran {
    use std::os::unix::fs::PermissionsExt;
    let script = workspace.folder.join("worker");
    let strace = format!("strace -qq -o /dev/null -e trace={call} -e inject={call}:signal=KILL:when={number}");
    let worker = env!("CARGO_BIN_EXE_causeway-worker");
    let text = format!(
        "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\n[ \"$1\" = write ] && exec {strace} {worker} write\nexec {worker} \"$@\"\n"
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = support::causeway(&workspace.data(), &workspace.layers());
    run(command.arg("ingest").env("CAUSEWAY_WORKER", &script))
}

#[test]
fn a_file_whose_writer_is_killed_is_named_and_every_other_is_made() {
    if !has_strace("a_file_whose_writer_is_killed_is_named_and_every_other_is_made") {
        return;
    }
    let workspace = published();
    let all = names(&workspace);
    let ours = [OURS, "afcd-points.gpkg"];
    let server = workspace.serve();
    for (call, numbers) in
        [("openat", &[20, 60, 90][..]), ("write", &[1, 2, 5]), ("unlink", &[1]), ("close", &[15, 40])]
    {
        for number in numbers {
            let what = format!("the writer is killed at {call} {number}");
            take_back_all_but_ours(&workspace);
            let ran = with_killed_writer(&workspace, call, *number);
            assert_sound(&workspace.data(), &what);
            let found = names(&workspace);
            for name in all.iter().filter(|name| !found.contains(name)) {
                assert!(!ours.contains(&name.as_str()), "{what}: {name} needs no worker");
                assert!(ran.stderr.contains(&format!("{name} could not be made")), "{what}: {}", ran.stderr);
            }
            assert_eq!(ran.status != 0, found.len() < all.len(), "{what}: {}", ran.stderr);
            assert_served(&server, &workspace, &what);
            assert_goes_on(&workspace, &what);
            assert_eq!(names(&workspace), all, "{what}");
        }
    }
}
