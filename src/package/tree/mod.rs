//! The R-tree of a package: SQLite's own, so that any GIS uses it and keeps it up to date, but packed
//! by ingest. Rows come in Hilbert order, so each node is filled with neighbours before the next is
//! begun. A full tree is a third smaller than one that grew row by row and is written in a tenth of
//! the time; and what stands below a node is known without looking, because it is a run of places.
//! So [`Tree`] counts a box by its edge alone, and finds a page's rows in their order.

mod pack;
mod walk;

pub use pack::TreeBuilder;
pub use walk::{Found, Tree, Way};

use crate::base::BBox;

/// Cells of a full node, and so the bytes of every node: `RTREE_MAXCELLS` of SQLite, which reads the
/// length of a tree's nodes from its root.
const NODE_CELLS: usize = 51;
const HEAD_BYTES: usize = 4;
const CELL_BYTES: usize = 24;
const NODE_BYTES: usize = HEAD_BYTES + NODE_CELLS * CELL_BYTES;
/// SQLite begins every search at this node.
const ROOT: i64 = 1;

/// A box in a node: of a row, or of the node below.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cell {
    id: i64,
    west_deg: f32,
    east_deg: f32,
    south_deg: f32,
    north_deg: f32,
}

impl Cell {
    /// Rounded outward, because the tree keeps 32 bits.
    fn of_row(row: i64, bbox: &BBox) -> Self {
        Cell {
            id: row,
            west_deg: rounded_down(bbox.west_deg),
            east_deg: -rounded_down(-bbox.east_deg),
            south_deg: rounded_down(bbox.south_deg),
            north_deg: -rounded_down(-bbox.north_deg),
        }
    }

    /// Around the cells of a node, of which there is one at least.
    fn of_node(node: i64, cells: &[Cell]) -> Self {
        let first = Cell { id: node, ..cells[0] };
        cells.iter().fold(first, |around, cell| Cell {
            id: node,
            west_deg: around.west_deg.min(cell.west_deg),
            east_deg: around.east_deg.max(cell.east_deg),
            south_deg: around.south_deg.min(cell.south_deg),
            north_deg: around.north_deg.max(cell.north_deg),
        })
    }

    fn bbox(&self) -> BBox {
        BBox::new(self.west_deg.into(), self.south_deg.into(), self.east_deg.into(), self.north_deg.into())
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.id.to_be_bytes());
        for edge in [self.west_deg, self.east_deg, self.south_deg, self.north_deg] {
            out.extend_from_slice(&edge.to_be_bytes());
        }
    }

    fn read(bytes: &[u8; CELL_BYTES]) -> Self {
        let edge = |place: usize| {
            let at = 8 + 4 * place;
            f32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let [a, b, c, d, e, f, g, h, ..] = *bytes;
        Cell {
            id: i64::from_be_bytes([a, b, c, d, e, f, g, h]),
            west_deg: edge(0),
            east_deg: edge(1),
            south_deg: edge(2),
            north_deg: edge(3),
        }
    }
}

fn rounded_down(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value { near.next_down() } else { near }
}
