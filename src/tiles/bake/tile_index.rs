//! Which tiles of a zoom a feature touches.

use std::cell::Cell;

use hashbrown::HashMap;

use super::TileAddress;
use super::rank::UNIT_BITS;
use crate::base::Grid;

/// The buffer of a tile as a share of its side: 64 of 4,096 units.
const BUFFER_SHARE_BITS: u32 = 6;

/// Some tiles of a zoom, found by where they are.
pub struct TileIndex {
    grid: Grid,
    zoom: u8,
    tiles: Vec<TileAddress>,
    by_key: HashMap<i64, usize>,
    /// What was asked last: features come in an order in which neighbours follow each other.
    last: Cell<Option<(i64, Option<usize>)>>,
}

impl TileIndex {
    pub fn new(grid: Grid, zoom: u8, tiles: Vec<TileAddress>) -> Self {
        let by_key = tiles.iter().enumerate().map(|(at, tile)| (tile.key(), at)).collect();
        TileIndex { grid, zoom, tiles, by_key, last: Cell::new(None) }
    }

    pub fn tiles(&self) -> &[TileAddress] {
        &self.tiles
    }

    pub fn len(&self) -> usize {
        self.tiles.len()
    }

    /// Visits those tiles, by their places in the list, whose ground or buffer touches a box in units of the
    /// grid, and tells whether the ground does.
    pub fn touched(&self, bounds: [u32; 4], mut visit: impl FnMut(usize, bool)) {
        /// So many tiles are looked at sooner than found.
        const FEW: usize = 3;
        let [west, north, east, south] = bounds.map(i64::from);
        let side_bits = UNIT_BITS - u32::from(self.zoom);
        let side = 1i64 << side_bits;
        let buffer = side >> BUFFER_SHARE_BITS;
        let mut take = |at: usize| {
            let (x, y) = (i64::from(self.tiles[at].x()) * side, i64::from(self.tiles[at].y()) * side);
            let touches = |around: i64| {
                west < x + side + around && east >= x - around && north < y + side + around && south >= y - around
            };
            if touches(buffer) {
                visit(at, touches(0));
            }
        };
        if self.tiles.len() <= FEW {
            return (0..self.tiles.len()).for_each(take);
        }
        let range = |low: i64, high: i64, count: u32| {
            let last = i64::from(count) - 1;
            ((low - buffer) >> side_bits).clamp(0, last)..=((high + buffer) >> side_bits).clamp(0, last)
        };
        let xs = range(west, east, self.grid.columns(self.zoom));
        let ys = range(north, south, self.grid.rows(self.zoom));
        let count = (xs.end() - xs.start() + 1) * (ys.end() - ys.start() + 1);
        if count > self.tiles.len() as i64 {
            return (0..self.tiles.len()).for_each(take);
        }
        for x in xs {
            for y in ys.clone() {
                if let Some(at) = self.find(x as u32, y as u32) {
                    take(at);
                }
            }
        }
    }

    /// The tile whose ground holds a box whole, so far from its edge that no other tile's buffer reaches it.
    pub fn holding(&self, [west, north, east, south]: [u32; 4]) -> Option<usize> {
        let side_bits = UNIT_BITS - u32::from(self.zoom);
        let buffer = 1i64 << side_bits >> BUFFER_SHARE_BITS;
        let only = |low: u32, high: u32| {
            let (first, last) = ((i64::from(low) - buffer) >> side_bits, (i64::from(high) + buffer) >> side_bits);
            u32::try_from(first).ok().filter(|_| first == last)
        };
        self.find(only(west, east)?, only(north, south)?)
    }

    fn find(&self, x: u32, y: u32) -> Option<usize> {
        let key = TileAddress::new(self.grid, self.zoom, x, y)?.key();
        match self.last.get() {
            Some((last, found)) if last == key => found,
            _ => {
                let found = self.by_key.get(&key).copied();
                self.last.set(Some((key, found)));
                found
            }
        }
    }
}
