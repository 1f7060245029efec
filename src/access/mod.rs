//! Who may read what. The only maker of [`PermittedLayer`], without which nothing reads a layer's
//! features, tiles, files or counts.
//!
//! Comes in: a caller and a layer. Goes out: a permit or a denial. Must not know: formats, HTTP.
