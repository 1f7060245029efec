//! The zoom from which each vertex of a layer is kept, a byte a vertex, and the size of each feature,
//! computed once for all grids.

use std::io;
use std::path::Path;

use super::BakeError;
use super::bits::Bits;
use super::pantry::{Pantry, PantryReader};
use super::shelf::{Shelf, ShelfWriter, Window};
use crate::base::Grid;
use crate::base::geometry_kind::Dimension;
use crate::geometry::Shape;
use crate::geometry::levels::{JunctionFinder, Leveller};

/// Bytes of levels that are read at once.
const READ_BYTES: usize = 4 * 1024;

/// Levels of all vertices in the order of the rows; of a layer that has none, every vertex is kept at every zoom.
#[derive(Default)]
pub struct Levels(Option<Shelf>);

/// What [`Levels::compute`] looks at and how.
pub struct Order<'a> {
    pub pantry: &'a Pantry,
    pub rows: usize,
    pub vertices: u64,
    /// Vertices whose junctions are found together.
    pub at_once: u64,
    /// Where the levels and sizes will stand.
    pub folder: &'a Path,
}

impl Levels {
    /// The levels of so many vertices of a feature; empty where there are none.
    pub fn of<'w>(&'w self, first_vertex: u32, vertices: usize, window: &'w mut Window) -> io::Result<&'w [u8]> {
        let Some(levels) = &self.0 else { return Ok(&[]) };
        let start = u64::from(first_vertex);
        window.get(levels, start..start + vertices as u64, READ_BYTES)
    }

    /// Levels and sizes of all rows.
    pub fn compute(order: &Order<'_>) -> Result<(Self, Shelf), BakeError> {
        let junctions = Junctions::find(order)?;
        let (mut all_levels, mut sizes) = (ShelfWriter::new(order.folder), ShelfWriter::new(order.folder));
        let mut leveller = Leveller::default();
        let (mut shares_of, mut marks, mut row) = (Vec::new(), Vec::new(), Vec::new());
        let mut at = 0;
        order.for_each_shape(|shape| {
            row.clear();
            row.resize(shape.points.len(), 0);
            shares_of.clear();
            shares_of.extend(shape.points.iter().map(|&(lon, lat)| Grid::WebMercatorQuad.shares(lon, lat)));
            for run in shape.runs() {
                let points = &shape.points[run.clone()];
                junctions.mark(points, at + run.start, &mut marks);
                let levels = &mut row[run.clone()];
                leveller.run(points, &shares_of[run], |place| marks[place], levels);
                if shape.kind.dimension() == Dimension::Lines {
                    // A line that returns to its start is still a line with two ends.
                    levels[0] = 0;
                    levels[points.len() - 1] = 0;
                }
            }
            at += shape.points.len();
            sizes.append(&(size(shape, &shares_of) as f32).to_le_bytes())?;
            all_levels.append(&row)
        })?;
        let finish = |shelf: ShelfWriter| shelf.finish().map_err(BakeError::Spool);
        Ok((Levels(Some(finish(all_levels)?)), finish(sizes)?))
    }
}

/// Length of lines, area of areas, in shares of Web Mercator, which are given for every vertex.
fn size(shape: &Shape, shares: &[(f64, f64)]) -> f64 {
    match shape.kind.dimension() {
        Dimension::Lines => shape
            .runs()
            .flat_map(|run| shares[run].windows(2))
            .map(|edge| {
                let ((ax, ay), (bx, by)) = (edge[0], edge[1]);
                (bx - ax).hypot(by - ay)
            })
            .sum(),
        Dimension::Areas => {
            // Stored exteriors are wound one way and holes the other, so that signs do the rest.
            let Some(&(x0, y0)) = shares.first() else { return 0.0 };
            let twice = |edge: &[(f64, f64)]| {
                let ((ax, ay), (bx, by)) = (edge[0], edge[1]);
                (ax - x0) * (by - y0) - (bx - x0) * (ay - y0)
            };
            let twice: f64 = shape.runs().map(|run| shares[run].windows(2).map(twice).sum::<f64>()).sum();
            twice.abs() / 2.0
        }
        Dimension::Points | Dimension::Mixed | Dimension::None => 0.0,
    }
}

/// All junctions of a layer.
enum Junctions {
    InTable(JunctionFinder),
    /// By the vertex's place among all.
    InBits(Bits),
}

impl Junctions {
    fn find(order: &Order<'_>) -> Result<Self, BakeError> {
        let vertices = order.vertices;
        let shares = vertices.div_ceil(order.at_once).max(1);
        let look = |share: u64| {
            // Shares differ a little, and vertices that repeat leave more room than that.
            let room = if shares == 1 { vertices } else { vertices / shares + vertices / shares / 16 };
            let mut finder = JunctionFinder::new(room as usize, share, shares);
            order.for_each_shape(|shape| {
                shape.runs().for_each(|run| finder.see(&shape.points[run]));
                Ok(())
            })?;
            Ok::<_, BakeError>(finder)
        };
        if shares == 1 {
            return Ok(Junctions::InTable(look(0)?));
        }
        let mut junctions = Bits::new(vertices as usize);
        for share in 0..shares {
            let finder = look(share)?;
            let mut at = 0;
            order.for_each_shape(|shape| {
                for run in shape.runs() {
                    let start = at + run.start;
                    finder.junctions(&shape.points[run], |place| junctions.set(start + place));
                }
                at += shape.points.len();
                Ok(())
            })?;
        }
        Ok(Junctions::InBits(junctions))
    }

    /// Marks the junctions of a run that starts at a place among all vertices.
    fn mark(&self, run: &[(f64, f64)], start: usize, marks: &mut Vec<bool>) {
        marks.clear();
        match self {
            Junctions::InTable(finder) => {
                marks.resize(run.len(), false);
                finder.junctions(run, |place| marks[place] = true);
            }
            Junctions::InBits(bits) => marks.extend((start..start + run.len()).map(|place| bits.get(place))),
        }
    }
}

impl Order<'_> {
    /// Visits the shape of every row; one without a geometry is empty.
    fn for_each_shape(&self, mut visit: impl FnMut(&Shape) -> io::Result<()>) -> Result<(), BakeError> {
        let mut shape = Shape::default();
        PantryReader::default().visit(self.pantry, 0..self.rows as u32, BakeError::Spool, |item| {
            if item.wkb.is_empty() {
                shape.clear(shape.kind);
            } else {
                let unreadable = |source| BakeError::Geometry { row: i64::from(item.place) + 1, source };
                shape.read_wkb(item.wkb).map_err(unreadable)?;
            }
            visit(&shape).map_err(BakeError::Spool)
        })
    }
}
