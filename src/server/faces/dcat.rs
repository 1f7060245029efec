//! `/dcat…`: DCAT by suffix or by `Accept`, in pages, `?profile=ckan`, `?modified_since=`.

use std::sync::Arc;

use super::{find, listing, listings, made_once};
use crate::base::Interval;
use crate::base::ids::cut;
use crate::catalogue::faces::dcat::{self, PAGE_DATASETS, Page, Profile};
use crate::catalogue::faces::rdf::{self, Graph};
use crate::catalogue::faces::{Listing, moment};
use crate::server::answer::Answer;
use crate::server::problem::Problem;
use crate::server::request::encode;
use crate::server::routes::{Context, Reply};

/// One spelling of RDF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    Turtle,
    RdfXml,
    JsonLd,
}

impl Spelling {
    const ALL: [(Spelling, &'static str, &'static str); 3] = [
        (Spelling::Turtle, "ttl", "text/turtle"),
        (Spelling::RdfXml, "rdf", "application/rdf+xml"),
        (Spelling::JsonLd, "jsonld", "application/ld+json"),
    ];

    fn of_suffix(suffix: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known, _)| *known == suffix).map(|(spelling, ..)| *spelling)
    }

    fn write(self, graph: &Graph) -> Answer {
        let text = match self {
            Spelling::Turtle => rdf::turtle(graph),
            Spelling::RdfXml => rdf::rdf_xml(graph),
            Spelling::JsonLd => rdf::json_ld(graph).to_string(),
        };
        Answer::new(
            match self {
                // Harvesters compare the whole header, so no charset follows.
                Spelling::Turtle => "text/turtle",
                Spelling::RdfXml => "application/rdf+xml",
                Spelling::JsonLd => "application/ld+json",
            },
            text.into_bytes(),
        )
    }
}

pub async fn turtle(context: Context) -> Reply {
    catalogue(context, Spelling::Turtle).await
}

pub async fn rdf_xml(context: Context) -> Reply {
    catalogue(context, Spelling::RdfXml).await
}

pub async fn json_ld(context: Context) -> Reply {
    catalogue(context, Spelling::JsonLd).await
}

/// Without a suffix the `Accept` header decides; `*/*` is Turtle.
pub async fn negotiated(context: Context) -> Reply {
    let spelling = by_accept(&context);
    catalogue(context, spelling).await
}

fn by_accept(context: &Context) -> Spelling {
    let wanted = |media_type: &str| context.ask.accepts(media_type);
    Spelling::ALL
        .iter()
        .find(|(_, _, media_type)| wanted(media_type))
        .map_or(Spelling::Turtle, |(spelling, ..)| *spelling)
}

fn profile(context: &mut Context) -> Profile {
    match context.parameters.take("profile").as_deref() {
        Some("ckan") => Profile::Ckan,
        _ => Profile::Ap,
    }
}

async fn catalogue(mut context: Context, spelling: Spelling) -> Reply {
    let profile = profile(&mut context);
    let number = match context.parameters.take("page") {
        None => 1,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|number| *number > 0)
            .ok_or_else(|| Problem::bad_request(format!("page=\"{}\" is not a whole number from 1", cut(&text))))?,
    };
    let since = match context.parameters.take("modified_since") {
        None => None,
        Some(text) => Some(instant(&text).ok_or_else(|| {
            let shown = cut(&text);
            Problem::bad_request(format!("modified_since=\"{shown}\" is not a time such as 2026-11-24T15:30:00Z"))
        })?),
    };
    let base = context.ask.base.clone();
    let address = format!("{base}{}", context.ask.path);
    let mut carried: Vec<String> = Vec::new();
    if profile == Profile::Ckan {
        carried.push("profile=ckan".to_owned());
    }
    carried.extend(since.map(|since| format!("modified_since={}", encode(&since.to_string()))));
    let carried = carried.join("&");
    let key = format!("dcat|{spelling:?}|{address}|{number}|{carried}");
    made_once(&context.app, key, move |snapshot| {
        let all: Vec<Listing<'_>> = listings(snapshot, &base)
            .into_iter()
            .filter(|listing| since.is_none_or(|since| listing.record.published >= since))
            .collect();
        let pages = all.len().div_ceil(PAGE_DATASETS).max(1);
        if number > pages {
            return Err(Problem::not_found(format!("there is no page {number}; the last is {pages}")));
        }
        let shown: Vec<Listing<'_>> =
            all.iter().skip((number - 1) * PAGE_DATASETS).take(PAGE_DATASETS).copied().collect();
        let page = Page {
            base: &base,
            address: &address,
            number,
            pages,
            listings: &shown,
            modified: moment(snapshot.newest().unwrap_or_default()),
            carried,
        };
        Ok(spelling.write(&dcat::page(&page, profile)))
    })
    .await
}

fn instant(text: &str) -> Option<jiff::Timestamp> {
    text.parse::<Interval>().ok()?.start
}

/// `/dcat/{layer}` and `/dcat/{layer}.{suffix}`.
pub async fn one(mut context: Context) -> Reply {
    let profile = profile(&mut context);
    let file = context.place("file").to_owned();
    let (id, spelling) = match file.rsplit_once('.') {
        Some((id, suffix)) => (
            id,
            Spelling::of_suffix(suffix).ok_or_else(|| {
                Problem::not_found(format!("DCAT is not written as \"{}\"; ttl, rdf and jsonld are", cut(suffix)))
            })?,
        ),
        None => (file.as_str(), by_accept(&context)),
    };
    let snapshot = context.app.snapshot();
    let record = find(&snapshot, id)?;
    Ok(Arc::new(spelling.write(&dcat::dataset(&listing(&snapshot, record, &context.ask.base), profile))))
}
