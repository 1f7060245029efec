//! How a layer's features divide, as bars: drawn from what was counted when it was taken in, so that
//! a page of a large layer costs what any page costs.

use super::frame::Shared;
use super::text;
use crate::base::{FieldKind, Language};
use crate::catalogue::LayerRecord;
use crate::catalogue::record::FieldFacts;
use crate::server::request::encode;

/// The values of one field, most frequent first.
pub struct Chart {
    pub title: String,
    /// The same numbers for programs and for further questions.
    pub href: String,
    pub bars: Vec<Bar>,
}

pub struct Bar {
    pub label: String,
    pub lang: Option<&'static str>,
    pub count: String,
    /// Of the longest bar.
    pub percent: u64,
}

/// A chart of the field that divides the layer best: the one that colours the map, else the first of
/// text with few values. None where there is no such field, or it has but one value.
pub fn chart(record: &LayerRecord, shared: &Shared, language: Language) -> Option<Chart> {
    let facts = |place: usize| record.field_facts.get(place);
    let category = record.display.category.get(language).and_then(|name| record.schema.field_index(name));
    let in_order = category.into_iter().chain(0..record.schema.fields.len());
    let place = in_order.into_iter().find(|place| {
        record.schema.fields[*place].kind == FieldKind::Text && facts(*place).is_some_and(is_told_whole)
    })?;
    let field = &record.schema.fields[place];
    let commonest = &facts(place)?.commonest;
    let most = commonest.first().map_or(1, |(_, count)| (*count).max(1));
    let bars = commonest.iter().map(|(value, count)| Bar {
        label: value.clone(),
        lang: text::language_of(value, language),
        count: text::number(*count),
        percent: (count * 100).div_ceil(most),
    });
    let path = format!("/collections/{}/aggregate?group={}&f=html", record.id, encode(&field.name));
    Some(Chart { title: field.title.get(language).to_owned(), href: shared.href(&path), bars: bars.collect() })
}

/// Whether the values that were kept are all there are, and more than one.
fn is_told_whole(facts: &FieldFacts) -> bool {
    let kept = facts.commonest.len() as u64;
    kept > 1 && facts.distinct == Some(kept)
}
