//! Coordinate reference systems that the server offers, and the way between them and CRS84.
//!
//! Comes in: CRS84 degrees or coordinates of an offered system. Goes out: the other of the two.
//! Must not know: layers, GDAL, HTTP.

mod added;
mod hk1980_fast;
mod system;

use std::sync::LazyLock;

use proj4rs::Proj;

use crate::base::BBox;

pub use added::{AddedSystem, SystemDeclaration, SystemFault};
pub use hk1980_fast::to_hk1980_grid_fast;
pub use system::{Axes, AxisOrder, OrderedSystem, System};

/// EPSG:2326, the Hong Kong 1980 Grid, with the seven parameters of EPSG:1825; the rotations are
/// those of a coordinate frame with their signs changed, as `+towgs84` wants them.
const HK1980_GRID: &str = "+proj=tmerc +lat_0=22.3121333333333333 +lon_0=114.178555555555556 +k=1 \
    +x_0=836694.05 +y_0=819069.8 +ellps=intl \
    +towgs84=-162.619,-276.959,-161.764,0.067753,-2.243648,-1.158828,-1.094246 +units=m +no_defs";
const WGS84: &str = "+proj=longlat +datum=WGS84 +no_defs";

static SYSTEMS: LazyLock<Option<(Proj, Proj)>> =
    LazyLock::new(|| Some((Proj::from_proj_string(HK1980_GRID).ok()?, Proj::from_proj_string(WGS84).ok()?)));

/// Where the projection of the HK1980 Grid has a meaning: ten degrees around its origin.
pub const HK1980_WINDOW: BBox = BBox::new(104.0, 12.0, 124.0, 32.0);

/// Easting and northing in metres of the HK1980 Grid, for CRS84 degrees; `None` far from Hong Kong,
/// where the projection has no meaning.
pub fn to_hk1980_grid(lon_deg: f64, lat_deg: f64) -> Option<(f64, f64)> {
    let (grid, degrees) = SYSTEMS.as_ref()?;
    if !HK1980_WINDOW.contains_point(lon_deg, lat_deg) {
        return None;
    }
    let mut point = (lon_deg.to_radians(), lat_deg.to_radians(), 0.0);
    proj4rs::transform::transform(degrees, grid, &mut point).ok()?;
    Some((point.0, point.1))
}

/// CRS84 degrees for easting and northing in metres of the HK1980 Grid.
pub fn from_hk1980_grid(easting_m: f64, northing_m: f64) -> Option<(f64, f64)> {
    let (grid, degrees) = SYSTEMS.as_ref()?;
    let mut point = (easting_m, northing_m, 0.0);
    proj4rs::transform::transform(grid, degrees, &mut point).ok()?;
    Some((point.0.to_degrees(), point.1.to_degrees()))
}

/// How far things stand from their place, east and north in metres of the grid, after one of the
/// two mistakes that are often made between the grid and WGS 84.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownMistakes {
    /// Degrees of Hong Kong 1980 taken for those of WGS 84.
    pub missing_shift: (f64, f64),
    /// The rotations of EPSG:1825 taken with the signs of the other convention.
    pub wrong_rotation: (f64, f64),
}

/// The same projection without its shift, and with the rotations' signs left as EPSG:1825 has them.
const UNSHIFTED: &str = "+proj=tmerc +lat_0=22.3121333333333333 +lon_0=114.178555555555556 +k=1 \
    +x_0=836694.05 +y_0=819069.8 +ellps=intl +units=m +no_defs";
const WRONGLY_ROTATED: &str = "+proj=tmerc +lat_0=22.3121333333333333 +lon_0=114.178555555555556 +k=1 \
    +x_0=836694.05 +y_0=819069.8 +ellps=intl \
    +towgs84=-162.619,-276.959,-161.764,-0.067753,2.243648,1.158828,-1.094246 +units=m +no_defs";

static MISTAKEN: LazyLock<Option<(Proj, Proj)>> =
    LazyLock::new(|| Some((Proj::from_proj_string(UNSHIFTED).ok()?, Proj::from_proj_string(WRONGLY_ROTATED).ok()?)));

/// Where the known mistakes lead from a place; `None` far from Hong Kong.
pub fn known_mistakes(lon_deg: f64, lat_deg: f64) -> Option<KnownMistakes> {
    let right = to_hk1980_grid(lon_deg, lat_deg)?;
    let (_, degrees) = SYSTEMS.as_ref()?;
    let (unshifted, rotated) = MISTAKEN.as_ref()?;
    let away = |system: &Proj| {
        let mut point = (lon_deg.to_radians(), lat_deg.to_radians(), 0.0);
        proj4rs::transform::transform(degrees, system, &mut point).ok()?;
        Some((point.0 - right.0, point.1 - right.1))
    };
    Some(KnownMistakes { missing_shift: away(unshifted)?, wrong_rotation: away(rotated)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Easting, northing, longitude, latitude: the five points that PROJ 9.1.1 gives by EPSG:1825.
    const CONTROL_POINTS: [(f64, f64, f64, f64); 5] = [
        (832591.320, 820351.389, 114.141187917, 22.322172085),
        (836694.050, 819069.800, 114.181009327, 22.310602434),
        (835411.431, 817266.016, 114.168562005, 22.294313002),
        (808000.000, 803500.000, 113.902797992, 22.169766250),
        (863000.000, 843500.000, 114.436727272, 22.531009140),
    ];

    #[test]
    fn the_control_points_agree_with_proj_both_ways() {
        for (easting_m, northing_m, lon_deg, lat_deg) in CONTROL_POINTS {
            let (lon, lat) = from_hk1980_grid(easting_m, northing_m).unwrap();
            assert!((lon - lon_deg).abs() < 1e-8, "{lon} {lon_deg}");
            assert!((lat - lat_deg).abs() < 1e-8, "{lat} {lat_deg}");
            let (easting, northing) = to_hk1980_grid(lon, lat).unwrap();
            assert!((easting - easting_m).hypot(northing - northing_m) < 0.001, "{easting} {northing}");
        }
    }

    /// `hong-kong-data.md` measured 252 m west and 169 m north without the shift.
    #[test]
    fn the_known_mistakes_lead_where_they_were_measured_to_lead() {
        for (_, _, lon_deg, lat_deg) in CONTROL_POINTS {
            let KnownMistakes { missing_shift: (east, north), wrong_rotation } =
                known_mistakes(lon_deg, lat_deg).unwrap();
            assert!((250.0..256.0).contains(&east) && (-175.0..-165.0).contains(&north), "{east} {north}");
            let length = wrong_rotation.0.hypot(wrong_rotation.1);
            assert!((50.0..62.0).contains(&length), "{wrong_rotation:?}");
        }
    }

    #[test]
    fn far_from_hong_kong_there_is_no_grid() {
        assert_eq!(to_hk1980_grid(0.0, 51.5), None);
    }
}
