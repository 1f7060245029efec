//! RDF 1.1 XML.

use super::{Graph, Node, Object, PREFIXES, expanded, sound_iri};
use crate::base::xml_writer::XmlWriter;

pub fn rdf_xml(graph: &Graph) -> String {
    let namespaces: Vec<(String, &str)> =
        PREFIXES.iter().map(|(prefix, address)| (format!("xmlns:{prefix}"), *address)).collect();
    let attributes: Vec<(&str, &str)> = namespaces.iter().map(|(name, address)| (name.as_str(), *address)).collect();
    let mut xml = XmlWriter::document();
    xml.element("rdf:RDF", &attributes, |xml| {
        for node in &graph.nodes {
            write(node, xml);
        }
    });
    xml.finish_text()
}

fn write(node: &Node, xml: &mut XmlWriter) {
    let (first, others) = match node.classes.split_first() {
        Some((first, others)) => (*first, others),
        None => ("rdf:Description", [].as_slice()),
    };
    let iri = sound_iri(&node.iri);
    let about = [("rdf:about", iri.as_str())];
    xml.element(first, if iri.is_empty() { &[] } else { &about }, |xml| {
        for class in others {
            xml.leaf("rdf:type", &[("rdf:resource", &expanded(class))], "");
        }
        for (predicate, object) in &node.statements {
            match object {
                Object::Iri(iri) => xml.leaf(predicate, &[("rdf:resource", &sound_iri(iri))], ""),
                Object::Text(text) => xml.leaf(predicate, &[], text),
                Object::InLanguage(text, tag) => xml.leaf(predicate, &[("xml:lang", tag)], text),
                Object::Typed(value, datatype) => {
                    xml.leaf(predicate, &[("rdf:datatype", &expanded(datatype))], value);
                }
                Object::Node(node) => xml.element(predicate, &[], |xml| write(node, xml)),
            }
        }
    });
}
