//! Whether a geometry shares a point with a box, exactly.

use std::cell::RefCell;

use super::{GeometryFault, Shape, blob};
use crate::base::BBox;
use crate::base::geometry_kind::Dimension;

thread_local! {
    /// One shape a thread, filled again for each geometry.
    static SCRATCH: RefCell<Shape> = RefCell::new(Shape::default());
}

/// As [`shape_intersects_box`], for a GeoPackage blob. The envelope answers most questions
/// without reading a vertex.
pub fn intersects_box(bytes: &[u8], bbox: &BBox) -> Result<bool, GeometryFault> {
    let blob = blob::parse(bytes)?;
    if blob.is_empty {
        return Ok(false);
    }
    if let Some(envelope) = blob.envelope {
        if !envelope.intersects(bbox) {
            return Ok(false);
        }
        if bbox.contains(&envelope) {
            return Ok(true);
        }
    }
    SCRATCH.with_borrow_mut(|shape| {
        shape.read_wkb(blob.wkb)?;
        Ok(shape_intersects_box(shape, bbox))
    })
}

/// Whether the geometry and the closed box share a point. The box must not cross the antimeridian.
pub fn shape_intersects_box(shape: &Shape, bbox: &BBox) -> bool {
    match shape.kind.dimension() {
        Dimension::Points => shape.points.iter().any(|&point| inside(bbox, point)),
        Dimension::Lines => shape.runs().any(|run| run_touches(&shape.points[run], bbox)),
        Dimension::Areas => {
            shape.runs().any(|run| run_touches(&shape.points[run], bbox)) || box_lies_inside(shape, bbox)
        }
        Dimension::Mixed | Dimension::None => shape.members.iter().any(|member| shape_intersects_box(member, bbox)),
    }
}

fn inside(bbox: &BBox, (x, y): (f64, f64)) -> bool {
    x >= bbox.west_deg && x <= bbox.east_deg && y >= bbox.south_deg && y <= bbox.north_deg
}

fn run_touches(points: &[(f64, f64)], bbox: &BBox) -> bool {
    points.first().is_some_and(|&point| inside(bbox, point))
        || points.windows(2).any(|edge| segment_touches(edge[0], edge[1], bbox))
}

/// Liang–Barsky: the part of the segment inside each of the four half-planes in turn.
fn segment_touches(from: (f64, f64), to: (f64, f64), bbox: &BBox) -> bool {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let mut enter = 0.0f64;
    let mut leave = 1.0f64;
    for (step, room) in [
        (-dx, from.0 - bbox.west_deg),
        (dx, bbox.east_deg - from.0),
        (-dy, from.1 - bbox.south_deg),
        (dy, bbox.north_deg - from.1),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return false;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    enter <= leave
}

/// No edge touches the box, so it lies wholly inside or wholly outside: one corner decides, by
/// counting crossings over all rings, which takes holes and multipolygons as they are.
fn box_lies_inside(shape: &Shape, bbox: &BBox) -> bool {
    let (x, y) = (bbox.west_deg, bbox.south_deg);
    shape
        .runs()
        .flat_map(|run| shape.points[run].windows(2))
        .filter(|edge| (edge[0].1 > y) != (edge[1].1 > y))
        .filter(|edge| {
            let share = (y - edge[0].1) / (edge[1].1 - edge[0].1);
            edge[0].0 + share * (edge[1].0 - edge[0].0) > x
        })
        .count()
        % 2
        == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::GeometryKind;

    fn ring_with_hole() -> Shape {
        let mut shape = Shape::new(GeometryKind::Polygon);
        for ring in [
            vec![(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)],
            vec![(3.0, 3.0), (3.0, 7.0), (7.0, 7.0), (7.0, 3.0), (3.0, 3.0)],
        ] {
            shape.points.extend(ring);
            shape.ends.push(shape.points.len());
        }
        shape.polygon_ends.push(2);
        shape
    }

    #[test]
    fn a_box_meets_an_area_by_its_ground_and_not_by_its_envelope() {
        let shape = ring_with_hole();
        for (bbox, meets) in [
            (BBox::new(1.0, 1.0, 2.0, 2.0), true),
            (BBox::new(4.0, 4.0, 6.0, 6.0), false),
            (BBox::new(2.0, 4.0, 4.0, 5.0), true),
            (BBox::new(-1.0, -1.0, 11.0, 11.0), true),
            (BBox::new(10.0, 10.0, 12.0, 12.0), true),
            (BBox::new(10.1, 0.0, 12.0, 12.0), false),
        ] {
            assert_eq!(shape_intersects_box(&shape, &bbox), meets, "{bbox:?}");
            let blob = blob::encode(&shape.to_wkb(), shape.kind, &shape.bbox());
            assert_eq!(intersects_box(&blob, &bbox), Ok(meets), "{bbox:?}");
        }
    }

    #[test]
    fn a_diagonal_line_misses_the_corner_of_its_envelope() {
        let mut line = Shape::new(GeometryKind::LineString);
        line.points = vec![(0.0, 0.0), (10.0, 10.0)];
        line.ends = vec![2];
        assert!(shape_intersects_box(&line, &BBox::new(4.0, 4.0, 6.0, 6.0)));
        assert!(!shape_intersects_box(&line, &BBox::new(8.0, 0.0, 10.0, 2.0)));
    }
}
