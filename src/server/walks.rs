//! Walks of clients that know nothing of cursors: they ask page after page by number, or by row
//! places that hold within one revision. The server remembers where such a walk stands, so that it
//! goes on in the revision in which it began, and a page after a page begins at its row instead of
//! counting up to it.
//!
//! A walk is known by its client's name and by what it asks, not by a person. Two clients of one name
//! that ask the very same share a memory: the later to begin wins.

use std::sync::Arc;
use std::time::Duration;

use super::problem::Problem;
use super::snapshot::LiveLayer;
use super::state::App;
use crate::base::RevisionId;
use crate::query::{PageFacts, Start};

/// How long a client may think between two pages.
const IDLE: Duration = Duration::from_secs(600);
/// Walks that are remembered: a kilobyte each at most.
const WALKS_MAX: u64 = 10_000;

/// Where each walk stands.
pub struct Walks(moka::sync::Cache<String, Step>);

#[derive(Clone, Debug)]
struct Step {
    revision: RevisionId,
    /// Features that the pages before held, and the place of the last of them.
    passed: Option<(u64, i64)>,
}

impl Default for Walks {
    fn default() -> Self {
        Walks(moka::sync::Cache::builder().max_capacity(WALKS_MAX).time_to_idle(IDLE).build())
    }
}

/// A page of a walk: whose, and from which feature on.
#[derive(Clone, Debug)]
pub struct WalkPage {
    key: String,
    offset: u64,
}

impl WalkPage {
    /// `asked` is what stays the same from page to page.
    pub fn new(dialect: &str, layer: &LiveLayer, client: &str, asked: &str, offset: u64) -> Self {
        let digest = blake3::hash(format!("{client}\n{asked}").as_bytes()).to_hex();
        WalkPage { key: format!("{dialect}|{}|{digest}", layer.record.id), offset }
    }

    /// A walk over row places, which begins with the list of them: `is_first`.
    pub fn over_ids(dialect: &str, layer: &LiveLayer, client: &str, is_first: bool) -> Self {
        WalkPage::new(dialect, layer, client, "ids", if is_first { 0 } else { u64::MAX })
    }

    /// The state of the layer that the page is of. The first page is of the current one.
    pub async fn layer(&self, app: &Arc<App>, current: &Arc<LiveLayer>) -> Result<Arc<LiveLayer>, Problem> {
        if self.offset == 0 {
            let revision = current.record.revision.clone();
            app.walks.0.insert(self.key.clone(), Step { revision, passed: None });
            return Ok(Arc::clone(current));
        }
        match app.walks.0.get(&self.key) {
            Some(step) => app.revision(current, &step.revision).await,
            None => Ok(Arc::clone(current)),
        }
    }

    /// Where the page begins: after the last row of the page before, if that was the one before this.
    pub fn start(&self, app: &App, layer: &LiveLayer) -> Start {
        let step = app.walks.0.get(&self.key).filter(|step| step.revision == layer.record.revision);
        match step.and_then(|step| step.passed).filter(|(passed, _)| *passed == self.offset) {
            Some((_, last)) => Start::After(last),
            None => Start::Offset(self.offset),
        }
    }

    /// Remembers where the page ended.
    pub fn ended(&self, app: &App, layer: &LiveLayer, facts: &PageFacts) {
        let passed = facts.more_after.map(|last| (self.offset.saturating_add(facts.returned), last));
        app.walks.0.insert(self.key.clone(), Step { revision: layer.record.revision.clone(), passed });
    }
}
