//! PMTiles: the layer's own tiles in one file, as `causeway export` writes it.

use std::path::Path;

use super::Source;
use crate::base::Grid;
use crate::intake::IngestError;
use crate::tiles::export::{Archive, Order, export};

/// Zooms of the file: a client magnifies the deepest, where a pixel is 10 m and a coordinate 0.6 m.
const ZOOMS: (u8, u8) = (0, 14);

pub fn pmtiles(source: &Source, target: &Path) -> Result<(), IngestError> {
    const GRID: Grid = Grid::WebMercatorQuad;
    let record = &source.record;
    let facts = record.archive_facts(GRID, ZOOMS);
    // One thread: a server may be answering on the same machine, and nobody waits for this file.
    let order = Order { archive: Archive::PmTiles, grid: GRID, zooms: ZOOMS.0..=ZOOMS.1, threads: 1 };
    export(&|| source.reader(), &facts, &order, target, &|_| {})?;
    Ok(())
}
