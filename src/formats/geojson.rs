//! GeoJSON (RFC 7946), written straight from the stored bytes into the answer.
//!
//! The crate `geojson` would build a tree for every feature that only passes through, and writes
//! whole numbers of a real field without a point, which GDAL and QGIS then take for integers.

use super::json_fg::{Profile, TimePlaces, is_place};
use super::{Detail, HEIGHT_DECIMALS, Selection, push_decimal};
use crate::base::GeometryKind;
use crate::crs::System;
use crate::geometry::{GeometryFault, Shape};
use crate::package::{Row, ValueRef};

/// Writes features one after another, with one shape for all of them.
#[derive(Default)]
pub struct FeatureWriter {
    selection: Selection,
    shape: Shape,
    /// The fields that go out, each with its name as a JSON string and its colon, made once.
    keys: Option<Vec<(usize, Vec<u8>)>>,
    /// Where the row's place is the id, for clients whose ids have 32 bits.
    has_place_as_id: bool,
    /// The name of a property that repeats the place, as a JSON string with its colon.
    place_key: Option<Vec<u8>>,
    profile: Profile,
    time: Option<TimePlaces>,
}

impl FeatureWriter {
    pub fn new(selection: Selection) -> Self {
        FeatureWriter { selection, ..FeatureWriter::default() }
    }

    /// The id of each feature is its place in the package, repeated by a property if that has a name.
    pub fn with_places(selection: Selection, property: Option<&str>) -> Self {
        FeatureWriter { has_place_as_id: true, place_key: property.map(key), ..FeatureWriter::new(selection) }
    }

    /// The members of a profile; `time` are the fields of the feature's own.
    pub fn with_profile(self, profile: Profile, time: Option<TimePlaces>) -> Self {
        FeatureWriter { profile, time, ..self }
    }

    /// Appends a feature without its closing brace, so that members may follow.
    pub fn open_feature(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
        push_integer(out, if self.has_place_as_id { row.place() } else { row.id().get() as i64 });
        match self.profile {
            Profile::Rfc7946 => self.push_member(b",\"geometry\":", row, out)?,
            Profile::JsonFg | Profile::JsonFgPlus => self.push_place(row, out)?,
        }
        out.extend_from_slice(b",\"properties\":{");
        self.push_properties(row, out);
        out.push(b'}');
        Ok(())
    }

    /// A geometry in the answer's system under a name.
    fn push_member(&mut self, name: &[u8], row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        out.extend_from_slice(name);
        match self.selection.read_geometry(row, &mut self.shape)? {
            true => push_geometry(&self.shape, self.selection.decimals(), out),
            false => out.extend_from_slice(b"null"),
        }
        Ok(())
    }

    /// `time`, `place` and `geometry`, OGC 21-045r1 §7.4 and §7.5: one of the latter two is null
    /// unless the profile wants both.
    fn push_place(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        out.extend_from_slice(b",\"time\":");
        let time = self.time.map_or(serde_json::Value::Null, |places| places.member(row));
        out.extend_from_slice(time.to_string().as_bytes());
        if !is_place(self.selection.system) {
            out.extend_from_slice(b",\"place\":null");
            return self.push_member(b",\"geometry\":", row, out);
        }
        self.push_member(b",\"place\":", row, out)?;
        if self.profile == Profile::JsonFg {
            out.extend_from_slice(b",\"geometry\":null");
            return Ok(());
        }
        let whole = Selection { system: System::Crs84, detail: Detail::default(), ..self.selection.clone() };
        let selection = std::mem::replace(&mut self.selection, whole);
        let pushed = self.push_member(b",\"geometry\":", row, out);
        self.selection = selection;
        pushed
    }

    pub fn feature(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        self.open_feature(row, out)?;
        out.push(b'}');
        Ok(())
    }

    /// Every selected field of every feature, null where it has no value: clients take the first
    /// features for the schema.
    fn push_properties(&mut self, row: &Row<'_>, out: &mut Vec<u8>) {
        let fields = &row.schema().fields;
        let selection = &self.selection;
        let keys = self.keys.get_or_insert_with(|| {
            selection.fields_of(fields.len()).into_iter().map(|field| (field, key(&fields[field].name))).collect()
        });
        let start = out.len();
        if let Some(key) = &self.place_key {
            out.extend_from_slice(key);
            push_integer(out, row.place());
        }
        for (field, key) in keys.iter() {
            separate(out.len() - start, out);
            out.extend_from_slice(key);
            push_value(row.value(*field), out);
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
pub fn push_geometry(shape: &Shape, decimals: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(shape.kind.geojson_name().as_bytes());
    if shape.kind == GeometryKind::GeometryCollection {
        out.extend_from_slice(b"\",\"geometries\":[");
        for (place, member) in shape.members.iter().enumerate() {
            separate(place, out);
            push_geometry(member, decimals, out);
        }
        out.extend_from_slice(b"]}");
        return;
    }
    out.extend_from_slice(b"\",\"coordinates\":");
    match shape.kind {
        GeometryKind::Point if shape.points.is_empty() => out.extend_from_slice(b"[]"),
        GeometryKind::Point => push_position(shape, 0, decimals, out),
        GeometryKind::MultiPoint | GeometryKind::LineString => {
            push_positions(shape, 0..shape.points.len(), decimals, out)
        }
        GeometryKind::MultiLineString => push_runs(shape, 0..shape.ends.len(), decimals, out),
        GeometryKind::Polygon => push_runs(shape, 0..shape.ends.len(), decimals, out),
        _ => {
            out.push(b'[');
            for (place, rings) in shape.polygons().enumerate() {
                separate(place, out);
                push_runs(shape, rings, decimals, out);
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

fn push_runs(shape: &Shape, runs: std::ops::Range<usize>, decimals: u32, out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, run) in runs.enumerate() {
        separate(place, out);
        let start = if run == 0 { 0 } else { shape.ends[run - 1] };
        push_positions(shape, start..shape.ends[run], decimals, out);
    }
    out.push(b']');
}

fn push_positions(shape: &Shape, points: std::ops::Range<usize>, decimals: u32, out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, point) in points.enumerate() {
        separate(place, out);
        push_position(shape, point, decimals, out);
    }
    out.push(b']');
}

fn push_position(shape: &Shape, point: usize, decimals: u32, out: &mut Vec<u8>) {
    let (x, y) = shape.points[point];
    out.push(b'[');
    push_decimal(x, decimals, out);
    out.push(b',');
    push_decimal(y, decimals, out);
    if let Some(z) = shape.z(point) {
        out.push(b',');
        push_decimal(z, HEIGHT_DECIMALS, out);
    }
    out.push(b']');
}
