//! Vector tiles: grids, tile addresses, baking the heavy tiles of a package, cutting one tile from
//! a permitted layer, MVT written and read, TileJSON.
//!
//! Comes in: a [`TileAddress`], a [`TileSelection`] and an open package. Goes out: a finished tile,
//! and what was thinned in it. Must not know: HTTP.

mod address;
pub mod bake;
mod compress;
pub mod cut;
mod draw;
pub mod edit;
pub mod export;
mod facts;
pub mod grid;
mod matching;
pub mod matrix_sets;
pub mod mvt;
mod neighbours;
pub mod read;
mod refill;
mod rules;
mod selection;
mod snapped;
pub mod tilejson;

pub use address::{TileAddress, TileAddressError};
pub use compress::{LEVEL_BAKED, LEVEL_LIVE, Packer, gunzip, gzip};
pub use cut::{CutTile, cut, cut_selected};
pub use facts::{BakedFacts, GridFacts, ZoomFacts};
pub use matching::cut_among_shown;
pub use neighbours::NeighbourCutter;
pub use rules::{POINT_COUNT, Priority, Rules, RulesFault};
pub use selection::TileSelection;
