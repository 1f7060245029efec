//! A filter as it was written, before anything is known of the layer: what the text and the JSON
//! of one filter have in common. OGC 21-065r2 (CQL2).

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::FilterFault;
use super::arithmetic::{Arithmetic, Number};
use super::array::ArrayOperator;
use super::spatial::SpatialOperator;
use super::temporal::TemporalOperator;
use crate::base::limits;

pub(super) use crate::base::instant::moment as read_timestamp;

/// A part of a filter and where it stands. Equal parts are equal wherever they stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub expression: Expression,
    pub place: Place,
    /// Levels of nodes from here down, this one included.
    depth: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    Text(String),
    Number(Number),
    Boolean(bool),
    Date(Date),
    Timestamp(Timestamp),
    /// Coordinates as written, in the axis order of the filter's coordinate system; heights are left out.
    Geometry(geo_types::Geometry<f64>),
    /// The lower and upper edges of the first axis and of the second: west, south, east, north in CRS84.
    BBox([f64; 4]),
    Interval(Box<[Node; 2]>),
    /// `'..'`, the open end of an interval.
    OpenEnd,
    Property(String),
    Array(Vec<Node>),
    Operation(Operator, Vec<Node>),
    Function(String, Vec<Node>),
}

/// Every operator and function of the standard itself. `In` has a value and an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    And,
    Or,
    Not,
    Compare(Comparison),
    Like,
    Between,
    In,
    IsNull,
    CaseFold,
    AccentFold,
    Arithmetic(Arithmetic),
    Spatial(SpatialOperator),
    Temporal(TemporalOperator),
    Array(ArrayOperator),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
}

/// Where something stands in a filter; no part of what the filter means.
#[derive(Clone, Debug, Default)]
pub enum Place {
    #[default]
    Nowhere,
    /// In a text, counted in characters from 1.
    Character(usize),
    /// In JSON, as RFC 6901 writes it.
    Pointer(String),
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Nowhere => f.write_str("in the filter"),
            Place::Character(number) => write!(f, "at character {number} of the filter"),
            Place::Pointer(pointer) if pointer.is_empty() => f.write_str("at the top of the filter"),
            Place::Pointer(pointer) => write!(f, "at {pointer} of the filter"),
        }
    }
}

/// Counts what a filter is made of while it is read, and refuses more than it may have.
#[derive(Debug, Default)]
pub struct Growth {
    nodes: usize,
    vertices: usize,
}

impl Growth {
    pub fn node(&mut self, expression: Expression, place: Place) -> Result<Node, FilterFault> {
        self.nodes += 1;
        let depth = 1 + expression.children().iter().map(|child| child.depth).max().unwrap_or(0);
        within("parts", self.nodes, limits::FILTER_NODES_MAX)?;
        within("levels of nesting", depth, limits::FILTER_DEPTH_MAX)?;
        within("values in one list", expression.children().len(), limits::FILTER_LIST_MAX)?;
        Ok(Node { expression, place, depth })
    }

    pub fn vertex(&mut self) -> Result<(), FilterFault> {
        self.vertices += 1;
        within("vertices", self.vertices, limits::FILTER_VERTICES_MAX)
    }
}

pub(super) fn within(what: &'static str, count: usize, most: usize) -> Result<(), FilterFault> {
    if count > most { Err(FilterFault::TooMuch { what, most }) } else { Ok(()) }
}

impl Expression {
    fn children(&self) -> &[Node] {
        match self {
            Expression::Interval(ends) => ends.as_slice(),
            Expression::Array(nodes) | Expression::Operation(_, nodes) | Expression::Function(_, nodes) => nodes,
            _ => &[],
        }
    }
}

impl Comparison {
    pub const ALL: [Comparison; 6] = [
        Comparison::Equal,
        Comparison::NotEqual,
        Comparison::Less,
        Comparison::Greater,
        Comparison::LessOrEqual,
        Comparison::GreaterOrEqual,
    ];

    pub fn sign(self) -> &'static str {
        match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::Greater => ">",
            Comparison::LessOrEqual => "<=",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    /// Whether two values that stand in this order fulfil the comparison.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::Greater => order.is_gt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Operator {
    pub fn all() -> impl Iterator<Item = Operator> {
        let plain = [
            Operator::And,
            Operator::Or,
            Operator::Not,
            Operator::Like,
            Operator::Between,
            Operator::In,
            Operator::IsNull,
            Operator::CaseFold,
            Operator::AccentFold,
        ];
        plain
            .into_iter()
            .chain(Comparison::ALL.map(Operator::Compare))
            .chain(Arithmetic::ALL.map(Operator::Arithmetic))
            .chain(SpatialOperator::ALL.map(Operator::Spatial))
            .chain(TemporalOperator::ALL.map(Operator::Temporal))
            .chain(ArrayOperator::ALL.map(Operator::Array))
    }

    /// The name in the `op` member of JSON; in text the same word in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Operator::And => "and",
            Operator::Or => "or",
            Operator::Not => "not",
            Operator::Compare(comparison) => comparison.sign(),
            Operator::Like => "like",
            Operator::Between => "between",
            Operator::In => "in",
            Operator::IsNull => "isNull",
            Operator::CaseFold => "casei",
            Operator::AccentFold => "accenti",
            Operator::Arithmetic(arithmetic) => arithmetic.sign(),
            Operator::Spatial(spatial) => spatial.name(),
            Operator::Temporal(temporal) => temporal.name(),
            Operator::Array(array) => array.name(),
        }
    }

    /// Whether the text writes it as a name before arguments in brackets.
    pub fn is_call(self) -> bool {
        matches!(
            self,
            Operator::CaseFold
                | Operator::AccentFold
                | Operator::Spatial(_)
                | Operator::Temporal(_)
                | Operator::Array(_)
        )
    }

    /// How many arguments it has: the fewest and the most.
    pub fn arity(self) -> (usize, usize) {
        match self {
            Operator::And | Operator::Or => (2, limits::FILTER_LIST_MAX),
            Operator::Not | Operator::IsNull | Operator::CaseFold | Operator::AccentFold => (1, 1),
            Operator::Between => (3, 3),
            _ => (2, 2),
        }
    }
}

/// A date as `YYYY-MM-DD`; nothing shorter or longer.
pub(super) fn read_date(text: &str) -> Option<Date> {
    let is_formed = matches_form(text, "dddd-dd-dd");
    is_formed.then(|| text.parse().ok()).flatten()
}

/// `d` in the form stands for a digit, all else for itself.
fn matches_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text.bytes().zip(form.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            wanted => byte == wanted,
        })
}
