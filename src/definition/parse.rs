//! TOML text to a [`LayerDefinition`]: shape by serde, meaning by lookups that remember the place.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::{
    CatalogueDeclaration, DefinitionFault, Display, FieldDefinition, Format, Frequency, GeometryRule, Keywords,
    LayerDefinition, Release, SourceDefinition, TimeFields, control, details, downloads, features, files, gates,
    simplified, tiles, vocabulary,
};
use crate::base::digest::Sha256Hex;
use crate::base::{Class, FieldKind, LayerId, Trilingual};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDefinition {
    class: Spanned<String>,
    title: Spanned<Trilingual>,
    #[serde(rename = "abstract")]
    abstract_text: Spanned<Trilingual>,
    keywords: Spanned<Keywords>,
    catalogue: RawCatalogue,
    source: RawSource,
    identity: Option<RawIdentity>,
    #[serde(default)]
    display: Display,
    time: Option<Spanned<RawTime>>,
    tiles: Option<tiles::RawTiles>,
    search: Option<RawSearch>,
    downloads: Option<downloads::RawDownloads>,
    features: Option<features::RawFeatures>,
    #[serde(default)]
    fields: BTreeMap<String, Spanned<RawField>>,
    gates: Option<gates::RawGates>,
    #[serde(default)]
    control_points: Vec<Spanned<control::RawControlPoint>>,
    #[serde(default)]
    personal_data: BTreeMap<String, Spanned<Release>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCatalogue {
    theme: Spanned<String>,
    licence: Spanned<String>,
    frequency: Spanned<String>,
    data_as_at: Option<Spanned<String>>,
    portal: Option<Trilingual>,
    credit: Option<Trilingual>,
    origin: Option<Spanned<String>>,
    edition_of: Option<Spanned<String>>,
    issued: Option<Spanned<String>>,
    contact: Option<details::RawContact>,
    lineage: Option<Trilingual>,
    #[serde(default)]
    identifiers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    files: Spanned<Vec<Spanned<String>>>,
    format: Option<Spanned<String>>,
    geometry: Option<Spanned<String>>,
    encoding: Option<String>,
    crs: Option<Spanned<String>>,
    operation: Option<Spanned<String>>,
    layer: Option<String>,
    easting: Option<Spanned<String>>,
    northing: Option<Spanned<String>>,
    longitude: Option<Spanned<String>>,
    latitude: Option<Spanned<String>>,
    file_name_field: Option<String>,
    #[serde(default)]
    no_data: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentity {
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTime {
    instant: Option<String>,
    start: Option<String>,
    end: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSearch {
    fields: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    title: Trilingual,
    #[serde(default)]
    description: Trilingual,
    #[serde(rename = "type")]
    kind: Option<FieldKind>,
    zone: Option<Spanned<String>>,
    day_first: Option<bool>,
    #[serde(default)]
    drop: bool,
}

/// The file being parsed, so that every fault can say where it stands.
pub(super) struct Place<'a> {
    file: &'a str,
    text: &'a str,
}

impl Place<'_> {
    pub(super) fn fault(&self, span: &Range<usize>, message: impl Into<String>) -> DefinitionFault {
        DefinitionFault::at(self.file, self.text, span.start, message)
    }
}

/// Reads a definition's text. `shown_file` is the name used in faults, `folder` the place of the
/// delivery's files, `department_code` and `name` the two folders above it.
pub fn parse(
    text: &str,
    shown_file: &str,
    folder: &Path,
    department_code: &str,
    name: &str,
) -> Result<LayerDefinition, DefinitionFault> {
    let place = Place { file: shown_file, text };
    let id: LayerId = format!("{department_code}-{name}")
        .parse()
        .map_err(|error| place.fault(&(0..0), format!("{error}, from its two folders")))?;
    let department = vocabulary::department(department_code).ok_or_else(|| {
        place.fault(
            &(0..0),
            format!(
                "the folder \"{department_code}\" is not the lower-case code of a department in assets/tables/departments.tsv"
            ),
        )
    })?;
    let raw: RawDefinition =
        toml::from_str(text).map_err(|error| place.fault(&error.span().unwrap_or(0..0), error.message()))?;
    Ok(LayerDefinition {
        id,
        department,
        class: class(&place, &raw.class)?,
        title: required_text(&place, "title", raw.title)?,
        abstract_text: required_text(&place, "abstract", raw.abstract_text)?,
        keywords: keywords(&place, raw.keywords)?,
        catalogue: catalogue(&place, raw.catalogue)?,
        source: source(&place, folder, raw.source)?,
        identity_key: raw.identity.map(|identity| identity.key),
        tiles: raw.tiles.map(|tiles| tiles::read(&place, tiles, &raw.display)).transpose()?.unwrap_or_default(),
        display: raw.display,
        time: raw.time.map(|time| time_fields(&place, time)).transpose()?,
        searched_fields: raw.search.map(|search| search.fields),
        downloads: downloads::read(&place, raw.downloads)?,
        added_epsg: features::read(&place, raw.features)?,
        fields: fields(&place, raw.fields)?,
        gates: raw.gates.map(|raw| gates::read(&place, raw)).transpose()?.unwrap_or_default(),
        control_points: raw
            .control_points
            .into_iter()
            .map(|raw| control::read(&place, raw))
            .collect::<Result<_, _>>()?,
        releases: releases(&place, raw.personal_data)?,
        digest: Sha256Hex::of_bytes(text.as_bytes()),
    })
}

fn class(place: &Place, raw: &Spanned<String>) -> Result<Class, DefinitionFault> {
    raw.get_ref().parse().map_err(|message: String| place.fault(&raw.span(), message))
}

fn required_text(place: &Place, what: &str, raw: Spanned<Trilingual>) -> Result<Trilingual, DefinitionFault> {
    let span = raw.span();
    let mut text = raw.into_inner();
    for (tag, value) in [("en", &text.en), ("zh-Hant", &text.zh_hant)] {
        if value.trim().is_empty() {
            return Err(place.fault(&span, format!("{what} has no text in {tag}; en and zh-Hant are needed")));
        }
    }
    simplified::complete(&mut text);
    Ok(text)
}

fn keywords(place: &Place, raw: Spanned<Keywords>) -> Result<Keywords, DefinitionFault> {
    let span = raw.span();
    let mut keywords = raw.into_inner();
    for (tag, words) in [("en", &keywords.en), ("zh-Hant", &keywords.zh_hant)] {
        if words.is_empty() {
            return Err(place.fault(&span, format!("keywords has none in {tag}; en and zh-Hant are needed")));
        }
    }
    if keywords.zh_hans.is_empty() {
        keywords.zh_hans = keywords.zh_hant.iter().map(|word| simplified::from_traditional(word)).collect();
    }
    Ok(keywords)
}

fn catalogue(place: &Place, raw: RawCatalogue) -> Result<CatalogueDeclaration, DefinitionFault> {
    let theme = vocabulary::theme(raw.theme.get_ref()).ok_or_else(|| {
        let known: Vec<&str> = vocabulary::themes().iter().map(|theme| theme.id.as_str()).collect();
        unknown(place, "theme", &raw.theme, &known)
    })?;
    let licence = vocabulary::licence(raw.licence.get_ref()).ok_or_else(|| {
        let known: Vec<&str> = vocabulary::licence_ids().collect();
        unknown(place, "licence", &raw.licence, &known)
    })?;
    let frequency = Frequency::ALL
        .into_iter()
        .find(|(name, _)| name == raw.frequency.get_ref())
        .map(|(_, frequency)| frequency)
        .ok_or_else(|| {
            let known: Vec<&str> = Frequency::ALL.iter().map(|(name, _)| *name).collect();
            unknown(place, "frequency", &raw.frequency, &known)
        })?;
    let issued = raw.issued.map(|date| civil_date(place, "issued", &date)).transpose()?;
    let details = details::read(place, issued, raw.contact, raw.lineage, raw.identifiers)?;
    Ok(CatalogueDeclaration {
        details,
        theme: theme.clone(),
        licence: licence.clone(),
        frequency,
        data_as_at: raw.data_as_at.map(|date| civil_date(place, "data_as_at", &date)).transpose()?,
        portal: raw.portal.map(completed),
        credit: raw.credit.map(completed),
        origin: raw.origin.map(|address| web_address(place, address)).transpose()?,
        edition_of: raw
            .edition_of
            .map(|id| {
                id.get_ref()
                    .parse()
                    .map_err(|error: crate::base::ids::IdError| place.fault(&id.span(), error.to_string()))
            })
            .transpose()?,
    })
}

fn completed(mut text: Trilingual) -> Trilingual {
    simplified::complete(&mut text);
    text
}

pub(super) fn unknown(place: &Place, what: &str, raw: &Spanned<String>, known: &[&str]) -> DefinitionFault {
    let value = crate::base::ids::cut(raw.get_ref());
    place.fault(&raw.span(), format!("{what} \"{value}\" is not one of {}", known.join(", ")))
}

fn civil_date(place: &Place, what: &str, raw: &Spanned<String>) -> Result<jiff::civil::Date, DefinitionFault> {
    raw.get_ref().parse().map_err(|_| {
        let value = crate::base::ids::cut(raw.get_ref());
        place.fault(&raw.span(), format!("{what} \"{value}\" is not a date such as 2021-12-17"))
    })
}

fn web_address(place: &Place, raw: Spanned<String>) -> Result<String, DefinitionFault> {
    if raw.get_ref().starts_with("https://") || raw.get_ref().starts_with("http://") {
        Ok(raw.into_inner())
    } else {
        Err(place.fault(&raw.span(), "origin is not an http or https address"))
    }
}

fn source(place: &Place, folder: &Path, raw: RawSource) -> Result<SourceDefinition, DefinitionFault> {
    if raw.files.get_ref().is_empty() {
        return Err(place.fault(&raw.files.span(), "files names no file"));
    }
    let mut expanded = Vec::new();
    for pattern in raw.files.get_ref() {
        let found = files::named(folder, pattern.get_ref()).map_err(|message| place.fault(&pattern.span(), message))?;
        expanded.extend(found);
    }
    pair(place, "easting", &raw.easting, "northing", &raw.northing)?;
    pair(place, "longitude", &raw.longitude, "latitude", &raw.latitude)?;
    if let Some(crs) = &raw.crs {
        let code = crs.get_ref().strip_prefix("EPSG:").and_then(|code| code.parse::<u32>().ok());
        if code.is_none() {
            let value = crate::base::ids::cut(crs.get_ref());
            return Err(place.fault(&crs.span(), format!("crs \"{value}\" is not of the form EPSG:2326")));
        }
    }
    let inner = |value: Option<Spanned<String>>| value.map(Spanned::into_inner);
    Ok(SourceDefinition {
        files: expanded,
        format: raw.format.map(|raw| format(place, &raw)).transpose()?,
        geometry: raw.geometry.map_or(Ok(GeometryRule::Unstated), |raw| geometry_rule(place, &raw))?,
        encoding: raw.encoding,
        crs: inner(raw.crs),
        allows_ballpark: raw.operation.map_or(Ok(false), |raw| ballpark(place, &raw))?,
        layer: raw.layer,
        easting: inner(raw.easting),
        northing: inner(raw.northing),
        longitude: inner(raw.longitude),
        latitude: inner(raw.latitude),
        file_name_field: raw.file_name_field,
        no_data: raw.no_data,
    })
}

fn format(place: &Place, raw: &Spanned<String>) -> Result<Format, DefinitionFault> {
    Format::from_name(raw.get_ref()).ok_or_else(|| unknown(place, "format", raw, &Format::ALL.map(Format::name)))
}

fn geometry_rule(place: &Place, raw: &Spanned<String>) -> Result<GeometryRule, DefinitionFault> {
    match raw.get_ref().as_str() {
        "split" => Ok(GeometryRule::Split),
        "mixed" => Ok(GeometryRule::Mixed),
        "none" => Ok(GeometryRule::None),
        _ => Err(unknown(place, "geometry", raw, &["split", "mixed", "none"])),
    }
}

fn ballpark(place: &Place, raw: &Spanned<String>) -> Result<bool, DefinitionFault> {
    match raw.get_ref().as_str() {
        "ballpark" => Ok(true),
        _ => Err(unknown(place, "operation", raw, &["ballpark"])),
    }
}

/// Two keys that mean something only together.
fn pair(
    place: &Place,
    first_name: &str,
    first: &Option<Spanned<String>>,
    second_name: &str,
    second: &Option<Spanned<String>>,
) -> Result<(), DefinitionFault> {
    match (first, second) {
        (Some(given), None) => Err(place.fault(&given.span(), format!("{first_name} needs {second_name} beside it"))),
        (None, Some(given)) => Err(place.fault(&given.span(), format!("{second_name} needs {first_name} beside it"))),
        _ => Ok(()),
    }
}

fn time_fields(place: &Place, raw: Spanned<RawTime>) -> Result<TimeFields, DefinitionFault> {
    let span = raw.span();
    match raw.into_inner() {
        RawTime { instant: Some(name), start: None, end: None } => Ok(TimeFields::Instant(name)),
        RawTime { instant: None, start: Some(start), end: Some(end) } => Ok(TimeFields::Interval { start, end }),
        _ => Err(place.fault(&span, "[time] takes either instant, or start and end")),
    }
}

fn fields(
    place: &Place,
    raw: BTreeMap<String, Spanned<RawField>>,
) -> Result<BTreeMap<String, FieldDefinition>, DefinitionFault> {
    raw.into_iter()
        .map(|(name, field)| {
            let span = field.span();
            let field = field.into_inner();
            if let Some(zone) = &field.zone
                && jiff::tz::TimeZone::get(zone.get_ref()).is_err()
            {
                return Err(place.fault(
                    &zone.span(),
                    format!("zone \"{}\" is not an IANA time zone such as Asia/Hong_Kong or UTC", zone.get_ref()),
                ));
            }
            let title =
                required_text(place, &format!("the title of field \"{name}\""), Spanned::new(span, field.title))?;
            let definition = FieldDefinition {
                title,
                description: completed(field.description),
                kind: field.kind,
                zone: field.zone.map(Spanned::into_inner),
                day_first: field.day_first,
                drop: field.drop,
            };
            Ok((name, definition))
        })
        .collect()
}

/// A decision without a name or a reason is none.
fn releases(
    place: &Place,
    raw: BTreeMap<String, Spanned<Release>>,
) -> Result<BTreeMap<String, Release>, DefinitionFault> {
    raw.into_iter()
        .map(|(field, release)| {
            let span = release.span();
            let release = release.into_inner();
            match release.who.trim().is_empty() || release.why.trim().is_empty() {
                true => Err(place.fault(&span, format!("the decision on \"{field}\" needs who took it and why"))),
                false => Ok((field, release)),
            }
        })
        .collect()
}

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;
