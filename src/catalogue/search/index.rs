//! The inverted index: documents in, and for a phrase the places of those that hold it, with how well.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::document::{Document, every};
use crate::words::fold::is_han;
use crate::words::pieces::pieces_of_normal;
use crate::words::{Piece, join, normal, pieces, tokens};

/// Where a word may stand in a record, heaviest first; bits of a posting.
const TITLE: u8 = 1;
const KEYWORDS: u8 = 2;
const PUBLISHER: u8 = 4;
const TEXT: u8 = 8;

/// What a word in the title counts at most; the rest as `catalogue.md` §7 measured them.
const TITLE_WEIGHT: f32 = 10.0;
const KEYWORD_WEIGHT: f32 = 5.0;
const PUBLISHER_WEIGHT: f32 = 3.0;
const TEXT_WEIGHT: f32 = 1.0;
/// A whole keyword counts this much more than a part of one.
const WHOLE_KEYWORD: f32 = 1.4;
/// A word that only begins as asked: `park` in `parking`.
const PREFIX: f32 = 0.6;

/// Every document's words, ready to be asked.
#[derive(Debug, Default)]
pub struct Texts {
    entries: Vec<Entry>,
    words: Postings,
    /// Field titles and measured values; apart, so that they are asked only when words fail.
    values: Postings,
    /// For each place how many documents are newer.
    ages: Vec<u32>,
    /// Han titles and keywords: they part a run that is written without blanks.
    phrases: HashSet<Box<str>>,
}

/// One record's words in normal form: values parted by line ends, a blank or line end at each side.
#[derive(Debug)]
struct Entry {
    title: Box<str>,
    keywords: Box<str>,
    publisher: Box<str>,
    text: Box<str>,
    title_words: f32,
    title_characters: f32,
    is_earlier_edition: bool,
}

/// Token to records, tokens in order so that a prefix is one range.
#[derive(Debug, Default)]
struct Postings {
    tokens: Vec<Box<str>>,
    /// Where each token's postings begin in `all`; one more than tokens.
    starts: Vec<u32>,
    all: Vec<Posting>,
}

/// A record that has a token. `weight` is the bits of its fields, or the share of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Posting {
    entry: u32,
    weight: u8,
}

impl Texts {
    pub fn build<'a>(documents: impl IntoIterator<Item = Document<'a>>) -> Self {
        let mut words = HashMap::new();
        let mut values = HashMap::new();
        let mut phrases = HashSet::new();
        let mut entries = Vec::new();
        let mut dates = Vec::new();
        for (place, document) in documents.into_iter().enumerate() {
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let entry = Entry::of(&document);
            dates.push(document.as_at);
            for (text, field) in
                [(&entry.title, TITLE), (&entry.keywords, KEYWORDS), (&entry.publisher, PUBLISHER), (&entry.text, TEXT)]
            {
                add_tokens(&mut words, text, place, |weight| weight | field);
            }
            for (text, share) in document.values {
                add_tokens(&mut values, &normal(&text), place, |weight| weight.max(share));
            }
            for line in entry.title.lines().chain(entry.keywords.lines()) {
                if let [Piece::Han(run)] = pieces(line).as_slice() {
                    phrases.insert(run.as_str().into());
                }
            }
            entries.push(entry);
        }
        Texts { ages: ages(&dates), entries, words: Postings::sorted(words), values: Postings::sorted(values), phrases }
    }

    /// How many documents there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether another edition has taken the document's place.
    pub fn is_earlier_edition(&self, place: usize) -> bool {
        self.entries.get(place).is_some_and(|entry| entry.is_earlier_edition)
    }

    /// Whether this Han run is a title or keyword of a record.
    pub fn is_phrase(&self, run: &str) -> bool {
        self.phrases.contains(run)
    }

    /// Whether some record has a word that begins so.
    pub fn has_word(&self, word: &str) -> bool {
        !self.words.range(word, true).is_empty() || !self.values.range(word, true).is_empty()
    }

    /// Latin words of titles, keywords and texts.
    pub fn latin_words(&self) -> impl Iterator<Item = &str> {
        self.words.tokens.iter().map(AsRef::as_ref).filter(|word: &&str| word.is_ascii())
    }

    /// Whether the record's words hold this text as it stands.
    pub fn holds(&self, place: usize, phrase: &str) -> bool {
        self.entries
            .get(place)
            .is_some_and(|entry| !phrase.is_empty() && entry.fields().iter().any(|(text, _)| text.contains(phrase)))
    }

    /// The records that hold a phrase, each with its weight. Sorted by place; a place may come
    /// twice where several words begin so.
    pub fn find(&self, phrase: &[Piece]) -> Vec<(u32, f32)> {
        match phrase {
            [Piece::Word(word)] => self.find_word(word),
            [Piece::Han(run)] if run.chars().count() == 1 => self.find_begun(run, 1.0),
            [Piece::Han(run)] if run.chars().count() == 2 => self
                .words
                .exact(run)
                .iter()
                .map(|posting| (posting.entry, self.weigh(posting, &Phrase::of(phrase))))
                .collect(),
            _ => self.find_phrase(phrase),
        }
    }

    fn find_word(&self, word: &str) -> Vec<(u32, f32)> {
        let phrase = Phrase::new(word, 1.0, 0.0);
        let exact = self.words.exact(word).iter().map(|posting| (posting.entry, self.weigh(posting, &phrase)));
        let mut found: Vec<(u32, f32)> = exact.collect();
        /// Shorter words begin too many.
        const PREFIX_LETTERS: usize = 3;
        if word.len() >= PREFIX_LETTERS {
            found.extend(self.find_begun(word, PREFIX));
        }
        found
    }

    fn find_begun(&self, start: &str, factor: f32) -> Vec<(u32, f32)> {
        let phrase = Phrase::new(start, 0.0, 1.0);
        self.words
            .range(start, true)
            .filter(|token| &*self.words.tokens[*token] != start || factor == 1.0)
            .flat_map(|token| self.words.of(token))
            .map(|posting| (posting.entry, factor * self.weigh(posting, &phrase)))
            .collect()
    }

    fn find_phrase(&self, phrase: &[Piece]) -> Vec<(u32, f32)> {
        let text = join(phrase);
        let measured = Phrase::of(phrase);
        let bounded = match phrase.first() {
            Some(Piece::Word(_)) => format!(" {text}"),
            _ => text.clone(),
        };
        self.words
            .intersect(&phrase_tokens(phrase), |one, other| one & other)
            .into_iter()
            .filter_map(|posting| {
                let entry = self.entries.get(posting.entry as usize)?;
                let held = entry
                    .fields()
                    .iter()
                    .filter(|(words, field)| posting.weight & field != 0 && words.contains(&bounded))
                    .fold(0, |bits, (_, field)| bits | field);
                (held != 0).then(|| (posting.entry, self.weigh(&Posting { weight: held, ..posting }, &measured)))
            })
            .collect()
    }

    /// The records in whose values a phrase stands, weighed by the share of features.
    pub fn find_values(&self, phrase: &[Piece]) -> Vec<(u32, f32)> {
        /// What a value of every feature counts.
        const VALUE_WEIGHT: f32 = 4.0;
        let weigh = |posting: &Posting| {
            (posting.entry, VALUE_WEIGHT * (0.2 + 0.8 * f32::from(posting.weight) / f32::from(u8::MAX)))
        };
        match phrase {
            [Piece::Word(word)] => self.values.exact(word).iter().map(weigh).collect(),
            _ => self.values.intersect(&phrase_tokens(phrase), u8::min).iter().map(weigh).collect(),
        }
    }

    fn weigh(&self, posting: &Posting, phrase: &Phrase) -> f32 {
        let Some(entry) = self.entries.get(posting.entry as usize) else { return 0.0 };
        let mut weight: f32 = 0.0;
        if posting.weight & TITLE != 0 {
            /// A word of a long title counts at least this share of what the whole title counts.
            const LEAST: f32 = 0.45;
            weight += TITLE_WEIGHT * (LEAST + (1.0 - LEAST) * phrase.share_of(entry));
        }
        if posting.weight & KEYWORDS != 0 {
            let is_whole = entry.keywords.contains(&phrase.line);
            let counts = if is_whole { KEYWORD_WEIGHT * WHOLE_KEYWORD } else { KEYWORD_WEIGHT };
            // What stands in the title too adds little: keywords repeat the title.
            weight = if weight > 0.0 { weight + counts / 5.0 } else { counts };
        }
        if posting.weight & PUBLISHER != 0 {
            weight = weight.max(PUBLISHER_WEIGHT) + 0.1;
        }
        if posting.weight & TEXT != 0 {
            weight = weight.max(TEXT_WEIGHT) + 0.05;
        }
        weight
    }

    /// How the whole question stands to the record's titles.
    pub fn title_bonus(&self, place: u32, question: &WholeQuestion) -> f32 {
        let Some(entry) = self.entries.get(place as usize) else { return 0.0 };
        if !entry.title.contains(&question.within) {
            0.0
        } else if entry.title.contains(&question.line) {
            12.0
        } else if entry.title.contains(&question.start) {
            2.0
        } else {
            1.0
        }
    }

    /// Place of the record when all stand from newest to oldest.
    pub fn age(&self, place: u32) -> u32 {
        self.ages.get(place as usize).copied().unwrap_or(u32::MAX)
    }
}

/// A question as a title would have it: the whole line, its start, anywhere.
pub struct WholeQuestion {
    line: String,
    start: String,
    within: String,
}

impl WholeQuestion {
    pub fn of(normal: &str) -> Self {
        WholeQuestion { line: format!("\n {normal} \n"), start: format!("\n {normal}"), within: format!(" {normal}") }
    }
}

/// For each place how many documents are newer.
fn ages(dates: &[Option<jiff::civil::Date>]) -> Vec<u32> {
    let mut order: Vec<usize> = (0..dates.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(dates.get(*place).copied().flatten()));
    let mut ages = vec![0; dates.len()];
    for (age, place) in order.into_iter().enumerate() {
        ages[place] = u32::try_from(age).unwrap_or(u32::MAX);
    }
    ages
}

/// A phrase as it is held against titles and keywords.
struct Phrase {
    /// As a keyword's whole line.
    line: String,
    words: f32,
    characters: f32,
}

impl Phrase {
    fn new(text: &str, words: f32, characters: f32) -> Self {
        Phrase { line: format!("\n {text} \n"), words, characters }
    }

    fn of(pieces: &[Piece]) -> Self {
        let mut phrase = Phrase::new(&join(pieces), 0.0, 0.0);
        for piece in pieces {
            match piece {
                Piece::Word(_) => phrase.words += 1.0,
                Piece::Han(run) => phrase.characters += run.chars().count() as f32,
            }
        }
        phrase
    }

    /// The share of the record's title that the phrase is.
    fn share_of(&self, entry: &Entry) -> f32 {
        let share = match self.characters > 0.0 {
            true => self.characters / entry.title_characters.max(1.0),
            false => self.words / entry.title_words.max(1.0),
        };
        share.min(1.0)
    }
}

/// The tokens that a record must have to hold a phrase: a run of several characters needs its
/// pairs, not its last character alone.
fn phrase_tokens(phrase: &[Piece]) -> Vec<&str> {
    let mut wanted = tokens(phrase);
    let is_alone = |token: &str| token.chars().count() == 1 && token.chars().all(is_han);
    if wanted.len() > 1 {
        wanted.retain(|token| !is_alone(token));
    }
    wanted
}

impl Entry {
    fn of(document: &Document<'_>) -> Self {
        let Document { title, .. } = document;
        Entry {
            title_words: pieces(&title.en).len() as f32,
            title_characters: pieces(&title.zh_hant)
                .iter()
                .map(|piece| match piece {
                    Piece::Han(run) => run.chars().count() as f32,
                    Piece::Word(_) => 1.0,
                })
                .sum(),
            title: lines(every(title)),
            keywords: lines(document.keywords.iter().copied()),
            publisher: lines(document.publisher.iter().copied()),
            text: lines(every(document.text)),
            is_earlier_edition: document.is_earlier_edition,
        }
    }

    fn fields(&self) -> [(&str, u8); 4] {
        [(&self.title, TITLE), (&self.keywords, KEYWORDS), (&self.publisher, PUBLISHER), (&self.text, TEXT)]
    }
}

/// Texts in normal form, each once, on lines with a blank at both sides.
fn lines<'a>(texts: impl IntoIterator<Item = &'a str>) -> Box<str> {
    let mut seen: Vec<String> = Vec::new();
    for text in texts {
        let normal = normal(text);
        if !normal.is_empty() && !seen.contains(&normal) {
            seen.push(normal);
        }
    }
    let mut all = String::from("\n");
    for line in seen {
        all.push_str(&format!(" {line} \n"));
    }
    all.into()
}

fn add_tokens(words: &mut HashMap<String, Vec<Posting>>, text: &str, entry: u32, merge: impl Fn(u8) -> u8) {
    for token in tokens(&pieces_of_normal(text)) {
        let postings = words.entry(token.to_owned()).or_default();
        match postings.last_mut().filter(|last| last.entry == entry) {
            Some(last) => last.weight = merge(last.weight),
            None => postings.push(Posting { entry, weight: merge(0) }),
        }
    }
}

impl Postings {
    fn sorted(words: HashMap<String, Vec<Posting>>) -> Self {
        let mut sorted: Vec<(String, Vec<Posting>)> = words.into_iter().collect();
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut postings = Postings::default();
        for (token, mut of_token) in sorted {
            postings.tokens.push(token.into());
            postings.starts.push(u32::try_from(postings.all.len()).unwrap_or(u32::MAX));
            postings.all.append(&mut of_token);
        }
        postings.starts.push(u32::try_from(postings.all.len()).unwrap_or(u32::MAX));
        postings.all.shrink_to_fit();
        postings
    }

    /// The tokens that begin so.
    fn range(&self, start: &str, is_prefix: bool) -> Range<usize> {
        let from = self.tokens.partition_point(|token| &**token < start);
        let count = match is_prefix {
            true => self.tokens[from..].partition_point(|token| token.starts_with(start)),
            false => usize::from(self.tokens.get(from).is_some_and(|token| &**token == start)),
        };
        from..from + count
    }

    fn of(&self, token: usize) -> &[Posting] {
        let span = self.starts.get(token).zip(self.starts.get(token + 1));
        span.and_then(|(from, to)| self.all.get(*from as usize..*to as usize)).unwrap_or_default()
    }

    fn exact(&self, token: &str) -> &[Posting] {
        match self.range(token, false) {
            range if range.is_empty() => &[],
            range => self.of(range.start),
        }
    }

    /// The records that have all tokens, their weights joined.
    fn intersect(&self, tokens: &[&str], join: impl Fn(u8, u8) -> u8) -> Vec<Posting> {
        let mut lists: Vec<&[Posting]> = tokens.iter().map(|token| self.exact(token)).collect();
        lists.sort_by_key(|list| list.len());
        let Some((shortest, others)) = lists.split_first() else { return Vec::new() };
        shortest
            .iter()
            .filter_map(|posting| {
                others.iter().try_fold(*posting, |common, list| {
                    let place = list.binary_search_by_key(&common.entry, |other| other.entry).ok()?;
                    Some(Posting { weight: join(common.weight, list[place].weight), ..common })
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_one_range_of_tokens() {
        let posting = |entry| vec![Posting { entry, weight: TITLE }];
        let postings = Postings::sorted(HashMap::from([
            ("park".to_owned(), posting(0)),
            ("parking".to_owned(), posting(1)),
            ("pool".to_owned(), posting(2)),
        ]));
        assert_eq!(postings.range("par", true), 0..2);
        assert_eq!(postings.exact("park"), posting(0));
        assert!(postings.exact("pa").is_empty());
        assert!(postings.intersect(&["park", "pool"], u8::min).is_empty());
    }
}
