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
use crate::base::{GeometryKind, LayerId, RevisionId, limits};
use crate::tiles::tilejson::{self, TileSetFacts};
use crate::tiles::{self, TileAddress, grid};

const MVT: &str = "application/vnd.mapbox-vector-tile";
const GRID: &str = "WebMercatorQuad";
const GRID_URI: &str = "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad";

/// `/xyz/{layer}/{z}/{x}/{y}.mvt`, `.pbf` too.
pub async fn xyz_tile(context: Context) -> Reply {
    let file = context.place("file").to_owned();
    let row = file.strip_suffix(".mvt").or_else(|| file.strip_suffix(".pbf")).ok_or_else(|| {
        Problem::not_found(format!("there is no tile \"{}\"; its name ends in .mvt or .pbf", cut(&file)))
    })?;
    let (z, x) = (context.place("z").to_owned(), context.place("x").to_owned());
    tile(context, &z, &x, row).await
}

/// `/collections/{layer}/tiles/WebMercatorQuad/{z}/{row}/{col}`: the row comes first.
pub async fn ogc_tile(context: Context) -> Reply {
    check_grid(context.place("grid"))?;
    let (z, row, col) =
        (context.place("z").to_owned(), context.place("row").to_owned(), context.place("col").to_owned());
    tile(context, &z, &col, &row).await
}

fn check_grid(name: &str) -> Result<(), Problem> {
    match name {
        GRID => Ok(()),
        other => Err(Problem::not_found(format!("there is no grid \"{}\"; offered is {GRID}", cut(other)))),
    }
}

async fn tile(mut context: Context, z: &str, x: &str, y: &str) -> Reply {
    let address = TileAddress::parse(z, x, y).map_err(|error| Problem::not_found(error.to_string()))?;
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
    let key = format!(
        "tile|{}|{}|{}|{}/{}/{}|{names_revision}",
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
    let set = json!({
        "title": layer.record.title.get(context.ask.language),
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": GRID_URI,
        "links": [
            link(format!("{here}/{GRID}"), "self", "application/json", "The tile set"),
            grid_link(&context.ask.base),
        ],
    });
    let document = json!({ "links": self_links(&here, "application/json"), "tilesets": [set] });
    Ok(json_or_twin(&context, &document, layer.record.title.get(context.ask.language)))
}

fn grid_link(base: &str) -> Value {
    link(
        format!("{base}/tileMatrixSets/{GRID}"),
        "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme",
        "application/json",
        "The grid",
    )
}

/// One tile set with its template, OGC 20-057 §9 and OGC 17-083r4 §7.
pub async fn tileset(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    check_grid(context.place("grid"))?;
    let layer = tiled(&context, context.place("layer"))?;
    let record = &layer.record;
    let base = &context.ask.base;
    let here = format!("{base}/collections/{}/tiles/{GRID}", record.id);
    let mut links = self_links(&here, "application/json");
    links.push(json!({
        "href": format!("{here}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}?revision={}", record.revision),
        "rel": "item",
        "type": MVT,
        "title": "One tile",
        "templated": true,
    }));
    links.push(grid_link(base));
    links.push(link(format!("{base}/tilejson/{}.json", record.id), "describedby", "application/json", "TileJSON"));
    let mut document = json!({
        "title": record.title.get(context.ask.language),
        "description": record.abstract_text.get(context.ask.language),
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetURI": GRID_URI,
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
    if let Some(extent) = record.extent {
        document["boundingBox"] = json!({
            "lowerLeft": [extent.west_deg, extent.south_deg],
            "upperRight": [extent.east_deg, extent.north_deg],
            "crs": super::collections::CRS84,
        });
        document["tileMatrixSetLimits"] = tile_limits(&extent);
    }
    Ok(json_or_twin(&context, &document, record.title.get(context.ask.language)))
}

/// Rows and columns that hold anything, a zoom each.
fn tile_limits(extent: &crate::base::BBox) -> Value {
    (0..=limits::ZOOM_MAX)
        .filter_map(|zoom| {
            let north_west = TileAddress::of_place(zoom, extent.west_deg, extent.north_deg)?;
            let south_east = TileAddress::of_place(zoom, extent.east_deg, extent.south_deg)?;
            Some(json!({
                "tileMatrix": zoom.to_string(),
                "minTileRow": north_west.y(),
                "maxTileRow": south_east.y(),
                "minTileCol": north_west.x(),
                "maxTileCol": south_east.x(),
            }))
        })
        .collect()
}

pub async fn grids(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let base = &context.ask.base;
    let document = json!({
        "links": self_links(&format!("{base}/tileMatrixSets"), "application/json"),
        "tileMatrixSets": [{
            "id": GRID,
            "title": "Google Maps Compatible for the World",
            "uri": GRID_URI,
            "links": [link(format!("{base}/tileMatrixSets/{GRID}"), "self", "application/json", "The grid")],
        }],
    });
    Ok(json_or_twin(&context, &document, "Grids"))
}

pub async fn grid(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    check_grid(context.place("grid"))?;
    Ok(json_or_twin(&context, &grid::web_mercator_quad(), GRID))
}
