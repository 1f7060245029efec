//! Arcs to straight pieces. GDAL cuts an arc by angle; how far a piece then stands off the arc
//! depends on the radius, so the angle is found from the largest radius in the geometry.

use gdal_sys::{
    OGR_G_GetGeometryCount, OGR_G_GetGeometryRef, OGR_G_GetLinearGeometry, OGR_G_GetPointCount, OGR_G_GetX, OGR_G_GetY,
    OGRGeometryH, OGRwkbGeometryType,
};

use super::geometry::{Owned, flat_type};

/// The finest angle: a full circle becomes 36,000 pieces, whatever its radius.
const FINEST_DEG: f64 = 0.01;
/// The coarsest angle: a small circle stays round to the eye.
const COARSEST_DEG: f64 = 10.0;

/// The geometry without curves, none of whose pieces stands off by more than `tolerance`; and
/// whether there was an arc. Types of curve and surface that hold only straight lines are renamed.
pub fn straighten(geometry: Owned, tolerance: f64) -> (Owned, bool) {
    if !is_curved_type(flat_type(geometry.0)) && !has_curved_member(geometry.0) {
        return (geometry, false);
    }
    let radius = largest_radius(geometry.0);
    let step_deg = match radius {
        Some(radius) if radius > tolerance => (2.0 * (1.0 - tolerance / radius).acos()).to_degrees(),
        _ => COARSEST_DEG,
    };
    // SAFETY: the handle is live; the answer is a new geometry that is ours.
    let straight =
        unsafe { OGR_G_GetLinearGeometry(geometry.0, step_deg.clamp(FINEST_DEG, COARSEST_DEG), std::ptr::null_mut()) };
    if straight.is_null() { (geometry, false) } else { (Owned(straight), radius.is_some()) }
}

fn is_curved_type(kind: OGRwkbGeometryType::Type) -> bool {
    matches!(
        kind,
        OGRwkbGeometryType::wkbCircularString
            | OGRwkbGeometryType::wkbCompoundCurve
            | OGRwkbGeometryType::wkbCurvePolygon
            | OGRwkbGeometryType::wkbMultiCurve
            | OGRwkbGeometryType::wkbMultiSurface
    )
}

fn members(geometry: OGRGeometryH) -> impl Iterator<Item = OGRGeometryH> {
    // SAFETY: members live as long as their geometry, which the caller keeps.
    let count = unsafe { OGR_G_GetGeometryCount(geometry) };
    (0..count).map(move |member| unsafe { OGR_G_GetGeometryRef(geometry, member) })
}

fn has_curved_member(geometry: OGRGeometryH) -> bool {
    flat_type(geometry) == OGRwkbGeometryType::wkbGeometryCollection
        && members(geometry).any(|member| is_curved_type(flat_type(member)) || has_curved_member(member))
}

/// The largest radius of all arcs; `None` where there is no arc.
fn largest_radius(geometry: OGRGeometryH) -> Option<f64> {
    if flat_type(geometry) != OGRwkbGeometryType::wkbCircularString {
        return members(geometry).filter_map(largest_radius).reduce(f64::max);
    }
    // SAFETY: the points asked for are there.
    let points: Vec<(f64, f64)> = unsafe {
        (0..OGR_G_GetPointCount(geometry)).map(|at| (OGR_G_GetX(geometry, at), OGR_G_GetY(geometry, at))).collect()
    };
    points.windows(3).step_by(2).filter_map(|arc| radius(arc[0], arc[1], arc[2])).reduce(f64::max)
}

/// The radius of the circle through three points; where first and last are one, they and the
/// middle are the ends of a diameter. `None` of points on a line.
fn radius(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> Option<f64> {
    let distance = |p: (f64, f64), q: (f64, f64)| (p.0 - q.0).hypot(p.1 - q.1);
    if a == c {
        return Some(distance(a, b) / 2.0);
    }
    let twice_area = ((b.0 - a.0) * (c.1 - a.1) - (c.0 - a.0) * (b.1 - a.1)).abs();
    let radius = distance(a, b) * distance(b, c) * distance(c, a) / (2.0 * twice_area);
    radius.is_finite().then_some(radius)
}
