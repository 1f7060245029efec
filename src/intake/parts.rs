//! A delivery's features by the dimension of their geometry: points, lines and areas make one
//! layer each, unless the definition keeps them together.

use std::collections::HashSet;
use std::path::Path;

use super::entries::Entries;
use super::plan::Plan;
use super::{IngestError, identity};
use crate::base::GeometryKind;
use crate::base::geometry_kind::Dimension;
use crate::catalogue::record::Counts;
use crate::definition::GeometryRule;
use crate::store::Findings;

/// Features that become one layer.
#[derive(Debug)]
pub struct Part {
    pub entries: Entries,
    pub counts: Counts,
    pub findings: Findings,
    pub kinds: HashSet<GeometryKind>,
    pub has_z: bool,
    pub has_m: bool,
}

impl Part {
    fn new(folder: &Path) -> Self {
        Part {
            entries: Entries::new(folder, identity::by_identity),
            counts: Counts::default(),
            findings: Findings::default(),
            kinds: HashSet::new(),
            has_z: false,
            has_m: false,
        }
    }

    pub fn tidied(&mut self, what: &str, count: u64) {
        if count > 0 {
            *self.counts.tidied_by_reason.entry(what.to_owned()).or_default() += count;
        }
    }

    fn merge(&mut self, other: Part) -> Result<(), IngestError> {
        self.entries.append(other.entries)?;
        self.counts.merge(other.counts);
        self.findings.merge(other.findings);
        self.kinds.extend(other.kinds);
        self.has_z |= other.has_z;
        self.has_m |= other.has_m;
        Ok(())
    }
}

/// All features of a delivery while it is judged.
#[derive(Debug)]
pub struct Parts {
    points: Part,
    lines: Part,
    areas: Part,
    /// Collections of several dimensions.
    mixed: Part,
    /// Features without geometry, and those that were rejected.
    nowhere: Part,
    /// Row of the first collection of several dimensions.
    first_mixed_row: Option<u64>,
}

impl Parts {
    /// `folder` is where what does not fit memory goes.
    pub fn new(folder: &Path) -> Self {
        let part = || Part::new(folder);
        Parts { points: part(), lines: part(), areas: part(), mixed: part(), nowhere: part(), first_mixed_row: None }
    }

    pub fn of(&mut self, dimension: Dimension) -> &mut Part {
        match dimension {
            Dimension::Points => &mut self.points,
            Dimension::Lines => &mut self.lines,
            Dimension::Areas => &mut self.areas,
            Dimension::Mixed => &mut self.mixed,
            Dimension::None => &mut self.nowhere,
        }
    }

    pub fn saw_mixed(&mut self, row: u64) {
        self.first_mixed_row.get_or_insert(row);
    }

    fn all(&self) -> [&Part; 5] {
        [&self.points, &self.lines, &self.areas, &self.mixed, &self.nowhere]
    }

    /// read, kept and rejected of all together.
    pub fn totals(&self) -> (u64, u64, u64) {
        self.all().iter().fold((0, 0, 0), |(read, kept, rejected), part| {
            (read + part.counts.read, kept + part.counts.kept, rejected + part.counts.rejected)
        })
    }

    pub fn reasons_of_rejection(&self) -> String {
        let reasons = self.all().into_iter().flat_map(|part| part.counts.rejected_by_reason.keys());
        reasons.map(String::as_str).collect::<Vec<_>>().join("; ")
    }

    /// The first features that were rejected, one by one.
    pub fn first_rejected(&self) -> String {
        const SHOWN: usize = 5;
        let rejected = self.all().into_iter().flat_map(|part| &part.findings.rejected.features);
        rejected.take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    /// One part without a name, or one for each dimension; features without geometry go to the
    /// largest.
    pub fn into_layers(self, plan: &Plan) -> Result<Vec<(Option<Dimension>, Part)>, IngestError> {
        let filled = [&self.points, &self.lines, &self.areas].iter().filter(|part| part.counts.kept > 0).count();
        let is_one = filled <= 1 && self.mixed.counts.kept == 0;
        let is_named_anyway = plan.request.geometry == GeometryRule::Split && filled > 0;
        if is_one && !is_named_anyway || plan.request.geometry == GeometryRule::Mixed {
            let mut whole = self.points;
            [self.lines, self.areas, self.mixed, self.nowhere].into_iter().try_for_each(|part| whole.merge(part))?;
            return Ok(vec![(None, whole)]);
        }
        if let Some(row) = self.first_mixed_row {
            return Err(IngestError::Refused(format!(
                "the delivery of {} holds features that are points, lines and areas at once, first in row {row}, which no layer of one kind can hold; say geometry = \"mixed\" in the definition",
                plan.layer
            )));
        }
        let mut layers: Vec<(Option<Dimension>, Part)> = [
            (Some(Dimension::Points), self.points),
            (Some(Dimension::Lines), self.lines),
            (Some(Dimension::Areas), self.areas),
        ]
        .into_iter()
        .filter(|(_, part)| part.counts.kept > 0)
        .collect();
        if let Some((_, largest)) = layers.iter_mut().max_by_key(|(_, part)| part.counts.kept) {
            largest.merge(self.nowhere)?;
        }
        Ok(layers)
    }
}
