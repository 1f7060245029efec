//! Who is seen at which zoom, when not all can be: a lowest zoom and a place in one order for each
//! feature of a grid.
//!
//! A feature is seen from the zoom at which it is large enough (an area of two pixels, a line of
//! three) or is the first of its cell of 1/128 of a tile, of 1/8 where points are counted. The first of a cell is also the first of
//! the finer cell in which it lies, so what is seen once is seen at every higher zoom; and every
//! cell that holds anything keeps one. What the layer's rule keeps is seen at every zoom, and of
//! itself it is left out in the same order.

use std::cmp::Ordering;

use super::BakeError;
use super::boxes::Boxes;
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
    pub boxes: GridBoxes,
    /// Cells along a tile, as a power of two.
    pub cell_bits: u32,
    /// The lowest zoom at which a feature is large enough or the first of its cell; 23 where it is so at
    /// none, and [`ABSENT`] where the feature has no place in the grid or nothing to draw.
    lowest_zoom: Vec<u8>,
    /// The zoom from which a feature is large enough to be drawn as what it is, 255 for never; empty
    /// for points.
    size_zoom: Vec<u8>,
}

/// Boxes in units of the grid: west, north, east, south.
pub enum GridBoxes {
    Points(Vec<[u32; 2]>),
    Extended(Vec<[u32; 4]>),
}

impl GridBoxes {
    pub fn get(&self, place: usize) -> [u32; 4] {
        match self {
            GridBoxes::Points(points) => {
                let [x, y] = points[place];
                [x, y, x, y]
            }
            GridBoxes::Extended(boxes) => boxes[place],
        }
    }

    pub fn centre(&self, place: usize) -> (u32, u32) {
        let [west, north, east, south] = self.get(place);
        (west + (east - west) / 2, north + (south - north) / 2)
    }

    /// Memory for as many as the survey has.
    fn of_like(survey: &Survey) -> Self {
        match &survey.boxes {
            Boxes::Points(_) => GridBoxes::Points(Vec::with_capacity(survey.len())),
            Boxes::Extended(_) => GridBoxes::Extended(Vec::with_capacity(survey.len())),
        }
    }

    fn push(&mut self, grid: Grid, bbox: &BBox) {
        match self {
            GridBoxes::Points(points) => {
                let (u, v) = grid.shares(bbox.west_deg, bbox.south_deg);
                points.push([unit(u), unit(v)]);
            }
            GridBoxes::Extended(boxes) => boxes.push(grid_box(grid, bbox)),
        }
    }
}

fn unit(share: f64) -> u32 {
    (share * f64::from(1u32 << UNIT_BITS)).clamp(0.0, f64::from(u32::MAX)) as u32
}

fn grid_box(grid: Grid, bbox: &BBox) -> [u32; 4] {
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
    pub fn new(survey: &mut Survey, grid: Grid, cell_bits: u32) -> Result<Self, BakeError> {
        let mut boxes = GridBoxes::of_like(survey);
        let mut is_there = Vec::with_capacity(survey.len());
        survey
            .boxes
            .each(|bbox| {
                boxes.push(grid, &bbox);
                is_there.push(grid.reaches(&bbox));
            })
            .map_err(BakeError::Spool)?;
        let survey = &*survey;
        let size_zoom: Vec<u8> = match survey.dimension {
            Dimension::Points => Vec::new(),
            _ => (0..survey.len()).map(|place| size_zoom(survey, grid, &boxes, place)).collect(),
        };
        let mut ranks = Ranks { boxes, cell_bits, lowest_zoom: Vec::new(), size_zoom };
        ranks.lowest_zoom = ranks.lowest_zooms(survey, |place| survey.vertices(place) > 0 && is_there[place]);
        Ok(ranks)
    }

    /// The order in which features are left out, the last first: what is kept by rule, lowest zoom, then
    /// priority, else length, area or hash.
    pub fn order(&self, survey: &Survey, place: u32) -> u32 {
        let within = order_within(survey, place as usize);
        let zoom = u32::from(self.lowest_zoom[place as usize]);
        match survey.kept.get(place as usize) {
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
    pub fn cell_of(&self, place: u32, zoom: u8) -> u64 {
        morton(self.boxes.centre(place as usize)) >> (2 * (UNIT_BITS - self.cell_bits - u32::from(zoom)))
    }

    /// Whether the feature has anything to show in the grid.
    pub fn is_there(&self, place: u32) -> bool {
        self.lowest_zoom[place as usize] != ABSENT
    }

    /// Whether the feature is drawn as what it is at a zoom, and not as a small square.
    pub fn has_shape(&self, place: u32, zoom: u8) -> bool {
        self.size_zoom.get(place as usize).is_some_and(|from| *from <= zoom)
    }
}

/// The area of a feature in shares of a grid, from that in shares of Web Mercator.
pub fn area_in(grid: Grid, area: f32, lat_deg: f64) -> f64 {
    let cosine = lat_deg.to_radians().cos();
    match grid {
        Grid::WebMercatorQuad => f64::from(area),
        Grid::WorldCRS84Quad => 4.0 * f64::from(area) * cosine,
        Grid::HongKong1980Grid => f64::from(area) * cosine * cosine,
    }
}

fn size_zoom(survey: &Survey, grid: Grid, boxes: &GridBoxes, place: usize) -> u8 {
    let [west, north, east, south] = boxes.get(place);
    let side = u64::from((east - west).max(south - north));
    // Boxes have one unit more than the shape on every side.
    let (size, wanted) = match survey.dimension {
        Dimension::Lines => {
            let scale = if grid == Grid::WorldCRS84Quad { 2.0 } else { 1.0 };
            let length = f64::from(survey.sizes[place]) * scale * f64::from(1u32 << UNIT_BITS);
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
fn order_within(survey: &Survey, place: usize) -> u32 {
    const INFINITY_BITS: u32 = 0x7f80_0000;
    let rank = match (survey.priorities.get(place), survey.dimension) {
        (Some(priority), _) => *priority,
        // The bits of a positive number rise with it.
        (None, Dimension::Lines | Dimension::Areas) => (INFINITY_BITS - survey.sizes[place].abs().to_bits()) >> 4,
        (None, _) => survey.hashes[place] >> (32 - ORDER_BITS),
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
    fn lowest_zooms(&self, survey: &Survey, is_there: impl Fn(usize) -> bool) -> Vec<u8> {
        let mut lowest: Vec<u8> = (0..survey.len()).map(|place| if is_there(place) { 0 } else { ABSENT }).collect();
        let mut left: Vec<u32> = Vec::with_capacity(survey.len());
        left.extend((0..survey.len() as u32).filter(|place| lowest[*place as usize] != ABSENT));
        left.sort_unstable_by(|a, b| self.by_cell(*a, *b));
        let first_of = |a: u32, b: u32| {
            let key = |place: u32| (order_within(survey, place as usize), survey.hashes[place as usize], place);
            if key(a) < key(b) { a } else { b }
        };
        for zoom in (0..=limits::ZOOM_MAX).rev() {
            let competes = |place: u32| !self.has_shape(place, zoom);
            let mut kept = 0;
            let mut start = 0;
            while start < left.len() {
                let cell = self.cell_at(left[start], zoom);
                let end = start + left[start..].iter().take_while(|place| self.cell_at(**place, zoom) == cell).count();
                let winner = left[start..end].iter().copied().filter(|place| competes(*place)).reduce(first_of);
                for at in start..end {
                    let place = left[at];
                    if competes(place) && Some(place) != winner {
                        lowest[place as usize] = zoom + 1;
                    } else {
                        left[kept] = place;
                        kept += 1;
                    }
                }
                start = end;
            }
            left.truncate(kept);
        }
        lowest
    }

    /// Column and row of the cell of a feature's middle at a zoom.
    fn cell_at(&self, place: u32, zoom: u8) -> (u32, u32) {
        let shift = UNIT_BITS - self.cell_bits - u32::from(zoom);
        let (x, y) = self.boxes.centre(place as usize);
        (x >> shift, y >> shift)
    }

    /// The order of [`morton`], without making the numbers.
    fn by_cell(&self, a: u32, b: u32) -> Ordering {
        let ((ax, ay), (bx, by)) = (self.boxes.centre(a as usize), self.boxes.centre(b as usize));
        let (x, y) = (ax ^ bx, ay ^ by);
        // Whether the highest bit in which x differs is above that of y.
        let x_decides = y < x && y < (x ^ y);
        let by_place = if x_decides { ax.cmp(&bx) } else { ay.cmp(&by) };
        by_place.then(a.cmp(&b))
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
