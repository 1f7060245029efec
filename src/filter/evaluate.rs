//! Whether one feature fulfils a filter, judged in memory and as plainly as can be: what the SQL of
//! the same filter must say too, and what judges features that are in no package.

use std::borrow::Cow;
use std::cmp::Ordering;

use geo_types::Geometry;

use super::Filter;
use super::arithmetic::Number;
use super::array::elements;
use super::functions::CalendarPart;
use super::like::Pattern;
use super::spatial::holds;
use super::temporal::{Edge, Granularity, Moment, Rule, TemporalOperator};
use super::types::{ArrayTerm, Choice, Condition, End, InstantTerm, NumberTerm, Operand, Pair, Period, TextTerm};
use crate::base::Value;
use crate::base::geometry_kind::Dimension;
use crate::geometry::kind_of;

/// A feature as the evaluator sees it: its values in the order of the schema and its geometry.
#[derive(Clone, Copy, Debug)]
pub struct Feature<'a> {
    pub values: &'a [Value],
    pub geometry: Option<&'a Geometry<f64>>,
}

/// `None` is unknown, as in SQL.
type Truth = Option<bool>;

impl Filter {
    /// Whether the feature is chosen; what is unknown is not.
    pub fn chooses(&self, feature: Feature<'_>) -> bool {
        self.conditions.iter().all(|condition| condition.truth(feature) == Some(true))
    }
}

impl Condition {
    pub fn truth(&self, feature: Feature<'_>) -> Truth {
        match self {
            Condition::Constant(truth) => Some(*truth),
            Condition::Field(field) => match feature.values.get(*field) {
                Some(Value::Boolean(truth)) => Some(*truth),
                _ => None,
            },
            Condition::Not(inner) => inner.truth(feature).map(|truth| !truth),
            Condition::All(parts) => all(parts.iter().map(|part| part.truth(feature))),
            Condition::Any(parts) => any(parts.iter().map(|part| part.truth(feature))),
            Condition::Compare(comparison, pair) => pair.order(feature).map(|order| comparison.holds(order)),
            Condition::In(choice) => choice.truth(feature),
            Condition::Like(value, pattern) => value.value(feature).map(|text| Pattern::new(pattern).matches(&text)),
            Condition::IsNull(operand) => Some(operand.is_null(feature)),
            Condition::Spatial(operator, literal) => {
                feature.geometry.map(|geometry| holds(*operator, geometry, &literal.geometry))
            }
            Condition::SpatialWithItself(truth) => feature.geometry.map(|_| *truth),
            Condition::MadeOf(dimension) => {
                Some(feature.geometry.map_or(Dimension::None, |geometry| kind_of(geometry).dimension()) == *dimension)
            }
            Condition::Temporal(operator, granularity, periods) => {
                let [first, second] = periods.as_ref();
                temporal(*operator, *granularity, first, second, feature)
            }
            Condition::Array(operator, first, second) => {
                Some(operator.holds(&first.elements(feature)?, &second.elements(feature)?))
            }
        }
    }
}

/// False when one is, else unknown when one is.
fn all(truths: impl Iterator<Item = Truth>) -> Truth {
    let mut so_far = Some(true);
    for truth in truths {
        match truth {
            Some(true) => {}
            Some(false) => return Some(false),
            None => so_far = None,
        }
    }
    so_far
}

fn any(truths: impl Iterator<Item = Truth>) -> Truth {
    all(truths.map(|truth| truth.map(|truth| !truth))).map(|none| !none)
}

impl Pair {
    fn order(&self, feature: Feature<'_>) -> Option<Ordering> {
        match self {
            Pair::Texts(a, b) => Some(a.value(feature)?.cmp(&b.value(feature)?)),
            Pair::Numbers(a, b) => Some(a.value(feature)?.order(b.value(feature)?)),
            Pair::Booleans(a, b) => Some(a.truth(feature)?.cmp(&b.truth(feature)?)),
            Pair::Instants(granularity, a, b) => Some(a.value(feature)?.order(b.value(feature)?, *granularity)),
        }
    }
}

impl Choice {
    fn truth(&self, feature: Feature<'_>) -> Truth {
        match self {
            Choice::Texts(value, list) => {
                let value = value.value(feature)?;
                any(list.iter().map(|one| Some(one.value(feature)? == value)))
            }
            Choice::Numbers(value, list) => {
                let value = value.value(feature)?;
                any(list.iter().map(|one| Some(one.value(feature)? == value)))
            }
            Choice::Booleans(value, list) => {
                let value = value.truth(feature)?;
                any(list.iter().map(|one| Some(one.truth(feature)? == value)))
            }
            Choice::Instants(granularity, value, list) => {
                let value = value.value(feature)?;
                any(list.iter().map(|one| Some(one.value(feature)?.order(value, *granularity).is_eq())))
            }
        }
    }
}

impl Operand {
    fn is_null(&self, feature: Feature<'_>) -> bool {
        match self {
            Operand::Text(text) => text.value(feature).is_none(),
            Operand::Number(number) => number.value(feature).is_none(),
            Operand::Boolean(condition) => condition.truth(feature).is_none(),
            Operand::Instant(instant) => instant.value(feature).is_none(),
            Operand::Period(period) => [&period.start, &period.end]
                .into_iter()
                .filter_map(End::instant)
                .any(|instant| instant.value(feature).is_none()),
            Operand::Json(field) => matches!(feature.values.get(*field), None | Some(Value::Null)),
            Operand::Geometry => feature.geometry.is_none(),
            Operand::Never => false,
        }
    }
}

impl TextTerm {
    fn value<'v>(&'v self, feature: Feature<'v>) -> Option<Cow<'v, str>> {
        match self {
            TextTerm::Literal(text) => Some(text.into()),
            TextTerm::Field(field) => text_value(feature, *field).map(Cow::from),
            TextTerm::Changed(change, text) => Some(change.apply(&text.value(feature)?).into()),
        }
    }
}

fn text_value<'v>(feature: Feature<'v>, field: usize) -> Option<&'v str> {
    match feature.values.get(field) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

impl NumberTerm {
    fn value(&self, feature: Feature<'_>) -> Option<Number> {
        match self {
            NumberTerm::Literal(number) => Some(*number),
            NumberTerm::Field(field) => match feature.values.get(*field) {
                Some(Value::Integer(number)) => Some(Number::Integer(*number)),
                Some(Value::Real(number)) => Some(Number::Real(*number)),
                _ => None,
            },
            NumberTerm::Arithmetic(operator, a, b) => {
                operator.apply(a.value(feature)?.as_real(), b.value(feature)?.as_real()).map(Number::Real)
            }
            NumberTerm::Changed(change, number) => Some(Number::Real(change.apply(number.value(feature)?.as_real()))),
            NumberTerm::Length(text) => Some(Number::Integer(text.value(feature)?.chars().count() as i64)),
            NumberTerm::Calendar(part, instant) => {
                let day = instant.value(feature)?.day();
                Some(Number::Integer(match part {
                    CalendarPart::Year => day.year().into(),
                    CalendarPart::Month => day.month().into(),
                    CalendarPart::Day => day.day().into(),
                }))
            }
        }
    }
}

impl InstantTerm {
    fn value(&self, feature: Feature<'_>) -> Option<Moment> {
        match self {
            InstantTerm::Literal(moment) => Some(*moment),
            InstantTerm::DateField(field) => text_value(feature, *field)?.parse().ok().map(Moment::Date),
            InstantTerm::TimeField(field) => text_value(feature, *field)?.parse().ok().map(Moment::Time),
        }
    }
}

impl ArrayTerm {
    fn elements(&self, feature: Feature<'_>) -> Option<Vec<serde_json::Value>> {
        match self {
            ArrayTerm::Literal(literal) => Some(literal.clone()),
            ArrayTerm::Field(field) => elements(text_value(feature, *field)?),
        }
    }
}

fn temporal(
    operator: TemporalOperator,
    granularity: Granularity,
    first: &Period,
    second: &Period,
    feature: Feature<'_>,
) -> Truth {
    let end = |edge: Edge| match edge {
        Edge::FirstStart => &first.start,
        Edge::FirstEnd => &first.end,
        Edge::SecondStart => &second.start,
        Edge::SecondEnd => &second.end,
    };
    let order = |a: &End, b: &End| {
        Some(match (rank(a), rank(b)) {
            (0, 0) => a.instant()?.value(feature)?.order(b.instant()?.value(feature)?, granularity),
            // An open end has its place whatever the other is, but a null has none.
            (a_rank, b_rank) => {
                for end in [a, b].into_iter().filter_map(End::instant) {
                    end.value(feature)?;
                }
                a_rank.cmp(&b_rank)
            }
        })
    };
    let holds = |(a, comparison, b): &(Edge, super::tree::Comparison, Edge)| {
        order(end(*a), end(*b)).map(|order| comparison.holds(order))
    };
    match operator.rule() {
        Rule::All(parts) => all(parts.iter().map(holds)),
        Rule::Any(parts) => any(parts.iter().map(holds)),
    }
}

/// Open starts before all moments, open ends behind them.
fn rank(end: &End) -> i8 {
    match end {
        End::OpenStart => -1,
        End::At(_) => 0,
        End::OpenEnd => 1,
    }
}
