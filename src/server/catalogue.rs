//! The catalogue as OGC API Records (OGC 20-004r1): one record a layer.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::collections::CRS84;
use super::landing::{json_or_twin, link, self_links};
use super::problem::Problem;
use super::request::encode;
use super::routes::{Context, Reply};
use super::snapshot::{LiveLayer, Snapshot};
use crate::base::ids::cut;
use crate::base::{BBox, Interval, Language, limits};
use crate::catalogue::LayerRecord;
use crate::catalogue::search::Filter;

const GEOJSON: &str = "application/geo+json";

pub async fn collection(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let snapshot = context.app.snapshot();
    let document = collection_document(&context, &snapshot);
    Ok(json_or_twin(&context, &document, title(context.ask.language)))
}

fn title(language: Language) -> &'static str {
    match language {
        Language::En => "Layer catalogue",
        Language::ZhHant => "圖層目錄",
        Language::ZhHans => "图层目录",
    }
}

/// The catalogue among the collections.
pub fn collection_document(context: &Context, snapshot: &Snapshot) -> Value {
    let here = format!("{}/collections/catalogue", context.ask.base);
    let mut extent = BBox::EMPTY;
    for layer in context.app.catalogued(snapshot) {
        if let Some(bbox) = layer.record.extent {
            extent.include(&bbox);
        }
    }
    let bbox = if extent.is_empty() { BBox::WORLD } else { extent };
    let mut links = self_links(&here, "application/json");
    links.push(link(format!("{here}/items"), "items", GEOJSON, "Records"));
    links.push(link(format!("{here}/items?f=html"), "items", "text/html", "Records as a page"));
    links.push(link(
        format!("{here}/queryables"),
        "http://www.opengis.net/def/rel/ogc/1.0/queryables",
        "application/schema+json",
        "What can be asked for",
    ));
    json!({
        "id": "catalogue",
        "type": "Collection",
        "title": title(context.ask.language),
        "description": match context.ask.language {
            Language::En => "One record for each layer that is published here.",
            Language::ZhHant => "此處發布的每個圖層各有一項紀錄。",
            Language::ZhHans => "此处发布的每个图层各有一项纪录。",
        },
        "itemType": "record",
        "extent": {
            "spatial": { "bbox": [bbox], "crs": CRS84 },
            "temporal": { "interval": [[null, null]] },
        },
        "crs": [CRS84],
        "links": links,
    })
}

pub async fn queryables(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{}/collections/catalogue/queryables", context.ask.base),
        "type": "object",
        "title": title(context.ask.language),
        "properties": {
            "geometry": { "format": "geometry-polygon", "x-ogc-role": "primary-geometry" },
        },
        "additionalProperties": false,
    });
    if context.ask.wants_html {
        return Ok(json_or_twin(&context, &document, title(context.ask.language)));
    }
    Ok(Arc::new(Answer::json(&document).of_type("application/schema+json")))
}

/// A number of a parameter, from `least`; larger ones than `most` are lowered.
fn whole(name: &str, text: &str, least: u64, most: u64) -> Result<u64, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits_only.then(|| text.parse::<u64>().unwrap_or(u64::MAX)).filter(|number| *number >= least);
    number
        .map(|number| number.min(most))
        .ok_or_else(|| Problem::bad_request(format!("{name}=\"{}\" is not a whole number from {least}", cut(text))))
}

pub async fn records(mut context: Context) -> Reply {
    let parameters = &mut context.parameters;
    parameters.take_common(&["json", "html"])?;
    let limit_text = parameters.take("limit");
    let limit = match &limit_text {
        Some(text) => whole("limit", text, 1, u64::from(limits::PAGE_FEATURES_MAX))?,
        None => u64::from(limits::PAGE_FEATURES_DEFAULT),
    };
    let offset = parameters.take("offset").map_or(Ok(0), |text| whole("offset", &text, 0, u64::MAX))?;
    let bbox_text = parameters.take("bbox");
    let bbox = bbox_text.as_deref().map(super::features::parse_bbox).transpose()?;
    let datetime_text = parameters.take("datetime");
    let datetime = datetime_text
        .as_deref()
        .map(|text| text.parse::<Interval>().map_err(|fault| Problem::bad_request(format!("datetime: {fault}"))))
        .transpose()?;
    let q = parameters.take("q");
    context.finish_parameters("bbox, datetime, limit, offset, q, f, lang")?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let matched = matching(&snapshot, q.as_deref(), bbox, datetime, ask.language);
    let page: Vec<&Arc<LiveLayer>> =
        matched.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX)).take(limit as usize).collect();
    let given = [("bbox", &bbox_text), ("datetime", &datetime_text), ("q", &q), ("limit", &limit_text)];
    let address = |offset: u64| {
        let mut pairs: Vec<String> =
            given.iter().filter_map(|(name, value)| Some(format!("{name}={}", encode(value.as_deref()?)))).collect();
        if offset > 0 {
            pairs.push(format!("offset={offset}"));
        }
        let here = format!("{}/collections/catalogue/items", ask.base);
        if pairs.is_empty() { here } else { format!("{here}?{}", pairs.join("&")) }
    };
    let mut links = vec![
        link(format!("{}{}", ask.base, ask.path_and_query), "self", GEOJSON, "This document"),
        link(with_html(&address(offset)), "alternate", "text/html", "These records as a page"),
        link(format!("{}/collections/catalogue", ask.base), "collection", "application/json", "The catalogue"),
    ];
    if offset.saturating_add(limit) < matched.len() as u64 {
        links.push(link(address(offset + limit), "next", GEOJSON, "Next page"));
    }
    if offset > 0 {
        links.push(link(address(offset.saturating_sub(limit)), "prev", GEOJSON, "Previous page"));
    }
    let document = json!({
        "type": "FeatureCollection",
        "features": page.iter().map(|layer| record_document(&layer.record, &ask.base, ask.language)).collect::<Vec<_>>(),
        "numberMatched": matched.len(),
        "numberReturned": page.len(),
        "timeStamp": snapshot.newest().unwrap_or_default(),
        "links": links,
    });
    if ask.wants_html {
        return Ok(json_or_twin(&context, &document, title(ask.language)));
    }
    Ok(Arc::new(geojson(&document, ask.language)))
}

fn with_html(address: &str) -> String {
    format!("{address}{}f=html", if address.contains('?') { '&' } else { '?' })
}

fn geojson(document: &Value, language: Language) -> Answer {
    Answer::json(document).of_type(GEOJSON).in_language(language).with_header("content-crs", format!("<{CRS84}>"))
}

/// Records that hold `q` as it stands, in box and time.
fn matching(
    snapshot: &Snapshot,
    q: Option<&str>,
    bbox: Option<BBox>,
    datetime: Option<Interval>,
    language: Language,
) -> Vec<Arc<LiveLayer>> {
    let filter = Filter { bbox, datetime, ..Filter::default() };
    let records: Vec<Arc<LayerRecord>> = match q {
        Some(q) => snapshot.index.holding(q),
        None => snapshot.index.all(language),
    };
    records
        .iter()
        .filter(|record| filter.lets_through(record))
        .filter_map(|record| snapshot.layer(&record.id))
        .cloned()
        .collect()
}

pub async fn record(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let snapshot = context.app.snapshot();
    let wanted = context.place("record");
    let layers = context.app.catalogued(&snapshot);
    let layer = layers
        .iter()
        .find(|layer| layer.record.id.as_str() == wanted)
        .ok_or_else(|| Problem::not_found(format!("the catalogue has no record \"{}\"", cut(wanted))))?;
    let ask = &context.ask;
    let document = record_document(&layer.record, &ask.base, ask.language);
    if ask.wants_html {
        return Ok(json_or_twin(&context, &document, layer.record.title.get(ask.language)));
    }
    Ok(Arc::new(geojson(&document, ask.language)))
}

/// A record, OGC 20-004r1 §7 (record-core).
fn record_document(record: &LayerRecord, base: &str, language: Language) -> Value {
    let here = format!("{base}/collections/catalogue/items/{}", record.id);
    let layer = format!("{base}/collections/{}", record.id);
    let mut links = self_links(&here, GEOJSON);
    links.extend([
        link(format!("{base}/collections/catalogue"), "collection", "application/json", "The catalogue"),
        link(
            "http://www.opengis.net/def/profile/OGC/0/ogc-record".to_owned(),
            "profile",
            "text/html",
            "Record of OGC API Records",
        ),
        link(layer.clone(), "http://www.opengis.net/def/rel/ogc/1.0/data-meta", "application/json", "The layer"),
        link(format!("{layer}/items"), "item", GEOJSON, "Features"),
        link(format!("{base}/tilejson/{}.json", record.id), "tiles", "application/json", "Vector tiles"),
    ]);
    if !record.licence.address.is_empty() {
        links.push(link(record.licence.address.clone(), "license", "text/html", record.licence.title.get(language)));
    }
    let languages: Vec<Value> = Language::ALL.iter().map(|language| json!({ "code": language.tag() })).collect();
    let themes: Vec<Value> = record
        .theme
        .iter()
        .map(|theme| {
            json!({
                "scheme": "https://data.gov.hk/en/categories",
                "concepts": [{ "id": theme.id, "title": theme.name.get(language) }],
            })
        })
        .collect();
    json!({
        "id": record.id,
        "type": "Feature",
        "geometry": record.extent.map(|bbox| box_polygon(&bbox)),
        "time": record.period.map_or(Value::Null, |(start, end)| json!({ "interval": [start, end] })),
        "properties": {
            "type": "dataset",
            "title": record.title.get(language),
            "description": record.abstract_text.get(language),
            "keywords": record.keywords.get(language),
            "language": { "code": language.tag() },
            "languages": languages,
            "updated": record.published,
            "license": record.licence.spdx,
            "rights": record.credit.get(language),
            "contacts": [{
                "organization": record.department.name.get(language),
                "roles": ["publisher"],
            }],
            "themes": themes,
            "formats": [{ "name": "GeoJSON", "mediaType": GEOJSON }],
            "numberOfFeatures": record.counts.kept,
            "revision": record.revision,
        },
        "links": links,
    })
}

/// From the south-west corner against the clock: QGIS reads the points in this order.
fn box_polygon(bbox: &BBox) -> Value {
    let [west, south, east, north] = bbox.to_array();
    json!({
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    })
}
