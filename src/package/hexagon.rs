//! Cells of H3, in which features are counted.

use h3o::{CellIndex, LatLng, Resolution};

/// The finest resolution: hexagons of a square metre.
pub const RESOLUTION_MAX: u8 = 15;

/// The cell that holds a place, by its index in hexadecimal digits; `None` where it is no place or the
/// resolution none.
pub fn hexagon_of(lon_deg: f64, lat_deg: f64, resolution: u8) -> Option<String> {
    let resolution = Resolution::try_from(resolution).ok()?;
    Some(LatLng::new(lat_deg, lon_deg).ok()?.to_cell(resolution).to_string())
}

/// The closed ring around a cell in degrees, counter-clockwise; `None` for what is no cell.
pub fn hexagon_ring(cell: &str) -> Option<Vec<(f64, f64)>> {
    let cell: CellIndex = cell.parse().ok()?;
    let mut ring: Vec<(f64, f64)> = cell.boundary().iter().map(|corner| (corner.lng(), corner.lat())).collect();
    let first = *ring.first()?;
    ring.push(first);
    Some(ring)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_in_its_cell_of_each_resolution() {
        // The index of this place at resolution 9, as h3geo.org's own examples give it.
        assert_eq!(hexagon_of(-122.418_307_270_836_4, 37.775_938_728_915_55, 9).unwrap(), "8928308280fffff");
        for resolution in 0..=RESOLUTION_MAX {
            let cell = hexagon_of(114.17, 22.3, resolution).unwrap();
            let ring = hexagon_ring(&cell).unwrap();
            assert!((6..=11).contains(&ring.len()), "{cell}");
            assert_eq!(ring.first(), ring.last());
        }
        assert_eq!(hexagon_of(114.17, 22.3, RESOLUTION_MAX + 1), None);
        assert_eq!(hexagon_ring("x"), None);
    }
}
