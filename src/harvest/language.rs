//! In which language a text is, where its catalogue says so, and where it does not.

use crate::base::{Language, Trilingual};
use crate::definition::simplified;
use crate::fetch::Address;

/// The addresses of a catalogue that has one for each language, as data.gov.hk; of any other it alone.
pub fn seeds(address: &Address) -> Vec<(Address, Option<Language>)> {
    const ROOTS: [(&str, Language); 3] =
        [("/en-data/", Language::En), ("/tc-data/", Language::ZhHant), ("/sc-data/", Language::ZhHans)];
    let Some((root, _)) = ROOTS.iter().find(|(root, _)| address.as_str().contains(root)) else {
        return vec![(address.clone(), None)];
    };
    let in_language = |(other, language): (&str, Language)| {
        let address = address.as_str().replacen(root, other, 1).parse().ok()?;
        Some((address, Some(language)))
    };
    ROOTS.into_iter().filter_map(in_language).collect()
}

/// A text in the language that its catalogue names. Which Chinese it is shows in its characters, because
/// catalogues name both alike.
pub fn set(text: &mut Trilingual, written: String, named: Option<Language>) {
    let is_han = written.chars().any(crate::words::fold::is_han);
    let language = match named {
        Some(language) => language,
        None if !is_han => Language::En,
        None if written.chars().any(simplified::is_simplified_only) => Language::ZhHans,
        None => Language::ZhHant,
    };
    let place = match language {
        Language::En => &mut text.en,
        Language::ZhHant => &mut text.zh_hant,
        Language::ZhHans => &mut text.zh_hans,
    };
    if place.is_empty() {
        *place = written;
    }
}

/// One text in one language.
pub fn only(written: String, named: Option<Language>) -> Trilingual {
    let mut text = Trilingual::default();
    set(&mut text, written, named);
    text
}

/// Simplified Chinese where only Traditional is given.
pub fn complete(text: &mut Trilingual) {
    if !text.zh_hant.is_empty() {
        simplified::complete(text);
    }
}
