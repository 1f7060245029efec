//! Files that pages need, all from this program.

use std::sync::Arc;

use super::answer::Answer;
use super::pages;
use super::problem::Problem;
use super::routes::{Context, Reply};

pub async fn asset(mut context: Context) -> Reply {
    let names_version = context.parameters.take("v").is_some();
    let path = context.place("path");
    let (bytes, media_type) = pages::asset(path)
        .ok_or_else(|| Problem::not_found(format!("there is no asset {}", crate::base::ids::cut(path))))?;
    Ok(Arc::new(Answer::new(media_type, bytes.into_owned()).for_ever(names_version)))
}

/// What browsers ask for beside a JSON document or a picture, where no page names the icon.
pub async fn icon(_: Context) -> Reply {
    let (bytes, media_type) = pages::asset("pages/icon.svg").ok_or_else(|| Problem::not_found("there is no icon"))?;
    Ok(Arc::new(Answer::new(media_type, bytes.into_owned())))
}
