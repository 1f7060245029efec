//! The GeoPackage of a revision: `build` writes it, `read` serves it, `tree` packs and walks its R-tree;
//! `tile_file` keeps the baked tiles beside it, `word_file` the words of its texts, `mbtiles` writes
//! tiles for taking away.
//!
//! Comes in: schema, rows, titles; a permit. Goes out: a file that any GIS opens; rows.
//! Must not know: HTTP, GDAL, how revisions are published.

mod boxes;
pub mod build;
mod cell;
mod examine;
pub mod functions;
mod hexagon;
mod mbtiles;
pub mod names;
pub mod pool;
mod queue;
pub mod read;
mod row;
mod row_statement;
mod tables;
mod tile_file;
mod tree;
pub mod word_file;

use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{LayerId, RevisionId, Schema};

pub use boxes::Walked;
pub use build::{BuiltPackage, PackageBuilder};
pub use cell::cell_box;
pub use examine::{ForeignFault, examine};
pub use hexagon::{RESOLUTION_MAX, hexagon_ring};
pub use mbtiles::MbTilesBuilder;
pub use pool::{Pool, ReadError};
pub use read::OpenPackage;
pub use row::{Row, ValueRef};
pub use tile_file::{BakedTile, LiveRules, LowZoom, Piece, TILE_FILE, TileFile, TileFileBuilder};
pub use tree::{Found, Way};
pub use word_file::{SearchedField, WORD_FILE, WordFileBuilder};

/// A published package: where it is and what it holds. Having one is not leave to read it.
#[derive(Clone, Debug)]
pub struct PackageFile {
    pub layer: LayerId,
    pub revision: RevisionId,
    pub path: PathBuf,
    pub schema: Arc<Schema>,
    /// Rows of the table, those without geometry included.
    pub features: u64,
}

/// What can go wrong with a package that our own ingest wrote.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("the package {path} failed: {source}")]
    Sqlite {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("the time for this query is over")]
    Interrupted,
    #[error("the package {path} holds a geometry that cannot be read: {source}")]
    Geometry {
        path: PathBuf,
        #[source]
        source: crate::geometry::GeometryFault,
    },
    #[error("the package {path} is not as it was built: {message}")]
    Unsound { path: PathBuf, message: String },
}
