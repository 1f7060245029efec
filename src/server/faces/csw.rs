//! `/csw`, `/tc/csw`, `/sc/csw`: CSW 2.0.2, one address a language, because its clients cannot ask
//! for one.

use std::sync::Arc;

use axum::http::StatusCode;

use super::listings;
use super::post::DialectAsk;
use crate::base::{Language, limits};
use crate::catalogue::faces::csw::{self, Exception, View};
use crate::server::answer::{Answer, CacheFor};
use crate::server::routes::Reply;

const XML: &str = "application/xml; charset=utf-8";

pub async fn answer(asked: DialectAsk, language: Option<Language>) -> Reply {
    let language = language.unwrap_or(asked.ask.language);
    let operation = match (&asked.body, asked.is_post) {
        (None, _) => Err(too_long()),
        (Some(body), true) if is_form(&asked.media_type) => {
            csw::from_pairs(&super::post::pairs(&String::from_utf8_lossy(body)))
        }
        (Some(body), true) => csw::from_xml(body),
        (Some(_), false) => csw::from_pairs(&asked.pairs),
    };
    let operation = match operation {
        Ok(operation) => operation,
        Err(exception) => return Ok(Arc::new(report(&exception))),
    };
    let base = asked.ask.base.clone();
    let address = format!("{base}{}", asked.ask.path);
    let key = format!("csw|{}|{address}|{operation:?}", language.tag());
    super::made_once(&asked.app, key, move |snapshot| {
        let listings = listings(snapshot, &base);
        let view = View { listings: &listings, base: &base, address: &address, language };
        Ok(match csw::answer(&view, &operation) {
            Ok(document) => Answer::new(XML, document.into_bytes()).in_language(language),
            Err(exception) => report(&exception),
        })
    })
    .await
}

fn is_form(media_type: &str) -> bool {
    media_type == "application/x-www-form-urlencoded"
}

fn too_long() -> Exception {
    Exception {
        code: "NoApplicableCode",
        locator: "request".to_owned(),
        text: format!("the request is longer than the {} bytes that are read", limits::XML_BYTES_MAX),
    }
}

fn report(exception: &Exception) -> Answer {
    let mut answer = Answer::new(XML, csw::exception_report(exception).into_bytes());
    answer.status = StatusCode::BAD_REQUEST;
    answer.cache = CacheFor::Nothing;
    answer
}
