//! From a delivery to a revision: unpack, recognise, read through the worker, judge, write,
//! verify, publish, report.
//!
//! Comes in: a layer definition and its files, or a bare file. Goes out: a published revision or a
//! refusal that names its rule. Must not know: HTTP.
//!
//! Read aloud: `delivery` reads, `judge` keeps or rejects each feature and spools it, `kinds` says
//! what each column holds, `identity` gives each feature its id for ever, `assemble` writes the
//! package in Hilbert order, `gates` reads it back, `bake` makes its heavy tiles, `store` publishes.

mod assemble;
mod bake;
pub mod delivery;
mod describe;
mod gates;
mod held;
mod identity;
mod judge;
mod kinds;
mod measure;
mod personal_data;
mod plan;
mod spool;
mod times;

use std::path::PathBuf;

use crate::base::digest::Sha256Hex;
use crate::base::{LayerId, RevisionId};
use crate::catalogue::LayerRecord;
use crate::store::{MANIFEST_FORMAT, Manifest, PersonalData, Store, StoreError};

pub use describe::{Description, describe};
pub use plan::{BareFile, Plan};

/// Raised when the same delivery would give a different package, so that `ingest` makes it anew.
const INGEST_FORMAT: u32 = 2;

/// Where ingest works and what it may use.
#[derive(Clone, Debug)]
pub struct Workshop {
    pub store: Store,
    /// The `causeway-worker` program.
    pub worker: PathBuf,
    /// The folder of hand-made styles.
    pub styles: PathBuf,
    /// Whether a person has decided to publish what would otherwise be held.
    pub accepts_held: bool,
}

/// How far an ingest has come, for a progress bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Reading(u64),
    Writing(u64, u64),
    Verifying,
    Baking,
    Publishing,
}

/// What became of a delivery.
#[derive(Clone, Debug)]
pub enum Outcome {
    Published(Box<LayerRecord>, Vec<PersonalData>),
    Unchanged(RevisionId),
}

/// Why nothing was published. What was published before stays.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The delivery or the definition breaks a rule, which the sentence names.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Delivery(delivery::DeliveryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Package(#[from] crate::package::PackageError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("the tiles could not be baked: {0}")]
    Bake(#[from] crate::tiles::bake::BakeError),
    #[error("a check of the finished package failed: {0}")]
    Gate(String),
    /// It may be right, but a person has to say so.
    #[error("{0}")]
    Held(String),
    /// Held too, but the word has to stand in the definition.
    #[error("{0}")]
    PersonalData(String),
}

impl From<delivery::DeliveryError> for IngestError {
    fn from(error: delivery::DeliveryError) -> Self {
        match error {
            delivery::DeliveryError::Refused(message) => IngestError::Refused(message),
            other => IngestError::Delivery(other),
        }
    }
}

fn file_error(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> IngestError + '_ {
    move |source| IngestError::File { path: path.to_owned(), source }
}

/// Takes in one layer.
pub fn ingest(workshop: &Workshop, plan: &Plan, progress: &dyn Fn(Step)) -> Result<Outcome, IngestError> {
    let files = plan.measure_files()?;
    let style = hand_made_style(workshop, &plan.layer)?;
    let fingerprint = fingerprint(plan, &files, style.as_deref());
    if let Some(current) = unchanged(workshop, &plan.layer, &fingerprint)? {
        return Ok(Outcome::Unchanged(current));
    }
    let previous = held::before_reading(workshop, plan, &fingerprint)?;
    let stage = workshop.store.stage()?;
    let scratch = stage.folder().join("scratch");
    std::fs::create_dir(&scratch).map_err(file_error(&scratch))?;
    let mut judge = judge::Judge::new(plan, &scratch.join("spool"), progress)?;
    delivery::read(&plan.request, &workshop.worker, &make_folder(&scratch, "delivery")?, &mut judge)?;
    let judged = judge.finish()?;

    let published = jiff::Timestamp::now();
    let revision = RevisionId::new(published, &fingerprint);
    let package_path = stage.folder().join("layer.gpkg");
    let assembled = assemble::assemble(plan, judged, &package_path, published, progress)?;
    progress(Step::Verifying);
    gates::check(&assembled, plan, &revision)?;
    held::personal_data(plan, &assembled)?;
    if let Some(previous) = &previous {
        held::after_reading(workshop, plan, previous, &assembled)?;
    }
    std::fs::remove_dir_all(&scratch).map_err(file_error(&scratch))?;

    progress(Step::Baking);
    let tiles = bake::bake(workshop, plan, &assembled, &revision, stage.folder())?;
    let mut record = plan.record(&assembled, files, revision.clone(), published);
    record.tiles = tiles;
    write_json(&stage.folder().join("record.json"), &record)?;
    let style = match style {
        Some(text) => crate::styles::check_hand_made(&text, &record).map_err(IngestError::Refused)?,
        None => crate::styles::derive(&record),
    };
    write_json(&stage.folder().join("style.json"), &style)?;
    let manifest = Manifest {
        format: MANIFEST_FORMAT,
        layer: plan.layer.clone(),
        revision: revision.clone(),
        published,
        fingerprint,
        files: Manifest::measure(stage.folder())?,
        read: record.counts.read,
        kept: record.counts.kept,
        rejected: record.counts.rejected,
        crs_operation: record.source.transformation.clone(),
        personal_data: assembled.personal_data.clone(),
        tools: [("causeway".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
    };
    manifest.write(stage.folder())?;
    manifest.verify(stage.folder())?;
    progress(Step::Publishing);
    workshop.store.publish(stage, &plan.layer, &revision)?;
    Ok(Outcome::Published(Box::new(record), assembled.personal_data))
}

fn make_folder(parent: &std::path::Path, name: &str) -> Result<PathBuf, IngestError> {
    let folder = parent.join(name);
    std::fs::create_dir(&folder).map_err(file_error(&folder))?;
    Ok(folder)
}

fn write_json(path: &std::path::Path, value: &impl serde::Serialize) -> Result<(), IngestError> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| IngestError::Gate(error.to_string()))?;
    std::fs::write(path, text).map_err(file_error(path))
}

fn hand_made_style(workshop: &Workshop, layer: &LayerId) -> Result<Option<String>, IngestError> {
    let path = workshop.styles.join(format!("{layer}.json"));
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(IngestError::File { path, source }),
    }
}

/// Everything that decides what a revision holds, in one digest.
fn fingerprint(plan: &Plan, files: &[crate::catalogue::record::SourceFile], style: Option<&str>) -> Sha256Hex {
    let mut account = format!("{INGEST_FORMAT}\n{}\n{}\n", plan.digest, style.unwrap_or_default().len());
    account.push_str(style.unwrap_or_default());
    for file in files {
        account.push_str(&format!("\n{} {}", file.sha256, file.name));
    }
    Sha256Hex::of_bytes(account.as_bytes())
}

fn unchanged(workshop: &Workshop, layer: &LayerId, fingerprint: &Sha256Hex) -> Result<Option<RevisionId>, IngestError> {
    let Some(current) = workshop.store.current(layer)? else { return Ok(None) };
    // A revision whose manifest cannot be read is made anew rather than trusted.
    let is_same = workshop.store.manifest(layer, &current).is_ok_and(|manifest| manifest.fingerprint == *fingerprint);
    Ok(is_same.then_some(current))
}
