//! Vector tiles: grids, tile addresses, cutting a tile from a permitted layer, MVT, TileJSON.
//!
//! Comes in: a [`TileAddress`] and an open package. Goes out: a finished tile, and what was
//! thinned in it. Must not know: HTTP.

mod compress;
pub mod cut;
pub mod grid;
pub mod mvt;
pub mod tilejson;

pub use compress::{LEVEL_LIVE, gzip};
pub use cut::{CutTile, cut};
pub use grid::{TileAddress, TileAddressError};
