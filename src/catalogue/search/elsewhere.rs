//! Records of other catalogues, searched as those of layers are, and apart from them: what others hold is
//! never shown as ours.

use std::sync::Arc;

use super::document::Document;
use super::index::Texts;
use super::question::Question;
use super::rank;
use crate::base::BBox;
use crate::catalogue::RemoteRecord;
use crate::words::lexicon::LEXICON;

/// Every harvested record, ready to be searched.
#[derive(Debug, Default)]
pub struct Elsewhere {
    records: Vec<Arc<RemoteRecord>>,
    texts: Texts,
}

impl Elsewhere {
    pub fn build(records: Vec<Arc<RemoteRecord>>) -> Self {
        Elsewhere { texts: Texts::build(records.iter().map(|record| Document::of_remote(record))), records }
    }

    pub fn records(&self) -> &[Arc<RemoteRecord>] {
        &self.records
    }

    /// The records that have every word, best first; without words all, as they were read. What has
    /// only a part of the words is left out: of thousands of records there is always some.
    pub fn search(&self, text: &str, bbox: Option<&BBox>) -> Vec<Arc<RemoteRecord>> {
        let places: Vec<usize> = match text.trim().is_empty() {
            true => (0..self.records.len()).collect(),
            false => rank::rank(&self.texts, &Question::read(text, &LEXICON, &self.texts))
                .into_iter()
                .filter(|hit| hit.tier.is_whole())
                .map(|hit| hit.place as usize)
                .collect(),
        };
        let touches = |record: &RemoteRecord| {
            bbox.is_none_or(|bbox| {
                let (first, second) = bbox.split();
                record.extent.is_some_and(|extent| {
                    extent.intersects(&first) || second.is_some_and(|second| extent.intersects(&second))
                })
            })
        };
        let found = places.into_iter().filter_map(|place| self.records.get(place));
        found.filter(|record| touches(record)).cloned().collect()
    }
}
