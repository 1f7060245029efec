//! MBTiles 1.3: rows count from the south.

use std::path::Path;

use super::Order;
use crate::package::{MbTilesBuilder, PackageError};
use crate::tiles::TileAddress;
use crate::tiles::tilejson::{TileSetFacts, gdal_metadata};

pub struct Writer {
    out: MbTilesBuilder,
}

impl Writer {
    pub fn create(path: &Path, facts: &TileSetFacts<'_>, order: &Order) -> Result<Self, PackageError> {
        let out = MbTilesBuilder::create(path)?;
        let metadata = gdal_metadata(facts);
        for (name, value) in metadata.as_object().into_iter().flatten() {
            out.set_metadata(name, value.as_str().unwrap_or_default())?;
        }
        let (lon_deg, lat_deg, zoom) = facts.centre();
        out.set_metadata("center", &format!("{lon_deg},{lat_deg},{zoom}"))?;
        out.set_metadata("tile_matrix_set", order.grid.as_str())?;
        Ok(Writer { out })
    }

    pub fn add(&self, tile: TileAddress, gzip: &[u8]) -> Result<(), PackageError> {
        let row = tile.grid().rows(tile.zoom()) - 1 - tile.y();
        self.out.insert(tile.zoom(), tile.x(), row, gzip)
    }

    pub fn finish(self) -> Result<(), PackageError> {
        self.out.finish()
    }
}
