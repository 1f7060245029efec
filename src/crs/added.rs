//! Systems that a layer's definition adds to those that every layer is offered in.
//!
//! What PROJ knows of such a system was asked at ingest and stands in the layer's record; from there on
//! proj4rs computes it.

use std::sync::{Mutex, PoisonError};

use proj4rs::Proj;
use serde::{Deserialize, Serialize};

use super::WGS84;
use super::system::{Axes, EPSG_PREFIX};

/// A system of EPSG as a layer's record keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SystemDeclaration {
    pub epsg: u32,
    pub name: String,
    pub axes: Axes,
    /// How it is computed, in PROJ's words, its way to WGS 84 included.
    pub proj: String,
    /// The transformation that this follows and how accurate it is.
    pub operation: String,
}

/// A declaration that cannot be computed.
#[derive(Debug, thiserror::Error)]
#[error("EPSG:{epsg} cannot be computed by \"{proj}\"")]
pub struct SystemFault {
    pub epsg: u32,
    pub proj: String,
}

/// A declared system, ready to be computed.
///
/// It is the same object wherever it is declared alike, and lives as long as the program: systems are
/// handed around with every coordinate, and there are never more than definitions name.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(try_from = "SystemDeclaration", into = "SystemDeclaration")]
pub struct AddedSystem(&'static Computed);

struct Computed {
    declaration: SystemDeclaration,
    uri: String,
    system: Proj,
    degrees: Proj,
}

static KNOWN: Mutex<Vec<AddedSystem>> = Mutex::new(Vec::new());

/// How far the way to degrees and back may lead from where it began: it leads much farther where
/// coordinates lie beyond what a projection can show.
const RETURN_M: f64 = 0.0001;
const RETURN_DEG: f64 = 1e-9;

impl AddedSystem {
    pub fn uri(self) -> &'static str {
        &self.0.uri
    }

    pub fn declaration(self) -> &'static SystemDeclaration {
        &self.0.declaration
    }

    pub(super) fn axes(self) -> Axes {
        self.0.declaration.axes
    }

    /// Coordinates in the order of the authority for longitude and latitude in CRS84 degrees; `None`
    /// where they have no meaning.
    pub(super) fn project(self, lon_deg: f64, lat_deg: f64) -> Option<(f64, f64)> {
        let mut point = (lon_deg.to_radians(), lat_deg.to_radians(), 0.0);
        proj4rs::transform::transform(&self.0.degrees, &self.0.system, &mut point).ok()?;
        let (east, north) = match self.axes().are_degrees() {
            true => (point.0.to_degrees(), point.1.to_degrees()),
            false => (point.0, point.1),
        };
        let is_finite = east.is_finite() && north.is_finite();
        is_finite.then_some(if self.axes().is_north_first() { (north, east) } else { (east, north) })
    }

    /// Longitude and latitude in CRS84 degrees that [`AddedSystem::project`] brings to these coordinates;
    /// `None` where there are none.
    pub(super) fn unproject(self, first: f64, second: f64) -> Option<(f64, f64)> {
        let (lon_deg, lat_deg) = self.computed_degrees(first, second)?;
        // A change of datum changes heights, which nobody has, so that the way back misses by a millimetre or two.
        let (first_again, second_again) = self.project(lon_deg, lat_deg)?;
        let (lon_deg, lat_deg) = self.computed_degrees(2.0 * first - first_again, 2.0 * second - second_again)?;
        let (first_again, second_again) = self.project(lon_deg, lat_deg)?;
        let slack = if self.axes().are_degrees() { RETURN_DEG } else { RETURN_M };
        let leads_back = (first_again - first).abs() <= slack && (second_again - second).abs() <= slack;
        leads_back.then_some((lon_deg, lat_deg))
    }

    fn computed_degrees(self, first: f64, second: f64) -> Option<(f64, f64)> {
        let (east, north) = if self.axes().is_north_first() { (second, first) } else { (first, second) };
        let mut point = match self.axes().are_degrees() {
            true => (east.to_radians(), north.to_radians(), 0.0),
            false => (east, north, 0.0),
        };
        proj4rs::transform::transform(&self.0.system, &self.0.degrees, &mut point).ok()?;
        Some((point.0.to_degrees(), point.1.to_degrees()))
    }
}

impl TryFrom<SystemDeclaration> for AddedSystem {
    type Error = SystemFault;

    fn try_from(declaration: SystemDeclaration) -> Result<Self, SystemFault> {
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(same) = known.iter().find(|system| *system.declaration() == declaration) {
            return Ok(*same);
        }
        let read = |text: &str| {
            Proj::from_proj_string(text)
                .map_err(|_| SystemFault { epsg: declaration.epsg, proj: declaration.proj.clone() })
        };
        let (system, degrees) = (read(&declaration.proj)?, read(WGS84)?);
        let uri = format!("{EPSG_PREFIX}{}", declaration.epsg);
        let added = AddedSystem(Box::leak(Box::new(Computed { declaration, uri, system, degrees })));
        known.push(added);
        Ok(added)
    }
}

impl From<AddedSystem> for SystemDeclaration {
    fn from(system: AddedSystem) -> Self {
        system.declaration().clone()
    }
}

impl PartialEq for AddedSystem {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for AddedSystem {}

impl std::hash::Hash for AddedSystem {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

impl std::fmt::Debug for AddedSystem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "EPSG:{}", self.0.declaration.epsg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crs::{AxisOrder, System};

    fn declared(epsg: u32, axes: Axes, proj: &str) -> SystemDeclaration {
        SystemDeclaration { epsg, name: String::new(), axes, proj: proj.to_owned(), operation: String::new() }
    }

    /// Coordinates as PROJ 9.1.1 gives them (`cs2cs`), in the order of the authority.
    #[test]
    fn added_systems_find_the_places_that_proj_finds() {
        let british = "+proj=tmerc +lat_0=49 +lon_0=-2 +k=0.9996012717 +x_0=400000 +y_0=-100000 +ellps=airy \
            +towgs84=446.448,-125.157,542.06,0.15,0.247,0.842,-20.489 +units=m +no_defs";
        let cgcs2000 = "+proj=tmerc +lat_0=0 +lon_0=114 +k=1 +x_0=500000 +y_0=0 +ellps=GRS80 +units=m +no_defs";
        for (epsg, axes, proj, (lon_deg, lat_deg), (first, second)) in [
            (
                32650,
                Axes::EastingNorthing,
                "+proj=utm +zone=50 +datum=WGS84 +units=m +no_defs",
                HONG_KONG,
                (209575.3296, 2469920.7139),
            ),
            (4547, Axes::NorthingEasting, cgcs2000, HONG_KONG, (2468205.4073, 518650.4579)),
            (27700, Axes::EastingNorthing, british, (-0.1276, 51.5072), (530043.1950, 180358.2086)),
        ] {
            let system = System::Added(declared(epsg, axes, proj).try_into().unwrap());
            let (x, y) = system.from_degrees(lon_deg, lat_deg).unwrap();
            assert!((x - first).abs() < 1e-3 && (y - second).abs() < 1e-3, "{system:?} {x} {y}");
            let (lon, lat) = system.to_degrees(x, y).unwrap();
            assert!((lon - lon_deg).abs() < 1e-8 && (lat - lat_deg).abs() < 1e-8, "{system:?} {lon} {lat}");
            assert_eq!(system.epsg(), Some(epsg));
            assert_eq!(system.changes_places_for(AxisOrder::EastFirst), axes.is_north_first());
            assert_eq!(system.to_degrees(1e12, -1e12), None, "{system:?}");
        }
    }

    const HONG_KONG: (f64, f64) = (114.181009327, 22.310602434);

    #[test]
    fn what_is_declared_alike_is_one_system_and_survives_a_record() {
        let declaration = declared(32649, Axes::EastingNorthing, "+proj=utm +zone=49 +datum=WGS84 +units=m +no_defs");
        let system = AddedSystem::try_from(declaration.clone()).unwrap();
        let text = serde_json::to_string(&system).unwrap();
        assert_eq!(serde_json::from_str::<AddedSystem>(&text).unwrap(), system);
        assert_ne!(AddedSystem::try_from(SystemDeclaration { epsg: 1, ..declaration }).unwrap(), system);
        let wrong = declared(32649, Axes::EastingNorthing, "+proj=nonsense");
        assert!(AddedSystem::try_from(wrong).unwrap_err().to_string().contains("EPSG:32649"));
    }
}
