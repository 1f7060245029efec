//! Points that stand for others too: circles that grow with how many they are, and the number on them.

use serde_json::{Value, json};

use super::derived::{Class, circle};
use super::legend::LegendEntry;
use super::signs::{Mark, WHITE};
use crate::base::Language;
use crate::base::geometry_kind::Dimension;
use crate::catalogue::LayerRecord;
use crate::tiles::POINT_COUNT;

/// The radius in pixels of a circle that stands for so many points and more. Steps, because QGIS 3.22 knows no size
/// by a value.
const RADII: [(u32, f64); 4] = [(2, 9.0), (10, 12.0), (100, 15.0), (1_000, 19.0)];

/// Of circles that stand for points of several classes: none of the classes has it.
const MIXED_COLOUR: &str = "#44515c";

/// Whether points of the layer's tiles say how many they stand for.
pub fn are_in(record: &LayerRecord) -> bool {
    record.tiles.as_ref().is_some_and(|facts| facts.rules.cluster)
}

/// A filter that also leaves out points that stand for others.
pub fn alone(filter: Option<&Value>) -> Value {
    let is_alone = json!(["!", ["has", POINT_COUNT]]);
    match filter {
        Some(filter) => json!(["all", is_alone, filter]),
        None => is_alone,
    }
}

/// The circles, the smallest first, and their numbers.
pub fn layers(record: &LayerRecord, classes: &[Class]) -> Vec<Value> {
    let colour = colour(classes);
    let next = RADII.iter().skip(1).map(|(from, _)| Some(*from)).chain([None]);
    let mut layers: Vec<Value> = RADII
        .iter()
        .zip(next)
        .enumerate()
        .map(|(number, ((from, radius_px), below))| {
            let mut filter = vec![json!("all"), json!(["has", POINT_COUNT])];
            filter.push(json!([">=", ["get", POINT_COUNT], from]));
            filter.extend(below.map(|below| json!(["<", ["get", POINT_COUNT], below])));
            json!({
                "id": format!("{}-cluster-{number}", record.id),
                "type": "circle",
                "source": record.id.as_str(),
                "source-layer": record.id.as_str(),
                "filter": filter,
                "paint": circle(colour, json!(radius_px)),
            })
        })
        .collect();
    layers.push(json!({
        "id": format!("{}-count", record.id),
        "type": "symbol",
        "source": record.id.as_str(),
        "source-layer": record.id.as_str(),
        "filter": ["has", POINT_COUNT],
        // A circle without its number would say less than the dot of a point.
        "layout": { "text-field": ["get", POINT_COUNT], "text-size": 11, "text-allow-overlap": true },
        "paint": { "text-color": WHITE },
    }));
    layers
}

/// What the legend says of the circles.
pub fn legend_entry(language: Language, classes: &[Class]) -> LegendEntry {
    let label = match language {
        Language::En => "Several points; the number says how many",
        Language::ZhHant => "多個點，數字為點數",
        Language::ZhHans => "多个点，数字为点数",
    };
    LegendEntry {
        label: label.to_owned(),
        colour: colour(classes).to_owned(),
        shape: Dimension::Points,
        mark: Mark::Circle,
        icon: None,
        is_rest: false,
        is_cluster: true,
        count: None,
    }
}

fn colour(classes: &[Class]) -> &str {
    match classes {
        [one] => one.colour,
        _ => MIXED_COLOUR,
    }
}
