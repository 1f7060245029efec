//! Names of the columns of a dBASE table: ten bytes, different regardless of case.

use std::collections::HashSet;

/// Bytes of a column's name, dBASE III.
const NAME_BYTES: usize = 10;

/// A short name for each, in order: its beginning, with a number at its end where that is taken.
pub fn short_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken = HashSet::new();
    names
        .into_iter()
        .map(|name| {
            let clean: String = name.chars().map(|c| if c.is_whitespace() { '_' } else { c }).collect();
            let short = std::iter::once(cut(&clean, NAME_BYTES).to_owned())
                .chain((2..).map(|number| {
                    let end = format!("_{number}");
                    format!("{}{end}", cut(&clean, NAME_BYTES - end.len()))
                }))
                .find(|candidate| !taken.contains(&candidate.to_lowercase()))
                .unwrap_or_default();
            taken.insert(short.to_lowercase());
            short
        })
        .collect()
}

/// The longest beginning of so many bytes that ends with a whole character.
pub fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_keep_whole_characters_and_differ() {
        let names = ["feature_id", "Facility Name", "Facility Type", "設施名稱", "設施名目", "ADDRESS", "Address"];
        assert_eq!(
            short_names(names),
            ["feature_id", "Facility_N", "Facility_T", "設施名", "設施_2", "ADDRESS", "Address_2"]
        );
    }
}
