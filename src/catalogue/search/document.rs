//! What a record is found by, be it of a layer here or of another catalogue.

use crate::base::{FieldKind, Language, Trilingual};
use crate::catalogue::{LayerRecord, RemoteRecord};

/// The texts of one record.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    pub title: &'a Trilingual,
    pub keywords: Vec<&'a str>,
    pub publisher: Vec<&'a str>,
    pub text: &'a Trilingual,
    /// Measured values, with the share of features that have them, from 0 to 255.
    pub values: Vec<(String, u8)>,
    pub as_at: Option<jiff::civil::Date>,
    pub is_earlier_edition: bool,
}

impl<'a> Document<'a> {
    pub fn of_layer(record: &'a LayerRecord) -> Self {
        let theme = record.theme.iter().flat_map(|theme| every(&theme.name));
        let ids = [record.department.code.as_str(), record.id.as_str()];
        Document {
            title: &record.title,
            keywords: Language::ALL
                .iter()
                .flat_map(|language| record.keywords.get(*language))
                .map(String::as_str)
                .collect(),
            publisher: every(&record.department.name).into_iter().chain(theme).chain(ids).collect(),
            text: &record.abstract_text,
            values: values_of(record),
            as_at: record.data_as_at,
            is_earlier_edition: record.edition_of.is_some(),
        }
    }

    pub fn of_remote(record: &'a RemoteRecord) -> Self {
        Document {
            title: &record.title,
            keywords: record.keywords.iter().map(String::as_str).collect(),
            publisher: every(&record.publisher).into_iter().collect(),
            text: &record.text,
            values: Vec::new(),
            as_at: record.updated.map(|moment| jiff::tz::TimeZone::UTC.to_datetime(moment).date()),
            is_earlier_edition: false,
        }
    }
}

/// A text in its languages.
pub fn every(text: &Trilingual) -> [&str; 3] {
    [&text.en, &text.zh_hant, &text.zh_hans]
}

/// Field titles and the short values of fields that repeat, with the share of features that have
/// them, from 0 to 255. Numbers, addresses and the like say nothing about a layer.
fn values_of(record: &LayerRecord) -> Vec<(String, u8)> {
    const VALUE_CHARACTERS: usize = 40;
    const DISTINCT: u64 = 300;
    const FIELD_SHARE: u8 = 20;
    let mut values = Vec::new();
    let kept = record.counts.kept.max(1) as f32;
    for (field, facts) in record.schema.fields.iter().zip(&record.field_facts) {
        values.extend(every(&field.title).map(|title| (title.to_owned(), FIELD_SHARE)));
        let tells = field.kind == FieldKind::Text && facts.distinct.is_some_and(|distinct| distinct <= DISTINCT);
        for (value, count) in facts.commonest.iter().filter(|_| tells) {
            if value.chars().count() <= VALUE_CHARACTERS && value.chars().any(char::is_alphabetic) {
                let share = (*count as f32 / kept * f32::from(u8::MAX)).clamp(1.0, f32::from(u8::MAX));
                values.push((value.clone(), share as u8));
            }
        }
    }
    values
}
