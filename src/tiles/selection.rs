//! What of a layer a tile shows.

use std::borrow::Cow;

use crate::base::{BBox, Interval, Schema};
use crate::definition::TimeFields;
use crate::filter::Filter;
use crate::package::TileFile;
use crate::query::FeatureQuery;

/// Features and fields of a tile; everything unless it says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TileSelection {
    pub filter: Filter,
    /// A time, and the fields that hold the features' own.
    pub datetime: Option<(Interval, TimeFields)>,
    /// Places of the fields that go out, rising; all of them where it is `None`.
    pub fields: Option<Vec<usize>>,
}

impl TileSelection {
    pub fn is_everything(&self) -> bool {
        !self.chooses_features() && self.fields.is_none()
    }

    pub fn chooses_features(&self) -> bool {
        self.datetime.is_some() || !self.filter.conditions.is_empty()
    }

    /// The query that chooses the features, in a box or wherever they are.
    pub(super) fn query(&self, bbox: Option<BBox>) -> FeatureQuery {
        FeatureQuery { bbox, filter: self.filter.clone(), datetime: self.datetime.clone(), ..FeatureQuery::first(1) }
    }

    pub fn field_places(&self, schema: &Schema) -> Vec<usize> {
        self.fields.clone().unwrap_or_else(|| (0..schema.fields.len()).collect())
    }

    /// The same with only the fields that tiles of this zoom hold, unless some are named.
    pub(super) fn at_zoom(&self, zoom: u8, file: Option<&TileFile>) -> Cow<'_, Self> {
        let of_zoom = file.and_then(|file| file.fields_at(zoom)).filter(|_| self.fields.is_none());
        match of_zoom {
            Some(fields) => Cow::Owned(TileSelection { fields: Some(fields.to_vec()), ..self.clone() }),
            None => Cow::Borrowed(self),
        }
    }

    pub(super) fn field_names<'s>(&self, schema: &'s Schema) -> Vec<&'s str> {
        self.field_places(schema).into_iter().map(|field| schema.fields[field].name.as_str()).collect()
    }
}
