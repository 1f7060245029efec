//! `/downloads/{layer}/{file}`: whole files, streamed from the disk piece by piece, in one part if a
//! part is asked for. A slow reader holds an open file and a piece, nothing of the pool or the cache.

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tower_http::services::ServeFile;

use super::problem::Problem;
use super::routes::{self, ask_of};
use super::state::App;
use crate::access::Action;
use crate::base::ids::cut;
use crate::store::Download;

pub fn routes() -> Router<Arc<App>> {
    Router::new().route("/downloads/{layer}/{file}", axum::routing::get(send))
}

async fn send(State(app): State<Arc<App>>, raw: RawPathParams, request: Request) -> Response {
    let ask = ask_of(&app, &request);
    let place = |name: &str| raw.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
    match answer(&app, place("layer"), place("file"), request.method(), request.headers()).await {
        Ok(response) => response,
        Err(problem) => routes::respond(&ask, Err(problem)),
    }
}

async fn answer(app: &App, layer: &str, file: &str, method: &Method, headers: &HeaderMap) -> Result<Response, Problem> {
    let snapshot = app.snapshot();
    let (layer, _) = app.permitted(&snapshot, layer, Action::ReadFiles)?;
    // Only a name that the manifest lists becomes a path.
    let download = layer.files().iter().find(|download| download.name == file).ok_or_else(|| {
        let names: Vec<&str> = layer.files().iter().map(|download| download.name.as_str()).collect();
        let there_are = if names.is_empty() { "nothing yet".to_owned() } else { names.join(", ") };
        Problem::not_found(format!(
            "{} has no file \"{}\"; to be taken away there is {there_are}",
            layer.record.id,
            cut(file)
        ))
    })?;
    let path = app.store.downloads_folder(&layer.record.id, &layer.record.revision).join(&download.name);
    respond(&path, download, method, headers).await
}

/// The finished file at `path`, whole, in part, or not at all where the client has it.
pub async fn respond(
    path: &Path,
    download: &Download,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let etag = format!("\"{}\"", download.sha256);
    let mut response = match has_already(headers, &etag) {
        true => empty(StatusCode::NOT_MODIFIED),
        false => stream(path, part(method, headers, &etag), method).await?,
    };
    dress(response.headers_mut(), download, &etag);
    Ok(response)
}

/// The file, or the part of it that is asked for.
async fn stream(path: &Path, part: Option<&HeaderValue>, method: &Method) -> Result<Response, Problem> {
    let mut plain = axum::http::Request::builder().method(method.clone());
    if let Some(part) = part {
        plain = plain.header(header::RANGE, part);
    }
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(path = %path.display(), %error, "a download cannot be read");
        Problem::internal("the file cannot be read; the operator's log says why")
    };
    let plain = plain.body(Body::empty()).map_err(|error| failed(&error))?;
    let response = ServeFile::new(path).try_call(plain).await.map_err(|error| failed(&error))?;
    match response.status() {
        StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => Ok(response.map(Body::new)),
        status => Err(failed(&status)),
    }
}

/// RFC 9110 §13.1.2: weak comparison, so a `W/` before a tag does not matter.
fn has_already(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).unwrap_or_default();
    known.trim() == "*" || known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag)
}

/// The `Range` that is honoured: of GET alone, one part, in the form of bytes, of the very file that
/// `If-Range` names. Any other is passed over, as RFC 9110 §14.2 allows, and the whole file goes out:
/// a thousand parts cost no more than one.
fn part<'a>(method: &Method, headers: &'a HeaderMap, etag: &str) -> Option<&'a HeaderValue> {
    let range = headers.get(header::RANGE)?;
    let (first, last) = range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-')?;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_one_part = is_number(first) && is_number(last) && !(first.is_empty() && last.is_empty());
    let in_order = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) => first <= last,
        _ => true,
    };
    // A tag that is weak, or a date, never proves that the bytes are the same.
    let is_same_file = headers.get(header::IF_RANGE).is_none_or(|known| known.as_bytes() == etag.as_bytes());
    (*method == Method::GET && is_one_part && in_order && is_same_file).then_some(range)
}

fn dress(headers: &mut HeaderMap, download: &Download, etag: &str) {
    // The digest says more than the time at which the file was written.
    headers.remove(header::LAST_MODIFIED);
    let disposition = format!("attachment; filename=\"{}\"", download.name);
    for (name, value) in [
        (header::ETAG, etag),
        (header::CONTENT_TYPE, download.media_type.as_str()),
        (header::CONTENT_DISPOSITION, disposition.as_str()),
        (header::CACHE_CONTROL, "public, no-cache"),
        (header::ACCEPT_RANGES, "bytes"),
    ] {
        // Digests, media types and layer ids are ASCII.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_of_the_same_file_is_honoured_and_nothing_else() {
        const ETAG: &str = "\"abc\"";
        for (method, range, if_range, honoured) in [
            (Method::GET, "bytes=0-9", None, true),
            (Method::GET, "bytes=5-", None, true),
            (Method::GET, "bytes=-5", None, true),
            (Method::GET, "bytes=0-9", Some(ETAG), true),
            (Method::GET, "bytes=0-9", Some("\"other\""), false),
            (Method::GET, "bytes=0-9", Some("W/\"abc\""), false),
            (Method::GET, "bytes=0-9", Some("Tue, 24 Nov 2026 15:30:00 GMT"), false),
            (Method::GET, "bytes=0-1,3-4", None, false),
            (Method::GET, "bytes=9-1", None, false),
            (Method::GET, "bytes=-", None, false),
            (Method::GET, "bytes=a-b", None, false),
            (Method::GET, "lines=0-9", None, false),
            (Method::HEAD, "bytes=0-9", None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, HeaderValue::from_static(range));
            if let Some(if_range) = if_range {
                headers.insert(header::IF_RANGE, HeaderValue::from_static(if_range));
            }
            assert_eq!(part(&method, &headers, ETAG).is_some(), honoured, "{method} {range} {if_range:?}");
        }
    }
}
