//! Every feature as baking takes it: its id, its values as tiles hold them, its geometry. It is drawn at
//! many zooms, and to find a row and its columns in the package costs more each time than to draw it.

use std::io;
use std::path::Path;

use super::shelf::{Shelf, ShelfWriter, Window};
use crate::base::FeatureId;
use crate::package::ValueRef;
use crate::tiles::mvt::{write_value, write_varint};

/// Features are read together where no more than this lies between them.
const GAP_BYTES: u64 = 4 * 1024;
/// What is read at once, unless one feature alone is more.
const READ_BYTES: u64 = 128 * 1024;
/// Bytes of the index that are read at once.
const INDEX_BYTES: usize = 4 * 1024;
const ENTRY_BYTES: u64 = 8;

/// A pantry being filled in the order of the rows.
pub struct PantryWriter {
    data: ShelfWriter,
    /// Where each feature begins, and where the last one ends.
    index: ShelfWriter,
    values: Vec<u8>,
    value: Vec<u8>,
}

impl PantryWriter {
    pub fn new(folder: &Path) -> Self {
        let (data, index) = (ShelfWriter::new(folder), ShelfWriter::new(folder));
        PantryWriter { data, index, values: Vec::new(), value: Vec::new() }
    }

    /// Takes a value of the feature that comes next.
    pub fn push_value(&mut self, field: usize, value: ValueRef<'_>) {
        self.value.clear();
        if write_value(&mut self.value, value) {
            write_varint(&mut self.values, field as u64);
            write_varint(&mut self.values, self.value.len() as u64);
            self.values.extend_from_slice(&self.value);
        }
    }

    /// Puts the feature away with the values that were pushed.
    pub fn put(&mut self, id: FeatureId, first_vertex: u32, wkb: &[u8]) -> io::Result<()> {
        self.index.append(&self.data.len().to_le_bytes())?;
        let mut head = [0; Item::HEAD_BYTES];
        head[..8].copy_from_slice(&id.get().to_le_bytes());
        head[8..12].copy_from_slice(&first_vertex.to_le_bytes());
        head[12..].copy_from_slice(&(self.values.len() as u32).to_le_bytes());
        for part in [&head[..], &self.values, wkb] {
            self.data.append(part)?;
        }
        self.values.clear();
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<Pantry> {
        self.index.append(&self.data.len().to_le_bytes())?;
        Ok(Pantry { data: self.data.finish()?, index: self.index.finish()? })
    }
}

/// A full pantry, which many read at once.
pub struct Pantry {
    data: Shelf,
    index: Shelf,
}

/// A feature as it was put away.
pub struct Item<'a> {
    pub place: u32,
    pub id: FeatureId,
    /// The place of its first vertex among those of all features.
    pub first_vertex: u32,
    values: &'a [u8],
    pub wkb: &'a [u8],
}

impl<'a> Item<'a> {
    const HEAD_BYTES: usize = 16;

    fn read(place: u32, bytes: &'a [u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let (first_vertex, rest) = rest.split_first_chunk()?;
        let (value_bytes, rest) = rest.split_first_chunk()?;
        let (values, wkb) = rest.split_at_checked(u32::from_le_bytes(*value_bytes) as usize)?;
        let id = FeatureId::from_hash(u64::from_le_bytes(*id));
        Some(Item { place, id, first_vertex: u32::from_le_bytes(*first_vertex), values, wkb })
    }

    /// The values that are not null, each with the place of its field.
    pub fn values(&self) -> impl Iterator<Item = (usize, &'a [u8])> {
        let mut rest = self.values;
        std::iter::from_fn(move || {
            let field = read_varint(&mut rest)?;
            let bytes = read_varint(&mut rest)?;
            let (value, left) = rest.split_at_checked(bytes)?;
            rest = left;
            Some((field, value))
        })
    }
}

fn read_varint(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(first & 0x7f) << shift;
        if first < 0x80 {
            return Some(number);
        }
    }
    None
}

/// What one thread takes features out with.
#[derive(Default)]
pub struct PantryReader {
    index: Window,
    /// Features to be read together: place, start and end.
    group: Vec<(u32, u64, u64)>,
    data: Window,
}

impl PantryReader {
    /// Visits the features at these places, which rise.
    pub fn visit<E>(
        &mut self,
        pantry: &Pantry,
        places: impl IntoIterator<Item = u32>,
        fail: impl Fn(io::Error) -> E,
        mut see: impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.group.clear();
        for place in places {
            let (start, end) = self.extent(pantry, place).map_err(&fail)?;
            let is_near = match (self.group.first(), self.group.last()) {
                (Some((_, first, _)), Some((.., last))) => start - last <= GAP_BYTES && end - first <= READ_BYTES,
                _ => true,
            };
            if !is_near {
                self.see_group(pantry, &fail, &mut see)?;
            }
            self.group.push((place, start, end));
        }
        self.see_group(pantry, &fail, &mut see)
    }

    fn see_group<E>(
        &mut self,
        pantry: &Pantry,
        fail: impl Fn(io::Error) -> E,
        see: &mut impl FnMut(Item<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let (Some((_, first, _)), Some((.., last))) = (self.group.first(), self.group.last()) else { return Ok(()) };
        let data = self.data.get(&pantry.data, *first..*last, 0).map_err(&fail)?;
        for (place, start, end) in &self.group {
            let bytes = &data[(start - first) as usize..(end - first) as usize];
            see(Item::read(*place, bytes).ok_or_else(|| fail(io::ErrorKind::InvalidData.into()))?)?;
        }
        self.group.clear();
        Ok(())
    }

    /// Where a feature begins and ends.
    fn extent(&mut self, pantry: &Pantry, place: u32) -> io::Result<(u64, u64)> {
        let at = u64::from(place) * ENTRY_BYTES;
        let entries = self.index.get(&pantry.index, at..at + 2 * ENTRY_BYTES, INDEX_BYTES)?;
        let entry = |bytes: Option<&[u8; ENTRY_BYTES as usize]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
        entry(entries.first_chunk()).zip(entry(entries.last_chunk())).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}
