//! Whether rings on the integer grid touch themselves or each other: the exact test that decides
//! which areas need repair. A sweep over edges by their western end, in integers.

use super::clip::GridPoint;

#[derive(Clone, Copy)]
struct Edge {
    from: GridPoint,
    to: GridPoint,
    west: i32,
    east: i32,
    north: i32,
    south: i32,
    ring: u32,
    place: u32,
}

/// Finds whether rings are simple. Kept between features so that its lists keep their memory.
#[derive(Default)]
pub struct TouchTest {
    edges: Vec<Edge>,
    active: Vec<u32>,
    lengths: Vec<u32>,
}

impl TouchTest {
    /// Whether the rings (without closing points, no point twice in a row) could be written as
    /// they are: no ring meets itself or another but at its own corners, none is flat, and each
    /// stands inside exactly those that it should. `shells` tells for each ring whether it is one.
    pub fn is_clean(&mut self, rings: &[Vec<GridPoint>], shells: &[bool]) -> bool {
        /// With more rings than this, asking each pair costs more than repairing.
        const RINGS_MAX: usize = 64;
        rings.len() <= RINGS_MAX && !self.touch(rings) && nest_rightly(rings, shells)
    }

    fn touch(&mut self, rings: &[Vec<GridPoint>]) -> bool {
        self.edges.clear();
        self.lengths.clear();
        for (number, ring) in rings.iter().enumerate() {
            self.lengths.push(ring.len() as u32);
            for (place, &from) in ring.iter().enumerate() {
                let to = if place + 1 == ring.len() { ring[0] } else { ring[place + 1] };
                self.edges.push(Edge {
                    from,
                    to,
                    west: from.0.min(to.0),
                    east: from.0.max(to.0),
                    north: from.1.min(to.1),
                    south: from.1.max(to.1),
                    ring: number as u32,
                    place: place as u32,
                });
            }
        }
        self.edges.sort_unstable_by_key(|edge| edge.west);
        self.active.clear();
        for next in 0..self.edges.len() {
            let edge = self.edges[next];
            let mut at = 0;
            while at < self.active.len() {
                let other = self.edges[self.active[at] as usize];
                if other.east < edge.west {
                    self.active.swap_remove(at);
                    continue;
                }
                if other.south >= edge.north && other.north <= edge.south && self.meet(&edge, &other) {
                    return true;
                }
                at += 1;
            }
            self.active.push(next as u32);
        }
        false
    }

    fn meet(&self, a: &Edge, b: &Edge) -> bool {
        if a.ring == b.ring {
            let last = self.lengths[a.ring as usize] - 1;
            let follows = |first: &Edge, second: &Edge| {
                second.place == first.place + 1 || (first.place == last && second.place == 0)
            };
            // Neighbours meet at their corner; they may only not turn back upon themselves.
            if follows(a, b) {
                return turns_back(a.from, a.to, b.to);
            }
            if follows(b, a) {
                return turns_back(b.from, b.to, a.to);
            }
        }
        segments_meet(a.from, a.to, b.from, b.to)
    }
}

/// Positive where `c` lies to the left of the way from `a` to `b`, y up.
fn side(a: GridPoint, b: GridPoint, c: GridPoint) -> i64 {
    let (abx, aby) = (i64::from(b.0) - i64::from(a.0), i64::from(b.1) - i64::from(a.1));
    let (acx, acy) = (i64::from(c.0) - i64::from(a.0), i64::from(c.1) - i64::from(a.1));
    abx * acy - aby * acx
}

fn turns_back(a: GridPoint, corner: GridPoint, c: GridPoint) -> bool {
    let forward = (i64::from(corner.0) - i64::from(a.0)) * (i64::from(c.0) - i64::from(corner.0))
        + (i64::from(corner.1) - i64::from(a.1)) * (i64::from(c.1) - i64::from(corner.1));
    forward < 0 && side(a, corner, c) == 0
}

/// Whether two closed segments share a point; their boxes are known to.
fn segments_meet(a: GridPoint, b: GridPoint, c: GridPoint, d: GridPoint) -> bool {
    let (ac, ad) = (side(a, b, c).signum(), side(a, b, d).signum());
    if ac * ad > 0 {
        return false;
    }
    let (ca, cb) = (side(c, d, a).signum(), side(c, d, b).signum());
    // On one line, segments whose boxes meet in both axes meet.
    ca * cb <= 0
}

/// Shells inside no other ring, holes inside their own shell alone. Rings that do not touch stand
/// wholly inside or wholly outside each other, so one corner decides.
fn nest_rightly(rings: &[Vec<GridPoint>], shells: &[bool]) -> bool {
    if rings.len() < 2 {
        return true;
    }
    let boxes: Vec<[i32; 4]> = rings.iter().map(|ring| box_of(ring)).collect();
    let mut own_shell = 0;
    (0..rings.len()).all(|inner| {
        if shells[inner] {
            own_shell = inner;
        }
        (0..rings.len()).filter(|outer| *outer != inner).all(|outer| {
            let (small, large) = (boxes[inner], boxes[outer]);
            let could = small[0] >= large[0] && small[1] >= large[1] && small[2] <= large[2] && small[3] <= large[3];
            let is_inside = could && contains(&rings[outer], rings[inner][0]);
            let should = !shells[inner] && outer == own_shell;
            // A shell that stands inside a hole of another shell is inside that shell too: rare
            // enough to be left to the repair, which knows how to part them.
            is_inside == should
        })
    })
}

fn box_of(ring: &[GridPoint]) -> [i32; 4] {
    ring.iter().fold([i32::MAX, i32::MAX, i32::MIN, i32::MIN], |sides, &(x, y)| {
        [sides[0].min(x), sides[1].min(y), sides[2].max(x), sides[3].max(y)]
    })
}

/// Even-odd, for a point that is not on the ring.
fn contains(ring: &[GridPoint], point: GridPoint) -> bool {
    let mut inside = false;
    let mut previous = ring[ring.len() - 1];
    for &corner in ring {
        if (corner.1 > point.1) != (previous.1 > point.1) {
            let (low, high) = if corner.1 < previous.1 { (corner, previous) } else { (previous, corner) };
            inside ^= side(low, high, point) > 0;
        }
        previous = corner;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_clean(rings: &[&[GridPoint]], shells: &[bool]) -> bool {
        let rings: Vec<Vec<GridPoint>> = rings.iter().map(|ring| ring.to_vec()).collect();
        TouchTest::default().is_clean(&rings, shells)
    }

    #[test]
    fn rings_that_cross_touch_or_turn_back_are_found() {
        let square: &[GridPoint] = &[(0, 0), (10, 0), (10, 10), (0, 10)];
        let hole: &[GridPoint] = &[(2, 2), (2, 4), (4, 4), (4, 2)];
        for (what, rings, shells, clean) in [
            ("a square", vec![square], vec![true], true),
            ("a square with a hole", vec![square, hole], vec![true, false], true),
            (
                "the same with corners on straight sides",
                vec![&[(0, 0), (5, 0), (10, 0), (10, 10), (0, 10)]],
                vec![true],
                true,
            ),
            ("a bow tie", vec![&[(0, 0), (10, 10), (10, 0), (0, 10)]], vec![true], false),
            ("a spike", vec![&[(0, 0), (10, 0), (10, 10), (10, 20), (10, 10), (0, 10)]], vec![true], false),
            ("a corner on an edge", vec![&[(0, 0), (10, 0), (10, 10), (5, 0), (0, 10)]], vec![true], false),
            ("one corner twice", vec![&[(0, 0), (5, 5), (10, 0), (10, 10), (5, 5), (0, 10)]], vec![true], false),
            ("a flat ring", vec![&[(0, 0), (5, 0), (10, 0)]], vec![true], false),
            ("a hole outside", vec![square, &[(20, 2), (20, 4), (24, 4)]], vec![true, false], false),
            ("a shell in a shell", vec![square, hole], vec![true, true], false),
            ("a hole that touches its shell", vec![square, &[(0, 2), (2, 4), (2, 2)]], vec![true, false], false),
            ("two shells apart", vec![square, &[(20, 2), (24, 4), (20, 4)]], vec![true, true], true),
        ] {
            assert_eq!(is_clean(&rings, &shells), clean, "{what}");
        }
    }
}
