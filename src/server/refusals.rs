//! What no request may be, whatever it asks for. Looked at before anything else: what is too large, and
//! what a proxy before us might read as another request than we do, RFC 9112 §3.2 and §6.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Level;

use super::problem::Problem;
use super::request::Ask;
use super::routes::respond;
use super::state::App;
use crate::base::ids::cut;
use crate::base::limits;

/// Headers by which some servers take another method than the one that stands in the request.
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];
const OFFERED: &str = "GET and HEAD";

pub async fn refuse(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    // Where a body ends is said by its own bytes; if a length was given too, hyper may have dropped it.
    // Nothing that follows on this connection is read then, RFC 9112 §6.3.
    let closes = request.headers().contains_key(header::TRANSFER_ENCODING);
    let is_http_1 = request.version() <= Version::HTTP_11;
    let told = tracing::enabled!(Level::DEBUG).then(|| (request.method().clone(), request.uri().clone()));
    let (mut response, closes) = match check(&request) {
        Ok(()) => (next.run(request).await, closes),
        Err(problem) => (refused(&app, request.headers(), problem), true),
    };
    if let Some((method, uri)) = told {
        tracing::debug!(%method, %uri, status = response.status().as_u16(), "answered");
    }
    if closes && is_http_1 {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The address itself is not repeated: it may be what is too large.
fn refused(app: &App, headers: &HeaderMap, problem: Problem) -> Response {
    let ask = Ask::new(Method::GET, &Uri::from_static("/"), headers, app.base_url.as_deref());
    let mut response = respond(&ask, Err(problem));
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    }
    response
}

fn check(request: &Request) -> Result<(), Problem> {
    check_sizes(request)?;
    check_method(request)?;
    check_host(request)?;
    check_body(request.headers())?;
    if percent_encoding::percent_decode_str(request.uri().path()).decode_utf8().is_err() {
        let path = cut(request.uri().path());
        return Err(Problem::bad_request(format!("the path {path} is not UTF-8 once its %XX are decoded")));
    }
    Ok(())
}

fn check_sizes(request: &Request) -> Result<(), Problem> {
    let address_bytes = request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    let headers = request.headers();
    let header_bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if address_bytes > limits::ADDRESS_BYTES_MAX {
        let detail = format!("the address has {address_bytes} bytes; at most {} are read", limits::ADDRESS_BYTES_MAX);
        return Err(Problem::too_large(StatusCode::URI_TOO_LONG, detail));
    }
    if headers.len() > limits::HEADERS_MAX || header_bytes > limits::HEADER_BYTES_MAX {
        let detail = format!(
            "the request has {} headers of {header_bytes} bytes; at most {} of {} are read",
            headers.len(),
            limits::HEADERS_MAX,
            limits::HEADER_BYTES_MAX
        );
        return Err(Problem::too_large(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, detail));
    }
    Ok(())
}

/// No tunnels, and no method but the one that proxies and logs see.
fn check_method(request: &Request) -> Result<(), Problem> {
    let method = request.method();
    if method == Method::CONNECT {
        return Err(Problem::method_not_allowed(method.as_str(), OFFERED));
    }
    for name in OVERRIDES {
        if let Some(other) = request.headers().get(name)
            && other.as_bytes() != method.as_str().as_bytes()
        {
            return Err(Problem::method_not_allowed(&String::from_utf8_lossy(other.as_bytes()), OFFERED));
        }
    }
    Ok(())
}

/// One host, by whatever part of the request it is named.
fn check_host(request: &Request) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(Problem::bad_request("the request has several Host headers; one is read"));
    }
    let Some(host) = first else {
        let needs_one = request.version() == Version::HTTP_11;
        let problem = || Problem::bad_request("the request has no Host header; HTTP/1.1 needs one");
        return if needs_one { Err(problem()) } else { Ok(()) };
    };
    let names_host = |authority: &Authority| {
        let plain = |name: &[u8]| name.strip_suffix(b":80").unwrap_or(name).to_ascii_lowercase();
        plain(authority.as_str().as_bytes()) == plain(host.as_bytes())
    };
    match request.uri().authority() {
        Some(authority) if !names_host(authority) => Err(Problem::bad_request(
            "the address and the Host header of the request name different hosts; they have to be one",
        )),
        _ => Ok(()),
    }
}

/// A body whose end two readers would find in two places is not read, nor is a packed one.
fn check_body(headers: &HeaderMap) -> Result<(), Problem> {
    if let Some(coding) = headers.get(header::TRANSFER_ENCODING) {
        if headers.contains_key(header::CONTENT_LENGTH) {
            return Err(Problem::bad_request(
                "the request has both Content-Length and Transfer-Encoding; one of them is read",
            ));
        }
        if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(Problem::bad_request("the request has a Transfer-Encoding other than chunked, which is read"));
        }
    }
    match headers.get(header::CONTENT_ENCODING) {
        Some(coding) if !coding.as_bytes().eq_ignore_ascii_case(b"identity") => {
            Err(Problem::not_read("the body of the request is packed; it is read as it is, without Content-Encoding"))
        }
        _ => Ok(()),
    }
}
