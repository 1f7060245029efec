//! Faces that are one document an address.

use std::sync::Arc;

use axum::http::StatusCode;

use super::{find, listing, listings, made_once, whole};
use crate::access::Action;
use crate::base::ids::cut;
use crate::catalogue::faces::atom::Gone;
use crate::catalogue::faces::{
    atom, data_json as dcat_us, dictionary as sds, iso19139, records, sitemap as map, stac as spatiotemporal, waf,
};
use crate::server::answer::Answer;
use crate::server::landing::json_or_twin;
use crate::server::problem::Problem;
use crate::server::routes::{Context, Reply};

const XML: &str = "application/xml; charset=utf-8";

fn text(media_type: &'static str, text: String) -> Answer {
    Answer::new(media_type, text.into_bytes())
}

pub async fn data_json(context: Context) -> Reply {
    let base = context.ask.base.clone();
    whole(&context, "data.json", move |listings, language| {
        Answer::json(&dcat_us::catalogue(listings, &base, language)).in_language(language)
    })
    .await
}

/// `/iso/{layer}.xml` and `/waf/{layer}.xml`.
pub async fn iso(context: Context) -> Reply {
    let file = context.place("file");
    let id = file.strip_suffix(".xml").ok_or_else(|| {
        Problem::not_found(format!("\"{}\" is no ISO record; their names are an id and .xml", cut(file)))
    })?;
    let snapshot = context.app.snapshot();
    let record = find(&snapshot, id)?;
    let language = context.ask.language;
    let document = iso19139::document(&listing(&snapshot, record, &context.ask.base), language);
    Ok(Arc::new(text(XML, document).in_language(language)))
}

/// Relative links need the slash.
pub async fn to_folder(context: Context) -> Reply {
    let mut answer = Answer::no_content().with_header("location", format!("{}/waf/", context.ask.base));
    answer.status = StatusCode::PERMANENT_REDIRECT;
    Ok(Arc::new(answer))
}

pub async fn folder(context: Context) -> Reply {
    whole(&context, "waf", |listings, _| text("text/html; charset=utf-8", waf::folder(listings))).await
}

/// OGC API Records for those who follow links.
pub async fn crawlable(context: Context) -> Reply {
    let base = context.ask.base.clone();
    whole(&context, "crawlable", move |listings, language| {
        Answer::json(&records::crawlable(listings, &base, language)).in_language(language)
    })
    .await
}

pub async fn stac(context: Context) -> Reply {
    let base = context.ask.base.clone();
    whole(&context, "stac", move |listings, language| {
        Answer::json(&spatiotemporal::catalogue(listings, &base, language)).in_language(language)
    })
    .await
}

pub async fn stac_collection(context: Context) -> Reply {
    let snapshot = context.app.snapshot();
    let record = find(&snapshot, context.place("layer"))?;
    let language = context.ask.language;
    let document = spatiotemporal::collection(&listing(&snapshot, record, &context.ask.base), language);
    Ok(Arc::new(Answer::json(&document).in_language(language)))
}

pub async fn feed(context: Context) -> Reply {
    let base = context.ask.base.clone();
    let address = format!("{base}{}", context.ask.path_and_query);
    let face = format!("feed|{}", context.ask.path_and_query);
    let language = context.ask.language;
    made_once(&context.app, format!("face|{face}|{}|{base}", language.tag()), move |snapshot| {
        let gone = snapshot.withdrawn().iter();
        let gone: Vec<Gone> =
            gone.map(|(layer, withdrawn)| Gone { layer, last: &withdrawn.last, moment: withdrawn.moment }).collect();
        let feed = atom::feed(&listings(snapshot, &base), &gone, &base, &address, language);
        Ok(text("application/atom+xml; charset=utf-8", feed).in_language(language))
    })
    .await
}

pub async fn sitemap(context: Context) -> Reply {
    let base = context.ask.base.clone();
    whole(&context, "sitemap", move |listings, _| text(XML, map::sitemap(listings, &base))).await
}

pub async fn robots(context: Context) -> Reply {
    Ok(Arc::new(text("text/plain; charset=utf-8", map::robots(&context.ask.base))))
}

/// The data dictionary of a layer that may be read, catalogued or not.
pub async fn dictionary(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let snapshot = context.app.snapshot();
    let (layer, _) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFacts)?;
    let document = sds::dictionary(&listing(&snapshot, &layer.record, &context.ask.base));
    Ok(json_or_twin(&context, &document, layer.record.title.get(context.ask.language)))
}
