//! What OGC's services of the same age share: OWS Common 1.1 (OGC 06-121r3).

use axum::http::StatusCode;

use super::super::answer::{Answer, CacheFor};
use super::super::problem::Problem;
use crate::base::xml_writer::XmlWriter;
use crate::base::{Language, Trilingual};

pub const OWS: &str = "http://www.opengis.net/ows/1.1";
const XML: &str = "text/xml; charset=utf-8";

/// The code of a fault of which nothing more is known, §8.3.
pub fn code(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::NOT_FOUND => "InvalidParameterValue",
        StatusCode::METHOD_NOT_ALLOWED => "OperationNotSupported",
        _ => "NoApplicableCode",
    }
}

/// An exception report, §8; `locator` is the parameter or the thing that the fault is in.
pub fn report(version: &str, code: &str, locator: &str, problem: &Problem) -> Answer {
    let mut xml = XmlWriter::document();
    xml.open("ows:ExceptionReport", &[("xmlns:ows", OWS), ("version", version), ("xml:lang", "en")]);
    let mut attributes = vec![("exceptionCode", code)];
    if !locator.is_empty() {
        attributes.push(("locator", locator));
    }
    xml.open("ows:Exception", &attributes);
    xml.leaf("ows:ExceptionText", &[], &problem.detail);
    xml.close("ows:Exception");
    xml.close("ows:ExceptionReport");
    let mut answer = Answer::new(XML, xml.finish());
    answer.status = problem.status;
    answer.cache = CacheFor::Nothing;
    match problem.retry_after_s {
        Some(seconds) => answer.with_header("retry-after", seconds.to_string()),
        None => answer,
    }
}

/// The asked language first, because many clients read the first one only.
pub fn in_languages(element: &str, text: &Trilingual, language: Language, xml: &mut XmlWriter) {
    let others = Language::ALL.into_iter().filter(|other| *other != language);
    for language in std::iter::once(language).chain(others) {
        let (words, written_in) = text.get_with_language(language);
        if written_in == language && !words.is_empty() {
            xml.leaf(element, &[("xml:lang", language.tag())], words);
        }
    }
}
