//! Where a page begins: after or before a row, in the order of the walk. The row's own values say
//! where that is, so a cursor needs its place alone and the last page costs what the first does.

use super::parameters::Parameters;
use super::plan::Plan;
use super::{FeatureQuery, Start, Turn};
use crate::base::Value;
use crate::package::{OpenPackage, PackageError};

/// What a walk is sorted by, before the places of its rows.
pub(super) struct Key {
    /// As the statement of a page names it.
    pub column: String,
    pub is_falling: bool,
}

/// How rows are compared with the one at a place.
pub(super) struct Landmark {
    place: i64,
    /// Its values of what is sorted by; `None` where there is no such row.
    values: Option<Vec<Value>>,
}

impl Landmark {
    /// `row` is the rest of the statement that finds it with its keys, and the values of that.
    pub fn read(
        package: &OpenPackage,
        keys: &[Key],
        row: (String, Parameters),
        place: i64,
    ) -> Result<Self, PackageError> {
        if keys.is_empty() {
            return Ok(Landmark { place, values: Some(Vec::new()) });
        }
        let columns: Vec<String> = keys.iter().map(|key| key.column.clone()).collect();
        let found = package.select_values(&columns, &row.0, &row.1.values(), <[Value]>::to_vec)?;
        Ok(Landmark { place, values: found.into_iter().next() })
    }

    /// The condition that a row stands beyond this one. SQLite takes nulls for the least of all.
    pub fn beyond(&self, keys: &[Key], turn: Turn, parameters: &mut Parameters) -> String {
        let Some(values) = &self.values else { return "0".to_owned() };
        let place = parameters.bind(self.place);
        let mut condition = format!("t.fid {} {place}", if turn == Turn::Onward { '>' } else { '<' });
        for (key, value) in keys.iter().zip(values).rev() {
            let column = &key.column;
            let is_rising = key.is_falling != (turn == Turn::Onward);
            condition = match (bound(value, parameters), is_rising) {
                (None, true) => format!("({column} IS NOT NULL OR {condition})"),
                (None, false) => format!("({column} IS NULL AND {condition})"),
                (Some(value), true) => format!("({column} > {value} OR ({column} = {value} AND {condition}))"),
                (Some(value), false) => {
                    format!("({column} < {value} OR {column} IS NULL OR ({column} = {value} AND {condition}))")
                }
            };
        }
        condition
    }
}

/// The place of a value in the statement; none for null.
fn bound(value: &Value, parameters: &mut Parameters) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Integer(number) => Some(parameters.bind(*number)),
        Value::Real(number) => Some(parameters.bind(*number)),
        Value::Boolean(truth) => Some(parameters.bind(*truth)),
        Value::Text(text) => Some(parameters.bind(text.clone())),
    }
}

/// The page that ends before a row begins after another, which is found by walking back; and holds
/// fewer rows where the walk's beginning is nearer than that.
pub(super) fn beginning(package: &OpenPackage, query: &FeatureQuery) -> Result<(Start, u32), PackageError> {
    let Start::Before(place) = query.start else { return Ok((query.start, query.limit)) };
    let plan: Plan = super::plan::plan(package, query)?;
    let (rest, parameters) = plan.back_from(package, query, place)?;
    let places = package.select_values(&["t.fid".to_owned()], &rest, &parameters.values(), |values| match values {
        [Value::Integer(place)] => *place,
        _ => 0,
    })?;
    Ok(match places.get(query.limit as usize) {
        Some(last_before) => (Start::After(*last_before), query.limit),
        None => (Start::Offset(0), u32::try_from(places.len()).unwrap_or(query.limit)),
    })
}
