//! `/apim/dataquery/api/`: the data query of Hong Kong's Common Spatial Data Infrastructure, so that
//! programs written for it change only the address. `id` is a layer of this server.
//!
//! There is no public specification; this is what public clients send: `id`, `layer`, `bbox`,
//! `bbox-crs`, `limit`, `offset`, and a field's name for an equality. The answer is GeoJSON.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::answer::Answer;
use super::super::features::GEOJSON;
use super::super::items_request;
use super::super::problem::Problem;
use super::super::request::Parameters;
use super::super::routes::{Context, Reply};
use super::super::snapshot::LiveLayer;
use super::super::walks::WalkPage;
use super::systems;
use super::{add_box, box_numbers, close_with, key, read, write_geojson};
use crate::access::Action;
use crate::base::ids::cut;
use crate::base::limits;
use crate::crs::{AxisOrder, OrderedSystem, System};
use crate::formats::Selection;
use crate::formats::geojson::FeatureWriter;
use crate::query::{FeatureQuery, Start};

pub async fn query(mut context: Context) -> Reply {
    let id = context.parameters.take("id").filter(|id| !id.is_empty()).ok_or_else(|| {
        Problem::bad_request("id says which layer is asked, such as id=lcsd-libraries; /collections lists the layers")
    })?;
    // A data set of CSDI has several layers; here each is a data set, so its name says nothing more.
    context.parameters.take("layer");
    let snapshot = context.app.snapshot();
    let (layer, permit) = context.app.permitted(&snapshot, &id, Action::ReadFeatures)?;
    let parameters = std::mem::take(&mut context.parameters);
    let offset = parameters.clone().take("offset").and_then(|text| text.parse().ok()).unwrap_or(0);
    let asked = parameters.without(&["limit", "offset"]);
    let walk = WalkPage::new("csdi", &layer, &context.ask.user_agent, &asked, offset);
    let layer = walk.layer(&context.app, &layer).await?;
    let mut query = read_query(parameters, &layer)?;
    let key = format!("{}|{query:?}", key("csdi", &layer, &permit, &context.ask.base));
    let app = Arc::clone(&context.app);
    query.start = walk.start(&app, &layer);
    context
        .app
        .cache
        .get_or_make(key, async move {
            let (mut body, facts) = read(&app, &layer, &permit, move |package| {
                write_geojson(package, &query, FeatureWriter::new(Selection::default()))
            })
            .await?;
            walk.ended(&app, &layer, &facts);
            let mut members = Map::new();
            if let Some(matched) = facts.matched {
                members.insert("numberMatched".to_owned(), matched.into());
            }
            members.insert("numberReturned".to_owned(), facts.returned.into());
            members.insert("timeStamp".to_owned(), Value::from(layer.record.published.to_string()));
            close_with(&mut body, &members);
            Ok(Answer::new(GEOJSON, body))
        })
        .await
}

fn read_query(mut parameters: Parameters, layer: &LiveLayer) -> Result<FeatureQuery, Problem> {
    let mut query = FeatureQuery::first(limits::PAGE_FEATURES_DEFAULT);
    let mut given = |name: &str| parameters.take(name).filter(|text| !text.is_empty());
    if let Some(text) = given("limit") {
        query.limit = items_request::limit(&text)?;
    }
    if let Some(text) = given("offset") {
        query.start = Start::Offset(items_request::offset(&text)?);
    }
    let system =
        given("bbox-crs").map_or(Ok((System::Crs84, AxisOrder::Authority)), |name| box_system(&name, layer))?;
    if let Some(text) = given("bbox") {
        add_box("bbox", box_numbers("bbox", &text)?.0, system, &mut query)?;
    }
    for (name, text) in parameters.rest() {
        // What names no field says nothing, as in every dialect.
        query
            .filter
            .add_equality(&layer.record.schema, name, text)
            .map_err(|fault| Problem::bad_request(fault.to_string()))?;
    }
    Ok(query)
}

/// The names that its clients use, and those of everybody else.
fn box_system(name: &str, layer: &LiveLayer) -> Result<OrderedSystem, Problem> {
    let offered = layer.record.systems();
    let ordered = match name.to_ascii_uppercase().as_str() {
        "WGS84" => Some((System::Crs84, AxisOrder::Authority)),
        "HK80" | "HK1980" => Some((System::Epsg2326, AxisOrder::EastFirst)),
        _ => systems::by_name(name, &offered),
    };
    ordered.filter(|(system, _)| offered.contains(system)).ok_or_else(|| {
        Problem::bad_request(format!(
            "bbox-crs=\"{}\" is not offered; accepted are WGS84 (longitude, latitude), HK80 (easting, northing) \
             and the names of EPSG",
            cut(name)
        ))
    })
}
