//! TileJSON 3.0.0 and the `metadata.json` that GDAL's MVT driver reads.

use serde_json::{Map, Value, json};

use super::GridFacts;
use crate::base::{BBox, FieldKind, Schema, limits};

/// What a tile set says of itself.
#[derive(Clone, Debug)]
pub struct TileSetFacts<'a> {
    pub layer: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    pub attribution: &'a str,
    pub revision: &'a str,
    pub extent: Option<BBox>,
    pub schema: &'a Schema,
    /// Absolute address with `{z}`, `{x}`, `{y}`.
    pub template: &'a str,
    /// What was baked; absent where every tile is cut live.
    pub baked: Option<&'a GridFacts>,
}

/// TileJSON 3.0.0, <https://github.com/mapbox/tilejson-spec/tree/master/3.0.0>.
pub fn tilejson(facts: &TileSetFacts<'_>) -> Value {
    let bounds = facts.extent.unwrap_or(BBox::WORLD);
    let (lon_deg, lat_deg) = bounds.centre();
    let mut document = json!({
        "tilejson": "3.0.0",
        "name": facts.title,
        "description": facts.description,
        "attribution": facts.attribution,
        "version": "1.0.0",
        "revision": facts.revision,
        "scheme": "xyz",
        "tiles": [facts.template],
        "minzoom": 0,
        "maxzoom": limits::ZOOM_MAX,
        "bounds": bounds.to_array(),
        "center": [lon_deg, lat_deg, zoom_to_fit(&bounds)],
        "vector_layers": vector_layers(facts),
    });
    if let Some(baked) = facts.baked {
        document["complete_from_zoom"] = baked.complete_from_zoom.into();
        document["thinned"] = thinned(baked);
    }
    document
}

/// The zooms at which not every feature is shown, with how many are, counted in every tile they
/// touch.
pub fn thinned(baked: &GridFacts) -> Value {
    baked
        .zooms
        .iter()
        .filter(|zoom| zoom.hidden > 0)
        .map(|zoom| json!({ "zoom": zoom.zoom, "shown": zoom.shown, "of": zoom.shown + zoom.hidden }))
        .collect()
}

/// MBTiles-style metadata: GDAL reads `json` as a text that holds the layers.
pub fn gdal_metadata(facts: &TileSetFacts<'_>) -> Value {
    let bounds = facts.extent.unwrap_or(BBox::WORLD);
    let edges: Vec<String> = bounds.to_array().iter().map(f64::to_string).collect();
    json!({
        "name": facts.layer,
        "description": facts.description,
        "attribution": facts.attribution,
        "version": "2",
        "minzoom": "0",
        "maxzoom": limits::ZOOM_MAX.to_string(),
        "bounds": edges.join(","),
        "type": "overlay",
        "format": "pbf",
        "json": json!({ "vector_layers": vector_layers(facts) }).to_string(),
    })
}

fn vector_layers(facts: &TileSetFacts<'_>) -> Value {
    let fields: Map<String, Value> = facts
        .schema
        .fields
        .iter()
        .map(|field| {
            let kind = match field.kind {
                FieldKind::Integer | FieldKind::Real => "Number",
                FieldKind::Boolean => "Boolean",
                _ => "String",
            };
            (field.name.clone(), kind.into())
        })
        .collect();
    json!([{
        "id": facts.layer,
        "description": facts.title,
        "minzoom": 0,
        "maxzoom": limits::ZOOM_MAX,
        "fields": fields,
    }])
}

/// The zoom at which the box about fills a screen of two tiles.
fn zoom_to_fit(bbox: &BBox) -> u8 {
    let width_deg = (bbox.east_deg - bbox.west_deg).max(bbox.north_deg - bbox.south_deg).max(1e-4);
    (720.0 / width_deg).log2().floor().clamp(0.0, 16.0) as u8
}
