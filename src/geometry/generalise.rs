//! Fewer vertices and fewer decimals, for clients that draw small maps. Areas stay valid and none
//! vanishes.

use super::Shape;
use super::clip::GridPoint;
use super::repair::repair;
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, GeometryKind};

/// How often an offset under which an area would vanish is halved before the area is left whole.
const HALVINGS_MAX: u32 = 8;

/// Cells of the grid along one axis: differences of coordinates still fit into 32 bits.
const CELLS_MAX: f64 = (1u32 << 30) as f64;

impl Shape {
    /// Leaves out vertices that lie within `offset` of what is left (Douglas and Peucker), and moves
    /// the corners of areas to a grid of so many decimals, on which they are made valid again. Both
    /// are in the unit of the coordinates, of which the first grows to the right of a map. Areas lose
    /// their heights, because corners that mending makes have none, and are all Multi, because it may
    /// part them.
    pub fn generalise(&mut self, offset: f64, decimals: u32) {
        for member in &mut self.members {
            member.generalise(offset, decimals);
        }
        match self.kind.dimension() {
            Dimension::Areas => self.generalise_areas(offset, decimals),
            Dimension::Lines if offset > 0.0 => *self = self.thinned(offset),
            _ => {}
        }
    }

    fn generalise_areas(&mut self, offset: f64, decimals: u32) {
        if self.points.is_empty() {
            return;
        }
        let grid = Grid::around(&self.bbox(), decimals);
        for halving in 0..=HALVINGS_MAX {
            let tried = offset / f64::from(1u32 << halving);
            let rings: Vec<Vec<GridPoint>> = (0..self.ends.len())
                .map(|ring| grid.ring(self.run(ring), &kept(self.run(ring), tried)))
                .filter(|ring| ring.len() >= 3)
                .collect();
            let polygons = repair(&rings);
            if !polygons.is_empty() {
                *self = grid.areas(&polygons);
                return;
            }
        }
        // Smaller than a cell of the grid: one cell stands for it.
        *self = grid.areas(&[vec![grid.cell(self.points[0]).to_vec()]]);
    }

    /// The lines without the vertices that lie within `offset` of what is left.
    fn thinned(&self, offset: f64) -> Shape {
        let mut thinned = Shape::new(self.kind);
        (thinned.has_z, thinned.has_m) = (self.has_z, self.has_m);
        let extras = self.extras_per_point();
        for run in self.runs() {
            for place in kept(&self.points[run.clone()], offset) {
                let vertex = run.start + place;
                thinned.points.push(self.points[vertex]);
                thinned.extras.extend_from_slice(&self.extras[vertex * extras..(vertex + 1) * extras]);
            }
            thinned.ends.push(thinned.points.len());
        }
        thinned
    }
}

/// Places of a run's vertices that stay, in order; the ends always do. A ring is cut in two at the
/// vertex farthest from its first, so that it keeps its reach.
fn kept(run: &[(f64, f64)], offset: f64) -> Vec<usize> {
    let last = run.len().saturating_sub(1);
    if offset <= 0.0 || run.len() < 3 {
        return (0..run.len()).collect();
    }
    let mut stays = vec![false; run.len()];
    (stays[0], stays[last]) = (true, true);
    let mut pieces = vec![(0, last)];
    if run[0] == run[last] {
        let away = |place: &usize| (run[*place].0 - run[0].0).hypot(run[*place].1 - run[0].1);
        let farthest = (1..last).max_by(|a, b| away(a).total_cmp(&away(b))).unwrap_or(1);
        stays[farthest] = true;
        pieces = vec![(0, farthest), (farthest, last)];
    }
    while let Some((from, to)) = pieces.pop() {
        let far = (from + 1..to)
            .map(|place| (distance(run[place], run[from], run[to]), place))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((away, place)) = far
            && away > offset
        {
            stays[place] = true;
            pieces.extend([(from, place), (place, to)]);
        }
    }
    (0..run.len()).filter(|place| stays[*place]).collect()
}

/// How far a point lies from a straight piece.
fn distance(point: (f64, f64), from: (f64, f64), to: (f64, f64)) -> f64 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx * dx + dy * dy;
    let share = if length > 0.0 { ((point.0 - from.0) * dx + (point.1 - from.1) * dy) / length } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    (point.0 - from.0 - share * dx).hypot(point.1 - from.1 - share * dy)
}

/// A grid of decimal steps around one geometry.
struct Grid {
    cells_per_unit: f64,
    /// Where the grid begins, in cells from 0.
    origin: (f64, f64),
}

impl Grid {
    /// With so many decimals, or as many as the cells of a geometry of that size can be counted in.
    fn around(bbox: &BBox, decimals: u32) -> Self {
        let side = (bbox.east_deg - bbox.west_deg).max(bbox.north_deg - bbox.south_deg);
        let finest = (0..=decimals).rev().map(|decimals| 10f64.powi(decimals as i32));
        let cells_per_unit = finest.into_iter().find(|cells| side * cells < CELLS_MAX).unwrap_or(1.0);
        Grid {
            cells_per_unit,
            origin: ((bbox.west_deg * cells_per_unit).floor(), (bbox.south_deg * cells_per_unit).floor()),
        }
    }

    fn place(&self, (x, y): (f64, f64)) -> GridPoint {
        let cell = |value: f64, origin: f64| ((value * self.cells_per_unit).round() - origin) as i32;
        (cell(x, self.origin.0), cell(y, self.origin.1))
    }

    /// The kept vertices of a ring, without its closing one and without repeats.
    fn ring(&self, ring: &[(f64, f64)], kept: &[usize]) -> Vec<GridPoint> {
        let mut places: Vec<GridPoint> = kept.iter().map(|place| self.place(ring[*place])).collect();
        places.dedup();
        if places.len() > 1 && places.first() == places.last() {
            places.pop();
        }
        places
    }

    /// The corners of the cell that holds a point.
    fn cell(&self, point: (f64, f64)) -> [GridPoint; 4] {
        let (x, y) = self.place(point);
        [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
    }

    /// Back to coordinates.
    fn areas(&self, polygons: &[Vec<Vec<GridPoint>>]) -> Shape {
        let mut shape = Shape::new(GeometryKind::MultiPolygon);
        for rings in polygons {
            for ring in rings {
                let closed = ring.iter().chain(ring.first());
                shape.points.extend(closed.map(|&(x, y)| {
                    let unit = |cell: i32, origin: f64| (f64::from(cell) + origin) / self.cells_per_unit;
                    (unit(x, self.origin.0), unit(y, self.origin.1))
                }));
                shape.ends.push(shape.points.len());
            }
            shape.polygon_ends.push(shape.ends.len());
        }
        shape
    }
}

#[cfg(test)]
mod tests {
    use geo::Validation;
    use proptest::prelude::*;

    use super::*;

    fn area(rings: &[&[(f64, f64)]]) -> Shape {
        let mut shape = Shape::new(GeometryKind::MultiPolygon);
        for ring in rings {
            shape.points.extend_from_slice(ring);
            shape.points.push(ring[0]);
            shape.ends.push(shape.points.len());
        }
        shape.polygon_ends.push(shape.ends.len());
        shape
    }

    #[test]
    fn vertices_within_the_offset_are_left_out_and_the_ends_stay() {
        let mut line = Shape::new(GeometryKind::LineString);
        line.points.extend([(0.0, 0.0), (1.0, 0.05), (2.0, -0.05), (3.0, 2.0), (4.0, 0.0)]);
        line.ends.push(5);
        line.has_z = true;
        line.extras.extend([1.0, 2.0, 3.0, 4.0, 5.0]);
        line.generalise(0.1, 8);
        assert_eq!(line.points, [(0.0, 0.0), (2.0, -0.05), (3.0, 2.0), (4.0, 0.0)]);
        assert_eq!(line.extras, [1.0, 3.0, 4.0, 5.0]);
    }

    #[test]
    fn an_area_smaller_than_offset_and_grid_is_still_there() {
        let small = [(10.0, 10.0), (10.001, 10.0), (10.001, 10.001), (10.0, 10.001)];
        let mut by_offset = area(&[&small]);
        by_offset.generalise(1.0, 8);
        assert_eq!(by_offset.points.len(), 5, "{by_offset:?}");
        let mut by_grid = area(&[&small]);
        by_grid.generalise(0.0, 1);
        assert_eq!(by_grid.points, [(10.0, 10.0), (10.1, 10.0), (10.1, 10.1), (10.0, 10.1), (10.0, 10.0)]);
    }

    proptest! {
        /// Stars with a hole, of any roughness: what comes out is valid, whatever was left out.
        #[test]
        fn a_generalised_area_is_valid(
            reaches in proptest::collection::vec(0.2f64..1.0, 12..60),
            offset in 0.0f64..0.5,
            decimals in 0u32..6,
        ) {
            let corner = |place: usize, reach: f64| {
                let turn = place as f64 / reaches.len() as f64 * std::f64::consts::TAU;
                (114.0 + 3.0 * reach * turn.cos(), 22.0 + 3.0 * reach * turn.sin())
            };
            let outer: Vec<_> = reaches.iter().enumerate().map(|(place, reach)| corner(place, *reach)).collect();
            let inner: Vec<_> = reaches.iter().enumerate().map(|(place, reach)| corner(place, reach * 0.5)).collect();
            let mut shape = area(&[&outer, &inner]);
            shape.generalise(offset, decimals);
            prop_assert!(!shape.is_empty());
            // Counted in cells, for tenths are not exact in binary.
            for point in &mut shape.points {
                let cells = 10f64.powi(decimals as i32);
                *point = ((point.0 * cells).round(), (point.1 * cells).round());
            }
            let written = shape.to_simple_features();
            prop_assert!(written.is_valid(), "{written:?}");
        }
    }
}
