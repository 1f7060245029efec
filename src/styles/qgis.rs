//! A layer definition of QGIS (`.qlr`): the layer's tiles with the layer's style, in the words that
//! QGIS 3.22 writes itself. A layer without geometry is its table by OGC API Features.

use serde_json::Value;

use super::{Mark, Sign, is_label};
use crate::base::xml_writer::XmlWriter;
use crate::base::{GeometryKind, Language};
use crate::catalogue::LayerRecord;

/// The document. `style` is the finished style in `language`, `base` the server's public address.
pub fn layer_definition(style: &Value, record: &LayerRecord, base: &str, language: Language) -> String {
    let has_map = record.schema.geometry != GeometryKind::None;
    let name = record.title.get(language);
    let id = format!("{}_{}", record.id.as_str().replace('-', "_"), record.revision.as_str().replace('-', "_"));
    let mut xml = XmlWriter::document();
    xml.element("qlr", &[], |xml| {
        let (source, provider) = match has_map {
            true => (tiles_source(record, base), "vectortile"),
            false => (features_source(record, base), "OAPIF"),
        };
        let entry = [("id", id.as_str()), ("name", name), ("checked", "Qt::Checked"), ("expanded", "1")];
        let entry: Vec<(&str, &str)> =
            entry.into_iter().chain([("source", source.as_str()), ("providerKey", provider)]).collect();
        xml.element("layer-tree-group", &[], |xml| xml.leaf("layer-tree-layer", &entry, ""));
        xml.element("maplayers", &[], |xml| {
            let kind = if has_map { "vector-tile" } else { "vector" };
            xml.element("maplayer", &[("type", kind), ("styleCategories", "AllStyleCategories")], |xml| {
                xml.leaf("id", &[], &id);
                xml.leaf("datasource", &[], &source);
                xml.leaf("layername", &[], name);
                xml.element("resourceMetadata", &[], |xml| {
                    xml.leaf("title", &[], name);
                    xml.leaf("abstract", &[], record.abstract_text.get(language));
                    xml.leaf("license", &[], record.licence.title.get(language));
                    xml.leaf("rights", &[], record.credit.get(language));
                });
                xml.leaf("provider", &[], provider);
                if has_map {
                    dress(xml, style);
                }
            });
        });
    });
    xml.finish_text()
}

/// What QGIS keeps of a connection to the tiles of a layer.
fn tiles_source(record: &LayerRecord, base: &str) -> String {
    let depth = crate::base::limits::ZOOM_MAX;
    format!(
        "type=xyz&url={base}/xyz/{id}/%7Bz%7D/%7Bx%7D/%7By%7D.pbf&zmin=0&zmax={depth}&styleUrl={base}/styles/{id}",
        id = record.id
    )
}

fn features_source(record: &LayerRecord, base: &str) -> String {
    format!("pagingEnabled='true' typename='{}' url='{base}/' version='OGC_API_FEATURES'", record.id)
}

fn layers_of(style: &Value) -> &[Value] {
    style["layers"].as_array().map_or(&[], Vec::as_slice)
}

fn dress(xml: &mut XmlWriter, style: &Value) {
    // A pictogram on a disc is left out: QGIS takes images from the style itself, not from its layer definition.
    let is_drawn =
        |layer: &&Value| matches!(layer["type"].as_str(), Some("circle" | "line" | "fill")) || mark(layer).is_some();
    xml.element("renderer", &[("type", "basic")], |xml| {
        xml.element("styles", &[], |xml| {
            for layer in layers_of(style).iter().filter(is_drawn) {
                let geometry = match layer["type"].as_str() {
                    Some("circle" | "symbol") => "0",
                    Some("line") => "1",
                    _ => "2",
                };
                styled(xml, layer, geometry, |xml| xml.element("symbols", &[], |xml| symbol(xml, layer)));
            }
        });
    });
    xml.element("labeling", &[("type", "basic")], |xml| {
        xml.element("styles", &[], |xml| {
            for layer in layers_of(style).iter().filter(|layer| is_label(layer)) {
                for geometry in ["0", "1", "2"] {
                    styled(xml, layer, geometry, |xml| label(xml, layer, geometry));
                }
            }
        });
    });
}

/// A style layer, unless its filter is one that cannot be said: then it would draw what it should not.
fn styled(xml: &mut XmlWriter, layer: &Value, geometry: &str, inner: impl FnOnce(&mut XmlWriter)) {
    let Some(filter) = filter(&layer["filter"]) else { return };
    let zoom = |key: &str| layer[key].as_f64().map_or("-1".to_owned(), |zoom| (zoom as i64).to_string());
    let (from, to) = (zoom("minzoom"), zoom("maxzoom"));
    let attributes = [
        ("name", layer["id"].as_str().unwrap_or_default()),
        ("layer", layer["source-layer"].as_str().unwrap_or_default()),
        ("geometry", geometry),
        ("enabled", "1"),
        ("expression", filter.as_str()),
        ("min-zoom", from.as_str()),
        ("max-zoom", to.as_str()),
    ];
    xml.element("style", &attributes, inner);
}

/// A filter of MapLibre as an expression of QGIS; `None` where there is no such expression here.
fn filter(expression: &Value) -> Option<String> {
    let Some(list) = expression.as_array() else { return expression.is_null().then(String::new) };
    let (operator, operands) = list.split_first()?;
    let joined = |word: &str| {
        let parts: Option<Vec<String>> = operands.iter().map(|part| Some(format!("({})", filter(part)?))).collect();
        Some(parts?.join(word))
    };
    match (operator.as_str()?, operands) {
        ("all", _) => joined(" AND "),
        ("any", _) => joined(" OR "),
        ("!", [inner]) => Some(format!("NOT ({})", filter(inner)?)),
        ("has", [Value::String(name)]) => Some(format!("{} IS NOT NULL", quoted(name, '"'))),
        ("==", [left, right]) => Some(format!("{} IS {}", operand(left)?, operand(right)?)),
        ("!=", [left, right]) => Some(format!("{} IS NOT {}", operand(left)?, operand(right)?)),
        (sign @ ("<" | "<=" | ">" | ">="), [left, right]) => {
            Some(format!("{} {sign} {}", operand(left)?, operand(right)?))
        }
        _ => None,
    }
}

fn quoted(text: &str, mark: char) -> String {
    format!("{mark}{}{mark}", text.replace(mark, &format!("{mark}{mark}")))
}

fn operand(value: &Value) -> Option<String> {
    match value {
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        // In QGIS a backslash in a text begins a sign of another meaning.
        Value::String(text) => Some(quoted(&text.replace('\\', "\\\\"), '\'')),
        Value::Array(list) => match list.as_slice() {
            [get, Value::String(name)] if get == "get" => Some(quoted(name, '"')),
            [kind] if kind == "geometry-type" => Some("_geom_type".to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// `#2259c7` as QGIS writes a colour.
fn colour(value: &Value) -> String {
    let part = |at: usize| value.as_str()?.strip_prefix('#')?.get(at..at + 2).map(|two| u8::from_str_radix(two, 16));
    let parts = [0, 2, 4].map(|at| part(at).and_then(Result::ok).unwrap_or_default());
    format!("{},{},{},255", parts[0], parts[1], parts[2])
}

/// A number, or one between two by the zoom: what it is in the middle, and how QGIS computes it.
fn size(value: &Value) -> (f64, Option<String>) {
    if let Some(number) = value.as_f64() {
        return (number, None);
    }
    let stops: Vec<f64> = match &value["stops"] {
        Value::Array(pairs) => pairs.iter().filter_map(Value::as_array).flatten().filter_map(Value::as_f64).collect(),
        _ => value.as_array().into_iter().flatten().filter_map(Value::as_f64).collect(),
    };
    match stops.as_slice() {
        [from_zoom, from, .., to_zoom, to] => {
            ((from + to) / 2.0, Some(format!("scale_linear(@vector_tile_zoom,{from_zoom},{to_zoom},{from},{to})")))
        }
        _ => (1.0, None),
    }
}

/// The mark that a style layer draws on every point, with its colours.
fn mark(layer: &Value) -> Option<(Mark, Sign)> {
    let sign = Sign::parse(layer["layout"]["icon-image"].as_str()?)?;
    Some((sign.mark()?, sign))
}

/// QGIS's own marker of that shape, and how it is turned.
fn marker(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::Circle => ("circle", "0"),
        Mark::Square => ("square", "0"),
        Mark::Triangle => ("triangle", "0"),
        Mark::Diamond => ("diamond", "0"),
        Mark::Cross => ("cross_fill", "0"),
        Mark::Wedge => ("triangle", "180"),
        Mark::Star => ("star", "0"),
        Mark::Saltire => ("cross_fill", "45"),
    }
}

fn symbol(xml: &mut XmlWriter, layer: &Value) {
    /// How wide a mark is at size 1.
    const MARK_PIXELS: f64 = 13.0;
    let paint = &layer["paint"];
    let opacity = |key: &str| paint[key].as_f64().unwrap_or(1.0).to_string();
    let (kind, class, alpha, options, sized) = match layer["type"].as_str() {
        Some("circle") => {
            let (radius, expression) = size(&paint["circle-radius"]);
            let options = vec![
                ("name", "circle".to_owned()),
                ("color", colour(&paint["circle-color"])),
                ("outline_color", colour(&paint["circle-stroke-color"])),
                ("outline_style", if paint["circle-stroke-width"].is_null() { "no" } else { "solid" }.to_owned()),
                ("outline_width", size(&paint["circle-stroke-width"]).0.to_string()),
                ("outline_width_unit", "Pixel".to_owned()),
                ("size", (2.0 * radius).to_string()),
                ("size_unit", "Pixel".to_owned()),
                ("scale_method", "diameter".to_owned()),
            ];
            (
                "marker",
                "SimpleMarker",
                opacity("circle-opacity"),
                options,
                expression.map(|e| ("size", format!("{e} * 2"))),
            )
        }
        Some("symbol") => {
            let Some((mark, sign)) = mark(layer) else { return };
            let (name, angle) = marker(mark);
            let (scale, expression) = size(&layer["layout"]["icon-size"]);
            let options = vec![
                ("name", name.to_owned()),
                ("angle", angle.to_owned()),
                ("color", colour(&sign.colour.as_str().into())),
                ("outline_color", colour(&sign.edge().into())),
                ("outline_style", "solid".to_owned()),
                ("outline_width", "1.5".to_owned()),
                ("outline_width_unit", "Pixel".to_owned()),
                ("size", (MARK_PIXELS * scale).to_string()),
                ("size_unit", "Pixel".to_owned()),
                ("scale_method", "diameter".to_owned()),
            ];
            (
                "marker",
                "SimpleMarker",
                opacity("icon-opacity"),
                options,
                expression.map(|e| ("size", format!("{e} * {MARK_PIXELS}"))),
            )
        }
        Some("line") => {
            let (width, expression) = size(&paint["line-width"]);
            let dashes: Vec<f64> =
                paint["line-dasharray"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
            let lengths: Vec<String> = dashes.iter().map(|dash| (dash * width).to_string()).collect();
            let word = |key: &str, default: &str| layer["layout"][key].as_str().unwrap_or(default).to_owned();
            let options = vec![
                ("line_color", colour(&paint["line-color"])),
                ("line_width", width.to_string()),
                ("line_width_unit", "Pixel".to_owned()),
                ("line_style", "solid".to_owned()),
                ("capstyle", word("line-cap", "flat").replace("butt", "flat")),
                ("joinstyle", word("line-join", "miter")),
                ("use_custom_dash", if lengths.is_empty() { "0" } else { "1" }.to_owned()),
                ("customdash", lengths.join(";")),
                ("customdash_unit", "Pixel".to_owned()),
            ];
            ("line", "SimpleLine", opacity("line-opacity"), options, expression.map(|e| ("outlineWidth", e)))
        }
        _ => {
            let options = vec![
                ("color", colour(&paint["fill-color"])),
                ("style", "solid".to_owned()),
                ("outline_style", "no".to_owned()),
            ];
            ("fill", "SimpleFill", opacity("fill-opacity"), options, None)
        }
    };
    xml.element("symbol", &[("type", kind), ("name", "0"), ("alpha", &alpha), ("clip_to_extent", "1")], |xml| {
        xml.element("layer", &[("class", class), ("enabled", "1"), ("locked", "0"), ("pass", "0")], |xml| {
            map(xml, None, |xml| {
                for (name, value) in &options {
                    option(xml, name, value);
                }
            });
            if let Some((property, expression)) = &sized {
                computed(xml, property, expression);
            }
        });
    });
}

/// A property that QGIS computes anew at every zoom.
fn computed(xml: &mut XmlWriter, property: &str, expression: &str) {
    xml.element("data_defined_properties", &[], |xml| {
        map(xml, None, |xml| {
            option(xml, "name", "");
            map(xml, Some("properties"), |xml| {
                map(xml, Some(property), |xml| {
                    xml.leaf("Option", &[("name", "active"), ("type", "bool"), ("value", "true")], "");
                    option(xml, "expression", expression);
                    // An expression, not a field.
                    xml.leaf("Option", &[("name", "type"), ("type", "int"), ("value", "3")], "");
                });
            });
            option(xml, "type", "collection");
        });
    });
}

fn map(xml: &mut XmlWriter, name: Option<&str>, inner: impl FnOnce(&mut XmlWriter)) {
    let mut attributes = vec![("type", "Map")];
    attributes.extend(name.map(|name| ("name", name)));
    xml.element("Option", &attributes, inner);
}

fn option(xml: &mut XmlWriter, name: &str, value: &str) {
    xml.leaf("Option", &[("name", name), ("type", "QString"), ("value", value)], "");
}

/// A label by the value of one field.
fn label(xml: &mut XmlWriter, layer: &Value, geometry: &str) {
    let (layout, paint) = (&layer["layout"], &layer["paint"]);
    let Some(field) = operand(&layout["text-field"]) else { return };
    let text_size = size(&layout["text-size"]).0.to_string();
    let shift_px = layout["text-offset"][1].as_f64().unwrap_or_default() * size(&layout["text-size"]).0;
    /// Places of labels by QGIS's numbers.
    const OVER_POINT: &str = "1";
    const ALONG_LINE: &str = "2";
    let placement = if geometry == "1" { ALONG_LINE } else { OVER_POINT };
    xml.element("settings", &[], |xml| {
        let colour_of_text = colour(&paint["text-color"]);
        let text = [
            ("fieldName", field.as_str()),
            ("isExpression", "1"),
            ("fontSize", &text_size),
            ("fontSizeUnit", "Pixel"),
            ("textColor", &colour_of_text),
        ];
        xml.element("text-style", &text, |xml| {
            let (width, halo) = (size(&paint["text-halo-width"]).0.to_string(), colour(&paint["text-halo-color"]));
            let is_drawn = if paint["text-halo-width"].is_null() { "0" } else { "1" };
            let buffer = [
                ("bufferDraw", is_drawn),
                ("bufferSize", &width),
                ("bufferSizeUnits", "Pixel"),
                ("bufferColor", &halo),
            ];
            xml.leaf("text-buffer", &buffer, "");
        });
        // Below the place, as far as the style says.
        let shift = shift_px.to_string();
        let place = [("placement", placement), ("quadOffset", "7"), ("yOffset", &shift), ("offsetUnits", "Pixel")];
        xml.leaf("placement", &place, "");
        xml.leaf("rendering", &[("drawLabels", "1"), ("obstacle", "1")], "");
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_are_said_as_qgis_says_them_or_not_at_all() {
        for (expression, said) in [
            (json!(null), Some("")),
            (json!(["==", ["get", "a \"b\""], "x'y\\"]), Some("\"a \"\"b\"\"\" IS 'x''y\\\\'")),
            (
                json!(["all", ["!=", ["get", "n"], 1], ["==", ["geometry-type"], "Point"]]),
                Some("(\"n\" IS NOT 1) AND (_geom_type IS 'Point')"),
            ),
            (
                json!(["any", [">=", ["get", "n"], 1.5], ["!", ["==", ["get", "n"], true]]]),
                Some("(\"n\" >= 1.5) OR (NOT (\"n\" IS true))"),
            ),
            (json!(["!", ["has", "n"]]), Some("NOT (\"n\" IS NOT NULL)")),
            (json!(["all", ["within", {}]]), None),
        ] {
            assert_eq!(filter(&expression).as_deref(), said, "{expression}");
        }
    }

    #[test]
    fn sizes_by_zoom_are_computed_by_qgis() {
        assert_eq!(size(&json!(1.5)), (1.5, None));
        let by_zoom = json!(["interpolate", ["linear"], ["zoom"], 9, 3.5, 14, 6.5]);
        assert_eq!(size(&by_zoom), (5.0, Some("scale_linear(@vector_tile_zoom,9,14,3.5,6.5)".to_owned())));
        let old = json!({ "stops": [[9, 0.5], [14, 1]] });
        assert_eq!(size(&old), (0.75, Some("scale_linear(@vector_tile_zoom,9,14,0.5,1)".to_owned())));
        assert_eq!(colour(&json!("#2259c7")), "34,89,199,255");
    }

    #[test]
    fn marks_are_qgis_own_markers_and_pictograms_are_left_out() {
        let sign = |id: &str, image: &str| {
            let layout = json!({ "icon-image": image, "icon-size": 0.5 });
            json!({ "id": id, "type": "symbol", "layout": layout })
        };
        let label =
            json!({ "id": "name", "type": "symbol", "layout": { "text-field": ["get", "n"], "text-size": 12 } });
        let style = json!({ "layers": [sign("saltire", "saltire-c95f12"), sign("book", "library-ffffff"), label] });
        let mut xml = XmlWriter::fragment();
        xml.element("maplayer", &[], |xml| dress(xml, &style));
        let text = String::from_utf8(xml.finish()).unwrap();
        for (part, times) in [
            ("<style name=\"saltire\"", 1),
            ("<style name=\"book\"", 0),
            ("value=\"cross_fill\"", 1),
            ("value=\"45\"", 1),
            ("value=\"201,95,18,255\"", 1),
            ("value=\"6.5\"", 1),
            // For each kind of geometry.
            ("<style name=\"name\"", 3),
        ] {
            assert_eq!(text.matches(part).count(), times, "{part} in {text}");
        }
    }
}
