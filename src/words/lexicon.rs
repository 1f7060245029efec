//! Words that mean the same, as data: `assets/tables/synonyms.tsv`, the departments with their
//! codes and short names, and the themes. Everything is kept in the normal form of `pieces`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::pieces::{Piece, normal, pieces};
use crate::definition::vocabulary;

/// What a term stands for besides itself.
#[derive(Debug, Default)]
pub struct Lexicon {
    /// Term to the terms that are looked for in its place.
    others: HashMap<String, Vec<Other>>,
    /// Terms as the table writes them, by normal form: what a person is shown.
    written: HashMap<String, String>,
    /// Words that narrow nothing: "map of", 香港, 資料.
    optional: HashSet<String>,
    /// The longest term in Latin words, and in Han characters.
    pub longest_words: usize,
    pub longest_characters: usize,
}

/// A term that stands for another.
#[derive(Clone, Debug, PartialEq)]
pub struct Other {
    pub term: String,
    /// What a record that says it so counts, of one that says it as asked.
    pub factor: f32,
}

/// A term of the same meaning counts less than the word that was typed.
const SAME: f32 = 0.72;
/// A term that is only near it counts less still.
const NEAR: f32 = 0.55;

/// The lexicon of this tree.
pub static LEXICON: LazyLock<Lexicon> =
    LazyLock::new(|| Lexicon::read(include_str!("../../assets/tables/synonyms.tsv")));

impl Lexicon {
    /// Reads the table and adds departments and themes. A line is a kind and its terms parted by
    /// `|`: `same` terms stand for each other, `finds` has a second column with what its terms find
    /// (never the other way round), `optional` terms narrow nothing. `#` begins a remark.
    fn read(table: &str) -> Self {
        let mut lexicon = Lexicon::default();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            for term in line.split('\t').skip(1).flat_map(|column| column.split('|')) {
                lexicon.written.entry(normal(term)).or_insert_with(|| term.trim().to_owned());
            }
            let columns: Vec<Vec<String>> = line.split('\t').map(terms).collect();
            match (line.split('\t').next(), columns.as_slice()) {
                (Some("same"), [_, group]) => lexicon.add_group(group),
                (Some("finds"), [_, asked, found]) => lexicon.add(asked, found, NEAR),
                (Some("optional"), [_, words]) => lexicon.optional.extend(words.iter().cloned()),
                _ => {}
            }
        }
        for department in vocabulary::department_words() {
            for name in &department {
                lexicon.written.entry(normal(name)).or_insert_with(|| (*name).to_owned());
            }
            lexicon.add_group(&department.iter().map(|name| normal(name)).collect::<Vec<_>>());
        }
        lexicon
    }

    fn add_group(&mut self, group: &[String]) {
        self.add(group, group, SAME);
    }

    fn add(&mut self, asked: &[String], found: &[String], factor: f32) {
        for term in asked.iter().filter(|term| !term.is_empty()) {
            for piece in pieces(term) {
                if let Piece::Han(run) = piece {
                    self.longest_characters = self.longest_characters.max(run.chars().count());
                }
            }
            self.longest_words = self.longest_words.max(term.split(' ').count());
            let others = self.others.entry(term.clone()).or_default();
            for other in found.iter().filter(|other| *other != term && !other.is_empty()) {
                match others.iter_mut().find(|known| known.term == *other) {
                    Some(known) => known.factor = known.factor.max(factor),
                    None => others.push(Other { term: other.clone(), factor }),
                }
            }
        }
    }

    pub fn knows(&self, term: &str) -> bool {
        self.others.contains_key(term) || self.optional.contains(term)
    }

    /// What is looked for in a term's place, besides it.
    pub fn others(&self, term: &str) -> &[Other] {
        self.others.get(term).map_or(&[], Vec::as_slice)
    }

    /// The term as people write it.
    pub fn written<'a>(&'a self, term: &'a str) -> &'a str {
        self.written.get(term).map_or(term, String::as_str)
    }

    pub fn is_optional(&self, term: &str) -> bool {
        self.optional.contains(term)
    }

    /// Every term, for mending a word that is written wrongly.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.others.keys().map(String::as_str)
    }
}

fn terms(column: &str) -> Vec<String> {
    column.split('|').map(normal).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_table_says_what_stands_for_what() {
        let lexicon =
            Lexicon::read("# remark\nsame\ttaxi | 的士 | 出租车\nfinds\t行山\ttrail | 遠足徑\noptional\tmap | 香港\n");
        let others = |term: &str| -> Vec<String> {
            lexicon.others(&normal(term)).iter().map(|other| other.term.clone()).collect()
        };
        assert_eq!(others("出租車"), ["taxi", &normal("的士")]);
        assert_eq!(others("行山"), ["trail", &normal("遠足徑")]);
        assert!(others("trail").is_empty());
        assert!(lexicon.is_optional("map"));
        assert!(others("lcsd").contains(&normal("康文署")));
    }

    #[test]
    fn every_line_of_the_tree_s_table_is_read() {
        for (number, line) in include_str!("../../assets/tables/synonyms.tsv").lines().enumerate() {
            let columns = line.split('\t').count();
            let kind = line.split('\t').next().unwrap_or_default();
            let is_sound = line.starts_with('#')
                || line.is_empty()
                || matches!((kind, columns), ("same" | "optional", 2) | ("finds", 3));
            assert!(is_sound, "line {} of synonyms.tsv: {line}", number + 1);
        }
    }
}
