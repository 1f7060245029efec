//! The API definition, OpenAPI 3.0.3, written by hand: the crates write only 3.1, and the OGC
//! class `oas30` needs 3.0. It refers to nothing outside itself.

mod extracts;
mod files;
mod parameters;
mod styles;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::base::FieldKind;
use crate::catalogue::LayerRecord;
use crate::formats::Format;
use crate::server::answer::Answer;
use crate::server::items_request::PARAMETERS as ITEMS_PARAMETERS;
use crate::server::landing;
use crate::server::pages;
use crate::server::routes::{Context, Reply};
use crate::server::tiles::PARAMETERS as TILES_PARAMETERS;

const PNG: &str = "image/png";
const SVG: &str = "image/svg+xml";
/// Exactly as OGC 17-069r4 §7.3 and its test suite write it.
pub const MEDIA_TYPE: &str = "application/vnd.oai.openapi+json;version=3.0";

pub async fn document(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    if context.ask.wants_html {
        return page_answer(&context, pages::ApiQuery { limit: "10".to_owned(), ..Default::default() });
    }
    let snapshot = context.app.snapshot();
    let records: Vec<Arc<LayerRecord>> =
        context.app.visible(&snapshot).iter().map(|layer| Arc::clone(&layer.record)).collect();
    let key = format!("api|{}|{}", snapshot.digest, context.ask.key());
    let (base, language) = (context.ask.base.clone(), context.ask.language);
    context
        .app
        .cache
        .get_or_make(key, async move {
            let document = definition(&base, landing::title(language), &records);
            Ok(Answer::json(&document).of_type(MEDIA_TYPE))
        })
        .await
}

/// `/api.html`: a form to try a request. Without scripts it sends itself here, and the page then
/// shows the address that it stands for.
pub async fn page(mut context: Context) -> Reply {
    context.parameters.take_common(&["html"])?;
    let mut filled = |name: &str| context.parameters.take(name).unwrap_or_default();
    let query = pages::ApiQuery {
        layer: filled("layer"),
        bbox: filled("bbox"),
        datetime: filled("datetime"),
        field: filled("field"),
        value: filled("value"),
        limit: context.parameters.take("limit").unwrap_or_else(|| "10".to_owned()),
    };
    context.finish_parameters("layer, bbox, datetime, field, value, limit, f, lang")?;
    page_answer(&context, query)
}

fn page_answer(context: &Context, query: pages::ApiQuery) -> Reply {
    let snapshot = context.app.snapshot();
    let layers = context.app.catalogued(&snapshot);
    let ask = &context.ask;
    Ok(Arc::new(Answer::html(pages::api(&ask.frame(), query, &layers)).in_language(ask.language)))
}

fn definition(base: &str, title: &str, records: &[Arc<LayerRecord>]) -> Value {
    let mut paths = Map::new();
    let mut add = |path: &str, operation: Value| {
        paths.insert(path.to_owned(), json!({ "get": operation }));
    };
    add("/", operation("getLandingPage", "Landing page", &[], &["application/json", "text/html"], &[]));
    add(
        "/conformance",
        operation("getConformance", "Conformance classes", &[], &["application/json", "text/html"], &[]),
    );
    add(
        "/departments",
        operation("getGuide", "How a department publishes", &[], &["application/json", "text/html"], &[]),
    );
    add("/functions", operation("getFunctions", "Functions of filters", &[], &["application/json", "text/html"], &[]));
    add(
        "/collections",
        operation(
            "getCollections",
            "Layers",
            &["text", "theme", "department", "bbox", "datetime", "filter", "filter-lang", "filter-crs"],
            &["application/json", "text/html"],
            &["400"],
        ),
    );
    add(
        "/places",
        operation(
            "getPlaces",
            "Features by their names",
            &["q", "text", "layers", "bbox", "limit"],
            &["application/json", "application/geo+json", "text/html"],
            &["400"],
        ),
    );
    add(
        "/elsewhere",
        operation(
            "getElsewhere",
            "Records of other catalogues",
            &["text", "bbox", "limit", "offset"],
            &["application/json", "text/html"],
            &["400"],
        ),
    );
    add(
        "/collections/{collectionId}",
        operation("getCollection", "One layer", &["collectionId"], &["application/json", "text/html"], &["404"]),
    );
    add(
        "/collections/{collectionId}/queryables",
        operation(
            "getQueryables",
            "Fields of a layer",
            &["collectionId"],
            &["application/schema+json", "text/html"],
            &["404"],
        ),
    );
    add(
        "/collections/catalogue/items",
        operation(
            "getRecords",
            "Records of the catalogue",
            &RECORDS_PARAMETERS,
            &["application/geo+json", "text/html"],
            &["400"],
        ),
    );
    add(
        "/collections/catalogue/items/{recordId}",
        operation(
            "getRecord",
            "One record",
            &["recordId", "profile"],
            &["application/geo+json", "text/html"],
            &["404"],
        ),
    );
    add(
        "/collections/catalogue/sortables",
        operation("getSortables", "What records are sorted by", &[], &["application/schema+json", "text/html"], &[]),
    );
    add(
        "/collections/catalogue/facets",
        operation(
            "getFacets",
            "How records divide",
            &["facets", "q", "text", "bbox", "datetime", "theme", "department", "filter", "filter-lang", "filter-crs"],
            &["application/facets+json", "text/html"],
            &["400"],
        ),
    );
    add(
        "/collections/{collectionId}/dictionary",
        operation(
            "getDictionary",
            "Data dictionary of a layer",
            &["collectionId"],
            &["application/json", "text/html"],
            &["404"],
        ),
    );
    for record in records {
        add(&format!("/collections/{}/items", record.id), items_operation(record));
    }
    add(
        "/collections/{collectionId}/items/{featureId}",
        operation(
            "getFeature",
            "One feature",
            &[
                "collectionId",
                "featureId",
                "crs",
                "properties",
                "exclude-properties",
                "skipGeometry",
                "zoom-level",
                "max-allowable-offset",
                "precision",
                "profile",
                "revision",
                "as-at",
            ],
            &["application/geo+json", "text/html"],
            &["404", "410"],
        ),
    );
    add(
        "/collections/{collectionId}/tiles",
        operation(
            ".collection.vector.getTileSetsList",
            "Tile sets of a layer",
            &["collectionId"],
            &["application/json", "text/html"],
            &["404"],
        ),
    );
    add(
        "/collections/{collectionId}/tiles/{tileMatrixSetId}",
        operation(
            ".collection.vector.getTileSet",
            "One tile set",
            &[&["collectionId", "tileMatrixSetId"], TILES_PARAMETERS.as_slice()].concat(),
            &["application/json", "text/html"],
            &["404"],
        ),
    );
    add(
        "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
        tile_operation(".collection.vector.getTile", "One vector tile", "collectionId"),
    );
    add(
        "/tiles",
        operation(
            ".dataset.vector.getTileSetsList",
            "Tile sets of several layers together",
            &["collections"],
            &["application/json", "text/html"],
            &["404"],
        ),
    );
    add(
        "/tiles/{tileMatrixSetId}",
        operation(
            ".dataset.vector.getTileSet",
            "One tile set of several layers together",
            &[&["tileMatrixSetId", "collections"], TILES_PARAMETERS.as_slice()].concat(),
            &["application/json", "text/html"],
            &["404"],
        ),
    );
    add(
        "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
        tile_operation(".dataset.vector.getTile", "One vector tile of several layers", "collections"),
    );
    add(
        "/map/{collectionId}/{tileMatrix}/{tileCol}/{tileRow}.png",
        picture_operation(
            "getMapTile",
            "One tile of a map as a picture, in WebMercatorQuad",
            &["collectionId", "tileMatrix", "tileCol", "tileRow", "revision", "as-at", "lang"],
            PNG,
        ),
    );
    add(
        "/fingerprints/{collectionId}.svg",
        picture_operation(
            "getFingerprint",
            "The shapes of a layer as one small picture",
            &["collectionId", "revision", "as-at"],
            SVG,
        ),
    );
    for (ending, media_type) in [("svg", SVG), ("png", PNG)] {
        add(
            &format!("/legends/{{collectionId}}.{ending}"),
            picture_operation(
                &format!("getLegend.{ending}"),
                "What the colours of a layer mean",
                &["collectionId", "lang"],
                media_type,
            ),
        );
    }
    add(
        "/collections/{collectionId}/aggregate",
        operation(
            "getAggregate",
            "Counts and sums of features, group by group; fields narrow them as they do items",
            &[
                "collectionId",
                "group",
                "metrics",
                "zoom",
                "resolution",
                "q",
                "text",
                "bbox",
                "bbox-crs",
                "datetime",
                "filter",
                "filter-lang",
                "filter-crs",
                "ids",
                "limit",
                "revision",
                "as-at",
            ],
            &["application/json", "application/geo+json", "text/html"],
            &["404", "410"],
        ),
    );
    add(
        "/collections/{collectionId}/changes",
        operation(
            "getChanges",
            "What a publication added, changed and removed",
            &["collectionId", "since", "limit", "cursor"],
            &["application/geo+json", "text/html"],
            &["404", "410"],
        ),
    );
    add("/tileMatrixSets", operation("getTileMatrixSetsList", "Grids", &[], &["application/json", "text/html"], &[]));
    add(
        "/tileMatrixSets/{tileMatrixSetId}",
        operation("getTileMatrixSet", "One grid", &["tileMatrixSetId"], &["application/json", "text/html"], &["404"]),
    );
    for (path, operation) in files::paths().into_iter().chain(styles::paths()) {
        add(path, operation);
    }
    for (path, operations) in extracts::paths() {
        paths.insert(path.to_owned(), operations);
    }
    let layers: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    let catalogued: Vec<&str> =
        records.iter().filter(|record| record.catalogued).map(|record| record.id.as_str()).collect();
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": title,
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Features, vector tiles and the catalogue of Hong Kong's departments' layers.",
            "license": { "name": "The licence of each layer stands in its record" },
        },
        "servers": [{ "url": base }],
        "paths": paths,
        "components": { "parameters": parameters::parameters(&layers, &catalogued), "responses": responses(), "schemas": schemas() },
    })
}

/// What any request may be answered: besides what is wrong with it, an address or headers that are too
/// long, and a server that fails or is busy.
const COMMON_FAILURES: [&str; 5] = ["400", "414", "431", "500", "503"];

fn operation(id: &str, summary: &str, names: &[&str], media_types: &[&str], failures: &[&str]) -> Value {
    let mut listed: Vec<Value> =
        names.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect();
    listed.push(parameters::form(media_types));
    listed.push(json!({ "$ref": "#/components/parameters/lang" }));
    let schema_of = |media_type: &str| match media_type {
        "text/html" => json!({ "schema": { "type": "string" } }),
        "application/geo+json" if ["getFeature", "getRecord"].contains(&id) => {
            json!({ "schema": { "$ref": "#/components/schemas/feature" } })
        }
        "application/geo+json" => json!({ "schema": { "$ref": "#/components/schemas/featureCollection" } }),
        "application/json" if id == "getPlaces" => {
            json!({ "schema": { "type": "array", "items": { "type": "object" } } })
        }
        _ => json!({ "schema": { "type": "object" } }),
    };
    let content: Map<String, Value> =
        media_types.iter().map(|media_type| ((*media_type).to_owned(), schema_of(media_type))).collect();
    let mut answers = Map::new();
    answers.insert("200".to_owned(), json!({ "description": summary, "content": content }));
    answers.insert("304".to_owned(), json!({ "description": "Not changed since the ETag that was sent" }));
    // A layer may have been withdrawn, and a revision that is asked for pruned.
    let gone = ["collectionId", "collections"].iter().any(|layers| names.contains(layers)).then_some("410");
    for status in failures.iter().chain(&COMMON_FAILURES).chain(gone.as_ref()) {
        answers.insert((*status).to_owned(), json!({ "$ref": "#/components/responses/problem" }));
    }
    json!({ "operationId": id, "summary": summary, "parameters": listed, "responses": answers })
}

/// Parameters of records, OGC 20-004r1 §8 and ours.
const RECORDS_PARAMETERS: [&str; 17] = [
    "facets",
    "bbox",
    "datetime",
    "limit",
    "offset",
    "q",
    "text",
    "ids",
    "externalIds",
    "type",
    "profile",
    "filter",
    "filter-lang",
    "filter-crs",
    "sortby",
    "theme",
    "department",
];

/// Whether a field may be asked for by its own name: one named like a parameter may not.
fn is_free(field: &str) -> bool {
    !field.is_empty() && field != "f" && !ITEMS_PARAMETERS.contains(&field)
}

/// What items take beside the fields and what every operation has.
fn items_parameters() -> Vec<&'static str> {
    ITEMS_PARAMETERS.into_iter().filter(|name| *name != "lang").collect()
}

fn items_media_types() -> Vec<&'static str> {
    Format::ALL.iter().map(|format| format.media_type()).chain(["text/html"]).collect()
}

/// The items of one layer, with a parameter for each of its fields: clients send a filter only
/// where its parameter is declared.
fn items_operation(record: &LayerRecord) -> Value {
    let mut operation = operation(
        &format!("getItems.{}", record.id),
        &format!("Features of {}", record.title.en),
        &items_parameters(),
        &items_media_types(),
        &["404", "410"],
    );
    let fields = record.schema.fields.iter().filter(|field| is_free(&field.name));
    if let Some(listed) = operation["parameters"].as_array_mut() {
        listed.extend(fields.map(|field| {
            json!({
                "name": field.name,
                "in": "query",
                "required": false,
                "style": "form",
                "explode": false,
                "description": field.title.en,
                "schema": field_schema(field.kind),
            })
        }));
    }
    operation
}

fn field_schema(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Json => json!({ "type": "string" }),
        kind => crate::server::schemas::json_type(kind),
    }
}

/// `layers` is the parameter that says of which layers.
fn tile_operation(id: &str, summary: &str, layers: &str) -> Value {
    let names = ["tileMatrixSetId", "tileMatrix", "tileRow", "tileCol", layers].into_iter().chain(TILES_PARAMETERS);
    let listed: Vec<Value> = names.map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect();
    let mut operation = json!({
        "operationId": id,
        "summary": summary,
        "parameters": listed,
        "responses": {
            "200": {
                "description": "The tile",
                "content": { "application/vnd.mapbox-vector-tile": { "schema": { "type": "string", "format": "binary" } } },
            },
            "204": { "description": "Nothing lies in this tile" },
            "304": { "description": "Not changed since the ETag that was sent" },
        },
    });
    for status in ["404", "410"].iter().chain(&COMMON_FAILURES) {
        operation["responses"][*status] = json!({ "$ref": "#/components/responses/problem" });
    }
    operation
}

/// An address whose own ending says what picture it gives.
fn picture_operation(id: &str, summary: &str, names: &[&str], media_type: &str) -> Value {
    let listed: Vec<Value> =
        names.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect();
    let body = match media_type {
        "application/json" => json!({ "schema": { "type": "object" } }),
        _ => json!({ "schema": { "type": "string", "format": "binary" } }),
    };
    let mut answers = Map::new();
    answers.insert("200".to_owned(), json!({ "description": summary, "content": { media_type: body } }));
    answers.insert("304".to_owned(), json!({ "description": "Not changed since the ETag that was sent" }));
    for status in ["400", "404", "410", "500", "503"] {
        answers.insert(status.to_owned(), json!({ "$ref": "#/components/responses/problem" }));
    }
    json!({ "operationId": id, "summary": summary, "parameters": listed, "responses": answers })
}

fn responses() -> Value {
    json!({
        "problem": {
            "description": "What was wrong, and what would be accepted",
            "content": {
                "application/problem+json": { "schema": { "$ref": "#/components/schemas/problem" } },
                "text/html": { "schema": { "type": "string" } },
            },
        },
    })
}

fn schemas() -> Value {
    json!({
        "problem": {
            "type": "object",
            "required": ["title", "status", "detail"],
            "properties": {
                "type": { "type": "string" },
                "title": { "type": "string" },
                "status": { "type": "integer" },
                "detail": { "type": "string" },
            },
        },
        "extract": extracts::schema(),
        "link": {
            "type": "object",
            "required": ["href", "rel"],
            "properties": {
                "href": { "type": "string" },
                "rel": { "type": "string" },
                "type": { "type": "string" },
                "title": { "type": "string" },
            },
        },
        "feature": {
            "type": "object",
            "required": ["type", "geometry", "properties"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] },
                "id": { "oneOf": [{ "type": "integer" }, { "type": "string" }] },
                "geometry": { "type": "object", "nullable": true },
                "properties": { "type": "object", "nullable": true },
                "links": { "type": "array", "items": { "$ref": "#/components/schemas/link" } },
            },
        },
        "featureCollection": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": { "type": "string", "enum": ["FeatureCollection"] },
                "features": { "type": "array", "items": { "$ref": "#/components/schemas/feature" } },
                "links": { "type": "array", "items": { "$ref": "#/components/schemas/link" } },
                "timeStamp": { "type": "string", "format": "date-time" },
                "numberMatched": { "type": "integer", "minimum": 0 },
                "numberReturned": { "type": "integer", "minimum": 0 },
            },
        },
    })
}
