//! MapLibre styles.

use std::sync::Arc;

use serde_json::json;

use super::answer::Answer;
use super::features::{geometry_error, view};
use super::landing::{json_or_twin, link, self_links};
use super::problem::Problem;
use super::request::Ask;
use super::routes::{Context, Reply};
use super::snapshot::LiveLayer;
use super::state::App;
use crate::access::{Action, PermittedLayer};
use crate::base::{GeometryKind, Language, Value, limits};
use crate::query::{self, FeatureQuery};
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

/// The style that is the ground alone, for maps that are put together in the browser.
const GROUND: &str = "base-map";

/// One style. For our own pages `base-map=light` or `dark` puts district lines under it, and `first-colour` begins
/// further on among the colours of a style that nobody made by hand.
pub async fn one(mut context: Context) -> Reply {
    context.parameters.take_common(&["json"])?;
    let ground = match context.parameters.take("base-map").as_deref() {
        None | Some("none") => None,
        Some("light") => Some(room::Scheme::Light),
        Some("dark") => Some(room::Scheme::Dark),
        Some(other) => {
            let value = crate::base::ids::cut(other);
            return Err(Problem::bad_request(format!(
                "base-map=\"{value}\" is not offered; accepted are light, dark, none"
            )));
        }
    };
    let first_colour = match context.parameters.take("first-colour") {
        Some(text) => first_colour(&text)?,
        None => 0,
    };
    context.finish_parameters("base-map, first-colour, f, lang")?;
    let snapshot = context.app.snapshot();
    let layer = match context.place("style").trim_end_matches(".json") {
        GROUND => None,
        name => Some(context.app.permitted(&snapshot, name, Action::ReadTiles)?.0),
    };
    let (app, ask) = (Arc::clone(&context.app), context.ask.clone());
    let scheme = match (ground, &layer) {
        (None, Some(layer)) => {
            let mut style = finished(layer, &ask, first_colour);
            // Our own pages, which ask for a ground, draw labels with the fonts of their reader instead.
            style["glyphs"] = format!("{}/fonts/{{fontstack}}/{{range}}.pbf", ask.base).into();
            return Ok(Arc::new(Answer::json(&style).of_type(MEDIA_TYPE).in_language(ask.language)));
        }
        (scheme, _) => scheme.unwrap_or(room::Scheme::Light),
    };
    let districts = context.app.permitted(&snapshot, room::BASE_LAYER, Action::ReadFeatures).ok();
    let revision_of = |layer: Option<&LiveLayer>| layer.map_or("", |layer| layer.record.revision.as_str()).to_owned();
    let revisions = [revision_of(layer.as_deref()), revision_of(districts.as_ref().map(|(layer, _)| layer.as_ref()))];
    let key =
        format!("style|{}|{}|{scheme:?}|{first_colour}|{}", context.place("style"), revisions.join("|"), ask.key());
    context
        .app
        .cache
        .get_or_make(key, async move {
            let style = layer.map_or_else(room::empty, |layer| finished(&layer, &ask, first_colour));
            let ground = match &districts {
                Some((districts, permit)) => Some(room::Districts {
                    record: districts.record.as_ref(),
                    names: district_names(&app, districts, permit, ask.language).await?,
                }),
                None => None,
            };
            let style = room::with_base_map(style, ground.as_ref(), scheme, &ask.base);
            Ok(Answer::json(&style).of_type(MEDIA_TYPE).in_language(ask.language))
        })
        .await
}

fn first_colour(text: &str) -> Result<usize, Problem> {
    let most = room::COLOURS.len() - 1;
    text.parse().ok().filter(|place| *place <= most).ok_or_else(|| {
        Problem::bad_request(format!(
            "first-colour=\"{}\" is not a number from 0 to {most}",
            crate::base::ids::cut(text)
        ))
    })
}

/// The layer's own style, with our address in it.
pub fn finished(layer: &LiveLayer, ask: &Ask, first_colour: usize) -> serde_json::Value {
    let chosen = room::chosen(&layer.style, &layer.record, ask.language, first_colour);
    room::placed(&chosen, &ask.base, &layer.record)
}

/// A point inside each district, with its name.
async fn district_names(
    app: &App,
    districts: &LiveLayer,
    permit: &PermittedLayer,
    language: Language,
) -> Result<Vec<room::DistrictName>, Problem> {
    /// Hong Kong has 18; another layer in their place should not make styles without end.
    const DISTRICTS_MOST: u32 = 100;
    let record = &districts.record;
    let Some(index) = record.display.name.get(language).and_then(|field| record.schema.field_index(field)) else {
        return Ok(Vec::new());
    };
    let query = FeatureQuery::first(DISTRICTS_MOST);
    let names = app
        .pool
        .read(permit, &districts.package, limits::QUERY_TIME, move |package| {
            let mut names = Vec::new();
            let fault = geometry_error(package);
            query::page(package, &query, |row| {
                let view = view(row).map_err(&fault)?;
                if let (Some((lon_deg, lat_deg)), Some(Value::Text(name))) = (view.point, view.values.get(index)) {
                    names.push(room::DistrictName { name: name.clone(), lon_deg, lat_deg });
                }
                Ok(())
            })?;
            Ok(names)
        })
        .await?;
    Ok(names)
}
