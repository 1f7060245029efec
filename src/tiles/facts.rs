//! What a file of baked tiles says of itself.

use serde::{Deserialize, Serialize};

use super::rules::Rules;
use crate::base::{Grid, limits};
use crate::package::{LiveRules, PackageError, TileFile};

/// Raised when the same rows would give other tiles.
pub const TILES_FORMAT: u32 = 1;
const META_KEY: &str = "facts";

/// The account of a whole file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BakedFacts {
    pub format: u32,
    /// Digest of the feature rows and of everything else that decides the tiles.
    pub content: String,
    /// What decided, beside their size, which features are shown and with which fields.
    #[serde(flatten)]
    pub rules: Rules,
    pub grids: Vec<GridFacts>,
}

/// What was baked of one grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GridFacts {
    pub grid: Grid,
    /// The zoom from which no feature is missing in any tile; `None` where there is no such zoom.
    pub complete_from_zoom: Option<u8>,
    /// Whether some features are kept in pieces.
    pub has_pieces: bool,
    /// The zooms that have baked tiles.
    pub zooms: Vec<ZoomFacts>,
}

/// What was baked of one zoom, tile by tile summed up: a feature counts in every tile it touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ZoomFacts {
    pub zoom: u8,
    pub tiles: u64,
    pub shown: u64,
    pub hidden: u64,
    pub bytes: u64,
    pub largest_bytes: u64,
}

impl BakedFacts {
    pub fn grid(&self, grid: Grid) -> Option<&GridFacts> {
        self.grids.iter().find(|facts| facts.grid == grid)
    }

    pub(super) fn write(&self, file: &crate::package::TileFileBuilder) -> Result<(), PackageError> {
        let live = self.live_rules();
        if live != LiveRules::default() {
            file.set_live_rules(&live)?;
        }
        // Plain numbers and names always serialise.
        file.set_meta(META_KEY, &serde_json::to_string(self).unwrap_or_default())
    }

    fn live_rules(&self) -> LiveRules {
        let last = |facts: &GridFacts| Some((facts.grid, facts.last_thinned_zoom()?));
        let clustered = self.grids.iter().filter(|_| self.rules.cluster).filter_map(last).collect();
        LiveRules { low_zoom: self.rules.low_zoom.clone(), clustered }
    }

    /// Reads the account of a file; `None` where it cannot be understood.
    pub fn read(file: &TileFile) -> Result<Option<Self>, PackageError> {
        Ok(file.meta(META_KEY)?.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

impl GridFacts {
    /// From the zooms that were baked, shallowest first, and whether each tile that is cut live is
    /// within what a live cut may cost.
    pub fn new(grid: Grid, has_pieces: bool, zooms: Vec<ZoomFacts>, live_is_complete: bool) -> Self {
        let mut facts = GridFacts { grid, complete_from_zoom: None, has_pieces, zooms };
        facts.complete_from_zoom = Some(facts.last_thinned_zoom().map_or(0, |zoom| zoom + 1))
            .filter(|zoom| *zoom <= limits::ZOOM_MAX && live_is_complete);
        facts
    }

    /// The deepest zoom at which something is left out.
    fn last_thinned_zoom(&self) -> Option<u8> {
        self.zooms.iter().filter(|zoom| zoom.hidden > 0).map(|zoom| zoom.zoom).max()
    }
}
