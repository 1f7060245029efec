//! The coordinate reference systems that coordinates of a request may be in: those that every layer
//! is offered in, and those that its definition adds.

use std::sync::LazyLock;

use proj4rs::Proj;

use super::{AddedSystem, HK1980_WINDOW, WGS84, from_hk1980_grid, to_hk1980_grid_fast};
use crate::base::BBox;
use crate::base::bbox::DEGREE_DECIMALS;

/// A coordinate reference system with the axis order of its authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum System {
    /// Longitude, latitude of WGS 84: what a request is in unless it says otherwise.
    #[default]
    Crs84,
    /// The same with heights, which are not looked at.
    Crs84h,
    /// Latitude, longitude of WGS 84.
    Epsg4326,
    /// Web Mercator: easting, northing.
    Epsg3857,
    /// Hong Kong 1980 Grid: northing, easting.
    Epsg2326,
    /// Hong Kong 1980: latitude, longitude.
    Epsg4611,
    /// China Geodetic Coordinate System 2000: latitude, longitude, the same as WGS 84 within decimetres.
    Epsg4490,
    /// One that a layer's definition adds.
    Added(AddedSystem),
}

/// What the first and the second coordinate of a system are, as its authority has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Axes {
    #[serde(rename = "longitude, latitude")]
    LongitudeLatitude,
    #[serde(rename = "latitude, longitude")]
    LatitudeLongitude,
    #[serde(rename = "easting, northing")]
    EastingNorthing,
    #[serde(rename = "northing, easting")]
    NorthingEasting,
}

impl Axes {
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Axes::LongitudeLatitude => ["longitude", "latitude"],
            Axes::LatitudeLongitude => ["latitude", "longitude"],
            Axes::EastingNorthing => ["easting", "northing"],
            Axes::NorthingEasting => ["northing", "easting"],
        }
    }

    pub fn is_north_first(self) -> bool {
        matches!(self, Axes::LatitudeLongitude | Axes::NorthingEasting)
    }

    /// Whether they are counted in degrees; in metres else.
    pub fn are_degrees(self) -> bool {
        matches!(self, Axes::LongitudeLatitude | Axes::LatitudeLongitude)
    }
}

impl std::fmt::Display for Axes {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [first, second] = self.names();
        write!(out, "{first}, {second}")
    }
}

/// Which of two coordinates is written first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AxisOrder {
    /// The one that the authority names first, as in [`System::axes`].
    #[default]
    Authority,
    /// The one that grows to the right of a map, as ArcGIS and the short names of old have it.
    EastFirst,
}

/// A system, and which of its coordinates is written first.
pub type OrderedSystem = (System, AxisOrder);

/// What the address of a system of EPSG begins with.
pub(super) const EPSG_PREFIX: &str = "http://www.opengis.net/def/crs/EPSG/0/";
/// The radius of Web Mercator's sphere.
const RADIUS_M: f64 = 6_378_137.0;
/// The latitude at which Web Mercator is a square.
const LATITUDE_MAX_DEG: f64 = 85.051_128_779_806_59;

/// EPSG:4611, the datum of the Grid, with the parameters of the Grid.
const HK1980: &str = "+proj=longlat +ellps=intl \
    +towgs84=-162.619,-276.959,-161.764,0.067753,-2.243648,-1.158828,-1.094246 +no_defs";

static HK1980_DEGREES: LazyLock<Option<(Proj, Proj)>> =
    LazyLock::new(|| Some((Proj::from_proj_string(HK1980).ok()?, Proj::from_proj_string(WGS84).ok()?)));

impl System {
    /// Those that every layer is offered in, where they reach.
    pub const ALL: [System; 7] = [
        System::Crs84,
        System::Crs84h,
        System::Epsg4326,
        System::Epsg3857,
        System::Epsg2326,
        System::Epsg4611,
        System::Epsg4490,
    ];

    /// The address that OGC API Features Part 2 names it by.
    pub fn uri(self) -> &'static str {
        match self {
            System::Crs84 => "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
            System::Crs84h => "http://www.opengis.net/def/crs/OGC/0/CRS84h",
            System::Epsg4326 => "http://www.opengis.net/def/crs/EPSG/0/4326",
            System::Epsg3857 => "http://www.opengis.net/def/crs/EPSG/0/3857",
            System::Epsg2326 => "http://www.opengis.net/def/crs/EPSG/0/2326",
            System::Epsg4611 => "http://www.opengis.net/def/crs/EPSG/0/4611",
            System::Epsg4490 => "http://www.opengis.net/def/crs/EPSG/0/4490",
            System::Added(added) => added.uri(),
        }
    }

    /// Its number in the register of EPSG, for those that are in it.
    pub fn epsg(self) -> Option<u32> {
        self.uri().strip_prefix(EPSG_PREFIX)?.parse().ok()
    }

    /// Whether coordinates in the order of [`System::axes`] have to change places for this order.
    pub fn changes_places_for(self, order: AxisOrder) -> bool {
        order == AxisOrder::EastFirst && self.axes().is_north_first()
    }

    pub fn axes(self) -> Axes {
        match self {
            System::Crs84 | System::Crs84h => Axes::LongitudeLatitude,
            System::Epsg4326 | System::Epsg4611 | System::Epsg4490 => Axes::LatitudeLongitude,
            System::Epsg3857 => Axes::EastingNorthing,
            System::Epsg2326 => Axes::NorthingEasting,
            System::Added(added) => added.axes(),
        }
    }

    /// Whether its axes run along meridians and parallels of WGS 84, so that a box stays a box.
    pub fn is_geographic(self) -> bool {
        matches!(self, System::Crs84 | System::Crs84h | System::Epsg4326 | System::Epsg4490)
    }

    /// Whether its axes run along those of CRS84, so that a box in it is a box on the ground.
    pub fn keeps_boxes(self) -> bool {
        self.is_geographic() || self == System::Epsg3857
    }

    /// Whether coordinates everywhere within the box have a meaning in it: the systems of Hong Kong
    /// end a few degrees around it, and one that a definition adds was tried over its layer.
    pub fn covers(self, bbox: &BBox) -> bool {
        !matches!(self, System::Epsg2326 | System::Epsg4611) || HK1980_WINDOW.contains(bbox)
    }

    /// Whether its coordinates are degrees; metres else.
    pub fn is_in_degrees(self) -> bool {
        self.axes().are_degrees()
    }

    /// Decimals that say a tenth of a millimetre, or in degrees a millimetre.
    pub fn decimals(self) -> u32 {
        const METRE_DECIMALS: u32 = 4;
        if self.is_in_degrees() { DEGREE_DECIMALS } else { METRE_DECIMALS }
    }

    /// Coordinates in the order of [`System::axes`] for longitude and latitude in CRS84 degrees;
    /// `None` where they have no meaning.
    pub fn from_degrees(self, lon_deg: f64, lat_deg: f64) -> Option<(f64, f64)> {
        match self {
            System::Crs84 | System::Crs84h => Some((lon_deg, lat_deg)),
            System::Epsg4326 | System::Epsg4490 => Some((lat_deg, lon_deg)),
            System::Epsg3857 => {
                let sine = lat_deg.clamp(-LATITUDE_MAX_DEG, LATITUDE_MAX_DEG).to_radians().sin();
                let northing_m = RADIUS_M * ((1.0 + sine) / (1.0 - sine)).ln() / 2.0;
                Some((RADIUS_M * lon_deg.to_radians(), northing_m))
            }
            System::Epsg2326 if !HK1980_WINDOW.contains_point(lon_deg, lat_deg) => None,
            System::Epsg2326 => {
                let (easting_m, northing_m) = to_hk1980_grid_fast(lon_deg, lat_deg);
                easting_m.is_finite().then_some((northing_m, easting_m))
            }
            System::Epsg4611 => {
                let (hk1980, wgs84) = HK1980_DEGREES.as_ref()?;
                let mut point = (lon_deg.to_radians(), lat_deg.to_radians(), 0.0);
                proj4rs::transform::transform(wgs84, hk1980, &mut point).ok()?;
                Some((point.1.to_degrees(), point.0.to_degrees()))
            }
            System::Added(added) => added.project(lon_deg, lat_deg),
        }
    }

    /// Longitude and latitude in CRS84 degrees for coordinates in the order of [`System::axes`];
    /// `None` where they have no meaning.
    pub fn to_degrees(self, first: f64, second: f64) -> Option<(f64, f64)> {
        let (lon_deg, lat_deg) = match self {
            System::Crs84 | System::Crs84h => (first, second),
            System::Epsg4326 | System::Epsg4490 => (second, first),
            System::Epsg3857 => ((first / RADIUS_M).to_degrees(), (second / RADIUS_M).sinh().atan().to_degrees()),
            System::Epsg2326 => from_hk1980_grid(second, first)?,
            System::Epsg4611 => {
                let (hk1980, wgs84) = HK1980_DEGREES.as_ref()?;
                let mut point = (second.to_radians(), first.to_radians(), 0.0);
                proj4rs::transform::transform(hk1980, wgs84, &mut point).ok()?;
                (point.0.to_degrees(), point.1.to_degrees())
            }
            System::Added(added) => added.unproject(first, second)?,
        };
        (lon_deg.is_finite() && lat_deg.is_finite()).then_some((lon_deg, lat_deg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_finds_the_same_place_in_its_own_order() {
        // The origin of the Grid, as PROJ gives it.
        for (system, first, second) in [
            (System::Crs84, 114.181009327, 22.310602434),
            (System::Crs84h, 114.181009327, 22.310602434),
            (System::Epsg4326, 22.310602434, 114.181009327),
            (System::Epsg4490, 22.310602434, 114.181009327),
            (System::Epsg3857, 12710571.8165, 2548857.8467),
            (System::Epsg2326, 819_069.8, 836_694.05),
            (System::Epsg4611, 22.312133333, 114.178555556),
        ] {
            let (lon, lat) = system.to_degrees(first, second).unwrap();
            // A decimetre.
            assert!((lon - 114.181009327).abs() < 1e-6 && (lat - 22.310602434).abs() < 1e-6, "{system:?} {lon} {lat}");
            let (x, y) = system.from_degrees(lon, lat).unwrap();
            // A millimetre, in metres and in degrees.
            let slack = if system.decimals() == DEGREE_DECIMALS { 1e-8 } else { 1e-3 };
            assert!((x - first).abs() < slack && (y - second).abs() < slack, "{system:?} {x} {y}");
            assert_eq!(system.changes_places_for(AxisOrder::EastFirst), first < second, "{system:?}");
            assert!(!system.changes_places_for(AxisOrder::Authority));
        }
        assert_eq!(System::Crs84.to_degrees(f64::NAN, 0.0), None);
    }
}
