//! What went wrong, and a way on.

use askama::Template;

use super::frame::Shared;
use super::{Frame, words};
use crate::base::Language;

#[derive(Template)]
#[template(path = "problem.html")]
struct Problem<'a> {
    shared: Shared,
    question: String,
    status: u16,
    title: &'a str,
    /// What to do, in the language of the page.
    advice: &'static str,
    /// What was wrong; some of it is only said in English, for programs.
    sentence: String,
    said_in: &'static str,
}

pub fn problem(frame: &Frame<'_>, status: u16, said: &str, said_in: Language) -> String {
    let page = Problem {
        shared: Shared::of(frame),
        question: if status == 404 { words_of(frame.path_and_query) } else { String::new() },
        status,
        title: words::status(status, frame.language),
        advice: words::advice(status, frame.language, said_in == frame.language),
        sentence: sentence(said, said_in),
        said_in: said_in.tag(),
    };
    page.render().unwrap_or_default()
}

/// The words of a problem as a sentence.
pub fn sentence(detail: &str, language: Language) -> String {
    if language != Language::En {
        return format!("{detail}。");
    }
    let end = if detail.ends_with(['.', '…', '?']) { "" } else { "." };
    // A parameter, as in limit="x", stays as it is written.
    if detail.split_whitespace().next().is_some_and(|word| word.contains('=')) {
        return format!("{detail}{end}");
    }
    let mut letters = detail.chars();
    let first: String = letters.next().map(|letter| letter.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}{end}", letters.as_str())
}

/// What a wrong address probably looked for, as words to search for.
fn words_of(path_and_query: &str) -> String {
    const WORDS_MOST: usize = 6;
    let path = path_and_query.split('?').next().unwrap_or_default();
    let decoded = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
    let is_ours =
        |word: &&str| matches!(*word, "collections" | "items" | "tiles" | "styles" | "html" | "json" | "tilejson");
    let words: Vec<&str> = decoded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !is_ours(word) && !word.bytes().all(|byte| byte.is_ascii_digit()))
        .take(WORDS_MOST)
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_address_is_searched_for_by_its_own_words() {
        for (address, words) in [
            ("/collections/public-libraries/items/12?lang=en", "public libraries"),
            ("/%E5%9C%96%E6%9B%B8%E9%A4%A8", "圖書館"),
            ("/tiles/1/2/3", ""),
            ("/a/b/c/d/e/f/g/h", "a b c d e f"),
        ] {
            assert_eq!(words_of(address), words, "{address}");
        }
    }

    #[test]
    fn the_words_of_the_problem_stand_as_a_sentence() {
        for (words, language, shown) in [
            ("there is no layer \"x\"", Language::En, "There is no layer \"x\"."),
            ("limit=\"x\" is not a whole number", Language::En, "limit=\"x\" is not a whole number."),
            ("沒有名為「x」的圖層", Language::ZhHant, "沒有名為「x」的圖層。"),
            ("", Language::En, "."),
        ] {
            assert_eq!(sentence(words, language), shown);
        }
    }
}
