//! What changed between two revisions of a layer, by the stable ids of its features.

use std::ops::ControlFlow;

use super::FeatureId;
use crate::package::read::visit_both_by_id;
use crate::package::{OpenPackage, PackageError, Row, ValueRef};

/// What became of one feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Added,
    Changed,
    Removed,
}

impl Change {
    pub fn as_str(self) -> &'static str {
        match self {
            Change::Added => "added",
            Change::Changed => "changed",
            Change::Removed => "removed",
        }
    }
}

/// How much changed in all, whatever page was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangeCounts {
    pub added: u64,
    pub changed: u64,
    pub removed: u64,
}

impl ChangeCounts {
    pub fn total(self) -> u64 {
        self.added + self.changed + self.removed
    }
}

/// Part of the changes, in order of id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangesPage {
    /// Only what comes after this id.
    pub after: Option<FeatureId>,
    pub limit: u32,
}

/// Compares every feature and visits those of the page: as they are now, the removed ones as they
/// were. Answers the counts, and the last id of the page where more follow.
pub fn changes(
    before: &OpenPackage,
    now: &OpenPackage,
    page: ChangesPage,
    mut visit: impl FnMut(Change, &Row<'_>) -> Result<(), PackageError>,
) -> Result<(ChangeCounts, Option<FeatureId>), PackageError> {
    let twins = Twins::of(before, now);
    let mut counts = ChangeCounts::default();
    let mut shown = 0;
    let mut last = None;
    let mut has_more = false;
    let mut fault = None;
    visit_both_by_id(before, now, |old, new| {
        let (change, row) = match (old, new) {
            (Some(old), None) => (Change::Removed, old),
            (None, Some(new)) => (Change::Added, new),
            (Some(old), Some(new)) if !twins.are_equal(old, new) => (Change::Changed, new),
            _ => return ControlFlow::Continue(()),
        };
        match change {
            Change::Added => counts.added += 1,
            Change::Changed => counts.changed += 1,
            Change::Removed => counts.removed += 1,
        }
        if page.after.is_some_and(|after| row.id() <= after) {
            return ControlFlow::Continue(());
        }
        if shown == page.limit {
            has_more = true;
            return ControlFlow::Continue(());
        }
        shown += 1;
        last = Some(row.id());
        match visit(change, row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                fault = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match fault {
        Some(error) => Err(error),
        None => Ok((counts, last.filter(|_| has_more))),
    }
}

/// Which field of the older schema is which of the newer, by name.
struct Twins {
    /// For each field now, its place before.
    before: Vec<Option<usize>>,
    /// Fields that are no more.
    gone: Vec<usize>,
}

impl Twins {
    fn of(before: &OpenPackage, now: &OpenPackage) -> Self {
        let (old, new) = (&before.package().schema, &now.package().schema);
        Twins {
            before: new.fields.iter().map(|field| old.field_index(&field.name)).collect(),
            gone: (0..old.fields.len()).filter(|&place| new.field(&old.fields[place].name).is_none()).collect(),
        }
    }

    /// A field that only one of them has counts where it holds a value.
    fn are_equal(&self, old: &Row<'_>, new: &Row<'_>) -> bool {
        old.geometry() == new.geometry()
            && self.gone.iter().all(|&field| old.value(field) == ValueRef::Null)
            && self.before.iter().enumerate().all(|(field, twin)| match twin {
                Some(twin) => old.value(*twin) == new.value(field),
                None => new.value(field) == ValueRef::Null,
            })
    }
}
