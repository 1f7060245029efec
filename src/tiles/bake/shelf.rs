//! Bytes put away one behind the other and read again from anywhere: few stay in memory, more go to a file without
//! a name, which vanishes by itself.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

const BUFFER_BYTES: usize = 128 * 1024;
/// What a shelf holds in memory. A bake has half a dozen of them at a time.
const HELD_BYTES: usize = 8 * 1024 * 1024;

/// A shelf being filled.
pub struct ShelfWriter {
    folder: PathBuf,
    held: Vec<u8>,
    /// Made when there is more than is held.
    file: Option<BufWriter<File>>,
    bytes: u64,
}

/// A full shelf, which many read at once.
pub struct Shelf {
    place: ShelfPlace,
    bytes: u64,
}

enum ShelfPlace {
    Memory(Vec<u8>),
    File(File),
}

impl ShelfWriter {
    /// `folder` is where a file goes.
    pub fn new(folder: &Path) -> Self {
        // Memory that is not written to is none: it never has to grow, which would copy it.
        ShelfWriter { folder: folder.to_owned(), held: Vec::with_capacity(HELD_BYTES), file: None, bytes: 0 }
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.file.is_none() && self.bytes > HELD_BYTES as u64 {
            let mut file = BufWriter::with_capacity(BUFFER_BYTES, tempfile::tempfile_in(&self.folder)?);
            file.write_all(&std::mem::take(&mut self.held))?;
            self.file = Some(file);
        }
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => {
                self.held.extend_from_slice(bytes);
                Ok(())
            }
        }
    }

    pub fn append_words<const N: usize>(&mut self, words: [u32; N]) -> io::Result<()> {
        self.append(words.map(u32::to_le_bytes).as_flattened())
    }

    pub fn finish(self) -> io::Result<Shelf> {
        let place = match self.file {
            Some(file) => ShelfPlace::File(file.into_inner()?),
            None => ShelfPlace::Memory(self.held),
        };
        Ok(Shelf { place, bytes: self.bytes })
    }
}

impl Shelf {
    /// Visits everything in records of so many words.
    pub fn each_words<const N: usize>(&self, mut visit: impl FnMut([u32; N]) -> io::Result<()>) -> io::Result<()> {
        let together = (BUFFER_BYTES / (4 * N) * 4 * N) as u64;
        let mut window = Window::default();
        let mut at = 0;
        while at < self.bytes {
            let end = self.bytes.min(at + together);
            let words: &[[u8; 4]] = window.get(self, at..end, 0)?.as_chunks().0;
            words.as_chunks().0.iter().try_for_each(|record: &[[u8; 4]; N]| visit(record.map(u32::from_le_bytes)))?;
            at = end;
        }
        Ok(())
    }
}

/// What one thread reads a shelf with: a part of it that is in memory.
#[derive(Default)]
pub struct Window {
    bytes: Vec<u8>,
    start: u64,
}

impl Window {
    /// The bytes of a range. Where they have to be fetched, those behind them come too, to this many in all.
    ///
    /// # Errors
    /// Also where the range goes beyond the end.
    pub fn get<'w>(&'w mut self, shelf: &'w Shelf, range: Range<u64>, together: usize) -> io::Result<&'w [u8]> {
        let file = match &shelf.place {
            ShelfPlace::Memory(bytes) => {
                return bytes.get(range.start as usize..range.end as usize).ok_or(io::ErrorKind::UnexpectedEof.into());
            }
            ShelfPlace::File(file) => file,
        };
        if range.start < self.start || range.end > self.start + self.bytes.len() as u64 {
            let end = range.end.max(shelf.bytes.min(range.start + together as u64));
            self.bytes.resize((end - range.start) as usize, 0);
            self.start = range.start;
            file.read_exact_at(&mut self.bytes, range.start)?;
        }
        let at = (range.start - self.start) as usize;
        Ok(&self.bytes[at..at + (range.end - range.start) as usize])
    }
}
