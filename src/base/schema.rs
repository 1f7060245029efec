//! What the features of a layer look like: fields, their kinds and titles, and values of them.

use serde::{Deserialize, Serialize};

use super::{GeometryKind, Trilingual};

/// The fields of a layer in the order of the delivery, and the kind of its geometry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    pub geometry: GeometryKind,
    #[serde(default)]
    pub has_z: bool,
    #[serde(default)]
    pub has_m: bool,
    pub fields: Vec<Field>,
}

/// One field. `name` is what the department wrote and what the world sees; `column` is where it
/// stands in the package, where names must differ regardless of case and may not be ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    pub column: String,
    pub kind: FieldKind,
    pub title: Trilingual,
    #[serde(default, skip_serializing_if = "Trilingual::is_empty")]
    pub description: Trilingual,
}

impl Field {
    /// A field that is called alike everywhere and that nobody has described.
    pub fn untitled(name: &str, kind: FieldKind) -> Self {
        Field {
            name: name.to_owned(),
            column: name.to_owned(),
            kind,
            title: Trilingual::default(),
            description: Trilingual::default(),
        }
    }
}

/// The kinds of value. Dates are `YYYY-MM-DD`; times are RFC 3339 in UTC with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    Text,
    Integer,
    Real,
    Boolean,
    Date,
    DateTime,
    Json,
}

/// One value of a feature. Dates and times are text in the form of [`FieldKind`].
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Boolean(bool),
    Text(String),
}

impl Schema {
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

impl FieldKind {
    /// Whether features can be sorted by such values: lists and objects have no first and last.
    pub fn has_order(self) -> bool {
        self != FieldKind::Json
    }

    /// The SQL type of the GeoPackage specification, OGC 12-128r17 Table 1.
    pub fn gpkg_type(self) -> &'static str {
        match self {
            FieldKind::Text | FieldKind::Json => "TEXT",
            FieldKind::Integer => "INTEGER",
            FieldKind::Real => "REAL",
            FieldKind::Boolean => "BOOLEAN",
            FieldKind::Date => "DATE",
            FieldKind::DateTime => "DATETIME",
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            FieldKind::Text => "text",
            FieldKind::Integer => "integer",
            FieldKind::Real => "real",
            FieldKind::Boolean => "boolean",
            FieldKind::Date => "date",
            FieldKind::DateTime => "datetime",
            FieldKind::Json => "json",
        }
    }
}
