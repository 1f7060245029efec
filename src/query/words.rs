//! Words that features are searched by: `q`, whose phrases stand in one field as they are written,
//! and `text`, which finds what fits best. Both are folded as the index of the package is.
//!
//! What `text` asks is tried in tiers, never mixed, and the next only while few features are found:
//! the whole question is a name; all of its terms; all of them or what means the same; any of their
//! parts; single characters. `docs/filters.md` says what people see of it.

use crate::package::word_file::{END_OF_NAME, WordIndex};
use crate::package::{OpenPackage, PackageError};
use crate::words::lexicon::LEXICON;
use crate::words::pieces::pieces_of_normal;
use crate::words::terms::{TERMS_MAX, phrases};
use crate::words::{Piece, join, pairs, pieces, tokens};

/// Features below which the next tier is asked.
const ENOUGH: u64 = 3;
/// Words of the same meaning that are looked for in the place of one.
const OTHERS_MAX: usize = 20;
/// Shorter Latin words begin too many.
const PREFIX_LETTERS: usize = 3;

/// How a feature fits a question, best first; the order is that of the tiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Its name is the question.
    Name,
    /// It has every term.
    Terms,
    /// It has every term, or what means the same.
    Alike,
    /// It has some word or pair of characters.
    Parts,
    /// It has some character.
    Characters,
}

impl Fit {
    pub const ALL: [Fit; 5] = [Fit::Name, Fit::Terms, Fit::Alike, Fit::Parts, Fit::Characters];
}

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WordSearch {
    /// Phrases of which one must stand in a field; `None` where this is not asked.
    holding: Option<Vec<Vec<Piece>>>,
    ranked: Option<Question>,
}

/// A question of which what fits best comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    whole: Vec<Piece>,
    terms: Vec<Vec<Piece>>,
    /// No tier wider than this is asked, however few features are found.
    widest: Fit,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("q has {0} alternatives; at most {TERMS_MAX} are looked for at once")]
pub struct TooManyPhrases(usize);

impl WordSearch {
    /// Reads the values of `q` and `text`; `None` where neither says anything.
    pub fn read(q: Option<&str>, text: Option<&str>) -> Result<Option<Self>, TooManyPhrases> {
        let given = |text: &&str| !text.trim().is_empty();
        let holding = q.filter(given).map(|q| q.split(',').map(pieces).filter(|phrase| !phrase.is_empty()).collect());
        let holding: Option<Vec<Vec<Piece>>> = holding;
        if let Some(phrases) = &holding
            && phrases.len() > TERMS_MAX
        {
            return Err(TooManyPhrases(phrases.len()));
        }
        let ranked = text.filter(given).map(|text| {
            let whole = pieces(text);
            Question { terms: phrases(&whole, &LEXICON, &|_| false), whole, widest: Fit::Characters }
        });
        let search = WordSearch { holding, ranked };
        Ok(Some(search).filter(|search| *search != WordSearch::default()))
    }

    /// Whether what fits best comes first.
    pub fn is_ranked(&self) -> bool {
        self.ranked.is_some()
    }

    /// Without what fits less than this: where many layers are asked, one with nothing good to say
    /// says nothing.
    pub fn no_wider_than(mut self, widest: Fit) -> Self {
        if let Some(question) = &mut self.ranked {
            question.widest = widest;
        }
        self
    }

    /// The expressions to ask the index of a package, best first: each finds what the one before it
    /// finds, and more. None where there is nothing that could be found.
    pub(super) fn expressions(&self, package: &OpenPackage) -> Result<Vec<(Fit, String)>, PackageError> {
        let Some(index) = package.words() else { return Ok(Vec::new()) };
        let held = self.holding.as_ref().map(|phrases| any(phrases.iter().map(|phrase| written(phrase, false))));
        if held.as_ref().is_some_and(String::is_empty) {
            return Ok(Vec::new());
        }
        let Some(question) = &self.ranked else {
            return Ok(held.map(|held| (Fit::Terms, held)).into_iter().collect());
        };
        let mut asked = Vec::new();
        for (fit, tier) in question.tiers(index) {
            let tier = match &held {
                Some(held) => format!("({held}) AND ({tier})"),
                None => tier,
            };
            // A name is found, and then what has its words as well.
            let is_enough = fit != Fit::Name && package.count_words(&tier, ENOUGH)? >= ENOUGH;
            asked.push((fit, tier));
            if is_enough {
                break;
            }
        }
        Ok(asked)
    }
}

impl Question {
    fn tiers(&self, index: &WordIndex) -> Vec<(Fit, String)> {
        let mut tiers = Vec::new();
        if self.terms.is_empty() {
            return tiers;
        }
        let needed = self.needed();
        let all = every(needed.iter().map(|term| begun(term)));
        if !index.name_columns.is_empty() {
            let name = quoted(&tokens(&self.whole).join(" "), END_OF_NAME);
            tiers.push((Fit::Name, format!("{{{}}} : ^{name}", index.name_columns)));
        }
        let alike = every(needed.iter().map(|term| {
            let others = LEXICON.others(&join(term)).iter().take(OTHERS_MAX);
            let others = others.map(|other| written(&pieces_of_normal(&other.term), false));
            any(std::iter::once(begun(term)).chain(others))
        }));
        let parts = self.parts();
        let parts = parts.iter().map(|part| begun(std::slice::from_ref(part)));
        let parts = any(std::iter::once(alike.clone()).chain(parts));
        let runs = self.whole.iter().filter_map(|piece| match piece {
            Piece::Han(run) => Some(run),
            Piece::Word(_) => None,
        });
        let characters =
            runs.flat_map(|run| run.chars()).take(2 * TERMS_MAX).map(|one| begun(&[Piece::Han(one.to_string())]));
        let characters = any(std::iter::once(parts.clone()).chain(characters));
        let wider = [(Fit::Terms, all), (Fit::Alike, alike), (Fit::Parts, parts), (Fit::Characters, characters)];
        tiers.extend(wider.into_iter().filter(|(fit, _)| *fit <= self.widest));
        // What asks the same again finds the same again.
        tiers.dedup_by(|next, known| next.1 == known.1);
        tiers
    }

    /// The terms that a feature may not lack: all but words such as 香港, unless there are no others.
    fn needed(&self) -> Vec<&[Piece]> {
        let needed: Vec<&[Piece]> =
            self.terms.iter().map(Vec::as_slice).filter(|term| !LEXICON.is_optional(&join(term))).collect();
        if needed.is_empty() { self.terms.iter().map(Vec::as_slice).collect() } else { needed }
    }

    /// Every word, and of a Han run every pair of characters.
    fn parts(&self) -> Vec<Piece> {
        let parts = self.whole.iter().flat_map(|piece| match piece {
            Piece::Han(run) if run.chars().count() > 1 => pairs(run).map(|pair| Piece::Han(pair.to_owned())).collect(),
            piece => vec![piece.clone()],
        });
        // Of a pasted page the beginning is looked at.
        parts.take(2 * TERMS_MAX).collect()
    }
}

/// A phrase that stands as it is, or whose last Latin word begins so; the whole word counts twice.
fn begun(phrase: &[Piece]) -> String {
    match phrase.last() {
        Some(Piece::Word(word)) if word.chars().count() >= PREFIX_LETTERS => {
            any([written(phrase, false), written(phrase, true)])
        }
        _ => written(phrase, false),
    }
}

/// A phrase in the language of the index. A Han run is found by its pairs, and its last character
/// too where something follows; a run of one character is looked for wherever it stands.
fn written(phrase: &[Piece], is_begun: bool) -> String {
    let mut words: Vec<&str> = Vec::new();
    let mut is_begun = is_begun;
    for (place, piece) in phrase.iter().enumerate() {
        let is_last = place + 1 == phrase.len();
        match piece {
            Piece::Word(word) => words.push(word),
            Piece::Han(run) => {
                words.extend(pairs(run));
                let last = run.char_indices().last().map_or(0, |(at, _)| at);
                let is_single = last == 0;
                if is_single || !is_last {
                    words.push(&run[last..]);
                }
                is_begun |= is_single && is_last;
            }
        }
    }
    format!("{}{}", quoted(&words.join(" "), ""), if is_begun { " *" } else { "" })
}

fn quoted(words: &str, end: &str) -> String {
    format!("\"{}\"", format!("{words} {end}").trim().replace('"', "\"\""))
}

fn any(parts: impl IntoIterator<Item = String>) -> String {
    joined(parts, " OR ")
}

fn every(parts: impl IntoIterator<Item = String>) -> String {
    joined(parts, " AND ")
}

fn joined(parts: impl IntoIterator<Item = String>, word: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    for part in parts {
        if !part.is_empty() && !kept.contains(&part) {
            kept.push(part);
        }
    }
    match kept.as_slice() {
        [only] => only.clone(),
        _ => kept.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_is_written_in_the_pairs_that_the_index_has() {
        for (text, is_begun, expected) in [
            ("Central Library", false, "\"central library\""),
            ("lib", true, "\"lib\" *"),
            ("圖書館", false, "\"图书 书馆\""),
            ("館", false, "\"馆\" *"),
            ("圖書館 A1", false, "\"图书 书馆 馆 a1\""),
            ("第1座", false, "\"第 1 座\" *"),
        ] {
            assert_eq!(written(&pieces(text), is_begun), expected, "{text}");
        }
    }

    #[test]
    fn blanks_ask_for_nothing_and_signs_find_nothing() {
        assert_eq!(WordSearch::read(None, Some("  ")), Ok(None));
        assert_eq!(WordSearch::read(Some("!?"), None).unwrap().unwrap().holding, Some(vec![]));
        assert!(WordSearch::read(Some(&"a,".repeat(40)), None).is_err());
    }
}
