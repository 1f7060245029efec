//! Marks of publications that are under way.
//!
//! Between the rename of a revision's folder and that of `current` the revision is whole, and nobody
//! has ever been shown it. An empty file beside it, `<revision>.publishing-<process>`, says so until
//! `current` has moved. What is marked and not current is not listed and not read; once the process
//! is gone it is removed.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::history::remove_if_there;
use super::publish::sync;
use super::{Store, StoreError, file_error};
use crate::base::{LayerId, RevisionId};

/// What stands between the revision and the number of the process in the name of a mark.
const MARK: &str = ".publishing-";

/// A revision that a process is about to make current.
#[derive(Debug)]
pub(super) struct Mark {
    pub revision: RevisionId,
    process: i32,
    path: PathBuf,
}

impl Mark {
    fn parse(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (revision, process) = name.split_once(MARK)?;
        Some(Mark { revision: revision.parse().ok()?, process: process.parse().ok()?, path })
    }

    /// What it marks has been current.
    pub(super) fn remove(&self) -> Result<(), StoreError> {
        remove_if_there(&self.path)
    }
}

/// Whether a process with this number runs on this machine.
pub(super) fn is_running(process: i32) -> bool {
    rustix::process::Pid::from_raw(process).is_some_and(|process| rustix::process::test_kill_process(process).is_ok())
}

impl Store {
    /// Marks a revision, durably, before its folder has its name.
    pub(super) fn mark(&self, layer: &LayerId, revision: &RevisionId) -> Result<Mark, StoreError> {
        let process = std::process::id();
        let path = self.layer_folder(layer).join(format!("{revision}{MARK}{process}"));
        File::create(&path).map_err(file_error(&path))?;
        sync(&self.layer_folder(layer))?;
        Ok(Mark { revision: revision.clone(), process: process.cast_signed(), path })
    }

    /// Every mark of a layer.
    pub(super) fn marks(&self, layer: &LayerId) -> Result<Vec<Mark>, StoreError> {
        let folder = self.layer_folder(layer);
        let mut marks = Vec::new();
        for entry in entries(&folder)? {
            marks.extend(Mark::parse(entry));
        }
        Ok(marks)
    }

    /// Ends a publication that did not come to its end: its revision stays where it is current by
    /// now, and goes where it never was.
    pub(super) fn abandon(&self, layer: &LayerId, mark: &Mark) -> Result<(), StoreError> {
        if self.current(layer)?.as_ref() != Some(&mark.revision) {
            self.move_aside(&self.revision_folder(layer, &mark.revision))?;
            sync(&self.layer_folder(layer))?;
        }
        mark.remove()
    }

    /// Ends the publications of a layer whose process is gone, before `current` moves again: what it
    /// names now has been shown, whatever its mark says.
    pub(super) fn end_abandoned(&self, layer: &LayerId) -> Result<(), StoreError> {
        for mark in self.marks(layer)?.iter().filter(|mark| !is_running(mark.process)) {
            self.abandon(layer, mark)?;
        }
        Ok(())
    }

    /// The same for every layer.
    pub(super) fn end_all_abandoned(&self) -> Result<(), StoreError> {
        for folder in entries(&self.layers_folder())? {
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if let Ok(layer) = name.parse::<LayerId>() {
                self.end_abandoned(&layer)?;
            }
        }
        Ok(())
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = fs::read_dir(folder).map_err(file_error(folder))?;
    entries.map(|entry| Ok(entry.map_err(file_error(folder))?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Sha256Hex;

    /// No process has this number.
    const GONE: i32 = 2_147_483_000;

    fn revision(day: u32) -> RevisionId {
        let published = format!("2026-11-{day:02}T00:00:00Z");
        RevisionId::new(published.parse().unwrap(), &Sha256Hex::of_bytes(published.as_bytes()))
    }

    /// A store with one published revision, and a second that a process had just given its name.
    fn with_second(process: i32) -> (tempfile::TempDir, Store, LayerId) {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let layer: LayerId = "lcsd-libraries".parse().unwrap();
        store.publish(store.stage().unwrap(), &layer, &revision(1)).unwrap();
        assert!(store.marks(&layer).unwrap().is_empty());
        fs::create_dir(store.revision_folder(&layer, &revision(2))).unwrap();
        File::create(store.layer_folder(&layer).join(format!("{}{MARK}{process}", revision(2)))).unwrap();
        (data, store, layer)
    }

    #[test]
    fn what_was_never_current_is_not_listed_and_goes_with_its_process() {
        for (process, is_there_after) in [(GONE, false), (std::process::id().cast_signed(), true)] {
            let (_data, store, layer) = with_second(process);
            assert_eq!(store.revisions(&layer).unwrap(), [revision(1)]);
            assert!(store.rollback(&layer, Some(&revision(2))).is_err());
            store.sweep().unwrap();
            assert_eq!(store.revisions(&layer).unwrap(), [revision(1)]);
            assert_eq!(store.revision_folder(&layer, &revision(2)).exists(), is_there_after);
            assert_eq!(store.marks(&layer).unwrap().len(), usize::from(is_there_after));
        }
    }

    #[test]
    fn what_was_current_stays_although_its_process_died_before_it_could_say_so() {
        type Next = fn(&Store, &LayerId);
        let nexts: [(&str, Next, &[u32]); 3] = [
            ("swept", |store, _| store.sweep().unwrap(), &[1, 2]),
            ("withdrawn", |store, layer| store.give_way(layer, jiff::Timestamp::now()).unwrap(), &[1, 2]),
            (
                "superseded",
                |store, layer| store.publish(store.stage().unwrap(), layer, &revision(3)).unwrap(),
                &[1, 2, 3],
            ),
        ];
        for (what, next, kept) in nexts {
            let (_data, store, layer) = with_second(GONE);
            // As if the process had died right behind it.
            fs::write(store.pointer(&layer), format!("{}\n", revision(2))).unwrap();
            next(&store, &layer);
            store.sweep().unwrap();
            let kept: Vec<RevisionId> = kept.iter().map(|day| revision(*day)).collect();
            assert_eq!(store.revisions(&layer).unwrap(), kept, "{what}");
            assert!(store.marks(&layer).unwrap().is_empty(), "{what}");
        }
    }
}
