//! The API definition, OpenAPI 3.0.3, written by hand: the crates write only 3.1, and the OGC
//! class `oas30` needs 3.0. It refers to nothing outside itself.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::landing;
use super::pages;
use super::routes::{Context, Reply};
use crate::base::{FieldKind, limits};
use crate::catalogue::LayerRecord;

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
        "/collections",
        operation(
            "getCollections",
            "Layers",
            &["text", "theme", "department"],
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
            &["facets", "q", "text", "bbox", "datetime", "theme", "department"],
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
            &["collectionId", "featureId", "revision", "as-at"],
            &["application/geo+json", "text/html"],
            &["404"],
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
            &["collectionId", "tileMatrixSetId"],
            &["application/json", "text/html"],
            &["404"],
        ),
    );
    add("/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}", tile_operation());
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
        "components": { "parameters": parameters(), "responses": responses(), "schemas": schemas() },
    })
}

fn operation(id: &str, summary: &str, names: &[&str], media_types: &[&str], failures: &[&str]) -> Value {
    let mut listed: Vec<Value> =
        names.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect();
    listed.push(json!({ "$ref": "#/components/parameters/f" }));
    listed.push(json!({ "$ref": "#/components/parameters/lang" }));
    let schema_of = |media_type: &str| match media_type {
        "text/html" => json!({ "schema": { "type": "string" } }),
        "application/geo+json" if id == "getFeature" => json!({ "schema": { "$ref": "#/components/schemas/feature" } }),
        "application/geo+json" => json!({ "schema": { "$ref": "#/components/schemas/featureCollection" } }),
        _ => json!({ "schema": { "type": "object" } }),
    };
    let content: Map<String, Value> =
        media_types.iter().map(|media_type| ((*media_type).to_owned(), schema_of(media_type))).collect();
    let mut answers = Map::new();
    answers.insert("200".to_owned(), json!({ "description": summary, "content": content }));
    answers.insert("304".to_owned(), json!({ "description": "Not changed since the ETag that was sent" }));
    for status in failures.iter().chain(&["400", "500", "503"]) {
        answers.insert((*status).to_owned(), json!({ "$ref": "#/components/responses/problem" }));
    }
    json!({ "operationId": id, "summary": summary, "parameters": listed, "responses": answers })
}

/// Parameters of items that say which features, and where they are looked for.
const ITEMS_PARAMETERS: [&str; 7] = ["bbox", "datetime", "limit", "offset", "cursor", "revision", "as-at"];

/// Parameters of records, OGC 20-004r1 §8 and ours.
const RECORDS_PARAMETERS: [&str; 13] = [
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
    "sortby",
    "theme",
    "department",
];

/// Whether a field may be asked for by its own name: one named like a parameter may not.
fn is_free(field: &str) -> bool {
    !field.is_empty() && !ITEMS_PARAMETERS.contains(&field) && !["f", "lang"].contains(&field)
}

/// The items of one layer, with a parameter for each of its fields: clients send a filter only
/// where its parameter is declared.
fn items_operation(record: &LayerRecord) -> Value {
    let mut operation = operation(
        &format!("getItems.{}", record.id),
        &format!("Features of {}", record.title.en),
        &ITEMS_PARAMETERS,
        &["application/geo+json", "text/html"],
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
        kind => super::collections::json_type(kind),
    }
}

fn tile_operation() -> Value {
    let path_parameters = ["collectionId", "tileMatrixSetId", "tileMatrix", "tileRow", "tileCol"];
    let mut listed: Vec<Value> =
        path_parameters.iter().map(|name| json!({ "$ref": format!("#/components/parameters/{name}") })).collect();
    listed.push(json!({ "$ref": "#/components/parameters/revision" }));
    listed.push(json!({ "$ref": "#/components/parameters/as-at" }));
    json!({
        "operationId": ".collection.vector.getTile",
        "summary": "One vector tile",
        "parameters": listed,
        "responses": {
            "200": {
                "description": "The tile",
                "content": { "application/vnd.mapbox-vector-tile": { "schema": { "type": "string", "format": "binary" } } },
            },
            "204": { "description": "Nothing lies in this tile" },
            "304": { "description": "Not changed since the ETag that was sent" },
            "400": { "$ref": "#/components/responses/problem" },
            "404": { "$ref": "#/components/responses/problem" },
            "500": { "$ref": "#/components/responses/problem" },
            "503": { "$ref": "#/components/responses/problem" },
        },
    })
}

fn parameters() -> Value {
    let in_path = |name: &str, schema: Value, description: &str| json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
    let in_query = |name: &str, schema: Value, description: &str| {
        json!({
            "name": name, "in": "query", "required": false, "style": "form", "explode": false,
            "description": description, "schema": schema,
        })
    };
    let text = || json!({ "type": "string" });
    let list = || json!({ "type": "array", "items": { "type": "string" } });
    let place = || json!({ "type": "integer", "minimum": 0 });
    json!({
        "collectionId": in_path("collectionId", text(), "Id of a layer"),
        "recordId": in_path("recordId", text(), "Id of a record"),
        "featureId": in_path("featureId", text(), "Id of a feature"),
        "tileMatrixSetId": in_path("tileMatrixSetId", json!({ "type": "string", "enum": ["WebMercatorQuad"] }), "A grid"),
        "tileMatrix": in_path("tileMatrix", json!({ "type": "integer", "minimum": 0, "maximum": limits::ZOOM_MAX }), "Zoom"),
        "tileRow": in_path("tileRow", place(), "Row from the north"),
        "tileCol": in_path("tileCol", place(), "Column from the west"),
        "bbox": in_query(
            "bbox",
            json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } }),
            "West, south, east, north in degrees; features that share a point with the box",
        ),
        "datetime": in_query("datetime", text(), "A time, or start/end with .. for an open end"),
        "limit": in_query(
            "limit",
            json!({
                "type": "integer", "minimum": 1,
                "maximum": limits::PAGE_FEATURES_MAX, "default": limits::PAGE_FEATURES_DEFAULT,
            }),
            "Features on a page",
        ),
        "offset": in_query("offset", json!({ "type": "integer", "minimum": 0, "default": 0 }), "Features to pass over"),
        "cursor": in_query("cursor", text(), "Where the next page begins; only from a next link"),
        "revision": in_query("revision", text(), "A revision of the layer; the answer never changes"),
        "as-at": in_query("as-at", json!({ "type": "string", "format": "date-time" }), "The layer as it was at this moment"),
        "since": in_query("since", text(), "A revision; without it the one before the current"),
        "q": in_query("q", text(), "Words in a record; commas part alternatives"),
        "text": in_query("text", text(), "Words to find layers by, in any language"),
        "ids": in_query("ids", list(), "Ids of records"),
        "externalIds": in_query("externalIds", list(), "Ids that others gave: scheme:value, a value or a scheme"),
        "type": in_query("type", list(), "Kinds of resource; all records here are of datasets"),
        "profile": in_query("profile", list(), "Profiles that the client knows; others are no error"),
        "sortby": in_query("sortby", list(), "Sortables, each with - before it to turn its order"),
        "facets": in_query("facets", list(), "Facets, each with :most"),
        "theme": in_query("theme", text(), "Id of a theme"),
        "department": in_query("department", text(), "Code of a department"),
        "f": in_query("f", json!({ "type": "string", "enum": ["json", "html"] }), "Form of the answer"),
        "lang": in_query("lang", json!({ "type": "string", "enum": ["en", "zh-Hant", "zh-Hans", "tc", "sc"] }), "Language of titles"),
    })
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
