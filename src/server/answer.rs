//! Answers: finished bodies, dressed for one client.

use std::convert::Infallible;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;

use super::request::Ask;
use crate::base::Language;
use crate::base::digest::etag_of;
use crate::tiles::{gunzip, gzip};

/// How long others may keep an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheFor {
    /// The address names a revision, which never changes.
    Ever,
    /// Kept, but asked for again each time: the ETag answers cheaply.
    AskAgain,
    Nothing,
}

/// A finished answer. `body` is what an unadorned client gets; a tile is kept only packed.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub media_type: &'static str,
    pub body: Bytes,
    /// Whether `body` is already a gzip member.
    is_packed: bool,
    /// The body as gzip, made when a client first asks.
    packed: OnceLock<Bytes>,
    etag: String,
    pub cache: CacheFor,
    pub language: Option<Language>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Answer {
    pub fn new(media_type: &'static str, body: Vec<u8>) -> Self {
        Answer {
            status: StatusCode::OK,
            media_type,
            etag: etag_of(&[&body]),
            body: body.into(),
            is_packed: false,
            packed: OnceLock::new(),
            cache: CacheFor::AskAgain,
            language: None,
            headers: Vec::new(),
        }
    }

    pub fn json(value: &serde_json::Value) -> Self {
        Answer::new("application/json", value.to_string().into_bytes())
    }

    pub fn html(text: String) -> Self {
        Answer::new("text/html; charset=utf-8", text.into_bytes())
    }

    /// An answer whose body is sent as it is made. `named_by` is all that decides its bytes.
    pub fn streamed(media_type: &'static str, named_by: &str) -> Self {
        Answer { etag: etag_of(&[named_by.as_bytes()]), ..Answer::new(media_type, Vec::new()) }
    }

    /// A body that is gzip already, such as a tile.
    pub fn packed(media_type: &'static str, gzip: Vec<u8>) -> Self {
        Answer { is_packed: true, ..Answer::new(media_type, gzip) }
    }

    pub fn no_content() -> Self {
        Answer { status: StatusCode::NO_CONTENT, ..Answer::new("", Vec::new()) }
    }

    /// What a form leads to once it is sent.
    pub fn see_other(address: String) -> Self {
        Answer::html(String::new()).with_status(StatusCode::SEE_OTHER).of_this_moment().with_header("location", address)
    }

    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Nobody keeps it: the next one may say something else.
    pub fn of_this_moment(mut self) -> Self {
        self.cache = CacheFor::Nothing;
        self
    }

    pub fn of_type(mut self, media_type: &'static str) -> Self {
        self.media_type = media_type;
        self
    }

    pub fn in_language(mut self, language: Language) -> Self {
        self.language = Some(language);
        self
    }

    pub fn for_ever(mut self, names_revision: bool) -> Self {
        if names_revision {
            self.cache = CacheFor::Ever;
        }
        self
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    pub fn with_header(mut self, name: &'static str, value: String) -> Self {
        if let Ok(value) = HeaderValue::try_from(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// A header that [`Answer::with_header`] added.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.to_str().ok())
    }

    /// What the answer costs in the cache: its bytes and about as much again for the packed copy
    /// that most clients make it keep, and the entry itself.
    pub fn weight_bytes(&self) -> usize {
        const ENTRY_BYTES: usize = 256;
        let copies = if self.is_packed { self.body.len() } else { self.body.len() + self.body.len() / 4 };
        ENTRY_BYTES + copies
    }

    /// The response for the client that asked: packed if it can unpack, 304 if it has it already.
    pub fn respond(&self, ask: &Ask) -> Response {
        let encoding = self.encoding_for(ask);
        let etag = self.etag_as(encoding);
        let mut headers = self.common_headers(&etag);
        let is_success = self.status.is_success();
        if is_success && self.cache != CacheFor::Nothing && ask.has_etag(&etag) {
            return build(StatusCode::NOT_MODIFIED, headers, Body::empty());
        }
        if self.status == StatusCode::NO_CONTENT {
            return build(self.status, headers, Body::empty());
        }
        set(&mut headers, header::CONTENT_TYPE, self.media_type);
        let body = self.body_as(encoding);
        if encoding == Encoding::Gzip {
            set(&mut headers, header::CONTENT_ENCODING, "gzip");
        }
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
        let body = if ask.method == Method::HEAD { Body::empty() } else { Body::from(body) };
        build(self.status, headers, body)
    }

    /// The response that needs no body: the client has it already, or asked for none.
    pub fn respond_without_body(&self, ask: &Ask, encoding: Encoding) -> Option<Response> {
        let etag = self.etag_as(encoding);
        if ask.has_etag(&etag) {
            return Some(build(StatusCode::NOT_MODIFIED, self.common_headers(&etag), Body::empty()));
        }
        // A body of unknown length: an empty one would say that GET sends nothing.
        let unknown = || Body::from_stream(tokio_stream::empty::<Result<Bytes, Infallible>>());
        (ask.method == Method::HEAD).then(|| self.respond_with(encoding, unknown()))
    }

    /// The response whose body is made elsewhere, in this encoding.
    pub fn respond_with(&self, encoding: Encoding, body: Body) -> Response {
        let mut headers = self.common_headers(&self.etag_as(encoding));
        set(&mut headers, header::CONTENT_TYPE, self.media_type);
        if encoding == Encoding::Gzip {
            set(&mut headers, header::CONTENT_ENCODING, "gzip");
        }
        build(self.status, headers, body)
    }

    fn etag_as(&self, encoding: Encoding) -> String {
        match encoding {
            Encoding::Gzip => format!("{}-gz\"", self.etag.trim_end_matches('"')),
            Encoding::Identity => self.etag.clone(),
        }
    }

    fn encoding_for(&self, ask: &Ask) -> Encoding {
        /// Bodies shorter than this are not worth packing.
        const WORTH_BYTES: usize = 860;
        let is_worth = self.is_packed || self.body.len() >= WORTH_BYTES;
        if ask.accepts_gzip && is_worth { Encoding::Gzip } else { Encoding::Identity }
    }

    fn body_as(&self, encoding: Encoding) -> Bytes {
        match (encoding, self.is_packed) {
            (Encoding::Gzip, true) | (Encoding::Identity, false) => self.body.clone(),
            (Encoding::Gzip, false) => {
                /// Level 6: made once and sent often.
                const LEVEL: i32 = 6;
                self.packed.get_or_init(|| gzip(&self.body, LEVEL).into()).clone()
            }
            // For the rare client that cannot unpack.
            (Encoding::Identity, true) => gunzip(&self.body).into(),
        }
    }

    fn common_headers(&self, etag: &str) -> HeaderMap {
        /// Those of a tile, and those that the router adds.
        const USUAL: usize = 12;
        let mut headers = HeaderMap::with_capacity(USUAL);
        if self.cache != CacheFor::Nothing
            && let Ok(etag) = HeaderValue::from_str(etag)
        {
            headers.insert(header::ETAG, etag);
        }
        set(
            &mut headers,
            header::CACHE_CONTROL,
            match self.cache {
                CacheFor::Ever => "public, max-age=31536000, immutable",
                CacheFor::AskAgain => "public, no-cache",
                CacheFor::Nothing => "no-store",
            },
        );
        set(&mut headers, header::VARY, "Accept, Accept-Encoding, Accept-Language");
        if let Some(language) = self.language {
            set(&mut headers, header::CONTENT_LANGUAGE, language.tag());
        }
        for (name, value) in &self.headers {
            headers.insert(name.clone(), value.clone());
        }
        headers
    }
}

/// How a body travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Identity,
    Gzip,
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

fn build(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
