//! One style of everything that the catalogue holds.

use std::sync::Arc;

use super::{CATALOGUE, glyphs, on_ground};
use crate::access::Action;
use crate::base::{GeometryKind, Grid};
use crate::server::landing::title;
use crate::server::pictures::with_sprite;
use crate::server::problem::Problem;
use crate::server::routes::{Context, Reply};
use crate::server::snapshot::LiveLayer;
use crate::styles as room;

/// Layers of one style. A client that opens a style of more would read megabytes for layers that nobody turns on.
const LAYERS_MAX: usize = 500;

/// `/styles/catalogue`: the ground and over it every layer that anybody may read, none of them shown.
pub(super) async fn style(context: &Context, media_type: &'static str, scheme: room::Scheme) -> Reply {
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let layers = open_layers(context);
    let sheets: Vec<room::Sheet<'_>> = layers
        .iter()
        .take(LAYERS_MAX)
        .enumerate()
        .map(|(place, layer)| room::Sheet {
            record: &layer.record,
            // Layers that are turned on together should differ.
            style: super::finished(layer, ask, place % room::COLOURS.len()),
        })
        .collect();
    let mut style = room::catalogue(sheets, &ask.base, ask.language, title(ask.language));
    style["metadata"]["causeway:left-out"] = layers.len().saturating_sub(LAYERS_MAX).into();
    style["glyphs"] = glyphs(&ask.base);
    style["sprite"] = format!("{}/sprites/icons", ask.base).into();
    with_sprite(&mut style, &ask.base).await?;
    let key = format!("{CATALOGUE}|{}", snapshot.digest);
    on_ground(context, media_type, &key, style, scheme).await
}

/// Layers of the catalogue with tiles that the public may read, in order of id.
pub(super) fn open_layers(context: &Context) -> Vec<Arc<LiveLayer>> {
    let snapshot = context.app.snapshot();
    let is_drawn = |layer: &Arc<LiveLayer>| {
        let record = &layer.record;
        let permitted: Result<_, Problem> = context.app.permitted(&snapshot, record.id.as_str(), Action::ReadTiles);
        record.schema.geometry != GeometryKind::None
            && permitted.is_ok()
            && super::super::tiles::check_offered(layer, Grid::WebMercatorQuad).is_ok()
    };
    context.app.catalogued(&snapshot).into_iter().filter(is_drawn).collect()
}
