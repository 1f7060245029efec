//! Simplification that keeps neighbours neighbours: each vertex gets the zoom from which it is
//! kept, by Visvalingam's rule on arcs, and an arc that two features share gets the same answer
//! from both. Arcs end where the vertices before and after differ between features (junctions),
//! and their ends are kept for ever.

use std::cmp::{Ordering, Reverse};
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
    /// Open addressing.
    slots: Vec<Slot>,
}

/// What is known of a vertex. Two vertices that share all of it beside their place in the table are taken for
/// one: a vertex more is kept then, by all who have it.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// Of the vertex's hash; 0 where the slot is free.
    tag: u32,
    /// Over the hashes of its neighbours.
    sum: u32,
}

/// The share of a table that is filled at most.
const LOAD: (usize, usize) = (7, 8);

/// What a slot's sum becomes once two runs have disagreed.
const JUNCTION: u32 = u32::MAX;

impl JunctionFinder {
    /// For the vertices whose hash falls in one share of so many, of which there are at most `vertices`.
    pub fn new(vertices: usize, share: u64, shares: u64) -> Self {
        let slots = (vertices * LOAD.1).div_ceil(LOAD.0) + 1;
        JunctionFinder { share, shares: shares.max(1), slots: vec![Slot::default(); slots] }
    }

    /// A share counts by bits of the hash that hardly decide slot or tag.
    fn is_mine(&self, hash: u64) -> bool {
        self.shares == 1 || (hash & 0xffff) % self.shares == self.share
    }

    /// Looks at every vertex of a run.
    pub fn see(&mut self, run: &[Vertex]) {
        for_each_vertex(run, |_, hash, sum| {
            if self.is_mine(hash) {
                let Some(slot) = self.slot_of(hash) else { return };
                let entry = &mut self.slots[slot];
                if entry.tag == 0 {
                    *entry = Slot { tag: tag_of(hash), sum };
                } else if entry.sum != sum {
                    entry.sum = JUNCTION;
                }
            }
        });
    }

    /// Tells `found` the places of a run's junctions in this share.
    pub fn junctions(&self, run: &[Vertex], mut found: impl FnMut(usize)) {
        for_each_vertex(run, |place, hash, _| {
            if self.is_mine(hash) && self.slot_of(hash).is_none_or(|slot| self.slots[slot].sum == JUNCTION) {
                found(place);
            }
        });
    }

    /// The slot that a vertex has or may take; `None` where too many stand there, as no layer has them that was
    /// not made for it. Such a vertex is kept as a junction is.
    fn slot_of(&self, hash: u64) -> Option<usize> {
        const LOOKS_MAX: usize = 4096;
        let tag = tag_of(hash);
        // The upper bits decide, whatever the length of the table.
        let mut slot = ((u128::from(hash) * self.slots.len() as u128) >> u64::BITS) as usize;
        for _ in 0..LOOKS_MAX {
            if self.slots[slot].tag == 0 || self.slots[slot].tag == tag {
                return Some(slot);
            }
            slot += 1;
            slot = if slot == self.slots.len() { 0 } else { slot };
        }
        None
    }
}

/// Of bits that hardly decide the slot; never 0, which marks a free one.
fn tag_of(hash: u64) -> u32 {
    (hash >> 8) as u32 | 1
}

/// Every vertex of a run with its hash and the sum of its neighbours' hashes. The closing point of
/// a ring is its first one again; the ends of a line have one neighbour.
fn for_each_vertex(run: &[Vertex], mut visit: impl FnMut(usize, u64, u32)) {
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
        visit(place, here, (before.wrapping_add(after) >> 33) as u32);
        before = here;
        here = after;
    }
}

fn hash_of((x, y): Vertex) -> u64 {
    // Adding zero makes −0 the same as 0.
    let mut mixed = (x + 0.0).to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        ^ (y + 0.0).to_bits().wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Gives every vertex its level. Kept between runs so that its lists keep their memory.
#[derive(Default)]
pub struct Leveller {
    arc: Vec<Vertex>,
    before: Vec<u32>,
    after: Vec<u32>,
    area: Vec<f64>,
    left: Left,
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
        // An arc goes around a ring once at most.
        let at = |step: usize| if from + step < count { from + step } else { from + step - count };
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
        for place in 1..count - 1 {
            self.area[place] = triangle(self.arc[place - 1], self.arc[place], self.arc[place + 1]);
        }
        self.left.fill(&self.area);
        let mut largest: f64 = 0.0;
        while let Some((area, here)) = self.left.take_smallest() {
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
                self.left.change(neighbour, self.area[neighbour]);
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
    const PARTS_BITS: i64 = 10;
    /// Bits of a number's fraction, and what its exponent is counted from (IEEE 754 binary64).
    const FRACTION_BITS: u32 = 52;
    const BIAS: i64 = 1023;
    if area <= 0.0 {
        return NEVER;
    }
    // The smallest z for which area ≥ 4^(−z−10) follows from the exponent alone.
    let exponent = (area.to_bits() >> FRACTION_BITS) as i64 - BIAS;
    (-exponent.div_euclid(2) - PARTS_BITS).clamp(0, 64) as u8
}

/// The vertices of an arc that are not taken yet. Most arcs are so short that looking at all of them is
/// quicker than keeping a heap.
#[derive(Default)]
struct Left {
    /// By place; infinite for what is taken, and for the ends.
    areas: Vec<f64>,
    /// Bits of the area, which rise with it, and the place; empty for short arcs. What no longer agrees
    /// with `areas` is passed over.
    heap: BinaryHeap<Reverse<(u64, u32)>>,
    is_short: bool,
}

/// The longest arc without a heap.
const SHORT_ARC: usize = 24;

impl Left {
    fn fill(&mut self, areas: &[f64]) {
        self.areas.clear();
        self.areas.extend_from_slice(areas);
        self.is_short = areas.len() <= SHORT_ARC;
        self.heap.clear();
        if !self.is_short {
            let inner = 1..areas.len() - 1;
            self.heap.extend(inner.map(|place| Reverse((areas[place].to_bits(), place as u32))));
        }
    }

    fn change(&mut self, place: usize, area: f64) {
        self.areas[place] = area;
        if !self.is_short {
            self.heap.push(Reverse((area.to_bits(), place as u32)));
        }
    }

    /// The smallest triangle comes first; of equal ones the place along the canonical arc decides.
    fn take_smallest(&mut self) -> Option<(f64, usize)> {
        let (area, place) = if self.is_short { self.scan()? } else { self.pop()? };
        self.areas[place] = f64::INFINITY;
        Some((area, place))
    }

    fn scan(&self) -> Option<(f64, usize)> {
        let mut smallest = (f64::INFINITY, 0);
        for (place, &area) in self.areas.iter().enumerate() {
            if area < smallest.0 {
                smallest = (area, place);
            }
        }
        (smallest.0 < f64::INFINITY).then_some(smallest)
    }

    fn pop(&mut self) -> Option<(f64, usize)> {
        while let Some(Reverse((bits, place))) = self.heap.pop() {
            let (area, place) = (f64::from_bits(bits), place as usize);
            if area == self.areas[place] {
                return Some((area, place));
            }
        }
        None
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
            let vertices = rings.iter().map(Vec::len).sum();
            let mut finder = JunctionFinder::new(vertices, share, shares);
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
