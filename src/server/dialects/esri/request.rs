//! The parameters of `query`, read into one [`FeatureQuery`] and what of each feature goes out.

use serde_json::Value;

use super::super::systems::by_wkid;
use super::super::{field_by_name, page_size, whole_number};
use super::statistics::Statistics;
use super::{ObjectId, geometry, where_clause};
use crate::base::ids::cut;
use crate::base::{Interval, Language, Schema, limits};
use crate::catalogue::LayerRecord;
use crate::crs::{AxisOrder, System};
use crate::filter::Filter;
use crate::formats::Selection;
use crate::formats::esri_json::object_id_name;
use crate::query::{Direction, FeatureQuery, Order, Places, Start};
use crate::server::answer::Answer;
use crate::server::problem::Problem;
use crate::server::request::Parameters;

/// The value of `f`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    /// The same for people.
    PrettyJson,
    GeoJson,
}

impl Form {
    pub fn take(parameters: &mut Parameters) -> Result<Self, Problem> {
        match parameters.take_any_case("f").unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "json" => Ok(Form::Json),
            "pjson" => Ok(Form::PrettyJson),
            "geojson" => Ok(Form::GeoJson),
            other => {
                let other = cut(other);
                Err(Problem::bad_request(format!("f=\"{other}\" is not offered; accepted are json, pjson, geojson")))
            }
        }
    }

    /// A small document that is no list of features.
    pub fn document(self, document: &Value) -> Answer {
        match self {
            Form::PrettyJson => Answer::new("application/json", format!("{document:#}").into_bytes()),
            _ => Answer::json(document),
        }
    }
}

/// What of the matches is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    Features,
    Count,
    Ids,
    Extent,
}

#[derive(Debug)]
pub struct QueryRequest {
    pub query: FeatureQuery,
    pub wanted: Wanted,
    /// Groups instead of single features.
    pub statistics: Option<Statistics>,
    pub form: Form,
    pub selection: Selection,
    pub object_id: ObjectId,
    pub with_heights: bool,
    pub language: Language,
}

/// Parameters that change which features are meant and are not offered: to pass over them would be
/// to answer another question.
const REFUSED: [&str; 6] = ["having", "historicMoment", "distance", "relationParam", "fullText", "parameterValues"];

impl QueryRequest {
    pub fn read(mut parameters: Parameters, record: &LayerRecord, language: Language) -> Result<Self, Problem> {
        let parameters = &mut parameters;
        refuse(parameters)?;
        let form = Form::take(parameters)?;
        let wanted = wanted(parameters)?;
        let schema = &record.schema;
        let name = object_id_name(schema);
        let mut query = FeatureQuery::first(limits::PAGE_FEATURES_MAX);
        let in_system = take_system(parameters, "inSR", record)?;
        if let Some(text) = parameters.take_any_case("where") {
            let clause = where_clause::read(&text, schema, &name)?;
            query.places = clause.places;
            if let Some(tree) = clause.condition {
                let filter = Filter::from_tree(&tree, schema, System::Crs84);
                query.filter = filter.map_err(|fault| Problem::bad_request(format!("where: {fault}")))?;
            }
        }
        if let Some(text) = parameters.take_any_case("objectIds") {
            let ids = Places::Among(object_ids(&text)?);
            query.places = Some(where_clause::both(query.places.take(), ids));
        }
        geometry::take(parameters, in_system, record, &mut query)?;
        if let Some(text) = parameters.take_any_case("time") {
            // A layer without times has features of all times.
            query.datetime = time(&text)?.zip(record.time.clone());
        }
        let statistics = Statistics::take(parameters, schema, &name)?;
        query.order = take_order(parameters, schema, &name)?;
        if let Some(text) = parameters.take_any_case("resultOffset") {
            query.start = Start::Offset(whole_number("resultOffset", &text)?);
        }
        if let Some(text) = parameters.take_any_case("resultRecordCount") {
            query.limit = page_size(whole_number("resultRecordCount", &text)?);
        }
        let (fields, goes_out) = take_fields(parameters, schema, &name)?;
        Ok(QueryRequest {
            query,
            wanted,
            statistics,
            form,
            selection: Selection {
                system: take_system(parameters, "outSR", record)?.unwrap_or(System::Epsg4326),
                axis_order: AxisOrder::EastFirst,
                fields,
                skips_geometry: !flag(parameters, "returnGeometry")?.unwrap_or(true),
                ..Selection::default()
            },
            object_id: ObjectId { name, goes_out },
            with_heights: flag(parameters, "returnZ")?.unwrap_or(true),
            language,
        })
    }
}

fn refuse(parameters: &mut Parameters) -> Result<(), Problem> {
    for name in REFUSED {
        let Some(text) = parameters.take_any_case(name) else { continue };
        // A distance of nothing widens nothing.
        if name != "distance" || text.parse::<f64>() != Ok(0.0) {
            return Err(Problem::bad_request(format!("{name} is not offered by this service")));
        }
    }
    Ok(())
}

fn wanted(parameters: &mut Parameters) -> Result<Wanted, Problem> {
    let asked =
        [("returnCountOnly", Wanted::Count), ("returnIdsOnly", Wanted::Ids), ("returnExtentOnly", Wanted::Extent)];
    for (name, wanted) in asked {
        if flag(parameters, name)? == Some(true) {
            return Ok(wanted);
        }
    }
    Ok(Wanted::Features)
}

pub fn flag(parameters: &mut Parameters, name: &str) -> Result<Option<bool>, Problem> {
    let Some(text) = parameters.take_any_case(name) else { return Ok(None) };
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(Some(true)),
        "false" | "0" => Ok(Some(false)),
        _ => Err(Problem::bad_request(format!("{name}=\"{}\" is not true or false", cut(&text)))),
    }
}

fn object_ids(text: &str) -> Result<Vec<i64>, Problem> {
    let ids: Option<Vec<i64>> = text.split(',').map(|id| id.trim().parse().ok()).collect();
    let most = limits::PAGE_FEATURES_MAX as usize;
    match ids {
        Some(ids) if ids.len() <= most => Ok(ids),
        Some(ids) => Err(Problem::bad_request(format!(
            "objectIds names {} features; at most {most} are looked up at once",
            ids.len()
        ))),
        None => Err(Problem::bad_request(format!("objectIds=\"{}\" is not a list of whole numbers", cut(text)))),
    }
}

/// A number, or an object with one, as ArcGIS names systems.
fn take_system(parameters: &mut Parameters, name: &str, record: &LayerRecord) -> Result<Option<System>, Problem> {
    match parameters.take_any_case(name) {
        Some(text) => system(name, &text, record).map(Some),
        None => Ok(None),
    }
}

pub fn system(parameter: &str, text: &str, record: &LayerRecord) -> Result<System, Problem> {
    let text = text.trim();
    let number = text.strip_prefix("EPSG:").unwrap_or(text).parse().ok().or_else(|| {
        let document: Value = serde_json::from_str(text).ok()?;
        let number = document.get("latestWkid").or_else(|| document.get("wkid"))?.as_u64()?;
        u32::try_from(number).ok()
    });
    // A table has no coordinates, and so no system that would not do.
    let offered =
        Some(record.systems()).filter(|offered| !offered.is_empty()).unwrap_or_else(|| record.known_systems());
    number.and_then(|number| by_wkid(number, &offered)).ok_or_else(|| {
        let numbers: Vec<String> = offered.iter().filter_map(|system| Some(system.epsg()?.to_string())).collect();
        Problem::bad_request(format!(
            "{parameter}=\"{}\" is not offered for {}; accepted are {}",
            cut(text),
            record.id,
            numbers.join(", ")
        ))
    })
}

/// A name and the direction that stands behind it.
pub fn order_words(part: &str) -> (&str, Direction) {
    let part = part.trim();
    let (name, direction) = match part.rsplit_once(' ') {
        Some((name, word)) if word.eq_ignore_ascii_case("desc") => (name, Direction::Descending),
        Some((name, word)) if word.eq_ignore_ascii_case("asc") => (name, Direction::Ascending),
        _ => (part, Direction::Ascending),
    };
    (unquoted(name), direction)
}

/// A moment, or a start and an end of which one may be `null`, in milliseconds since 1970 in UTC.
fn time(text: &str) -> Result<Option<Interval>, Problem> {
    let wrong = || {
        Problem::bad_request(format!(
            "time=\"{}\" is not a moment in milliseconds since 1970, nor a start and an end of which one may be null",
            cut(text)
        ))
    };
    let moment = |part: &str| match part.trim() {
        "null" | "NULL" | "" => Ok(None),
        part => {
            let milliseconds = part.parse().map_err(|_| wrong())?;
            jiff::Timestamp::from_millisecond(milliseconds).map(Some).map_err(|_| wrong())
        }
    };
    let (start, end) = text.split_once(',').unwrap_or((text, text));
    match (moment(start)?, moment(end)?) {
        (None, None) => Ok(None),
        (Some(start), Some(end)) if end < start => Err(wrong()),
        (start, end) => Ok(Some(Interval { start, end })),
    }
}

/// `name, year DESC`. By the ids is the order anyway.
fn take_order(parameters: &mut Parameters, schema: &Schema, object_id: &str) -> Result<Vec<Order>, Problem> {
    let Some(text) = parameters.take_any_case("orderByFields") else { return Ok(Vec::new()) };
    let mut order = Vec::new();
    for (name, direction) in text.split(',').map(order_words) {
        if field_by_name(schema, name).is_none() && name.eq_ignore_ascii_case(object_id) {
            match direction {
                Direction::Ascending => return Ok(order),
                Direction::Descending => {
                    return Err(Problem::bad_request(format!("orderByFields: {object_id} is sorted upward only")));
                }
            }
        }
        order.push(Order { field: place("orderByFields", name, schema)?, direction });
    }
    Ok(order)
}

/// The fields that go out, all where there is a `*` or nothing said, and whether the ids do.
fn take_fields(
    parameters: &mut Parameters,
    schema: &Schema,
    object_id: &str,
) -> Result<(Option<Vec<usize>>, bool), Problem> {
    let Some(text) = parameters.take_any_case("outFields") else { return Ok((None, true)) };
    let (mut places, mut with_ids) = (Vec::new(), false);
    for name in text.split(',').map(unquoted).filter(|name| !name.is_empty()) {
        if name == "*" {
            return Ok((None, true));
        }
        if field_by_name(schema, name).is_none() && name.eq_ignore_ascii_case(object_id) {
            with_ids = true;
            continue;
        }
        let place = place("outFields", name, schema)?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok((Some(places), with_ids))
}

pub fn unquoted(name: &str) -> &str {
    let name = name.trim();
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name)
}

pub fn place(parameter: &str, name: &str, schema: &Schema) -> Result<usize, Problem> {
    field_by_name(schema, name).ok_or_else(|| {
        let known: Vec<&str> = schema.fields.iter().map(|field| field.column.as_str()).collect();
        let (name, known) = (cut(name), known.join(", "));
        Problem::bad_request(format!("{parameter}: there is no field \"{name}\"; there are {known}"))
    })
}
