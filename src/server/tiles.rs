//! Vector tiles: OGC API Tiles (OGC 20-057), TileJSON, plain XYZ, and what GDAL reads.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::landing::{json_or_twin, link, self_links};
use super::problem::Problem;
use super::revisions::Wanted;
use super::routes::{Context, Reply};
use super::snapshot::LiveLayer;
use crate::access::{Action, PermittedLayer};
use crate::base::ids::cut;
use crate::base::{GeometryKind, Grid, LayerId, RevisionId, limits};
use crate::tiles::tilejson::{self, TileSetFacts};
use crate::tiles::{self, TileAddress, matrix_sets};

const MVT: &str = "application/vnd.mapbox-vector-tile";

/// `/xyz/{layer}/{z}/{x}/{y}.mvt`, `.pbf` too.
pub async fn xyz_tile(context: Context) -> Reply {
    let file = context.place("file").to_owned();
    let row = file.strip_suffix(".mvt").or_else(|| file.strip_suffix(".pbf")).ok_or_else(|| {
        Problem::not_found(format!("there is no tile \"{}\"; its name ends in .mvt or .pbf", cut(&file)))
    })?;
    let (z, x) = (context.place("z").to_owned(), context.place("x").to_owned());
    tile(context, Grid::WebMercatorQuad, &z, &x, row).await
}

/// `/collections/{layer}/tiles/{grid}/{z}/{row}/{col}`: the row comes first.
pub async fn ogc_tile(context: Context) -> Reply {
    let grid = named_grid(&context)?;
    let (z, row, col) =
        (context.place("z").to_owned(), context.place("row").to_owned(), context.place("col").to_owned());
    tile(context, grid, &z, &col, &row).await
}

fn named_grid(context: &Context) -> Result<Grid, Problem> {
    context.place("grid").parse().map_err(Problem::not_found)
}

/// The grids that a layer's tiles are offered in.
fn grids_of(layer: &LiveLayer) -> Vec<Grid> {
    match &layer.record.tiles {
        Some(facts) => facts.grids.iter().map(|facts| facts.grid).collect(),
        // Revisions of the format before tiles were baked are cut live in the grid they had.
        None => vec![Grid::WebMercatorQuad],
    }
}

fn check_offered(layer: &LiveLayer, grid: Grid) -> Result<(), Problem> {
    let offered = grids_of(layer);
    if offered.contains(&grid) {
        return Ok(());
    }
    let names: Vec<&str> = offered.iter().map(|grid| grid.as_str()).collect();
    Err(Problem::not_found(format!("{} has no tiles in {grid}; it has them in {}", layer.record.id, names.join(", "))))
}

async fn tile(mut context: Context, grid: Grid, z: &str, x: &str, y: &str) -> Reply {
    let address = TileAddress::parse(grid, z, x, y).map_err(|error| Problem::not_found(error.to_string()))?;
    let wanted = Wanted::take(&mut context.parameters)?;
    let format = context.parameters.take("f");
    if format.as_deref().is_some_and(|format| format != "mvt") {
        return Err(Problem::bad_request("f is not offered for tiles but as f=mvt"));
    }
    context.finish_parameters("revision, as-at, f")?;
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadTiles)?;
    let names_revision = wanted.names_revision();
    let layer = context.app.wanted(&current, &wanted).await?;
    check_offered(&layer, grid)?;
    let key = format!(
        "tile|{}|{}|{}|{grid}/{}/{}/{}|{names_revision}",
        layer.record.id,
        layer.record.revision,
        permit.audience().as_str(),
        address.zoom(),
        address.x(),
        address.y()
    );
    let app = Arc::clone(&context.app);
    context
        .app
        .cache
        .get_or_make(key, async move { cut_tile(&app, &layer, &permit, address, names_revision).await })
        .await
}

async fn cut_tile(
    app: &super::App,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    address: TileAddress,
    names_revision: bool,
) -> Result<Answer, Problem> {
    let bbox = address.bbox_with_buffer();
    let is_outside = layer.record.extent.is_none_or(|extent| !extent.intersects(&bbox));
    if is_outside {
        return Ok(Answer::no_content().for_ever(names_revision));
    }
    let tile =
        app.pool.read(permit, &layer.package, limits::TILE_TIME, move |package| tiles::cut(package, address)).await?;
    if tile.gzip.is_empty() {
        return Ok(Answer::no_content().for_ever(names_revision));
    }
    let thinned = tile.is_thinned().then(|| format!("{} of {} features", tile.features, tile.of_features));
    let answer = Answer::packed(MVT, tile.gzip).for_ever(names_revision);
    Ok(match thinned {
        Some(thinned) => answer.with_header("causeway-thinned", thinned),
        None => answer,
    })
}

/// The layer, its permit and the language of its words.
fn tiled(context: &Context, id: &str) -> Result<Arc<LiveLayer>, Problem> {
    let snapshot = context.app.snapshot();
    let (layer, _) = context.app.permitted(&snapshot, id, Action::ReadTiles)?;
    match layer.record.schema.geometry {
        GeometryKind::None => {
            Err(Problem::not_found(format!("{} is a table without geometry and has no tiles", layer.record.id)))
        }
        _ => Ok(layer),
    }
}

/// `/tilejson/{layer}.json`. With `?revision=` it is immutable, and so are the tiles it names.
pub async fn tilejson(mut context: Context) -> Reply {
    context.parameters.take_common(&["json"])?;
    let wanted = Wanted::take(&mut context.parameters)?;
    context.finish_parameters("revision, as-at, f, lang")?;
    let file = context.place("file");
    let id = file.strip_suffix(".json").unwrap_or(file);
    let current = tiled(&context, id)?;
    let names_revision = wanted.names_revision();
    let layer = context.app.wanted(&current, &wanted).await?;
    let template = template(&context.ask.base, &layer.record.id, &layer.record.revision);
    let document = tilejson::tilejson(&facts(&context, &layer, &template));
    Ok(Arc::new(Answer::json(&document).in_language(context.ask.language).for_ever(names_revision)))
}

fn template(base: &str, layer: &LayerId, revision: &RevisionId) -> String {
    format!("{base}/xyz/{layer}/{{z}}/{{x}}/{{y}}.mvt?revision={revision}")
}

/// What TileJSON and its like say, which know WebMercatorQuad alone.
fn facts<'a>(context: &Context, layer: &'a LiveLayer, template: &'a str) -> TileSetFacts<'a> {
    let record = &layer.record;
    let language = context.ask.language;
    TileSetFacts {
        layer: record.id.as_str(),
        title: record.title.get(language),
        description: record.abstract_text.get(language),
        attribution: record.credit.get(language),
        revision: record.revision.as_str(),
        extent: record.extent,
        schema: &record.schema,
        template,
        baked: record.tiles.as_ref().and_then(|facts| facts.grid(Grid::WebMercatorQuad)),
    }
}

/// `/xyz/{layer}/metadata.json`, which GDAL's MVT driver asks for above a zoom folder.
pub async fn gdal_metadata(mut context: Context) -> Reply {
    context.parameters.take_common(&["json"])?;
    context.finish_parameters("f, lang")?;
    let layer = tiled(&context, context.place("layer"))?;
    let template = template(&context.ask.base, &layer.record.id, &layer.record.revision);
    Ok(Arc::new(Answer::json(&tilejson::gdal_metadata(&facts(&context, &layer, &template)))))
}

/// The tile sets of a layer, OGC 20-057 §8.
pub async fn list(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let layer = tiled(&context, context.place("layer"))?;
    let here = format!("{}/collections/{}/tiles", context.ask.base, layer.record.id);
    let sets: Vec<Value> = grids_of(&layer)
        .into_iter()
        .map(|grid| {
            let links = json!([
                link(format!("{here}/{grid}"), "self", "application/json", "The tile set"),
                grid_link(&context.ask.base, grid),
            ]);
            let title = format!("{}, {}", layer.record.title.get(context.ask.language), grid.title());
            with_grid(json!({ "title": title, "dataType": "vector", "links": links }), grid)
        })
        .collect();
    let document = json!({ "links": self_links(&here, "application/json"), "tilesets": sets });
    Ok(json_or_twin(&context, &document, layer.record.title.get(context.ask.language)))
}

/// The document with what tells of its grid.
fn with_grid(mut document: Value, grid: Grid) -> Value {
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
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let grid = named_grid(&context)?;
    let layer = tiled(&context, context.place("layer"))?;
    check_offered(&layer, grid)?;
    let record = &layer.record;
    let base = &context.ask.base;
    let here = format!("{base}/collections/{}/tiles/{grid}", record.id);
    let mut links = self_links(&here, "application/json");
    links.push(json!({
        "href": format!("{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?revision={}", record.revision),
        "rel": "item",
        "type": MVT,
        "title": "One tile",
        "templated": true,
    }));
    links.push(grid_link(base, grid));
    if grid == Grid::WebMercatorQuad {
        links.push(link(format!("{base}/tilejson/{}.json", record.id), "describedby", "application/json", "TileJSON"));
    }
    let document = json!({
        "title": record.title.get(context.ask.language),
        "description": record.abstract_text.get(context.ask.language),
        "dataType": "vector",
        "attribution": record.credit.get(context.ask.language),
        "layers": [{
            "id": record.id,
            "title": record.title.get(context.ask.language),
            "dataType": "vector",
            "minTileMatrix": "0",
            "maxTileMatrix": limits::ZOOM_MAX.to_string(),
        }],
        "links": links,
    });
    let mut document = with_grid(document, grid);
    if let Some(baked) = record.tiles.as_ref().and_then(|facts| facts.grid(grid)) {
        document["complete_from_zoom"] = baked.complete_from_zoom.into();
        document["thinned"] = tilejson::thinned(baked);
    }
    if let Some(extent) = record.extent {
        document["boundingBox"] = json!({
            "lowerLeft": [extent.west_deg, extent.south_deg],
            "upperRight": [extent.east_deg, extent.north_deg],
            "crs": super::collections::CRS84,
        });
        document["tileMatrixSetLimits"] = tile_limits(grid, &extent);
    }
    Ok(json_or_twin(&context, &document, record.title.get(context.ask.language)))
}

/// Rows and columns that hold anything, a zoom each.
fn tile_limits(grid: Grid, extent: &crate::base::BBox) -> Value {
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
