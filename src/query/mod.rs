//! Feature requests: one [`FeatureQuery`], planned into SQL and run on an open package, which
//! only a permit opens.
//!
//! Comes in: a query and an open package. Goes out: rows, counts, cursors.
//! Must not know: HTTP, formats.

mod aggregate;
mod changes;
mod cursor;
mod parameters;
mod plan;
mod sql_filter;

use std::ops::ControlFlow;

use crate::base::{BBox, FeatureId, Interval};
use crate::definition::TimeFields;
use crate::filter::Filter;
use crate::package::{OpenPackage, PackageError, Row};

pub use crate::package::cell_box;
pub use aggregate::{AggregateQuery, Group, GroupRow, Metric, Statistic, aggregate};
pub use changes::{Change, ChangeCounts, ChangesPage, changes};
pub use cursor::{Cursor, CursorFault};

/// What is asked of a layer's features.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureQuery {
    pub bbox: Option<BBox>,
    pub filter: Filter,
    /// Only features with one of these ids.
    pub ids: Option<Vec<FeatureId>>,
    /// A time, and the fields that hold the features' own; a layer without such fields has
    /// features of all times.
    pub datetime: Option<(Interval, TimeFields)>,
    /// What the features are sorted by; in the order of the package where it is empty.
    pub order: Vec<Order>,
    pub limit: u32,
    pub start: Start,
}

/// Features are sorted by the values of a field, those without one first or, descending, last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Place of the field in the schema.
    pub field: usize,
    pub direction: Direction,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Offset(u64),
    /// After the row with this place.
    After(i64),
}

/// What a page was, beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFacts {
    pub returned: u64,
    /// Exact, or left out beyond [`COUNT_MAX`] matches of a filtered query.
    pub matched: Option<u64>,
    /// Place of the last row, when there are more.
    pub more_after: Option<i64>,
}

/// Matches of a filtered query that are counted: what takes a few milliseconds.
pub const COUNT_MAX: u64 = 100_000;

impl FeatureQuery {
    /// The first features of a layer, whatever they are.
    pub fn first(limit: u32) -> Self {
        FeatureQuery {
            bbox: None,
            filter: Filter::default(),
            ids: None,
            datetime: None,
            order: Vec::new(),
            limit,
            start: Start::Offset(0),
        }
    }

    pub fn is_filtered(&self) -> bool {
        self.bbox.is_some() || self.ids.is_some() || self.datetime.is_some() || !self.filter.conditions.is_empty()
    }
}

/// Runs a page of a query, visiting each row once.
pub fn page(
    package: &OpenPackage,
    query: &FeatureQuery,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), PackageError>,
) -> Result<PageFacts, PackageError> {
    let plan = plan::plan(package, query)?;
    let matched = match query.is_filtered() {
        false => Some(package.package().features),
        true => Some(package.count_to(&plan.conditions(), &plan.parameters(), COUNT_MAX + 1)?)
            .filter(|count| *count <= COUNT_MAX),
    };
    let mut returned = 0;
    let mut last = None;
    let mut has_more = false;
    let mut fault = None;
    package.select(&plan.page(), &plan.page_parameters(), |row| {
        if returned == u64::from(query.limit) {
            has_more = true;
            return ControlFlow::Break(());
        }
        returned += 1;
        last = Some(row.place());
        match visit(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                fault = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    match fault {
        Some(error) => Err(error),
        None => Ok(PageFacts { returned, matched, more_after: last.filter(|_| has_more) }),
    }
}

/// Visits the one feature with this id; false when there is none.
pub fn one(
    package: &OpenPackage,
    id: FeatureId,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), PackageError>,
) -> Result<bool, PackageError> {
    let mut outcome = Ok(false);
    package.select("WHERE feature_id = ?1", &[&(id.get() as i64)], |row| {
        outcome = visit(row).map(|()| true);
        ControlFlow::Break(())
    })?;
    outcome
}
