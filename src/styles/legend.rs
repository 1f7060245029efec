//! What the colours of a style mean.

use serde_json::Value;

use super::derived::classes;
use super::is_derived;
use crate::base::Language;
use crate::base::geometry_kind::Dimension;
use crate::catalogue::LayerRecord;

/// One line of a legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegendEntry {
    pub label: String,
    pub colour: String,
    /// How its swatch looks.
    pub shape: Dimension,
    pub count: Option<u64>,
}

/// The legend: of a derived style its classes, of a hand-made one its style layers that carry
/// `metadata.label`. `first_colour` is as in [`super::derive_in`].
pub fn legend(style: &Value, record: &LayerRecord, language: Language, first_colour: usize) -> Vec<LegendEntry> {
    let shape = record.schema.geometry.dimension();
    if is_derived(style) {
        return classes(record, language, first_colour)
            .into_iter()
            .map(|class| LegendEntry {
                label: class.label,
                colour: class.colour.to_owned(),
                shape,
                count: Some(class.count),
            })
            .collect();
    }
    let layers = style["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    layers
        .iter()
        .filter_map(|layer| {
            let label = layer["metadata"]["label"][language.tag()].as_str()?;
            let paint = &layer["paint"];
            let colour = ["circle-color", "line-color", "fill-color"].iter().find_map(|key| paint[key].as_str())?;
            Some(LegendEntry { label: label.to_owned(), colour: colour.to_owned(), shape, count: None })
        })
        .collect()
}
