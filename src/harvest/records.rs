//! Items of OGC API Records (OGC 20-004r1), page by page along `next`.

use serde_json::Value;

use super::clean::{self, NAME_CHARACTERS, TEXT_CHARACTERS};
use super::{Page, PageFault, language};
use crate::base::{BBox, Language};
use crate::catalogue::{RemoteRecord, RemoteResource};
use crate::fetch::Address;

pub fn page(address: &Address, bytes: &[u8]) -> Result<Page, PageFault> {
    let document: Value = serde_json::from_slice(bytes)?;
    let features =
        document["features"].as_array().ok_or(PageFault::Shape("no features", "a FeatureCollection of records"))?;
    let links = document["links"].as_array().map(Vec::as_slice).unwrap_or_default();
    let next = links.iter().find(|link| link["rel"] == "next").and_then(|link| link["href"].as_str());
    Ok(Page {
        records: features.iter().filter_map(|feature| record(address, feature)).collect(),
        next: next.filter(|_| !features.is_empty()).map(|next| address.join(next)).transpose()?.into_iter().collect(),
    })
}

fn record(page: &Address, feature: &Value) -> Option<RemoteRecord> {
    let properties = &feature["properties"];
    let text = |value: &Value, most: usize| clean::text(value.as_str().unwrap_or_default(), most);
    let name = |value: &Value| text(value, NAME_CHARACTERS);
    let named = properties["language"]["code"].as_str().and_then(Language::from_tag);
    let id = name(&feature["id"]);
    let title = name(&properties["title"]);
    let links = feature["links"].as_array().map(Vec::as_slice).unwrap_or_default();
    let address = |link: &Value| clean::link(page.join(link["href"].as_str()?).ok()?.as_str());
    let is_page = |link: &&Value| {
        matches!(link["rel"].as_str(), Some("about" | "alternate" | "describedby" | "canonical"))
            && link["type"] == "text/html"
    };
    let itself = page.join(&format!("{}/{}", page.path(), clean::segment(&id))).ok();
    let contacts = properties["contacts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_publisher =
        |contact: &&Value| contact["roles"].as_array().is_some_and(|roles| roles.contains(&"publisher".into()));
    let publisher = contacts.iter().find(is_publisher).or(contacts.first());
    let keywords = properties["keywords"].as_array().map(Vec::as_slice).unwrap_or_default();
    (!id.is_empty() && !title.is_empty()).then_some(())?;
    Some(RemoteRecord {
        page: links.iter().find(is_page).and_then(address).or_else(|| clean::link(itself?.as_str()))?,
        title: language::only(title, named),
        text: language::only(text(&properties["description"], TEXT_CHARACTERS), named),
        keywords: keywords.iter().map(name).filter(|keyword| !keyword.is_empty()).collect(),
        publisher: language::only(publisher.map(|contact| name(&contact["organization"])).unwrap_or_default(), named),
        extent: extent(&feature["geometry"]),
        updated: properties["updated"].as_str().and_then(super::moment),
        licence: name(&properties["license"]),
        resources: links
            .iter()
            .filter(|link| matches!(link["rel"].as_str(), Some("enclosure" | "item" | "items" | "data")))
            .filter_map(|link| {
                Some(RemoteResource {
                    title: name(&link["title"]),
                    format: name(&link["type"]),
                    address: address(link)?,
                })
            })
            .collect(),
        id,
        ..RemoteRecord::default()
    })
}

/// The box of a geometry's positions, whatever their nesting.
pub fn extent(geometry: &Value) -> Option<BBox> {
    /// As deep as a MultiPolygon nests them.
    const NESTING_MAX: usize = 4;
    fn include(bbox: &mut BBox, value: &Value, depth: usize) {
        let Some(parts) = value.as_array().filter(|_| depth <= NESTING_MAX) else { return };
        match parts.as_slice() {
            [Value::Number(lon), Value::Number(lat), ..] => {
                if let (Some(lon), Some(lat)) = (lon.as_f64(), lat.as_f64()) {
                    bbox.include_point(lon, lat);
                }
            }
            parts => parts.iter().for_each(|part| include(bbox, part, depth + 1)),
        }
    }
    let mut bbox = BBox::EMPTY;
    include(&mut bbox, &geometry["coordinates"], 0);
    super::sound(bbox)
}
