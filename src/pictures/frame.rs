//! The ground that a fingerprint or a thumbnail shows.

use crate::base::{BBox, Grid};
use crate::geometry::clip::GridPoint;
use crate::tiles::TileAddress;
use crate::tiles::grid::EXTENT;

/// The picture is so many pixels wide and high; it is drawn at about that size.
pub const WIDTH_PIXELS: u16 = 220;
pub const HEIGHT_PIXELS: u16 = 160;

/// A place in the picture, in pixels from its north-western corner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub x: f64,
    pub y: f64,
}

impl Place {
    pub fn rounded(self) -> (i32, i32) {
        (self.x.floor() as i32, self.y.floor() as i32)
    }
}

/// The ground of one picture, in shares of WebMercatorQuad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    west: f64,
    north: f64,
    width: f64,
    is_of_hong_kong: bool,
}

impl Frame {
    /// The land of Hong Kong for what lies there and for nothing, else the ground of the layer itself.
    pub fn of(extent: Option<BBox>) -> Self {
        const LAND: BBox = BBox::new(113.82, 22.14, 114.51, 22.57);
        /// What is smaller is shown on about as much ground as a village has.
        const LEAST: f64 = 0.01 / 360.0;
        let home = extent.filter(|extent| !extent.is_empty()).is_none_or(|extent| is_within(&extent, &Grid::HONG_KONG));
        let shown = extent.filter(|_| !home).unwrap_or(LAND);
        let (west, north) = Grid::WebMercatorQuad.shares(shown.west_deg, shown.north_deg);
        let (east, south) = Grid::WebMercatorQuad.shares(shown.east_deg, shown.south_deg);
        /// Around the shapes stays some ground.
        const MARGIN: f64 = 1.06;
        let ratio = f64::from(HEIGHT_PIXELS) / f64::from(WIDTH_PIXELS);
        let width = MARGIN * (east - west).max((south - north) / ratio).max(LEAST);
        Frame {
            west: (west + east - width) / 2.0,
            north: (north + south - width * ratio) / 2.0,
            width,
            is_of_hong_kong: home,
        }
    }

    pub fn is_of_hong_kong(&self) -> bool {
        self.is_of_hong_kong
    }

    /// The ground's width as a share of the world's.
    pub fn width_share(&self) -> f64 {
        self.width
    }

    fn height(&self) -> f64 {
        self.width * f64::from(HEIGHT_PIXELS) / f64::from(WIDTH_PIXELS)
    }

    /// At most four tiles that hold all of the ground.
    pub fn tiles(&self) -> Vec<TileAddress> {
        const ZOOM_MAX: f64 = 14.0;
        /// How much of a tile the ground is wide at most, so that few tiles hold it and they are finer than the picture.
        const SHARE_MAX: f64 = 0.6;
        let zoom = (SHARE_MAX / self.width).log2().floor().clamp(0.0, ZOOM_MAX) as u8;
        let side = f64::from(1u32 << zoom);
        let range = |from: f64, length: f64| {
            let place = |share: f64| (share * side).floor().clamp(0.0, side - 1.0) as u32;
            place(from)..=place(from + length)
        };
        range(self.north, self.height())
            .flat_map(|y| range(self.west, self.width).map(move |x| (x, y)))
            .filter_map(|(x, y)| TileAddress::new(Grid::WebMercatorQuad, zoom, x, y))
            .collect()
    }

    /// Where a point of a tile is in the picture.
    pub fn place(&self, tile: &TileAddress, (x, y): GridPoint) -> Place {
        let side = f64::from(1u32 << tile.zoom());
        let share = |tile: u32, at: i32| (f64::from(tile) + f64::from(at) / f64::from(EXTENT)) / side;
        self.of_shares((share(tile.x(), x), share(tile.y(), y)))
    }

    /// Where a place of the ground is in the picture.
    pub fn at(&self, lon_deg: f64, lat_deg: f64) -> Place {
        self.of_shares(Grid::WebMercatorQuad.shares(lon_deg, lat_deg))
    }

    fn of_shares(&self, (x, y): (f64, f64)) -> Place {
        let scale = f64::from(WIDTH_PIXELS) / self.width;
        Place { x: (x - self.west) * scale, y: (y - self.north) * scale }
    }

    /// Whether a place is in the picture.
    pub fn shows(place: &Place) -> bool {
        (0.0..f64::from(WIDTH_PIXELS)).contains(&place.x) && (0.0..f64::from(HEIGHT_PIXELS)).contains(&place.y)
    }
}

fn is_within(inner: &BBox, outer: &BBox) -> bool {
    inner.west_deg >= outer.west_deg
        && inner.east_deg <= outer.east_deg
        && inner.south_deg >= outer.south_deg
        && inner.north_deg <= outer.north_deg
}
