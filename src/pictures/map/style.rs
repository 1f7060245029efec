//! A MapLibre style as the renderer draws it.

use serde_json::Value;
use tiny_skia::{Color, LineCap, LineJoin};

use super::expression::{Filter, Number, Text};
use crate::pictures::icons::{Icon, icon};
use crate::styles::Sign;

/// The style layers that this renderer draws, from the lowest to the topmost.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    pub layers: Vec<StyleLayer>,
    /// What lies under all of it, which tiles of a map leave to the map.
    pub background: Option<Color>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct StyleLayer {
    pub source_layer: String,
    zoom_min: f64,
    zoom_max: f64,
    /// `None` draws everything.
    pub filter: Option<Filter>,
    pub paint: Paint,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Paint {
    Fill { colour: Color, opacity: Number },
    Line { colour: Color, width: Number, opacity: Number, dashes: Vec<f32>, cap: LineCap, join: LineJoin },
    Circle { colour: Color, radius: Number, opacity: Number, stroke_colour: Color, stroke_width: Number },
    Sign { icon: &'static Icon, colour: Color, edge: Option<Color>, size: Number, opacity: Number },
    Label(Label),
}

impl Paint {
    /// Whether what lies in a neighbouring tile may stand out over its edge.
    pub fn reaches_over(&self) -> bool {
        matches!(self, Paint::Circle { .. } | Paint::Sign { .. } | Paint::Label(_))
    }
}

/// Where a text is put on its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    pub text: Text,
    pub size: Number,
    pub colour: Color,
    pub halo_colour: Color,
    pub halo_width: Number,
    /// Where the place is in the text's box, from its north-western corner, in shares of its sides.
    pub anchor: (f64, f64),
    /// In ems.
    pub offset: (f64, f64),
    pub max_width_em: f64,
    pub padding: f64,
    pub is_along_line: bool,
}

impl Style {
    /// Reads what is drawn; style layers of other types, or with expressions that are not known, are left out.
    pub fn parse(style: &Value) -> Self {
        let layers = style["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ground = layers.iter().find(|layer| layer["type"] == "background");
        Style {
            layers: layers.iter().filter_map(StyleLayer::parse).collect(),
            background: ground.and_then(|ground| parse_colour(ground["paint"]["background-color"].as_str()?)),
        }
    }

    /// What is drawn at a zoom.
    pub fn at(&self, zoom: f64) -> impl DoubleEndedIterator<Item = &StyleLayer> + Clone {
        self.layers.iter().filter(move |layer| zoom >= layer.zoom_min && zoom < layer.zoom_max)
    }
}

impl StyleLayer {
    fn parse(layer: &Value) -> Option<Self> {
        /// The end of MapLibre's zooms.
        const ZOOM_END: f64 = 25.0;
        let (paint, layout) = (&layer["paint"], &layer["layout"]);
        if layout["visibility"] == "none" {
            return None;
        }
        let filter = match &layer["filter"] {
            Value::Null => None,
            filter => Some(Filter::parse(filter)?),
        };
        let paint = match layer["type"].as_str()? {
            "fill" => {
                Paint::Fill { colour: colour(paint, "fill-color")?, opacity: number(paint, "fill-opacity", 1.0)? }
            }
            "line" => line(paint, layout)?,
            "circle" => Paint::Circle {
                colour: colour(paint, "circle-color")?,
                radius: number(paint, "circle-radius", 5.0)?,
                opacity: number(paint, "circle-opacity", 1.0)?,
                stroke_colour: colour(paint, "circle-stroke-color")?,
                stroke_width: number(paint, "circle-stroke-width", 0.0)?,
            },
            "symbol" if layout["text-field"].is_null() => sign(paint, layout)?,
            "symbol" => Paint::Label(label(paint, layout)?),
            _ => return None,
        };
        Some(StyleLayer {
            source_layer: layer["source-layer"].as_str()?.to_owned(),
            zoom_min: layer["minzoom"].as_f64().unwrap_or(f64::MIN),
            zoom_max: layer["maxzoom"].as_f64().unwrap_or(ZOOM_END),
            filter,
            paint,
        })
    }
}

fn line(paint: &Value, layout: &Value) -> Option<Paint> {
    let dashes = paint["line-dasharray"].as_array().map(Vec::as_slice).unwrap_or_default();
    Some(Paint::Line {
        colour: colour(paint, "line-color")?,
        width: number(paint, "line-width", 1.0)?,
        opacity: number(paint, "line-opacity", 1.0)?,
        dashes: dashes.iter().filter_map(Value::as_f64).map(|length| length as f32).collect(),
        cap: match layout["line-cap"].as_str() {
            Some("round") => LineCap::Round,
            Some("square") => LineCap::Square,
            _ => LineCap::Butt,
        },
        join: match layout["line-join"].as_str() {
            Some("round") => LineJoin::Round,
            Some("bevel") => LineJoin::Bevel,
            _ => LineJoin::Miter,
        },
    })
}

/// An image of our own sprite, drawn anew from its picture.
fn sign(paint: &Value, layout: &Value) -> Option<Paint> {
    let sign = Sign::parse(layout["icon-image"].as_str()?)?;
    Some(Paint::Sign {
        icon: icon(&sign.picture)?,
        colour: parse_colour(&sign.colour)?,
        edge: sign.edge().and_then(parse_colour),
        size: number(layout, "icon-size", 1.0)?,
        opacity: number(paint, "icon-opacity", 1.0)?,
    })
}

fn label(paint: &Value, layout: &Value) -> Option<Label> {
    let anchor = layout["text-anchor"].as_str().unwrap_or("center");
    let share = |low: &str, high: &str| match (anchor.contains(low), anchor.contains(high)) {
        (true, _) => 0.0,
        (_, true) => 1.0,
        _ => 0.5,
    };
    let offset = |axis: usize| layout["text-offset"][axis].as_f64().unwrap_or_default();
    Some(Label {
        text: Text::parse(&layout["text-field"])?,
        size: number(layout, "text-size", 16.0)?,
        colour: colour(paint, "text-color")?,
        halo_colour: match paint["text-halo-color"] {
            Value::Null => Color::TRANSPARENT,
            _ => colour(paint, "text-halo-color")?,
        },
        halo_width: number(paint, "text-halo-width", 0.0)?,
        anchor: (share("left", "right"), share("top", "bottom")),
        offset: (offset(0), offset(1)),
        max_width_em: layout["text-max-width"].as_f64().unwrap_or(10.0),
        padding: layout["text-padding"].as_f64().unwrap_or(2.0),
        is_along_line: layout["symbol-placement"] == "line",
    })
}

fn number(from: &Value, name: &str, default: f64) -> Option<Number> {
    match &from[name] {
        Value::Null => Some(Number::constant(default)),
        value => Number::parse(value),
    }
}

/// The colour of that name, black where there is none.
fn colour(paint: &Value, name: &str) -> Option<Color> {
    match &paint[name] {
        Value::Null => Some(Color::BLACK),
        value => parse_colour(value.as_str()?),
    }
}

/// `#rgb`, `#rrggbb`, `rgb(…)` and `rgba(…)`, as CSS has them.
pub fn parse_colour(text: &str) -> Option<Color> {
    if let Some(digits) = text.strip_prefix('#') {
        let long: String = match digits.len() {
            3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
            6 => digits.to_owned(),
            _ => return None,
        };
        let number = u32::from_str_radix(&long, 16).ok()?;
        let byte = |shift: u32| (number >> shift & 0xff) as u8;
        return Some(Color::from_rgba8(byte(16), byte(8), byte(0), u8::MAX));
    }
    let inner = text.strip_prefix("rgba(").or_else(|| text.strip_prefix("rgb("))?.strip_suffix(')')?;
    let parts = inner.split(',').map(|part| part.trim().parse::<f32>().ok()).collect::<Option<Vec<_>>>()?;
    match parts[..] {
        [r, g, b] => Color::from_rgba(r / 255.0, g / 255.0, b / 255.0, 1.0),
        [r, g, b, alpha] => Color::from_rgba(r / 255.0, g / 255.0, b / 255.0, alpha),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_style_of_the_tree_is_drawn_whole() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/styles");
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let style: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!(Style::parse(&style).layers.len(), style["layers"].as_array().unwrap().len(), "{path:?}");
        }
    }

    #[test]
    fn a_style_layer_is_drawn_at_its_zooms_and_only_if_all_of_it_is_understood() {
        let layer = |more: Value| {
            let mut layer =
                json!({ "id": "a", "type": "fill", "source-layer": "s", "paint": { "fill-color": "#abc" } });
            layer.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            Style::parse(&json!({ "layers": [layer] }))
        };
        let zoomed = layer(json!({ "minzoom": 9, "maxzoom": 12 }));
        let drawn = [8.9, 9.0, 11.9, 12.0].map(|zoom| zoomed.at(zoom).count());
        assert_eq!(drawn, [0, 1, 1, 0]);
        for more in [
            json!({ "filter": ["within", {}] }),
            json!({ "type": "heatmap" }),
            json!({ "paint": { "fill-color": ["get", "colour"] } }),
            json!({ "layout": { "visibility": "none" } }),
            json!({ "type": "symbol", "layout": { "icon-image": "nosuch-ffffff" } }),
        ] {
            assert_eq!(layer(more.clone()).layers.len(), 0, "{more}");
        }
    }

    #[test]
    fn colours_are_read_as_css_has_them() {
        let wanted = Color::from_rgba8(0x22, 0x55, 0xcc, u8::MAX);
        for text in ["#2255cc", "#25c", "rgb(34, 85, 204)", "rgba(34,85,204,1)"] {
            assert_eq!(parse_colour(text), Some(wanted), "{text}");
        }
        assert_eq!(parse_colour("mauve"), None);
    }
}
