//! From a filter as written to one that fits a schema.

use std::sync::Arc;

use super::FilterFault;
use super::arithmetic::{Arithmetic, Number};
use super::array::ArrayOperator;
use super::functions::{Function, NumberChange, TextChange};
use super::like::Pattern;
use super::spatial::{self, SpatialLiteral, SpatialOperator};
use super::temporal::{Granularity, Moment, TemporalOperator};
use super::tree::{Comparison, Expression, Node, Operator, within};
use super::types::{ArrayTerm, Choice, Condition, End, InstantTerm, NumberTerm, Operand, Pair, Period, TextTerm};
use crate::base::ids::cut;
use crate::base::{FieldKind, GeometryKind, Schema, limits};
use crate::crs::System;

/// Names of the geometry where no field has them: what the queryables call it, and its column in
/// the package, by which those know it who have the file.
const GEOMETRY_NAMES: [&str; 2] = ["geometry", "geom"];

/// What a condition is made for.
pub struct Checker<'a> {
    pub schema: &'a Schema,
    /// The coordinate system of the filter's geometries.
    pub system: System,
}

/// A value that is neither a geometry, an interval nor an array.
enum Scalar {
    Text(TextTerm),
    Number(NumberTerm),
    Boolean(Condition),
    Instant(InstantTerm),
}

/// Where a name leads.
enum Property {
    Field(usize, FieldKind),
    Geometry,
}

/// One side of a spatial operator.
enum Place {
    Feature,
    Literal(Arc<SpatialLiteral>),
}

type Checked<T> = Result<T, FilterFault>;

impl Checker<'_> {
    pub fn condition(&self, node: &Node) -> Checked<Condition> {
        match &node.expression {
            Expression::Operation(operator, arguments) => {
                check_arity(node, *operator, arguments)?;
                self.operation(node, *operator, arguments)
            }
            _ => match self.scalar(node)? {
                Scalar::Boolean(condition) => Ok(condition),
                other => Err(kind_fault(node, other.kind(), "a condition")),
            },
        }
    }

    fn conditions(&self, nodes: &[Node]) -> Checked<Vec<Condition>> {
        nodes.iter().map(|node| self.condition(node)).collect()
    }

    fn operation(&self, node: &Node, operator: Operator, arguments: &[Node]) -> Checked<Condition> {
        match (operator, arguments) {
            (Operator::And, parts) => Ok(Condition::All(self.conditions(parts)?)),
            (Operator::Or, parts) => Ok(Condition::Any(self.conditions(parts)?)),
            (Operator::Not, [inner]) => Ok(Condition::Not(Box::new(self.condition(inner)?))),
            (Operator::Compare(comparison), [left, right]) => {
                let pair = pair(operator, self.scalar(left)?, right, self.scalar(right)?)?;
                Ok(Condition::Compare(comparison, Box::new(pair)))
            }
            (Operator::Between, [value, low, high]) => self.between(value, low, high),
            (Operator::In, [value, list]) => self.choice(value, list),
            (Operator::Like, [value, pattern]) => self.like(value, pattern),
            (Operator::IsNull, [value]) => Ok(Condition::IsNull(self.operand(value)?)),
            (Operator::Spatial(operator), [left, right]) => self.spatial(operator, left, right),
            (Operator::Temporal(operator), [left, right]) => self.temporal(operator, left, right),
            (Operator::Array(operator), [left, right]) => self.array(operator, left, right),
            _ => Err(kind_fault(node, self.scalar(node)?.kind(), "a condition")),
        }
    }

    fn property(&self, node: &Node, name: &str) -> Checked<Property> {
        if let Some(field) = self.schema.field_index(name) {
            return Ok(Property::Field(field, self.schema.fields[field].kind));
        }
        match self.schema.geometry != GeometryKind::None && GEOMETRY_NAMES.contains(&name) {
            true => Ok(Property::Geometry),
            false => Err(FilterFault::UnknownProperty {
                place: node.place.clone(),
                name: cut(name),
                known: known_properties(self.schema),
            }),
        }
    }

    fn scalar(&self, node: &Node) -> Checked<Scalar> {
        const WANTED: &str = "a text, a number, a truth, a date or a time";
        Ok(match &node.expression {
            Expression::Text(text) => Scalar::Text(TextTerm::Literal(text.clone())),
            Expression::Number(number) => Scalar::Number(NumberTerm::Literal(*number)),
            Expression::Boolean(truth) => Scalar::Boolean(Condition::Constant(*truth)),
            Expression::Date(date) => Scalar::Instant(InstantTerm::Literal(Moment::Date(*date))),
            Expression::Timestamp(time) => Scalar::Instant(InstantTerm::Literal(Moment::Time(*time))),
            Expression::Property(name) => match self.property(node, name)? {
                Property::Field(field, kind) => field_scalar(field, kind).ok_or_else(|| {
                    let wanted = "A_EQUALS, A_CONTAINS, A_CONTAINEDBY, A_OVERLAPS or IS NULL around it";
                    kind_fault(node, "a field of JSON", wanted)
                })?,
                Property::Geometry => return Err(kind_fault(node, "a geometry", WANTED)),
            },
            Expression::Operation(operator, arguments) => {
                check_arity(node, *operator, arguments)?;
                match (operator, arguments.as_slice()) {
                    (Operator::CaseFold, [text]) => Scalar::Text(self.changed(TextChange::CaseFold, text)?),
                    (Operator::AccentFold, [text]) => Scalar::Text(self.changed(TextChange::AccentFold, text)?),
                    (Operator::Arithmetic(operator), [left, right]) => {
                        Scalar::Number(self.arithmetic(node, *operator, left, right)?)
                    }
                    _ => Scalar::Boolean(self.operation(node, *operator, arguments)?),
                }
            }
            Expression::Function(name, arguments) => self.function(node, name, arguments)?,
            Expression::Geometry(_) | Expression::BBox(_) => return Err(kind_fault(node, "a geometry", WANTED)),
            Expression::Interval(_) | Expression::OpenEnd => return Err(kind_fault(node, "an interval", WANTED)),
            Expression::Array(_) => return Err(kind_fault(node, "an array", WANTED)),
        })
    }

    fn text(&self, node: &Node) -> Checked<TextTerm> {
        match self.scalar(node)? {
            Scalar::Text(text) => Ok(text),
            other => Err(kind_fault(node, other.kind(), "a text")),
        }
    }

    fn number(&self, node: &Node) -> Checked<NumberTerm> {
        match self.scalar(node)? {
            Scalar::Number(number) => Ok(number),
            other => Err(kind_fault(node, other.kind(), "a number")),
        }
    }

    fn instant(&self, node: &Node) -> Checked<InstantTerm> {
        match self.scalar(node)? {
            Scalar::Instant(instant) => Ok(instant),
            other => Err(kind_fault(node, other.kind(), "a date or a time")),
        }
    }

    /// A literal is changed here and now.
    fn changed(&self, change: TextChange, node: &Node) -> Checked<TextTerm> {
        Ok(match self.text(node)? {
            TextTerm::Literal(text) => TextTerm::Literal(change.apply(&text)),
            other => TextTerm::Changed(change, Box::new(other)),
        })
    }

    /// Literals are computed here and now, so that `1/0` is a fault and not a filter of nothing.
    fn arithmetic(&self, node: &Node, operator: Arithmetic, left: &Node, right: &Node) -> Checked<NumberTerm> {
        let (left, right) = (self.number(left)?, self.number(right)?);
        let no_value = || FilterFault::NoValue { place: node.place.clone(), written: cut(&node.to_string()) };
        let divides = matches!(operator, Arithmetic::Divide | Arithmetic::WholeQuotient | Arithmetic::Remainder);
        match (&left, &right) {
            (NumberTerm::Literal(a), NumberTerm::Literal(b)) => operator
                .apply(a.as_real(), b.as_real())
                .filter(|result| result.is_finite())
                .map(|result| NumberTerm::Literal(Number::Real(result)))
                .ok_or_else(no_value),
            (_, NumberTerm::Literal(zero)) if divides && zero.as_real() == 0.0 => Err(no_value()),
            _ => Ok(NumberTerm::Arithmetic(operator, Box::new(left), Box::new(right))),
        }
    }

    fn function(&self, node: &Node, name: &str, arguments: &[Node]) -> Checked<Scalar> {
        let function = Function::by_name(name)
            .ok_or_else(|| FilterFault::UnknownFunction { place: node.place.clone(), name: cut(name) })?;
        let [argument] = arguments else {
            return Err(FilterFault::Arity {
                place: node.place.clone(),
                name: cut(name),
                found: arguments.len(),
                wanted: "1".to_owned(),
            });
        };
        Ok(match function {
            Function::Text(change) => Scalar::Text(self.changed(change, argument)?),
            Function::Number(change) => Scalar::Number(self.changed_number(change, argument)?),
            Function::Length => Scalar::Number(match self.text(argument)? {
                TextTerm::Literal(text) => NumberTerm::Literal(Number::Integer(text.chars().count() as i64)),
                other => NumberTerm::Length(Box::new(other)),
            }),
            Function::Calendar(part) => Scalar::Number(NumberTerm::Calendar(part, self.instant(argument)?)),
        })
    }

    fn changed_number(&self, change: NumberChange, node: &Node) -> Checked<NumberTerm> {
        Ok(match self.number(node)? {
            NumberTerm::Literal(number) => NumberTerm::Literal(Number::Real(change.apply(number.as_real()))),
            other => NumberTerm::Changed(change, Box::new(other)),
        })
    }

    /// The grammar has numbers between numbers; what sorts may stand here too.
    fn between(&self, value: &Node, low: &Node, high: &Node) -> Checked<Condition> {
        let bound = |comparison, bound: &Node| {
            let pair = pair(Operator::Between, self.scalar(value)?, bound, self.scalar(bound)?)?;
            match pair {
                Pair::Booleans(..) => Err(kind_fault(bound, "a truth", "a number, a text, a date or a time")),
                pair => Ok(Condition::Compare(comparison, Box::new(pair))),
            }
        };
        let low = bound(Comparison::GreaterOrEqual, low)?;
        let high = bound(Comparison::LessOrEqual, high)?;
        Ok(Condition::All(vec![low, high]))
    }

    fn choice(&self, value: &Node, list: &Node) -> Checked<Condition> {
        let Expression::Array(elements) = &list.expression else {
            return Err(kind_fault(list, "not a list", "a list of values in brackets"));
        };
        if elements.is_empty() {
            return Err(kind_fault(list, "empty", "a list of at least one value"));
        }
        let choice = match self.scalar(value)? {
            Scalar::Text(value) => {
                Choice::Texts(value, elements.iter().map(|node| self.text(node)).collect::<Checked<_>>()?)
            }
            Scalar::Number(value) => {
                Choice::Numbers(value, elements.iter().map(|node| self.number(node)).collect::<Checked<_>>()?)
            }
            Scalar::Boolean(value) => Choice::Booleans(value, self.conditions(elements)?),
            Scalar::Instant(value) => {
                let instants: Vec<InstantTerm> =
                    elements.iter().map(|node| self.instant(node)).collect::<Checked<_>>()?;
                let granularity = granularity(std::iter::once(&value).chain(&instants));
                Choice::Instants(granularity, value, instants)
            }
        };
        Ok(Condition::In(Box::new(choice)))
    }

    /// The pattern is written out, within CASEI and ACCENTI if need be.
    fn like(&self, value: &Node, pattern: &Node) -> Checked<Condition> {
        let value = self.text(value)?;
        let is_written = match &pattern.expression {
            Expression::Text(_) => true,
            Expression::Operation(operator, _) => matches!(operator, Operator::CaseFold | Operator::AccentFold),
            _ => false,
        };
        let found = if is_written { self.text(pattern)? } else { TextTerm::Field(0) };
        let TextTerm::Literal(text) = found else {
            return Err(kind_fault(pattern, "no pattern", "a text in quotes, within CASEI or ACCENTI if need be"));
        };
        within("characters in one LIKE pattern", text.chars().count(), limits::FILTER_PATTERN_CHARS_MAX)?;
        Ok(match value {
            TextTerm::Literal(value) => Condition::Constant(Pattern::new(&text).matches(&value)),
            value => Condition::Like(value, text),
        })
    }

    fn operand(&self, node: &Node) -> Checked<Operand> {
        match &node.expression {
            Expression::Property(name) => match self.property(node, name)? {
                Property::Geometry => return Ok(Operand::Geometry),
                Property::Field(field, FieldKind::Json) => return Ok(Operand::Json(field)),
                Property::Field(..) => {}
            },
            Expression::Geometry(_) | Expression::BBox(_) => {
                self.place(node)?;
                return Ok(Operand::Never);
            }
            Expression::Interval(_) => return Ok(Operand::Period(self.period(node)?.0)),
            Expression::Array(_) => {
                self.array_term(node)?;
                return Ok(Operand::Never);
            }
            _ => {}
        }
        Ok(match self.scalar(node)? {
            Scalar::Text(text) => Operand::Text(text),
            Scalar::Number(number) => Operand::Number(number),
            Scalar::Boolean(condition) => Operand::Boolean(Box::new(condition)),
            Scalar::Instant(instant) => Operand::Instant(instant),
        })
    }

    fn spatial(&self, operator: SpatialOperator, left: &Node, right: &Node) -> Checked<Condition> {
        Ok(match (self.place(left)?, self.place(right)?) {
            (Place::Feature, Place::Literal(literal)) => Condition::Spatial(operator, literal),
            (Place::Literal(literal), Place::Feature) => Condition::Spatial(operator.mirrored(), literal),
            (Place::Feature, Place::Feature) => Condition::SpatialWithItself(operator.holds_for_the_same()),
            (Place::Literal(a), Place::Literal(b)) => {
                Condition::Constant(spatial::holds(operator, &a.geometry, &b.geometry))
            }
        })
    }

    fn place(&self, node: &Node) -> Checked<Place> {
        const WANTED: &str = "a geometry or the property geometry";
        let literal = match &node.expression {
            Expression::Property(name) => {
                return match self.property(node, name)? {
                    Property::Geometry => Ok(Place::Feature),
                    Property::Field(_, kind) => Err(kind_fault(node, field_words(kind), WANTED)),
                };
            }
            Expression::Geometry(geometry) => SpatialLiteral::from_geometry(geometry, self.system),
            Expression::BBox(edges) => SpatialLiteral::from_box(*edges, self.system),
            _ => return Err(kind_fault(node, self.scalar(node)?.kind(), WANTED)),
        };
        literal
            .map(|literal| Place::Literal(Arc::new(literal)))
            .map_err(|reason| FilterFault::Geometry { place: node.place.clone(), reason })
    }

    fn temporal(&self, operator: TemporalOperator, left: &Node, right: &Node) -> Checked<Condition> {
        let mut periods = Vec::with_capacity(2);
        for node in [left, right] {
            let (period, is_instant) = self.period(node)?;
            if is_instant && !operator.takes_instants() {
                let wanted = format!("an interval, as {} asks on both sides,", operator.name().to_ascii_uppercase());
                return Err(kind_fault(node, "one moment", &wanted));
            }
            periods.push(period);
        }
        let instants = periods.iter().flat_map(|period| [&period.start, &period.end]).filter_map(End::instant);
        let granularity = granularity(instants);
        match <[Period; 2]>::try_from(periods) {
            Ok(periods) => Ok(Condition::Temporal(operator, granularity, Box::new(periods))),
            Err(_) => Err(kind_fault(left, "alone", "one of two operands")),
        }
    }

    /// An interval, or an instant as the interval from it to itself, and whether it was one.
    fn period(&self, node: &Node) -> Checked<(Period, bool)> {
        let Expression::Interval(ends) = &node.expression else {
            let instant = self.instant(node)?;
            return Ok((Period { start: End::At(instant.clone()), end: End::At(instant) }, true));
        };
        let [start, end] = ends.as_ref();
        let open = |node: &Node| node.expression == Expression::OpenEnd;
        let period = Period {
            start: if open(start) { End::OpenStart } else { End::At(self.instant(start)?) },
            end: if open(end) { End::OpenEnd } else { End::At(self.instant(end)?) },
        };
        if let (End::At(InstantTerm::Literal(from)), End::At(InstantTerm::Literal(to))) = (&period.start, &period.end) {
            let is_mixed = from.is_date() || to.is_date();
            if from.order(*to, if is_mixed { Granularity::Day } else { Granularity::Instant }).is_gt() {
                return Err(FilterFault::Backwards { place: node.place.clone() });
            }
        }
        Ok((period, false))
    }

    fn array(&self, operator: ArrayOperator, left: &Node, right: &Node) -> Checked<Condition> {
        Ok(Condition::Array(operator, self.array_term(left)?, self.array_term(right)?))
    }

    fn array_term(&self, node: &Node) -> Checked<ArrayTerm> {
        const WANTED: &str = "a list in brackets or a field of JSON";
        match &node.expression {
            Expression::Array(elements) => {
                Ok(ArrayTerm::Literal(elements.iter().map(array_element).collect::<Checked<_>>()?))
            }
            Expression::Property(name) => match self.property(node, name)? {
                Property::Field(field, FieldKind::Json) => Ok(ArrayTerm::Field(field)),
                Property::Field(_, kind) => Err(kind_fault(node, field_words(kind), WANTED)),
                Property::Geometry => Err(kind_fault(node, "a geometry", WANTED)),
            },
            _ => Err(kind_fault(node, self.scalar(node)?.kind(), WANTED)),
        }
    }
}

/// Elements are values written out, as JSON holds them: dates and times as text.
fn array_element(node: &Node) -> Checked<serde_json::Value> {
    Ok(match &node.expression {
        Expression::Text(text) => text.as_str().into(),
        Expression::Number(Number::Integer(number)) => (*number).into(),
        Expression::Number(Number::Real(number)) => (*number).into(),
        Expression::Boolean(truth) => (*truth).into(),
        Expression::Date(date) => date.to_string().into(),
        Expression::Timestamp(time) => time.to_string().into(),
        Expression::Array(elements) => elements.iter().map(array_element).collect::<Checked<_>>()?,
        _ => return Err(kind_fault(node, "not written out", "a text, a number, a truth, a date, a time or a list")),
    })
}

impl Scalar {
    fn kind(&self) -> &'static str {
        match self {
            Scalar::Text(_) => "a text",
            Scalar::Number(_) => "a number",
            Scalar::Boolean(_) => "a truth",
            Scalar::Instant(instant) if instant.is_date() => "a date",
            Scalar::Instant(_) => "a time",
        }
    }
}

fn field_scalar(field: usize, kind: FieldKind) -> Option<Scalar> {
    Some(match kind {
        FieldKind::Text => Scalar::Text(TextTerm::Field(field)),
        FieldKind::Integer | FieldKind::Real => Scalar::Number(NumberTerm::Field(field)),
        FieldKind::Boolean => Scalar::Boolean(Condition::Field(field)),
        FieldKind::Date => Scalar::Instant(InstantTerm::DateField(field)),
        FieldKind::DateTime => Scalar::Instant(InstantTerm::TimeField(field)),
        FieldKind::Json => return None,
    })
}

fn field_words(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "a text",
        FieldKind::Integer | FieldKind::Real => "a number",
        FieldKind::Boolean => "a truth",
        FieldKind::Date => "a date",
        FieldKind::DateTime => "a time",
        FieldKind::Json => "a field of JSON",
    }
}

/// Two values of one kind; the fault names the right one.
fn pair(operator: Operator, left: Scalar, right_node: &Node, right: Scalar) -> Checked<Pair> {
    Ok(match (left, right) {
        (Scalar::Text(left), Scalar::Text(right)) => Pair::Texts(left, right),
        (Scalar::Number(left), Scalar::Number(right)) => Pair::Numbers(left, right),
        (Scalar::Boolean(left), Scalar::Boolean(right)) => Pair::Booleans(left, right),
        (Scalar::Instant(left), Scalar::Instant(right)) => Pair::Instants(granularity([&left, &right]), left, right),
        (left, right) => {
            let sign = operator.name().to_ascii_uppercase();
            let wanted = format!("{}, as on the other side of {sign},", left.kind());
            return Err(kind_fault(right_node, right.kind(), &wanted));
        }
    })
}

fn granularity<'a>(instants: impl IntoIterator<Item = &'a InstantTerm>) -> Granularity {
    if instants.into_iter().any(InstantTerm::is_date) { Granularity::Day } else { Granularity::Instant }
}

fn check_arity(node: &Node, operator: Operator, arguments: &[Node]) -> Checked<()> {
    let (fewest, most) = operator.arity();
    if (fewest..=most).contains(&arguments.len()) {
        return Ok(());
    }
    Err(FilterFault::Arity {
        place: node.place.clone(),
        name: operator.name().to_owned(),
        found: arguments.len(),
        wanted: if fewest == most { fewest.to_string() } else { format!("{fewest} or more") },
    })
}

fn kind_fault(node: &Node, found: &str, wanted: &str) -> FilterFault {
    FilterFault::Kind {
        place: node.place.clone(),
        written: cut(&node.to_string()),
        found: found.to_owned(),
        wanted: wanted.to_owned(),
    }
}

/// What may be asked for, for a sentence.
fn known_properties(schema: &Schema) -> String {
    /// Fields that are named in full; beyond that /queryables is the better list.
    const NAMED: usize = 40;
    let geometry = (schema.geometry != GeometryKind::None).then_some("geometry");
    let fields = schema.fields.iter().map(|field| field.name.as_str());
    let more = (schema.fields.len() > NAMED).then_some("…");
    geometry.into_iter().chain(fields.take(NAMED)).chain(more).collect::<Vec<_>>().join(", ")
}
