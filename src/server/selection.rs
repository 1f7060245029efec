//! What of each feature goes out and in which order: `crs`, `properties`, `exclude-properties`,
//! `skipGeometry`, `zoom-level`, `max-allowable-offset`, `precision`, `sortby`, `ids`.

use super::problem::Problem;
use super::request::Parameters;
use crate::base::bbox::DEGREE_DECIMALS;
use crate::base::ids::cut;
use crate::base::{FeatureId, Schema, limits};
use crate::catalogue::LayerRecord;
use crate::crs::System;
use crate::formats::{Detail, Selection};
use crate::query::{Direction, Order};

/// Ids that one request may name: what an address holds.
const IDS_MAX: usize = 1_000;

/// A system that a parameter names and the layer is offered in.
pub fn offered(parameter: &str, uri: &str, record: &LayerRecord) -> Result<System, Problem> {
    let mut systems = record.systems();
    if systems.is_empty() {
        // Where nothing has coordinates the answer is the same in the system that is meant unless said otherwise.
        systems.push(System::Crs84);
    }
    systems.iter().copied().find(|system| system.uri() == uri).ok_or_else(|| {
        let uris: Vec<&str> = systems.iter().map(|system| system.uri()).collect();
        Problem::bad_request(format!(
            "{parameter}=\"{}\" is not offered for {}; accepted are {}",
            cut(uri),
            record.id,
            uris.join(", ")
        ))
    })
}

/// Takes what says how each feature looks.
pub fn take(
    parameters: &mut Parameters,
    record: &LayerRecord,
    keep: &mut impl FnMut(&str, &str),
) -> Result<Selection, Problem> {
    let system =
        take_and_keep(parameters, "crs", keep).map_or(Ok(System::Crs84), |uri| offered("crs", &uri, record))?;
    let skips_geometry = match take_and_keep(parameters, "skipGeometry", keep).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(other) => {
            return Err(Problem::bad_request(format!("skipGeometry=\"{}\" is not true or false", cut(other))));
        }
    };
    let fields = fields(parameters, &record.schema, keep)?;
    let mut taken = |name| take_and_keep(parameters, name, keep);
    let detail = Detail {
        offset: offset(taken("zoom-level"), taken("max-allowable-offset"), system)?,
        decimals: taken("precision")
            .map(|text| whole_number("precision", &text, DEGREE_DECIMALS, "decimals"))
            .transpose()?,
    };
    Ok(Selection { system, fields, skips_geometry, detail, ..Selection::default() })
}

/// Takes a parameter, and says that it was there.
fn take_and_keep(parameters: &mut Parameters, name: &str, keep: &mut impl FnMut(&str, &str)) -> Option<String> {
    let text = parameters.take(name)?;
    keep(name, &text);
    Some(text)
}

/// Takes `properties` or `exclude-properties`: places of the fields that go out, `None` for all.
pub fn fields(
    parameters: &mut Parameters,
    schema: &Schema,
    keep: &mut impl FnMut(&str, &str),
) -> Result<Option<Vec<usize>>, Problem> {
    let mut taken = |name| take_and_keep(parameters, name, keep);
    match (taken("properties"), taken("exclude-properties")) {
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("properties and exclude-properties exclude each other; give one of them"))
        }
        (Some(only), None) => places("properties", &only, schema).map(Some),
        (None, Some(without)) => {
            let without = places("exclude-properties", &without, schema)?;
            Ok(Some((0..schema.fields.len()).filter(|field| !without.contains(field)).collect()))
        }
        (None, None) => Ok(None),
    }
}

/// How far lines may run from where they were, in the unit of the system: as given, or half of what
/// a tile of 256 pixels at a zoom of WebMercatorQuad shows as one.
fn offset(zoom: Option<String>, given: Option<String>, system: System) -> Result<Option<f64>, Problem> {
    const PIXELS_AROUND_THE_WORLD: f64 = 256.0;
    const EQUATOR_M: f64 = 40_075_016.686;
    match (zoom, given) {
        (Some(_), Some(_)) => {
            Err(Problem::bad_request("zoom-level and max-allowable-offset exclude each other; give one of them"))
        }
        (Some(text), None) => {
            let zoom = whole_number("zoom-level", &text, u32::from(limits::ZOOM_MAX), "zooms")?;
            let around = if system.is_in_degrees() { 360.0 } else { EQUATOR_M };
            Ok(Some(around / (PIXELS_AROUND_THE_WORLD * f64::from(1u32 << zoom)) / 2.0))
        }
        (None, Some(text)) => match text.parse::<f64>() {
            Ok(offset) if offset.is_finite() && offset >= 0.0 => Ok(Some(offset)),
            _ => Err(Problem::bad_request(format!(
                "max-allowable-offset=\"{}\" is not a number from 0, in {} as the coordinates of the answer are",
                cut(&text),
                if system.is_in_degrees() { "degrees" } else { "metres" }
            ))),
        },
        (None, None) => Ok(None),
    }
}

fn whole_number(parameter: &str, text: &str, most: u32, unit: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|number| *number <= most).ok_or_else(|| {
        Problem::bad_request(format!("{parameter}=\"{}\" is not a whole number of {unit} from 0 to {most}", cut(text)))
    })
}

/// `sortby=-year,name`: a minus before a field turns its order round, OGC API Features Part 8.
pub fn order(
    parameters: &mut Parameters,
    schema: &Schema,
    keep: &mut impl FnMut(&str, &str),
) -> Result<Vec<Order>, Problem> {
    let Some(text) = parameters.take("sortby") else { return Ok(Vec::new()) };
    keep("sortby", &text);
    text.split(',')
        .map(|part| {
            let (direction, name) = match part.strip_prefix('-') {
                Some(name) => (Direction::Descending, name),
                // A plus arrives as a blank when an address was not escaped.
                None => (Direction::Ascending, part.trim_start_matches(['+', ' '])),
            };
            let field = place("sortby", name, schema)?;
            if !schema.fields[field].kind.has_order() {
                return Err(Problem::bad_request(format!(
                    "sortby: \"{}\" holds lists or objects, which have no order; /sortables lists the fields that have",
                    cut(name)
                )));
            }
            Ok(Order { field, direction })
        })
        .collect()
}

/// `ids=1,2,3`.
pub fn ids(parameters: &mut Parameters, keep: &mut impl FnMut(&str, &str)) -> Result<Option<Vec<FeatureId>>, Problem> {
    let Some(text) = parameters.take("ids") else { return Ok(None) };
    keep("ids", &text);
    let ids: Vec<FeatureId> = text
        .split(',')
        .map(|id| {
            id.trim().parse().map_err(|error: crate::base::ids::IdError| Problem::bad_request(format!("ids: {error}")))
        })
        .collect::<Result<_, _>>()?;
    match ids.len() <= IDS_MAX {
        true => Ok(Some(ids)),
        false => Err(Problem::bad_request(format!(
            "ids names {} features; at most {IDS_MAX} are looked up at once",
            ids.len()
        ))),
    }
}

fn places(parameter: &str, text: &str, schema: &Schema) -> Result<Vec<usize>, Problem> {
    let mut places = Vec::new();
    for name in text.split(',').filter(|name| !name.is_empty()) {
        let place = place(parameter, name, schema)?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

fn place(parameter: &str, name: &str, schema: &Schema) -> Result<usize, Problem> {
    schema.field_index(name).ok_or_else(|| {
        let known: Vec<&str> = schema.fields.iter().map(|field| field.name.as_str()).collect();
        Problem::bad_request(format!(
            "{parameter}: there is no field \"{}\"; there are {}",
            cut(name),
            known.join(", ")
        ))
    })
}
