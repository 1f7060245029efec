//! What the colours of a style mean.

use serde_json::Value;

use super::derived::classes;
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
/// `metadata.label`.
pub fn legend(style: &Value, record: &LayerRecord, language: Language) -> Vec<LegendEntry> {
    let shape = record.schema.geometry.dimension();
    let is_derived = style["metadata"]["causeway:derived"] == true;
    if is_derived {
        return classes(record, language)
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
