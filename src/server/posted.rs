//! What comes in the body of a request that asks for something: parameters that would make an address
//! too long. They mean what they mean in an address, and join those that stand there.

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;

use super::problem::Problem;
use super::request::{Parameters, encode};
use crate::base::ids::cut;
use crate::base::limits;
use crate::filter::FilterLanguage;

const FORM: &str = "application/x-www-form-urlencoded";
/// CQL2 has no media type of its own, OGC 21-065r2; the second is what other servers call its JSON.
const JSON: [&str; 2] = ["application/json", "application/query-cql-json"];
const TEXT: &str = "text/plain";

/// The parameters of an address and of the form that was sent to it.
pub async fn form(request: Request) -> Result<Parameters, Problem> {
    let media_type = media_type(request.headers());
    if media_type != FORM {
        return Err(Problem::not_read(format!(
            "a body of \"{}\" is not read; give parameters in the address or as {FORM}",
            cut(&media_type)
        )));
    }
    let address = query(&request);
    Parameters::parse(Some(&format!("{address}&{}", body(request).await?)))
}

/// As [`form`]; a body of CQL2 is the parameter `filter`.
pub async fn form_or_filter(request: Request) -> Result<Parameters, Problem> {
    let media_type = media_type(request.headers());
    let language = match media_type.as_str() {
        FORM => return form(request).await,
        TEXT => FilterLanguage::Cql2Text,
        other if JSON.contains(&other) => FilterLanguage::Cql2Json,
        other => {
            return Err(Problem::not_read(format!(
                "a body of \"{}\" is not read; accepted are parameters as {FORM}, CQL2 JSON as {} and CQL2 text as \
                 {TEXT}; features are not taken in by this address",
                cut(other),
                JSON[0],
            )));
        }
    };
    let address = query(&request);
    let filter = encode(&body(request).await?);
    Parameters::parse(Some(&format!("{address}&filter-lang={}&filter={filter}", language.name())))
}

/// Without parameters, in small letters; a body that says nothing of itself is a form.
fn media_type(headers: &HeaderMap) -> String {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or(FORM);
    given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn query(request: &Request) -> String {
    request.uri().query().unwrap_or_default().to_owned()
}

async fn body(request: Request) -> Result<String, Problem> {
    let bytes = bytes(request, limits::QUERY_FORM_BYTES_MAX).await?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::bad_request("the body is not UTF-8"))
}

/// A whole body, as far as it is read: neither too long nor sent drop by drop.
pub async fn bytes(request: Request, most: usize) -> Result<Bytes, Problem> {
    let read = axum::body::to_bytes(request.into_body(), most);
    match tokio::time::timeout(limits::BODY_TIME, read).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => {
            Err(Problem::too_large(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is longer than {most} bytes")))
        }
        Err(_) => {
            Err(Problem::too_slow(format!("the body did not come within {} seconds", limits::BODY_TIME.as_secs())))
        }
    }
}
