//! What is said of tiles: tile sets, grids, TileJSON, and what GDAL reads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::request::{Part, TileRequest, drawn, listed};
use super::{MVT, check_offered, grids_of, named_grid, selected_layers};
use crate::base::{BBox, Grid, Language, limits};
use crate::server::answer::Answer;
use crate::server::collections::CRS84;
use crate::server::landing::{json_or_twin, link, self_links, title};
use crate::server::problem::Problem;
use crate::server::request::encode;
use crate::server::routes::{Context, Reply};
use crate::server::snapshot::LiveLayer;
use crate::tiles::tilejson::{self, TileSetFacts};
use crate::tiles::{TileAddress, matrix_sets};

/// `/tilejson/{layers}.json`. With `revision` it is immutable, and so are the tiles it names. What
/// selects features and fields goes on to the tiles.
pub async fn tilejson(mut context: Context) -> Reply {
    context.parameters.take_common(&["json"])?;
    let file = context.place("file");
    let names = listed(file.strip_suffix(".json").unwrap_or(file));
    let request = TileRequest::read(&mut context, &names).await?;
    check_all_offered(&request, Grid::WebMercatorQuad)?;
    let template = template(&context.ask.base, &request);
    let document = tilejson::tilejson(&facts(&request, &template, context.ask.language));
    let answer = Answer::json(&document).in_language(context.ask.language);
    Ok(Arc::new(answer.for_ever(request.names_revisions)))
}

/// `/xyz/{layers}/metadata.json`, which GDAL's MVT driver asks for above a zoom folder.
pub async fn gdal_metadata(mut context: Context) -> Reply {
    context.parameters.take_common(&["json"])?;
    let names = listed(context.place("layer"));
    let request = TileRequest::read(&mut context, &names).await?;
    let template = template(&context.ask.base, &request);
    Ok(Arc::new(Answer::json(&tilejson::gdal_metadata(&facts(&request, &template, context.ask.language)))))
}

fn check_all_offered(request: &TileRequest, grid: Grid) -> Result<(), Problem> {
    request.parts.iter().try_for_each(|part| check_offered(&part.layer, grid))
}

fn template(base: &str, request: &TileRequest) -> String {
    format!("{base}/xyz/{}/{{z}}/{{x}}/{{y}}.mvt?{}", request.ids(), request.query())
}

/// What TileJSON and its like say, which know WebMercatorQuad alone.
fn facts<'a>(request: &'a TileRequest, template: &'a str, language: Language) -> TileSetFacts<'a> {
    let layer = |part: &'a Part| part.layer.record.tile_facts(Grid::WebMercatorQuad, language, &part.selection);
    TileSetFacts {
        layers: request.parts.iter().map(layer).collect(),
        shows_everything: request.shows_everything(),
        zooms: (0, limits::ZOOM_MAX),
        template,
    }
}

/// The tile sets of a layer, OGC 20-057 §8 and §11.
pub async fn list(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let (layer, _) = drawn(&context, &context.app.snapshot(), context.place("layer"))?;
    let here = format!("{}/collections/{}/tiles", context.ask.base, layer.record.id);
    let title = layer.record.title.get(context.ask.language);
    Ok(listing(&context, (&here, ""), title, &grids_of(&layer), layer.record.extent))
}

/// `/tiles`: the tile sets of several layers together, OGC 20-057 §8 and §10.
pub async fn dataset_list(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    let collections = context.parameters.take("collections");
    let query = collections.as_deref().map_or_else(String::new, |names| format!("?collections={}", encode(names)));
    let names = collections.as_deref().map_or_else(|| selected_layers(&mut context, None), listed);
    context.finish_parameters("collections, f, lang")?;
    let snapshot = context.app.snapshot();
    let mut offered: Vec<Grid> = Grid::ALL.to_vec();
    let mut layers = Vec::new();
    for name in names {
        let (layer, _) = drawn(&context, &snapshot, &name)?;
        if collections.is_some() {
            offered.retain(|grid| grids_of(&layer).contains(grid));
        }
        layers.push(layer);
    }
    let here = format!("{}/tiles", context.ask.base);
    let extent = extent(layers.iter().map(Arc::as_ref));
    Ok(listing(&context, (&here, &query), title(context.ask.language), &offered, extent))
}

/// The list of tile sets at an address and its query. Each says where its tiles are and in which rows
/// and columns, so that a client need not ask further.
fn listing(
    context: &Context,
    (here, query): (&str, &str),
    title: &str,
    offered: &[Grid],
    extent: Option<BBox>,
) -> Arc<Answer> {
    let set = |grid: &Grid| {
        let links = json!([
            link(format!("{here}/{grid}{query}"), "self", "application/json", "The tile set"),
            tile_link(&format!("{here}/{grid}"), query),
            grid_link(&context.ask.base, *grid),
        ]);
        let title = format!("{title}, {}", grid.title());
        let mut set = with_grid(json!({ "title": title, "dataType": "vector", "links": links }), *grid);
        if let Some(extent) = &extent {
            set["tileMatrixSetLimits"] = tile_limits(*grid, extent);
        }
        set
    };
    let sets: Vec<Value> = offered.iter().map(set).collect();
    let document = json!({ "links": self_links(&format!("{here}{query}"), "application/json"), "tilesets": sets });
    json_or_twin(context, &document, title)
}

/// The template of the tiles below an address, with their query.
fn tile_link(here: &str, query: &str) -> Value {
    json!({
        "href": format!("{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}{query}"),
        "rel": "item",
        "type": MVT,
        "title": "One tile",
        "templated": true,
    })
}

/// The document with what tells of its grid.
fn with_grid(mut document: Value, grid: Grid) -> Value {
    document["tileMatrixSetId"] = grid.as_str().into();
    document["crs"] = grid.crs_uri().into();
    if let Some(uri) = grid.registered_uri() {
        document["tileMatrixSetURI"] = uri.into();
    }
    document
}

fn grid_link(base: &str, grid: Grid) -> Value {
    link(
        format!("{base}/tileMatrixSets/{grid}"),
        "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme",
        "application/json",
        "The grid",
    )
}

/// One tile set with its template, OGC 20-057 §9 and OGC 17-083r4 §7.
pub async fn tileset(mut context: Context) -> Reply {
    let names = vec![context.place("layer").to_owned()];
    let here = format!("{}/collections/{}/tiles", context.ask.base, names[0]);
    let (document, request) = tile_set(&mut context, &names, &here, "").await?;
    let record = &request.parts[0].layer.record;
    Ok(json_or_twin(&context, &document, record.title.get(context.ask.language)))
}

/// `/tiles/{grid}`: several layers together.
pub async fn dataset_tileset(mut context: Context) -> Reply {
    let grid = named_grid(&context)?;
    let names = selected_layers(&mut context, Some(grid));
    let here = format!("{}/tiles", context.ask.base);
    let collections = format!("collections={}&", encode(&names.join(",")));
    let (document, _) = tile_set(&mut context, &names, &here, &collections).await?;
    Ok(json_or_twin(&context, &document, title(context.ask.language)))
}

/// The document of a tile set and the request it is of. `pairs` go before those of the tiles'
/// addresses.
async fn tile_set(
    context: &mut Context,
    names: &[String],
    here: &str,
    pairs: &str,
) -> Result<(Value, TileRequest), Problem> {
    context.parameters.take_common(&["json", "html"])?;
    let grid = named_grid(context)?;
    let request = TileRequest::read(context, names).await?;
    check_all_offered(&request, grid)?;
    let (base, language) = (&context.ask.base, context.ask.language);
    let here = format!("{here}/{grid}");
    let own = if pairs.is_empty() { here.clone() } else { format!("{here}?{}", pairs.trim_end_matches('&')) };
    let mut links = self_links(&own, "application/json");
    links.push(tile_link(&here, &format!("?{pairs}{}", request.query())));
    links.push(grid_link(base, grid));
    if grid == Grid::WebMercatorQuad && !request.parts.is_empty() {
        let address = format!("{base}/tilejson/{}.json", request.ids());
        links.push(link(address, "describedby", "application/json", "TileJSON"));
    }
    let all = |text: fn(&LiveLayer, Language) -> &str| {
        let mut texts: Vec<&str> = request.parts.iter().map(|part| text(&part.layer, language)).collect();
        texts.dedup();
        texts.join("; ")
    };
    let document = json!({
        "title": all(|layer, language| layer.record.title.get(language)),
        "description": all(|layer, language| layer.record.abstract_text.get(language)),
        "dataType": "vector",
        "attribution": all(|layer, language| layer.record.credit.get(language)),
        "layers": request.parts.iter().map(|part| layer_entry(part, language)).collect::<Vec<_>>(),
        "links": links,
    });
    let mut document = with_grid(document, grid);
    tell_completeness(&mut document, &request, grid);
    if let Some(extent) = extent(request.parts.iter().map(|part| part.layer.as_ref())) {
        document["boundingBox"] = json!({
            "lowerLeft": [extent.west_deg, extent.south_deg],
            "upperRight": [extent.east_deg, extent.north_deg],
            "crs": CRS84,
        });
        document["tileMatrixSetLimits"] = tile_limits(grid, &extent);
    }
    Ok((document, request))
}

fn layer_entry(part: &Part, language: Language) -> Value {
    let record = &part.layer.record;
    let mut entry = json!({
        "id": record.id,
        "title": record.title.get(language),
        "dataType": "vector",
        "minTileMatrix": "0",
        "maxTileMatrix": limits::ZOOM_MAX.to_string(),
    });
    if let Some(facts) = &record.tiles {
        tilejson::tell_rules(&mut entry, &facts.rules.of(&part.selection), &record.schema);
    }
    entry
}

fn tell_completeness(document: &mut Value, request: &TileRequest, grid: Grid) {
    let baked = request.parts.iter().map(|part| {
        let facts = part.layer.record.tiles.as_ref()?.grid(grid)?;
        Some((part.layer.record.id.as_str(), facts))
    });
    let Some(baked) = baked.collect::<Option<Vec<_>>>() else { return };
    tilejson::tell_completeness(document, &baked, request.shows_everything());
}

/// The box of all layers.
fn extent<'a>(layers: impl Iterator<Item = &'a LiveLayer>) -> Option<BBox> {
    let mut all = BBox::EMPTY;
    layers.filter_map(|layer| layer.record.extent).for_each(|extent| all.include(&extent));
    (!all.is_empty()).then_some(all)
}

/// Rows and columns that hold anything, a zoom each.
fn tile_limits(grid: Grid, extent: &BBox) -> Value {
    (0..=limits::ZOOM_MAX)
        .filter_map(|zoom| {
            let (first, last) = TileAddress::range_of(grid, zoom, extent)?;
            Some(json!({
                "tileMatrix": zoom.to_string(),
                "minTileRow": first.y(),
                "maxTileRow": last.y(),
                "minTileCol": first.x(),
                "maxTileCol": last.x(),
            }))
        })
        .collect()
}

pub async fn grids(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let base = &context.ask.base;
    let sets: Vec<Value> = Grid::ALL
        .into_iter()
        .map(|grid| {
            let here = link(format!("{base}/tileMatrixSets/{grid}"), "self", "application/json", "The grid");
            let mut set = json!({ "id": grid, "title": grid.title(), "links": [here] });
            if let Some(uri) = grid.registered_uri() {
                set["uri"] = uri.into();
            }
            set
        })
        .collect();
    let document = json!({
        "links": self_links(&format!("{base}/tileMatrixSets"), "application/json"),
        "tileMatrixSets": sets,
    });
    Ok(json_or_twin(&context, &document, "Grids"))
}

pub async fn grid(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let grid = named_grid(&context)?;
    Ok(json_or_twin(&context, &matrix_sets::tile_matrix_set(grid), grid.title()))
}
