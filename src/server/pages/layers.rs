//! The list of layers that fit a question.

use askama::Template;

use super::frame::Shared;
use super::{Frame, text};
use crate::base::GeometryKind;
use crate::catalogue::search::{Bucket, Reason};
use crate::definition::vocabulary;
use crate::server::collections::{ListQuery, Listed};
use crate::server::request::encode;
use crate::server::snapshot::LiveLayer;

#[derive(Template)]
#[template(path = "layers.html")]
struct Layers {
    shared: Shared,
    question: String,
    heading: String,
    chips: Vec<Chip>,
    facets: Vec<Facet>,
    hits: Vec<Hit>,
    themes: Vec<(String, String)>,
    next: Option<String>,
    previous: Option<String>,
}

struct Chip {
    name: String,
    href: String,
}

/// One way to narrow the list further.
struct Facet {
    name: &'static str,
    values: Vec<(String, String, usize)>,
}

struct Hit {
    title: String,
    href: String,
    map_href: Option<String>,
    table_href: String,
    items_href: String,
    publisher: String,
    sentence: String,
    count: String,
    data_as_at: Option<String>,
    /// The typed word and the one that the layer has for it.
    reason: Option<(String, String)>,
}

/// Layers on one page: what fits the weight that a page may have.
const ROWS: usize = 25;

pub fn layers(frame: &Frame<'_>, query: &ListQuery, listed: &Listed, offset: usize) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let layers = &listed.layers;
    let page = Layers {
        facets: facets(query, listed, &shared, frame),
        heading: match (layers.len(), query.text.is_empty()) {
            (0, _) => shared.w.nothing_found.to_owned(),
            (count, true) => text::layers(count, language),
            (count, false) => text::layers_matching(count, &query.text, language),
        },
        question: query.text.clone(),
        next: Some(offset.saturating_add(ROWS))
            .filter(|next| *next < layers.len())
            .map(|next| shared.href(&format!("{}&offset={next}", address(query)))),
        previous: (offset > 0)
            .then(|| shared.href(&format!("{}&offset={}", address(query), offset.saturating_sub(ROWS)))),
        chips: chips(query, &shared, frame),
        hits: layers
            .iter()
            .skip(offset)
            .take(ROWS)
            .map(|(layer, reason)| hit(layer, reason.as_deref(), &shared, frame))
            .collect(),
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
fn address(query: &ListQuery) -> String {
    let mut address = format!("/collections?text={}", encode(&query.text));
    for (name, value) in [("theme", &query.theme), ("department", &query.department)] {
        if let Some(value) = value {
            address.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    address
}

/// What narrows the list, each with the address without it.
fn chips(query: &ListQuery, shared: &Shared, frame: &Frame<'_>) -> Vec<Chip> {
    let without = |theme: Option<&String>, department: Option<&String>| {
        let (theme, department) = (theme.cloned(), department.cloned());
        shared.href(&address(&ListQuery { text: query.text.clone(), theme, department }))
    };
    let theme = query.theme.as_ref().and_then(|id| vocabulary::theme(id)).map(|theme| Chip {
        name: theme.name.get(frame.language).to_owned(),
        href: without(None, query.department.as_ref()),
    });
    let department = query.department.as_ref().map(|code| Chip {
        name: vocabulary::department(code)
            .map_or_else(|| code.clone(), |department| department.name.get(frame.language).to_owned()),
        href: without(query.theme.as_ref(), None),
    });
    theme.into_iter().chain(department).collect()
}

/// Themes and publishers of what was found, largest first; a facet that has narrowed the list
/// already, or would not, is left out.
fn facets(query: &ListQuery, listed: &Listed, shared: &Shared, frame: &Frame<'_>) -> Vec<Facet> {
    const VALUES: usize = 8;
    let of = |name, buckets: &[Bucket], narrowed: &dyn Fn(&str) -> ListQuery| Facet {
        name,
        values: buckets
            .iter()
            .take(VALUES)
            .map(|bucket| {
                let href = shared.href(&address(&narrowed(&bucket.value)));
                (bucket.name.get(frame.language).to_owned(), href, bucket.count)
            })
            .collect(),
    };
    let by_theme = |theme: &str| ListQuery { theme: Some(theme.to_owned()), ..query.clone() };
    let by_department = |department: &str| ListQuery { department: Some(department.to_owned()), ..query.clone() };
    let mut facets = Vec::new();
    if query.theme.is_none() && listed.facets.themes.len() > 1 {
        facets.push(of(shared.w.themes, &listed.facets.themes, &by_theme));
    }
    if query.department.is_none() && listed.facets.departments.len() > 1 {
        facets.push(of(shared.w.publishers, &listed.facets.departments, &by_department));
    }
    facets
}

fn hit(layer: &LiveLayer, reason: Option<&Reason>, shared: &Shared, frame: &Frame<'_>) -> Hit {
    let record = &layer.record;
    let here = format!("/collections/{}", record.id);
    Hit {
        title: record.title.get(frame.language).to_owned(),
        href: shared.href(&here),
        map_href: (record.schema.geometry != GeometryKind::None)
            .then(|| shared.href(&format!("/map?layers={}", record.id))),
        table_href: shared.href(&format!("{here}/items")),
        items_href: shared.plain(&format!("{here}/items?f=json")),
        publisher: record.department.name.get(frame.language).to_owned(),
        sentence: record.abstract_text.get(frame.language).to_owned(),
        count: text::count_of(record.counts.kept, record.schema.geometry, frame.language),
        data_as_at: record.data_as_at.map(|date| text::date(date, frame.language)),
        reason: reason.map(|reason| (reason.asked.clone(), reason.found.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_list_says_what_narrows_it() {
        let query = ListQuery { text: "a b".into(), theme: Some("health".into()), department: None };
        assert_eq!(address(&query), "/collections?text=a%20b&theme=health");
    }
}
