//! The names of the grids that tiles are offered in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::BBox;

/// A tile matrix set that tiles are offered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Grid {
    /// What web maps draw: EPSG:3857.
    WebMercatorQuad,
    /// Degrees: CRS84, two tiles at zoom 0.
    WorldCRS84Quad,
    /// The Lands Department's: EPSG:2326 from its far north-western origin.
    HongKong1980Grid,
}

impl Grid {
    pub const ALL: [Grid; 3] = [Grid::WebMercatorQuad, Grid::WorldCRS84Quad, Grid::HongKong1980Grid];

    /// Hong Kong with the waters around it, where the HK1980 Grid is at home.
    pub const HONG_KONG: BBox = BBox::new(113.7, 22.0, 114.7, 22.7);

    pub fn as_str(self) -> &'static str {
        match self {
            Grid::WebMercatorQuad => "WebMercatorQuad",
            Grid::WorldCRS84Quad => "WorldCRS84Quad",
            Grid::HongKong1980Grid => "HongKong1980Grid",
        }
    }

    /// The grids of a layer whose definition names none: all for a layer at home in Hong Kong,
    /// elsewhere the one that every map draws.
    pub fn defaults(is_at_home: bool) -> &'static [Grid] {
        if is_at_home { &Grid::ALL } else { &[Grid::WebMercatorQuad] }
    }

    /// Every name, for messages.
    pub fn names() -> String {
        Grid::ALL.map(Grid::as_str).join(", ")
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Grid {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Grid::ALL
            .into_iter()
            .find(|grid| grid.as_str() == text)
            .ok_or_else(|| format!("\"{}\" is not one of the grids {}", super::ids::cut(text), Grid::names()))
    }
}

impl TryFrom<String> for Grid {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Grid> for String {
    fn from(grid: Grid) -> Self {
        grid.as_str().to_owned()
    }
}
