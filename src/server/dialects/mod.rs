//! Services that clients know from elsewhere, read into the same query as every other: ArcGIS
//! feature services, WFS 2.0, and the data query of Hong Kong's CSDI; and WMTS 1.0, which shows layers as pictures.
//!
//! What they have in common: unknown parameters say nothing, a problem is answered in the dialect's
//! own shape, and a name of a coordinate system also says which coordinate comes first. They are not
//! in the OpenAPI document: each has a description of its own that its clients read.

pub mod csdi;
pub mod esri;
mod ows;
mod systems;
pub mod wfs;
pub mod wmts;

use std::sync::Arc;

use super::boxes::{self, Edges};
use super::features::geometry_error;
use super::problem::Problem;
use super::snapshot::LiveLayer;
use crate::access::PermittedLayer;
use crate::base::ids::cut;
use crate::base::{Schema, limits};
use crate::crs::{AxisOrder, OrderedSystem};
use crate::filter::Filter;
use crate::formats::geojson::FeatureWriter;
use crate::geometry::GeometryFault;
use crate::package::{OpenPackage, PackageError, Row};
use crate::query::{self, FeatureQuery, PageFacts};

/// Reads a layer on the pool, with the deadline of every query.
async fn read<T: Send + 'static>(
    app: &super::App,
    layer: &LiveLayer,
    permit: &PermittedLayer,
    work: impl FnOnce(&OpenPackage) -> Result<T, PackageError> + Send + 'static,
) -> Result<T, Problem> {
    Ok(app.pool.read(permit, &layer.package, limits::QUERY_TIME, work).await?)
}

/// What an answer depends on beside the request: whose layer, in which state, for whom, said where.
fn key(dialect: &str, layer: &LiveLayer, permit: &PermittedLayer, base: &str) -> String {
    let (id, revision) = (&layer.record.id, &layer.record.revision);
    format!("{dialect}|{id}|{revision}|{}|{base}", permit.audience().as_str())
}

/// A GeoJSON collection up to the end of its features.
fn write_geojson(
    package: &OpenPackage,
    query: &FeatureQuery,
    mut writer: FeatureWriter,
) -> Result<(Vec<u8>, PageFacts), PackageError> {
    let head = b"{\"type\":\"FeatureCollection\",\"features\":[".to_vec();
    write_list(package, query, head, |row, body| writer.feature(row, body))
}

/// A page behind what stands before its features, up to the bracket that ends them.
fn write_list(
    package: &OpenPackage,
    query: &FeatureQuery,
    mut body: Vec<u8>,
    mut feature: impl FnMut(&Row<'_>, &mut Vec<u8>) -> Result<(), GeometryFault>,
) -> Result<(Vec<u8>, PageFacts), PackageError> {
    let fault = geometry_error(package);
    let mut is_first = true;
    let facts = query::page(package, query, |row| {
        if !std::mem::take(&mut is_first) {
            body.push(b',');
        }
        feature(row, &mut body).map_err(&fault)
    })?;
    body.push(b']');
    Ok((body, facts))
}

/// Appends further members to an object that is open, and closes it.
fn close_with(body: &mut Vec<u8>, members: &serde_json::Map<String, serde_json::Value>) {
    for (name, value) in members {
        body.extend_from_slice(format!(",{}:{value}", serde_json::Value::from(name.as_str())).as_bytes());
    }
    body.push(b'}');
}

/// The numbers of a box as it stands in an address, and what follows them.
fn box_numbers(parameter: &str, text: &str) -> Result<([f64; 4], Option<String>), Problem> {
    let wrong = || {
        Problem::bad_request(format!(
            "{parameter}=\"{}\" is not four numbers, the lower and upper edges of both axes, \
             and a coordinate system if need be",
            cut(text)
        ))
    };
    let parts: Vec<&str> = text.splitn(5, ',').map(str::trim).collect();
    let number = |text: &&str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let [first_low, second_low, first_high, second_high] = parts.get(..4).ok_or_else(wrong)? else {
        return Err(wrong());
    };
    let edges = [first_low, second_low, first_high, second_high].map(number);
    match edges {
        [Some(a), Some(b), Some(c), Some(d)] => Ok(([a, b, c, d], parts.get(4).map(|system| (*system).to_owned()))),
        _ => Err(wrong()),
    }
}

/// A box becomes the query's box, or a condition of the filter where it is no box in degrees.
fn add_box(
    parameter: &str,
    edges: [f64; 4],
    (system, order): OrderedSystem,
    query: &mut FeatureQuery,
) -> Result<(), Problem> {
    let [a, b, c, d] = edges;
    let is_north_first = order == AxisOrder::Authority && system.changes_places_for(AxisOrder::EastFirst);
    let ([south, north], [west, east]) = if is_north_first { ([a, c], [b, d]) } else { ([b, d], [a, c]) };
    let beyond = |degrees: f64| degrees.abs() > 90.0;
    // Cut off at the poles, a box with its axes exchanged would quietly be another box.
    if system.is_geographic() && beyond(south) && beyond(north) && !beyond(west) && !beyond(east) {
        return Err(Problem::bad_request(format!(
            "{parameter}: {a},{b},{c},{d} has latitudes beyond 90 degrees; the order here is {}",
            if is_north_first { "latitude, longitude" } else { "longitude, latitude" }
        )));
    }
    let edges = Edges::within_the_world(edges, system, order);
    let mut filter = Filter::default();
    let bbox = boxes::apply(Some(edges), &mut filter)
        .map_err(|problem| Problem::bad_request(format!("{parameter}: {}", problem.detail)))?;
    query.filter.add(filter);
    if bbox.is_some() {
        query.bbox = bbox;
    }
    Ok(())
}

/// The place of a field by its name, or by its column in any case, as dialects without cases have it.
fn field_by_name(schema: &Schema, name: &str) -> Option<usize> {
    let lower = name.to_lowercase();
    let by_column = |is: &dyn Fn(&str) -> bool| schema.fields.iter().position(|field| is(&field.column));
    schema
        .field_index(name)
        .or_else(|| by_column(&|column| column == name))
        .or_else(|| by_column(&|column| column.to_lowercase() == lower))
}

/// A whole number from 0; more digits than one holds are the greatest.
fn whole_number(parameter: &str, text: &str) -> Result<u64, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match digits_only {
        true => Ok(text.parse().unwrap_or(u64::MAX)),
        false => Err(Problem::bad_request(format!("{parameter}=\"{}\" is not a whole number from 0", cut(text)))),
    }
}

/// Features of a page, as many as are sent at once at most; 0 where none are wanted.
fn page_size(number: u64) -> u32 {
    number.min(u64::from(limits::PAGE_FEATURES_MAX)) as u32
}

/// Layers in the order of their ids.
fn visible(context: &super::routes::Context) -> Vec<Arc<LiveLayer>> {
    context.app.visible(&context.app.snapshot())
}
