//! DCAT as JSON-LD, Turtle or RDF/XML, its pages as Hydra parts them. Nothing that a document names is
//! fetched to understand it: no JSON-LD context, no entity, no import.

use std::collections::HashMap;

use oxrdf::{NamedOrBlankNode, Term, Triple};
use serde_json::Value;

use super::clean::{self, NAME_CHARACTERS, TEXT_CHARACTERS};
use super::{Page, PageFault, language};
use crate::base::{BBox, Language, Trilingual};
use crate::catalogue::{RemoteRecord, RemoteResource};
use crate::fetch::Address;

const DCAT: &str = "http://www.w3.org/ns/dcat#";
const DCT: &str = "http://purl.org/dc/terms/";
const FOAF: &str = "http://xmlns.com/foaf/0.1/";
const HYDRA: &str = "http://www.w3.org/ns/hydra/core#";
const LOCN: &str = "http://www.w3.org/ns/locn#";
const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

/// What is said of each node, by its IRI or the name of a blank one.
#[derive(Default)]
struct Graph(HashMap<String, Vec<(String, Object)>>);

/// What is said: another node, or a text and its language.
enum Object {
    Node(String),
    Text(String, Option<String>),
}

pub fn page(address: &Address, bytes: &[u8]) -> Result<Page, PageFault> {
    let graph = Graph::read(address, bytes)?;
    let mut next = Vec::new();
    for (property, object) in graph.0.values().flatten() {
        if *property == format!("{HYDRA}next") || *property == format!("{HYDRA}nextPage") {
            let (Object::Node(to) | Object::Text(to, _)) = object;
            next.push(address.join(to)?);
        }
    }
    next.sort();
    next.dedup();
    let mut datasets: Vec<&String> = graph
        .0
        .keys()
        .filter(|node| graph.nodes(node, RDF_TYPE).any(|kind| kind == format!("{DCAT}Dataset")))
        .collect();
    datasets.sort();
    Ok(Page { records: datasets.into_iter().filter_map(|node| record(&graph, node)).collect(), next })
}

fn record(graph: &Graph, node: &str) -> Option<RemoteRecord> {
    let property = |vocabulary: &str, name: &str| format!("{vocabulary}{name}");
    let title = graph.text(node, &property(DCT, "title"), NAME_CHARACTERS);
    let link = |name: &str| graph.nodes(node, &property(DCAT, name)).find_map(clean::link);
    let distributions: Vec<&str> = graph.nodes(node, &property(DCAT, "distribution")).collect();
    let resources: Vec<RemoteResource> = distributions.iter().filter_map(|node| resource(graph, node)).collect();
    let publisher = graph.nodes(node, &property(DCT, "publisher")).next();
    let licensed = distributions.iter().copied().chain([node]);
    let identifier = graph.texts(node, &property(DCT, "identifier")).next().map(|(text, _)| text);
    (!title.is_empty()).then_some(())?;
    Some(RemoteRecord {
        page: link("landingPage").or_else(|| clean::link(node)).or_else(|| Some(resources.first()?.address.clone()))?,
        id: clean::text(if node.starts_with("_:") { identifier? } else { node }, NAME_CHARACTERS),
        title,
        text: graph.text(node, &property(DCT, "description"), TEXT_CHARACTERS),
        keywords: graph
            .texts(node, &property(DCAT, "keyword"))
            .map(|(word, _)| clean::text(word, NAME_CHARACTERS))
            .filter(|word| !word.is_empty())
            .collect(),
        publisher: publisher
            .map(|agent| graph.text(agent, &property(FOAF, "name"), NAME_CHARACTERS))
            .unwrap_or_default(),
        extent: graph.nodes(node, &property(DCT, "spatial")).find_map(|place| extent(graph, place)),
        updated: graph.texts(node, &property(DCT, "modified")).find_map(|(text, _)| super::moment(text)),
        licence: licensed
            .flat_map(|node| graph.nodes(node, &format!("{DCT}license")))
            .find_map(clean::link)
            .unwrap_or_default(),
        resources,
        ..RemoteRecord::default()
    })
}

fn resource(graph: &Graph, node: &str) -> Option<RemoteResource> {
    let address = ["downloadURL", "accessURL"].iter().find_map(|name| {
        let property = format!("{DCAT}{name}");
        graph.nodes(node, &property).chain(graph.texts(node, &property).map(|(text, _)| text)).find_map(clean::link)
    })?;
    let format = graph.texts(node, &format!("{DCT}format")).next().map(|(text, _)| text.to_owned());
    // A format that is a node of a vocabulary is named by the end of its IRI.
    let named = || Some(graph.nodes(node, &format!("{DCT}format")).next()?.rsplit(['/', '#']).next()?.to_owned());
    Some(RemoteResource {
        title: graph.text(node, &format!("{DCT}title"), NAME_CHARACTERS).get(Language::En).to_owned(),
        format: clean::text(&format.or_else(named).unwrap_or_default(), NAME_CHARACTERS),
        address,
    })
}

/// A box as DCAT 3 §6.4.6 writes it, in WKT or GeoJSON.
fn extent(graph: &Graph, place: &str) -> Option<BBox> {
    let written = [format!("{DCAT}bbox"), format!("{LOCN}geometry")];
    let mut texts = written.iter().flat_map(|property| graph.texts(place, property).map(|(text, _)| text));
    texts.find_map(|text| match text.trim_start().starts_with('{') {
        true => super::records::extent(&serde_json::from_str::<Value>(text).ok()?),
        false => of_well_known_text(text),
    })
}

/// Longitude before latitude, as CRS84 has them; a system that is named is not looked at, because all
/// catalogues mean this one.
fn of_well_known_text(text: &str) -> Option<BBox> {
    let numbers = text.split_once('(')?.1;
    let mut bbox = BBox::EMPTY;
    for position in numbers.split(',') {
        let mut parts = position.split(['(', ')', ' ']).filter(|part| !part.is_empty()).map(str::parse::<f64>);
        let (Some(Ok(lon_deg)), Some(Ok(lat_deg))) = (parts.next(), parts.next()) else { return None };
        bbox.include_point(lon_deg, lat_deg);
    }
    super::sound(bbox)
}

impl Graph {
    fn read(address: &Address, bytes: &[u8]) -> Result<Self, PageFault> {
        fn fault(error: impl std::fmt::Display) -> PageFault {
            PageFault::Rdf(crate::base::ids::cut(&error.to_string()))
        }
        let base = address.as_str();
        let mut graph = Graph::default();
        let start = bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
        match start {
            Some(b'{' | b'[') => {
                let parser = oxjsonld::JsonLdParser::new().with_base_iri(base).map_err(fault)?;
                for quad in parser.for_slice(bytes) {
                    graph.add(quad.map_err(fault)?.into());
                }
            }
            Some(b'<') if !is_turtle(bytes) => {
                if bytes.windows(DOCTYPE.len()).any(|window| window.eq_ignore_ascii_case(DOCTYPE)) {
                    return Err(crate::base::xml::XmlError::Doctype.into());
                }
                let parser = oxrdfxml::RdfXmlParser::new().with_base_iri(base).map_err(fault)?;
                for triple in parser.for_slice(bytes) {
                    graph.add(triple.map_err(fault)?);
                }
            }
            _ => {
                let parser = oxttl::TurtleParser::new().with_base_iri(base).map_err(fault)?;
                for triple in parser.for_slice(bytes) {
                    graph.add(triple.map_err(fault)?);
                }
            }
        }
        Ok(graph)
    }

    fn add(&mut self, triple: Triple) {
        let subject = match triple.subject {
            NamedOrBlankNode::NamedNode(node) => node.into_string(),
            NamedOrBlankNode::BlankNode(node) => node.to_string(),
        };
        let object = match triple.object {
            Term::NamedNode(node) => Object::Node(node.into_string()),
            Term::BlankNode(node) => Object::Node(node.to_string()),
            Term::Literal(literal) => {
                let language = literal.language().map(str::to_owned);
                Object::Text(literal.value().to_owned(), language)
            }
        };
        self.0.entry(subject).or_default().push((triple.predicate.into_string(), object));
    }

    fn of<'a>(&'a self, node: &str, property: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        let property = property.to_owned();
        let said = self.0.get(node).map(Vec::as_slice).unwrap_or_default();
        said.iter().filter(move |(known, _)| *known == property).map(|(_, object)| object)
    }

    fn nodes<'a>(&'a self, node: &str, property: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.of(node, property).filter_map(|object| match object {
            Object::Node(node) => Some(node.as_str()),
            Object::Text(..) => None,
        })
    }

    fn texts<'a>(&'a self, node: &str, property: &str) -> impl Iterator<Item = (&'a str, Option<&'a str>)> + use<'a> {
        self.of(node, property).filter_map(|object| match object {
            Object::Text(text, language) => Some((text.as_str(), language.as_deref())),
            Object::Node(_) => None,
        })
    }

    /// The texts of a property in their languages.
    fn text(&self, node: &str, property: &str, most: usize) -> Trilingual {
        let mut text = Trilingual::default();
        for (written, tag) in self.texts(node, property) {
            let written = clean::text(written, most);
            let named = tag.and_then(Language::from_tag);
            // A language that is none of ours stands in for one that is missing only.
            if !written.is_empty() && (tag.is_none() || named.is_some()) {
                language::set(&mut text, written, named);
            }
        }
        text
    }
}

const DOCTYPE: &[u8] = b"<!DOCTYPE";

/// Turtle too may begin with `<`, an IRI.
fn is_turtle(bytes: &[u8]) -> bool {
    bytes.starts_with(b"<http")
}
