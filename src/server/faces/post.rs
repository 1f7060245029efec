//! Requests that may come by POST as well, and are answered in their dialect's own shape whatever
//! is wrong with them.

use std::future::Future;
use std::sync::Arc;

use axum::extract::{RawPathParams, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::routing::MethodRouter;
use bytes::Bytes;

use crate::base::limits;
use crate::server::posted;
use crate::server::request::Ask;
use crate::server::routes::{Reply, ask_of, refuse_all_but_post, respond};
use crate::server::state::App;

/// What a dialect works with. Nothing is refused yet: unknown and repeated parameters are the
/// dialect's to judge.
pub struct DialectAsk {
    pub app: Arc<App>,
    pub ask: Ask,
    /// The query, decoded; bytes that are not UTF-8 are replaced.
    pub pairs: Vec<(String, String)>,
    /// The variable of the address, where it has one.
    pub place: String,
    pub is_post: bool,
    /// Media type of the body, without parameters, in lower case.
    pub media_type: String,
    /// Empty where there was none, `None` where it was longer than is read.
    pub body: Option<Bytes>,
}

/// A route for GET, HEAD and POST.
pub fn any<H, F>(handler: H) -> MethodRouter<Arc<App>>
where
    H: Fn(DialectAsk) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Reply> + Send + 'static,
{
    let route = move |State(app): State<Arc<App>>, raw: RawPathParams, request: Request| {
        let handler = handler.clone();
        let place = raw.iter().next().map_or(String::new(), |(_, value)| value.to_owned());
        async move {
            let ask = ask_of(&app, &request);
            let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
            let pairs = pairs(request.uri().query().unwrap_or_default());
            let is_post = request.method() == Method::POST;
            let most = limits::XML_BYTES_MAX.max(limits::FORM_BYTES_MAX);
            let body = match posted::bytes(request, most).await {
                Ok(bytes) => Some(bytes),
                Err(problem) if problem.status == StatusCode::PAYLOAD_TOO_LARGE => None,
                Err(problem) => return respond(&ask, Err(problem)),
            };
            let asked = DialectAsk { app, ask: ask.clone(), pairs, place, is_post, media_type, body };
            respond(&ask, handler(asked).await)
        }
    };
    axum::routing::get(route.clone()).post(route).fallback(refuse_all_but_post)
}

/// Pairs of a query or a form.
pub fn pairs(query: &str) -> Vec<(String, String)> {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}
