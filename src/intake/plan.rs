//! What is to be taken in: from a definition, or from a bare file with a class.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::assemble::Assembled;
use super::delivery::ReadRequest;
use super::{IngestError, file_error};
use crate::base::digest::Sha256Hex;
use crate::base::geometry_kind::Dimension;
use crate::base::{Class, Field, FieldKind, LayerId, RevisionId, Schema, Trilingual, limits};
use crate::catalogue::LayerRecord;
use crate::catalogue::record::{SourceAccount, SourceFile};
use crate::definition::{
    ControlPoint, DownloadFormat, FieldDefinition, Frequency, Keywords, LayerDefinition, SourcePart,
};
use crate::definition::{simplified, vocabulary};
use crate::package::SearchedField;

/// One layer to take in.
#[derive(Clone, Debug)]
pub struct Plan {
    pub layer: LayerId,
    pub class: Class,
    /// Where the delivery's files are; those of `request` are known once they were brought.
    pub parts: Vec<SourcePart>,
    pub request: ReadRequest,
    /// SHA-256 of what was declared.
    pub digest: Sha256Hex,
    definition: Option<LayerDefinition>,
    title: Trilingual,
}

/// A file without a definition, and what its giver says of it.
#[derive(Clone, Debug)]
pub struct BareFile {
    pub path: PathBuf,
    pub class: Class,
    pub layer: Option<LayerId>,
}

impl Plan {
    pub fn from_definition(definition: LayerDefinition) -> Self {
        let source = &definition.source;
        Plan {
            layer: definition.id.clone(),
            class: definition.class,
            parts: source.files.clone(),
            request: ReadRequest {
                files: Vec::new(),
                format: source.format,
                geometry: source.geometry,
                allows_ballpark: source.allows_ballpark,
                encoding: source.encoding.clone(),
                crs: source.crs.clone(),
                layer: source.layer.clone(),
                easting: source.easting.clone(),
                northing: source.northing.clone(),
                longitude: source.longitude.clone(),
                latitude: source.latitude.clone(),
                file_name_field: source.file_name_field.clone(),
            },
            digest: definition.digest.clone(),
            title: definition.title.clone(),
            definition: Some(definition),
        }
    }

    /// The id of a bare file is `local-` and its name in letters a–z, digits and hyphens.
    pub fn from_bare_file(file: BareFile) -> Result<Self, IngestError> {
        let name = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let layer = match file.layer {
            Some(layer) => layer,
            None => format!("local-{}", slug(&name)).parse().map_err(|error: crate::base::ids::IdError| {
                IngestError::Refused(format!("{error}; give one with --layer"))
            })?,
        };
        let path = std::path::absolute(&file.path).map_err(file_error(&file.path))?;
        Ok(Plan {
            layer,
            class: file.class,
            parts: vec![SourcePart::File(path)],
            request: ReadRequest::default(),
            digest: Sha256Hex::of_bytes(file.class.as_str().as_bytes()),
            definition: None,
            title: Trilingual::untranslated(&name),
        })
    }

    /// The plan of one of several layers that the delivery makes: its id and title end in the kind.
    pub fn for_dimension(&self, dimension: Dimension) -> Result<Self, IngestError> {
        let (suffix, en, zh) = match dimension {
            Dimension::Points => ("points", "points", "點"),
            Dimension::Lines => ("lines", "lines", "線"),
            Dimension::Areas => ("areas", "areas", "面"),
            Dimension::Mixed | Dimension::None => return Ok(self.clone()),
        };
        let layer = format!("{}-{suffix}", self.layer)
            .parse()
            .map_err(|error: crate::base::ids::IdError| IngestError::Refused(error.to_string()))?;
        let simplified = simplified::from_traditional(zh);
        let title = Trilingual {
            en: format!("{} ({en})", self.title.en),
            zh_hant: format!("{}（{zh}）", self.title.zh_hant),
            zh_hans: format!("{}（{simplified}）", self.title.zh_hans),
            ..self.title.clone()
        };
        Ok(Plan { layer, title, ..self.clone() })
    }

    /// Every id that this delivery's layers can have.
    pub fn possible_layers(&self) -> Vec<LayerId> {
        let parts = [Dimension::Points, Dimension::Lines, Dimension::Areas];
        let parts = parts.into_iter().filter_map(|dimension| self.for_dimension(dimension).ok());
        std::iter::once(self.layer.clone()).chain(parts.map(|plan| plan.layer)).collect()
    }

    /// The id of the definition, which is that of its layer where it makes only one.
    pub fn definition_id(&self) -> Option<&LayerId> {
        self.definition.as_ref().map(|definition| &definition.id)
    }

    pub fn control_points(&self) -> &[ControlPoint] {
        self.definition.as_ref().map_or(&[], |definition| &definition.control_points)
    }

    /// Features that may be rejected, in percent of those read.
    pub fn rejected_percent_max(&self) -> f64 {
        let declared = self.definition.as_ref().and_then(|definition| definition.gates.rejected_percent);
        declared.unwrap_or(limits::REJECTED_PERCENT_MAX)
    }

    pub fn title(&self) -> &Trilingual {
        &self.title
    }

    pub fn abstract_text(&self) -> &str {
        self.definition.as_ref().map_or("", |definition| &definition.abstract_text.en)
    }

    pub fn fields(&self) -> Option<&BTreeMap<String, FieldDefinition>> {
        self.definition.as_ref().map(|definition| &definition.fields)
    }

    pub fn identity_key(&self) -> Option<&str> {
        self.definition.as_ref().and_then(|definition| definition.identity_key.as_deref())
    }

    pub fn tiles(&self) -> Option<&crate::definition::TilesDefinition> {
        self.definition.as_ref().map(|definition| &definition.tiles)
    }

    /// The fields of a schema whose words are kept: those that the definition names, else all of text.
    pub fn searched_fields(&self, schema: &Schema) -> Vec<SearchedField> {
        let definition = self.definition.as_ref();
        let chosen = definition.and_then(|definition| definition.searched_fields.as_ref());
        let names = |name: &str| {
            definition.is_some_and(|definition| definition.display.name.names().any(|known| known == name))
        };
        let is_searched = |field: &Field| match chosen {
            Some(chosen) => matches!(field.kind, FieldKind::Text | FieldKind::Json) && chosen.contains(&field.name),
            None => field.kind == FieldKind::Text,
        };
        let fields = schema.fields.iter().enumerate().filter(|(_, field)| is_searched(field));
        fields.map(|(place, field)| SearchedField { place, is_name: names(&field.name) }).collect()
    }

    /// Formats of whole files that are made of an open layer; a bare file has the usual ones.
    pub fn downloads(&self) -> &[DownloadFormat] {
        self.definition.as_ref().map_or(&DownloadFormat::DEFAULT, |definition| &definition.downloads)
    }

    /// Numbers of the systems that the layer is offered in besides the usual ones.
    pub fn added_epsg(&self) -> &[u32] {
        self.definition.as_ref().map_or(&[], |definition| &definition.added_epsg)
    }

    pub fn no_data(&self) -> &[String] {
        self.definition.as_ref().map_or(&[], |definition| &definition.source.no_data)
    }

    /// Whether the definition drops a field of the delivery.
    pub fn drops(&self, field: &str) -> bool {
        self.fields().and_then(|fields| fields.get(field)).is_some_and(|declared| declared.drop)
    }

    /// The decision to publish personal data in a field.
    pub fn release(&self, field: &str) -> Option<crate::definition::Release> {
        self.definition.as_ref().and_then(|definition| definition.releases.get(field)).cloned()
    }

    pub fn gates(&self) -> Option<&crate::definition::Gates> {
        self.definition.as_ref().map(|definition| &definition.gates)
    }

    pub fn time(&self) -> Option<&crate::definition::TimeFields> {
        self.definition.as_ref().and_then(|definition| definition.time.as_ref())
    }

    /// Fields that the definition names and the delivery lacks, as one sentence.
    pub fn check_fields(&self, delivered: &[super::delivery::SourceField]) -> Result<(), IngestError> {
        let Some(definition) = &self.definition else { return Ok(()) };
        for (name, purpose) in definition.named_fields() {
            if !delivered.iter().any(|field| field.name == name) {
                let names: Vec<&str> = delivered.iter().map(|field| field.name.as_str()).collect();
                return Err(IngestError::Refused(format!(
                    "the definition of {} names the field \"{name}\" in {purpose}, but the delivery has {}",
                    self.layer,
                    names.join(", ")
                )));
            }
        }
        Ok(())
    }

    /// Size and digest of every file of the delivery, with its own name.
    pub fn measure_files(&self) -> Result<Vec<SourceFile>, IngestError> {
        let mut measured = Vec::new();
        for path in &self.request.files {
            if path.is_dir() {
                measure_folder(path, &name_of(path), &mut measured)?;
            } else {
                measured.push(measure(path)?);
            }
        }
        Ok(measured)
    }

    pub fn record(
        &self,
        assembled: &Assembled,
        files: Vec<SourceFile>,
        revision: RevisionId,
        published: jiff::Timestamp,
    ) -> LayerRecord {
        let definition = self.definition.as_ref();
        let catalogue = definition.map(|definition| &definition.catalogue);
        let department = definition.map_or_else(vocabulary::no_department, |definition| definition.department.clone());
        let portal = catalogue.and_then(|catalogue| catalogue.portal.as_ref());
        let credit = match catalogue {
            Some(catalogue) => {
                catalogue.credit.clone().unwrap_or_else(|| LayerRecord::derived_credit(&department, portal))
            }
            None => Trilingual::default(),
        };
        LayerRecord {
            id: self.layer.clone(),
            revision,
            published,
            class: self.class,
            catalogued: definition.is_some(),
            title: self.title.clone(),
            abstract_text: definition.map(|definition| definition.abstract_text.clone()).unwrap_or_default(),
            keywords: definition.map_or_else(Keywords::default, |definition| definition.keywords.clone()),
            theme: catalogue.map(|catalogue| catalogue.theme.clone()),
            licence: catalogue.map_or_else(vocabulary::not_stated, |catalogue| catalogue.licence.clone()),
            credit,
            frequency: catalogue.map_or(Frequency::Unknown, |catalogue| catalogue.frequency),
            data_as_at: catalogue.and_then(|catalogue| catalogue.data_as_at),
            origin: catalogue.and_then(|catalogue| catalogue.origin.clone()),
            edition_of: catalogue.and_then(|catalogue| catalogue.edition_of.clone()),
            details: catalogue.map(|catalogue| catalogue.details.clone()).unwrap_or_default(),
            display: definition.map(|definition| definition.display.clone()).unwrap_or_default(),
            time: self.time().cloned(),
            department,
            schema: assembled.schema.as_ref().clone(),
            field_facts: assembled.field_facts.clone(),
            extent: assembled.package.extent.map(|extent| extent.rounded_outward()),
            period: assembled.period,
            counts: assembled.counts.clone(),
            source: SourceAccount {
                files,
                format: assembled.facts.format.clone(),
                encoding: assembled.facts.encoding.clone(),
                crs: assembled.facts.crs.clone(),
                transformation: assembled.facts.transformation.clone(),
                notes: assembled.facts.notes.clone(),
            },
            searched_fields: assembled.searched_fields.clone(),
            tiles: None,
            added_systems: Vec::new(),
        }
    }
}

/// All files of a folder by their way from it; a link is not followed, and refused when it is copied.
fn measure_folder(folder: &Path, shown: &str, measured: &mut Vec<SourceFile>) -> Result<(), IngestError> {
    let entries = std::fs::read_dir(folder).map_err(file_error(folder))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| !path.is_symlink()) {
        let name = format!("{shown}/{}", name_of(path));
        if path.is_dir() {
            measure_folder(path, &name, measured)?;
        } else if path.is_file() {
            measured.push(SourceFile { name, ..measure(path)? });
        }
    }
    Ok(())
}

fn measure(path: &Path) -> Result<SourceFile, IngestError> {
    let bytes = std::fs::metadata(path).map_err(file_error(path))?.len();
    Ok(SourceFile { name: name_of(path), bytes, sha256: Sha256Hex::of_file(path).map_err(file_error(path))? })
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "layer".to_owned() } else { slug.chars().take(80).collect() }
}
