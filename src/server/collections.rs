//! `/collections`, one collection, and suggestions as people type.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::boxes::parse_bbox;
use super::catalogue::interval;
use super::fault::Refused;
use super::filter_parameters;
use super::items_request::offset;
use super::landing::{link, self_links};
use super::pages;
use super::places::{self, Place};
use super::problem::Problem;
use super::request::Parameters;
use super::routes::{Context, Reply};
use super::snapshot::{LiveLayer, Snapshot};
use super::state::App;
use super::within;
use crate::access::Action;
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, GeometryKind, Interval, Language, LayerId, limits};
use crate::catalogue::faces::{Listing, queryables, records};
use crate::catalogue::search::{Facets, Filter, Match, Reason};
use crate::catalogue::{LayerRecord, RemoteRecord};
use crate::crs::System;
use crate::definition::vocabulary;
use crate::formats::{Format, Selection};

pub const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// What narrows and orders the list of layers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ListQuery {
    pub text: String,
    pub theme: Option<String>,
    pub department: Option<String>,
    pub shape: Option<Dimension>,
    pub bbox: Option<BBox>,
    pub datetime: Option<Interval>,
    /// What CQL2 says of records.
    pub condition: crate::filter::Filter,
    /// Box, time and filter as they were given, for links.
    pub given: Vec<(String, String)>,
    pub order: Order,
}

/// How layers stand in a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// What fits best first; without a question, by title.
    #[default]
    Match,
    /// By the date that the department gives its records, newest first.
    Newest,
    Title,
}

impl Order {
    pub const ALL: [Order; 3] = [Order::Match, Order::Newest, Order::Title];

    /// As addresses have it.
    pub fn name(self) -> &'static str {
        match self {
            Order::Match => "match",
            Order::Newest => "newest",
            Order::Title => "title",
        }
    }
}

pub async fn list(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    let query = ListQuery::take(&mut context.parameters)?;
    // The JSON document holds every layer, as OGC 17-069r4 §7.13 asks; the page has pages.
    let offset = match context.ask.wants_html {
        true => context.parameters.take("offset").map(|text| offset(&text)).transpose()?.unwrap_or(0),
        false => 0,
    };
    let filters = filter_parameters::NAMES.join(", ");
    context.finish_parameters(&format!("text, theme, department, shape, bbox, datetime, {filters}, sort, f, lang"))?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    if ask.wants_html {
        let mut listed = search(&snapshot, &query, ask.language);
        if offset == 0 && !query.text.trim().is_empty() {
            look_beside(&context.app, &snapshot, &query, &mut listed).await;
        }
        // The page has a map of them where there are any.
        let districts = context.app.districts(&snapshot).await.ok();
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        if let Some(bbox) = query.bbox {
            let shown = listed.layers.iter().skip(offset).take(pages::RESULTS).map(|(layer, _)| layer);
            listed.within = within::counts(&context.app, &snapshot, shown, bbox).await;
        }
        let page = pages::layers(&ask.frame(), &query, &listed, districts.as_deref(), offset);
        return Ok(Arc::new(Answer::html(page).in_language(ask.language)));
    }
    let is_narrowed = query != ListQuery::default();
    let layers = match is_narrowed {
        true => find(&snapshot, &query, ask.language),
        false => context.app.visible(&snapshot),
    };
    let mut collections: Vec<Value> = layers.iter().map(|layer| collection(layer, &ask.base, ask.language)).collect();
    if !is_narrowed {
        collections.push(super::catalogue::collection_document(&context, &snapshot));
    }
    let href = format!("{}/collections", ask.base);
    let document = json!({
        "links": self_links(&href, "application/json"),
        "numberMatched": collections.len(),
        "numberReturned": collections.len(),
        "collections": collections,
    });
    Ok(Arc::new(Answer::json(&document).in_language(ask.language)))
}

impl ListQuery {
    fn take(parameters: &mut Parameters) -> Result<Self, Problem> {
        let mut given = Vec::new();
        let mut keep = |name: &str, value: &str| given.push((name.to_owned(), value.to_owned()));
        // Forms send what was left empty too.
        let mut take = |name| parameters.take(name).filter(|value| !value.is_empty());
        let (bbox, datetime) = (take("bbox"), take("datetime"));
        if let Some(bbox) = &bbox {
            keep("bbox", bbox);
        }
        if let Some(datetime) = &datetime {
            keep("datetime", datetime);
        }
        let query = ListQuery {
            text: take("text").unwrap_or_default(),
            theme: take("theme"),
            department: take("department"),
            shape: take("shape").map(|name| shape(&name)).transpose()?,
            bbox: bbox.map(|text| parse_bbox(&text)).transpose()?,
            datetime: datetime.map(|text| interval(&text)).transpose()?,
            order: take("sort").map(|name| order(&name)).transpose()?.unwrap_or_default(),
            condition: filter_parameters::take(parameters, queryables::schema(), &System::ALL, keep)?,
            given,
        };
        check_theme(&query)?;
        Ok(query)
    }

    /// The same with another value of a parameter that links repeat, or without it.
    pub fn with_given(&self, name: &str, value: Option<String>) -> Self {
        let mut given = self.given.clone();
        given.retain(|(known, _)| known != name);
        given.extend(value.map(|value| (name.to_owned(), value)));
        ListQuery { given, ..self.clone() }
    }
}

fn check_theme(query: &ListQuery) -> Result<(), Problem> {
    match &query.theme {
        Some(theme) if vocabulary::theme(theme).is_none() => {
            let known: Vec<&str> = vocabulary::themes().iter().map(|theme| theme.id.as_str()).collect();
            Err(not_one_of("theme", theme, &known))
        }
        _ => Ok(()),
    }
}

fn shape(name: &str) -> Result<Dimension, Problem> {
    Dimension::SHAPES
        .into_iter()
        .find(|shape| shape.as_str() == name)
        .ok_or_else(|| not_one_of("shape", name, &Dimension::SHAPES.map(Dimension::as_str)))
}

fn order(name: &str) -> Result<Order, Problem> {
    Order::ALL
        .into_iter()
        .find(|order| order.name() == name)
        .ok_or_else(|| not_one_of("sort", name, &Order::ALL.map(Order::name)))
}

fn not_one_of(name: &'static str, value: &str, accepted: &[&str]) -> Problem {
    Refused::NotOneOf { name, value: value.to_owned(), accepted: accepted.join(", ") }.into()
}

/// Layers that fit, in the asked order.
pub fn find(snapshot: &Snapshot, query: &ListQuery, language: Language) -> Vec<Arc<LiveLayer>> {
    search(snapshot, query, language).layers.into_iter().map(|(layer, _)| layer).collect()
}

/// What a list shows: layers, each with the word it was found by where that is not the typed one,
/// and how they divide.
#[derive(Default)]
pub struct Listed {
    pub layers: Vec<(Arc<LiveLayer>, Option<Arc<Reason>>)>,
    /// How many of them, the first, have all that was asked for; the rest have parts of it.
    pub whole: usize,
    pub facets: Facets,
    /// Features that the words name, best first: links to the map stand with the first page.
    pub places: Vec<Place>,
    /// What other catalogues have, best first, each with the host and the page that it leads to.
    pub elsewhere: Vec<Arc<RemoteRecord>>,
    /// Features in the box that was asked for, of layers that the page shows.
    pub within: HashMap<LayerId, u64>,
}

pub fn search(snapshot: &Snapshot, query: &ListQuery, language: Language) -> Listed {
    let filter = Filter {
        theme: query.theme.clone(),
        department: query.department.clone(),
        shape: query.shape,
        bbox: query.bbox,
        datetime: query.datetime,
        ..Filter::default()
    };
    let is_chosen = |record: &LayerRecord| queryables::chooses(&query.condition, record, language);
    let found = snapshot.index.search_among(&query.text, &filter, language, is_chosen);
    let live = |found: &Match| Some((Arc::clone(snapshot.layer(&found.record.id)?), found.reason.clone()));
    let mut layers: Vec<_> = found.matches.iter().filter_map(live).collect();
    let whole = found.whole.min(layers.len());
    let (with_all, with_parts) = layers.split_at_mut(whole);
    put_in_order(with_all, query.order, language);
    put_in_order(with_parts, query.order, language);
    Listed { layers, whole, facets: found.facets, ..Listed::default() }
}

fn put_in_order(layers: &mut [(Arc<LiveLayer>, Option<Arc<Reason>>)], order: Order, language: Language) {
    match order {
        Order::Match => {}
        Order::Newest => {
            layers.sort_by_key(|(layer, _)| std::cmp::Reverse((layer.record.data_as_at, layer.record.published)));
        }
        Order::Title => layers.sort_by(|(a, _), (b, _)| {
            let title = |layer: &LiveLayer| layer.record.title.get(language).to_lowercase();
            title(a).cmp(&title(b))
        }),
    }
}

/// Adds what the words find beside layers; where they find nothing at all it is counted.
async fn look_beside(app: &Arc<App>, snapshot: &Snapshot, query: &ListQuery, listed: &mut Listed) {
    const PLACES: u32 = 6;
    listed.elsewhere = snapshot.elsewhere.search(&query.text, query.bbox.as_ref());
    listed.places = places::beside(app, snapshot, &query.text, PLACES, limits::PLACES_TIME).await;
    if listed.layers.is_empty() && listed.places.is_empty() && listed.elsewhere.is_empty() {
        app.empty_searches.note(&query.text);
    }
}

pub async fn suggest(mut context: Context) -> Reply {
    const ROWS: usize = 6;
    const PLACES: u32 = 4;
    context.parameters.take("lang");
    let text = context.parameters.take("q").unwrap_or_default();
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let query = ListQuery { text, ..ListQuery::default() };
    let layers = match query.text.trim().is_empty() {
        true => Vec::new(),
        false => find(&snapshot, &query, ask.language),
    };
    let mut rows: Vec<Value> = layers
        .iter()
        .take(ROWS)
        .map(|layer| {
            json!({
                "kind": "layer",
                "id": layer.record.id,
                "title": layer.record.title.get(ask.language),
                "department": layer.record.department.name.get(ask.language),
            })
        })
        .collect();
    let time = limits::SUGGESTED_PLACES_TIME;
    let places = places::beside(&context.app, &snapshot, &query.text, PLACES, time).await;
    rows.extend(places.iter().map(|place| place.suggestion(ask.language)));
    Ok(Arc::new(Answer::json(&Value::Array(rows)).in_language(ask.language)))
}

pub async fn one(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let snapshot = context.app.snapshot();
    let (layer, _) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFacts)?;
    let ask = &context.ask;
    if ask.wants_html {
        let districts = crate::styles::BASE_LAYER.parse().ok().and_then(|id| snapshot.layer(&id));
        let kept = context.app.kept_revisions(&layer).await?;
        let kinds = context.app.extracts.kinds(&layer.record, &Selection::default());
        let districts = districts.map(|districts| districts.record.as_ref());
        let page = pages::layer(&ask.frame(), &layer, districts, &kept, &kinds);
        return Ok(Arc::new(Answer::html(page).in_language(ask.language)));
    }
    let document = collection(&layer, &ask.base, ask.language);
    Ok(Arc::new(Answer::json(&document).in_language(ask.language)))
}

/// One collection, equal in the list and alone. OGC 17-069r4 §7.14.
pub fn collection(layer: &LiveLayer, base: &str, language: Language) -> Value {
    let record = layer.record.as_ref();
    let here = format!("{base}/collections/{}", record.id);
    let mut links = self_links(&here, "application/json");
    links.extend([
        // GDAL puts a feature's id behind this very address, so it has no query.
        link(format!("{here}/items"), "items", Format::GeoJson.media_type(), "Features as GeoJSON"),
        link(format!("{here}/items?f=html"), "items", "text/html", "Features as a table"),
        link(
            format!("{here}/queryables"),
            "http://www.opengis.net/def/rel/ogc/1.0/queryables",
            "application/schema+json",
            "Fields that can be asked for",
        ),
        link(
            format!("{here}/sortables"),
            "http://www.opengis.net/def/rel/ogc/1.0/sortables",
            "application/schema+json",
            "Fields that can be sorted by",
        ),
        link(
            format!("{here}/schema"),
            "http://www.opengis.net/def/rel/ogc/1.0/schema",
            "application/schema+json",
            "What a feature looks like",
        ),
    ]);
    let others = Format::ALL.into_iter().filter(|format| *format != Format::GeoJson);
    links.extend(
        others.map(|format| {
            link(format!("{here}/items?f={}", format.name()), "items", format.media_type(), format.title())
        }),
    );
    if record.schema.geometry != GeometryKind::None {
        links.extend([
            link(
                format!("{here}/tiles"),
                "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector",
                "application/json",
                "Vector tiles",
            ),
            link(
                format!("{base}/styles/{}", record.id),
                "stylesheet",
                "application/vnd.mapbox.style+json",
                "MapLibre style",
            ),
        ]);
    }
    links.extend(records::enclosures(&Listing { record, base, downloads: layer.files() }, language));
    if !record.licence.address.is_empty() {
        links.push(link(record.licence.address.clone(), "license", "text/html", record.licence.title.get(language)));
    }
    let mut document = json!({
        "id": record.id,
        "title": record.title.get(language),
        "description": record.abstract_text.get(language),
        "keywords": record.keywords.get(language),
        "attribution": record.credit.get(language),
        "extent": extent(record),
        "itemType": "feature",
        "crs": record.systems().into_iter().map(System::uri).collect::<Vec<_>>(),
        "storageCrs": CRS84,
        "revision": record.revision,
        "updated": record.published,
        "links": links,
    });
    if record.schema.geometry == GeometryKind::None
        && let Some(members) = document.as_object_mut()
    {
        members.remove("crs");
        members.remove("storageCrs");
    }
    document
}

fn extent(record: &LayerRecord) -> Value {
    let mut extent = Map::new();
    if let Some(bbox) = record.extent {
        extent.insert("spatial".to_owned(), json!({ "bbox": [bbox], "crs": CRS84 }));
    }
    let interval = match record.period {
        Some((start, end)) => json!([start, end]),
        None => json!([null, null]),
    };
    extent.insert(
        "temporal".to_owned(),
        json!({ "interval": [interval], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian" }),
    );
    extent.into()
}
