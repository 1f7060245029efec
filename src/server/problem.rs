//! Problems: the one place that turns what went wrong into HTTP, RFC 9457.

use axum::http::StatusCode;
use serde_json::json;

use super::answer::{Answer, CacheFor};
use super::fault::{Absent, Fault, Strained};
use super::pages;
use super::request::Ask;
use crate::base::Language;
use crate::base::ids::cut;
use crate::package::ReadError;

/// When most of what keeps the server busy is done.
const SOON_S: u32 = 2;

/// A status and one sentence that names what was wrong and what would be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub status: StatusCode,
    /// In English.
    pub detail: String,
    /// What is known of it, so that people read it in their language.
    fault: Option<Box<Fault>>,
    pub retry_after_s: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Problem { status, detail: detail.into(), fault: None, retry_after_s: None }
    }

    pub(super) fn of(fault: Fault) -> Self {
        let problem = Problem::new(fault.status(), fault.sentence(Language::En));
        let is_over_soon = problem.status == StatusCode::SERVICE_UNAVAILABLE;
        Problem { fault: Some(Box::new(fault)), retry_after_s: is_over_soon.then_some(SOON_S), ..problem }
    }

    pub fn bad_request(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::BAD_REQUEST, detail)
    }

    pub fn not_found(detail: impl Into<String>) -> Self {
        Problem::new(StatusCode::NOT_FOUND, detail)
    }

    pub fn no_layer(id: &str) -> Self {
        Absent::Layer { id: id.to_owned() }.into()
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

    pub fn busy(detail: &str) -> Self {
        Problem { retry_after_s: Some(SOON_S), ..Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail) }
    }

    /// The same, with after how long it may be tried again.
    pub fn after(self, retry_after_s: u32) -> Self {
        Problem { retry_after_s: Some(retry_after_s), ..self }
    }

    /// The sentence in a language, with the one that it is in: English where nothing more is known.
    pub(super) fn sentence(&self, language: Language) -> (String, Language) {
        match &self.fault {
            Some(fault) => (fault.sentence(language), language),
            None => (self.detail.clone(), Language::En),
        }
    }

    /// The body for the client: HTML for browsers, problem+json for the rest.
    pub fn answer(&self, ask: &Ask) -> Answer {
        let title = self.status.canonical_reason().unwrap_or("Problem");
        let mut answer = if ask.wants_html {
            let (sentence, said_in) = self.sentence(ask.language);
            Answer::html(pages::problem(&ask.frame(), self.status.as_u16(), &sentence, said_in))
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
            ReadError::Busy => Strained::Busy.into(),
            ReadError::OutOfTime => Strained::OutOfTime.into(),
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
