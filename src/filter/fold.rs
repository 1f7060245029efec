//! CASEI and ACCENTI: texts made equal where they differ in case or in accents only, for all of
//! Unicode.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text with all differences of case gone: Unicode's full case folding, got by lower, upper and
/// lower case in turn, which brings ß and ẞ to ss, ς to σ and ﬁ to fi. Composed, so that a letter
/// and its accent are equal however they were typed.
pub fn fold_case(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().flat_map(fold_char).nfc().collect()
}

fn fold_char(c: char) -> impl Iterator<Item = char> {
    // The dotless ı is no lower case of I: folding keeps it, its upper case would not.
    const DOTLESS: char = 'ı';
    let upper = c.to_lowercase().flat_map(move |lower| {
        let kept = (lower == DOTLESS).then_some(lower);
        kept.into_iter().chain(lower.to_uppercase().filter(move |_| kept.is_none()))
    });
    upper.flat_map(|upper| {
        let kept = (upper == DOTLESS).then_some(upper);
        kept.into_iter().chain(upper.to_lowercase().filter(move |_| kept.is_none()))
    })
}

/// The text without the marks that Unicode's canonical decomposition parts from their letters. The
/// Japanese voicing marks stay, as the standard recommends: か and が are different letters.
pub fn fold_accents(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let is_voicing = |c: char| matches!(c, '\u{3099}' | '\u{309a}');
    text.nfd().filter(|&c| !is_combining_mark(c) || is_voicing(c)).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_in_every_script() {
        for (a, b) in [
            ("KØBENHAVN", "københavn"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("Οδος", "ΟΔΟΣ"),
            ("ΟΔΟΣ", "οδοσ"),
            ("ﬁsh", "FISH"),
            ("Москва", "МОСКВА"),
            ("É", "e\u{301}"),
            ("ＡＢ", "ａｂ"),
            ("香港 Kong", "香港 KONG"),
        ] {
            assert_eq!(fold_case(a), fold_case(b), "{a} {b}");
        }
        assert_ne!(fold_case("ı"), fold_case("I"));
        assert_eq!(fold_case("ı"), "ı");
    }

    #[test]
    fn accents_go_and_letters_stay() {
        for (a, b) in [
            ("Chișinău", "Chisinau"),
            ("débárquér", "debarquer"),
            ("e\u{301}", "e"),
            ("한국", "한국"),
            ("が", "か\u{3099}"),
            ("香港", "香港"),
        ] {
            assert_eq!(fold_accents(a), fold_accents(b), "{a} {b}");
        }
        assert_ne!(fold_accents("が"), fold_accents("か"));
        assert_eq!(fold_accents("København"), "København");
    }
}
