//! Search as people type, in Chinese as it is written and in English, over titles, keywords,
//! publishers, texts and measured values; the design was measured before it was built.
//!
//! A text is folded and taken apart (the room `words`) and, with what the tables put beside its words,
//! becomes a question of terms (`question`), which the inverted index (`index`, over each record's
//! `document`) answers tier by tier (`rank`). Records of other catalogues are searched alike and apart
//! (`elsewhere`).

mod document;
mod elsewhere;
mod facets;
mod index;
mod question;
mod rank;

use std::sync::Arc;

use document::Document;
use index::Texts;

use super::LayerRecord;
use crate::base::Language;
use crate::words::lexicon::LEXICON;
use crate::words::normal;

pub use elsewhere::Elsewhere;
pub use facets::{Bucket, Facets, Filter};
use rank::Hit;
pub use rank::{Reason, Tier};

/// A record that fits, with how well and why.
#[derive(Clone, Debug)]
pub struct Match {
    pub record: Arc<LayerRecord>,
    pub tier: Tier,
    pub score: f32,
    /// The other word that the record has for one that was typed, where it has it only so.
    pub reason: Option<Arc<Reason>>,
}

/// What fits a question, best first, and how it divides.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub matches: Vec<Match>,
    /// How many of them, the first, have all that was asked for; the rest have parts of it.
    pub whole: usize,
    /// Of those that have all of it, where any does; of all where none does.
    pub facets: Facets,
}

/// Every layer's record, ready to be searched.
#[derive(Debug, Default)]
pub struct Index {
    records: Vec<Arc<LayerRecord>>,
    texts: Texts,
    /// For each place the values of its facets.
    facets: facets::FacetTable,
    /// Places in order of title, for each language.
    by_title: [Vec<u32>; 3],
}

impl Index {
    pub fn build(records: Vec<Arc<LayerRecord>>) -> Self {
        Index {
            texts: Texts::build(records.iter().map(|record| Document::of_layer(record))),
            facets: facets::FacetTable::of(&records),
            by_title: Language::ALL.map(|language| in_order_of_title(&records, language)),
            records,
        }
    }

    pub fn records(&self) -> &[Arc<LayerRecord>] {
        &self.records
    }

    /// Places of all records by their titles in a language.
    fn by_title(&self, language: Language) -> impl Iterator<Item = u32> {
        let place = Language::ALL.iter().position(|known| *known == language).unwrap_or_default();
        self.by_title[place].iter().copied()
    }

    /// The records that fit the words and the filter, best first; without words all that the
    /// filter lets through, by title.
    pub fn search(&self, text: &str, filter: &Filter, language: Language) -> Found {
        self.search_among(text, filter, language, |_| true)
    }

    /// As [`Index::search`], of those records alone that `is_meant`: the facets count no others.
    pub fn search_among(
        &self,
        text: &str,
        filter: &Filter,
        language: Language,
        is_meant: impl Fn(&LayerRecord) -> bool,
    ) -> Found {
        let hits: Vec<Hit> = match text.trim().is_empty() {
            true => self.by_title(language).map(Hit::unasked).collect(),
            false => rank::rank(&self.texts, &question::Question::read(text, &LEXICON, &self.texts)),
        };
        let counts_whole_alone = hits.first().is_some_and(|best| best.tier.is_whole());
        let mut counter = facets::Counter::new(&self.facets, filter);
        let mut found = Found::default();
        for hit in hits {
            let Some(record) = self.records().get(hit.place as usize).filter(|record| is_meant(record)) else {
                continue;
            };
            let is_whole = hit.tier.is_whole();
            let fits = match is_whole || !counts_whole_alone {
                true => counter.count(hit.place, record),
                false => filter.lets_through(record),
            };
            if fits {
                found.whole += usize::from(is_whole);
                let record = Arc::clone(record);
                found.matches.push(Match { record, tier: hit.tier, score: hit.score, reason: hit.reason });
            }
        }
        found.facets = counter.finish(self.records());
        found
    }

    /// All records by title.
    pub fn all(&self, language: Language) -> Vec<Arc<LayerRecord>> {
        self.by_title(language).filter_map(|place| self.records().get(place as usize)).cloned().collect()
    }

    /// `q` of OGC API Records: commas part alternatives, each of which must stand in the record as
    /// written, its words adjacent and in order.
    pub fn holding(&self, q: &str) -> Vec<Arc<LayerRecord>> {
        let phrases: Vec<String> = q.split(',').map(normal).collect();
        self.records()
            .iter()
            .enumerate()
            .filter(|(place, _)| phrases.iter().any(|phrase| self.texts.holds(*place, phrase)))
            .map(|(_, record)| Arc::clone(record))
            .collect()
    }
}

fn in_order_of_title(records: &[Arc<LayerRecord>], language: Language) -> Vec<u32> {
    let mut places: Vec<u32> = (0..u32::try_from(records.len()).unwrap_or(u32::MAX)).collect();
    places.sort_by_key(|place| records.get(*place as usize).map(|record| record.title.get(language)));
    places
}
