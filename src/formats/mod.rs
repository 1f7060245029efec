//! Features out: one file for each format.
//!
//! Comes in: rows and a schema. Goes out: bytes. Must not know: where features come from.

pub mod geojson;
