//! The CKAN actions, by GET, by POST of JSON as ckanapi does, and by POST of a form.

use axum::http::StatusCode;
use serde_json::Value;

use super::listings;
use super::post::{DialectAsk, pairs};
use crate::base::Language;
use crate::catalogue::faces::ckan::{self, ActionError, View};
use crate::server::answer::{Answer, CacheFor};
use crate::server::routes::Reply;

pub async fn answer(asked: DialectAsk, language: Option<Language>) -> Reply {
    let language = language.unwrap_or(asked.ask.language);
    let parameters = parameters(&asked);
    let action = asked.place.clone();
    let base = asked.ask.base.clone();
    let shown = parameters.as_ref().map(|parameters| Value::Object(parameters.clone()).to_string()).unwrap_or_default();
    let key = format!("ckan|{}|{base}|{action}|{shown}", language.tag());
    let make = move |snapshot: &crate::server::snapshot::Snapshot| {
        let listings = listings(snapshot, &base);
        let view = View { listings: &listings, index: &snapshot.index, base: &base, language };
        let outcome = parameters.and_then(|parameters| ckan::act(&view, &action, &parameters));
        Ok(dressed(&base, &action, &outcome, language))
    };
    super::made_once(&asked.app, key, make).await
}

fn dressed(base: &str, action: &str, outcome: &Result<Value, ActionError>, language: Language) -> Answer {
    let mut answer = Answer::json(&ckan::answer(base, action, outcome)).in_language(language);
    if let Err(error) = outcome {
        answer.status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
        answer.cache = CacheFor::Nothing;
    }
    answer
}

/// Parameters of the address, and over them those of the body.
fn parameters(asked: &DialectAsk) -> Result<ckan::Parameters, ActionError> {
    let of_pairs = |pairs: &[(String, String)]| -> ckan::Parameters {
        pairs.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect()
    };
    let mut parameters = of_pairs(&asked.pairs);
    let unreadable =
        |message: &str| ActionError::Validation { parameter: "body".to_owned(), message: message.to_owned() };
    let body = asked.body.as_ref().ok_or_else(|| unreadable("the request is longer than is read"))?;
    if !asked.is_post || body.is_empty() {
        return Ok(parameters);
    }
    let is_form = asked.media_type == "application/x-www-form-urlencoded" && !body.starts_with(b"{");
    let posted = match is_form {
        true => of_pairs(&pairs(&String::from_utf8_lossy(body))),
        false => match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members,
            _ => return Err(unreadable("the body is not a JSON object")),
        },
    };
    parameters.extend(posted);
    Ok(parameters)
}
