//! The areas that `group=district` counts by and the home page shows: a layer like any other, which the
//! configuration names.

use std::sync::Arc;

use super::problem::Problem;
use super::snapshot::{LiveLayer, Snapshot};
use super::state::App;
use crate::access::Action;
use crate::base::{FeatureId, Language, Value, limits};
use crate::pictures::districts::{Outlines, outlines};
use crate::query::{self, NamedAreas};

/// One revision of the district layer, ready to be looked into.
pub struct Districts {
    layer: Arc<LiveLayer>,
    pub named: NamedAreas,
    /// The areas as a picture, in the order of `named`.
    pub outlines: Outlines,
}

impl Districts {
    /// What a cached answer depends on.
    pub fn revision(&self) -> &str {
        self.layer.record.revision.as_str()
    }

    pub fn id(&self, area: usize) -> Option<FeatureId> {
        self.named.features.get(area).map(|(id, _)| *id)
    }

    /// The name in a language, else what names the feature in every one: its id.
    pub fn name(&self, area: usize, language: Language) -> Option<String> {
        let (id, values) = self.named.features.get(area)?;
        let record = &self.layer.record;
        let field = record.display.name.get(language).and_then(|name| record.schema.field_index(name));
        match field.and_then(|field| values.get(field)) {
            Some(Value::Text(name)) => Some(name.clone()),
            _ => Some(id.to_string()),
        }
    }
}

impl App {
    /// The districts of the current revision. They are read when first asked for, and kept until
    /// another revision is current.
    pub async fn districts(&self, snapshot: &Snapshot) -> Result<Arc<Districts>, Problem> {
        let id = self.district_layer.as_str();
        let (layer, permit) = self.permitted(snapshot, id, Action::ReadFeatures).map_err(|_| {
            Problem::bad_request(format!("group=district counts by the layer {id}, which is not published here"))
        })?;
        if let Some(known) = self.districts.load_full().filter(|known| Arc::ptr_eq(&known.layer, &layer)) {
            return Ok(known);
        }
        let named = self.pool.read(&permit, &layer.package, limits::QUERY_TIME, query::named_areas).await?;
        let shapes = (0..named.features.len()).filter_map(|number| named.areas.shape(number));
        let outlines = outlines(shapes);
        let read = Arc::new(Districts { layer, named, outlines });
        self.districts.store(Some(Arc::clone(&read)));
        Ok(read)
    }
}
