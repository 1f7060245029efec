//! A filter that fits a schema: every name is a field, both sides of every operator are of one
//! kind, every pattern is taken apart and every geometry is in CRS84 degrees. Nothing in it can be
//! wrong any more, so its readers cannot fail.

use std::sync::Arc;

use super::arithmetic::{Arithmetic, Number};
use super::array::ArrayOperator;
use super::functions::{CalendarPart, NumberChange, TextChange};
use super::spatial::{SpatialLiteral, SpatialOperator};
use super::temporal::{Granularity, Moment, TemporalOperator};
use super::tree::Comparison;
use crate::base::geometry_kind::Dimension;

/// True, false, or unknown where a value that it needs is null. Fields are places in the schema.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    Constant(bool),
    /// A boolean field.
    Field(usize),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare(Comparison, Box<Pair>),
    In(Box<Choice>),
    /// The text and a pattern that [`super::like::Pattern`] reads.
    Like(TextTerm, String),
    IsNull(Operand),
    /// The feature's geometry, then the literal.
    Spatial(SpatialOperator, Arc<SpatialLiteral>),
    /// The feature's geometry and itself: the same for all that have one.
    SpatialWithItself(bool),
    /// What the feature's geometry is made of; never unknown.
    MadeOf(Dimension),
    Temporal(TemporalOperator, Granularity, Box<[Period; 2]>),
    Array(ArrayOperator, ArrayTerm, ArrayTerm),
}

/// Two values of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Pair {
    Texts(TextTerm, TextTerm),
    Numbers(NumberTerm, NumberTerm),
    Booleans(Condition, Condition),
    Instants(Granularity, InstantTerm, InstantTerm),
}

/// A value and those that it may be, all of one kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Choice {
    Texts(TextTerm, Vec<TextTerm>),
    Numbers(NumberTerm, Vec<NumberTerm>),
    Booleans(Condition, Vec<Condition>),
    Instants(Granularity, InstantTerm, Vec<InstantTerm>),
}

/// Whatever may be null.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Text(TextTerm),
    Number(NumberTerm),
    Boolean(Box<Condition>),
    Instant(InstantTerm),
    /// Null when one of its ends is.
    Period(Period),
    Json(usize),
    Geometry,
    /// A value that is written out.
    Never,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TextTerm {
    Literal(String),
    Field(usize),
    Changed(TextChange, Box<TextTerm>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum NumberTerm {
    Literal(Number),
    Field(usize),
    Arithmetic(Arithmetic, Box<NumberTerm>, Box<NumberTerm>),
    Changed(NumberChange, Box<NumberTerm>),
    Length(Box<TextTerm>),
    Calendar(CalendarPart, InstantTerm),
}

#[derive(Clone, Debug, PartialEq)]
pub enum InstantTerm {
    Literal(Moment),
    DateField(usize),
    TimeField(usize),
}

/// A span of time, or an instant, whose ends are one.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    pub start: End,
    pub end: End,
}

/// An end of a period. The open start lies before, the open end behind every moment.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    OpenStart,
    OpenEnd,
    At(InstantTerm),
}

#[derive(Clone, Debug, PartialEq)]
pub enum ArrayTerm {
    Literal(Vec<serde_json::Value>),
    /// A field that holds JSON; unknown where that is not an array.
    Field(usize),
}

impl InstantTerm {
    pub fn is_date(&self) -> bool {
        match self {
            InstantTerm::Literal(moment) => moment.is_date(),
            InstantTerm::DateField(_) => true,
            InstantTerm::TimeField(_) => false,
        }
    }
}

impl End {
    pub fn instant(&self) -> Option<&InstantTerm> {
        match self {
            End::At(instant) => Some(instant),
            End::OpenStart | End::OpenEnd => None,
        }
    }
}
