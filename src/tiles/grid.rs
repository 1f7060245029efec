//! The grid WebMercatorQuad: addresses of tiles and where they lie.

use serde_json::{Value, json};

use crate::base::{BBox, limits};

/// Units along the side of a tile.
pub const EXTENT: i32 = 4096;
/// Units kept around a tile so that strokes do not end at its edge: 8 px of a 512 px tile.
pub const BUFFER: i32 = 64;
/// The latitude at which Web Mercator is a square.
pub const LATITUDE_MAX_DEG: f64 = 85.051_128_779_806_59;
/// Half the side of the world in metres of EPSG:3857.
const HALF_WORLD_M: f64 = 20_037_508.342_789_244;
/// Metres of a pixel of the OGC's standardised rendering, OGC 17-083r4 §6.1.1.1.
const PIXEL_M: f64 = 0.000_28;

/// A tile of WebMercatorQuad. Rows count from the north.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileAddress {
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
    pub fn new(zoom: u8, x: u32, y: u32) -> Option<Self> {
        let within = zoom <= limits::ZOOM_MAX && x < side(zoom) && y < side(zoom);
        within.then_some(TileAddress { zoom, x, y })
    }

    /// Reads an address as it stands in a path: digits only, no leading zeros.
    pub fn parse(zoom: &str, x: &str, y: &str) -> Result<Self, TileAddressError> {
        let cut = crate::base::ids::cut;
        let zoom = number(zoom)
            .and_then(|zoom| u8::try_from(zoom).ok())
            .filter(|zoom| *zoom <= limits::ZOOM_MAX)
            .ok_or_else(|| TileAddressError::Zoom(cut(zoom)))?;
        let place = |axis, value: &str| {
            number(value).filter(|place| *place < side(zoom)).ok_or_else(|| TileAddressError::Place {
                axis,
                value: cut(value),
                zoom,
                max: side(zoom) - 1,
            })
        };
        Ok(TileAddress { zoom, x: place("column", x)?, y: place("row", y)? })
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

    /// The tile in which a place lies.
    pub fn of_place(zoom: u8, lon_deg: f64, lat_deg: f64) -> Option<Self> {
        let (x, y) = mercator(lon_deg, lat_deg);
        let tiles = f64::from(side(zoom.min(limits::ZOOM_MAX)));
        let place = |share: f64| (share * tiles).floor().clamp(0.0, tiles - 1.0) as u32;
        TileAddress::new(zoom, place(x), place(y))
    }

    /// The ground of the tile with its buffer.
    pub fn bbox_with_buffer(&self) -> BBox {
        let tiles = f64::from(side(self.zoom));
        let buffer = f64::from(BUFFER) / f64::from(EXTENT);
        let west = (f64::from(self.x) - buffer) / tiles;
        let east = (f64::from(self.x) + 1.0 + buffer) / tiles;
        let north = (f64::from(self.y) - buffer) / tiles;
        let south = (f64::from(self.y) + 1.0 + buffer) / tiles;
        BBox::new(
            (west * 360.0 - 180.0).max(-180.0),
            if south >= 1.0 { -90.0 } else { latitude_deg(south) },
            (east * 360.0 - 180.0).min(180.0),
            if north <= 0.0 { 90.0 } else { latitude_deg(north) },
        )
    }

    /// Tile units of a place, not yet rounded.
    pub fn project(&self, lon_deg: f64, lat_deg: f64) -> (f64, f64) {
        let (x, y) = mercator(lon_deg, lat_deg);
        let tiles = f64::from(side(self.zoom));
        let extent = f64::from(EXTENT);
        ((x * tiles - f64::from(self.x)) * extent, (y * tiles - f64::from(self.y)) * extent)
    }
}

fn side(zoom: u8) -> u32 {
    1 << zoom
}

/// Digits only and no leading zeros, so that one tile has one address.
fn number(text: &str) -> Option<u32> {
    let canonical =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
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

/// The grid as a TileMatrixSet document, OGC 17-083r4 Annex D.1.
pub fn web_mercator_quad() -> Value {
    let matrices: Vec<Value> = (0..=limits::ZOOM_MAX)
        .map(|zoom| {
            let cell_m = 2.0 * HALF_WORLD_M / 256.0 / f64::from(side(zoom));
            json!({
                "id": zoom.to_string(),
                "scaleDenominator": cell_m / PIXEL_M,
                "cellSize": cell_m,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [-HALF_WORLD_M, HALF_WORLD_M],
                "matrixWidth": side(zoom),
                "matrixHeight": side(zoom),
                "tileWidth": 256,
                "tileHeight": 256,
            })
        })
        .collect();
    json!({
        "id": "WebMercatorQuad",
        "title": "Google Maps Compatible for the World",
        "uri": "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": matrices,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_outside_the_grid_are_refused_with_the_range() {
        for (zoom, x, y, part) in [
            ("23", "0", "0", "0 to 22"),
            ("-1", "0", "0", "zoom \"-1\""),
            ("1", "2", "0", "column \"2\" is not a whole number from 0 to 1"),
            ("1", "0", "2", "row \"2\""),
            ("1", "007", "0", "column"),
            ("1", "99999999999", "0", "column"),
        ] {
            let error = TileAddress::parse(zoom, x, y).expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn a_known_place_falls_in_its_tile() {
        // Tile 10/836/446 covers the harbour (the example of clients.md §4).
        let tile = TileAddress::of_place(10, 114.169, 22.294).unwrap();
        assert_eq!((tile.x(), tile.y()), (836, 446));
        let (x, y) = tile.project(114.169, 22.294);
        assert!((0.0..4096.0).contains(&x) && (0.0..4096.0).contains(&y));
    }
}
