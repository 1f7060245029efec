//! What the worker says on its standard output: frames of a length (u32, little-endian), a type
//! byte and a body. Schema, problem and end are JSON; features are binary, because there are many.
//!
//! The reader trusts nothing: lengths are bounded, and a stream that stops without an end frame is
//! a failure, at whatever byte it stops.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Format, GeometryRule, Repair, SourceFacts, SourceFeature, SourceField};
use crate::base::{Value, limits};
use crate::crs::SystemDeclaration;

/// What the worker is asked, as JSON on its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerRequest {
    pub sources: Vec<WorkerSource>,
    pub geometry: GeometryRule,
    pub crs: Option<String>,
    pub allows_ballpark: bool,
    pub easting: Option<String>,
    pub northing: Option<String>,
    pub longitude: Option<String>,
    pub latitude: Option<String>,
}

/// One file for the worker to open.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerSource {
    pub path: std::path::PathBuf,
    /// The name to use in messages: the department's own.
    pub shown: String,
    pub format: Format,
    /// How its text is encoded, where the format does not say itself.
    pub encoding: Option<SourceEncoding>,
    /// Which of its layers the definition names.
    pub layer: Option<String>,
    /// Rows of each table, where they were counted before GDAL saw the file.
    pub rows: BTreeMap<String, u64>,
    pub notes: Vec<String>,
}

/// An encoding, how it was found, and some characters read by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceEncoding {
    /// A label of the Encoding Standard.
    pub label: String,
    pub how: String,
    pub sample: Option<String>,
}

impl SourceEncoding {
    /// `Big5-HKSCS (language byte 0x4F of the .dbf; such as 北角邨)`.
    pub fn words(&self) -> String {
        let sample = self.sample.as_ref().map(|sample| format!("; such as {sample}")).unwrap_or_default();
        format!("{} ({}{sample})", super::text::shown_name(&self.label), self.how)
    }
}

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub enum Frame {
    /// All sources are open; the fields of each, in order, and how they were read.
    Schemas(Vec<SourceSchema>),
    /// From here on features are of the source with this place.
    Source(u32),
    Feature(SourceFeature),
    /// So many features are written so far, where the worker writes.
    Written(u64),
    /// What systems are, where the worker is asked for them.
    Systems(Vec<SystemDeclaration>),
    /// The delivery is refused; nothing follows.
    Refused(String),
    /// Everything was read: the number of features.
    End(u64),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceSchema {
    pub fields: Vec<SourceField>,
    pub facts: SourceFacts,
}

const LENGTH_BYTES: usize = 4;
/// Length and type.
const HEAD_BYTES: usize = LENGTH_BYTES + 1;
/// Memory that a frame's length is given before its bytes are there: most features have less.
const TRUSTED_BYTES: usize = 64 * 1024;

const SCHEMAS: u8 = b'S';
const SOURCE: u8 = b'N';
const FEATURE: u8 = b'F';
const WRITTEN: u8 = b'W';
const SYSTEMS: u8 = b'C';
const REFUSED: u8 = b'R';
const END: u8 = b'E';

impl Frame {
    /// Adds the frame's bytes to others.
    pub fn append(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let start = begin_frame(out);
        let kind = match self {
            Frame::Schemas(schemas) => {
                serde_json::to_writer(&mut *out, schemas)?;
                SCHEMAS
            }
            Frame::Source(place) => {
                out.extend_from_slice(&place.to_le_bytes());
                SOURCE
            }
            Frame::Feature(feature) => {
                encode_feature(feature, out);
                FEATURE
            }
            Frame::Written(count) => {
                out.extend_from_slice(&count.to_le_bytes());
                WRITTEN
            }
            Frame::Systems(systems) => {
                serde_json::to_writer(&mut *out, systems)?;
                SYSTEMS
            }
            Frame::Refused(message) => {
                out.extend_from_slice(message.as_bytes());
                REFUSED
            }
            Frame::End(count) => {
                out.extend_from_slice(&count.to_le_bytes());
                END
            }
        };
        end_frame(out, start, kind)
    }

    /// As [`Frame::read`], from a stream of which much is held at once: most frames are read where they lie.
    pub fn read_held(input: &mut impl BufRead) -> io::Result<Frame> {
        let held = input.fill_buf()?;
        match Frame::bytes_of(held).filter(|bytes| *bytes <= held.len()) {
            Some(bytes) => {
                let frame = Frame::parse(held);
                input.consume(bytes);
                frame
            }
            None => Frame::read(input),
        }
    }

    /// Reads the next frame; the end of the stream is an error, because only `End` ends it.
    pub fn read(input: &mut impl Read) -> io::Result<Frame> {
        let mut length = [0u8; 4];
        input.read_exact(&mut length)?;
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 || length > limits::FRAME_BYTES_MAX {
            return Err(invalid("a frame's length is out of bounds"));
        }
        let mut body = Vec::new();
        if length <= TRUSTED_BYTES {
            body.resize(length, 0);
            input.read_exact(&mut body)?;
        } else {
            // Grows as bytes arrive: a lying length costs nothing.
            input.take(length as u64).read_to_end(&mut body)?;
        }
        if body.len() != length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Frame::decode(body[0], &body[1..])
    }

    /// The frame that begins here, whose bytes are there whole.
    pub fn parse(bytes: &[u8]) -> io::Result<Frame> {
        let length = Frame::bytes_of(bytes).unwrap_or_default();
        match bytes.get(LENGTH_BYTES..length) {
            Some([kind, body @ ..]) => Frame::decode(*kind, body),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// How many bytes the frame has that begins here; `None` where its length is not there whole.
    pub fn bytes_of(begin: &[u8]) -> Option<usize> {
        let length = begin.first_chunk::<LENGTH_BYTES>()?;
        Some(LENGTH_BYTES + u32::from_le_bytes(*length) as usize)
    }

    fn decode(kind: u8, body: &[u8]) -> io::Result<Frame> {
        match kind {
            SCHEMAS => Ok(Frame::Schemas(serde_json::from_slice(body)?)),
            SOURCE => Ok(Frame::Source(u32::from_le_bytes(exact(body)?))),
            FEATURE => decode_feature(body).map(Frame::Feature),
            WRITTEN => Ok(Frame::Written(u64::from_le_bytes(exact(body)?))),
            SYSTEMS => Ok(Frame::Systems(serde_json::from_slice(body)?)),
            REFUSED => Ok(Frame::Refused(String::from_utf8_lossy(body).into_owned())),
            END => Ok(Frame::End(u64::from_le_bytes(exact(body)?))),
            _ => Err(invalid("a frame is of no known type")),
        }
    }
}

/// Leaves room for a frame's head; answers where it begins.
fn begin_frame(out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0; HEAD_BYTES]);
    start
}

/// Fills in the head, now that the body is there.
fn end_frame(out: &mut [u8], start: usize, kind: u8) -> io::Result<()> {
    let head = &mut out[start..];
    let length = u32::try_from(head.len() - LENGTH_BYTES).map_err(|_| invalid("a frame is over 4 GiB"))?;
    head[..LENGTH_BYTES].copy_from_slice(&length.to_le_bytes());
    head[LENGTH_BYTES] = kind;
    Ok(())
}

/// Adds the frame of a feature; answers where in it stands what [`append_content`] writes.
pub fn append_feature(feature: &SourceFeature, out: &mut Vec<u8>) -> io::Result<Range<usize>> {
    let start = begin_frame(out);
    let content = encode_feature(feature, out);
    end_frame(out, start, FEATURE)?;
    Ok(content)
}

fn encode_feature(feature: &SourceFeature, out: &mut Vec<u8>) -> Range<usize> {
    out.reserve(feature.wkb.as_ref().map_or(0, Vec::len) + 32 * feature.values.len());
    out.extend_from_slice(&feature.row.to_le_bytes());
    put_optional(out, feature.problem.as_deref().map(str::as_bytes));
    put_optional(out, feature.fault.as_deref().map(str::as_bytes));
    out.extend_from_slice(&(feature.changes.len() as u32).to_le_bytes());
    feature.changes.iter().for_each(|change| put_bytes(out, change.as_bytes()));
    put_optional(out, feature.repaired.as_ref().map(|repair| repair.reason.as_bytes()));
    if let Some(repair) = &feature.repaired {
        out.extend_from_slice(&repair.area_change.to_le_bytes());
    }
    let start = out.len();
    append_content(feature, out);
    start..out.len()
}

/// Writes what a feature is, its geometry and its values, without where it stood and what befell it. Two features
/// give equal bytes where they are equal, and only there.
fn append_content(feature: &SourceFeature, out: &mut Vec<u8>) {
    put_optional(out, feature.wkb.as_deref());
    out.extend_from_slice(&(feature.values.len() as u32).to_le_bytes());
    for value in &feature.values {
        match value {
            Value::Null => out.push(0),
            Value::Integer(number) => {
                out.push(1);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Real(number) => {
                out.push(2);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Boolean(truth) => out.extend_from_slice(&[3, u8::from(*truth)]),
            Value::Text(text) => {
                out.push(4);
                put_bytes(out, text.as_bytes());
            }
        }
    }
}

fn put_optional(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    out.push(u8::from(bytes.is_some()));
    if let Some(bytes) = bytes {
        put_bytes(out, bytes);
    }
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn decode_feature(body: &[u8]) -> io::Result<SourceFeature> {
    let mut cursor = Cursor { body };
    let row = u64::from_le_bytes(cursor.array()?);
    let problem = cursor.optional()?.map(text).transpose()?;
    let fault = cursor.optional()?.map(text).transpose()?;
    let mut changes = Vec::new();
    for _ in 0..u32::from_le_bytes(cursor.array()?) {
        changes.push(text(cursor.bytes()?)?);
    }
    let repaired = match cursor.optional()? {
        Some(reason) => Some(Repair { reason: text(reason)?, area_change: f64::from_le_bytes(cursor.array()?) }),
        None => None,
    };
    let wkb = cursor.optional()?.map(<[u8]>::to_vec);
    let count = u32::from_le_bytes(cursor.array()?) as usize;
    if count > limits::FIELDS_MAX {
        return Err(invalid("a feature has more values than a layer may have fields"));
    }
    let mut values = vec![Value::Null; count];
    for value in &mut values {
        let [tag] = cursor.array()?;
        *value = match tag {
            // Most values of a wide table are, and all begin so.
            0 => continue,
            1 => Value::Integer(i64::from_le_bytes(cursor.array()?)),
            2 => Value::Real(f64::from_le_bytes(cursor.array()?)),
            3 => Value::Boolean(cursor.array::<1>()? != [0]),
            4 => Value::Text(text(cursor.bytes()?)?),
            _ => return Err(invalid("a value is of no known type")),
        };
    }
    if !cursor.body.is_empty() {
        return Err(invalid("bytes follow the end of a feature"));
    }
    Ok(SourceFeature { file: 0, row, wkb, repaired, changes, values, problem, fault })
}

struct Cursor<'a> {
    body: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        if count > self.body.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (taken, rest) = self.body.split_at(count);
        self.body = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        exact(self.take(N)?)
    }

    fn bytes(&mut self) -> io::Result<&'a [u8]> {
        let count = u32::from_le_bytes(self.array()?) as usize;
        self.take(count)
    }

    fn optional(&mut self) -> io::Result<Option<&'a [u8]>> {
        let [present] = self.array()?;
        if present == 0 { Ok(None) } else { self.bytes().map(Some) }
    }
}

fn exact<const N: usize>(bytes: &[u8]) -> io::Result<[u8; N]> {
    bytes.try_into().map_err(|_| io::ErrorKind::UnexpectedEof.into())
}

fn text(bytes: &[u8]) -> io::Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| invalid("a text is not UTF-8"))
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::Integer),
            (-1e300f64..1e300).prop_map(Value::Real),
            any::<bool>().prop_map(Value::Boolean),
            ".{0,20}".prop_map(Value::Text),
        ]
    }

    proptest! {
        #[test]
        fn a_feature_comes_out_as_it_went_in(
            row in any::<u64>(),
            wkb in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..50)),
            problem in proptest::option::of(".{0,20}"),
            fault in proptest::option::of(".{0,20}"),
            repaired in proptest::option::of((".{0,9}", -1f64..1.0)),
            changes in proptest::collection::vec(".{0,9}", 0..3),
            values in proptest::collection::vec(value(), 0..8),
        ) {
            let repaired = repaired.map(|(reason, area_change)| Repair { reason, area_change });
            let frame = Frame::Feature(SourceFeature { file: 0, row, wkb, repaired, changes, values, problem, fault });
            let mut bytes = Vec::new();
            frame.append(&mut bytes).unwrap();
            prop_assert_eq!(&Frame::read(&mut bytes.as_slice()).unwrap(), &frame);
            for held in [1, 7, bytes.len()] {
                let twice = [bytes.as_slice(), &bytes].concat();
                let mut input = io::BufReader::with_capacity(held, twice.as_slice());
                prop_assert_eq!(&Frame::read_held(&mut input).unwrap(), &frame);
                prop_assert_eq!(&Frame::read_held(&mut input).unwrap(), &frame);
                prop_assert!(Frame::read_held(&mut input).is_err());
            }
            prop_assert_eq!(&Frame::parse(&bytes).unwrap(), &frame);
            for length in 0..bytes.len() {
                prop_assert!(Frame::read(&mut &bytes[..length]).is_err());
                prop_assert!(Frame::read_held(&mut &bytes[..length]).is_err());
                prop_assert!(Frame::parse(&bytes[..length]).is_err());
            }
        }

        #[test]
        fn any_bytes_give_a_frame_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::read(&mut bytes.as_slice());
            let _ = Frame::parse(&bytes);
        }
    }
}
