//! Layers and their features.

use std::sync::Arc;

use serde_json::{Value, json};

use super::files::with_failures;
use super::operations::operation;
use crate::base::FieldKind;
use crate::catalogue::LayerRecord;
use crate::formats::Format;
use crate::server::items_request;

/// Each path with its operation.
pub fn paths() -> Vec<(&'static str, Value)> {
    vec![
        ("/", operation("getLandingPage", "Landing page", &[], &["application/json", "text/html"], &[])),
        (
            "/conformance",
            operation("getConformance", "Conformance classes", &[], &["application/json", "text/html"], &[]),
        ),
        (
            "/departments",
            operation("getGuide", "How a department publishes", &[], &["application/json", "text/html"], &[]),
        ),
        ("/functions", operation("getFunctions", "Functions of filters", &[], &["application/json", "text/html"], &[])),
        (
            "/collections",
            operation(
                "getCollections",
                "Layers",
                &[
                    "text",
                    "theme",
                    "department",
                    "shape",
                    "bbox",
                    "datetime",
                    "filter",
                    "filter-lang",
                    "filter-crs",
                    "sort",
                ],
                &["application/json", "text/html"],
                &["400"],
            ),
        ),
        (
            "/collections/{collectionId}",
            operation("getCollection", "One layer", &["collectionId"], &["application/json", "text/html"], &["404"]),
        ),
        (
            "/collections/{collectionId}/queryables",
            operation(
                "getQueryables",
                "Fields of a layer",
                &["collectionId"],
                &["application/schema+json", "text/html"],
                &["404"],
            ),
        ),
        (
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
        ),
        (
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
        ),
        (
            "/collections/{collectionId}/changes",
            operation(
                "getChanges",
                "What a publication added, changed and removed",
                &["collectionId", "since", "limit", "cursor"],
                &["application/geo+json", "text/html"],
                &["404", "410"],
            ),
        ),
        (
            "/collections/{collectionId}/sortables",
            operation(
                "getSortables",
                "Fields that a layer is sorted by",
                &["collectionId"],
                &["application/schema+json", "text/html"],
                &["404"],
            ),
        ),
        (
            "/collections/{collectionId}/schema",
            operation(
                "getSchema",
                "Fields that features have",
                &["collectionId"],
                &["application/schema+json", "text/html"],
                &["404"],
            ),
        ),
    ]
}

/// The items of each layer by itself, for each has parameters of its own.
pub fn items_paths(records: &[Arc<LayerRecord>]) -> impl Iterator<Item = (String, Value)> {
    records.iter().map(|record| (format!("/collections/{}/items", record.id), items_operation(record)))
}

/// The same features by POST. Its parameters are those of GET, in the address or in a form.
pub fn post_operations(records: &[Arc<LayerRecord>]) -> impl Iterator<Item = (String, Value)> {
    records.iter().map(|record| {
        let operation = json!({
            "operationId": format!("queryItems.{}", record.id),
            "summary": format!("Features of {}, by a filter that is too long for an address", record.title.en),
            "requestBody": { "$ref": "#/components/requestBodies/query" },
            "responses": {
                "200": {
                    "description": "Features",
                    "content": {
                        "application/geo+json": { "schema": { "$ref": "#/components/schemas/featureCollection" } },
                    },
                },
            },
        });
        let mut operation = with_failures(operation);
        for status in ["408", "410", "413", "415"] {
            operation["responses"][status] = json!({ "$ref": "#/components/responses/problem" });
        }
        (format!("/collections/{}/items", record.id), operation)
    })
}

/// Whether a field may be asked for by its own name: one named like a parameter may not.
fn is_free(field: &str) -> bool {
    !field.is_empty() && !["f", "lang"].contains(&field) && !items_request::parameters().contains(&field)
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
        &items_request::parameters(),
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
