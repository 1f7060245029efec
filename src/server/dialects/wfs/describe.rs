//! DescribeFeatureType: the XML schema of layers.

use std::sync::Arc;

use super::super::visible;
use super::{Outcome, request};
use crate::base::xml_writer::XmlWriter;
use crate::formats::gml::{GML, LAYERS, PREFIX, describe};
use crate::server::answer::Answer;
use crate::server::routes::Context;

pub async fn answer(context: &mut Context) -> Outcome<Arc<Answer>> {
    let names = ["typeNames", "typeName"].map(|name| context.parameters.take_any_case(name));
    let layers = match names.into_iter().flatten().next() {
        Some(names) => {
            let mut layers = Vec::new();
            for name in names.split(',') {
                layers.push(request::layer_of(context, name)?.0);
            }
            layers
        }
        None => visible(context),
    };
    let mut xml = XmlWriter::document();
    let prefix = format!("xmlns:{PREFIX}");
    let attributes = [
        ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
        ("xmlns:gml", GML),
        (prefix.as_str(), LAYERS),
        ("targetNamespace", LAYERS),
        ("elementFormDefault", "qualified"),
    ];
    xml.open("xsd:schema", &attributes);
    xml.empty("xsd:import", &[("namespace", GML), ("schemaLocation", "http://schemas.opengis.net/gml/3.2.1/gml.xsd")]);
    for layer in &layers {
        describe(layer.record.id.as_str(), &layer.record.schema, &mut xml);
    }
    xml.close("xsd:schema");
    Ok(Arc::new(Answer::new("application/gml+xml; version=3.2", xml.finish())))
}
