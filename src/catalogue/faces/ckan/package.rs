//! Packages, resources, organisations, groups and tags as CKAN writes them, with the keys that
//! data.gov.hk gives.

use serde_json::{Value, json};

use crate::base::Language;
use crate::base::digest::Sha256Hex;
use crate::catalogue::LayerRecord;
use crate::catalogue::faces::resources::{Kind, Resource, resources};
use crate::catalogue::faces::{Listing, moment};
use crate::definition::{Department, Theme};

/// A stable id of the shape that CKAN's clients expect: a UUID of version 8 (RFC 9562 §5.8) made
/// of a SHA-256, so that it is the same wherever the name is.
pub fn uuid(name: &str) -> String {
    let digest = Sha256Hex::of_bytes(name.as_bytes());
    let digits = digest.short(32);
    let (a, b, c, d) = (&digits[..8], &digits[8..12], &digits[13..16], &digits[17..20]);
    format!("{a}-{b}-8{c}-a{d}-{}", &digits[20..32])
}

/// `hk-afcd` for departments, `ha` for bodies beside the Government.
pub fn organization_name(department: &Department) -> String {
    match department.is_public_body {
        true => department.code.clone(),
        false => format!("hk-{}", department.code),
    }
}

/// CKAN's own moments: without a zone, in UTC.
fn ckan_moment(instant: jiff::Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.000000").to_string()
}

pub fn package(listing: &Listing<'_>, language: Language) -> Value {
    let record = listing.record;
    let id = uuid(listing.id());
    let modified = ckan_moment(record.published);
    let resources: Vec<Value> = resources(listing)
        .iter()
        .enumerate()
        .map(|(position, one)| resource(listing, one, position, &id, language))
        .collect();
    let contact = &record.details.contact;
    json!({
        "id": id,
        "name": record.id,
        "title": record.title.get(language),
        "notes": record.abstract_text.get(language),
        "url": format!("{}?f=html&lang={}", listing.page(), language.tag()),
        "version": record.revision,
        "type": "dataset",
        "state": "active",
        "private": false,
        "isopen": record.licence.spdx != "other",
        "license_id": record.licence.id,
        "license_title": record.licence.title.get(language),
        "license_url": record.licence.address,
        "author": record.department.name.get(language),
        "author_email": contact.email,
        "maintainer": record.department.name.get(language),
        "maintainer_email": contact.email,
        "maintainer_phone": contact.telephone,
        "creator_user_id": null,
        "metadata_created": record.details.issued.map_or_else(|| modified.clone(), |date| format!("{date}T00:00:00.000000")),
        "metadata_modified": modified,
        "update_frequency": record.frequency.name().get(language),
        "data_dictionary": format!("{}/dictionary", listing.page()),
        "owner_org": uuid(&organization_name(&record.department)),
        "organization": organization(&record.department, language),
        "groups": record.theme.iter().map(|theme| group(theme, language)).collect::<Vec<_>>(),
        "tags": record.keywords.get(language).iter().map(|word| tag(word)).collect::<Vec<_>>(),
        "num_tags": record.keywords.get(language).len(),
        "resources": resources,
        "num_resources": resources.len(),
        "relationships_as_subject": [],
        "relationships_as_object": [],
        "extras": extras(listing, language),
    })
}

fn extras(listing: &Listing<'_>, language: Language) -> Vec<Value> {
    let record = listing.record;
    let mut extras: Vec<(&str, String)> = vec![
        ("guid", listing.page()),
        ("attribution", record.credit.get(language).to_owned()),
        ("lineage", crate::catalogue::faces::iso19139::lineage(record).get(language).to_owned()),
    ];
    if let Some(bbox) = listing.extent() {
        let [west, south, east, north] = bbox.to_array();
        let polygon = json!({
            "type": "Polygon",
            "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
        });
        extras.push(("spatial", polygon.to_string()));
    }
    if let Some((start, end)) = record.period {
        extras.push(("temporal_start", moment(start)));
        extras.push(("temporal_end", moment(end)));
    }
    for (scheme, value) in &record.details.identifiers {
        extras.push(("identifier", format!("{scheme}:{value}")));
    }
    if let Some(address) = listing.thumbnail() {
        // The words of ckanext-spatial, CKAN's reader of ISO records.
        extras.push(("graphic-preview-file", address));
        extras.push(("graphic-preview-type", "image/png".to_owned()));
    }
    extras.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

fn resource(listing: &Listing<'_>, resource: &Resource, position: usize, package: &str, language: Language) -> Value {
    let modified = ckan_moment(listing.record.published);
    let file = resource.file.as_ref();
    json!({
        "id": resource_id(listing.record, resource),
        "package_id": package,
        "name": resource.title.get(language),
        "description": resource.title.get(language),
        "url": resource.address,
        "format": resource.format,
        "mimetype": resource.media_type,
        "resource_type": match resource.kind {
            Kind::Whole => "file",
            Kind::Service => "api",
            Kind::Page => "documentation",
        },
        "url_type": null,
        "state": "active",
        "position": position,
        "size": file.map(|file| file.bytes),
        "hash": file.map_or("", |file| file.sha256.as_str()),
        "hash_algorithm": file.map(|_| "http://spdx.org/rdf/terms#checksumAlgorithm_sha256"),
        "created": modified,
        "dateCreated": modified,
        "last_modified": modified,
        "metadata_modified": modified,
        "cache_url": null,
        "cache_last_updated": null,
    })
}

pub fn resource_id(record: &LayerRecord, resource: &Resource) -> String {
    uuid(&format!("{}/{}", record.id, resource.id))
}

/// A package's resource by its id.
pub fn find_resource(listing: &Listing<'_>, id: &str, language: Language) -> Option<Value> {
    let all = resources(listing);
    let (position, found) = all.iter().enumerate().find(|(_, resource)| resource_id(listing.record, resource) == id)?;
    Some(resource(listing, found, position, &uuid(listing.id()), language))
}

pub fn organization(department: &Department, language: Language) -> Value {
    let name = organization_name(department);
    json!({
        "id": uuid(&name),
        "name": name,
        "title": department.name.get(language),
        "description": "",
        "image_url": "",
        "type": "organization",
        "is_organization": true,
        "approval_status": "approved",
        "state": "active",
    })
}

pub fn group(theme: &Theme, language: Language) -> Value {
    json!({
        "id": uuid(&format!("theme/{}", theme.id)),
        "name": theme.id,
        "title": theme.name.get(language),
        "display_name": theme.name.get(language),
        "description": "",
        "image_display_url": "",
    })
}

pub fn tag(word: &str) -> Value {
    json!({ "id": uuid(&format!("tag/{word}")), "name": word, "display_name": word, "state": "active", "vocabulary_id": null })
}

#[cfg(test)]
mod tests {
    use super::uuid;

    #[test]
    fn an_id_has_the_shape_of_a_uuid_and_is_always_the_same() {
        let id = uuid("lcsd-libraries");
        assert_eq!(id, uuid("lcsd-libraries"));
        let lengths: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'8');
    }
}
