//! A small graph of linked data and its three spellings. Nodes without a name of their own stand
//! inside the node that speaks of them.

mod json_ld;
mod turtle;
mod xml;

pub use json_ld::json_ld;
pub use turtle::turtle;
pub use xml::rdf_xml;

/// Prefixes of every document; names in the graph are `prefix:local`.
pub const PREFIXES: [(&str, &str); 18] = [
    ("adms", "http://www.w3.org/ns/adms#"),
    ("dcat", "http://www.w3.org/ns/dcat#"),
    ("dcatap", "http://data.europa.eu/r5r/"),
    ("dct", "http://purl.org/dc/terms/"),
    ("foaf", "http://xmlns.com/foaf/0.1/"),
    ("geo", "http://www.opengis.net/ont/geosparql#"),
    ("hydra", "http://www.w3.org/ns/hydra/core#"),
    ("locn", "http://www.w3.org/ns/locn#"),
    ("owl", "http://www.w3.org/2002/07/owl#"),
    ("prov", "http://www.w3.org/ns/prov#"),
    ("rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"),
    ("rdfs", "http://www.w3.org/2000/01/rdf-schema#"),
    ("schema", "http://schema.org/"),
    ("skos", "http://www.w3.org/2004/02/skos/core#"),
    ("spdx", "http://spdx.org/rdf/terms#"),
    ("time", "http://www.w3.org/2006/time#"),
    ("vcard", "http://www.w3.org/2006/vcard/ns#"),
    ("xsd", "http://www.w3.org/2001/XMLSchema#"),
];

/// Nodes with names, each written once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    pub nodes: Vec<Node>,
}

/// Something that is spoken of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Node {
    /// Its address; empty for a node that stands inside another.
    pub iri: String,
    /// Its classes, as `prefix:local`.
    pub classes: Vec<&'static str>,
    /// What is said of it, in order.
    pub statements: Vec<(&'static str, Object)>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    Iri(String),
    Text(String),
    InLanguage(String, &'static str),
    /// A value and its datatype as `prefix:local` or a whole address.
    Typed(String, &'static str),
    Node(Node),
}

impl Graph {
    /// Adds a node; one whose address is known already is not said twice.
    pub fn add(&mut self, node: Node) {
        if !self.nodes.iter().any(|known| known.iri == node.iri) {
            self.nodes.push(node);
        }
    }
}

impl Node {
    pub fn named(iri: impl Into<String>, class: &'static str) -> Self {
        Node { iri: iri.into(), classes: vec![class], statements: Vec::new() }
    }

    pub fn inner(class: &'static str) -> Self {
        Node { classes: vec![class], ..Node::default() }
    }

    pub fn say(mut self, predicate: &'static str, object: Object) -> Self {
        self.statements.push((predicate, object));
        self
    }

    pub fn say_all(mut self, predicate: &'static str, objects: impl IntoIterator<Item = Object>) -> Self {
        self.statements.extend(objects.into_iter().map(|object| (predicate, object)));
        self
    }
}

/// The whole address of `prefix:local`; what has no known prefix is one already.
pub fn expanded(name: &str) -> String {
    PREFIXES
        .iter()
        .find_map(|(prefix, address)| Some(format!("{address}{}", name.strip_prefix(prefix)?.strip_prefix(':')?)))
        .unwrap_or_else(|| name.to_owned())
}

/// An address without the characters that no address has; they are written as percent signs.
pub fn sound_iri(iri: &str) -> String {
    iri.chars()
        .map(|character| match character {
            '<' | '>' | '"' | '{' | '}' | '|' | '\\' | '^' | '`' | '\u{0}'..='\u{20}' => {
                format!("%{:02X}", u32::from(character))
            }
            _ => character.to_string(),
        })
        .collect()
}
