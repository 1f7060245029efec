//! One style of everything that the catalogue holds.

use std::sync::Arc;

use serde_json::Value as Json;

use super::{CATALOGUE, finished, glyphs, on_ground};
use crate::access::Action;
use crate::base::{GeometryKind, Grid};
use crate::server::landing::title;
use crate::server::request::Ask;
use crate::server::routes::{Context, Reply};
use crate::server::snapshot::{LiveLayer, Snapshot};
use crate::server::state::App;
use crate::server::tiles::check_offered;
use crate::styles as room;

/// Layers of one style. A client that opens a style of more would read megabytes for layers that nobody turns on.
const LAYERS_MAX: usize = 500;

/// `/styles/catalogue`: the ground and over it every layer that anybody may read, none of them shown.
pub(super) async fn style(context: &Context, media_type: &'static str, scheme: room::Scheme) -> Reply {
    let (app, ask, snapshot) = (Arc::clone(&context.app), Arc::clone(&context.ask), context.app.snapshot());
    let key = format!("{CATALOGUE}|{}", snapshot.digest);
    let style = move || whole(&open_layers(&app, &snapshot), &ask);
    on_ground(context, media_type, &key, style, scheme).await
}

fn whole(layers: &[Arc<LiveLayer>], ask: &Ask) -> Json {
    let shown = layers.iter().take(LAYERS_MAX).enumerate();
    let sheets = shown.map(|(place, layer)| room::Sheet {
        record: &layer.record,
        // Layers that are turned on together should differ.
        style: finished(layer, ask, place % room::COLOURS.len()),
    });
    let mut style = room::catalogue(sheets.collect(), &ask.base, ask.language, title(ask.language));
    style["metadata"]["causeway:left-out"] = layers.len().saturating_sub(LAYERS_MAX).into();
    style["glyphs"] = glyphs(&ask.base);
    style["sprite"] = format!("{}/sprites/icons", ask.base).into();
    style
}

/// Layers of the catalogue with tiles that the public may read, in order of id.
pub(super) fn open_layers(app: &App, snapshot: &Snapshot) -> Vec<Arc<LiveLayer>> {
    let is_drawn = |layer: &Arc<LiveLayer>| {
        layer.record.schema.geometry != GeometryKind::None
            && app.permitted(snapshot, layer.record.id.as_str(), Action::ReadTiles).is_ok()
            && check_offered(layer, Grid::WebMercatorQuad).is_ok()
    };
    app.catalogued(snapshot).into_iter().filter(is_drawn).collect()
}
