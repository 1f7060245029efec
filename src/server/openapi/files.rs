//! Addresses that give files instead of documents.

use serde_json::{Value, json};

use super::operations::COMMON_FAILURES;

/// Each path with its operation.
pub fn paths() -> [(&'static str, Value); 4] {
    [
        ("/downloads/{collectionId}/{file}", download()),
        (
            "/qgis/{collectionId}.qlr",
            file(
                "getQgisLayer",
                "A layer with its style for QGIS",
                "application/x-qgis-layer-definition",
                json!([{ "$ref": "#/components/parameters/collectionId" }, { "$ref": "#/components/parameters/lang" }]),
            ),
        ),
        ("/qgis/connections.xml", connections("getQgisConnections", "The server's features for QGIS's dialogs")),
        ("/qgis/vector-tiles.xml", connections("getQgisTileConnections", "The server's tiles for QGIS's dialogs")),
    ]
}

fn connections(id: &str, summary: &str) -> Value {
    file(id, summary, "application/xml", json!([{ "$ref": "#/components/parameters/lang" }]))
}

fn file(id: &str, summary: &str, media_type: &str, parameters: Value) -> Value {
    with_failures(json!({
        "operationId": id,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": { "description": summary, "content": { media_type: { "schema": { "type": "string" } } } },
            "304": { "description": "Not changed since the ETag that was sent" },
        },
    }))
}

pub fn with_failures(mut operation: Value) -> Value {
    for status in COMMON_FAILURES.iter().chain(&["404"]) {
        operation["responses"][*status] = json!({ "$ref": "#/components/responses/problem" });
    }
    operation
}

fn download() -> Value {
    let text = json!({ "type": "string" });
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "required": false, "description": description, "schema": text });
    let whole = json!({ "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } });
    with_failures(json!({
        "operationId": "getDownload",
        "summary": "A whole file of a layer; the links enclosure of its collection name those that there are",
        "parameters": [
            { "$ref": "#/components/parameters/collectionId" },
            { "name": "file", "in": "path", "required": true, "schema": text },
            header("Range", "One part in bytes; of several the whole file is sent"),
            header("If-Range", "The ETag of the file that the part belongs to"),
        ],
        "responses": {
            "200": { "description": "The whole file; its ETag is its SHA-256", "content": whole },
            "206": { "description": "The part that was asked for", "content": whole },
            "304": { "description": "Not changed since the ETag that was sent" },
            "416": { "description": "The part begins after the file's end" },
        },
    }))
}
