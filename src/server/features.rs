//! `/collections/{layer}/items`, OGC 17-069r4 §7.15 and §7.16.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::items_request::ItemsRequest;
use super::landing::{link, self_links};
use super::pages::{self, FeatureView, ItemsView};
use super::problem::Problem;
use super::request::Ask;
use super::revisions::Wanted;
use super::routes::{Context, Reply};
use super::selection;
use super::snapshot::LiveLayer;
use crate::access::{Action, PermittedLayer};
use crate::base::ids::cut;
use crate::base::limits;
use crate::crs::System;
use crate::formats::csv::CsvWriter;
use crate::formats::geojson::FeatureWriter;
use crate::formats::{Format, Selection};
use crate::package::{OpenPackage, PackageError, Row};
use crate::query::{self, FeatureQuery, PageFacts, Start};

pub const GEOJSON: &str = "application/geo+json";

pub async fn items(mut context: Context) -> Reply {
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFeatures)?;
    let wanted = Wanted::take(&mut context.parameters)?;
    let layer = context.app.wanted(&current, &wanted).await?;
    let parameters = std::mem::take(&mut context.parameters);
    let request = ItemsRequest::read(parameters, &layer, &wanted, &context.ask)?;
    let layer = match &request.cursor {
        Some(cursor) => context.app.revision(&current, &cursor.revision).await?,
        None => layer,
    };
    let ask = context.ask.clone();
    let key = format!(
        "items|{}|{}|{}|{}|{}|{}|{:?}|{:?}",
        layer.record.id,
        layer.record.revision,
        permit.audience().as_str(),
        ask.key(),
        request.format.name(),
        request.canonical,
        request.query.start,
        (request.query.limit, request.limit_given),
    );
    let app = Arc::clone(&context.app);
    context
        .app
        .cache
        .get_or_make(key, async move {
            match ask.wants_html {
                true => items_page(&app, &ask, &layer, &permit, request).await,
                false => items_body(&app, &ask, &layer, &permit, request).await,
            }
        })
        .await
}

pub fn geometry_error(package: &OpenPackage) -> impl Fn(crate::geometry::GeometryFault) -> PackageError {
    let path = package.package().path.clone();
    move |source| PackageError::Geometry { path: path.clone(), source }
}

/// Where the coordinates of an answer are, OGC 18-058r1 §6.5.
fn content_crs(system: System) -> String {
    format!("<{}>", system.uri())
}

async fn items_body(
    app: &super::App,
    ask: &Ask,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    request: ItemsRequest,
) -> Result<Answer, Problem> {
    let query = request.query.clone();
    let (selection, format) = (request.selection.clone(), request.format);
    let (mut body, facts) = app
        .pool
        .read(permit, &layer.package, limits::QUERY_TIME, move |package| write_page(package, &query, selection, format))
        .await?;
    let links = items_links(ask, layer, &request, &facts);
    if format == Format::GeoJson {
        let mut end = json!({
            "numberReturned": facts.returned,
            "timeStamp": layer.record.published,
            "links": links,
        });
        if let Some(matched) = facts.matched {
            end["numberMatched"] = matched.into();
        }
        body.extend_from_slice(b"],");
        body.extend_from_slice(&end.to_string().as_bytes()[1..]);
    }
    let mut answer = Answer::new(format.media_type(), body)
        .with_header("content-crs", content_crs(request.selection.system))
        .with_header("link", link_header(&links))
        .with_header("ogc-numberreturned", facts.returned.to_string());
    if let Some(matched) = facts.matched {
        answer = answer.with_header("ogc-numbermatched", matched.to_string());
    }
    if format == Format::Csv {
        let name = format!("attachment; filename=\"{}.csv\"", layer.record.id);
        answer = answer.with_header("content-disposition", name);
    }
    Ok(answer)
}

/// The features of a page, up to what follows them.
fn write_page(
    package: &OpenPackage,
    query: &FeatureQuery,
    selection: Selection,
    format: Format,
) -> Result<(Vec<u8>, PageFacts), PackageError> {
    let fault = geometry_error(package);
    let mut body = Vec::new();
    let facts = match format {
        Format::Csv => {
            let schema = &package.package().schema;
            let mut writer = CsvWriter::new(schema, selection);
            writer.head(schema, &mut body);
            query::page(package, query, |row| writer.row(row, &mut body).map_err(&fault))?
        }
        Format::GeoJson => {
            body.extend_from_slice(b"{\"type\":\"FeatureCollection\",\"features\":[");
            let mut writer = FeatureWriter::new(selection);
            let mut is_first = true;
            query::page(package, query, |row| {
                if !std::mem::take(&mut is_first) {
                    body.push(b',');
                }
                writer.feature(row, &mut body).map_err(&fault)
            })?
        }
        Format::GeoJsonSeq | Format::NdJson => {
            /// RFC 8142 §2: each text begins with the record separator.
            const RECORD_SEPARATOR: u8 = 0x1E;
            let mut writer = FeatureWriter::new(selection);
            query::page(package, query, |row| {
                if format == Format::GeoJsonSeq {
                    body.push(RECORD_SEPARATOR);
                }
                writer.feature(row, &mut body).map_err(&fault)?;
                body.push(b'\n');
                Ok(())
            })?
        }
    };
    Ok((body, facts))
}

fn items_links(ask: &Ask, layer: &LiveLayer, request: &ItemsRequest, facts: &PageFacts) -> Vec<Value> {
    let format = request.format;
    let mut links =
        vec![link(format!("{}{}", ask.base, ask.path_and_query), "self", format.media_type(), "This document")];
    for other in Format::ALL.into_iter().filter(|other| *other != format) {
        let address = request.address(ask, layer, &[("f", other.name().to_owned())]);
        links.push(link(address, "alternate", other.media_type(), other.title()));
    }
    links.push(link(
        request.address(ask, layer, &[("f", "html".to_owned())]),
        "alternate",
        "text/html",
        "These features as a table",
    ));
    let collection = format!("{}/collections/{}", ask.base, layer.record.id);
    links.push(link(collection, "collection", "application/json", "The layer"));
    if let Some(next) = request.next(ask, layer, facts) {
        links.push(link(next, "next", format.media_type(), "Next page"));
    }
    if let Some(previous) = request.previous(ask, layer, facts) {
        links.push(link(previous, "prev", format.media_type(), "Previous page"));
    }
    links
}

/// The links that a client of any format follows, RFC 8288.
fn link_header(links: &[Value]) -> String {
    let text = |link: &Value, member: &str| link[member].as_str().unwrap_or_default().to_owned();
    links
        .iter()
        .filter(|link| ["self", "next", "prev"].contains(&text(link, "rel").as_str()))
        .map(|link| format!("<{}>; rel=\"{}\"; type=\"{}\"", text(link, "href"), text(link, "rel"), text(link, "type")))
        .collect::<Vec<_>>()
        .join(", ")
}

async fn items_page(
    app: &super::App,
    ask: &Ask,
    layer: &Arc<LiveLayer>,
    permit: &PermittedLayer,
    request: ItemsRequest,
) -> Result<Answer, Problem> {
    let query = request.query.clone();
    let (features, facts) = app
        .pool
        .read(permit, &layer.package, limits::QUERY_TIME, move |package| {
            let mut features = Vec::new();
            let fault = geometry_error(package);
            let facts = query::page(package, &query, |row| {
                features.push(view(row).map_err(&fault)?);
                Ok(())
            })?;
            Ok((features, facts))
        })
        .await?;
    let as_html = |address: String| format!("{address}{}f=html", if address.contains('?') { '&' } else { '?' });
    let items = ItemsView {
        features,
        number_matched: facts.matched,
        first: request.first(),
        next: request.next(ask, layer, &facts).map(as_html),
        previous: request.previous(ask, layer, &facts).map(as_html),
        beginning: (!matches!(request.query.start, Start::Offset(_)))
            .then(|| as_html(request.address(ask, layer, &[]))),
        filters: request.repeated,
    };
    Ok(Answer::html(pages::items(&ask.frame(), &layer.record, &items)).in_language(ask.language))
}

/// A row for a page, or for a name on a map.
pub fn view(row: &Row<'_>) -> Result<FeatureView, crate::geometry::GeometryFault> {
    let shape = match row.geometry() {
        Some(bytes) => {
            let mut shape = crate::geometry::Shape::default();
            shape.read_wkb(crate::geometry::blob::parse(bytes)?.wkb)?;
            Some(shape)
        }
        None => None,
    };
    let point = shape.as_ref().and_then(crate::geometry::Shape::representative_point);
    Ok(FeatureView {
        id: row.id(),
        values: row.values(),
        point,
        hk1980: point.and_then(|(lon, lat)| crate::crs::to_hk1980_grid(lon, lat)),
        bbox: shape.map(|shape| shape.bbox()).filter(|bbox| !bbox.is_empty()),
    })
}

pub async fn feature(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    let wanted = Wanted::take(&mut context.parameters)?;
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFeatures)?;
    let layer = context.app.wanted(&current, &wanted).await?;
    let selection = selection::take(&mut context.parameters, &layer.record, &mut |_, _| {})?;
    context.finish_parameters("crs, properties, exclude-properties, skipGeometry, revision, as-at, f, lang")?;
    let absent = Problem::not_found(format!(
        "{} has no feature \"{}\"; /collections/{}/items lists the features",
        layer.record.id,
        cut(context.place("feature")),
        layer.record.id
    ));
    let Ok(id) = context.place("feature").parse() else { return Err(absent) };
    let ask = &context.ask;
    if ask.wants_html {
        let view = context
            .app
            .pool
            .read(&permit, &layer.package, limits::QUERY_TIME, move |package| {
                let mut found = None;
                let fault = geometry_error(package);
                query::one(package, id, |row| {
                    found = Some(view(row).map_err(&fault)?);
                    Ok(())
                })?;
                Ok(found)
            })
            .await?
            .ok_or(absent)?;
        return Ok(Arc::new(
            Answer::html(pages::feature(&ask.frame(), &layer.record, &view)).in_language(ask.language),
        ));
    }
    let system = selection.system;
    let mut writer = FeatureWriter::new(selection);
    let mut body = context
        .app
        .pool
        .read(&permit, &layer.package, limits::QUERY_TIME, move |package| {
            let mut body = Vec::new();
            let fault = geometry_error(package);
            let found = query::one(package, id, |row| writer.open_feature(row, &mut body).map_err(&fault))?;
            Ok(found.then_some(body))
        })
        .await?
        .ok_or(absent)?;
    let here = format!("{}/collections/{}", ask.base, layer.record.id);
    let mut links: Vec<Value> = self_links(&format!("{here}/items/{id}"), GEOJSON);
    links.push(link(here, "collection", "application/json", "The layer"));
    body.extend_from_slice(b",\"links\":");
    body.extend_from_slice(Value::Array(links).to_string().as_bytes());
    body.push(b'}');
    Ok(Arc::new(Answer::new(GEOJSON, body).with_header("content-crs", content_crs(system))))
}
