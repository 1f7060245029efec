//! The actions.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::package::{find_resource, group, organization, organization_name, package, tag, uuid};
use super::query::{FilterQuery, values};
use super::{ActionError, View};
use crate::base::ids::cut;
use crate::base::{Language, limits};
use crate::catalogue::faces::Listing;
use crate::catalogue::search::Filter;
use crate::definition::vocabulary;

/// Every action that is answered.
pub const ACTIONS: [&str; 14] = [
    "package_list",
    "package_show",
    "package_search",
    "current_package_list_with_resources",
    "group_list",
    "group_show",
    "organization_list",
    "organization_show",
    "tag_list",
    "license_list",
    "resource_show",
    "status_show",
    "site_read",
    "help_show",
];

type Outcome = Result<Value, ActionError>;

/// Parameters by name: those of an address as texts, those of a posted document as they are.
pub type Parameters = Map<String, Value>;

/// Carries out an action.
pub fn act(view: &View<'_>, action: &str, parameters: &Parameters) -> Outcome {
    match action {
        "package_list" => Ok(page(view.listings.iter().map(|listing| json!(listing.id())), parameters)?.into()),
        "current_package_list_with_resources" => {
            Ok(page(view.listings.iter().map(|listing| package(listing, view.language)), parameters)?.into())
        }
        "package_show" => {
            let id = required(parameters, "id")?;
            let listing =
                listing_of(view, &id).ok_or_else(|| ActionError::NotFound(format!("package {}", cut(&id))))?;
            Ok(package(listing, view.language))
        }
        "package_search" => package_search(view, parameters),
        "group_list" => Ok(groups(view, parameters)?.into()),
        "group_show" => group_show(view, parameters),
        "organization_list" => Ok(organizations(view, parameters)?.into()),
        "organization_show" => organization_show(view, parameters),
        "tag_list" => Ok(tags(view, parameters).into()),
        "license_list" => Ok(licences(view.language).into()),
        "resource_show" => {
            let id = required(parameters, "id")?;
            let found = view.listings.iter().find_map(|listing| find_resource(listing, &id, view.language));
            found.ok_or_else(|| ActionError::NotFound(format!("resource {}", cut(&id))))
        }
        "status_show" => Ok(json!({
            "site_title": crate::catalogue::faces::title(view.language),
            "site_url": view.base,
            "site_description": crate::catalogue::faces::description(view.language),
            "ckan_version": "2.10.0",
            "locale_default": view.language.tag(),
            "extensions": [],
            "error_emails_to": null,
        })),
        "site_read" => Ok(true.into()),
        "help_show" => {
            let name = required(parameters, "name")?;
            match ACTIONS.contains(&name.as_str()) {
                true => Ok(format!("{name}: as the CKAN API guide describes it").into()),
                false => Err(ActionError::NotFound(format!("action {}", cut(&name)))),
            }
        }
        other => Err(ActionError::NoAction(format!("{}; known are {}", cut(other), ACTIONS.join(", ")))),
    }
}

fn listing_of<'a>(view: &'a View<'_>, id: &str) -> Option<&'a Listing<'a>> {
    view.listings.iter().find(|listing| listing.id() == id || uuid(listing.id()) == id)
}

/// A parameter's text, whatever JSON type it came as.
fn text(parameters: &Parameters, name: &str) -> Option<String> {
    match parameters.get(name)? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn required(parameters: &Parameters, name: &str) -> Result<String, ActionError> {
    text(parameters, name)
        .or_else(|| text(parameters, "name_or_id").filter(|_| name == "id"))
        .filter(|text| !text.is_empty())
        .ok_or_else(|| ActionError::Validation { parameter: name.to_owned(), message: "Missing value".to_owned() })
}

fn number(parameters: &Parameters, name: &str, default: usize) -> Result<usize, ActionError> {
    match text(parameters, name).filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| ActionError::Validation {
            parameter: name.to_owned(),
            message: format!("\"{}\" is not a whole number", cut(&text)),
        }),
    }
}

fn flag(parameters: &Parameters, name: &str) -> bool {
    text(parameters, name).is_some_and(|text| matches!(text.to_ascii_lowercase().as_str(), "true" | "1" | "yes"))
}

/// Texts of a JSON list, or of a JSON list in a text, as `facet.field` is sent.
fn list(parameters: &Parameters, name: &str) -> Vec<String> {
    let value = match parameters.get(name) {
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_else(|_| json!([text])),
        Some(other) => other.clone(),
        None => return Vec::new(),
    };
    value.as_array().map(|list| list.iter().filter_map(Value::as_str).map(str::to_owned).collect()).unwrap_or_default()
}

/// `limit` and `offset` of a list; without a limit all of it.
fn page(all: impl Iterator<Item = Value>, parameters: &Parameters) -> Result<Vec<Value>, ActionError> {
    let offset = number(parameters, "offset", 0)?;
    let limit = number(parameters, "limit", usize::MAX)?;
    Ok(all.skip(offset).take(limit).collect())
}

fn package_search(view: &View<'_>, parameters: &Parameters) -> Outcome {
    const ROWS: usize = 10;
    const FACET_LIMIT: usize = 50;
    let query = text(parameters, "q").unwrap_or_default();
    let mut filters = list(parameters, "fq_list");
    filters.extend(text(parameters, "fq"));
    let filters: Vec<FilterQuery> = filters
        .iter()
        .filter(|filter| filter.trim() != "*:*")
        .map(|filter| FilterQuery::read(filter).map_err(ActionError::Search))
        .collect::<Result<_, _>>()?;
    let rows = number(parameters, "rows", ROWS)?.min(limits::RECORDS_PAGE_MAX);
    let start = number(parameters, "start", 0)?;
    let mut found: Vec<&Listing<'_>> = match query.trim() {
        "" | "*" | "*:*" => view.listings.iter().collect(),
        query => asked(view, query)?,
    };
    found.retain(|listing| filters.iter().all(|filter| filter.lets_through(listing)));
    sort(&mut found, text(parameters, "sort").as_deref(), view.language)?;
    let limit = number(parameters, "facet.limit", FACET_LIMIT)?;
    let facets: Map<String, Value> = list(parameters, "facet.field")
        .into_iter()
        .map(|key| {
            let items = facet(view, &found, &key, limit);
            (key.clone(), json!({ "title": key, "items": items }))
        })
        .collect();
    let counted: Map<String, Value> = facets
        .iter()
        .map(|(key, facet)| {
            let counts: Map<String, Value> = facet["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|item| Some((item["name"].as_str()?.to_owned(), item["count"].clone())))
                .collect();
            (key.clone(), counts.into())
        })
        .collect();
    let results: Vec<Value> =
        found.iter().skip(start).take(rows).map(|listing| package(listing, view.language)).collect();
    Ok(json!({
        "count": found.len(),
        "sort": text(parameters, "sort").unwrap_or_else(|| "score desc, metadata_modified desc".to_owned()),
        "facets": counted,
        "search_facets": facets,
        "results": results,
    }))
}

/// `q`: a filter such as `title:x` where it is one, else people's search.
fn asked<'a>(view: &'a View<'_>, query: &str) -> Result<Vec<&'a Listing<'a>>, ActionError> {
    const KEYS: [&str; 8] =
        ["name:", "id:", "title:", "tags:", "groups:", "organization:", "res_format:", "metadata_modified:"];
    if KEYS.iter().any(|key| query.trim_start_matches(['+', '-']).starts_with(key)) {
        let filter = FilterQuery::read(query).map_err(ActionError::Search)?;
        return Ok(view.listings.iter().filter(|listing| filter.lets_through(listing)).collect());
    }
    let matches = view.index.search(query, &Filter::default(), view.language).matches;
    let places: BTreeMap<&str, &Listing<'_>> = view.listings.iter().map(|listing| (listing.id(), listing)).collect();
    Ok(matches.iter().filter_map(|found| places.get(found.record.id.as_str()).copied()).collect())
}

/// `title asc, metadata_modified desc`; `score` keeps the order of the search.
fn sort(found: &mut [&Listing<'_>], sort: Option<&str>, language: Language) -> Result<(), ActionError> {
    let keys: Vec<(&str, bool)> = sort
        .unwrap_or_default()
        .split(',')
        .filter_map(|key| {
            let mut words = key.split_whitespace();
            let name = words.next()?;
            Some((name, words.next().is_some_and(|order| order.eq_ignore_ascii_case("desc"))))
        })
        .collect();
    for (name, _) in &keys {
        if !["score", "id", "name", "title", "title_string", "metadata_modified", "metadata_created"].contains(name) {
            return Err(ActionError::Search(format!("records cannot be sorted by \"{}\"", cut(name))));
        }
    }
    found.sort_by(|a, b| {
        let by = |(name, is_descending): &(&str, bool)| {
            let order = match *name {
                "title" | "title_string" => a.record.title.get(language).cmp(b.record.title.get(language)),
                "metadata_modified" | "metadata_created" => a.record.published.cmp(&b.record.published),
                "id" => uuid(a.id()).cmp(&uuid(b.id())),
                "name" => a.record.id.cmp(&b.record.id),
                _ => std::cmp::Ordering::Equal,
            };
            if *is_descending { order.reverse() } else { order }
        };
        keys.iter().map(by).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    Ok(())
}

/// Values of a key with their counts, commonest first.
fn facet(view: &View<'_>, found: &[&Listing<'_>], key: &str, limit: usize) -> Vec<Value> {
    let mut counted: BTreeMap<String, usize> = BTreeMap::new();
    for listing in found {
        let values = match key {
            "tags" => listing.record.keywords.get(view.language).to_vec(),
            "title" | "id" | "name" => Vec::new(),
            _ => values(listing, key),
        };
        for value in values {
            *counted.entry(value).or_default() += 1;
        }
    }
    let mut items: Vec<(String, usize)> = counted.into_iter().collect();
    items.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    items.truncate(limit);
    let display = |value: &str| match key {
        "groups" => vocabulary::theme(value).map(|theme| theme.name.get(view.language).to_owned()),
        "organization" => found
            .iter()
            .find(|listing| organization_name(&listing.record.department) == value)
            .map(|listing| listing.record.department.name.get(view.language).to_owned()),
        _ => None,
    };
    items
        .into_iter()
        .map(|(name, count)| json!({ "display_name": display(&name).unwrap_or_else(|| name.clone()), "count": count, "name": name }))
        .collect()
}

fn groups(view: &View<'_>, parameters: &Parameters) -> Result<Vec<Value>, ActionError> {
    let whole = flag(parameters, "all_fields");
    let groups = vocabulary::themes().iter().filter_map(|theme| {
        let count = count_of(view, |listing| listing.record.theme.as_ref().is_some_and(|own| own.id == theme.id));
        (count > 0).then(|| described(group(theme, view.language), count, whole))
    });
    page(groups, parameters)
}

fn organizations(view: &View<'_>, parameters: &Parameters) -> Result<Vec<Value>, ActionError> {
    let whole = flag(parameters, "all_fields");
    let mut known: BTreeMap<String, (Value, usize)> = BTreeMap::new();
    for listing in view.listings {
        let department = &listing.record.department;
        known.entry(organization_name(department)).or_insert_with(|| (organization(department, view.language), 0)).1 +=
            1;
    }
    page(known.into_values().map(|(one, count)| described(one, count, whole)), parameters)
}

fn count_of(view: &View<'_>, is: impl Fn(&Listing<'_>) -> bool) -> usize {
    view.listings.iter().filter(|listing| is(listing)).count()
}

/// A list gives names alone unless all fields are asked for.
fn described(mut one: Value, count: usize, whole: bool) -> Value {
    if !whole {
        return one["name"].take();
    }
    one["package_count"] = count.into();
    one
}

fn group_show(view: &View<'_>, parameters: &Parameters) -> Outcome {
    let id = required(parameters, "id")?;
    let theme = vocabulary::themes()
        .iter()
        .find(|theme| theme.id == id || uuid(&format!("theme/{}", theme.id)) == id)
        .ok_or_else(|| ActionError::NotFound(format!("group {}", cut(&id))))?;
    let is_in = |listing: &Listing<'_>| listing.record.theme.as_ref().is_some_and(|own| own.id == theme.id);
    Ok(with_packages(view, group(theme, view.language), parameters, is_in))
}

fn organization_show(view: &View<'_>, parameters: &Parameters) -> Outcome {
    let id = required(parameters, "id")?;
    let is_in = |listing: &Listing<'_>| {
        let name = organization_name(&listing.record.department);
        name == id || uuid(&name) == id
    };
    let department = view
        .listings
        .iter()
        .find(|listing| is_in(listing))
        .map(|listing| &listing.record.department)
        .ok_or_else(|| ActionError::NotFound(format!("organization {}", cut(&id))))?;
    Ok(with_packages(view, organization(department, view.language), parameters, is_in))
}

fn with_packages(
    view: &View<'_>,
    mut one: Value,
    parameters: &Parameters,
    is_in: impl Fn(&Listing<'_>) -> bool,
) -> Value {
    let members: Vec<&Listing<'_>> = view.listings.iter().filter(|listing| is_in(listing)).collect();
    one["package_count"] = members.len().into();
    if flag(parameters, "include_datasets") || !parameters.contains_key("include_datasets") {
        let packages = members.iter().take(limits::RECORDS_PAGE_MAX).map(|listing| package(listing, view.language));
        one["packages"] = packages.collect();
    }
    one["users"] = json!([]);
    one["extras"] = json!([]);
    one
}

fn tags(view: &View<'_>, parameters: &Parameters) -> Vec<Value> {
    let part = text(parameters, "query").unwrap_or_default().to_lowercase();
    let mut words: Vec<&String> =
        view.listings.iter().flat_map(|listing| listing.record.keywords.get(view.language)).collect();
    words.sort();
    words.dedup();
    let whole = flag(parameters, "all_fields");
    words
        .into_iter()
        .filter(|word| word.to_lowercase().contains(&part))
        .map(|word| if whole { tag(word) } else { json!(word) })
        .collect()
}

fn licences(language: Language) -> Vec<Value> {
    vocabulary::licence_ids()
        .filter_map(vocabulary::licence)
        .map(|licence| {
            json!({
                "id": licence.id,
                "title": licence.title.get(language),
                "url": licence.address,
                "status": "active",
                "domain_content": false,
                "domain_data": true,
                "domain_software": false,
                "od_conformance": if licence.spdx == "other" { "not reviewed" } else { "approved" },
            })
        })
        .collect()
}
