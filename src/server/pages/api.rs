//! A plain form to try a request.

use std::sync::Arc;

use askama::Template;

use super::Frame;
use super::frame::Shared;
use crate::server::snapshot::LiveLayer;

#[derive(Template)]
#[template(path = "api.html")]
struct Api<'a> {
    shared: Shared,
    base: &'a str,
    layers: Vec<(String, String)>,
}

pub fn api(frame: &Frame<'_>, layers: &[Arc<LiveLayer>]) -> String {
    let page = Api {
        shared: Shared::of(frame),
        base: frame.base,
        layers: layers
            .iter()
            .map(|layer| (layer.record.id.to_string(), layer.record.title.get(frame.language).to_owned()))
            .collect(),
    };
    page.render().unwrap_or_default()
}
