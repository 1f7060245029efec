//! Addresses of tiles and where they lie.

use super::grid::{BUFFER, EXTENT};
use crate::base::{BBox, Grid, limits};
use crate::geometry::clip::GridPoint;

/// A tile of a grid. Rows count from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileAddress {
    grid: Grid,
    zoom: u8,
    x: u32,
    y: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileAddressError {
    #[error("zoom \"{0}\" is not a whole number from 0 to {max}", max = limits::ZOOM_MAX)]
    Zoom(String),
    #[error("{axis} \"{value}\" is not a whole number from 0 to {max}, as zoom {zoom} has")]
    Place { axis: &'static str, value: String, zoom: u8, max: u32 },
}

impl TileAddress {
    pub fn new(grid: Grid, zoom: u8, x: u32, y: u32) -> Option<Self> {
        let within = zoom <= limits::ZOOM_MAX && x < grid.columns(zoom) && y < grid.rows(zoom);
        within.then_some(TileAddress { grid, zoom, x, y })
    }

    /// Reads an address as it stands in a path: digits only, no leading zeros.
    pub fn parse(grid: Grid, zoom: &str, x: &str, y: &str) -> Result<Self, TileAddressError> {
        let cut = crate::base::ids::cut;
        let zoom = number(zoom)
            .and_then(|zoom| u8::try_from(zoom).ok())
            .filter(|zoom| *zoom <= limits::ZOOM_MAX)
            .ok_or_else(|| TileAddressError::Zoom(cut(zoom)))?;
        let place = |axis, value: &str, side: u32| {
            number(value).filter(|place| *place < side).ok_or_else(|| TileAddressError::Place {
                axis,
                value: cut(value),
                zoom,
                max: side - 1,
            })
        };
        let (x, y) = (place("column", x, grid.columns(zoom))?, place("row", y, grid.rows(zoom))?);
        Ok(TileAddress { grid, zoom, x, y })
    }

    pub fn grid(&self) -> Grid {
        self.grid
    }

    pub fn zoom(&self) -> u8 {
        self.zoom
    }

    pub fn x(&self) -> u32 {
        self.x
    }

    pub fn y(&self) -> u32 {
        self.y
    }

    /// The tile in which a place lies; the nearest one for a place beyond the ends of the grid.
    pub fn of_place(grid: Grid, zoom: u8, lon_deg: f64, lat_deg: f64) -> Option<Self> {
        let (u, v) = grid.shares(lon_deg, lat_deg);
        let place = |share: f64, side: u32| {
            let scaled = share * f64::from(1u32 << zoom.min(limits::ZOOM_MAX));
            scaled.floor().clamp(0.0, f64::from(side - 1)) as u32
        };
        let (columns, rows) = (grid.columns(zoom.min(limits::ZOOM_MAX)), grid.rows(zoom.min(limits::ZOOM_MAX)));
        TileAddress::new(grid, zoom, place(u, columns), place(v, rows))
    }

    /// First and last tile, in both directions, of those that the box touches.
    pub fn range_of(grid: Grid, zoom: u8, bbox: &BBox) -> Option<(TileAddress, TileAddress)> {
        /// Sides of a box are curves in the HK1980 Grid.
        const STEPS: i32 = 8;
        let (mut low, mut high) = ((u32::MAX, u32::MAX), (0, 0));
        for step in 0..=STEPS {
            let share = f64::from(step) / f64::from(STEPS);
            let lon_deg = bbox.west_deg + share * (bbox.east_deg - bbox.west_deg);
            let lat_deg = bbox.south_deg + share * (bbox.north_deg - bbox.south_deg);
            for (lon_deg, lat_deg) in [
                (lon_deg, bbox.south_deg),
                (lon_deg, bbox.north_deg),
                (bbox.west_deg, lat_deg),
                (bbox.east_deg, lat_deg),
            ] {
                let tile = TileAddress::of_place(grid, zoom, lon_deg, lat_deg)?;
                low = (low.0.min(tile.x), low.1.min(tile.y));
                high = (high.0.max(tile.x), high.1.max(tile.y));
            }
        }
        Some((TileAddress::new(grid, zoom, low.0, low.1)?, TileAddress::new(grid, zoom, high.0, high.1)?))
    }

    /// The ground of the tile with its buffer.
    pub fn bbox_with_buffer(&self) -> BBox {
        let tiles = f64::from(1u32 << self.zoom);
        let buffer = f64::from(BUFFER) / f64::from(EXTENT);
        let (x, y) = (f64::from(self.x), f64::from(self.y));
        self.grid.bbox_of(
            (x - buffer) / tiles,
            (y - buffer) / tiles,
            (x + 1.0 + buffer) / tiles,
            (y + 1.0 + buffer) / tiles,
        )
    }

    /// A place in shares of the grid, in units from the tile's corner.
    pub fn snap(&self, shares: (f64, f64)) -> GridPoint {
        self.from_corner(zoom_point(self.zoom, shares))
    }

    /// A place on the zoom's grid, in units from the tile's corner.
    pub fn from_corner(&self, (x, y): ZoomPoint) -> GridPoint {
        /// A shape may reach far beyond a deep tile; moved to here it still clips to the same edge.
        const FAR: i64 = 1_000_000_000;
        let from = |place: i64, tile: u32| (place - i64::from(tile) * i64::from(EXTENT)).clamp(-FAR, FAR) as i32;
        (from(x, self.x), from(y, self.y))
    }

    /// The tile so many zooms above, in which this one lies; at most the one of zoom 0.
    pub fn ancestor(&self, up: u8) -> TileAddress {
        let up = up.min(self.zoom);
        TileAddress { grid: self.grid, zoom: self.zoom - up, x: self.x >> up, y: self.y >> up }
    }

    /// The tile's number in the file of baked tiles.
    pub fn key(&self) -> i64 {
        (i64::from(self.zoom) << 52) | (i64::from(self.x) << 26) | i64::from(self.y)
    }
}

/// A place in tile units from the grid's north-western corner.
pub type ZoomPoint = (i64, i64);

/// The place of a zoom's grid that is nearest to one in shares of it. Rounding happens on the grid of
/// the whole zoom, so that neighbouring tiles agree on every vertex.
pub fn zoom_point(zoom: u8, (u, v): (f64, f64)) -> ZoomPoint {
    let scale = f64::from(1u32 << zoom) * f64::from(EXTENT);
    (nearest(u * scale), nearest(v * scale))
}

/// Digits only and no leading zeros, so that one tile has one address.
fn number(text: &str) -> Option<u32> {
    let canonical =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

/// The nearest whole number. `f64::round` is a call into the system's library on processors of the
/// common denominator, a twentieth of what a tile costs.
fn nearest(number: f64) -> i64 {
    (number + 0.5_f64.copysign(number)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_outside_the_grid_are_refused_with_the_range() {
        for (grid, zoom, x, y, part) in [
            (Grid::WebMercatorQuad, "23", "0", "0", "0 to 22"),
            (Grid::WebMercatorQuad, "-1", "0", "0", "zoom \"-1\""),
            (Grid::WebMercatorQuad, "1", "2", "0", "column \"2\" is not a whole number from 0 to 1"),
            (Grid::WorldCRS84Quad, "1", "4", "0", "column \"4\" is not a whole number from 0 to 3"),
            (Grid::HongKong1980Grid, "1", "0", "2", "row \"2\""),
            (Grid::WebMercatorQuad, "1", "007", "0", "column"),
            (Grid::WebMercatorQuad, "1", "99999999999", "0", "column"),
        ] {
            let error = TileAddress::parse(grid, zoom, x, y).expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_known_place_falls_in_its_tile() {
        for (grid, zoom, lon_deg, lat_deg, x, y) in [
            // Tile 10/836/446 covers the harbour (GDAL's metadata of the same tile says so too).
            (Grid::WebMercatorQuad, 10, 114.169, 22.294, 836, 446),
            (Grid::WorldCRS84Quad, 0, -114.169, 22.294, 0, 0),
            (Grid::WorldCRS84Quad, 0, 114.169, 22.294, 1, 0),
            (Grid::WorldCRS84Quad, 9, 114.169, 22.294, 836, 192),
            // (836694.05 + 4786700) / (40075016.686 / 2^10) = 143.69; (8353100 − 819069.8) / … = 192.51.
            (Grid::HongKong1980Grid, 10, 114.181_009_327, 22.310_602_434, 143, 192),
        ] {
            let tile = TileAddress::of_place(grid, zoom, lon_deg, lat_deg).unwrap();
            assert_eq!((tile.x(), tile.y()), (x, y), "{grid} {zoom}");
            let (x, y) = tile.snap(grid.shares(lon_deg, lat_deg));
            assert!((0..=4096).contains(&x) && (0..=4096).contains(&y));
            assert!(tile.bbox_with_buffer().contains_point(lon_deg, lat_deg));
        }
    }

    #[test]
    fn neighbours_agree_on_every_vertex() {
        for grid in Grid::ALL {
            for step in 0..500u32 {
                let (lon_deg, lat_deg) = (114.0 + f64::from(step) * 0.000_777, 22.2 + f64::from(step) * 0.000_333);
                let tile = TileAddress::of_place(grid, 14, lon_deg, lat_deg).unwrap();
                let east = TileAddress::new(grid, 14, tile.x() + 1, tile.y()).unwrap();
                let (x, y) = tile.snap(grid.shares(lon_deg, lat_deg));
                assert_eq!(east.snap(grid.shares(lon_deg, lat_deg)), (x - EXTENT, y));
            }
        }
    }

    #[test]
    fn every_tile_knows_the_ground_of_the_places_in_it() {
        for grid in Grid::ALL {
            for zoom in 0..=limits::ZOOM_MAX {
                for (lon_deg, lat_deg) in [(113.85, 22.15), (114.169, 22.294), (114.45, 22.55)] {
                    let tile = TileAddress::of_place(grid, zoom, lon_deg, lat_deg).unwrap();
                    assert!(tile.bbox_with_buffer().contains_point(lon_deg, lat_deg), "{grid} {zoom}");
                }
            }
        }
    }
}
