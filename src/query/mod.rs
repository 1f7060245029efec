//! Feature requests: one [`FeatureQuery`], planned into SQL and run on an open package, which
//! only a permit opens.
//!
//! Comes in: a query and an open package. Goes out: rows, counts, cursors.
//! Must not know: HTTP, formats.

mod aggregate;
mod boxes;
mod changes;
mod cursor;
mod named_areas;
mod parameters;
mod plan;
mod search;
mod sql_filter;
mod walk;
mod words;

use std::ops::ControlFlow;

use crate::base::{BBox, FeatureId, Interval, limits};
use crate::definition::TimeFields;
use crate::filter::Filter;
use crate::geometry::{Shape, blob};
use crate::package::{OpenPackage, PackageError, Row};
use boxes::{BoxCount, COUNT_LOOKS};

pub use crate::package::{RESOLUTION_MAX, cell_box, hexagon_ring};
pub use aggregate::{AggregateQuery, GROUPS_MAX, Group, GroupRow, METRICS_MAX, Metric, Statistic, aggregate};
pub use changes::{Change, ChangeCounts, ChangesPage, changes};
pub use cursor::{Cursor, CursorFault, Turn};
pub use named_areas::{NamedAreas, named_areas};
pub use search::{Hit, Located, locate, search};
pub use words::{Fit, TooManyPhrases, WordSearch};

/// What is asked of a layer's features.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureQuery {
    pub bbox: Option<BBox>,
    pub filter: Filter,
    /// Only features with one of these ids.
    pub ids: Option<Vec<FeatureId>>,
    /// Only features at these places of the package, for clients whose ids have 32 bits.
    pub places: Option<Places>,
    /// A time, and the fields that hold the features' own; a layer without such fields has
    /// features of all times.
    pub datetime: Option<(Interval, TimeFields)>,
    /// Only features with these words; where they are ranked and nothing else is said of order,
    /// what fits best comes first.
    pub words: Option<WordSearch>,
    /// What the features are sorted by; in the order of the package where it is empty.
    pub order: Vec<Order>,
    pub limit: u32,
    pub start: Start,
}

/// Places of rows in the package, from 1; they hold within one revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Places {
    /// From the first to the second, both included.
    Between(i64, i64),
    Among(Vec<i64>),
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
    /// Up to the row with this place, and as much before it as a page holds.
    Before(i64),
}

/// What a page was, beside its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageFacts {
    pub returned: u64,
    /// Exact, or left out where counting takes more than [`COUNT_STEPS`] or [`COUNT_LOOKS`].
    pub matched: Option<u64>,
    /// Place of the last row, when there are more.
    pub more_after: Option<i64>,
    /// Place of the first row, when the page does not begin where the walk does.
    pub more_before: Option<i64>,
}

/// Steps of a thousand instructions in which the matches of a filter are counted: some 100 000 rows of a
/// simple comparison, and about 20 ms. What a box alone holds is counted by the tree.
pub const COUNT_STEPS: u32 = 1_000;

impl FeatureQuery {
    /// The first features of a layer, whatever they are.
    pub fn first(limit: u32) -> Self {
        FeatureQuery {
            bbox: None,
            filter: Filter::default(),
            ids: None,
            places: None,
            datetime: None,
            words: None,
            order: Vec::new(),
            limit,
            start: Start::Offset(0),
        }
    }

    pub fn is_filtered(&self) -> bool {
        self.bbox.is_some()
            || self.ids.is_some()
            || self.places.is_some()
            || self.datetime.is_some()
            || self.words.is_some()
            || !self.filter.conditions.is_empty()
    }

    /// Whether features stand in the order of how well they fit, which is no order to find a place in:
    /// such a walk goes by numbers.
    pub fn is_ranked(&self) -> bool {
        self.order.is_empty() && self.words.as_ref().is_some_and(WordSearch::is_ranked)
    }
}

/// Runs a page of a query, visiting each row once.
pub fn page(
    package: &OpenPackage,
    query: &FeatureQuery,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), PackageError>,
) -> Result<PageFacts, PackageError> {
    let plan = plan::plan(package, query)?;
    let (start, limit) = walk::beginning(package, query)?;
    let matched = matched(package, query, &plan)?;
    let mut returned = 0;
    let (mut first, mut last) = (None, None);
    let mut has_more = false;
    let mut fault = None;
    let (rest, parameters) = plan.page(package, query, (start, limit))?;
    package.select(&rest, &parameters.values(), |row| {
        if returned == u64::from(limit) {
            has_more = true;
            return ControlFlow::Break(());
        }
        returned += 1;
        last = Some(row.place());
        first = first.or(last);
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
        None => Ok(PageFacts {
            returned,
            matched,
            more_after: last.filter(|_| has_more),
            more_before: first.filter(|_| !matches!(start, Start::Offset(0) | Start::After(0))),
        }),
    }
}

fn matched(package: &OpenPackage, query: &FeatureQuery, plan: &plan::Plan) -> Result<Option<u64>, PackageError> {
    if !query.is_filtered() {
        return Ok(Some(package.package().features));
    }
    match boxes::count(package, query, COUNT_LOOKS)? {
        BoxCount::Exact(matched) => Ok(Some(matched)),
        BoxCount::TooMany => Ok(None),
        BoxCount::Unknown => package.count_within(COUNT_STEPS, &plan.conditions(), &plan.parameters()),
    }
}

/// Places of the package that one stretch looks at: a filter that lets nothing pass takes some
/// hundred milliseconds for so many.
const STRETCH_PLACES: i64 = 100_000;
/// Rows that one stretch visits at most; the plan is made for so many.
const STRETCH_ROWS: u32 = 2_000;

/// Visits matches behind a place, in the order of the package, until `visit` has had enough or
/// enough of the package was looked at. Answers the place to go on from; `None` at the end. The
/// query's own start, limit and order say nothing here.
pub fn stretch(
    package: &OpenPackage,
    query: &FeatureQuery,
    after: i64,
    mut visit: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, PackageError>,
) -> Result<Option<i64>, PackageError> {
    let end = after.saturating_add(STRETCH_PLACES);
    let part = FeatureQuery {
        places: Some(Places::Between(after.saturating_add(1), end)),
        order: Vec::new(),
        limit: STRETCH_ROWS,
        start: Start::After(after),
        ..query.clone()
    };
    let plan = plan::plan(package, &part)?;
    let mut rows = 0;
    let mut stopped_at = None;
    let mut fault = None;
    package.select(&plan.stretch(), &plan.parameters(), |row| {
        rows += 1;
        match visit(row) {
            Ok(ControlFlow::Continue(())) if rows < STRETCH_ROWS => return ControlFlow::Continue(()),
            Ok(_) => stopped_at = Some(row.place()),
            Err(error) => fault = Some(error),
        }
        ControlFlow::Break(())
    })?;
    let all = i64::try_from(package.package().features).unwrap_or(i64::MAX);
    match fault {
        Some(error) => Err(error),
        None => Ok(Some(stopped_at.unwrap_or(end)).filter(|place| *place < all)),
    }
}

/// Visits every match in the order of the package, wherever pages begin and end.
pub fn every(
    package: &OpenPackage,
    query: &FeatureQuery,
    mut visit: impl FnMut(&Row<'_>) -> Result<(), PackageError>,
) -> Result<(), PackageError> {
    let plan = plan::plan(package, query)?;
    let mut outcome = Ok(());
    package.select(&plan.every(), &plan.parameters(), |row| {
        outcome = visit(row);
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    outcome
}

/// How many features match, however many they are.
pub fn count(package: &OpenPackage, query: &FeatureQuery) -> Result<u64, PackageError> {
    if !query.is_filtered() {
        return Ok(package.package().features);
    }
    if let BoxCount::Exact(matched) = boxes::count(package, query, u64::MAX)? {
        return Ok(matched);
    }
    let plan = plan::plan(package, query)?;
    package.count_to(&plan.conditions(), &plan.parameters(), limits::FEATURES_MAX)
}

/// The box of all matches; empty where none has a place.
pub fn extent(package: &OpenPackage, query: &FeatureQuery) -> Result<BBox, PackageError> {
    let mut extent = BBox::EMPTY;
    every(package, query, |row| {
        if let Some(bbox) = box_of(package, row)? {
            extent.include(&bbox);
        }
        Ok(())
    })?;
    Ok(extent)
}

/// The box of one feature; `None` where it has no place.
fn box_of(package: &OpenPackage, row: &Row<'_>) -> Result<Option<BBox>, PackageError> {
    let fault = |source| PackageError::Geometry { path: package.package().path.clone(), source };
    let Some(bytes) = row.geometry() else { return Ok(None) };
    let parsed = blob::parse(bytes).map_err(fault)?;
    if parsed.envelope.is_some() || parsed.is_empty {
        return Ok(parsed.envelope);
    }
    let mut shape = Shape::default();
    shape.read_wkb(parsed.wkb).map_err(fault)?;
    Ok(Some(shape.bbox()))
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
