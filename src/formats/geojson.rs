//! GeoJSON (RFC 7946), written straight from the stored bytes into the answer.
//!
//! The crate `geojson` would build a tree for every feature that only passes through, and writes
//! whole numbers of a real field without a point, which GDAL and QGIS then take for integers.

use crate::base::GeometryKind;
use crate::base::bbox::DEGREE_DECIMALS;
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{Row, ValueRef};

/// Decimals of a height in metres.
const HEIGHT_DECIMALS: u32 = 3;

/// Writes features one after another, with one shape for all of them.
#[derive(Default)]
pub struct FeatureWriter {
    shape: Shape,
    /// Field names as JSON strings with their colon, made once.
    keys: Vec<Vec<u8>>,
}

impl FeatureWriter {
    /// Appends a feature without its closing brace, so that members may follow.
    pub fn open_feature(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
        push_integer(out, row.id().get() as i64);
        out.extend_from_slice(b",\"geometry\":");
        match row.geometry() {
            Some(bytes) => {
                let blob = blob::parse(bytes)?;
                self.shape.read_wkb(blob.wkb)?;
                push_geometry(&self.shape, out);
            }
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(b",\"properties\":{");
        self.push_properties(row, out);
        out.push(b'}');
        Ok(())
    }

    pub fn feature(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        self.open_feature(row, out)?;
        out.push(b'}');
        Ok(())
    }

    /// Every field of every feature, null where it has no value: clients take the first features
    /// for the schema.
    fn push_properties(&mut self, row: &Row<'_>, out: &mut Vec<u8>) {
        let fields = &row.schema().fields;
        if self.keys.len() != fields.len() {
            self.keys = fields.iter().map(|field| key(&field.name)).collect();
        }
        for (place, key) in self.keys.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            push_value(row.value(place), out);
        }
    }
}

fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_text(name, &mut key);
    key.push(b':');
    key
}

fn push_value(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Integer(number) => push_integer(out, number),
        ValueRef::Real(number) if number.is_finite() => {
            out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
        }
        ValueRef::Real(_) => out.extend_from_slice(b"null"),
        ValueRef::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        ValueRef::Text(text) => push_text(text, out),
        ValueRef::Json(text) => match serde_json::from_str::<&serde_json::value::RawValue>(text) {
            Ok(json) => out.extend_from_slice(json.get().as_bytes()),
            Err(_) => push_text(text, out),
        },
    }
}

fn push_text(text: &str, out: &mut Vec<u8>) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

fn push_integer(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a geometry object, RFC 7946 §3.1.
pub fn push_geometry(shape: &Shape, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(shape.kind.geojson_name().as_bytes());
    if shape.kind == GeometryKind::GeometryCollection {
        out.extend_from_slice(b"\",\"geometries\":[");
        for (place, member) in shape.members.iter().enumerate() {
            separate(place, out);
            push_geometry(member, out);
        }
        out.extend_from_slice(b"]}");
        return;
    }
    out.extend_from_slice(b"\",\"coordinates\":");
    match shape.kind {
        GeometryKind::Point if shape.points.is_empty() => out.extend_from_slice(b"[]"),
        GeometryKind::Point => push_position(shape, 0, out),
        GeometryKind::MultiPoint | GeometryKind::LineString => push_positions(shape, 0..shape.points.len(), out),
        GeometryKind::MultiLineString => push_runs(shape, 0..shape.ends.len(), out),
        GeometryKind::Polygon => push_runs(shape, 0..shape.ends.len(), out),
        _ => {
            out.push(b'[');
            for (place, rings) in shape.polygons().enumerate() {
                separate(place, out);
                push_runs(shape, rings, out);
            }
            out.push(b']');
        }
    }
    out.push(b'}');
}

fn separate(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.push(b',');
    }
}

fn push_runs(shape: &Shape, runs: std::ops::Range<usize>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, run) in runs.enumerate() {
        separate(place, out);
        let start = if run == 0 { 0 } else { shape.ends[run - 1] };
        push_positions(shape, start..shape.ends[run], out);
    }
    out.push(b']');
}

fn push_positions(shape: &Shape, points: std::ops::Range<usize>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, point) in points.enumerate() {
        separate(place, out);
        push_position(shape, point, out);
    }
    out.push(b']');
}

fn push_position(shape: &Shape, point: usize, out: &mut Vec<u8>) {
    let (x, y) = shape.points[point];
    out.push(b'[');
    push_decimal(x, DEGREE_DECIMALS, out);
    out.push(b',');
    push_decimal(y, DEGREE_DECIMALS, out);
    if let Some(z) = shape.z(point) {
        out.push(b',');
        push_decimal(z, HEIGHT_DECIMALS, out);
    }
    out.push(b']');
}

/// A number with at most so many decimals and no zeros at its end.
pub fn push_decimal(number: f64, decimals: u32, out: &mut Vec<u8>) {
    let scale = 10i64.pow(decimals);
    let scaled = (number * scale as f64).round();
    if !scaled.is_finite() || scaled.abs() >= i64::MAX as f64 {
        out.extend_from_slice(b"null");
        return;
    }
    let scaled = scaled as i64;
    if scaled < 0 {
        out.push(b'-');
    }
    let (whole, fraction) = (scaled.unsigned_abs() / scale as u64, scaled.unsigned_abs() % scale as u64);
    out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    if fraction > 0 {
        out.push(b'.');
        let mut place = scale as u64 / 10;
        let mut rest = fraction;
        while rest > 0 {
            out.push(b'0' + (rest / place) as u8);
            rest %= place;
            place /= 10;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_and_short() {
        for (number, text) in [
            (114.15435797, "114.15435797"),
            (-0.5, "-0.5"),
            (22.0, "22"),
            (0.0, "0"),
            (-0.000000001, "0"),
            (179.99999999, "179.99999999"),
            (0.00000001, "0.00000001"),
        ] {
            let mut out = Vec::new();
            push_decimal(number, DEGREE_DECIMALS, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }
}
