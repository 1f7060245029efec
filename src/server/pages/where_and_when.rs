//! The part of the results that narrows them by place and time: a small map of what was found, districts to
//! choose, and a form for a box and for days. All of it is the list's own address, so it works without scripts.

use super::asset_href;
use super::district_map::{DistrictMap, district_map};
use super::frame::Shared;
use super::layers::{Choice, address, pairs};
use super::where_words::{WhereWords, where_words};
use crate::base::{BBox, Language};
use crate::server::collections::ListQuery;
use crate::server::districts::Districts;
use crate::server::snapshot::LiveLayer;

pub struct WhereAndWhen {
    pub w: &'static WhereWords,
    pub map: Option<ResultsMap>,
    /// A link for each district; a chosen one leads back.
    pub districts: Vec<Choice>,
    /// What else narrows the list, for the form.
    pub hidden: Vec<(String, String)>,
    pub bbox: String,
    pub datetime: String,
    pub script: String,
}

/// Districts, with what was found and what was asked for as boxes over them.
pub struct ResultsMap {
    pub districts: DistrictMap,
    /// West, south, east, north of the picture in degrees, for a box that is drawn on it.
    pub ground: String,
    /// Of the layers that the page shows, where they are few enough to be told apart.
    pub extents: Vec<Rectangle>,
    pub chosen: Option<Rectangle>,
}

/// West, north, width and height in pixels of the picture.
pub type Rectangle = (i32, i32, i32, i32);

/// Boxes that are told apart over one another.
const EXTENTS_MOST: usize = 6;
/// Decimals of a district's box in an address: ten metres, which nobody chooses a district by.
const DISTRICT_DECIMALS: u32 = 4;

/// The part for a question, with the layers that its page shows.
pub fn where_and_when<'a>(
    query: &ListQuery,
    shown: impl Iterator<Item = &'a LiveLayer>,
    districts: Option<&Districts>,
    shared: &Shared,
    language: Language,
) -> WhereAndWhen {
    let map = districts.and_then(|districts| results_map(query, shown, districts, shared, language));
    let districts = map.iter().flat_map(|map| &map.districts.areas).map(|area| Choice {
        name: area.name.clone(),
        href: area.href.clone(),
        count: None,
        is_chosen: is_chosen(query, &area.bbox),
    });
    let given = |wanted: &str| query.given.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let is_ours = |name: &str| name == "bbox" || name == "datetime";
    let hidden = pairs(query).into_iter().filter(|(name, _)| !is_ours(name));
    WhereAndWhen {
        w: where_words(language),
        districts: districts.collect(),
        hidden: hidden.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        bbox: given("bbox").unwrap_or_default(),
        datetime: given("datetime").unwrap_or_default(),
        script: shared.plain(&asset_href("pages/results.js")),
        map,
    }
}

fn results_map<'a>(
    query: &ListQuery,
    shown: impl Iterator<Item = &'a LiveLayer>,
    districts: &Districts,
    shared: &Shared,
    language: Language,
) -> Option<ResultsMap> {
    let drawn = &districts.outlines;
    let BBox { west_deg, south_deg, east_deg, north_deg } = drawn.extent?.rounded_outward_to(DISTRICT_DECIMALS);
    let href = |_: &str, bbox: &BBox| {
        let wanted = (!is_chosen(query, bbox)).then(|| written(bbox));
        shared.href(&address(&query.with_given("bbox", wanted)))
    };
    let mut extents: Vec<Rectangle> =
        shown.filter_map(|layer| layer.record.extent).filter_map(|extent| drawn.rectangle(&extent)).collect();
    extents.sort_unstable();
    extents.dedup();
    if extents.len() > EXTENTS_MOST {
        extents.clear();
    }
    Some(ResultsMap {
        districts: district_map(districts, language, href)?,
        ground: format!("{west_deg},{south_deg},{east_deg},{north_deg}"),
        extents,
        chosen: query.bbox.and_then(|bbox| drawn.rectangle(&bbox)),
    })
}

fn is_chosen(query: &ListQuery, district: &BBox) -> bool {
    query.bbox == Some(district.rounded_outward_to(DISTRICT_DECIMALS))
}

/// The box of a district as `bbox` takes it.
fn written(district: &BBox) -> String {
    district.rounded_outward_to(DISTRICT_DECIMALS).to_array().map(|degrees| degrees.to_string()).join(",")
}

impl WhereAndWhen {
    /// The district that is chosen.
    pub fn district(&self) -> Option<&Choice> {
        self.districts.iter().find(|district| district.is_chosen)
    }
}
