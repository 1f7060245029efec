//! Filters: one tree of conditions, typed by a schema, whatever language it was written in.
//!
//! Comes in: values of query parameters. Goes out: a tree whose names and values fit the schema.
//! Must not know: SQL, HTTP.
