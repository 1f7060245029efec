//! `/healthz`: the process runs. `/readyz`: it can answer.

use std::sync::Arc;

use serde_json::json;

use super::answer::{Answer, CacheFor};
use super::routes::{Context, Reply};

pub async fn alive(_: Context) -> Reply {
    let mut answer = Answer::json(&json!({ "status": "alive" }));
    answer.cache = CacheFor::Nothing;
    Ok(Arc::new(answer))
}

pub async fn ready(context: Context) -> Reply {
    let snapshot = context.app.snapshot();
    let mut answer = Answer::json(&json!({
        "status": "ready",
        "layers": snapshot.layers().count(),
        "revision": snapshot.digest,
    }));
    answer.cache = CacheFor::Nothing;
    Ok(Arc::new(answer))
}
