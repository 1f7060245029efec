//! Making an extract: its turn comes, the features are cut out by the reading threads into a package
//! of their own, and the file is made of that by who makes the whole files of a layer.

use std::fs;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::sleep;

use super::super::cut::Cut;
use super::super::fault::Unmade;
use super::super::state::App;
use super::super::streams::Source;
use super::job::{Job, State};
use crate::base::{Language, limits};
use crate::formats::geopackage::schema_of;
use crate::formats::json_fg::Profile;
use crate::formats::{Head, Selection};
use crate::intake::IngestError;
use crate::intake::delivery::DeliveryError;
use crate::intake::downloads::{Part, Pen};
use crate::package::{BuiltPackage, ReadError};
use crate::store::Download;

/// Features are read once to be cut out, and once to be written.
const CUT_PERCENT: u64 = 50;

/// Makes the file of a job, unless somebody ends it before.
pub async fn run(job: Arc<Job>, source: Source, selection: Selection) {
    let making = async {
        let Ok(turn) = Arc::clone(&source.app.extracts.turns).acquire_owned().await else { return };
        let started = Timestamp::now();
        job.set(State::Running { started, progress_percent: 0 });
        let outcome = make(&job, source, selection, turn).await;
        if outcome.is_err() {
            let failed = Arc::clone(&job);
            let _ = tokio::task::spawn_blocking(move || failed.clear()).await;
        }
        let finished = Timestamp::now();
        job.set(match outcome {
            Ok((file, features)) => State::Successful { started, finished, file, features },
            Err(fault) => State::Failed { finished, fault },
        });
    };
    tokio::select! {
        () = making => {}
        () = job.ended() => {}
    }
}

/// What a job must stay within, looked at again and again.
struct Bounds {
    app: Arc<App>,
    job: Arc<Job>,
    begun: Instant,
    /// The first that was passed.
    passed: OnceLock<Unmade>,
}

impl Bounds {
    fn check(&self) -> Result<(), Unmade> {
        let extracts = &self.app.extracts;
        let bytes = self.job.measure();
        let fault = if self.begun.elapsed() > limits::EXTRACT_TIME {
            Unmade::OutOfTime(limits::EXTRACT_TIME)
        } else if bytes > limits::EXTRACT_BYTES_MAX {
            Unmade::TooLarge(limits::EXTRACT_BYTES_MAX)
        } else if extracts.used_bytes() > extracts.settings.disk_bytes {
            Unmade::NoRoom
        } else {
            return Ok(());
        };
        Err(self.passed.get_or_init(|| fault).clone())
    }

    fn is_wanted(&self) -> bool {
        !self.job.is_ended() && self.passed.get().is_none() && self.check().is_ok()
    }

    fn progress(&self, percent: u64) {
        if let State::Running { started, .. } = self.job.state() {
            let progress_percent = u8::try_from(percent).unwrap_or(u8::MAX).min(99);
            self.job.set(State::Running { started, progress_percent });
        }
    }

    fn go_on(&self) -> Result<(), IngestError> {
        if self.is_wanted() { Ok(()) } else { Err(IngestError::Unwanted) }
    }

    /// What to say of an error of the writers.
    fn fault_of(&self, error: IngestError) -> Unmade {
        let format = self.job.kind.format;
        match error {
            IngestError::Unwanted => self.passed.get().cloned().unwrap_or(Unmade::Unwritable),
            IngestError::Refused(message) => Unmade::Refused { format, message },
            IngestError::Delivery(DeliveryError::WorkerTooSlow { .. }) => Unmade::OutOfTime(limits::WORKER_TIME),
            IngestError::Delivery(error) => {
                tracing::error!(layer = %self.job.record.id, format = format.name(), %error, "an extract failed");
                Unmade::WorkerStopped(format)
            }
            error => {
                tracing::error!(layer = %self.job.record.id, format = format.name(), %error, "an extract failed");
                Unmade::Unwritable
            }
        }
    }
}

async fn make(
    job: &Arc<Job>,
    source: Source,
    selection: Selection,
    turn: OwnedSemaphorePermit,
) -> Result<(Download, u64), Unmade> {
    let bounds =
        Bounds { app: Arc::clone(&source.app), job: Arc::clone(job), begun: Instant::now(), passed: OnceLock::new() };
    let cut = cut(&bounds, &source, selection.clone()).await?;
    let (record, permit) = (Arc::clone(&source.layer.record), source.permit);
    let bounds = Arc::new(bounds);
    let writing = move || {
        let made = cut.finish().map_err(IngestError::from).and_then(|built| {
            let part = Part { schema: schema_of(&record.schema, &selection), record, permit, built };
            write(&bounds, part)
        });
        let outcome = made.map_err(|error| bounds.fault_of(error));
        if bounds.job.is_ended() {
            bounds.job.clear();
        } else {
            bounds.job.measure();
        }
        // Held until nothing works for it any more, also where nobody waits for the outcome.
        drop(turn);
        outcome
    };
    tokio::task::spawn_blocking(writing).await.unwrap_or(Err(Unmade::Unwritable))
}

/// All matches in a package of their own, in the job's folder.
async fn cut(bounds: &Bounds, source: &Source, selection: Selection) -> Result<Cut, Unmade> {
    let record = &source.layer.record;
    let head = Head {
        layer: &record.id,
        title: record.title.get(Language::En),
        schema: &record.schema,
        schema_address: "",
        time: record.time.as_ref(),
        profile: Profile::default(),
        features: None,
    };
    let path = bounds.job.file_path(CUT);
    let mut cut =
        Cut::begin(&path, &head, selection, record.published).map_err(|error| bounds.fault_of(error.into()))?;
    let all = source.layer.package.features.max(1);
    let mut after = 0;
    loop {
        let waiting = cut.wait();
        let (written, next) = loop {
            match source.cut(&waiting, after).await {
                Err(ReadError::Busy) => sleep(limits::EXTRACT_BUSY_PAUSE).await,
                made => break made.map_err(|error| Unmade::Unreadable(error.into()))?,
            }
            bounds.check()?;
        };
        bounds.check()?;
        if !written.is_within(limits::EXTRACT_FEATURES_MAX, limits::EXTRACT_BYTES_MAX) {
            return Err(Unmade::TooManyFeatures(limits::EXTRACT_FEATURES_MAX));
        }
        cut = written;
        let Some(place) = next else { return Ok(cut) };
        after = place;
        let percent = u64::try_from(place).unwrap_or(0) * CUT_PERCENT / all;
        bounds.progress(percent);
    }
}

/// The part that was cut out, and where the worker works; both go once the file is made.
const CUT: &str = "cut.gpkg";
const SCRATCH: &str = "scratch";

fn write(bounds: &Arc<Bounds>, part: Part) -> Result<(Download, u64), IngestError> {
    let job = &bounds.job;
    let BuiltPackage { path: cut, rows: features, .. } = part.built.clone();
    let failed = |path: &std::path::Path| {
        let path = path.to_owned();
        move |source| IngestError::File { path, source }
    };
    bounds.progress(CUT_PERCENT);
    bounds.go_on()?;
    let scratch = job.file_path(SCRATCH);
    fs::create_dir(&scratch).map_err(failed(&scratch))?;
    let still = Arc::clone(bounds);
    let worker = bounds.app.extracts.worker.clone().unwrap_or_default();
    let told = Arc::clone(bounds);
    let pen = Pen {
        worker: &worker,
        scratch: &scratch,
        is_wanted: Arc::new(move || still.is_wanted()),
        written: Arc::new(move |count| {
            told.progress(CUT_PERCENT + count.min(features) * (100 - CUT_PERCENT) / features.max(1));
        }),
    };
    let target = job.file_path(&job.kind.file_name(&job.record.id));
    part.write(&pen, job.kind, &target)?;
    bounds.go_on()?;
    fs::remove_file(&cut).map_err(failed(&cut))?;
    fs::remove_dir_all(&scratch).map_err(failed(&scratch))?;
    let folder = target.parent().unwrap_or(&target);
    Ok((Download::measure(folder, &job.record.id, job.kind)?, features))
}
