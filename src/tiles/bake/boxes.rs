//! What is known of every row, on disk, because each grid reads it once and in order: where it lies, in degrees cut
//! into 2^32 parts along each axis and rounded outward, and what decides when it is seen.

use std::io;
use std::path::Path;

use super::shelf::{Shelf, ShelfWriter, Window};
use crate::base::BBox;

const PARTS: f64 = 4_294_967_296.0;

/// A row, as a pass over all of them sees it.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub place: u32,
    pub bbox: BBox,
    /// The order in which features of equal right are kept; depends on the public id alone.
    pub hash: u32,
    /// An upper bound of the uncompressed bytes in a tile, in units of [`super::survey::WEIGHT_BYTES`]; 0 where there
    /// is nothing to draw.
    pub weight: u16,
    /// 0 where there is nothing to draw, 1 at most for a giant, which is drawn in pieces.
    pub vertices: u16,
    /// The length of a line or the area of an area in shares of Web Mercator; else 0.
    pub size: f32,
}

/// Boxes being collected in the order of the rows.
pub struct BoxesWriter {
    of_points: bool,
    shelf: ShelfWriter,
}

impl BoxesWriter {
    /// Where every row is one point, half as much is kept.
    pub fn new(folder: &Path, of_points: bool) -> Self {
        BoxesWriter { of_points, shelf: ShelfWriter::new(folder) }
    }

    pub fn push(&mut self, bbox: &BBox, hash: u32, weight: u16, vertices: u16) -> io::Result<()> {
        let PartsBox([west, south, east, north]) = PartsBox::around(bbox);
        let counts = u32::from(weight) | u32::from(vertices) << u16::BITS;
        match self.of_points {
            true => self.shelf.append_words([west, south, hash, counts]),
            false => self.shelf.append_words([west, south, east, north, hash, counts]),
        }
    }

    pub fn finish(self) -> io::Result<Boxes> {
        Ok(Boxes { of_points: self.of_points, shelf: self.shelf.finish()?, sizes: None })
    }
}

/// Boxes of all rows.
pub struct Boxes {
    of_points: bool,
    shelf: Shelf,
    /// Of lines and areas.
    sizes: Option<Shelf>,
}

impl Boxes {
    pub fn are_of_points(&self) -> bool {
        self.of_points
    }

    pub fn set_sizes(&mut self, sizes: Shelf) {
        self.sizes = Some(sizes);
    }

    /// The size of the row at a place.
    fn size(&self, place: u32, window: &mut Window) -> io::Result<f32> {
        let Some(sizes) = &self.sizes else { return Ok(0.0) };
        let [bits] = window.words(sizes, place)?;
        Ok(f32::from_bits(bits))
    }

    /// Visits all rows in order.
    pub fn each(&self, mut visit: impl FnMut(Known) -> io::Result<()>) -> io::Result<()> {
        let mut place = 0;
        let mut window = Window::default();
        let mut see = |bbox: BBox, hash: u32, counts: u32| {
            let size = self.size(place, &mut window)?;
            let known =
                Known { place, bbox, hash, weight: counts as u16, vertices: (counts >> u16::BITS) as u16, size };
            place += 1;
            visit(known)
        };
        match self.of_points {
            true => self.shelf.each_words(|[x, y, hash, counts]| see(middle(x, y), hash, counts)),
            false => self.shelf.each_words(|[west, south, east, north, hash, counts]| {
                see(PartsBox([west, south, east, north]).degrees(), hash, counts)
            }),
        }
    }
}

/// West, south, east and north in parts of the world.
#[derive(Clone, Copy, Debug)]
pub struct PartsBox([u32; 4]);

impl PartsBox {
    pub fn around(bbox: &BBox) -> Self {
        let low = |degrees, span| parts(degrees, span).floor().clamp(0.0, PARTS - 1.0) as u32;
        let high = |degrees, span| parts(degrees, span).ceil().clamp(0.0, PARTS - 1.0) as u32;
        let (west, south) = (low(bbox.west_deg, 360.0), low(bbox.south_deg, 180.0));
        PartsBox([west, south, high(bbox.east_deg, 360.0), high(bbox.north_deg, 180.0)])
    }

    pub fn degrees(&self) -> BBox {
        let [west, south, east, north] = self.0;
        BBox::new(lon_deg(west), lat_deg(south), lon_deg(east), lat_deg(north))
    }
}

/// The middle of a part, so that a point keeps its place as well as can be.
fn middle(x: u32, y: u32) -> BBox {
    let (x, y) = (lon_deg(x) + 180.0 / PARTS, lat_deg(y) + 90.0 / PARTS);
    BBox::new(x, y, x, y)
}

fn parts(degrees: f64, span: f64) -> f64 {
    (degrees / span + 0.5) * PARTS
}

fn lon_deg(part: u32) -> f64 {
    f64::from(part) / PARTS * 360.0 - 180.0
}

fn lat_deg(part: u32) -> f64 {
    f64::from(part) / PARTS * 180.0 - 90.0
}
