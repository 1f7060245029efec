//! Records as features of a schema, so that the filters of features choose among them too: OGC API
//! Records 1.0 §11 (searchable-catalog-filtering), the property names of its Table 8.

use std::sync::LazyLock;

use geo_types::{Geometry, Rect, coord};
use serde_json::{Value as Json, json};

use super::moment;
use crate::base::{Field, FieldKind, GeometryKind, Language, Schema, Value};
use crate::catalogue::LayerRecord;
use crate::filter::{Feature, Filter};

/// Properties in the order of [`values`].
static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let text = |name| Field::untitled(name, FieldKind::Text);
    Schema {
        geometry: GeometryKind::Polygon,
        has_z: false,
        has_m: false,
        fields: vec![
            text("id"),
            text("type"),
            text("title"),
            text("description"),
            Field::untitled("keywords", FieldKind::Json),
            Field::untitled("updated", FieldKind::DateTime),
            text("license"),
            text("department"),
            text("theme"),
            text("geometryType"),
            Field::untitled("numberOfFeatures", FieldKind::Integer),
        ],
    }
});

/// What a filter of records is checked against.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

/// Whether a filter that fits [`schema`] chooses a record, its texts in a language.
pub fn chooses(filter: &Filter, record: &LayerRecord, language: Language) -> bool {
    if filter.conditions.is_empty() {
        return true;
    }
    let geometry = record.extent.map(|extent| {
        let (low, high) =
            (coord! { x: extent.west_deg, y: extent.south_deg }, coord! { x: extent.east_deg, y: extent.north_deg });
        Geometry::Polygon(Rect::new(low, high).to_polygon())
    });
    filter.chooses(Feature { values: &values(record, language), geometry: geometry.as_ref() })
}

fn values(record: &LayerRecord, language: Language) -> [Value; 11] {
    let text = |text: &str| Value::Text(text.to_owned());
    [
        text(record.id.as_str()),
        text("dataset"),
        text(record.title.get(language)),
        text(record.abstract_text.get(language)),
        text(&json!(record.keywords.get(language)).to_string()),
        text(&moment(record.published)),
        text(&record.licence.spdx),
        text(&record.department.code),
        record.theme.as_ref().map_or(Value::Null, |theme| text(&theme.id)),
        text(record.schema.geometry.geojson_name()),
        i64::try_from(record.counts.kept).map_or(Value::Null, Value::Integer),
    ]
}

/// The JSON Schema of each property, the geometry first.
pub fn properties() -> Vec<(&'static str, Json)> {
    let geometry = ("geometry", json!({ "format": "geometry-polygon", "x-ogc-role": "primary-geometry" }));
    let of_field = |field: &'static Field| {
        let mut property = match field.kind {
            FieldKind::Json => json!({ "type": "array", "items": { "type": "string" } }),
            FieldKind::DateTime => json!({ "type": "string", "format": "date-time" }),
            FieldKind::Integer => json!({ "type": "integer" }),
            _ => json!({ "type": "string" }),
        };
        match field.name.as_str() {
            "id" => property["x-ogc-role"] = "id".into(),
            "type" => property["enum"] = json!(["dataset"]),
            _ => {}
        }
        (field.name.as_str(), property)
    };
    std::iter::once(geometry).chain(SCHEMA.fields.iter().map(of_field)).collect()
}
