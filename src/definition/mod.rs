//! The layer definition: what a department declares about a layer in `layer.toml`.
//!
//! Comes in: the text of a file. Goes out: a [`LayerDefinition`] that cannot be wrong, or a fault
//! with its place. Must not know: how a layer is read or published.
