//! PMTiles 3, written by the crate of that name: equal tiles are kept once.

use std::fs::File;
use std::path::Path;

use pmtiles::{Compression, PmTilesStreamWriter, PmTilesWriter, TileCoord, TileId, TileType};

use super::{ExportError, Order};
use crate::tiles::TileAddress;
use crate::tiles::tilejson::{TileSetFacts, archive_metadata};

pub struct Writer {
    out: PmTilesStreamWriter<File>,
}

/// The place of a tile in the file: along the Hilbert curve of its zoom.
pub fn number(tile: TileAddress) -> u64 {
    // The grids that come here have as many tiles on each side as a zoom has, so all have a number.
    coord(tile).map_or(u64::MAX, |coord| TileId::from(coord).value())
}

fn coord(tile: TileAddress) -> Result<TileCoord, pmtiles::PmtError> {
    TileCoord::new(tile.zoom(), tile.x(), tile.y())
}

impl Writer {
    pub fn create(path: &Path, facts: &TileSetFacts<'_>, order: &Order) -> Result<Self, ExportError> {
        let bounds = facts.bounds();
        let (lon_deg, lat_deg, zoom) = facts.centre();
        let out = PmTilesWriter::new(TileType::Mvt)
            .precompressed(Compression::Gzip)
            .min_zoom(*order.zooms.start())
            .max_zoom(*order.zooms.end())
            .bounds(bounds.west_deg, bounds.south_deg, bounds.east_deg, bounds.north_deg)
            .center(lon_deg, lat_deg)
            .center_zoom(zoom)
            .metadata(archive_metadata(facts, order.grid).to_string())
            .create(File::create_new(path)?)?;
        Ok(Writer { out })
    }

    pub fn add(&mut self, tile: TileAddress, gzip: &[u8]) -> Result<(), ExportError> {
        Ok(self.out.add_tile(coord(tile)?, gzip)?)
    }

    pub fn finish(self) -> Result<(), ExportError> {
        Ok(self.out.finalize()?)
    }
}
