//! The catalogue as OGC API Records (OGC 20-004r1): one record a layer.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::Answer;
use super::collections::CRS84;
use super::faces::{listing, listings};
use super::fault::{Absent, Refused};
use super::filter_parameters;
use super::landing::{json_or_twin, link};
use super::problem::Problem;
use super::request::{Parameters, encode};
use super::routes::{Context, Reply};
use super::snapshot::Snapshot;
use crate::base::ids::cut;
use crate::base::{Interval, Language, LayerId, limits};
use crate::catalogue::LayerRecord;
use crate::catalogue::faces::records::{self, SORTABLES, SortKey};
use crate::catalogue::faces::{queryables, title};
use crate::catalogue::search::{Bucket, Facets, Filter};
use crate::crs::System;

const GEOJSON: &str = "application/geo+json";

pub async fn collection(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let snapshot = context.app.snapshot();
    let document = collection_document(&context, &snapshot);
    Ok(json_or_twin(&context, &document, title(context.ask.language)))
}

/// The catalogue among the collections.
pub fn collection_document(context: &Context, snapshot: &Snapshot) -> Value {
    let ask = &context.ask;
    records::collection(listings(snapshot, &ask.base), &ask.base, ask.language)
}

pub async fn queryables(context: Context) -> Reply {
    schema(context, "queryables").await
}

pub async fn sortables(context: Context) -> Reply {
    schema(context, "sortables").await
}

pub async fn returnables(context: Context) -> Reply {
    schema(context, "schema").await
}

async fn schema(mut context: Context, which: &str) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let document = records::schema(&context.ask.base, which, context.ask.language);
    if context.ask.wants_html {
        return Ok(json_or_twin(&context, &document, title(context.ask.language)));
    }
    Ok(Arc::new(Answer::json(&document).of_type("application/schema+json").in_language(context.ask.language)))
}

/// A number of a parameter, from `least`; larger ones than `most` are lowered.
pub(super) fn whole(name: &str, text: &str, least: u64, most: u64) -> Result<u64, Problem> {
    let digits_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits_only.then(|| text.parse::<u64>().unwrap_or(u64::MAX)).filter(|number| *number >= least);
    number
        .map(|number| number.min(most))
        .ok_or_else(|| Refused::NotWhole { name: name.to_owned(), value: text.to_owned(), least }.into())
}

/// Parameters that say which records, in the order in which links repeat them.
const WHICH: [&str; 11] =
    ["q", "text", "ids", "externalIds", "type", "bbox", "datetime", "theme", "department", "sortby", "limit"];

/// Which records, in which order.
#[derive(Default)]
struct RecordQuery {
    /// As given, for links.
    given: Vec<(&'static str, String)>,
    q: Option<String>,
    text: Option<String>,
    ids: Option<Vec<String>>,
    external_ids: Option<Vec<String>>,
    types: Option<Vec<String>>,
    filter: Filter,
    /// What CQL2 says of them.
    condition: crate::filter::Filter,
    sort: Vec<SortKey>,
    limit: u64,
    offset: u64,
}

impl RecordQuery {
    fn take(parameters: &mut Parameters) -> Result<Self, Problem> {
        let mut query = RecordQuery {
            limit: u64::from(limits::PAGE_FEATURES_DEFAULT),
            offset: parameters.take("offset").map_or(Ok(0), |text| whole("offset", &text, 0, u64::MAX))?,
            ..RecordQuery::default()
        };
        if let Some((_, tag)) = parameters.rest().iter().find(|(name, _)| name == "lang") {
            // The next page is in the language of this one.
            query.given.push(("lang", tag.clone()));
        }
        // A profile that is not known is no error, OGC 20-004r1 §10.
        parameters.take("profile");
        let list = |value: &str| value.split(',').map(|part| part.trim().to_owned()).collect();
        for name in WHICH {
            let Some(value) = parameters.take(name) else { continue };
            match name {
                "q" => query.q = Some(value.clone()),
                "text" => query.text = Some(value.clone()).filter(|text| !text.trim().is_empty()),
                "ids" => query.ids = Some(list(&value)),
                "externalIds" => query.external_ids = Some(list(&value)),
                "type" => query.types = Some(list(&value)),
                "bbox" => query.filter.bbox = Some(super::boxes::parse_bbox(&value)?),
                "datetime" => query.filter.datetime = Some(interval(&value)?),
                "theme" => query.filter.theme = Some(value.clone()),
                "department" => query.filter.department = Some(value.clone()),
                "sortby" => query.sort = sort_keys(&value)?,
                _ => query.limit = whole("limit", &value, 1, u64::from(limits::PAGE_FEATURES_MAX))?,
            }
            query.given.push((name, value));
        }
        Ok(query)
    }

    /// What CQL2 says.
    fn take_condition(&mut self, parameters: &mut Parameters) -> Result<(), Problem> {
        let given = &mut self.given;
        let keep = |name: &str, value: &str| {
            let known = filter_parameters::NAMES.into_iter().find(|known| *known == name);
            given.extend(known.map(|name| (name, value.to_owned())));
        };
        self.condition = filter_parameters::take(parameters, queryables::schema(), &System::ALL, keep)?;
        Ok(())
    }

    /// The records that fit: by relevance where words were searched for, else by title, unless the
    /// request sorts them.
    fn matching(&self, snapshot: &Snapshot, language: Language) -> (Vec<Arc<LayerRecord>>, Facets) {
        let text = self.text.as_deref().unwrap_or_default();
        let holding = self.q.as_deref().map(|q| snapshot.index.holding(q));
        let holding: Option<HashSet<&LayerId>> =
            holding.as_ref().map(|holding| holding.iter().map(|record| &record.id).collect());
        let external_ids: Option<Vec<&str>> =
            self.external_ids.as_ref().map(|wanted| wanted.iter().map(String::as_str).collect());
        let is_of_type = self.types.as_ref().is_none_or(|types| types.iter().any(|kind| kind == "dataset"));
        let is_meant = |record: &LayerRecord| {
            is_of_type
                && holding.as_ref().is_none_or(|holding| holding.contains(&record.id))
                && self.ids.as_ref().is_none_or(|ids| ids.iter().any(|id| record.id.as_str() == id))
                && external_ids.as_ref().is_none_or(|wanted| records::has_external_id(record, wanted))
                && queryables::chooses(&self.condition, record, language)
        };
        let found = snapshot.index.search_among(text, &self.filter, language, is_meant);
        let mut matched: Vec<Arc<LayerRecord>> = found.matches.into_iter().map(|found| found.record).collect();
        if !self.sort.is_empty() {
            matched.sort_by(|a, b| records::compare(a, b, &self.sort, language));
        }
        (matched, found.facets)
    }

    /// The address of the page that begins at `offset`.
    fn address(&self, base: &str, offset: u64) -> String {
        let mut pairs: Vec<String> =
            self.given.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        if offset > 0 {
            pairs.push(format!("offset={offset}"));
        }
        let here = format!("{base}/collections/catalogue/items");
        if pairs.is_empty() { here } else { format!("{here}?{}", pairs.join("&")) }
    }
}

/// `datetime` of records.
pub(super) fn interval(text: &str) -> Result<Interval, Problem> {
    Ok(text.parse::<Interval>()?)
}

fn sort_keys(text: &str) -> Result<Vec<SortKey>, Problem> {
    records::sort_keys(text).map_err(|name| {
        Problem::bad_request(format!(
            "sortby names \"{}\", which is not one of {}; put - before one to turn its order",
            cut(&name),
            SORTABLES.join(", ")
        ))
    })
}

pub async fn records(mut context: Context) -> Reply {
    let parameters = &mut context.parameters;
    let facets_wanted = parameters.take("facets").map(|text| facet_wishes(&text).map(|wishes| (text, wishes)));
    let facets_wanted = facets_wanted.transpose()?;
    let mut query = RecordQuery::take(parameters)?;
    query.take_condition(parameters)?;
    if let Some((text, _)) = &facets_wanted {
        query.given.push(("facets", text.clone()));
    }
    parameters.take_common(&["json", "html"])?;
    let filters = filter_parameters::NAMES.join(", ");
    context.finish_parameters(&format!("{}, {filters}, facets, offset, profile, f, lang", WHICH.join(", ")))?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let (matched, facets) = query.matching(&snapshot, ask.language);
    if let Some(text) = query.text.as_deref().filter(|_| matched.is_empty()) {
        context.app.empty_searches.note(text);
    }
    let (offset, limit) = (query.offset, query.limit);
    let page: Vec<Value> = matched
        .iter()
        .skip(usize::try_from(offset).unwrap_or(usize::MAX))
        .take(limit as usize)
        .map(|record| records::record(&listing(&snapshot, record, &ask.base), ask.language))
        .collect();
    let address = |offset: u64| query.address(&ask.base, offset);
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
    let mut document = json!({
        "type": "FeatureCollection",
        "numberMatched": matched.len(),
        "numberReturned": page.len(),
        "features": page,
        "timeStamp": snapshot.newest().unwrap_or_default(),
        "links": links,
    });
    if let Some((_, wanted)) = &facets_wanted {
        document["facets"] = counted(&facets, wanted, ask.language);
    }
    if ask.wants_html {
        return Ok(json_or_twin(&context, &document, title(ask.language)));
    }
    Ok(Arc::new(geojson(&document, ask.language)))
}

/// Counts of what the same parameters find, draft Part 2: `facets=name:most:order`, commas between
/// several; without it all of them.
pub async fn facets(mut context: Context) -> Reply {
    let parameters = &mut context.parameters;
    parameters.take_common(&["json", "html"])?;
    let wanted = parameters.take("facets").map(|text| facet_wishes(&text)).transpose()?;
    let mut query = RecordQuery::take(parameters)?;
    query.take_condition(parameters)?;
    let filters = filter_parameters::NAMES.join(", ");
    context.finish_parameters(&format!("facets, {}, {filters}, f, lang", WHICH.join(", ")))?;
    let ask = &context.ask;
    let snapshot = context.app.snapshot();
    let (matched, facets) = query.matching(&snapshot, ask.language);
    let all = || FACETS.iter().map(|name| ((*name).to_owned(), usize::MAX)).collect();
    let document = json!({
        "facets": counted(&facets, &wanted.unwrap_or_else(all), ask.language),
        "numberMatched": matched.len(),
        "links": [link(format!("{}{}", ask.base, ask.path_and_query), "self", "application/facets+json", "This document")],
    });
    if ask.wants_html {
        return Ok(json_or_twin(&context, &document, title(ask.language)));
    }
    Ok(Arc::new(Answer::json(&document).of_type("application/facets+json").in_language(ask.language)))
}

/// Facets by name, each with so many of its values at most.
fn counted(facets: &Facets, wanted: &[(String, usize)], language: Language) -> Value {
    let of_name = |(name, most): &(String, usize)| {
        let buckets = buckets_of(facets, name);
        let shown: Vec<Value> = buckets
            .iter()
            .take(*most)
            .map(|bucket| json!({ "value": bucket.value, "title": bucket.name.get(language), "count": bucket.count }))
            .collect();
        (name.clone(), json!({ "type": "term", "property": name, "buckets": shown, "more": buckets.len() > *most }))
    };
    Value::Object(wanted.iter().map(of_name).collect())
}

const FACETS: [&str; 5] = ["department", "theme", "format", "class", "shape"];

fn buckets_of<'a>(facets: &'a Facets, name: &str) -> &'a [Bucket] {
    match name {
        "department" => &facets.departments,
        "theme" => &facets.themes,
        "format" => &facets.formats,
        "class" => &facets.classes,
        _ => &facets.shapes,
    }
}

fn facet_wishes(text: &str) -> Result<Vec<(String, usize)>, Problem> {
    text.split(',')
        .map(|wish| {
            let mut parts = wish.split(':');
            let name = parts.next().unwrap_or_default();
            if !FACETS.contains(&name) {
                let known = FACETS.join(", ");
                return Err(Problem::bad_request(format!(
                    "facets names \"{}\", which is not one of {known}",
                    cut(name)
                )));
            }
            let most = parts.next().map_or(Ok(u64::MAX), |most| whole("facets", most, 1, u64::MAX))?;
            Ok((name.to_owned(), usize::try_from(most).unwrap_or(usize::MAX)))
        })
        .collect()
}

fn with_html(address: &str) -> String {
    format!("{address}{}f=html", if address.contains('?') { '&' } else { '?' })
}

fn geojson(document: &Value, language: Language) -> Answer {
    Answer::json(document).of_type(GEOJSON).in_language(language).with_header("content-crs", format!("<{CRS84}>"))
}

pub async fn record(mut context: Context) -> Reply {
    context.parameters.take("profile");
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("profile, f, lang")?;
    let snapshot = context.app.snapshot();
    let wanted = context.place("record");
    let record = snapshot
        .index
        .records()
        .iter()
        .find(|record| record.id.as_str() == wanted)
        .ok_or_else(|| snapshot.absent(wanted, || Absent::Record { id: wanted.to_owned() }.into()))?;
    let ask = &context.ask;
    let document = records::record(&listing(&snapshot, record, &ask.base), ask.language);
    if ask.wants_html {
        return Ok(json_or_twin(&context, &document, record.title.get(ask.language)));
    }
    Ok(Arc::new(geojson(&document, ask.language)))
}
