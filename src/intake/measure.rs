//! What is measured of each field while the package is written.

use hashbrown::HashMap;
use std::borrow::Cow;

use crate::base::{FieldKind, Value};
use crate::catalogue::record::FieldFacts;

/// Watches one field.
pub struct FieldMeasure {
    kind: FieldKind,
    filled: u64,
    counts: Option<HashMap<String, u64>>,
    smallest: Option<Value>,
    largest: Option<Value>,
}

impl FieldMeasure {
    pub fn new(kind: FieldKind) -> Self {
        FieldMeasure { kind, filled: 0, counts: Some(HashMap::new()), smallest: None, largest: None }
    }

    pub fn see(&mut self, value: &Value) {
        if *value == Value::Null {
            return;
        }
        self.filled += 1;
        if let Some(counts) = &mut self.counts {
            let text = shown(value);
            // Most values were seen before, and those need no text of their own.
            match counts.get_mut(&*text) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(text.into_owned(), 1);
                }
            }
            if counts.len() > FieldFacts::DISTINCT_MAX {
                self.counts = None;
            }
        }
        if !matches!(self.kind, FieldKind::Text | FieldKind::Json | FieldKind::Boolean) {
            if self.smallest.as_ref().is_none_or(|smallest| is_less(value, smallest)) {
                self.smallest = Some(value.clone());
            }
            if self.largest.as_ref().is_none_or(|largest| is_less(largest, value)) {
                self.largest = Some(value.clone());
            }
        }
    }

    pub fn finish(self) -> FieldFacts {
        let distinct = self.counts.as_ref().map(|counts| counts.len() as u64);
        let mut commonest: Vec<(String, u64)> = self.counts.unwrap_or_default().into_iter().collect();
        commonest.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let all_differ =
            commonest.first().is_none_or(|(_, count)| *count == 1) && commonest.len() > FieldFacts::COMMONEST;
        commonest.truncate(if all_differ { 0 } else { FieldFacts::COMMONEST });
        FieldFacts {
            filled: self.filled,
            distinct,
            commonest,
            range: self
                .smallest
                .zip(self.largest)
                .map(|(smallest, largest)| (shown(&smallest).into_owned(), shown(&largest).into_owned())),
        }
    }
}

fn shown(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Integer(number) => Cow::Owned(number.to_string()),
        Value::Real(number) => Cow::Owned(number.to_string()),
        Value::Boolean(truth) => Cow::Owned(truth.to_string()),
        Value::Text(text) => Cow::Borrowed(text),
    }
}

fn is_less(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a < b,
        (Value::Real(a), Value::Real(b)) => a < b,
        (Value::Text(a), Value::Text(b)) => a < b,
        _ => false,
    }
}
