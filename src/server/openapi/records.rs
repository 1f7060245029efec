//! The catalogue, and searches over all layers.

use serde_json::Value;

use super::operations::operation;

/// Each path with its operation.
pub fn paths() -> Vec<(&'static str, Value)> {
    vec![
        (
            "/places",
            operation(
                "getPlaces",
                "Features by their names",
                &["q", "text", "layers", "bbox", "limit"],
                &["application/json", "application/geo+json", "text/html"],
                &["400"],
            ),
        ),
        (
            "/elsewhere",
            operation(
                "getElsewhere",
                "Records of other catalogues",
                &["text", "bbox", "limit", "offset"],
                &["application/json", "text/html"],
                &["400"],
            ),
        ),
        (
            "/collections/catalogue/items",
            operation(
                "getRecords",
                "Records of the catalogue",
                &RECORDS_PARAMETERS,
                &["application/geo+json", "text/html"],
                &["400"],
            ),
        ),
        (
            "/collections/catalogue/items/{recordId}",
            operation(
                "getRecord",
                "One record",
                &["recordId", "profile"],
                &["application/geo+json", "text/html"],
                &["404"],
            ),
        ),
        (
            "/collections/catalogue/sortables",
            operation(
                "getRecordSortables",
                "What records are sorted by",
                &[],
                &["application/schema+json", "text/html"],
                &[],
            ),
        ),
        (
            "/collections/catalogue/facets",
            operation(
                "getFacets",
                "How records divide",
                &[
                    "facets",
                    "q",
                    "text",
                    "bbox",
                    "datetime",
                    "theme",
                    "department",
                    "filter",
                    "filter-lang",
                    "filter-crs",
                ],
                &["application/facets+json", "text/html"],
                &["400"],
            ),
        ),
        (
            "/collections/{collectionId}/dictionary",
            operation(
                "getDictionary",
                "Data dictionary of a layer",
                &["collectionId"],
                &["application/json", "text/html"],
                &["404"],
            ),
        ),
    ]
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
