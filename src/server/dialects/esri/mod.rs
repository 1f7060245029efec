//! `/esri/rest/services/{layer}/FeatureServer`: the part of ArcGIS's feature services that reads;
//! `vector_tiles` has its tiles.
//! <https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/>
//!
//! Every layer is a service with one layer, 0, or with one for each kind of geometry that it mixes (`parts`).
//! An OBJECTID is a row's place in the revision, from 1
//! without a gap: clients such as QGIS 3.22 hold ids in 32 bits, which the stable id of 53 exceeds.

mod documents;
mod geometry;
mod parts;
mod request;
mod statistics;
pub mod vector_tiles;
pub mod where_clause;
mod where_parser;
mod where_tokens;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, CacheFor};
use super::super::features::GEOJSON;
use super::super::problem::Problem;
use super::super::request::{Ask, Parameters};
use super::super::routes::{Context, Reply};
use super::super::snapshot::LiveLayer;
use super::super::walks::WalkPage;
use super::{close_with, key, read, visible, write_geojson, write_list};
use crate::access::{Action, PermittedLayer};
use crate::base::Language;
use crate::catalogue::LayerRecord;
use crate::formats::esri_json::EsriWriter;
use crate::formats::geojson::FeatureWriter;
use crate::package::{OpenPackage, PackageError};
use crate::query::{self, FeatureQuery, PageFacts, Start};

use request::{Form, QueryRequest, Wanted};
use statistics::Statistics;

/// A problem as ArcGIS answers it. Clients look for it in an answer with status 200 and take any
/// other status for a broken line, so a fault of the request has 200 too; one of the server keeps
/// its status, for those who watch it.
pub fn dress(problem: &Problem, _: &Ask) -> Answer {
    let code = problem.status.as_u16();
    let body = json!({ "error": { "code": code, "message": problem.detail, "details": [] } });
    let mut answer = Answer::json(&body);
    answer.cache = CacheFor::Nothing;
    if problem.status.is_server_error() {
        answer.status = problem.status;
    }
    match problem.retry_after_s {
        Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
        None => answer,
    }
}

/// What clients list when they are given the address of all services.
pub async fn services(mut context: Context) -> Reply {
    let form = Form::take(&mut context.parameters)?;
    let layers = visible(&context);
    let base = &context.ask.base;
    let features = layers.iter().map(|layer| {
        let url = format!("{base}/esri/rest/services/{}/FeatureServer", layer.record.id);
        json!({ "name": layer.record.id, "type": "FeatureServer", "url": url })
    });
    let tiles = layers.iter().filter_map(|layer| vector_tiles::entry(vector_tiles::Folder::Root, layer, base));
    let services: Vec<Value> = features.chain(tiles).collect();
    let document = json!({ "currentVersion": documents::VERSION, "folders": [vector_tiles::MERCATOR_FOLDER], "services": services });
    Ok(Arc::new(form.document(&document)))
}

pub async fn service(mut context: Context) -> Reply {
    let form = Form::take(&mut context.parameters)?;
    let (layer, _) = permitted(&context, Action::ReadFacts)?;
    let document = documents::service(&layer.record, context.ask.language);
    Ok(Arc::new(form.document(&document).in_language(context.ask.language)))
}

pub async fn layer(mut context: Context) -> Reply {
    let form = Form::take(&mut context.parameters)?;
    let (layer, _) = permitted(&context, Action::ReadFacts)?;
    let part = parts::part(&layer.record, context.place("number"))?;
    let document = documents::layer(&part, context.ask.language);
    Ok(Arc::new(form.document(&document).in_language(context.ask.language)))
}

pub async fn query(mut context: Context) -> Reply {
    let (layer, permit) = permitted(&context, Action::ReadFeatures)?;
    let number = parts::part(&layer.record, context.place("number"))?.number;
    let parameters = std::mem::take(&mut context.parameters);
    let walk = walk(&context.ask, &parameters, &layer, number);
    let layer = walk.layer(&context.app, &layer).await?;
    let part = parts::part(&layer.record, context.place("number"))?;
    let mut request = QueryRequest::read(parameters, &part.record, context.ask.language)?;
    part.narrow(&mut request.query.filter);
    // What is in a table may still be a collection of geometries, which ArcGIS cannot write.
    request.selection.skips_geometry |= part.is_table();
    let key = format!("{}|{request:?}", key("esri", &layer, &permit, &context.ask.base));
    let app = Arc::clone(&context.app);
    if let (Start::Offset(_), None) = (request.query.start, &request.query.places) {
        request.query.start = walk.start(&app, &layer);
    }
    context
        .app
        .cache
        .get_or_make(key, async move { answer(&app, (&layer, &part.record), &permit, request, &walk).await })
        .await
}

/// The walk that a request belongs to: by number, or, as QGIS goes, over ids that it has asked for
/// before, whatever it then asks of them.
fn walk(ask: &Ask, parameters: &Parameters, layer: &LiveLayer, number: usize) -> WalkPage {
    const OF_ONE_PAGE: [&str; 3] = ["resultOffset", "resultRecordCount", "f"];
    let mut given = parameters.clone();
    let client = ask.user_agent.as_str();
    let dialect = format!("esri{number}");
    if given.take_any_case("objectIds").is_some() {
        return WalkPage::over_ids(&dialect, layer, client, false);
    }
    if given.take_any_case("returnIdsOnly").is_some() {
        return WalkPage::over_ids(&dialect, layer, client, true);
    }
    // What is not a number is refused when the request is read.
    let offset = given.take_any_case("resultOffset").and_then(|text| text.parse().ok()).unwrap_or(0);
    WalkPage::new(&dialect, layer, client, &given.without(&OF_ONE_PAGE), offset)
}

fn permitted(context: &Context, action: Action) -> Result<(Arc<LiveLayer>, PermittedLayer), Problem> {
    context.app.permitted(&context.app.snapshot(), context.place("layer"), action)
}

async fn answer(
    app: &super::super::App,
    (layer, record): (&Arc<LiveLayer>, &LayerRecord),
    permit: &PermittedLayer,
    request: QueryRequest,
    walk: &WalkPage,
) -> Result<Answer, Problem> {
    let QueryRequest { query, wanted, form, selection, object_id, statistics, .. } = request;
    if let Some(statistics) = statistics {
        return groups(app, layer, permit, (query, statistics), (form, wanted, request.language)).await;
    }
    match wanted {
        Wanted::Count => {
            let count = read(app, layer, permit, move |package| query::count(package, &query)).await?;
            Ok(form.document(&json!({ "count": count })))
        }
        Wanted::Ids => {
            let body = read(app, layer, permit, move |package| ids(package, &query, &object_id.name)).await?;
            Ok(Answer::new("application/json", body))
        }
        Wanted::Extent => {
            let extent = read(app, layer, permit, move |package| query::extent(package, &query)).await?;
            let extent = documents::extent(Some(extent).filter(|extent| !extent.is_empty()), selection.system)?;
            Ok(form.document(&extent.for_answer(form)))
        }
        Wanted::Features if form == Form::GeoJson => {
            let writer = FeatureWriter::with_places(selection, object_id.in_answer());
            let (mut body, facts) =
                read(app, layer, permit, move |package| write_geojson(package, &query, writer)).await?;
            walk.ended(app, layer, &facts);
            if facts.more_after.is_some() {
                let more = json!({ "exceededTransferLimit": true, "properties": { "exceededTransferLimit": true } });
                close_with(&mut body, more.as_object().unwrap_or(&Map::new()));
            } else {
                body.push(b'}');
            }
            Ok(Answer::new(GEOJSON, body))
        }
        Wanted::Features => {
            let head = documents::answer_head(record, &selection, &object_id, request.language);
            let writer = EsriWriter::new(&record.schema, selection, object_id.in_answer(), request.with_heights);
            let (body, facts) =
                read(app, layer, permit, move |package| features(package, &query, head, writer)).await?;
            walk.ended(app, layer, &facts);
            Ok(Answer::new("application/json", ended(body, &facts)))
        }
    }
}

async fn groups(
    app: &super::super::App,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    (query, statistics): (FeatureQuery, Statistics),
    (form, wanted, language): (Form, Wanted, Language),
) -> Result<Answer, Problem> {
    let page = (
        match query.start {
            Start::Offset(offset) => offset,
            _ => 0,
        },
        query.limit,
    );
    let asked = statistics.query(query);
    let found = read(app, layer, permit, move |package| query::aggregate(package, &asked)).await?;
    match wanted {
        Wanted::Features => Ok(form.document(&statistics.document(found, page, form, (&layer.record, language))?)),
        Wanted::Count if !found.1 => Ok(form.document(&json!({ "count": found.0.len() }))),
        _ => Err(Problem::bad_request("groups have neither ids nor an extent, and are counted up to 10 000")),
    }
}

/// All ids of the matches, however many: that is how QGIS begins.
fn ids(package: &OpenPackage, query: &FeatureQuery, name: &str) -> Result<Vec<u8>, PackageError> {
    let mut body = format!("{{\"objectIdFieldName\":{},\"objectIds\":[", Value::from(name)).into_bytes();
    let start = body.len();
    let mut push = |place: i64| {
        if body.len() > start {
            body.push(b',');
        }
        body.extend_from_slice(place.to_string().as_bytes());
    };
    match query.is_filtered() {
        true => query::every(package, query, |row| {
            push(row.place());
            Ok(())
        })?,
        // Places run without a gap, so nothing has to be read to know them all.
        false => (1..=package.package().features as i64).for_each(push),
    }
    body.extend_from_slice(b"]}");
    Ok(body)
}

/// The page up to the end of its features.
fn features(
    package: &OpenPackage,
    query: &FeatureQuery,
    head: Map<String, Value>,
    mut writer: EsriWriter,
) -> Result<(Vec<u8>, PageFacts), PackageError> {
    let mut body = Value::Object(head).to_string().into_bytes();
    body.pop();
    body.extend_from_slice(b",\"features\":[");
    write_list(package, query, body, |row, body| writer.feature(row, body))
}

fn ended(mut body: Vec<u8>, facts: &PageFacts) -> Vec<u8> {
    if facts.more_after.is_some() {
        body.extend_from_slice(b",\"exceededTransferLimit\":true");
    }
    body.push(b'}');
    body
}

/// The ids' column, and whether it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectId {
    name: String,
    goes_out: bool,
}

impl ObjectId {
    fn in_answer(&self) -> Option<&str> {
        self.goes_out.then_some(self.name.as_str())
    }
}
