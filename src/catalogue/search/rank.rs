//! Tiers of an answer, never mixed; the next is asked only while few records are found: all terms
//! in the words, all terms with what was measured, any term, single characters. What has only parts of
//! a question is many records and mostly not what was meant, so that little of it goes behind an answer.

use std::sync::Arc;

use super::index::{Texts, WholeQuestion};
use super::question::{Alternative, Question, Term};
use crate::words::lexicon::LEXICON;
use crate::words::{Piece, join, pairs};

/// A record that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    pub place: u32,
    pub tier: Tier,
    pub score: f32,
    /// A word that was typed and the other that the record has for it.
    pub reason: Option<Arc<Reason>>,
}

impl Hit {
    /// A record that nothing was asked of.
    pub fn unasked(place: u32) -> Self {
        Hit { place, tier: Tier::Words, score: 0.0, reason: None }
    }
}

/// Why a record without the typed word is among the hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    pub asked: String,
    pub found: String,
}

/// How a record fits, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Every term stands in its words, as typed or by a synonym.
    Words,
    /// Every term stands in its words or its measured values.
    Values,
    /// Some terms or pairs of characters stand in it.
    Some,
    /// Single characters stand in it.
    Characters,
}

impl Tier {
    /// Whether nothing that was asked for is missing.
    pub fn is_whole(self) -> bool {
        self <= Tier::Values
    }
}

/// Hits below which the next tier is asked.
const ENOUGH: usize = 3;
/// Hits with parts of the question behind those that have all of it.
const PARTS_BEHIND_MAX: usize = 5;
/// What a hit with parts of the question must score, of the best one: less is a common word alone.
const PARTS_LEAST: f32 = 0.4;

/// All hits, best first.
pub fn rank(texts: &Texts, question: &Question) -> Vec<Hit> {
    let mut hits = Vec::new();
    if question.terms.is_empty() {
        return hits;
    }
    for tier in [Tier::Words, Tier::Values, Tier::Some, Tier::Characters] {
        let mut of_tier = match tier {
            Tier::Words => all_of(texts, question, &question.terms, tier),
            Tier::Values => all_of(texts, question, &question.terms, tier),
            Tier::Some => any_of(texts, question, &loose(&question.terms), tier),
            Tier::Characters => any_of(texts, question, &characters(&question.terms), tier),
        };
        of_tier.retain(|hit| !hits.iter().any(|known: &Hit| known.place == hit.place));
        // Equals: what is newer first.
        of_tier.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(texts.age(a.place).cmp(&texts.age(b.place))));
        if !tier.is_whole() {
            cut_parts(&mut of_tier, &hits);
        }
        hits.append(&mut of_tier);
        // Single characters stand nearly everywhere: they are for questions that find nothing else.
        if hits.len() >= ENOUGH || (tier == Tier::Some && !hits.is_empty()) {
            break;
        }
    }
    hits
}

/// Leaves of the hits with parts of a question, best first, those worth a look behind the `better` ones.
fn cut_parts(of_tier: &mut Vec<Hit>, better: &[Hit]) {
    let least = of_tier.first().map_or(0.0, |best| PARTS_LEAST * best.score);
    of_tier.retain(|hit| hit.score >= least);
    if !better.is_empty() {
        of_tier.truncate(PARTS_BEHIND_MAX);
    }
}

/// For each record what a term counts in it, and by which alternative; zero where it does not.
struct Weighed {
    scores: Vec<f32>,
    alternatives: Vec<u8>,
    /// What to say of a record that has it by each alternative.
    reasons: Vec<Arc<Reason>>,
    /// How much a rare term counts more than a common one.
    rarity: f32,
}

fn weigh(texts: &Texts, term: &Term, with_values: bool) -> Weighed {
    let count = texts.len();
    let mut weighed =
        Weighed { scores: vec![0.0; count], alternatives: vec![0; count], reasons: reasons(term), rarity: 1.0 };
    for (number, alternative) in term.alternatives.iter().enumerate() {
        let mut add = |place: u32, score: f32| {
            let score = score * alternative.factor;
            if let Some(known) = weighed.scores.get_mut(place as usize)
                && score > *known
            {
                *known = score;
                weighed.alternatives[place as usize] = u8::try_from(number).unwrap_or(u8::MAX);
            }
        };
        texts.find(&alternative.phrase).into_iter().for_each(|(place, score)| add(place, score));
        if with_values {
            texts.find_values(&alternative.phrase).into_iter().for_each(|(place, score)| add(place, score));
        }
    }
    let having = weighed.scores.iter().filter(|score| **score > 0.0).count();
    weighed.rarity = rarity(having, count);
    weighed
}

/// From about 0.4 for a term of every record to 1 for a term of one.
fn rarity(having: usize, count: usize) -> f32 {
    let (having, count) = (having.max(1) as f32, count.max(1) as f32);
    0.4 + 0.6 * (count / having).ln() / count.ln().max(1.0)
}

fn all_of(texts: &Texts, question: &Question, terms: &[Term], tier: Tier) -> Vec<Hit> {
    let weighed: Vec<Weighed> = terms.iter().map(|term| weigh(texts, term, tier == Tier::Values)).collect();
    let has_all = |place: usize| {
        terms.iter().zip(&weighed).all(|(term, weighed)| term.is_optional || weighed.scores[place] > 0.0)
    };
    hits(texts, question, &weighed, tier, has_all)
}

fn any_of(texts: &Texts, question: &Question, terms: &[Term], tier: Tier) -> Vec<Hit> {
    let weighed: Vec<Weighed> = terms.iter().map(|term| weigh(texts, term, tier == Tier::Some)).collect();
    let has_any = |place: usize| {
        terms.iter().zip(&weighed).any(|(term, weighed)| !term.is_optional && weighed.scores[place] > 0.0)
    };
    hits(texts, question, &weighed, tier, has_any)
}

fn hits(texts: &Texts, question: &Question, weighed: &[Weighed], tier: Tier, fits: impl Fn(usize) -> bool) -> Vec<Hit> {
    /// What an edition that another has replaced counts, of one in force.
    const EARLIER_EDITION: f32 = 0.9;
    let whole = WholeQuestion::of(&question.normal);
    (0..texts.len())
        .filter(|place| fits(*place))
        .map(|place| {
            let score: f32 = weighed.iter().map(|weighed| weighed.scores[place] * weighed.rarity).sum();
            let id = u32::try_from(place).unwrap_or(u32::MAX);
            let is_earlier = texts.is_earlier_edition(place);
            Hit {
                place: id,
                tier,
                score: (score + texts.title_bonus(id, &whole)) * if is_earlier { EARLIER_EDITION } else { 1.0 },
                reason: weighed.iter().find_map(|weighed| reason(weighed, place)),
            }
        })
        .collect()
}

fn reasons(term: &Term) -> Vec<Arc<Reason>> {
    let text = |alternative: &Alternative| LEXICON.written(&join(&alternative.phrase)).to_owned();
    let asked = term.alternatives.first().map(text).unwrap_or_default();
    term.alternatives.iter().map(|found| Arc::new(Reason { asked: asked.clone(), found: text(found) })).collect()
}

fn reason(weighed: &Weighed, place: usize) -> Option<Arc<Reason>> {
    let used = usize::from(weighed.alternatives[place]);
    weighed.reasons.get(used).filter(|_| used > 0).cloned()
}

/// Terms and, of Han runs and phrases, their parts: every pair of characters, every word.
fn loose(terms: &[Term]) -> Vec<Term> {
    let mut parts: Vec<Term> = terms.to_vec();
    for piece in terms.iter().filter_map(|term| term.alternatives.first()).flat_map(|first| &first.phrase) {
        match piece {
            Piece::Han(run) => parts.extend(pairs(run).map(|pair| single(Piece::Han(pair.to_owned())))),
            Piece::Word(word) => parts.push(single(Piece::Word(word.clone()))),
        }
    }
    unique(parts)
}

fn characters(terms: &[Term]) -> Vec<Term> {
    let pieces = terms.iter().filter_map(|term| term.alternatives.first()).flat_map(|first| &first.phrase);
    let runs = pieces.filter_map(|piece| match piece {
        Piece::Han(run) => Some(run),
        Piece::Word(_) => None,
    });
    unique(runs.flat_map(|run| run.chars()).map(|character| single(Piece::Han(character.to_string()))).collect())
}

fn single(piece: Piece) -> Term {
    Term { alternatives: vec![Alternative { phrase: vec![piece], factor: 1.0 }], is_optional: false }
}

fn unique(terms: Vec<Term>) -> Vec<Term> {
    let mut kept: Vec<Term> = Vec::with_capacity(terms.len());
    for term in terms {
        let first = |term: &Term| term.alternatives.first().map(|first| first.phrase.clone());
        if !kept.iter().any(|known| first(known) == first(&term)) {
            kept.push(term);
        }
    }
    kept
}
