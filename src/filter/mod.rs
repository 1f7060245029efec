//! Filters: one tree of conditions, typed by a schema, whatever language it was written in.
//!
//! Comes in: values of query parameters. Goes out: conditions whose names and values fit the
//! schema. Must not know: SQL, HTTP.

use crate::base::ids::cut;
use crate::base::{FieldKind, Schema, Value};

/// All of these hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub conditions: Vec<Condition>,
}

/// One field has one value.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Place of the field in the schema.
    pub field: usize,
    pub value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterFault {
    #[error("the value \"{value}\" of {field} is not {wanted}")]
    Value { field: String, value: String, wanted: &'static str },
}

impl Filter {
    /// Adds `field = text`, the text read as the field's kind. False when there is no such field.
    pub fn add_equality(&mut self, schema: &Schema, name: &str, text: &str) -> Result<bool, FilterFault> {
        let Some(field) = schema.field_index(name) else { return Ok(false) };
        let kind = schema.fields[field].kind;
        let value = value_of(kind, text).ok_or_else(|| FilterFault::Value {
            field: cut(name),
            value: cut(text),
            wanted: wanted(kind),
        })?;
        self.conditions.push(Condition { field, value });
        Ok(true)
    }
}

fn value_of(kind: FieldKind, text: &str) -> Option<Value> {
    match kind {
        FieldKind::Text | FieldKind::Json => Some(Value::Text(text.to_owned())),
        FieldKind::Integer => text.parse().ok().map(Value::Integer),
        FieldKind::Real => text.parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Real),
        FieldKind::Boolean => match text {
            "true" => Some(Value::Boolean(true)),
            "false" => Some(Value::Boolean(false)),
            _ => None,
        },
        FieldKind::Date => text.parse::<jiff::civil::Date>().ok().map(|date| Value::Text(date.to_string())),
        FieldKind::DateTime => text
            .replace(' ', "+")
            .parse::<jiff::Timestamp>()
            .ok()
            .map(|time| Value::Text(time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())),
    }
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
