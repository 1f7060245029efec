//! Clipping on the integer grid of a tile. Libraries do the same in floating point a
//! hundred times slower (`docs/decisions.md`).

use std::cmp::Ordering::{self, Equal, Less};

/// A point in tile units, y down.
pub type GridPoint = (i32, i32);

/// A square frame in tile units, from `low` to `high` on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    pub low: i32,
    pub high: i32,
}

impl Frame {
    pub fn contains(&self, (x, y): GridPoint) -> bool {
        x >= self.low && x <= self.high && y >= self.low && y <= self.high
    }

    /// The side on which a point lies outside, one of eight.
    fn side(&self, (x, y): GridPoint) -> Option<(Ordering, Ordering)> {
        let along = |at: i32| if at < self.low { Less } else { at.cmp(&self.high).max(Equal) };
        Some((along(x), along(y))).filter(|side| *side != (Equal, Equal))
    }
}

/// The points without those between two others on the same side of the frame: a line or ring is clipped
/// to the same without them, and of a long border that is most.
pub fn keep_near(points: impl Iterator<Item = GridPoint>, frame: Frame, near: &mut Vec<GridPoint>) {
    near.clear();
    let mut last_side = None;
    let mut passed = None;
    for point in points {
        let side = frame.side(point);
        if side.is_some() && side == last_side {
            passed = Some(point);
            continue;
        }
        near.extend(passed.take());
        near.push(point);
        last_side = side;
    }
    near.extend(passed);
}

/// The parts of a line inside the frame, Liang–Barsky, each with at least two different points.
pub fn line(points: &[GridPoint], frame: Frame, parts: &mut Vec<Vec<GridPoint>>) {
    let mut part: Vec<GridPoint> = Vec::new();
    for edge in points.windows(2) {
        match segment(edge[0], edge[1], frame) {
            Some((from, to)) => {
                if part.last() != Some(&from) {
                    finish(&mut part, parts);
                    part.push(from);
                }
                if part.last() != Some(&to) {
                    part.push(to);
                }
                if to != edge[1] {
                    finish(&mut part, parts);
                }
            }
            None => finish(&mut part, parts),
        }
    }
    finish(&mut part, parts);
}

fn finish(part: &mut Vec<GridPoint>, parts: &mut Vec<Vec<GridPoint>>) {
    if part.len() >= 2 {
        parts.push(std::mem::take(part));
    }
    part.clear();
}

fn segment(from: GridPoint, to: GridPoint, frame: Frame) -> Option<(GridPoint, GridPoint)> {
    let (x, y) = (f64::from(from.0), f64::from(from.1));
    let (dx, dy) = (f64::from(to.0) - x, f64::from(to.1) - y);
    let (low, high) = (f64::from(frame.low), f64::from(frame.high));
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (step, room) in [(-dx, x - low), (dx, high - x), (-dy, y - low), (dy, high - y)] {
        if step == 0.0 {
            if room < 0.0 {
                return None;
            }
        } else if step < 0.0 {
            enter = enter.max(room / step);
        } else {
            leave = leave.min(room / step);
        }
    }
    if enter > leave {
        return None;
    }
    let at = |share: f64| ((x + share * dx).round() as i32, (y + share * dy).round() as i32);
    let start = if enter == 0.0 { from } else { at(enter) };
    let end = if leave == 1.0 { to } else { at(leave) };
    Some((start, end))
}

/// The ring clipped to the frame, Sutherland–Hodgman, without its closing point. Edges may run
/// along the frame and touch there: [`super::repair::repair`] parts them.
pub fn ring(points: &[GridPoint], frame: Frame, out: &mut Vec<GridPoint>) {
    let mut current: Vec<GridPoint> = points.to_vec();
    let mut next: Vec<GridPoint> = Vec::with_capacity(current.len() + 8);
    for side in [Side::Left, Side::Right, Side::Top, Side::Bottom] {
        next.clear();
        let Some(&last) = current.last() else { break };
        let mut previous = last;
        for &point in &current {
            let (was_inside, is_inside) = (side.keeps(previous, frame), side.keeps(point, frame));
            if was_inside != is_inside {
                push_new(&mut next, side.crossing(previous, point, frame));
            }
            if is_inside {
                push_new(&mut next, point);
            }
            previous = point;
        }
        std::mem::swap(&mut current, &mut next);
    }
    out.clear();
    out.extend_from_slice(&current);
    while out.len() > 1 && out.first() == out.last() {
        out.pop();
    }
}

fn push_new(points: &mut Vec<GridPoint>, point: GridPoint) {
    if points.last() != Some(&point) {
        points.push(point);
    }
}

#[derive(Clone, Copy)]
enum Side {
    Left,
    Right,
    Top,
    Bottom,
}

impl Side {
    fn keeps(self, (x, y): GridPoint, frame: Frame) -> bool {
        match self {
            Side::Left => x >= frame.low,
            Side::Right => x <= frame.high,
            Side::Top => y >= frame.low,
            Side::Bottom => y <= frame.high,
        }
    }

    fn crossing(self, from: GridPoint, to: GridPoint, frame: Frame) -> GridPoint {
        let along = |from: i32, to: i32, edge: i32, other_from: i32, other_to: i32| {
            let share = f64::from(edge - from) / (f64::from(to) - f64::from(from));
            (f64::from(other_from) + share * (f64::from(other_to) - f64::from(other_from))).round() as i32
        };
        match self {
            Side::Left => (frame.low, along(from.0, to.0, frame.low, from.1, to.1)),
            Side::Right => (frame.high, along(from.0, to.0, frame.high, from.1, to.1)),
            Side::Top => (along(from.1, to.1, frame.low, from.0, to.0), frame.low),
            Side::Bottom => (along(from.1, to.1, frame.high, from.0, to.0), frame.high),
        }
    }
}

/// Twice the signed area: positive for an MVT exterior, whose y axis points down.
pub fn twice_area(ring: &[GridPoint]) -> i128 {
    let closing = ring.last().copied().zip(ring.first().copied());
    ring.windows(2)
        .map(|edge| (edge[0], edge[1]))
        .chain(closing)
        // Rings that reach far beyond their tile sum up to more than 64 bits hold.
        .map(|((ax, ay), (bx, by))| i128::from(i64::from(ax) * i64::from(by) - i64::from(bx) * i64::from(ay)))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Frame = Frame { low: -64, high: 4160 };

    #[test]
    fn a_line_that_leaves_and_returns_becomes_two_parts() {
        let mut parts = Vec::new();
        line(&[(0, 0), (5000, 0), (5000, 100), (0, 100)], FRAME, &mut parts);
        assert_eq!(parts, [vec![(0, 0), (4160, 0)], vec![(4160, 100), (0, 100)]]);
    }

    #[test]
    fn a_ring_round_the_whole_tile_becomes_the_frame() {
        let mut out = Vec::new();
        ring(&[(-9000, -9000), (9000, -9000), (9000, 9000), (-9000, 9000)], FRAME, &mut out);
        assert_eq!(twice_area(&out), 2 * 4224 * 4224);
    }
}
