//! All extracts of this process, within their limits.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::super::callers::CallerAddress;
use super::super::fault::Strained;
use super::super::problem::Problem;
use super::super::state::App;
use super::job::{Job, JobId, Wish};
use super::request::{ExtractRequest, is_made_of_parts, needs_worker};
use crate::access::{Action, Audience};
use crate::base::limits;
use crate::catalogue::LayerRecord;
use crate::definition::{DownloadFormat, DownloadKind};
use crate::formats::Selection;
use crate::formats::geopackage::schema_of;
use crate::intake::downloads::kinds_holding;
use crate::store::{Store, WorkFolder};

/// `[extracts]` of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExtractSettings {
    /// Where they are made; unset, `extracts/` in the data folder.
    pub folder: Option<PathBuf>,
    /// How many are made at once; 0 makes none.
    pub at_once: usize,
    /// How many may wait for their turn.
    pub waiting: usize,
    /// How many of one caller may wait or be made.
    pub per_caller: usize,
    /// How many of one caller are kept.
    pub kept_per_caller: usize,
    /// How long a finished one is kept, in seconds.
    pub kept_s: NonZeroU32,
    /// Bytes of all of them on the disk.
    pub disk_bytes: u64,
}

impl Default for ExtractSettings {
    fn default() -> Self {
        ExtractSettings {
            folder: None,
            at_once: limits::EXTRACTS_AT_ONCE,
            waiting: limits::EXTRACTS_WAITING,
            per_caller: limits::EXTRACTS_PER_CALLER,
            kept_per_caller: limits::EXTRACTS_KEPT_PER_CALLER,
            kept_s: NonZeroU32::new(limits::EXTRACT_KEPT_S).unwrap_or(NonZeroU32::MAX),
            disk_bytes: limits::EXTRACTS_DISK_BYTES,
        }
    }
}

/// The jobs. Each has a folder that goes with it; what holds a job may read its file.
pub struct Extracts {
    // Before the folder that theirs are in.
    jobs: Mutex<BTreeMap<JobId, Arc<Job>>>,
    pub settings: ExtractSettings,
    /// The `causeway-worker` program; `None` where there is none.
    pub worker: Option<PathBuf>,
    /// `None` where nothing is made, or nothing can be written.
    folder: Option<WorkFolder>,
    /// Leave to make one.
    pub turns: Arc<Semaphore>,
    bytes: Arc<AtomicU64>,
}

impl Extracts {
    /// A folder that cannot be written leaves the server without extracts, and is named in the log.
    pub fn open(settings: &ExtractSettings, worker: &Path, store: &Store) -> Self {
        let shared = settings.folder.clone().unwrap_or_else(|| store.root().join("extracts"));
        let opened = (settings.at_once > 0).then(|| WorkFolder::open(&shared));
        let folder = opened.and_then(|opened| {
            opened.map_err(|error| tracing::warn!(%error, "no extracts are made: their folder cannot be written")).ok()
        });
        Extracts {
            jobs: Mutex::default(),
            worker: worker.is_file().then(|| worker.to_owned()),
            folder,
            turns: Arc::new(Semaphore::new(settings.at_once)),
            bytes: Arc::default(),
            settings: settings.clone(),
        }
    }

    /// The folder of all, where this server makes any.
    pub fn folder(&self) -> Result<&Path, Problem> {
        self.folder.as_ref().map(WorkFolder::path).ok_or_else(|| {
            Problem::not_found("this server makes no extracts; /collections/{layer}/items takes the same filters")
        })
    }

    /// The files that can be made of what is selected of a layer; none where none are made.
    pub fn kinds(&self, record: &LayerRecord, selection: &Selection) -> Vec<DownloadKind> {
        let formats: Vec<DownloadFormat> =
            DownloadFormat::ALL.into_iter().filter(|one| is_made_of_parts(*one)).collect();
        let mut kinds = kinds_holding(record, schema_of(&record.schema, selection).geometry, &formats);
        kinds.retain(|kind| self.folder.is_some() && (self.worker.is_some() || !needs_worker(*kind)));
        kinds
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<JobId, Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new job, where no limit stands against it.
    pub fn admit(
        &self,
        caller: CallerAddress,
        record: &Arc<LayerRecord>,
        audience: &Audience,
        asked: &ExtractRequest,
    ) -> Result<Arc<Job>, Problem> {
        let folder = self.folder()?;
        let mut jobs = self.lock();
        self.check_caller(&jobs, caller)?;
        self.check_room(&jobs)?;
        let wish = Wish {
            caller,
            record: Arc::clone(record),
            audience: audience.clone(),
            kind: asked.kind,
            asked: asked.items.repeated.clone(),
            kept: self.kept(),
        };
        let job = Job::begin(wish, folder, &self.bytes).map_err(|error| {
            tracing::error!(%error, "an extract cannot be begun");
            Problem::internal("the extract cannot be begun; the operator's log says why")
        })?;
        let job = Arc::new(job);
        jobs.insert(job.id, Arc::clone(&job));
        Ok(job)
    }

    fn kept(&self) -> Duration {
        Duration::from_secs(u64::from(self.settings.kept_s.get()))
    }

    fn check_caller(&self, jobs: &BTreeMap<JobId, Arc<Job>>, caller: CallerAddress) -> Result<(), Problem> {
        /// Most extracts are made by then.
        const UNTIL_ONE_IS_MADE_S: u32 = 10;
        let own: Vec<&Arc<Job>> = jobs.values().filter(|job| job.caller == caller).collect();
        let unfinished = own.iter().filter(|job| !job.state().is_finished()).count();
        if unfinished >= self.settings.per_caller {
            return Err(Problem::from(Strained::Unfinished { count: unfinished }).after(UNTIL_ONE_IS_MADE_S));
        }
        if own.len() >= self.settings.kept_per_caller {
            let kept = Problem::from(Strained::Kept { count: own.len() });
            return Err(kept.after(until_the_first_expires_s(own.into_iter())));
        }
        Ok(())
    }

    fn check_room(&self, jobs: &BTreeMap<JobId, Arc<Job>>) -> Result<(), Problem> {
        let unfinished = jobs.values().filter(|job| !job.state().is_finished()).count();
        if unfinished >= self.settings.at_once + self.settings.waiting {
            return Err(Strained::Waiting.into());
        }
        if jobs.len() >= limits::EXTRACTS_KEPT_MAX || self.used_bytes() >= self.settings.disk_bytes {
            let again = until_the_first_expires_s(jobs.values());
            return Err(Problem::from(Strained::Full).after(again));
        }
        Ok(())
    }

    pub fn used_bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub fn find(&self, id: JobId) -> Option<Arc<Job>> {
        let job = self.lock().get(&id).cloned();
        job.filter(|job| !job.is_expired(Timestamp::now()))
    }

    /// Ends a job and forgets it.
    pub fn end(&self, job: &Arc<Job>) {
        job.end();
        self.lock().remove(&job.id);
        let ended = Arc::clone(job);
        // Removing files blocks.
        tokio::task::spawn_blocking(move || ended.clear());
    }

    /// Removes what has expired, and every file of a layer that those it was made for may not read now.
    pub fn tidy(&self, app: &App) {
        let now = Timestamp::now();
        let (expired, rest): (Vec<_>, Vec<_>) = self.lock().values().cloned().partition(|job| job.is_expired(now));
        let mut jobs = self.lock();
        expired.iter().for_each(|job| drop(jobs.remove(&job.id)));
        drop(jobs);
        let snapshot = app.snapshot();
        for job in rest {
            let permitted = app.permitted(&snapshot, job.record.id.as_str(), Action::ReadFiles);
            if !permitted.is_ok_and(|(_, permit)| *permit.audience() == job.audience) {
                job.withdraw();
            }
        }
    }
}

fn until_the_first_expires_s<'a>(jobs: impl Iterator<Item = &'a Arc<Job>>) -> u32 {
    const LEAST_S: u32 = 10;
    let first = jobs.filter_map(|job| job.expires()).min();
    let seconds = first.map_or(0, |first| first.as_second() - Timestamp::now().as_second());
    u32::try_from(seconds).unwrap_or(0).max(LEAST_S)
}
