//! What a person typed, as terms: each stands for itself and for what the lexicon puts beside it.

use super::index::Texts;
use crate::words::lexicon::Lexicon;
use crate::words::pieces::pieces_of_normal;
use crate::words::terms::phrases;
use crate::words::{Piece, join, pieces};

/// One thing that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What may stand in a record for it; the first is the term itself.
    pub alternatives: Vec<Alternative>,
    /// Whether a record may lack it: a word such as 香港 or "map".
    pub is_optional: bool,
}

/// One way to say a term.
#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    pub phrase: Vec<Piece>,
    /// What a record that says it so counts, of one that says it as asked.
    pub factor: f32,
}

/// A mended word may have been another.
const MENDED: f32 = 0.6;
/// Ways to say one term.
const ALTERNATIVES_MAX: usize = 40;

/// A question in terms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// The whole question in normal form.
    pub normal: String,
    pub terms: Vec<Term>,
}

impl Question {
    pub fn read(text: &str, lexicon: &Lexicon, texts: &Texts) -> Self {
        let pieces = pieces(text);
        let normal = join(&pieces);
        let phrases = phrases(&pieces, lexicon, &|run| texts.is_phrase(run));
        let mut terms: Vec<Term> = phrases.into_iter().map(|phrase| Term::of(phrase, lexicon, texts)).collect();
        if terms.iter().all(|term| term.is_optional) {
            terms.iter_mut().for_each(|term| term.is_optional = false);
        }
        Question { normal, terms }
    }
}

impl Term {
    fn of(phrase: Vec<Piece>, lexicon: &Lexicon, texts: &Texts) -> Self {
        let text = join(&phrase);
        let others = lexicon.others(&text).iter().map(|other| Alternative::of(&other.term, other.factor));
        let is_known = lexicon.knows(&text);
        let mended = match phrase.as_slice() {
            [Piece::Word(word)] if !is_known && !texts.has_word(word) => mend(word, lexicon, texts),
            _ => Vec::new(),
        };
        let is_optional = lexicon.is_optional(&text);
        // Of equals the one in the script of the question is told as the reason.
        let is_han = |phrase: &[Piece]| matches!(phrase.first(), Some(Piece::Han(_)));
        let asked_in_han = is_han(&phrase);
        let mut others: Vec<Alternative> = others.collect();
        others.sort_by_key(|other| is_han(&other.phrase) != asked_in_han);
        let mut alternatives = vec![Alternative { phrase, factor: 1.0 }];
        alternatives.extend(others);
        alternatives.extend(mended);
        alternatives.truncate(ALTERNATIVES_MAX);
        Term { alternatives, is_optional }
    }
}

impl Alternative {
    fn of(normal: &str, factor: f32) -> Self {
        Alternative { phrase: pieces_of_normal(normal), factor }
    }
}

/// What a word that nobody knows may have meant: a word one slip away, and what stands for that.
fn mend(word: &str, lexicon: &Lexicon, texts: &Texts) -> Vec<Alternative> {
    /// Shorter words are one slip from too many.
    const LETTERS: usize = 4;
    const MENDINGS: usize = 3;
    if word.len() < LETTERS || !word.is_ascii() {
        return Vec::new();
    }
    let mut near: Vec<&str> =
        texts.latin_words().chain(lexicon.words()).filter(|known| is_one_slip(word, known)).collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(MENDINGS);
    let stand_ins =
        |known: &&str| lexicon.others(known).iter().map(|other| Alternative::of(&other.term, MENDED * other.factor));
    let mended = near.iter().map(|known| Alternative::of(known, MENDED));
    mended.chain(near.iter().flat_map(stand_ins)).collect()
}

/// Whether one letter was left out, added, taken for another, or changed places with its neighbour.
fn is_one_slip(word: &str, known: &str) -> bool {
    let (one, other) = (word.as_bytes(), known.as_bytes());
    if one.len().abs_diff(other.len()) > 1 || one == other {
        return false;
    }
    let same_start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same_start..], &other[same_start..]);
    match (one, other) {
        ([a, b, rest_one @ ..], [c, d, rest_other @ ..]) if a == d && b == c && rest_one == rest_other => true,
        ([_, rest_one @ ..], [_, rest_other @ ..]) if rest_one == rest_other => true,
        ([_, rest_one @ ..], _) if rest_one == other => true,
        (_, [_, rest_other @ ..]) => one == rest_other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_one_letter() {
        for (word, known, is_slip) in [
            ("libary", "library", true),
            ("libraryy", "library", true),
            ("lirbary", "library", true),
            ("librery", "library", true),
            ("library", "library", false),
            ("lbrry", "library", false),
        ] {
            assert_eq!(is_one_slip(word, known), is_slip, "{word}");
        }
    }

    #[test]
    fn a_run_is_parted_at_what_the_lexicon_knows() {
        let question = Question::read("康文署泳池 hospital", &crate::words::lexicon::LEXICON, &Texts::default());
        let terms: Vec<String> = question.terms.iter().map(|term| join(&term.alternatives[0].phrase)).collect();
        assert_eq!(terms, ["康文署", "泳池", "hospital"]);
    }
}
