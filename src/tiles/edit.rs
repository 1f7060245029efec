//! Finished tiles with something left out, and several in one. Geometry is copied as it stands, so
//! the cost is that of the bytes.

use std::collections::HashMap;

use super::mvt::{write_field_bytes, write_varint};
use super::{LEVEL_LIVE, gunzip, gzip};

/// Ids of all features of a tile, in its order.
pub fn ids(packed: &[u8]) -> Vec<u64> {
    let tile = gunzip(packed);
    layers(&tile).flat_map(Fields).filter(|field| field.number == FEATURE).map(|field| id_of(field.bytes)).collect()
}

/// The tile with only those features whose id is kept, and only fields of these names. Empty where
/// nothing is left.
pub fn with_less(packed: &[u8], keeps: impl Fn(u64) -> bool, field_names: &[&str]) -> Vec<u8> {
    let tile = gunzip(packed);
    let mut out = Vec::with_capacity(tile.len());
    for layer in layers(&tile) {
        if let Some(layer) = layer_with_less(layer, &keeps, field_names) {
            write_field_bytes(&mut out, LAYER, &layer);
        }
    }
    if out.is_empty() { out } else { gzip(&out, LEVEL_LIVE) }
}

/// One tile with the layers of several; a tile is a list of layers, so their bytes follow each other.
pub fn joined<'a>(packed: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let tile: Vec<u8> = packed.flat_map(gunzip).collect();
    if tile.is_empty() { tile } else { gzip(&tile, LEVEL_LIVE) }
}

/// Numbers of fields, Mapbox Vector Tile 2.1 §4.
const LAYER: u64 = 3;
const NAME: u64 = 1;
const FEATURE: u64 = 2;
const KEY: u64 = 3;
const VALUE: u64 = 4;
const FEATURE_ID: u64 = 1;
const FEATURE_TAGS: u64 = 2;

fn layers(tile: &[u8]) -> impl Iterator<Item = &[u8]> {
    Fields(tile).filter(|field| field.number == LAYER).map(|field| field.bytes)
}

fn layer_with_less(layer: &[u8], keeps: &impl Fn(u64) -> bool, field_names: &[&str]) -> Option<Vec<u8>> {
    let of_number = |number| Fields(layer).filter(move |field| field.number == number);
    let keys: Vec<&[u8]> = of_number(KEY).map(|field| field.bytes).collect();
    let values: Vec<&[u8]> = of_number(VALUE).map(|field| field.bytes).collect();
    let is_key_kept: Vec<bool> =
        keys.iter().map(|key| field_names.iter().any(|name| name.as_bytes() == *key)).collect();
    let (mut new_keys, mut new_values) = (Renumbered::default(), Renumbered::default());
    let mut features = Vec::with_capacity(layer.len());
    let mut feature = Vec::new();
    for field in of_number(FEATURE).filter(|field| keeps(id_of(field.bytes))) {
        feature.clear();
        for part in Fields(field.bytes) {
            if part.number != FEATURE_TAGS {
                feature.extend_from_slice(part.whole);
                continue;
            }
            let mut tags = Vec::with_capacity(part.bytes.len());
            let mut numbers = Varints(part.bytes);
            while let (Some(key), Some(value)) = (numbers.next(), numbers.next()) {
                if is_key_kept.get(key as usize).copied().unwrap_or_default() {
                    write_varint(&mut tags, new_keys.number_of(key));
                    write_varint(&mut tags, new_values.number_of(value));
                }
            }
            if !tags.is_empty() {
                write_field_bytes(&mut feature, FEATURE_TAGS, &tags);
            }
        }
        write_field_bytes(&mut features, FEATURE, &feature);
    }
    if features.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(layer.len());
    let copy = |out: &mut Vec<u8>, number| of_number(number).for_each(|field| out.extend_from_slice(field.whole));
    copy(&mut out, VERSION);
    copy(&mut out, NAME);
    out.extend_from_slice(&features);
    for (number, old, all) in [(KEY, &new_keys.old, &keys), (VALUE, &new_values.old, &values)] {
        old.iter()
            .filter_map(|old| all.get(*old as usize))
            .for_each(|bytes| write_field_bytes(&mut out, number, bytes));
    }
    copy(&mut out, EXTENT);
    Some(out)
}

const EXTENT: u64 = 5;
const VERSION: u64 = 15;

fn id_of(feature: &[u8]) -> u64 {
    Fields(feature).find(|field| field.number == FEATURE_ID).map_or(0, |field| field.value)
}

/// New numbers in the order of their first use.
#[derive(Default)]
struct Renumbered {
    new: HashMap<u64, u64>,
    old: Vec<u64>,
}

impl Renumbered {
    fn number_of(&mut self, old: u64) -> u64 {
        *self.new.entry(old).or_insert_with(|| {
            self.old.push(old);
            self.old.len() as u64 - 1
        })
    }
}

/// A field of a message: its number, its value or its bytes, and the whole of it.
struct MessageField<'a> {
    number: u64,
    value: u64,
    bytes: &'a [u8],
    whole: &'a [u8],
}

/// The fields of a message that our own writer wrote; ends where it cannot be understood.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = MessageField<'a>;

    fn next(&mut self) -> Option<MessageField<'a>> {
        let start = self.0;
        let mut rest = Varints(start);
        let tag = rest.next()?;
        let (value, bytes, after) = match tag & 7 {
            0 => (rest.next()?, &start[..0], rest.0),
            2 => {
                let length = usize::try_from(rest.next()?).ok()?;
                let (bytes, after) = rest.0.split_at_checked(length)?;
                (0, bytes, after)
            }
            _ => return None,
        };
        self.0 = after;
        Some(MessageField { number: tag >> 3, value, bytes, whole: &start[..start.len() - after.len()] })
    }
}

struct Varints<'a>(&'a [u8]);

impl Iterator for Varints<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for (place, byte) in self.0.iter().enumerate().take(10) {
            value |= u64::from(byte & 0x7f) << (7 * place);
            if byte & 0x80 == 0 {
                self.0 = &self.0[place + 1..];
                return Some(value);
            }
        }
        None
    }
}
