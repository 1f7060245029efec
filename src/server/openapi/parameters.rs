//! The parameters of the API definition, each said once.

use serde_json::{Map, Value, json};

use crate::base::bbox::DEGREE_DECIMALS;
use crate::base::geometry_kind::Dimension;
use crate::base::{Grid, limits};
use crate::crs::System;
use crate::filter::FilterLanguage;
use crate::formats::Format;
use crate::server::collections::Order;
use crate::styles::COLOURS;

/// Every parameter by its name; `layers` are the ids of those that may be read, `systems` all in which
/// any of them is offered.
pub fn parameters(layers: &[&str], records: &[&str], systems: &[System]) -> Value {
    let in_path = |name: &str, schema: Value, description: &str| json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
    let in_query = |name: &str, schema: Value, description: &str| {
        json!({
            "name": name, "in": "query", "required": false, "style": "form", "explode": false,
            "description": description, "schema": schema,
        })
    };
    let text = || json!({ "type": "string" });
    let system = || {
        json!({
            "type": "string",
            "format": "uri-reference",
            "enum": systems.iter().map(|system| system.uri()).collect::<Vec<_>>(),
            "default": System::default().uri(),
        })
    };
    // An empty list of choices is no schema.
    let one_of = |choices: &[&str]| match choices {
        [] => text(),
        choices => json!({ "type": "string", "enum": choices }),
    };
    let list = || json!({ "type": "array", "items": { "type": "string" } });
    let revision = || json!({ "type": "string", "pattern": "^[0-9]{8}T[0-9]{9}Z-[0-9a-f]{12}$" });
    let place = || json!({ "type": "integer", "minimum": 0 });
    let declared = [
        in_path("collectionId", one_of(layers), "Id of a layer"),
        in_path(
            "styleId",
            one_of(&[layers, &["catalogue", "base-map"]].concat()),
            "Id of a layer, or of a style of many",
        ),
        in_path("sprite", one_of(&["icons", "icons@2x", "sdf", "sdf@2x"]), "A sheet of images"),
        in_query("base-map", one_of(&["light", "dark", "none"]), "The ground under the layer"),
        in_query(
            "first-colour",
            json!({ "type": "integer", "minimum": 0, "maximum": COLOURS.len() - 1 }),
            "Where among the colours of classes a style that nobody made by hand begins",
        ),
        in_path("recordId", one_of(records), "Id of a record"),
        in_path("featureId", place(), "Id of a feature"),
        in_path("tileMatrixSetId", one_of(&Grid::ALL.map(Grid::as_str)), "A grid"),
        in_path("tileMatrix", json!({ "type": "integer", "minimum": 0, "maximum": limits::ZOOM_MAX }), "Zoom"),
        in_path("tileRow", place(), "Row from the north"),
        in_path("tileCol", place(), "Column from the west"),
        in_query(
            "bbox",
            json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } }),
            "West, south, east, north in degrees; features that share a point with the box",
        ),
        in_query("bbox-crs", system(), "The coordinate reference system of the box"),
        in_query("crs", system(), "The coordinate reference system of the answer, in the axis order of its authority"),
        in_query("properties", text(), "Fields that the answer has, parted by commas"),
        in_query("exclude-properties", text(), "Fields that the answer does not have"),
        in_query("skipGeometry", json!({ "type": "boolean", "default": false }), "Whether geometries are left out"),
        in_query(
            "zoom-level",
            json!({ "type": "integer", "minimum": 0, "maximum": limits::ZOOM_MAX }),
            "A zoom of WebMercatorQuad for which geometries are simplified, to half a pixel",
        ),
        in_query(
            "max-allowable-offset",
            json!({ "type": "number", "minimum": 0 }),
            "How far simplified lines may run from where they were, in the unit of the answer's coordinates",
        ),
        in_query(
            "precision",
            json!({ "type": "integer", "minimum": 0, "maximum": DEGREE_DECIMALS }),
            "Decimals of coordinates at most",
        ),
        in_query("datetime", text(), "A time, or start/end with .. for an open end"),
        in_query("filter", text(), "A condition in CQL2 over the queryables of the layer"),
        in_query(
            "filter-lang",
            json!({
                "type": "string",
                "enum": FilterLanguage::ALL.map(FilterLanguage::name),
                "default": FilterLanguage::default().name(),
            }),
            "How the filter is written",
        ),
        in_query(
            "filter-crs",
            system(),
            "The coordinate reference system of geometries in the filter, in the axis order of its authority",
        ),
        in_query(
            "limit",
            json!({
                "type": "integer", "minimum": 1,
                "maximum": limits::PAGE_FEATURES_MAX, "default": limits::PAGE_FEATURES_DEFAULT,
            }),
            "Features on a page. Without it the forms that are read as files (geojsonseq, ndjson, csv, flatgeobuf, gpkg) hold every match",
        ),
        in_query("offset", json!({ "type": "integer", "minimum": 0, "default": 0 }), "Features to pass over"),
        in_query("cursor", text(), "Where the next page begins; only from a next link"),
        in_query("revision", revision(), "A revision of the layer; the answer never changes"),
        in_query("as-at", json!({ "type": "string", "format": "date-time" }), "The layer as it was at this moment"),
        in_query(
            "group",
            text(),
            "Fields, parted by commas, whose values make the groups; grid, h3 and district divide the ground",
        ),
        in_query("metrics", text(), "count, or sum, mean, min, max with a field in brackets, parted by commas"),
        in_query(
            "zoom",
            json!({ "type": "integer", "minimum": 0, "maximum": 23, "default": 13 }),
            "Zoom of WorldCRS84Quad whose cells group=grid counts in",
        ),
        in_query(
            "resolution",
            json!({ "type": "integer", "minimum": 0, "maximum": 15, "default": 8 }),
            "Resolution of the cells of H3 that group=h3 counts in",
        ),
        in_query("since", revision(), "A revision; without it the one before the current"),
        in_query("collections", list(), "Ids of the layers that a tile has; those of the catalogue if not given"),
        in_query("q", text(), "Words that stand together in a text of the feature or record; commas part alternatives"),
        in_query(
            "layers",
            list(),
            "Ids of the layers whose features are looked through; all that name theirs if not given",
        ),
        in_query("text", text(), "Words in any language; what fits best comes first"),
        in_query("ids", list(), "Ids of features or records"),
        in_query("externalIds", list(), "Ids that others gave: scheme:value, a value or a scheme"),
        in_query("type", list(), "Kinds of resource; all records here are of datasets"),
        in_query("profile", list(), "Profiles that the client knows; others are no error"),
        in_query("sortby", list(), "Sortables, each with - before it to turn its order"),
        in_query("facets", list(), "Facets, each with :most"),
        in_query("theme", text(), "Id of a theme"),
        in_query("department", text(), "Code of a department"),
        in_query("shape", one_of(&Dimension::SHAPES.map(Dimension::as_str)), "What the features of a layer are"),
        in_query("sort", one_of(&Order::ALL.map(Order::name)), "Order of layers"),
        in_query(
            "lang",
            json!({ "type": "string", "enum": ["en", "zh-Hant", "zh-Hans", "tc", "sc"] }),
            "Language of titles",
        ),
    ];
    let by_name: Map<String, Value> = declared
        .into_iter()
        .map(|parameter| (parameter["name"].as_str().unwrap_or_default().to_owned(), parameter))
        .collect();
    by_name.into()
}

/// `f`, of an operation whose answers have these media types.
pub fn form(media_types: &[&str]) -> Value {
    let mut names: Vec<&str> = Vec::new();
    for media_type in media_types {
        let name = match *media_type {
            "text/html" => "html",
            "application/vnd.mapbox.style+json" => "mapbox",
            media_type => Format::by_media_type(media_type).unwrap_or_default().name(),
        };
        // An aggregate is JSON of its own kind, and GeoJSON besides.
        names.push(if names.contains(&name) { "geojson" } else { name });
    }
    json!({
        "name": "f", "in": "query", "required": false, "style": "form", "explode": false,
        "description": "Form of the answer", "schema": { "type": "string", "enum": names },
    })
}
