//! JSON-FG (OGC 21-045r1): what a feature says beyond GeoJSON. Its own time; its place in any
//! coordinate system; its type and schema.

use serde_json::{Map, Value, json};

use super::Selection;
use crate::base::geometry_kind::Dimension;
use crate::base::{FieldKind, LayerId, Schema};
use crate::crs::System;
use crate::definition::TimeFields;
use crate::package::{Row, ValueRef};

/// Which members features in JSON have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// GeoJSON as it is.
    #[default]
    Rfc7946,
    JsonFg,
    /// With a `geometry` in CRS84 beside a `place` in another system.
    JsonFgPlus,
}

impl Profile {
    pub const ALL: [Profile; 3] = [Profile::Rfc7946, Profile::JsonFg, Profile::JsonFgPlus];

    /// The value of `profile`, which also ends the profile's address.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Rfc7946 => "rfc7946",
            Profile::JsonFg => "jsonfg",
            Profile::JsonFgPlus => "jsonfg-plus",
        }
    }

    pub fn by_name(name: &str) -> Option<Self> {
        Profile::ALL.into_iter().find(|profile| profile.name() == name)
    }

    pub fn address(self) -> String {
        format!("http://www.opengis.net/def/profile/OGC/0/{}", self.name())
    }
}

/// The classes of the standard that every such document keeps to.
pub const CONFORMANCE: [&str; 2] = [
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas",
];

/// Whether coordinates of a system stand in `place`: `geometry` is that of GeoJSON.
pub fn is_place(system: System) -> bool {
    !matches!(system, System::Crs84 | System::Crs84h)
}

/// What stands once, beside `type` of the document.
pub fn root_members(
    layer: &LayerId,
    schema: &Schema,
    schema_address: &str,
    selection: &Selection,
) -> Map<String, Value> {
    let dimension = match schema.geometry.dimension() {
        Dimension::Points => Some(0),
        Dimension::Lines => Some(1),
        Dimension::Areas => Some(2),
        _ => None,
    };
    let mut members = Map::new();
    members.insert("conformsTo".to_owned(), json!(CONFORMANCE));
    members.insert("featureType".to_owned(), json!(layer));
    members.insert("featureSchema".to_owned(), json!(schema_address));
    members.insert("geometryDimension".to_owned(), json!(dimension));
    if is_place(selection.system) {
        members.insert("coordRefSys".to_owned(), json!(selection.system.uri()));
    }
    members
}

/// The fields of a feature's own time, by their places in the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimePlaces {
    Instant(usize),
    Interval(usize, usize),
}

impl TimePlaces {
    /// `None` where the schema lacks a field: the feature then has no time.
    pub fn of(fields: &TimeFields, schema: &Schema) -> Option<Self> {
        Some(match fields {
            TimeFields::Instant(name) => TimePlaces::Instant(schema.field_index(name)?),
            TimeFields::Interval { start, end } => {
                TimePlaces::Interval(schema.field_index(start)?, schema.field_index(end)?)
            }
        })
    }

    /// The member `time`, §7.4 of the standard; null where the feature has none.
    pub fn member(self, row: &Row<'_>) -> Value {
        let schema = row.schema();
        let moment = |field: usize| match row.value(field) {
            ValueRef::Text(text) => Some(text.to_owned()),
            _ => None,
        };
        match self {
            TimePlaces::Instant(field) => match moment(field) {
                Some(text) if schema.fields[field].kind == FieldKind::Date => json!({ "date": text }),
                Some(text) => json!({ "timestamp": text }),
                None => Value::Null,
            },
            TimePlaces::Interval(start, end) => match (moment(start), moment(end)) {
                (None, None) => Value::Null,
                (first, last) => json!({ "interval": [bound(first), bound(last)] }),
            },
        }
    }
}

/// An end of an interval; two dots where it is open.
fn bound(moment: Option<String>) -> String {
    moment.unwrap_or_else(|| "..".to_owned())
}
