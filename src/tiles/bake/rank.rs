//! Who is seen at which zoom, when not all can be: a lowest zoom and a place in one order for each
//! feature of a grid.
//!
//! A feature is seen from the zoom at which it is large enough (an area of two pixels, a line of
//! three) or is the first of its cell of 1/128 of a tile, of 1/8 where points are counted. The first of a cell is also the first of
//! the finer cell in which it lies, so what is seen once is seen at every higher zoom; and every
//! cell that holds anything keeps one. What the layer's rule keeps is seen at every zoom, and of
//! itself it is left out in the same order.

use std::io;
use std::path::Path;

use super::boxes::Known;
use super::shelf::{Shelf, ShelfWriter, Window};
use super::sort::{Entry, Sorter};
use super::survey::{ORDER_BITS, Survey};
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, Grid, limits};

/// Units of a grid's boxes along a tile of zoom 0.
pub const UNIT_BITS: u32 = 31;
/// Tile units of an area's side, and of a line's length, from which it is drawn as what it is.
const AREA_UNITS: u64 = 2 * 8;
const LINE_UNITS: u64 = 3 * 8;

/// The bit of a place in the order that those have which no rule keeps, where there is a rule.
const NOT_KEPT: u32 = 1 << (ORDER_BITS - 1);
/// Bits of a zoom, from 0 to 23.
const ZOOM_BITS: u32 = 5;

/// The lowest zoom of what is not in the grid at all.
pub const ABSENT: u8 = u8::MAX;

/// The features of a layer in one grid.
pub struct Ranks {
    /// A [`Fact`] of every row.
    facts: Shelf,
    of_points: bool,
    /// Cells along a tile, as a power of two.
    pub cell_bits: u32,
    /// The lowest zoom at which a feature is large enough or the first of its cell; 23 where it is so at
    /// none, and [`ABSENT`] where the feature has no place in the grid or nothing to draw.
    lowest_zoom: Vec<u8>,
    /// The zoom from which a feature is large enough to be drawn as what it is, 255 for never; empty
    /// for points.
    size_zoom: Vec<u8>,
}

/// A feature, as a pass over all of them sees it.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    pub place: u32,
    /// West, north, east, south in units of the grid.
    pub bounds: [u32; 4],
    /// The next four as [`super::boxes::Known`] has them.
    pub hash: u32,
    pub weight: u16,
    pub vertices: u16,
    pub size: f32,
    /// The size of an area in shares of the grid.
    pub area: f64,
}

impl Fact {
    fn of(grid: Grid, known: &Known, of_points: bool) -> Self {
        let Known { place, bbox, hash, weight, vertices, size } = *known;
        let bounds = if of_points {
            let (u, v) = grid.shares(bbox.west_deg, bbox.south_deg);
            let (x, y) = (unit(u), unit(v));
            [x, y, x, y]
        } else {
            grid_box(grid, &bbox)
        };
        Fact { place, bounds, hash, weight, vertices, size, area: area_in(grid, size, bbox.centre().1) }
    }

    fn append_to(&self, shelf: &mut ShelfWriter, of_points: bool) -> io::Result<()> {
        let [west, north, east, south] = self.bounds;
        let counts = u32::from(self.weight) | u32::from(self.vertices) << u16::BITS;
        if of_points {
            return shelf.append_words([west, north, self.hash, counts]);
        }
        let area = self.area.to_bits();
        let area = [area as u32, (area >> u32::BITS) as u32];
        shelf.append_words([west, north, east, south, self.hash, counts, self.size.to_bits(), area[0], area[1]])
    }

    fn each(shelf: &Shelf, of_points: bool, mut visit: impl FnMut(Fact) -> io::Result<()>) -> io::Result<()> {
        let mut place = 0;
        let mut see = |fact: Fact| {
            place += 1;
            visit(Fact { place: place - 1, ..fact })
        };
        match of_points {
            true => shelf.each_words(|words| see(Fact::of_point(0, words))),
            false => shelf.each_words(|words| see(Fact::of_words(0, words))),
        }
    }

    /// What [`Fact::append_to`] wrote of a point.
    fn of_point(place: u32, [x, y, hash, counts]: [u32; 4]) -> Self {
        Fact::of_words(place, [x, y, x, y, hash, counts, 0, 0, 0])
    }

    /// What [`Fact::append_to`] wrote of anything else.
    fn of_words(place: u32, [west, north, east, south, hash, counts, size, area_low, area_high]: [u32; 9]) -> Self {
        Fact {
            place,
            bounds: [west, north, east, south],
            hash,
            weight: counts as u16,
            vertices: (counts >> u16::BITS) as u16,
            size: f32::from_bits(size),
            area: f64::from_bits(u64::from(area_low) | u64::from(area_high) << u32::BITS),
        }
    }

    /// The middle of its box in shares of the grid.
    pub fn middle(&self) -> (f64, f64) {
        let (x, y) = centre(self.bounds);
        let share = |units: u32| f64::from(units) / f64::from(1u32 << UNIT_BITS);
        (share(x), share(y))
    }
}

fn centre([west, north, east, south]: [u32; 4]) -> (u32, u32) {
    (west + (east - west) / 2, north + (south - north) / 2)
}

fn unit(share: f64) -> u32 {
    (share * f64::from(1u32 << UNIT_BITS)).clamp(0.0, f64::from(u32::MAX)) as u32
}

/// A box in units of the grid.
pub fn grid_box(grid: Grid, bbox: &BBox) -> [u32; 4] {
    let (west, north) = grid.shares(bbox.west_deg, bbox.north_deg);
    let (east, south) = grid.shares(bbox.east_deg, bbox.south_deg);
    let mut sides = [west, north, east, south];
    if grid == Grid::HongKong1980Grid {
        // The sides of a box are curves there: all corners and middles count, and a little more.
        let (lon_deg, lat_deg) = bbox.centre();
        for (lon, lat) in [
            (bbox.west_deg, bbox.south_deg),
            (bbox.east_deg, bbox.north_deg),
            (lon_deg, bbox.south_deg),
            (lon_deg, bbox.north_deg),
            (bbox.west_deg, lat_deg),
            (bbox.east_deg, lat_deg),
        ] {
            let (u, v) = grid.shares(lon, lat);
            sides = [sides[0].min(u), sides[1].min(v), sides[2].max(u), sides[3].max(v)];
        }
        const PAD: f64 = 1.0 / 64.0;
        let (x, y) = (PAD * (sides[2] - sides[0]), PAD * (sides[3] - sides[1]));
        sides = [sides[0] - x, sides[1] - y, sides[2] + x, sides[3] + y];
    }
    [unit(sides[0]), unit(sides[1]), unit(sides[2]).saturating_add(1), unit(sides[3]).saturating_add(1)]
}

impl Ranks {
    /// Looks at every feature once.
    pub fn new(survey: &Survey, grid: Grid, cell_bits: u32, folder: &Path, sorter: Sorter) -> io::Result<Self> {
        let of_points = survey.boxes.are_of_points();
        let mut facts = ShelfWriter::new(folder);
        let mut lowest_zoom = Vec::with_capacity(survey.rows);
        let has_sizes = survey.dimension != Dimension::Points;
        let mut size_zoom = Vec::with_capacity(if has_sizes { survey.rows } else { 0 });
        survey.boxes.each(|known| {
            let fact = Fact::of(grid, &known, of_points);
            lowest_zoom.push(if known.vertices > 0 && grid.reaches(&known.bbox) { 0 } else { ABSENT });
            if has_sizes {
                size_zoom.push(seen_from(survey, grid, &fact));
            }
            fact.append_to(&mut facts, of_points)
        })?;
        let mut ranks = Ranks { facts: facts.finish()?, of_points, cell_bits, lowest_zoom, size_zoom };
        ranks.find_lowest_zooms(survey, sorter)?;
        Ok(ranks)
    }

    /// Visits every feature that has anything to show in the grid, in the order of the package.
    pub fn each(&self, mut visit: impl FnMut(Fact) -> io::Result<()>) -> io::Result<()> {
        let see = |fact: Fact| if self.is_there(fact.place) { visit(fact) } else { Ok(()) };
        Fact::each(&self.facts, self.of_points, see)
    }

    /// The feature at a place, in a layer of areas.
    pub fn area(&self, place: u32, window: &mut Window) -> io::Result<Fact> {
        Ok(Fact::of_words(place, window.words(&self.facts, place)?))
    }

    /// The order in which features are left out, the last first: what is kept by rule, lowest zoom, then
    /// priority, else length, area or hash.
    pub fn order(&self, survey: &Survey, fact: &Fact) -> u32 {
        let within = order_within(survey, fact);
        let zoom = u32::from(self.lowest_zoom[fact.place as usize]);
        match survey.kept.get(fact.place as usize) {
            // Before all others, and among its like in the order that there would be without them.
            Some(true) => (zoom << (ORDER_BITS - 1 - ZOOM_BITS)) | (within >> ZOOM_BITS),
            _ => within | (zoom << ORDER_BITS),
        }
    }

    /// The lowest zoom at which a feature has a right to be seen: each one, if the rule keeps it.
    pub fn lowest_zoom(&self, survey: &Survey, place: u32) -> u8 {
        match survey.kept.get(place as usize) {
            Some(true) => 0,
            _ => self.lowest_zoom[place as usize],
        }
    }

    /// The cell of a feature's middle at a zoom, as a number.
    pub fn cell_of(&self, bounds: [u32; 4], zoom: u8) -> u64 {
        morton(centre(bounds)) >> self.cell_shift(zoom)
    }

    fn cell_shift(&self, zoom: u8) -> u32 {
        2 * (UNIT_BITS - self.cell_bits - u32::from(zoom))
    }

    /// Whether the feature has anything to show in the grid.
    fn is_there(&self, place: u32) -> bool {
        self.lowest_zoom[place as usize] != ABSENT
    }

    /// Whether the feature is drawn as what it is at a zoom, and not as a small square.
    pub fn has_shape(&self, place: u32, zoom: u8) -> bool {
        self.size_zoom.get(place as usize).is_some_and(|from| *from <= zoom)
    }
}

/// The area of a feature in shares of a grid, from that in shares of Web Mercator.
fn area_in(grid: Grid, area: f32, lat_deg: f64) -> f64 {
    let cosine = || lat_deg.to_radians().cos();
    match grid {
        Grid::WebMercatorQuad => f64::from(area),
        Grid::WorldCRS84Quad => 4.0 * f64::from(area) * cosine(),
        Grid::HongKong1980Grid => f64::from(area) * cosine().powi(2),
    }
}

/// The zoom from which a feature is large enough to be drawn as what it is.
fn seen_from(survey: &Survey, grid: Grid, fact: &Fact) -> u8 {
    let [west, north, east, south] = fact.bounds;
    let side = u64::from((east - west).max(south - north));
    // Boxes have one unit more than the shape on every side.
    let (size, wanted) = match survey.dimension {
        Dimension::Lines => {
            let scale = if grid == Grid::WorldCRS84Quad { 2.0 } else { 1.0 };
            let length = f64::from(fact.size) * scale * f64::from(1u32 << UNIT_BITS);
            (length as u64, LINE_UNITS)
        }
        Dimension::Points | Dimension::Areas | Dimension::Mixed | Dimension::None => {
            (side.saturating_sub(2), AREA_UNITS)
        }
    };
    // At zoom z a tile unit is 2^(31 − 12 − z) units of the box.
    (0..=limits::ZOOM_MAX).find(|zoom| size << zoom >= wanted << (UNIT_BITS - 12)).unwrap_or(u8::MAX)
}

/// The place among features of one lowest zoom: 27 bits, smaller is first.
fn order_within(survey: &Survey, fact: &Fact) -> u32 {
    const INFINITY_BITS: u32 = 0x7f80_0000;
    let place = fact.place as usize;
    let rank = match (survey.priorities.get(place), survey.dimension) {
        (Some(priority), _) => *priority,
        // The bits of a positive number rise with it.
        (None, Dimension::Lines | Dimension::Areas) => (INFINITY_BITS - fact.size.abs().to_bits()) >> 4,
        (None, _) => fact.hash >> (32 - ORDER_BITS),
    };
    match survey.kept.get(place) {
        None => rank,
        Some(true) => rank >> 1,
        Some(false) => NOT_KEPT | (rank >> 1),
    }
}

impl Ranks {
    /// From the deepest zoom up: in each cell the first of those who compete stays, the others' lowest
    /// zoom is the one below. A feature competes where it is too small to be seen by its size.
    fn find_lowest_zooms(&mut self, survey: &Survey, mut sorter: Sorter) -> io::Result<()> {
        /// So many on one spot compete before all are there, and again at every doubling.
        const STACK: usize = 1024;
        self.each(|fact| {
            let (key, order) = (morton(centre(fact.bounds)), order_within(survey, &fact));
            let entry = Entry { key, place: fact.place, order, hash: fact.hash };
            sorter.push(entry)
        })?;
        let mut open =
            OpenCells { deepest_shift: self.cell_shift(limits::ZOOM_MAX), last: None, left: Default::default() };
        sorter.finish(|entry| {
            open.leave(entry.key, |zoom, left| self.compete(zoom, left));
            let deepest = &mut open.left[usize::from(limits::ZOOM_MAX)];
            deepest.push(entry);
            if deepest.len() >= STACK && deepest.len().is_power_of_two() {
                self.compete(limits::ZOOM_MAX, deepest);
            }
        })?;
        open.close(None, |zoom, left| self.compete(zoom, left));
        Ok(())
    }

    /// Leaves of the features of a cell those that are seen at its zoom.
    fn compete(&mut self, zoom: u8, left: &mut Vec<Entry>) {
        let is_seen = |entry: &Entry| self.size_zoom.get(entry.place as usize).is_some_and(|from| *from <= zoom);
        let first = |entry: &Entry| (entry.order, entry.hash, entry.place);
        let winner = left.iter().filter(|entry| !is_seen(entry)).min_by_key(|entry| first(entry)).copied();
        left.retain(|entry| {
            let stays = Some(*entry) == winner || is_seen(entry);
            if !stays {
                self.lowest_zoom[entry.place as usize] = zoom + 1;
            }
            stays
        });
    }
}

/// The cells of all zooms that hold the last feature, in the order in which cells are runs.
struct OpenCells {
    /// Bits of a key below the cells of the deepest zoom.
    deepest_shift: u32,
    last: Option<u64>,
    /// Who is left of each zoom's cell, from the cells below it that are closed.
    left: [Vec<Entry>; limits::ZOOM_MAX as usize + 1],
}

impl OpenCells {
    /// Closes the cells that do not hold the next key.
    fn leave(&mut self, key: u64, compete: impl FnMut(u8, &mut Vec<Entry>)) {
        let Some(last) = self.last.replace(key) else { return };
        // The deepest zoom whose cell holds both.
        let differing_bits = u64::BITS - (last ^ key).leading_zeros();
        let up = differing_bits.saturating_sub(self.deepest_shift).div_ceil(2);
        if up > 0 {
            self.close(limits::ZOOM_MAX.checked_sub(up as u8), compete);
        }
    }

    /// Closes all cells below a zoom; all there are where it is `None`.
    fn close(&mut self, above: Option<u8>, mut compete: impl FnMut(u8, &mut Vec<Entry>)) {
        let mut rising: Vec<Entry> = Vec::new();
        for zoom in (above.map_or(0, |above| above + 1)..=limits::ZOOM_MAX).rev() {
            let here = &mut self.left[usize::from(zoom)];
            if rising.is_empty() {
                std::mem::swap(&mut rising, here);
            } else {
                rising.append(here);
            }
            if rising.len() > 1 {
                compete(zoom, &mut rising);
            }
        }
        if let Some(above) = above {
            self.left[usize::from(above)].append(&mut rising);
        }
    }
}

/// The place on a curve on which every cell of every zoom is one run.
fn morton((x, y): (u32, u32)) -> u64 {
    spread(x) | (spread(y) << 1)
}

fn spread(value: u32) -> u64 {
    let mut bits = u64::from(value);
    for (shift, mask) in [
        (16, 0x0000_ffff_0000_ffff),
        (8, 0x00ff_00ff_00ff_00ff),
        (4, 0x0f0f_0f0f_0f0f_0f0f),
        (2, 0x3333_3333_3333_3333),
        (1, 0x5555_5555_5555_5555),
    ] {
        bits = (bits | (bits << shift)) & mask;
    }
    bits
}
