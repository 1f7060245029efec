//! Features by their names, over many layers at once: `/places`, and the places among suggestions and
//! beside the layers that a question finds.
//!
//! Each layer's own index of words is asked, so that nothing is kept in memory and a layer of ten million
//! features costs what its answer does. A few layers are asked at a time, and all of them together have
//! one deadline; what it cut off is said.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::boxes::parse_bbox;
use super::catalogue::whole;
use super::landing::{json_or_twin, link};
use super::problem::Problem;
use super::request::encode;
use super::routes::{Context, Reply};
use super::snapshot::{LiveLayer, Snapshot};
use super::state::App;
use crate::access::{Action, PermittedLayer};
use crate::base::{BBox, FeatureId, GeometryKind, Language, Trilingual, limits};
use crate::catalogue::LayerRecord;
use crate::crs;
use crate::definition::simplified;
use crate::query::{self, FeatureQuery, Fit, Located, WordSearch};
use crate::words::normal;

/// A feature that has a name and stands somewhere.
#[derive(Clone, Debug)]
pub struct Place {
    pub layer: Arc<LiveLayer>,
    pub id: FeatureId,
    pub name: Trilingual,
    pub address: Trilingual,
    pub extent: BBox,
    rank: Rank,
}

/// What is better stands first: the words that are the name, then names that hold them, then the shorter name.
type Rank = (bool, bool, Fit, usize);

/// What is looked for.
#[derive(Clone, Debug, Default)]
pub struct PlaceQuestion {
    pub text: String,
    /// Only in these layers.
    pub layers: Option<Vec<String>>,
    pub bbox: Option<BBox>,
    pub limit: u32,
    /// For all layers together.
    pub time: Duration,
}

/// Places, best first.
#[derive(Clone, Debug, Default)]
pub struct Places {
    pub found: Vec<Place>,
    /// Whether every layer answered in time.
    pub is_complete: bool,
}

impl Place {
    fn of(layer: &Arc<LiveLayer>, located: Located, asked: &str) -> Option<Self> {
        let record = &layer.record;
        let text = |field: Option<usize>| match field.and_then(|field| located.values.get(field)) {
            Some(crate::base::Value::Text(text)) => text.trim().to_owned(),
            _ => String::new(),
        };
        let name_field = |language| record.display.name.get(language).and_then(|name| record.schema.field_index(name));
        let name = pair(text(name_field(Language::En)), text(name_field(Language::ZhHant)));
        let held = [&name.en, &name.zh_hant].map(|name| normal(name));
        let best = held.iter().filter(|name| name.contains(asked)).map(|name| name.chars().count()).min();
        let is_name = located.hit.fit == Fit::Name || held.iter().any(|name| name == asked);
        let shortest = held.iter().filter(|name| !name.is_empty()).map(|name| name.chars().count()).min();
        Some(Place {
            address: pair(text(address_field(record, Language::En)), text(address_field(record, Language::ZhHant))),
            rank: (!is_name, best.is_none(), located.hit.fit, best.or(shortest)?),
            layer: Arc::clone(layer),
            id: located.hit.id,
            name,
            extent: located.extent,
        })
    }

    /// Longitude and latitude of the middle of it.
    pub fn centre(&self) -> (f64, f64) {
        let (lon_deg, lat_deg) = self.extent.centre();
        (rounded(lon_deg, 1e7), rounded(lat_deg, 1e7))
    }

    /// The map with the layer, the feature chosen, at a scale that shows it.
    pub fn map_path(&self) -> String {
        let (lon_deg, lat_deg) = self.centre();
        let zoom = self.zoom();
        let id = &self.layer.record.id;
        format!("/map?layers={id}&sel={id}/{}#{zoom}/{lat_deg:.5}/{lon_deg:.5}", self.id)
    }

    /// The closest zoom, to that of streets, at which the whole of it is in sight.
    pub fn zoom(&self) -> u32 {
        const STREETS: u32 = 16;
        const LEAST: u32 = 8;
        let width_deg =
            (self.extent.east_deg - self.extent.west_deg).max(self.extent.north_deg - self.extent.south_deg);
        let fits = |zoom: &u32| width_deg <= 360.0 / f64::from(1u32 << zoom);
        (LEAST..=STREETS).rev().find(fits).unwrap_or(LEAST)
    }

    /// In the shape of the Lands Department's location search, with what leads to the feature beside it.
    fn row(&self, base: &str, language: Language) -> Value {
        let (lon_deg, lat_deg) = self.centre();
        let grid =
            crs::to_hk1980_grid(lon_deg, lat_deg).map(|(east, north)| (rounded(east, 10.0), rounded(north, 10.0)));
        let record = &self.layer.record;
        json!({
            "nameEN": self.name.en,
            "nameZH": self.name.zh_hant,
            "addressEN": self.address.en,
            "addressZH": self.address.zh_hant,
            "x": grid.map(|(easting_m, _)| easting_m),
            "y": grid.map(|(_, northing_m)| northing_m),
            "lon": lon_deg,
            "lat": lat_deg,
            "layer": record.id,
            "layerTitle": record.title.get(language),
            "id": self.id.get(),
            "href": format!("{base}/collections/{}/items/{}", record.id, self.id),
            "map": format!("{base}{}", self.map_path()),
        })
    }

    /// A row of suggestions.
    pub fn suggestion(&self, language: Language) -> Value {
        let (lon_deg, lat_deg) = self.centre();
        json!({
            "kind": "place",
            "id": self.id.get(),
            "title": self.name.get(language),
            "layer": self.layer.record.id,
            "layerTitle": self.layer.record.title.get(language),
            "lon": lon_deg,
            "lat": lat_deg,
            "zoom": self.zoom(),
            "map": self.map_path(),
        })
    }

    fn feature(&self, base: &str, language: Language) -> Value {
        let (lon_deg, lat_deg) = self.centre();
        let mut properties = self.row(base, language);
        if let Some(members) = properties.as_object_mut() {
            members.shift_insert(0, "name".to_owned(), self.name.get(language).into());
            members.shift_remove("lon");
            members.shift_remove("lat");
        }
        json!({
            "type": "Feature",
            "id": format!("{}/{}", self.layer.record.id, self.id),
            "bbox": self.extent,
            "geometry": { "type": "Point", "coordinates": [lon_deg, lat_deg] },
            "properties": properties,
        })
    }
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

/// A text in English and in Chinese. One field that holds both languages' names gives it to both.
fn pair(en: String, zh_hant: String) -> Trilingual {
    let mut text = Trilingual { en, zh_hant, ..Trilingual::default() };
    simplified::complete(&mut text);
    text
}

/// The field that the vocabulary of field names titles as the address in a language.
fn address_field(record: &LayerRecord, language: Language) -> Option<usize> {
    record.schema.fields.iter().position(|field| {
        let title = field.title.en.as_str();
        title == "Address"
            || match language {
                Language::En => title == "Address (English)",
                _ => title == "Address (Chinese)",
            }
    })
}

/// Whether a layer's features are places that people look for by name.
fn has_places(record: &LayerRecord) -> bool {
    let is_searched = |name: &str| record.searched_fields.iter().any(|searched| searched == name);
    record.catalogued && record.schema.geometry != GeometryKind::None && record.display.name.names().any(is_searched)
}

/// The places that a question of layers finds as well.
pub async fn beside(app: &Arc<App>, snapshot: &Snapshot, text: &str, limit: u32, time: Duration) -> Vec<Place> {
    let question = PlaceQuestion { text: text.to_owned(), limit, time, ..PlaceQuestion::default() };
    find(app, snapshot, &question).await.found
}

/// The places that fit best.
pub async fn find(app: &Arc<App>, snapshot: &Snapshot, question: &PlaceQuestion) -> Places {
    let words = WordSearch::read(None, Some(&question.text)).ok().flatten();
    let Some(words) = words.map(|words| words.no_wider_than(Fit::Alike)) else {
        return Places { found: Vec::new(), is_complete: true };
    };
    let query = FeatureQuery { words: Some(words), bbox: question.bbox, ..FeatureQuery::first(question.limit) };
    let asked = normal(&question.text);
    let mut lanes: Vec<Vec<(Arc<LiveLayer>, PermittedLayer)>> =
        (0..limits::PLACES_LAYERS_AT_ONCE).map(|_| Vec::new()).collect();
    for (number, layer) in asked_layers(app, snapshot, question).into_iter().enumerate() {
        if let Some(lane) = lanes.get_mut(number % limits::PLACES_LAYERS_AT_ONCE) {
            lane.push(layer);
        }
    }
    let (sender, mut answers) = mpsc::channel(limits::PLACES_LAYERS_AT_ONCE);
    // Dropped, the set ends what still runs.
    let mut running = JoinSet::new();
    for lane in lanes {
        running.spawn(ask(Arc::clone(app), lane, query.clone(), sender.clone()));
    }
    drop(sender);
    let deadline = Instant::now() + question.time;
    let mut places = Places { found: Vec::new(), is_complete: true };
    loop {
        match timeout_at(deadline, answers.recv()).await {
            Ok(Some(Some((layer, located)))) => {
                places.found.extend(located.into_iter().filter_map(|one| Place::of(&layer, one, &asked)));
            }
            Ok(Some(None)) => places.is_complete = false,
            Ok(None) => break,
            Err(_) => {
                places.is_complete = false;
                break;
            }
        }
    }
    places.found.sort_by(|a, b| {
        let same = || a.layer.record.id.cmp(&b.layer.record.id).then(a.id.get().cmp(&b.id.get()));
        a.rank.cmp(&b.rank).then_with(same)
    });
    places.found.truncate(question.limit as usize);
    places
}

/// Layers of places that the caller may read, each with the leave to.
fn asked_layers(app: &App, snapshot: &Snapshot, question: &PlaceQuestion) -> Vec<(Arc<LiveLayer>, PermittedLayer)> {
    let is_asked = |id: &str| question.layers.as_ref().is_none_or(|layers| layers.iter().any(|named| named == id));
    snapshot
        .layers()
        .filter(|layer| has_places(&layer.record) && is_asked(layer.record.id.as_str()))
        .filter_map(|layer| app.permitted(snapshot, layer.record.id.as_str(), Action::ReadFeatures).ok())
        .collect()
}

type LayerAnswer = Option<(Arc<LiveLayer>, Vec<Located>)>;

/// Asks layers one after the other; a layer that cannot be read answers nothing.
async fn ask(
    app: Arc<App>,
    layers: Vec<(Arc<LiveLayer>, PermittedLayer)>,
    query: FeatureQuery,
    sender: mpsc::Sender<LayerAnswer>,
) {
    for (layer, permit) in layers {
        let query = query.clone();
        let located =
            app.pool.read(&permit, &layer.package, limits::PLACES_TIME, move |package| query::locate(package, &query));
        let answer = match located.await {
            Ok(located) => Some((layer, located)),
            Err(error) => {
                tracing::warn!(layer = %layer.record.id, %error, "not asked for places");
                None
            }
        };
        if sender.send(answer).await.is_err() {
            return;
        }
    }
}

const PARAMETERS: &str = "q, text, layers, bbox, limit, f, lang";

/// `/places`: `q` and `text` mean the same here, what is typed into a box to search for a place.
pub async fn places(mut context: Context) -> Reply {
    let format = context.parameters.take_common(&["json", "geojson", "html"])?;
    let question = take_question(&mut context)?;
    let is_geojson = format.as_deref() == Some("geojson") || (format.is_none() && context.ask.accepts(GEOJSON));
    let snapshot = context.app.snapshot();
    let places = find(&context.app, &snapshot, &question).await;
    if places.found.is_empty() && places.is_complete {
        context.app.empty_searches.note(&question.text);
    }
    let ask = &context.ask;
    if ask.wants_html {
        let document = Value::Array(places.found.iter().map(|place| place.row(&ask.base, ask.language)).collect());
        return Ok(json_or_twin(&context, &document, &question.text));
    }
    let answer = match is_geojson {
        true => Answer::json(&collection(&context, &question, &places)).of_type(GEOJSON),
        false => {
            Answer::json(&Value::Array(places.found.iter().map(|place| place.row(&ask.base, ask.language)).collect()))
        }
    };
    let complete = if places.is_complete { "?1" } else { "?0" };
    Ok(Arc::new(answer.in_language(ask.language).with_header("causeway-complete", complete.to_owned())))
}

const GEOJSON: &str = "application/geo+json";

fn take_question(context: &mut Context) -> Result<PlaceQuestion, Problem> {
    let parameters = &mut context.parameters;
    let (q, text) = (parameters.take("q"), parameters.take("text"));
    let question = PlaceQuestion {
        text: match (q, text) {
            (Some(text), None) | (None, Some(text)) => text,
            (Some(_), Some(_)) => return Err(Problem::bad_request("q and text mean the same here; give one of them")),
            (None, None) => return Err(Problem::bad_request("q says which place is looked for, such as q=天文台")),
        },
        layers: parameters.take("layers").map(|layers| layers.split(',').map(|id| id.trim().to_owned()).collect()),
        bbox: parameters.take("bbox").map(|text| parse_bbox(&text)).transpose()?,
        limit: match parameters.take("limit") {
            Some(text) => {
                u32::try_from(whole("limit", &text, 1, u64::from(limits::PLACES_MAX))?).unwrap_or(limits::PLACES_MAX)
            }
            None => limits::PLACES_DEFAULT,
        },
        time: limits::PLACES_TIME,
    };
    context.finish_parameters(PARAMETERS)?;
    Ok(question)
}

fn collection(context: &Context, question: &PlaceQuestion, places: &Places) -> Value {
    let ask = &context.ask;
    let features: Vec<Value> = places.found.iter().map(|place| place.feature(&ask.base, ask.language)).collect();
    let page = format!("{}/collections?text={}&f=html", ask.base, encode(&question.text));
    json!({
        "type": "FeatureCollection",
        "features": features,
        "numberReturned": places.found.len(),
        "links": [
            link(format!("{}{}", ask.base, ask.path_and_query), "self", GEOJSON, "This document"),
            link(page, "related", "text/html", "Layers that the words find"),
        ],
    })
}
