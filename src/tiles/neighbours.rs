//! Tiles cut one beside the other, for taking a layer away: they share borders, and many lie inside one area.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::address::ZoomPoint;
use super::cut::{cut, cut_with, file_of};
use super::snapped::{Places, Snapped};
use super::{BakedFacts, CutTile, LEVEL_LIVE, TileAddress, TileSelection, gzip};
use crate::base::geometry_kind::Dimension;
use crate::base::{Grid, limits};
use crate::geometry::{GeometryFault, Shape};
use crate::package::{OpenPackage, PackageError};

/// What is kept at most: the features of some hundred tiles.
const KEPT_BYTES: usize = 4_000_000;
/// What an entry takes beside what it holds.
const ENTRY_BYTES: usize = 200;

/// Cuts tiles of a package one beside the other, which spares what they have in common.
pub struct NeighbourCutter {
    package: OpenPackage,
    /// The deepest zoom of which a tile may be baked.
    baked_to: Option<u8>,
    kept: Kept,
}

impl NeighbourCutter {
    pub fn new(package: OpenPackage, grid: Grid) -> Result<Self, PackageError> {
        let baked_to = match file_of(&package, grid)? {
            None => None,
            Some(file) => match BakedFacts::read(file)? {
                Some(facts) => facts.grid(grid).and_then(|facts| facts.zooms.iter().map(|zoom| zoom.zoom).max()),
                None => Some(limits::ZOOM_MAX),
            },
        };
        Ok(NeighbourCutter { package, baked_to, kept: Kept::default() })
    }

    pub fn package(&self) -> &OpenPackage {
        &self.package
    }

    /// The same as [`cut`], for a tile of the cutter's grid.
    pub fn cut(&mut self, tile: TileAddress) -> Result<CutTile, PackageError> {
        if self.baked_to.is_some_and(|zoom| tile.zoom() <= zoom) {
            return cut(&self.package, tile);
        }
        let file = file_of(&self.package, tile.grid())?;
        cut_with(&self.package, tile, &TileSelection::default(), (file, None), Some(&mut self.kept))
    }
}

/// What tiles of one zoom have in common, kept for the tiles beside the one in work.
#[derive(Default)]
pub struct Kept {
    level: Option<(Grid, u8)>,
    /// Features by their place in the package: the shape, or the members of a collection.
    features: HashMap<i64, Vec<Snapped>>,
    /// Tiles of one feature as they are packed: all that lie inside an area are the same.
    packed: HashMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
}

impl Kept {
    /// The feature for the zoom of a tile; `read` gives its shape where it is not kept.
    pub fn feature<'a>(
        &mut self,
        place: i64,
        tile: TileAddress,
        read: impl FnOnce() -> Result<&'a Shape, GeometryFault>,
    ) -> Result<&[Snapped], GeometryFault> {
        let level = (tile.grid(), tile.zoom());
        if self.level != Some(level) || self.bytes > KEPT_BYTES {
            *self = Kept { level: Some(level), ..Kept::default() };
        }
        Ok(match self.features.entry(place) {
            Entry::Occupied(kept) => kept.into_mut(),
            Entry::Vacant(room) => {
                let mut snapped = Vec::new();
                snap_members(read()?, level, &mut snapped);
                let points: usize = snapped.iter().map(|one| one.points.capacity()).sum();
                self.bytes += ENTRY_BYTES + points * size_of::<ZoomPoint>();
                room.insert(snapped)
            }
        })
    }

    pub fn packed(&mut self, tile: Vec<u8>) -> Vec<u8> {
        match self.packed.entry(tile) {
            Entry::Occupied(kept) => kept.get().clone(),
            Entry::Vacant(room) => {
                let packed = gzip(room.key(), LEVEL_LIVE);
                self.bytes += ENTRY_BYTES + room.key().len() + packed.len();
                room.insert(packed).clone()
            }
        }
    }
}

fn snap_members(shape: &Shape, level: (Grid, u8), snapped: &mut Vec<Snapped>) {
    match shape.kind.dimension() {
        Dimension::Mixed | Dimension::None => {
            shape.members.iter().for_each(|member| snap_members(member, level, snapped));
        }
        _ => {
            let mut one = Snapped::default();
            one.fill(shape, level, Places::Degrees, None);
            snapped.push(one);
        }
    }
}
