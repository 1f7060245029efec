//! `/collections/{layer}/changes`: what a publication added, changed and removed.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::features::{self, GEOJSON};
use super::items_request;
use super::landing::{json_or_twin, link};
use super::problem::Problem;
use super::request::Ask;
use super::revisions;
use super::routes::{Context, Reply};
use super::snapshot::LiveLayer;
use crate::access::{Action, PermittedLayer};
use crate::base::{FeatureId, RevisionId, limits};
use crate::formats::geojson::FeatureWriter;
use crate::query::{self, ChangesPage, Cursor, Turn};

/// What was asked, read.
struct ChangesRequest {
    since: RevisionId,
    limit: u32,
    cursor: Option<Cursor>,
}

pub async fn changes(mut context: Context) -> Reply {
    let snapshot = context.app.snapshot();
    let (current, permit) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFeatures)?;
    let parameters = &mut context.parameters;
    parameters.take_common(&["json", "html"])?;
    let since = parameters.take("since").map(|text| revisions::parse("since", &text)).transpose()?;
    let limit = parameters.take("limit").map(|text| items_request::limit(&text)).transpose()?;
    let cursor = parameters
        .take("cursor")
        .map(|text| text.parse::<Cursor>().map_err(|fault| Problem::bad_request(fault.to_string())))
        .transpose()?;
    context.finish_parameters("since, limit, cursor, f, lang")?;
    let now = match &cursor {
        Some(cursor) => context.app.revision(&current, &cursor.revision).await?,
        None => current,
    };
    let since = match since {
        Some(since) => since,
        None => context.app.revision_before(&now).await?,
    };
    let request = ChangesRequest { limit: limit.unwrap_or(limits::PAGE_FEATURES_DEFAULT), since, cursor };
    if let Some(cursor) = &request.cursor {
        cursor.check(request.since.as_str()).map_err(|fault| Problem::bad_request(fault.to_string()))?;
    }
    let before = context.app.revision(&now, &request.since).await?;
    let key = format!(
        "changes|{}|{}|{}|{}|{}|{:?}|{}",
        now.record.id,
        now.record.revision,
        request.since,
        permit.audience().as_str(),
        context.ask.key(),
        request.cursor.as_ref().map(|cursor| cursor.place),
        request.limit
    );
    let (app, ask) = (Arc::clone(&context.app), Arc::clone(&context.ask));
    let make = async move {
        let document = document(&app, &ask, &permit, &before, &now, &request).await?;
        Ok(Answer::json(&document).of_type(GEOJSON).in_language(ask.language))
    };
    let answer = context.app.cache.get_or_make(key, make).await?;
    if !context.ask.wants_html {
        return Ok(answer);
    }
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    Ok(json_or_twin(&context, &document, "Changes"))
}

async fn document(
    app: &super::App,
    ask: &Ask,
    permit: &PermittedLayer,
    before: &Arc<LiveLayer>,
    now: &Arc<LiveLayer>,
    request: &ChangesRequest,
) -> Result<Value, Problem> {
    let after = request.cursor.as_ref().map(|cursor| FeatureId::from_hash(cursor.place.unsigned_abs()));
    let page = ChangesPage { after, limit: request.limit };
    let (features, counts, more_after) = app
        .pool
        .read_pair(permit, [&before.package, &now.package], limits::QUERY_TIME, move |before, now| {
            let mut features: Vec<Value> = Vec::new();
            // The fields of a removed feature are those of its own revision.
            let (mut old_writer, mut writer) = (FeatureWriter::default(), FeatureWriter::default());
            let (counts, more_after) = query::changes(before, now, page, |change, row| {
                let mut body = Vec::new();
                let writer = if change == query::Change::Removed { &mut old_writer } else { &mut writer };
                writer.feature(row, &mut body).map_err(features::geometry_error(now))?;
                let mut feature: Value = serde_json::from_slice(&body).unwrap_or_default();
                feature["change"] = change.as_str().into();
                features.push(feature);
                Ok(())
            })?;
            Ok((features, counts, more_after))
        })
        .await?;
    let here = format!("{}/collections/{}", ask.base, now.record.id);
    let mut links = vec![
        link(format!("{}{}", ask.base, ask.path_and_query), "self", GEOJSON, "This document"),
        link(here.clone(), "collection", "application/json", "The layer"),
    ];
    if let Some(last) = more_after {
        let cursor = Cursor::new(now.record.revision.clone(), last.get() as i64, Turn::Onward, request.since.as_str());
        let next = format!("{here}/changes?since={}&limit={}&cursor={cursor}", request.since, request.limit);
        links.push(link(next, "next", GEOJSON, "Next page"));
    }
    Ok(json!({
        "type": "FeatureCollection",
        "features": features,
        "since": request.since,
        "revision": now.record.revision,
        "added": counts.added,
        "changed": counts.changed,
        "removed": counts.removed,
        "numberMatched": counts.total(),
        "numberReturned": features.len(),
        "timeStamp": now.record.published,
        "links": links,
    }))
}
