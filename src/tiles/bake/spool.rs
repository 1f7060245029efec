//! Finished bytes on disk until they are written in order: memory holds only where they are.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that threads append to. Each append takes its room first, so that none waits.
pub struct Spool {
    file: File,
    path: PathBuf,
    end: AtomicU64,
}

/// Where something stands in a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    start: u64,
    bytes: u32,
}

impl Extent {
    pub fn bytes(&self) -> usize {
        self.bytes as usize
    }
}

impl Spool {
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Spool { file, path: path.to_owned(), end: AtomicU64::new(0) })
    }

    pub fn append(&self, bytes: &[u8]) -> io::Result<Extent> {
        let length = u32::try_from(bytes.len()).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
        let start = self.end.fetch_add(u64::from(length), Ordering::Relaxed);
        self.file.write_all_at(bytes, start)?;
        Ok(Extent { start, bytes: length })
    }

    pub fn read(&self, extent: Extent) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; extent.bytes()];
        self.file.read_exact_at(&mut bytes, extent.start)?;
        Ok(bytes)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}
