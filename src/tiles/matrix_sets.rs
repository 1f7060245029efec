//! The grids as TileMatrixSet documents, OGC 17-083r4 §6 and Annex D.

use serde_json::{Value, json};

use super::grid::{HALF_WORLD_M, HK1980_CELL_M, HK1980_ORIGIN_EASTING_M, HK1980_ORIGIN_NORTHING_M};
use crate::base::{Grid, limits};

/// Metres of a pixel of the OGC's standardised rendering, OGC 17-083r4 §6.1.1.1.
const PIXEL_M: f64 = 0.000_28;
/// Metres of a degree at the equator of WGS 84, which is what CRS84's scales are reckoned with.
const DEGREE_M: f64 = 6_378_137.0 * std::f64::consts::PI / 180.0;
/// Pixels along a tile, as the registered grids have them.
const TILE_PIXELS: u32 = 256;

impl Grid {
    pub fn title(self) -> &'static str {
        match self {
            Grid::WebMercatorQuad => "Google Maps Compatible for the World",
            Grid::WorldCRS84Quad => "CRS84 for the World",
            Grid::HongKong1980Grid => "Hong Kong 1980 Grid of the Lands Department",
        }
    }

    pub fn crs_uri(self) -> &'static str {
        match self {
            Grid::WebMercatorQuad => "http://www.opengis.net/def/crs/EPSG/0/3857",
            Grid::WorldCRS84Quad => "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            Grid::HongKong1980Grid => "http://www.opengis.net/def/crs/EPSG/0/2326",
        }
    }

    /// The registered name; the Lands Department has not registered its grid.
    pub fn registered_uri(self) -> Option<&'static str> {
        match self {
            Grid::WebMercatorQuad => Some("http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"),
            Grid::WorldCRS84Quad => Some("http://www.opengis.net/def/tilematrixset/OGC/1.0/WorldCRS84Quad"),
            Grid::HongKong1980Grid => None,
        }
    }

    fn scale_set(self) -> Option<&'static str> {
        match self {
            Grid::WebMercatorQuad => Some("http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible"),
            Grid::WorldCRS84Quad => Some("http://www.opengis.net/def/wkss/OGC/1.0/GoogleCRS84Quad"),
            Grid::HongKong1980Grid => None,
        }
    }

    /// Units of the grid's system along a pixel at zoom 0, and metres of such a unit.
    fn cell(self) -> (f64, f64) {
        match self {
            Grid::WebMercatorQuad => (2.0 * HALF_WORLD_M / f64::from(TILE_PIXELS), 1.0),
            Grid::WorldCRS84Quad => (180.0 / f64::from(TILE_PIXELS), DEGREE_M),
            Grid::HongKong1980Grid => (HK1980_CELL_M, 1.0),
        }
    }

    /// Metres on the ground for one of the OGC's standardised rendering at a zoom.
    pub fn scale_denominator(self, zoom: u8) -> f64 {
        let (cell, unit_m) = self.cell();
        cell / f64::from(1u32 << zoom) * unit_m / PIXEL_M
    }

    /// The corner in the axis order of the document: for the HK1980 Grid, as the document states
    /// in `orderedAxes`, easting before northing, which is how every client of that grid has it.
    pub fn corner(self) -> [f64; 2] {
        match self {
            Grid::WebMercatorQuad => [-HALF_WORLD_M, HALF_WORLD_M],
            Grid::WorldCRS84Quad => [-180.0, 90.0],
            Grid::HongKong1980Grid => [HK1980_ORIGIN_EASTING_M, HK1980_ORIGIN_NORTHING_M],
        }
    }

    fn axes(self) -> [&'static str; 2] {
        match self {
            Grid::WebMercatorQuad => ["X", "Y"],
            Grid::WorldCRS84Quad => ["Lon", "Lat"],
            Grid::HongKong1980Grid => ["E", "N"],
        }
    }
}

/// The grid as a TileMatrixSet document.
pub fn tile_matrix_set(grid: Grid) -> Value {
    let (cell, _) = grid.cell();
    let matrices: Vec<Value> = (0..=limits::ZOOM_MAX)
        .map(|zoom| {
            let cell = cell / f64::from(1u32 << zoom);
            json!({
                "id": zoom.to_string(),
                "scaleDenominator": grid.scale_denominator(zoom),
                "cellSize": cell,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": grid.corner(),
                "matrixWidth": grid.columns(zoom),
                "matrixHeight": grid.rows(zoom),
                "tileWidth": TILE_PIXELS,
                "tileHeight": TILE_PIXELS,
            })
        })
        .collect();
    let mut document = json!({
        "id": grid,
        "title": grid.title(),
        "crs": grid.crs_uri(),
        "orderedAxes": grid.axes(),
        "tileMatrices": matrices,
    });
    for (name, value) in [("uri", grid.registered_uri()), ("wellKnownScaleSet", grid.scale_set())] {
        if let Some(value) = value {
            document[name] = value.into();
        }
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scales_are_those_of_the_standard_and_of_the_lands_department() {
        for (grid, zoom, scale, cell) in [
            (Grid::WebMercatorQuad, 0, 559_082_264.028_717_9, 156_543.033_928_041),
            (Grid::WorldCRS84Quad, 0, 279_541_132.014_358_76, 0.703_125),
            (Grid::WorldCRS84Quad, 17, 2_132.729_583_849_784_2, 5.364_418_029_785_156e-6),
            (Grid::HongKong1980Grid, 0, 559_082_264.028_6, 156_543.033_928),
            (Grid::HongKong1980Grid, 10, 545_978.773_465_4, 152.874_056_57),
        ] {
            let document = tile_matrix_set(grid);
            let matrix = &document["tileMatrices"][zoom];
            let near = |name: &str, wanted: f64| {
                let found = matrix[name].as_f64().unwrap();
                assert!((found / wanted - 1.0).abs() < 1e-9, "{grid} {zoom} {name}: {found} {wanted}");
            };
            near("scaleDenominator", scale);
            near("cellSize", cell);
        }
    }
}
