//! CSW 2.0.2 (OGC 07-006r1), as much of it as QGIS MetaSearch, OWSLib, CKAN and GeoNetwork ask
//! for: GetCapabilities, DescribeRecord, GetRecords and GetRecordById, read by GET and POST.

mod answer;
mod cql;
mod filter;
mod request;

use super::Listing;
use crate::base::Language;
use crate::base::xml_writer::XmlWriter;

pub use filter::Constraint;
pub use request::{ElementSet, GetRecords, Operation, ResultType, Schema, from_pairs, from_xml};

/// What a request is answered from.
pub struct View<'a> {
    /// In order of title.
    pub listings: &'a [Listing<'a>],
    pub base: &'a str,
    /// Public address of this endpoint: clients post to what the capabilities name.
    pub address: &'a str,
    pub language: Language,
}

/// What is wrong with a request, as OWS Common (OGC 06-121r3 §8) says it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Exception {
    /// `InvalidParameterValue`, `MissingParameterValue`, `OperationNotSupported` …
    pub code: &'static str,
    /// The parameter.
    pub locator: String,
    pub text: String,
}

impl Exception {
    pub(super) fn invalid(locator: &str, text: impl Into<String>) -> Self {
        Exception { code: "InvalidParameterValue", locator: locator.to_owned(), text: text.into() }
    }

    pub(super) fn missing(locator: &str, accepted: &str) -> Self {
        let text = format!("the parameter {locator} is missing; accepted are {accepted}");
        Exception { code: "MissingParameterValue", locator: locator.to_owned(), text }
    }
}

/// The document that answers a request.
pub fn answer(view: &View<'_>, operation: &Operation) -> Result<String, Exception> {
    match operation {
        Operation::GetCapabilities => Ok(answer::capabilities(view)),
        Operation::DescribeRecord => Ok(answer::describe_record()),
        Operation::GetRecords(asked) => answer::records(view, asked),
        Operation::GetRecordById { ids, element_set, schema } => Ok(answer::by_id(view, ids, *element_set, *schema)),
    }
}

/// `ows:ExceptionReport`.
pub fn exception_report(exception: &Exception) -> String {
    let mut xml = XmlWriter::document();
    let attributes = [("xmlns:ows", "http://www.opengis.net/ows"), ("version", "1.2.0"), ("language", "en")];
    xml.element("ows:ExceptionReport", &attributes, |xml| {
        let attributes = [("exceptionCode", exception.code), ("locator", exception.locator.as_str())];
        xml.element("ows:Exception", &attributes, |xml| xml.leaf("ows:ExceptionText", &[], &exception.text));
    });
    xml.finish_text()
}
