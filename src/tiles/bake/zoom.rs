//! The baked zooms of a grid, from the deepest up.
//!
//! What is shown is one limit in the order of features for the whole zoom, never a choice tile by
//! tile, so no two tiles side by side differ in what they leave out. The limit of a zoom is at most
//! that of the zoom below, and a feature needs at least its lowest zoom to be seen: so what is
//! shown at a zoom is shown at all below it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::encode::{Baker, Encoded, Oven, Shown};
use super::plan::{BakePlan, tile_box, touches};
use super::pools::Pools;
use super::rank::UNIT_BITS;
use super::spool::Extent;
use super::{BakeError, Opener, TileAddress};
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
    /// Those that the widest limit of this zoom shows, in the order of their rows.
    candidates: Vec<u32>,
    weight: u64,
    /// The tile as it was last encoded, and how many were shown then.
    done: Option<(Encoded, usize)>,
}

pub fn bake_zooms(baker: &Baker<'_>, plan: &BakePlan, open: Opener<'_>, threads: usize) -> Result<Baked, BakeError> {
    let mut ovens: Vec<Oven> = Vec::new();
    for _ in 0..threads {
        ovens.push(Oven::new(open()?));
    }
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
    let mut dishes = gather(baker, spots, modest);
    if below.is_complete && is_worth_completing(baker, candidates(&dishes), members) {
        let mut all = gather(baker, spots, below);
        let pools = Pools::new(baker, below);
        if bake_all(baker, &mut all, below, &pools, ovens)?.is_none() {
            dishes = all;
            shown = below;
        }
    }
    while dishes.iter().any(|dish| dish.done.is_none()) {
        let pools = Pools::new(baker, shown);
        match bake_all(baker, &mut dishes, shown, &pools, ovens)? {
            None => break,
            Some(limit) => {
                shown.limit = limit;
                for dish in &mut dishes {
                    dish.candidates.retain(|place| baker.shows(*place, shown));
                    let is_same = dish.done.is_some_and(|(encoded, count)| {
                        count == dish.candidates.len() && encoded.extent.bytes() <= limits::TILE_BYTES_MAX
                    });
                    // What stands for others changes with the limit, wherever the hidden ones are.
                    if !is_same || !baker.survey.sizes.is_empty() || baker.rules.cluster {
                        dish.done = None;
                    }
                }
            }
        }
    }
    keep(dishes, shown.zoom, baked);
    Ok(shown)
}

/// Whether all are to be shown, if the budget holds them: two thirds can be told apart at this
/// zoom, or those that cannot are few, as where only stacks on one spot are still baked.
fn is_worth_completing(baker: &Baker<'_>, told_apart: u64, members: u64) -> bool {
    3 * told_apart >= 2 * members || 20 * (members - told_apart) <= baker.survey.drawn
}

fn candidates(dishes: &[Dish]) -> u64 {
    dishes.iter().map(|dish| dish.candidates.len() as u64).sum()
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

/// For every tile of the zoom the features that are shown in it, in one pass over the layer.
fn gather(baker: &Baker<'_>, spots: &[(TileAddress, u32)], shown: Shown) -> Vec<Dish> {
    let mut dishes: Vec<Dish> = spots
        .iter()
        .map(|(tile, members)| Dish { tile: *tile, members: *members, candidates: Vec::new(), weight: 0, done: None })
        .collect();
    let bounds: Vec<[i64; 4]> = dishes.iter().map(|dish| tile_box(dish.tile, true)).collect();
    let by_key: HashMap<i64, usize> = dishes.iter().enumerate().map(|(at, dish)| (dish.tile.key(), at)).collect();
    let side_bits = UNIT_BITS - u32::from(shown.zoom);
    let buffer = (1i64 << side_bits) >> 6;
    let (columns, rows) = (i64::from(baker.grid.columns(shown.zoom)), i64::from(baker.grid.rows(shown.zoom)));
    let boxes = &baker.ranks.boxes;
    for place in 0..baker.survey.len() as u32 {
        if !baker.ranks.is_there(place) || !baker.shows(place, shown) {
            continue;
        }
        let [west, north, east, south] = boxes.get(place as usize).map(i64::from);
        let tile_range = |low: i64, high: i64, count: i64| {
            ((low - buffer) >> side_bits).clamp(0, count - 1)..=((high + buffer) >> side_bits).clamp(0, count - 1)
        };
        let (xs, ys) = (tile_range(west, east, columns), tile_range(north, south, rows));
        let count = (xs.end() - xs.start() + 1) * (ys.end() - ys.start() + 1);
        let weight = u64::from(baker.survey.weights[place as usize]);
        let mut take = |at: usize| {
            if touches(boxes, place, &bounds[at]) {
                dishes[at].candidates.push(place);
                dishes[at].weight += weight;
            }
        };
        if count > bounds.len() as i64 {
            (0..bounds.len()).for_each(&mut take);
        } else {
            for x in xs {
                for y in ys.clone() {
                    let tile = TileAddress::new(baker.grid, shown.zoom, x as u32, y as u32);
                    if let Some(at) = tile.and_then(|tile| by_key.get(&tile.key())) {
                        take(*at);
                    }
                }
            }
        }
    }
    dishes
}

/// Encodes every tile that is not done. `None` when all fit their budget, else a lower limit.
fn bake_all(
    baker: &Baker<'_>,
    dishes: &mut [Dish],
    shown: Shown,
    pools: &Pools,
    ovens: &mut [Oven],
) -> Result<Option<u32>, BakeError> {
    let mut open: Vec<usize> = (0..dishes.len()).filter(|at| dishes[*at].done.is_none()).collect();
    open.sort_by_key(|at| (std::cmp::Reverse(dishes[*at].weight), *at));
    let probes = open.len().min(PROBES);
    for batch in [&open[..probes], &open[probes..]] {
        encode_batch(baker, dishes, batch, pools, ovens)?;
        let lower = batch.iter().filter_map(|at| lower_limit(baker, &dishes[*at], shown)).min();
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
        .filter(|place| baker.live_from[**place as usize] > shown.zoom)
        .map(|place| baker.order(*place))
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
    std::thread::scope(|scope| {
        for oven in ovens.iter_mut().take(batch.len()) {
            scope.spawn(|| {
                let oven = oven;
                while let Some(&at) = batch.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let encoded = baker.encode(oven, waiting[at].tile, &waiting[at].candidates, pools);
                    finished.lock().unwrap_or_else(PoisonError::into_inner).push((at, encoded));
                }
            });
        }
    });
    for (at, encoded) in finished.into_inner().unwrap_or_else(PoisonError::into_inner) {
        dishes[at].done = Some((encoded?, dishes[at].candidates.len()));
    }
    Ok(())
}
