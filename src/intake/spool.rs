//! Judged features on their way to the package: written once in the order of the delivery, read
//! back in the order of the Hilbert curve, so that memory stays flat.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use twox_hash::XxHash3_128;

use super::delivery::SourceFeature;
use super::delivery::protocol::{Frame, append_feature};
use super::{IngestError, file_error};

/// What is held in memory before it goes to the file: a small delivery needs none.
const HELD_BYTES: usize = 16 * 1024 * 1024;

pub struct SpoolWriter {
    path: PathBuf,
    held_bytes_max: usize,
    held: Vec<u8>,
    /// Made when it is first needed.
    file: Option<File>,
    in_file_bytes: u64,
}

impl SpoolWriter {
    pub fn new(path: PathBuf) -> Self {
        SpoolWriter::holding(HELD_BYTES, path)
    }

    fn holding(held_bytes_max: usize, path: PathBuf) -> Self {
        // Memory that is not written to is none: it never has to grow, which would copy it.
        SpoolWriter { path, held_bytes_max, held: Vec::with_capacity(held_bytes_max), file: None, in_file_bytes: 0 }
    }

    /// Writes a feature; answers its offset and a digest of all it holds, without where it stood and what befell it.
    pub fn write(&mut self, feature: &SourceFeature) -> Result<(u64, u128), IngestError> {
        let start = self.held.len();
        let at = self.in_file_bytes + start as u64;
        let content = append_feature(feature, &mut self.held).map_err(file_error(&self.path))?;
        let digest = XxHash3_128::oneshot(&self.held[content]);
        // Room for another like it.
        if 2 * self.held.len() - start > self.held_bytes_max {
            self.put_in_file()?;
        }
        Ok((at, digest))
    }

    fn put_in_file(&mut self) -> Result<(), IngestError> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(File::create_new(&self.path).map_err(file_error(&self.path))?),
        };
        file.write_all(&self.held).map_err(file_error(&self.path))?;
        self.in_file_bytes += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }

    pub fn finish(mut self) -> Result<SpoolReader, IngestError> {
        if self.file.is_some() {
            self.put_in_file()?;
            self.held = Vec::new();
        }
        let file = self.file.map(|_| File::open(&self.path)).transpose().map_err(file_error(&self.path))?;
        Ok(SpoolReader { path: self.path, file, window: self.held, start: 0 })
    }
}

/// Reads features back from wherever they stand. Neighbours on the curve are often neighbours in the
/// delivery, so a little more is read than the one that was asked for.
pub struct SpoolReader {
    path: PathBuf,
    /// None where the window holds all.
    file: Option<File>,
    window: Vec<u8>,
    /// Where the window begins.
    start: u64,
}

impl SpoolReader {
    pub fn read(&mut self, offset: u64) -> Result<SourceFeature, IngestError> {
        let frame = self.frame_at(offset).map_err(file_error(&self.path))?;
        match frame {
            Frame::Feature(feature) => Ok(feature),
            _ => Err(IngestError::Gate("the spool holds something that is no feature".to_owned())),
        }
    }

    fn frame_at(&mut self, offset: u64) -> std::io::Result<Frame> {
        /// More would cost a feature that stands alone more than it saves those that do not.
        const WINDOW_BYTES: usize = 8 * 1024;
        let mut bytes = Frame::bytes_of(self.ahead(offset));
        if bytes.is_none() {
            self.fill(offset, WINDOW_BYTES)?;
            bytes = Frame::bytes_of(&self.window);
        }
        let bytes = bytes.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        if self.ahead(offset).len() < bytes {
            self.fill(offset, bytes.max(WINDOW_BYTES))?;
        }
        Frame::parse(self.ahead(offset))
    }

    /// What the window holds from here on.
    fn ahead(&self, offset: u64) -> &[u8] {
        let at = offset.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.window.get(at..)).unwrap_or_default()
    }

    fn fill(&mut self, offset: u64, bytes: usize) -> std::io::Result<()> {
        let Some(file) = &self.file else { return Err(ErrorKind::UnexpectedEof.into()) };
        self.window.resize(bytes, 0);
        self.start = offset;
        let mut filled = 0;
        while filled < bytes {
            match file.read_at(&mut self.window[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => (),
                Err(error) => return Err(error),
            }
        }
        self.window.truncate(filled);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_come_back_in_any_order_from_memory_and_from_the_file() {
        const FEATURES: u64 = 40;
        /// Some of them are longer than what is held, and than what is read at once.
        const LONGEST_BYTES: u64 = 20_000;
        let feature = |row: u64| SourceFeature {
            row,
            wkb: Some(vec![row as u8; (row * LONGEST_BYTES / FEATURES) as usize]),
            ..SourceFeature::default()
        };
        let folder = tempfile::tempdir().unwrap();
        for (name, held_bytes, has_file) in [("none", 1, true), ("some", 9_000, true), ("all", 1 << 20, false)] {
            let path = folder.path().join(name);
            let mut writer = SpoolWriter::holding(held_bytes, path.clone());
            let offsets: Vec<u64> = (0..FEATURES).map(|row| writer.write(&feature(row)).unwrap().0).collect();
            let mut reader = writer.finish().unwrap();
            assert_eq!(path.exists(), has_file, "{name}");
            // By steps that share no divisor with their number, which comes to all of them.
            for row in (0..FEATURES).map(|step| step * 27 % FEATURES) {
                assert_eq!(reader.read(offsets[row as usize]).unwrap(), feature(row), "{name}");
            }
            assert!(reader.read(u64::MAX / 2).is_err(), "{name}");
        }
    }
}
