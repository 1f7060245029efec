//! Pictures of layers: fingerprints, thumbnails, outlines, tiles of a map, and the glyphs and sprites that other
//! renderers draw labels and signs with.
//!
//! Comes in: unpacked tiles with their addresses, shapes, a style, fonts. Goes out: SVG, PNG, glyph ranges, sprites.
//! Must not know: HTTP, packages.

pub mod districts;
pub mod fingerprint;
pub mod font;
pub mod frame;
pub mod glyphs;
pub mod icons;
pub mod legend;
pub mod map;
pub mod sprites;
mod text;

pub use font::Fonts;
pub use frame::Frame;
