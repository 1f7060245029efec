//! What handlers share. The snapshot is swapped whole by one watching thread; a handler loads it
//! once and holds that one to its end. Everything else is set at start and only read.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::Semaphore;

use super::cache::Cache;
use super::districts::Districts;
use super::empty_searches::EmptySearches;
use super::extracts::Extracts;
use super::problem::Problem;
use super::snapshot::{LiveLayer, Snapshot};
use super::walks::Walks;
use super::{ServeError, ServerSettings};
use crate::access::{Action, Caller, PermittedLayer, Policy, Subject};
use crate::base::{LayerId, limits};
use crate::package::Pool;
use crate::pictures::Fonts;
use crate::store::Store;
use crate::styles::BASE_LAYER;

pub struct App {
    pub(super) store: Store,
    snapshot: ArcSwap<Snapshot>,
    pub pool: Pool,
    pub cache: Cache,
    /// Leave to write a file for one request.
    pub file_answers: Arc<Semaphore>,
    pub(super) extracts: Extracts,
    /// Proxies whose word on whom they forward for is taken.
    pub(super) proxies: Vec<IpAddr>,
    policy: Policy,
    pub base_url: Option<String>,
    pub(super) walks: Walks,
    pub(super) empty_searches: EmptySearches,
    pub(super) district_layer: LayerId,
    /// The districts that were last looked into.
    pub(super) districts: ArcSwapOption<Districts>,
    pub fonts: Arc<Fonts>,
}

impl App {
    pub fn open(store: Store, settings: &ServerSettings) -> Result<Self, ServeError> {
        let base_url = settings.base_url.as_deref().map(checked_base).transpose()?;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let policy = Policy::default();
        let district_layer = match &settings.districts {
            Some(named) => named.clone(),
            None => BASE_LAYER.parse().map_err(ServeError::Districts)?,
        };
        let snapshot = Snapshot::load(&store, &Snapshot::default(), &policy)?;
        Ok(App {
            extracts: Extracts::open(&settings.extracts, &settings.worker, &store),
            proxies: settings.proxies.iter().map(IpAddr::to_canonical).collect(),
            store,
            snapshot: ArcSwap::from_pointee(snapshot),
            pool: Pool::start(2 * cores).map_err(ServeError::Start)?,
            cache: Cache::new(settings.cache_bytes),
            file_answers: Arc::new(Semaphore::new(limits::FILE_ANSWERS_AT_ONCE)),
            policy,
            base_url,
            walks: Walks::default(),
            empty_searches: EmptySearches::default(),
            district_layer,
            districts: ArcSwapOption::empty(),
            fonts: Arc::new(Fonts::open(settings.font.as_deref())?),
        })
    }

    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The layer and the leave to do `action` with it; one problem for a layer that is not there
    /// and for one that may not be read, another for one that all could read and that is gone.
    pub fn permitted(
        &self,
        snapshot: &Snapshot,
        id: &str,
        action: Action,
    ) -> Result<(Arc<LiveLayer>, PermittedLayer), Problem> {
        let absent = || Problem::no_layer(id);
        let parsed: LayerId = id.parse().map_err(|_| absent())?;
        let layer = snapshot.layer(&parsed).ok_or_else(|| snapshot.absent(id, absent))?;
        let subject = Subject { layer: &parsed, class: layer.record.class };
        let permit = self.policy.decide(&Caller::Public, subject, action).map_err(|_| absent())?;
        Ok((Arc::clone(layer), permit))
    }

    /// Layers that the public finds, in order of title.
    pub fn catalogued(&self, snapshot: &Snapshot) -> Vec<Arc<LiveLayer>> {
        self.visible(snapshot).into_iter().filter(|layer| layer.record.catalogued).collect()
    }

    /// Layers that the public may read, in order of id.
    pub fn visible(&self, snapshot: &Snapshot) -> Vec<Arc<LiveLayer>> {
        snapshot
            .layers()
            .filter(|layer| {
                let subject = Subject { layer: &layer.record.id, class: layer.record.class };
                self.policy.decide(&Caller::Public, subject, Action::ReadFacts).is_ok()
            })
            .cloned()
            .collect()
    }
}

fn checked_base(base: &str) -> Result<String, ServeError> {
    let rest = base.strip_prefix("https://").or_else(|| base.strip_prefix("http://"));
    let is_sound = rest.is_some_and(|rest| {
        !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || ".-:/_~[]".contains(c))
    });
    match is_sound {
        true => Ok(base.trim_end_matches('/').to_owned()),
        false => Err(ServeError::BaseAddress(base.to_owned())),
    }
}

/// Looks for new revisions and downloads once a second on a thread of its own, until the app is
/// dropped; and what is left of extracts goes then that has expired or may not be read any more. It reads two small files a layer, which also works where the data folder is mounted.
pub fn watch(app: &Arc<App>) {
    const EVERY: Duration = Duration::from_secs(1);
    let weak = Arc::downgrade(app);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(EVERY);
            let Some(app) = weak.upgrade() else { return };
            let before = app.snapshot();
            match Snapshot::load(&app.store, &before, &app.policy) {
                Ok(after) if after.digest != before.digest => app.snapshot.store(Arc::new(after)),
                Ok(_) => {}
                Err(error) => tracing::error!(%error, "the data folder cannot be read; serving what was loaded"),
            }
            app.extracts.tidy(&app);
        }
    });
}
