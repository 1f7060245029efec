//! A folder for what one process makes and nobody keeps after it.

use std::fs::{self, File};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use tempfile::TempDir;

use super::{StoreError, file_error};

/// A folder of this process inside one that several may share; it goes with its owner. Its lock ends
/// with the process, however that ends, and so the next one knows what was left behind.
#[derive(Debug)]
pub struct WorkFolder {
    folder: TempDir,
    _lock: File,
}

/// What the folder of a process is called, before what makes it unique: nothing else is ever swept.
const PREFIX: &str = "serve-";
const LOCK: &str = "lock";

impl WorkFolder {
    /// Makes a folder inside `shared`, which is made where it is not there, and removes those whose
    /// process is gone.
    pub fn open(shared: &Path) -> Result<Self, StoreError> {
        fs::create_dir_all(shared).map_err(file_error(shared))?;
        // Held until this folder has its own: nobody sweeps it in between.
        let _all = locked(&shared.join(LOCK), FlockOperation::LockExclusive)?;
        sweep(shared)?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(shared).map_err(file_error(shared))?;
        let lock = locked(&folder.path().join(LOCK), FlockOperation::LockExclusive)?;
        Ok(WorkFolder { folder, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn locked(path: &Path, operation: FlockOperation) -> Result<File, StoreError> {
    let file = File::create(path).map_err(file_error(path))?;
    flock(&file, operation).map_err(|error| StoreError::File { path: path.to_owned(), source: error.into() })?;
    Ok(file)
}

fn sweep(shared: &Path) -> Result<(), StoreError> {
    for entry in fs::read_dir(shared).map_err(file_error(shared))? {
        let path = entry.map_err(file_error(shared))?.path();
        let is_ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
        if is_ours && is_left_behind(&path) {
            fs::remove_dir_all(&path).map_err(file_error(&path))?;
        }
    }
    Ok(())
}

fn is_left_behind(folder: &Path) -> bool {
    let lock = File::open(folder.join(LOCK));
    lock.is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dead_process_left_is_swept_and_what_others_hold_or_own_is_not() {
        let shared = tempfile::tempdir().unwrap();
        let held = WorkFolder::open(shared.path()).unwrap();
        for (name, file) in [("serve-dead", LOCK), ("serve-not-ours", "x"), ("photographs", LOCK)] {
            fs::create_dir(shared.path().join(name)).unwrap();
            fs::write(shared.path().join(name).join(file), "").unwrap();
        }
        let second = WorkFolder::open(shared.path()).unwrap();
        let left = |name: &str| shared.path().join(name).exists();
        assert!(held.path().exists() && second.path().exists() && held.path() != second.path());
        assert!(!left("serve-dead") && left("serve-not-ours") && left("photographs"));
        let gone = second.path().to_owned();
        drop(second);
        assert!(!gone.exists());
    }
}
