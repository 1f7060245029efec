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
    held_bytes_max: usize,
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
        ShelfWriter::holding(HELD_BYTES, folder)
    }

    fn holding(held_bytes_max: usize, folder: &Path) -> Self {
        // Memory that is not written to is none: it never has to grow, which would copy it.
        let held = Vec::with_capacity(held_bytes_max);
        ShelfWriter { folder: folder.to_owned(), held_bytes_max, held, file: None, bytes: 0 }
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        if self.file.is_none() && self.bytes > self.held_bytes_max as u64 {
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

    /// The record of so many words at a place among its like.
    pub fn words<const N: usize>(&mut self, shelf: &Shelf, place: u32) -> io::Result<[u32; N]> {
        /// What is fetched at once.
        const TOGETHER_BYTES: usize = 4 * 1024;
        let at = 4 * N as u64 * u64::from(place);
        let (words, _) = self.get(shelf, at..at + 4 * N as u64, TOGETHER_BYTES)?.as_chunks();
        let words: &[[u8; 4]; N] = words.first_chunk().ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(words.map(u32::from_le_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_away_comes_back_from_memory_and_from_the_file() {
        const RECORDS: u32 = 100_000;
        let folder = tempfile::tempdir().unwrap();
        let record = |at: u32| [at, at.wrapping_mul(7), !at];
        for (held_bytes_max, is_in_file) in [(0, true), (50_000, true), (12 * RECORDS as usize, false)] {
            let mut writer = ShelfWriter::holding(held_bytes_max, folder.path());
            (0..RECORDS).for_each(|at| writer.append_words(record(at)).unwrap());
            assert_eq!(writer.len(), 12 * u64::from(RECORDS));
            let shelf = writer.finish().unwrap();
            assert_eq!(matches!(shelf.place, ShelfPlace::File(_)), is_in_file, "{held_bytes_max}");
            let mut next = 0;
            let see = |found: [u32; 3]| {
                assert_eq!(found, record(next));
                next += 1;
                Ok(())
            };
            shelf.each_words(see).unwrap();
            assert_eq!(next, RECORDS);
            let mut window = Window::default();
            for at in [7, 8, RECORDS - 1, 0, 5_000] {
                let start = 12 * u64::from(at);
                let found = window.get(&shelf, start..start + 12, 1_000).unwrap();
                assert_eq!(found, record(at).map(u32::to_le_bytes).as_flattened(), "{at} of {held_bytes_max}");
                assert_eq!(window.words(&shelf, at).unwrap(), record(at), "{at} of {held_bytes_max}");
            }
            let end = 12 * u64::from(RECORDS);
            assert!(Window::default().get(&shelf, end - 4..end + 8, 1_000).is_err(), "{held_bytes_max}");
        }
    }
}
