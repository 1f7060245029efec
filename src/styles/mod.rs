//! MapLibre styles, made by hand or derived from a record, and what they are in QGIS.
//!
//! Comes in: a record and, where there is one, a hand-made style. Goes out: a finished style.
//! Must not know: HTTP.
//!
//! Styles keep to what QGIS 3.22 understands too: one style layer for each class with a filter,
//! never `match`, `step` or `case`, sizes that depend on zoom alone, and those of images by `stops`.

mod base_map;
mod catalogue;
mod clusters;
mod derived;
mod legend;
mod qgis;
mod signs;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::base::Language;
use crate::catalogue::LayerRecord;
use crate::tiles::POINT_COUNT;

pub use base_map::{BASE_LAYER, DistrictName, Districts, Scheme, with_base_map};
pub use catalogue::{Sheet, catalogue};
pub use derived::{derive, derive_in};
pub use legend::{LegendEntry, legend};
pub use qgis::layer_definition;
pub use signs::{Mark, Sign, WHITE, signs, sprite};

/// What stands in stored styles for the server's own address.
pub const BASE: &str = "{base}";

/// Colours of classes on a light ground, told apart in the three kinds of colour blindness.
pub const COLOURS: [&str; 8] = ["#2259c7", "#c95f12", "#11835a", "#a0529f", "#5b1b2f", "#788591", "#4c370b", "#0f3350"];

/// A style that draws nothing.
pub fn empty() -> Value {
    serde_json::json!({ "version": 8, "sources": {}, "layers": [] })
}

/// Whether a style layer writes names. Other symbols are signs, which lie where the data lies.
pub fn is_label(layer: &Value) -> bool {
    layer["type"] == "symbol" && !layer["layout"]["text-field"].is_null()
}

/// Whether nobody made the style by hand.
pub fn is_derived(style: &Value) -> bool {
    style["metadata"]["causeway:derived"] == true
}

/// A layer's style in a language: the one made by hand, else one derived from its record.
pub fn chosen<'a>(stored: &'a Value, record: &LayerRecord, language: Language, first_colour: usize) -> Cow<'a, Value> {
    match is_derived(stored) {
        true => Cow::Owned(derive_in(record, language, first_colour)),
        false => Cow::Borrowed(stored),
    }
}

/// Checks a hand-made style: MapLibre version 8, drawing this layer from this layer's tiles.
pub fn check_hand_made(text: &str, record: &LayerRecord) -> Result<Value, String> {
    let file = format!("styles/{}.json", record.id);
    let style: Value =
        serde_json::from_str(text).map_err(|error| format!("{file}:{}:{}: {error}", error.line(), error.column()))?;
    if style["version"] != 8 {
        return Err(format!("{file}: version is not 8, the only one that MapLibre reads"));
    }
    let layers = style["layers"].as_array().ok_or_else(|| format!("{file}: it has no layers"))?;
    let is_ours = style["sprite"] == sprite();
    for layer in layers.iter().filter(|layer| layer["type"] != "background") {
        if layer["source-layer"] != record.id.as_str() {
            return Err(format!(
                "{file}: the style layer {} draws the source-layer {}, but this layer's tiles hold only \"{}\"",
                layer["id"], layer["source-layer"], record.id
            ));
        }
        let image = layer["layout"]["icon-image"].as_str();
        if let Some(image) = image.filter(|image| is_ours && !signs().iter().any(|sign| sign.image() == **image)) {
            return Err(format!(
                "{file}: the sprite has no image \"{image}\"; assets/icons has its pictures, which stand before a colour of classes or ffffff"
            ));
        }
        for field in fields_of(&layer["filter"]) {
            let is_count = field == POINT_COUNT && clusters::are_in(record);
            if !is_count && record.schema.field(&field).is_none() {
                return Err(format!("{file}: a filter asks for the field \"{field}\", which the layer does not have"));
            }
        }
    }
    Ok(style)
}

/// The fields that a style's filters and texts ask for.
pub fn fields_of_style(style: &Value) -> BTreeSet<String> {
    let layers = style["layers"].as_array().into_iter().flatten();
    layers.flat_map(|layer| [fields_of(&layer["filter"]), fields_of(&layer["layout"]["text-field"])].concat()).collect()
}

/// Names that `["get", name]` asks for anywhere inside an expression.
fn fields_of(expression: &Value) -> Vec<String> {
    let Some(list) = expression.as_array() else { return Vec::new() };
    match list.as_slice() {
        [Value::String(get), Value::String(name)] if get == "get" => vec![name.clone()],
        _ => list.iter().flat_map(fields_of).collect(),
    }
}

/// A stored style with the server's address in place, and tiles named by their revision so that
/// they may be kept for ever.
pub fn placed(style: &Value, base: &str, record: &LayerRecord) -> Value {
    let text = style.to_string();
    let tilejson = format!("{BASE}/tilejson/{}.json", record.id);
    let of_revision = format!("{tilejson}?revision={}", record.revision);
    let placed = text.replace(&tilejson, &of_revision).replace(BASE, base);
    // The replacement puts an address into JSON strings; an address has no quotes or backslashes.
    serde_json::from_str(&placed).unwrap_or_else(|_| style.clone())
}
