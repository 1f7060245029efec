//! OGC API Records 1.0 (OGC 20-004r1): records, the catalogue, its parameters' meaning.

use serde_json::{Map, Value, json};

use super::resources::{Kind, Resource, resources};
use super::{Listing, description, extent_of, moment, title};
use crate::base::instant::today;
use crate::base::{BBox, Language};
use crate::catalogue::LayerRecord;

const CLASS: &str = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf";

/// Classes of the standard that the catalogue answers to, by their last part.
const CLASSES: [&str; 15] = [
    "record-core",
    "record-collection",
    "record-core-query-parameters",
    "query-param-profile",
    "record-api",
    "searchable-catalog",
    "searchable-catalog-sorting",
    "searchable-catalog-filtering",
    "crawlable-catalog",
    "sorting",
    "filtering",
    "json",
    "html",
    "oas30",
    "autodiscovery",
];

/// The conformance classes, whole.
pub fn conformance() -> impl Iterator<Item = String> {
    CLASSES.iter().map(|class| format!("{CLASS}/{class}"))
}

const GEOJSON: &str = "application/geo+json";
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

/// Profile of a record, by which clients know one.
pub const PROFILE: &str = "http://www.opengis.net/def/profile/OGC/0/ogc-record";

/// A record, §8 (record-core).
pub fn record(listing: &Listing<'_>, language: Language) -> Value {
    let record = listing.record;
    let mut document = json!({
        "id": record.id,
        "type": "Feature",
        "conformsTo": [format!("{CLASS}/record-core")],
        "geometry": listing.extent().map(|bbox| box_polygon(&bbox)),
        "time": record.period.map(|(start, end)| json!({ "interval": [moment(start), moment(end)] })),
        "properties": properties(listing, language),
        "links": links(listing, language),
    });
    if listing.extent().is_some() {
        document["linkTemplates"] = json!([{
            "rel": "tiles",
            "uriTemplate": format!("{}/xyz/{}/{{z}}/{{x}}/{{y}}.mvt", listing.base, record.id),
            "type": "application/vnd.mapbox-vector-tile",
            "title": "Vector tiles",
        }]);
    }
    document
}

fn properties(listing: &Listing<'_>, language: Language) -> Value {
    let record = listing.record;
    let mut formats: Vec<Value> = Vec::new();
    for resource in resources(listing).iter().filter(|resource| resource.kind == Kind::Whole) {
        let format = json!({ "name": resource.format, "mediaType": resource.media_type });
        if !formats.contains(&format) {
            formats.push(format);
        }
    }
    let languages = Language::ALL.map(language_object);
    let mut properties = json!({
        "type": "dataset",
        "title": record.title.get(language),
        "description": record.abstract_text.get(language),
        "keywords": record.keywords.get(language),
        "language": language_object(language),
        "languages": languages,
        "resourceLanguages": languages,
        "updated": listing.updated(),
        "license": record.licence.spdx,
        "rights": record.credit.get(language),
        "contacts": contacts(listing, language),
        "externalIds": external_ids(record),
        "formats": formats,
        "crs": [CRS84],
        "geometryType": record.schema.geometry.geojson_name(),
        "numberOfFeatures": record.counts.kept,
        "fields": fields(record, language),
        "updateFrequency": record.frequency.name().get(language),
        "lineage": super::iso19139::lineage(record).get(language),
        "revision": record.revision,
    });
    if let Some(is_overdue) = record.is_overdue(today()) {
        properties["overdue"] = is_overdue.into();
    }
    if let Some(theme) = &record.theme {
        properties["themes"] = json!([
            {
                "scheme": "https://data.gov.hk/en/categories",
                "concepts": [{ "id": theme.id, "title": theme.name.get(language) }],
            },
            { "scheme": "https://standards.iso.org/iso/19115/topicCategory", "concepts": [{ "id": theme.iso_topic }] },
        ]);
    }
    if let Some(issued) = record.details.issued {
        properties["issued"] = json!(issued);
    }
    if let Some(date) = record.data_as_at {
        properties["dataAsAt"] = json!(date);
    }
    if record.title.zh_hans_derived {
        properties["derivedLanguages"] = json!([Language::ZhHans.tag()]);
    }
    properties
}

fn language_object(language: Language) -> Value {
    let (name, alternate) = match language {
        Language::En => ("English", "English"),
        Language::ZhHant => ("繁體中文", "Chinese (Traditional)"),
        Language::ZhHans => ("简体中文", "Chinese (Simplified)"),
    };
    json!({ "code": language.tag(), "name": name, "alternate": alternate })
}

fn contacts(listing: &Listing<'_>, language: Language) -> Value {
    let record = listing.record;
    let organization = record.department.name.get(language);
    let mut asked = json!({
        "identifier": record.department.code,
        "organization": organization,
        "roles": ["publisher", "pointOfContact"],
    });
    if let Some(email) = &record.details.contact.email {
        asked["emails"] = json!([{ "value": email }]);
    }
    if let Some(telephone) = &record.details.contact.telephone {
        asked["phones"] = json!([{ "value": telephone }]);
    }
    json!([asked])
}

/// Ids by scheme: our own address, then those that the department names.
pub fn external_ids(record: &LayerRecord) -> Vec<Value> {
    record.details.identifiers.iter().map(|(scheme, value)| json!({ "scheme": scheme, "value": value })).collect()
}

fn fields(record: &LayerRecord, language: Language) -> Vec<Value> {
    let fields = record.schema.fields.iter();
    fields
        .map(|field| json!({ "name": field.name, "title": field.title.get(language), "type": field.kind.as_str() }))
        .collect()
}

/// From the south-west corner against the clock: QGIS reads the points in this order.
fn box_polygon(bbox: &BBox) -> Value {
    let [west, south, east, north] = bbox.to_array();
    json!({
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    })
}

fn links(listing: &Listing<'_>, language: Language) -> Vec<Value> {
    let record = listing.record;
    let here = format!("{}/collections/catalogue/items/{}", listing.base, record.id);
    let iso = format!("{}/iso/{}.xml", listing.base, record.id);
    let dcat = format!("{}/dcat/{}.ttl", listing.base, record.id);
    let mut links = vec![
        link(&here, "self", GEOJSON, "This record"),
        link(&format!("{here}?f=html"), "alternate", "text/html", "This record as a page"),
        link(&iso, "alternate", "application/vnd.iso.19139+xml", "This record as ISO 19139"),
        link(&dcat, "alternate", "text/turtle", "This record as DCAT"),
        link(&format!("{}/collections/catalogue", listing.base), "collection", "application/json", title(language)),
        link(PROFILE, "profile", "text/html", "Record of OGC API Records"),
        link(&listing.page(), "http://www.opengis.net/def/rel/ogc/1.0/data-meta", "application/json", "The layer"),
        link(&format!("{}/dictionary", listing.page()), "describedby", "application/json", "Data dictionary"),
    ];
    if !record.licence.address.is_empty() {
        links.push(link(&record.licence.address, "license", "text/html", record.licence.title.get(language)));
    }
    links.extend(listing.thumbnail().map(|address| link(&address, "preview", "image/png", "Thumbnail")));
    links.extend(resources(listing).iter().map(|resource| resource_link(resource, language)));
    links
}

fn resource_link(resource: &Resource, language: Language) -> Value {
    let rel = match (resource.kind, resource.id.as_str()) {
        (Kind::Whole, _) => "enclosure",
        (Kind::Service, "tilejson") => "tiles",
        (Kind::Service, _) => "item",
        (Kind::Page, _) => "about",
    };
    let mut link = link(&resource.address, rel, &resource.media_type, resource.title.get(language));
    if let Some(file) = &resource.file {
        link["length"] = json!(file.bytes);
        link["sha256"] = json!(file.sha256);
    }
    link
}

/// The links to a layer's whole files.
pub fn enclosures(listing: &Listing<'_>, language: Language) -> Vec<Value> {
    let files = resources(listing).into_iter().filter(|resource| resource.file.is_some());
    files.map(|resource| resource_link(&resource, language)).collect()
}

fn link(href: &str, rel: &str, media_type: &str, title: &str) -> Value {
    json!({ "href": href, "rel": rel, "type": media_type, "title": title })
}

/// The catalogue as a collection, §9 (record-collection), equal in the list and alone.
pub fn collection<'a>(listings: impl IntoIterator<Item = Listing<'a>>, base: &str, language: Language) -> Value {
    let here = format!("{base}/collections/catalogue");
    let bbox = extent_of(listings).unwrap_or(BBox::WORLD);
    let rel = |name: &str| format!("http://www.opengis.net/def/rel/ogc/1.0/{name}");
    json!({
        "id": "catalogue",
        "type": "Collection",
        "itemType": "record",
        "title": title(language),
        "description": description(language),
        "conformsTo": [format!("{CLASS}/record-collection")],
        "language": language_object(language),
        "languages": Language::ALL.map(language_object),
        "extent": {
            "spatial": { "bbox": [bbox], "crs": CRS84 },
            "temporal": { "interval": [[null, null]], "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian" },
        },
        "crs": [CRS84],
        "defaultSortOrder": [{ "field": "title", "direction": "asc" }],
        "links": [
            link(&here, "self", "application/json", "This document"),
            link(&format!("{here}?f=html"), "alternate", "text/html", "This document as a page"),
            link(&format!("{here}/items"), "items", GEOJSON, "Records"),
            link(&format!("{here}/items?f=html"), "items", "text/html", "Records as a page"),
            link(&format!("{here}/queryables"), &rel("queryables"), "application/schema+json", "Queryables"),
            link(&format!("{here}/sortables"), &rel("sortables"), "application/schema+json", "Sortables"),
            link(&format!("{here}/schema"), &rel("schema"), "application/schema+json", "Schema"),
            link(&format!("{here}/facets"), &rel("facets"), "application/facets+json", "Facets"),
            link(&format!("{base}/csw?service=CSW&request=GetCapabilities"), "alternate", "application/xml", "CSW 2.0.2"),
            link(&format!("{base}/dcat.ttl"), "alternate", "text/turtle", "DCAT"),
            link(&format!("{base}/stac"), "alternate", "application/json", "STAC"),
            link(&format!("{base}/catalogue.json"), &rel("ogc-catalog-crawlable"), "application/json", "For crawlers"),
            link(&format!("{base}/feed.atom"), "alternate", "application/atom+xml", "Publications and changes"),
        ],
    })
}

/// The catalogue for those who follow links and ask nothing (crawlable-catalog): the collection
/// with a link to every record, which stands apart because it grows with them.
pub fn crawlable(listings: &[Listing<'_>], base: &str, language: Language) -> Value {
    let mut document = collection(listings.iter().copied(), base, language);
    document["conformsTo"] = json!([format!("{CLASS}/record-collection"), format!("{CLASS}/crawlable-catalog")]);
    let here = format!("{base}/catalogue.json");
    let records = listings.iter().map(|listing| {
        let record = listing.record;
        link(&format!("{base}/collections/catalogue/items/{}", record.id), "item", GEOJSON, record.title.get(language))
    });
    let alternates = [
        link(&here, "self", "application/json", "This document"),
        link(&format!("{base}/collections/catalogue"), "alternate", "application/json", "The catalogue to be asked"),
        link(&format!("{base}/collections?f=html"), "alternate", "text/html", "The layers as a page"),
        link(&format!("{base}/dcat.ttl"), "alternate", "text/turtle", "DCAT"),
    ];
    document["links"] = alternates.into_iter().chain(records).collect();
    document
}

/// A property that records can be sorted by, with its direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    pub property: &'static str,
    pub is_descending: bool,
}

/// Properties that records can be sorted by.
pub const SORTABLES: [&str; 5] = ["title", "id", "updated", "type", "department"];

/// Reads `sortby`: names parted by commas, each with `+` or `-` before it; a `+` may have become a
/// blank on its way. The error is the name that is no sortable.
pub fn sort_keys(text: &str) -> Result<Vec<SortKey>, String> {
    let keys = text.split(',').map(str::trim).filter(|key| !key.is_empty());
    keys.map(|key| {
        let name = key.trim_start_matches(['+', '-']).trim();
        let property = SORTABLES.iter().find(|known| **known == name).ok_or_else(|| name.to_owned())?;
        Ok(SortKey { property, is_descending: key.starts_with('-') })
    })
    .collect()
}

/// Order of two records by the first key that tells them apart.
pub fn compare(a: &LayerRecord, b: &LayerRecord, keys: &[SortKey], language: Language) -> std::cmp::Ordering {
    let by = |key: &SortKey| {
        let order = match key.property {
            "title" => a.title.get(language).cmp(b.title.get(language)),
            "id" => a.id.cmp(&b.id),
            "updated" => a.published.cmp(&b.published),
            "department" => a.department.code.cmp(&b.department.code),
            _ => std::cmp::Ordering::Equal,
        };
        if key.is_descending { order.reverse() } else { order }
    };
    keys.iter().map(by).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
}

/// JSON Schema of what can be asked for or sorted by.
pub fn schema(base: &str, which: &str, language: Language) -> Value {
    let all = super::queryables::properties().into_iter();
    let kept = |name: &str| which != "sortables" || SORTABLES.contains(&name);
    let properties: Map<String, Value> =
        all.filter(|(name, _)| kept(name)).map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{base}/collections/catalogue/{which}"),
        "type": "object",
        "title": title(language),
        "properties": properties,
        // Records say more of themselves than filters can ask.
        "additionalProperties": which == "schema",
    })
}

/// Whether a record has one of the wanted external ids: `scheme:value`, a value, or a scheme.
pub fn has_external_id(record: &LayerRecord, wanted: &[&str]) -> bool {
    let is = |scheme: &str, value: &str| {
        wanted.iter().any(|wanted| *wanted == value || *wanted == scheme || **wanted == format!("{scheme}:{value}"))
    };
    record.details.identifiers.iter().any(|(scheme, value)| is(scheme, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_keys_are_read_as_clients_write_them() {
        let key = |property, is_descending| SortKey { property, is_descending };
        for (text, keys) in [
            ("title", vec![key("title", false)]),
            (" title,-updated", vec![key("title", false), key("updated", true)]),
            ("+id", vec![key("id", false)]),
            ("", vec![]),
        ] {
            assert_eq!(sort_keys(text), Ok(keys), "{text}");
        }
        assert_eq!(sort_keys("-shoe"), Err("shoe".to_owned()));
    }
}
