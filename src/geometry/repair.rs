//! Rings that cross and touch, made into valid polygons.
//!
//! The library finds every crossing on the integer grid and says what is covered; how its borders
//! are strung together is ours, because its own stringing for OGC validity fails on rings that
//! touch in one point from several sides.

use hashbrown::HashMap;
use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{ContourDirection, IntOverlayOptions};
use i_overlay::core::simplify::Simplify;
use i_overlay::i_float::int::point::IntPoint;

use super::clip::{GridPoint, twice_area};

/// Valid polygons that cover what the rings cover by the even-odd rule: exteriors with a positive
/// shoelace sum, each followed by its holes, nothing degenerate.
pub fn repair(rings: &[Vec<GridPoint>]) -> Vec<Vec<Vec<GridPoint>>> {
    let (shells, holes): (Vec<_>, Vec<_>) =
        faces(&borders(rings)).into_iter().map(without_straight_corners).partition(|ring| twice_area(ring) > 0);
    let mut polygons: Vec<Vec<Vec<GridPoint>>> = shells.into_iter().map(|shell| vec![shell]).collect();
    for hole in holes.into_iter().filter(|hole| hole.len() >= 3) {
        let around = polygons
            .iter_mut()
            .filter(|polygon| is_inside(&hole, &polygon[0]))
            .min_by_key(|polygon| twice_area(&polygon[0]));
        if let Some(polygon) = around {
            polygon.push(hole);
        }
    }
    polygons
}

/// The edges of what is covered, each once, with the covered side to the left (y up), cut wherever
/// they meet.
fn borders(rings: &[Vec<GridPoint>]) -> Vec<(GridPoint, GridPoint)> {
    let options = IntOverlayOptions {
        preserve_input_collinear: false,
        output_direction: ContourDirection::CounterClockwise,
        preserve_output_collinear: true,
        min_output_area: 0,
        ogc: false,
    };
    let contours: Vec<Vec<IntPoint>> =
        rings.iter().map(|ring| ring.iter().map(|&(x, y)| IntPoint::new(x, y)).collect()).collect();
    let mut edges = Vec::new();
    for shape in contours.simplify(FillRule::EvenOdd, options) {
        for (place, contour) in shape.into_iter().enumerate() {
            let mut ring: Vec<GridPoint> = contour.into_iter().map(|point| (point.x, point.y)).collect();
            if (twice_area(&ring) > 0) != (place == 0) {
                ring.reverse();
            }
            edges.extend((0..ring.len()).map(|at| (ring[at], ring[(at + 1) % ring.len()])));
        }
    }
    edges
}

/// Walks round each covered face, always along its own border, and parts the walk where it comes to
/// a corner again: what is left are rings that meet no corner twice.
fn faces(edges: &[(GridPoint, GridPoint)]) -> Vec<Vec<GridPoint>> {
    let mut leaving: HashMap<GridPoint, Vec<usize>> = HashMap::new();
    for (at, (from, _)) in edges.iter().enumerate() {
        leaving.entry(*from).or_default().push(at);
    }
    let mut is_walked = vec![false; edges.len()];
    let mut rings = Vec::new();
    for start in 0..edges.len() {
        let mut walk: Vec<GridPoint> = Vec::new();
        let mut places: HashMap<GridPoint, usize> = HashMap::new();
        let mut edge = start;
        while !is_walked[edge] {
            is_walked[edge] = true;
            let (from, to) = edges[edge];
            places.insert(from, walk.len());
            walk.push(from);
            if let Some(&place) = places.get(&to) {
                let ring = walk.split_off(place);
                for corner in &ring {
                    places.remove(corner);
                }
                if ring.len() >= 3 {
                    rings.push(ring);
                }
                // What is left of the walk goes on from the corner that was come to again.
                if walk.is_empty() {
                    break;
                }
            }
            let choices = leaving.get(&to).map_or(&[][..], Vec::as_slice);
            let next =
                choices.iter().copied().filter(|next| !is_walked[*next]).reduce(|best, next| {
                    if turns_more_left(from, to, edges[next].1, edges[best].1) { next } else { best }
                });
            match next {
                Some(next) => edge = next,
                None => break,
            }
        }
    }
    rings
}

/// Whether going on to `a` keeps closer to the left side of the way from `from` to `at` than `b`.
fn turns_more_left(from: GridPoint, at: GridPoint, a: GridPoint, b: GridPoint) -> bool {
    let step = |to: GridPoint| (i64::from(to.0) - i64::from(at.0), i64::from(to.1) - i64::from(at.1));
    let back = step(from);
    let cross = |u: (i64, i64), v: (i64, i64)| i128::from(u.0) * i128::from(v.1) - i128::from(u.1) * i128::from(v.0);
    let dot = |u: (i64, i64), v: (i64, i64)| i128::from(u.0) * i128::from(v.0) + i128::from(u.1) * i128::from(v.1);
    // Clockwise from the way back: the right half of that turn comes first, then straight on.
    let half = |v: (i64, i64)| {
        let side = cross(back, v);
        if side < 0 || (side == 0 && dot(back, v) < 0) { 0 } else { 1 }
    };
    let (a, b) = (step(a), step(b));
    match half(a).cmp(&half(b)) {
        std::cmp::Ordering::Equal => cross(a, b) < 0,
        order => order.is_lt(),
    }
}

/// Leaves out corners on a straight way between their neighbours.
fn without_straight_corners(ring: Vec<GridPoint>) -> Vec<GridPoint> {
    let is_straight = |a: GridPoint, b: GridPoint, c: GridPoint| {
        let (abx, aby) = (i64::from(b.0) - i64::from(a.0), i64::from(b.1) - i64::from(a.1));
        let (bcx, bcy) = (i64::from(c.0) - i64::from(b.0), i64::from(c.1) - i64::from(b.1));
        abx * bcy == aby * bcx
    };
    let count = ring.len();
    (0..count)
        .filter(|at| !is_straight(ring[(at + count - 1) % count], ring[*at], ring[(at + 1) % count]))
        .map(|at| ring[at])
        .collect()
}

/// Whether a ring that does not cross the other lies inside it; corners on the other do not tell.
fn is_inside(ring: &[GridPoint], other: &[GridPoint]) -> bool {
    ring.iter().find_map(|corner| side(other, *corner)).unwrap_or(false)
}

/// Whether the point is inside; `None` on the ring itself.
fn side(ring: &[GridPoint], point: GridPoint) -> Option<bool> {
    let mut is_inside = false;
    let (px, py) = (i64::from(point.0), i64::from(point.1));
    for at in 0..ring.len() {
        let (a, b) = (ring[at], ring[(at + 1) % ring.len()]);
        let (low, high) = if a.1 < b.1 { (a, b) } else { (b, a) };
        let (lx, ly, hx, hy) = (i64::from(low.0), i64::from(low.1), i64::from(high.0), i64::from(high.1));
        let turn = (hx - lx) * (py - ly) - (hy - ly) * (px - lx);
        if turn == 0 && py >= ly && py <= hy && px >= lx.min(hx) && px <= lx.max(hx) {
            return None;
        }
        if (ly > py) != (hy > py) {
            is_inside ^= turn > 0;
        }
    }
    Some(is_inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_that_touches_its_exterior_is_wound_as_a_hole() {
        let exterior = vec![(0, 0), (100, 0), (100, 100), (50, 100), (0, 100)];
        let hole = vec![(50, 100), (40, 60), (60, 60)];
        for hole in [hole.clone(), hole.into_iter().rev().collect()] {
            let polygons = repair(&[exterior.clone(), hole]);
            assert_eq!(polygons.len(), 1);
            assert!(twice_area(&polygons[0][0]) > 0 && twice_area(&polygons[0][1]) < 0, "{polygons:?}");
        }
    }

    #[test]
    fn repair_parts_a_bow_tie_and_winds_exteriors_for_mvt() {
        let polygons = repair(&[vec![(0, 0), (100, 100), (100, 0), (0, 100)]]);
        assert_eq!(polygons.len(), 2);
        for polygon in &polygons {
            assert!(twice_area(&polygon[0]) > 0);
        }
    }
}
