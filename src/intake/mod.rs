//! From a delivery to a revision: unpack, recognise, read through the worker, judge, write,
//! verify, publish, report.
//!
//! Comes in: a layer definition and its files, or a bare file. Goes out: a published revision or a
//! refusal that names its rule. Must not know: HTTP.
//!
//! Read aloud: `sources` brings the files, `delivery` reads them, `judge` keeps or rejects each feature
//! and spools it, `kinds` says what each column holds, `identity` gives each feature its id for ever,
//! `assemble` writes the package in Hilbert order, `gates` reads it back, `bake` makes its heavy tiles,
//! `offered` asks what the systems are that a definition adds, `succession` says which layers give way,
//! `store` publishes; `downloads` makes whole files afterwards.

mod agreement;
mod assemble;
mod bake;
mod control;
pub mod delivery;
mod describe;
pub mod downloads;
mod entries;
mod gates;
mod held;
mod identity;
mod judge;
mod kinds;
mod measure;
pub mod offered;
mod parts;
mod personal_data;
mod plan;
mod sources;
mod spool;
mod succession;
mod times;

use std::path::PathBuf;

use assemble::Assembled;
use offered::OfferRequest;

use crate::base::digest::Sha256Hex;
use crate::base::{LayerId, RevisionId};
use crate::catalogue::LayerRecord;
use crate::crs::AddedSystem;
use crate::fetch::{FetchError, Fetcher};
use crate::store::{Findings, KeptSource, MANIFEST_FORMAT, Manifest, PersonalData, Stage, Store, StoreError};

pub use describe::{Description, describe};
pub use plan::{BareFile, Plan};

/// Raised when the same delivery would give a different package, so that `ingest` makes it anew.
const INGEST_FORMAT: u32 = 3;

/// Where ingest works and what it may use.
#[derive(Clone, Debug)]
pub struct Workshop {
    pub store: Store,
    /// The `causeway-worker` program.
    pub worker: PathBuf,
    /// Who asks other hosts for the files of a definition.
    pub fetcher: Fetcher,
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
    /// Digests of all files, and reading them back.
    Sealing,
    Publishing,
}

/// What became of a delivery.
#[derive(Clone, Debug)]
pub enum Outcome {
    Published(Box<Published>),
    Unchanged(LayerId, RevisionId),
    /// Was withdrawn, because other layers of the same definition take its place.
    GaveWay(LayerId),
}

/// A revision that is current now, and what was found of single features on the way.
#[derive(Clone, Debug)]
pub struct Published {
    pub record: LayerRecord,
    pub findings: Findings,
    pub personal_data: Vec<PersonalData>,
}

/// Why nothing was published. What was published before stays.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The delivery or the definition breaks a rule, which the sentence names.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Delivery(delivery::DeliveryError),
    /// Another host did not give its file.
    #[error(transparent)]
    Fetch(FetchError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Package(#[from] crate::package::PackageError),
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("the tiles could not be baked: {0}")]
    Bake(#[from] crate::tiles::bake::BakeError),
    #[error(transparent)]
    Tiles(#[from] crate::tiles::export::ExportError),
    #[error("a check of the finished package failed: {0}")]
    Gate(String),
    /// It may be right, but a person has to say so.
    #[error("{0}")]
    Held(String),
    /// Held too, but the word has to stand in the definition.
    #[error("{0}")]
    PersonalData(String),
    /// Who asked for a file has left, or it came to more than it may.
    #[error("the file is no longer wanted")]
    Unwanted,
}

impl From<delivery::DeliveryError> for IngestError {
    fn from(error: delivery::DeliveryError) -> Self {
        match error {
            delivery::DeliveryError::Refused(message) => IngestError::Refused(message),
            other => IngestError::Delivery(other),
        }
    }
}

impl From<FetchError> for IngestError {
    fn from(error: FetchError) -> Self {
        if error.is_refusal() { IngestError::Refused(error.to_string()) } else { IngestError::Fetch(error) }
    }
}

fn file_error(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> IngestError + '_ {
    move |source| IngestError::File { path: path.to_owned(), source }
}

/// Takes in one delivery, which makes one layer, or one for each dimension of its geometry. All of
/// them are finished and verified before the first is published.
pub fn ingest(workshop: &Workshop, plan: &Plan, progress: &dyn Fn(Step)) -> Result<Vec<Outcome>, IngestError> {
    let sources::Brought { files, fetched } = sources::bring(workshop, plan)?;
    let mut plan = plan.clone();
    plan.request.files = files;
    let plan = &plan;
    let files = plan.measure_files()?;
    let style = hand_made_style(workshop, &plan.layer)?;
    let fingerprint = fingerprint(plan, &files, style.as_deref());
    succession::finish(workshop, plan)?;
    let unchanged = unchanged(workshop, plan, &fingerprint)?;
    if !unchanged.is_empty() {
        return Ok(unchanged);
    }
    for layer in succession::possible_layers(workshop, plan)? {
        held::before_reading(workshop, plan, &layer, &fingerprint)?;
    }
    let work = workshop.store.stage()?;
    let mut judge = judge::Judge::new(plan, work.folder(), progress);
    delivery::read(&plan.request, &workshop.worker, &make_folder(work.folder(), "delivery")?, &mut judge)?;
    let mut judged = judge.finish()?;

    let published = jiff::Timestamp::now();
    let mut plans = Vec::new();
    for (dimension, part) in std::mem::take(&mut judged.layers) {
        let plan = dimension.map_or_else(|| Ok(plan.clone()), |dimension| plan.for_dimension(dimension))?;
        plans.push((plan, part));
    }
    let made: Vec<(LayerId, u64)> = plans.iter().map(|(plan, part)| (plan.layer.clone(), part.counts.kept)).collect();
    let left = succession::left_behind(workshop, plan, &made)?;
    let making = Making {
        workshop,
        progress,
        published,
        revision: RevisionId::new(published, &fingerprint),
        fingerprint,
        files,
        fetched,
        style,
        siblings: made.into_iter().map(|(layer, _)| layer).collect(),
    };
    let mut finished = Vec::new();
    for (plan, part) in plans {
        finished.push(making.finish(&plan, &mut judged, part)?);
    }
    progress(Step::Publishing);
    for layer in &left {
        workshop.store.announce_successor(layer, &making.revision)?;
    }
    let mut outcomes = Vec::new();
    for (stage, published) in finished {
        workshop.store.publish(stage, &published.record.id, &making.revision)?;
        outcomes.push(Outcome::Published(Box::new(published)));
    }
    for layer in left {
        workshop.store.give_way(&layer, making.published)?;
        outcomes.push(Outcome::GaveWay(layer));
    }
    Ok(outcomes)
}

/// To be called before anything is taken in: a huge page of memory is cleared whole for the first byte of it, a
/// tenth of the time of a small delivery, and a third of its memory. Where the kernel does not know the wish, both
/// stay.
pub fn take_small_pages() {
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// What all layers of one delivery share.
struct Making<'a> {
    workshop: &'a Workshop,
    progress: &'a dyn Fn(Step),
    published: jiff::Timestamp,
    revision: RevisionId,
    fingerprint: Sha256Hex,
    files: Vec<crate::catalogue::record::SourceFile>,
    fetched: Vec<KeptSource>,
    style: Option<String>,
    siblings: Vec<LayerId>,
}

impl Making<'_> {
    /// Writes and verifies everything of one layer, in a stage of its own.
    fn finish(
        &self,
        plan: &Plan,
        judged: &mut judge::Judged,
        part: parts::Part,
    ) -> Result<(Stage, Published), IngestError> {
        let stage = self.workshop.store.stage()?;
        let package_path = stage.folder().join("layer.gpkg");
        let assembled = assemble::assemble(plan, judged, part, &package_path, self.published, self.progress)?;
        (self.progress)(Step::Verifying);
        let rules = bake::rules(plan, &assembled.schema)?;
        gates::check(&assembled, plan, &self.revision)?;
        held::personal_data(plan, &assembled)?;
        held::after_reading(self.workshop, plan, &assembled)?;
        let systems = self.added_systems(plan, &assembled)?;
        (self.progress)(Step::Baking);
        let tiles = bake::bake(self.workshop, plan, &assembled, rules, &self.revision, stage.folder())?;
        (self.progress)(Step::Sealing);
        let mut record = plan.record(&assembled, self.files.clone(), self.revision.clone(), self.published);
        record.tiles = tiles;
        record.add_systems(systems);
        write_json(&stage.folder().join("record.json"), &record)?;
        let style = match &self.style {
            Some(text) => crate::styles::check_hand_made(text, &record).map_err(IngestError::Refused)?,
            None => crate::styles::derive(&record),
        };
        write_json(&stage.folder().join("style.json"), &style)?;
        let manifest = Manifest {
            format: MANIFEST_FORMAT,
            layer: plan.layer.clone(),
            revision: self.revision.clone(),
            published: self.published,
            fingerprint: self.fingerprint.clone(),
            files: Manifest::measure(stage.folder())?,
            read: record.counts.read,
            kept: record.counts.kept,
            rejected: record.counts.rejected,
            findings: assembled.findings.clone(),
            siblings: self.siblings.clone(),
            definition: plan.definition_id().cloned(),
            fetched: self.fetched.clone(),
            crs_operation: record.source.transformation.clone(),
            personal_data: assembled.personal_data.clone(),
            tools: [("causeway".to_owned(), env!("CARGO_PKG_VERSION").to_owned())].into(),
        };
        manifest.write(stage.folder())?;
        // The digests are of the files as they were read back, which leaves the manifest itself.
        if Manifest::read(stage.folder())? != manifest {
            return Err(IngestError::Gate("the manifest is not as it was written".to_owned()));
        }
        let Assembled { findings, personal_data, .. } = assembled;
        Ok((stage, Published { record, findings, personal_data }))
    }

    /// The systems that the definition adds; none for a layer that has no place.
    fn added_systems(&self, plan: &Plan, assembled: &Assembled) -> Result<Vec<AddedSystem>, IngestError> {
        let epsg = plan.added_epsg().to_vec();
        let Some(extent) = assembled.package.extent.filter(|_| !epsg.is_empty()) else { return Ok(Vec::new()) };
        let scratch = self.workshop.store.stage()?;
        offered::systems(&OfferRequest { epsg, extent }, &self.workshop.worker, scratch.folder())
    }
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

/// The layers that were made of this very delivery, if all of them are current.
fn unchanged(workshop: &Workshop, plan: &Plan, fingerprint: &Sha256Hex) -> Result<Vec<Outcome>, IngestError> {
    let mut current = Vec::new();
    let mut siblings = Vec::new();
    for layer in plan.possible_layers() {
        let Some(revision) = workshop.store.current(&layer)? else { continue };
        // A revision whose manifest cannot be read is made anew rather than trusted.
        let Ok(manifest) = workshop.store.manifest(&layer, &revision) else { continue };
        if manifest.fingerprint == *fingerprint {
            siblings = manifest.siblings;
            current.push((layer, revision));
        }
    }
    let is_whole = siblings.iter().all(|sibling| current.iter().any(|(layer, _)| layer == sibling));
    let unchanged = current.into_iter().map(|(layer, revision)| Outcome::Unchanged(layer, revision));
    Ok(if is_whole { unchanged.collect() } else { Vec::new() })
}
