//! Pages for people, in three languages, readable without scripts.
//!
//! Comes in: records and rows. Goes out: HTML. Every file here is one page or one part of all
//! pages; templates stand beside the code that fills them. Askama escapes every value.

mod api;
mod departments;
mod district_map;
mod extract;
mod extract_words;
mod fields;
mod frame;
mod home;
mod items;
mod layer;
mod layers;
mod map_page;
mod map_words;
mod problem;
mod text;
mod twin;
mod where_and_when;
mod where_words;
mod words;

use std::borrow::Cow;

use rust_embed::RustEmbed;

use crate::base::{BBox, FeatureId, Language, Value};

pub use api::{ApiQuery, api};
pub use departments::{departments, guide};
pub use extract::{ExtractFile, ExtractView, Progress, extract, extract_form};
pub use home::home;
pub use items::{feature, items};
pub use layer::layer;
pub use layers::{RESULTS, layers};
pub use map_page::map;
pub use problem::problem;
pub use twin::json_twin;

/// What every page needs of its request.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    pub language: Language,
    /// Absolute, without a slash at its end.
    pub base: &'a str,
    pub path_and_query: &'a str,
}

/// One feature for a page.
#[derive(Clone, Debug)]
pub struct FeatureView {
    pub id: FeatureId,
    /// In the schema's order.
    pub values: Vec<Value>,
    /// Longitude and latitude of a point that stands for it.
    pub point: Option<(f64, f64)>,
    /// Easting and northing of that point, in metres.
    pub hk1980: Option<(f64, f64)>,
    pub bbox: Option<BBox>,
}

/// One page of features.
#[derive(Clone, Debug)]
pub struct ItemsView {
    pub features: Vec<FeatureView>,
    pub number_matched: Option<u64>,
    /// Place of the first row, from 1, where it is known.
    pub first: Option<u64>,
    pub next: Option<String>,
    pub previous: Option<String>,
    /// The page that the walk began with, where this is a later one.
    pub beginning: Option<String>,
    pub filters: Vec<(String, String)>,
    /// The form that asks for these features as a file, where any are made.
    pub extract: Option<String>,
}

#[derive(RustEmbed)]
#[folder = "assets"]
struct Assets;

/// A file of `assets/pages` or `assets/vendor` with its media type.
pub fn asset(path: &str) -> Option<(Cow<'static, [u8]>, &'static str)> {
    let file = Assets::get(path)?;
    let media_type = match path.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    Some((file.data, media_type))
}

/// The address of an asset with the start of its digest, so that it may be kept for ever.
fn asset_href(path: &str) -> String {
    const DIGITS: usize = 8;
    let version: String = Assets::get(path)
        .map(|file| file.metadata.sha256_hash().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect())
        .unwrap_or_default();
    format!("/assets/{path}?v={version}")
}

#[cfg(test)]
mod tests {
    use crate::catalogue::search::Index;

    use super::{ApiQuery, Frame, api, home, json_twin, problem};
    use crate::base::Language;

    fn frames() -> [Frame<'static>; 3] {
        Language::ALL.map(|language| Frame {
            language,
            base: "https://host.hk/geo",
            path_and_query: "/collections/public-libraries?x=1",
        })
    }

    #[test]
    fn an_empty_data_folder_says_what_to_do_next_in_every_language() {
        for frame in frames() {
            let page = home(&frame, &[], &Index::default(), None);
            assert!(page.contains("<code>causeway ingest</code>"), "{}", frame.language.tag());
            assert!(page.contains(&format!("<html lang=\"{}\">", frame.language.tag())));
        }
    }

    #[test]
    fn a_problem_keeps_its_words_and_offers_to_search_for_the_address() {
        for frame in frames() {
            let page = problem(&frame, 404, "there is no layer \"<b>\"", Language::En);
            assert!(page.contains("There is no layer &#34;&#60;b&#62;&#34;."), "{page}");
            assert!(page.contains("value=\"public libraries\""));
        }
    }

    #[test]
    fn links_stay_under_the_path_of_the_public_address() {
        for frame in frames() {
            for page in [
                home(&frame, &[], &Index::default(), None),
                problem(&frame, 500, "x", Language::En),
                api(&frame, ApiQuery::default(), &[]),
                json_twin(&frame, "T", &serde_json::json!({ "a": 1 })),
            ] {
                for attribute in ["href=\"/", "src=\"/", "action=\"/"] {
                    for (place, _) in page.match_indices(attribute) {
                        let rest = &page[place + attribute.len() - 1..];
                        assert!(rest.starts_with("/geo/"), "{}", rest.chars().take(40).collect::<String>());
                    }
                }
            }
        }
    }

    use crate::base::digest::Sha256Hex;

    /// The digests that stand in the vendored folder's README.
    #[test]
    fn the_vendored_maplibre_is_as_its_package_was() {
        let readme = include_str!("../../../assets/vendor/maplibre-gl-6.17.0/README.md");
        for name in
            ["maplibre-gl.mjs", "maplibre-gl-worker.mjs", "maplibre-gl-shared.mjs", "maplibre-gl.css", "LICENSE.txt"]
        {
            let (bytes, _) = super::asset(&format!("vendor/maplibre-gl-6.17.0/{name}")).unwrap();
            let digest = Sha256Hex::of_bytes(&bytes);
            assert!(readme.contains(&format!("{digest}  {name}")), "{name} {digest}");
        }
    }
}
