//! The list of layers that fit a question.

use askama::Template;

use super::extract_words::extract_words;
use super::frame::Shared;
use super::where_and_when::{WhereAndWhen, where_and_when};
use super::{Frame, text};
use crate::base::geometry_kind::Dimension;
use crate::base::{GeometryKind, Language};
use crate::catalogue::RemoteRecord;
use crate::catalogue::search::{Bucket, Reason};
use crate::definition::vocabulary;
use crate::server::collections::{ListQuery, Listed, Order};
use crate::server::districts::Districts;
use crate::server::request::encode;
use crate::server::snapshot::LiveLayer;

#[derive(Template)]
#[template(path = "layers.html")]
struct Layers {
    shared: Shared,
    question: String,
    heading: String,
    /// What stands over the hits that have parts of the question, behind those that have all of it.
    parts_heading: Option<&'static str>,
    chips: Vec<Choice>,
    facets: Vec<Facet>,
    narrow: WhereAndWhen,
    orders: Vec<Choice>,
    hits: Vec<Hit>,
    places_heading: String,
    places: Vec<NamedPlace>,
    elsewhere: Vec<Remote>,
    themes: Vec<(String, String)>,
    next: Option<String>,
    previous: Option<String>,
}

/// A link that narrows, widens or orders the list.
pub struct Choice {
    pub name: String,
    pub href: String,
    pub count: Option<usize>,
    pub is_chosen: bool,
}

/// One way to narrow the list, with its values; a chosen one leads back.
struct Facet {
    name: &'static str,
    values: Vec<Choice>,
}

struct Hit {
    title: String,
    href: String,
    map_href: Option<String>,
    table_href: String,
    items_href: String,
    fingerprint: Option<String>,
    publisher: String,
    sentence: String,
    count: String,
    /// How many of them lie in the box that was asked for.
    within: Option<String>,
    data_as_at: Option<String>,
    /// Whether it is the first that lacks a part of the question.
    begins_parts: bool,
    /// The typed word and the one that the layer has for it.
    reason: Option<(String, String)>,
}

/// A feature that the words name, with the layer that it is of.
struct NamedPlace {
    name: String,
    layer: String,
    href: String,
}

/// What another catalogue has, and where it leads.
struct Remote {
    title: String,
    publisher: String,
    host: String,
    href: String,
}

/// Layers on one page: what fits the weight that a page may have.
pub const RESULTS: usize = 25;
/// Records of other catalogues on one page; the list of them has all.
const ELSEWHERE: usize = 6;

/// The page from a place on. `districts` are shown to choose among, where there are any.
pub fn layers(
    frame: &Frame<'_>,
    query: &ListQuery,
    listed: &Listed,
    districts: Option<&Districts>,
    offset: usize,
) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let layers = &listed.layers;
    let facets = facets(query, listed, &shared, language);
    let shown = layers.iter().skip(offset).take(RESULTS).map(|(layer, _)| layer.as_ref());
    let narrow = where_and_when(query, shown, districts, &shared, language);
    let page = Layers {
        chips: chips(query, &facets, &narrow, &shared, language),
        facets,
        narrow,
        orders: orders(query, &shared),
        heading: match (layers.len(), query.text.is_empty()) {
            (0, _) if listed.places.is_empty() && listed.elsewhere.is_empty() => shared.w.nothing_found.to_owned(),
            (count, true) => text::layers(count, language),
            (count, false) if listed.whole == 0 && count > 0 => text::layers_near(count, &query.text, language),
            (_, false) => text::layers_matching(listed.whole, &query.text, language),
        },
        parts_heading: (listed.whole > 0).then_some(shared.w.parts_of_it),
        question: query.text.clone(),
        next: Some(offset.saturating_add(RESULTS))
            .filter(|next| *next < layers.len())
            .map(|next| shared.href(&format!("{}&offset={next}", address(query)))),
        previous: (offset > 0)
            .then(|| shared.href(&format!("{}&offset={}", address(query), offset.saturating_sub(RESULTS)))),
        hits: layers
            .iter()
            .enumerate()
            .skip(offset)
            .take(RESULTS)
            .map(|(place, (layer, reason))| Hit {
                begins_parts: place == listed.whole.max(offset),
                within: listed.within.get(&layer.record.id).map(|count| text::within(*count, language)),
                ..hit(layer, reason.as_deref(), query, &shared, frame)
            })
            .collect(),
        places_heading: text::places_named(&query.text, language),
        places: listed
            .places
            .iter()
            .map(|place| NamedPlace {
                name: place.name.get(language).to_owned(),
                layer: place.layer.record.title.get(language).to_owned(),
                href: shared.plain(&place.map_path().replacen('#', &format!("&lang={}#", language.tag()), 1)),
            })
            .collect(),
        elsewhere: listed.elsewhere.iter().take(ELSEWHERE).map(|record| remote(record, language)).collect(),
        themes: vocabulary::themes()
            .iter()
            .map(|theme| {
                (theme.name.get(language).to_owned(), shared.href(&format!("/collections?theme={}", theme.id)))
            })
            .collect(),
        shared,
    };
    page.render().unwrap_or_default()
}

/// The address of a list.
pub fn address(query: &ListQuery) -> String {
    let pairs: Vec<String> =
        pairs(query).into_iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
    format!("/collections?{}", pairs.join("&"))
}

/// What narrows and orders a list, as its address has it.
pub fn pairs(query: &ListQuery) -> Vec<(&str, &str)> {
    let order = (query.order != Order::default()).then(|| query.order.name());
    [
        ("text", Some(query.text.as_str())),
        ("theme", query.theme.as_deref()),
        ("department", query.department.as_deref()),
        ("shape", query.shape.map(Dimension::as_str)),
        ("sort", order),
    ]
    .into_iter()
    .chain(query.given.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))))
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// What narrows the list, each with the address without it.
fn chips(
    query: &ListQuery,
    facets: &[Facet],
    narrow: &WhereAndWhen,
    shared: &Shared,
    language: Language,
) -> Vec<Choice> {
    let chosen = facets.iter().flat_map(|facet| &facet.values).filter(|value| value.is_chosen);
    let mut chips: Vec<Choice> = chosen
        .map(|value| Choice { name: value.name.clone(), href: value.href.clone(), count: None, is_chosen: true })
        .collect();
    chips.extend(query.given.iter().filter_map(|(name, value)| {
        // `filter-lang` and `filter-crs` only say how the filter is to be read.
        let what = extract_words(language).parameter(name)?;
        let (what, value) = match (name.as_str(), narrow.district()) {
            ("bbox", Some(district)) => (narrow.w.district, district.name.clone()),
            ("datetime", _) => (narrow.w.time, text::span(value, language)),
            _ => (what, value.clone()),
        };
        let is_kept =
            |other: &&(String, String)| other.0 != *name && (name != "filter" || !other.0.starts_with("filter-"));
        let given = query.given.iter().filter(is_kept).cloned().collect();
        let href = shared.href(&address(&ListQuery { given, ..query.clone() }));
        Some(Choice { name: format!("{what}{}{value}", shared.colon()), href, count: None, is_chosen: true })
    }));
    // A wish that no layer meets is in no facet; it is dropped with all the others.
    let wishes = [query.theme.is_some(), query.department.is_some(), query.shape.is_some()];
    let is_shown = facets.iter().flat_map(|facet| &facet.values).filter(|value| value.is_chosen).count();
    if is_shown < wishes.iter().filter(|is_made| **is_made).count() {
        let href = shared.href(&address(&ListQuery { text: query.text.clone(), ..ListQuery::default() }));
        chips.push(Choice { name: shared.w.filter.to_owned(), href, count: None, is_chosen: true });
    }
    chips
}

/// Themes, publishers and shapes of what was found, largest first. A facet with one value that is
/// not chosen would narrow nothing and is left out.
fn facets(query: &ListQuery, listed: &Listed, shared: &Shared, language: Language) -> Vec<Facet> {
    const VALUES: usize = 10;
    let of = |name, buckets: &[Bucket], chosen: Option<&str>, with: &dyn Fn(Option<String>) -> ListQuery| {
        let value = |bucket: &Bucket| {
            let is_chosen = chosen.is_some_and(|chosen| bucket.value.eq_ignore_ascii_case(chosen));
            Choice {
                name: bucket.name.get(language).to_owned(),
                href: shared.href(&address(&with((!is_chosen).then(|| bucket.value.clone())))),
                count: Some(bucket.count),
                is_chosen,
            }
        };
        let mut values: Vec<Choice> = buckets.iter().map(value).collect();
        values.sort_by_key(|value| !value.is_chosen);
        values.truncate(VALUES);
        Facet { name, values }
    };
    let by_theme = |theme| ListQuery { theme, ..query.clone() };
    let by_department = |department| ListQuery { department, ..query.clone() };
    let by_shape = |shape: Option<String>| ListQuery {
        shape: Dimension::SHAPES.into_iter().find(|known| Some(known.as_str()) == shape.as_deref()),
        ..query.clone()
    };
    let all = &listed.facets;
    [
        of(shared.w.themes, &all.themes, query.theme.as_deref(), &by_theme),
        of(shared.w.publishers, &all.departments, query.department.as_deref(), &by_department),
        of(shared.w.shapes, &all.shapes, query.shape.map(Dimension::as_str), &by_shape),
    ]
    .into_iter()
    .filter(|facet| facet.values.len() > 1 || facet.values.iter().any(|value| value.is_chosen))
    .collect()
}

/// Ways to order the list; the best match is one only where something was asked.
fn orders(query: &ListQuery, shared: &Shared) -> Vec<Choice> {
    let w = shared.w;
    let shown = match (query.order, query.text.is_empty()) {
        (Order::Match, true) => Order::Title,
        (order, _) => order,
    };
    [(Order::Match, w.best_match), (Order::Newest, w.newest_first), (Order::Title, w.by_title)]
        .into_iter()
        .filter(|(order, _)| !query.text.is_empty() || *order != Order::Match)
        .map(|(order, name)| Choice {
            name: name.to_owned(),
            href: shared.href(&address(&ListQuery { order, ..query.clone() })),
            count: None,
            is_chosen: order == shown,
        })
        .collect()
}

fn remote(record: &RemoteRecord, language: Language) -> Remote {
    Remote {
        title: record.title.get(language).to_owned(),
        publisher: record.publisher.get(language).to_owned(),
        host: record.host.clone(),
        href: record.page.clone(),
    }
}

fn hit(layer: &LiveLayer, reason: Option<&Reason>, query: &ListQuery, shared: &Shared, frame: &Frame<'_>) -> Hit {
    let record = &layer.record;
    let here = format!("/collections/{}", record.id);
    // Whoever asks for a place wants what is there, not the layer from its beginning.
    let within = match query.given.iter().find(|(name, _)| name == "bbox") {
        Some((_, bbox)) if record.extent.is_some() => format!("&bbox={}", encode(bbox)),
        _ => String::new(),
    };
    Hit {
        title: record.title.get(frame.language).to_owned(),
        href: shared.href(&here),
        map_href: (record.schema.geometry != GeometryKind::None)
            .then(|| shared.href(&format!("/map?layers={}", record.id))),
        table_href: shared.href(&format!("{here}/items?f=html{within}")),
        fingerprint: shared.fingerprint(record),
        items_href: shared.plain(&format!("{here}/items?f=json{within}")),
        publisher: record.department.name.get(frame.language).to_owned(),
        sentence: record.abstract_text.get(frame.language).to_owned(),
        count: text::count_of(record.counts.kept, record.schema.geometry, frame.language),
        data_as_at: record.data_as_at.map(|date| text::date(date, frame.language)),
        begins_parts: false,
        within: None,
        reason: reason.map(|reason| (reason.asked.clone(), reason.found.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_list_says_what_narrows_it() {
        let query = ListQuery {
            text: "a b".into(),
            theme: Some("health".into()),
            shape: Some(Dimension::Lines),
            order: Order::Newest,
            ..ListQuery::default()
        };
        assert_eq!(address(&query), "/collections?text=a%20b&theme=health&shape=lines&sort=newest");
    }
}
