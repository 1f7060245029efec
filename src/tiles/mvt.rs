//! Mapbox Vector Tile 2.1 by hand: one layer, values interned, keys in the schema's order.
//! Six times quicker than the crate `mvt`, which tests hold this writer against.

use std::hash::BuildHasher;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::base::FeatureId;
use crate::geometry::clip::GridPoint;
use crate::package::ValueRef;

/// One layer being written.
pub struct LayerWriter {
    name: String,
    extent: u32,
    key_names: Vec<String>,
    /// For each field its place among the keys in use, given at first use.
    keys: Vec<Option<u32>>,
    keys_in_use: Vec<usize>,
    /// Places in `value_ranges`, found by the bytes that these cover in `value_bytes`.
    values: HashTable<u32>,
    hasher: DefaultHashBuilder,
    value_ranges: Vec<Range<usize>>,
    value_bytes: Vec<u8>,
    features: Vec<u8>,
    count: usize,
    tags: Vec<u8>,
    geometry: Vec<u8>,
    scratch: Vec<u8>,
}

/// Geometry ready to be written: parts that are already valid for MVT.
pub enum Parts<'a> {
    Points(&'a [GridPoint]),
    Lines(&'a [Vec<GridPoint>]),
    /// Polygons of rings without closing points, exteriors first and positive.
    Areas(&'a [Vec<Vec<GridPoint>>]),
}

impl LayerWriter {
    pub fn new(name: &str, extent: i32, key_names: Vec<String>) -> Self {
        LayerWriter {
            name: name.to_owned(),
            extent: extent.unsigned_abs(),
            keys: vec![None; key_names.len()],
            key_names,
            keys_in_use: Vec::new(),
            values: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            value_ranges: Vec::new(),
            value_bytes: Vec::new(),
            features: Vec::new(),
            count: 0,
            tags: Vec::new(),
            geometry: Vec::new(),
            scratch: Vec::new(),
        }
    }

    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds a feature; one without parts is left out, as §4.2 of the specification asks.
    /// Tells whether it was added.
    pub fn add<'v>(&mut self, id: FeatureId, parts: &Parts<'_>, values: impl Iterator<Item = ValueRef<'v>>) -> bool {
        self.draw_and(parts, |writer, geometry_type, geometry| writer.add_drawn(id, geometry_type, geometry, values))
    }

    /// As [`LayerWriter::add`], with values as [`write_value`] wrote them, each after its field's place among the keys.
    pub(super) fn add_written<'v>(
        &mut self,
        id: FeatureId,
        parts: &Parts<'_>,
        values: impl Iterator<Item = (usize, &'v [u8])>,
    ) -> bool {
        self.draw_and(parts, |writer, geometry_type, geometry| {
            writer.tags.clear();
            values.for_each(|(field, value)| writer.tag(field, value));
            writer.add_tagged(id, geometry_type, geometry);
        })
    }

    /// Tells whether the parts left anything to add.
    fn draw_and(&mut self, parts: &Parts<'_>, add: impl FnOnce(&mut Self, u64, &[u8])) -> bool {
        let mut geometry = std::mem::take(&mut self.geometry);
        geometry.clear();
        Pen { out: &mut geometry, at: (0, 0) }.draw(parts);
        let geometry_type = match parts {
            Parts::Points(_) => 1,
            Parts::Lines(_) => 2,
            Parts::Areas(_) => 3,
        };
        let is_drawn = !geometry.is_empty();
        if is_drawn {
            add(self, geometry_type, &geometry);
        }
        self.geometry = geometry;
        is_drawn
    }

    /// Adds a feature whose geometry is written already, as a tile has it.
    pub(super) fn add_drawn<'v>(
        &mut self,
        id: FeatureId,
        geometry_type: u64,
        geometry: &[u8],
        values: impl Iterator<Item = ValueRef<'v>>,
    ) {
        self.tags.clear();
        let mut written = std::mem::take(&mut self.scratch);
        for (field, value) in values.enumerate() {
            written.clear();
            if write_value(&mut written, value) {
                self.tag(field, &written);
            }
        }
        self.scratch = written;
        self.add_tagged(id, geometry_type, geometry);
    }

    fn tag(&mut self, field: usize, value: &[u8]) {
        let (key, value) = (self.key(field), self.intern(value));
        write_varint(&mut self.tags, u64::from(key));
        write_varint(&mut self.tags, u64::from(value));
    }

    fn add_tagged(&mut self, id: FeatureId, geometry_type: u64, geometry: &[u8]) {
        self.scratch.clear();
        write_field_varint(&mut self.scratch, 1, id.get());
        if !self.tags.is_empty() {
            write_field_bytes(&mut self.scratch, 2, &self.tags);
        }
        write_field_varint(&mut self.scratch, 3, geometry_type);
        write_field_bytes(&mut self.scratch, 4, geometry);
        write_field_bytes(&mut self.features, 2, &self.scratch);
        self.count += 1;
    }

    /// The finished tile; empty when no feature was added.
    pub fn finish(mut self) -> Vec<u8> {
        let mut tile = Vec::new();
        self.finish_into(&mut tile);
        tile
    }

    /// As [`LayerWriter::finish`], in memory that is there, and begins anew.
    pub(super) fn finish_into(&mut self, tile: &mut Vec<u8>) {
        tile.clear();
        if self.count == 0 {
            return;
        }
        let (mut head, mut keys, mut tail) = (Vec::new(), Vec::new(), Vec::new());
        write_field_varint(&mut head, 15, 2);
        write_field_bytes(&mut head, 1, self.name.as_bytes());
        for field in &self.keys_in_use {
            write_field_bytes(&mut keys, 3, self.key_names[*field].as_bytes());
        }
        write_field_varint(&mut tail, 5, u64::from(self.extent));
        let parts = [&head, &self.features, &keys, &self.value_bytes, &tail];
        let bytes: usize = parts.iter().map(|part| part.len()).sum();
        tile.reserve(bytes + 8);
        write_varint(tile, 3 << 3 | 2);
        write_varint(tile, bytes as u64);
        parts.iter().for_each(|part| tile.extend_from_slice(part));
        self.clear();
    }

    fn clear(&mut self) {
        self.keys.fill(None);
        self.keys_in_use.clear();
        self.values.clear();
        self.value_ranges.clear();
        self.value_bytes.clear();
        self.features.clear();
        self.count = 0;
    }

    fn key(&mut self, field: usize) -> u32 {
        *self.keys[field].get_or_insert_with(|| {
            self.keys_in_use.push(field);
            (self.keys_in_use.len() - 1) as u32
        })
    }

    /// The place of a value among the layer's values.
    fn intern(&mut self, written: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(written);
        let (bytes, ranges) = (&self.value_bytes, &self.value_ranges);
        let known = self.values.find(hash, |place| bytes[ranges[*place as usize].clone()] == *written);
        match known {
            Some(&place) => place,
            None => self.add_value(hash, written),
        }
    }

    fn add_value(&mut self, hash: u64, written: &[u8]) -> u32 {
        let place = self.value_ranges.len() as u32;
        write_field_bytes(&mut self.value_bytes, 4, written);
        let end = self.value_bytes.len();
        self.value_ranges.push(end - written.len()..end);
        let (bytes, ranges, hasher) = (&self.value_bytes, &self.value_ranges, &self.hasher);
        self.values.insert_unique(hash, place, |place| hasher.hash_one(&bytes[ranges[*place as usize].clone()]));
        place
    }
}

/// Writes a `Value` message; false for a null, which a tile leaves out.
pub(super) fn write_value(out: &mut Vec<u8>, value: ValueRef<'_>) -> bool {
    /// Integers beyond this lose digits in JavaScript, so they go out as text.
    const EXACT: u64 = 1 << 53;
    match value {
        ValueRef::Null => return false,
        ValueRef::Text(text) | ValueRef::Json(text) => write_field_bytes(out, 1, text.as_bytes()),
        ValueRef::Real(number) => {
            out.push((3 << 3) | 1);
            out.extend_from_slice(&number.to_le_bytes());
        }
        ValueRef::Integer(number) if number.unsigned_abs() > EXACT => {
            write_field_bytes(out, 1, number.to_string().as_bytes());
        }
        ValueRef::Integer(number) if number >= 0 => write_field_varint(out, 5, number.unsigned_abs()),
        ValueRef::Integer(number) => {
            write_field_varint(out, 6, ((number << 1) ^ (number >> 63)) as u64);
        }
        ValueRef::Boolean(truth) => write_field_varint(out, 7, u64::from(truth)),
    }
    true
}

/// Writes command integers and zigzag parameters, §4.3.
struct Pen<'a> {
    out: &'a mut Vec<u8>,
    at: GridPoint,
}

impl Pen<'_> {
    fn draw(&mut self, parts: &Parts<'_>) {
        match parts {
            Parts::Points(points) => {
                if !points.is_empty() {
                    self.command(1, points.len());
                    for &point in *points {
                        self.go(point);
                    }
                }
            }
            Parts::Lines(lines) => {
                for line in lines.iter().filter(|line| line.len() >= 2) {
                    self.run(line);
                }
            }
            Parts::Areas(polygons) => {
                for ring in polygons.iter().flatten().filter(|ring| ring.len() >= 3) {
                    self.run(ring);
                    self.command(7, 1);
                }
            }
        }
    }

    fn command(&mut self, command: u64, count: usize) {
        write_varint(self.out, (count as u64) << 3 | command);
    }

    fn go(&mut self, to: GridPoint) {
        let zigzag = |step: i32| u64::from(((step << 1) ^ (step >> 31)) as u32);
        write_varint(self.out, zigzag(to.0 - self.at.0));
        write_varint(self.out, zigzag(to.1 - self.at.1));
        self.at = to;
    }

    fn run(&mut self, points: &[GridPoint]) {
        self.command(1, 1);
        self.go(points[0]);
        self.command(2, points.len() - 1);
        for &point in &points[1..] {
            self.go(point);
        }
    }
}

pub(super) fn write_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Writes a whole number as a field of a protobuf message.
pub fn write_field_varint(out: &mut Vec<u8>, field: u64, value: u64) {
    write_varint(out, field << 3);
    write_varint(out, value);
}

/// Writes bytes, a text or a message as a field of a protobuf message.
pub fn write_field_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    write_varint(out, field << 3 | 2);
    write_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}
