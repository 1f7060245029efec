//! MapLibre styles, made by hand or derived from a schema.
//!
//! Comes in: a record and, where there is one, a hand-made style. Goes out: a finished style.
//! Must not know: HTTP.
