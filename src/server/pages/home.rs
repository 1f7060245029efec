//! The home page: search, layers by theme and by publisher, the newest, one request to copy.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;

use super::frame::Shared;
use super::{Frame, text};
use crate::server::snapshot::LiveLayer;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shared: Shared,
    question: String,
    layer_count: String,
    themes: Vec<Group>,
    publishers: Vec<Group>,
    newest: Vec<Card>,
    request: Option<String>,
}

struct Group {
    name: String,
    href: String,
    count: usize,
}

struct Card {
    title: String,
    href: String,
    publisher: String,
    count: String,
    published: String,
}

pub fn home(frame: &Frame<'_>, layers: &[Arc<LiveLayer>]) -> String {
    const NEWEST: usize = 6;
    let shared = Shared::of(frame);
    let language = frame.language;
    let mut newest: Vec<&Arc<LiveLayer>> = layers.iter().collect();
    newest.sort_by(|a, b| {
        let key = |layer: &LiveLayer| (layer.record.data_as_at, layer.record.published);
        key(b).cmp(&key(a))
    });
    let request =
        newest.first().map(|layer| format!("curl \"{}/collections/{}/items?limit=5\"", frame.base, layer.record.id));
    let page = Home {
        question: String::new(),
        layer_count: text::layers(layers.len(), language),
        themes: groups(layers, |layer| {
            let theme = layer.record.theme.as_ref()?;
            Some((theme.name.get(language).to_owned(), shared.href(&format!("/collections?theme={}", theme.id))))
        }),
        publishers: groups(layers, |layer| {
            let department = &layer.record.department;
            let href = shared.href(&format!("/collections?department={}", department.code));
            Some((department.name.get(language).to_owned(), href))
        }),
        newest: newest
            .into_iter()
            .take(NEWEST)
            .map(|layer| Card {
                title: layer.record.title.get(language).to_owned(),
                href: shared.href(&format!("/collections/{}", layer.record.id)),
                publisher: layer.record.department.name.get(language).to_owned(),
                count: text::count_of(layer.record.counts.kept, layer.record.schema.geometry, language),
                published: match layer.record.data_as_at {
                    Some(date) => text::date(date, language),
                    None => text::day(layer.record.published, language),
                },
            })
            .collect(),
        request,
        shared,
    };
    // Rendering into memory fails only if a template is wrong, which its test would show.
    page.render().unwrap_or_default()
}

/// Groups with their counts, largest first.
fn groups(layers: &[Arc<LiveLayer>], of: impl Fn(&LiveLayer) -> Option<(String, String)>) -> Vec<Group> {
    let mut counted: BTreeMap<(String, String), usize> = BTreeMap::new();
    for group in layers.iter().filter_map(|layer| of(layer)) {
        *counted.entry(group).or_default() += 1;
    }
    let mut groups: Vec<Group> = counted.into_iter().map(|((name, href), count)| Group { name, href, count }).collect();
    groups.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    groups
}
