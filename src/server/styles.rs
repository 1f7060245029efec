//! MapLibre styles.

use std::sync::Arc;

use serde_json::json;

use super::answer::Answer;
use super::landing::{json_or_twin, link, self_links};
use super::problem::Problem;
use super::routes::{Context, Reply};
use crate::access::Action;
use crate::base::GeometryKind;
use crate::styles as room;

const MEDIA_TYPE: &str = "application/vnd.mapbox.style+json";

pub async fn list(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let styles: Vec<_> = context
        .app
        .visible(&snapshot)
        .iter()
        .filter(|layer| layer.record.schema.geometry != GeometryKind::None)
        .map(|layer| {
            let record = &layer.record;
            json!({
                "id": record.id,
                "title": record.title.get(ask.language),
                "links": [link(format!("{}/styles/{}", ask.base, record.id), "stylesheet", MEDIA_TYPE, "MapLibre style")],
            })
        })
        .collect();
    let links = self_links(&format!("{}/styles", ask.base), "application/json");
    Ok(json_or_twin(&context, &json!({ "styles": styles, "links": links }), "Styles"))
}

/// One style. `base-map=true` puts district lines under it, for our own pages.
pub async fn one(mut context: Context) -> Reply {
    context.parameters.take_common(&["json"])?;
    let with_ground = match context.parameters.take("base-map").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            let value = crate::base::ids::cut(other);
            return Err(Problem::bad_request(format!("base-map=\"{value}\" is not true or false")));
        }
    };
    context.finish_parameters("base-map, f, lang")?;
    let snapshot = context.app.snapshot();
    let name = context.place("style").trim_end_matches(".json");
    let (layer, _) = context.app.permitted(&snapshot, name, Action::ReadTiles)?;
    let ask = &context.ask;
    let is_derived = layer.style["metadata"]["causeway:derived"] == true;
    let stored = match is_derived {
        true => room::derive_in(&layer.record, ask.language),
        false => layer.style.as_ref().clone(),
    };
    let mut style = room::placed(&stored, &ask.base, &layer.record);
    if with_ground {
        let districts = room::BASE_LAYER.parse().ok().and_then(|id| snapshot.layer(&id));
        style = room::with_base_map(style, districts.map(|layer| layer.record.as_ref()), ask.language, &ask.base);
    }
    Ok(Arc::new(Answer::json(&style).of_type(MEDIA_TYPE).in_language(ask.language)))
}
