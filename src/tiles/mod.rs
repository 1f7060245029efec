//! Vector tiles: grids, tile addresses, cutting a tile from a permitted layer, MVT, TileJSON.
//!
//! Comes in: a [`TileRequest`]. Goes out: a finished tile, and what was thinned in it.
//! Must not know: HTTP.
