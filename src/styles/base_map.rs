//! The ground under a layer on our own pages: district lines and names, one colour, no coast,
//! because no layer with clear terms gives one yet.

use serde_json::{Value, json};

use super::{BASE, COLOURS, Sign, is_label, placed};
use crate::catalogue::LayerRecord;

/// The layer that gives the lines.
pub const BASE_LAYER: &str = "had-districts-18";

/// The layer of the lines, with its names as points: a name drawn from the areas themselves would
/// stand once in every tile.
pub struct Districts<'a> {
    pub record: &'a LayerRecord,
    pub names: Vec<DistrictName>,
}

/// Whether a page is light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

/// A name in the page's language and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct DistrictName {
    pub name: String,
    pub lon_deg: f64,
    pub lat_deg: f64,
}

/// Puts the ground under a placed style. Without the district layer there is only paper. Names lie
/// under the layer's labels in placing, so that the data comes first.
pub fn with_base_map(style: Value, districts: Option<&Districts<'_>>, scheme: Scheme, base: &str) -> Value {
    const PAPER: &str = "#eceeee";
    let mut under = vec![json!({
        "id": "paper", "type": "background", "paint": { "background-color": PAPER },
    })];
    let mut style = style;
    if let Some(districts) = districts {
        let ground = placed(&ground(districts.record), base, districts.record);
        if let Some(layers) = ground["layers"].as_array() {
            under.extend(layers.iter().cloned());
        }
        style["sources"]["ground"] = ground["sources"]["ground"].clone();
        style["sources"]["district-names"] = names(&districts.names);
    }
    let over = districts.map(|_| name_layer());
    if let Some(layers) = style["layers"].as_array_mut() {
        // Symbols are placed from the last layer to the first.
        let before_labels = layers.iter().position(is_label).unwrap_or(layers.len());
        layers.splice(before_labels..before_labels, over);
        layers.splice(0..0, under);
        if scheme == Scheme::Dark {
            layers.iter_mut().for_each(darken);
        }
    }
    style
}

/// Colours on a light ground with what stands for them on a dark one.
const DARK: [(&str, &str); 14] = [
    ("#eceeee", "#0e151b"),
    ("#f7f6f2", "#25313a"),
    ("#b4c4cb", "#40515d"),
    ("#465560", "#a9b7c0"),
    ("#14212b", "#e9eef1"),
    ("#ffffff", "#101820"),
    (COLOURS[0], "#5c97f5"),
    (COLOURS[1], "#f08a3c"),
    (COLOURS[2], "#2c9e7a"),
    (COLOURS[3], "#e3a2e0"),
    (COLOURS[4], "#ffd9de"),
    (COLOURS[5], "#84929e"),
    (COLOURS[6], "#d8c06a"),
    (COLOURS[7], "#a9c9f2"),
];

/// What stands on a dark ground for one of our own colours.
pub(super) fn dark_of(colour: &str) -> Option<&'static str> {
    DARK.iter().find(|(light, _)| *light == colour).map(|(_, dark)| *dark)
}

/// Replaces our own colours anywhere in a style layer, those of images too; others are a hand's choice and stay.
fn darken(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(dark) = dark_of(text) {
                *text = dark.to_owned();
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(darken),
        Value::Object(members) => {
            if let Some(image) = members.get_mut("icon-image")
                && let Some(dark) = image.as_str().and_then(Sign::parse).and_then(|sign| sign.darkened())
            {
                *image = dark.image().into();
            }
            members.values_mut().for_each(darken);
        }
        _ => {}
    }
}

fn ground(record: &LayerRecord) -> Value {
    let source_layer = record.id.as_str();
    json!({
        "sources": { "ground": { "type": "vector", "url": format!("{BASE}/tilejson/{}.json", record.id) } },
        "layers": [
            {
                "id": "ground", "type": "fill", "source": "ground", "source-layer": source_layer,
                "paint": { "fill-color": "#f7f6f2", "fill-antialias": false },
            },
            {
                "id": "district-lines", "type": "line", "source": "ground", "source-layer": source_layer,
                "layout": { "line-join": "round" },
                "paint": {
                    "line-color": "#b4c4cb",
                    "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 14, 1.4],
                },
            },
        ],
    })
}

fn names(names: &[DistrictName]) -> Value {
    let features: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({
                "type": "Feature",
                "properties": { "name": name.name },
                "geometry": { "type": "Point", "coordinates": [name.lon_deg, name.lat_deg] },
            })
        })
        .collect();
    json!({ "type": "geojson", "data": { "type": "FeatureCollection", "features": features } })
}

fn name_layer() -> Value {
    json!({
        "id": "district-names", "type": "symbol", "source": "district-names", "maxzoom": 14,
        "layout": {
            "text-field": ["get", "name"],
            "text-size": ["interpolate", ["linear"], ["zoom"], 8, 11, 12, 14],
            "text-max-width": 7,
            "text-padding": 4,
        },
        "paint": { "text-color": "#465560", "text-halo-color": "#f7f6f2", "text-halo-width": 1.6 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_districts_there_is_only_paper_under_the_layer() {
        let style = json!({ "version": 8, "sources": {}, "layers": [{ "id": "a", "type": "circle" }] });
        let with = with_base_map(style, None, Scheme::Light, "http://h");
        let ids: Vec<_> = with["layers"].as_array().unwrap().iter().map(|layer| layer["id"].clone()).collect();
        assert_eq!(ids, ["paper", "a"]);
    }

    #[test]
    fn a_dark_page_has_a_dark_ground_and_keeps_colours_made_by_hand() {
        let paint = json!({ "circle-color": COLOURS[0], "circle-stroke-color": "#abcdef" });
        let filter = json!(["==", ["get", "code"], "square-2259c7"]);
        let layout = json!({ "icon-image": "square-2259c7" });
        let square = json!({ "id": "b", "type": "symbol", "filter": filter.clone(), "layout": layout });
        let circle = json!({ "id": "a", "type": "circle", "paint": paint });
        let style = json!({ "version": 8, "sources": {}, "layers": [circle, square] });
        let with = with_base_map(style, None, Scheme::Dark, "http://h");
        assert_eq!(with["layers"][2]["layout"]["icon-image"], "square-5c97f5");
        assert_eq!(with["layers"][2]["filter"], filter);
        assert_eq!(with["layers"][0]["paint"]["background-color"], "#0e151b");
        assert_eq!(with["layers"][1]["paint"], json!({ "circle-color": "#5c97f5", "circle-stroke-color": "#abcdef" }));
    }

    #[test]
    fn a_name_stands_once_where_its_district_is() {
        let source = names(&[DistrictName { name: "Sha Tin".into(), lon_deg: 114.2, lat_deg: 22.4 }]);
        assert_eq!(source["data"]["features"][0]["geometry"]["coordinates"], json!([114.2, 22.4]));
        assert_eq!(source["data"]["features"].as_array().unwrap().len(), 1);
    }
}
