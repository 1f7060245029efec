//! What a definition asks of a layer's tiles, fitted to its fields.

use serde::{Deserialize, Serialize};

use super::selection::TileSelection;
use crate::base::{GeometryKind, Schema};
use crate::crs::System;
use crate::definition::TilesDefinition;
use crate::filter::{Filter, FilterFault, text};
use crate::package::LowZoom;

/// The attribute of a tile that says how many points one stands for; MapLibre's own clusters have it too.
pub const POINT_COUNT: &str = "point_count";

/// Cells along a tile, as a power of two: 4 px of a tile of 512.
const CELL_BITS: u32 = 7;
/// The same where a point says how many it stands for, which takes a circle with a number: 64 px.
const CLUSTER_CELL_BITS: u32 = 3;

/// What decides, beside their size, which features a tile shows and with which fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// CQL2 text; features that match are the last to be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low_zoom: Option<LowZoom>,
    /// Whether a point that stands for others too says for how many, in [`POINT_COUNT`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cluster: bool,
}

/// The field that decides the order of features.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Priority {
    /// Place in the schema.
    pub field: usize,
    /// Whether the smallest value comes first.
    pub lowest_first: bool,
}

/// Why a definition's `[tiles]` does not fit its delivery.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RulesFault {
    #[error("[tiles] {purpose} names the field \"{field}\", which no feature keeps; there are {known}")]
    NoField { purpose: &'static str, field: String, known: String },
    #[error("[tiles] keep: {0}")]
    Keep(#[from] FilterFault),
    #[error("[tiles] cluster counts points, and the features of this layer are {}; it takes a layer of Point", .0.geojson_name())]
    NoPoints(GeometryKind),
    #[error(
        "[tiles] cluster writes \"{POINT_COUNT}\" into tiles, and the layer has a field of that name; drop the one or the other"
    )]
    FieldTaken,
}

impl Rules {
    /// Fits a definition to the fields that the layer has.
    pub fn new(definition: &TilesDefinition, schema: &Schema) -> Result<Self, RulesFault> {
        let place = |purpose, name: &String| {
            schema.field_index(name).ok_or_else(|| RulesFault::NoField {
                purpose,
                field: name.clone(),
                known: schema.fields.iter().map(|field| field.name.as_str()).collect::<Vec<_>>().join(", "),
            })
        };
        let priority = definition.priority.as_ref().map(|name| place("priority", name)).transpose()?;
        let low_zoom = definition.low_zoom.as_ref().map(|low| {
            let mut fields =
                low.fields.iter().map(|name| place("low_zoom_fields", name)).collect::<Result<Vec<_>, _>>()?;
            fields.sort_unstable();
            fields.dedup();
            Ok::<_, RulesFault>(LowZoom { zoom: low.zoom, fields })
        });
        if definition.cluster && schema.geometry != GeometryKind::Point {
            return Err(RulesFault::NoPoints(schema.geometry));
        }
        if definition.cluster && schema.field_index(POINT_COUNT).is_some() {
            return Err(RulesFault::FieldTaken);
        }
        let rules = Rules {
            priority: priority.map(|field| Priority { field, lowest_first: definition.lowest_first }),
            keep: definition.keep.clone(),
            low_zoom: low_zoom.transpose()?,
            cluster: definition.cluster,
        };
        rules.kept(schema)?;
        Ok(rules)
    }

    /// Cells along a tile, as a power of two: of the small features in one, the first is seen.
    pub fn cell_bits(&self) -> u32 {
        if self.cluster { CLUSTER_CELL_BITS } else { CELL_BITS }
    }

    /// Places of the fields that tiles of a zoom hold.
    pub fn fields_at(&self, zoom: u8, schema: &Schema) -> Vec<usize> {
        match self.low_zoom.as_ref().filter(|low| zoom <= low.zoom) {
            Some(low) => low.fields.clone(),
            None => (0..schema.fields.len()).collect(),
        }
    }

    /// The rules that hold for a selection: where it names fields, tiles of all zooms have them.
    pub fn of(&self, selection: &TileSelection) -> Rules {
        let low_zoom = self.low_zoom.clone().filter(|_| selection.fields.is_none());
        Rules { low_zoom, ..self.clone() }
    }

    /// The filter that features pass which are the last to be left out.
    ///
    /// # Errors
    /// Where the filter does not fit the schema, which it did when the rules were made.
    pub fn kept(&self, schema: &Schema) -> Result<Option<Filter>, FilterFault> {
        self.keep.as_ref().map(|keep| Filter::from_tree(&text::parse(keep)?, schema, System::Crs84)).transpose()
    }
}
