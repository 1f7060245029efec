//! `filter`, `filter-lang` and `filter-crs`, OGC 19-079r2 §8 and §9.
//!
//! They come in the address, or in the body of a POST where they are longer than an address may be.

use super::problem::Problem;
use super::request::Parameters;
use crate::base::Schema;
use crate::base::ids::cut;
use crate::crs::System;
use crate::filter::{Filter, FilterLanguage};

/// The names, for sentences and definitions.
pub const NAMES: [&str; 3] = ["filter", "filter-lang", "filter-crs"];

/// Takes the three and reads the filter that they make, in one of these systems. What was given goes to
/// `keep` as it was.
pub fn take(
    parameters: &mut Parameters,
    schema: &Schema,
    systems: &[System],
    mut keep: impl FnMut(&str, &str),
) -> Result<Filter, Problem> {
    let [filter, language, system] = NAMES.map(|name| {
        let text = parameters.take(name);
        if let Some(text) = &text {
            keep(name, text);
        }
        text
    });
    let language = language.as_deref().map_or(Ok(FilterLanguage::default()), filter_language)?;
    let system = system.as_deref().map_or(Ok(System::default()), |uri| filter_system(uri, systems))?;
    let Some(filter) = filter else { return Ok(Filter::default()) };
    language
        .parse(&filter)
        .and_then(|tree| Filter::from_tree(&tree, schema, system))
        .map_err(|fault| Problem::bad_request(fault.to_string()))
}

fn filter_language(name: &str) -> Result<FilterLanguage, Problem> {
    FilterLanguage::by_name(name).ok_or_else(|| {
        Problem::bad_request(format!(
            "filter-lang=\"{}\" is not offered; accepted are {}",
            cut(name),
            FilterLanguage::ALL.map(FilterLanguage::name).join(", ")
        ))
    })
}

fn filter_system(uri: &str, systems: &[System]) -> Result<System, Problem> {
    systems.iter().copied().find(|system| system.uri() == uri).ok_or_else(|| {
        let uris: Vec<&str> = systems.iter().map(|system| system.uri()).collect();
        Problem::bad_request(format!("filter-crs=\"{}\" is not offered; accepted are {}", cut(uri), uris.join(", ")))
    })
}
