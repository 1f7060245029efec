//! `/collections/{layer}/items`, OGC 17-069r4 §7.15 and §7.16.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use axum::http::Method;
use axum::response::Response;

use super::answer::Answer;
use super::fault::Absent;
use super::items_request::{self, ItemsRequest};
use super::landing::{link, self_links};
use super::pages::{self, FeatureView, ItemsView};
use super::problem::Problem;
use super::request::Ask;
use super::revisions::Wanted;
use super::routes::{Context, Reply};
use super::selection;
use super::snapshot::LiveLayer;
use super::streams::{self, Source};
use super::{App, extracts, package_answer};
use crate::access::{Action, PermittedLayer};
use crate::base::{Language, limits};
use crate::catalogue::LayerRecord;
use crate::crs::System;
use crate::formats::json_fg::{self, Profile};
use crate::formats::{Encoder, Format, Head, json_writer};
use crate::package::{OpenPackage, PackageError, Row};
use crate::query::{self, PageFacts, Start};

pub const GEOJSON: &str = "application/geo+json";

pub async fn items(mut context: Context) -> Result<Response, Problem> {
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
    let ask = Arc::clone(&context.ask);
    let key = format!(
        "items|{}|{}|{}|{}|{}|{}|{}|{:?}|{:?}",
        ask.method == Method::POST,
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
    if !ask.wants_html && (request.is_whole() || request.format == Format::GeoPackage) {
        return sent_as_made(app, &ask, layer, permit, &request, &key).await;
    }
    let made = async move {
        match ask.wants_html {
            true => items_page(&app, &ask, &layer, &permit, request).await,
            false => items_body(&app, &ask, &layer, &permit, request).await,
        }
    };
    let answer = context.app.cache.get_or_make(key, made).await?;
    Ok(answer.respond(&context.ask))
}

/// Every match, or a page as a file: nothing of it is kept in memory or in the cache.
async fn sent_as_made(
    app: Arc<App>,
    ask: &Ask,
    layer: Arc<LiveLayer>,
    permit: PermittedLayer,
    request: &ItemsRequest,
    key: &str,
) -> Result<Response, Problem> {
    if request.is_whole() && !request.query.order.is_empty() {
        return Err(Problem::bad_request(format!(
            "sortby sorts pages; give limit, up to {}, or leave out sortby to take every feature",
            limits::PAGE_FEATURES_MAX
        )));
    }
    let written_by = concat!("|", env!("CARGO_PKG_VERSION"));
    let links = items_links(
        ask,
        &layer,
        request,
        &PageFacts { returned: 0, matched: None, more_after: None, more_before: None },
    );
    let answer =
        dressed(Answer::streamed(request.format.media_type(), &format!("{key}{written_by}")), &layer, request, &links);
    let schema_address = schema_address(ask, &layer);
    let features = (!request.query.is_filtered() && request.is_whole()).then_some(layer.package.features);
    let record = Arc::clone(&layer.record);
    let head = Head { features, ..head(&record, &schema_address, request.profile) };
    let source = Source { app, layer, permit, query: request.query.clone() };
    match Encoder::new(request.format, &head, request.selection.clone()) {
        Some(encoder) => streams::respond(&answer, ask, source, encoder).await,
        None if json_fg::is_place(request.selection.system) => Err(Problem::bad_request(
            "a GeoPackage is written in CRS84, as packages are kept; leave out crs, or take f=flatgeobuf",
        )),
        None => {
            package_answer::respond(&answer, ask, source, &head, request.selection.clone(), request.is_whole()).await
        }
    }
}

/// What formats say of a layer.
fn head<'a>(record: &'a LayerRecord, schema_address: &'a str, profile: Profile) -> Head<'a> {
    Head {
        layer: &record.id,
        title: record.title.get(Language::En),
        schema: &record.schema,
        schema_address,
        time: record.time.as_ref(),
        profile,
        features: None,
    }
}

fn schema_address(ask: &Ask, layer: &LiveLayer) -> String {
    format!("{}/collections/{}/schema", ask.base, layer.record.id)
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
    let schema_address = schema_address(ask, layer);
    let head = head(&layer.record, &schema_address, request.profile);
    let Some(mut encoder) = Encoder::new(request.format, &head, request.selection.clone()) else {
        return Err(Problem::internal("a GeoPackage is no page"));
    };
    let (mut body, facts) = app
        .pool
        .read(permit, &layer.package, limits::QUERY_TIME, move |package| {
            let fault = geometry_error(package);
            let mut body = Vec::new();
            encoder.begin(&mut body);
            let facts = query::page(package, &query, |row| encoder.feature(row, &mut body).map_err(&fault))?;
            Ok((body, facts))
        })
        .await?;
    let links = items_links(ask, layer, &request, &facts);
    if matches!(request.format, Format::GeoJson | Format::JsonFg) {
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
    let mut answer = dressed(Answer::new(request.format.media_type(), body), layer, &request, &links)
        .with_header("ogc-numberreturned", facts.returned.to_string());
    if let Some(matched) = facts.matched {
        answer = answer.with_header("ogc-numbermatched", matched.to_string());
    }
    Ok(answer)
}

/// The headers that every answer with features has.
fn dressed(answer: Answer, layer: &LiveLayer, request: &ItemsRequest, links: &[Value]) -> Answer {
    let answer = answer
        .with_header("content-crs", content_crs(request.selection.system))
        .with_header("link", link_header(links));
    match request.format.extension() {
        Some(extension) => {
            let name = format!("attachment; filename=\"{}.{extension}\"", layer.record.id);
            answer.with_header("content-disposition", name)
        }
        None => answer,
    }
}

fn items_links(ask: &Ask, layer: &LiveLayer, request: &ItemsRequest, facts: &PageFacts) -> Vec<Value> {
    let format = request.format;
    let same = link(format!("{}{}", ask.base, ask.path_and_query), "self", format.media_type(), "This document");
    let mut links = vec![if ask.method == Method::POST { by_post(same) } else { same }];
    // The same features by another address: with the filter in it, or in the body that goes there.
    let onward = |address: String, relation, media_type, title: &str| {
        let onward = link(address, relation, media_type, title);
        if request.needs_body() { by_post(onward) } else { onward }
    };
    for other in Format::ALL.into_iter().filter(|other| *other != format) {
        let address = request.address(ask, layer, &[("f", other.name().to_owned())]);
        links.push(onward(address, "alternate", other.media_type(), other.title()));
    }
    let table = request.address(ask, layer, &[("f", "html".to_owned())]);
    links.push(onward(table, "alternate", "text/html", "These features as a table"));
    if request.profile != Profile::Rfc7946 {
        links.push(json!({ "href": request.profile.address(), "rel": "profile" }));
    }
    let collection = format!("{}/collections/{}", ask.base, layer.record.id);
    links.push(link(collection, "collection", "application/json", "The layer"));
    if let Some(next) = request.next(ask, layer, facts) {
        links.push(onward(next, "next", format.media_type(), "Next page"));
    }
    if let Some(previous) = request.previous(ask, layer, facts) {
        links.push(onward(previous, "prev", format.media_type(), "Previous page"));
    }
    links
}

/// A link that is followed by sending the body of the request again, in the words of STAC API.
fn by_post(mut link: Value) -> Value {
    link["method"] = "POST".into();
    link["merge"] = true.into();
    link
}

/// The links that a client of any format follows, RFC 8288.
fn link_header(links: &[Value]) -> String {
    let text = |link: &Value, member: &str| link[member].as_str().unwrap_or_default().to_owned();
    links
        .iter()
        .filter(|link| ["self", "next", "prev", "profile"].contains(&text(link, "rel").as_str()))
        .map(|link| {
            let media_type = link["type"].as_str().map_or(String::new(), |name| format!("; type=\"{name}\""));
            let method = link["method"].as_str().map_or(String::new(), |name| format!("; method=\"{name}\""));
            format!("<{}>; rel=\"{}\"{media_type}{method}", text(link, "href"), text(link, "rel"))
        })
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
    // Nobody follows a link of a page with a body.
    let has_addresses = !request.needs_body();
    let items = ItemsView {
        features,
        number_matched: facts.matched,
        first: request.first(),
        next: request.next(ask, layer, &facts).filter(|_| has_addresses).map(as_html),
        previous: request.previous(ask, layer, &facts).filter(|_| has_addresses).map(as_html),
        beginning: (has_addresses && !matches!(request.query.start, Start::Offset(_)))
            .then(|| as_html(request.address(ask, layer, &[]))),
        extract: extracts::form_path(app, &layer.record.id, &request.repeated),
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
    let (format, profile) = one_in_json(&mut context)?;
    let wanted = Wanted::take(&mut context.parameters)?;
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFeatures)?;
    let layer = context.app.wanted(&current, &wanted).await?;
    let selection = selection::take(&mut context.parameters, &layer.record, &mut |_, _| {})?;
    context.finish_parameters(
        "crs, properties, exclude-properties, skipGeometry, zoom-level, max-allowable-offset, precision, profile, \
         revision, as-at, f, lang",
    )?;
    let absent: Problem =
        Absent::Feature { layer: layer.record.id.to_string(), id: context.place("feature").to_owned() }.into();
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
    let schema_address = schema_address(ask, &layer);
    let head = head(&layer.record, &schema_address, profile);
    let mut root = match profile {
        Profile::Rfc7946 => Map::new(),
        _ => json_fg::root_members(head.layer, head.schema, head.schema_address, &selection),
    };
    let system = selection.system;
    let mut writer = json_writer(&head, selection);
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
    let mut links: Vec<Value> = self_links(&format!("{here}/items/{id}"), format.media_type());
    links.push(link(here, "collection", "application/json", "The layer"));
    root.insert("links".to_owned(), Value::Array(links));
    body.push(b',');
    body.extend_from_slice(&Value::Object(root).to_string().as_bytes()[1..]);
    Ok(Arc::new(Answer::new(format.media_type(), body).with_header("content-crs", content_crs(system))))
}

/// The form of one feature in JSON.
fn one_in_json(context: &mut Context) -> Result<(Format, Profile), Problem> {
    let asked = context.parameters.take_common(&["json", "jsonfg", "html"])?;
    let accepted = Format::by_media_type(&context.ask.leading_type).filter(|_| asked.is_none());
    let is_json_fg = asked.as_deref().and_then(Format::by_name).or(accepted) == Some(Format::JsonFg);
    let format = if is_json_fg { Format::JsonFg } else { Format::GeoJson };
    Ok((format, items_request::profile(&mut context.parameters, format, &mut |_, _| {})))
}
