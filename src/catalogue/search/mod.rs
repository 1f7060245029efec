//! Search as people type, in Chinese as it is written and in English, over titles, keywords,
//! publishers, texts and measured values; the design was measured before it was built.
//!
//! A text is folded (`fold`), taken apart (`words`) and, with what the tables put beside its words
//! (`lexicon`), becomes a question of terms (`question`), which the inverted index answers
//! (`index`) tier by tier (`rank`).

mod facets;
mod fold;
mod index;
mod lexicon;
mod question;
mod rank;
mod words;

use std::sync::Arc;

use super::LayerRecord;
use crate::base::Language;

pub use facets::{Bucket, Facets, Filter};
pub use fold::fold;
pub use index::Index;
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
        let found = self.ranked(text, language);
        let facets = Facets::count(&found, filter);
        let matches = found.into_iter().filter(|found| filter.lets_through(&found.record)).collect();
        Found { matches, facets }
    }

    fn ranked(&self, text: &str, language: Language) -> Vec<Match> {
        if text.trim().is_empty() {
            return self.by_title(language).map(Match::unasked).collect();
        }
        let question = question::Question::read(text, &lexicon::LEXICON, self);
        let mut matches: Vec<Match> = rank::rank(self, &question)
            .into_iter()
            .filter_map(|hit| {
                let record = self.records().get(hit.place as usize)?;
                Some(Match { record: Arc::clone(record), tier: hit.tier, score: hit.score, reason: hit.reason })
            })
            .collect();
        // Equals: what is newer first.
        matches.sort_by(|a, b| {
            let newness = b.record.data_as_at.cmp(&a.record.data_as_at);
            a.tier.cmp(&b.tier).then(b.score.total_cmp(&a.score)).then(newness)
        });
        matches
    }

    /// `q` of OGC API Records: commas part alternatives, each of which must stand in the record as
    /// written, its words adjacent and in order.
    pub fn holding(&self, q: &str) -> Vec<Arc<LayerRecord>> {
        let phrases: Vec<String> = q.split(',').map(words::normal).collect();
        self.records()
            .iter()
            .enumerate()
            .filter(|(place, _)| phrases.iter().any(|phrase| self.holds(*place, phrase)))
            .map(|(_, record)| Arc::clone(record))
            .collect()
    }
}

impl Match {
    fn unasked(record: &Arc<LayerRecord>) -> Self {
        Match { record: Arc::clone(record), tier: Tier::Words, score: 0.0, reason: None }
    }
}
