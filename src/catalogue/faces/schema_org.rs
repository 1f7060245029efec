//! schema.org `Dataset`, for the search engines that read a layer's page.

use serde_json::{Value, json};

use super::resources::{Kind, resources};
use super::{Listing, title};
use crate::base::Language;

/// The dataset as JSON-LD.
pub fn dataset(listing: &Listing<'_>, language: Language) -> Value {
    let record = listing.record;
    let publisher = json!({
        "@type": if record.department.is_public_body { "Organization" } else { "GovernmentOrganization" },
        "name": record.department.name.get(language),
        "identifier": record.department.code,
    });
    let files: Vec<Value> = resources(listing)
        .into_iter()
        .filter(|resource| resource.kind == Kind::Whole)
        .map(|resource| {
            let mut download = json!({
                "@type": "DataDownload",
                "name": resource.title.get(language),
                "contentUrl": resource.address,
                "encodingFormat": resource.media_type,
            });
            if let Some(file) = &resource.file {
                download["contentSize"] = json!(format!("{} B", file.bytes));
                download["sha256"] = json!(file.sha256);
            }
            download
        })
        .collect();
    let variables: Vec<Value> = record
        .schema
        .fields
        .iter()
        .map(|field| json!({ "@type": "PropertyValue", "name": field.name, "description": field.title.get(language) }))
        .collect();
    let mut dataset = json!({
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": listing.page(),
        "url": listing.page(),
        "identifier": record.id,
        "name": record.title.get(language),
        "description": description(listing, language),
        "inLanguage": Language::ALL.map(Language::tag),
        "keywords": record.keywords.get(language),
        "creator": publisher,
        "publisher": publisher,
        "license": if record.licence.address.is_empty() { &record.licence.id } else { &record.licence.address },
        "creditText": record.credit.get(language),
        "isAccessibleForFree": true,
        "dateModified": listing.updated(),
        "version": record.revision,
        "distribution": files,
        "variableMeasured": variables,
        "includedInDataCatalog": {
            "@type": "DataCatalog",
            "name": title(language),
            "url": format!("{}/", listing.base),
        },
    });
    if let Some(address) = listing.thumbnail() {
        dataset["image"] = json!(address);
        dataset["thumbnailUrl"] = json!(address);
    }
    if let Some(issued) = record.details.issued {
        dataset["datePublished"] = json!(issued);
    }
    if let Some(theme) = &record.theme {
        dataset["about"] = json!({ "@type": "Thing", "name": theme.name.get(language) });
    }
    if let Some(bbox) = listing.extent() {
        let [west, south, east, north] = bbox.to_array();
        dataset["spatialCoverage"] = json!({
            "@type": "Place",
            "geo": { "@type": "GeoShape", "box": format!("{south} {west} {north} {east}") },
        });
    }
    if let Some((start, end)) = record.period {
        dataset["temporalCoverage"] = json!(format!("{}/{}", super::moment(start), super::moment(end)));
    }
    if !record.details.identifiers.is_empty() {
        dataset["sameAs"] = json!(record.details.identifiers.values().collect::<Vec<_>>());
    }
    dataset
}

/// Between 50 and 5,000 characters, as the largest reader asks: a short text says its publisher.
fn description(listing: &Listing<'_>, language: Language) -> String {
    const LEAST: usize = 50;
    const MOST: usize = 5_000;
    let record = listing.record;
    let mut text = record.abstract_text.get(language).to_owned();
    if text.chars().count() < LEAST {
        text = format!("{text} {}", record.credit.get(language));
    }
    text.chars().take(MOST).collect()
}

/// JSON for a data block of a page: no `<` in it can end the block.
pub fn for_page(document: &Value) -> String {
    document.to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_block_of_a_page() {
        assert_eq!(for_page(&json!("</script><b>")), "\"\\u003c/script>\\u003cb>\"");
    }
}
