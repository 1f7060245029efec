//! Whether rings touch themselves or each other: the exact test that decides which areas need
//! repair, on the integer grid of a tile and in the coordinates of a delivery. A sweep over runs of edges by
//! their western end.

use std::cmp::Ordering;

use super::clip::GridPoint;

/// Numbers that places are made of, and the exact test that everything here rests on.
pub trait Ordinate: Copy + PartialOrd {
    fn order(self, other: Self) -> Ordering;
    /// Where `c` lies from the way from `a` to `b`, y up: greater is to the left, equal on the line.
    fn side(a: (Self, Self), b: (Self, Self), c: (Self, Self)) -> Ordering;
    /// Whether the way from `a` by `corner` to `c` turns by more than a right angle.
    fn turns_sharply(a: (Self, Self), corner: (Self, Self), c: (Self, Self)) -> bool;
}

impl Ordinate for i32 {
    fn order(self, other: Self) -> Ordering {
        self.cmp(&other)
    }

    fn side(a: GridPoint, b: GridPoint, c: GridPoint) -> Ordering {
        let (abx, aby) = (i64::from(b.0) - i64::from(a.0), i64::from(b.1) - i64::from(a.1));
        let (acx, acy) = (i64::from(c.0) - i64::from(a.0), i64::from(c.1) - i64::from(a.1));
        (abx * acy).cmp(&(aby * acx))
    }

    fn turns_sharply(a: GridPoint, corner: GridPoint, c: GridPoint) -> bool {
        let forward = (i64::from(corner.0) - i64::from(a.0)) * (i64::from(c.0) - i64::from(corner.0))
            + (i64::from(corner.1) - i64::from(a.1)) * (i64::from(c.1) - i64::from(corner.1));
        forward < 0
    }
}

/// Finite numbers only.
impl Ordinate for f64 {
    fn order(self, other: Self) -> Ordering {
        self.total_cmp(&other)
    }

    fn side(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> Ordering {
        let coord = |(x, y)| robust::Coord { x, y };
        robust::orient2d(coord(a), coord(b), coord(c)).partial_cmp(&0.0).unwrap_or(Ordering::Equal)
    }

    fn turns_sharply(a: (f64, f64), corner: (f64, f64), c: (f64, f64)) -> bool {
        // Rounding matters near a right angle alone, where no ring lies flat upon itself.
        (corner.0 - a.0) * (c.0 - corner.0) + (corner.1 - a.1) * (c.1 - corner.1) < 0.0
    }
}

#[derive(Clone, Copy)]
struct Edge<N> {
    from: (N, N),
    to: (N, N),
    west: N,
    east: N,
    north: N,
    south: N,
    ring: u32,
    place: u32,
}

/// Edges of a ring that follow each other and all go east, or all west; straight north counts as east. Two of
/// one chain meet at most where one follows the other.
#[derive(Clone, Copy)]
struct Chain<N> {
    /// Places in the list of edges.
    start: u32,
    end: u32,
    goes_east: bool,
    west: N,
    east: N,
    north: N,
    south: N,
}

impl<N: Ordinate> Chain<N> {
    fn of(edge: &Edge<N>, place: u32) -> Self {
        let Edge { west, east, north, south, .. } = *edge;
        Chain { start: place, end: place + 1, goes_east: edge.goes_east(), west, east, north, south }
    }

    fn extend(&mut self, edge: &Edge<N>) {
        self.end += 1;
        self.west = least(self.west, edge.west);
        self.east = most(self.east, edge.east);
        self.north = least(self.north, edge.north);
        self.south = most(self.south, edge.south);
    }
}

fn least<N: Ordinate>(a: N, b: N) -> N {
    if b < a { b } else { a }
}

fn most<N: Ordinate>(a: N, b: N) -> N {
    if b > a { b } else { a }
}

impl<N: Ordinate> Edge<N> {
    fn goes_east(&self) -> bool {
        self.from.0 < self.to.0 || (self.from.0 == self.to.0 && self.from.1 < self.to.1)
    }
}

/// Finds whether rings are simple. Kept between features so that its lists keep their memory.
pub struct TouchTest<N> {
    edges: Vec<Edge<N>>,
    chains: Vec<Chain<N>>,
    active: Vec<Chain<N>>,
    lengths: Vec<u32>,
}

impl<N> Default for TouchTest<N> {
    fn default() -> Self {
        TouchTest { edges: Vec::new(), chains: Vec::new(), active: Vec::new(), lengths: Vec::new() }
    }
}

impl<N: Ordinate> TouchTest<N> {
    /// Whether the rings (without closing points, no point twice in a row) could be written as
    /// they are: no ring meets itself or another but at its own corners, none is flat, and each
    /// stands inside exactly those that it should. `shells` tells for each ring whether it is one.
    pub fn is_clean<R: AsRef<[(N, N)]>>(&mut self, rings: &[R], shells: &[bool]) -> bool {
        /// With more rings than this, asking each pair costs more than repairing.
        const RINGS_MAX: usize = 64;
        if let [ring] = rings {
            let ring = ring.as_ref();
            if is_convex(ring) {
                return true;
            }
            if ring.len() <= SHORT_RING {
                return !short_ring_touches(ring);
            }
        }
        rings.len() <= RINGS_MAX && !self.touch(rings) && nest_rightly(rings, shells)
    }

    fn touch<R: AsRef<[(N, N)]>>(&mut self, rings: &[R]) -> bool {
        self.fill(rings);
        self.chains.sort_unstable_by(|a, b| a.west.order(b.west));
        self.active.clear();
        for next in 0..self.chains.len() {
            let chain = self.chains[next];
            let mut at = 0;
            while at < self.active.len() {
                let other = self.active[at];
                if other.east < chain.west {
                    self.active.swap_remove(at);
                    continue;
                }
                let may_meet = other.south >= chain.north && other.north <= chain.south;
                if may_meet && self.chains_meet(&chain, &other) {
                    return true;
                }
                at += 1;
            }
            self.active.push(chain);
        }
        false
    }

    fn fill<R: AsRef<[(N, N)]>>(&mut self, rings: &[R]) {
        self.edges.clear();
        self.chains.clear();
        self.lengths.clear();
        for (number, ring) in rings.iter().map(AsRef::as_ref).enumerate() {
            self.lengths.push(ring.len() as u32);
            for (place, &from) in ring.iter().enumerate() {
                let to = if place + 1 == ring.len() { ring[0] } else { ring[place + 1] };
                let edge = Edge {
                    from,
                    to,
                    west: least(from.0, to.0),
                    east: most(from.0, to.0),
                    north: least(from.1, to.1),
                    south: most(from.1, to.1),
                    ring: number as u32,
                    place: place as u32,
                };
                match self.chains.last_mut() {
                    Some(chain) if place > 0 && chain.goes_east == edge.goes_east() => chain.extend(&edge),
                    _ => self.chains.push(Chain::of(&edge, self.edges.len() as u32)),
                }
                self.edges.push(edge);
            }
        }
    }

    fn chains_meet(&self, a: &Chain<N>, b: &Chain<N>) -> bool {
        let (a, b) = (self.eastward(a), self.eastward(b));
        let mut near = b;
        a.into_iter().any(|edge| {
            // What ends west of this edge ends west of all that follow.
            while let Some(other) = near.clone().next()
                && other.east < edge.west
            {
                near.next();
            }
            near.clone()
                .take_while(|other| other.west <= edge.east)
                .any(|other| other.south >= edge.north && other.north <= edge.south && self.meet(edge, other))
        })
    }

    /// The edges of a chain from west to east.
    fn eastward(&self, chain: &Chain<N>) -> Eastward<'_, N> {
        Eastward { edges: &self.edges[chain.start as usize..chain.end as usize], goes_east: chain.goes_east }
    }

    fn meet(&self, a: &Edge<N>, b: &Edge<N>) -> bool {
        if a.ring == b.ring {
            let last = self.lengths[a.ring as usize] - 1;
            let follows = |first: &Edge<N>, second: &Edge<N>| {
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

/// Whether a ring turns to the same side at every corner and goes around once: east and back.
fn is_convex<N: Ordinate>(ring: &[(N, N)]) -> bool {
    let (Some(last), [first, second, ..]) = (ring.last(), ring) else { return false };
    let turn = N::side(*last, *first, *second);
    let (mut a, mut b) = (*last, *first);
    let (mut goes_east, mut changes) = (a < b, 0);
    turn.is_ne()
        && ring.iter().skip(1).chain([first]).all(|&c| {
            let has_changed = (b < c) != goes_east;
            goes_east ^= has_changed;
            changes += u32::from(has_changed);
            let goes_on = N::side(a, b, c) == turn;
            (a, b) = (b, c);
            goes_on
        })
        && changes <= 2
}

/// The edges of a chain in the order of their western ends.
struct Eastward<'e, N> {
    edges: &'e [Edge<N>],
    goes_east: bool,
}

impl<N> Clone for Eastward<'_, N> {
    fn clone(&self) -> Self {
        Eastward { ..*self }
    }
}

impl<'e, N> Iterator for Eastward<'e, N> {
    type Item = &'e Edge<N>;

    fn next(&mut self) -> Option<&'e Edge<N>> {
        let (edge, rest) = if self.goes_east { self.edges.split_first()? } else { self.edges.split_last()? };
        self.edges = rest;
        Some(edge)
    }
}

/// The most corners of a ring of which each pair of edges is looked at.
const SHORT_RING: usize = 12;

/// Whether a ring meets itself but at its own corners: each edge is looked at beside each.
fn short_ring_touches<N: Ordinate>(ring: &[(N, N)]) -> bool {
    let count = ring.len();
    let corner = |at: usize| ring[if at < count { at } else { at - count }];
    (0..count).any(|first| {
        let (a, b) = (ring[first], corner(first + 1));
        let (west, east, north, south) = (least(a.0, b.0), most(a.0, b.0), least(a.1, b.1), most(a.1, b.1));
        // The last edge before the first follows none but it.
        let others = first + 2..if first == 0 { count - 1 } else { count };
        turns_back(a, b, corner(first + 2))
            || others.into_iter().any(|second| {
                let (c, d) = (ring[second], corner(second + 1));
                most(c.0, d.0) >= west
                    && least(c.0, d.0) <= east
                    && most(c.1, d.1) >= north
                    && least(c.1, d.1) <= south
                    && segments_meet(a, b, c, d)
            })
    })
}

fn turns_back<N: Ordinate>(a: (N, N), corner: (N, N), c: (N, N)) -> bool {
    N::turns_sharply(a, corner, c) && N::side(a, corner, c).is_eq()
}

/// Whether two closed segments share a point; their boxes are known to.
fn segments_meet<N: Ordinate>(a: (N, N), b: (N, N), c: (N, N), d: (N, N)) -> bool {
    let apart = |first: Ordering, second: Ordering| first.is_ne() && first == second;
    // On one line, segments whose boxes meet in both axes meet.
    !apart(N::side(a, b, c), N::side(a, b, d)) && !apart(N::side(c, d, a), N::side(c, d, b))
}

/// Shells inside no other ring, holes inside their own shell alone. Rings that do not touch stand
/// wholly inside or wholly outside each other, so one corner decides.
fn nest_rightly<N: Ordinate, R: AsRef<[(N, N)]>>(rings: &[R], shells: &[bool]) -> bool {
    if rings.len() < 2 {
        return true;
    }
    let boxes: Vec<[N; 4]> = rings.iter().map(|ring| box_of(ring.as_ref())).collect();
    let mut own_shell = 0;
    (0..rings.len()).all(|inner| {
        if shells[inner] {
            own_shell = inner;
        }
        (0..rings.len()).filter(|outer| *outer != inner).all(|outer| {
            let (small, large) = (boxes[inner], boxes[outer]);
            let could = small[0] >= large[0] && small[1] >= large[1] && small[2] <= large[2] && small[3] <= large[3];
            let is_inside = could && contains(rings[outer].as_ref(), rings[inner].as_ref()[0]);
            let should = !shells[inner] && outer == own_shell;
            // A shell that stands inside a hole of another shell is inside that shell too: rare
            // enough to be left to the repair, which knows how to part them.
            is_inside == should
        })
    })
}

/// West, north, east, south of a ring, which has a corner.
fn box_of<N: Ordinate>(ring: &[(N, N)]) -> [N; 4] {
    let (x, y) = ring[0];
    ring.iter().fold([x, y, x, y], |[west, north, east, south], &(x, y)| {
        [
            if x < west { x } else { west },
            if y < north { y } else { north },
            if x > east { x } else { east },
            if y > south { y } else { south },
        ]
    })
}

/// Even-odd, for a point that is not on the ring.
fn contains<N: Ordinate>(ring: &[(N, N)], point: (N, N)) -> bool {
    let mut inside = false;
    let mut previous = ring[ring.len() - 1];
    for &corner in ring {
        if (corner.1 > point.1) != (previous.1 > point.1) {
            let (low, high) = if corner.1 < previous.1 { (corner, previous) } else { (previous, corner) };
            inside ^= N::side(low, high, point).is_gt();
        }
        previous = corner;
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answer, which must be the same on the grid and in numbers that no grid holds.
    fn is_clean(rings: &[&[GridPoint]], shells: &[bool]) -> bool {
        let off_the_grid = |number: i32| f64::from(number) / 7.0;
        let moved: Vec<Vec<(f64, f64)>> =
            rings.iter().map(|ring| ring.iter().map(|&(x, y)| (off_the_grid(x), off_the_grid(y))).collect()).collect();
        let on_grid = TouchTest::default().is_clean(rings, shells);
        assert_eq!(TouchTest::default().is_clean(&moved, shells), on_grid, "{rings:?}");
        on_grid
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
            (
                "a star, which turns to one side at every corner",
                vec![&[(0, 100), (59, -81), (-95, 31), (95, 31), (-59, -81)]],
                vec![true],
                false,
            ),
            ("a bow tie", vec![&[(0, 0), (10, 10), (10, 0), (0, 10)]], vec![true], false),
            ("a spike", vec![&[(0, 0), (10, 0), (10, 10), (10, 20), (10, 10), (0, 10)]], vec![true], false),
            ("a corner on an edge", vec![&[(0, 0), (10, 0), (10, 10), (5, 0), (0, 10)]], vec![true], false),
            ("one corner twice", vec![&[(0, 0), (5, 5), (10, 0), (10, 10), (5, 5), (0, 10)]], vec![true], false),
            ("a flat ring", vec![&[(0, 0), (5, 0), (10, 0)]], vec![true], false),
            ("a triangle", vec![&[(0, 0), (5, 9), (10, 0)]], vec![true], true),
            ("a triangle walked twice", vec![&[(0, 0), (5, 9), (10, 0), (0, 0), (5, 9), (10, 0)]], vec![true], false),
            ("a hole outside", vec![square, &[(20, 2), (20, 4), (24, 4)]], vec![true, false], false),
            ("a shell in a shell", vec![square, hole], vec![true, true], false),
            ("a hole that touches its shell", vec![square, &[(0, 2), (2, 4), (2, 2)]], vec![true, false], false),
            ("two shells apart", vec![square, &[(20, 2), (24, 4), (20, 4)]], vec![true, true], true),
        ] {
            assert_eq!(is_clean(&rings, &shells), clean, "{what}");
        }
    }

    /// What is to be found, without boxes, chains and short ways.
    fn touches_pair_by_pair(ring: &[GridPoint]) -> bool {
        let count = ring.len();
        let edge = |at: usize| (ring[at % count], ring[(at + 1) % count]);
        let is_apart = |a: i32, b: i32, c: i32, d: i32| a.max(b) < c.min(d) || c.max(d) < a.min(b);
        (0..count).any(|first| {
            let (a, b) = edge(first);
            turns_back(a, b, edge(first + 1).1)
                || (first + 2..count).filter(|second| (second + 1) % count != first).any(|second| {
                    let (c, d) = edge(second);
                    !is_apart(a.0, b.0, c.0, d.0) && !is_apart(a.1, b.1, c.1, d.1) && segments_meet(a, b, c, d)
                })
        })
    }

    #[test]
    fn a_ring_of_any_length_is_judged_as_all_pairs_of_its_edges_are() {
        let mut state = 1u64;
        let mut random = |most: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % most
        };
        let mut clean = 0;
        for _ in 0..3_000 {
            let corners = 3 + random(60);
            // Round a middle, near and far, and in half of the rings now and then back.
            let (reach, step_back) = (4 + random(60), 1 + 2 * random(2));
            let mut ring: Vec<GridPoint> = (0..corners)
                .map(|corner| {
                    let angle = std::f64::consts::TAU * (corner + random(step_back)) as f64 / corners as f64;
                    let far = (reach + random(reach)) as f64;
                    ((far * angle.cos()).round() as i32, (far * angle.sin()).round() as i32)
                })
                .collect();
            ring.dedup();
            if ring.len() < 3 || ring.first() == ring.last() {
                continue;
            }
            let is_clean = TouchTest::default().is_clean(&[&ring], &[true]);
            assert_eq!(is_clean, !touches_pair_by_pair(&ring), "{ring:?}");
            clean += u32::from(is_clean);
        }
        assert!((500..2_500).contains(&clean), "{clean} of both kinds");
    }
}
