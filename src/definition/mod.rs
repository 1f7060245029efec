//! The layer definition: what a department declares about a layer in `layer.toml`.
//!
//! Comes in: the text of a file. Goes out: a [`LayerDefinition`] that cannot be wrong, or a fault
//! with its place. Must not know: how a layer is read or published.
//!
//! `docs/layer-definition.md` is the format's description for departments.

mod control;
mod details;
mod downloads;
mod features;
mod files;
mod format;
mod gates;
mod icon;
mod parse;
pub mod simplified;
mod tiles;
pub mod vocabulary;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::base::{Class, FieldKind, LayerId, Trilingual};
use crate::fetch::Address;

pub use control::ControlPoint;
pub use details::{CatalogueDetails, Contact};
pub use downloads::{DownloadCrs, DownloadFormat, DownloadKind};
pub use files::{DefinitionPlace, find_all, load};
pub use format::{Format, GeometryRule};
pub use gates::Gates;
pub use icon::{ICONS, Icon};
pub use parse::parse;
pub use tiles::{LowZoomFields, TilesDefinition};
pub use vocabulary::{Department, Frequency, Licence, Theme};

/// A layer as its department declares it; every name in it was looked up in its vocabulary.
#[derive(Clone, Debug)]
pub struct LayerDefinition {
    pub id: LayerId,
    pub department: Department,
    pub class: Class,
    pub title: Trilingual,
    pub abstract_text: Trilingual,
    pub keywords: Keywords,
    pub catalogue: CatalogueDeclaration,
    pub source: SourceDefinition,
    pub identity_key: Option<String>,
    pub display: Display,
    pub time: Option<TimeFields>,
    pub tiles: TilesDefinition,
    /// Fields whose words are searched; absent means every field of text, empty none.
    pub searched_fields: Option<Vec<String>>,
    /// Formats of whole files that are made of the layer, if it is open.
    pub downloads: Vec<DownloadFormat>,
    pub fields: BTreeMap<String, FieldDefinition>,
    /// Numbers in EPSG's register of the systems that features are offered in besides the usual ones.
    pub added_epsg: Vec<u32>,
    pub gates: Gates,
    pub control_points: Vec<ControlPoint>,
    /// Columns of personal data that somebody decided to publish.
    pub releases: BTreeMap<String, Release>,
    /// SHA-256 of the file as it stands: one part of what makes a delivery "unchanged".
    pub digest: crate::base::digest::Sha256Hex,
}

/// Words to be found by, a list for each language.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keywords {
    #[serde(default)]
    pub en: Vec<String>,
    #[serde(rename = "zh-Hant", default)]
    pub zh_hant: Vec<String>,
    #[serde(rename = "zh-Hans", default)]
    pub zh_hans: Vec<String>,
}

impl Keywords {
    pub fn get(&self, language: crate::base::Language) -> &[String] {
        match language {
            crate::base::Language::En => &self.en,
            crate::base::Language::ZhHant => &self.zh_hant,
            crate::base::Language::ZhHans => &self.zh_hans,
        }
    }
}

/// What the catalogue says of the layer beyond its words.
#[derive(Clone, Debug)]
pub struct CatalogueDeclaration {
    pub theme: Theme,
    pub licence: Licence,
    pub frequency: Frequency,
    pub data_as_at: Option<jiff::civil::Date>,
    pub portal: Option<Trilingual>,
    pub credit: Option<Trilingual>,
    pub origin: Option<String>,
    pub edition_of: Option<LayerId>,
    pub details: CatalogueDetails,
}

/// Where the delivery is and how to read it; what is absent is found from the bytes.
#[derive(Clone, Debug, Default)]
pub struct SourceDefinition {
    /// Patterns expanded, in order.
    pub files: Vec<SourcePart>,
    pub format: Option<Format>,
    pub geometry: GeometryRule,
    pub encoding: Option<String>,
    pub crs: Option<String>,
    /// Whether a mere change of axes and units may stand for a change of datum that nobody knows.
    pub allows_ballpark: bool,
    pub layer: Option<String>,
    pub easting: Option<String>,
    pub northing: Option<String>,
    pub longitude: Option<String>,
    pub latitude: Option<String>,
    pub file_name_field: Option<String>,
    pub no_data: Vec<String>,
}

/// One file of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourcePart {
    /// An absolute path inside the definition's folder.
    File(PathBuf),
    /// A file of another host, which the operator has to list.
    Address(Address),
}

/// How a feature is shown: fields that name it, that colour it, that sum it up.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Display {
    #[serde(default)]
    pub name: FieldByLanguage,
    #[serde(default)]
    pub category: FieldByLanguage,
    #[serde(default)]
    pub summary: Vec<String>,
    /// What the layer is about, where its theme's icon says too little.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon: Option<Icon>,
}

/// The field that holds a text in English and the one that holds it in Chinese; they may be one.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldByLanguage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
    #[serde(rename = "zh-Hant", default, skip_serializing_if = "Option::is_none")]
    pub zh_hant: Option<String>,
}

impl FieldByLanguage {
    pub fn get(&self, language: crate::base::Language) -> Option<&str> {
        let (first, second) = match language {
            crate::base::Language::En => (&self.en, &self.zh_hant),
            _ => (&self.zh_hant, &self.en),
        };
        first.as_deref().or(second.as_deref())
    }

    /// The fields of all languages.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.en.as_deref().into_iter().chain(self.zh_hant.as_deref())
    }
}

/// Which fields hold the feature's own time.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeFields {
    Instant(String),
    Interval { start: String, end: String },
}

/// A decision to publish personal data: who took it, and why it may be published.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    pub who: String,
    pub why: String,
}

/// What is declared of one field.
#[derive(Clone, Debug, Default)]
pub struct FieldDefinition {
    pub title: Trilingual,
    pub description: Trilingual,
    pub kind: Option<FieldKind>,
    /// IANA name of the zone of times that carry none.
    pub zone: Option<String>,
    pub day_first: Option<bool>,
    pub drop: bool,
}

/// Why a definition is refused: one sentence that starts with file, line and column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {message}")]
pub struct DefinitionFault {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub message: String,
}

impl DefinitionFault {
    /// A fault at a byte of a text, its message in one line.
    pub fn at(file: &str, text: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        DefinitionFault {
            file: file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            message: message.into().trim().replace('\n', ", ").replace('`', "\""),
        }
    }
}

impl LayerDefinition {
    /// Every field name that the definition speaks of, with what it is needed for.
    pub fn named_fields(&self) -> Vec<(&str, &'static str)> {
        let mut named: Vec<(&str, &'static str)> = Vec::new();
        named.extend(self.fields.keys().map(|name| (name.as_str(), "[fields]")));
        named.extend(self.identity_key.iter().map(|name| (name.as_str(), "[identity] key")));
        named.extend(self.display.name.names().map(|name| (name, "[display] name")));
        named.extend(self.display.category.names().map(|name| (name, "[display] category")));
        named.extend(self.display.summary.iter().map(|name| (name.as_str(), "[display] summary")));
        named.extend(self.gates.fields().map(|name| (name, "[gates]")));
        let control = self.control_points.iter().flat_map(|point| point.feature.keys());
        named.extend(control.map(|name| (name.as_str(), "[[control_points]]")));
        named.extend(self.releases.keys().map(|name| (name.as_str(), "[personal_data]")));
        named.extend(self.searched_fields.iter().flatten().map(|name| (name.as_str(), "[search] fields")));
        named.extend(self.tiles.priority.iter().map(|name| (name.as_str(), "[tiles] priority")));
        let at_low_zoom = self.tiles.low_zoom.iter().flat_map(|low| &low.fields);
        named.extend(at_low_zoom.map(|name| (name.as_str(), "[tiles] low_zoom_fields")));
        match &self.time {
            Some(TimeFields::Instant(name)) => named.push((name, "[time] instant")),
            Some(TimeFields::Interval { start, end }) => {
                named.push((start, "[time] start"));
                named.push((end, "[time] end"));
            }
            None => {}
        }
        named
    }
}
