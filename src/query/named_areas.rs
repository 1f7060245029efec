//! A layer of areas that others are counted by, such as districts.

use std::sync::Arc;

use super::{FeatureQuery, every};
use crate::base::{FeatureId, Value};
use crate::geometry::areas::Areas;
use crate::geometry::{Shape, blob};
use crate::package::{OpenPackage, PackageError};

/// Areas that are looked into at most: a few times the 452 constituencies of Hong Kong.
const AREAS_MAX: u32 = 2_000;

/// The areas of a layer, each with the feature that it is.
pub struct NamedAreas {
    pub areas: Arc<Areas>,
    /// Id and values of each area's feature, by the number of the area.
    pub features: Vec<(FeatureId, Vec<Value>)>,
}

/// Reads the features of a layer as areas, in its own order. What has no area holds no place.
pub fn named_areas(package: &OpenPackage) -> Result<NamedAreas, PackageError> {
    let fault = |source| PackageError::Geometry { path: package.package().path.clone(), source };
    let mut shapes = Vec::new();
    let mut features = Vec::new();
    every(package, &FeatureQuery::first(AREAS_MAX), |row| {
        let Some(bytes) = row.geometry().filter(|_| shapes.len() < AREAS_MAX as usize) else { return Ok(()) };
        let mut shape = Shape::default();
        shape.read_wkb(blob::parse(bytes).map_err(fault)?.wkb).map_err(fault)?;
        if !shape.polygon_ends.is_empty() {
            shapes.push(shape);
            features.push((row.id(), row.values()));
        }
        Ok(())
    })?;
    Ok(NamedAreas { areas: Arc::new(Areas::new(shapes)), features })
}
