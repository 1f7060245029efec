//! `/departments`: how an officer publishes a layer.

use std::sync::Arc;

use super::answer::Answer;
use super::pages;
use super::routes::{Context, Reply};

pub async fn guide(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let ask = &context.ask;
    let answer = match ask.wants_html {
        true => Answer::html(pages::departments(&ask.frame())),
        false => Answer::json(&serde_json::json!(pages::guide(ask.language))),
    };
    Ok(Arc::new(answer.in_language(ask.language)))
}
