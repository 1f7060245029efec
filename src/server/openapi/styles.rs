//! Styles, and the pictures that stand for layers and signs.

use serde_json::Value;

use super::operations::{PNG, operation, picture_operation};

const STYLE: &str = "application/vnd.mapbox.style+json";

/// Each path with its operation.
pub fn paths() -> [(&'static str, Value); 6] {
    let both = ["application/json", "text/html"];
    [
        ("/styles", operation("getStyles", "The styles that there are", &[], &both, &[])),
        (
            "/styles/{styleId}",
            operation(
                "getStyle",
                "One MapLibre style",
                &["styleId", "base-map", "first-colour"],
                &[STYLE, "application/json", "text/html"],
                &["404", "410"],
            ),
        ),
        (
            "/styles/{styleId}/metadata",
            operation("getStyleMetadata", "What there is to know of a style", &["styleId"], &both, &["404", "410"]),
        ),
        (
            "/thumbnails/{collectionId}.png",
            picture_operation(
                "getThumbnail",
                "A layer at a glance, in its own style",
                &["collectionId", "revision", "as-at"],
                PNG,
            ),
        ),
        (
            "/sprites/{sprite}.json",
            picture_operation("getSpriteIndex", "Where the images of a sprite are", &["sprite"], "application/json"),
        ),
        ("/sprites/{sprite}.png", picture_operation("getSprite", "The images of a sprite", &["sprite"], PNG)),
    ]
}
