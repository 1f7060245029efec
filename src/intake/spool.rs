//! Judged features on their way to the package: written once in the order of the delivery, read
//! back in the order of the Hilbert curve, so that memory stays flat.

use std::fs::File;
use std::io::{BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::delivery::SourceFeature;
use super::delivery::protocol::Frame;
use super::{IngestError, file_error};

/// Where a feature stands in the spool, and what orders and names it. 56 bytes a feature.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Place on the Hilbert curve; the largest number for a feature without a place.
    pub hilbert: u64,
    pub offset: u64,
    /// Digest of what names the feature: its key, or all it holds.
    pub identity: u128,
    /// Digest of all it holds, to order features that share an identity.
    pub content: u128,
    /// An integer key that is the id as it is.
    pub integer_key: Option<u64>,
}

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
        Ok(SpoolReader { path: self.path, input: BufReader::with_capacity(1 << 16, file), at: 0 })
    }
}

pub struct SpoolReader {
    path: PathBuf,
    input: BufReader<File>,
    at: u64,
}

impl SpoolReader {
    pub fn read(&mut self, offset: u64) -> Result<SourceFeature, IngestError> {
        let seek = match self.at == offset {
            true => Ok(()),
            // Neighbours on the curve are often neighbours in the delivery: a short way stays in
            // the buffer.
            false => match (offset as i64).checked_sub(self.at as i64) {
                Some(step) => self.input.seek_relative(step),
                None => self.input.seek(SeekFrom::Start(offset)).map(|_| ()),
            },
        };
        seek.map_err(file_error(&self.path))?;
        let mut counted = Counted { input: &mut self.input, count: 0 };
        let frame = Frame::read(&mut counted).map_err(file_error(&self.path))?;
        self.at = offset + counted.count;
        match frame {
            Frame::Feature(feature) => Ok(feature),
            _ => Err(IngestError::Gate("the spool holds something that is no feature".to_owned())),
        }
    }
}

struct Counted<'a> {
    input: &'a mut BufReader<File>,
    count: u64,
}

impl std::io::Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.count += read as u64;
        Ok(read)
    }
}
