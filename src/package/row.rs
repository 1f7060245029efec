//! One row on its way out, borrowed from SQLite.

use rusqlite::types::ValueRef as SqlValue;

use crate::base::{FeatureId, FieldKind, Schema, Value};

/// Columns before the fields in every statement that yields a [`Row`]: public id, place, geometry.
pub(super) const LEADING_COLUMNS: usize = 3;

/// A feature that is passing through. Fields are addressed by their place in the schema.
pub struct Row<'a> {
    sql: &'a rusqlite::Row<'a>,
    schema: &'a Schema,
}

/// A value borrowed from the page it stands on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ValueRef<'a> {
    Null,
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Text(&'a str),
    /// Text that is JSON and goes out as such.
    Json(&'a str),
}

impl<'a> Row<'a> {
    pub(super) fn new(sql: &'a rusqlite::Row<'a>, schema: &'a Schema) -> Self {
        Row { sql, schema }
    }

    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    pub fn id(&self) -> FeatureId {
        let id: i64 = self.sql.get(0).unwrap_or_default();
        FeatureId::from_hash(id as u64)
    }

    /// The row's place in the package, for cursors.
    pub fn place(&self) -> i64 {
        self.sql.get(1).unwrap_or_default()
    }

    /// The GeoPackage blob; `None` where the feature has no geometry.
    pub fn geometry(&self) -> Option<&'a [u8]> {
        match self.sql.get_ref(2) {
            Ok(SqlValue::Blob(blob)) => Some(blob),
            _ => None,
        }
    }

    pub fn value(&self, field: usize) -> ValueRef<'a> {
        let kind = self.schema.fields[field].kind;
        match self.sql.get_ref(LEADING_COLUMNS + field) {
            Ok(SqlValue::Integer(number)) if kind == FieldKind::Boolean => ValueRef::Boolean(number != 0),
            Ok(SqlValue::Integer(number)) => ValueRef::Integer(number),
            Ok(SqlValue::Real(number)) => ValueRef::Real(number),
            Ok(SqlValue::Text(bytes)) => match std::str::from_utf8(bytes) {
                Ok(text) if kind == FieldKind::Json => ValueRef::Json(text),
                Ok(text) => ValueRef::Text(text),
                // Ingest writes only UTF-8 and verifies it; a damaged file yields nulls, not panics.
                Err(_) => ValueRef::Null,
            },
            _ => ValueRef::Null,
        }
    }

    /// All values, owned, for pages.
    pub fn values(&self) -> Vec<Value> {
        (0..self.schema.fields.len()).map(|field| self.value(field).to_owned()).collect()
    }
}

impl ValueRef<'_> {
    pub fn to_owned(self) -> Value {
        match self {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(number) => Value::Integer(number),
            ValueRef::Real(number) => Value::Real(number),
            ValueRef::Boolean(truth) => Value::Boolean(truth),
            ValueRef::Text(text) | ValueRef::Json(text) => Value::Text(text.to_owned()),
        }
    }
}
