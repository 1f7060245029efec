//! A tile of the features that a filter or a time chooses.
//!
//! Where the tile holds little, or the baked tile shows all it has, the answer is exact. Elsewhere
//! all matches are met once, with flat memory; up to [`EXACT_MAX`] are all drawn, and of more those
//! are left out that the bake would leave out too: of the small ones in a cell of the zoom one
//! stays, by priority or size or else by the hash of its id. The cells are those of the zoom, so
//! neighbouring tiles choose alike, and each lies inside one of the zoom above, so what is seen is
//! seen at every higher zoom.

use std::collections::{HashMap, HashSet};

use super::cut::{Chosen, CutTile, draw_places, geometry_error, mixed};
use super::facts::BakedFacts;
use super::grid::{EXTENT, PIXEL};
use super::refill::IDS_AT_ONCE;
use super::rules::{Priority, Rules};
use super::selection::TileSelection;
use super::{TileAddress, edit, refill};
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, FeatureId, Grid};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{BakedTile, OpenPackage, PackageError, Row, TileFile, ValueRef};
use crate::query::{self, FeatureQuery};

/// Matches in a tile up to which all are drawn: twice what a tile may hold that is cut live.
const EXACT_MAX: usize = 4_000;

pub(super) fn cut(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    file: Option<&TileFile>,
    baked: Option<BakedTile>,
) -> Result<CutTile, PackageError> {
    if let Some((file, complete)) = file.zip(baked.filter(|baked| baked.hidden == 0)) {
        return among_shown(package, tile, selection, (file, &complete));
    }
    let rules = match file {
        Some(file) => BakedFacts::read(file)?.map(|facts| facts.rules).unwrap_or_default(),
        None => Rules::default(),
    };
    let matches = Matches::gather(package, tile, selection, &rules)?;
    draw_until_it_fits(package, tile, selection, (file, &rules), matches)
}

/// A tile that is light enough to show all its points, and shows them as those beside it do.
pub(super) fn cut_counted(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    file: &TileFile,
) -> Result<CutTile, PackageError> {
    let rules = BakedFacts::read(file)?.map(|facts| facts.rules).unwrap_or_default();
    let mut matches = Matches::gather(package, tile, selection, &rules)?;
    matches.leave_out();
    draw_until_it_fits(package, tile, selection, (Some(file), &rules), matches)
}

fn draw_until_it_fits(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    (file, rules): (Option<&TileFile>, &Rules),
    mut matches: Matches,
) -> Result<CutTile, PackageError> {
    let of_features = matches.count;
    let selection = selection.at_zoom(tile.zoom(), file);
    loop {
        let chosen = matches.chosen(rules.cluster);
        let cut = draw_places(package, tile, &selection, file, &chosen)?;
        if cut.is_within_budget() {
            // What snaps to nothing is not drawn, which is no thinning.
            let of_features = if chosen.len() == of_features { cut.features } else { of_features };
            return Ok(CutTile { of_features, ..cut });
        }
        matches.leave_out();
    }
}

/// The matches among the features that the baked tile shows: for when there is no time to look at
/// all of them. `None` where the tile is not baked.
pub fn cut_among_shown(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
) -> Result<Option<CutTile>, PackageError> {
    let file = package.tile_file()?.filter(|file| file.has_grid(tile.grid()));
    let baked = file.map(|file| file.tile(tile.grid(), tile.key())).transpose()?.flatten();
    file.zip(baked).map(|(file, baked)| among_shown(package, tile, selection, (file, &baked))).transpose()
}

fn among_shown(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    (file, baked): (&TileFile, &BakedTile),
) -> Result<CutTile, PackageError> {
    if refill::is_needed(file, tile.zoom(), selection) {
        return refill::refilled(package, baked, selection);
    }
    let mut shown: Vec<FeatureId> = edit::ids(&baked.gzip).into_iter().filter_map(FeatureId::new).collect();
    shown.dedup();
    let mut kept: HashSet<u64> = HashSet::new();
    for ids in shown.chunks(IDS_AT_ONCE) {
        let query = FeatureQuery { ids: Some(ids.to_vec()), ..selection.query(None) };
        query::every(package, &query, |row| {
            kept.insert(row.id().get());
            Ok(())
        })?;
    }
    let names = selection.field_names(&package.package().schema);
    let gzip = edit::with_less(&baked.gzip, |id| kept.contains(&id), &names);
    Ok(CutTile { gzip, features: kept.len(), of_features: kept.len() })
}

/// A feature that is chosen, and what decides whether it stays.
#[derive(Clone, Copy, Debug)]
struct Match {
    place: i64,
    /// Its middle in parts of the grid's side, which are the same at every zoom.
    middle: (i64, i64),
    /// The longer side of its box in shares of the grid's.
    side: f64,
    /// Whether the layer's rule keeps it before others.
    is_kept: bool,
    /// Smaller stays: by priority, else by size.
    rank: f64,
    hash: u64,
    /// How many matches it stands for.
    count: u32,
}

impl Match {
    fn before(&self, other: &Match) -> bool {
        let key = |one: &Match| (one.hash, one.place);
        let by_rule = other.is_kept.cmp(&self.is_kept);
        by_rule.then(self.rank.total_cmp(&other.rank)).then_with(|| key(self).cmp(&key(other))).is_lt()
    }
}

/// The matches that are still to be drawn.
struct Matches {
    count: usize,
    is_everything: bool,
    /// All of them while they are few.
    all: Vec<Match>,
    cells: Cells,
}

impl Matches {
    fn gather(
        package: &OpenPackage,
        tile: TileAddress,
        selection: &TileSelection,
        rules: &Rules,
    ) -> Result<Self, PackageError> {
        let bbox = tile.bbox_with_buffer();
        let kept = kept(package, selection.query(Some(bbox)), rules)?;
        let is_line = package.package().schema.geometry.dimension() == Dimension::Lines;
        let cells = Cells { zoom: tile.zoom(), is_line, cell_bits: rules.cell_bits(), ..Cells::default() };
        let mut matches = Matches { count: 0, is_everything: true, all: Vec::new(), cells };
        let mut shape = Shape::default();
        query::every(package, &selection.query(Some(bbox)), |row| {
            let found = see(row, tile.grid(), rules, &mut shape).map_err(|fault| geometry_error(package, fault))?;
            if let Some(mut found) = found {
                found.is_kept = kept.contains(&found.place);
                matches.count += 1;
                matches.cells.add(found);
                if matches.count <= EXACT_MAX {
                    matches.all.push(found);
                }
            }
            Ok(())
        })?;
        if matches.count > EXACT_MAX {
            matches.is_everything = false;
            matches.all = Vec::new();
        }
        Ok(matches)
    }

    /// What is left, in order.
    fn chosen(&self, counts_points: bool) -> Vec<Chosen> {
        let chosen = |one: &Match| Chosen { place: one.place, count: if counts_points { one.count } else { 1 } };
        let mut all: Vec<Chosen> = match self.is_everything {
            true => self.all.iter().map(chosen).collect(),
            false => self.cells.kept().map(chosen).collect(),
        };
        all.sort_unstable();
        all
    }

    /// Leaves out more: at first all but one of a cell, then cells of twice the side.
    fn leave_out(&mut self) {
        if !self.is_everything {
            self.cells = self.cells.coarser();
        }
        self.is_everything = false;
    }
}

/// Places of the matches that the layer's rule keeps before others.
fn kept(package: &OpenPackage, mut query: FeatureQuery, rules: &Rules) -> Result<HashSet<i64>, PackageError> {
    let mut kept = HashSet::new();
    // It fitted the fields when the tiles were baked of them.
    if let Ok(Some(filter)) = rules.kept(&package.package().schema) {
        query.filter.add(filter);
        query::every(package, &query, |row| {
            kept.insert(row.place());
            Ok(())
        })?;
    }
    Ok(kept)
}

fn see(row: &Row<'_>, grid: Grid, rules: &Rules, shape: &mut Shape) -> Result<Option<Match>, GeometryFault> {
    let Some(bytes) = row.geometry() else { return Ok(None) };
    let blob = blob::parse(bytes)?;
    if blob.is_empty {
        return Ok(None);
    }
    let bbox = match blob.envelope {
        Some(envelope) => envelope,
        None => {
            shape.read_wkb(blob.wkb)?;
            shape.bbox()
        }
    };
    let (lon_deg, lat_deg) = bbox.centre();
    let (u, v) = grid.shares(lon_deg, lat_deg);
    let part = |share: f64| (share * f64::from(1u32 << PART_BITS)).floor() as i64;
    let side = side_of(grid, &bbox);
    let rank = match &rules.priority {
        Some(priority) => priority.rank(row.value(priority.field)),
        None => -side,
    };
    let (place, middle, hash) = (row.place(), (part(u), part(v)), mixed(row.id()));
    Ok(Some(Match { place, middle, side, is_kept: false, rank, hash, count: 1 }))
}

fn side_of(grid: Grid, bbox: &BBox) -> f64 {
    let (west, north) = grid.shares(bbox.west_deg, bbox.north_deg);
    let (east, south) = grid.shares(bbox.east_deg, bbox.south_deg);
    (east - west).abs().max((south - north).abs())
}

/// Parts of a grid's side: a cell of the deepest zoom has four.
const PART_BITS: u32 = 31;

/// One match for each cell, beside those that are too large to compete for one or are kept by rule.
#[derive(Default)]
struct Cells {
    zoom: u8,
    is_line: bool,
    /// Cells along a tile, as a power of two.
    cell_bits: u32,
    /// How often the side of a cell was doubled.
    step: u32,
    winners: HashMap<(i64, i64), Match>,
    large: Vec<Match>,
}

impl Cells {
    /// From here on a cell is larger than a tile and everything competes.
    const STEPS: u32 = 8;

    /// The side from which a feature is drawn as what it is, in shares of the grid's.
    fn large_from(&self) -> f64 {
        let pixels = f64::from(if self.is_line { 3 } else { 2 } * PIXEL) / f64::from(EXTENT);
        pixels * f64::from(1u32 << self.step) / f64::from(1u32 << self.zoom)
    }

    fn add(&mut self, found: Match) {
        // What the rule keeps gives way only to the budget.
        let is_kept = found.is_kept && self.step == 0;
        if is_kept || (found.side >= self.large_from() && self.step < Cells::STEPS) {
            self.large.push(found);
            return;
        }
        let bits = (PART_BITS - self.cell_bits - u32::from(self.zoom) + self.step).min(PART_BITS);
        let cell = (found.middle.0 >> bits, found.middle.1 >> bits);
        let Some(winner) = self.winners.get_mut(&cell) else {
            self.winners.insert(cell, found);
            return;
        };
        let count = winner.count.saturating_add(found.count);
        if found.before(winner) {
            *winner = found;
        }
        winner.count = count;
    }

    fn kept(&self) -> impl Iterator<Item = &Match> {
        self.large.iter().chain(self.winners.values())
    }

    /// Winners of a coarser cell are among those of the finer ones.
    fn coarser(&self) -> Self {
        let Cells { zoom, is_line, cell_bits, .. } = *self;
        let mut coarser = Cells { zoom, is_line, cell_bits, step: self.step + 1, ..Cells::default() };
        self.kept().for_each(|one| coarser.add(*one));
        coarser
    }
}

impl Priority {
    /// Smaller comes first; what is not a number comes last.
    fn rank(&self, value: ValueRef<'_>) -> f64 {
        let number = match value {
            ValueRef::Integer(number) => number as f64,
            ValueRef::Real(number) => number,
            ValueRef::Boolean(truth) => f64::from(u8::from(truth)),
            _ => return f64::INFINITY,
        };
        if self.lowest_first { number } else { -number }
    }
}
