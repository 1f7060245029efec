//! Areas that many places are looked up in: which of them holds each.

use super::Shape;
use crate::base::BBox;

/// Columns and rows of the lattice: few of its cells are touched by a border, and it is soon made.
const CELLS: usize = 256;

/// Areas with a lattice over them, whose cells know what can lie there. In most cells that is one
/// area which fills them; where a border comes by, the rings decide exactly.
pub struct Areas {
    shapes: Vec<Shape>,
    bbox: BBox,
    /// Row by row from the south.
    cells: Vec<Cell>,
}

#[derive(Clone, Default)]
struct Cell {
    /// The areas that hold the middle of the cell, or whose border comes by.
    candidates: Vec<u32>,
    has_border: bool,
}

impl Areas {
    pub fn new(shapes: Vec<Shape>) -> Self {
        let mut bbox = BBox::EMPTY;
        shapes.iter().for_each(|shape| bbox.include(&shape.bbox()));
        let mut areas = Areas { shapes: Vec::new(), bbox, cells: vec![Cell::default(); CELLS * CELLS] };
        for (number, shape) in shapes.iter().enumerate() {
            areas.mark_borders(number as u32, shape);
            areas.mark_middles(number as u32, shape);
        }
        areas.shapes = shapes;
        areas
    }

    pub fn shape(&self, number: usize) -> Option<&Shape> {
        self.shapes.get(number)
    }

    /// The first area that holds a place; `None` where none does.
    pub fn at(&self, lon_deg: f64, lat_deg: f64) -> Option<usize> {
        if self.bbox.is_empty() || !self.bbox.contains_point(lon_deg, lat_deg) {
            return None;
        }
        let cell = &self.cells[self.row(lat_deg) * CELLS + self.column(lon_deg)];
        let holds = |number: &u32| {
            !cell.has_border || self.shapes.get(*number as usize).is_some_and(|shape| holds(shape, lon_deg, lat_deg))
        };
        cell.candidates.iter().copied().find(holds).map(|number| number as usize)
    }

    fn column(&self, lon_deg: f64) -> usize {
        cell_at(lon_deg, self.bbox.west_deg, self.bbox.east_deg)
    }

    fn row(&self, lat_deg: f64) -> usize {
        cell_at(lat_deg, self.bbox.south_deg, self.bbox.north_deg)
    }

    /// Every cell that the box of an edge touches.
    fn mark_borders(&mut self, number: u32, shape: &Shape) {
        for (from, to) in edges(shape) {
            let (west, east) = (self.column(from.0.min(to.0)), self.column(from.0.max(to.0)));
            let (south, north) = (self.row(from.1.min(to.1)), self.row(from.1.max(to.1)));
            for row in south..=north {
                for cell in &mut self.cells[row * CELLS + west..=row * CELLS + east] {
                    cell.has_border = true;
                    cell.add(number);
                }
            }
        }
    }

    /// Every cell whose middle lies inside: between crossings of the line through the middles of a
    /// row, taken in pairs from the west.
    fn mark_middles(&mut self, number: u32, shape: &Shape) {
        let (low, high) = (self.bbox.south_deg, self.bbox.north_deg);
        let mut crossings: Vec<Vec<f64>> = vec![Vec::new(); CELLS];
        for (from, to) in edges(shape) {
            let (south, north) = (self.row(from.1.min(to.1)), self.row(from.1.max(to.1)));
            for (row, line) in crossings.iter_mut().enumerate().take(north + 1).skip(south) {
                line.extend(crossing(from, to, middle(row, low, high)));
            }
        }
        for (row, line) in crossings.iter_mut().enumerate() {
            line.sort_by(f64::total_cmp);
            for pair in line.chunks_exact(2) {
                for column in self.column(pair[0])..=self.column(pair[1]) {
                    let x = middle(column, self.bbox.west_deg, self.bbox.east_deg);
                    if (pair[0]..=pair[1]).contains(&x) {
                        self.cells[row * CELLS + column].add(number);
                    }
                }
            }
        }
    }
}

impl Cell {
    fn add(&mut self, number: u32) {
        if !self.candidates.contains(&number) {
            self.candidates.push(number);
        }
    }
}

fn cell_at(value: f64, low: f64, high: f64) -> usize {
    // A number below nought or beyond the last cell is cast to the nearest one.
    (((value - low) / (high - low) * CELLS as f64) as usize).min(CELLS - 1)
}

fn middle(cell: usize, low: f64, high: f64) -> f64 {
    low + (cell as f64 + 0.5) / CELLS as f64 * (high - low)
}

fn edges(shape: &Shape) -> impl Iterator<Item = ((f64, f64), (f64, f64))> + '_ {
    shape.runs().flat_map(|run| shape.points[run].windows(2).map(|edge| (edge[0], edge[1])))
}

/// Where an edge meets the line at a latitude; an edge that ends on it does so at one end alone.
fn crossing(from: (f64, f64), to: (f64, f64), lat_deg: f64) -> Option<f64> {
    let is_crossed = (from.1 > lat_deg) != (to.1 > lat_deg);
    is_crossed.then(|| from.0 + (lat_deg - from.1) / (to.1 - from.1) * (to.0 - from.0))
}

/// Whether an odd number of edges lies to the east, over all rings: so holes are outside.
fn holds(shape: &Shape, lon_deg: f64, lat_deg: f64) -> bool {
    edges(shape).filter_map(|(from, to)| crossing(from, to, lat_deg)).filter(|at| *at > lon_deg).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::GeometryKind;

    fn area(rings: &[&[(f64, f64)]]) -> Shape {
        let mut shape = Shape::new(GeometryKind::Polygon);
        for ring in rings {
            shape.points.extend_from_slice(ring);
            shape.ends.push(shape.points.len());
        }
        shape.polygon_ends.push(shape.ends.len());
        shape
    }

    fn square(west: f64, south: f64, side: f64) -> Vec<(f64, f64)> {
        vec![(west, south), (west + side, south), (west + side, south + side), (west, south + side), (west, south)]
    }

    #[test]
    fn a_place_is_in_the_area_that_holds_it_and_in_no_hole() {
        let areas = Areas::new(vec![
            area(&[&square(0.0, 0.0, 10.0), &square(4.0, 4.0, 2.0)]),
            area(&[&square(10.0, 0.0, 10.0)]),
            area(&[&[(0.0, 10.0), (20.0, 10.0), (0.0, 20.0), (0.0, 10.0)]]),
        ]);
        for (lon, lat, expected) in [
            (1.0, 1.0, Some(0)),
            (5.0, 5.0, None),
            (9.999, 5.0, Some(0)),
            (10.001, 5.0, Some(1)),
            (1.0, 15.0, Some(2)),
            (19.0, 19.0, None),
            (-1.0, 5.0, None),
            (25.0, 5.0, None),
        ] {
            assert_eq!(areas.at(lon, lat), expected, "{lon} {lat}");
        }
        assert_eq!(Areas::new(Vec::new()).at(0.0, 0.0), None);
    }

    #[test]
    fn the_lattice_says_what_the_rings_say() {
        let star: Vec<(f64, f64)> = (0..=40)
            .map(|corner| {
                let angle = f64::from(corner % 40) * std::f64::consts::TAU / 40.0;
                let radius = if corner % 2 == 0 { 10.0 } else { 3.0 };
                (radius * angle.cos(), radius * angle.sin())
            })
            .collect();
        let shape = area(&[&star]);
        let areas = Areas::new(vec![shape.clone()]);
        for step in 0..10_000 {
            let (lon, lat) = (f64::from(step % 100) * 0.211 - 10.5, f64::from(step / 100) * 0.213 - 10.5);
            assert_eq!(areas.at(lon, lat).is_some(), holds(&shape, lon, lat), "{lon} {lat}");
        }
    }
}
