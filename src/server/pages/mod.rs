//! Pages for people.

use std::borrow::Cow;
use std::sync::Arc;

use crate::base::{BBox, FeatureId, Language, Value};
use crate::catalogue::LayerRecord;
use super::collections::ListQuery;
use super::snapshot::LiveLayer;

#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> { pub language: Language, pub base: &'a str, pub path_and_query: &'a str }

#[derive(Clone, Debug)]
pub struct FeatureView { pub id: FeatureId, pub values: Vec<Value>, pub point: Option<(f64, f64)>, pub hk1980: Option<(f64, f64)>, pub bbox: Option<BBox> }

#[derive(Clone, Debug)]
pub struct ItemsView { pub features: Vec<FeatureView>, pub number_matched: Option<u64>, pub first: Option<u64>, pub next: Option<String>, pub previous: Option<String>, pub filters: Vec<(String, String)> }

pub fn home(_: &Frame<'_>, _: &[Arc<LiveLayer>]) -> String { String::new() }
pub fn layers(_: &Frame<'_>, _: &ListQuery, _: &[Arc<LiveLayer>]) -> String { String::new() }
pub fn layer(_: &Frame<'_>, _: &LiveLayer) -> String { String::new() }
pub fn items(_: &Frame<'_>, _: &LayerRecord, _: &ItemsView) -> String { String::new() }
pub fn feature(_: &Frame<'_>, _: &LayerRecord, _: &FeatureView) -> String { String::new() }
pub fn problem(_: &Frame<'_>, _: u16, _: &str, _: &str) -> String { String::new() }
pub fn json_twin(_: &Frame<'_>, _: &str, _: &serde_json::Value) -> String { String::new() }
pub fn api(_: &Frame<'_>, _: &[Arc<LiveLayer>]) -> String { String::new() }
pub fn asset(_: &str) -> Option<(Cow<'static, [u8]>, &'static str)> { None }
