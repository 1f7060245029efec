//! A shape drawn into a tile: snapped to the grid, clipped where it leaves the frame, repaired
//! where that left rings that touch themselves.
//!
//! Tiles cut live keep every vertex and baked ones those of their zoom's level; either way two
//! neighbours keep the same vertices of a shared border, which simplifying ring by ring would not do.

use super::TileAddress;
use super::grid::{BUFFER, EXTENT, PIXEL};
use super::mvt::Parts;
use crate::base::geometry_kind::Dimension;
use crate::geometry::Shape;
use crate::geometry::clip::{self, Frame, GridPoint};
use crate::geometry::repair;
use crate::geometry::touching::TouchTest;

pub const FRAME: Frame = Frame { low: -BUFFER, high: EXTENT + BUFFER };

/// Which vertices are drawn: those whose level is at most the zoom. One level a vertex, in the
/// order of the shape.
#[derive(Clone, Copy, Debug)]
pub struct Detail<'a> {
    pub levels: &'a [u8],
    pub zoom: u8,
}

impl Detail<'_> {
    fn keeps(detail: Option<Detail<'_>>, vertex: usize) -> bool {
        detail.is_none_or(|detail| detail.levels.get(vertex).is_none_or(|level| *level <= detail.zoom))
    }
}

/// What the coordinates of a shape are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    Degrees,
    /// Shares of the tile's grid.
    Shares,
}

/// A shape in tile units, in the form that the writer takes. Made once and filled again.
#[derive(Default)]
pub struct Drawing {
    dimension: Option<Dimension>,
    points: Vec<GridPoint>,
    lines: Vec<Vec<GridPoint>>,
    areas: Vec<Vec<Vec<GridPoint>>>,
    rings: Vec<Vec<GridPoint>>,
    shells: Vec<bool>,
    snapped: Vec<GridPoint>,
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

    fn clear(&mut self, dimension: Dimension) {
        self.dimension = Some(dimension);
        self.points.clear();
        self.lines.clear();
        self.areas.clear();
    }

    /// Draws a shape that is not a collection; what lies outside the frame leaves nothing.
    pub fn fill(&mut self, shape: &Shape, tile: TileAddress, places: Places, detail: Option<Detail<'_>>) {
        self.clear(shape.kind.dimension());
        match shape.kind.dimension() {
            Dimension::Points => {
                self.points.extend(shape.points.iter().map(|&point| snap(point, tile, places)));
                self.points.retain(|point| FRAME.contains(*point));
            }
            Dimension::Lines => {
                for run in shape.runs() {
                    self.line(shape, run, tile, places, detail);
                }
            }
            Dimension::Areas => self.area(shape, tile, places, detail),
            Dimension::Mixed | Dimension::None => {}
        }
    }

    /// Draws a square of so many units about a place: an area too small to have a shape.
    pub fn square(&mut self, place: (f64, f64), side: i32, tile: TileAddress) {
        self.clear(Dimension::Areas);
        let (x, y) = tile.snap_shares(place);
        self.push_square((x, y), side);
    }

    fn push_square(&mut self, (x, y): GridPoint, side: i32) {
        if FRAME.contains((x, y)) {
            // Squares stay inside the frame, so that they need no clipping.
            let corner = |middle: i32| (middle - side / 2).clamp(FRAME.low, FRAME.high - side);
            let (x, y) = (corner(x), corner(y));
            self.areas.push(vec![vec![(x, y), (x + side, y), (x + side, y + side), (x, y + side)]]);
        }
    }

    /// The run on the grid without repeats.
    fn snap_run(
        &mut self,
        shape: &Shape,
        run: std::ops::Range<usize>,
        tile: TileAddress,
        places: Places,
        detail: Option<Detail<'_>>,
    ) {
        self.snapped.clear();
        for vertex in run {
            if !Detail::keeps(detail, vertex) {
                continue;
            }
            let point = snap(shape.points[vertex], tile, places);
            if self.snapped.last() != Some(&point) {
                self.snapped.push(point);
            }
        }
    }

    fn line(
        &mut self,
        shape: &Shape,
        run: std::ops::Range<usize>,
        tile: TileAddress,
        places: Places,
        detail: Option<Detail<'_>>,
    ) {
        self.snap_run(shape, run, tile, places, detail);
        if let [(x, y)] = self.snapped[..] {
            // Shorter than the grid is fine: a dash of a pixel says that something is here.
            if FRAME.contains((x, y)) {
                let end = if x + PIXEL > FRAME.high { x - PIXEL } else { x + PIXEL };
                self.lines.push(vec![(x, y), (end, y)]);
            }
        } else if self.snapped.iter().all(|point| FRAME.contains(*point)) {
            self.lines.push(self.snapped.clone());
        } else {
            clip::line(&self.snapped, FRAME, &mut self.lines);
        }
    }

    fn area(&mut self, shape: &Shape, tile: TileAddress, places: Places, detail: Option<Detail<'_>>) {
        let mut has_ground = self.rings_of(shape, tile, places, detail);
        if !has_ground && detail.is_some() {
            // So narrow that simplifying took all of it: its own vertices may still leave some.
            has_ground = self.rings_of(shape, tile, places, None);
        }
        if !has_ground {
            self.speck(shape, tile, places);
        } else if !self.rings.is_empty() {
            self.finish_area();
        }
    }

    /// Snaps and clips every ring; tells whether any had ground, inside the frame or out of it.
    fn rings_of(&mut self, shape: &Shape, tile: TileAddress, places: Places, detail: Option<Detail<'_>>) -> bool {
        self.rings.clear();
        self.shells.clear();
        let mut has_ground = false;
        for polygon in shape.polygons() {
            for (place, ring) in polygon.enumerate() {
                let start = if ring == 0 { 0 } else { shape.ends[ring - 1] };
                self.snap_run(shape, start..shape.ends[ring], tile, places, detail);
                while self.snapped.len() > 1 && self.snapped.first() == self.snapped.last() {
                    self.snapped.pop();
                }
                has_ground |= place == 0 && is_solid(&self.snapped);
                let is_kept = is_solid(&self.snapped) && self.clip_ring();
                if is_kept {
                    self.rings.push(self.snapped.clone());
                    self.shells.push(place == 0);
                } else if place == 0 {
                    // Holes of a shell that is gone go with it.
                    break;
                }
            }
        }
        has_ground
    }

    /// Clips the snapped ring; false where nothing of it is left.
    fn clip_ring(&mut self) -> bool {
        let (mut low, mut high) = ((i32::MAX, i32::MAX), (i32::MIN, i32::MIN));
        for &(x, y) in &self.snapped {
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        if FRAME.contains(low) && FRAME.contains(high) {
            return true;
        }
        if high.0 < FRAME.low || high.1 < FRAME.low || low.0 > FRAME.high || low.1 > FRAME.high {
            return false;
        }
        clip::ring(&self.snapped, FRAME, &mut self.clipped);
        std::mem::swap(&mut self.snapped, &mut self.clipped);
        is_solid(&self.snapped)
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

    /// An area that snapping left without ground is drawn as a square of a pixel at its middle.
    fn speck(&mut self, shape: &Shape, tile: TileAddress, places: Places) {
        let bbox = shape.bbox();
        if !bbox.is_empty() {
            self.push_square(snap(bbox.centre(), tile, places), PIXEL);
        }
    }
}

fn snap(place: (f64, f64), tile: TileAddress, places: Places) -> GridPoint {
    match places {
        Places::Degrees => tile.snap(place),
        Places::Shares => tile.snap_shares(place),
    }
}

fn is_solid(ring: &[GridPoint]) -> bool {
    ring.len() >= 3 && clip::twice_area(ring) != 0
}
