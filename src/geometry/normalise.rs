//! Putting a geometry in order before it is stored: finite, in the world, rings closed and wound
//! as RFC 7946 wants them, no point twice in a row, empty parts left out.

use std::ops::Range;

use super::{GeometryFault, Shape};
use crate::base::geometry_kind::Dimension;

/// A geometry in order, and what was done to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalised {
    pub shape: Shape,
    pub tidied: Tidied,
}

/// Counts of what was tidied in one geometry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tidied {
    pub rings_closed: u32,
    pub repeated_points_dropped: u32,
    pub rings_reversed: u32,
}

/// Reads WKB whose coordinates are CRS84 degrees and puts it in order.
pub fn normalise(wkb: &[u8]) -> Result<Normalised, GeometryFault> {
    let mut raw = Shape::default();
    raw.read_wkb(wkb)?;
    let mut tidied = Tidied::default();
    let shape = tidy(&raw, &mut tidied)?.unified();
    Ok(Normalised { shape, tidied })
}

fn tidy(raw: &Shape, tidied: &mut Tidied) -> Result<Shape, GeometryFault> {
    check_coordinates(raw)?;
    let mut shape = Shape::new(raw.kind);
    shape.has_z = raw.has_z;
    shape.has_m = raw.has_m;
    shape.points.reserve_exact(raw.points.len());
    shape.ends.reserve_exact(raw.ends.len());
    match raw.kind.dimension() {
        Dimension::Points => {
            shape.points.clone_from(&raw.points);
            shape.extras.clone_from(&raw.extras);
        }
        Dimension::Lines => {
            for run in raw.runs() {
                copy_line(raw, run, &mut shape, tidied)?;
            }
        }
        Dimension::Areas => {
            for polygon in raw.polygons() {
                for (place, ring) in polygon.enumerate() {
                    let start = if ring == 0 { 0 } else { raw.ends[ring - 1] };
                    copy_ring(raw, start..raw.ends[ring], place == 0, &mut shape, tidied)?;
                }
                shape.polygon_ends.push(shape.ends.len());
            }
        }
        Dimension::Mixed | Dimension::None => {
            for member in raw.members.iter().filter(|member| !member.is_empty()) {
                shape.members.push(tidy(member, tidied)?);
            }
        }
    }
    Ok(shape)
}

fn check_coordinates(shape: &Shape) -> Result<(), GeometryFault> {
    // Rounding in a projection may leave a point on the edge of the world just beyond it.
    const SLACK_DEG: f64 = 1e-9;
    for (vertex, &(lon_deg, lat_deg)) in shape.points.iter().enumerate() {
        for value in [lon_deg, lat_deg] {
            if !value.is_finite() {
                return Err(GeometryFault::NotFinite { vertex, value });
            }
        }
        if lon_deg.abs() > 180.0 + SLACK_DEG || lat_deg.abs() > 90.0 + SLACK_DEG {
            return Err(GeometryFault::OutsideTheWorld { vertex, lon_deg, lat_deg });
        }
    }
    let extras = shape.extras_per_point().max(1);
    // A measure that is not a number is how shapefiles and FileGDBs write that there is none.
    let is_measure = |place: usize| shape.has_m && place % extras == extras - 1;
    let is_right = |place: usize, extra: f64| extra.is_finite() || (is_measure(place) && extra.is_nan());
    match shape.extras.iter().enumerate().position(|(place, extra)| !is_right(place, *extra)) {
        Some(place) => Err(GeometryFault::NotFinite { vertex: place / extras, value: shape.extras[place] }),
        None => Ok(()),
    }
}

/// Appends the points of a run, or the same backward, without those that repeat their predecessor.
fn copy_points(raw: &Shape, run: Range<usize>, is_backward: bool, shape: &mut Shape, tidied: &mut Tidied) {
    let points = &raw.points[run.clone()];
    let extras = raw.extras_per_point();
    if extras == 0 && points.windows(2).all(|pair| pair[0] != pair[1]) {
        match is_backward {
            true => shape.points.extend(points.iter().rev()),
            false => shape.points.extend_from_slice(points),
        }
        return;
    }
    let start = shape.points.len();
    for place in 0..points.len() {
        let point = if is_backward { run.end - 1 - place } else { run.start + place };
        let repeats = shape.points.len() > start && shape.points.last() == Some(&raw.points[point]);
        if repeats {
            tidied.repeated_points_dropped += 1;
        } else {
            shape.points.push(raw.points[point]);
            shape.extras.extend_from_slice(&raw.extras[point * extras..(point + 1) * extras]);
        }
    }
}

fn copy_line(raw: &Shape, run: Range<usize>, shape: &mut Shape, tidied: &mut Tidied) -> Result<(), GeometryFault> {
    let start = shape.points.len();
    copy_points(raw, run, false, shape, tidied);
    if shape.points.len() - start < 2 {
        return Err(GeometryFault::LineTooShort);
    }
    shape.ends.push(shape.points.len());
    Ok(())
}

fn copy_ring(
    raw: &Shape,
    run: Range<usize>,
    is_exterior: bool,
    shape: &mut Shape,
    tidied: &mut Tidied,
) -> Result<(), GeometryFault> {
    let ring = &raw.points[run.clone()];
    let is_closed = ring.first() == ring.last();
    let is_counter_clockwise = twice_area(ring) > 0.0;
    let start = shape.points.len();
    let is_backward = is_counter_clockwise != is_exterior;
    tidied.rings_reversed += u32::from(is_backward);
    copy_points(raw, run, is_backward, shape, tidied);
    if !is_closed {
        tidied.rings_closed += 1;
        let extras = raw.extras_per_point();
        shape.points.push(shape.points[start]);
        shape.extras.extend_from_within(start * extras..(start + 1) * extras);
    }
    if shape.points.len() - start < 4 {
        return Err(GeometryFault::RingTooShort);
    }
    shape.ends.push(shape.points.len());
    Ok(())
}

/// Twice the signed area of a ring, closed or not; positive when counter-clockwise. Computed
/// about the first point, so that small rings far from the origin keep their digits.
fn twice_area(ring: &[(f64, f64)]) -> f64 {
    let Some(&(x0, y0)) = ring.first() else { return 0.0 };
    ring.windows(2).map(|edge| (edge[0].0 - x0) * (edge[1].1 - y0) - (edge[1].0 - x0) * (edge[0].1 - y0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::GeometryKind;

    fn polygon(rings: &[&[(f64, f64)]]) -> Shape {
        let mut shape = Shape::new(GeometryKind::Polygon);
        for ring in rings {
            shape.points.extend_from_slice(ring);
            shape.ends.push(shape.points.len());
        }
        shape.polygon_ends.push(shape.ends.len());
        shape
    }

    #[test]
    fn rings_are_closed_wound_and_freed_of_repeated_points() {
        let clockwise_open = [(0.0, 0.0), (0.0, 2.0), (0.0, 2.0), (2.0, 2.0), (2.0, 0.0)];
        let normalised = normalise(&polygon(&[&clockwise_open]).to_wkb()).unwrap();
        assert_eq!(normalised.tidied, Tidied { rings_closed: 1, repeated_points_dropped: 1, rings_reversed: 1 });
        let ring = normalised.shape.run(0);
        assert_eq!(ring.first(), ring.last());
        assert!(twice_area(ring) > 0.0);
    }

    #[test]
    fn what_cannot_be_a_geometry_is_named() {
        let nan = polygon(&[&[(0.0, 0.0), (f64::NAN, 1.0), (1.0, 1.0), (0.0, 0.0)]]);
        assert!(matches!(normalise(&nan.to_wkb()), Err(GeometryFault::NotFinite { vertex: 1, .. })));
        let metres =
            polygon(&[&[(836694.0, 819069.0), (836700.0, 819069.0), (836700.0, 819100.0), (836694.0, 819069.0)]]);
        assert!(matches!(normalise(&metres.to_wkb()), Err(GeometryFault::OutsideTheWorld { vertex: 0, .. })));
        let flat = polygon(&[&[(0.0, 0.0), (1.0, 1.0), (0.0, 0.0)]]);
        assert_eq!(normalise(&flat.to_wkb()), Err(GeometryFault::RingTooShort));
        let good = polygon(&[&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]]).to_wkb();
        for length in 0..good.len() {
            assert!(normalise(&good[..length]).is_err(), "cut at {length}");
        }
    }
}
