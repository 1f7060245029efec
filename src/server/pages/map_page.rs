//! The map page: the stack of layers as a list that reads without scripts, and a map beside it.

use askama::Template;

use super::frame::Shared;
use super::layer::{LegendRow, legend};
use super::map_words::{MapWords, full, map_words};
use super::text::Said;
use super::{Frame, asset_href, text};
use crate::base::{BBox, Language, limits};
use crate::catalogue::LayerRecord;
use crate::server::map::{MapRequest, Sheet, Stack};
use crate::server::request::encode;
use crate::server::snapshot::LiveLayer;

#[derive(Template)]
#[template(path = "map_page.html")]
struct Page<'a> {
    shared: Shared,
    m: &'static MapWords,
    /// The value of `layers`, for the form.
    stack: String,
    text: &'a str,
    found: Vec<Found>,
    is_full: bool,
    full: String,
    layers_most: usize,
    sheets: Vec<SheetView<'a>>,
    missing: String,
    selected: &'a str,
    is_embedded: bool,
    full_href: String,
    base_map: Option<&'a str>,
    bounds: String,
    ground: String,
    script: String,
    css: String,
}

struct Found {
    title: String,
    publisher: String,
    /// `None` where the layer is on the map already or the map is full.
    href: Option<String>,
}

struct SheetView<'a> {
    id: &'a str,
    sheet: &'a Sheet,
    title: Said<'a>,
    publisher: &'a str,
    count: String,
    legend: Vec<LegendRow>,
    style: String,
    bounds: String,
    /// The field whose values can be chosen, and those values with how they are shown.
    field: Option<(String, Vec<Choice>)>,
    href: String,
    table_href: String,
    /// The form that asks for a part of it as a file, where any are made.
    extract_href: Option<String>,
    remove_href: String,
    credit: &'a str,
}

struct Choice {
    value: String,
    shown: String,
    count: String,
    is_chosen: bool,
}

/// The map page. `districts` is the layer under the map, where there is one.
pub fn map(frame: &Frame<'_>, stack: &Stack, request: &MapRequest, districts: Option<&LayerRecord>) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let sheets: Vec<SheetView<'_>> =
        stack.sheets.iter().map(|(sheet, layer)| sheet_view(sheet, layer, stack, request, &shared, language)).collect();
    let extents = stack.sheets.iter().filter_map(|(_, layer)| layer.record.extent);
    let extent = extents
        .reduce(|mut all, one| {
            all.include(&one);
            all
        })
        .or(districts.and_then(|layer| layer.extent));
    let address = stack.address();
    let page = Page {
        m: map_words(language),
        found: request.found.iter().map(|layer| found(layer, stack, &shared, language)).collect(),
        is_full: stack.address_with("").is_none(),
        full: full(limits::MAP_LAYERS_MAX, language),
        layers_most: limits::MAP_LAYERS_MAX,
        text: &request.text,
        missing: stack.missing.join(", "),
        selected: request.selected.as_deref().unwrap_or_default(),
        is_embedded: request.is_embedded,
        full_href: shared.href(&format!("/map?layers={}", encode(&address))),
        base_map: districts.map(|districts| districts.department.name.get(language)),
        bounds: serde_json::json!(extent.unwrap_or(BBox::WORLD)).to_string(),
        ground: shared.plain(&format!("/styles/base-map?base-map=light&lang={}", language.tag())),
        script: shared.plain(&asset_href("pages/map-page.js")),
        css: shared.map_css(),
        stack: address,
        sheets,
        shared,
    };
    page.render().unwrap_or_default()
}

fn sheet_view<'a>(
    sheet: &'a Sheet,
    layer: &'a LiveLayer,
    stack: &Stack,
    request: &MapRequest,
    shared: &Shared,
    language: Language,
) -> SheetView<'a> {
    let record = layer.record.as_ref();
    let here = format!("/collections/{}", record.id);
    let others: Vec<String> = stack
        .sheets
        .iter()
        .filter(|(other, _)| other.layer != sheet.layer)
        .map(|(other, _)| other.to_string())
        .collect();
    SheetView {
        id: record.id.as_str(),
        sheet,
        title: Said::of(&record.title, language),
        publisher: record.department.name.get(language),
        count: text::count_of(record.counts.kept, record.schema.geometry, language),
        legend: legend(layer, language, sheet.first_colour()),
        style: shared.plain(&format!(
            "/styles/{}?base-map=light&first-colour={}&lang={}",
            record.id,
            sheet.first_colour(),
            language.tag()
        )),
        bounds: serde_json::json!(record.extent.unwrap_or(BBox::WORLD)).to_string(),
        field: field(record, sheet.value.as_deref(), language),
        href: shared.href(&here),
        table_href: shared.href(&format!("{here}/items?f=html")),
        extract_href: request.makes_extracts.then(|| shared.href(&format!("{here}/extracts?f=html"))),
        remove_href: shared.href(&format!("/map?layers={}", encode(&others.join(",")))),
        credit: record.credit.get(language),
    }
}

/// The category field in the page's language with its values. A value that was chosen on a page in
/// another language is kept with that language's field.
fn field(record: &LayerRecord, chosen: Option<&str>, language: Language) -> Option<(String, Vec<Choice>)> {
    let of = |language: Language| {
        let field = record.display.category.get(language)?;
        Some((field, record.categories(field)?))
    };
    let holds = |values: &[(String, u64)]| chosen.is_none_or(|chosen| values.iter().any(|(value, _)| value == chosen));
    let languages = std::iter::once(language).chain(Language::ALL);
    let (field, values) = languages.filter_map(of).find(|(_, values)| holds(values)).or_else(|| of(language))?;
    let kind = record.schema.field(field)?.kind;
    let choices = values
        .iter()
        .map(|(value, count)| Choice {
            shown: text::calm(&text::written(value, kind, language)),
            count: text::number(*count),
            is_chosen: Some(value.as_str()) == chosen,
            value: value.clone(),
        })
        .collect();
    Some((field.to_owned(), choices))
}

fn found(layer: &LiveLayer, stack: &Stack, shared: &Shared, language: Language) -> Found {
    let record = &layer.record;
    Found {
        title: record.title.get(language).to_owned(),
        publisher: record.department.name.get(language).to_owned(),
        href: stack
            .address_with(record.id.as_str())
            .map(|layers| shared.href(&format!("/map?layers={}", encode(&layers)))),
    }
}
