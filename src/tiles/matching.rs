//! A tile of the features that a filter or a time chooses.
//!
//! Where the tile holds little, or the baked tile shows all it has, the answer is exact. Elsewhere
//! all matches are met once, with flat memory; up to [`EXACT_MAX`] are all drawn, and of more those
//! are left out that the bake would leave out too: of the small ones in a cell of the zoom one
//! stays, by priority or size or else by the hash of its id. The cells are those of the zoom, so
//! neighbouring tiles choose alike, and each lies inside one of the zoom above, so what is seen is
//! seen at every higher zoom.

use std::collections::{HashMap, HashSet};

use super::bake::{CELL_BITS, Priority};
use super::cut::{CutTile, draw_places, geometry_error, mixed};
use super::facts::BakedFacts;
use super::grid::{EXTENT, PIXEL};
use super::selection::TileSelection;
use super::{TileAddress, edit};
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
    if let Some(complete) = baked.filter(|baked| baked.hidden == 0) {
        return among_shown(package, selection, &complete);
    }
    let priority = match file {
        Some(file) => BakedFacts::read(file)?.and_then(|facts| facts.priority),
        None => None,
    };
    let mut matches = Matches::gather(package, tile, selection, priority.as_ref())?;
    let of_features = matches.count;
    loop {
        let cut = draw_places(package, tile, selection, file, &matches.places())?;
        if cut.is_within_budget() {
            // What snaps to nothing is not drawn, which is no thinning.
            let of_features = if matches.is_everything { cut.features } else { of_features };
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
    baked.map(|baked| among_shown(package, selection, &baked)).transpose()
}

fn among_shown(package: &OpenPackage, selection: &TileSelection, baked: &BakedTile) -> Result<CutTile, PackageError> {
    /// Ids of one statement: SQLite takes 32 766 values.
    const AT_ONCE: usize = 1_000;
    let mut shown: Vec<FeatureId> = edit::ids(&baked.gzip).into_iter().filter_map(FeatureId::new).collect();
    shown.dedup();
    let mut kept: HashSet<u64> = HashSet::new();
    for ids in shown.chunks(AT_ONCE) {
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
    /// Smaller stays: by priority, else by size.
    rank: f64,
    hash: u64,
}

impl Match {
    fn before(&self, other: &Match) -> bool {
        let key = |one: &Match| (one.hash, one.place);
        self.rank.total_cmp(&other.rank).then_with(|| key(self).cmp(&key(other))).is_lt()
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
        priority: Option<&Priority>,
    ) -> Result<Self, PackageError> {
        let bbox = tile.bbox_with_buffer();
        let is_line = package.package().schema.geometry.dimension() == Dimension::Lines;
        let mut matches =
            Matches { count: 0, is_everything: true, all: Vec::new(), cells: Cells::new(tile.zoom(), is_line, 0) };
        let mut shape = Shape::default();
        query::every(package, &selection.query(Some(bbox)), |row| {
            let found = see(row, tile.grid(), priority, &mut shape).map_err(|fault| geometry_error(package, fault))?;
            if let Some(found) = found {
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

    /// Places of what is left, in order.
    fn places(&self) -> Vec<i64> {
        let mut places: Vec<i64> = match self.is_everything {
            true => self.all.iter().map(|one| one.place).collect(),
            false => self.cells.kept().map(|one| one.place).collect(),
        };
        places.sort_unstable();
        places
    }

    /// Leaves out more: at first all but one of a cell, then cells of twice the side.
    fn leave_out(&mut self) {
        if !self.is_everything {
            self.cells = self.cells.coarser();
        }
        self.is_everything = false;
    }
}

fn see(
    row: &Row<'_>,
    grid: Grid,
    priority: Option<&Priority>,
    shape: &mut Shape,
) -> Result<Option<Match>, GeometryFault> {
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
    let rank = match priority {
        Some(priority) => priority.rank(row.value(priority.field)),
        None => -side,
    };
    Ok(Some(Match { place: row.place(), middle: (part(u), part(v)), side, rank, hash: mixed(row.id()) }))
}

fn side_of(grid: Grid, bbox: &BBox) -> f64 {
    let (west, north) = grid.shares(bbox.west_deg, bbox.north_deg);
    let (east, south) = grid.shares(bbox.east_deg, bbox.south_deg);
    (east - west).abs().max((south - north).abs())
}

/// Parts of a grid's side: a cell of the deepest zoom has four.
const PART_BITS: u32 = 31;

/// One match for each cell, beside those that are too large to compete for one.
struct Cells {
    zoom: u8,
    is_line: bool,
    /// How often the side of a cell was doubled.
    step: u32,
    winners: HashMap<(i64, i64), Match>,
    large: Vec<Match>,
}

impl Cells {
    /// From here on a cell is larger than a tile and everything competes.
    const STEPS: u32 = 8;

    fn new(zoom: u8, is_line: bool, step: u32) -> Self {
        Cells { zoom, is_line, step, winners: HashMap::new(), large: Vec::new() }
    }

    /// The side from which a feature is drawn as what it is, in shares of the grid's.
    fn large_from(&self) -> f64 {
        let pixels = f64::from(if self.is_line { 3 } else { 2 } * PIXEL) / f64::from(EXTENT);
        pixels * f64::from(1u32 << self.step) / f64::from(1u32 << self.zoom)
    }

    fn add(&mut self, found: Match) {
        if found.side >= self.large_from() && self.step < Cells::STEPS {
            self.large.push(found);
            return;
        }
        let bits = (PART_BITS - CELL_BITS - u32::from(self.zoom) + self.step).min(PART_BITS);
        let winner = self.winners.entry((found.middle.0 >> bits, found.middle.1 >> bits)).or_insert(found);
        if found.before(winner) {
            *winner = found;
        }
    }

    fn kept(&self) -> impl Iterator<Item = &Match> {
        self.large.iter().chain(self.winners.values())
    }

    /// Winners of a coarser cell are among those of the finer ones.
    fn coarser(&self) -> Self {
        let mut coarser = Cells::new(self.zoom, self.is_line, self.step + 1);
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
