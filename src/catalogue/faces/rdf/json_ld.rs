//! JSON-LD 1.1, with the prefixes as its context.

use serde_json::{Map, Value, json};

use super::{Graph, Node, Object, PREFIXES, sound_iri};

pub fn json_ld(graph: &Graph) -> Value {
    let context: Map<String, Value> =
        PREFIXES.iter().map(|(prefix, address)| ((*prefix).to_owned(), Value::from(*address))).collect();
    json!({ "@context": context, "@graph": graph.nodes.iter().map(of_node).collect::<Vec<_>>() })
}

fn of_node(node: &Node) -> Value {
    let mut members = Map::new();
    if !node.iri.is_empty() {
        members.insert("@id".to_owned(), sound_iri(&node.iri).into());
    }
    if !node.classes.is_empty() {
        members.insert("@type".to_owned(), json!(node.classes));
    }
    for (predicate, object) in &node.statements {
        let said = members.entry(*predicate).or_insert_with(|| json!([]));
        if let Value::Array(said) = said {
            said.push(of_object(object));
        }
    }
    Value::Object(members)
}

fn of_object(object: &Object) -> Value {
    match object {
        Object::Iri(iri) => json!({ "@id": sound_iri(iri) }),
        Object::Text(text) => json!({ "@value": text }),
        Object::InLanguage(text, tag) => json!({ "@value": text, "@language": tag }),
        Object::Typed(value, datatype) => json!({ "@value": value, "@type": datatype }),
        Object::Node(node) => of_node(node),
    }
}
