//! One list of fields out of the fields of several files.

use super::protocol::{SourceSchema, WorkerSource};
use super::{DeliveryError, ReadRequest, SourceFacts, SourceFeature, SourceField};
use crate::base::{FieldKind, Value};

/// Makes one list of fields out of the fields of several files, by name, in order of first sight.
#[derive(Default)]
pub struct Unifier {
    pub fields: Vec<SourceField>,
    pub facts: SourceFacts,
    /// For each source and each of its fields the place in the common list.
    places: Vec<Vec<usize>>,
    /// For each source the name of its file, where the definition keeps it as the first field.
    file_names: Vec<Option<String>>,
    /// There is one source, whose fields are all there are.
    is_alone: bool,
}

impl Unifier {
    pub fn over(
        schemas: &[SourceSchema],
        sources: &[WorkerSource],
        request: &ReadRequest,
    ) -> Result<Self, DeliveryError> {
        let mut unifier = Unifier {
            facts: SourceFacts {
                files: Vec::new(),
                ..schemas.first().map(|schema| schema.facts.clone()).unwrap_or_default()
            },
            ..Unifier::default()
        };
        if let Some(name) = &request.file_name_field {
            unifier.fields.push(SourceField { name: name.clone(), kind: FieldKind::Text, untyped: false });
        }
        for (schema, source) in schemas.iter().zip(sources) {
            let own = |name: &&String| schema.fields.iter().any(|field| field.name == **name);
            if let Some(name) = request.file_name_field.as_ref().filter(own) {
                return Err(DeliveryError::Refused(format!(
                    "{} has a field \"{name}\" of its own; give file_name_field another name",
                    source.shown
                )));
            }
            let mut places = Vec::with_capacity(schema.fields.len());
            for field in &schema.fields {
                places.push(unifier.place(field, &places));
            }
            unifier.places.push(places);
            unifier.file_names.push(request.file_name_field.as_ref().map(|_| stem(&source.shown)));
            unifier.facts.files.push(source.shown.clone());
            for note in &schema.facts.notes {
                if !unifier.facts.notes.contains(note) {
                    unifier.facts.notes.push(note.clone());
                }
            }
        }
        unifier.is_alone = schemas.len() == 1 && request.file_name_field.is_none();
        Ok(unifier)
    }

    /// Fields of one name but different kinds become text. A name that one source has twice is
    /// two fields, of which the second gets a number: `taken` are the source's fields so far.
    fn place(&mut self, field: &SourceField, taken: &[usize]) -> usize {
        let mut field = field.clone();
        let original = field.name.clone();
        let mut number = 1;
        while taken.iter().any(|place| self.fields[*place].name == field.name) {
            number += 1;
            field.name = format!("{original}_{number}");
        }
        match self.fields.iter().position(|known| known.name == field.name) {
            Some(place) => {
                let known = &mut self.fields[place];
                if known.kind != field.kind {
                    known.kind = match (known.kind, field.kind) {
                        (FieldKind::Integer, FieldKind::Real) | (FieldKind::Real, FieldKind::Integer) => {
                            FieldKind::Real
                        }
                        _ => FieldKind::Text,
                    };
                }
                place
            }
            None => {
                self.fields.push(field);
                self.fields.len() - 1
            }
        }
    }

    pub fn unify(&self, mut feature: SourceFeature, source: usize) -> Result<SourceFeature, DeliveryError> {
        let broken = || DeliveryError::WorkerFailed("a feature does not fit its announced fields".to_owned());
        let places = self.places.get(source).ok_or_else(broken)?;
        if places.len() != feature.values.len() {
            return Err(broken());
        }
        if self.is_alone {
            return Ok(feature);
        }
        let mut values = vec![Value::Null; self.fields.len()];
        for (place, value) in places.iter().zip(feature.values) {
            values[*place] = fitted(value, self.fields[*place].kind);
        }
        if let Some(Some(name)) = self.file_names.get(source) {
            values[0] = Value::Text(name.clone());
        }
        feature.values = values;
        feature.file = source;
        Ok(feature)
    }
}

fn fitted(value: Value, kind: FieldKind) -> Value {
    match (value, kind) {
        (Value::Integer(number), FieldKind::Real) => Value::Real(number as f64),
        (Value::Integer(number), FieldKind::Text) => Value::Text(number.to_string()),
        (Value::Real(number), FieldKind::Text) => Value::Text(number.to_string()),
        (Value::Boolean(truth), FieldKind::Text) => Value::Text(truth.to_string()),
        (value, _) => value,
    }
}

fn stem(shown: &str) -> String {
    let name = shown.rsplit(" → ").next().unwrap_or(shown);
    let name = name.rsplit('/').next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
