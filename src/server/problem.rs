//! Problems: the one place that turns what went wrong into HTTP, RFC 9457.

use axum::http::StatusCode;
use serde_json::json;

use super::answer::{Answer, CacheFor};
use super::pages;
use super::request::Ask;
use crate::base::ids::cut;
use crate::package::ReadError;

/// A status and one sentence that names what was wrong and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    pub detail: String,
    pub retry_after_s: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem { status, detail: detail.into(), retry_after_s: None }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    pub fn no_layer(id: &str) -> Self {
        Problem::not_found(format!("there is no layer \"{}\"; /collections lists the layers", cut(id)))
    }

    pub fn gone(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::GONE, detail)
    }

    /// `offered` are the methods of the address in words.
    pub fn method_not_allowed(method: &str, offered: &str) -> Self {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} is not offered here; {offered} are", cut(method)))
    }

    pub fn too_large(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem::new(status, detail)
    }

    /// A body that does not come to its end, RFC 9110 §15.5.9.
    pub fn too_slow(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::REQUEST_TIMEOUT, detail)
    }

    /// A body of another kind than is read, RFC 9110 §15.5.16.
    pub fn not_read(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail)
    }

    /// More than one caller may have, RFC 6585 §4.
    pub fn too_many(detail: impl Into<String>, retry_after_s: u32) -> Self {
        Problem { retry_after_s: Some(retry_after_s), ..Problem::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    pub fn busy(detail: &str) -> Self {
        Problem { retry_after_s: Some(2), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// The body for the client: HTML for browsers, problem+json for the rest.
    pub fn answer(&self, ask: &Ask) -> Answer {
        let title = self.status.canonical_reason().unwrap_or("Problem");
        let mut answer = if ask.wants_html {
            Answer::html(pages::problem(&ask.frame(), self.status.as_u16(), &self.detail))
        } else {
            let body = json!({
                "type": "about:blank",
                "title": title,
                "status": self.status.as_u16(),
                "detail": self.detail,
            });
            Answer::new("application/problem+json", body.to_string().into_bytes())
        };
        answer.status = self.status;
        answer.cache = CacheFor::Nothing;
        if let Some(seconds) = self.retry_after_s {
            answer = answer.with_header("retry-after", seconds.to_string());
        }
        answer
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Busy => Problem::busy("the server is busy; try again in a moment"),
            ReadError::OutOfTime => {
                Problem::busy("the query took too long; ask for a smaller box, fewer features or a simpler filter")
            }
            ReadError::WrongPermit { .. } | ReadError::ThreadFailed | ReadError::Package(_) => {
                tracing::error!(%error, "a read failed");
                Problem::internal("the layer could not be read; the operator's log says why")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_that_ran_out_of_time_is_503_with_what_to_do() {
        let problem = Problem::from(ReadError::OutOfTime);
        assert_eq!(problem.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(problem.detail.contains("a simpler filter"), "{}", problem.detail);
        assert!(problem.retry_after_s.is_some());
    }
}
