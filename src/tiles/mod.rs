//! Vector tiles: grids, tile addresses, baking the heavy tiles of a package, cutting one tile from
//! a permitted layer, MVT, TileJSON.
//!
//! Comes in: a [`TileAddress`] and an open package. Goes out: a finished tile, and what was
//! thinned in it. Must not know: HTTP.

mod address;
pub mod bake;
mod compress;
pub mod cut;
mod draw;
mod facts;
pub mod grid;
pub mod matrix_sets;
pub mod mvt;
pub mod tilejson;

pub use address::{TileAddress, TileAddressError};
pub use compress::{LEVEL_BAKED, LEVEL_LIVE, gzip};
pub use cut::{CutTile, cut};
pub use facts::{BakedFacts, GridFacts, ZoomFacts};
