//! CSV (RFC 4180) for spreadsheets: UTF-8 with the mark that Excel needs to know it, and no text
//! that a spreadsheet would take for a formula.

use super::{HEIGHT_DECIMALS, Selection, push_decimal};
use crate::base::{GeometryKind, Schema};
use crate::geometry::{GeometryFault, Shape};
use crate::package::{Row, ValueRef};

/// Writes rows one after another.
pub struct CsvWriter {
    selection: Selection,
    fields: Vec<usize>,
    shape: Shape,
}

impl CsvWriter {
    pub fn new(schema: &Schema, selection: Selection) -> Self {
        CsvWriter { fields: selection.fields_of(schema.fields.len()), selection, shape: Shape::default() }
    }

    /// The byte order mark and the line of names.
    pub fn head(&self, schema: &Schema, out: &mut Vec<u8>) {
        out.extend_from_slice("\u{FEFF}".as_bytes());
        let mut names = vec!["id"];
        names.extend(self.fields.iter().map(|field| schema.fields[*field].name.as_str()));
        names.extend(self.geometry_columns(schema));
        for (place, name) in names.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            push_text(name, out);
        }
        out.extend_from_slice(b"\r\n");
    }

    /// Points stand in two columns, all else as well-known text.
    fn geometry_columns(&self, schema: &Schema) -> Vec<&'static str> {
        match schema.geometry {
            GeometryKind::None => Vec::new(),
            _ if self.selection.skips_geometry => Vec::new(),
            GeometryKind::Point => self.selection.system.axes().names().to_vec(),
            _ => vec!["wkt"],
        }
    }

    pub fn row(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        out.extend_from_slice(itoa::Buffer::new().format(row.id().get()).as_bytes());
        for &field in &self.fields {
            out.push(b',');
            push_value(row.value(field), out);
        }
        let columns = self.geometry_columns(row.schema()).len();
        if columns > 0 {
            let mut shape = std::mem::take(&mut self.shape);
            let has_geometry = self.selection.read_geometry(row, &mut shape)?;
            match (has_geometry && !shape.is_empty(), columns) {
                (true, 1) => {
                    out.push(b',');
                    let mut text = Vec::new();
                    push_wkt(&shape, self.selection.decimals(), &mut text);
                    push_quoted(&text, out);
                }
                (true, _) => {
                    let (x, y) = shape.points[0];
                    out.push(b',');
                    push_decimal(x, self.selection.decimals(), out);
                    out.push(b',');
                    push_decimal(y, self.selection.decimals(), out);
                }
                (false, columns) => out.extend(std::iter::repeat_n(b',', columns)),
            }
            self.shape = shape;
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }
}

fn push_value(value: ValueRef<'_>, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => {}
        ValueRef::Integer(number) => out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        ValueRef::Real(number) if number.is_finite() => {
            out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
        }
        ValueRef::Real(_) => {}
        ValueRef::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
        ValueRef::Text(text) | ValueRef::Json(text) => push_text(text, out),
    }
}

/// A text that a spreadsheet would compute gets an apostrophe before it. A sign before digits
/// alone is a telephone number or a bearing, and stays.
pub fn push_text(text: &str, out: &mut Vec<u8>) {
    let is_number = |rest: &str| rest.chars().all(|c| c.is_ascii_digit() || c == ' ');
    let is_formula = match text.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some('+' | '-') => !is_number(&text[1..]),
        _ => false,
    };
    if is_formula {
        push_quoted(format!("'{text}").as_bytes(), out);
    } else if text.bytes().any(|byte| matches!(byte, b'"' | b',' | b'\r' | b'\n')) {
        push_quoted(text.as_bytes(), out);
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}

fn push_quoted(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        if byte == b'"' {
            out.push(b'"');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// Well-known text, OGC 06-103r4 §7.2.2.
fn push_wkt(shape: &Shape, decimals: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(shape.kind.geojson_name().to_uppercase().as_bytes());
    out.extend_from_slice(if shape.has_z { b" Z (" } else { b" (" });
    match shape.kind {
        GeometryKind::GeometryCollection => {
            for (place, member) in shape.members.iter().enumerate() {
                separate(place, out);
                push_wkt(member, decimals, out);
            }
        }
        GeometryKind::Point | GeometryKind::LineString => push_points(shape, 0..shape.points.len(), decimals, out),
        GeometryKind::MultiPoint => {
            for point in 0..shape.points.len() {
                separate(point, out);
                out.push(b'(');
                push_points(shape, point..point + 1, decimals, out);
                out.push(b')');
            }
        }
        GeometryKind::MultiPolygon => {
            for (place, rings) in shape.polygons().enumerate() {
                separate(place, out);
                out.push(b'(');
                push_runs(shape, rings, decimals, out);
                out.push(b')');
            }
        }
        _ => push_runs(shape, 0..shape.ends.len(), decimals, out),
    }
    out.push(b')');
}

fn separate(place: usize, out: &mut Vec<u8>) {
    if place > 0 {
        out.extend_from_slice(b", ");
    }
}

fn push_runs(shape: &Shape, runs: std::ops::Range<usize>, decimals: u32, out: &mut Vec<u8>) {
    for (place, run) in runs.enumerate() {
        separate(place, out);
        let start = if run == 0 { 0 } else { shape.ends[run - 1] };
        out.push(b'(');
        push_points(shape, start..shape.ends[run], decimals, out);
        out.push(b')');
    }
}

fn push_points(shape: &Shape, points: std::ops::Range<usize>, decimals: u32, out: &mut Vec<u8>) {
    for (place, point) in points.enumerate() {
        separate(place, out);
        let (x, y) = shape.points[point];
        push_decimal(x, decimals, out);
        out.push(b' ');
        push_decimal(y, decimals, out);
        if let Some(z) = shape.z(point) {
            out.push(b' ');
            push_decimal(z, HEIGHT_DECIMALS, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_taken_for_a_formula_and_none_breaks_the_row() {
        for (text, written) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "\"'=1+1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("+852 2810 1234", "+852 2810 1234"),
            ("-1+1", "\"'-1+1\""),
            ("\tx", "\"'\tx\""),
        ] {
            let mut out = Vec::new();
            push_text(text, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), written);
        }
    }

    #[test]
    fn geometries_are_written_as_well_known_text() {
        let mut shape = Shape::new(GeometryKind::MultiPolygon);
        shape.points.extend([(0.0, 0.0), (4.0, 0.0), (4.0, 4.5), (0.0, 0.0)]);
        shape.ends.push(4);
        shape.polygon_ends.push(1);
        let mut out = Vec::new();
        push_wkt(&shape, 8, &mut out);
        assert_eq!(String::from_utf8(out).unwrap(), "MULTIPOLYGON (((0 0, 4 0, 4 4.5, 0 0)))");
    }
}
