//! Which layers a definition's delivery makes, against those that its deliveries before it made: a
//! layer that nothing is delivered for any more is neither left behind unseen nor taken away unasked.

use super::{IngestError, Plan, Workshop, held};
use crate::base::{LayerId, RevisionId};
use crate::definition::GeometryRule;
use crate::store::Manifest;

/// Every id that this delivery's layers can have, without those that are another definition's.
pub fn possible_layers(workshop: &Workshop, plan: &Plan) -> Result<Vec<LayerId>, IngestError> {
    let mut layers = Vec::new();
    for layer in plan.possible_layers() {
        if is_ours(plan, &layer, newest_manifest(workshop, &layer)?.as_ref()) {
            layers.push(layer);
        }
    }
    Ok(layers)
}

/// Layers that are published and that this delivery does not make, if somebody has decided that they
/// give way; else the delivery is held. `made` are the layers that it makes, with their features.
pub fn left_behind(workshop: &Workshop, plan: &Plan, made: &[(LayerId, u64)]) -> Result<Vec<LayerId>, IngestError> {
    let (mut left, mut features_before) = (Vec::new(), 0);
    for layer in possible_layers(workshop, plan)? {
        let Some(revision) = workshop.store.current(&layer)? else { continue };
        // What cannot be read any more cannot be counted, but it is still there.
        features_before += workshop.store.manifest(&layer, &revision).map_or(0, |manifest| manifest.kept);
        if made.iter().all(|(made, _)| *made != layer) {
            left.push(layer);
        }
    }
    for (layer, _) in made {
        refuse_anothers(workshop, plan, layer)?;
    }
    if left.is_empty() {
        return Ok(left);
    }
    let made_ids: Vec<&LayerId> = made.iter().map(|(layer, _)| layer).collect();
    let features_now: u64 = made.iter().map(|(_, features)| features).sum();
    held::shrinking(workshop, &plan.layer, features_before, features_now)?;
    let is_whole_left = left == [plan.layer.clone()];
    let is_whole_made = made_ids == [&plan.layer];
    let is_decided = match plan.request.geometry {
        GeometryRule::Split => is_whole_left,
        GeometryRule::Mixed => is_whole_made,
        GeometryRule::Unstated | GeometryRule::None => false,
    };
    if !is_decided {
        let (whole, gone, made) = (&plan.layer, listed(&left), listed(&made_ids));
        held::hold(
            workshop,
            match (is_whole_left, is_whole_made) {
                (true, _) => format!(
                    "{whole} is one layer, and this delivery would make {made} of it; geometry = \"split\" in the definition withdraws {whole} as they are published, geometry = \"mixed\" keeps it one layer"
                ),
                (_, true) => format!(
                    "{gone} would be withdrawn, because this delivery would make one layer, {whole}; geometry = \"split\" in the definition keeps the layers apart, geometry = \"mixed\" makes them one"
                ),
                _ => format!("{gone} would be withdrawn, because the delivery holds nothing for it beside {made}"),
            },
        )?;
    }
    Ok(left)
}

/// Does what a crash left undone between the publication of new layers and the withdrawal of those
/// whose place they take.
pub fn finish(workshop: &Workshop, plan: &Plan) -> Result<(), IngestError> {
    let store = &workshop.store;
    for layer in possible_layers(workshop, plan)? {
        let (Some(successor), Some(_)) = (store.successor(&layer)?, store.current(&layer)?) else { continue };
        match is_whole(workshop, plan, &successor)? {
            true => store.give_way(&layer, jiff::Timestamp::now())?,
            false => store.forget_withdrawal(&layer)?,
        }
    }
    Ok(())
}

/// Whether every layer of a revision that a delivery of this plan made is current.
fn is_whole(workshop: &Workshop, plan: &Plan, revision: &RevisionId) -> Result<bool, IngestError> {
    let store = &workshop.store;
    for layer in plan.possible_layers() {
        if store.current(&layer)?.as_ref() == Some(revision) {
            let siblings = store.manifest(&layer, revision)?.siblings;
            let are_current: Result<Vec<bool>, _> =
                siblings.iter().map(|sibling| Ok(store.current(sibling)?.as_ref() == Some(revision))).collect();
            return are_current.map(|current| current.into_iter().all(|is_current| is_current));
        }
    }
    Ok(false)
}

/// A layer belongs to the definition that made it: nobody else may publish in its place while it is
/// published, and afterwards only on a person's word.
fn refuse_anothers(workshop: &Workshop, plan: &Plan, layer: &LayerId) -> Result<(), IngestError> {
    let owner = newest_manifest(workshop, layer)?.and_then(|manifest| manifest.definition);
    match owner.filter(|owner| Some(owner) != plan.definition_id()) {
        None => Ok(()),
        Some(owner) if workshop.store.current(layer)?.is_some() => Err(IngestError::Refused(format!(
            "{layer} belongs to the definition {owner}; take another id, or withdraw it first"
        ))),
        Some(owner) => held::hold(workshop, format!("{layer} belonged to the definition {owner} and was withdrawn")),
    }
}

fn is_ours(plan: &Plan, layer: &LayerId, manifest: Option<&Manifest>) -> bool {
    match manifest {
        None => *layer == plan.layer,
        Some(Manifest { definition: Some(owner), .. }) => Some(owner) == plan.definition_id(),
        // A bare file's, or made before definitions were written down.
        Some(manifest) => *layer == plan.layer || manifest.siblings.len() > 1,
    }
}

/// The account of the current revision, else of the newest, that can be read.
fn newest_manifest(workshop: &Workshop, layer: &LayerId) -> Result<Option<Manifest>, IngestError> {
    let store = &workshop.store;
    let newest = match store.current(layer)? {
        Some(current) => Some(current),
        None => store.revisions(layer).ok().and_then(|revisions| revisions.into_iter().next_back()),
    };
    Ok(newest.and_then(|revision| store.manifest(layer, &revision).ok()))
}

fn listed(layers: &[impl std::fmt::Display]) -> String {
    layers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}
