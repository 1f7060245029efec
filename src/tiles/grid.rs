//! Where the three grids lie. Places in a grid are shares of the side of its tile at zoom 0, from
//! its north-western corner: 0…1, and in WorldCRS84Quad, which is two tiles wide, 0…2.

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
    let sine = lat_deg.clamp(-LATITUDE_MAX_DEG, LATITUDE_MAX_DEG).to_radians().sin();
    let y = 0.5 - ((1.0 + sine) / (1.0 - sine)).ln() / (4.0 * std::f64::consts::PI);
    (lon_deg / 360.0 + 0.5, y)
}

fn latitude_deg(share_from_north: f64) -> f64 {
    let y = (0.5 - share_from_north) * 2.0 * std::f64::consts::PI;
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
