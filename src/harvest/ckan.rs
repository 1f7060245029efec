//! CKAN's action `package_search`, as data.gov.hk answers it in one language an address.

use serde::Deserialize;

use super::clean::{self, NAME_CHARACTERS, TEXT_CHARACTERS};
use super::{Page, PageFault, language};
use crate::base::Language;
use crate::catalogue::{RemoteRecord, RemoteResource};
use crate::fetch::Address;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    success: bool,
    result: Option<ResultPage>,
}

#[derive(Deserialize)]
struct ResultPage {
    #[serde(default)]
    count: u64,
    results: Vec<Package>,
}

/// What a package may lack is null as often as it is absent.
#[derive(Deserialize)]
struct Package {
    id: Option<String>,
    name: Option<String>,
    title: Option<String>,
    notes: Option<String>,
    url: Option<String>,
    license_title: Option<String>,
    metadata_modified: Option<String>,
    organization: Option<Organization>,
    tags: Option<Vec<Tag>>,
    resources: Option<Vec<Resource>>,
}

#[derive(Deserialize)]
struct Organization {
    title: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Tag {
    display_name: Option<String>,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Resource {
    name: Option<String>,
    format: Option<String>,
    url: Option<String>,
}

/// Packages on one page, the most that CKAN gives without being told.
const ROWS: u64 = 100;

pub fn page(address: &Address, bytes: &[u8], named: Option<Language>) -> Result<Page, PageFault> {
    let answer: Answer = serde_json::from_slice(bytes)?;
    let result = answer.result.filter(|_| answer.success);
    let result = result.ok_or(PageFault::Shape("no result", "an answer of package_search with success"))?;
    let count = result.results.len() as u64;
    let start = address.parameter("start").and_then(|start| start.parse::<u64>().ok()).unwrap_or(0);
    let end = start.saturating_add(count);
    let mut next = Vec::new();
    if count > 0 && end < result.count {
        next.push(address.with_parameters(&[("rows", &ROWS.to_string()), ("start", &end.to_string())]));
    }
    let site = address.as_str().split("/api/").next().unwrap_or_default();
    Ok(Page { records: result.results.into_iter().filter_map(|package| record(package, site, named)).collect(), next })
}

/// `site` is the address before `/api/`, where CKAN has a page for each package.
fn record(package: Package, site: &str, named: Option<Language>) -> Option<RemoteRecord> {
    let name = |text: Option<String>| clean::text(&text.unwrap_or_default(), NAME_CHARACTERS);
    // A package has one name in all languages; its id may differ.
    let id = package.name.or(package.id)?;
    let title = name(package.title);
    if title.is_empty() {
        return None;
    }
    let publisher = package.organization.and_then(|organization| organization.title.or(organization.name));
    let own_page = format!("{site}/dataset/{}", clean::segment(&id));
    let tags = package.tags.unwrap_or_default().into_iter();
    let resources = package.resources.unwrap_or_default().into_iter();
    Some(RemoteRecord {
        page: package.url.as_deref().and_then(clean::link).or_else(|| clean::link(&own_page))?,
        id: clean::text(&id, NAME_CHARACTERS),
        title: language::only(title, named),
        text: language::only(clean::text(&package.notes.unwrap_or_default(), TEXT_CHARACTERS), named),
        keywords: tags
            .filter_map(|tag| Some(name(tag.display_name.or(tag.name))).filter(|tag| !tag.is_empty()))
            .collect(),
        publisher: language::only(name(publisher), named),
        updated: package.metadata_modified.as_deref().and_then(super::moment),
        licence: name(package.license_title),
        resources: resources
            .filter_map(|resource| {
                let address = clean::link(&resource.url?)?;
                Some(RemoteResource { title: name(resource.name), format: name(resource.format), address })
            })
            .collect(),
        ..RemoteRecord::default()
    })
}
