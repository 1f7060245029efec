//! Counts and sums of features, group by group, exact.

use std::sync::Arc;

use super::{FeatureQuery, plan};
use crate::base::{FieldKind, Value};
use crate::geometry::areas::Areas;
use crate::package::functions::{AREA, CELL, HEXAGON, with_areas};
use crate::package::{OpenPackage, PackageError};

/// What features are put together by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Those with one value in a field.
    Field(usize),
    /// Those in one cell of WorldCRS84Quad at a zoom, by a point that stands for each.
    Cell { zoom: u8 },
    /// Those in one cell of H3, likewise.
    Hexagon { resolution: u8 },
    /// Those in one of the query's areas, likewise; the key is the number of the area.
    Area,
}

/// Ways at once in which features are put together.
pub const GROUPS_MAX: usize = 3;
/// What is said of each group at once.
pub const METRICS_MAX: usize = 20;

/// What is said of each group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Count,
    /// Over the values of a field.
    Of(Statistic, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// How many there are.
    Filled,
    Sum,
    Mean,
    Smallest,
    Largest,
}

impl Statistic {
    pub const ALL: [Statistic; 5] =
        [Statistic::Filled, Statistic::Sum, Statistic::Mean, Statistic::Smallest, Statistic::Largest];

    /// The name in a request, and of the SQL function but for the mean.
    pub fn name(self) -> &'static str {
        match self {
            Statistic::Filled => "count",
            Statistic::Sum => "sum",
            Statistic::Mean => "mean",
            Statistic::Smallest => "min",
            Statistic::Largest => "max",
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Statistic::Mean => "avg",
            other => other.name(),
        }
    }

    /// Whether it has a meaning for values of a kind.
    pub fn takes(self, kind: FieldKind) -> bool {
        let is_number = matches!(kind, FieldKind::Integer | FieldKind::Real);
        let has_order = is_number || matches!(kind, FieldKind::Date | FieldKind::DateTime);
        match self {
            Statistic::Filled => true,
            Statistic::Smallest | Statistic::Largest => has_order,
            Statistic::Sum | Statistic::Mean => is_number,
        }
    }
}

/// What is asked: of which features, by what, how much of the answer.
#[derive(Clone)]
pub struct AggregateQuery {
    /// Which features take part; its page is of no account.
    pub of: FeatureQuery,
    pub groups: Vec<Group>,
    /// What [`Group::Area`] puts features into.
    pub areas: Option<Arc<Areas>>,
    pub metrics: Vec<Metric>,
    /// Groups that are told, the largest first.
    pub limit: u32,
}

/// One group: a value for each of what it was put together by, and one for each metric.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupRow {
    pub key: Vec<Value>,
    pub metrics: Vec<Value>,
}

/// The groups, and whether there are more than the limit. A feature that has no place is in the
/// cell null, one without a value in the group null: nothing is left out.
pub fn aggregate(package: &OpenPackage, query: &AggregateQuery) -> Result<(Vec<GroupRow>, bool), PackageError> {
    let plan = plan::plan(package, &query.of)?;
    let keys: Vec<String> = query.groups.iter().map(|group| key(package, *group)).collect();
    let metrics = query.metrics.iter().map(|metric| column(package, *metric));
    let columns: Vec<String> = keys.iter().cloned().chain(metrics).collect();
    let places: Vec<String> = (1..=keys.len()).map(|place| place.to_string()).collect();
    let grouping = if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", places.join(", ")) };
    let order: String = places.iter().map(|place| format!(", {place}")).collect();
    let rest =
        format!("{}{grouping} ORDER BY count(*) DESC{order} LIMIT {}", plan.conditions(), u64::from(query.limit) + 1);
    let row =
        |values: &[Value]| GroupRow { metrics: values[keys.len()..].to_vec(), key: values[..keys.len()].to_vec() };
    let mut rows =
        with_areas(query.areas.as_ref(), || package.select_values(&columns, &rest, &plan.parameters(), row))?;
    let has_more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    Ok((rows, has_more))
}

fn key(package: &OpenPackage, group: Group) -> String {
    match group {
        Group::Field(field) => package.column(field),
        Group::Cell { zoom } => format!("{CELL}(geom, {zoom})"),
        Group::Hexagon { resolution } => format!("{HEXAGON}(geom, {resolution})"),
        Group::Area => format!("{AREA}(geom)"),
    }
}

fn column(package: &OpenPackage, metric: Metric) -> String {
    match metric {
        Metric::Count => "count(*)".to_owned(),
        Metric::Of(statistic, field) => format!("{}({})", statistic.sql(), package.column(field)),
    }
}
