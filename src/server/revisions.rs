//! Which revision of a layer a request is about: the current one, one that it names, or the one
//! that was current at a moment.

use std::sync::Arc;

use super::fault::Absent;
use super::problem::Problem;
use super::request::Parameters;
use super::snapshot::{LiveLayer, load_revision};
use super::state::App;
use crate::base::RevisionId;
use crate::base::ids::{IdError, cut};
use crate::store::StoreError;

/// What a request says of the revision it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Current,
    Named(RevisionId),
    AsAt(jiff::Timestamp),
}

impl Wanted {
    /// Takes `revision` and `as-at`.
    pub fn take(parameters: &mut Parameters) -> Result<Self, Problem> {
        let named = parameters.take("revision").map(|text| parse("revision", &text)).transpose()?;
        let as_at = parameters.take("as-at").map(|text| instant(&text)).transpose()?;
        match (named, as_at) {
            (Some(_), Some(_)) => Err(Problem::bad_request("revision and as-at both name a state; give one of them")),
            (Some(named), None) => Ok(Wanted::Named(named)),
            (None, Some(moment)) => Ok(Wanted::AsAt(moment)),
            (None, None) => Ok(Wanted::Current),
        }
    }

    /// Whether the answer is the same for ever.
    pub fn names_revision(&self) -> bool {
        matches!(self, Wanted::Named(_))
    }
}

/// A revision id that a parameter holds.
pub fn parse(parameter: &str, text: &str) -> Result<RevisionId, Problem> {
    text.parse().map_err(|error: IdError| Problem::bad_request(format!("{parameter}: {error}")))
}

fn instant(text: &str) -> Result<jiff::Timestamp, Problem> {
    // A "+" of an offset arrives as a blank when an address was not escaped.
    text.replace(' ', "+").parse().map_err(|_| {
        Problem::bad_request(format!("as-at=\"{}\" is not an RFC 3339 time such as 2026-11-26T00:00:00Z", cut(text)))
    })
}

impl App {
    pub async fn wanted(
        self: &Arc<Self>,
        current: &Arc<LiveLayer>,
        wanted: &Wanted,
    ) -> Result<Arc<LiveLayer>, Problem> {
        match wanted {
            Wanted::Current => Ok(Arc::clone(current)),
            Wanted::Named(revision) => self.revision(current, revision).await,
            Wanted::AsAt(moment) => {
                let kept = self.kept_revisions(current).await?;
                let found =
                    kept.iter().rfind(|revision| revision.published().is_some_and(|published| published <= *moment));
                let Some(revision) = found else {
                    let id = &current.record.id;
                    return Err(Problem::not_found(format!("no revision of {id} that is kept is as old as {moment}")));
                };
                self.revision(current, revision).await
            }
        }
    }

    /// A revision that a cursor or an address names, current or kept.
    pub async fn revision(
        self: &Arc<Self>,
        current: &Arc<LiveLayer>,
        revision: &RevisionId,
    ) -> Result<Arc<LiveLayer>, Problem> {
        if current.record.revision == *revision {
            return Ok(Arc::clone(current));
        }
        let app = Arc::clone(self);
        let (id, wanted) = (current.record.id.clone(), revision.clone());
        let load = move || match app.store.revisions(&id)? {
            kept if kept.contains(&wanted) => load_revision(&app.store, &id, &wanted),
            kept => Err(StoreError::NoRevision { layer: id, wanted, kept }),
        };
        match tokio::task::spawn_blocking(load).await {
            Ok(Ok(layer)) => Ok(Arc::new(layer)),
            _ => Err(Absent::Revision { layer: current.record.id.to_string(), revision: revision.to_string() }.into()),
        }
    }

    /// The newest kept revision before this one.
    pub async fn revision_before(self: &Arc<Self>, now: &Arc<LiveLayer>) -> Result<RevisionId, Problem> {
        let kept = self.kept_revisions(now).await?;
        kept.iter().rfind(|revision| **revision < now.record.revision).cloned().ok_or_else(|| {
            let (id, revision) = (&now.record.id, &now.record.revision);
            Problem::not_found(format!("no revision of {id} before {revision} is kept, so nothing says what changed"))
        })
    }

    /// All revisions of a layer that are on disk, oldest first.
    pub async fn kept_revisions(self: &Arc<Self>, layer: &Arc<LiveLayer>) -> Result<Vec<RevisionId>, Problem> {
        let app = Arc::clone(self);
        let id = layer.record.id.clone();
        match tokio::task::spawn_blocking(move || app.store.revisions(&id)).await {
            Ok(Ok(kept)) => Ok(kept),
            _ => Err(Problem::internal("the revisions cannot be listed; the operator's log says why")),
        }
    }
}
