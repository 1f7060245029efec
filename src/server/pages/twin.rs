//! Any JSON document as a page: names, values, links.

use askama::Template;
use serde_json::Value;

use super::Frame;
use super::frame::Shared;

#[derive(Template)]
#[template(path = "twin.html")]
struct Twin<'a> {
    shared: Shared,
    title: &'a str,
    lines: Vec<Line>,
}

/// One step of the walk through the document.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Open(String),
    Close,
    Text(String, String),
    /// What it is called, where it leads, and the words that lead there.
    Link(String, String, String),
}

pub fn json_twin(frame: &Frame<'_>, title: &str, value: &Value) -> String {
    let mut lines = Vec::new();
    match value {
        Value::Object(members) => members.iter().for_each(|(member, value)| walk(member, value, &mut lines)),
        other => walk("", other, &mut lines),
    }
    Twin { shared: Shared::of(frame), title, lines }.render().unwrap_or_default()
}

fn walk(name: &str, value: &Value, lines: &mut Vec<Line>) {
    match value {
        Value::Object(members) => {
            if let Some(link) = link_of(members) {
                lines.push(link);
                return;
            }
            lines.push(Line::Open(name_of(members).unwrap_or(name).to_owned()));
            for (member, value) in members {
                walk(member, value, lines);
            }
            lines.push(Line::Close);
        }
        Value::Array(elements) if elements.iter().any(is_long) => {
            lines.push(Line::Open(name.to_owned()));
            for element in elements {
                walk("", element, lines);
            }
            lines.push(Line::Close);
        }
        Value::Array(elements) => {
            let joined: Vec<String> = elements.iter().map(shown).collect();
            lines.push(Line::Text(name.to_owned(), joined.join(", ")));
        }
        Value::String(text) if is_address(text) => lines.push(Line::Link(name.to_owned(), text.clone(), text.clone())),
        other => lines.push(Line::Text(name.to_owned(), shown(other))),
    }
}

/// A link object of OGC API: its relation, address and title.
fn link_of(members: &serde_json::Map<String, Value>) -> Option<Line> {
    let href = members.get("href")?.as_str()?;
    let rel = members.get("rel")?.as_str()?;
    let title = members.get("title").and_then(Value::as_str).unwrap_or(href);
    let kind = members.get("type").and_then(Value::as_str);
    let text = kind.map_or_else(|| title.to_owned(), |kind| format!("{title} ({kind})"));
    let relation = rel.rsplit('/').next().unwrap_or(rel).to_owned();
    match is_address(href) {
        true => Some(Line::Link(relation, href.to_owned(), text)),
        // A template leads nowhere until it is filled in.
        false => Some(Line::Text(relation, format!("{text}: {href}"))),
    }
}

/// What an element of a list calls itself.
fn name_of(members: &serde_json::Map<String, Value>) -> Option<&str> {
    members.get("id").and_then(Value::as_str)
}

fn is_long(element: &Value) -> bool {
    element.is_object() || element.is_array() || element.as_str().is_some_and(is_address)
}

fn is_address(text: &str) -> bool {
    super::text::address_of(text).is_some_and(|address| !address.contains('{'))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_become_links_and_lists_keep_their_order() {
        let mut lines = Vec::new();
        let document = serde_json::json!({
            "links": [
                { "href": "http://a.hk/x", "rel": "self", "type": "text/html", "title": "Page" },
                { "href": "http://a.hk/{z}/{x}/{y}", "rel": "item", "title": "One tile", "templated": true },
            ],
            "numbers": [1, 2],
            "harmless": "javascript:alert(1)",
        });
        walk("", &document, &mut lines);
        assert_eq!(
            lines,
            [
                Line::Open("".into()),
                Line::Open("links".into()),
                Line::Link("self".into(), "http://a.hk/x".into(), "Page (text/html)".into()),
                Line::Text("item".into(), "One tile: http://a.hk/{z}/{x}/{y}".into()),
                Line::Close,
                Line::Text("numbers".into(), "1, 2".into()),
                Line::Text("harmless".into(), "javascript:alert(1)".into()),
                Line::Close,
            ]
        );
    }
}
