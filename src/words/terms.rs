//! A question taken apart: each phrase of it is one thing that is asked for.

use std::collections::HashSet;

use super::lexicon::Lexicon;
use super::pieces::{Piece, join};

/// Phrases of a question that are looked at; the rest of a pasted page is not.
pub const TERMS_MAX: usize = 16;

/// The phrases of a question, each once: terms of several words that the lexicon knows stay
/// together, and a Han run is parted at what the lexicon or `is_phrase` knows.
pub fn phrases(pieces: &[Piece], lexicon: &Lexicon, is_phrase: &dyn Fn(&str) -> bool) -> Vec<Vec<Piece>> {
    let mut phrases: Vec<Vec<Piece>> = Vec::new();
    let mut rest = pieces;
    while let Some(first) = rest.first() {
        match first {
            Piece::Word(_) => {
                let taken = longest_words(rest, lexicon);
                phrases.push(rest[..taken].to_vec());
                rest = &rest[taken..];
            }
            Piece::Han(run) => {
                phrases.extend(part(run, lexicon, is_phrase).into_iter().map(|run| vec![Piece::Han(run)]));
                rest = &rest[1..];
            }
        }
    }
    let mut seen = HashSet::new();
    phrases.retain(|phrase| seen.insert(join(phrase)));
    phrases.truncate(TERMS_MAX);
    phrases
}

/// How many words from the first on are one term of the lexicon; one where none is known.
fn longest_words(pieces: &[Piece], lexicon: &Lexicon) -> usize {
    let words = pieces.iter().take_while(|piece| matches!(piece, Piece::Word(_))).count();
    (2..=words.min(lexicon.longest_words)).rev().find(|count| lexicon.knows(&join(&pieces[..*count]))).unwrap_or(1)
}

/// A Han run in its words: at each place the longest that the lexicon or the caller knows;
/// what neither knows stays together.
fn part(run: &str, lexicon: &Lexicon, is_phrase: &dyn Fn(&str) -> bool) -> Vec<String> {
    /// Titles are phrases too, but a whole title is found without being parted.
    const PHRASE_CHARACTERS: usize = 8;
    let characters: Vec<char> = run.chars().collect();
    let longest = lexicon.longest_characters.max(PHRASE_CHARACTERS);
    let mut parts: Vec<String> = Vec::new();
    let mut unknown = String::new();
    let mut at = 0;
    while at < characters.len() {
        let known = (2..=longest.min(characters.len() - at))
            .rev()
            .map(|count| characters[at..at + count].iter().collect::<String>())
            .find(|word| lexicon.knows(word) || is_phrase(word));
        match known {
            Some(word) => {
                if !unknown.is_empty() {
                    parts.push(std::mem::take(&mut unknown));
                }
                at += word.chars().count();
                parts.push(word);
            }
            None => {
                unknown.push(characters[at]);
                at += 1;
            }
        }
    }
    if !unknown.is_empty() {
        parts.push(unknown);
    }
    parts
}
