//! Header, footer and links that all pages share.

use super::words::{Words, words};
use super::{Frame, asset_href};
use crate::base::Language;

/// One way to read the page in another language.
pub struct LanguageLink {
    pub label: &'static str,
    pub tag: &'static str,
    pub href: String,
    pub is_current: bool,
}

/// What the shared template shows.
pub struct Shared {
    pub lang: &'static str,
    pub w: &'static Words,
    pub languages: Vec<LanguageLink>,
    pub json_href: String,
    pub css: String,
    pub script: String,
    pub map_css: String,
}

impl Shared {
    pub fn of(frame: &Frame<'_>) -> Self {
        Shared {
            lang: frame.language.tag(),
            w: words(frame.language),
            languages: [(Language::En, "English"), (Language::ZhHant, "繁體"), (Language::ZhHans, "简体")]
                .into_iter()
                .map(|(language, label)| LanguageLink {
                    label,
                    tag: language.tag(),
                    href: with_parameter(frame.path_and_query, "lang", language.tag()),
                    is_current: language == frame.language,
                })
                .collect(),
            json_href: with_parameter(frame.path_and_query, "f", "json"),
            css: asset_href("pages/causeway.css"),
            script: asset_href("pages/causeway.js"),
            map_css: asset_href("vendor/maplibre-gl-6.17.0/maplibre-gl.css"),
        }
    }

    /// A page of ours that stays in the language.
    pub fn href(&self, path: &str) -> String {
        let joiner = if path.contains('?') { '&' } else { '?' };
        format!("{path}{joiner}lang={}", self.lang)
    }

    pub fn map_script(&self) -> String {
        asset_href("pages/map.js")
    }
}

/// The address with one parameter set, the others kept.
fn with_parameter(path_and_query: &str, name: &str, value: &str) -> String {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let is_same = |pair: &&str| pair.split('=').next() != Some(name);
    let mut pairs: Vec<String> =
        query.split('&').filter(|pair| !pair.is_empty()).filter(is_same).map(str::to_owned).collect();
    pairs.push(format!("{name}={value}"));
    format!("{path}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::with_parameter;

    #[test]
    fn a_language_link_keeps_the_rest_of_the_address() {
        assert_eq!(
            with_parameter("/collections?text=x&lang=en", "lang", "zh-Hant"),
            "/collections?text=x&lang=zh-Hant"
        );
        assert_eq!(with_parameter("/", "f", "json"), "/?f=json");
    }
}
