//! `fq`: Solr's filter syntax, as much as harvesters write: `key:value` with quotes, `+` and `-`,
//! `OR` between or inside clauses, and ranges of `metadata_modified`.

use super::package::organization_name;
use crate::catalogue::faces::Listing;
use crate::catalogue::faces::resources::resources;

/// Clauses that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterQuery {
    clauses: Vec<Clause>,
}

/// Conditions one of which must hold, or none where it is negated.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Clause {
    is_negated: bool,
    any: Vec<Condition>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition {
    Is {
        key: String,
        value: String,
    },
    /// From and to, `*` being open.
    Range {
        key: String,
        from: String,
        to: String,
    },
}

impl FilterQuery {
    /// The error is the sentence for the client.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut joins_last = false;
        let mut rest = text.trim();
        while !rest.is_empty() {
            if let Some(after) = keyword(rest, "OR") {
                (joins_last, rest) = (true, after);
                continue;
            }
            if let Some(after) = keyword(rest, "AND") {
                rest = after;
                continue;
            }
            let is_negated = rest.starts_with('-');
            let clause = rest.trim_start_matches(['+', '-']);
            let (key, after) = clause
                .split_once(':')
                .filter(|(key, _)| !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
                .ok_or_else(|| format!("\"{}\" is not key:value", crate::base::ids::cut(clause)))?;
            let (conditions, after) = conditions(key, after)?;
            rest = after.trim_start();
            if conditions.is_empty() {
                continue;
            }
            match clauses.last_mut().filter(|last| joins_last && !last.is_negated && !is_negated) {
                Some(last) => last.any.extend(conditions),
                None => clauses.push(Clause { is_negated, any: conditions }),
            }
            joins_last = false;
        }
        Ok(FilterQuery { clauses })
    }

    pub fn lets_through(&self, listing: &Listing<'_>) -> bool {
        self.clauses
            .iter()
            .all(|clause| clause.any.iter().any(|condition| condition.holds(listing)) != clause.is_negated)
    }
}

fn keyword<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(word)?;
    rest.starts_with(char::is_whitespace).then(|| rest.trim_start())
}

/// A value, a list in brackets or a range, and what follows it. `*` and `*:*` ask nothing.
fn conditions<'a>(key: &str, text: &'a str) -> Result<(Vec<Condition>, &'a str), String> {
    if let Some(inner) = text.strip_prefix('[') {
        let (range, after) = inner.split_once(']').ok_or_else(|| format!("the range of {key} has no \"]\""))?;
        let (from, to) = range.split_once(" TO ").ok_or_else(|| format!("the range of {key} is not [from TO to]"))?;
        let range = Condition::Range { key: key.to_owned(), from: from.trim().to_owned(), to: to.trim().to_owned() };
        return Ok((vec![range], after));
    }
    if let Some(inner) = text.strip_prefix('(') {
        let (list, after) = inner.split_once(')').ok_or_else(|| format!("the list of {key} has no \")\""))?;
        let values = list.split(" OR ").map(|value| value.trim().trim_matches('"').to_owned());
        return Ok((values.map(|value| Condition::Is { key: key.to_owned(), value }).collect(), after));
    }
    let (value, after) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or_else(|| format!("the value of {key} has no closing quote"))?,
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    let all = matches!(value, "*" | "*:*");
    let is = Condition::Is { key: key.to_owned(), value: value.to_owned() };
    Ok((if all { Vec::new() } else { vec![is] }, after))
}

impl Condition {
    fn holds(&self, listing: &Listing<'_>) -> bool {
        match self {
            Condition::Is { key, value } => values(listing, key).iter().any(|known| known.eq_ignore_ascii_case(value)),
            Condition::Range { key, from, to } => values(listing, key).iter().any(|known| {
                // Dates of one form compare as texts; CKAN's harvester writes milliseconds and Z.
                let from_start = from == "*" || known.as_str() >= from.trim_end_matches('Z');
                let to_end = to == "*" || known.as_str() <= to.as_str();
                from_start && to_end
            }),
        }
    }
}

/// The values of a key, as CKAN indexes them.
pub fn values(listing: &Listing<'_>, key: &str) -> Vec<String> {
    let record = listing.record;
    match key {
        "name" => vec![record.id.to_string()],
        "id" => vec![super::package::uuid(listing.id()), record.id.to_string()],
        "title" => vec![record.title.en.clone(), record.title.zh_hant.clone(), record.title.zh_hans.clone()],
        "organization" | "owner_org" => vec![organization_name(&record.department)],
        "groups" => record.theme.iter().map(|theme| theme.id.clone()).collect(),
        "tags" => [&record.keywords.en, &record.keywords.zh_hant, &record.keywords.zh_hans]
            .into_iter()
            .flatten()
            .cloned()
            .collect(),
        "res_format" => {
            let mut formats: Vec<String> = resources(listing).into_iter().map(|resource| resource.format).collect();
            formats.sort();
            formats.dedup();
            formats
        }
        "license_id" => vec![record.licence.id.clone()],
        "type" | "dataset_type" => vec!["dataset".to_owned()],
        "state" => vec!["active".to_owned()],
        "private" | "capacity" => vec!["false".to_owned(), "public".to_owned()],
        "metadata_modified" => vec![record.published.strftime("%Y-%m-%dT%H:%M:%S").to_string()],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_as_harvesters_write_them() {
        for (text, clauses, first) in [
            ("", 0, 0),
            ("*:*", 0, 0),
            ("organization:hk-afcd +groups:\"environment\"", 2, 1),
            ("groups:(transport OR health) -tags:x", 2, 2),
            ("organization:a OR organization:b", 1, 2),
            ("metadata_modified:[2026-11-24T00:00:00Z TO *]", 1, 1),
        ] {
            let read = FilterQuery::read(text);
            if text == "*:*" {
                assert!(read.is_err() || read == Ok(FilterQuery::default()), "{text}");
                continue;
            }
            let read = read.unwrap();
            assert_eq!(read.clauses.len(), clauses, "{text}");
            assert_eq!(read.clauses.first().map_or(0, |clause| clause.any.len()), first, "{text}");
        }
        assert!(FilterQuery::read("groups").is_err());
        assert!(FilterQuery::read("a:\"b").is_err());
    }
}
