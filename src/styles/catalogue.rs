//! The styles of many layers as one: areas lie under lines and lines under points, and names over all of it.

use serde_json::{Map, Value, json};

use super::is_label;
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, Language, limits};
use crate::catalogue::LayerRecord;

/// A layer with its finished style.
pub struct Sheet<'a> {
    pub record: &'a LayerRecord,
    pub style: Value,
}

/// The style of all layers. None is shown, and their sources say themselves where their tiles are: a client asks for
/// nothing of a layer before somebody turns it on.
pub fn catalogue(sheets: Vec<Sheet<'_>>, base: &str, language: Language, name: &str) -> Value {
    let mut sheets = sheets;
    let height = |sheet: &Sheet<'_>| match sheet.record.schema.geometry.dimension() {
        Dimension::Areas => 0,
        Dimension::Mixed | Dimension::None => 1,
        Dimension::Lines => 2,
        Dimension::Points => 3,
    };
    // Stable, so that the order of ids stays within each.
    sheets.sort_by_key(height);
    let mut sources = Map::new();
    let (mut drawn, mut labels) = (Vec::new(), Vec::new());
    for sheet in sheets {
        let (record, id) = (sheet.record, sheet.record.id.as_str());
        sources.insert(id.to_owned(), source(record, base, language));
        for layer in sheet.style["layers"].as_array().into_iter().flatten() {
            if layer["type"] != "background" {
                let layer = hidden(layer.clone(), record, language);
                if is_label(&layer) { labels.push(layer) } else { drawn.push(layer) }
            }
        }
    }
    drawn.append(&mut labels);
    json!({
        "version": 8,
        "name": name,
        "metadata": {},
        "sources": sources,
        "layers": drawn,
    })
}

fn source(record: &LayerRecord, base: &str, language: Language) -> Value {
    json!({
        "type": "vector",
        "tiles": [format!("{base}/xyz/{}/{{z}}/{{x}}/{{y}}.mvt?revision={}", record.id, record.revision)],
        "minzoom": 0,
        "maxzoom": limits::ZOOM_MAX,
        "bounds": record.extent.unwrap_or(BBox::WORLD),
        "attribution": record.credit.get(language),
    })
}

fn hidden(mut layer: Value, record: &LayerRecord, language: Language) -> Value {
    let id = record.id.as_str();
    layer["id"] = format!("{id}/{}", layer["id"].as_str().unwrap_or_default()).into();
    layer["source"] = id.into();
    layer["layout"]["visibility"] = "none".into();
    // What a list of layers needs.
    layer["metadata"]["causeway:layer"] = id.into();
    layer["metadata"]["causeway:title"] = record.title.get(language).into();
    if let Some(theme) = &record.theme {
        layer["metadata"]["causeway:theme"] = theme.id.as_str().into();
    }
    layer
}
