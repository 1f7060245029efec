//! What is published only on a person's word: it may be right, but if it is wrong it does harm
//! that nobody sees at once.

use super::assemble::Assembled;
use super::{IngestError, Plan, Workshop, personal_data};
use crate::base::LayerId;
use crate::base::digest::Sha256Hex;
use crate::catalogue::LayerRecord;

/// A delivery with less than this share of the features before it is more likely cut short.
const FEATURES_SHARE_MIN: f64 = 0.1;

/// Withdrawn layers, deliveries that were rolled back from, and lowered classes are held before a
/// byte of the delivery is read.
pub fn before_reading(
    workshop: &Workshop,
    plan: &Plan,
    layer: &LayerId,
    fingerprint: &Sha256Hex,
) -> Result<(), IngestError> {
    let store = &workshop.store;
    let is_a_persons_word = store.successor(layer)?.is_none() && store.current(layer)?.is_none();
    if let Some(moment) = store.withdrawn_at(layer)?.filter(|_| is_a_persons_word) {
        hold(workshop, format!("{layer} was withdrawn at {moment}; \"causeway rollback {layer}\" brings it back"))?;
    }
    if store.held_back(layer)?.contains(fingerprint) {
        hold(workshop, format!("this delivery of {layer} was published before and rolled back from; change it"))?;
    }
    let previous = published_record(workshop, layer)?;
    if let Some(previous) = previous.filter(|previous| plan.class < previous.class) {
        let (from, to) = (previous.class.as_str(), plan.class.as_str());
        hold(workshop, format!("the class of {layer} would be lowered from {from} to {to}"))?;
    }
    Ok(())
}

/// Compares what was read with what is published.
pub fn after_reading(workshop: &Workshop, plan: &Plan, assembled: &Assembled) -> Result<(), IngestError> {
    let layer = &plan.layer;
    let Some(previous) = published_record(workshop, layer)? else { return Ok(()) };
    let (before, now) = (previous.counts.kept, assembled.counts.kept);
    shrinking(workshop, layer, before, now)?;
    let vanished: Vec<&str> = previous
        .schema
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .filter(|name| assembled.schema.field(name).is_none() && !plan.drops(name))
        .collect();
    if !vanished.is_empty() {
        hold(workshop, format!("{layer} would lose the fields {}", vanished.join(", ")))?;
    }
    Ok(())
}

/// Holds a layer that would lose most of its features.
pub fn shrinking(workshop: &Workshop, layer: &LayerId, before: u64, now: u64) -> Result<(), IngestError> {
    match (now as f64) < before as f64 * FEATURES_SHARE_MIN {
        true => hold(workshop, format!("{layer} would shrink from {before} features to {now}")),
        false => Ok(()),
    }
}

/// Personal data in an open layer is released field by field in the definition, where the decision
/// has a name and a reason, and not by a word at the command line.
pub fn personal_data(plan: &Plan, assembled: &Assembled) -> Result<(), IngestError> {
    let stopped = personal_data::stopped(&assembled.personal_data, plan.class);
    if stopped.is_empty() {
        return Ok(());
    }
    let shown: Vec<String> = stopped
        .iter()
        .map(|one| {
            let (kind, samples) = (one.kind.as_str(), one.samples.join(", "));
            format!("{} values of \"{}\" hold a {kind}, such as {samples}", one.values, one.field)
        })
        .collect();
    Err(IngestError::PersonalData(format!(
        "{} is open, but {}; drop the field, or decide in [personal_data] of the definition with who and why",
        plan.layer,
        shown.join("; ")
    )))
}

/// A person who said `--accept` has decided already.
pub fn hold(workshop: &Workshop, what: String) -> Result<(), IngestError> {
    match workshop.accepts_held {
        true => Ok(()),
        false => Err(IngestError::Held(what)),
    }
}

/// `None` where nothing is published, or by a version whose record is no longer understood.
fn published_record(workshop: &Workshop, layer: &LayerId) -> Result<Option<LayerRecord>, IngestError> {
    let Some(current) = workshop.store.current(layer)? else { return Ok(None) };
    let path = workshop.store.revision_folder(layer, &current).join("record.json");
    let bytes = std::fs::read(&path).map_err(super::file_error(&path))?;
    Ok(serde_json::from_slice(&bytes).ok())
}
