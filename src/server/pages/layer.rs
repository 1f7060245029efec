//! One layer: what it is, a map of it, its fields, how to use it, how it was taken in.

use askama::Template;
use serde_json::json;

use super::extract::ExtractForm;
use super::fields::pairs;
use super::frame::Shared;
use super::text::Said;
use super::{Frame, text, words};
use crate::base::geometry_kind::Dimension;
use crate::base::instant::today;
use crate::base::{BBox, GeometryKind, Language, RevisionId, limits};
use crate::catalogue::LayerRecord;
use crate::catalogue::faces::resources::{Resource, resources};
use crate::catalogue::faces::{Listing, schema_org};
use crate::catalogue::record::FieldFacts;
use crate::definition::DownloadKind;
use crate::pictures::icons;
use crate::server::request::encode;
use crate::server::snapshot::LiveLayer;
use crate::styles;

#[derive(Template)]
#[template(path = "layer.html")]
struct Page<'a> {
    shared: Shared,
    record: &'a LayerRecord,
    base: &'a str,
    /// schema.org's words for search engines, where the layer is catalogued; ready for a data block.
    dataset: Option<String>,
    title: Said<'a>,
    is_derived: bool,
    sentence: Said<'a>,
    publisher: &'a str,
    publisher_href: String,
    theme: Option<(String, String)>,
    count: String,
    data_as_at: Option<String>,
    published: String,
    frequency: String,
    is_overdue: bool,
    accepted: String,
    map: Option<MapView>,
    has_map: bool,
    map_href: Option<String>,
    base_map: Option<&'a str>,
    legend_title: String,
    legend: Vec<LegendRow>,
    fields: Vec<FieldRow>,
    tabs: Vec<(&'static str, &'static str)>,
    bounds: String,
    limit: u64,
    is_whole: bool,
    items_href: String,
    curl: Vec<String>,
    quality: Quality,
    history: Vec<RevisionRow>,
    credit: &'a str,
    licence: &'a str,
    licence_href: String,
    source_files: Vec<&'a str>,
    more_files: Option<String>,
    table_href: String,
    files: Vec<FileRow>,
    part: Option<ExtractForm>,
    qgis_href: String,
}

/// A whole file to take away.
struct FileRow {
    title: String,
    href: String,
    size: String,
}

/// What the map script needs.
pub struct MapView {
    pub style: String,
    pub bounds: String,
    pub script: String,
    pub css: String,
}

/// One class of a layer with its swatch.
pub struct LegendRow {
    pub label: String,
    /// Class of a colour that follows the page's scheme; empty for a colour of a hand-made style.
    pub class: String,
    pub colour: String,
    pub is_point: bool,
    /// The outline of what is no circle.
    pub mark: Option<&'static str>,
    pub radius: &'static str,
    /// The outline of the pictogram on it.
    pub icon: Option<&'static str>,
    pub is_line: bool,
    pub count: Option<String>,
}

struct FieldRow {
    title: String,
    name: String,
    name_lang: Option<&'static str>,
    kind: &'static str,
    filled: String,
    values: Vec<Shown>,
    /// All values with their counts, where some repeat.
    counts_href: Option<String>,
}

/// A value of a field, or a range of them.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    text: String,
    lang: Option<&'static str>,
    /// How often it stands there, where values repeat, in words and as a number.
    count: Option<(String, u64)>,
}

impl Shown {
    fn plain(text: String) -> Self {
        Shown { text, lang: None, count: None }
    }
}

/// One published state of the layer.
struct RevisionRow {
    published: String,
    is_current: bool,
    items_href: String,
    /// What changed from the state before it, where that is still kept.
    changes_href: Option<String>,
}

/// What became of the delivery.
struct Quality {
    read: String,
    kept: String,
    repaired: String,
    rejected: String,
    lines: Vec<QualityLine>,
}

struct QualityLine {
    count: String,
    what: String,
    /// Whether it stands in English on a page in another language.
    is_english: bool,
}

/// The page of a layer. `districts` is the layer under the map, where there is one; `kept` are the
/// layer's revisions on disk, oldest first; `kinds` the files that are made of parts of it.
pub fn layer(
    frame: &Frame<'_>,
    layer: &LiveLayer,
    districts: Option<&LayerRecord>,
    kept: &[RevisionId],
    kinds: &[DownloadKind],
) -> String {
    const FILES_SHOWN: usize = 3;
    let shared = Shared::of(frame);
    let record = layer.record.as_ref();
    let language = frame.language;
    let here = format!("/collections/{}", record.id);
    let has_map = record.schema.geometry != GeometryKind::None;
    let limit = record.counts.kept.clamp(1, u64::from(limits::PAGE_FEATURES_MAX));
    let files = &record.source.files;
    let page = Page {
        base: frame.base,
        dataset: record.catalogued.then(|| dataset(layer, frame)),
        title: Said::of(&record.title, language),
        is_derived: language == Language::ZhHans && record.title.zh_hans_derived,
        sentence: Said::of(&record.abstract_text, language),
        publisher: record.department.name.get(language),
        publisher_href: shared.href(&format!("/collections?department={}", record.department.code)),
        theme: record.theme.as_ref().map(|theme| {
            (theme.name.get(language).to_owned(), shared.href(&format!("/collections?theme={}", theme.id)))
        }),
        count: text::count_of(record.counts.kept, record.schema.geometry, language),
        data_as_at: record.data_as_at.map(|date| text::date(date, language)),
        published: text::day(record.published, language),
        frequency: record.frequency.name().get(language).to_owned(),
        is_overdue: record.is_overdue(today()) == Some(true),
        accepted: accepted(record, language),
        map: has_map.then(|| map_view(record, &shared, language)),
        has_map,
        map_href: has_map.then(|| shared.href(&format!("/map?layers={}", record.id))),
        base_map: districts
            .filter(|districts| districts.id != record.id)
            .map(|districts| districts.department.name.get(language)),
        legend_title: legend_title(record, &shared, language),
        legend: legend(layer, language, 0),
        fields: fields(record, &shared, language),
        tabs: tabs(has_map),
        bounds: corners(&record.extent.unwrap_or(BBox::WORLD)),
        limit,
        is_whole: record.counts.kept <= limit,
        items_href: shared.plain(&format!("{here}/items?limit={limit}")),
        curl: curl(record, frame.base, language),
        quality: quality(record, language),
        history: history(record, kept, &shared, language),
        credit: record.credit.get(language),
        licence: record.licence.title.get(language),
        licence_href: record.licence.address_in(language),
        source_files: files.iter().take(FILES_SHOWN).map(|file| file.name.as_str()).collect(),
        more_files: files.len().checked_sub(FILES_SHOWN).filter(|more| *more > 0).map(|more| match language {
            Language::En => format!("and {more} more"),
            Language::ZhHant => format!("及另外{more}個"),
            Language::ZhHans => format!("及另外{more}个"),
        }),
        table_href: shared.href(&format!("{here}/items")),
        files: file_rows(layer, frame),
        part: (!kinds.is_empty()).then(|| ExtractForm::of(record, kinds, &[], &shared, language)),
        qgis_href: format!("/qgis/{}.qlr", record.id),
        record,
        shared,
    };
    page.render().unwrap_or_default()
}

fn file_rows(layer: &LiveLayer, frame: &Frame<'_>) -> Vec<FileRow> {
    let listing = Listing { record: &layer.record, base: frame.base, downloads: layer.files() };
    let row = |resource: Resource| {
        let size = text::bytes(resource.file?.bytes);
        Some(FileRow { title: resource.title.get(frame.language).to_owned(), href: resource.address, size })
    };
    resources(&listing).into_iter().filter_map(row).collect()
}

fn dataset(layer: &LiveLayer, frame: &Frame<'_>) -> String {
    let listing = Listing { record: &layer.record, base: frame.base, downloads: layer.files() };
    schema_org::for_page(&schema_org::dataset(&listing, frame.language))
}

fn tabs(has_map: bool) -> Vec<(&'static str, &'static str)> {
    let of_maps = ["maplibre", "openlayers", "leaflet"];
    [
        ("qgis", "QGIS"),
        ("maplibre", "MapLibre"),
        ("openlayers", "OpenLayers"),
        ("leaflet", "Leaflet"),
        ("python", "Python"),
        ("r", "R"),
        ("curl", "curl"),
    ]
    .into_iter()
    .filter(|(id, _)| has_map || !of_maps.contains(id))
    .collect()
}

/// A box as MapLibre takes it: `[[west, south], [east, north]]`.
fn corners(bbox: &BBox) -> String {
    json!([[bbox.west_deg, bbox.south_deg], [bbox.east_deg, bbox.north_deg]]).to_string()
}

/// Requests that answer with something: the layer's middle, and its commonest value.
fn curl(record: &LayerRecord, base: &str, language: Language) -> Vec<String> {
    let items = format!("{base}/collections/{}/items", record.id);
    let mut lines = Vec::new();
    if let Some(bbox) = record.extent {
        let middle = |low: f64, high: f64| [low + (high - low) / 4.0, high - (high - low) / 4.0];
        let [west, east] = middle(bbox.west_deg, bbox.east_deg);
        let [south, north] = middle(bbox.south_deg, bbox.north_deg);
        lines.push(format!("curl \"{items}?bbox={west:.3},{south:.3},{east:.3},{north:.3}&limit=10\""));
    }
    let category = record.display.category.get(language).and_then(|field| record.schema.field_index(field));
    if let Some((index, (value, _))) =
        category.and_then(|index| Some((index, record.field_facts.get(index)?.commonest.first()?)))
    {
        let name = &record.schema.fields[index].name;
        lines.push(format!("curl \"{items}?{}={}&limit=10\"", encode(name), encode(value)));
    }
    if lines.is_empty() {
        lines.push(format!("curl \"{items}?limit=10\""));
    }
    if record.schema.geometry != GeometryKind::None {
        lines.push(format!("curl \"{base}/tilejson/{}.json\"", record.id));
    }
    lines
}

fn quality(record: &LayerRecord, language: Language) -> Quality {
    let counts = &record.counts;
    let reasons = counts.rejected_by_reason.iter().chain(&counts.tidied_by_reason);
    Quality {
        read: text::number(counts.read),
        kept: text::number(counts.kept),
        repaired: text::number(counts.repaired),
        rejected: text::number(counts.rejected),
        lines: reasons
            .map(|(reason, count)| {
                let known = words::reason(reason, language);
                QualityLine {
                    count: text::number(*count),
                    what: known.map_or_else(|| format!("× {reason}"), str::to_owned),
                    is_english: known.is_none() && language != Language::En,
                }
            })
            .collect(),
    }
}

/// The last few states, newest first.
fn history(record: &LayerRecord, kept: &[RevisionId], shared: &Shared, language: Language) -> Vec<RevisionRow> {
    const SHOWN: usize = 5;
    let here = format!("/collections/{}", record.id);
    let befores = std::iter::once(None).chain(kept.iter().map(Some));
    let rows = kept.iter().zip(befores).filter_map(|(revision, before)| {
        let is_current = *revision == record.revision;
        Some(RevisionRow {
            published: text::day(revision.published()?, language),
            is_current,
            items_href: shared.href(&format!("{here}/items?f=html&revision={revision}")),
            // Changes lead up to what is current.
            changes_href: before
                .filter(|_| is_current)
                .map(|before| shared.href(&format!("{here}/changes?since={before}&f=json"))),
        })
    });
    let mut rows: Vec<RevisionRow> = rows.collect();
    rows.reverse();
    rows.truncate(SHOWN);
    rows
}

/// The title of the field that colours stand for, else the word for a legend.
fn legend_title(record: &LayerRecord, shared: &Shared, language: Language) -> String {
    let field = record.display.category.get(language).filter(|field| record.categories(field).is_some());
    let index = field.and_then(|field| record.schema.field_index(field));
    let pair = index.and_then(|index| pairs(&record.schema, language).into_iter().find(|pair| pair.holds(index)));
    pair.map_or_else(|| shared.w.legend.to_owned(), |pair| pair.title)
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
    MapView {
        style: shared.plain(&format!("/styles/{}?base-map=light&lang={}", record.id, language.tag())),
        bounds: json!(record.extent.unwrap_or(BBox::WORLD)).to_string(),
        script: shared.map_script(),
        css: shared.map_css(),
    }
}

fn outline(picture: Option<&str>) -> Option<&'static str> {
    Some(icons::icon(picture?)?.outline.as_str())
}

pub fn legend(layer: &LiveLayer, language: Language, first_colour: usize) -> Vec<LegendRow> {
    styles::legend(&layer.style, &layer.record, language, first_colour)
        .into_iter()
        .map(|entry| LegendRow {
            label: text::calm(&entry.label),
            class: styles::COLOURS
                .iter()
                .position(|colour| *colour == entry.colour)
                .map_or_else(String::new, |place| format!("c{}", place + 1)),
            mark: outline(Some(entry.mark.name()).filter(|_| entry.mark != styles::Mark::Circle)),
            radius: match (&entry.icon, entry.is_rest) {
                _ if entry.is_cluster => "6.5",
                (Some(_), _) => "6.5",
                (None, true) => "3.5",
                (None, false) => "5.5",
            },
            icon: outline(entry.icon.as_deref()),
            colour: entry.colour,
            is_point: matches!(entry.shape, Dimension::Points | Dimension::Mixed),
            is_line: entry.shape == Dimension::Lines,
            count: entry.count.map(text::number),
        })
        .collect()
}

fn fields(record: &LayerRecord, shared: &Shared, language: Language) -> Vec<FieldRow> {
    let row = |(field, facts): (&crate::base::Field, &FieldFacts)| {
        let values = values(field, facts, language);
        let repeats = values.iter().any(|value| value.count.is_some());
        let path = format!("/collections/{}/aggregate?group={}&f=html", record.id, encode(&field.name));
        FieldRow {
            title: field.title.get(language).to_owned(),
            name: field.name.clone(),
            name_lang: text::language_of(&field.name, language),
            kind: text::kind(field.kind, language),
            filled: filled(facts.filled, record.counts.kept),
            values,
            counts_href: repeats.then(|| shared.href(&path)),
        }
    };
    record.schema.fields.iter().zip(&record.field_facts).map(row).collect()
}

/// A share that never says all or nothing of a part: 1 of 1,000 is `<1%`, 999 of 1,000 is `99%`.
fn filled(filled: u64, of: u64) -> String {
    match filled.saturating_mul(100) / of.max(1) {
        0 if filled > 0 => "<1%".to_owned(),
        share => format!("{share}%"),
    }
}

/// The range, or the commonest values with their counts, or how many there are.
fn values(field: &crate::base::Field, facts: &FieldFacts, language: Language) -> Vec<Shown> {
    const SHOWN: usize = 5;
    if let Some((smallest, largest)) = &facts.range {
        let shown = |text: &str| text::written(text, field.kind, language);
        let range = match (smallest == largest, language) {
            (true, _) => shown(smallest),
            (false, Language::En) => format!("{} to {}", shown(smallest), shown(largest)),
            (false, _) => format!("{}至{}", shown(smallest), shown(largest)),
        };
        return vec![Shown::plain(range)];
    }
    let repeats = facts.commonest.first().is_some_and(|(_, count)| *count > 1);
    if repeats || (1..=SHOWN).contains(&facts.commonest.len()) {
        let listed = |(value, count): &(String, u64)| {
            let text = cut(&text::written(value, field.kind, language));
            let lang = text::language_of(&text, language);
            Shown { text, lang, count: repeats.then(|| (text::number(*count), *count)) }
        };
        return facts.commonest.iter().take(SHOWN).map(listed).collect();
    }
    let distinct = facts.distinct.filter(|distinct| *distinct > 0);
    distinct.map(|distinct| Shown::plain(different(distinct, language))).into_iter().collect()
}

fn different(distinct: u64, language: Language) -> String {
    let shown = text::number(distinct);
    match language {
        Language::En => format!("{shown} different"),
        Language::ZhHant => format!("{shown}個不同數值"),
        Language::ZhHans => format!("{shown}个不同数值"),
    }
}

/// Longer values are for the table.
fn cut(text: &str) -> String {
    const CHARACTERS: usize = 60;
    let mut shown: String = text.chars().take(CHARACTERS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_never_says_all_or_nothing_of_a_part() {
        for (of, all, shown) in [(0, 10, "0%"), (1, 1000, "<1%"), (999, 1000, "99%"), (10, 10, "100%"), (0, 0, "0%")] {
            assert_eq!(filled(of, all), shown);
        }
    }

    #[test]
    fn values_that_repeat_are_counted_and_those_that_differ_are_not() {
        let field = crate::base::Field::untitled("District", crate::base::FieldKind::Text);
        let facts = FieldFacts {
            filled: 34,
            distinct: Some(2),
            commonest: vec![("SHA TIN".into(), 19), ("沙田".into(), 15)],
            range: None,
        };
        assert_eq!(
            values(&field, &facts, Language::En),
            [
                Shown { text: "Sha Tin".into(), lang: None, count: Some(("19".into(), 19)) },
                Shown { text: "沙田".into(), lang: Some("zh-Hant"), count: Some(("15".into(), 15)) },
            ]
        );
        let facts = FieldFacts { filled: 186, distinct: Some(186), ..FieldFacts::default() };
        assert_eq!(values(&field, &facts, Language::ZhHant), [Shown::plain("186個不同數值".into())]);
    }
}
