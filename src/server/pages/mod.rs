//! Pages for people, in three languages, readable without scripts.
//!
//! Comes in: records and rows. Goes out: HTML. Every file here is one page or one part of all
//! pages; templates stand beside the code that fills them. Askama escapes every value.

mod api;
mod fields;
mod frame;
mod home;
mod items;
mod layer;
mod layers;
mod problem;
mod text;
mod twin;
mod words;

use std::borrow::Cow;

use rust_embed::RustEmbed;

use crate::base::{BBox, FeatureId, Language, Value};

pub use api::{ApiQuery, api};
pub use home::home;
pub use items::{feature, items};
pub use layer::layer;
pub use layers::layers;
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
