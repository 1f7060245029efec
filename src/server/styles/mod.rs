//! MapLibre styles, and OGC API Styles (draft 20-009) over them: their list, each one, and what there is to know of it.

mod catalogue;
mod documents;

use std::sync::Arc;

use serde_json::Value as Json;

use super::answer::Answer;
use super::features::{geometry_error, view};
use super::landing::json_or_twin;
use super::pictures::with_sprite;
use super::problem::Problem;
use super::request::Ask;
use super::routes::{Context, Reply};
use super::snapshot::LiveLayer;
use super::state::App;
use crate::access::{Action, PermittedLayer};
use crate::base::{Language, Value, limits};
use crate::query::{self, FeatureQuery};
use crate::styles as room;

pub use documents::{list, metadata};

/// Of a stylesheet, OGC 20-009 §9.
const MEDIA_TYPE: &str = "application/vnd.mapbox.style+json";

/// The style that is the ground alone, for maps that are put together in the browser.
const GROUND: &str = "base-map";

/// The style of everything in the catalogue.
const CATALOGUE: &str = "catalogue";

/// The media type that is asked for by `f`, else by `Accept`, else the one that stylesheets are usually sent as.
fn media_type(context: &Context, format: Option<&str>) -> &'static str {
    match (format, context.ask.leading_type.as_str()) {
        (Some("json"), _) | (None, "application/json") => "application/json",
        _ => MEDIA_TYPE,
    }
}

fn dressed(context: &Context, media_type: &'static str, style: &Json) -> Arc<Answer> {
    let ask = &context.ask;
    match ask.wants_html {
        true => json_or_twin(context, style, style["name"].as_str().unwrap_or(GROUND)),
        false => Arc::new(Answer::json(style).of_type(media_type).in_language(ask.language)),
    }
}

/// One style. For our own pages `base-map=light` or `dark` puts district lines under it, and `first-colour` begins
/// further on among the colours of a style that nobody made by hand.
pub async fn one(mut context: Context) -> Reply {
    let format = context.parameters.take_common(&["mapbox", "json", "html"])?;
    let media_type = media_type(&context, format.as_deref());
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
    let name = context.place("style").trim_end_matches(".json").to_owned();
    if name == CATALOGUE {
        return catalogue::style(&context, media_type, ground.unwrap_or(room::Scheme::Light)).await;
    }
    let layer = match name.as_str() {
        GROUND => None,
        name => Some(context.app.permitted(&snapshot, name, Action::ReadTiles)?.0),
    };
    let scheme = match (ground, &layer) {
        (None, Some(layer)) => {
            let mut style = finished(layer, &context.ask, first_colour);
            with_sprite(&mut style, &context.ask.base).await?;
            // Our own pages, which ask for a ground, draw labels with the fonts of their reader instead.
            style["glyphs"] = glyphs(&context.ask.base);
            return Ok(dressed(&context, media_type, &style));
        }
        (scheme, _) => scheme.unwrap_or(room::Scheme::Light),
    };
    let revision = layer.as_ref().map_or("", |layer| layer.record.revision.as_str());
    let key = format!("{name}|{revision}|{first_colour}");
    let ask = Arc::clone(&context.ask);
    let style = move || layer.map_or_else(room::empty, |layer| finished(&layer, &ask, first_colour));
    on_ground(&context, media_type, &key, style, scheme).await
}

fn glyphs(base: &str) -> Json {
    format!("{base}/fonts/{{fontstack}}/{{range}}.pbf").into()
}

/// A style with the ground under it, made once for what `key` names.
async fn on_ground(
    context: &Context,
    media_type: &'static str,
    key: &str,
    style: impl FnOnce() -> Json + Send + 'static,
    scheme: room::Scheme,
) -> Reply {
    let snapshot = context.app.snapshot();
    let districts = context.app.permitted(&snapshot, room::BASE_LAYER, Action::ReadFeatures).ok();
    let revision = districts.as_ref().map_or("", |(layer, _)| layer.record.revision.as_str());
    let (app, ask) = (Arc::clone(&context.app), Arc::clone(&context.ask));
    let key = format!("style|{key}|{revision}|{scheme:?}|{}|{}|{media_type}", ask.base, ask.language.tag());
    let made = async move {
        let ground = match &districts {
            Some((districts, permit)) => Some(room::Districts {
                record: districts.record.as_ref(),
                names: district_names(&app, districts, permit, ask.language).await?,
            }),
            None => None,
        };
        let mut style = style();
        with_sprite(&mut style, &ask.base).await?;
        let style = room::with_base_map(style, ground.as_ref(), scheme, &ask.base);
        Ok(Answer::json(&style).of_type(media_type).in_language(ask.language))
    };
    let made = context.app.cache.get_or_make(key, made).await?;
    if !context.ask.wants_html {
        return Ok(made);
    }
    let style = serde_json::from_slice(&made.body).map_err(|_| Problem::internal("the style is not JSON"))?;
    Ok(dressed(context, media_type, &style))
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
