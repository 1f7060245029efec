//! Feature requests: one [`FeatureQuery`], planned into SQL and run on a permitted layer.
//!
//! Comes in: a query and a permitted package. Goes out: rows, counts, cursors.
//! Must not know: HTTP, formats.
