//! Reads tiles back: what a picture is drawn from. It takes what [`super::mvt::LayerWriter`] writes and any other tile
//! of the specification's version 2; bytes that are none of these are a fault, never a panic.

use crate::geometry::clip::GridPoint;

/// Why bytes are not a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileFault {
    #[error("a message ends in the middle of a field")]
    Short,
    #[error("a number has more than 64 bits")]
    LongNumber,
    #[error("a field has the wire type {0}, which no tile has")]
    WireType(u8),
    #[error("a name or text is not UTF-8")]
    Text,
    #[error("a geometry has the command {0}")]
    Command(u32),
    #[error("a geometry goes beyond 32 bits")]
    Far,
}

/// One layer of a tile.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TileLayer<'a> {
    pub name: &'a str,
    /// Units along the side of the tile.
    pub extent: u32,
    pub keys: Vec<&'a str>,
    pub values: Vec<TileValue<'a>>,
    pub features: Vec<TileFeature<'a>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum TileValue<'a> {
    Text(&'a str),
    Number(f64),
    Boolean(bool),
}

/// What a feature is drawn as, §4.3.4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TileShape {
    #[default]
    Unknown,
    Points,
    Lines,
    Areas,
}

/// A feature whose geometry and tags are read when they are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TileFeature<'a> {
    pub id: u64,
    pub shape: TileShape,
    tags: &'a [u8],
    geometry: &'a [u8],
}

/// Every layer of a tile that is not packed.
pub fn layers(tile: &[u8]) -> Result<Vec<TileLayer<'_>>, TileFault> {
    let mut found = Vec::new();
    let mut fields = Fields(tile);
    while let Some((number, field)) = fields.next()? {
        if let (3, Field::Bytes(bytes)) = (number, field) {
            found.push(layer(bytes)?);
        }
    }
    Ok(found)
}

fn layer(bytes: &[u8]) -> Result<TileLayer<'_>, TileFault> {
    /// What §4.1 has where a layer says nothing.
    const EXTENT: u32 = 4096;
    let mut layer = TileLayer { extent: EXTENT, ..TileLayer::default() };
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Bytes(name)) => layer.name = text(name)?,
            (2, Field::Bytes(bytes)) => layer.features.push(feature(bytes)?),
            (3, Field::Bytes(key)) => layer.keys.push(text(key)?),
            (4, Field::Bytes(bytes)) => layer.values.extend(value(bytes)?),
            (5, Field::Varint(extent)) => layer.extent = u32::try_from(extent).unwrap_or(EXTENT).max(1),
            _ => {}
        }
    }
    Ok(layer)
}

fn feature(bytes: &[u8]) -> Result<TileFeature<'_>, TileFault> {
    let mut feature = TileFeature::default();
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        match (number, field) {
            (1, Field::Varint(id)) => feature.id = id,
            (2, Field::Bytes(tags)) => feature.tags = tags,
            (3, Field::Varint(shape)) => {
                feature.shape = match shape {
                    1 => TileShape::Points,
                    2 => TileShape::Lines,
                    3 => TileShape::Areas,
                    _ => TileShape::Unknown,
                }
            }
            (4, Field::Bytes(geometry)) => feature.geometry = geometry,
            _ => {}
        }
    }
    Ok(feature)
}

fn value(bytes: &[u8]) -> Result<Option<TileValue<'_>>, TileFault> {
    let mut found = None;
    let mut fields = Fields(bytes);
    while let Some((number, field)) = fields.next()? {
        found = match (number, field) {
            (1, Field::Bytes(bytes)) => Some(TileValue::Text(text(bytes)?)),
            (2, Field::Fixed32(bits)) => Some(TileValue::Number(f64::from(f32::from_bits(bits)))),
            (3, Field::Fixed64(bits)) => Some(TileValue::Number(f64::from_bits(bits))),
            (4, Field::Varint(number)) => Some(TileValue::Number(number as i64 as f64)),
            (5, Field::Varint(number)) => Some(TileValue::Number(number as f64)),
            (6, Field::Varint(number)) => {
                Some(TileValue::Number(((number >> 1) as i64 ^ -((number & 1) as i64)) as f64))
            }
            (7, Field::Varint(truth)) => Some(TileValue::Boolean(truth != 0)),
            _ => found,
        };
    }
    Ok(found)
}

impl<'a> TileLayer<'a> {
    /// The value that a feature has under a key; `None` for none and for tags that name nothing.
    pub fn value(&self, feature: &TileFeature<'a>, key: &str) -> Option<TileValue<'a>> {
        let wanted = self.keys.iter().position(|known| *known == key)? as u64;
        let mut tags = feature.tags;
        while !tags.is_empty() {
            let (key, value) = (varint(&mut tags).ok()?, varint(&mut tags).ok()?);
            if key == wanted {
                return self.values.get(usize::try_from(value).ok()?).copied();
            }
        }
        None
    }
}

impl<'a> TileFeature<'a> {
    /// The geometry as it stands in the tile, §4.3.
    pub(super) fn geometry(&self) -> &'a [u8] {
        self.geometry
    }
}

impl TileFeature<'_> {
    /// Reads the geometry into `parts`, which are emptied first: all points as one part, each line, each ring without
    /// its closing point.
    pub fn read_geometry(&self, parts: &mut Vec<Vec<GridPoint>>) -> Result<(), TileFault> {
        parts.clear();
        let mut bytes = self.geometry;
        let mut at: GridPoint = (0, 0);
        while !bytes.is_empty() {
            let command = varint(&mut bytes)?;
            let count = usize::try_from(command >> 3).unwrap_or(usize::MAX);
            match command & 7 {
                1 | 2 => {
                    let is_move = command & 7 == 1;
                    if parts.is_empty() || (is_move && self.shape != TileShape::Points) {
                        parts.push(Vec::new());
                    }
                    let part = parts.last_mut().ok_or(TileFault::Short)?;
                    // Each step takes two bytes at least, which bounds the memory that a count can ask for.
                    if count > bytes.len() / 2 {
                        return Err(TileFault::Short);
                    }
                    for _ in 0..count {
                        at = (moved(at.0, varint(&mut bytes)?)?, moved(at.1, varint(&mut bytes)?)?);
                        part.push(at);
                    }
                }
                7 => {}
                other => return Err(TileFault::Command(other as u32)),
            }
        }
        Ok(())
    }
}

fn moved(from: i32, zigzag: u64) -> Result<i32, TileFault> {
    let zigzag = u32::try_from(zigzag).map_err(|_| TileFault::Far)?;
    from.checked_add((zigzag >> 1) as i32 ^ -((zigzag & 1) as i32)).ok_or(TileFault::Far)
}

fn text(bytes: &[u8]) -> Result<&str, TileFault> {
    std::str::from_utf8(bytes).map_err(|_| TileFault::Text)
}

/// The fields of a message, one after the other.
struct Fields<'a>(&'a [u8]);

enum Field<'a> {
    Varint(u64),
    Fixed32(u32),
    Fixed64(u64),
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<(u64, Field<'a>)>, TileFault> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let tag = varint(&mut self.0)?;
        let field = match tag & 7 {
            0 => Field::Varint(varint(&mut self.0)?),
            1 => Field::Fixed64(u64::from_le_bytes(self.fixed()?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| TileFault::Short)?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or(TileFault::Short)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.fixed()?)),
            other => return Err(TileFault::WireType(other as u8)),
        };
        Ok(Some((tag >> 3, field)))
    }

    fn fixed<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], TileFault> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(TileFault::Short)?;
        self.0 = rest;
        Ok(*bytes)
    }
}

fn varint(bytes: &mut &[u8]) -> Result<u64, TileFault> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(TileFault::Short)?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(TileFault::LongNumber)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::base::FeatureId;
    use crate::package::ValueRef;
    use crate::tiles::mvt::{LayerWriter, Parts};

    fn line() -> impl Strategy<Value = Vec<GridPoint>> {
        vec((-64..4160i32, -64..4160i32), 3..9)
    }

    proptest! {
        #[test]
        fn what_the_writer_wrote_is_read(
            lines in vec(line(), 1..4), number in any::<i32>(), text in "\\PC{0,12}", real in -1e9..1e9f64,
        ) {
            let mut writer = LayerWriter::new("layer", 4096, ["a", "b", "c", "d"].map(str::to_owned).to_vec());
            let values =
                [ValueRef::Integer(i64::from(number)), ValueRef::Null, ValueRef::Text(&text), ValueRef::Real(real)];
            let id = |number| FeatureId::new(number).unwrap();
            writer.add(id(1), &Parts::Points(&lines[0]), values.iter().copied());
            writer.add(id(2), &Parts::Lines(&lines), values.iter().copied());
            writer.add(id(3), &Parts::Areas(std::slice::from_ref(&lines)), [ValueRef::Boolean(true)].into_iter());
            let tile = writer.finish();
            let read = layers(&tile).unwrap();
            prop_assert_eq!(read.len(), 1);
            let layer = &read[0];
            prop_assert_eq!((layer.name, layer.extent, layer.features.len()), ("layer", 4096, 3));
            let shapes = layer.features.iter().map(|feature| (feature.id, feature.shape)).collect::<Vec<_>>();
            prop_assert_eq!(shapes, vec![(1, TileShape::Points), (2, TileShape::Lines), (3, TileShape::Areas)]);
            let mut parts = Vec::new();
            layer.features[0].read_geometry(&mut parts).unwrap();
            prop_assert_eq!(&parts, &lines[..1]);
            for feature in &layer.features[1..] {
                feature.read_geometry(&mut parts).unwrap();
                prop_assert_eq!(&parts, &lines);
            }
            let first = layer.features[0];
            prop_assert_eq!(layer.value(&first, "a"), Some(TileValue::Number(f64::from(number))));
            prop_assert_eq!(layer.value(&first, "b"), None);
            prop_assert_eq!(layer.value(&first, "c"), Some(TileValue::Text(&text)));
            prop_assert_eq!(layer.value(&first, "d"), Some(TileValue::Number(real)));
            prop_assert_eq!(layer.value(&layer.features[2], "a"), Some(TileValue::Boolean(true)));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200)) {
            let mut parts = Vec::new();
            for layer in layers(&bytes).unwrap_or_default() {
                for feature in &layer.features {
                    let _ = feature.read_geometry(&mut parts);
                    layer.value(feature, "a");
                }
            }
            let _ = TileFeature { geometry: &bytes, ..TileFeature::default() }.read_geometry(&mut parts);
        }
    }
}
