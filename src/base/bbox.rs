//! A box in CRS84 degrees.

use serde::{Deserialize, Serialize};

/// West, south, east, north in CRS84 degrees. `west > east` means the box crosses the antimeridian.
/// Written in JSON as the array of four that GeoJSON and OGC API use.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "[f64; 4]", from = "[f64; 4]")]
pub struct BBox {
    pub west_deg: f64,
    pub south_deg: f64,
    pub east_deg: f64,
    pub north_deg: f64,
}

/// Decimals of a degree in everything that is written: 1 mm on the ground.
pub const DEGREE_DECIMALS: u32 = 8;

/// Decimals of a layer's extent: a centimetre. Clients that copy it keep no more (OGC's test suite writes
/// seven), and would cut off the features on its edge.
const EXTENT_DECIMALS: u32 = 7;

impl BBox {
    pub const WORLD: BBox = BBox::new(-180.0, -90.0, 180.0, 90.0);
    /// The smallest of boxes: contains nothing, and grows by `include`.
    pub const EMPTY: BBox = BBox::new(f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY);

    pub const fn new(west_deg: f64, south_deg: f64, east_deg: f64, north_deg: f64) -> Self {
        BBox { west_deg, south_deg, east_deg, north_deg }
    }

    pub fn is_empty(&self) -> bool {
        self.south_deg > self.north_deg
    }

    pub fn include_point(&mut self, lon_deg: f64, lat_deg: f64) {
        self.west_deg = self.west_deg.min(lon_deg);
        self.south_deg = self.south_deg.min(lat_deg);
        self.east_deg = self.east_deg.max(lon_deg);
        self.north_deg = self.north_deg.max(lat_deg);
    }

    pub fn include(&mut self, other: &BBox) {
        self.west_deg = self.west_deg.min(other.west_deg);
        self.south_deg = self.south_deg.min(other.south_deg);
        self.east_deg = self.east_deg.max(other.east_deg);
        self.north_deg = self.north_deg.max(other.north_deg);
    }

    /// Whether the two share a point. Neither may cross the antimeridian: see [`BBox::split`].
    pub fn intersects(&self, other: &BBox) -> bool {
        self.west_deg <= other.east_deg
            && other.west_deg <= self.east_deg
            && self.south_deg <= other.north_deg
            && other.south_deg <= self.north_deg
    }

    /// Whether the other box lies wholly in this one. Neither may cross the antimeridian.
    pub fn contains(&self, other: &BBox) -> bool {
        self.west_deg <= other.west_deg
            && self.east_deg >= other.east_deg
            && self.south_deg <= other.south_deg
            && self.north_deg >= other.north_deg
    }

    /// The smallest box of [`EXTENT_DECIMALS`] that holds this one, so that no feature, as it is
    /// written, lies outside the extent, as it is written.
    pub fn rounded_outward(&self) -> BBox {
        self.rounded_outward_to(EXTENT_DECIMALS)
    }

    /// Likewise with so many decimals of a degree.
    pub fn rounded_outward_to(&self, decimals: u32) -> BBox {
        let scale = f64::from(10u32.pow(decimals));
        let down = |degrees: f64| (degrees * scale).floor() / scale;
        let up = |degrees: f64| (degrees * scale).ceil() / scale;
        BBox::new(down(self.west_deg), down(self.south_deg), up(self.east_deg), up(self.north_deg))
    }

    /// The box with every edge moved outward, but not out of the world.
    pub fn widened(&self, by_deg: f64) -> BBox {
        BBox {
            west_deg: (self.west_deg - by_deg).max(-180.0),
            south_deg: (self.south_deg - by_deg).max(-90.0),
            east_deg: (self.east_deg + by_deg).min(180.0),
            north_deg: (self.north_deg + by_deg).min(90.0),
        }
    }

    /// Whether the place lies inside or on the edge; the box may not cross the antimeridian.
    pub fn contains_point(&self, lon_deg: f64, lat_deg: f64) -> bool {
        lon_deg >= self.west_deg && lon_deg <= self.east_deg && lat_deg >= self.south_deg && lat_deg <= self.north_deg
    }

    pub fn crosses_antimeridian(&self) -> bool {
        !self.is_empty() && self.west_deg > self.east_deg
    }

    /// The one or two boxes, none of which crosses the antimeridian, that cover the same ground.
    pub fn split(&self) -> (BBox, Option<BBox>) {
        if self.crosses_antimeridian() {
            let east = BBox { east_deg: 180.0, ..*self };
            let west = BBox { west_deg: -180.0, ..*self };
            (east, Some(west))
        } else {
            (*self, None)
        }
    }

    pub fn centre(&self) -> (f64, f64) {
        ((self.west_deg + self.east_deg) / 2.0, (self.south_deg + self.north_deg) / 2.0)
    }

    pub fn to_array(&self) -> [f64; 4] {
        [self.west_deg, self.south_deg, self.east_deg, self.north_deg]
    }
}

impl From<BBox> for [f64; 4] {
    fn from(bbox: BBox) -> Self {
        bbox.to_array()
    }
}

impl From<[f64; 4]> for BBox {
    fn from([west, south, east, north]: [f64; 4]) -> Self {
        BBox::new(west, south, east, north)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_over_the_antimeridian_splits_into_its_two_sides() {
        let (east, west) = BBox::new(177.0, 65.0, -177.0, 70.0).split();
        assert_eq!(east.to_array(), [177.0, 65.0, 180.0, 70.0]);
        assert_eq!(west.map(|b| b.to_array()), Some([-180.0, 65.0, -177.0, 70.0]));
    }

    #[test]
    fn a_box_is_rounded_to_what_is_written_and_never_inward() {
        let fine = BBox::new(113.86167441634672, 22.20360439430394, 114.5, 22.56);
        assert_eq!(fine.rounded_outward().to_array(), [113.8616744, 22.2036043, 114.5, 22.56]);
        let up = BBox::new(-1.00000001, -2.0, 3.00000001, 4.0).rounded_outward();
        assert_eq!(up.to_array(), [-1.0000001, -2.0, 3.0000001, 4.0]);
    }

    #[test]
    fn an_empty_box_takes_the_shape_of_what_it_includes() {
        let mut bbox = BBox::EMPTY;
        assert!(bbox.is_empty());
        bbox.include_point(114.0, 22.0);
        assert_eq!(bbox.to_array(), [114.0, 22.0, 114.0, 22.0]);
    }
}
