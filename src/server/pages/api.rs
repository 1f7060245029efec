//! A plain form to try a request.

use std::sync::Arc;

use askama::Template;

use super::Frame;
use super::frame::Shared;
use crate::server::request::encode;
use crate::server::snapshot::LiveLayer;

/// What the form was filled in with; empty texts are left out of the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiQuery {
    pub layer: String,
    pub bbox: String,
    pub datetime: String,
    pub field: String,
    pub value: String,
    pub limit: String,
}

impl ApiQuery {
    /// The address that the form stands for.
    fn address(&self, base: &str) -> String {
        let field = if self.value.is_empty() { "" } else { self.field.as_str() };
        let pairs: Vec<String> =
            [("bbox", &self.bbox), ("datetime", &self.datetime), (field, &self.value), ("limit", &self.limit)]
                .into_iter()
                .filter(|(name, value)| !name.is_empty() && !value.is_empty())
                .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
                .collect();
        let items = format!("{base}/collections/{}/items", encode(&self.layer));
        if pairs.is_empty() { items } else { format!("{items}?{}", pairs.join("&")) }
    }
}

#[derive(Template)]
#[template(path = "api.html")]
struct Api<'a> {
    shared: Shared,
    base: &'a str,
    layers: Vec<(String, String)>,
    query: ApiQuery,
    address: String,
}

pub fn api(frame: &Frame<'_>, query: ApiQuery, layers: &[Arc<LiveLayer>]) -> String {
    let mut layers: Vec<(String, String)> = layers
        .iter()
        .map(|layer| (layer.record.id.to_string(), layer.record.title.get(frame.language).to_owned()))
        .collect();
    layers.sort_by(|a, b| a.1.cmp(&b.1));
    let first = layers.first().map(|(id, _)| id.clone()).unwrap_or_default();
    let query = ApiQuery { layer: if query.layer.is_empty() { first } else { query.layer }, ..query };
    let address = match query.layer.is_empty() {
        true => format!("{}/collections", frame.base),
        false => query.address(frame.base),
    };
    let page = Api { shared: Shared::of(frame), base: frame.base, layers, query, address };
    page.render().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_becomes_the_address_of_its_request() {
        let query = ApiQuery { layer: "lcsd-libraries".into(), limit: "10".into(), ..ApiQuery::default() };
        assert_eq!(query.address("http://h"), "http://h/collections/lcsd-libraries/items?limit=10");
        let query = ApiQuery { field: "地區".into(), value: "沙田".into(), bbox: "1,2,3,4".into(), ..query };
        assert_eq!(
            query.address("http://h"),
            "http://h/collections/lcsd-libraries/items?bbox=1,2,3,4&%E5%9C%B0%E5%8D%80=%E6%B2%99%E7%94%B0&limit=10"
        );
    }
}
