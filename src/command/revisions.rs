//! `causeway layers`, `rollback`, `withdraw`, `prune`, `verify`: the revisions of what is published.

use clap::Args;
use serde_json::{Value, json};

use super::output::say;
use super::{Arguments, Ending};
use crate::base::{LayerId, RevisionId};
use crate::store::{Store, StoreError};

#[derive(Debug, Args)]
pub struct LayersArguments {
    /// The layer whose revisions are listed; all layers where none is named.
    layer: Option<LayerId>,
}

#[derive(Debug, Args)]
pub struct RollbackArguments {
    layer: LayerId,
    /// The revision to make current; the one before the current where none is named.
    #[arg(long, value_name = "REVISION")]
    to: Option<RevisionId>,
}

#[derive(Debug, Args)]
pub struct WithdrawArguments {
    layer: LayerId,
}

#[derive(Debug, Args)]
pub struct PruneArguments {
    /// Newest revisions of each layer that are kept in any case.
    #[arg(long, default_value_t = KEPT_REVISIONS, value_name = "NUMBER")]
    keep: usize,
}

/// Enough to go back over a fortnight of daily deliveries.
const KEPT_REVISIONS: usize = 14;

/// What a command says: a line for people, a value for programs.
struct Line {
    text: String,
    value: Value,
}

pub fn layers(arguments: &Arguments, asked: &LayersArguments) -> Ending {
    with_store(arguments, |store| match &asked.layer {
        Some(layer) => revisions_of(store, layer),
        None => store.layers()?.iter().map(|layer| summary(store, layer)).collect(),
    })
}

fn summary(store: &Store, layer: &LayerId) -> Result<Line, StoreError> {
    let current = store.current(layer)?;
    let kept = store.revisions(layer)?.len();
    let withdrawn = store.withdrawn_at(layer)?;
    let features = current.as_ref().map(|current| store.manifest(layer, current)).transpose()?.map(|one| one.kept);
    let state = match (&current, &withdrawn) {
        (Some(current), _) => format!("{current}  {} features", features.unwrap_or_default()),
        (None, Some(moment)) => format!("withdrawn {moment}"),
        (None, None) => "never published".to_owned(),
    };
    Ok(Line {
        text: format!("{layer}  {state}  {kept} kept"),
        value: json!({ "layer": layer, "current": current, "features": features, "withdrawn": withdrawn, "kept": kept }),
    })
}

fn revisions_of(store: &Store, layer: &LayerId) -> Result<Vec<Line>, StoreError> {
    if !store.layers()?.contains(layer) {
        return Err(StoreError::NoLayer { layer: layer.clone(), known: store.layers()? });
    }
    let current = store.current(layer)?;
    let held_back = store.held_back(layer)?;
    store
        .revisions(layer)?
        .iter()
        .rev()
        .map(|revision| {
            let manifest = store.manifest(layer, revision)?;
            let is_current = current.as_ref() == Some(revision);
            let is_held_back = held_back.contains(&manifest.fingerprint);
            let state = match (is_current, is_held_back) {
                (true, _) => "  current",
                (false, true) => "  rolled back from",
                (false, false) => "",
            };
            Ok(Line {
                text: format!("{revision}  {} features, {} rejected{state}", manifest.kept, manifest.rejected),
                value: json!({
                    "layer": layer,
                    "revision": revision,
                    "published": manifest.published,
                    "features": manifest.kept,
                    "rejected": manifest.rejected,
                    "current": is_current,
                    "rolled_back_from": is_held_back,
                }),
            })
        })
        .collect()
}

pub fn rollback(arguments: &Arguments, asked: &RollbackArguments) -> Ending {
    with_store(arguments, |store| {
        let now_current = store.rollback(&asked.layer, asked.to.as_ref())?;
        Ok(vec![Line {
            text: format!("{} is {now_current} again", asked.layer),
            value: json!({ "layer": asked.layer, "current": now_current }),
        }])
    })
}

pub fn withdraw(arguments: &Arguments, asked: &WithdrawArguments) -> Ending {
    with_store(arguments, |store| {
        store.withdraw(&asked.layer, jiff::Timestamp::now())?;
        Ok(vec![Line {
            text: format!("{0} is withdrawn; \"causeway rollback {0}\" brings it back", asked.layer),
            value: json!({ "layer": asked.layer, "withdrawn": true }),
        }])
    })
}

pub fn prune(arguments: &Arguments, asked: &PruneArguments) -> Ending {
    with_store(arguments, |store| {
        let pruned = store.prune(asked.keep, jiff::Timestamp::now())?;
        let line = |(layer, revision): &(LayerId, RevisionId)| Line {
            text: format!("removed {layer} {revision}"),
            value: json!({ "layer": layer, "removed": revision }),
        };
        Ok(pruned.iter().map(line).collect())
    })
}

/// Fails when any file is not as its manifest says, after naming all of them.
pub fn verify(arguments: &Arguments) -> Ending {
    let mut damaged = 0;
    let ending = with_store(arguments, |store| {
        let verified = store.verify()?;
        let line = |one: crate::store::Verified| {
            let (layer, revision) = (&one.layer, &one.revision);
            let place = if one.is_current { "current" } else { "kept" };
            match &one.result {
                Ok((manifest, downloads)) => {
                    let (files, downloads) =
                        (manifest.files.len(), downloads.as_ref().map_or(0, |one| one.files.len()));
                    Line {
                        text: format!("sound    {layer} {revision} ({place}, {files} files, {downloads} downloads)"),
                        value: json!({
                            "layer": layer, "revision": revision, "current": one.is_current,
                            "sound": true, "files": files, "downloads": downloads,
                        }),
                    }
                }
                Err(error) => {
                    damaged += 1;
                    Line {
                        text: format!("damaged  {layer} {revision} ({place}): {error}"),
                        value: json!({
                            "layer": layer, "revision": revision, "current": one.is_current,
                            "sound": false, "problem": error.to_string(),
                        }),
                    }
                }
            }
        };
        Ok(verified.into_iter().map(line).collect())
    });
    if damaged > 0 { Ending::Failed } else { ending }
}

fn with_store(arguments: &Arguments, work: impl FnOnce(&Store) -> Result<Vec<Line>, StoreError>) -> Ending {
    match Store::open(&arguments.data).and_then(|store| work(&store)) {
        Ok(lines) => {
            for line in lines {
                match arguments.json {
                    true => say(line.value),
                    false => say(line.text),
                }
            }
            Ending::Done
        }
        Err(error) => {
            eprintln!("error: {error}");
            match error {
                StoreError::NoLayer { .. } | StoreError::NoRevision { .. } | StoreError::NothingBefore { .. } => {
                    Ending::WrongUsage
                }
                _ => Ending::Failed,
            }
        }
    }
}
