//! Reading a delivery: copy it, unpack it, recognise it, have the worker read it.
//!
//! Comes in: the files of a delivery as they are. Goes out: fields, then features in CRS84, one at
//! a time, and an account of how they were read. Must not know: what becomes of them. Nothing
//! here links GDAL; only the worker does, in a process of its own.

mod archive;
pub mod columns;
mod contents;
mod dbase;
pub mod mapinfo;
pub mod private_use;
pub mod protocol;
mod recognise;
pub(super) mod run;
mod signs;
mod stage;
pub mod tar;
pub mod text;
mod unify;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::base::{FieldKind, Value};

pub use crate::definition::{Format, GeometryRule};
pub use recognise::in_hk1980_grid;
pub use run::{IN_PIECES, memory_limit, take_in};

/// What is asked of a delivery: `[source]` of a definition, or only files.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ReadRequest {
    /// Existing files in order, companions of a shapefile included or not.
    pub files: Vec<PathBuf>,
    pub format: Option<Format>,
    pub geometry: GeometryRule,
    pub encoding: Option<String>,
    pub crs: Option<String>,
    /// Whether an operation that PROJ calls ballpark may be used.
    pub allows_ballpark: bool,
    pub layer: Option<String>,
    pub easting: Option<String>,
    pub northing: Option<String>,
    pub longitude: Option<String>,
    pub latitude: Option<String>,
    pub file_name_field: Option<String>,
}

/// One field as the source has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceField {
    pub name: String,
    pub kind: FieldKind,
    /// The format knows only text, so the kind is found over the whole file.
    pub untyped: bool,
}

/// How the delivery was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFacts {
    pub format: String,
    pub encoding: String,
    pub crs: String,
    pub transformation: String,
    /// The delivery's own names of what was read, in the order of [`SourceFeature::file`].
    pub files: Vec<String>,
    pub notes: Vec<String>,
}

/// One feature on its way in. `wkb` holds CRS84 degrees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceFeature {
    /// Which of the delivery's files it is from, as a place in [`SourceFacts::files`].
    pub file: usize,
    /// Place in its file, from 1.
    pub row: u64,
    pub wkb: Option<Vec<u8>>,
    pub repaired: Option<Repair>,
    /// What else was changed in its geometry.
    pub changes: Vec<String>,
    pub values: Vec<Value>,
    /// Why the feature has no geometry although one was expected; it is kept.
    pub problem: Option<String>,
    /// Why the feature cannot be kept: its geometry is there but is none.
    pub fault: Option<String>,
}

/// A geometry that was made valid, and by how much its area changed as a share of what it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Repair {
    pub reason: String,
    pub area_change: f64,
}

/// Who takes in what is read. `schema` comes once, before the first feature.
pub trait DeliverySink {
    fn schema(&mut self, fields: &[SourceField], facts: &SourceFacts) -> Result<(), DeliveryError>;
    fn feature(&mut self, feature: SourceFeature) -> Result<(), DeliveryError>;
}

/// Why a delivery could not be read. `Refused` is the delivery's fault, the others are ours.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("{0}")]
    Refused(String),
    #[error("the worker {worker} could not be started: {source}; build it with: cargo build --features worker")]
    WorkerMissing { worker: PathBuf, source: std::io::Error },
    #[error("the worker stopped before it had finished: {0}")]
    WorkerFailed(String),
    #[error("the worker took longer than {seconds} s, the limit")]
    WorkerTooSlow { seconds: u64 },
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{0}")]
    Sink(String),
}

impl DeliveryError {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> DeliveryError + '_ {
        move |source| DeliveryError::File { path: path.to_owned(), source }
    }
}

/// Reads a delivery through the worker. `scratch` is an empty private folder on the data disk;
/// the delivery's own files are never opened for writing. Answers how many features were read.
pub fn read(
    request: &ReadRequest,
    worker: &Path,
    scratch: &Path,
    sink: &mut dyn DeliverySink,
) -> Result<u64, DeliveryError> {
    let sources = examine(request, scratch)?;
    run::run(&sources, request, worker, scratch, sink)
}

/// Everything before the worker: copies and unpacks a delivery into `scratch` and says what each of
/// its files is.
pub fn examine(request: &ReadRequest, scratch: &Path) -> Result<Vec<protocol::WorkerSource>, DeliveryError> {
    let staged = stage::stage(request, scratch)?;
    recognise::recognise(&staged, request)
}
