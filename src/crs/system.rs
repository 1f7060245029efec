//! The closed list of coordinate reference systems that coordinates of a request may be in.

use std::sync::LazyLock;

use proj4rs::Proj;

use super::{WGS84, from_hk1980_grid};

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
}

/// EPSG:4611, the datum of the Grid, with the parameters of the Grid.
const HK1980: &str = "+proj=longlat +ellps=intl \
    +towgs84=-162.619,-276.959,-161.764,0.067753,-2.243648,-1.158828,-1.094246 +no_defs";

static HK1980_DEGREES: LazyLock<Option<(Proj, Proj)>> =
    LazyLock::new(|| Some((Proj::from_proj_string(HK1980).ok()?, Proj::from_proj_string(WGS84).ok()?)));

impl System {
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
        }
    }

    pub fn from_uri(uri: &str) -> Option<System> {
        System::ALL.into_iter().find(|system| system.uri() == uri)
    }

    /// What its first and second coordinates are.
    pub fn axes(self) -> &'static str {
        match self {
            System::Crs84 | System::Crs84h => "longitude, latitude",
            System::Epsg4326 | System::Epsg4611 | System::Epsg4490 => "latitude, longitude",
            System::Epsg3857 => "easting, northing",
            System::Epsg2326 => "northing, easting",
        }
    }

    /// Whether its axes run along meridians and parallels of WGS 84, so that a box stays a box.
    pub fn is_geographic(self) -> bool {
        !matches!(self, System::Epsg3857 | System::Epsg2326 | System::Epsg4611)
    }

    /// Longitude and latitude in CRS84 degrees for coordinates in the order of [`System::axes`];
    /// `None` where they have no meaning.
    pub fn to_degrees(self, first: f64, second: f64) -> Option<(f64, f64)> {
        /// The radius of Web Mercator's sphere.
        const RADIUS_M: f64 = 6_378_137.0;
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
            assert_eq!(System::from_uri(system.uri()), Some(system));
        }
        assert_eq!(System::from_uri("http://evil"), None);
        assert_eq!(System::Crs84.to_degrees(f64::NAN, 0.0), None);
    }
}
