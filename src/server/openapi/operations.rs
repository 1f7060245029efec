//! One operation of GET: its parameters, its answers and how it may fail.

use serde_json::{Map, Value, json};

use super::parameters;
use crate::server::tiles::PARAMETERS as TILES_PARAMETERS;

pub const PNG: &str = "image/png";
pub const SVG: &str = "image/svg+xml";

/// What any request may be answered: besides what is wrong with it, an address or headers that are too
/// long, and a server that fails or is busy.
pub const COMMON_FAILURES: [&str; 5] = ["400", "414", "431", "500", "503"];

pub fn operation(id: &str, summary: &str, names: &[&str], media_types: &[&str], failures: &[&str]) -> Value {
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

/// `layers` is the parameter that says of which layers.
pub fn tile_operation(id: &str, summary: &str, layers: &str) -> Value {
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
pub fn picture_operation(id: &str, summary: &str, names: &[&str], media_type: &str) -> Value {
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
