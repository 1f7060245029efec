//! TileJSON 3.0.0 and the `metadata.json` that GDAL's MVT driver reads.

use serde_json::{Map, Value, json};

use super::{GridFacts, POINT_COUNT, Rules};
use crate::base::{BBox, FieldKind, Grid, Schema};

/// What a tile set says of itself.
#[derive(Clone, Debug)]
pub struct TileSetFacts<'a> {
    /// In the order of the tiles.
    pub layers: Vec<LayerFacts<'a>>,
    /// Whether no feature is filtered out.
    pub shows_everything: bool,
    /// The shallowest and the deepest zoom of the set.
    pub zooms: (u8, u8),
    /// Absolute address with `{z}`, `{x}`, `{y}`.
    pub template: &'a str,
}

/// One layer of a tile set.
#[derive(Clone, Debug)]
pub struct LayerFacts<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    pub attribution: &'a str,
    pub revision: &'a str,
    pub extent: Option<BBox>,
    pub schema: &'a Schema,
    /// Places of the fields that the tiles have.
    pub fields: Vec<usize>,
    /// What decides the layer's tiles, as far as it holds for these: not the fields of low zooms
    /// where fields are named.
    pub rules: Option<Rules>,
    /// What was baked; absent where every tile is cut live.
    pub baked: Option<&'a GridFacts>,
}

impl TileSetFacts<'_> {
    /// A text of every layer, one that several have once.
    fn all(&self, text: fn(&LayerFacts<'_>) -> String, joint: &str) -> String {
        let mut texts: Vec<String> = Vec::new();
        for layer in &self.layers {
            let text = text(layer);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts.join(joint)
    }

    /// The box of all layers; the world's where nothing has a place.
    pub fn bounds(&self) -> BBox {
        let mut bounds = BBox::EMPTY;
        self.layers.iter().filter_map(|layer| layer.extent).for_each(|extent| bounds.include(&extent));
        if bounds.is_empty() { BBox::WORLD } else { bounds }
    }

    /// Longitude, latitude and zoom from which all is seen.
    pub fn centre(&self) -> (f64, f64, u8) {
        let bounds = self.bounds();
        let (lon_deg, lat_deg) = bounds.centre();
        (lon_deg, lat_deg, zoom_to_fit(&bounds).clamp(self.zooms.0, self.zooms.1))
    }
}

/// TileJSON 3.0.0, <https://github.com/mapbox/tilejson-spec/tree/master/3.0.0>.
pub fn tilejson(facts: &TileSetFacts<'_>) -> Value {
    let (lon_deg, lat_deg, zoom) = facts.centre();
    let mut document = json!({
        "tilejson": "3.0.0",
        "name": facts.all(|layer| layer.title.to_owned(), "; "),
        "description": facts.all(|layer| layer.description.to_owned(), "\n\n"),
        "attribution": facts.all(|layer| layer.attribution.to_owned(), "; "),
        "version": "1.0.0",
        "revision": facts.all(|layer| layer.revision.to_owned(), ","),
        "scheme": "xyz",
        "tiles": [facts.template],
        "minzoom": facts.zooms.0,
        "maxzoom": facts.zooms.1,
        "bounds": facts.bounds().to_array(),
        "center": [lon_deg, lat_deg, zoom],
        "vector_layers": vector_layers(facts),
    });
    let baked: Option<Vec<_>> = facts.layers.iter().map(|layer| Some((layer.id, layer.baked?))).collect();
    if let Some(baked) = baked {
        tell_completeness(&mut document, &baked, facts.shows_everything);
    }
    document
}

/// Adds the zoom from which nothing is missing, where there is one, and, where all features are shown, the zooms at
/// which not every one is, with how many are, counted in every tile they touch. Of several layers
/// each is named.
pub fn tell_completeness(document: &mut Value, baked: &[(&str, &GridFacts)], shows_everything: bool) {
    let complete: Option<Vec<u8>> = baked.iter().map(|(_, facts)| facts.complete_from_zoom).collect();
    if let Some(zoom) = complete.and_then(|zooms| zooms.into_iter().max()) {
        document["complete_from_zoom"] = zoom.into();
    }
    if !shows_everything {
        return;
    }
    let thinned = baked.iter().flat_map(|(id, facts)| {
        facts.zooms.iter().filter(|zoom| zoom.hidden > 0).map(move |zoom| {
            let mut entry = json!({ "zoom": zoom.zoom, "shown": zoom.shown, "of": zoom.shown + zoom.hidden });
            if baked.len() > 1 {
                entry["layer"] = (*id).into();
            }
            entry
        })
    });
    document["thinned"] = thinned.collect();
}

/// MBTiles-style metadata: GDAL reads `json` as a text that holds the layers.
pub fn gdal_metadata(facts: &TileSetFacts<'_>) -> Value {
    let edges: Vec<String> = facts.bounds().to_array().iter().map(f64::to_string).collect();
    json!({
        "name": facts.all(|layer| layer.id.to_owned(), ","),
        "description": facts.all(|layer| layer.description.to_owned(), "\n\n"),
        "attribution": facts.all(|layer| layer.attribution.to_owned(), "; "),
        "version": "2",
        "minzoom": facts.zooms.0.to_string(),
        "maxzoom": facts.zooms.1.to_string(),
        "bounds": edges.join(","),
        "type": "overlay",
        "format": "pbf",
        "json": json!({ "vector_layers": vector_layers(facts) }).to_string(),
    })
}

/// What stands in an archive beside its tiles, PMTiles 3 §5.
pub fn archive_metadata(facts: &TileSetFacts<'_>, grid: Grid) -> Value {
    json!({
        "name": facts.all(|layer| layer.title.to_owned(), "; "),
        "description": facts.all(|layer| layer.description.to_owned(), "\n\n"),
        "attribution": facts.all(|layer| layer.attribution.to_owned(), "; "),
        "type": "overlay",
        "version": facts.all(|layer| layer.revision.to_owned(), ","),
        "tile_matrix_set": grid,
        "vector_layers": vector_layers(facts),
    })
}

fn vector_layers(facts: &TileSetFacts<'_>) -> Value {
    facts
        .layers
        .iter()
        .map(|layer| {
            let mut entry = json!({
                "id": layer.id,
                "description": layer.title,
                "minzoom": facts.zooms.0,
                "maxzoom": facts.zooms.1,
                "fields": fields(layer),
            });
            layer.rules.iter().for_each(|rules| tell_rules(&mut entry, rules, layer.schema));
            entry
        })
        .collect()
}

/// Adds to what is said of a layer the fields that its tiles of low zooms hold, and the attribute that
/// counts points.
pub fn tell_rules(entry: &mut Value, rules: &Rules, schema: &Schema) {
    if let Some(low) = &rules.low_zoom {
        let names: Vec<&str> = low.fields.iter().map(|field| schema.fields[*field].name.as_str()).collect();
        entry["low_zoom"] = json!({ "maxzoom": low.zoom, "fields": names });
    }
    if rules.cluster {
        entry["cluster"] = json!({ "count_field": POINT_COUNT });
    }
}

fn fields(layer: &LayerFacts<'_>) -> Map<String, Value> {
    let kinds = layer.fields.iter().map(|field| &layer.schema.fields[*field]).map(|field| {
        let kind = match field.kind {
            FieldKind::Integer | FieldKind::Real => "Number",
            FieldKind::Boolean => "Boolean",
            _ => "String",
        };
        (field.name.clone(), kind.into())
    });
    let count = layer.rules.iter().filter(|rules| rules.cluster).map(|_| (POINT_COUNT.to_owned(), "Number".into()));
    kinds.chain(count).collect()
}

/// The zoom at which the box about fills a screen of two tiles.
fn zoom_to_fit(bbox: &BBox) -> u8 {
    let width_deg = (bbox.east_deg - bbox.west_deg).max(bbox.north_deg - bbox.south_deg).max(1e-4);
    (720.0 / width_deg).log2().floor().clamp(0.0, 16.0) as u8
}
