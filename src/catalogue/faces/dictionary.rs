//! The data dictionary of a layer in the shape of CSDI's Simplified Data Specification: data
//! layers, domain tables, and each field with its type, null option and three languages.

use serde_json::{Value, json};

use super::Listing;
use crate::base::{FieldKind, Trilingual};
use crate::catalogue::LayerRecord;
use crate::catalogue::record::FieldFacts;

/// The dictionary; all languages stand side by side, as the specification has them.
pub fn dictionary(listing: &Listing<'_>) -> Value {
    let record = listing.record;
    json!({
        "dataset": {
            "id": record.id,
            "title": by_language(&record.title),
            "description": by_language(&record.abstract_text),
            "publisher": by_language(&record.department.name),
            "updateFrequency": by_language(&record.frequency.name()),
            "revision": record.revision,
            "updated": listing.updated(),
        },
        "dataLayers": [{
            "name": record.id,
            "type": match record.schema.geometry.geojson_name() {
                "" => "Table",
                kind => kind,
            },
            "featureCount": record.counts.kept,
            "description": by_language(&record.title),
        }],
        "domainTables": domains(record),
        "fields": fields(record),
    })
}

fn fields(record: &LayerRecord) -> Vec<Value> {
    record
        .schema
        .fields
        .iter()
        .zip(&record.field_facts)
        .map(|(field, facts)| {
            let mut row = json!({
                "name": field.name,
                "dataType": data_type(field.kind),
                "nullOption": if facts.filled < record.counts.kept { "Null" } else { "Not Null" },
                "title": by_language(&field.title),
                "description": by_language(&field.description),
                "filled": facts.filled,
                "distinct": facts.distinct,
            });
            if let Some((least, most)) = &facts.range {
                row["range"] = json!([least, most]);
            }
            if is_domain(facts) {
                row["domainTable"] = field.name.as_str().into();
            }
            row
        })
        .collect()
}

/// The values of fields that have few.
fn domains(record: &LayerRecord) -> Vec<Value> {
    let fields = record.schema.fields.iter().zip(&record.field_facts);
    fields
        .filter(|(_, facts)| is_domain(facts))
        .map(|(field, facts)| {
            let values: Vec<Value> =
                facts.commonest.iter().map(|(value, count)| json!({ "value": value, "count": count })).collect();
            json!({ "name": field.name, "title": by_language(&field.title), "values": values })
        })
        .collect()
}

/// Whether the commonest values are all that there are.
fn is_domain(facts: &FieldFacts) -> bool {
    let listed = facts.commonest.len() as u64;
    listed > 1 && facts.distinct == Some(listed)
}

fn data_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Json => "String",
        FieldKind::Integer => "Integer",
        FieldKind::Real => "Double",
        FieldKind::Boolean => "Boolean",
        FieldKind::Date => "Date",
        FieldKind::DateTime => "DateTime",
    }
}

fn by_language(text: &Trilingual) -> Value {
    json!({ "en": text.en, "tc": text.zh_hant, "sc": text.zh_hans })
}
