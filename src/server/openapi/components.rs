//! What answers are made of, wherever they come.

use serde_json::{Value, json};

pub fn responses() -> Value {
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

pub fn request_bodies() -> Value {
    json!({
        "query": {
            "required": false,
            "description": "A filter of CQL2, or any parameters as a form",
            "content": {
                "application/json": { "schema": { "type": "object" } },
                "text/plain": { "schema": { "type": "string" } },
                "application/x-www-form-urlencoded": { "schema": { "type": "object" } },
            },
        },
    })
}

pub fn schemas() -> Value {
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
