//! Values that every room speaks of: ids, boxes, texts in three languages, schemas, classes,
//! digests, limits.
//!
//! Comes in: text from files, addresses and commands. Goes out: types that cannot be wrong.
//! Must not know: files, HTTP, SQL, geometry.

pub mod bbox;
pub mod class;
pub mod digest;
pub mod geometry_kind;
pub mod grid;
pub mod ids;
pub mod instant;
pub mod language;
pub mod limits;
pub mod schema;
pub mod xml;
pub mod xml_writer;

pub use bbox::BBox;
pub use class::Class;
pub use geometry_kind::GeometryKind;
pub use grid::Grid;
pub use ids::{FeatureId, LayerId, RevisionId};
pub use instant::{Instant, Interval};
pub use language::{Language, Trilingual};
pub use schema::{Field, FieldKind, Schema, Value};
