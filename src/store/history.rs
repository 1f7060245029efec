//! Older revisions: made current again, taken out of sight, verified, pruned.
//!
//! Beside `current` a layer's folder may hold `withdrawn` (it is published no more, since when),
//! `held-back` (a fingerprint a line: deliveries that a person rolled back from, which ingest does
//! not publish again by itself) and `successor` (the revision of other layers of the same definition
//! that took its place, or is about to).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::publish::{sync, write_replacing};
use super::{Downloads, Manifest, Store, StoreError, file_error};
use crate::base::digest::Sha256Hex;
use crate::base::{LayerId, RevisionId};

/// A superseded revision is kept at least so long: a walk through its pages may still be under way.
pub const KEPT_AFTER_SUPERSEDED: Duration = Duration::from_secs(24 * 3600);

/// A revision and whether its files are as its manifest says.
#[derive(Debug)]
pub struct Verified {
    pub layer: LayerId,
    pub revision: RevisionId,
    pub is_current: bool,
    /// The files of the revision itself, and those that can be taken away, where there are any.
    pub result: Result<(Manifest, Option<Downloads>), StoreError>,
}

impl Store {
    /// Every layer that has a revision, whether one is current or not, in order of id.
    pub fn layers(&self) -> Result<Vec<LayerId>, StoreError> {
        let folder = self.layers_folder();
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(file_error(&folder))? {
            let name = entry.map_err(file_error(&folder))?.file_name();
            if let Ok(layer) = name.to_string_lossy().parse::<LayerId>()
                && !self.revisions(&layer)?.is_empty()
            {
                found.push(layer);
            }
        }
        found.sort();
        Ok(found)
    }

    /// Makes an older revision current: the one that is named, else the one before the current, or
    /// the newest of a layer that was withdrawn. It is verified first. The delivery that was rolled
    /// back from is held back, so that the next ingest does not publish it again.
    pub fn rollback(&self, layer: &LayerId, to: Option<&RevisionId>) -> Result<RevisionId, StoreError> {
        let revisions = self.known_revisions(layer)?;
        let current = self.current(layer)?;
        let target = match to {
            Some(wanted) if revisions.contains(wanted) => wanted.clone(),
            Some(wanted) => {
                return Err(StoreError::NoRevision { layer: layer.clone(), wanted: wanted.clone(), kept: revisions });
            }
            None => revisions
                .iter()
                .rfind(|revision| current.as_ref().is_none_or(|current| *revision < current))
                .cloned()
                .ok_or_else(|| StoreError::NothingBefore { layer: layer.clone() })?,
        };
        let folder = self.revision_folder(layer, &target);
        let manifest = Manifest::read(&folder)?;
        manifest.verify(&folder)?;
        let mut held_back = self.held_back(layer)?;
        held_back.retain(|fingerprint| *fingerprint != manifest.fingerprint);
        if let Some(current) = current.filter(|current| *current > target) {
            held_back.push(self.manifest(layer, &current)?.fingerprint);
        }
        let lines: String = held_back.iter().map(|fingerprint| format!("{fingerprint}\n")).collect();
        // First what holds ingest back, so that a crash in between leaves nothing to undo the rollback.
        write_replacing(&self.held_back_file(layer), &lines)?;
        self.point(layer, &target)?;
        self.forget_withdrawal(layer)?;
        Ok(target)
    }

    /// Takes a layer out of sight at once; its revisions stay. `rollback` brings it back.
    pub fn withdraw(&self, layer: &LayerId, now: jiff::Timestamp) -> Result<(), StoreError> {
        self.known_revisions(layer)?;
        remove_if_there(&self.successor_file(layer))?;
        self.take_out_of_sight(layer, now)
    }

    /// Writes down, before other layers are published in this one's place, that they will be: after a
    /// crash in between [`Store::give_way`] can still be done.
    pub fn announce_successor(&self, layer: &LayerId, successor: &RevisionId) -> Result<(), StoreError> {
        write_replacing(&self.successor_file(layer), &format!("{successor}\n"))?;
        sync(&self.layer_folder(layer))
    }

    /// The revision of other layers that takes or took this layer's place.
    pub fn successor(&self, layer: &LayerId) -> Result<Option<RevisionId>, StoreError> {
        let text = read_if_there(self.successor_file(layer))?;
        Ok(text.and_then(|text| text.trim().parse().ok()))
    }

    /// Withdraws a layer whose successors are published. It is no person's word, so a later delivery
    /// that makes this layer again is not held for it.
    pub fn give_way(&self, layer: &LayerId, now: jiff::Timestamp) -> Result<(), StoreError> {
        self.take_out_of_sight(layer, now)
    }

    /// What was withdrawn or was about to give way is published as if neither had been.
    pub fn forget_withdrawal(&self, layer: &LayerId) -> Result<(), StoreError> {
        remove_if_there(&self.withdrawn_file(layer))?;
        remove_if_there(&self.successor_file(layer))?;
        sync(&self.layer_folder(layer))
    }

    fn take_out_of_sight(&self, layer: &LayerId, now: jiff::Timestamp) -> Result<(), StoreError> {
        self.end_abandoned(layer)?;
        write_replacing(&self.withdrawn_file(layer), &format!("{now}\n"))?;
        remove_if_there(&self.pointer(layer))?;
        sync(&self.layer_folder(layer))
    }

    /// When a layer was withdrawn, if it was.
    pub fn withdrawn_at(&self, layer: &LayerId) -> Result<Option<String>, StoreError> {
        Ok(read_if_there(self.withdrawn_file(layer))?.map(|text| text.trim().to_owned()))
    }

    /// Every layer that was published and is no more, with its last revision and when it went.
    pub fn withdrawn(&self) -> Result<Vec<(LayerId, RevisionId, jiff::Timestamp)>, StoreError> {
        let folder = self.layers_folder();
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(file_error(&folder))? {
            let name = entry.map_err(file_error(&folder))?.file_name();
            let Ok(layer) = name.to_string_lossy().parse::<LayerId>() else { continue };
            let Some(moment) = self.withdrawn_at(&layer)?.and_then(|moment| moment.parse().ok()) else { continue };
            if self.current(&layer)?.is_none()
                && let Some(last) = self.revisions(&layer)?.pop()
            {
                found.push((layer, last, moment));
            }
        }
        found.sort();
        Ok(found)
    }

    /// Fingerprints of deliveries that a person rolled back from.
    pub fn held_back(&self, layer: &LayerId) -> Result<Vec<Sha256Hex>, StoreError> {
        let text = read_if_there(self.held_back_file(layer))?.unwrap_or_default();
        Ok(text.lines().filter_map(|line| line.trim().parse().ok()).collect())
    }

    /// Reads every file of every revision again.
    pub fn verify(&self) -> Result<Vec<Verified>, StoreError> {
        let mut verified = Vec::new();
        for layer in self.layers()? {
            let current = self.current(&layer)?;
            for revision in self.revisions(&layer)? {
                let result = self.verify_revision(&layer, &revision);
                let is_current = current.as_ref() == Some(&revision);
                verified.push(Verified { layer: layer.clone(), revision, is_current, result });
            }
        }
        Ok(verified)
    }

    fn verify_revision(
        &self,
        layer: &LayerId,
        revision: &RevisionId,
    ) -> Result<(Manifest, Option<Downloads>), StoreError> {
        let folder = self.revision_folder(layer, revision);
        let manifest = Manifest::read(&folder)?;
        manifest.verify(&folder)?;
        let downloads = self.downloads(layer, revision)?;
        if let Some(downloads) = &downloads {
            downloads.verify(&self.downloads_folder(layer, revision))?;
        }
        Ok((manifest, downloads))
    }

    /// Removes revisions that are not current, not among the `keep` newest, and were superseded
    /// longer ago than [`KEPT_AFTER_SUPERSEDED`].
    pub fn prune(&self, keep: usize, now: jiff::Timestamp) -> Result<Vec<(LayerId, RevisionId)>, StoreError> {
        let mut pruned = Vec::new();
        for layer in self.layers()? {
            self.remove_orphaned_downloads(&layer)?;
            let revisions = self.revisions(&layer)?;
            let current = self.current(&layer)?;
            let oldest_kept = revisions.len().saturating_sub(keep);
            for (place, revision) in revisions.iter().enumerate().take(oldest_kept) {
                let superseded = revisions.get(place + 1).and_then(RevisionId::published);
                let is_old =
                    superseded.is_some_and(|moment| now.duration_since(moment) > signed(KEPT_AFTER_SUPERSEDED));
                if is_old && current.as_ref() != Some(revision) {
                    self.remove(&layer, revision)?;
                    pruned.push((layer.clone(), revision.clone()));
                }
            }
        }
        Ok(pruned)
    }

    fn remove(&self, layer: &LayerId, revision: &RevisionId) -> Result<(), StoreError> {
        self.move_aside(&self.revision_folder(layer, revision))?;
        self.move_aside(&self.downloads_folder(layer, revision))?;
        sync(&self.layer_folder(layer))
    }

    fn known_revisions(&self, layer: &LayerId) -> Result<Vec<RevisionId>, StoreError> {
        let revisions = match self.layer_folder(layer).is_dir() {
            true => self.revisions(layer)?,
            false => Vec::new(),
        };
        if revisions.is_empty() {
            return Err(StoreError::NoLayer { layer: layer.clone(), known: self.layers()? });
        }
        Ok(revisions)
    }

    fn withdrawn_file(&self, layer: &LayerId) -> PathBuf {
        self.layer_folder(layer).join("withdrawn")
    }

    fn successor_file(&self, layer: &LayerId) -> PathBuf {
        self.layer_folder(layer).join("successor")
    }

    fn held_back_file(&self, layer: &LayerId) -> PathBuf {
        self.layer_folder(layer).join("held-back")
    }
}

fn signed(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}

fn read_if_there(path: PathBuf) -> Result<Option<String>, StoreError> {
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::File { path, source }),
    }
}

pub(super) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::File { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: u32) -> jiff::Timestamp {
        format!("2026-11-{number:02}T00:00:00Z").parse().unwrap()
    }

    /// A layer with one revision a day from the first, each with one file.
    fn published(store: &Store, days: u32) -> (LayerId, Vec<RevisionId>) {
        let layer: LayerId = "lcsd-libraries".parse().unwrap();
        let revisions = (1..=days)
            .map(|number| {
                let fingerprint = Sha256Hex::of_bytes(&number.to_le_bytes());
                let revision = RevisionId::new(day(number), &fingerprint);
                let stage = store.stage().unwrap();
                fs::write(stage.folder().join("a.txt"), number.to_string()).unwrap();
                let manifest = Manifest {
                    format: super::super::MANIFEST_FORMAT,
                    layer: layer.clone(),
                    revision: revision.clone(),
                    published: day(number),
                    fingerprint,
                    files: Manifest::measure(stage.folder()).unwrap(),
                    read: 1,
                    kept: 1,
                    rejected: 0,
                    findings: Default::default(),
                    siblings: Vec::new(),
                    definition: None,
                    fetched: Vec::new(),
                    crs_operation: String::new(),
                    personal_data: Vec::new(),
                    tools: Default::default(),
                };
                manifest.write(stage.folder()).unwrap();
                store.publish(stage, &layer, &revision).unwrap();
                revision
            })
            .collect();
        (layer, revisions)
    }

    #[test]
    fn rolling_back_holds_back_what_was_rolled_back_from_until_it_is_wanted_again() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let (layer, revisions) = published(&store, 3);
        assert_eq!(store.rollback(&layer, None).unwrap(), revisions[1]);
        assert_eq!(store.current(&layer).unwrap().as_ref(), Some(&revisions[1]));
        assert_eq!(store.held_back(&layer).unwrap(), [Sha256Hex::of_bytes(&3u32.to_le_bytes())]);
        assert_eq!(store.rollback(&layer, Some(&revisions[2])).unwrap(), revisions[2]);
        assert!(store.held_back(&layer).unwrap().is_empty());
        store.rollback(&layer, Some(&revisions[0])).unwrap();
        assert!(matches!(store.rollback(&layer, None), Err(StoreError::NothingBefore { .. })));
    }

    #[test]
    fn a_withdrawn_layer_is_gone_until_it_is_brought_back() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let (layer, revisions) = published(&store, 2);
        store.withdraw(&layer, day(9)).unwrap();
        assert_eq!(store.current(&layer).unwrap(), None);
        assert_eq!(store.withdrawn_at(&layer).unwrap().as_deref(), Some("2026-11-09T00:00:00Z"));
        assert!(store.current_revisions().unwrap().is_empty());
        assert_eq!(store.withdrawn().unwrap(), [(layer.clone(), revisions[1].clone(), day(9))]);
        assert_eq!(store.layers().unwrap(), std::slice::from_ref(&layer));
        assert_eq!(store.rollback(&layer, None).unwrap(), revisions[1]);
        assert_eq!(store.withdrawn_at(&layer).unwrap(), None);
        assert!(store.withdrawn().unwrap().is_empty());
    }

    #[test]
    fn a_damaged_revision_is_named_and_never_made_current() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let (layer, revisions) = published(&store, 2);
        let file = store.revision_folder(&layer, &revisions[0]).join("a.txt");
        fs::remove_file(&file).unwrap();
        fs::write(&file, "x").unwrap();
        let bad: Vec<Verified> = store.verify().unwrap().into_iter().filter(|one| one.result.is_err()).collect();
        assert_eq!((bad.len(), &bad[0].revision, bad[0].is_current), (1, &revisions[0], false));
        assert!(matches!(store.rollback(&layer, None), Err(StoreError::Damaged { .. })));
        assert_eq!(store.current(&layer).unwrap().as_ref(), Some(&revisions[1]));
    }

    #[test]
    fn pruning_leaves_the_current_the_newest_and_the_recently_superseded() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let (layer, revisions) = published(&store, 6);
        store.rollback(&layer, Some(&revisions[1])).unwrap();
        // At noon of the fifth the fourth day's revision is superseded for half a day only.
        let noon: jiff::Timestamp = "2026-11-05T12:00:00Z".parse().unwrap();
        let pruned = store.prune(1, noon).unwrap();
        let gone: Vec<&RevisionId> = pruned.iter().map(|(_, revision)| revision).collect();
        assert_eq!(gone, [&revisions[0], &revisions[2]]);
        assert_eq!(store.revisions(&layer).unwrap().len(), 4);
        assert_eq!(fs::read_dir(data.path().join("staging")).unwrap().count(), 0);
    }
}
