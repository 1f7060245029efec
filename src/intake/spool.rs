//! Judged features on their way to the package: written once in the order of the delivery, read
//! back in the order of the Hilbert curve, so that memory stays flat.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::delivery::SourceFeature;
use super::delivery::protocol::Frame;
use super::{IngestError, file_error};

pub struct SpoolWriter {
    path: PathBuf,
    out: BufWriter<File>,
    offset: u64,
    buffer: Vec<u8>,
}

impl SpoolWriter {
    pub fn create(path: &Path) -> Result<Self, IngestError> {
        let file = File::create(path).map_err(file_error(path))?;
        Ok(SpoolWriter {
            path: path.to_owned(),
            out: BufWriter::with_capacity(1 << 20, file),
            offset: 0,
            buffer: Vec::new(),
        })
    }

    /// Writes a feature; answers its offset.
    pub fn write(&mut self, feature: SourceFeature) -> Result<u64, IngestError> {
        let at = self.offset;
        self.buffer.clear();
        Frame::Feature(feature)
            .write(&mut self.buffer)
            .and_then(|()| self.out.write_all(&self.buffer))
            .map_err(file_error(&self.path))?;
        self.offset += self.buffer.len() as u64;
        Ok(at)
    }

    pub fn finish(mut self) -> Result<SpoolReader, IngestError> {
        self.out.flush().map_err(file_error(&self.path))?;
        let file = File::open(&self.path).map_err(file_error(&self.path))?;
        Ok(SpoolReader { path: self.path, file, window: Vec::new(), start: 0 })
    }
}

/// Reads features back from wherever they stand. Neighbours on the curve are often neighbours in the
/// delivery, so a little more is read than the one that was asked for.
pub struct SpoolReader {
    path: PathBuf,
    file: File,
    window: Vec<u8>,
    /// Where the window begins in the file.
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
        Frame::read(&mut self.ahead(offset))
    }

    /// What the window holds from here on.
    fn ahead(&self, offset: u64) -> &[u8] {
        let at = offset.checked_sub(self.start).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.window.get(at..)).unwrap_or_default()
    }

    fn fill(&mut self, offset: u64, bytes: usize) -> std::io::Result<()> {
        self.window.resize(bytes, 0);
        self.start = offset;
        let mut filled = 0;
        while filled < bytes {
            match self.file.read_at(&mut self.window[filled..], offset + filled as u64) {
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
