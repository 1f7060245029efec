//! `/esri/rest/services/{layer}/VectorTileServer`: tiles as ArcGIS names them, in the shape of the
//! Lands Department's own service, and like that in the HK1980 Grid. Clients that take every such
//! service for Web Mercator, as QGIS 3.22 does, find one in the folder [`MERCATOR_FOLDER`].
//! <https://developers.arcgis.com/rest/services-reference/enterprise/vector-tile-service/>

use std::sync::Arc;

use serde_json::{Value, json};

use super::documents::{VERSION, extent, spatial_reference};
use super::request::Form;
use crate::access::Action;
use crate::base::{GeometryKind, Grid, limits};
use crate::crs::System;
use crate::server::answer::Answer;
use crate::server::pictures::with_sprite;
use crate::server::problem::Problem;
use crate::server::routes::{Context, Reply};
use crate::server::snapshot::LiveLayer;
use crate::server::{styles, tiles};
use crate::tiles::grid::{HALF_WORLD_M, HK1980_CELL_M, HK1980_ORIGIN_EASTING_M, HK1980_ORIGIN_NORTHING_M};

/// No layer id has capitals, so no layer hides behind the folder.
pub const MERCATOR_FOLDER: &str = "WebMercator";

/// Which of the two services of a layer is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    Root,
    Mercator,
}

impl Folder {
    /// The grid of the service; at the root the HK1980 Grid, where the layer has it.
    fn grid(self, layer: &LiveLayer) -> Option<Grid> {
        let offered = if layer.record.schema.geometry == GeometryKind::None { vec![] } else { tiles::grids_of(layer) };
        let wanted = match self {
            Folder::Root => [Grid::HongKong1980Grid, Grid::WebMercatorQuad].as_slice(),
            Folder::Mercator => &[Grid::WebMercatorQuad],
        };
        wanted.iter().copied().find(|grid| offered.contains(grid))
    }

    fn name_of(self, layer: &LiveLayer) -> String {
        match self {
            Folder::Root => layer.record.id.to_string(),
            Folder::Mercator => format!("{MERCATOR_FOLDER}/{}", layer.record.id),
        }
    }
}

/// The entry in a list of services, where the layer has one.
pub fn entry(folder: Folder, layer: &LiveLayer, base: &str) -> Option<Value> {
    folder.grid(layer)?;
    let name = folder.name_of(layer);
    let url = format!("{base}/esri/rest/services/{name}/VectorTileServer");
    Some(json!({ "name": name, "type": "VectorTileServer", "url": url }))
}

/// `/esri/rest/services/WebMercator`.
pub async fn folder(mut context: Context) -> Reply {
    let form = Form::take(&mut context.parameters)?;
    let layers = super::visible(&context);
    let services: Vec<Value> =
        layers.iter().filter_map(|layer| entry(Folder::Mercator, layer, &context.ask.base)).collect();
    let document = json!({ "currentVersion": VERSION, "folders": [], "services": services });
    Ok(Arc::new(form.document(&document)))
}

fn asked(context: &Context, folder: Folder) -> Result<(Arc<LiveLayer>, Grid), Problem> {
    let snapshot = context.app.snapshot();
    let (layer, _) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadTiles)?;
    let grid = folder.grid(&layer).ok_or_else(|| {
        Problem::not_found(format!(
            "{id} has no such tiles; what there is stands at /collections/{id}",
            id = layer.record.id
        ))
    })?;
    Ok((layer, grid))
}

pub async fn service(mut context: Context, folder: Folder) -> Reply {
    let form = Form::take(&mut context.parameters)?;
    let (layer, grid) = asked(&context, folder)?;
    let scheme = Scheme::of(grid);
    let record = &layer.record;
    let language = context.ask.language;
    let extent = extent(record.extent, scheme.system)?.document();
    let document = json!({
        "currentVersion": VERSION,
        "name": record.title.get(language),
        "description": record.abstract_text.get(language),
        "copyrightText": record.credit.get(language),
        "capabilities": "TilesOnly",
        "type": "indexedVector",
        "defaultStyles": "resources/styles",
        "tiles": ["tile/{z}/{y}/{x}.pbf"],
        "exportTilesAllowed": false,
        "initialExtent": extent,
        "fullExtent": extent,
        "minScale": scheme.scale(0),
        "maxScale": scheme.scale(limits::ZOOM_MAX),
        "minzoom": 0,
        "maxzoom": limits::ZOOM_MAX,
        "tileInfo": scheme.tile_info(),
        "resourceInfo": {
            "styleVersion": 8,
            "tileCompression": "gzip",
            "cacheInfo": { "storageInfo": { "packetSize": 128, "storageFormat": "compactV2" } },
        },
    });
    Ok(Arc::new(form.document(&document).in_language(language)))
}

/// `/tile/{z}/{y}/{x}.pbf`: the row comes before the column.
pub async fn tile(context: Context, folder: Folder) -> Reply {
    let (layer, grid) = asked(&context, folder)?;
    tiles::esri_tile(context, &layer, grid).await
}

/// `/resources/styles/root.json`: the layer's style over this service's tiles.
pub async fn style(mut context: Context, folder: Folder) -> Reply {
    Form::take(&mut context.parameters)?;
    let (layer, _) = asked(&context, folder)?;
    let mut style = styles::finished(&layer, &context.ask, 0);
    with_sprite(&mut style, &context.ask.base).await?;
    if let Some(sources) = style["sources"].as_object_mut() {
        for source in sources.values_mut().filter(|source| source["type"] == "vector") {
            *source = json!({ "type": "vector", "url": "../../" });
        }
    }
    Ok(Arc::new(Answer::json(&style).in_language(context.ask.language)))
}

/// A grid as ArcGIS describes it.
struct Scheme {
    system: System,
    origin: [f64; 2],
    /// Metres of a pixel of a tile of 512 at zoom 0.
    resolution_m: f64,
}

impl Scheme {
    const TILE_PIXELS: u32 = 512;
    const DPI: f64 = 96.0;
    const INCHES_PER_M: f64 = 39.37;

    fn of(grid: Grid) -> Self {
        match grid {
            Grid::HongKong1980Grid => Scheme {
                system: System::Epsg2326,
                origin: [HK1980_ORIGIN_EASTING_M, HK1980_ORIGIN_NORTHING_M],
                resolution_m: HK1980_CELL_M / 2.0,
            },
            _ => Scheme {
                system: System::Epsg3857,
                origin: [-HALF_WORLD_M, HALF_WORLD_M],
                resolution_m: 2.0 * HALF_WORLD_M / f64::from(Scheme::TILE_PIXELS),
            },
        }
    }

    fn resolution_m(&self, zoom: u8) -> f64 {
        self.resolution_m / f64::from(1u32 << zoom)
    }

    fn scale(&self, zoom: u8) -> f64 {
        self.resolution_m(zoom) * Scheme::DPI * Scheme::INCHES_PER_M
    }

    fn tile_info(&self) -> Value {
        let level = |zoom| json!({ "level": zoom, "resolution": self.resolution_m(zoom), "scale": self.scale(zoom) });
        json!({
            "rows": Scheme::TILE_PIXELS,
            "cols": Scheme::TILE_PIXELS,
            "dpi": Scheme::DPI as u32,
            "format": "pbf",
            "origin": { "x": self.origin[0], "y": self.origin[1] },
            "spatialReference": spatial_reference(self.system),
            "lods": (0..=limits::ZOOM_MAX).map(level).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_those_of_the_lands_departments_service() {
        for (zoom, resolution_m, scale) in
            [(0, 78_271.516_964_020_5, 295_828_763.795_777), (19, 0.149_291_070_9, 564.248_588)]
        {
            let scheme = Scheme::of(Grid::HongKong1980Grid);
            assert!((scheme.resolution_m(zoom) / resolution_m - 1.0).abs() < 1e-9, "{zoom}");
            assert!((scheme.scale(zoom) / scale - 1.0).abs() < 1e-8, "{zoom}: {}", scheme.scale(zoom));
        }
    }
}
