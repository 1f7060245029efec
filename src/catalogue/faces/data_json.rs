//! `/data.json`: DCAT-US 1.1, as Esri's and American harvesters read it.

use serde_json::{Value, json};

use super::resources::{Kind, resources};
use super::{Listing, terms};
use crate::base::Language;

/// The whole catalogue.
pub fn catalogue(listings: &[Listing<'_>], base: &str, language: Language) -> Value {
    json!({
        "@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld",
        "@id": format!("{base}/data.json"),
        "@type": "dcat:Catalog",
        "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
        "describedBy": "https://project-open-data.cio.gov/v1.1/schema/catalog.json",
        "dataset": listings.iter().map(|listing| dataset(listing, language)).collect::<Vec<_>>(),
    })
}

fn dataset(listing: &Listing<'_>, language: Language) -> Value {
    let record = listing.record;
    let publisher = record.department.name.get(language);
    let distribution: Vec<Value> = resources(listing)
        .into_iter()
        .map(|resource| {
            let address = if resource.kind == Kind::Whole { "downloadURL" } else { "accessURL" };
            let mut distribution = json!({
                "@type": "dcat:Distribution",
                "title": resource.title.get(language),
                "format": resource.format,
                "mediaType": resource.media_type,
                address: resource.address,
            });
            if let Some(file) = &resource.file {
                // The schema has no place of their own for these.
                distribution["description"] = format!("{} bytes, SHA-256 {}", file.bytes, file.sha256).into();
            }
            distribution
        })
        .collect();
    let mut contact = json!({ "@type": "vcard:Contact", "fn": publisher });
    if let Some(email) = &record.details.contact.email {
        contact["hasEmail"] = format!("mailto:{email}").into();
    }
    let mut dataset = json!({
        "@type": "dcat:Dataset",
        "identifier": listing.page(),
        "title": record.title.get(language),
        "description": record.abstract_text.get(language),
        "keyword": record.keywords.get(language),
        "modified": listing.updated(),
        "accessLevel": "public",
        "license": if record.licence.address.is_empty() { &record.licence.id } else { &record.licence.address },
        "rights": record.credit.get(language),
        "publisher": { "@type": "org:Organization", "name": publisher },
        "contactPoint": contact,
        "landingPage": format!("{}?f=html", listing.page()),
        "language": Language::ALL.map(Language::tag),
        "distribution": distribution,
    });
    if let Some(theme) = &record.theme {
        dataset["theme"] = json!([theme.name.get(language)]);
    }
    if let Some(bbox) = listing.extent() {
        let sides = bbox.to_array().map(|degrees| degrees.to_string());
        dataset["spatial"] = sides.join(",").into();
    }
    if let Some((start, end)) = record.period {
        dataset["temporal"] = format!("{}/{}", super::moment(start), super::moment(end)).into();
    }
    if let Some(issued) = record.details.issued {
        dataset["issued"] = json!(issued);
    }
    if let Some(rhythm) = terms::iso8601_frequency(record.frequency) {
        dataset["accrualPeriodicity"] = rhythm.into();
    }
    dataset
}
