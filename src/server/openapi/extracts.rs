//! Jobs that make a file of a part of a layer.

use serde_json::{Value, json};

use super::files::with_failures;
use super::operations::operation;
use crate::definition::DownloadFormat;
use crate::server::items_request::CHOOSING;

/// Each path with its operations.
pub fn paths() -> [(&'static str, Value); 3] {
    let forms = ["application/json", "text/html"];
    let offer = operation(
        "getExtractOffer",
        "Which files are made of a part of a layer, and a form to ask for one",
        &[&["collectionId"], CHOOSING.as_slice()].concat(),
        &forms,
        &["404"],
    );
    [
        ("/collections/{collectionId}/extracts", json!({ "get": offer, "post": make() })),
        (
            "/extracts/{jobId}",
            json!({
                "parameters": [job_id()],
                "get": operation("getExtract", "How an extract stands", &[], &forms, &["404", "410"]),
                "delete": with_failures(json!({
                    "operationId": "endExtract",
                    "summary": "Ends an extract, or removes its file",
                    "responses": { "200": status("The last that is heard of it"), "410": problem() },
                })),
                "post": with_failures(json!({
                    "operationId": "endExtractByForm",
                    "summary": "The same for a page without scripts",
                    "responses": { "303": { "description": "The form that asks for another" }, "410": problem() },
                })),
            }),
        ),
        ("/extracts/{jobId}/{file}", json!({ "parameters": [job_id()], "get": file() })),
    ]
}

fn problem() -> Value {
    json!({ "$ref": "#/components/responses/problem" })
}

fn job_id() -> Value {
    let id = json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" });
    json!({ "name": "jobId", "in": "path", "required": true, "description": "Id of an extract", "schema": id })
}

fn status(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/extract" } } },
    })
}

/// Fields narrow it by their names, as they do items.
fn make() -> Value {
    let names: Vec<&str> = DownloadFormat::ALL
        .into_iter()
        .filter(|format| *format != DownloadFormat::PmTiles)
        .map(DownloadFormat::name)
        .collect();
    let mut parameters: Vec<Value> = ["collectionId"]
        .iter()
        .chain(&CHOOSING)
        .chain(&["lang"])
        .map(|name| json!({ "$ref": format!("#/components/parameters/{name}") }))
        .collect();
    parameters.push(json!({
        "name": "f", "in": "query", "required": false, "style": "form", "explode": false,
        "description": "Format of the file",
        "schema": { "type": "string", "enum": names, "default": DownloadFormat::GeoPackage.name() },
    }));
    let mut created = status("The job; Location is its address");
    created["headers"] = json!({ "Location": { "schema": { "type": "string" } } });
    let mut operation = with_failures(json!({
        "operationId": "makeExtract",
        "summary": "Makes a file of a part of a layer; fields narrow it as they do items",
        "parameters": parameters,
        "requestBody": {
            "required": false,
            "description": "The same parameters as a form, where an address would be too long",
            "content": { "application/x-www-form-urlencoded": { "schema": { "type": "object" } } },
        },
        "responses": { "201": created, "303": { "description": "For a browser: the page of the job" } },
    }));
    for status in ["408", "410", "413", "415", "429"] {
        operation["responses"][status] = problem();
    }
    operation
}

fn file() -> Value {
    let whole = json!({ "application/octet-stream": { "schema": { "type": "string", "format": "binary" } } });
    let mut operation = with_failures(json!({
        "operationId": "getExtractFile",
        "summary": "The file of a finished extract; the link enclosure of the job names it",
        "parameters": [
            { "name": "file", "in": "path", "required": true, "schema": { "type": "string" } },
            {
                "name": "Range", "in": "header", "required": false,
                "description": "One part in bytes; of several the whole file is sent", "schema": { "type": "string" },
            },
        ],
        "responses": {
            "200": { "description": "The whole file; its ETag is its SHA-256", "content": whole },
            "206": { "description": "The part that was asked for", "content": whole },
            "304": { "description": "Not changed since the ETag that was sent" },
            "416": { "description": "The part begins after the file's end" },
        },
    }));
    operation["responses"]["410"] = problem();
    operation
}

/// The schema of a job, after `statusInfo` of OGC API Processes.
pub fn schema() -> Value {
    let moment = json!({ "type": "string", "format": "date-time" });
    json!({
        "type": "object",
        "required": ["jobID", "type", "status", "created", "layer", "revision", "format", "crs", "links"],
        "properties": {
            "jobID": { "type": "string" },
            "type": { "type": "string", "enum": ["process"] },
            "processID": { "type": "string", "enum": ["extract"] },
            "status": { "type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"] },
            "message": { "type": "string", "description": "Why it failed" },
            "progress": { "type": "integer", "minimum": 0, "maximum": 100 },
            "created": moment,
            "started": moment,
            "finished": moment,
            "expires": moment,
            "layer": { "type": "string" },
            "revision": { "type": "string" },
            "format": { "type": "string" },
            "crs": { "type": "string" },
            "asked": { "type": "object", "additionalProperties": { "type": "string" } },
            "numberOfFeatures": { "type": "integer", "minimum": 0 },
            "links": { "type": "array", "items": { "$ref": "#/components/schemas/link" } },
        },
    })
}
