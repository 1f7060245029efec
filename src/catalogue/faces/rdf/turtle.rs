//! RDF 1.1 Turtle.

use super::{Graph, Node, Object, PREFIXES, sound_iri};

pub fn turtle(graph: &Graph) -> String {
    let mut out = String::new();
    for (prefix, address) in PREFIXES {
        out.push_str(&format!("@prefix {prefix}: <{address}> .\n"));
    }
    for node in &graph.nodes {
        out.push_str(&format!("\n<{}>", sound_iri(&node.iri)));
        statements(node, 1, &mut out);
        out.push_str(" .\n");
    }
    out
}

fn statements(node: &Node, depth: usize, out: &mut String) {
    let indent = "    ".repeat(depth);
    let mut lines: Vec<String> = Vec::new();
    if !node.classes.is_empty() {
        lines.push(format!("a {}", node.classes.join(", ")));
    }
    for (predicate, object) in &node.statements {
        let mut line = format!("{predicate} ");
        write_object(object, depth, &mut line);
        lines.push(line);
    }
    out.push('\n');
    out.push_str(&indent);
    out.push_str(&lines.join(&format!(" ;\n{indent}")));
}

fn write_object(object: &Object, depth: usize, out: &mut String) {
    match object {
        Object::Iri(iri) => out.push_str(&format!("<{}>", sound_iri(iri))),
        Object::Text(text) => out.push_str(&quoted(text)),
        Object::InLanguage(text, tag) => out.push_str(&format!("{}@{tag}", quoted(text))),
        Object::Typed(value, datatype) => match datatype.starts_with("http") {
            true => out.push_str(&format!("{}^^<{datatype}>", quoted(value))),
            false => out.push_str(&format!("{}^^{datatype}", quoted(value))),
        },
        Object::Node(node) => {
            out.push('[');
            statements(node, depth + 1, out);
            out.push_str(" ]");
        }
    }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            character if character.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(character))),
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_string_or_an_address_is_escaped() {
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\nd\"");
        let mut out = String::new();
        write_object(&Object::Iri("http://a/ b>".to_owned()), 0, &mut out);
        assert_eq!(out, "<http://a/%20b%3E>");
    }
}
