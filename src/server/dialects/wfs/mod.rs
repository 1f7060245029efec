//! `/wfs`: WFS 2.0 (OGC 09-025r2), reading by keys and values: the class Simple WFS with boxes,
//! filters, paging, order and chosen properties. XML by POST is not read.
//!
//! Layers are feature types `layer:{id}`; names of layers and fields that XML would not take are
//! written as `formats::xml_names::xml_name` says.

mod capabilities;
mod describe;
mod feature;
mod request;
mod stored;

use std::sync::Arc;

use axum::http::StatusCode;

use super::super::answer::Answer;
use super::super::problem::Problem;
use super::super::request::Ask;
use super::super::routes::{Context, Reply};
use super::ows::{self, OWS};
use crate::base::ids::cut;

const VERSION: &str = "2.0.0";
const WFS: &str = "http://www.opengis.net/wfs/2.0";
const XML: &str = "text/xml; charset=utf-8";

/// What went wrong, as OGC 06-121r3 §8 reports it.
#[derive(Debug)]
pub struct Exception {
    code: &'static str,
    /// The parameter or the thing that the fault is in.
    locator: String,
    problem: Problem,
}

type Outcome<T = Answer> = Result<T, Exception>;

impl Exception {
    fn invalid(locator: &str, detail: impl Into<String>) -> Self {
        Exception { code: "InvalidParameterValue", locator: locator.to_owned(), problem: Problem::bad_request(detail) }
    }

    fn missing(locator: &str, detail: impl Into<String>) -> Self {
        Exception { code: "MissingParameterValue", ..Exception::invalid(locator, detail) }
    }

    fn not_found(locator: &str, detail: impl Into<String>) -> Self {
        Exception { code: "NotFound", locator: locator.to_owned(), problem: Problem::not_found(detail) }
    }

    fn not_offered(code: &'static str, locator: &str, detail: impl Into<String>) -> Self {
        Exception { code, ..Exception::invalid(locator, detail) }
    }

    /// A fault found by what knows nothing of WFS, in this parameter.
    fn within(locator: &'static str) -> impl Fn(Problem) -> Exception {
        move |problem| Exception { locator: locator.to_owned(), ..Exception::from(problem) }
    }

    fn answer(&self) -> Answer {
        ows::report(VERSION, self.code, &self.locator, &self.problem)
    }
}

impl From<Problem> for Exception {
    fn from(problem: Problem) -> Self {
        let code = match problem.status {
            StatusCode::NOT_FOUND => "NotFound",
            status => ows::code(status),
        };
        Exception { code, locator: String::new(), problem }
    }
}

pub fn dress(problem: &Problem, _: &Ask) -> Answer {
    Exception::from(problem.clone()).answer()
}

/// Every request comes here; REQUEST names the operation.
pub async fn answer(mut context: Context) -> Reply {
    let outcome = dispatch(&mut context).await;
    Ok(outcome.unwrap_or_else(|exception| Arc::new(exception.answer())))
}

async fn dispatch(context: &mut Context) -> Outcome<Arc<Answer>> {
    let parameters = &mut context.parameters;
    if let Some(service) = parameters.take_any_case("service")
        && !service.eq_ignore_ascii_case("WFS")
    {
        return Err(Exception::invalid(
            "service",
            format!("service=\"{}\" is not offered here; WFS is", cut(&service)),
        ));
    }
    let operation = parameters
        .take_any_case("request")
        .ok_or_else(|| Exception::missing("request", "request names the operation, such as request=GetCapabilities"))?;
    let version = parameters.take_any_case("version");
    if operation.eq_ignore_ascii_case("GetCapabilities") {
        return capabilities::answer(context).await;
    }
    if let Some(version) = version.filter(|version| !version.starts_with("2.0")) {
        return Err(Exception::invalid("version", format!("version=\"{}\" is not offered; 2.0.0 is", cut(&version))));
    }
    match operation.to_ascii_lowercase().as_str() {
        "describefeaturetype" => describe::answer(context).await,
        "getfeature" => feature::answer(context).await,
        "liststoredqueries" => stored::list(context),
        "describestoredqueries" => stored::describe(context),
        _ => Err(Exception::not_offered(
            "OperationNotSupported",
            "request",
            format!(
                "request=\"{}\" is not offered; accepted are GetCapabilities, DescribeFeatureType, GetFeature, \
                 ListStoredQueries, DescribeStoredQueries",
                cut(&operation)
            ),
        )),
    }
}
