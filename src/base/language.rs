//! Text in English, Traditional and Simplified Chinese.

use serde::{Deserialize, Serialize};

/// The three languages of every text, as BCP 47 tags `en`, `zh-Hant`, `zh-Hans`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    #[default]
    #[serde(rename = "en")]
    En,
    #[serde(rename = "zh-Hant")]
    ZhHant,
    #[serde(rename = "zh-Hans")]
    ZhHans,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::En, Language::ZhHant, Language::ZhHans];

    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::ZhHant => "zh-Hant",
            Language::ZhHans => "zh-Hans",
        }
    }

    /// Reads a tag as people and portals write it: `tc`, `zh-HK`, `zh-TW`, `zh-MO` and bare `zh`
    /// are Traditional, `sc`, `zh-CN`, `zh-SG` Simplified; any `en-…` is English.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim().to_ascii_lowercase().replace('_', "-");
        match tag.as_str() {
            "tc" | "zh" => return Some(Language::ZhHant),
            "sc" => return Some(Language::ZhHans),
            _ => {}
        }
        let mut parts = tag.split('-');
        match parts.next()? {
            "en" => Some(Language::En),
            "zh" => parts
                .find_map(|part| match part {
                    "hant" | "hk" | "tw" | "mo" => Some(Language::ZhHant),
                    "hans" | "cn" | "sg" | "my" => Some(Language::ZhHans),
                    _ => None,
                })
                .or(Some(Language::ZhHant)),
            _ => None,
        }
    }
}

/// One text in three languages. Simplified may be derived from Traditional, and says so;
/// Traditional is never derived from Simplified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trilingual {
    #[serde(default)]
    pub en: String,
    #[serde(rename = "zh-Hant", default)]
    pub zh_hant: String,
    #[serde(rename = "zh-Hans", default)]
    pub zh_hans: String,
    /// Whether `zh_hans` was converted from `zh_hant` by us.
    #[serde(rename = "zh-Hans-derived", default, skip_serializing_if = "std::ops::Not::not")]
    pub zh_hans_derived: bool,
}

impl Trilingual {
    /// The same words in all languages: names of fields, of standards, of files.
    pub fn untranslated(text: &str) -> Self {
        Trilingual { en: text.to_owned(), zh_hant: text.to_owned(), zh_hans: text.to_owned(), zh_hans_derived: false }
    }

    /// The text in the asked language, else in the nearest one that has any.
    pub fn get(&self, language: Language) -> &str {
        self.get_with_language(language).0
    }

    /// As [`Trilingual::get`], with the language that the text really is in.
    pub fn get_with_language(&self, language: Language) -> (&str, Language) {
        let order = match language {
            Language::En => [Language::En, Language::ZhHant, Language::ZhHans],
            Language::ZhHant => [Language::ZhHant, Language::ZhHans, Language::En],
            Language::ZhHans => [Language::ZhHans, Language::ZhHant, Language::En],
        };
        order
            .into_iter()
            .map(|language| (self.exact(language), language))
            .find(|(text, _)| !text.is_empty())
            .unwrap_or(("", language))
    }

    /// The text in exactly this language; empty when there is none.
    pub fn exact(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::ZhHant => &self.zh_hant,
            Language::ZhHans => &self.zh_hans,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.en.is_empty() && self.zh_hant.is_empty() && self.zh_hans.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_portals_and_browsers_write_them() {
        for (tag, language) in [
            ("en-GB", Some(Language::En)),
            ("tc", Some(Language::ZhHant)),
            ("zh-HK", Some(Language::ZhHant)),
            ("zh", Some(Language::ZhHant)),
            ("zh-Hans-HK", Some(Language::ZhHans)),
            ("zh_CN", Some(Language::ZhHans)),
            ("sc", Some(Language::ZhHans)),
            ("fr", None),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
    }

    #[test]
    fn a_missing_language_falls_back_and_says_which_it_took() {
        let text = Trilingual { zh_hant: "圖書館".into(), ..Trilingual::default() };
        assert_eq!(text.get_with_language(Language::En), ("圖書館", Language::ZhHant));
    }
}
