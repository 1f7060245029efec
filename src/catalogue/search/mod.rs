//! Search as people type, in Chinese as it is written and in English, over titles, keywords,
//! publishers, texts and measured values; the design was measured before it was built.
//!
//! A text is folded and taken apart (the room `words`) and, with what the tables put beside its words,
//! becomes a question of terms (`question`), which the inverted index answers (`index`) tier by tier
//! (`rank`).

mod facets;
mod index;
mod question;
mod rank;

use std::sync::Arc;

use super::LayerRecord;
use crate::base::Language;
use crate::words::lexicon::LEXICON;
use crate::words::normal;

pub use facets::{Bucket, Facets, Filter};
pub use index::Index;
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
    pub facets: Facets,
}

impl Index {
    /// The records that fit the words and the filter, best first; without words all that the
    /// filter lets through, by title.
    pub fn search(&self, text: &str, filter: &Filter, language: Language) -> Found {
        let hits = match text.trim().is_empty() {
            true => self.by_title(language).map(Hit::unasked).collect(),
            false => rank::rank(self, &question::Question::read(text, &LEXICON, self)),
        };
        let mut counter = facets::Counter::new(&self.facets, filter);
        let matches = hits
            .into_iter()
            .filter_map(|hit| {
                let record = self.records().get(hit.place as usize)?;
                let fits = counter.count(hit.place, record);
                fits.then(|| Match { record: Arc::clone(record), tier: hit.tier, score: hit.score, reason: hit.reason })
            })
            .collect();
        Found { matches, facets: counter.finish(self.records()) }
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
            .filter(|(place, _)| phrases.iter().any(|phrase| self.holds(*place, phrase)))
            .map(|(_, record)| Arc::clone(record))
            .collect()
    }
}
