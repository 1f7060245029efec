//! Areas as outlines that lie edge to edge, for a picture on a page whose areas are links.

use super::fingerprint::path;
use super::frame::{Frame, Place};
use crate::base::BBox;
use crate::geometry::Shape;

/// The picture is so many times as wide and high as a fingerprint.
const SCALE: f64 = 2.5;
/// All corners stand on this grid, in pixels of the picture: neighbours share their corners before and after.
const GRID_PIXELS: u16 = 2;

/// One area of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    pub bbox: BBox,
    /// Path data of SVG.
    pub path: String,
    /// A place inside its largest ring, where a name may stand.
    pub middle: (i32, i32),
    /// Width and height of its box.
    pub size: (i32, i32),
}

/// All areas in one picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlines {
    /// In the order of the shapes.
    pub outlines: Vec<Outline>,
    /// West, north, width and height, in pixels: what `viewBox` takes.
    pub view: (i32, i32, i32, i32),
    /// The ground that the view shows; absent where nothing is drawn.
    pub extent: Option<BBox>,
}

impl Outlines {
    /// Where a box lies in the picture: west, north, width and height, in pixels, at least one wide and high.
    pub fn rectangle(&self, bbox: &BBox) -> Option<(i32, i32, i32, i32)> {
        let frame = Frame::of(Some(self.extent?));
        let ((west, north), (width, height)) = corners(&frame, *bbox);
        Some((west, north, width.max(1), height.max(1)))
    }
}

fn place(frame: &Frame, lon_deg: f64, lat_deg: f64) -> Place {
    let Place { x, y } = frame.at(lon_deg, lat_deg);
    Place { x: x * SCALE, y: y * SCALE }
}

/// The north-western corner of a box in the picture, and its width and height.
fn corners(frame: &Frame, bbox: BBox) -> ((i32, i32), (i32, i32)) {
    let (from, to) = (place(frame, bbox.west_deg, bbox.north_deg), place(frame, bbox.east_deg, bbox.south_deg));
    let (x, y) = from.rounded();
    ((x, y), (to.x.ceil() as i32 - x, to.y.ceil() as i32 - y))
}

/// Draws areas around which the picture ends. One that is smaller than the grid has an empty path.
pub fn outlines<'a>(areas: impl IntoIterator<Item = &'a Shape>) -> Outlines {
    let areas: Vec<&Shape> = areas.into_iter().collect();
    let mut extent = BBox::EMPTY;
    areas.iter().for_each(|area| extent.include(&area.bbox()));
    if extent.is_empty() {
        return Outlines::default();
    }
    let frame = Frame::of(Some(extent));
    let outline = |area: &&Shape| {
        let placed = |(lon_deg, lat_deg): &(f64, f64)| place(&frame, *lon_deg, *lat_deg);
        let rings = area.runs().map(|run| area.points[run].iter().map(placed).collect());
        let rings: Vec<Vec<Place>> = rings.collect();
        let bbox = area.bbox();
        let (corner, size) = corners(&frame, bbox);
        let middle = area.representative_point().map_or(corner, |point| placed(&point).rounded());
        Outline { bbox, path: path::rings(&rings, GRID_PIXELS), middle, size }
    };
    let ((west, north), (width, height)) = corners(&frame, extent);
    Outlines { outlines: areas.iter().map(outline).collect(), view: (west, north, width, height), extent: Some(extent) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::GeometryKind;

    fn square(west: f64, south: f64, side: f64) -> Shape {
        let (east, north) = (west + side, south + side);
        Shape {
            points: vec![(west, south), (east, south), (east, north), (west, north), (west, south)],
            ends: vec![5],
            polygon_ends: vec![1],
            ..Shape::new(GeometryKind::Polygon)
        }
    }

    #[test]
    fn neighbours_lie_edge_to_edge_in_a_picture_that_ends_around_them() {
        let (left, right) = (square(114.0, 22.3, 0.1), square(114.1, 22.3, 0.1));
        let drawn = outlines([&left, &right]);
        let corners = |outline: &Outline| {
            let numbers: Vec<i32> =
                outline.path.split(|c: char| c.is_alphabetic() || c == ' ').filter_map(|n| n.parse().ok()).collect();
            (numbers[0], numbers[1])
        };
        let [west, east] = [&drawn.outlines[0], &drawn.outlines[1]];
        let (from, to) = (corners(west), corners(east));
        assert_eq!(from.1, to.1, "{drawn:?}");
        assert!(west.path.contains(&format!("l{} 0", to.0 - from.0)), "{drawn:?}");
        let (x, _, width, height) = drawn.view;
        assert!((x - from.0).abs() <= 2 && (width - 2 * height).abs() <= 16, "{drawn:?}");
        assert!((from.0..to.0).contains(&west.middle.0), "{drawn:?}");
        assert_eq!(drawn.rectangle(&drawn.extent.unwrap()), Some(drawn.view));
    }

    #[test]
    fn without_areas_there_is_no_picture() {
        assert_eq!(outlines([]), Outlines::default());
    }
}
