//! What a filter chooses of a layer, for tests of tiles.

use std::collections::BTreeMap;

use causeway::crs::System;
use causeway::filter::{Filter, text};
use causeway::geometry::Shape;
use causeway::query::{self, FeatureQuery};
use causeway::tiles::TileSelection;

use crate::layers::Layer;

pub fn filter(layer: &Layer, written: &str) -> Filter {
    Filter::from_tree(&text::parse(written).unwrap(), &layer.schema, System::Crs84).unwrap()
}

pub fn selection(layer: &Layer, written: &str) -> TileSelection {
    TileSelection { filter: filter(layer, written), ..TileSelection::default() }
}

/// Ids of the features that fulfil a filter, with the middles of their boxes.
pub fn matches(layer: &Layer, written: &str) -> BTreeMap<u64, (f64, f64)> {
    let query = FeatureQuery { filter: filter(layer, written), ..FeatureQuery::first(1) };
    let mut found = BTreeMap::new();
    query::every(&layer.open().unwrap(), &query, |row| {
        let mut shape = Shape::default();
        shape.read_wkb(causeway::geometry::blob::parse(row.geometry().unwrap()).unwrap().wkb).unwrap();
        found.insert(row.id().get(), shape.bbox().centre());
        Ok(())
    })
    .unwrap();
    found
}
