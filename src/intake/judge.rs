//! Keeping or rejecting each feature as it is read, tidying what can be tidied, counting all of it.

use std::collections::HashSet;
use std::path::Path;

use super::delivery::{DeliveryError, DeliverySink, SourceFacts, SourceFeature, SourceField, private_use};
use super::kinds::KindFinder;
use super::plan::Plan;
use super::spool::{Entry, SpoolReader, SpoolWriter};
use super::{IngestError, Step};
use crate::base::{FeatureId, GeometryKind, Value, limits};
use crate::catalogue::record::Counts;
use crate::geometry::{GeometryFault, Normalised, hilbert, normalise};

/// The sink of a delivery.
pub struct Judge<'a> {
    plan: &'a Plan,
    progress: &'a dyn Fn(Step),
    spool: SpoolWriter,
    fields: Vec<SourceField>,
    key: Option<usize>,
    judged: Judged,
}

/// What is known once everything was read.
#[derive(Default)]
pub struct Judged {
    pub fields: Vec<SourceField>,
    pub facts: SourceFacts,
    pub finders: Vec<KindFinder>,
    pub entries: Vec<Entry>,
    pub counts: Counts,
    pub kinds: HashSet<GeometryKind>,
    pub has_z: bool,
    pub has_m: bool,
    /// Place of the field whose value names a feature.
    pub key: Option<usize>,
    spool: Option<SpoolReader>,
}

impl Judged {
    pub fn spool(&mut self) -> Result<&mut SpoolReader, IngestError> {
        self.spool.as_mut().ok_or_else(|| IngestError::Gate("the spool was not finished".to_owned()))
    }
}

impl<'a> Judge<'a> {
    pub fn new(plan: &'a Plan, spool: &Path, progress: &'a dyn Fn(Step)) -> Result<Self, IngestError> {
        Ok(Judge {
            plan,
            progress,
            spool: SpoolWriter::create(spool)?,
            fields: Vec::new(),
            key: None,
            judged: Judged::default(),
        })
    }

    pub fn finish(self) -> Result<Judged, IngestError> {
        let mut judged = self.judged;
        if judged.counts.read == 0 {
            return Err(IngestError::Refused(format!("the delivery of {} holds no features", self.plan.layer)));
        }
        if judged.counts.kept == 0 {
            let reasons: Vec<&str> = judged.counts.rejected_by_reason.keys().map(String::as_str).collect();
            return Err(IngestError::Refused(format!(
                "all {} features of {} were rejected: {}",
                judged.counts.read,
                self.plan.layer,
                reasons.join("; ")
            )));
        }
        judged.fields = self.fields;
        judged.key = self.key;
        judged.spool = Some(self.spool.finish()?);
        Ok(judged)
    }

    fn tidied(&mut self, what: &str, count: u64) {
        if count > 0 {
            *self.judged.counts.tidied_by_reason.entry(what.to_owned()).or_default() += count;
        }
    }

    fn reject(&mut self, reason: String) {
        self.judged.counts.rejected += 1;
        *self.judged.counts.rejected_by_reason.entry(reason).or_default() += 1;
    }

    fn tidy_values(&mut self, values: &mut [Value]) {
        let no_data = self.plan.no_data();
        let (mut read_as_null, mut mapped, mut left) = (0, 0, 0);
        for (value, finder) in values.iter_mut().zip(&mut self.judged.finders) {
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
                if mapped_here > 0 || has_nul {
                    *value = Value::Text(repaired.replace('\0', ""));
                }
            }
            finder.see(value);
        }
        self.tidied("no-data value read as null", read_as_null);
        self.tidied("HKSCS character moved from private use to Unicode", mapped);
        self.tidied("private-use character without a counterpart, left as it is", left);
    }

    fn tidy_geometry(&mut self, wkb: &[u8]) -> Result<Option<Normalised>, GeometryFault> {
        let normalised = normalise(wkb)?;
        if normalised.shape.is_empty() {
            return Ok(None);
        }
        self.tidied("ring closed", u64::from(normalised.tidied.rings_closed));
        self.tidied("repeated point dropped", u64::from(normalised.tidied.repeated_points_dropped));
        self.tidied("ring turned to wind as GeoJSON asks", u64::from(normalised.tidied.rings_reversed));
        Ok(Some(normalised))
    }

    fn keep(&mut self, mut feature: SourceFeature, normalised: Option<Normalised>) -> Result<(), IngestError> {
        let hilbert = match &normalised {
            Some(normalised) => {
                let (lon_deg, lat_deg) = normalised.shape.bbox().centre();
                hilbert::key(lon_deg, lat_deg)
            }
            None => u64::MAX,
        };
        if let Some(Normalised { shape, .. }) = &normalised {
            self.judged.kinds.insert(shape.kind);
            self.judged.has_z |= shape.has_z;
            self.judged.has_m |= shape.has_m;
            self.judged.counts.vertices += shape.vertices() as u64;
        } else {
            self.judged.counts.without_geometry += 1;
        }
        if let Some(repair) = feature.repaired.take() {
            self.judged.counts.repaired += 1;
            self.tidied(&format!("area made valid: {}", repair.reason.to_lowercase()), 1);
        }
        feature.wkb = normalised.map(|normalised| normalised.shape.to_wkb());
        let entry = self.entry(&feature, hilbert);
        let offset = self.spool.write(feature)?;
        self.judged.entries.push(Entry { offset, ..entry });
        self.judged.counts.kept += 1;
        Ok(())
    }

    fn entry(&self, feature: &SourceFeature, hilbert: u64) -> Entry {
        let mut hasher = blake3::Hasher::new();
        hasher.update(feature.wkb.as_deref().unwrap_or_default());
        for value in &feature.values {
            hasher.update(format!("{value:?}\u{1f}").as_bytes());
        }
        let content = first_128_bits(&hasher);
        let key = self.key.map(|key| &feature.values[key]).filter(|key| **key != Value::Null);
        let identity = match key {
            Some(value) => {
                let text = match value {
                    Value::Text(text) => text.trim().to_owned(),
                    other => format!("{other:?}"),
                };
                first_128_bits(blake3::Hasher::new().update(text.as_bytes()))
            }
            None => content,
        };
        let integer_key = match key {
            Some(Value::Integer(number)) => u64::try_from(*number).ok().filter(|number| *number <= FeatureId::MAX),
            // Formats that know only text: whether the whole column is of integers shows at the end.
            Some(Value::Text(text)) => text.trim().parse::<FeatureId>().ok().map(FeatureId::get),
            _ => None,
        };
        Entry { hilbert, offset: 0, identity, content, integer_key }
    }
}

fn first_128_bits(hasher: &blake3::Hasher) -> u128 {
    let mut bits = [0u8; 16];
    bits.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    u128::from_le_bytes(bits)
}

impl DeliverySink for Judge<'_> {
    fn schema(&mut self, fields: &[SourceField], facts: &SourceFacts) -> Result<(), DeliveryError> {
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
        self.judged.finders = vec![KindFinder::default(); fields.len()];
        self.judged.facts = facts.clone();
        Ok(())
    }

    fn feature(&mut self, mut feature: SourceFeature) -> Result<(), DeliveryError> {
        const REPORT_EVERY: u64 = 1_000;
        self.judged.counts.read += 1;
        if self.judged.counts.read.is_multiple_of(REPORT_EVERY) {
            (self.progress)(Step::Reading(self.judged.counts.read));
        }
        let too_long = feature
            .values
            .iter()
            .any(|value| matches!(value, Value::Text(text) if text.len() > limits::VALUE_BYTES_MAX));
        if too_long {
            self.reject(format!("a value is over {} bytes", limits::VALUE_BYTES_MAX));
            return Ok(());
        }
        self.tidy_values(&mut feature.values);
        if let Some(problem) = feature.problem.take() {
            self.tidied(&format!("kept without geometry: {problem}"), 1);
        }
        let normalised = match feature.wkb.as_deref().map(|wkb| self.tidy_geometry(wkb)) {
            None => None,
            Some(Ok(normalised)) => normalised,
            Some(Err(fault)) => {
                self.reject(kind_of_fault(&fault));
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
