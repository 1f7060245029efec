//! The baked zooms of a grid, from the deepest up.
//!
//! What is shown is one limit in the order of features for the whole zoom, never a choice tile by
//! tile, so no two tiles side by side differ in what they leave out. The limit of a zoom is at most
//! that of the zoom below, and a feature needs at least its lowest zoom to be seen: so what is
//! shown at a zoom is shown at all below it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::encode::{Baker, Candidate, Encoded, Oven, Shown};
use super::plan::BakePlan;
use super::pools::Pools;
use super::rank::Fact;
use super::spool::Extent;
use super::tile_index::TileIndex;
use super::{BakeError, TileAddress};
use crate::base::limits;
use crate::tiles::facts::ZoomFacts;

/// What lowering a limit aims at, so that the tiles not yet tried fit too.
const TARGET_BYTES: f64 = 0.94 * limits::TILE_BYTES_MAX as f64;
/// The heaviest tiles of a zoom are tried before all others, to find its limit at little cost.
const PROBES: usize = 2;

/// A baked tile in the spool.
pub struct SpooledTile {
    pub key: i64,
    pub extent: Extent,
    pub shown: u64,
    pub hidden: u64,
}

/// All baked tiles of a grid in the order of their keys.
pub struct Baked {
    pub tiles: Vec<SpooledTile>,
    pub zooms: Vec<ZoomFacts>,
}

/// A tile of the zoom in work.
struct Dish {
    tile: TileAddress,
    /// Features that touch the tile.
    members: u32,
    /// Those of them that are shown, and their weight under the first limit of the zoom.
    shown: usize,
    weight: u64,
    /// The shown ones in the order of their rows, while they are held.
    candidates: Vec<Candidate>,
    /// The tile as it was last encoded, and how many were shown then.
    done: Option<(Encoded, usize)>,
}

pub fn bake_zooms(baker: &Baker<'_>, plan: &BakePlan, threads: usize) -> Result<Baked, BakeError> {
    let mut ovens: Vec<Oven> = (0..threads).map(|_| Oven::new()).collect();
    let mut baked = Baked { tiles: Vec::new(), zooms: Vec::new() };
    let mut below = Shown { zoom: limits::ZOOM_MAX, limit: u32::MAX, is_complete: true };
    for zoom in (0..=limits::ZOOM_MAX).rev() {
        let spots = &plan.zooms[usize::from(zoom)];
        if spots.is_empty() {
            continue;
        }
        below = bake_zoom(baker, Shown { zoom, ..below }, spots, &mut ovens, &mut baked)?;
    }
    baked.zooms.reverse();
    baked.tiles.sort_unstable_by_key(|tile| tile.key);
    Ok(baked)
}

/// Bakes one zoom and gives what it shows, which is the most that the zoom above may.
fn bake_zoom(
    baker: &Baker<'_>,
    below: Shown,
    spots: &[(TileAddress, u32)],
    ovens: &mut [Oven],
    baked: &mut Baked,
) -> Result<Shown, BakeError> {
    let members: u64 = spots.iter().map(|(_, members)| u64::from(*members)).sum();
    let modest = Shown { is_complete: false, ..below };
    let mut shown = modest;
    let mut table = Table::lay(baker, spots, modest)?;
    if below.is_complete && is_worth_completing(baker, table.shown(), members) {
        let mut all = Table::lay(baker, spots, below)?;
        let pools = Pools::new(baker, below).map_err(BakeError::Spool)?;
        if bake_all(baker, &mut all, below, &pools, ovens)?.is_none() {
            table = all;
            shown = below;
        }
    }
    while table.dishes.iter().any(|dish| dish.done.is_none()) {
        let pools = Pools::new(baker, shown).map_err(BakeError::Spool)?;
        match bake_all(baker, &mut table, shown, &pools, ovens)? {
            None => break,
            Some(limit) => {
                shown.limit = limit;
                table.lower(baker, shown)?;
            }
        }
    }
    keep(table.dishes, shown.zoom, baked);
    Ok(shown)
}

/// Whether all are to be shown, if the budget holds them: two thirds can be told apart at this
/// zoom, or those that cannot are few, as where only stacks on one spot are still baked.
fn is_worth_completing(baker: &Baker<'_>, told_apart: u64, members: u64) -> bool {
    3 * told_apart >= 2 * members || 20 * (members - told_apart) <= baker.survey.drawn
}

fn keep(dishes: Vec<Dish>, zoom: u8, baked: &mut Baked) {
    let mut facts = ZoomFacts { zoom, tiles: 0, shown: 0, hidden: 0, bytes: 0, largest_bytes: 0 };
    for dish in dishes {
        let Some((encoded, shown)) = dish.done else { continue };
        let hidden = u64::from(dish.members) - shown as u64;
        let bytes = encoded.extent.bytes() as u64;
        facts.tiles += 1;
        facts.shown += encoded.drawn;
        facts.hidden += hidden;
        facts.bytes += bytes;
        facts.largest_bytes = facts.largest_bytes.max(bytes);
        baked.tiles.push(SpooledTile { key: dish.tile.key(), extent: encoded.extent, shown: encoded.drawn, hidden });
    }
    baked.zooms.push(facts);
}

/// The tiles of a zoom in work.
struct Table {
    index: TileIndex,
    dishes: Vec<Dish>,
    /// Whether the features of all tiles are few enough to be held from the start.
    holds_all: bool,
}

impl Table {
    /// Finds what is shown in each tile, in one pass over the layer.
    fn lay(baker: &Baker<'_>, spots: &[(TileAddress, u32)], shown: Shown) -> Result<Self, BakeError> {
        let index = TileIndex::new(baker.grid, shown.zoom, spots.iter().map(|(tile, _)| *tile).collect());
        let dish = |(tile, members): &(TileAddress, u32)| Dish {
            tile: *tile,
            members: *members,
            shown: 0,
            weight: 0,
            candidates: Vec::new(),
            done: None,
        };
        let dishes = spots.iter().map(dish).collect();
        let members: u64 = spots.iter().map(|(_, members)| u64::from(*members)).sum();
        let mut table = Table { index, dishes, holds_all: members <= baker.candidates_at_once };
        let Table { index, dishes, holds_all } = &mut table;
        each_shown(baker, index, shown, |at, candidate, weight| {
            let dish = &mut dishes[at];
            dish.shown += 1;
            dish.weight += u64::from(weight);
            if *holds_all {
                dish.candidates.push(candidate);
            }
        })?;
        Ok(table)
    }

    fn shown(&self) -> u64 {
        self.dishes.iter().map(|dish| dish.shown as u64).sum()
    }

    /// Leaves out what a lower limit does not show, and the tiles that are no longer as they were baked.
    fn lower(&mut self, baker: &Baker<'_>, shown: Shown) -> Result<(), BakeError> {
        if self.holds_all {
            for dish in &mut self.dishes {
                dish.candidates.retain(|candidate| baker.shows_candidate(*candidate, shown));
                dish.shown = dish.candidates.len();
            }
        } else {
            self.dishes.iter_mut().for_each(|dish| dish.shown = 0);
            each_shown(baker, &self.index, shown, |at, _, _| self.dishes[at].shown += 1)?;
        }
        for dish in &mut self.dishes {
            let is_same = dish.done.is_some_and(|(encoded, count)| {
                count == dish.shown && encoded.extent.bytes() <= limits::TILE_BYTES_MAX
            });
            // What stands for others changes with the limit, wherever the hidden ones are.
            if !is_same || baker.survey.is_drawn_in_detail() || baker.rules.cluster {
                dish.done = None;
            }
        }
        Ok(())
    }

    /// Tiles in portions whose features are held at once.
    fn portions<'t>(&self, open: &'t [usize], candidates_at_once: u64) -> Vec<&'t [usize]> {
        if self.holds_all {
            return vec![open];
        }
        let mut held = 0;
        let mut portions = Vec::new();
        let mut start = 0;
        for (place, at) in open.iter().enumerate() {
            let shown = self.dishes[*at].shown as u64;
            if place > start && held + shown > candidates_at_once {
                portions.push(&open[start..place]);
                (start, held) = (place, 0);
            }
            held += shown;
        }
        portions.push(&open[start..]);
        portions
    }

    /// Finds the features of a portion where they are not held.
    fn fetch(&mut self, baker: &Baker<'_>, portion: &[usize], shown: Shown) -> Result<(), BakeError> {
        if self.holds_all {
            return Ok(());
        }
        let tiles = portion.iter().map(|at| self.dishes[*at].tile).collect();
        for at in portion {
            let dish = &mut self.dishes[*at];
            dish.candidates.reserve_exact(dish.shown);
        }
        let index = TileIndex::new(baker.grid, shown.zoom, tiles);
        each_shown(baker, &index, shown, |at, candidate, _| self.dishes[portion[at]].candidates.push(candidate))
    }

    fn let_go(&mut self, portion: &[usize]) {
        if !self.holds_all {
            portion.iter().for_each(|at| self.dishes[*at].candidates = Vec::new());
        }
    }
}

/// Visits every feature that is shown in each tile of an index that it touches, with its weight.
fn each_shown(
    baker: &Baker<'_>,
    index: &TileIndex,
    shown: Shown,
    mut visit: impl FnMut(usize, Candidate, u16),
) -> Result<(), BakeError> {
    let see = |fact: Fact| {
        if baker.shows(&fact, shown) {
            let candidate = Candidate { place: fact.place, order: baker.order(&fact) };
            index.touched(fact.bounds, |at, _| visit(at, candidate, fact.weight));
        }
        Ok(())
    };
    baker.ranks.each(see).map_err(BakeError::Spool)
}

/// Encodes every tile that is not done. `None` when all fit their budget, else a lower limit.
fn bake_all(
    baker: &Baker<'_>,
    table: &mut Table,
    shown: Shown,
    pools: &Pools,
    ovens: &mut [Oven],
) -> Result<Option<u32>, BakeError> {
    let mut open: Vec<usize> = (0..table.dishes.len()).filter(|at| table.dishes[*at].done.is_none()).collect();
    open.sort_by_key(|at| (std::cmp::Reverse(table.dishes[*at].weight), *at));
    let probes = open.len().min(PROBES);
    for batch in [&open[..probes], &open[probes..]] {
        let mut lower: Option<u32> = None;
        for portion in table.portions(batch, baker.candidates_at_once) {
            table.fetch(baker, portion, shown)?;
            encode_batch(baker, &mut table.dishes, portion, pools, ovens)?;
            let limits = portion.iter().filter_map(|at| lower_limit(baker, &table.dishes[*at], shown));
            lower = limits.chain(lower).min();
            table.let_go(portion);
        }
        if lower.is_some() {
            return Ok(lower);
        }
    }
    Ok(None)
}

/// The limit that brings a tile down to its budget; `None` where it fits, or where nothing in it
/// can be left out.
fn lower_limit(baker: &Baker<'_>, dish: &Dish, shown: Shown) -> Option<u32> {
    let (encoded, count) = dish.done?;
    let bytes = encoded.extent.bytes();
    if bytes <= limits::TILE_BYTES_MAX && count <= limits::TILE_FEATURES_MAX {
        return None;
    }
    let mut orders: Vec<u32> = dish
        .candidates
        .iter()
        .filter(|one| baker.live_from[one.place as usize] > shown.zoom)
        .map(|one| one.order)
        .collect();
    orders.sort_unstable();
    let by_bytes = TARGET_BYTES / bytes as f64;
    let by_count = limits::TILE_FEATURES_MAX as f64 / count as f64;
    let kept = (orders.len() as f64 * by_bytes.min(by_count)) as usize;
    let first_out = orders.get(kept.min(orders.len().checked_sub(1)?))?;
    first_out.checked_sub(1)
}

/// Encodes some tiles on all ovens. Each takes the next that nobody has, so the order in which they
/// are spooled is left to chance; what is written is not.
fn encode_batch(
    baker: &Baker<'_>,
    dishes: &mut [Dish],
    batch: &[usize],
    pools: &Pools,
    ovens: &mut [Oven],
) -> Result<(), BakeError> {
    let next = AtomicUsize::new(0);
    let finished: Mutex<Vec<(usize, Result<Encoded, BakeError>)>> = Mutex::new(Vec::with_capacity(batch.len()));
    let waiting: &[Dish] = dishes;
    let work = |oven: &mut Oven| {
        while let Some(&at) = batch.get(next.fetch_add(1, Ordering::Relaxed)) {
            let encoded = baker.encode(oven, waiting[at].tile, &waiting[at].candidates, pools);
            finished.lock().unwrap_or_else(PoisonError::into_inner).push((at, encoded));
        }
    };
    std::thread::scope(|scope| {
        // This thread works too, so that the small tiles of low zooms need no other.
        let Some((own, others)) = ovens.split_first_mut() else { return };
        let helpers = batch.len().saturating_sub(1);
        others.iter_mut().take(helpers).for_each(|oven| drop(scope.spawn(|| work(oven))));
        work(own);
    });
    for (at, encoded) in finished.into_inner().unwrap_or_else(PoisonError::into_inner) {
        dishes[at].done = Some((encoded?, dishes[at].shown));
    }
    Ok(())
}
