//! The one record of a layer: what its department declares and what was measured at ingest.
//! It is `record.json` in the revision's folder; every page and every face is made from it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::digest::Sha256Hex;
use crate::base::{BBox, Class, GeometryKind, Grid, Language, LayerId, RevisionId, Schema, Trilingual};
use crate::crs::{AddedSystem, System};
use crate::definition::{CatalogueDetails, Department, Display, Frequency, Icon, Keywords, Licence, Theme, TimeFields};
use crate::tiles::tilejson::{LayerFacts, TileSetFacts};
use crate::tiles::{BakedFacts, TileSelection};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerRecord {
    pub id: LayerId,
    pub revision: RevisionId,
    pub published: jiff::Timestamp,
    pub class: Class,
    /// Whether people and harvesters find it; a file taken in without a definition is served only.
    pub catalogued: bool,
    pub department: Department,
    pub title: Trilingual,
    #[serde(rename = "abstract")]
    pub abstract_text: Trilingual,
    pub keywords: Keywords,
    /// Absent only where there was no definition.
    pub theme: Option<Theme>,
    pub licence: Licence,
    /// The line to put under a map, as the licence asks.
    pub credit: Trilingual,
    pub frequency: Frequency,
    pub data_as_at: Option<jiff::civil::Date>,
    pub origin: Option<String>,
    pub edition_of: Option<LayerId>,
    #[serde(default)]
    pub details: CatalogueDetails,
    pub display: Display,
    pub time: Option<TimeFields>,
    pub schema: Schema,
    /// One entry a field, in the schema's order.
    pub field_facts: Vec<FieldFacts>,
    /// The box of all geometries; absent when there is none.
    pub extent: Option<BBox>,
    /// First and last moment of the layer's time fields.
    pub period: Option<(jiff::Timestamp, jiff::Timestamp)>,
    pub counts: Counts,
    pub source: SourceAccount,
    /// Fields whose words are kept to be searched by; none in revisions of the format before words
    /// were kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searched_fields: Vec<String>,
    /// The grids of the layer's tiles and what was baked of each; absent for a table without
    /// geometry, and in revisions of the format before tiles were baked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiles: Option<BakedFacts>,
    /// The coordinate reference systems that its definition adds to those of every layer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub added_systems: Vec<AddedSystem>,
}

/// What was measured of one field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldFacts {
    /// Features with a value.
    pub filled: u64,
    /// Different values, exact up to the limit of [`FieldFacts::DISTINCT_MAX`], absent beyond it.
    pub distinct: Option<u64>,
    /// The commonest values with their counts, most frequent first; empty where every value differs.
    pub commonest: Vec<(String, u64)>,
    /// Smallest and largest number, date or time, as text.
    pub range: Option<(String, String)>,
}

impl FieldFacts {
    /// Different values of a field that are counted before counting stops: it bounds memory.
    pub const DISTINCT_MAX: usize = 10_000;
    /// Commonest values that are kept.
    pub const COMMONEST: usize = 12;
}

/// read = kept + rejected, always.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    pub read: u64,
    pub kept: u64,
    pub rejected: u64,
    /// Kept features that have no place on the map.
    pub without_geometry: u64,
    /// Kept features whose geometry had to be made valid.
    pub repaired: u64,
    pub vertices: u64,
    /// Why features were rejected, with counts.
    pub rejected_by_reason: BTreeMap<String, u64>,
    /// What was tidied or repaired, with counts: "ring closed", "no-data value read as null" …
    pub tidied_by_reason: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds the counts of other features of the same delivery.
    pub fn merge(&mut self, other: Counts) {
        self.read += other.read;
        self.kept += other.kept;
        self.rejected += other.rejected;
        self.without_geometry += other.without_geometry;
        self.repaired += other.repaired;
        self.vertices += other.vertices;
        for (reason, count) in other.rejected_by_reason {
            *self.rejected_by_reason.entry(reason).or_default() += count;
        }
        for (what, count) in other.tidied_by_reason {
            *self.tidied_by_reason.entry(what).or_default() += count;
        }
    }
}

/// Where the data came from and how it was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceAccount {
    pub files: Vec<SourceFile>,
    pub format: String,
    pub encoding: String,
    pub crs: String,
    pub transformation: String,
    pub notes: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceFile {
    pub name: String,
    pub bytes: u64,
    pub sha256: Sha256Hex,
}

impl LayerRecord {
    /// Adds systems, and says of each by which transformation.
    pub fn add_systems(&mut self, systems: Vec<AddedSystem>) {
        let told = systems.iter().map(|system| {
            let declared = system.declaration();
            format!("also offered in EPSG:{}, {}: by {}", declared.epsg, declared.name, declared.operation)
        });
        self.source.notes.extend(told);
        self.added_systems = systems;
    }

    /// The systems that a client may name: those of every layer, wherever it lies, and those added.
    pub fn known_systems(&self) -> Vec<System> {
        System::ALL.into_iter().chain(self.added_systems.iter().copied().map(System::Added)).collect()
    }

    /// The systems in which the layer's coordinates are offered; none where it has no geometry.
    pub fn systems(&self) -> Vec<System> {
        if self.schema.geometry == GeometryKind::None {
            return Vec::new();
        }
        let known = self.known_systems().into_iter();
        known
            .filter(|system| *system != System::Crs84h || self.schema.has_z)
            .filter(|system| self.extent.is_none_or(|extent| system.covers(&extent)))
            .collect()
    }

    /// What a set of the layer's tiles says of it: in a language, with the fields that are selected, if any are.
    pub fn tile_facts(&self, grid: Grid, language: Language, selection: &TileSelection) -> LayerFacts<'_> {
        LayerFacts {
            id: self.id.as_str(),
            title: self.title.get(language),
            description: self.abstract_text.get(language),
            attribution: self.credit.get(language),
            revision: self.revision.as_str(),
            extent: self.extent,
            schema: &self.schema,
            fields: selection.field_places(&self.schema),
            rules: self.tiles.as_ref().map(|facts| facts.rules.of(selection)),
            baked: self.tiles.as_ref().and_then(|facts| facts.grid(grid)),
        }
    }

    /// What a file of all its tiles says of it.
    pub fn archive_facts(&self, grid: Grid, zooms: (u8, u8)) -> TileSetFacts<'_> {
        TileSetFacts {
            layers: vec![self.tile_facts(grid, Language::En, &TileSelection::default())],
            shows_everything: true,
            zooms,
            template: "",
        }
    }

    /// The credit line of a department and, where known, a portal, as the terms of data.gov.hk ask:
    /// the source, and whose the rights are.
    pub fn derived_credit(department: &Department, portal: Option<&Trilingual>) -> Trilingual {
        let Trilingual { en, zh_hant, .. } = &department.name;
        let en_via = portal.map_or(String::new(), |portal| format!(", via {}", portal.en));
        let zh_via = portal.map_or(String::new(), |portal| format!("，經{}", portal.zh_hant));
        let (en_owner, en_rights, zh_owner, zh_rights) = match department.is_public_body {
            true => (en.clone(), format!("the {en}"), zh_hant.clone(), zh_hant.clone()),
            false => (
                format!("{en}, Government of the Hong Kong SAR"),
                "the Government".to_owned(),
                format!("香港特別行政區政府{zh_hant}"),
                "政府".to_owned(),
            ),
        };
        let mut credit = Trilingual {
            en: format!("Source: {en_owner}{en_via}; intellectual property rights belong to {en_rights}"),
            zh_hant: format!("資料來源：{zh_owner}{zh_via}；知識產權屬{zh_rights}所有"),
            ..Trilingual::default()
        };
        crate::definition::simplified::complete(&mut credit);
        credit
    }

    /// Whether the records' own date is older than one and a half times the declared rhythm, so that
    /// a late week is no alarm. `None` where nothing is due.
    pub fn is_overdue(&self, today: jiff::civil::Date) -> Option<bool> {
        let days = match self.frequency {
            Frequency::Daily => 2,
            Frequency::Weekly => 11,
            Frequency::Monthly => 46,
            Frequency::Quarterly => 137,
            Frequency::Annually => 548,
            Frequency::Continual | Frequency::AsNeeded | Frequency::NotPlanned | Frequency::Unknown => return None,
        };
        let age = self.data_as_at?.until(today).ok()?.get_days();
        Some(age > days)
    }

    /// What stands for the layer: the icon that its definition names, else its theme's.
    pub fn icon(&self) -> Option<Icon> {
        self.display.icon.or_else(|| self.theme.as_ref().and_then(Icon::of_theme))
    }

    /// Whether a category field splits the layer into few enough classes to colour, with its values.
    pub fn categories(&self, field: &str) -> Option<&[(String, u64)]> {
        const COLOURS: u64 = 8;
        let index = self.schema.field_index(field)?;
        let facts = self.field_facts.get(index)?;
        let few = facts.distinct.is_some_and(|distinct| (2..=COLOURS).contains(&distinct));
        few.then_some(facts.commonest.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::vocabulary;

    #[test]
    fn the_credit_names_the_source_and_whose_the_rights_are() {
        for (code, en, zh_hant) in [
            (
                "lcsd",
                "Source: Leisure and Cultural Services Department, Government of the Hong Kong SAR; intellectual property rights belong to the Government",
                "資料來源：香港特別行政區政府康樂及文化事務署；知識產權屬政府所有",
            ),
            (
                "ha",
                "Source: Hospital Authority; intellectual property rights belong to the Hospital Authority",
                "資料來源：醫院管理局；知識產權屬醫院管理局所有",
            ),
        ] {
            let credit = LayerRecord::derived_credit(&vocabulary::department(code).unwrap(), None);
            assert_eq!((credit.en.as_str(), credit.zh_hant.as_str()), (en, zh_hant));
        }
    }
}
