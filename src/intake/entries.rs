//! Features in an order, whatever their number: sorted in runs that fit memory, and merged from
//! files where there is more than one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::vec::IntoIter;

use super::{IngestError, file_error};
use crate::base::FeatureId;

/// Where a feature stands in the spool, and what orders and names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Digest of what names the feature: its key, or all it holds.
    pub identity: u128,
    /// Digest of all it holds, to order features that share an identity.
    pub content: u128,
    /// An integer key that is the id as it is.
    pub integer_key: Option<u64>,
    /// The public id, once it is known.
    pub id: FeatureId,
    /// Place on the Hilbert curve; the largest number for a feature without a place.
    pub hilbert: u64,
    pub offset: u64,
}

/// What entries are sorted by; of equal ones the order is that of the entries themselves.
pub type Key = fn(&Entry) -> (u128, u128);

/// Entries on their way into an order.
#[derive(Debug)]
pub struct Entries {
    folder: PathBuf,
    key: Key,
    run_entries: usize,
    run: Vec<Entry>,
    spilled: Vec<File>,
}

impl Entries {
    /// `folder` is where runs go that do not fit; they have no names there and vanish by themselves.
    pub fn new(folder: &Path, key: Key) -> Self {
        /// Some 50 MB in memory.
        const RUN_ENTRIES: usize = 500_000;
        Entries::in_runs_of(RUN_ENTRIES, folder, key)
    }

    fn in_runs_of(run_entries: usize, folder: &Path, key: Key) -> Self {
        /// Room for the entries of most layers, which would be copied whenever they outgrow theirs. Memory that is
        /// not written to is none.
        const ROOM_ENTRIES: usize = 65_536;
        let run = Vec::with_capacity(run_entries.min(ROOM_ENTRIES));
        Entries { folder: folder.to_owned(), key, run_entries, run, spilled: Vec::new() }
    }

    /// None yet, for another order of the same features.
    pub fn resorted(&self, key: Key) -> Self {
        Entries::in_runs_of(self.run_entries, &self.folder, key)
    }

    pub fn push(&mut self, entry: Entry) -> Result<(), IngestError> {
        if self.run.len() == self.run_entries {
            self.spill()?;
        }
        self.run.push(entry);
        Ok(())
    }

    pub fn append(&mut self, other: Entries) -> Result<(), IngestError> {
        self.spilled.extend(other.spilled);
        if self.run.is_empty() {
            self.run = other.run;
            return Ok(());
        }
        other.run.into_iter().try_for_each(|entry| self.push(entry))
    }

    pub fn sorted(mut self) -> Result<Sorted, IngestError> {
        if self.spilled.is_empty() {
            self.sort_run();
            return Ok(Sorted::InMemory(self.run.into_iter()));
        }
        self.spill()?;
        let folder = self.folder.clone();
        Merge::of(self).map(Sorted::OnDisk).map_err(file_error(&folder))
    }

    fn sort_run(&mut self) {
        let key = self.key;
        self.run.sort_unstable_by(|one, other| key(one).cmp(&key(other)).then_with(|| one.cmp(other)));
    }

    fn spill(&mut self) -> Result<(), IngestError> {
        self.sort_run();
        let file = self.write_run().map_err(file_error(&self.folder))?;
        self.spilled.push(file);
        self.run.clear();
        Ok(())
    }

    fn write_run(&self) -> io::Result<File> {
        let mut out = BufWriter::new(tempfile::tempfile_in(&self.folder)?);
        self.run.iter().try_for_each(|entry| out.write_all(&entry.to_bytes()))?;
        Ok(out.into_inner()?)
    }
}

/// Entries in order.
pub enum Sorted {
    InMemory(IntoIter<Entry>),
    OnDisk(Merge),
}

impl Iterator for Sorted {
    type Item = Result<Entry, IngestError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Sorted::InMemory(entries) => entries.next().map(Ok),
            Sorted::OnDisk(merge) => merge.next(),
        }
    }
}

/// The smallest entry of each run that is left, with its key and its run.
type Head = Reverse<((u128, u128), Entry, usize)>;

pub struct Merge {
    key: Key,
    heads: BinaryHeap<Head>,
    runs: Vec<BufReader<File>>,
    folder: PathBuf,
}

impl Merge {
    fn of(entries: Entries) -> io::Result<Self> {
        let (key, folder) = (entries.key, entries.folder);
        let mut merge = Merge { key, heads: BinaryHeap::new(), runs: Vec::new(), folder };
        for mut file in entries.spilled {
            file.rewind()?;
            merge.runs.push(BufReader::new(file));
            merge.advance(merge.runs.len() - 1)?;
        }
        Ok(merge)
    }

    fn next(&mut self) -> Option<Result<Entry, IngestError>> {
        let Reverse((_, entry, run)) = self.heads.pop()?;
        match self.advance(run) {
            Ok(()) => Some(Ok(entry)),
            Err(source) => Some(Err(file_error(&self.folder)(source))),
        }
    }

    fn advance(&mut self, run: usize) -> io::Result<()> {
        let mut bytes = [0; Entry::BYTES];
        match self.runs[run].read_exact(&mut bytes) {
            Ok(()) => {
                let entry = Entry::from_bytes(&bytes);
                self.heads.push(Reverse(((self.key)(&entry), entry, run)));
                Ok(())
            }
            // Runs hold whole entries, so this is the end of one.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Entry {
    const BYTES: usize = 64;
    /// What stands for no integer key, which is larger than any.
    const NO_KEY: u64 = u64::MAX;

    fn to_bytes(self) -> [u8; Entry::BYTES] {
        let mut bytes = [0; Entry::BYTES];
        bytes[..16].copy_from_slice(&self.identity.to_le_bytes());
        bytes[16..32].copy_from_slice(&self.content.to_le_bytes());
        let numbers = [self.integer_key.unwrap_or(Entry::NO_KEY), self.id.get(), self.hilbert, self.offset];
        for (place, number) in numbers.into_iter().enumerate() {
            bytes[32 + 8 * place..40 + 8 * place].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8; Entry::BYTES]) -> Self {
        let wide = |at: usize| {
            let mut part = [0; 16];
            part.copy_from_slice(&bytes[at..at + 16]);
            u128::from_le_bytes(part)
        };
        let number = |at: usize| {
            let mut part = [0; 8];
            part.copy_from_slice(&bytes[at..at + 8]);
            u64::from_le_bytes(part)
        };
        Entry {
            identity: wide(0),
            content: wide(16),
            integer_key: Some(number(32)).filter(|key| *key != Entry::NO_KEY),
            id: FeatureId::from_hash(number(40)),
            hilbert: number(48),
            offset: number(56),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> Entry {
        // A multiplier that scatters, by Knuth.
        let scattered = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Entry {
            identity: u128::from(scattered) << 64 | 7,
            content: u128::from(number),
            integer_key: number.is_multiple_of(3).then_some(number),
            id: FeatureId::from_hash(scattered),
            hilbert: scattered % 50,
            offset: number,
        }
    }

    #[test]
    fn many_runs_come_out_as_one_does() {
        let folder = tempfile::tempdir().unwrap();
        let by_place: Key = |entry| (u128::from(entry.hilbert), u128::from(entry.id.get()));
        let in_order = |run_entries: usize| -> Vec<Entry> {
            let mut entries = Entries::in_runs_of(run_entries, folder.path(), by_place);
            let mut others = entries.resorted(by_place);
            for number in 0..1_000u64 {
                let part = if number.is_multiple_of(2) { &mut entries } else { &mut others };
                part.push(entry(number)).unwrap();
            }
            entries.append(others).unwrap();
            entries.sorted().unwrap().map(Result::unwrap).collect()
        };
        let whole = in_order(10_000);
        assert_eq!(whole.len(), 1_000);
        assert!(whole.is_sorted_by_key(|entry| (entry.hilbert, entry.id)));
        for run_entries in [1, 7, 64, 999] {
            assert_eq!(in_order(run_entries), whole, "{run_entries}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "runs leave nothing behind");
    }
}
