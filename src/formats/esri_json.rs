//! Esri JSON, the features of ArcGIS: attributes and a geometry of rings, paths or points, always
//! with the coordinate that grows to the right first. Written straight from the stored bytes. Fields
//! are called by their columns, because clients tell names apart regardless of case.
//! <https://developers.arcgis.com/rest/services-reference/enterprise/geometry-objects/>

use super::{HEIGHT_DECIMALS, Selection, push_decimal};
use crate::base::geometry_kind::Dimension;
use crate::base::{FieldKind, GeometryKind, Schema, Value};
use crate::geometry::{GeometryFault, Shape};
use crate::package::{Row, ValueRef};

/// What a column of ids is called; a field of that name makes it `OBJECTID_1`, as in ArcGIS.
pub const OBJECT_ID: &str = "OBJECTID";

/// The name of the column of ids, which no field of the layer has in any case.
pub fn object_id_name(schema: &Schema) -> String {
    let is_free = |name: &String| !schema.fields.iter().any(|field| field.column.eq_ignore_ascii_case(name));
    let names = std::iter::once(OBJECT_ID.to_owned()).chain((1..).map(|number| format!("{OBJECT_ID}_{number}")));
    // A layer has fewer fields than there are numbers, so one is always free.
    names.into_iter().find(is_free).unwrap_or_default()
}

/// The type of a geometry that ArcGIS gives a layer; it has none for mixed layers and tables.
pub fn geometry_type(kind: GeometryKind) -> Option<&'static str> {
    match kind {
        GeometryKind::Point => Some("esriGeometryPoint"),
        GeometryKind::MultiPoint => Some("esriGeometryMultipoint"),
        other => match other.dimension() {
            Dimension::Lines => Some("esriGeometryPolyline"),
            Dimension::Areas => Some("esriGeometryPolygon"),
            _ => None,
        },
    }
}

/// The type of a field. A field of whole numbers is one of integers, which have 32 bits, only if
/// all its values, from the least to the greatest, fit.
pub fn field_type(kind: FieldKind, range: Option<(&str, &str)>) -> &'static str {
    let fits = |number: &str| number.parse::<i32>().is_ok();
    match kind {
        FieldKind::Integer if range.is_none_or(|(least, greatest)| fits(least) && fits(greatest)) => {
            "esriFieldTypeInteger"
        }
        FieldKind::Integer | FieldKind::Real => "esriFieldTypeDouble",
        FieldKind::Boolean => "esriFieldTypeSmallInteger",
        FieldKind::Date | FieldKind::DateTime => "esriFieldTypeDate",
        FieldKind::Text | FieldKind::Json => "esriFieldTypeString",
    }
}

/// Writes features one after another, with one shape for all of them.
pub struct EsriWriter {
    selection: Selection,
    /// Whether heights go out where there are some.
    with_heights: bool,
    /// The name of the ids as a JSON string with its colon, where they go out.
    object_id: Option<Vec<u8>>,
    /// The fields that go out, each with its name as a JSON string and its colon.
    keys: Vec<(usize, Vec<u8>)>,
    /// Whether the layer is one of single points; else a point is one of several.
    is_of_points: bool,
    shape: Shape,
}

impl EsriWriter {
    pub fn new(schema: &Schema, selection: Selection, object_id: Option<&str>, with_heights: bool) -> Self {
        let keys = selection.fields_of(schema.fields.len()).into_iter();
        EsriWriter {
            keys: keys.map(|field| (field, key(&schema.fields[field].column))).collect(),
            selection,
            is_of_points: schema.geometry == GeometryKind::Point,
            with_heights,
            object_id: object_id.map(key),
            shape: Shape::default(),
        }
    }

    pub fn feature(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        out.extend_from_slice(b"{\"attributes\":{");
        let start = out.len();
        if let Some(key) = &self.object_id {
            out.extend_from_slice(key);
            push_integer(row.place(), out);
        }
        for (field, key) in &self.keys {
            separate(out.len() - start, out);
            out.extend_from_slice(key);
            push_value(row.value(*field), row.schema().fields[*field].kind, out);
        }
        out.push(b'}');
        if self.selection.read_geometry(row, &mut self.shape)? && !self.shape.is_empty() {
            out.extend_from_slice(b",\"geometry\":");
            self.push_geometry(out);
        }
        out.push(b'}');
        Ok(())
    }

    fn push_geometry(&self, out: &mut Vec<u8>) {
        let shape = &self.shape;
        match shape.kind.dimension() {
            Dimension::Points if self.is_of_points => self.push_point(out),
            Dimension::Points => {
                out.extend_from_slice(b"{\"points\":");
                self.push_run(0..shape.points.len(), out);
                out.push(b'}');
            }
            Dimension::Lines => {
                out.extend_from_slice(b"{\"paths\":[");
                for (place, run) in self.runs().enumerate() {
                    separate(place, out);
                    self.push_run(run, out);
                }
                out.extend_from_slice(b"]}");
            }
            Dimension::Areas => {
                out.extend_from_slice(b"{\"rings\":[");
                for (place, run) in self.runs().enumerate() {
                    separate(place, out);
                    // Stored rings go round the other way: the outer of Esri runs with the clock.
                    self.push_run(run.rev(), out);
                }
                out.extend_from_slice(b"]}");
            }
            Dimension::Mixed | Dimension::None => out.extend_from_slice(b"null"),
        }
    }

    /// A single line keeps no ends of its runs.
    fn runs(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let only = self.shape.ends.is_empty().then_some(0..self.shape.points.len());
        self.shape.runs().chain(only)
    }

    fn height(&self, point: usize) -> Option<f64> {
        self.shape.z(point).filter(|_| self.with_heights)
    }

    fn push_point(&self, out: &mut Vec<u8>) {
        let (x, y) = self.shape.points[0];
        out.extend_from_slice(b"{\"x\":");
        push_decimal(x, self.selection.decimals(), out);
        out.extend_from_slice(b",\"y\":");
        push_decimal(y, self.selection.decimals(), out);
        if let Some(z) = self.height(0) {
            out.extend_from_slice(b",\"z\":");
            push_decimal(z, HEIGHT_DECIMALS, out);
        }
        out.push(b'}');
    }

    fn push_run(&self, points: impl Iterator<Item = usize>, out: &mut Vec<u8>) {
        out.push(b'[');
        for (place, point) in points.enumerate() {
            separate(place, out);
            let (x, y) = self.shape.points[point];
            out.push(b'[');
            push_decimal(x, self.selection.decimals(), out);
            out.push(b',');
            push_decimal(y, self.selection.decimals(), out);
            if let Some(z) = self.height(point) {
                out.push(b',');
                push_decimal(z, HEIGHT_DECIMALS, out);
            }
            out.push(b']');
        }
        out.push(b']');
    }
}

fn key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_text(name, &mut key);
    key.push(b':');
    key
}

fn separate(written: usize, out: &mut Vec<u8>) {
    if written > 0 {
        out.push(b',');
    }
}

/// Dates and times are milliseconds since 1970 in UTC, a date those of its midnight.
fn push_value(value: ValueRef<'_>, kind: FieldKind, out: &mut Vec<u8>) {
    match value {
        ValueRef::Null => out.extend_from_slice(b"null"),
        ValueRef::Integer(number) => push_integer(number, out),
        ValueRef::Real(number) if number.is_finite() => {
            out.extend_from_slice(zmij::Buffer::new().format_finite(number).as_bytes());
        }
        ValueRef::Real(_) => out.extend_from_slice(b"null"),
        ValueRef::Boolean(truth) => out.push(if truth { b'1' } else { b'0' }),
        ValueRef::Text(text) if matches!(kind, FieldKind::Date | FieldKind::DateTime) => match milliseconds(text) {
            Some(milliseconds) => push_integer(milliseconds, out),
            None => out.extend_from_slice(b"null"),
        },
        ValueRef::Text(text) | ValueRef::Json(text) => push_text(text, out),
    }
}

/// A value that no row holds, such as a sum, as an attribute.
pub fn attribute(value: &Value, kind: FieldKind) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Boolean(truth) => u8::from(*truth).into(),
        Value::Text(text) if matches!(kind, FieldKind::Date | FieldKind::DateTime) => milliseconds(text).into(),
        Value::Text(text) => text.as_str().into(),
    }
}

/// Of a stored date or time; `None` for what ingest never writes.
fn milliseconds(text: &str) -> Option<i64> {
    let moment = match text.parse::<jiff::Timestamp>() {
        Ok(moment) => moment,
        Err(_) => {
            let midnight = text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0);
            jiff::tz::TimeZone::UTC.to_timestamp(midnight).ok()?
        }
    };
    Some(moment.as_millisecond())
}

fn push_text(text: &str, out: &mut Vec<u8>) {
    // Writing a string into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

fn push_integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Field;

    fn written(shape: Shape, with_heights: bool) -> String {
        let schema = Schema { geometry: shape.kind, has_z: shape.has_z, has_m: false, fields: Vec::new() };
        let mut writer = EsriWriter::new(&schema, Selection::default(), None, with_heights);
        writer.shape = shape;
        let mut out = Vec::new();
        writer.push_geometry(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn outer_rings_run_with_the_clock_and_holes_against_it() {
        let mut shape = Shape::new(GeometryKind::MultiPolygon);
        shape.points.extend([(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 0.0)]);
        shape.points.extend([(2.0, 1.0), (3.0, 2.0), (3.0, 1.0), (2.0, 1.0)]);
        shape.ends.extend([4, 8]);
        shape.polygon_ends.push(2);
        assert_eq!(written(shape, false), "{\"rings\":[[[0,0],[4,4],[4,0],[0,0]],[[2,1],[3,1],[3,2],[2,1]]]}");
    }

    #[test]
    fn every_kind_of_geometry_has_its_form() {
        let mut line = Shape::new(GeometryKind::LineString);
        line.points.extend([(1.0, 2.0), (3.0, 4.5)]);
        assert_eq!(written(line.clone(), true), "{\"paths\":[[[1,2],[3,4.5]]]}");
        line.kind = GeometryKind::MultiPoint;
        line.has_z = true;
        line.extras.extend([7.0, 8.25]);
        assert_eq!(written(line.clone(), true), "{\"points\":[[1,2,7],[3,4.5,8.25]]}");
        line.kind = GeometryKind::Point;
        assert_eq!(written(line.clone(), true), "{\"x\":1,\"y\":2,\"z\":7}");
        assert_eq!(written(line, false), "{\"x\":1,\"y\":2}");
    }

    #[test]
    fn ids_never_take_the_name_of_a_field() {
        let named = |names: &[&str]| Schema {
            geometry: GeometryKind::None,
            has_z: false,
            has_m: false,
            fields: names.iter().map(|name| Field::untitled(name, FieldKind::Text)).collect(),
        };
        assert_eq!(object_id_name(&named(&["name"])), "OBJECTID");
        assert_eq!(object_id_name(&named(&["ObjectId", "OBJECTID_1"])), "OBJECTID_2");
    }

    #[test]
    fn whole_numbers_beyond_32_bits_are_doubles_and_moments_are_milliseconds() {
        assert_eq!(field_type(FieldKind::Integer, Some(("-5", "2147483647"))), "esriFieldTypeInteger");
        assert_eq!(field_type(FieldKind::Integer, Some(("0", "2147483648"))), "esriFieldTypeDouble");
        for (text, number) in [
            ("1970-01-02", Some(86_400_000)),
            ("1969-12-31T23:59:59.500Z", Some(-500)),
            ("2021-12-17T00:00:00.000Z", Some(1_639_699_200_000)),
            ("soon", None),
        ] {
            assert_eq!(milliseconds(text), number, "{text}");
        }
    }
}
