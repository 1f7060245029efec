//! The faces of the catalogue: each a function from records, a language and the public address to
//! a document in the words of one standard. All say the same, because all read the same record
//! through [`Listing`] and its [`resources`](resources::resources).

pub mod atom;
pub mod ckan;
pub mod csw;
pub mod data_json;
pub mod dcat;
pub mod dictionary;
pub mod iso19139;
pub mod queryables;
pub mod rdf;
pub mod records;
pub mod resources;
pub mod schema_org;
pub mod sitemap;
pub mod stac;
pub mod terms;
pub mod waf;

use super::LayerRecord;
use crate::base::{BBox, Class, GeometryKind, Language};
use crate::store::Download;

/// One entry of the catalogue: a record, and where it is published.
#[derive(Clone, Copy, Debug)]
pub struct Listing<'a> {
    pub record: &'a LayerRecord,
    /// Public address of the server, without a slash at its end.
    pub base: &'a str,
    /// Whole files of the layer for taking away.
    pub downloads: &'a [Download],
}

impl Listing<'_> {
    pub fn id(&self) -> &str {
        self.record.id.as_str()
    }

    /// The layer's page, which is also its OGC API collection.
    pub fn page(&self) -> String {
        format!("{}/collections/{}", self.base, self.record.id)
    }

    /// The address of a picture of the layer, kept for ever; a table has none, and a layer that is not open shows none.
    pub fn thumbnail(&self) -> Option<String> {
        let record = self.record;
        let is_shown = record.class == Class::Open && record.schema.geometry != GeometryKind::None;
        is_shown.then(|| format!("{}/thumbnails/{}.png?revision={}", self.base, record.id, record.revision))
    }

    /// When the entry last changed, to the second, in UTC.
    pub fn updated(&self) -> String {
        moment(self.record.published)
    }

    /// The extent; a layer without geometry has none.
    pub fn extent(&self) -> Option<BBox> {
        self.record.extent
    }
}

/// RFC 3339 in UTC to the second, the same in every face.
pub fn moment(instant: jiff::Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The catalogue's own name.
pub fn title(language: Language) -> &'static str {
    match language {
        Language::En => "Causeway layer catalogue",
        Language::ZhHant => "Causeway 圖層目錄",
        Language::ZhHans => "Causeway 图层目录",
    }
}

pub fn description(language: Language) -> &'static str {
    match language {
        Language::En => "One record for each layer of Hong Kong's spatial data that is published here.",
        Language::ZhHant => "此處發布的每個香港空間數據圖層各有一項紀錄。",
        Language::ZhHans => "此处发布的每个香港空间数据图层各有一项纪录。",
    }
}

/// The box of all entries together.
pub fn extent_of<'a>(listings: impl IntoIterator<Item = Listing<'a>>) -> Option<BBox> {
    let mut extent = BBox::EMPTY;
    for listing in listings {
        if let Some(bbox) = listing.extent() {
            extent.include(&bbox);
        }
    }
    (!extent.is_empty()).then_some(extent)
}
