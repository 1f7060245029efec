//! A shape drawn into a tile: moved to its corner, clipped where it leaves the frame, repaired
//! where that left rings that touch themselves.

use super::TileAddress;
use super::grid::{BUFFER, EXTENT, PIXEL};
use super::mvt::Parts;
use super::snapped::{Detail, Places, Run, Snapped};
use crate::base::geometry_kind::Dimension;
use crate::geometry::Shape;
use crate::geometry::clip::{self, Frame, GridPoint};
use crate::geometry::repair;
use crate::geometry::touching::TouchTest;

pub const FRAME: Frame = Frame { low: -BUFFER, high: EXTENT + BUFFER };

/// A shape in tile units, in the form that the writer takes. Made once and filled again.
#[derive(Default)]
pub struct Drawing {
    dimension: Option<Dimension>,
    points: Vec<GridPoint>,
    lines: Vec<Vec<GridPoint>>,
    areas: Vec<Vec<Vec<GridPoint>>>,
    rings: Vec<Vec<GridPoint>>,
    shells: Vec<bool>,
    snapped: Snapped,
    near: Vec<GridPoint>,
    clipped: Vec<GridPoint>,
    test: TouchTest<i32>,
}

impl Drawing {
    pub fn parts(&self) -> Parts<'_> {
        match self.dimension {
            Some(Dimension::Lines) => Parts::Lines(&self.lines),
            Some(Dimension::Areas) => Parts::Areas(&self.areas),
            _ => Parts::Points(&self.points),
        }
    }

    fn clear(&mut self, dimension: Option<Dimension>) {
        self.dimension = dimension;
        self.points.clear();
        self.lines.clear();
        self.areas.clear();
    }

    /// Draws a shape that is not a collection; what lies outside the frame leaves nothing.
    pub fn fill(&mut self, shape: &Shape, tile: TileAddress, places: Places, detail: Option<Detail<'_>>) {
        let mut snapped = std::mem::take(&mut self.snapped);
        snapped.fill(shape, (tile.grid(), tile.zoom()), places, detail);
        self.fill_snapped(&snapped, tile);
        self.snapped = snapped;
    }

    /// As [`Drawing::fill`], for a shape that is on the grid of the tile's zoom already.
    pub fn fill_snapped(&mut self, snapped: &Snapped, tile: TileAddress) {
        self.clear(snapped.dimension);
        match snapped.dimension {
            Some(Dimension::Points) => {
                self.points.extend(snapped.points.iter().map(|&point| tile.from_corner(point)));
                self.points.retain(|point| FRAME.contains(*point));
            }
            Some(Dimension::Lines) => snapped.runs.iter().for_each(|run| self.line(snapped, run, tile)),
            Some(Dimension::Areas) => {
                self.rings_of(snapped, tile);
                if !self.rings.is_empty() {
                    self.finish_area();
                }
                if let Some(middle) = snapped.speck {
                    // An area that snapping left without ground is drawn as a square of a pixel.
                    self.push_square(tile.from_corner(middle), PIXEL);
                }
            }
            Some(Dimension::Mixed | Dimension::None) | None => {}
        }
    }

    /// Draws a square of so many units about a place: an area too small to have a shape.
    pub fn square(&mut self, place: (f64, f64), side: i32, tile: TileAddress) {
        self.clear(Some(Dimension::Areas));
        self.push_square(tile.snap(place), side);
    }

    fn push_square(&mut self, (x, y): GridPoint, side: i32) {
        if FRAME.contains((x, y)) {
            // Squares stay inside the frame, so that they need no clipping.
            let corner = |middle: i32| (middle - side / 2).clamp(FRAME.low, FRAME.high - side);
            let (x, y) = (corner(x), corner(y));
            self.areas.push(vec![vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side)]]);
        }
    }

    fn line(&mut self, snapped: &Snapped, run: &Run, tile: TileAddress) {
        let points = &snapped.points[run.points.clone()];
        match reach(run, tile) {
            Reach::Outside => {}
            Reach::Inside => match points {
                [point] => {
                    // Shorter than the grid is fine: a dash of a pixel says that something is here.
                    let (x, y) = tile.from_corner(*point);
                    let end = if x + PIXEL > FRAME.high { x - PIXEL } else { x + PIXEL };
                    self.lines.push(vec![(x, y), (end, y)]);
                }
                _ => self.lines.push(points.iter().map(|&point| tile.from_corner(point)).collect()),
            },
            Reach::Across => {
                clip::keep_near(points.iter().map(|&point| tile.from_corner(point)), FRAME, &mut self.near);
                clip::line(&self.near, FRAME, &mut self.lines);
            }
        }
    }

    /// The rings of an area inside the frame.
    fn rings_of(&mut self, snapped: &Snapped, tile: TileAddress) {
        self.rings.clear();
        self.shells.clear();
        let mut has_shell = false;
        for run in &snapped.runs {
            // Holes of a shell that is gone go with it.
            if !run.is_shell && !has_shell {
                continue;
            }
            let points = &snapped.points[run.points.clone()];
            let ring = match reach(run, tile) {
                Reach::Outside => None,
                Reach::Inside => Some(points.iter().map(|&point| tile.from_corner(point)).collect()),
                Reach::Across => {
                    clip::keep_near(points.iter().map(|&point| tile.from_corner(point)), FRAME, &mut self.near);
                    clip::ring(&self.near, FRAME, &mut self.clipped);
                    is_solid(&self.clipped).then(|| self.clipped.clone())
                }
            };
            if run.is_shell {
                has_shell = ring.is_some();
            }
            if let Some(ring) = ring {
                self.rings.push(ring);
                self.shells.push(run.is_shell);
            }
        }
    }

    /// Winds what is clean and repairs what is not.
    fn finish_area(&mut self) {
        if self.test.is_clean(&self.rings, &self.shells) {
            for (mut ring, is_shell) in self.rings.drain(..).zip(self.shells.drain(..)) {
                if (clip::twice_area(&ring) > 0) != is_shell {
                    ring.reverse();
                }
                match self.areas.last_mut() {
                    Some(polygon) if !is_shell => polygon.push(ring),
                    _ => self.areas.push(vec![ring]),
                }
            }
        } else {
            self.areas = repair::repair(&self.rings);
        }
    }
}

/// How a line or ring stands to the frame of a tile.
enum Reach {
    Inside,
    Outside,
    Across,
}

fn reach(run: &Run, tile: TileAddress) -> Reach {
    let (low, high) = (tile.from_corner(run.low), tile.from_corner(run.high));
    if FRAME.contains(low) && FRAME.contains(high) {
        Reach::Inside
    } else if high.0 < FRAME.low || high.1 < FRAME.low || low.0 > FRAME.high || low.1 > FRAME.high {
        Reach::Outside
    } else {
        Reach::Across
    }
}

fn is_solid(ring: &[GridPoint]) -> bool {
    ring.len() >= 3 && clip::twice_area(ring) != 0
}
