//! Simplification that keeps neighbours neighbours: each vertex gets the zoom from which it is
//! kept, by Visvalingam's rule on arcs, and an arc that two features share gets the same answer
//! from both. Arcs end where the vertices before and after differ between features (junctions),
//! and their ends are kept for ever.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// The level of a vertex that no zoom needs: on a straight line between its neighbours.
pub const NEVER: u8 = u8::MAX;

/// A vertex as it is stored, for telling apart and for ordering; both neighbours of a shared
/// border hold it digit for digit.
type Vertex = (f64, f64);

/// Counts for each vertex whether all runs agree on what stands before and after it. The layer's
/// vertices are dealt with in shares of their hashes, so that memory has a bound.
pub struct JunctionFinder {
    share: u64,
    shares: u64,
    /// Open addressing: hash of the vertex and sum over its neighbours, 0 where free.
    slots: Vec<(u64, u64)>,
    used: usize,
}

/// The share of a table that is filled before it grows.
const LOAD: (usize, usize) = (7, 8);

/// What a slot's sum becomes once two runs have disagreed.
const JUNCTION: u64 = u64::MAX;

impl JunctionFinder {
    /// For the vertices whose hash falls in one share of so many.
    pub fn new(share: u64, shares: u64) -> Self {
        JunctionFinder { share, shares: shares.max(1), slots: vec![(0, 0); 1 << 12], used: 0 }
    }

    /// As [`JunctionFinder::new`], with room for so many vertices: a table that grows needs half as much
    /// memory again while it does.
    pub fn with_room_for(vertices: u64, share: u64, shares: u64) -> Self {
        let slots = (vertices as usize * LOAD.1).div_ceil(LOAD.0) + 1;
        JunctionFinder { slots: vec![(0, 0); slots.next_power_of_two()], ..JunctionFinder::new(share, shares) }
    }

    fn is_mine(&self, hash: u64) -> bool {
        (hash >> 32) % self.shares == self.share
    }

    /// Looks at every vertex of a run.
    pub fn see(&mut self, run: &[Vertex]) {
        for_each_vertex(run, |_, hash, sum| {
            if self.is_mine(hash) {
                self.note(hash, sum);
            }
        });
    }

    /// Tells `found` the places of a run's junctions in this share.
    pub fn junctions(&self, run: &[Vertex], mut found: impl FnMut(usize)) {
        for_each_vertex(run, |place, hash, _| {
            if self.is_mine(hash) && self.slots[self.slot_of(hash)].1 == JUNCTION {
                found(place);
            }
        });
    }

    fn slot_of(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = hash as usize & mask;
        while self.slots[slot].0 != 0 && self.slots[slot].0 != hash {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn note(&mut self, hash: u64, sum: u64) {
        let slot = self.slot_of(hash);
        let entry = &mut self.slots[slot];
        if entry.0 == 0 {
            *entry = (hash, sum);
            self.used += 1;
            if self.used * LOAD.1 > self.slots.len() * LOAD.0 {
                self.grow();
            }
        } else if entry.1 != sum {
            entry.1 = JUNCTION;
        }
    }

    fn grow(&mut self) {
        let doubled = vec![(0, 0); self.slots.len() * 2];
        for (hash, sum) in std::mem::replace(&mut self.slots, doubled) {
            if hash != 0 {
                let slot = self.slot_of(hash);
                self.slots[slot] = (hash, sum);
            }
        }
    }
}

/// Every vertex of a run with its hash and the sum of its neighbours' hashes. The closing point of
/// a ring is its first one again; the ends of a line have one neighbour.
fn for_each_vertex(run: &[Vertex], mut visit: impl FnMut(usize, u64, u64)) {
    let is_ring = run.len() > 3 && run.first() == run.last();
    let count = if is_ring { run.len() - 1 } else { run.len() };
    if count == 0 {
        return;
    }
    let mut before = if is_ring { hash_of(run[count - 1]) } else { 0 };
    let mut here = hash_of(run[0]);
    let first = here;
    for place in 0..count {
        let after = match place + 1 < count {
            true => hash_of(run[place + 1]),
            false if is_ring => first,
            false => 0,
        };
        // A sum is the same in both directions; the top bit is cleared so that none is JUNCTION.
        visit(place, here, before.wrapping_add(after) >> 1);
        before = here;
        here = after;
    }
}

/// Never 0, which marks a free slot.
fn hash_of((x, y): Vertex) -> u64 {
    // Adding zero makes −0 the same as 0.
    let mut mixed = (x + 0.0).to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        ^ (y + 0.0).to_bits().wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) | 1
}

/// Gives every vertex its level. Kept between runs so that its lists keep their memory.
#[derive(Default)]
pub struct Leveller {
    arc: Vec<Vertex>,
    before: Vec<u32>,
    after: Vec<u32>,
    area: Vec<f64>,
    heap: BinaryHeap<Candidate>,
}

impl Leveller {
    /// Levels of a run's vertices, the closing one included. `places` are the same vertices in the
    /// shares of Web Mercator, where areas are measured; `is_junction` tells of each place.
    pub fn run(&mut self, run: &[Vertex], places: &[Vertex], is_junction: impl Fn(usize) -> bool, levels: &mut [u8]) {
        let is_ring = run.len() > 3 && run.first() == run.last();
        let count = if is_ring { run.len() - 1 } else { run.len() };
        levels.fill(0);
        if count < 3 {
            return;
        }
        if !is_ring {
            let mut start = 0;
            for place in 1..count {
                if place + 1 == count || is_junction(place) {
                    self.arc(run, places, start, place, count, levels);
                    start = place;
                }
            }
            return;
        }
        // A ring that meets nobody starts at its smallest vertex, wherever it was written from.
        let first = (0..count).find(|place| is_junction(*place)).unwrap_or_else(|| smallest(&run[..count]));
        let mut start = first;
        for step in 1..=count {
            let place = first + step;
            if step == count || is_junction(place % count) {
                self.arc(run, places, start, place, count, levels);
                start = place;
            }
        }
        levels[count] = levels[0];
    }

    /// The arc from one place to another, counted on beyond the end of a ring.
    fn arc(&mut self, run: &[Vertex], places: &[Vertex], from: usize, to: usize, count: usize, levels: &mut [u8]) {
        if to - from < 2 {
            return;
        }
        let at = |step: usize| (from + step) % count;
        let length = to - from + 1;
        let is_backwards = (0..length)
            .map(|step| order(run[at(step)], run[at(length - 1 - step)]))
            .find(|order| *order != Ordering::Equal)
            == Some(Ordering::Greater);
        let place_of = |step: usize| if is_backwards { at(length - 1 - step) } else { at(step) };
        self.arc.clear();
        self.arc.extend((0..length).map(|step| places[place_of(step)]));
        self.rank();
        for step in 1..length - 1 {
            levels[place_of(step)] = level_of(self.area[step]);
        }
    }

    /// Visvalingam: takes away the vertex of the smallest triangle again and again; what a vertex
    /// weighs is the largest triangle so far, so that levels nest.
    fn rank(&mut self) {
        let count = self.arc.len();
        self.before.clear();
        self.before.extend((0..count as u32).map(|place| place.wrapping_sub(1)));
        self.after.clear();
        self.after.extend(1..=count as u32);
        self.area.clear();
        self.area.resize(count, f64::INFINITY);
        self.heap.clear();
        for place in 1..count - 1 {
            self.area[place] = triangle(self.arc[place - 1], self.arc[place], self.arc[place + 1]);
            self.heap.push(Candidate { area: self.area[place], place: place as u32 });
        }
        let mut largest: f64 = 0.0;
        while let Some(Candidate { area, place }) = self.heap.pop() {
            let here = place as usize;
            if self.after[here] == 0 || area != self.area[here] {
                continue;
            }
            largest = largest.max(area);
            self.area[here] = largest;
            let (before, after) = (self.before[here] as usize, self.after[here] as usize);
            self.after[here] = 0;
            self.after[before] = after as u32;
            self.before[after] = before as u32;
            for neighbour in [before, after] {
                if neighbour == 0 || neighbour == count - 1 {
                    continue;
                }
                let (left, right) = (self.before[neighbour] as usize, self.after[neighbour] as usize);
                self.area[neighbour] = triangle(self.arc[left], self.arc[neighbour], self.arc[right]);
                self.heap.push(Candidate { area: self.area[neighbour], place: neighbour as u32 });
            }
        }
    }
}

fn smallest(run: &[Vertex]) -> usize {
    (0..run.len()).min_by(|a, b| order(run[*a], run[*b])).unwrap_or_default()
}

fn order(a: Vertex, b: Vertex) -> Ordering {
    (a.0.total_cmp(&b.0)).then_with(|| a.1.total_cmp(&b.1))
}

fn triangle(a: Vertex, b: Vertex, c: Vertex) -> f64 {
    ((b.0 - a.0) * (c.1 - a.1) - (c.0 - a.0) * (b.1 - a.1)).abs() / 2.0
}

/// The lowest zoom at which a triangle is at least a square of 1/1024 of a tile.
fn level_of(area: f64) -> u8 {
    const PARTS: f64 = 1024.0;
    if area <= 0.0 {
        return NEVER;
    }
    let zoom = (-area.log2() / 2.0 - PARTS.log2()).ceil();
    zoom.clamp(0.0, 64.0) as u8
}

/// The smallest triangle comes first; of equal ones the place along the canonical arc decides.
#[derive(PartialEq)]
struct Candidate {
    area: f64,
    place: u32,
}

impl Eq for Candidate {}

impl Ord for Candidate {
    fn cmp(&self, other: &Self) -> Ordering {
        other.area.total_cmp(&self.area).then_with(|| other.place.cmp(&self.place))
    }
}

impl PartialOrd for Candidate {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wavy border from (0, 0) to (0, 1) that two squares share.
    fn border() -> Vec<Vertex> {
        (0..=200)
            .map(|step| {
                let y = f64::from(step) / 200.0;
                (((f64::from(step * 7919 % 101)) - 50.0) / 5_000_000.0 * (1.0 - (2.0 * y - 1.0).abs()), y)
            })
            .collect()
    }

    fn levels(rings: &[Vec<Vertex>], shares: u64) -> Vec<Vec<u8>> {
        let mut marks: Vec<Vec<bool>> = rings.iter().map(|ring| vec![false; ring.len()]).collect();
        for share in 0..shares {
            let mut finder = JunctionFinder::new(share, shares);
            rings.iter().for_each(|ring| finder.see(ring));
            for (ring, marks) in rings.iter().zip(&mut marks) {
                finder.junctions(ring, |place| marks[place] = true);
            }
        }
        let mut leveller = Leveller::default();
        rings
            .iter()
            .zip(&marks)
            .map(|(ring, marks)| {
                let mut levels = vec![0; ring.len()];
                leveller.run(ring, ring, |place| marks[place], &mut levels);
                levels
            })
            .collect()
    }

    #[test]
    fn both_sides_of_a_shared_border_keep_the_same_vertices() {
        let border = border();
        let mut west = border.clone();
        west.extend([(-1.0, 1.0), (-1.0, 0.0), border[0]]);
        let mut east: Vec<Vertex> = border.iter().rev().copied().collect();
        east.extend([(1.0, 0.0), (1.0, 1.0), border[200]]);
        // The same ring written from another vertex, as another program would.
        east.pop();
        east.rotate_left(37);
        east.push(east[0]);
        for shares in [1, 3] {
            let found = levels(&[west.clone(), east.clone()], shares);
            let level = |ring: usize, vertex: Vertex| {
                let rings = [&west, &east];
                let place = rings[ring].iter().position(|other| *other == vertex).unwrap();
                found[ring][place]
            };
            assert_eq!(level(0, border[0]), 0);
            for &vertex in &border {
                assert_eq!(level(0, vertex), level(1, vertex), "{vertex:?}");
            }
            assert!(border.iter().any(|vertex| level(0, *vertex) > 2));
        }
    }

    #[test]
    fn a_vertex_on_a_straight_line_is_never_kept_and_a_corner_always() {
        let square = vec![(0.0, 0.0), (0.25, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5), (0.0, 0.0)];
        assert_eq!(levels(&[square], 1), [[0, NEVER, 0, 0, 0, 0]]);
    }

    #[test]
    fn a_hole_and_the_island_in_it_agree_though_nothing_else_touches_them() {
        let mut island: Vec<Vertex> =
            (0..64).map(|step| f64::from(step) / 64.0 * std::f64::consts::TAU).map(|a| (a.cos(), a.sin())).collect();
        let mut hole: Vec<Vertex> = island.iter().rev().copied().collect();
        hole.rotate_left(11);
        island.push(island[0]);
        hole.push(hole[0]);
        let found = levels(&[island.clone(), hole.clone()], 1);
        for (place, vertex) in island.iter().enumerate() {
            let other = hole.iter().position(|other| other == vertex).unwrap();
            assert_eq!(found[0][place], found[1][other]);
        }
    }
}
