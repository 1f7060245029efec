//! A style for a layer that nobody styled.

use serde_json::{Map, Value, json};

use super::signs::{Mark, Sign, WHITE, sprite};
use super::{BASE, COLOURS, clusters};
use crate::base::Language;
use crate::base::geometry_kind::Dimension;
use crate::catalogue::LayerRecord;
use crate::definition::Icon;

/// Features of a layer whose points are drawn as signs. A browser places every sign that it shows anew as the map
/// moves, and of more it would stutter; circles cost it next to nothing.
const SIGNED_FEATURES_MAX: u64 = 20_000;

/// The zoom from which a disc is large enough for a pictogram.
const ICON_ZOOM_MIN: u8 = 14;

/// One class of a layer: its name for people, its look, and the filter that picks it.
pub struct Class {
    pub label: String,
    pub colour: &'static str,
    /// What its points are drawn as.
    pub mark: Mark,
    /// What lies on its points.
    pub icon: Option<Icon>,
    /// Whether it is what no value of the field names.
    pub is_rest: bool,
    pub filter: Option<Value>,
    pub count: u64,
}

/// The style in the department's first language; see [`derive_in`].
pub fn derive(record: &LayerRecord) -> Value {
    derive_in(record, Language::En, 0)
}

/// The style with labels in a language. `first_colour` is the place in [`COLOURS`] of the first class, so that
/// layers on one map differ.
pub fn derive_in(record: &LayerRecord, language: Language, first_colour: usize) -> Value {
    let mut layers = Vec::new();
    let classes = classes(record, language, first_colour);
    let dimensions = match record.schema.geometry.dimension() {
        Dimension::Mixed => vec![Dimension::Areas, Dimension::Lines, Dimension::Points],
        one => vec![one],
    };
    let is_mixed = dimensions.len() > 1;
    for dimension in dimensions {
        for (number, class) in classes.iter().enumerate() {
            draw(record, dimension, number, class, is_mixed, &mut layers);
        }
    }
    if clusters::are_in(record) {
        layers.extend(clusters::layers(record, &classes));
    }
    let has_icon = classes.iter().any(|class| class.icon.is_some());
    layers.extend(labels(record, language, if has_icon { 1.0 } else { 0.7 }));
    let has_signs = layers.iter().any(|layer| layer["layout"]["icon-image"].is_string());
    let mut style = json!({
        "version": 8,
        "name": record.title.get(language),
        "metadata": { "causeway:derived": true },
        "sources": {
            record.id.as_str(): {
                "type": "vector",
                "url": format!("{BASE}/tilejson/{}.json", record.id),
            }
        },
    });
    if has_signs {
        style["sprite"] = sprite().into();
    }
    style["layers"] = layers.into();
    style
}

/// The classes of the category field, where it has few enough values, else one class for all.
pub fn classes(record: &LayerRecord, language: Language, first_colour: usize) -> Vec<Class> {
    let is_signed = record.counts.kept <= SIGNED_FEATURES_MAX;
    let everything = || {
        vec![Class {
            label: record.title.get(language).to_owned(),
            colour: COLOURS[first_colour % COLOURS.len()],
            mark: Mark::Circle,
            icon: record.icon().filter(|_| is_signed),
            is_rest: false,
            filter: None,
            count: record.counts.kept,
        }]
    };
    let Some(field) = record.display.category.get(language) else { return everything() };
    let Some(values) = record.categories(field) else { return everything() };
    let mut classes: Vec<Class> = values
        .iter()
        .zip(COLOURS.into_iter().cycle().skip(first_colour))
        .enumerate()
        .map(|(place, ((value, count), colour))| Class {
            label: value.clone(),
            colour,
            mark: if is_signed { Mark::of_class(place) } else { Mark::Circle },
            icon: None,
            is_rest: false,
            filter: Some(json!(["==", ["get", field], value])),
            count: *count,
        })
        .collect();
    let counted: u64 = values.iter().map(|(_, count)| count).sum();
    if counted < record.counts.kept {
        let mut filter = vec![json!("all")];
        filter.extend(values.iter().map(|(value, _)| json!(["!=", ["get", field], value])));
        classes.push(Class {
            label: match language {
                Language::En => "Other".to_owned(),
                _ => "其他".to_owned(),
            },
            colour: "#788591",
            mark: Mark::Circle,
            icon: None,
            is_rest: true,
            filter: Some(Value::Array(filter)),
            count: record.counts.kept - counted,
        });
    }
    classes
}

fn draw(
    record: &LayerRecord,
    dimension: Dimension,
    number: usize,
    class: &Class,
    is_mixed: bool,
    layers: &mut Vec<Value>,
) {
    let id = |part: &str| format!("{}-{part}-{number}", record.id);
    let filter = filter_of(record, class, dimension, is_mixed);
    let mut push = |part: &str, kind: &str, layout: Option<Value>, paint: Value| {
        let mut layer = Map::new();
        layer.insert("id".to_owned(), id(part).into());
        layer.insert("type".to_owned(), kind.into());
        layer.insert("source".to_owned(), record.id.as_str().into());
        layer.insert("source-layer".to_owned(), record.id.as_str().into());
        if let Some(filter) = &filter {
            layer.insert("filter".to_owned(), filter.clone());
        }
        match part {
            "point" if class.icon.is_some() => layer.insert("maxzoom".to_owned(), ICON_ZOOM_MIN.into()),
            "disc" | "icon" => layer.insert("minzoom".to_owned(), ICON_ZOOM_MIN.into()),
            _ => None,
        };
        if let Some(layout) = layout {
            layer.insert("layout".to_owned(), layout);
        }
        layer.insert("paint".to_owned(), paint);
        layers.push(layer.into());
    };
    let rounded = || Some(json!({ "line-cap": "round", "line-join": "round" }));
    match dimension {
        Dimension::Points => {
            match class.mark {
                Mark::Circle if class.is_rest => {
                    push("point", "circle", None, circle(class.colour, by_zoom(9, 2.5, 14, 4.5)))
                }
                Mark::Circle => push("point", "circle", None, circle(class.colour, by_zoom(9, 3.5, 14, 6.5))),
                mark => {
                    let image = Sign::new(mark.name(), class.colour).image();
                    push("point", "symbol", Some(on_every_point(&image, stops(9, 0.54, 14, 1.0))), json!({}));
                }
            }
            if let Some(icon) = class.icon {
                // Sizes that stay: QGIS 3.22 draws a circle as large as at its first zoom, and a pictogram must fit on it.
                push("disc", "circle", None, circle(class.colour, json!(9)));
                let image = Sign::new(icon.as_str(), WHITE).image();
                // Where discs or names lie over each other it may stay away.
                push("icon", "symbol", Some(json!({ "icon-image": image, "icon-size": 0.8 })), json!({}));
            }
        }
        Dimension::Lines => {
            push("case", "line", rounded(), json!({ "line-color": "#ffffff", "line-width": by_zoom(9, 3.0, 16, 7.0) }));
            let line = json!({ "line-color": class.colour, "line-width": by_zoom(9, 1.3, 16, 4.0) });
            push("line", "line", rounded(), line);
        }
        Dimension::Areas => {
            push("area", "fill", None, json!({ "fill-color": class.colour, "fill-opacity": 0.18 }));
            let edge = json!({ "line-color": class.colour, "line-width": by_zoom(9, 1.0, 16, 2.0) });
            push("edge", "line", rounded(), edge);
        }
        Dimension::Mixed | Dimension::None => {}
    }
}

pub fn circle(colour: &str, radius: Value) -> Value {
    json!({
        "circle-color": colour,
        "circle-radius": radius,
        "circle-stroke-color": WHITE,
        "circle-stroke-width": 1.5,
    })
}

/// The layout of a sign that every point has, whatever lies there too.
fn on_every_point(image: &str, size: Value) -> Value {
    json!({
        "icon-image": image,
        "icon-size": size,
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
    })
}

fn filter_of(record: &LayerRecord, class: &Class, dimension: Dimension, is_mixed: bool) -> Option<Value> {
    if clusters::are_in(record) {
        return Some(clusters::alone(class.filter.as_ref()));
    }
    if !is_mixed {
        return class.filter.clone();
    }
    let of_kind = json!([
        "==",
        ["geometry-type"],
        match dimension {
            Dimension::Points => "Point",
            Dimension::Lines => "LineString",
            _ => "Polygon",
        }
    ]);
    Some(match &class.filter {
        Some(filter) => json!(["all", of_kind, filter]),
        None => of_kind,
    })
}

fn by_zoom(from_zoom: u8, from: f64, to_zoom: u8, to: f64) -> Value {
    json!(["interpolate", ["linear"], ["zoom"], from_zoom, from, to_zoom, to])
}

/// As [`by_zoom`], in the older form, the only one in which QGIS 3.22 reads the size of an image.
fn stops(from_zoom: u8, from: f64, to_zoom: u8, to: f64) -> Value {
    json!({ "stops": [[from_zoom, from], [to_zoom, to]] })
}

/// Names of points from zoom 13, `below_em` under them, of areas from 10, along lines from 12.
fn labels(record: &LayerRecord, language: Language, below_em: f64) -> Option<Value> {
    let field = record.display.name.get(language)?;
    record.schema.field(field)?;
    let (min_zoom, layout) = match record.schema.geometry.dimension() {
        Dimension::Points => (13, json!({ "text-anchor": "top", "text-offset": [0, below_em] })),
        Dimension::Lines => (12, json!({ "symbol-placement": "line" })),
        _ => (10, json!({})),
    };
    let mut layout = layout;
    layout["text-field"] = json!(["get", field]);
    layout["text-size"] = json!(12);
    layout["text-max-width"] = json!(9);
    let mut layer = json!({
        "id": format!("{}-name", record.id),
        "type": "symbol",
        "source": record.id.as_str(),
        "source-layer": record.id.as_str(),
        "minzoom": min_zoom,
        "layout": layout,
        "paint": { "text-color": "#14212b", "text-halo-color": "#ffffff", "text-halo-width": 1.5 },
    });
    if clusters::are_in(record) {
        layer["filter"] = clusters::alone(None);
    }
    Some(layer)
}
