//! Geometry as bytes: reading and writing GeoPackage blobs and WKB, putting rings in order,
//! clipping, quantising, the Hilbert curve.
//!
//! Comes in: WKB from the worker, blobs from a package. Goes out: blobs, boxes, integer geometry.
//! Must not know: layers, fields, files, HTTP.

pub mod areas;
pub mod blob;
pub mod clip;
mod generalise;
pub mod hilbert;
mod intersects;
pub mod levels;
mod normalise;
pub mod repair;
mod shape;
mod simple_features;
pub mod touching;
mod wkb;

pub use intersects::{intersects_box, shape_intersects_box};
pub use normalise::{Normalised, Tidied, normalise};
pub use shape::Shape;
pub use simple_features::kind_of;
pub use wkb::dimension;

/// What is wrong with a geometry, with the place where known.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeometryFault {
    #[error("the bytes of the geometry end at byte {at} of a {needed}")]
    Truncated { at: usize, needed: &'static str },
    #[error("byte {at} of the geometry is not a byte order mark of 0 or 1")]
    ByteOrder { at: usize },
    #[error("geometry type {code} is not known")]
    UnknownType { code: u32 },
    #[error("a geometry of type {found} stands inside one of type {inside}")]
    WrongPart { inside: &'static str, found: u32 },
    #[error("{count} bytes follow the end of the geometry")]
    TrailingBytes { count: usize },
    #[error("the coordinate {value} of vertex {vertex} is not a finite number")]
    NotFinite { vertex: usize, value: f64 },
    #[error("vertex {vertex} lies at {lon_deg}, {lat_deg}, outside 180 and 90 degrees")]
    OutsideTheWorld { vertex: usize, lon_deg: f64, lat_deg: f64 },
    #[error("vertex {vertex} at {lon_deg}, {lat_deg} has no place in the coordinate system that was asked for")]
    OutsideTheSystem { vertex: usize, lon_deg: f64, lat_deg: f64 },
    #[error("the geometry has more than {max} vertices")]
    TooManyVertices { max: usize },
    #[error("geometry collections are nested more than {max} deep")]
    TooDeep { max: usize },
    #[error("a line has fewer than two different points")]
    LineTooShort,
    #[error("a ring has fewer than three different points")]
    RingTooShort,
    #[error("the blob is not a GeoPackage geometry")]
    NotABlob,
}
