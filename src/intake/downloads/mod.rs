//! Whole files of a published layer for taking away, made one by one after `current` has moved.
//! A file that cannot be made undoes nothing: it is named, and tried again at the next ingest.
//!
//! The GeoPackage in CRS84 is the package itself, under another name. GeoJSON and CSV are written by
//! the writers that serve them, PMTiles from our tiles; every other format by the worker's second mode.

mod text;
mod tiles;
mod worker;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{IngestError, Plan, Workshop, file_error};
use crate::access::{Action, Caller, PermittedLayer, Policy, Subject};
use crate::base::{Class, GeometryKind, LayerId, RevisionId, Schema};
use crate::catalogue::LayerRecord;
use crate::definition::{DownloadCrs, DownloadFormat, DownloadKind};
use crate::package::{BuiltPackage, OpenPackage, PackageError, PackageFile};
use crate::store::{Download, Downloads, Store};

pub use worker::WRITE;

/// What became of the files that a layer should have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DownloadsMade {
    pub made: Vec<Download>,
    /// Names of files that could not be made, and why.
    pub failed: Vec<(String, String)>,
}

/// What the worker is asked to write, as JSON on its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WriteRequest {
    pub layer: LayerId,
    pub revision: RevisionId,
    pub package: std::path::PathBuf,
    pub schema: Schema,
    pub features: u64,
    /// Whether features without a geometry are among them.
    pub has_empty: bool,
    pub title: String,
    /// Place in the schema of the field that names a feature.
    pub name_field: Option<usize>,
    pub format: DownloadFormat,
    pub crs: DownloadCrs,
    /// Name of the finished file in the worker's folder.
    pub file: String,
}

/// Makes what the current revision lacks of the files that it should have. Nothing is made of a
/// layer that is not open.
pub fn make(
    workshop: &Workshop,
    plan: &Plan,
    layer: &LayerId,
    revision: &RevisionId,
) -> Result<DownloadsMade, IngestError> {
    if plan.class != Class::Open || plan.downloads().is_empty() {
        return Ok(DownloadsMade::default());
    }
    let store = &workshop.store;
    let source = Source::open(store, layer, revision)?;
    let present = store.downloads(layer, revision)?.map_or_else(Vec::new, |downloads| downloads.files);
    let wanted = kinds_holding(&source.record, source.record.schema.geometry, plan.downloads());
    let is_present = |kind: &DownloadKind| present.iter().any(|file| file.kind() == *kind);
    if wanted.iter().all(is_present) {
        return Ok(DownloadsMade::default());
    }
    let stage = store.stage()?;
    let mut outcome = DownloadsMade::default();
    let mut files = Vec::new();
    for kind in wanted {
        let name = kind.file_name(layer);
        let target = stage.folder().join(&name);
        if let Some(file) = present.iter().find(|file| file.kind() == kind) {
            link(&store.downloads_folder(layer, revision).join(&name), &target)?;
            files.push(file.clone());
            continue;
        }
        let scratch = store.stage()?;
        let pen = Pen {
            worker: &workshop.worker,
            scratch: scratch.folder(),
            is_wanted: Arc::new(|| true),
            written: Arc::new(|_| {}),
        };
        match source.write(&pen, kind, &target).and_then(|()| Ok(Download::measure(stage.folder(), layer, kind)?)) {
            Ok(file) => {
                outcome.made.push(file.clone());
                files.push(file);
            }
            Err(error) => {
                let _ = fs::remove_file(&target);
                outcome.failed.push((name, error.to_string()));
            }
        }
    }
    if !outcome.made.is_empty() {
        let downloads = Downloads::new(layer.clone(), revision.clone(), jiff::Timestamp::now(), files);
        store.publish_downloads(stage, &downloads)?;
    }
    Ok(outcome)
}

/// Who writes foreign formats, where, and whether what is written is still wanted.
#[derive(Clone)]
pub struct Pen<'a> {
    /// The `causeway-worker` program.
    pub worker: &'a Path,
    /// An empty private folder on the disk of the target.
    pub scratch: &'a Path,
    /// Asked again and again; what is half done is given up at the first no.
    pub is_wanted: Arc<dyn Fn() -> bool + Send + Sync>,
    /// Told now and then how many features are written.
    pub written: Arc<dyn Fn(u64) + Send + Sync>,
}

/// A part of a layer that was cut out into a package of its own, and the leave to read it.
pub struct Part {
    pub record: Arc<LayerRecord>,
    pub permit: PermittedLayer,
    pub schema: Schema,
    pub built: BuiltPackage,
}

impl Part {
    /// Writes one file of the part.
    pub fn write(self, pen: &Pen<'_>, kind: DownloadKind, target: &Path) -> Result<(), IngestError> {
        let Part { record, permit, schema, built } = self;
        let package = Arc::new(PackageFile {
            layer: record.id.clone(),
            revision: record.revision.clone(),
            path: built.path,
            schema: Arc::new(schema),
            features: built.rows,
        });
        let has_empty = built.rows_with_geometry < built.rows;
        Source { record, package, has_empty, permit }.write(pen, kind, target)
    }
}

/// One package, and the leave to read it.
struct Source {
    record: Arc<LayerRecord>,
    package: Arc<PackageFile>,
    /// Whether features without a geometry are among those of the package.
    has_empty: bool,
    permit: PermittedLayer,
}

impl Source {
    fn open(store: &Store, layer: &LayerId, revision: &RevisionId) -> Result<Self, IngestError> {
        let folder = store.revision_folder(layer, revision);
        let path = folder.join("record.json");
        let text = fs::read_to_string(&path).map_err(file_error(&path))?;
        let record: LayerRecord =
            serde_json::from_str(&text).map_err(|error| IngestError::Gate(format!("{}: {error}", path.display())))?;
        let package = Arc::new(PackageFile {
            layer: layer.clone(),
            revision: revision.clone(),
            path: folder.join("layer.gpkg"),
            schema: Arc::new(record.schema.clone()),
            features: record.counts.kept,
        });
        let subject = Subject { layer, class: record.class };
        let permit = Policy::default()
            .decide(&Caller::Operator, subject, Action::ReadFiles)
            .map_err(|denied| IngestError::Gate(denied.to_string()))?;
        Ok(Source { has_empty: record.counts.without_geometry > 0, record: Arc::new(record), package, permit })
    }

    /// Writes one file of the package.
    fn write(&self, pen: &Pen<'_>, kind: DownloadKind, target: &Path) -> Result<(), IngestError> {
        match (kind.format, kind.crs) {
            (DownloadFormat::GeoPackage, DownloadCrs::Crs84) => link(&self.package.path, target),
            (DownloadFormat::GeoJson, _) => text::geojson(&self.reader()?, pen, target),
            (DownloadFormat::Csv, crs) => text::csv(&self.reader()?, crs.system(), pen, target),
            (DownloadFormat::PmTiles, _) => tiles::pmtiles(self, target),
            _ => worker::write(pen, &self.request(kind), target),
        }
    }

    fn reader(&self) -> Result<OpenPackage, PackageError> {
        OpenPackage::open_permitted(&self.permit, &self.package)
    }

    fn request(&self, kind: DownloadKind) -> WriteRequest {
        let record = &self.record;
        let named = record.display.name.get(crate::base::Language::En);
        WriteRequest {
            layer: record.id.clone(),
            revision: record.revision.clone(),
            package: self.package.path.clone(),
            schema: Schema::clone(&self.package.schema),
            features: self.package.features,
            has_empty: self.has_empty,
            title: record.title.en.clone(),
            name_field: named.and_then(|field| self.package.schema.field_index(field)),
            format: kind.format,
            crs: kind.crs,
            file: kind.file_name(&record.id),
        }
    }
}

/// Those of the formats that hold features of a layer with such a geometry, in every system in which
/// all of the layer has a place.
pub fn kinds_holding(record: &LayerRecord, geometry: GeometryKind, formats: &[DownloadFormat]) -> Vec<DownloadKind> {
    let has_place = |crs: DownloadCrs| match crs {
        DownloadCrs::Crs84 | DownloadCrs::WebMercator => true,
        DownloadCrs::Hk1980 => record.extent.is_some_and(|extent| crs.system().covers(&extent)),
    };
    let holding = formats.iter().filter(|format| format.holds(geometry));
    holding
        .flat_map(|format| format.systems().iter().map(|crs| DownloadKind { format: *format, crs: *crs }))
        .filter(|kind| has_place(kind.crs))
        .collect()
}

/// A published file never changes, so two names of one file do as well as two files; where a file
/// system has no such thing, it is copied.
fn link(from: &Path, to: &Path) -> Result<(), IngestError> {
    fs::hard_link(from, to).or_else(|_| fs::copy(from, to).map(drop)).map_err(file_error(to))
}
