//! Sorts what is known of features by a key, in runs on disk where they are many.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::path::Path;

use super::shelf::{Shelf, ShelfWriter, Window};

/// Bytes of each run that are read at once.
const READ_BYTES: usize = 64 * 1024;

/// A feature with what it is sorted by; of equal keys the first in the package comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    pub key: u64,
    pub place: u32,
    pub order: u32,
    pub hash: u32,
}

impl Entry {
    const BYTES: usize = 20;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..8].copy_from_slice(&self.key.to_le_bytes());
        for (part, number) in bytes[8..].chunks_exact_mut(4).zip([self.place, self.order, self.hash]) {
            part.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk()?;
        let number = |at: usize| Some(u32::from_le_bytes(*rest.get(4 * at..)?.first_chunk()?));
        Some(Entry { key: u64::from_le_bytes(*key), place: number(0)?, order: number(1)?, hash: number(2)? })
    }
}

pub struct Sorter {
    run_entries: usize,
    waiting: Vec<Entry>,
    /// Sorted runs, one behind the other.
    runs: ShelfWriter,
    ends: Vec<u64>,
}

impl Sorter {
    /// Holds so many entries in memory; what is more stands in a file of a folder.
    pub fn new(folder: &Path, run_entries: usize) -> Self {
        Sorter { run_entries, waiting: Vec::new(), runs: ShelfWriter::new(folder), ends: Vec::new() }
    }

    pub fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.waiting.push(entry);
        if self.waiting.len() >= self.run_entries { self.end_run() } else { Ok(()) }
    }

    fn end_run(&mut self) -> io::Result<()> {
        self.waiting.sort_unstable();
        for entry in self.waiting.drain(..) {
            self.runs.append(&entry.to_bytes())?;
        }
        self.ends.push(self.runs.len());
        Ok(())
    }

    /// Visits everything in order.
    pub fn finish(mut self, mut visit: impl FnMut(Entry)) -> io::Result<()> {
        if self.ends.is_empty() {
            self.waiting.sort_unstable();
            self.waiting.into_iter().for_each(visit);
            return Ok(());
        }
        self.end_run()?;
        drop(std::mem::take(&mut self.waiting));
        let shelf = self.runs.finish()?;
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let mut runs: Vec<Run> =
            starts.zip(&self.ends).map(|(at, end)| Run { at, end: *end, window: Window::default() }).collect();
        let mut first = BinaryHeap::with_capacity(runs.len());
        for (number, run) in runs.iter_mut().enumerate() {
            first.extend(run.next(&shelf)?.map(|entry| Reverse((entry, number))));
        }
        while let Some(Reverse((entry, number))) = first.pop() {
            visit(entry);
            first.extend(runs[number].next(&shelf)?.map(|entry| Reverse((entry, number))));
        }
        Ok(())
    }
}

struct Run {
    at: u64,
    end: u64,
    window: Window,
}

impl Run {
    fn next(&mut self, shelf: &Shelf) -> io::Result<Option<Entry>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let next = self.at + Entry::BYTES as u64;
        let entry = Entry::from_bytes(self.window.get(shelf, self.at..next, READ_BYTES)?);
        self.at = next;
        Ok(entry)
    }
}
