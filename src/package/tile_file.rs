//! The file of baked tiles beside a package, `layer.tiles`: written once at ingest, read by key.
//! What stands in it is decided by the room of tiles; here it is only kept.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::PackageError;
use super::build::sqlite_error;
use super::names::quoted;
use super::read::connect;
use crate::base::Grid;

/// The name of the file in its revision's folder.
pub const TILE_FILE: &str = "layer.tiles";

/// A finished tile and what became of the features that touch it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BakedTile {
    /// Empty when the tile holds nothing.
    pub gzip: Vec<u8>,
    pub shown: u64,
    /// Features left out at this zoom.
    pub hidden: u64,
}

/// Fields that tiles of low zooms hold, and no others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LowZoom {
    /// The last zoom of which this is so.
    pub zoom: u8,
    /// Places in the schema, rising.
    pub fields: Vec<usize>,
}

/// What tiles that are cut live heed so that they are as those that were baked. It stands by itself,
/// because it is asked for with every tile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRules {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_zoom: Option<LowZoom>,
    /// Grids of which points are counted, to their last zoom that does not show all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clustered: Vec<(Grid, u8)>,
}

const LIVE_RULES_KEY: &str = "live";

/// A file being written. Rows come in the order of their keys, so that equal tiles give equal bytes.
pub struct TileFileBuilder {
    connection: Connection,
    path: PathBuf,
}

impl TileFileBuilder {
    pub fn create(path: &Path) -> Result<Self, PackageError> {
        let connection = Connection::open(path).map_err(sqlite_error(path))?;
        // A crash leaves a stage that is swept, so journal and syncs would only cost time.
        connection
            .execute_batch(
                "PRAGMA page_size = 4096; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; \
                 PRAGMA cache_size = -16384; BEGIN; \
                 CREATE TABLE meta (k TEXT PRIMARY KEY NOT NULL, v TEXT NOT NULL) WITHOUT ROWID;",
            )
            .map_err(sqlite_error(path))?;
        Ok(TileFileBuilder { connection, path: path.to_owned() })
    }

    /// Makes the tables of a grid.
    pub fn add_grid(&self, grid: Grid) -> Result<(), PackageError> {
        // The counts stand before the bytes, so that they are read without walking these.
        self.connection
            .execute_batch(&format!(
                "CREATE TABLE {tile} (id INTEGER PRIMARY KEY, shown INTEGER NOT NULL, hidden INTEGER NOT NULL, \
                 data BLOB NOT NULL); \
                 CREATE TABLE {piece} (id INTEGER PRIMARY KEY, node INTEGER NOT NULL, fid INTEGER NOT NULL, \
                 leaf INTEGER NOT NULL, geom BLOB NOT NULL); \
                 CREATE INDEX {index} ON {piece} (node);",
                tile = tile_table(grid),
                piece = piece_table(grid),
                index = quoted(&format!("piece_{grid}_node")),
            ))
            .map_err(sqlite_error(&self.path))
    }

    pub fn insert_tile(&self, grid: Grid, key: i64, tile: &BakedTile) -> Result<(), PackageError> {
        self.connection
            .prepare_cached(&format!("INSERT INTO {} VALUES (?, ?, ?, ?)", tile_table(grid)))
            .and_then(|mut statement| statement.execute(params![key, tile.shown as i64, tile.hidden as i64, tile.gzip]))
            .map(|_| ())
            .map_err(sqlite_error(&self.path))
    }

    /// Adds a piece of a giant feature: its geometry inside the node of the grid's quadtree.
    pub fn insert_piece(&self, grid: Grid, piece: &Piece) -> Result<(), PackageError> {
        self.connection
            .prepare_cached(&format!("INSERT INTO {} (node, fid, leaf, geom) VALUES (?, ?, ?, ?)", piece_table(grid)))
            .and_then(|mut statement| {
                statement.execute(params![piece.node, piece.place, piece.is_leaf, piece.geometry])
            })
            .map(|_| ())
            .map_err(sqlite_error(&self.path))
    }

    pub fn set_meta(&self, name: &str, value: &str) -> Result<(), PackageError> {
        self.connection
            .execute("INSERT INTO meta VALUES (?, ?)", params![name, value])
            .map(|_| ())
            .map_err(sqlite_error(&self.path))
    }

    pub fn set_live_rules(&self, rules: &LiveRules) -> Result<(), PackageError> {
        // Plain numbers and names always serialise.
        self.set_meta(LIVE_RULES_KEY, &serde_json::to_string(rules).unwrap_or_default())
    }

    pub fn finish(self) -> Result<(), PackageError> {
        let done = self.connection.execute_batch("COMMIT; PRAGMA journal_mode = DELETE;");
        done.map_err(sqlite_error(&self.path))
    }
}

/// A piece of a feature that is too large to be cut live as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The key of the tile whose ground, with its buffer, the piece covers.
    pub node: i64,
    /// The feature's row in the package.
    pub place: i64,
    /// Whether it holds every vertex there, and so serves all tiles below.
    pub is_leaf: bool,
    /// WKB in shares of the grid.
    pub geometry: Vec<u8>,
}

/// An open file of baked tiles.
pub struct TileFile {
    connection: Connection,
    path: PathBuf,
    /// The grids it has tiles of, and whether it has pieces of giant features there.
    grids: Vec<(Grid, bool)>,
    live: LiveRules,
}

impl TileFile {
    /// Opens a file; `None` where there is none, as beside packages of an older format.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, PackageError> {
        if !path.exists() {
            return Ok(None);
        }
        let connection = connect(path).map_err(sqlite_error(path))?;
        let grids = Grid::ALL
            .into_iter()
            .filter_map(|grid| {
                let sql = format!("SELECT EXISTS (SELECT 1 FROM {})", piece_table(grid));
                // A grid without a table is one that was not baked.
                connection.query_row(&sql, [], |row| row.get(0)).ok().map(|has_pieces| (grid, has_pieces))
            })
            .collect();
        let mut file = TileFile { connection, path: path.to_owned(), grids, live: LiveRules::default() };
        let rules = file.meta(LIVE_RULES_KEY)?.and_then(|text| serde_json::from_str(&text).ok());
        file.live = rules.unwrap_or_default();
        Ok(Some(file))
    }

    /// Opens a file that was just written, or that a revision keeps, before it is published.
    pub fn open_built(path: &Path) -> Result<Option<Self>, PackageError> {
        TileFile::open(path)
    }

    pub fn has_grid(&self, grid: Grid) -> bool {
        self.grids.iter().any(|(known, _)| *known == grid)
    }

    pub fn has_pieces(&self, grid: Grid) -> bool {
        self.grids.iter().any(|(known, has_pieces)| *known == grid && *has_pieces)
    }

    pub fn meta(&self, name: &str) -> Result<Option<String>, PackageError> {
        self.connection
            .prepare_cached("SELECT v FROM meta WHERE k = ?")
            .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
            .map_err(sqlite_error(&self.path))
    }

    /// Places of the fields that tiles of a zoom hold; `None` where they hold all.
    pub fn fields_at(&self, zoom: u8) -> Option<&[usize]> {
        self.live.low_zoom.as_ref().filter(|low| zoom <= low.zoom).map(|low| low.fields.as_slice())
    }

    /// Whether points of a zoom say how many they stand for.
    pub fn is_clustered(&self, grid: Grid, zoom: u8) -> bool {
        self.live.clustered.iter().any(|(known, last)| *known == grid && zoom <= *last)
    }

    /// The finished tile under a key; `None` where the tile is to be cut live.
    pub fn tile(&self, grid: Grid, key: i64) -> Result<Option<BakedTile>, PackageError> {
        let sql = match grid {
            Grid::WebMercatorQuad => "SELECT shown, hidden, data FROM \"tile_WebMercatorQuad\" WHERE id = ?",
            Grid::WorldCRS84Quad => "SELECT shown, hidden, data FROM \"tile_WorldCRS84Quad\" WHERE id = ?",
            Grid::HongKong1980Grid => "SELECT shown, hidden, data FROM \"tile_HongKong1980Grid\" WHERE id = ?",
        };
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| {
                statement
                    .query_row([key], |row| {
                        Ok(BakedTile {
                            shown: row.get::<_, i64>(0)?.unsigned_abs(),
                            hidden: row.get::<_, i64>(1)?.unsigned_abs(),
                            gzip: row.get(2)?,
                        })
                    })
                    .optional()
            })
            .map_err(sqlite_error(&self.path))
    }

    /// Every key of a grid, in order, for exports and tests.
    pub fn keys(&self, grid: Grid) -> Result<Vec<i64>, PackageError> {
        let sql = format!("SELECT id FROM {} ORDER BY id", tile_table(grid));
        self.connection
            .prepare(&sql)
            .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
            .map_err(sqlite_error(&self.path))
    }

    /// Visits the pieces of a node, in the order of their features: row, whether it is a leaf, and
    /// the geometry. `leaves_only` passes over the others.
    pub fn pieces(
        &self,
        grid: Grid,
        node: i64,
        leaves_only: bool,
        mut visit: impl FnMut(i64, &[u8]),
    ) -> Result<(), PackageError> {
        let fail = sqlite_error(&self.path);
        let sql = format!("SELECT fid, geom FROM {} WHERE node = ? AND leaf >= ? ORDER BY id", piece_table(grid));
        let mut statement = self.connection.prepare_cached(&sql).map_err(&fail)?;
        let mut rows = statement.query(params![node, leaves_only]).map_err(&fail)?;
        while let Some(row) = rows.next().map_err(&fail)? {
            let geometry = row.get_ref(1).map_err(&fail)?.as_blob().unwrap_or_default();
            visit(row.get(0).map_err(&fail)?, geometry);
        }
        Ok(())
    }
}

fn tile_table(grid: Grid) -> String {
    quoted(&format!("tile_{grid}"))
}

fn piece_table(grid: Grid) -> String {
    quoted(&format!("piece_{grid}"))
}
