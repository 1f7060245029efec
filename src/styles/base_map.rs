//! The ground under a layer on our own pages: district lines and names, one colour, no coast,
//! because no layer with clear terms gives one yet.

use serde_json::{Value, json};

use super::{BASE, placed};
use crate::base::Language;
use crate::catalogue::LayerRecord;

/// The layer that gives the lines.
pub const BASE_LAYER: &str = "had-districts-18";

/// Puts the ground under a placed style. Without the district layer there is only paper.
pub fn with_base_map(style: Value, districts: Option<&LayerRecord>, language: Language, base: &str) -> Value {
    const PAPER: &str = "#eceeee";
    let mut under = vec![json!({
        "id": "paper", "type": "background", "paint": { "background-color": PAPER },
    })];
    let mut style = style;
    if let Some(record) = districts {
        let ground = placed(&ground(record, language), base, record);
        if let Some(layers) = ground["layers"].as_array() {
            under.extend(layers.iter().cloned());
        }
        style["sources"]["ground"] = ground["sources"]["ground"].clone();
    }
    if let Some(layers) = style["layers"].as_array() {
        let names: Vec<Value> = under.iter().filter(|layer| layer["type"] == "symbol").cloned().collect();
        let mut all: Vec<Value> = under.into_iter().filter(|layer| layer["type"] != "symbol").collect();
        all.extend(layers.iter().cloned());
        all.extend(names);
        style["layers"] = Value::Array(all);
    }
    style
}

fn ground(record: &LayerRecord, language: Language) -> Value {
    let source_layer = record.id.as_str();
    let mut layers = vec![
        json!({
            "id": "ground", "type": "fill", "source": "ground", "source-layer": source_layer,
            "paint": { "fill-color": "#f7f6f2", "fill-antialias": false },
        }),
        json!({
            "id": "district-lines", "type": "line", "source": "ground", "source-layer": source_layer,
            "paint": {
                "line-color": "#b4c4cb",
                "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 14, 1.4],
            },
        }),
    ];
    if let Some(field) = record.display.name.get(language) {
        layers.push(json!({
            "id": "district-names", "type": "symbol", "source": "ground", "source-layer": source_layer,
            "maxzoom": 13,
            "layout": {
                "text-field": ["get", field],
                "text-size": ["interpolate", ["linear"], ["zoom"], 8, 10, 12, 13],
                "text-padding": 8,
            },
            "paint": { "text-color": "#465560", "text-halo-color": "#f7f6f2", "text-halo-width": 1.5 },
        }));
    }
    json!({
        "sources": { "ground": { "type": "vector", "url": format!("{BASE}/tilejson/{}.json", record.id) } },
        "layers": layers,
    })
}
