//! Features as a table, and one feature alone.

use askama::Template;
use askama::filters::Safe;

use super::extract_words::extract_words;
use super::fields::{Pair, pairs};
use super::frame::Shared;
use super::layer::{MapView, map_view};
use super::{FeatureView, Frame, ItemsView, text};
use crate::base::{BBox, FieldKind, Language, Value};
use crate::catalogue::LayerRecord;
use crate::server::request::encode;

#[derive(Template)]
#[template(path = "items.html")]
struct Items<'a> {
    shared: Shared,
    title: &'a str,
    layer_href: String,
    /// Every field's name and title, to filter by.
    choices: Vec<(&'a str, &'a str)>,
    name_heading: String,
    headings: Vec<Heading>,
    rows: Vec<Row>,
    range: String,
    next: Option<String>,
    previous: Option<String>,
    beginning: Option<String>,
    filters: Vec<Chosen>,
    /// What is searched for in the texts; `None` where no words of them are kept.
    question: Option<String>,
    all_href: String,
    /// The form for a file of these, and the words that lead there.
    extract: Option<(String, &'static str)>,
}

/// What these features were chosen by, and the page without it.
struct Chosen {
    name: String,
    value: String,
    /// As the form repeats it; `None` for what has an input of its own.
    repeated: Option<String>,
    href: String,
}

struct Heading {
    title: String,
    is_number: bool,
}

struct Row {
    name: Cell,
    href: String,
    cells: Vec<Cell>,
}

/// A value for people.
struct Cell {
    text: String,
    lang: Option<&'static str>,
    is_number: bool,
}

impl Cell {
    fn of(value: &Value, kind: FieldKind, language: Language) -> Self {
        let text = text::value(value, kind, language);
        Cell { lang: text::language_of(&text, language), is_number: is_number(kind), text }
    }

    fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// The text, as a link where it is a web address.
    fn html(&self) -> Safe<String> {
        let escaped = |text: &str| {
            let mut out = String::with_capacity(text.len());
            for c in text.chars() {
                match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    '"' => out.push_str("&quot;"),
                    '\'' => out.push_str("&#39;"),
                    other => out.push(other),
                }
            }
            out
        };
        let text = escaped(&self.text);
        Safe(match text::address_of(&self.text) {
            Some(_) => format!("<a href=\"{text}\" rel=\"nofollow\">{text}</a>"),
            None => text,
        })
    }
}

fn is_number(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Integer | FieldKind::Real)
}

pub fn items(frame: &Frame<'_>, record: &LayerRecord, view: &ItemsView) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let here = format!("/collections/{}", record.id);
    let name = name_pair(record, language);
    let columns = columns(record, name.as_ref(), language);
    let page = Items {
        title: record.title.get(language),
        layer_href: shared.href(&here),
        choices: record.schema.fields.iter().map(|field| (field.name.as_str(), field.title.get(language))).collect(),
        name_heading: name.map_or_else(|| shared.w.features.to_owned(), |pair| pair.title),
        headings: columns
            .iter()
            .map(|pair| Heading {
                title: pair.title.clone(),
                is_number: is_number(record.schema.fields[pair.own].kind),
            })
            .collect(),
        rows: view.features.iter().map(|feature| row(feature, record, &columns, &shared, language)).collect(),
        range: range(view, language),
        next: view.next.as_deref().map(|href| in_language(href, language)),
        previous: view.previous.as_deref().map(|href| in_language(href, language)),
        beginning: view.beginning.as_deref().map(|href| in_language(href, language)),
        question: (!record.searched_fields.is_empty()).then(|| {
            view.filters.iter().find(|(name, _)| name == "text").map_or(String::new(), |(_, text)| text.clone())
        }),
        filters: chosen(record, &view.filters, &shared, language),
        all_href: shared.href(&format!("{here}/items")),
        extract: view.extract.as_deref().map(|path| (shared.href(path), extract_words(language).take_these)),
        shared,
    };
    page.render().unwrap_or_default()
}

fn chosen(record: &LayerRecord, filters: &[(String, String)], shared: &Shared, language: Language) -> Vec<Chosen> {
    let name_of = |name: &str| match record.schema.field(name) {
        Some(field) => field.title.get(language).to_owned(),
        None => extract_words(language).parameter(name).unwrap_or(name).to_owned(),
    };
    let without = |left: &str| {
        let is_kept = |name: &str| name != left && !(left == "filter" && name.starts_with("filter-"));
        let kept = filters.iter().filter(|(name, _)| is_kept(name));
        let pairs: String = kept.map(|(name, value)| format!("&{}={}", encode(name), encode(value))).collect();
        shared.href(&format!("/collections/{}/items?f=html{pairs}", record.id))
    };
    filters
        .iter()
        .map(|(name, value)| Chosen {
            name: name_of(name),
            value: value.clone(),
            repeated: (name != "text").then(|| name.clone()),
            href: without(name),
        })
        .collect()
}

/// The columns beside the name: those that the department calls the summary first.
fn columns(record: &LayerRecord, name: Option<&Pair>, language: Language) -> Vec<Pair> {
    let summary: Vec<usize> =
        record.display.summary.iter().filter_map(|field| record.schema.field_index(field)).collect();
    let mut columns: Vec<Pair> =
        pairs(&record.schema, language).into_iter().filter(|pair| name != Some(pair)).collect();
    // The sort is stable: all others keep the order of the delivery.
    columns.sort_by_key(|pair| summary.iter().position(|index| pair.holds(*index)).unwrap_or(usize::MAX));
    columns
}

fn in_language(href: &str, language: Language) -> String {
    let joiner = if href.contains('?') { '&' } else { '?' };
    format!("{href}{joiner}lang={}", language.tag())
}

fn row(feature: &FeatureView, record: &LayerRecord, columns: &[Pair], shared: &Shared, language: Language) -> Row {
    Row {
        name: name_of(feature, record, language),
        href: shared.href(&format!("/collections/{}/items/{}", record.id, feature.id)),
        cells: columns
            .iter()
            .map(|pair| {
                let own = cell(feature, record, pair.own, language);
                match pair.other {
                    Some(other) if own.is_empty() => cell(feature, record, other, language),
                    _ => own,
                }
            })
            .collect(),
    }
}

fn cell(feature: &FeatureView, record: &LayerRecord, index: usize, language: Language) -> Cell {
    let value = feature.values.get(index).unwrap_or(&Value::Null);
    let kind = record.schema.fields.get(index).map_or(FieldKind::Text, |field| field.kind);
    Cell::of(value, kind, language)
}

/// The fields that hold a feature's names.
fn name_pair(record: &LayerRecord, language: Language) -> Option<Pair> {
    let index = record.schema.field_index(record.display.name.get(language)?)?;
    pairs(&record.schema, language).into_iter().find(|pair| pair.holds(index))
}

/// The feature's name in the page's language, else in the other, else its id.
fn name_of(feature: &FeatureView, record: &LayerRecord, language: Language) -> Cell {
    let named = |language_of_name| {
        let index = record.schema.field_index(record.display.name.get(language_of_name)?)?;
        Some(cell(feature, record, index, language)).filter(|name| !name.is_empty())
    };
    named(language).or_else(|| named(other_language(language))).unwrap_or_else(|| Cell {
        text: feature.id.to_string(),
        lang: None,
        is_number: false,
    })
}

fn other_language(language: Language) -> Language {
    match language {
        Language::En => Language::ZhHant,
        _ => Language::En,
    }
}

/// `1–50 of 186`.
fn range(view: &ItemsView, language: Language) -> String {
    let count = view.features.len() as u64;
    let of = view.number_matched.map(text::number);
    let span = view
        .first
        .filter(|_| count > 0)
        .map(|first| format!("{}–{}", text::number(first), text::number(first + count - 1)));
    match (span, of, language) {
        (Some(span), Some(of), Language::En) => format!("{span} of {of}"),
        (Some(span), Some(of), Language::ZhHant) => format!("第{span}項，共{of}項"),
        (Some(span), Some(of), Language::ZhHans) => format!("第{span}项，共{of}项"),
        (Some(span), None, _) => span,
        (None, Some(of), Language::En) => format!("{} of {of}", text::number(count)),
        (None, Some(of), Language::ZhHant) => format!("{}項，共{of}項", text::number(count)),
        (None, Some(of), Language::ZhHans) => format!("{}项，共{of}项", text::number(count)),
        (None, None, _) => text::number(count),
    }
}

#[derive(Template)]
#[template(path = "feature.html")]
struct Feature<'a> {
    shared: Shared,
    record: &'a LayerRecord,
    name: Cell,
    other_name: Option<Cell>,
    layer_title: &'a str,
    layer_href: String,
    table_href: String,
    rows: Vec<FeatureRow>,
    empty: Vec<String>,
    degrees: Option<String>,
    grid: Option<String>,
    map: Option<MapView>,
    selected: Option<String>,
    credit: &'a str,
    json_href: String,
}

struct FeatureRow {
    title: String,
    cell: Cell,
    /// The same in the other language, where it differs.
    other: Option<Cell>,
    /// Whether a map's pop-up shows it.
    is_summary: bool,
}

pub fn feature(frame: &Frame<'_>, record: &LayerRecord, view: &FeatureView) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let here = format!("/collections/{}", record.id);
    let name = name_of(view, record, language);
    let (rows, empty) = feature_rows(view, record, language);
    let page = Feature {
        other_name: Some(name_of(view, record, other_language(language))).filter(|other| other.text != name.text),
        name,
        layer_title: record.title.get(language),
        layer_href: shared.href(&here),
        table_href: shared.href(&format!("{here}/items")),
        rows,
        empty,
        degrees: view.point.map(|(lon, lat)| format!("{lat:.5}° N {lon:.5}° E")),
        grid: view.hk1980.map(|(easting, northing)| format!("{} E {} N", metres(easting), metres(northing))),
        map: view.bbox.map(|bbox| small_map(record, &shared, language, &bbox)),
        selected: view.bbox.map(|_| view.id.to_string()),
        credit: record.credit.get(language),
        json_href: shared.plain(&format!("{here}/items/{}?f=json", view.id)),
        record,
        shared,
    };
    page.render().unwrap_or_default()
}

/// Filled rows, those of the summary marked, and the titles of the empty ones.
fn feature_rows(view: &FeatureView, record: &LayerRecord, language: Language) -> (Vec<FeatureRow>, Vec<String>) {
    /// As many as a pop-up holds without scrolling.
    const SUMMARY_ROWS: usize = 6;
    let name = name_pair(record, language);
    let summary = &record.display.summary;
    let (mut rows, mut empty) = (Vec::new(), Vec::new());
    let mut in_summary = 0;
    for pair in columns(record, name.as_ref(), language) {
        let own = cell(view, record, pair.own, language);
        let other = pair.other.map(|index| cell(view, record, index, language)).filter(|other| !other.is_empty());
        let (cell, other) = match (own.is_empty(), other) {
            (true, None) => {
                empty.push(pair.title);
                continue;
            }
            (true, Some(other)) => (other, None),
            (false, other) => {
                let other = other.filter(|other| other.text != own.text);
                (own, other)
            }
        };
        let is_named =
            |index: usize| record.schema.fields.get(index).is_some_and(|field| summary.contains(&field.name));
        let is_chosen = summary.is_empty() || is_named(pair.own) || pair.other.is_some_and(is_named);
        let is_summary = is_chosen && in_summary < SUMMARY_ROWS;
        in_summary += usize::from(is_summary);
        rows.push(FeatureRow { title: pair.title, cell, other, is_summary });
    }
    (rows, empty)
}

/// Whole metres in groups of three, as survey maps write them: `837 586`.
fn metres(value: f64) -> String {
    text::number(value.round().max(0.0) as u64).replace(',', " ")
}

/// The layer's map, looking at one feature with some ground around it.
fn small_map(record: &LayerRecord, shared: &Shared, language: Language, bbox: &BBox) -> MapView {
    /// About two kilometres: enough for a district line or a name.
    const AROUND_DEG: f64 = 0.02;
    let bounds = [
        bbox.west_deg - AROUND_DEG,
        bbox.south_deg - AROUND_DEG,
        bbox.east_deg + AROUND_DEG,
        bbox.north_deg + AROUND_DEG,
    ];
    MapView { bounds: serde_json::json!(bounds).to_string(), ..map_view(record, shared, language) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_and_only_web_addresses_are_links() {
        let cell = |text: &str| Cell { text: text.to_owned(), lang: None, is_number: false }.html().0;
        assert_eq!(cell("<b>&'\""), "&lt;b&gt;&amp;&#39;&quot;");
        assert_eq!(
            cell("https://a.hk/?a=1&b=\"2"),
            "<a href=\"https://a.hk/?a=1&amp;b=&quot;2\" rel=\"nofollow\">https://a.hk/?a=1&amp;b=&quot;2</a>"
        );
        assert_eq!(cell("javascript:alert(1)"), "javascript:alert(1)");
    }

    #[test]
    fn metres_are_grouped_as_on_survey_maps() {
        assert_eq!(metres(837_585.6), "837 586");
        assert_eq!(metres(-3.0), "0");
    }

    #[test]
    fn the_range_says_what_is_known_of_it() {
        let view = |first, number_matched| ItemsView {
            features: vec![
                FeatureView {
                    id: "1".parse().unwrap(),
                    values: Vec::new(),
                    point: None,
                    hk1980: None,
                    bbox: None
                };
                2
            ],
            number_matched,
            first,
            next: None,
            previous: None,
            beginning: None,
            filters: Vec::new(),
            extract: None,
        };
        assert_eq!(range(&view(Some(51), Some(1186)), Language::En), "51–52 of 1,186");
        assert_eq!(range(&view(None, Some(1186)), Language::ZhHant), "2項，共1,186項");
        assert_eq!(range(&view(None, None), Language::En), "2");
    }
}
