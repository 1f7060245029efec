//! The fields of a layer as JSON Schema: what can be asked for, what is sorted by, what a feature looks like.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::landing::json_or_twin;
use super::routes::{Context, Reply};
use crate::access::Action;
use crate::base::{FieldKind, GeometryKind, Language};
use crate::catalogue::LayerRecord;
use crate::definition::TimeFields;

/// Which part of a layer's fields a schema speaks of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SchemaOf {
    /// What can be asked for, OGC 19-079r2 §6.2.
    Queryables,
    Sortables,
    /// What a feature looks like, OGC API Features Part 5.
    Feature,
}

impl SchemaOf {
    fn name(self) -> &'static str {
        match self {
            SchemaOf::Queryables => "queryables",
            SchemaOf::Sortables => "sortables",
            SchemaOf::Feature => "schema",
        }
    }
}

pub async fn queryables(context: Context) -> Reply {
    schema_of(context, SchemaOf::Queryables)
}

pub async fn sortables(context: Context) -> Reply {
    schema_of(context, SchemaOf::Sortables)
}

pub async fn schema(context: Context) -> Reply {
    schema_of(context, SchemaOf::Feature)
}

fn schema_of(mut context: Context, what: SchemaOf) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let snapshot = context.app.snapshot();
    let (layer, _) = context.app.permitted(&snapshot, context.place("layer"), Action::ReadFacts)?;
    let ask = &context.ask;
    let document = schema_document(&layer.record, &ask.base, ask.language, what);
    if ask.wants_html {
        return Ok(json_or_twin(&context, &document, layer.record.title.get(ask.language)));
    }
    Ok(Arc::new(Answer::json(&document).of_type("application/schema+json").in_language(ask.language)))
}

/// Fields as JSON Schema with their titles in the asked language.
fn schema_document(record: &LayerRecord, base: &str, language: Language, what: SchemaOf) -> Value {
    let mut properties = Map::new();
    if record.schema.geometry != GeometryKind::None && what != SchemaOf::Sortables {
        let format = match record.schema.geometry {
            GeometryKind::GeometryCollection => "geometry-any".to_owned(),
            kind => format!("geometry-{}", kind.geojson_name().to_lowercase()),
        };
        properties.insert("geometry".to_owned(), json!({ "format": format, "x-ogc-role": "primary-geometry" }));
    }
    let is_listed = |kind: FieldKind| what != SchemaOf::Sortables || kind.has_order();
    for field in record.schema.fields.iter().filter(|field| is_listed(field.kind)) {
        let mut property = json_type(field.kind);
        property["title"] = field.title.get(language).into();
        let description = field.description.get(language);
        if !description.is_empty() {
            property["description"] = description.into();
        }
        if let Some(role) = role_of(&field.name, record).filter(|_| what == SchemaOf::Feature) {
            property["x-ogc-role"] = role.into();
        }
        properties.insert(field.name.clone(), property);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{base}/collections/{}/{}", record.id, what.name()),
        "type": "object",
        "title": record.title.get(language),
        "properties": properties,
        "additionalProperties": false,
    })
}

/// The part that a field plays in a feature.
fn role_of(field: &str, record: &LayerRecord) -> Option<&'static str> {
    match record.time.as_ref()? {
        TimeFields::Instant(name) if name == field => Some("primary-instant"),
        TimeFields::Interval { start, .. } if start == field => Some("primary-interval-start"),
        TimeFields::Interval { end, .. } if end == field => Some("primary-interval-end"),
        _ => None,
    }
}

/// The JSON Schema type of a field.
pub fn json_type(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Text => json!({ "type": "string" }),
        FieldKind::Integer => json!({ "type": "integer" }),
        FieldKind::Real => json!({ "type": "number" }),
        FieldKind::Boolean => json!({ "type": "boolean" }),
        FieldKind::Date => json!({ "type": "string", "format": "date" }),
        FieldKind::DateTime => json!({ "type": "string", "format": "date-time" }),
        FieldKind::Json => json!({ "type": ["array", "object"] }),
    }
}
