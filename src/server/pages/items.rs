//! Features as a table, and one feature alone.

use askama::Template;

use super::frame::Shared;
use super::layer::{MapView, map_view};
use super::{FeatureView, Frame, ItemsView, text};
use crate::base::{BBox, Language, Value};
use crate::catalogue::LayerRecord;

#[derive(Template)]
#[template(path = "items.html")]
struct Items<'a> {
    shared: Shared,
    title: &'a str,
    layer_href: String,
    headings: Vec<Heading>,
    rows: Vec<Row>,
    range: String,
    next: Option<String>,
    previous: Option<String>,
    filters: Vec<(String, String)>,
    all_href: String,
}

struct Heading {
    title: String,
    name: String,
}

struct Row {
    name: String,
    href: String,
    cells: Vec<Cell>,
}

struct Cell {
    text: String,
    lang: Option<&'static str>,
}

pub fn items(frame: &Frame<'_>, record: &LayerRecord, view: &ItemsView) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let here = format!("/collections/{}", record.id);
    let page = Items {
        title: record.title.get(language),
        layer_href: shared.href(&here),
        headings: record
            .schema
            .fields
            .iter()
            .map(|field| Heading { title: field.title.get(language).to_owned(), name: field.name.clone() })
            .collect(),
        rows: view.features.iter().map(|feature| row(feature, record, &shared, language)).collect(),
        range: range(view, language),
        next: view.next.as_deref().map(|href| shared.href(href)),
        previous: view.previous.as_deref().map(|href| shared.href(href)),
        filters: view.filters.clone(),
        all_href: shared.href(&format!("{here}/items")),
        shared,
    };
    page.render().unwrap_or_default()
}

fn row(feature: &FeatureView, record: &LayerRecord, shared: &Shared, language: Language) -> Row {
    Row {
        name: name_of(feature, record, language),
        href: shared.href(&format!("/collections/{}/items/{}", record.id, feature.id)),
        cells: record
            .schema
            .fields
            .iter()
            .zip(&feature.values)
            .map(|(field, value)| {
                let text = text::value(value, field.kind, language);
                Cell { lang: text::language_of(&text, language), text }
            })
            .collect(),
    }
}

/// The feature's name in the page's language, else its id.
fn name_of(feature: &FeatureView, record: &LayerRecord, language: Language) -> String {
    let named = |language| {
        let field = record.schema.field_index(record.display.name.get(language)?)?;
        match feature.values.get(field)? {
            Value::Text(text) if !text.trim().is_empty() => Some(text.clone()),
            _ => None,
        }
    };
    named(language).or_else(|| named(Language::En)).unwrap_or_else(|| feature.id.to_string())
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
    title: String,
    layer_title: &'a str,
    layer_href: String,
    table_href: String,
    rows: Vec<(String, Cell)>,
    empty: Vec<String>,
    degrees: Option<String>,
    grid: Option<String>,
    map: Option<MapView>,
    mark: Option<String>,
    credit: &'a str,
    json_href: String,
}

pub fn feature(frame: &Frame<'_>, record: &LayerRecord, view: &FeatureView) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let here = format!("/collections/{}", record.id);
    let mut rows = Vec::new();
    let mut empty = Vec::new();
    for (field, value) in record.schema.fields.iter().zip(&view.values) {
        let title = field.title.get(language).to_owned();
        let text = text::value(value, field.kind, language);
        if text.trim().is_empty() {
            empty.push(title);
        } else {
            rows.push((title, Cell { lang: text::language_of(&text, language), text }));
        }
    }
    let page = Feature {
        title: name_of(view, record, language),
        layer_title: record.title.get(language),
        layer_href: shared.href(&here),
        table_href: shared.href(&format!("{here}/items")),
        rows,
        empty,
        degrees: view.point.map(|(lon, lat)| format!("{lat:.6}° N {lon:.6}° E")),
        grid: view.hk1980.map(|(easting, northing)| format!("{easting:.1} E {northing:.1} N")),
        map: view.bbox.map(|bbox| small_map(record, &shared, language, &bbox)),
        mark: view.point.map(|(lon, lat)| format!("[{lon},{lat}]")),
        credit: record.credit.get(language),
        json_href: format!("{here}/items/{}?f=json", view.id),
        record,
        shared,
    };
    page.render().unwrap_or_default()
}

/// The layer's map, looking at one feature with some ground around it.
fn small_map(record: &LayerRecord, shared: &Shared, language: Language, bbox: &BBox) -> MapView {
    const AROUND_DEG: f64 = 0.004;
    let bounds = [
        bbox.west_deg - AROUND_DEG,
        bbox.south_deg - AROUND_DEG,
        bbox.east_deg + AROUND_DEG,
        bbox.north_deg + AROUND_DEG,
    ];
    MapView { bounds: serde_json::json!(bounds).to_string(), ..map_view(record, shared, language) }
}
