//! Vector tiles: OGC API Tiles (OGC 20-057), TileJSON, plain XYZ, and what GDAL reads. A tile of
//! several layers is put together from those of each, so that each is made and kept once.

mod documents;
mod request;

use std::sync::Arc;

use super::answer::{Answer, CacheFor};
use super::problem::Problem;
use super::routes::{Context, Reply};
use super::snapshot::LiveLayer;
use super::state::App;
use crate::base::ids::cut;
use crate::base::{GeometryKind, Grid, limits};
use crate::package::ReadError;
use crate::tiles::{self, CutTile, TileAddress, edit};

pub use documents::{dataset_list, dataset_tileset, gdal_metadata, grid, grids, list, tilejson, tileset};
pub use request::PARAMETERS;
use request::{Part, TileRequest, listed};

const MVT: &str = "application/vnd.mapbox-vector-tile";

/// `/xyz/{layers}/{z}/{x}/{y}.mvt`, `.pbf` too; layers are parted by commas.
pub async fn xyz_tile(context: Context) -> Reply {
    let row = row_of(context.place("file"))?.to_owned();
    let (z, x) = (context.place("z").to_owned(), context.place("x").to_owned());
    let names = listed(context.place("layer"));
    tile(context, &names, Grid::WebMercatorQuad, &z, &x, &row).await
}

/// The number before `.mvt` or `.pbf`.
fn row_of(file: &str) -> Result<&str, Problem> {
    file.strip_suffix(".mvt")
        .or_else(|| file.strip_suffix(".pbf"))
        .ok_or_else(|| Problem::not_found(format!("there is no tile \"{}\"; its name ends in .mvt or .pbf", cut(file))))
}

/// `/collections/{layer}/tiles/{grid}/{z}/{row}/{col}`: the row comes first.
pub async fn ogc_tile(context: Context) -> Reply {
    let names = vec![context.place("layer").to_owned()];
    of_grid(context, &names).await
}

/// `/tiles/{grid}/{z}/{row}/{col}?collections=a,b`, OGC 20-057 §10 and §12.
pub async fn dataset_tile(mut context: Context) -> Reply {
    let grid = named_grid(&context)?;
    let names = selected_layers(&mut context, Some(grid));
    of_grid(context, &names).await
}

async fn of_grid(context: Context, names: &[String]) -> Reply {
    let grid = named_grid(&context)?;
    let (z, row, col) =
        (context.place("z").to_owned(), context.place("row").to_owned(), context.place("col").to_owned());
    tile(context, names, grid, &z, &col, &row).await
}

/// `/tile/{z}/{y}/{x}.pbf` of an Esri service, in the grid of the service.
pub async fn esri_tile(context: Context, layer: &LiveLayer, grid: Grid) -> Reply {
    let column = row_of(context.place("file"))?.to_owned();
    let (z, row) = (context.place("z").to_owned(), context.place("y").to_owned());
    let names = vec![layer.record.id.to_string()];
    tile(context, &names, grid, &z, &column, &row).await
}

fn named_grid(context: &Context) -> Result<Grid, Problem> {
    context.place("grid").parse().map_err(Problem::not_found)
}

/// The layers that `collections` names; without it those of the catalogue, as many as one tile takes.
fn selected_layers(context: &mut Context, grid: Option<Grid>) -> Vec<String> {
    match context.parameters.take("collections") {
        Some(text) => listed(&text),
        None => context
            .app
            .catalogued(&context.app.snapshot())
            .iter()
            .filter(|layer| layer.record.schema.geometry != GeometryKind::None)
            .filter(|layer| grid.is_none_or(|grid| grids_of(layer).contains(&grid)))
            .map(|layer| layer.record.id.to_string())
            .take(limits::TILE_LAYERS_MAX)
            .collect(),
    }
}

/// The grids that a layer's tiles are offered in.
pub fn grids_of(layer: &LiveLayer) -> Vec<Grid> {
    match &layer.record.tiles {
        Some(facts) => facts.grids.iter().map(|facts| facts.grid).collect(),
        // Revisions of the format before tiles were baked are cut live in the grid they had.
        None => vec![Grid::WebMercatorQuad],
    }
}

pub fn check_offered(layer: &LiveLayer, grid: Grid) -> Result<(), Problem> {
    let offered = grids_of(layer);
    if offered.contains(&grid) {
        return Ok(());
    }
    let names: Vec<&str> = offered.iter().map(|grid| grid.as_str()).collect();
    Err(Problem::not_found(format!("{} has no tiles in {grid}; it has them in {}", layer.record.id, names.join(", "))))
}

async fn tile(mut context: Context, names: &[String], grid: Grid, z: &str, x: &str, y: &str) -> Reply {
    let address = TileAddress::parse(grid, z, x, y)?;
    let format = context.parameters.take("f");
    if format.as_deref().is_some_and(|format| format != "mvt") {
        return Err(Problem::bad_request("f is not offered for tiles but as f=mvt"));
    }
    let request = TileRequest::read(&mut context, names).await?;
    for part in &request.parts {
        check_offered(&part.layer, grid)?;
    }
    let names_revisions = request.names_revisions;
    match <[Part; 1]>::try_from(request.parts) {
        Ok([part]) => layer_tile(&context.app, part, address, names_revisions).await,
        Err(parts) => joined_tile(&context.app, parts, address, names_revisions).await,
    }
}

/// What a tile of a layer depends on. The selection is what was understood, however it was written.
fn key(part: &Part, address: TileAddress, names_revisions: bool) -> String {
    let selected = match part.selection.is_everything() {
        true => String::new(),
        false => blake3::hash(format!("{:?}", part.selection).as_bytes()).to_hex().to_string(),
    };
    format!(
        "tile|{}|{}|{}|{}/{}/{}/{}|{names_revisions}|{selected}",
        part.layer.record.id,
        part.layer.record.revision,
        part.permit.audience().as_str(),
        address.grid(),
        address.zoom(),
        address.x(),
        address.y()
    )
}

async fn layer_tile(app: &Arc<App>, part: Part, address: TileAddress, names_revisions: bool) -> Reply {
    let key = key(&part, address, names_revisions);
    let own_app = Arc::clone(app);
    app.cache.get_or_make(key, async move { cut_tile(&own_app, &part, address, names_revisions).await }).await
}

async fn cut_tile(app: &App, part: &Part, address: TileAddress, names_revisions: bool) -> Result<Answer, Problem> {
    let bbox = address.bbox_with_buffer();
    let is_outside = part.layer.record.extent.is_none_or(|extent| !extent.intersects(&bbox));
    if is_outside {
        return Ok(Answer::no_content().for_ever(names_revisions));
    }
    let selection = part.selection.clone();
    let cut = app
        .pool
        .read(&part.permit, &part.layer.package, limits::TILE_TIME, move |package| {
            tiles::cut_selected(package, address, &selection)
        })
        .await;
    match cut {
        Ok(tile) => {
            let layer = &part.layer.record.id;
            let tile_name = format!("{}/{}/{}", address.zoom(), address.x(), address.y());
            tracing::debug!(%layer, tile = tile_name, features = tile.features, "tile made");
            Ok(dressed(tile, names_revisions))
        }
        Err(ReadError::OutOfTime) if part.selection.chooses_features() => cut_among_shown(app, part, address).await,
        Err(error) => Err(error.into()),
    }
}

fn dressed(tile: CutTile, names_revisions: bool) -> Answer {
    let thinned = tile.is_thinned().then(|| format!("{} of {} features", tile.features, tile.of_features));
    let answer = match tile.gzip.is_empty() {
        true => Answer::no_content(),
        false => Answer::packed(MVT, tile.gzip),
    };
    let answer = answer.for_ever(names_revisions);
    match thinned {
        Some(thinned) => answer.with_header("causeway-thinned", thinned),
        None => answer,
    }
}

/// A filter that takes longer than a tile may is put to the features that the unfiltered tile shows.
/// That depends on how busy the server was, so nobody else may keep the answer; here it is kept,
/// so that nobody can make the server try again and again.
async fn cut_among_shown(app: &App, part: &Part, address: TileAddress) -> Result<Answer, Problem> {
    let selection = part.selection.clone();
    let shown = app
        .pool
        .read(&part.permit, &part.layer.package, limits::TILE_TIME, move |package| {
            tiles::cut_among_shown(package, address, &selection)
        })
        .await?;
    let Some(tile) = shown else { return Err(ReadError::OutOfTime.into()) };
    let thinned = format!("{} features, chosen from those that the tile shows without the filter", tile.features);
    let mut answer = dressed(tile, false).with_header("causeway-thinned", thinned);
    answer.cache = CacheFor::Nothing;
    Ok(answer)
}

/// Each layer's own tile, one after the other in one tile; each keeps to the budget of a tile.
async fn joined_tile(app: &Arc<App>, parts: Vec<Part>, address: TileAddress, names_revisions: bool) -> Reply {
    let keys: Vec<String> = parts.iter().map(|part| key(part, address, names_revisions)).collect();
    let own_app = Arc::clone(app);
    let make = async move {
        let mut single = Vec::new();
        for part in parts {
            let id = part.layer.record.id.clone();
            single.push((id, layer_tile(&own_app, part, address, names_revisions).await?));
        }
        let packed = edit::joined(single.iter().map(|(_, answer)| answer.body.as_ref()));
        let thinned: Vec<String> = single
            .iter()
            .filter_map(|(id, answer)| Some(format!("{id}: {}", answer.header("causeway-thinned")?)))
            .collect();
        let mut answer = match packed.is_empty() {
            true => Answer::no_content(),
            false => Answer::packed(MVT, packed),
        }
        .for_ever(names_revisions);
        if single.iter().any(|(_, answer)| answer.cache == CacheFor::Nothing) {
            answer.cache = CacheFor::Nothing;
        }
        Ok(if thinned.is_empty() { answer } else { answer.with_header("causeway-thinned", thinned.join("; ")) })
    };
    app.cache.get_or_make(format!("tiles|{}", keys.join("|")), make).await
}
