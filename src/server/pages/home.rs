//! The home page: search, the districts, layers by theme and by publisher, the newest, one request to copy.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;

use super::district_map::{DistrictMap, district_map};
use super::frame::Shared;
use super::{Frame, text};
use crate::base::Language;
use crate::catalogue::search::{Filter, Index, Tier};
use crate::server::districts::Districts;
use crate::server::request::encode;
use crate::server::snapshot::LiveLayer;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shared: Shared,
    question: String,
    is_empty: bool,
    counted: String,
    tries: Vec<(&'static str, String)>,
    themes: Vec<Group>,
    publishers: Vec<Group>,
    newest: Vec<Card>,
    doors: Vec<Door>,
    map: Option<DistrictMap>,
    example: Option<Example>,
}

struct Group {
    name: String,
    href: String,
    count: usize,
}

/// A way in, and what is behind it.
struct Door {
    name: &'static str,
    says: &'static str,
    href: String,
}

struct Card {
    title: String,
    fingerprint: Option<String>,
    href: String,
    publisher: String,
    count: String,
    date: String,
}

/// A request that works as it stands.
struct Example {
    title: String,
    href: String,
    command: String,
}

pub fn home(frame: &Frame<'_>, layers: &[Arc<LiveLayer>], index: &Index, districts: Option<&Districts>) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let page = Home {
        question: String::new(),
        is_empty: layers.is_empty(),
        counted: counted(layers, language),
        tries: tries(index, &shared, language),
        themes: groups(layers, |layer| {
            let theme = layer.record.theme.as_ref()?;
            Some((theme.name.get(language).to_owned(), shared.href(&format!("/collections?theme={}", theme.id))))
        }),
        publishers: groups(layers, |layer| {
            let department = &layer.record.department;
            let href = shared.href(&format!("/collections?department={}", department.code));
            Some((department.name.get(language).to_owned(), href))
        }),
        newest: newest(layers, &shared, language),
        doors: doors(&shared),
        map: districts.and_then(|districts| {
            district_map(districts, language, |name, _| shared.href(&format!("/collections?text={}", encode(name))))
        }),
        example: example(frame, layers, &shared),
        shared,
    };
    // Rendering into memory fails only if a template is wrong, which its test would show.
    page.render().unwrap_or_default()
}

fn doors(shared: &Shared) -> Vec<Door> {
    let w = shared.w;
    [
        (w.door_map, w.door_map_says, "/map"),
        (w.door_layers, w.door_layers_says, "/collections"),
        (w.door_api, w.door_api_says, "/api.html"),
        (w.door_qgis, w.door_qgis_says, "/collections/catalogue?f=html"),
    ]
    .into_iter()
    .map(|(name, says, path)| Door { name, says, href: shared.href(path) })
    .collect()
}

/// `58 layers from 20 publishers.`
fn counted(layers: &[Arc<LiveLayer>], language: Language) -> String {
    let mut publishers: Vec<&str> = layers.iter().map(|layer| layer.record.department.code.as_str()).collect();
    publishers.sort_unstable();
    publishers.dedup();
    let (shown, publishers) = (text::layers(layers.len(), language), publishers.len());
    match language {
        Language::En if publishers == 1 => format!("{shown} from one publisher."),
        Language::En => format!("{shown} from {publishers} publishers."),
        Language::ZhHant => format!("{publishers}個資料提供者，{shown}。"),
        Language::ZhHans => format!("{publishers}个资料提供者，{shown}。"),
    }
}

/// Words to begin with, those that find something.
fn tries(index: &Index, shared: &Shared, language: Language) -> Vec<(&'static str, String)> {
    const WORDS: [[&str; 3]; 6] = [
        ["clinic", "診所", "诊所"],
        ["library", "圖書館", "图书馆"],
        ["ferry", "渡輪", "渡轮"],
        ["country park", "郊野公園", "郊野公园"],
        ["school", "學校", "学校"],
        ["weather", "天氣", "天气"],
    ];
    let place = Language::ALL.iter().position(|known| *known == language).unwrap_or_default();
    WORDS
        .iter()
        .filter_map(|words| words.get(place).copied())
        .filter(|word| {
            let found = index.search(word, &Filter::default(), language);
            found.matches.first().is_some_and(|best| best.tier == Tier::Words)
        })
        .map(|word| (word, shared.href(&format!("/collections?text={}", encode(word)))))
        .collect()
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

/// Layers whose records are newest, by the date that the department gives them.
fn newest(layers: &[Arc<LiveLayer>], shared: &Shared, language: Language) -> Vec<Card> {
    const NEWEST: usize = 6;
    let mut newest: Vec<&Arc<LiveLayer>> = layers.iter().collect();
    newest.sort_by_key(|layer| std::cmp::Reverse((layer.record.data_as_at, layer.record.published)));
    newest
        .into_iter()
        .take(NEWEST)
        .map(|layer| Card {
            title: layer.record.title.get(language).to_owned(),
            fingerprint: shared.fingerprint(&layer.record),
            href: shared.href(&format!("/collections/{}", layer.record.id)),
            publisher: layer.record.department.name.get(language).to_owned(),
            count: text::count_of(layer.record.counts.kept, layer.record.schema.geometry, language),
            date: match layer.record.data_as_at {
                Some(date) => text::date(date, language),
                None => text::day(layer.record.published, language),
            },
        })
        .collect()
}

/// The first features of a layer that tells much: with names and kinds in its features if there is one.
fn example(frame: &Frame<'_>, layers: &[Arc<LiveLayer>], shared: &Shared) -> Option<Example> {
    let told = |layer: &&Arc<LiveLayer>| {
        let display = &layer.record.display;
        (display.category.get(frame.language).is_some(), display.name.get(frame.language).is_some())
    };
    // Of equals the last of an order that does not change between requests.
    let layer = layers.iter().max_by_key(told)?;
    let here = format!("/collections/{}", layer.record.id);
    Some(Example {
        title: layer.record.title.get(frame.language).to_owned(),
        href: shared.href(&here),
        command: format!("curl \"{}{here}/items?limit=5\"", frame.base),
    })
}
