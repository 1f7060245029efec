//! Keeping or rejecting each feature as it is read, tidying what can be tidied, counting all of it
//! and naming each that was rejected or repaired.

use std::path::Path;

use twox_hash::XxHash3_128;

use super::agreement::Agreement;
use super::control::Control;
use super::delivery::{DeliveryError, DeliverySink, Repair, SourceFacts, SourceFeature, SourceField, private_use};
use super::entries::Entry;
use super::kinds::KindFinder;
use super::parts::{Part, Parts};
use super::plan::Plan;
use super::spool::{SpoolReader, SpoolWriter};
use super::{IngestError, Step};
use crate::base::geometry_kind::Dimension;
use crate::base::{FeatureId, GeometryKind, LayerId, Value, limits};
use crate::geometry::{GeometryFault, Normalised, hilbert, normalise};
use crate::store::Finding;

/// The sink of a delivery.
pub struct Judge<'a> {
    plan: &'a Plan,
    progress: &'a dyn Fn(Step),
    spool: SpoolWriter,
    fields: Vec<SourceField>,
    facts: SourceFacts,
    finders: Vec<KindFinder>,
    key: Option<usize>,
    agreement: Agreement,
    control: Control,
    parts: Parts,
    read: u64,
}

/// What is known once everything was read.
pub struct Judged {
    pub fields: Vec<SourceField>,
    pub facts: SourceFacts,
    pub finders: Vec<KindFinder>,
    /// Place of the field whose value names a feature.
    pub key: Option<usize>,
    /// The layers that the delivery makes, by the dimension that names each where there are several.
    pub layers: Vec<(Option<Dimension>, Part)>,
    pub spool: SpoolReader,
}

impl<'a> Judge<'a> {
    pub fn new(plan: &'a Plan, folder: &Path, progress: &'a dyn Fn(Step)) -> Self {
        Judge {
            plan,
            progress,
            spool: SpoolWriter::new(folder.join("spool")),
            fields: Vec::new(),
            facts: SourceFacts::default(),
            finders: Vec::new(),
            key: None,
            agreement: Agreement::default(),
            control: Control::default(),
            parts: Parts::new(folder),
            read: 0,
        }
    }

    pub fn finish(self) -> Result<Judged, IngestError> {
        let refused = |message: String| Err(IngestError::Refused(message));
        let layer = &self.plan.layer;
        let (read, kept, rejected) = self.parts.totals();
        if read == 0 {
            return refused(format!("the delivery of {layer} holds no features"));
        }
        if kept == 0 {
            let reasons = self.parts.reasons_of_rejection();
            return refused(format!("all {read} features of {layer} were rejected: {reasons}"));
        }
        let most = self.plan.rejected_percent_max();
        if rejected as f64 * 100.0 > most * read as f64 {
            return refused(format!(
                "{rejected} of {read} features of {layer} were rejected, more than {most} %: {}; mend them, or allow more with rejected_percent in [gates] of the definition",
                self.parts.first_rejected()
            ));
        }
        if let Some(verdict) = self.control.verdict().or_else(|| self.agreement.verdict()) {
            return refused(format!("{layer}: {verdict}"));
        }
        let layers = self.parts.into_layers(self.plan)?;
        layers.iter().try_for_each(|(_, part)| check_vertices(layer, part.counts.vertices))?;
        Ok(Judged {
            fields: self.fields,
            key: self.key,
            facts: self.facts,
            finders: self.finders,
            layers,
            spool: self.spool.finish()?,
        })
    }

    fn finding(&self, feature: &SourceFeature, what: String) -> Finding {
        let file = match self.facts.files.len() {
            0 | 1 => None,
            _ => self.facts.files.get(feature.file).cloned(),
        };
        let key = self.key.and_then(|key| feature.values.get(key)).and_then(|value| match value {
            Value::Text(text) => Some(text.clone()),
            Value::Integer(number) => Some(number.to_string()),
            _ => None,
        });
        Finding { row: feature.row, file, key, what }
    }

    /// `reason` is counted, so it names no numbers; `what` names the feature's own.
    fn reject(&mut self, feature: &SourceFeature, reason: String, what: String) {
        let finding = self.finding(feature, what);
        let part = self.parts.of(Dimension::None);
        part.counts.read += 1;
        part.counts.rejected += 1;
        *part.counts.rejected_by_reason.entry(reason).or_default() += 1;
        part.findings.rejected.add(finding);
    }

    fn tidy_values(&mut self, values: &mut [Value]) -> [(&'static str, u64); 4] {
        let no_data = self.plan.no_data();
        let (mut read_as_null, mut mapped, mut left, mut with_nul) = (0, 0, 0, 0);
        for (value, finder) in values.iter_mut().zip(&mut self.finders) {
            if let Value::Text(text) = value {
                if no_data.iter().any(|word| word == text.trim()) {
                    *value = Value::Null;
                    read_as_null += 1;
                    continue;
                }
                let (repaired, mapped_here, left_here) = private_use::repair(text);
                mapped += mapped_here as u64;
                left += left_here as u64;
                let has_nul = repaired.contains('\0');
                with_nul += u64::from(has_nul);
                if mapped_here > 0 || has_nul {
                    *value = Value::Text(repaired.replace('\0', ""));
                }
            }
            finder.see(value);
        }
        [
            ("no-data value read as null", read_as_null),
            ("HKSCS character moved from private use to Unicode", mapped),
            ("private-use character without a counterpart, left as it is", left),
            ("value whose NUL characters were dropped", with_nul),
        ]
    }

    /// Counts and lists what a kept feature brings.
    fn account(&mut self, feature: &SourceFeature, shape: Option<&Normalised>, repair: Option<Repair>) -> Dimension {
        let dimension = shape.map_or(Dimension::None, |normalised| normalised.shape.kind.dimension());
        if dimension == Dimension::Mixed {
            self.parts.saw_mixed(feature.row);
        }
        self.control.see(shape.map(|normalised| &normalised.shape), &feature.values);
        let displaced = match shape {
            Some(normalised) if normalised.shape.kind == GeometryKind::Point => {
                normalised.shape.points.first().and_then(|point| self.agreement.compare(*point, &feature.values))
            }
            _ => None,
        };
        let displaced = displaced.map(|disagreement| self.finding(feature, disagreement.what));
        let repaired = repair.map(|repair| {
            let what = format!("{}; its area changed by {:.2} %", repair.reason, repair.area_change * 100.0);
            (self.finding(feature, what), repair.reason.to_lowercase())
        });
        let damaged = self.damaged_field(feature).map(|name| {
            self.finding(feature, format!("\"{name}\" holds \u{FFFD}, so characters were lost; nothing was guessed"))
        });
        let part = self.parts.of(dimension);
        part.counts.read += 1;
        part.counts.kept += 1;
        if let Some(finding) = damaged {
            part.tidied("feature with lost characters, kept as it is", 1);
            part.findings.damaged.add(finding);
        }
        if let Some(finding) = displaced {
            part.tidied("place that the coordinates in its own row contradict, kept as it is", 1);
            part.findings.displaced.add(finding);
        }
        if let Some((finding, reason)) = repaired {
            part.counts.repaired += 1;
            part.tidied(&format!("area made valid: {reason}"), 1);
            part.findings.repaired.add(finding);
        }
        match shape {
            Some(Normalised { shape, tidied }) => {
                part.kinds.insert(shape.kind);
                part.has_z |= shape.has_z;
                part.has_m |= shape.has_m;
                part.counts.vertices += shape.vertices() as u64;
                part.tidied("ring closed", u64::from(tidied.rings_closed));
                part.tidied("repeated point dropped", u64::from(tidied.repeated_points_dropped));
                part.tidied("ring turned to wind as GeoJSON asks", u64::from(tidied.rings_reversed));
            }
            None => part.counts.without_geometry += 1,
        }
        dimension
    }

    /// The first field whose text lost characters.
    fn damaged_field(&self, feature: &SourceFeature) -> Option<&str> {
        let is_damaged = |value: &Value| matches!(value, Value::Text(text) if text.contains('\u{FFFD}'));
        let place = feature.values.iter().position(is_damaged)?;
        self.fields.get(place).map(|field| field.name.as_str())
    }

    fn keep(&mut self, mut feature: SourceFeature, normalised: Option<Normalised>) -> Result<(), IngestError> {
        let repair = feature.repaired.take();
        let was_empty = feature.wkb.is_some() && normalised.is_none();
        let values = self.tidy_values(&mut feature.values);
        let dimension = self.account(&feature, normalised.as_ref(), repair);
        let part = self.parts.of(dimension);
        values.into_iter().for_each(|(what, count)| part.tidied(what, count));
        part.tidied("empty geometry, kept without geometry", u64::from(was_empty));
        feature.changes.drain(..).for_each(|change| part.tidied(&change, 1));
        if let Some(problem) = feature.problem.take() {
            part.tidied(&format!("kept without geometry: {problem}"), 1);
        }
        let hilbert = match &normalised {
            Some(normalised) => {
                let (lon_deg, lat_deg) = normalised.shape.bbox().centre();
                hilbert::key(lon_deg, lat_deg)
            }
            None => u64::MAX,
        };
        feature.wkb = normalised.map(|normalised| normalised.shape.to_wkb());
        let (offset, content) = self.spool.write(&feature)?;
        let (identity, integer_key) = self.identity(&feature, content);
        let id = FeatureId::from_hash(0);
        self.parts.of(dimension).entries.push(Entry { identity, content, integer_key, id, hilbert, offset })
    }

    /// The digest of what names a feature, and its key where that is a number which may be its id.
    fn identity(&self, feature: &SourceFeature, content: u128) -> (u128, Option<u64>) {
        let key = self.key.map(|key| &feature.values[key]).filter(|key| **key != Value::Null);
        let identity = match key {
            Some(value) => {
                let text = match value {
                    Value::Text(text) => text.trim().to_owned(),
                    other => format!("{other:?}"),
                };
                XxHash3_128::oneshot(text.as_bytes())
            }
            None => content,
        };
        let integer_key = match key {
            Some(Value::Integer(number)) => u64::try_from(*number).ok().filter(|number| *number <= FeatureId::MAX),
            // Formats that know only text: whether the whole column is of integers shows at the end.
            Some(Value::Text(text)) => text.trim().parse::<FeatureId>().ok().map(FeatureId::get),
            _ => None,
        };
        (identity, integer_key)
    }

    /// Why a feature cannot be kept, before its geometry is looked at.
    fn fault_of(feature: &SourceFeature) -> Option<(String, String)> {
        if let Some(fault) = &feature.fault {
            return Some((fault.clone(), fault.clone()));
        }
        let is_too_long = |value: &Value| matches!(value, Value::Text(text) if text.len() > limits::VALUE_BYTES_MAX);
        if feature.values.iter().any(is_too_long) {
            let reason = format!("a value is over {} bytes", limits::VALUE_BYTES_MAX);
            return Some((reason.clone(), reason));
        }
        let repair = feature.repaired.as_ref().filter(|repair| repair.area_change > limits::REPAIR_AREA_CHANGE_MAX)?;
        let most = limits::REPAIR_AREA_CHANGE_MAX * 100.0;
        let reason = format!("its area would change by over {most} % when made valid");
        let what = match repair.area_change > 10.0 {
            true => format!("{}: made valid it would have a quite different area", repair.reason),
            false => {
                format!("{}: made valid its area would change by {:.0} %", repair.reason, repair.area_change * 100.0)
            }
        };
        Some((reason, what))
    }
}

fn check_vertices(layer: &LayerId, vertices: u64) -> Result<(), IngestError> {
    if vertices <= limits::LAYER_VERTICES_MAX {
        return Ok(());
    }
    Err(IngestError::Refused(format!(
        "{layer} has {vertices} vertices; a layer has at most {}, so hand it in as several",
        limits::LAYER_VERTICES_MAX
    )))
}

impl DeliverySink for Judge<'_> {
    fn schema(&mut self, fields: &[SourceField], facts: &SourceFacts) -> Result<(), DeliveryError> {
        // Each file was held to the limit by the worker; together they may be over it.
        if fields.len() > limits::FIELDS_MAX {
            return Err(DeliveryError::Refused(format!(
                "the delivery has {} fields; a layer has at most {}",
                fields.len(),
                limits::FIELDS_MAX
            )));
        }
        self.plan.check_fields(fields).map_err(|error| DeliveryError::Refused(error.to_string()))?;
        self.key = self.plan.identity_key().and_then(|key| fields.iter().position(|field| field.name == key));
        self.fields = fields.to_vec();
        self.finders = vec![KindFinder::default(); fields.len()];
        self.agreement = Agreement::over(fields);
        self.control = Control::over(self.plan.control_points(), fields);
        self.facts = facts.clone();
        Ok(())
    }

    fn feature(&mut self, feature: SourceFeature) -> Result<(), DeliveryError> {
        const REPORT_EVERY: u64 = 1_000;
        self.read += 1;
        if self.read.is_multiple_of(REPORT_EVERY) {
            (self.progress)(Step::Reading(self.read));
        }
        if let Some((reason, what)) = Judge::fault_of(&feature) {
            self.reject(&feature, reason, what);
            return Ok(());
        }
        let normalised = match feature.wkb.as_deref().map(normalise) {
            None => None,
            Some(Ok(normalised)) => Some(normalised).filter(|normalised| !normalised.shape.is_empty()),
            Some(Err(fault)) => {
                self.reject(&feature, kind_of_fault(&fault), fault.to_string());
                return Ok(());
            }
        };
        self.keep(feature, normalised).map_err(|error| DeliveryError::Sink(error.to_string()))
    }
}

/// The fault without its numbers, so that a report can count it.
fn kind_of_fault(fault: &GeometryFault) -> String {
    match fault {
        GeometryFault::NotFinite { .. } => "a coordinate is not a finite number".to_owned(),
        GeometryFault::OutsideTheWorld { .. } => "a vertex lies outside 180 and 90 degrees".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_of_more_vertices_than_can_be_numbered_is_refused() {
        let layer: LayerId = "afcd-lines".parse().unwrap();
        assert!(check_vertices(&layer, limits::LAYER_VERTICES_MAX).is_ok());
        let refused = check_vertices(&layer, limits::LAYER_VERTICES_MAX + 1).unwrap_err();
        assert!(
            matches!(&refused, IngestError::Refused(message) if message.contains("4294967296 vertices")),
            "{refused}"
        );
    }
}
