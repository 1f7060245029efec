//! Which tiles are baked: from the top down, those that hold too much to be cut live. Each zoom takes one pass
//! over the layer, so that no list of a tile's features is ever held.

use std::io;

use super::bits::Bits;
use super::giants::Giants;
use super::rank::{Fact, Ranks, grid_box};
use super::survey::{Survey, WEIGHT_BYTES};
use super::tile_index::TileIndex;
use super::{HeavyFrom, TileAddress};
use crate::base::{Grid, limits};
use crate::tiles::cut::{LIVE_FEATURES_MAX, LIVE_VERTICES_MAX};

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
    grid: Grid,
    survey: &'a Survey,
    ranks: &'a Ranks,
    giants: &'a Giants,
    heavy: HeavyFrom,
    plan: BakePlan,
    /// Features that touch no tile any more of which the quarters are to be judged.
    is_past: Bits,
}

/// What a tile holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Load {
    features: u64,
    vertices: u64,
    weight: u64,
    /// Features on its own ground, without the buffer.
    inside: u64,
}

/// The tiles of a zoom that are judged, and those of the zoom above that will be cut live.
struct Level {
    zoom: u8,
    judged: TileIndex,
    live_above: TileIndex,
    loads: Vec<Load>,
}

pub fn plan(grid: Grid, survey: &Survey, ranks: &Ranks, giants: &Giants, heavy: HeavyFrom) -> io::Result<BakePlan> {
    let mut planner = Planner {
        grid,
        survey,
        ranks,
        giants,
        heavy,
        plan: BakePlan {
            zooms: vec![Vec::new(); usize::from(limits::ZOOM_MAX) + 1],
            live_from: vec![u8::MAX; survey.rows],
            live_is_complete: true,
        },
        is_past: Bits::new(survey.rows),
    };
    let mut parents: Vec<(TileAddress, Load)> = Vec::new();
    let mut tiles: Vec<TileAddress> = roots(grid).collect();
    let mut live: Vec<TileAddress> = Vec::new();
    for zoom in 0..=limits::ZOOM_MAX + 1 {
        if tiles.is_empty() && live.is_empty() {
            break;
        }
        let mut level = Level {
            zoom,
            judged: TileIndex::new(grid, zoom, std::mem::take(&mut tiles)),
            live_above: TileIndex::new(grid, zoom.saturating_sub(1), std::mem::take(&mut live)),
            loads: Vec::new(),
        };
        match planner.inherited(&parents, &level) {
            Some(loads) => {
                if cfg!(debug_assertions) {
                    planner.load(&mut level)?;
                    assert_eq!(level.loads, loads, "a pass over the layer finds at zoom {zoom} what was inherited");
                }
                level.loads = loads;
            }
            None => planner.load(&mut level)?,
        }
        (parents, live) = planner.judge(&parents, &level);
        if zoom < limits::ZOOM_MAX {
            tiles = parents.iter().flat_map(|(tile, _)| children(*tile)).collect();
        }
    }
    for tiles in &mut planner.plan.zooms {
        tiles.sort_by_key(|(tile, _)| tile.key());
    }
    Ok(planner.plan)
}

impl Planner<'_> {
    /// Where all there is lies in one tile, it holds what its parent does.
    fn inherited(&self, parents: &[(TileAddress, Load)], level: &Level) -> Option<Vec<Load>> {
        let [(_, load)] = parents else { return None };
        if !self.survey.giants.is_empty() {
            return None;
        }
        let holding = level.judged.holding(grid_box(self.grid, &self.survey.extent))?;
        let mut loads = vec![Load::default(); level.judged.len()];
        loads[holding] = *load;
        Some(loads)
    }

    /// Adds up what each tile holds, and notes the features of those that will be cut live.
    fn load(&mut self, level: &mut Level) -> io::Result<()> {
        let Planner { survey, ranks, giants, plan, is_past, .. } = self;
        level.loads = vec![Load::default(); level.judged.len()];
        ranks.each(|fact| {
            let place = fact.place as usize;
            if is_past.get(place) {
                return Ok(());
            }
            let live_from = &mut plan.live_from[place];
            level.live_above.touched(fact.bounds, |_, is_on_ground| {
                if is_on_ground {
                    *live_from = (*live_from).min(level.zoom - 1);
                }
            });
            let mut is_judged = false;
            level.judged.touched(fact.bounds, |at, is_on_ground| {
                is_judged = true;
                let load = &mut level.loads[at];
                load.add(survey, giants, &fact, level.judged.tiles()[at]);
                load.inside += u64::from(is_on_ground);
            });
            if !is_judged {
                is_past.set(place);
            }
            Ok(())
        })
    }

    /// Gives the heavy tiles, which will be baked, and those that will be cut live.
    fn judge(
        &mut self,
        parents: &[(TileAddress, Load)],
        level: &Level,
    ) -> (Vec<(TileAddress, Load)>, Vec<TileAddress>) {
        let (mut heavy, mut live) = (Vec::new(), Vec::new());
        // Four to a parent, in their order; the roots have none.
        let mut quarters = level.judged.tiles().iter().copied().zip(level.loads.iter().copied());
        if parents.is_empty() {
            quarters.by_ref().for_each(|(tile, load)| self.sort_out(tile, load, &mut heavy, &mut live));
        }
        for (_, parent) in parents {
            let quarters: Vec<(TileAddress, Load)> = quarters.by_ref().take(4).collect();
            if is_in_vain(parent, &quarters) {
                self.plan.live_is_complete &= can_be_live(parent);
                live.extend(quarters.iter().map(|(tile, _)| *tile));
            } else {
                quarters.into_iter().for_each(|(tile, load)| self.sort_out(tile, load, &mut heavy, &mut live));
            }
        }
        (heavy, live)
    }

    fn sort_out(
        &mut self,
        tile: TileAddress,
        load: Load,
        heavy: &mut Vec<(TileAddress, Load)>,
        live: &mut Vec<TileAddress>,
    ) {
        if load.is_heavy(&self.heavy) {
            self.plan.zooms[usize::from(tile.zoom())].push((tile, load.features as u32));
            heavy.push((tile, load));
        } else {
            live.push(tile);
        }
    }
}

impl Load {
    fn add(&mut self, survey: &Survey, giants: &Giants, fact: &Fact, tile: TileAddress) {
        self.features += 1;
        self.weight += u64::from(fact.weight);
        self.vertices += u64::from(fact.vertices);
        if !survey.giants.is_empty() && survey.is_giant(fact.place) {
            self.vertices += giants.vertices_in(fact.place, tile);
        }
    }

    fn is_heavy(&self, heavy: &HeavyFrom) -> bool {
        self.features > heavy.features
            || self.vertices > heavy.vertices
            || self.weight * u64::from(WEIGHT_BYTES) > heavy.bytes
    }
}

/// Whether a tile of all these is cut live without leaving any out.
fn can_be_live(load: &Load) -> bool {
    load.features <= LIVE_FEATURES_MAX && load.vertices <= LIVE_VERTICES_MAX
}

/// Whether most features cover most of the tile, so that each of its quarters would hold as
/// many again, and theirs, down to the last zoom: of those a live cut draws what it may.
fn is_in_vain(parent: &Load, quarters: &[(TileAddress, Load)]) -> bool {
    /// Quarters that a feature stands in, on average, from which baking them is in vain.
    const QUARTERS: u64 = 3;
    quarters.iter().map(|(_, load)| load.inside).sum::<u64>() >= QUARTERS * parent.features
}
