//! Publication: every file and folder is on the disk before the one small file that makes them
//! current is replaced, so that a power cut leaves the old revision or the new one, whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::marks::is_running;
use super::{Store, StoreError, file_error};
use crate::base::{LayerId, RevisionId};

/// A folder in which a revision is made; removed when dropped unpublished.
#[derive(Debug)]
pub struct Stage {
    pub(super) folder: Option<PathBuf>,
}

impl Stage {
    pub fn folder(&self) -> &Path {
        self.folder.as_deref().unwrap_or(Path::new(""))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(folder) = &self.folder {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

impl Store {
    /// A new empty stage on the same file system as what it will become.
    pub fn stage(&self) -> Result<Stage, StoreError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let folder = self.staging_folder().join(name);
        fs::create_dir(&folder).map_err(file_error(&folder))?;
        Ok(Stage { folder: Some(folder) })
    }

    /// Removes stages whose process is gone, and revisions that it did not come to make current.
    pub fn sweep(&self) -> Result<(), StoreError> {
        let staging = self.staging_folder();
        for entry in fs::read_dir(&staging).map_err(file_error(&staging))? {
            let path = entry.map_err(file_error(&staging))?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let process = name.split('-').next().and_then(|number| number.parse::<i32>().ok());
            if !process.is_some_and(is_running) {
                fs::remove_dir_all(&path).map_err(file_error(&path))?;
            }
        }
        self.end_all_abandoned()
    }

    /// Makes a finished stage the current revision. The order is the whole point: files, their
    /// folder, the mark of what is not current yet, the folder's new name, the name's folder, the
    /// pointer, the pointer's folder.
    pub fn publish(&self, stage: Stage, layer: &LayerId, revision: &RevisionId) -> Result<(), StoreError> {
        let staged = stage.folder().to_owned();
        for entry in fs::read_dir(&staged).map_err(file_error(&staged))? {
            let path = entry.map_err(file_error(&staged))?.path();
            make_read_only(&path)?;
            sync(&path)?;
        }
        sync(&staged)?;
        let layer_folder = self.layer_folder(layer);
        fs::create_dir_all(&layer_folder).map_err(file_error(&layer_folder))?;
        sync(&self.layers_folder())?;
        let mark = self.mark(layer, revision)?;
        if let Err(error) = self.place(stage, layer, revision) {
            // The first error is the one to tell; what this leaves is ended when the process is gone.
            let _ = self.abandon(layer, &mark);
            return Err(error);
        }
        mark.remove()?;
        self.forget_withdrawal(layer)
    }

    fn place(&self, mut stage: Stage, layer: &LayerId, revision: &RevisionId) -> Result<(), StoreError> {
        let folder = self.revision_folder(layer, revision);
        fs::rename(stage.folder(), &folder).map_err(file_error(&folder))?;
        stage.folder = None;
        sync(&self.layer_folder(layer))?;
        self.point(layer, revision)
    }

    /// Replaces `current` by rename.
    pub(super) fn point(&self, layer: &LayerId, revision: &RevisionId) -> Result<(), StoreError> {
        self.end_abandoned(layer)?;
        write_replacing(&self.pointer(layer), &format!("{revision}\n"))?;
        sync(&self.layer_folder(layer))
    }
}

/// Puts a small file in the place of another: whoever reads it finds the old text or the new one.
pub(super) fn write_replacing(path: &Path, text: &str) -> Result<(), StoreError> {
    let temporary = path.with_extension("tmp");
    let mut file = File::create(&temporary).map_err(file_error(&temporary))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(file_error(&temporary))?;
    fs::rename(&temporary, path).map_err(file_error(path))
}

pub(super) fn make_read_only(path: &Path) -> Result<(), StoreError> {
    let mut permissions = fs::metadata(path).map_err(file_error(path))?.permissions();
    permissions.set_readonly(true);
    fs::set_permissions(path, permissions).map_err(file_error(path))
}

/// A failed sync is final: a second call would say all is well although pages may be lost.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    File::open(path).and_then(|file| file.sync_all()).map_err(file_error(path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::digest::Sha256Hex;

    fn revision(time: &str) -> RevisionId {
        RevisionId::new(time.parse().unwrap(), &Sha256Hex::of_bytes(time.as_bytes()))
    }

    #[test]
    fn a_published_stage_is_current_and_an_abandoned_one_is_gone() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        let layer: LayerId = "lcsd-libraries".parse().unwrap();
        for time in ["2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"] {
            let stage = store.stage().unwrap();
            fs::write(stage.folder().join("a.txt"), time).unwrap();
            store.publish(stage, &layer, &revision(time)).unwrap();
            assert_eq!(store.current(&layer).unwrap(), Some(revision(time)));
        }
        assert_eq!(store.revisions(&layer).unwrap().len(), 2);
        drop(store.stage().unwrap());
        assert_eq!(fs::read_dir(store.staging_folder()).unwrap().count(), 0);
    }

    #[test]
    fn a_stage_of_a_dead_process_is_swept() {
        let data = tempfile::tempdir().unwrap();
        let store = Store::open(data.path()).unwrap();
        fs::create_dir(store.staging_folder().join("2147483000-0")).unwrap();
        let mine = store.stage().unwrap();
        store.sweep().unwrap();
        assert!(mine.folder().exists());
        assert_eq!(fs::read_dir(store.staging_folder()).unwrap().count(), 1);
    }
}
