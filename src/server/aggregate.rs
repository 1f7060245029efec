//! `/collections/{layer}/aggregate`: counts and sums of features, group by group.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::answer::Answer;
use super::districts::Districts;
use super::features::GEOJSON;
use super::items_request::{ItemsRequest, limit};
use super::landing::{json_or_twin, link};
use super::problem::Problem;
use super::request::Parameters;
use super::revisions::Wanted;
use super::routes::{Context, Reply};
use crate::access::Action;
use crate::base::ids::cut;
use crate::base::{BBox, FieldKind, Language, Schema, Value, limits};
use crate::formats::geojson::push_geometry;
use crate::query::{self, AggregateQuery, GROUPS_MAX, Group, GroupRow, METRICS_MAX, Metric, Statistic};

/// Rows of an answer at most: what a chart or a table can show.
const ROWS_MAX: u32 = 1_000;
/// The cells that show a city: a bit over two kilometres.
const ZOOM_DEFAULT: u8 = 13;
/// Two metres; smaller cells hold one feature each.
const ZOOM_MAX: u8 = 23;
/// Hexagons of three quarters of a square kilometre: a neighbourhood.
const RESOLUTION_DEFAULT: u8 = 8;
/// What says how features look, and so nothing of groups.
const OF_ITEMS_ALONE: [&str; 7] =
    ["crs", "properties", "exclude-properties", "skipGeometry", "sortby", "offset", "cursor"];

/// What is asked beside which features.
struct Asked {
    groups: Vec<Group>,
    metrics: Vec<Metric>,
    limit: u32,
    as_geojson: bool,
    language: Language,
    /// The areas of [`Group::Area`].
    districts: Option<Arc<Districts>>,
}

pub async fn aggregate(mut context: Context) -> Reply {
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFacts)?;
    let wanted = Wanted::take(&mut context.parameters)?;
    let layer = context.app.wanted(&current, &wanted).await?;
    let mut asked = Asked::take(&mut context.parameters, &layer.record.schema, context.ask.language)?;
    if asked.groups.contains(&Group::Area) {
        asked.districts = Some(context.app.districts(&snapshot).await?);
    }
    let parameters = std::mem::take(&mut context.parameters);
    let items = ItemsRequest::read(parameters, &layer, &wanted, &context.ask)?;
    let query = AggregateQuery {
        of: items.query,
        groups: asked.groups.clone(),
        areas: asked.districts.as_ref().map(|districts| Arc::clone(&districts.named.areas)),
        metrics: asked.metrics.clone(),
        limit: asked.limit,
    };
    let key = format!(
        "aggregate|{}|{}|{}|{}|{}|{}|{:?}",
        layer.record.id,
        layer.record.revision,
        asked.districts.as_ref().map_or("", |districts| districts.revision()),
        permit.audience().as_str(),
        context.ask.key(),
        context.ask.path_and_query,
        (&query.groups, &query.metrics)
    );
    let (app, ask) = (Arc::clone(&context.app), Arc::clone(&context.ask));
    let make = async move {
        let (rows, has_more) = app
            .pool
            .read(&permit, &layer.package, limits::QUERY_TIME, move |package| query::aggregate(package, &query))
            .await?;
        let schema = &layer.record.schema;
        let groups: Vec<Json> = match asked.as_geojson {
            true => rows.iter().map(|row| asked.feature(row, schema)).collect(),
            false => rows.iter().map(|row| asked.members(row, schema).into()).collect(),
        };
        let here = format!("{}/collections/{}", ask.base, layer.record.id);
        let links = [
            link(format!("{}{}", ask.base, ask.path_and_query), "self", "application/json", "This document"),
            link(here, "collection", "application/json", "The layer"),
        ];
        let mut document = json!({
            "numberReturned": groups.len(),
            "complete": !has_more,
            "timeStamp": layer.record.published,
            "links": links,
        });
        if asked.as_geojson {
            document["type"] = "FeatureCollection".into();
            document["features"] = groups.into();
            return Ok(Answer::json(&document).of_type(GEOJSON));
        }
        document["groups"] = groups.into();
        Ok(Answer::json(&document))
    };
    let answer = context.app.cache.get_or_make(key, make).await?;
    if !context.ask.wants_html {
        return Ok(answer);
    }
    let document: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(json_or_twin(&context, &document, "Aggregate"))
}

impl Asked {
    fn take(parameters: &mut Parameters, schema: &Schema, language: Language) -> Result<Self, Problem> {
        let zoom = taken(parameters, "zoom", ZOOM_MAX)?.unwrap_or(ZOOM_DEFAULT);
        let resolution = taken(parameters, "resolution", query::RESOLUTION_MAX)?.unwrap_or(RESOLUTION_DEFAULT);
        let on_ground =
            [("grid", Group::Cell { zoom }), ("h3", Group::Hexagon { resolution }), ("district", Group::Area)];
        let groups = parameters.take("group").unwrap_or_default();
        let metrics = parameters.take("metrics").unwrap_or_default();
        let rows = parameters.take("limit").map_or(Ok(ROWS_MAX), |text| limit(&text))?;
        let as_geojson = match parameters.take("f").as_deref() {
            None | Some("json" | "html") => false,
            Some("geojson") => true,
            Some(other) => {
                let other = cut(other);
                return Err(Problem::bad_request(format!(
                    "f=\"{other}\" is not offered here; accepted are json, geojson, html"
                )));
            }
        };
        for name in OF_ITEMS_ALONE {
            if parameters.take(name).is_some() {
                return Err(Problem::bad_request(format!(
                    "{name} says nothing of groups; accepted are group, metrics, zoom, resolution, limit, and what narrows items"
                )));
            }
        }
        let groups: Vec<Group> =
            parted(&groups).map(|name| group(name, &on_ground, schema)).collect::<Result<_, _>>()?;
        let mut metrics: Vec<Metric> = parted(&metrics).map(|text| metric(text, schema)).collect::<Result<_, _>>()?;
        if metrics.is_empty() {
            metrics.push(Metric::Count);
        }
        if groups.len() > GROUPS_MAX || metrics.len() > METRICS_MAX {
            return Err(Problem::bad_request(format!(
                "at most {GROUPS_MAX} groups and {METRICS_MAX} metrics are told at once"
            )));
        }
        Ok(Asked { groups, metrics, limit: rows.min(ROWS_MAX), as_geojson, language, districts: None })
    }

    /// A group as an object: what it was put together by, then its metrics, each by the name it was
    /// asked by.
    fn members(&self, row: &GroupRow, schema: &Schema) -> Map<String, Json> {
        let field = |place: usize| schema.fields[place].name.clone();
        let keys = self.groups.iter().zip(&row.key).flat_map(|(group, value)| match group {
            Group::Field(place) => vec![(field(*place), of_kind(value, schema.fields[*place].kind))],
            Group::Cell { .. } => vec![("grid".to_owned(), plain(value))],
            Group::Hexagon { .. } => vec![("h3".to_owned(), plain(value))],
            Group::Area => self.district(value),
        });
        let metrics = self.metrics.iter().zip(&row.metrics).map(|(metric, value)| match metric {
            Metric::Count => ("count".to_owned(), plain(value)),
            Metric::Of(statistic, place) => (format!("{}({})", statistic.name(), field(*place)), plain(value)),
        });
        keys.chain(metrics).collect()
    }

    /// A district by its name and the id of its feature; both null where a feature lies in none.
    fn district(&self, value: &Value) -> Vec<(String, Json)> {
        let found = area_of(value).zip(self.districts.as_ref());
        let name = found.and_then(|(area, districts)| districts.name(area, self.language));
        let id = found.and_then(|(area, districts)| districts.id(area)).map(|id| id.get());
        vec![("district".to_owned(), name.into()), ("district_id".to_owned(), id.into())]
    }

    /// The same as a feature: the ground of the group is its geometry.
    fn feature(&self, row: &GroupRow, schema: &Schema) -> Json {
        let ground = self.groups.iter().zip(&row.key).find_map(|(group, value)| self.ground(*group, value));
        json!({
            "type": "Feature",
            "geometry": ground,
            "properties": self.members(row, schema),
        })
    }

    fn ground(&self, group: Group, value: &Value) -> Option<Json> {
        match (group, value) {
            (Group::Cell { .. }, Value::Text(cell)) => query::cell_box(cell).map(|bbox| outline(&bbox)),
            (Group::Hexagon { .. }, Value::Text(cell)) => {
                let ring = query::hexagon_ring(cell)?;
                Some(json!({ "type": "Polygon", "coordinates": [ring] }))
            }
            (Group::Area, value) => {
                /// A metre, for outlines that are coloured.
                const DECIMALS: u32 = 5;
                let shape = self.districts.as_ref()?.named.areas.shape(area_of(value)?)?;
                let mut written = Vec::new();
                push_geometry(shape, DECIMALS, &mut written);
                serde_json::from_slice(&written).ok()
            }
            _ => None,
        }
    }
}

fn area_of(value: &Value) -> Option<usize> {
    match value {
        Value::Integer(number) => usize::try_from(*number).ok(),
        _ => None,
    }
}

fn outline(bbox: &BBox) -> Json {
    let [west, south, east, north] = bbox.to_array();
    json!({
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    })
}

/// SQLite has no truth values: they come out of a group as 0 and 1.
fn of_kind(value: &Value, kind: FieldKind) -> Json {
    match value {
        Value::Integer(number) if kind == FieldKind::Boolean => (*number != 0).into(),
        value => plain(value),
    }
}

fn plain(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Boolean(truth) => (*truth).into(),
        Value::Text(text) => text.as_str().into(),
    }
}

fn parted(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').filter(|part| !part.is_empty())
}

/// A whole number of one byte that a parameter holds.
fn taken(parameters: &mut Parameters, name: &str, most: u8) -> Result<Option<u8>, Problem> {
    let Some(text) = parameters.take(name) else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number <= most);
    let wrong = || Problem::bad_request(format!("{name}=\"{}\" is not a whole number from 0 to {most}", cut(&text)));
    number.map(Some).ok_or_else(wrong)
}

/// A field, or a way to divide the ground, where no field is called so.
fn group(name: &str, on_ground: &[(&str, Group)], schema: &Schema) -> Result<Group, Problem> {
    let field = schema.field_index(name).map(Group::Field);
    let ground = || on_ground.iter().find(|(known, _)| *known == name).map(|(_, group)| *group);
    field.or_else(ground).ok_or_else(|| no_field("group", name, schema))
}

/// `count`, or a statistic of a field: `sum(Area)`.
fn metric(text: &str, schema: &Schema) -> Result<Metric, Problem> {
    if text == "count" {
        return Ok(Metric::Count);
    }
    let wrong = || {
        let names = Statistic::ALL.map(Statistic::name).join(", ");
        Problem::bad_request(format!(
            "metrics: \"{}\" is neither count nor one of {names} with a field in brackets",
            cut(text)
        ))
    };
    let (name, field) = text.strip_suffix(')').and_then(|text| text.split_once('(')).ok_or_else(wrong)?;
    let statistic = Statistic::ALL.into_iter().find(|statistic| statistic.name() == name).ok_or_else(wrong)?;
    let place = schema.field_index(field).ok_or_else(|| no_field("metrics", field, schema))?;
    let kind = schema.fields[place].kind;
    match statistic.takes(kind) {
        true => Ok(Metric::Of(statistic, place)),
        false => Err(Problem::bad_request(format!(
            "metrics: {name} has no meaning for {}, which is {}",
            cut(field),
            kind.as_str()
        ))),
    }
}

fn no_field(parameter: &str, name: &str, schema: &Schema) -> Problem {
    let known: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    let cells = if parameter == "group" { ", and grid, h3, district" } else { "" };
    Problem::bad_request(format!(
        "{parameter}: there is no field \"{}\"; there are {}{cells}",
        cut(name),
        known.join(", ")
    ))
}
