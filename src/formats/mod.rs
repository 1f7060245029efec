//! Features out: one file for each format, one row for each in [`Format`], from which `f=`,
//! `Accept`, links and the API definition all follow.
//!
//! Comes in: rows and a schema. Goes out: bytes. Must not know: where features come from.

pub mod csv;
mod encoder;
pub mod esri_json;
mod flatgeobuf;
pub mod geojson;
pub mod geopackage;
pub mod gml;
pub mod json_fg;
pub mod xml_names;

use crate::base::bbox::DEGREE_DECIMALS;
use crate::base::geometry_kind::Dimension;
use crate::base::{GeometryKind, Schema};
use crate::crs::{AxisOrder, System};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::Row;

pub use encoder::{Encoder, Head, json_writer};

/// How features are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    GeoJson,
    /// OGC 21-045r1.
    JsonFg,
    /// One feature a line, RFC 8142, each after a record separator.
    GeoJsonSeq,
    /// One feature a line and nothing else.
    NdJson,
    Csv,
    FlatGeobuf,
    GeoPackage,
}

impl Format {
    pub const ALL: [Format; 7] = [
        Format::GeoJson,
        Format::JsonFg,
        Format::GeoJsonSeq,
        Format::NdJson,
        Format::Csv,
        Format::FlatGeobuf,
        Format::GeoPackage,
    ];

    /// The value of `f`.
    pub fn name(self) -> &'static str {
        match self {
            Format::GeoJson => "json",
            Format::JsonFg => "jsonfg",
            Format::GeoJsonSeq => "geojsonseq",
            Format::NdJson => "ndjson",
            Format::Csv => "csv",
            Format::FlatGeobuf => "flatgeobuf",
            Format::GeoPackage => "gpkg",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            Format::GeoJson => "application/geo+json",
            Format::JsonFg => "application/vnd.ogc.fg+json",
            Format::GeoJsonSeq => "application/geo+json-seq",
            Format::NdJson => "application/x-ndjson",
            Format::Csv => "text/csv; charset=utf-8",
            Format::FlatGeobuf => "application/flatgeobuf",
            Format::GeoPackage => "application/geopackage+sqlite3",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Format::GeoJson => "GeoJSON",
            Format::JsonFg => "JSON-FG",
            Format::GeoJsonSeq => "GeoJSON text sequence",
            Format::NdJson => "GeoJSON, one feature a line",
            Format::Csv => "CSV",
            Format::FlatGeobuf => "FlatGeobuf",
            Format::GeoPackage => "GeoPackage",
        }
    }

    /// Whether an answer without `limit` holds every match: these are read as files, in which nobody
    /// looks for a next page.
    pub fn is_whole(self) -> bool {
        !matches!(self, Format::GeoJson | Format::JsonFg)
    }

    /// How a file of it is called; none for what programs read as it comes.
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Format::GeoJson | Format::JsonFg | Format::GeoJsonSeq | Format::NdJson => None,
            Format::Csv => Some("csv"),
            Format::FlatGeobuf => Some("fgb"),
            Format::GeoPackage => Some("gpkg"),
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// The format of a media type as a client asks for it, without its parameters.
    pub fn by_media_type(wanted: &str) -> Option<Self> {
        let essence = |media_type: &str| media_type.split(';').next().unwrap_or_default().trim().to_owned();
        Format::ALL.into_iter().find(|format| essence(format.media_type()) == essence(wanted))
    }
}

/// What of each feature goes out, and in which coordinates.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    pub system: System,
    pub axis_order: AxisOrder,
    /// Places of the fields in the schema; all where absent.
    pub fields: Option<Vec<usize>>,
    pub skips_geometry: bool,
    pub detail: Detail,
}

/// What kind of geometry goes out.
struct SentGeometry {
    kind: GeometryKind,
    has_z: bool,
    has_m: bool,
}

/// How much of a geometry's detail goes out; all of it by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Detail {
    /// How far a line may run from where it was, in the unit of the answer's system.
    pub offset: Option<f64>,
    /// Decimals of horizontal coordinates, where they are fewer than the system's.
    pub decimals: Option<u32>,
}

impl Selection {
    /// The fields that go out, of so many.
    pub fn fields_of(&self, all: usize) -> Vec<usize> {
        self.fields.clone().unwrap_or_else(|| (0..all).collect())
    }

    /// Reads a row's geometry into the coordinates that go out; false where there is none to write.
    pub fn read_geometry(&self, row: &Row<'_>, shape: &mut Shape) -> Result<bool, GeometryFault> {
        let Some(bytes) = row.geometry().filter(|_| !self.skips_geometry) else { return Ok(false) };
        shape.read_wkb(blob::parse(bytes)?.wkb)?;
        if self.system != System::Crs84 && self.system != System::Crs84h {
            into_system(shape, self.system)?;
        }
        if self.detail != Detail::default() {
            self.generalise(shape);
        }
        if self.system.changes_places_for(self.axis_order) {
            change_places(shape);
        }
        Ok(true)
    }

    /// What geometries of a schema go out: generalised areas are all Multi and without heights.
    fn geometry_of(&self, schema: &Schema) -> SentGeometry {
        let is_mended = self.detail != Detail::default() && schema.geometry.dimension() == Dimension::Areas;
        SentGeometry {
            kind: match schema.geometry {
                _ if self.skips_geometry => GeometryKind::None,
                kind if is_mended => kind.to_multi(),
                kind => kind,
            },
            has_z: schema.has_z && !is_mended,
            has_m: schema.has_m && !is_mended,
        }
    }

    /// Rings turn the right way only where the first coordinate grows to the right.
    fn generalise(&self, shape: &mut Shape) {
        let is_north_first = self.system.changes_places_for(AxisOrder::EastFirst);
        if is_north_first {
            change_places(shape);
        }
        shape.generalise(self.detail.offset.unwrap_or(0.0), self.decimals());
        if is_north_first {
            change_places(shape);
        }
    }

    /// Decimals of horizontal coordinates.
    fn decimals(&self) -> u32 {
        self.detail.decimals.unwrap_or(self.system.decimals()).min(self.system.decimals())
    }
}

/// Decimals of a height in metres.
const HEIGHT_DECIMALS: u32 = 3;

fn into_system(shape: &mut Shape, system: System) -> Result<(), GeometryFault> {
    for (vertex, point) in shape.points.iter_mut().enumerate() {
        let (lon_deg, lat_deg) = *point;
        *point = system.from_degrees(lon_deg, lat_deg).ok_or(GeometryFault::OutsideTheSystem {
            vertex,
            lon_deg,
            lat_deg,
        })?;
    }
    for member in &mut shape.members {
        into_system(member, system)?;
    }
    Ok(())
}

fn change_places(shape: &mut Shape) {
    for point in &mut shape.points {
        *point = (point.1, point.0);
    }
    shape.members.iter_mut().for_each(change_places);
}

/// Appends a number with at most so many decimals and no zeros at its end.
pub fn push_decimal(number: f64, decimals: u32, out: &mut Vec<u8>) {
    debug_assert!(decimals <= DEGREE_DECIMALS);
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

    #[test]
    fn a_format_is_found_by_its_name_and_by_what_clients_accept() {
        for format in Format::ALL {
            assert_eq!(Format::by_name(format.name()), Some(format));
            assert_eq!(Format::by_media_type(format.media_type()), Some(format));
        }
        assert_eq!(Format::by_media_type("text/csv;header=present"), Some(Format::Csv));
        assert_eq!(Format::by_media_type("application/json"), None);
    }
}
