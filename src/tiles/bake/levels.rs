//! The zoom from which each vertex of a layer is kept, a byte a vertex, computed once for all grids.

use std::ops::ControlFlow;

use crate::base::Grid;
use crate::base::geometry_kind::Dimension;
use crate::geometry::levels::{JunctionFinder, Leveller};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{OpenPackage, PackageError, Row};

/// Vertices whose junctions are found at one go. A table of so many takes 256 MB at most; a larger
/// layer is read again for each share.
const VERTICES_AT_ONCE: u64 = 8_000_000;

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

    /// Reads the package as often as its shares ask and once more.
    pub fn compute(package: &OpenPackage, vertices: u64) -> Result<Self, PackageError> {
        let shares = vertices.div_ceil(VERTICES_AT_ONCE).max(1);
        let mut junctions = Bits::new(vertices as usize);
        for share in 0..shares {
            let mut finder = JunctionFinder::new(share, shares);
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
        let mut levels = Levels { levels: vec![0; vertices as usize], ends: Vec::new() };
        let mut leveller = Leveller::default();
        let mut shares_of = Vec::new();
        let mut at = 0;
        for_each_shape(package, |place, shape| {
            let row = &mut levels.levels[at..at + shape.points.len()];
            for run in shape.runs() {
                let points = &shape.points[run.clone()];
                shares_of.clear();
                shares_of.extend(points.iter().map(|&(lon, lat)| Grid::WebMercatorQuad.shares(lon, lat)));
                let start = at + run.start;
                let levels = &mut row[run];
                leveller.run(points, &shares_of, |place| junctions.get(start + place), levels);
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
