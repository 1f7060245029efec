//! The catalogue: one [`LayerRecord`] a layer, and its faces.
//!
//! Comes in: a definition and what was measured. Goes out: records, matches, documents.
//! Must not know: HTTP.

pub mod faces;
pub mod record;
mod remote;
pub mod score;
pub mod search;

pub use record::LayerRecord;
pub use remote::{RemoteCatalogue, RemoteRecord, RemoteResource};
