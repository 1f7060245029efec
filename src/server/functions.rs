//! `/functions`, OGC 19-079r2 §8.6: what a filter may call beside the operators of CQL2.

use serde_json::{Value, json};

use super::landing::{json_or_twin, self_links};
use super::routes::{Context, Reply};
use crate::filter::FUNCTIONS;

pub async fn list(mut context: Context) -> Reply {
    context.parameters.take_common(&["json", "html"])?;
    context.finish_parameters("f, lang")?;
    let functions: Vec<Value> = FUNCTIONS
        .iter()
        .map(|(name, function, description)| {
            json!({
                "name": name,
                "description": description,
                "arguments": [{ "type": [function.takes().name()] }],
                "returns": [function.gives().name()],
            })
        })
        .collect();
    let href = format!("{}/functions", context.ask.base);
    let document = json!({ "functions": functions, "links": self_links(&href, "application/json") });
    Ok(json_or_twin(&context, &document, "Functions"))
}
