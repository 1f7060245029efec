//! Power cuts while a layer is published: what the disk holds at that moment, mounted anew, is the
//! old revision or the new one, whole, and the new one once the ingest has said so.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::faults::{
    LAYER, Readers, assert_goes_on, assert_sound, deliver, has_strace, state_of, traced, with_fault,
};
use support::{Server, Workspace, run, skip};

/// A file system in a file, mounted so that it writes what is synced and as little else as it may:
/// its journal waits ten minutes, and a rename alone syncs nothing.
struct Disk {
    image: PathBuf,
    folder: PathBuf,
}

const OPTIONS: &str = "loop,commit=600,noauto_da_alloc";

impl Disk {
    fn make(image: PathBuf, folder: PathBuf) -> Result<Self, String> {
        const BYTES: u64 = 48 << 20;
        std::fs::File::create(&image).and_then(|file| file.set_len(BYTES)).map_err(|error| error.to_string())?;
        let ran = Command::new("mkfs.ext4").arg("-q").arg(&image).output().map_err(|error| error.to_string())?;
        if !ran.status.success() {
            return Err(String::from_utf8_lossy(&ran.stderr).into_owned());
        }
        Disk::mount(image, folder)
    }

    fn mount(image: PathBuf, folder: PathBuf) -> Result<Self, String> {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let ran = run(Command::new("mount").args(["-o", OPTIONS]).arg(&image).arg(&folder));
        if ran.status == 0 { Ok(Disk { image, folder }) } else { Err(ran.stderr) }
    }

    /// What would be left if the power went now, mounted elsewhere.
    fn after_a_cut(&self, folder: &Path) -> Disk {
        let image = self.image.with_extension("cut");
        let copied = run(Command::new("cp").arg("--sparse=always").arg(&self.image).arg(&image));
        assert_eq!(copied.status, 0, "{}", copied.stderr);
        Disk::mount(image, folder.to_owned()).unwrap()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // A server that reads from it may end a moment later than this.
        run(Command::new("umount").arg("--lazy").arg(&self.folder));
    }
}

/// A workspace whose data folder lies on a disk of its own, with one published revision.
fn published(test: &str) -> Option<(Workspace, Disk)> {
    if !has_strace(test) {
        return None;
    }
    let workspace = Workspace::default();
    let disk = match Disk::make(workspace.folder.join("disk.img"), workspace.folder.join("disk")) {
        Ok(disk) => disk,
        Err(why) => {
            skip(test, &format!("a disk in a file cannot be mounted here: {}", why.trim()));
            return None;
        }
    };
    std::os::unix::fs::symlink(disk.data(), workspace.data()).unwrap();
    std::fs::create_dir(disk.data()).unwrap();
    deliver(&workspace, 1);
    workspace.ingest();
    run(&mut Command::new("sync"));
    Some((workspace, disk))
}

fn shown_by(data: &Path, what: &str) -> u64 {
    state_of(&Server::start(data), what)
}

#[test]
fn a_power_cut_at_any_moment_leaves_one_revision_whole() {
    /// Moments as the Nth call of a name: before it, spread over the steps, then each that syncs
    /// or renames. With the two after the end they are twenty.
    const MOMENTS: [(&str, usize); 18] = [
        ("mkdir", 4),
        ("pwrite64", 2),
        ("pwrite64", 25),
        ("write", 14),
        ("fsync", 1),
        ("fsync", 2),
        ("fsync", 3),
        ("fsync", 4),
        ("fsync", 5),
        ("fsync", 6),
        ("fsync", 7),
        ("rename", 1),
        ("fsync", 8),
        ("fsync", 9),
        ("rename", 2),
        ("fsync", 10),
        ("unlinkat", 1),
        ("unlinkat", 3),
    ];
    let test = "a_power_cut_at_any_moment_leaves_one_revision_whole";
    let Some((workspace, disk)) = published(test) else { return };
    let readers = Readers::of(workspace.serve());
    let (mut state, mut olds, mut news) = (1, 0, 0);
    for (call, number) in MOMENTS {
        let what = format!("cut at {call} {number}");
        deliver(&workspace, state + 1);
        let ran = with_fault(&workspace, call, "signal=KILL", number);
        assert_ne!(ran.status, 0, "{what}: it never came to this");
        let after = disk.after_a_cut(&workspace.folder.join("after"));
        assert_sound(&after.data(), &what);
        let found = shown_by(&after.data(), &what);
        assert!(found == state || found == state + 1, "{what}: {found} is served");
        olds += usize::from(found == state);
        news += usize::from(found == state + 1);
        drop(after);
        // The disk itself goes on, with what lay ready, and the next cut finds it synced.
        assert_goes_on(&workspace, &what);
        state += 1;
    }
    for _ in 0..2 {
        state += 1;
        deliver(&workspace, state);
        workspace.ingest();
        let after = disk.after_a_cut(&workspace.folder.join("after"));
        assert_sound(&after.data(), "cut after the end");
        assert_eq!(shown_by(&after.data(), "cut after the end"), state, "what was said to be published is");
    }
    println!("20 cuts: {olds} left the old revision, {news} the new one, 2 after the end the new one");
    // Every cut before `current` was replaced leaves the old; the test would be blind if all did.
    assert!(olds >= 12, "{olds} of {}", MOMENTS.len());
    assert!(readers.finish() > 0);
}

/// The control: were the syncs left out, a cut would lose what was said to be published. A test
/// that does not see this sees nothing.
#[test]
fn a_cut_after_syncs_that_did_nothing_is_seen() {
    let test = "a_cut_after_syncs_that_did_nothing_is_seen";
    let Some((workspace, disk)) = published(test) else { return };
    deliver(&workspace, 2);
    let lying = ["trace=fsync", "inject=fsync:retval=0"];
    let ran = traced(&workspace, &lying, Path::new("/dev/null"));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(shown_by(&workspace.data(), "before the cut"), 2);
    let after = disk.after_a_cut(&workspace.folder.join("after"));
    assert_eq!(shown_by(&after.data(), "after the cut"), 1, "{LAYER} was not synced and yet is there");
}
