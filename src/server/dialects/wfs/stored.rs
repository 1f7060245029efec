//! ListStoredQueries and DescribeStoredQueries: the one stored query that every server has, a
//! feature by its id, OGC 09-025r2 §7.9.3.6.

use std::sync::Arc;

use super::super::visible;
use super::request::resource_id;
use super::{Exception, Outcome, WFS, XML};
use crate::base::FeatureId;
use crate::base::ids::cut;
use crate::base::xml_writer::XmlWriter;
use crate::formats::gml::{LAYERS, PREFIX, type_name};
use crate::server::answer::Answer;
use crate::server::request::Parameters;
use crate::server::routes::Context;

const BY_ID: &str = "urn:ogc:def:query:OGC-WFS::GetFeatureById";
/// The same in the words of version 2.0.2.
const BY_ID_ADDRESS: &str = "http://www.opengis.net/def/query/OGC-WFS/0/GetFeatureById";
const TITLE: &str = "A feature by its id";

fn is_known(query: &str) -> bool {
    [BY_ID, BY_ID_ADDRESS].contains(&query)
}

fn unknown(query: &str) -> Exception {
    let detail = format!("there is no stored query \"{}\"; there is {BY_ID}", cut(query));
    Exception::invalid("storedQuery_id", detail)
}

/// The layer and the id that the stored query is called with.
pub fn feature_id(query: &str, parameters: &mut Parameters) -> Outcome<(String, FeatureId)> {
    if !is_known(query) {
        return Err(unknown(query));
    }
    let id = parameters.take_any_case("id");
    let id = id.ok_or_else(|| Exception::missing("id", "ID names the feature, such as ID=lcsd-libraries.1"))?;
    resource_id(&id).map_err(|exception| Exception { locator: "id".to_owned(), ..exception })
}

pub fn list(context: &Context) -> Outcome<Arc<Answer>> {
    let mut xml = XmlWriter::document();
    let prefix = format!("xmlns:{PREFIX}");
    xml.open("wfs:ListStoredQueriesResponse", &[("xmlns:wfs", WFS), (&prefix, LAYERS)]);
    xml.open("wfs:StoredQuery", &[("id", BY_ID)]);
    xml.leaf("wfs:Title", &[("xml:lang", "en")], TITLE);
    for layer in visible(context) {
        let name = format!("{PREFIX}:{}", type_name(layer.record.id.as_str()));
        xml.leaf("wfs:ReturnFeatureType", &[], &name);
    }
    xml.close("wfs:StoredQuery");
    xml.close("wfs:ListStoredQueriesResponse");
    Ok(Arc::new(Answer::new(XML, xml.finish())))
}

pub fn describe(context: &mut Context) -> Outcome<Arc<Answer>> {
    if let Some(queries) = context.parameters.take_any_case("storedQuery_id")
        && let Some(other) = queries.split(',').find(|query| !is_known(query))
    {
        return Err(unknown(other));
    }
    let mut xml = XmlWriter::document();
    let prefix = format!("xmlns:{PREFIX}");
    let attributes = [("xmlns:wfs", WFS), ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"), (prefix.as_str(), LAYERS)];
    xml.open("wfs:DescribeStoredQueriesResponse", &attributes);
    xml.open("wfs:StoredQueryDescription", &[("id", BY_ID)]);
    xml.leaf("wfs:Title", &[("xml:lang", "en")], TITLE);
    xml.empty("wfs:Parameter", &[("name", "ID"), ("type", "xsd:string")]);
    let attributes = [
        ("isPrivate", "true"),
        ("language", "urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression"),
        ("returnFeatureTypes", ""),
    ];
    xml.empty("wfs:QueryExpressionText", &attributes);
    xml.close("wfs:StoredQueryDescription");
    xml.close("wfs:DescribeStoredQueriesResponse");
    Ok(Arc::new(Answer::new(XML, xml.finish())))
}
