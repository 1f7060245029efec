//! Fields as people read them: where a department delivers one field in English and the same in
//! Chinese, a page shows the one of its language, with the other beside it.

use crate::base::{Language, Schema};

/// One field, or an English and a Chinese field of the same meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    pub title: String,
    /// Index in the schema of the field that the page's language reads.
    pub own: usize,
    /// Index of its twin in the other language.
    pub other: Option<usize>,
}

impl Pair {
    pub fn holds(&self, index: usize) -> bool {
        self.own == index || self.other == Some(index)
    }
}

/// The schema's fields in order, twins joined under the title without its language.
pub fn pairs(schema: &Schema, language: Language) -> Vec<Pair> {
    let spoken: Vec<(&str, Tongue)> = schema.fields.iter().map(|field| spoken_in(&field.title.en)).collect();
    let mut pairs: Vec<Pair> = Vec::new();
    for (index, (field, (stem, tongue))) in schema.fields.iter().zip(&spoken).enumerate() {
        if pairs.iter().any(|pair| pair.holds(index)) {
            continue;
        }
        let twin = spoken.iter().position(|(other_stem, other)| other_stem == stem && other != tongue);
        let title = field.title.get(language);
        pairs.push(match twin {
            Some(twin) => {
                let is_own = (*tongue == Tongue::English) == (language == Language::En);
                let (own, other) = if is_own { (index, twin) } else { (twin, index) };
                Pair { title: spoken_in(title).0.to_owned(), own, other: Some(other) }
            }
            None => Pair { title: title.to_owned(), own: index, other: None },
        });
    }
    pairs
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tongue {
    English,
    Chinese,
}

/// What definitions write at the end of a title, in all languages.
const ENDINGS: [(&str, Tongue); 10] = [
    (" (English)", Tongue::English),
    (" (English column)", Tongue::English),
    (" (Chinese)", Tongue::Chinese),
    (" (Chinese column)", Tongue::Chinese),
    ("（英文）", Tongue::English),
    ("（中文）", Tongue::Chinese),
    ("（英文欄）", Tongue::English),
    ("（中文欄）", Tongue::Chinese),
    ("（英文栏）", Tongue::English),
    ("（中文栏）", Tongue::Chinese),
];

/// A title without its language, and that language; a title that names none is the department's
/// first, which is English.
fn spoken_in(title: &str) -> (&str, Tongue) {
    let with_ending = |(ending, tongue): &(&str, Tongue)| Some((title.strip_suffix(ending)?, *tongue));
    ENDINGS.iter().find_map(with_ending).unwrap_or((title, Tongue::English))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Field, FieldKind, GeometryKind, Trilingual};

    fn schema(titles: &[(&str, &str)]) -> Schema {
        let field = |(en, zh): &(&str, &str)| Field {
            name: (*en).to_owned(),
            column: (*en).to_owned(),
            title: Trilingual { en: (*en).into(), zh_hant: (*zh).into(), ..Trilingual::default() },
            description: Trilingual::default(),
            kind: FieldKind::Text,
        };
        Schema { fields: titles.iter().map(field).collect(), geometry: GeometryKind::Point, has_z: false, has_m: false }
    }

    #[test]
    fn twins_are_one_row_that_begins_with_the_language_of_the_page() {
        let schema = schema(&[
            ("Code", "編號"),
            ("Name (English)", "名稱（英文）"),
            ("Name (Chinese)", "名稱（中文）"),
            ("Fax (English)", "傳真（英文）"),
            ("Date of report", "報告日期"),
            ("Date of report (Chinese column)", "報告日期（中文欄）"),
        ]);
        let shown = |language| {
            pairs(&schema, language).into_iter().map(|pair| (pair.title, pair.own, pair.other)).collect::<Vec<_>>()
        };
        assert_eq!(
            shown(Language::En),
            [
                ("Code".into(), 0, None),
                ("Name".into(), 1, Some(2)),
                ("Fax (English)".into(), 3, None),
                ("Date of report".into(), 4, Some(5)),
            ]
        );
        assert_eq!(shown(Language::ZhHant)[1], ("名稱".into(), 2, Some(1)));
    }
}
