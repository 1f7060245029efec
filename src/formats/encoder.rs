//! One way to write features in any format that needs no file of its own: a beginning, features.

use serde_json::Value;

use super::csv::CsvWriter;
use super::flatgeobuf::FlatGeobufWriter;
use super::geojson::FeatureWriter;
use super::json_fg::{self, Profile, TimePlaces};
use super::{Format, Selection};
use crate::base::{LayerId, Schema};
use crate::definition::TimeFields;
use crate::geometry::GeometryFault;
use crate::package::Row;

/// What formats say of the features as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub layer: &'a LayerId,
    pub title: &'a str,
    pub schema: &'a Schema,
    /// Where the schema is described.
    pub schema_address: &'a str,
    pub time: Option<&'a TimeFields>,
    pub profile: Profile,
    /// How many features follow, where that is known.
    pub features: Option<u64>,
}

/// Writes features in one format. What ends a collection is its caller's, who alone knows the links.
pub struct Encoder {
    writer: Writer,
    beginning: Vec<u8>,
    is_first: bool,
}

enum Writer {
    Collection(FeatureWriter),
    /// One feature a line, each after these bytes.
    Lines(FeatureWriter, &'static [u8]),
    Csv(CsvWriter),
    FlatGeobuf(Box<FlatGeobufWriter>),
}

impl Encoder {
    /// `None` for a GeoPackage, which cannot be written from its beginning to its end.
    pub fn new(format: Format, head: &Head<'_>, selection: Selection) -> Option<Self> {
        /// RFC 8142 §2: each text begins with the record separator.
        const RECORD_SEPARATOR: &[u8] = &[0x1E];
        let mut beginning = Vec::new();
        let writer = match format {
            Format::GeoJson | Format::JsonFg => {
                push_collection(head, &selection, &mut beginning);
                Writer::Collection(json_writer(head, selection))
            }
            Format::GeoJsonSeq => Writer::Lines(FeatureWriter::new(selection), RECORD_SEPARATOR),
            Format::NdJson => Writer::Lines(FeatureWriter::new(selection), b""),
            Format::Csv => {
                let writer = CsvWriter::new(head.schema, selection);
                writer.head(head.schema, &mut beginning);
                Writer::Csv(writer)
            }
            Format::FlatGeobuf => {
                Writer::FlatGeobuf(Box::new(FlatGeobufWriter::begin(head, selection, &mut beginning)))
            }
            Format::GeoPackage => return None,
        };
        Some(Encoder { writer, beginning, is_first: true })
    }

    /// Writes what stands before the first feature; nothing when asked again.
    pub fn begin(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.beginning);
    }

    pub fn feature(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        match &mut self.writer {
            Writer::Collection(writer) => {
                if !std::mem::take(&mut self.is_first) {
                    out.push(b',');
                }
                writer.feature(row, out)
            }
            Writer::Lines(writer, separator) => {
                out.extend_from_slice(separator);
                writer.feature(row, out)?;
                out.push(b'\n');
                Ok(())
            }
            Writer::Csv(writer) => writer.row(row, out),
            Writer::FlatGeobuf(writer) => writer.feature(row, out),
        }
    }
}

/// The writer of features in JSON for a profile.
pub fn json_writer(head: &Head<'_>, selection: Selection) -> FeatureWriter {
    let time = head.time.and_then(|fields| TimePlaces::of(fields, head.schema));
    FeatureWriter::new(selection).with_profile(head.profile, time)
}

fn push_collection(head: &Head<'_>, selection: &Selection, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"FeatureCollection\",");
    if head.profile != Profile::Rfc7946 {
        let members = json_fg::root_members(head.layer, head.schema, head.schema_address, selection);
        let text = Value::Object(members).to_string();
        out.extend_from_slice(&text.as_bytes()[1..text.len() - 1]);
        out.push(b',');
    }
    out.extend_from_slice(b"\"features\":[");
}
