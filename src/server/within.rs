//! How much of each layer on a page of results lies in the box that was asked for: an extent says too little, for
//! most layers reach over all of Hong Kong.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::snapshot::{LiveLayer, Snapshot};
use super::state::App;
use crate::access::Action;
use crate::base::{BBox, LayerId, limits};
use crate::query::{self, FeatureQuery};

/// Features in the box, layer by layer. A layer that cannot be counted, or not in time, is left out.
pub async fn counts(
    app: &App,
    snapshot: &Snapshot,
    layers: impl Iterator<Item = &Arc<LiveLayer>>,
    bbox: BBox,
) -> HashMap<LayerId, u64> {
    let deadline = Instant::now() + limits::PLACES_TIME;
    let mut counts = HashMap::new();
    for layer in layers {
        let id = &layer.record.id;
        let Ok((_, permit)) = app.permitted(snapshot, id.as_str(), Action::ReadFeatures) else { continue };
        let query = FeatureQuery { bbox: Some(bbox), ..FeatureQuery::first(1) };
        let count = app.pool.read(&permit, &layer.package, limits::PLACES_TIME, move |package| {
            query::page(package, &query, |_| Ok(())).map(|facts| facts.matched)
        });
        match timeout_at(deadline, count).await {
            Ok(Ok(Some(count))) => drop(counts.insert(id.clone(), count)),
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::warn!(layer = %id, %error, "not counted in a box"),
            Err(_) => break,
        }
    }
    counts
}
