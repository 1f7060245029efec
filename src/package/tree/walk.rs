//! Reading a packed tree: which places a box holds, in their order.

use std::ops::{ControlFlow, RangeInclusive};

use rusqlite::{CachedStatement, Connection, OptionalExtension};

use super::{CELL_BYTES, Cell, HEAD_BYTES, NODE_CELLS, ROOT};
use crate::base::BBox;
use crate::package::names::quoted;

/// The shape of a packed tree, from which the places below each node follow.
pub struct Tree {
    node_sql: String,
    /// Levels above the leaves.
    depth: u32,
    /// Rows that have a box, which are the first of the package.
    boxes: u64,
}

/// In which order a walk meets places, and where it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Upward, behind this place.
    UpFrom(i64),
    /// Downward, from this place on.
    DownFrom(i64),
}

/// What a walk meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Rows that lie wholly in the box, so that they share a point with it.
    Inside(RangeInclusive<i64>),
    /// A row whose box touches the edge of the box: only its geometry tells.
    AtEdge(i64),
}

impl Found {
    pub fn rows(&self) -> u64 {
        match self {
            Found::Inside(places) => places.end().abs_diff(*places.start()) + 1,
            Found::AtEdge(_) => 1,
        }
    }
}

impl Tree {
    /// `None` where the tree is not packed, as in a package of an older ingest; `rtree` is not quoted.
    pub(in crate::package) fn open(connection: &Connection, rtree: &str) -> rusqlite::Result<Option<Self>> {
        let nodes = quoted(&format!("{rtree}_node"));
        let node_sql = format!("SELECT data FROM {nodes} WHERE nodeno = ?");
        let mut tree = Tree { node_sql, depth: 0, boxes: 0 };
        let mut statement = connection.prepare(&tree.node_sql)?;
        let mut cells = Vec::new();
        let Some(depth) = read(&mut statement, ROOT, &mut cells)? else { return Ok(None) };
        tree.depth = depth;
        // Down the last nodes, the only ones that are not full.
        for level in (1..=depth).rev() {
            let Some(last) = cells.last().copied() else { return Ok(None) };
            tree.boxes += (cells.len() as u64 - 1) * below(level);
            if read(&mut statement, last.id, &mut cells)?.is_none() {
                return Ok(None);
            }
        }
        tree.boxes += cells.len() as u64;
        let last_node: i64 = connection.query_row(&format!("SELECT max(nodeno) FROM {nodes}"), [], |row| row.get(0))?;
        let has_no_gap = cells.last().map_or(tree.boxes == 0, |cell| cell.id.unsigned_abs() == tree.boxes);
        Ok((has_no_gap && last_node.unsigned_abs() == nodes_of(tree.boxes)).then_some(tree))
    }

    /// Visits the places that any of `parts` holds or touches; false where more nodes would have to be
    /// read than may.
    pub(in crate::package) fn walk(
        &self,
        connection: &Connection,
        parts: &[BBox],
        way: Way,
        nodes_max: u64,
        visit: &mut dyn FnMut(Found) -> ControlFlow<()>,
    ) -> rusqlite::Result<bool> {
        let statement = connection.prepare_cached(&self.node_sql)?;
        let mut walk = Walk { tree: self, statement, parts, way, visit, nodes_left: nodes_max, gave_up: false };
        // Stopped or not, what was visited was visited.
        let _ = walk.node(ROOT, self.depth, 0)?;
        Ok(!walk.gave_up)
    }
}

struct Walk<'a> {
    tree: &'a Tree,
    statement: CachedStatement<'a>,
    parts: &'a [BBox],
    way: Way,
    visit: &'a mut dyn FnMut(Found) -> ControlFlow<()>,
    nodes_left: u64,
    gave_up: bool,
}

impl Walk<'_> {
    /// Below this node stand the places from `before + 1` on.
    fn node(&mut self, node: i64, level: u32, before: u64) -> rusqlite::Result<ControlFlow<()>> {
        if self.nodes_left == 0 {
            self.gave_up = true;
            return Ok(ControlFlow::Break(()));
        }
        self.nodes_left -= 1;
        let mut cells = Vec::with_capacity(NODE_CELLS);
        read(&mut self.statement, node, &mut cells)?;
        let each = below(level);
        for step in 0..cells.len() {
            let place = match self.way {
                Way::UpFrom(_) => step,
                Way::DownFrom(_) => cells.len() - 1 - step,
            };
            let begin = before + place as u64 * each;
            let end = self.tree.boxes.min(begin + each);
            let went_on = match self.ahead(begin as i64 + 1, end as i64) {
                Some(places) => self.cell(&cells[place], level, begin, places)?,
                None => ControlFlow::Continue(()),
            };
            if went_on.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// What of the places lies on the way.
    fn ahead(&self, first: i64, last: i64) -> Option<RangeInclusive<i64>> {
        let places = match self.way {
            Way::UpFrom(place) => first.max(place.saturating_add(1))..=last,
            Way::DownFrom(place) => first..=last.min(place),
        };
        (!places.is_empty()).then_some(places)
    }

    fn cell(
        &mut self,
        cell: &Cell,
        level: u32,
        begin: u64,
        places: RangeInclusive<i64>,
    ) -> rusqlite::Result<ControlFlow<()>> {
        let bbox = cell.bbox();
        if self.parts.iter().any(|part| part.contains(&bbox)) {
            return Ok((self.visit)(Found::Inside(places)));
        }
        if !self.parts.iter().any(|part| part.intersects(&bbox)) {
            return Ok(ControlFlow::Continue(()));
        }
        match level {
            0 => Ok((self.visit)(Found::AtEdge(cell.id))),
            _ => self.node(cell.id, level - 1, begin),
        }
    }
}

/// The cells of a node and, of the root, its depth; `None` where there is no such node.
fn read(statement: &mut rusqlite::Statement<'_>, node: i64, cells: &mut Vec<Cell>) -> rusqlite::Result<Option<u32>> {
    cells.clear();
    statement
        .query_row([node], |row| {
            let data = row.get_ref(0)?.as_blob()?;
            let [a, b, c, d, rest @ ..] = data else { return Ok(0) };
            debug_assert_eq!(data.len() - rest.len(), HEAD_BYTES);
            let count = usize::from(u16::from_be_bytes([*c, *d]));
            cells.extend(rest.as_chunks::<CELL_BYTES>().0.iter().take(count).map(Cell::read));
            Ok(u32::from(u16::from_be_bytes([*a, *b])))
        })
        .optional()
}

/// Rows below a full cell of a level.
fn below(level: u32) -> u64 {
    (NODE_CELLS as u64).saturating_pow(level)
}

/// Nodes of a packed tree of so many rows.
fn nodes_of(rows: u64) -> u64 {
    let mut level = rows.div_ceil(NODE_CELLS as u64).max(1);
    let mut nodes = level;
    while level > 1 {
        level = level.div_ceil(NODE_CELLS as u64);
        nodes += level;
    }
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::package::tree::TreeBuilder;

    /// A tree of so many boxes along a diagonal.
    fn diagonal(rows: i64) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE VIRTUAL TABLE boxes USING rtree(id, minx, maxx, miny, maxy)").unwrap();
        let mut builder = TreeBuilder::new("boxes");
        for row in 1..=rows {
            let at = row as f64 / 1e3;
            builder.insert(&connection, row, &BBox::new(at, -at, at + 0.000_7, 0.1 - at)).unwrap();
        }
        builder.finish(&connection).unwrap();
        connection
    }

    fn by_sql(connection: &Connection, bbox: &BBox) -> Vec<i64> {
        let mut statement = connection
            .prepare("SELECT id FROM boxes WHERE maxx >= ?1 AND miny <= ?4 AND minx <= ?3 AND maxy >= ?2 ORDER BY id")
            .unwrap();
        statement.query_map(bbox.to_array(), |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn by_walk(connection: &Connection, tree: &Tree, bbox: &BBox, way: Way) -> Vec<i64> {
        let mut places = Vec::new();
        let mut visit = |found| {
            match (found, way) {
                (Found::AtEdge(place), _) => places.push(place),
                (Found::Inside(run), Way::UpFrom(_)) => places.extend(run),
                (Found::Inside(run), Way::DownFrom(_)) => places.extend(run.rev()),
            }
            ControlFlow::Continue(())
        };
        assert!(tree.walk(connection, &[*bbox], way, u64::MAX, &mut visit).unwrap());
        places
    }

    #[test]
    fn sqlite_finds_what_a_walk_finds_and_calls_the_tree_sound() {
        // One node, one more, one level, one more, and a last leaf of every kind of fill.
        for rows in [0, 1, 50, 51, 52, 102, 103, 2_600, 2_601, 2_602, 30_000] {
            let connection = diagonal(rows);
            let sound: String = connection.query_row("SELECT rtreecheck('boxes')", [], |row| row.get(0)).unwrap();
            assert_eq!(sound, "ok", "{rows}");
            let tree = Tree::open(&connection, "boxes").unwrap().unwrap();
            assert_eq!(tree.boxes, rows as u64);
            for (west, east) in [(0.0, 100.0), (0.02, 0.02), (0.5, 1.9), (2.0, 29.3), (40.0, 50.0)] {
                let bbox = BBox::new(west, -90.0, east, 90.0);
                let mut expected = by_sql(&connection, &bbox);
                assert_eq!(by_walk(&connection, &tree, &bbox, Way::UpFrom(0)), expected, "{rows} {bbox:?}");
                let behind: Vec<i64> = expected.iter().copied().filter(|place| *place > 1_700).collect();
                assert_eq!(by_walk(&connection, &tree, &bbox, Way::UpFrom(1_700)), behind, "{rows} {bbox:?}");
                expected.retain(|place| *place <= 1_700);
                expected.reverse();
                assert_eq!(by_walk(&connection, &tree, &bbox, Way::DownFrom(1_700)), expected, "{rows} {bbox:?}");
            }
        }
    }

    #[test]
    fn a_tree_that_grew_row_by_row_is_left_to_sqlite() {
        let packed = diagonal(3_000);
        let grown = Connection::open_in_memory().unwrap();
        grown.execute_batch("CREATE VIRTUAL TABLE boxes USING rtree(id, minx, maxx, miny, maxy)").unwrap();
        for id in by_sql(&packed, &BBox::WORLD) {
            grown.execute("INSERT INTO boxes VALUES (?1, ?1, ?1 + 1, 0, 1)", [id]).unwrap();
        }
        assert!(Tree::open(&grown, "boxes").unwrap().is_none());
        packed.execute_batch("INSERT INTO boxes VALUES (3001, 0, 1, 0, 1)").unwrap();
        assert!(Tree::open(&packed, "boxes").unwrap().is_none());
    }
}
