//! A baked tile of a low zoom with fields that it does not hold: its geometry stays, the values come
//! from the package.

use super::cut::{CutTile, mixed};
use super::mvt::LayerWriter;
use super::read::{self, TileLayer, TileShape, TileValue};
use super::rules::POINT_COUNT;
use super::selection::TileSelection;
use super::{LEVEL_LIVE, gunzip, gzip};
use crate::base::{FeatureId, limits};
use crate::package::{BakedTile, OpenPackage, PackageError, TileFile, ValueRef};
use crate::query::{self, FeatureQuery};

/// Ids of one statement: SQLite takes 32 766 values.
pub(super) const IDS_AT_ONCE: usize = 1_000;

/// Whether fields are named that the baked tiles of the zoom do not hold.
pub(super) fn is_needed(file: &TileFile, zoom: u8, selection: &TileSelection) -> bool {
    let held = file.fields_at(zoom);
    held.zip(selection.fields.as_ref()).is_some_and(|(held, named)| named.iter().any(|field| !held.contains(field)))
}

/// The features of the tile that are chosen, with the fields that are named. Where these are more
/// than a tile may weigh, a share of the features stays, by their ids alone.
pub(super) fn refilled(
    package: &OpenPackage,
    baked: &BakedTile,
    selection: &TileSelection,
) -> Result<CutTile, PackageError> {
    let tile = gunzip(&baked.gzip);
    // Our own writer wrote it, with one layer.
    let layer = read::layers(&tile).unwrap_or_default().into_iter().next().unwrap_or_default();
    let mut share = 1.0;
    loop {
        let cut = refilled_share(package, &layer, selection, share)?;
        if cut.is_within_budget() {
            return Ok(cut);
        }
        share *= 0.9 * (limits::TILE_BYTES_MAX as f64 / cut.gzip.len() as f64).min(1.0);
    }
}

fn refilled_share(
    package: &OpenPackage,
    layer: &TileLayer<'_>,
    selection: &TileSelection,
    share: f64,
) -> Result<CutTile, PackageError> {
    let schema = &package.package().schema;
    let fields = selection.field_places(schema);
    let mut names: Vec<String> = fields.iter().map(|field| schema.fields[*field].name.clone()).collect();
    // Of a choice the tile does not know how many it would stand for.
    let counts_points = !selection.chooses_features() && schema.field_index(POINT_COUNT).is_none();
    names.extend(counts_points.then(|| POINT_COUNT.to_owned()));
    let mut writer = LayerWriter::new(layer.name, layer.extent as i32, names);
    let last = (share * u64::MAX as f64) as u64;
    let mut left = layer.features.iter().filter(|feature| FeatureId::new(feature.id).is_some()).peekable();
    let mut ids: Vec<FeatureId> = layer.features.iter().filter_map(|feature| FeatureId::new(feature.id)).collect();
    ids.retain(|id| mixed(*id) <= last);
    ids.dedup();
    let mut features = 0;
    for ids in ids.chunks(IDS_AT_ONCE) {
        let query = FeatureQuery { ids: Some(ids.to_vec()), ..selection.query(None) };
        // Tiles hold their features in the order of the rows, as the query gives them.
        query::every(package, &query, |row| {
            features += 1;
            while left.next_if(|feature| feature.id != row.id().get()).is_some() {}
            while let Some(feature) = left.next_if(|feature| feature.id == row.id().get()) {
                let count = match layer.value(feature, POINT_COUNT).filter(|_| counts_points) {
                    Some(TileValue::Number(count)) => ValueRef::Integer(count as i64),
                    _ => ValueRef::Null,
                };
                let values = fields.iter().map(|field| row.value(*field)).chain(std::iter::once(count));
                writer.add_drawn(row.id(), number_of(feature.shape), feature.geometry(), values);
            }
            Ok(())
        })?;
    }
    let bytes = writer.finish();
    let gzip = if bytes.is_empty() { Vec::new() } else { gzip(&bytes, LEVEL_LIVE) };
    Ok(CutTile { gzip, features, of_features: features })
}

/// `GeomType`, §4.3.4.
fn number_of(shape: TileShape) -> u64 {
    match shape {
        TileShape::Unknown => 0,
        TileShape::Points => 1,
        TileShape::Lines => 2,
        TileShape::Areas => 3,
    }
}
