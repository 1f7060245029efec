//! Tiles, and the pictures of layers.

use serde_json::Value;

use super::operations::{PNG, SVG, operation, picture_operation, tile_operation};
use crate::server::tiles::PARAMETERS as TILES_PARAMETERS;

/// Each path with its operation.
pub fn paths() -> Vec<(&'static str, Value)> {
    vec![
        (
            "/collections/{collectionId}/tiles",
            operation(
                ".collection.vector.getTileSetsList",
                "Tile sets of a layer",
                &["collectionId"],
                &["application/json", "text/html"],
                &["404"],
            ),
        ),
        (
            "/collections/{collectionId}/tiles/{tileMatrixSetId}",
            operation(
                ".collection.vector.getTileSet",
                "One tile set",
                &[&["collectionId", "tileMatrixSetId"], TILES_PARAMETERS.as_slice()].concat(),
                &["application/json", "text/html"],
                &["404"],
            ),
        ),
        (
            "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
            tile_operation(".collection.vector.getTile", "One vector tile", "collectionId"),
        ),
        (
            "/tiles",
            operation(
                ".dataset.vector.getTileSetsList",
                "Tile sets of several layers together",
                &["collections"],
                &["application/json", "text/html"],
                &["404"],
            ),
        ),
        (
            "/tiles/{tileMatrixSetId}",
            operation(
                ".dataset.vector.getTileSet",
                "One tile set of several layers together",
                &[&["tileMatrixSetId", "collections"], TILES_PARAMETERS.as_slice()].concat(),
                &["application/json", "text/html"],
                &["404"],
            ),
        ),
        (
            "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
            tile_operation(".dataset.vector.getTile", "One vector tile of several layers", "collections"),
        ),
        (
            "/map/{collectionId}/{tileMatrix}/{tileCol}/{tileRow}.png",
            picture_operation(
                "getMapTile",
                "One tile of a map as a picture, in WebMercatorQuad",
                &["collectionId", "tileMatrix", "tileCol", "tileRow", "revision", "as-at", "lang"],
                PNG,
            ),
        ),
        (
            "/fingerprints/{collectionId}.svg",
            picture_operation(
                "getFingerprint",
                "The shapes of a layer as one small picture",
                &["collectionId", "revision", "as-at"],
                SVG,
            ),
        ),
        ("/tileMatrixSets", operation("getTileMatrixSetsList", "Grids", &[], &["application/json", "text/html"], &[])),
        (
            "/tileMatrixSets/{tileMatrixSetId}",
            operation(
                "getTileMatrixSet",
                "One grid",
                &["tileMatrixSetId"],
                &["application/json", "text/html"],
                &["404"],
            ),
        ),
        ("/legends/{collectionId}.svg", legend("svg", SVG)),
        ("/legends/{collectionId}.png", legend("png", PNG)),
    ]
}

fn legend(ending: &str, media_type: &str) -> Value {
    let id = format!("getLegend.{ending}");
    picture_operation(&id, "What the colours of a layer mean", &["collectionId", "lang"], media_type)
}
