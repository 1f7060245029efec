//! Header, footer and links that all pages share.

use super::words::{Words, words};
use super::{Frame, asset_href};
use crate::base::{GeometryKind, Language};
use crate::catalogue::LayerRecord;

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
    pub icon: String,
    /// The part of the server's address before our own paths; empty where it stands at the root.
    pub root: String,
    path: String,
}

impl Shared {
    pub fn of(frame: &Frame<'_>) -> Self {
        let root = root_of(frame.base);
        let here = format!("{root}{}", frame.path_and_query);
        let asset = |path| format!("{root}{}", asset_href(path));
        Shared {
            lang: frame.language.tag(),
            w: words(frame.language),
            languages: [(Language::En, "English"), (Language::ZhHant, "繁體"), (Language::ZhHans, "简体")]
                .into_iter()
                .map(|(language, label)| LanguageLink {
                    label,
                    tag: language.tag(),
                    href: with_parameter(&here, "lang", language.tag()),
                    is_current: language == frame.language,
                })
                .collect(),
            json_href: with_parameter(&here, "f", "json"),
            css: asset("pages/causeway.css"),
            script: asset("pages/causeway.js"),
            icon: asset("pages/icon.svg"),
            path: frame.path_and_query.split('?').next().unwrap_or_default().to_owned(),
            root: root.to_owned(),
        }
    }

    /// A page of ours in the language of this one.
    pub fn href(&self, path: &str) -> String {
        let joiner = if path.contains('?') { '&' } else { '?' };
        format!("{}{path}{joiner}lang={}", self.root, self.lang)
    }

    /// What stands between two sentences: a blank in English, nothing in Chinese.
    pub fn gap(&self) -> &'static str {
        if self.lang == "en" { " " } else { "" }
    }

    /// What stands between a name and its value.
    pub fn colon(&self) -> &'static str {
        if self.lang == "en" { ": " } else { "：" }
    }

    /// A document of ours that has no language.
    pub fn plain(&self, path: &str) -> String {
        format!("{}{path}", self.root)
    }

    /// Whether the page lies under this path, for the mark in the navigation.
    pub fn is_under(&self, path: &str) -> bool {
        self.path == path || self.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('/'))
    }

    /// The small picture of a layer's shapes; a table has none.
    pub fn fingerprint(&self, record: &LayerRecord) -> Option<String> {
        let has_shape = record.schema.geometry != GeometryKind::None && record.extent.is_some();
        has_shape.then(|| self.plain(&format!("/fingerprints/{}.svg?revision={}", record.id, record.revision)))
    }

    pub fn map_script(&self) -> String {
        self.plain(&asset_href("pages/map.js"))
    }

    pub fn map_css(&self) -> String {
        self.plain(&asset_href("vendor/maplibre-gl-6.17.0/maplibre-gl.css"))
    }
}

/// The path of a base address: `/geo` of `https://host/geo`.
fn root_of(base: &str) -> &str {
    let after_scheme = base.split_once("://").map_or(base, |(_, rest)| rest);
    after_scheme.find('/').map_or("", |start| &after_scheme[start..])
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
    use super::{root_of, with_parameter};

    #[test]
    fn links_stand_under_the_path_of_the_public_address() {
        assert_eq!(root_of("http://127.0.0.1:8080"), "");
        assert_eq!(root_of("https://host.hk/geo/data"), "/geo/data");
    }

    #[test]
    fn a_language_link_keeps_the_rest_of_the_address() {
        assert_eq!(
            with_parameter("/collections?text=x&lang=en", "lang", "zh-Hant"),
            "/collections?text=x&lang=zh-Hant"
        );
        assert_eq!(with_parameter("/", "f", "json"), "/?f=json");
    }
}
