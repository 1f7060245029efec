//! Writing a file of tiles for taking away, MBTiles 1.3.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use super::PackageError;
use super::build::sqlite_error;

/// A file being written. Equal tiles are kept once, as the specification's own example has it:
/// `tiles` is a view of where they are and what they hold.
pub struct MbTilesBuilder {
    connection: Connection,
    path: PathBuf,
}

impl MbTilesBuilder {
    /// Begins a new file.
    pub fn create(path: &Path) -> Result<Self, PackageError> {
        let connection = Connection::open(path).map_err(sqlite_error(path))?;
        // What a crash leaves is not the file that was asked for, so journal and syncs only cost time.
        connection
            .execute_batch(
                "PRAGMA application_id = 0x4d504258; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN; \
                 CREATE TABLE metadata (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL); \
                 CREATE TABLE map (zoom_level INTEGER NOT NULL, tile_column INTEGER NOT NULL, \
                 tile_row INTEGER NOT NULL, tile_id TEXT NOT NULL, \
                 PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID; \
                 CREATE TABLE images (tile_id TEXT PRIMARY KEY NOT NULL, tile_data BLOB NOT NULL); \
                 CREATE VIEW tiles AS SELECT zoom_level, tile_column, tile_row, tile_data \
                 FROM map JOIN images ON images.tile_id = map.tile_id;",
            )
            .map_err(sqlite_error(path))?;
        Ok(MbTilesBuilder { connection, path: path.to_owned() })
    }

    pub fn set_metadata(&self, name: &str, value: &str) -> Result<(), PackageError> {
        self.run("INSERT INTO metadata VALUES (?, ?)", params![name, value])
    }

    /// Adds a tile; `row_from_south` counts as the specification's does.
    pub fn insert(&self, zoom: u8, column: u32, row_from_south: u32, gzip: &[u8]) -> Result<(), PackageError> {
        let id = blake3::hash(gzip).to_hex();
        self.run("INSERT OR IGNORE INTO images VALUES (?, ?)", params![id.as_str(), gzip])?;
        self.run("INSERT INTO map VALUES (?, ?, ?, ?)", params![zoom, column, row_from_south, id.as_str()])
    }

    pub fn finish(self) -> Result<(), PackageError> {
        self.connection.execute_batch("COMMIT; PRAGMA journal_mode = DELETE;").map_err(sqlite_error(&self.path))
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), PackageError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(|_| ())
            .map_err(sqlite_error(&self.path))
    }
}
