//! A shape on the grid of a whole zoom: every vertex at its nearest place, repeats left out. A tile
//! shows of it what lies in its frame, so it is made once for all tiles of the zoom.
//!
//! Tiles cut live keep every vertex and baked ones those of their zoom's level; either way two
//! neighbours keep the same vertices of a shared border, which simplifying ring by ring would not do.

use std::ops::Range;

use super::address::{ZoomPoint, zoom_point};
use crate::base::Grid;
use crate::base::geometry_kind::Dimension;
use crate::geometry::Shape;

/// Which vertices are drawn: those whose level is at most the zoom. One level a vertex, in the
/// order of the shape.
#[derive(Clone, Copy, Debug)]
pub struct Detail<'a> {
    pub levels: &'a [u8],
    pub zoom: u8,
}

/// What the coordinates of a shape are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    Degrees,
    /// Shares of the tile's grid.
    Shares,
}

/// A shape that is not a collection, on the grid of a zoom. Made once and filled again.
#[derive(Debug, Default)]
pub struct Snapped {
    pub dimension: Option<Dimension>,
    pub points: Vec<ZoomPoint>,
    /// Lines, or the rings that have ground, without their closing points.
    pub runs: Vec<Run>,
    /// Of an area that snapping left without ground, the middle of its box.
    pub speck: Option<ZoomPoint>,
}

/// A line or a ring.
#[derive(Clone, Debug)]
pub struct Run {
    pub points: Range<usize>,
    pub is_shell: bool,
    pub low: ZoomPoint,
    pub high: ZoomPoint,
}

impl Snapped {
    pub fn fill(&mut self, shape: &Shape, (grid, zoom): (Grid, u8), places: Places, detail: Option<Detail<'_>>) {
        let snap = |place: (f64, f64)| match places {
            Places::Degrees => zoom_point(zoom, grid.shares(place.0, place.1)),
            Places::Shares => zoom_point(zoom, place),
        };
        let dimension = shape.kind.dimension();
        self.dimension = Some(dimension);
        self.clear();
        self.points.reserve(shape.points.len());
        match dimension {
            Dimension::Points => self.points.extend(shape.points.iter().map(|place| snap(*place))),
            Dimension::Lines => {
                for run in shape.runs() {
                    let start = self.points.len();
                    self.push_run(shape, run, &snap, detail);
                    self.end_run(start, false);
                }
            }
            Dimension::Areas => {
                self.push_areas(shape, &snap, detail);
                if self.runs.is_empty() && detail.is_some() {
                    // So narrow that simplifying took all of it: its own vertices may still leave some.
                    self.clear();
                    self.push_areas(shape, &snap, None);
                }
                if self.runs.is_empty() {
                    let bbox = shape.bbox();
                    self.speck = (!bbox.is_empty()).then(|| snap(bbox.centre()));
                }
            }
            Dimension::Mixed | Dimension::None => {}
        }
    }

    fn clear(&mut self) {
        self.points.clear();
        self.runs.clear();
        self.speck = None;
    }

    fn push_areas(&mut self, shape: &Shape, snap: &impl Fn((f64, f64)) -> ZoomPoint, detail: Option<Detail<'_>>) {
        for polygon in shape.polygons() {
            for (place, ring) in polygon.enumerate() {
                let from = if ring == 0 { 0 } else { shape.ends[ring - 1] };
                let start = self.points.len();
                self.push_run(shape, from..shape.ends[ring], snap, detail);
                while self.points.len() > start + 1 && self.points.last() == self.points.get(start) {
                    self.points.pop();
                }
                if has_ground(&self.points[start..]) {
                    self.end_run(start, place == 0);
                    continue;
                }
                self.points.truncate(start);
                if place == 0 {
                    // Holes of a shell that is gone go with it.
                    break;
                }
            }
        }
    }

    /// The run on the grid without repeats.
    fn push_run(
        &mut self,
        shape: &Shape,
        run: Range<usize>,
        snap: &impl Fn((f64, f64)) -> ZoomPoint,
        detail: Option<Detail<'_>>,
    ) {
        let mut last = None;
        let mut push = |place: &(f64, f64)| {
            let point = snap(*place);
            if last.replace(point) != Some(point) {
                self.points.push(point);
            }
        };
        let vertices = &shape.points[run.clone()];
        match detail {
            None => vertices.iter().for_each(push),
            Some(Detail { levels, zoom }) => {
                let kept = vertices.iter().zip(&levels[run]).filter(|(_, level)| **level <= zoom);
                kept.for_each(|(place, _)| push(place));
            }
        }
    }

    fn end_run(&mut self, start: usize, is_shell: bool) {
        if start == self.points.len() {
            return;
        }
        let (mut low, mut high) = ((i64::MAX, i64::MAX), (i64::MIN, i64::MIN));
        for &(x, y) in &self.points[start..] {
            low = (low.0.min(x), low.1.min(y));
            high = (high.0.max(x), high.1.max(y));
        }
        self.runs.push(Run { points: start..self.points.len(), is_shell, low, high });
    }
}

/// Whether a ring without its closing point encloses anything.
fn has_ground(ring: &[ZoomPoint]) -> bool {
    let Some((&(x0, y0), others)) = ring.split_first() else { return false };
    // From the first point on, so that numbers stay as small as the ring is.
    let twice_area: i128 = others
        .windows(2)
        .map(|edge| ((edge[0].0 - x0, edge[0].1 - y0), (edge[1].0 - x0, edge[1].1 - y0)))
        .map(|(a, b)| i128::from(a.0) * i128::from(b.1) - i128::from(b.0) * i128::from(a.1))
        .sum();
    twice_area != 0
}
