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
enum Line {
    Open(String),
    Close,
    Text(String, String),
    Link(String, String),
}

pub fn json_twin(frame: &Frame<'_>, title: &str, value: &Value) -> String {
    let mut lines = Vec::new();
    walk("", value, &mut lines);
    Twin { shared: Shared::of(frame), title, lines }.render().unwrap_or_default()
}

fn walk(name: &str, value: &Value, lines: &mut Vec<Line>) {
    match value {
        Value::Object(members) => {
            lines.push(Line::Open(name.to_owned()));
            for (member, value) in members {
                walk(member, value, lines);
            }
            lines.push(Line::Close);
        }
        Value::Array(elements) if elements.iter().any(|element| element.is_object() || element.is_array()) => {
            lines.push(Line::Open(name.to_owned()));
            for (place, element) in elements.iter().enumerate() {
                walk(&(place + 1).to_string(), element, lines);
            }
            lines.push(Line::Close);
        }
        Value::Array(elements) => {
            let joined: Vec<String> = elements.iter().map(shown).collect();
            lines.push(Line::Text(name.to_owned(), joined.join(", ")));
        }
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => {
            lines.push(Line::Link(name.to_owned(), text.clone()));
        }
        other => lines.push(Line::Text(name.to_owned(), shown(other))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
