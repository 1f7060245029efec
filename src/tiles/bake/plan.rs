//! Which tiles are baked: from the top down, those that hold too much to be cut live.

use super::giants::Giants;
use super::rank::{GridBoxes, Ranks, UNIT_BITS};
use super::survey::{Survey, WEIGHT_BYTES};
use super::{HeavyFrom, TileAddress};
use crate::base::{Grid, limits};
use crate::tiles::cut::{LIVE_FEATURES_MAX, LIVE_VERTICES_MAX};

/// The buffer of a tile as a share of its side: 64 of 4,096 units.
const BUFFER_SHARE_BITS: u32 = 6;

/// The tiles to bake and what the others mean for them.
pub struct BakePlan {
    /// For each zoom its tiles in order of their keys, with the number of features that touch each.
    pub zooms: Vec<Vec<(TileAddress, u32)>>,
    /// The zoom from which a feature stands in a tile that is cut live and therefore complete; it
    /// is shown in the baked tiles beside it too, so that nothing ends at a tile's edge. 255: never.
    pub live_from: Vec<u8>,
    /// Whether no tile that is cut live holds more than it may draw.
    pub live_is_complete: bool,
}

/// The box of a tile in units of the grid, with its buffer or without.
pub fn tile_box(tile: TileAddress, with_buffer: bool) -> [i64; 4] {
    let side = 1i64 << (UNIT_BITS - u32::from(tile.zoom()));
    let buffer = if with_buffer { side >> BUFFER_SHARE_BITS } else { 0 };
    let (west, north) = (i64::from(tile.x()) * side, i64::from(tile.y()) * side);
    [west - buffer, north - buffer, west + side + buffer, north + side + buffer]
}

/// Whether the feature's box touches the tile's.
pub fn touches(boxes: &GridBoxes, place: u32, tile: &[i64; 4]) -> bool {
    let [west, north, east, south] = boxes.get(place as usize).map(i64::from);
    west < tile[2] && east >= tile[0] && north < tile[3] && south >= tile[1]
}

pub fn roots(grid: Grid) -> impl Iterator<Item = TileAddress> {
    (0..grid.columns(0)).filter_map(move |x| TileAddress::new(grid, 0, x, 0))
}

pub fn children(tile: TileAddress) -> impl Iterator<Item = TileAddress> {
    let (zoom, x, y) = (tile.zoom() + 1, tile.x() * 2, tile.y() * 2);
    [(0, 0), (1, 0), (0, 1), (1, 1)]
        .into_iter()
        .filter_map(move |(right, down)| TileAddress::new(tile.grid(), zoom, x + right, y + down))
}

struct Planner<'a> {
    survey: &'a Survey,
    boxes: &'a GridBoxes,
    giants: &'a Giants,
    heavy: HeavyFrom,
    plan: BakePlan,
}

pub fn plan(grid: Grid, survey: &Survey, ranks: &Ranks, giants: &Giants, heavy: HeavyFrom) -> BakePlan {
    let mut planner = Planner {
        survey,
        boxes: &ranks.boxes,
        giants,
        heavy,
        plan: BakePlan {
            zooms: vec![Vec::new(); usize::from(limits::ZOOM_MAX) + 1],
            live_from: vec![u8::MAX; survey.len()],
            live_is_complete: true,
        },
    };
    let there = || (0..survey.len() as u32).filter(|place| ranks.is_there(*place));
    for root in roots(grid) {
        planner.visit(root, members(&ranks.boxes, there(), root));
    }
    for tiles in &mut planner.plan.zooms {
        tiles.sort_by_key(|(tile, _)| tile.key());
    }
    planner.plan
}

fn members(boxes: &GridBoxes, of: impl Iterator<Item = u32>, tile: TileAddress) -> Vec<u32> {
    let bounds = tile_box(tile, true);
    of.filter(|place| touches(boxes, *place, &bounds)).collect()
}

impl Planner<'_> {
    /// Takes the list by value and lets it go before the children use theirs, so that the lists
    /// alive at any time are together about as long as the layer.
    fn visit(&mut self, tile: TileAddress, members: Vec<u32>) {
        if !self.is_heavy(tile, &members) {
            self.leave_live(tile, &members);
            return;
        }
        self.plan.zooms[usize::from(tile.zoom())].push((tile, members.len() as u32));
        let mut parts: Vec<(TileAddress, Vec<u32>)> = Vec::new();
        if tile.zoom() < limits::ZOOM_MAX && !self.is_in_vain(tile, &members) {
            parts
                .extend(children(tile).map(|child| (child, self::members(self.boxes, members.iter().copied(), child))));
        } else if tile.zoom() < limits::ZOOM_MAX {
            self.plan.live_is_complete &= self.can_be_live(tile, &members);
            children(tile).for_each(|child| self.leave_live(child, &members));
        }
        drop(members);
        // The last first, so that each list is let go as soon as it is used.
        while let Some((child, members)) = parts.pop() {
            self.visit(child, members);
        }
    }

    fn is_heavy(&self, tile: TileAddress, members: &[u32]) -> bool {
        let weight: u64 = members.iter().map(|place| u64::from(self.survey.weights[*place as usize])).sum();
        members.len() as u64 > self.heavy.features
            || self.vertices(tile, members) > self.heavy.vertices
            || weight * u64::from(WEIGHT_BYTES) > self.heavy.bytes
    }

    fn vertices(&self, tile: TileAddress, members: &[u32]) -> u64 {
        let whole: u64 = members.iter().map(|place| u64::from(self.survey.vertices(*place as usize))).sum();
        let in_pieces: u64 = members
            .iter()
            .filter(|place| !self.survey.giants.is_empty() && self.survey.is_giant(**place))
            .map(|place| self.giants.vertices_in(*place, tile))
            .sum();
        whole + in_pieces
    }

    /// Whether a tile of all these is cut live without leaving any out.
    fn can_be_live(&self, tile: TileAddress, members: &[u32]) -> bool {
        members.len() as u64 <= LIVE_FEATURES_MAX && self.vertices(tile, members) <= LIVE_VERTICES_MAX
    }

    /// Whether most features cover most of the tile, so that each of its quarters would hold as
    /// many again, and theirs, down to the last zoom: of those a live cut draws what it may.
    fn is_in_vain(&self, tile: TileAddress, members: &[u32]) -> bool {
        /// Quarters that a feature stands in, on average, from which baking them is in vain.
        const QUARTERS: usize = 3;
        let in_quarters: usize = children(tile)
            .map(|child| {
                let bounds = tile_box(child, false);
                members.iter().filter(|place| touches(self.boxes, **place, &bounds)).count()
            })
            .sum();
        in_quarters >= QUARTERS * members.len()
    }

    fn leave_live(&mut self, tile: TileAddress, members: &[u32]) {
        let bounds = tile_box(tile, false);
        for &place in members {
            let from = &mut self.plan.live_from[place as usize];
            if *from > tile.zoom() && touches(self.boxes, place, &bounds) {
                *from = tile.zoom();
            }
        }
    }
}
