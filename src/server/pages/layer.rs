//! One layer: what it is, a map of it, its fields, how to use it, how it was taken in.

use askama::Template;
use serde_json::json;

use super::frame::Shared;
use super::{Frame, text};
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, GeometryKind, Language};
use crate::catalogue::LayerRecord;
use crate::server::snapshot::LiveLayer;
use crate::styles;

#[derive(Template)]
#[template(path = "layer.html")]
struct Page<'a> {
    shared: Shared,
    record: &'a LayerRecord,
    base: &'a str,
    title: &'a str,
    is_derived: bool,
    sentence: &'a str,
    publisher: &'a str,
    publisher_href: String,
    theme: Option<(String, String)>,
    count: String,
    data_as_at: Option<String>,
    published: String,
    frequency: String,
    accepted: String,
    map: Option<MapView>,
    legend: Vec<LegendRow>,
    fields: Vec<FieldRow>,
    tidied: Vec<(String, String)>,
    rejected: Vec<(String, String)>,
    credit: &'a str,
    licence: &'a str,
    table_href: String,
}

/// What the map script needs.
pub struct MapView {
    pub style: String,
    pub bounds: String,
    pub name: String,
    pub other_name: String,
    pub summary: String,
    pub titles: String,
    pub script: String,
}

struct LegendRow {
    label: String,
    colour: String,
    is_point: bool,
    is_line: bool,
    count: Option<String>,
}

struct FieldRow {
    title: String,
    name: String,
    kind: &'static str,
    filled: String,
    values: String,
    lang: Option<&'static str>,
}

pub fn layer(frame: &Frame<'_>, layer: &LiveLayer) -> String {
    let shared = Shared::of(frame);
    let record = layer.record.as_ref();
    let language = frame.language;
    let reasons = |reasons: &std::collections::BTreeMap<String, u64>| {
        reasons.iter().map(|(what, count)| (text::number(*count), what.clone())).collect()
    };
    let here = format!("/collections/{}", record.id);
    let page = Page {
        base: frame.base,
        title: record.title.get(language),
        is_derived: language == Language::ZhHans && record.title.zh_hans_derived,
        sentence: record.abstract_text.get(language),
        publisher: record.department.name.get(language),
        publisher_href: shared.href(&format!("/collections?department={}", record.department.code)),
        theme: record.theme.as_ref().map(|theme| {
            (theme.name.get(language).to_owned(), shared.href(&format!("/collections?theme={}", theme.id)))
        }),
        count: text::count_of(record.counts.kept, record.schema.geometry, language),
        data_as_at: record.data_as_at.map(|date| text::date(date, language)),
        published: text::day(record.published, language),
        frequency: record.frequency.name().get(language).to_owned(),
        accepted: accepted(record, language),
        map: (record.schema.geometry != GeometryKind::None).then(|| map_view(record, &shared, language)),
        legend: legend(layer, language),
        fields: fields(record, language),
        tidied: reasons(&record.counts.tidied_by_reason),
        rejected: reasons(&record.counts.rejected_by_reason),
        credit: record.credit.get(language),
        licence: record.licence.title.get(language),
        table_href: shared.href(&format!("{here}/items")),
        record,
        shared,
    };
    page.render().unwrap_or_default()
}

fn accepted(record: &LayerRecord, language: Language) -> String {
    let (kept, read) = (text::number(record.counts.kept), text::number(record.counts.read));
    match language {
        Language::En => format!("{kept} of {read} accepted"),
        Language::ZhHant => format!("{read}項中接納{kept}項"),
        Language::ZhHans => format!("{read}项中接纳{kept}项"),
    }
}

pub fn map_view(record: &LayerRecord, shared: &Shared, language: Language) -> MapView {
    let name = record.display.name.get(language).unwrap_or_default();
    let other = match language {
        Language::En => record.display.name.get(Language::ZhHant),
        _ => record.display.name.get(Language::En),
    };
    let titles: serde_json::Map<String, serde_json::Value> =
        record.schema.fields.iter().map(|field| (field.name.clone(), field.title.get(language).into())).collect();
    let summary: Vec<&str> = match record.display.summary.is_empty() {
        true => record.schema.fields.iter().map(|field| field.name.as_str()).take(6).collect(),
        false => record.display.summary.iter().map(String::as_str).collect(),
    };
    MapView {
        style: format!("/styles/{}?base-map=true&lang={}", record.id, language.tag()),
        bounds: json!(record.extent.unwrap_or(BBox::WORLD)).to_string(),
        name: name.to_owned(),
        other_name: other.filter(|other| *other != name).unwrap_or_default().to_owned(),
        summary: json!(summary).to_string(),
        titles: serde_json::Value::Object(titles).to_string(),
        script: shared.map_script(),
    }
}

fn legend(layer: &LiveLayer, language: Language) -> Vec<LegendRow> {
    styles::legend(&layer.style, &layer.record, language)
        .into_iter()
        .map(|entry| LegendRow {
            label: entry.label,
            colour: entry.colour,
            is_point: matches!(entry.shape, Dimension::Points | Dimension::Mixed),
            is_line: entry.shape == Dimension::Lines,
            count: entry.count.map(text::number),
        })
        .collect()
}

fn fields(record: &LayerRecord, language: Language) -> Vec<FieldRow> {
    record
        .schema
        .fields
        .iter()
        .zip(&record.field_facts)
        .map(|(field, facts)| {
            let values = values(field, facts, language);
            FieldRow {
                title: field.title.get(language).to_owned(),
                name: field.name.clone(),
                kind: text::kind(field.kind, language),
                filled: format!("{}%", facts.filled * 100 / record.counts.kept.max(1)),
                lang: text::language_of(&values, language),
                values,
            }
        })
        .collect()
}

/// The commonest values with their counts, or the range, or how many there are.
fn values(field: &crate::base::Field, facts: &crate::catalogue::record::FieldFacts, language: Language) -> String {
    const SHOWN: usize = 5;
    /// Longer values are for the table.
    const CHARACTERS: usize = 60;
    if let Some((smallest, largest)) = &facts.range {
        let shown = |text: &str| text::written(text, field.kind, language);
        return match smallest == largest {
            true => shown(smallest),
            false => format!("{} – {}", shown(smallest), shown(largest)),
        };
    }
    let cut = |text: &str| {
        let mut shown: String = text.chars().take(CHARACTERS).collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        shown
    };
    let is_worth_listing =
        facts.commonest.first().is_some_and(|(_, count)| *count > 1 || facts.commonest.len() <= SHOWN);
    if is_worth_listing {
        let listed: Vec<String> = facts
            .commonest
            .iter()
            .take(SHOWN)
            .map(|(value, count)| format!("{} ({})", cut(value), text::number(*count)))
            .collect();
        return listed.join(" · ");
    }
    match (facts.distinct, language) {
        (Some(distinct), Language::En) => format!("{} different", text::number(distinct)),
        (Some(distinct), Language::ZhHant) => format!("{}個不同數值", text::number(distinct)),
        (Some(distinct), Language::ZhHans) => format!("{}个不同数值", text::number(distinct)),
        (None, _) => String::new(),
    }
}
