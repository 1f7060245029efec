//! The API definition, OpenAPI 3.0.3, written by hand: the crates write only 3.1, and the OGC
//! class `oas30` needs 3.0. It refers to nothing outside itself.

mod components;
mod extracts;
mod features;
mod files;
mod operations;
mod parameters;
mod records;
mod styles;
mod tiles;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::catalogue::LayerRecord;
use crate::crs::System;
use crate::server::answer::Answer;
use crate::server::landing;
use crate::server::pages;
use crate::server::routes::{Context, Reply};

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
    let makes_extracts = context.app.extracts.folder().is_ok();
    context
        .app
        .cache
        .get_or_make(key, async move {
            let document = definition(&base, landing::title(language), &records, makes_extracts);
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

fn definition(base: &str, title: &str, records: &[Arc<LayerRecord>], makes_extracts: bool) -> Value {
    let layers: Vec<&str> = records.iter().map(|record| record.id.as_str()).collect();
    let catalogued: Vec<&str> =
        records.iter().filter(|record| record.catalogued).map(|record| record.id.as_str()).collect();
    let mut schemas = components::schemas();
    let mut paths = paths(records);
    for (path, post) in features::post_operations(records) {
        paths[&path]["post"] = post;
    }
    if makes_extracts {
        schemas["extract"] = extracts::schema();
        paths.extend(extracts::paths().map(|(path, operations)| (path.to_owned(), operations)));
    }
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
        "components": {
            "parameters": parameters::parameters(&layers, &catalogued, &systems(records)),
            "requestBodies": components::request_bodies(),
            "responses": components::responses(),
            "schemas": schemas,
        },
    })
}

/// Every system in which a layer may be asked for.
fn systems(records: &[Arc<LayerRecord>]) -> Vec<System> {
    let mut systems = System::ALL.to_vec();
    for added in records.iter().flat_map(|record| &record.added_systems).map(|added| System::Added(*added)) {
        // Two layers may have one system by different transformations.
        if systems.iter().all(|known| known.uri() != added.uri()) {
            systems.push(added);
        }
    }
    systems
}

/// What is there to GET, whatever this server is told to do besides.
fn paths(records: &[Arc<LayerRecord>]) -> Map<String, Value> {
    let fixed = features::paths().into_iter().chain(records::paths()).chain(tiles::paths());
    let fixed = fixed.chain(files::paths()).chain(styles::paths()).map(|(path, get)| (path.to_owned(), get));
    fixed.chain(features::items_paths(records)).map(|(path, get)| (path, json!({ "get": get }))).collect()
}
