//! Pictures of layers: fingerprints, tiles of a map, and the glyphs that other renderers draw
//! labels with.
//!
//! Comes in: unpacked tiles with their addresses, a style, fonts. Goes out: SVG, PNG, glyph ranges. Must not know: HTTP, packages.

pub mod fingerprint;
pub mod font;
pub mod glyphs;
pub mod legend;
pub mod map;
mod text;

pub use font::Fonts;
