//! Search as people type: every word must stand somewhere in a record's titles, keywords,
//! publisher or theme, in any language; titles weigh most. The ranked search over values and
//! synonyms is the catalogue issue's.

use unicode_normalization::UnicodeNormalization;

use super::LayerRecord;
use crate::base::Language;
use crate::definition::simplified;

/// A record's words, folded once, from the heaviest to the lightest.
#[derive(Clone, Debug)]
pub struct Entry {
    by_weight: [String; 4],
}

const WEIGHTS: [u32; 4] = [10, 5, 3, 1];

impl Entry {
    pub fn of(record: &LayerRecord) -> Self {
        let every =
            |text: &crate::base::Trilingual| Language::ALL.map(|language| text.exact(language).to_owned()).join("\n");
        let keywords = Language::ALL.map(|language| record.keywords.get(language).join("\n"));
        let theme = record.theme.as_ref().map(|theme| every(&theme.name)).unwrap_or_default();
        Entry {
            by_weight: [
                fold(&every(&record.title)),
                fold(&keywords.join("\n")),
                fold(&format!(
                    "{}\n{}\n{}\n{}",
                    every(&record.department.name),
                    record.department.code,
                    theme,
                    record.id
                )),
                fold(&every(&record.abstract_text)),
            ],
        }
    }

    /// Whether the folded words hold this text as it stands, blanks and all.
    pub fn holds(&self, text: &str) -> bool {
        let wanted = fold(text.trim());
        !wanted.is_empty() && self.by_weight.iter().any(|words| words.contains(&wanted))
    }

    /// How well the record fits; `None` when a word of the question stands nowhere in it.
    pub fn score(&self, question: &Question) -> Option<u32> {
        let mut total = 0;
        for word in &question.words {
            let best = self
                .by_weight
                .iter()
                .zip(WEIGHTS)
                .find(|(text, _)| text.contains(word.as_str()))
                .map(|(_, weight)| weight)?;
            total += best;
        }
        Some(total)
    }
}

/// What a person typed, folded and split at blanks.
#[derive(Clone, Debug)]
pub struct Question {
    words: Vec<String>,
}

impl Question {
    pub fn new(text: &str) -> Self {
        Question { words: fold(text).split_whitespace().map(str::to_owned).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// Compatibility forms, lower case and Simplified characters, so that 圖書館, 图书馆 and
/// full-width Latin meet.
pub fn fold(text: &str) -> String {
    let compatible: String = text.nfkc().flat_map(char::to_lowercase).collect();
    simplified::from_traditional(&compatible)
}
