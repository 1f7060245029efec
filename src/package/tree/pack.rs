//! Writing the tree: its rows come in the order of the package and are never held in memory.

use rusqlite::{Connection, params};

use super::{CELL_BYTES, Cell, HEAD_BYTES, NODE_BYTES, NODE_CELLS, ROOT};
use crate::base::BBox;
use crate::package::names::quoted;

/// A tree being written into the tables that SQLite made for it.
pub struct TreeBuilder {
    node_sql: String,
    /// Of a node, its parent; of a row, its leaf.
    parent_sql: String,
    leaf_sql: String,
    /// The open node of each level, the leaves first.
    open: Vec<Vec<Cell>>,
    next_node: i64,
}

impl TreeBuilder {
    /// `rtree` is the name of the virtual table, not quoted.
    pub fn new(rtree: &str) -> Self {
        let table = |suffix: &str| quoted(&format!("{rtree}_{suffix}"));
        TreeBuilder {
            node_sql: format!("INSERT OR REPLACE INTO {} VALUES (?, ?)", table("node")),
            parent_sql: format!("INSERT INTO {} VALUES (?, ?)", table("parent")),
            leaf_sql: format!("INSERT INTO {} VALUES (?, ?)", table("rowid")),
            open: Vec::new(),
            next_node: ROOT + 1,
        }
    }

    pub fn insert(&mut self, connection: &Connection, row: i64, bbox: &BBox) -> rusqlite::Result<()> {
        self.push(connection, 0, Cell::of_row(row, bbox))
    }

    fn push(&mut self, connection: &Connection, level: usize, cell: Cell) -> rusqlite::Result<()> {
        match self.open.get(level).map(Vec::len) {
            None => self.open.push(Vec::with_capacity(NODE_CELLS)),
            Some(NODE_CELLS) => self.close(connection, level)?,
            Some(_) => (),
        }
        self.open[level].push(cell);
        Ok(())
    }

    /// Writes the open node of a level and makes it a cell of the level above.
    fn close(&mut self, connection: &Connection, level: usize) -> rusqlite::Result<()> {
        let cells = std::mem::take(&mut self.open[level]);
        let node = self.next_node;
        self.next_node += 1;
        self.write(connection, node, level, &cells)?;
        self.push(connection, level + 1, Cell::of_node(node, &cells))
    }

    fn write(&self, connection: &Connection, node: i64, level: usize, cells: &[Cell]) -> rusqlite::Result<()> {
        let mut data = Vec::with_capacity(NODE_BYTES);
        // Only the root's depth is read.
        let depth = if node == ROOT { level as u16 } else { 0 };
        data.extend_from_slice(&depth.to_be_bytes());
        data.extend_from_slice(&(cells.len() as u16).to_be_bytes());
        debug_assert_eq!(data.len(), HEAD_BYTES);
        cells.iter().for_each(|cell| cell.write(&mut data));
        debug_assert_eq!(data.len(), HEAD_BYTES + cells.len() * CELL_BYTES);
        data.resize(NODE_BYTES, 0);
        connection.prepare_cached(&self.node_sql)?.execute(params![node, data])?;
        let below = if level == 0 { &self.leaf_sql } else { &self.parent_sql };
        let mut statement = connection.prepare_cached(below)?;
        for cell in cells {
            statement.execute(params![cell.id, node])?;
        }
        Ok(())
    }

    /// Writes what is still open; the last node is the root. A tree without rows stays as SQLite made it.
    pub fn finish(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut level = 0;
        while level + 1 < self.open.len() {
            self.close(connection, level)?;
            level += 1;
        }
        match self.open.pop() {
            Some(cells) => self.write(connection, ROOT, level, &cells),
            None => Ok(()),
        }
    }
}
