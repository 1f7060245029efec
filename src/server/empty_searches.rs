//! Questions that found nothing, counted: they say which words the tables of the search lack. The log
//! names the words and how often they came, never who asked; what may name a person is not written.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::words::normal;

/// Different questions that are counted: what strangers type must not fill the memory.
const QUESTIONS_MAX: usize = 10_000;
/// Longer ones are pasted texts, and tell nothing of a word that is missing.
const CHARACTERS_MAX: usize = 40;

#[derive(Debug, Default)]
pub struct EmptySearches(Mutex<HashMap<String, u64>>);

impl EmptySearches {
    /// Counts a question. It is logged at the first time, the second, the fourth, and so on.
    pub fn note(&self, text: &str) {
        let Some(words) = loggable(text) else { return };
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counted.len() >= QUESTIONS_MAX && !counted.contains_key(&words) {
            return;
        }
        let times = counted.entry(words.clone()).or_default();
        *times += 1;
        if times.is_power_of_two() {
            tracing::info!(words, times = *times, "a search found nothing");
        }
    }
}

/// The words in normal form, unless they may be an e-mail address, a telephone number, an identity
/// card's or a flat's.
fn loggable(text: &str) -> Option<String> {
    const DIGITS_MAX: usize = 4;
    let words = normal(text);
    let has_long_number = words.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > DIGITS_MAX);
    let digits = words.chars().filter(char::is_ascii_digit).count();
    let may_name_a_person = text.contains('@') || has_long_number || digits > DIGITS_MAX;
    (!words.is_empty() && !may_name_a_person && words.chars().count() <= CHARACTERS_MAX).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_and_what_may_name_a_person_is_not_kept() {
        let searches = EmptySearches::default();
        for text in ["求職", "求职", "chan@example.hk", "9123 4567", "91234567", "A123456(7)", &"x".repeat(200), "  "]
        {
            searches.note(text);
        }
        let counted = searches.0.lock().unwrap();
        let mut kept: Vec<(&str, u64)> = counted.iter().map(|(words, times)| (words.as_str(), *times)).collect();
        kept.sort_unstable();
        assert_eq!(kept, [("求职", 2)]);
    }
}
