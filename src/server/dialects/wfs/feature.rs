//! GetFeature: a collection in GML or GeoJSON, a count alone, or one feature by its id.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::{close_with, key, read, systems, write_geojson};
use super::request::{self, FeatureRequest, OutputFormat};
use super::{Outcome, WFS};
use crate::access::PermittedLayer;
use crate::base::xml_writer::XmlWriter;
use crate::crs::System;
use crate::formats::geojson::FeatureWriter;
use crate::formats::gml::{GML, GmlWriter, LAYERS, PREFIX, type_name};
use crate::package::{OpenPackage, PackageError};
use crate::query::{self, FeatureQuery, PageFacts};
use crate::server::answer::Answer;
use crate::server::features::{GEOJSON, geometry_error};
use crate::server::problem::Problem;
use crate::server::request::Ask;
use crate::server::routes::Context;
use crate::server::snapshot::LiveLayer;
use crate::server::walks::WalkPage;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
const LAYER_NAMESPACE: &str = "xmlns:layer";

pub async fn answer(context: &mut Context) -> Outcome<Arc<Answer>> {
    let (layer, permit, mut request, walk) = request::read(context).await?;
    let key = format!("{}|{request:?}", key("wfs", &layer, &permit, &context.ask.base));
    let (app, ask) = (Arc::clone(&context.app), Arc::clone(&context.ask));
    request.query.start = walk.start(&app, &layer);
    let made = async move {
        match (request.hits, request.is_one, request.format) {
            (true, _, _) => hits(&app, &ask, &layer, &permit, request).await,
            (_, true, OutputFormat::Gml) => one(&app, &layer, &permit, request).await,
            (_, _, OutputFormat::Gml) => gml(&app, &ask, (&layer, &walk), &permit, request).await,
            (_, _, OutputFormat::GeoJson) => geojson(&app, &ask, (&layer, &walk), &permit, request).await,
        }
    };
    Ok(context.app.cache.get_or_make(key, made).await?)
}

/// What a collection says of itself.
struct Head<'a> {
    ask: &'a Ask,
    layer: &'a LiveLayer,
    request: &'a FeatureRequest,
}

impl Head<'_> {
    /// The facts are known when the features are written, so the head is made last and set before.
    fn open(&self, matched: Option<u64>, returned: u64, has_more: bool) -> XmlWriter {
        let mut xml = XmlWriter::document();
        let matched = matched.map_or("unknown".to_owned(), |matched| matched.to_string());
        let (returned, name) = (returned.to_string(), type_name(self.layer.record.id.as_str()));
        let schema = format!(
            "{WFS} http://schemas.opengis.net/wfs/2.0/wfs.xsd {LAYERS} \
             {}/wfs?service=WFS&version=2.0.0&request=DescribeFeatureType&typeNames={PREFIX}:{name}",
            self.ask.base
        );
        let published = self.layer.record.published.to_string();
        let limit = u64::from(self.request.query.limit);
        let next = has_more.then(|| self.request.page(self.ask, self.request.offset.saturating_add(limit)));
        let is_later = self.request.offset > 0 && !self.request.hits;
        let previous = is_later.then(|| self.request.page(self.ask, self.request.offset.saturating_sub(limit)));
        let mut attributes = vec![
            ("xmlns:wfs", WFS),
            ("xmlns:gml", GML),
            (LAYER_NAMESPACE, LAYERS),
            ("xmlns:xsi", XSI),
            ("xsi:schemaLocation", &schema),
            ("timeStamp", &published),
            ("numberMatched", &matched),
            ("numberReturned", &returned),
        ];
        attributes.extend(next.as_deref().map(|next| ("next", next)));
        attributes.extend(previous.as_deref().map(|previous| ("previous", previous)));
        xml.open("wfs:FeatureCollection", &attributes);
        xml
    }
}

async fn hits(
    app: &crate::server::App,
    ask: &Ask,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    request: FeatureRequest,
) -> Result<Answer, Problem> {
    let query = request.query.clone();
    let matched = read(app, layer, permit, move |package| query::count(package, &query)).await?;
    if request.format == OutputFormat::GeoJson {
        let document = json!({
            "type": "FeatureCollection",
            "features": [],
            "numberMatched": matched,
            "numberReturned": 0,
            "timeStamp": layer.record.published,
        });
        return Ok(Answer::json(&document).of_type(GEOJSON));
    }
    let head = Head { ask, layer, request: &request };
    let mut xml = head.open(Some(matched), 0, false);
    xml.close("wfs:FeatureCollection");
    Ok(Answer::new(OutputFormat::GML, xml.finish()))
}

async fn gml(
    app: &crate::server::App,
    ask: &Ask,
    (layer, walk): (&Arc<LiveLayer>, &WalkPage),
    permit: &PermittedLayer,
    request: FeatureRequest,
) -> Result<Answer, Problem> {
    let query = request.query.clone();
    let writer = writer(layer, &request);
    let (members, facts) = read(app, layer, permit, move |package| write_members(package, &query, writer)).await?;
    walk.ended(app, layer, &facts);
    let head = Head { ask, layer, request: &request };
    let mut xml = head.open(facts.matched, facts.returned, facts.more_after.is_some());
    xml.bytes().extend_from_slice(&members);
    xml.close("wfs:FeatureCollection");
    Ok(Answer::new(OutputFormat::GML, xml.finish()))
}

fn writer(layer: &LiveLayer, request: &FeatureRequest) -> GmlWriter {
    let record = &layer.record;
    GmlWriter::new(record.id.as_str(), &record.schema, request.selection.clone(), &request.system_name)
}

fn write_members(
    package: &OpenPackage,
    query: &FeatureQuery,
    mut writer: GmlWriter,
) -> Result<(Vec<u8>, PageFacts), PackageError> {
    let fault = geometry_error(package);
    let mut xml = XmlWriter::fragment();
    let facts = query::page(package, query, |row| {
        xml.open("wfs:member", &[]);
        writer.feature(row, &[], &mut xml).map_err(&fault)?;
        xml.close("wfs:member");
        Ok(())
    })?;
    Ok((xml.finish(), facts))
}

/// The stored query by an id answers the feature itself, OGC 09-025r2 §7.9.3.6.
async fn one(
    app: &crate::server::App,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    request: FeatureRequest,
) -> Result<Answer, Problem> {
    let mut writer = writer(layer, &request);
    let query = request.query;
    let (body, facts) = read(app, layer, permit, move |package| {
        let fault = geometry_error(package);
        let mut xml = XmlWriter::document();
        let namespaces = [("xmlns:gml", GML), (LAYER_NAMESPACE, LAYERS)];
        let facts = query::page(package, &query, |row| writer.feature(row, &namespaces, &mut xml).map_err(&fault))?;
        Ok((xml.finish(), facts))
    })
    .await?;
    match facts.returned {
        0 => Err(Problem::not_found("there is no feature with this ID")),
        _ => Ok(Answer::new(OutputFormat::GML, body)),
    }
}

async fn geojson(
    app: &crate::server::App,
    ask: &Ask,
    (layer, walk): (&Arc<LiveLayer>, &WalkPage),
    permit: &PermittedLayer,
    request: FeatureRequest,
) -> Result<Answer, Problem> {
    let (query, selection) = (request.query.clone(), request.selection.clone());
    let system = selection.system;
    let (mut body, facts) =
        read(app, layer, permit, move |package| write_geojson(package, &query, FeatureWriter::new(selection))).await?;
    walk.ended(app, layer, &facts);
    if request.is_one && facts.returned == 0 {
        return Err(Problem::not_found("there is no feature with this ID"));
    }
    let mut members = Map::new();
    if let Some(matched) = facts.matched {
        members.insert("numberMatched".to_owned(), matched.into());
    }
    members.insert("numberReturned".to_owned(), facts.returned.into());
    members.insert("timeStamp".to_owned(), Value::from(layer.record.published.to_string()));
    if !matches!(system, System::Crs84 | System::Crs84h | System::Epsg4326) {
        // The member of GeoJSON before RFC 7946, which GDAL and QGIS still go by.
        let crs = json!({ "type": "name", "properties": { "name": systems::urn(system) } });
        members.insert("crs".to_owned(), crs);
    }
    if facts.more_after.is_some() {
        let next = request.page(ask, request.offset.saturating_add(facts.returned));
        members.insert("links".to_owned(), json!([{ "rel": "next", "type": GEOJSON, "href": next }]));
    }
    close_with(&mut body, &members);
    Ok(Answer::new(GEOJSON, body))
}
