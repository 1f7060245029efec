//! STAC 1.1: the catalogue and its layers as STAC Catalog and Collections.

use serde_json::{Value, json};

use super::resources::{Kind, resources};
use super::{Listing, description, title};
use crate::base::{BBox, FieldKind, Language};

const VERSION: &str = "1.1.0";

/// `/stac`.
pub fn catalogue(listings: &[Listing<'_>], base: &str, language: Language) -> Value {
    let here = format!("{base}/stac");
    let mut links = vec![
        link("self", &here, JSON, title(language)),
        link("root", &here, JSON, title(language)),
        link("service-desc", &format!("{base}/api"), "application/vnd.oai.openapi+json;version=3.0", "API"),
        link("data", &format!("{base}/collections"), JSON, "Collections"),
        link("conformance", &format!("{base}/conformance"), JSON, "Conformance"),
    ];
    links.extend(listings.iter().map(|listing| {
        link("child", &format!("{here}/{}", listing.record.id), JSON, listing.record.title.get(language))
    }));
    json!({
        "type": "Catalog",
        "stac_version": VERSION,
        "id": "catalogue",
        "title": title(language),
        "description": description(language),
        "conformsTo": ["https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/collections"],
        "links": links,
    })
}

/// `/stac/{layer}`.
pub fn collection(listing: &Listing<'_>, language: Language) -> Value {
    let record = listing.record;
    let root = format!("{}/stac", listing.base);
    let mut links = vec![
        link("self", &format!("{root}/{}", record.id), JSON, record.title.get(language)),
        link("root", &root, JSON, title(language)),
        link("parent", &root, JSON, title(language)),
    ];
    if !record.licence.address.is_empty() {
        links.push(link("license", &record.licence.address, "text/html", record.licence.title.get(language)));
    }
    let mut assets = serde_json::Map::new();
    for resource in resources(listing) {
        match resource.kind {
            Kind::Whole => {
                let mut asset = json!({
                    "href": resource.address,
                    "type": resource.media_type,
                    "title": resource.title.get(language),
                    "roles": ["data"],
                });
                if let Some(file) = &resource.file {
                    /// Multihash: SHA-256 is function 0x12, its digest has 0x20 bytes.
                    const SHA256: &str = "1220";
                    asset["file:size"] = json!(file.bytes);
                    asset["file:checksum"] = json!(format!("{SHA256}{}", file.sha256));
                }
                assets.insert(resource.id, asset);
            }
            Kind::Service => {
                links.push(link("related", &resource.address, &resource.media_type, resource.title.get(language)));
            }
            Kind::Page => {
                links.push(link("about", &resource.address, &resource.media_type, resource.title.get(language)))
            }
        }
    }
    if let Some(address) = listing.thumbnail() {
        let thumbnail = json!({ "href": address, "type": "image/png", "title": "Thumbnail", "roles": ["thumbnail"] });
        assets.insert("thumbnail".to_owned(), thumbnail);
    }
    let columns: Vec<Value> = record
        .schema
        .fields
        .iter()
        .map(|field| {
            json!({ "name": field.name, "description": field.title.get(language), "type": column_type(field.kind) })
        })
        .collect();
    json!({
        "type": "Collection",
        "stac_version": VERSION,
        "stac_extensions": [
            "https://stac-extensions.github.io/table/v1.2.0/schema.json",
            "https://stac-extensions.github.io/file/v2.1.0/schema.json",
        ],
        "id": record.id,
        "title": record.title.get(language),
        "description": record.abstract_text.get(language),
        "keywords": record.keywords.get(language),
        "license": record.licence.spdx,
        "providers": [{ "name": record.department.name.get(language), "roles": ["producer", "licensor"] }],
        "extent": extent(listing),
        "updated": listing.updated(),
        "table:row_count": record.counts.kept,
        "table:columns": columns,
        "assets": assets,
        "links": links,
    })
}

const JSON: &str = "application/json";

/// STAC needs an extent: a layer without geometry is of the whole world, one without times of all.
fn extent(listing: &Listing<'_>) -> Value {
    let bbox = listing.extent().unwrap_or(BBox::WORLD);
    let interval = match listing.record.period {
        Some((start, end)) => json!([super::moment(start), super::moment(end)]),
        None => match listing.record.data_as_at {
            Some(date) => json!([null, format!("{date}T00:00:00Z")]),
            None => json!([null, listing.updated()]),
        },
    };
    json!({ "spatial": { "bbox": [bbox] }, "temporal": { "interval": [interval] } })
}

fn column_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Json => "string",
        FieldKind::Integer => "int64",
        FieldKind::Real => "double",
        FieldKind::Boolean => "boolean",
        FieldKind::Date => "date",
        FieldKind::DateTime => "datetime",
    }
}

fn link(rel: &str, href: &str, media_type: &str, title: &str) -> Value {
    json!({ "rel": rel, "href": href, "type": media_type, "title": title })
}
