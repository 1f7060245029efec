//! Causeway: a department's file in, a clean GeoPackage, vector tiles, feature queries and a
//! catalogue out. `docs/architecture.md` walks through the rooms; each may use those listed above
//! it here and never those below, which `tests/architecture.rs` holds.

pub mod base;

pub mod fetch;

pub mod geometry;

pub mod crs;

pub mod definition;

pub mod words;

pub mod filter;

pub mod access;

pub mod package;

pub mod store;

pub mod query;

pub mod tiles;

pub mod formats;

pub mod catalogue;

pub mod harvest;

pub mod styles;

pub mod pictures;

pub mod intake;

pub mod server;

pub mod command;
