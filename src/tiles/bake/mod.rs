//! A package into baked tiles: those that are too heavy to be cut while somebody waits, and those
//! alone. `docs/decisions.md` holds what was measured.
//!
//! Read aloud: `survey` looks at every row once and puts it into the `pantry`, `levels` says which vertices each
//! zoom needs, `giants` cuts the largest features into pieces; then for each grid `rank` orders the features,
//! `plan` finds the heavy tiles, and `zoom` bakes them from the deepest zoom up, lowering for each
//! zoom as a whole what is shown until every tile fits its budget.

mod bits;
mod boxes;
mod encode;
mod giants;
mod levels;
mod pantry;
mod plan;
mod pools;
mod rank;
mod shelf;
mod sort;
mod spool;
mod survey;
mod tile_index;
mod zoom;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::TileAddress;
use super::facts::{BakedFacts, GridFacts, TILES_FORMAT};
use super::rules::Rules;
use crate::base::{Grid, limits};
use crate::filter::FilterFault;
use crate::package::{BakedTile, OpenPackage, PackageError, PackageFile, TileFile, TileFileBuilder};

use encode::Baker;
use giants::Giants;
use pantry::Pantry;
pub use plan::{children, roots};
use rank::Ranks;
use sort::Sorter;
use spool::Spool;
use survey::Survey;

/// What makes a tile too heavy to be cut live; measured to keep a live cut under three milliseconds and
/// the baked tiles at 8 to 43 % of their package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeavyFrom {
    pub features: u64,
    pub vertices: u64,
    /// Uncompressed bytes at most, so that a live tile fits its budget however little it packs.
    pub bytes: u64,
}

impl Default for HeavyFrom {
    fn default() -> Self {
        HeavyFrom { features: 2_400, vertices: 25_000, bytes: limits::TILE_BYTES_MAX as u64 }
    }
}

/// What to bake and how.
#[derive(Clone, Debug, Default)]
pub struct Recipe {
    /// None means those that fit the layer's place.
    pub grids: Option<Vec<Grid>>,
    pub rules: Rules,
    pub heavy: HeavyFrom,
    /// Threads to work with; the bytes are the same for any number.
    pub threads: usize,
    pub at_once: AtOnce,
}

/// How much of a layer is held in memory at once; the bytes are the same for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// Features of tiles that wait to be baked, 8 bytes each, and more only where one tile has more. Those of a larger
    /// zoom are found in several passes over the layer.
    pub candidates: u64,
    /// Features that are sorted in memory, 24 bytes each.
    pub sorted: usize,
    /// Vertices among which junctions are found, 9 bytes each. All vertices of a larger layer are looked at twice for
    /// each share of so many.
    pub vertices: u64,
}

impl Default for AtOnce {
    fn default() -> Self {
        AtOnce { candidates: 2_000_000, sorted: 1_000_000, vertices: 7_200_000 }
    }
}

/// Why baking failed.
#[derive(Debug, thiserror::Error)]
pub enum BakeError {
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("row {row} of the package holds a geometry that cannot be read: {source}")]
    Geometry { row: i64, source: crate::geometry::GeometryFault },
    #[error("the rule of what is kept does not fit the fields: {0}")]
    Keep(#[from] FilterFault),
    #[error("the tiles could not be put aside on disk: {0}")]
    Spool(#[source] std::io::Error),
}

/// Makes a connection to the package being baked.
pub type Opener<'a> = &'a (dyn Fn() -> Result<OpenPackage, PackageError> + Sync);

/// Rows looked at and ready to be baked.
pub struct Surveyed {
    package: Arc<PackageFile>,
    pantry: Pantry,
    survey: Survey,
    grids: Vec<Grid>,
    recipe: Recipe,
    content: String,
}

impl Surveyed {
    /// Looks at every row of a package.
    pub fn new(open: Opener<'_>, recipe: Recipe) -> Result<Self, BakeError> {
        let package = open()?;
        let (survey, pantry, digest) = survey::survey(&package, &recipe, folder_of(package.package()))?;
        let wanted = match &recipe.grids {
            Some(grids) => grids.as_slice(),
            None => Grid::defaults(survey.is_at_home()),
        };
        let grids: Vec<Grid> = wanted.iter().copied().filter(|grid| grid.reaches(&survey.extent)).collect();
        let mut hasher = blake3::Hasher::new();
        hasher.update(digest.as_bytes());
        hasher.update(format!("{TILES_FORMAT} {grids:?} {:?} {:?}", recipe.rules, recipe.heavy).as_bytes());
        let content = hasher.finalize().to_hex().to_string();
        Ok(Surveyed { package: Arc::clone(package.package()), pantry, survey, grids, recipe, content })
    }

    /// Digest of everything that decides the tiles: equal means that tiles baked before are these.
    pub fn content(&self) -> &str {
        &self.content
    }

    /// Whether a file holds exactly what baking would give.
    pub fn is_baked_in(&self, path: &Path) -> bool {
        let facts = TileFile::open_built(path).ok().flatten().and_then(|file| BakedFacts::read(&file).ok()?);
        facts.is_some_and(|facts| facts.content == self.content)
    }

    /// Bakes into a new file at `path`.
    pub fn bake(mut self, open: Opener<'_>, path: &Path) -> Result<BakedFacts, BakeError> {
        let file = TileFileBuilder::create(path)?;
        let (content, rules) = (self.content.clone(), self.recipe.rules.clone());
        let mut facts = BakedFacts { format: TILES_FORMAT, content, rules, grids: Vec::new() };
        for grid in std::mem::take(&mut self.grids) {
            facts.grids.push(self.bake_grid(open, grid, &file, path)?);
        }
        facts.write(&file)?;
        file.finish()?;
        Ok(facts)
    }

    fn bake_grid(
        &self,
        open: Opener<'_>,
        grid: Grid,
        file: &TileFileBuilder,
        path: &Path,
    ) -> Result<GridFacts, BakeError> {
        let spool = Spool::create(&spool_path(path, grid)).map_err(BakeError::Spool)?;
        let giants = match self.survey.giants.is_empty() {
            true => Giants::default(),
            false => Giants::cut(grid, &open()?, &self.survey, &spool)?,
        };
        let folder = folder_of(&self.package);
        let sorter = Sorter::new(folder, self.recipe.at_once.sorted);
        let cell_bits = self.recipe.rules.cell_bits();
        let ranks = Ranks::new(&self.survey, grid, cell_bits, folder, sorter).map_err(BakeError::Spool)?;
        let plan = plan::plan(grid, &self.survey, &ranks, &giants, self.recipe.heavy).map_err(BakeError::Spool)?;
        let baker = Baker {
            grid,
            package: &self.package,
            pantry: &self.pantry,
            survey: &self.survey,
            rules: &self.recipe.rules,
            ranks: &ranks,
            giants: &giants,
            live_from: &plan.live_from,
            spool: &spool,
            candidates_at_once: self.recipe.at_once.candidates,
        };
        let baked = zoom::bake_zooms(&baker, &plan, self.recipe.threads.max(1))?;
        file.add_grid(grid)?;
        for tile in &baked.tiles {
            let gzip = spool.read(tile.extent).map_err(BakeError::Spool)?;
            file.insert_tile(grid, tile.key, &BakedTile { gzip, shown: tile.shown, hidden: tile.hidden })?;
        }
        giants.each(&spool, |piece| Ok(file.insert_piece(grid, &piece)?))?;
        Ok(GridFacts::new(grid, !giants.is_empty(), baked.zooms, plan.live_is_complete))
    }
}

/// Where what does not fit into memory is put: beside the package.
fn folder_of(package: &PackageFile) -> &Path {
    package.path.parent().unwrap_or(Path::new("."))
}

fn spool_path(path: &Path, grid: Grid) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{grid}.spool"));
    name.into()
}
