//! The zoom from which each vertex of a layer is kept, a byte a vertex, computed once for all grids.

use std::ops::ControlFlow;

use crate::base::Grid;
use crate::base::geometry_kind::Dimension;
use crate::geometry::levels::{JunctionFinder, Leveller};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{OpenPackage, PackageError, Row};

/// Vertices whose junctions are found while the rows are surveyed: a table of so many takes 64 MiB, and
/// half as much again while it grows.
const VERTICES_SURVEYED: u64 = 3_600_000;
/// Vertices of one share of a larger layer, which is read again for each: a table of so many takes 128 MiB.
const VERTICES_AT_ONCE: u64 = 7_200_000;

/// Levels of all vertices in the order of the rows.
#[derive(Default)]
pub struct Levels {
    levels: Vec<u8>,
    /// Where each row's levels end.
    ends: Vec<u32>,
}

impl Levels {
    /// The levels of a row's vertices; empty where there are none, which keeps every vertex.
    pub fn of(&self, place: usize) -> &[u8] {
        let start = if place == 0 { 0 } else { self.ends.get(place - 1).copied().unwrap_or_default() };
        let end = self.ends.get(place).copied().unwrap_or_default();
        self.levels.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Reads the package once where the survey found all junctions, else twice more for each share.
    pub fn compute(package: &OpenPackage, junctions: Junctions) -> Result<Self, PackageError> {
        let vertices = junctions.vertices as usize;
        let junctions = junctions.settle(package)?;
        let mut levels = Levels { levels: vec![0; vertices], ends: Vec::new() };
        let mut leveller = Leveller::default();
        let (mut shares_of, mut marks) = (Vec::new(), Vec::new());
        let mut at = 0;
        for_each_shape(package, |place, shape| {
            let row = &mut levels.levels[at..at + shape.points.len()];
            for run in shape.runs() {
                let points = &shape.points[run.clone()];
                shares_of.clear();
                shares_of.extend(points.iter().map(|&(lon, lat)| Grid::WebMercatorQuad.shares(lon, lat)));
                junctions.mark(points, at + run.start, &mut marks);
                let levels = &mut row[run];
                leveller.run(points, &shares_of, |place| marks[place], levels);
                if shape.kind.dimension() == Dimension::Lines {
                    // A line that returns to its start is still a line with two ends.
                    levels[0] = 0;
                    levels[points.len() - 1] = 0;
                }
            }
            at += shape.points.len();
            levels.ends.resize(place, at_before(&levels.ends));
            levels.ends.push(at as u32);
        })?;
        Ok(levels)
    }
}

/// Where arcs end, found while the rows are surveyed as long as one table holds all vertices.
pub struct Junctions {
    finder: Option<JunctionFinder>,
    vertices: u64,
}

impl Default for Junctions {
    fn default() -> Self {
        Junctions { finder: Some(JunctionFinder::new(0, 1)), vertices: 0 }
    }
}

impl Junctions {
    /// Takes the next shape, in the order of the rows.
    pub fn see(&mut self, shape: &Shape) {
        self.vertices += shape.points.len() as u64;
        if self.vertices > VERTICES_SURVEYED {
            self.finder = None;
        }
        if let Some(finder) = &mut self.finder {
            shape.runs().for_each(|run| finder.see(&shape.points[run]));
        }
    }

    fn settle(self, package: &OpenPackage) -> Result<Settled, PackageError> {
        if let Some(finder) = self.finder {
            return Ok(Settled::InTable(finder));
        }
        let shares = self.vertices.div_ceil(VERTICES_AT_ONCE);
        let mut junctions = Bits::new(self.vertices as usize);
        for share in 0..shares {
            let mut finder = JunctionFinder::with_room_for(self.vertices / shares, share, shares);
            for_each_shape(package, |_, shape| shape.runs().for_each(|run| finder.see(&shape.points[run])))?;
            let mut at = 0;
            for_each_shape(package, |_, shape| {
                for run in shape.runs() {
                    let start = at + run.start;
                    finder.junctions(&shape.points[run], |place| junctions.set(start + place));
                }
                at += shape.points.len();
            })?;
        }
        Ok(Settled::InBits(junctions))
    }
}

/// All junctions of a layer.
enum Settled {
    InTable(JunctionFinder),
    /// By the vertex's place among all.
    InBits(Bits),
}

impl Settled {
    /// Marks the junctions of a run that starts at a place among all vertices.
    fn mark(&self, run: &[(f64, f64)], start: usize, marks: &mut Vec<bool>) {
        marks.clear();
        match self {
            Settled::InTable(finder) => {
                marks.resize(run.len(), false);
                finder.junctions(run, |place| marks[place] = true);
            }
            Settled::InBits(bits) => marks.extend((start..start + run.len()).map(|place| bits.get(place))),
        }
    }
}

fn at_before(ends: &[u32]) -> u32 {
    ends.last().copied().unwrap_or_default()
}

/// Visits the shape of every row that has one, with its place counted from 0.
fn for_each_shape(package: &OpenPackage, mut visit: impl FnMut(usize, &Shape)) -> Result<(), PackageError> {
    let mut shape = Shape::default();
    let mut fault = None;
    let mut see = |row: &Row<'_>| -> Result<(), GeometryFault> {
        let Some(bytes) = row.geometry() else { return Ok(()) };
        let blob = blob::parse(bytes)?;
        if !blob.is_empty {
            shape.read_wkb(blob.wkb)?;
            visit(row.place() as usize - 1, &shape);
        }
        Ok(())
    };
    package.select("ORDER BY fid", &[], |row| match see(row) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            fault = Some(error);
            ControlFlow::Break(())
        }
    })?;
    fault.map_or(Ok(()), |source| Err(PackageError::Geometry { path: package.package().path.clone(), source }))
}

struct Bits(Vec<u64>);

impl Bits {
    fn new(count: usize) -> Self {
        Bits(vec![0; count.div_ceil(64)])
    }

    fn set(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    fn get(&self, place: usize) -> bool {
        self.0[place / 64] & (1 << (place % 64)) != 0
    }
}
