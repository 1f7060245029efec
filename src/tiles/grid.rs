//! Where the three grids lie. Places in a grid are shares of the side of its tile at zoom 0, from
//! its north-western corner: 0…1, and in WorldCRS84Quad, which is two tiles wide, 0…2.

use std::f64::consts::PI;
use std::sync::LazyLock;

use crate::base::{BBox, Grid};
use crate::crs;

/// Units along the side of a tile.
pub const EXTENT: i32 = 4096;
/// Units kept around a tile so that strokes do not end at its edge: 8 px of a 512 px tile.
pub const BUFFER: i32 = 64;
/// Units of a pixel of a 512 px tile.
pub const PIXEL: i32 = EXTENT / 512;
/// The latitude at which Web Mercator is a square.
pub const LATITUDE_MAX_DEG: f64 = 85.051_128_779_806_59;
/// Half the side of the world in metres of EPSG:3857.
pub const HALF_WORLD_M: f64 = 20_037_508.342_789_244;
/// The corner of HongKong1980Grid in metres of EPSG:2326, as the Lands Department's services have it.
pub const HK1980_ORIGIN_EASTING_M: f64 = -4_786_700.0;
pub const HK1980_ORIGIN_NORTHING_M: f64 = 8_353_100.0;
/// Metres of a 256th of its tile at zoom 0; every zoom halves it.
pub const HK1980_CELL_M: f64 = 156_543.033_928_000_14;

const HK1980_SIDE_M: f64 = 256.0 * HK1980_CELL_M;

impl Grid {
    /// Columns at a zoom.
    pub fn columns(self, zoom: u8) -> u32 {
        match self {
            Grid::WorldCRS84Quad => 2 << zoom,
            Grid::WebMercatorQuad | Grid::HongKong1980Grid => 1 << zoom,
        }
    }

    /// Rows at a zoom.
    pub fn rows(self, zoom: u8) -> u32 {
        1 << zoom
    }

    /// The place in the grid. Beyond its ends places are moved to them, so that shapes that reach
    /// there keep their side.
    pub fn shares(self, lon_deg: f64, lat_deg: f64) -> (f64, f64) {
        match self {
            Grid::WebMercatorQuad => mercator(lon_deg, lat_deg),
            Grid::WorldCRS84Quad => ((lon_deg + 180.0) / 180.0, (90.0 - lat_deg) / 180.0),
            Grid::HongKong1980Grid => {
                let (easting_m, northing_m) = crs::to_hk1980_grid_fast(lon_deg, lat_deg);
                (
                    (easting_m - HK1980_ORIGIN_EASTING_M) / HK1980_SIDE_M,
                    (HK1980_ORIGIN_NORTHING_M - northing_m) / HK1980_SIDE_M,
                )
            }
        }
    }

    /// Whether anything in the box has a place in this grid.
    pub fn reaches(self, bbox: &BBox) -> bool {
        match self {
            Grid::HongKong1980Grid => bbox.intersects(&crs::HK1980_WINDOW),
            Grid::WebMercatorQuad | Grid::WorldCRS84Quad => !bbox.is_empty(),
        }
    }

    /// A box that holds the rectangle from (west, north) to (east, south), given in shares; empty
    /// where the grid has no ground.
    pub fn bbox_of(self, west: f64, north: f64, east: f64, south: f64) -> BBox {
        match self {
            Grid::WebMercatorQuad => BBox::new(
                (west * 360.0 - 180.0).max(-180.0),
                if south >= 1.0 { -90.0 } else { latitude_deg(south) },
                (east * 360.0 - 180.0).min(180.0),
                if north <= 0.0 { 90.0 } else { latitude_deg(north) },
            ),
            Grid::WorldCRS84Quad => BBox::new(
                (west * 180.0 - 180.0).max(-180.0),
                (90.0 - south * 180.0).max(-90.0),
                (east * 180.0 - 180.0).min(180.0),
                (90.0 - north * 180.0).min(90.0),
            ),
            Grid::HongKong1980Grid => hk1980_bbox(west, north, east, south),
        }
    }
}

/// Shares of the world's side from the north-west, by the spherical formula of EPSG:3857.
fn mercator(lon_deg: f64, lat_deg: f64) -> (f64, f64) {
    (lon_deg / 360.0 + 0.5, 0.5 - isometric_latitude(lat_deg) / (2.0 * PI))
}

/// Places at which the isometric latitude is known in a degree, a power of two so that they are exact.
const PLACES_PER_DEG: f64 = 16.0;
/// Places from the equator to either end of the grid.
const PLACES: usize = 1361;

/// The isometric latitude, `asinh(tan(latitude))`, of what the grid reaches: the Taylor polynomial of the nearest place
/// at which it is known. Each vertex of each tile needs one, and sine and logarithm take twice as long.
fn isometric_latitude(lat_deg: f64) -> f64 {
    /// The value and its derivatives by their factorials, for the places from the south.
    static KNOWN: LazyLock<Vec<[f64; 6]>> =
        LazyLock::new(|| (0..=2 * PLACES).map(|place| taylor_of_isometric_latitude(degrees_of(place))).collect());
    let lat_deg = lat_deg.clamp(-LATITUDE_MAX_DEG, LATITUDE_MAX_DEG);
    // The nearest: a half more, cut off. A latitude that is no number is at place 0.
    let place = (lat_deg * PLACES_PER_DEG + (PLACES as f64 + 0.5)) as usize;
    let terms = &KNOWN[place];
    let beyond = (lat_deg - degrees_of(place)).to_radians();
    terms.iter().rev().fold(0.0, |sum, term| sum * beyond + term)
}

/// The latitude of a place, counted from the south.
fn degrees_of(place: usize) -> f64 {
    (place as f64 - PLACES as f64) / PLACES_PER_DEG
}

/// The first derivative is the secant, of which all others are made.
fn taylor_of_isometric_latitude(lat_deg: f64) -> [f64; 6] {
    let angle = lat_deg.to_radians();
    let (secant, tangent) = (1.0 / angle.cos(), angle.tan());
    let (s2, t2) = (secant * secant, tangent * tangent);
    [
        tangent.asinh(),
        secant,
        secant * tangent / 2.0,
        secant * (t2 + s2) / 6.0,
        secant * tangent * (t2 + 5.0 * s2) / 24.0,
        secant * (t2 * t2 + 18.0 * t2 * s2 + 5.0 * s2 * s2) / 120.0,
    ]
}

fn latitude_deg(share_from_north: f64) -> f64 {
    let y = (0.5 - share_from_north) * 2.0 * PI;
    y.sinh().atan().to_degrees()
}

/// The edges of a rectangle of the HK1980 Grid are curves in degrees: they are walked, and the box
/// is taken a little larger than what the walk found.
fn hk1980_bbox(west: f64, north: f64, east: f64, south: f64) -> BBox {
    /// The projection window in metres from the middle of the grid's projection.
    const REACH_M: f64 = 1_200_000.0;
    const MIDDLE_EASTING_M: f64 = 836_694.05;
    const MIDDLE_NORTHING_M: f64 = 819_069.8;
    const STEPS: i32 = 16;
    let within = |value: f64, middle: f64| value.clamp(middle - REACH_M, middle + REACH_M);
    let easting = |share: f64| HK1980_ORIGIN_EASTING_M + share * HK1980_SIDE_M;
    let northing = |share: f64| HK1980_ORIGIN_NORTHING_M - share * HK1980_SIDE_M;
    let (west_m, east_m) = (within(easting(west), MIDDLE_EASTING_M), within(easting(east), MIDDLE_EASTING_M));
    let (south_m, north_m) = (within(northing(south), MIDDLE_NORTHING_M), within(northing(north), MIDDLE_NORTHING_M));
    if west_m >= east_m || south_m >= north_m {
        return BBox::EMPTY;
    }
    let mut bbox = BBox::EMPTY;
    for step in 0..=STEPS {
        let share = f64::from(step) / f64::from(STEPS);
        let (e, n) = (west_m + share * (east_m - west_m), south_m + share * (north_m - south_m));
        for (easting_m, northing_m) in [(e, south_m), (e, north_m), (west_m, n), (east_m, n)] {
            if let Some((lon_deg, lat_deg)) = crs::from_hk1980_grid(easting_m, northing_m) {
                bbox.include_point(lon_deg, lat_deg);
            }
        }
    }
    const PAD: f64 = 0.005;
    let (x, y) = (PAD * (bbox.east_deg - bbox.west_deg), PAD * (bbox.north_deg - bbox.south_deg));
    BBox::new(bbox.west_deg - x, bbox.south_deg - y, bbox.east_deg + x, bbox.north_deg + y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tile's unit at the last zoom is a share of 2⁻³⁴, or 6 · 10⁻¹¹.
    #[test]
    fn mercator_is_the_formula_within_a_ten_thousandth_of_a_unit_of_the_last_zoom() {
        const STEPS: i32 = 3_000_001;
        let by_formula = |lat_deg: f64| 0.5 - lat_deg.to_radians().tan().asinh() / (2.0 * PI);
        let latitudes = (-STEPS..=STEPS).map(|step| LATITUDE_MAX_DEG * f64::from(step) / f64::from(STEPS));
        let furthest = latitudes.map(|lat| (mercator(0.0, lat).1 - by_formula(lat)).abs()).fold(0.0, f64::max);
        assert!(furthest < 6e-15, "{furthest:e}");
        assert!(mercator(180.0, 90.0).1.abs() < 1e-9 && (mercator(0.0, -90.0).1 - 1.0).abs() < 1e-9);
        assert!(mercator(0.0, f64::NAN).1.is_nan());
    }
}
