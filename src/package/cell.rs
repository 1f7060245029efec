//! Cells of WorldCRS84Quad, in which features are counted.

use crate::base::BBox;

/// The side of a cell of zoom 0, of which two make the world.
const SIDE_DEG: f64 = 180.0;

/// The cell that holds a place: zoom, row from the north, column from the west.
pub fn cell_of(lon_deg: f64, lat_deg: f64, zoom: u8) -> String {
    let rows = f64::from(zoom).exp2();
    let side_deg = SIDE_DEG / rows;
    let place = |degrees: f64, most: f64| (degrees / side_deg).floor().clamp(0.0, most - 1.0) as u64;
    format!("{zoom}/{}/{}", place(90.0 - lat_deg, rows), place(lon_deg + 180.0, 2.0 * rows))
}

/// The ground of a cell; `None` for what is no cell.
pub fn cell_box(cell: &str) -> Option<BBox> {
    let parts: Vec<u64> = cell.split('/').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [zoom, row, column] = parts[..] else { return None };
    let side_deg = SIDE_DEG / (zoom as f64).exp2();
    let (west, north) = (column as f64 * side_deg - 180.0, 90.0 - row as f64 * side_deg);
    Some(BBox::new(west, north - side_deg, west + side_deg, north))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_lies_in_the_ground_of_its_cell() {
        for (lon, lat) in [(114.17, 22.3), (-180.0, 90.0), (180.0, -90.0), (0.0, 0.0)] {
            for zoom in [0, 5, 13, 23] {
                let ground = cell_box(&cell_of(lon, lat, zoom)).unwrap();
                assert!(ground.contains_point(lon, lat), "{lon} {lat} {zoom} {ground:?}");
            }
        }
        assert_eq!(cell_of(114.17, 22.3, 0), "0/0/1");
        assert_eq!(cell_box("x"), None);
    }
}
