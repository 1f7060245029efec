//! Filters: one tree of conditions, typed by a schema, whatever language it was written in.
//!
//! Comes in: CQL2 Text and CQL2 JSON (OGC 21-065r2), Filter Encoding, values of query parameters, a schema. Goes
//! out: conditions whose names and values fit the schema, and whether a feature fulfils them. Must
//! not know: SQL, HTTP.
//!
//! Read aloud: `text` (over the tokens of `token`) and `json` make the same `tree`, `print` and
//! `json` write it again, and `fes` makes it of the XML of WFS; `check` fits the tree to a schema,
//! which gives the conditions of `types`; `evaluate` judges a feature by them, as the SQL of `query`
//! does in a package. `arithmetic`, `array`, `fold`, `functions`, `like`, `spatial` and `temporal` say
//! what the operators mean.

mod arithmetic;
mod array;
mod check;
mod evaluate;
pub mod fes;
mod fold;
mod functions;
pub mod json;
mod like;
mod print;
pub mod spatial;
mod temporal;
pub mod text;
mod token;
pub mod tree;
mod types;
mod well_known_text;

pub use arithmetic::{Arithmetic, Number};
pub use array::{ArrayOperator, elements};
pub use evaluate::Feature;
pub use functions::{CalendarPart, FUNCTIONS, Function, NumberChange, TextChange, ValueType};
pub use like::Pattern;
pub use spatial::{SpatialLiteral, SpatialOperator};
pub use temporal::{Edge, Granularity, Moment, Rule, TemporalOperator};
pub use tree::Comparison;
pub use types::{ArrayTerm, Choice, Condition, End, InstantTerm, NumberTerm, Operand, Pair, Period, TextTerm};

use tree::{Node, Place};

use crate::base::geometry_kind::Dimension;
use crate::base::ids::cut;
use crate::base::{FieldKind, Schema};
use crate::crs::System;

/// All of these hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub conditions: Vec<Condition>,
}

/// How a filter is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilterLanguage {
    #[default]
    Cql2Text,
    Cql2Json,
}

/// What is wrong with a filter: one sentence with the place and what would be accepted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FilterFault {
    #[error("the value \"{value}\" of {field} is not {wanted}")]
    Value { field: String, value: String, wanted: &'static str },
    #[error("{place}: {found} stands where {wanted} is accepted")]
    Unexpected { place: Place, found: String, wanted: String },
    #[error("{place}: the {what} is not closed by {quote}")]
    Unclosed { place: Place, what: &'static str, quote: char },
    #[error("the filter has more than {most} {what}; ask for less at once")]
    TooMuch { what: &'static str, most: usize },
    #[error("the filter is not JSON: {0}")]
    NotJson(String),
    #[error("{0}")]
    Xml(String),
    #[error("{place}: a box has 4 numbers, or 6 with heights, not {count}")]
    BBox { place: Place, count: usize },
    #[error("{place}: {reason}")]
    Geometry { place: Place, reason: String },
    #[error("{place}: there is no property \"{name}\"; there are {known}")]
    UnknownProperty { place: Place, name: String, known: String },
    #[error("{place}: there is no function \"{name}\"; /functions lists those that there are")]
    UnknownFunction { place: Place, name: String },
    #[error("{place}: {name} has {found} arguments; it takes {wanted}")]
    Arity { place: Place, name: String, found: usize, wanted: String },
    #[error("{place}: {written} is {found}, where {wanted} is accepted")]
    Kind { place: Place, written: String, found: String, wanted: String },
    #[error("{place}: {written} has no value")]
    NoValue { place: Place, written: String },
    #[error("{place}: the interval ends before it starts")]
    Backwards { place: Place },
}

impl FilterLanguage {
    pub const ALL: [FilterLanguage; 2] = [FilterLanguage::Cql2Text, FilterLanguage::Cql2Json];

    /// The value of `filter-lang`, OGC 19-079r2 §8.3.
    pub fn name(self) -> &'static str {
        match self {
            FilterLanguage::Cql2Text => "cql2-text",
            FilterLanguage::Cql2Json => "cql2-json",
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        FilterLanguage::ALL.into_iter().find(|language| language.name() == name)
    }

    /// Reads a filter as it is written.
    pub fn parse(self, source: &str) -> Result<Node, FilterFault> {
        match self {
            FilterLanguage::Cql2Text => text::parse(source),
            FilterLanguage::Cql2Json => json::parse(source),
        }
    }
}

impl Filter {
    /// Fits a filter to a schema. Its geometries are in `system`.
    pub fn from_tree(node: &Node, schema: &Schema, system: System) -> Result<Self, FilterFault> {
        let condition = check::Checker { schema, system }.condition(node)?;
        Ok(Filter { conditions: vec![condition] })
    }

    /// Adds that features share a point with a box, its edges in the axis order of `system`.
    pub fn add_box(&mut self, edges: [f64; 4], system: System) -> Result<(), String> {
        let literal = SpatialLiteral::from_box(edges, system)?;
        self.conditions.push(Condition::Spatial(SpatialOperator::Intersects, std::sync::Arc::new(literal)));
        Ok(())
    }

    /// Adds that features share a point with a geometry, its coordinates in the axis order of `system`.
    pub fn add_geometry(&mut self, geometry: &geo_types::Geometry<f64>, system: System) -> Result<(), String> {
        let literal = SpatialLiteral::from_geometry(geometry, system)?;
        self.conditions.push(Condition::Spatial(SpatialOperator::Intersects, std::sync::Arc::new(literal)));
        Ok(())
    }

    /// Adds that features are made of points, of lines or of areas; `None`: of none of them, or of nothing.
    pub fn add_made_of(&mut self, dimension: Option<Dimension>) {
        let made_of = Condition::MadeOf;
        self.conditions.push(dimension.map_or_else(
            || {
                let others = [Dimension::Points, Dimension::Lines, Dimension::Areas].map(made_of);
                Condition::Not(Box::new(Condition::Any(others.to_vec())))
            },
            made_of,
        ));
    }

    /// Adds everything that another filter asks.
    pub fn add(&mut self, other: Filter) {
        self.conditions.extend(other.conditions);
    }

    /// Adds `field = text`, the text read as the field's kind. False when there is no such field.
    pub fn add_equality(&mut self, schema: &Schema, name: &str, text: &str) -> Result<bool, FilterFault> {
        let Some(field) = schema.field_index(name) else { return Ok(false) };
        let kind = schema.fields[field].kind;
        let condition = equality(field, kind, text).ok_or_else(|| FilterFault::Value {
            field: cut(name),
            value: cut(text),
            wanted: wanted(kind),
        })?;
        self.conditions.push(condition);
        Ok(true)
    }
}

fn equality(field: usize, kind: FieldKind, text: &str) -> Option<Condition> {
    let number = |number| Pair::Numbers(NumberTerm::Field(field), NumberTerm::Literal(number));
    let pair = match kind {
        FieldKind::Text | FieldKind::Json => Pair::Texts(TextTerm::Field(field), TextTerm::Literal(text.to_owned())),
        FieldKind::Integer => number(Number::Integer(text.parse().ok()?)),
        FieldKind::Real => number(Number::Real(text.parse().ok().filter(|number: &f64| number.is_finite())?)),
        FieldKind::Boolean => Pair::Booleans(Condition::Field(field), Condition::Constant(text.parse().ok()?)),
        FieldKind::Date => Pair::Instants(
            Granularity::Day,
            InstantTerm::DateField(field),
            InstantTerm::Literal(Moment::Date(text.parse().ok()?)),
        ),
        // A "+" of an offset arrives as a blank when an address was not escaped.
        FieldKind::DateTime => Pair::Instants(
            Granularity::Instant,
            InstantTerm::TimeField(field),
            InstantTerm::Literal(Moment::Time(text.replace(' ', "+").parse().ok()?)),
        ),
    };
    Some(Condition::Compare(Comparison::Equal, Box::new(pair)))
}

fn wanted(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Json => "text",
        FieldKind::Integer => "a whole number",
        FieldKind::Real => "a number",
        FieldKind::Boolean => "true or false",
        FieldKind::Date => "a date such as 2021-12-17",
        FieldKind::DateTime => "a time such as 2021-12-17T00:00:00Z",
    }
}
