//! Text as words: Latin words stemmed, Han runs whole. One normal form of a text, made on both
//! sides, in which a phrase is found as it stands.

use std::borrow::Cow;

use super::fold::{fold, fold_into, is_han};

/// One piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A Latin word or a number, stemmed.
    Word(String),
    /// Han characters that stand together.
    Han(String),
}

impl Piece {
    pub fn text(&self) -> &str {
        match self {
            Piece::Word(text) | Piece::Han(text) => text,
        }
    }
}

/// The pieces of a text in their order, folded.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    each_run(&fold(text), |run, is_of_han| {
        pieces.push(if is_of_han { Piece::Han(run.to_owned()) } else { Piece::Word(stem(run).into_owned()) });
    });
    pieces
}

/// Gives out the stretches of a folded text that are words, not stemmed, or Han runs.
fn each_run(folded: &str, mut see: impl FnMut(&str, bool)) {
    let mut rest = folded;
    while let Some(first) = rest.chars().next() {
        let belongs: fn(char) -> bool = if is_word(first) {
            is_word
        } else if is_han(first) {
            is_han
        } else {
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let end = rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        see(&rest[..end], is_han(first));
        rest = &rest[end..];
    }
}

/// An apostrophe belongs to its word: driver's.
fn is_word(character: char) -> bool {
    match character.is_ascii() {
        true => character.is_ascii_alphanumeric() || character == '\'',
        false => (character.is_alphanumeric() && !is_han(character)) || character == '’',
    }
}

/// The pieces with one blank between them and none at the ends.
pub fn normal(text: &str) -> String {
    join(&pieces(text))
}

/// The pieces of a text that is in normal form already: stemming twice would change it.
pub fn pieces_of_normal(text: &str) -> Vec<Piece> {
    text.split_whitespace()
        .map(|piece| match piece.chars().next().is_some_and(is_han) {
            true => Piece::Han(piece.to_owned()),
            false => Piece::Word(piece.to_owned()),
        })
        .collect()
}

pub fn join(pieces: &[Piece]) -> String {
    pieces.iter().map(Piece::text).collect::<Vec<_>>().join(" ")
}

/// English plurals and possessives without their ending, American spellings as British ones:
/// `libraries` is `library`, `centers` is `centre`. Nothing more: a stemmer that makes `park` of
/// `parking` finds the wrong layer.
fn stem(word: &str) -> Cow<'_, str> {
    let is_apostrophe = |character: char| matches!(character, '\'' | '’');
    if word.contains(is_apostrophe) {
        return Cow::Owned(stem(&word.replace(is_apostrophe, "")).into_owned());
    }
    let singular = singular(word);
    const BRITISH: [(&str, &str); 9] = [
        ("center", "centre"),
        ("license", "licence"),
        ("theater", "theatre"),
        ("harbor", "harbour"),
        ("color", "colour"),
        ("program", "programme"),
        ("catalog", "catalogue"),
        ("labor", "labour"),
        ("neighborhood", "neighbourhood"),
    ];
    if let Some((_, british)) = BRITISH.iter().find(|(american, _)| *american == singular) {
        return (*british).into();
    }
    match singular.strip_suffix("ization") {
        Some(start) => format!("{start}isation").into(),
        None => singular,
    }
}

fn singular(word: &str) -> Cow<'_, str> {
    const SHORTEST: usize = 4;
    if !word.ends_with('s') || word.len() < SHORTEST || !word.is_ascii() {
        return word.into();
    }
    if let Some(start) = word.strip_suffix("ies").filter(|start| start.len() > 1) {
        return format!("{start}y").into();
    }
    let has_es = ["sses", "ches", "shes", "xes", "buses", "gases"].iter().any(|ending| word.ends_with(ending));
    let keeps_s = ["ss", "us", "is"].iter().any(|ending| word.ends_with(ending));
    match word.strip_suffix('s') {
        Some(start) if has_es => start.trim_end_matches('e').into(),
        Some(start) if !keeps_s => start.into(),
        _ => word.into(),
    }
}

/// The entries of the index that a text has: words, and of a Han run every pair of neighbours and
/// its last character alone.
pub fn tokens(pieces: &[Piece]) -> Vec<&str> {
    let mut tokens: Vec<&str> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Word(word) => tokens.push(word),
            Piece::Han(run) => each_token_of_han(run, |token| tokens.push(token)),
        }
    }
    tokens
}

fn each_token_of_han<'a>(run: &'a str, mut see: impl FnMut(&'a str)) {
    pairs(run).for_each(&mut see);
    if let Some((at, _)) = run.char_indices().last() {
        see(&run[at..]);
    }
}

/// Adds the entries of the index that a text has, with one blank behind each: what [`tokens`] says of its
/// [`pieces`]. `folded` is memory for the text on its way.
pub fn write_tokens(text: &str, folded: &mut String, out: &mut String) {
    folded.clear();
    fold_into(text, folded);
    let mut write = |token: &str| out.extend([token, " "]);
    each_run(folded, |run, is_of_han| match is_of_han {
        true => each_token_of_han(run, &mut write),
        false => write(&stem(run)),
    });
}

/// Every two characters that stand together.
pub fn pairs(run: &str) -> impl Iterator<Item = &str> {
    let starts: Vec<usize> = run.char_indices().map(|(at, _)| at).chain([run.len()]).collect();
    let spans: Vec<(usize, usize)> = starts.windows(3).map(|three| (three[0], three[2])).collect();
    spans.into_iter().map(move |(from, to)| &run[from..to])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_and_spellings_meet() {
        for (written, stemmed) in [
            ("Libraries", "library"),
            ("beaches", "beach"),
            ("buses", "bus"),
            ("houses", "house"),
            ("Centers", "centre"),
            ("driver's", "driver"),
            ("glass", "glass"),
            ("parking", "parking"),
            ("organization", "organisation"),
            ("gas", "gas"),
        ] {
            assert_eq!(normal(written), stemmed);
        }
    }

    #[test]
    fn a_text_is_words_and_han_runs() {
        assert_eq!(normal("2011年區議會選區 (DCCA)"), "2011 年区议会选区 dcca");
        assert_eq!(tokens(&pieces("泳池 A1")), ["泳池", "池", "a1"]);
        for text in ["泳池 A1", "", " - ", "The Drivers' Café, 2 Harbors; 香港 圖書館x", "1½ ＫＴＶ々a\u{301}'s"]
        {
            let (mut folded, mut written) = (String::new(), String::new());
            write_tokens(text, &mut folded, &mut written);
            assert_eq!(written.split_terminator(' ').collect::<Vec<_>>(), tokens(&pieces(text)), "{text}");
        }
        assert_eq!(pairs("圖書館").collect::<Vec<_>>(), ["圖書", "書館"]);
    }
}
