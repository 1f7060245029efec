//! The GeoPackage geometry blob, OGC 12-128r17 §2.1.3.

use super::GeometryFault;
use crate::base::{BBox, GeometryKind};

const SRS_ID: i32 = 4326;
const FLAG_LITTLE_ENDIAN: u8 = 1;
const FLAG_ENVELOPE_XY: u8 = 1 << 1;
const FLAG_EMPTY: u8 = 1 << 4;

/// A blob taken apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blob<'a> {
    pub envelope: Option<BBox>,
    pub is_empty: bool,
    pub wkb: &'a [u8],
}

/// Puts a header before WKB: little-endian, with an envelope for everything that is not a point.
pub fn encode(wkb: &[u8], kind: GeometryKind, bbox: &BBox) -> Vec<u8> {
    let is_empty = bbox.is_empty();
    let with_envelope = kind != GeometryKind::Point && !is_empty;
    let mut out = Vec::with_capacity(40 + wkb.len());
    out.extend_from_slice(b"GP\0");
    let envelope_flag = if with_envelope { FLAG_ENVELOPE_XY } else { 0 };
    let empty_flag = if is_empty { FLAG_EMPTY } else { 0 };
    out.push(FLAG_LITTLE_ENDIAN | envelope_flag | empty_flag);
    out.extend_from_slice(&SRS_ID.to_le_bytes());
    if with_envelope {
        for edge in [bbox.west_deg, bbox.east_deg, bbox.south_deg, bbox.north_deg] {
            out.extend_from_slice(&edge.to_le_bytes());
        }
    }
    out.extend_from_slice(wkb);
    out
}

/// Takes a blob apart; the WKB is not looked at.
pub fn parse(blob: &[u8]) -> Result<Blob<'_>, GeometryFault> {
    let header = blob.get(..8).ok_or(GeometryFault::NotABlob)?;
    if !header.starts_with(b"GP") {
        return Err(GeometryFault::NotABlob);
    }
    let flags = header[3];
    let doubles = match (flags >> 1) & 7 {
        0 => 0,
        1 => 4,
        2 | 3 => 6,
        4 => 8,
        _ => return Err(GeometryFault::NotABlob),
    };
    let little = flags & FLAG_LITTLE_ENDIAN != 0;
    let edge = |place: usize| -> Option<f64> {
        let bytes: [u8; 8] = blob.get(8 + 8 * place..16 + 8 * place)?.try_into().ok()?;
        Some(if little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    };
    let envelope = if doubles == 0 {
        None
    } else {
        let edges = (edge(0), edge(2), edge(1), edge(3));
        let (Some(west), Some(south), Some(east), Some(north)) = edges else {
            return Err(GeometryFault::NotABlob);
        };
        Some(BBox::new(west, south, east, north))
    };
    Ok(Blob {
        envelope,
        is_empty: flags & FLAG_EMPTY != 0,
        wkb: blob.get(8 + 8 * doubles..).ok_or(GeometryFault::NotABlob)?,
    })
}
