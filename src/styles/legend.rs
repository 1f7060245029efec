//! What the colours of a style mean.

use serde_json::Value;

use super::derived::classes;
use super::signs::{Mark, Sign};
use super::{clusters, is_derived};
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
    /// What its points are drawn as, and the pictogram on them.
    pub mark: Mark,
    pub icon: Option<String>,
    /// Whether it is all that the others leave over, whose points are small.
    pub is_rest: bool,
    /// Whether it is the circles that stand for several points.
    pub is_cluster: bool,
    pub count: Option<u64>,
}

/// The legend: of a derived style its classes, of a hand-made one its style layers that carry
/// `metadata.label`. `first_colour` is as in [`super::derive_in`].
pub fn legend(style: &Value, record: &LayerRecord, language: Language, first_colour: usize) -> Vec<LegendEntry> {
    let shape = record.schema.geometry.dimension();
    if is_derived(style) {
        let classes = classes(record, language, first_colour);
        let cluster = clusters::are_in(record).then(|| clusters::legend_entry(language, &classes));
        return classes
            .into_iter()
            .map(|class| LegendEntry {
                label: class.label,
                colour: class.colour.to_owned(),
                shape,
                mark: class.mark,
                icon: class.icon.map(|icon| icon.as_str().to_owned()),
                is_rest: class.is_rest,
                is_cluster: false,
                count: Some(class.count),
            })
            .chain(cluster)
            .collect();
    }
    let layers = style["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let pictogram = |layer: &Value| {
        let is_on_it = |other: &&Value| other["filter"] == layer["filter"] && layer["type"] == "circle";
        let signs = layers.iter().filter(is_on_it).filter_map(sign);
        signs.map(|sign| sign.picture).find(|picture| Mark::from_name(picture).is_none())
    };
    layers
        .iter()
        .filter_map(|layer| {
            let label = layer["metadata"]["label"][language.tag()].as_str()?;
            let paint = &layer["paint"];
            let sign = sign(layer);
            let colour = ["circle-color", "line-color", "fill-color"].iter().find_map(|key| paint[key].as_str());
            Some(LegendEntry {
                label: label.to_owned(),
                colour: colour.map(str::to_owned).or_else(|| sign.as_ref().map(|sign| sign.colour.clone()))?,
                shape,
                mark: sign.and_then(|sign| sign.mark()).unwrap_or(Mark::Circle),
                icon: pictogram(layer),
                is_rest: false,
                is_cluster: false,
                count: None,
            })
        })
        .collect()
}

/// The sign that a style layer draws.
fn sign(layer: &Value) -> Option<Sign> {
    Sign::parse(layer["layout"]["icon-image"].as_str()?)
}
