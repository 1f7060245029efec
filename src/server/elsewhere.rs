//! `/elsewhere`: records of other catalogues that fit a question. They stand here and on the page of
//! results, marked with whose they are and where they lead, and in none of the catalogue's own faces.

use std::sync::Arc;

use serde_json::{Value, json};

use super::boxes::parse_bbox;
use super::catalogue::whole;
use super::landing::{json_or_twin, link};
use super::routes::{Context, Reply};
use crate::base::{Language, limits};
use crate::catalogue::RemoteRecord;
use crate::catalogue::faces::moment;

const PARAMETERS: &str = "text, bbox, limit, offset, f, lang";

pub async fn list(mut context: Context) -> Reply {
    let parameters = &mut context.parameters;
    parameters.take_common(&["json", "html"])?;
    let text = parameters.take("text").unwrap_or_default();
    let bbox = parameters.take("bbox").map(|text| parse_bbox(&text)).transpose()?;
    let number = |name, text: Option<String>, least, most| text.map(|text| whole(name, &text, least, most)).transpose();
    let most = u64::from(limits::PAGE_FEATURES_MAX);
    let limit = number("limit", parameters.take("limit"), 1, most)?.unwrap_or(u64::from(limits::PAGE_FEATURES_DEFAULT));
    let offset = number("offset", parameters.take("offset"), 0, u64::MAX)?.unwrap_or(0);
    context.finish_parameters(PARAMETERS)?;
    let snapshot = context.app.snapshot();
    let found = snapshot.elsewhere.search(&text, bbox.as_ref());
    let ask = &context.ask;
    let page = found.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX)).take(limit as usize);
    let records: Vec<Value> = page.map(|record| row(record, ask.language)).collect();
    let document = json!({
        "numberMatched": found.len(),
        "numberReturned": records.len(),
        "records": records,
        "links": [link(format!("{}{}", ask.base, ask.path_and_query), "self", "application/json", "This document")],
    });
    Ok(json_or_twin(&context, &document, title(ask.language)))
}

fn title(language: Language) -> &'static str {
    match language {
        Language::En => "In other catalogues",
        Language::ZhHant => "其他目錄的紀錄",
        Language::ZhHans => "其他目录的纪录",
    }
}

fn row(record: &Arc<RemoteRecord>, language: Language) -> Value {
    let resources: Vec<Value> = record
        .resources
        .iter()
        .map(|resource| json!({ "title": resource.title, "format": resource.format, "href": resource.address }))
        .collect();
    json!({
        "kind": "remote",
        "catalogue": record.host,
        "id": record.id,
        "title": record.title.get(language),
        "description": record.text.get(language),
        "publisher": record.publisher.get(language),
        "license": record.licence,
        "updated": record.updated.map(moment),
        "bbox": record.extent,
        "href": record.page,
        "resources": resources,
    })
}
