//! Coordinate systems by the names that other services give them. The form of a name also says
//! which coordinate comes first: a URN or a URI of OGC means the order of the authority, the short
//! form and ArcGIS's numbers mean the one that grows to the right.

use crate::base::ids::cut;
use crate::catalogue::LayerRecord;
use crate::crs::{AxisOrder, OrderedSystem, System};
use crate::server::problem::Problem;

/// One of the offered systems by a URN, a URI or a short name.
pub fn by_name(name: &str, offered: &[System]) -> Option<OrderedSystem> {
    if let Some(system) = offered.iter().find(|system| system.uri() == name) {
        return Some((*system, AxisOrder::Authority));
    }
    let by_epsg = |authority: &str, code: &str| by_epsg(authority, code, offered);
    let crs84 = || offered.contains(&System::Crs84).then_some((System::Crs84, AxisOrder::Authority));
    if let Some(rest) = strip(name, "urn:ogc:def:crs:").or_else(|| strip(name, "urn:x-ogc:def:crs:")) {
        let mut parts = rest.split(':');
        let (authority, _version, code) = (parts.next()?, parts.next()?, parts.next()?);
        return match (authority.eq_ignore_ascii_case("OGC"), code) {
            (true, "CRS84") => crs84(),
            (true, _) => None,
            (false, code) => by_epsg(authority, code).map(|system| (system, AxisOrder::Authority)),
        };
    }
    if let Some(code) = strip(name, "http://www.opengis.net/gml/srs/epsg.xml#") {
        return by_epsg("EPSG", code).map(|system| (system, AxisOrder::EastFirst));
    }
    match name.split_once(':')? {
        (authority, "84" | "CRS84") if ["CRS", "OGC"].contains(&authority) => crs84(),
        (authority, code) => by_epsg(authority, code).map(|system| (system, AxisOrder::EastFirst)),
    }
}

fn strip<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

fn by_epsg(authority: &str, code: &str, offered: &[System]) -> Option<System> {
    let number: u32 = code.parse().ok()?;
    let mut known = offered.iter().copied().filter(|_| authority.eq_ignore_ascii_case("EPSG"));
    known.find(|system| system.epsg() == Some(number))
}

/// The URN of a system, in whose geometries the authority's order holds.
pub fn urn(system: System) -> String {
    match system.epsg() {
        Some(number) => format!("urn:ogc:def:crs:EPSG::{number}"),
        None if system == System::Crs84h => "urn:ogc:def:crs:OGC::CRS84h".to_owned(),
        None => "urn:ogc:def:crs:OGC:1.3:CRS84".to_owned(),
    }
}

/// ArcGIS's number of a system, and the number of EPSG where ArcGIS has one of its own besides.
pub fn wkid(system: System) -> (u32, u32) {
    match system {
        System::Crs84 | System::Crs84h | System::Epsg4326 => (4326, 4326),
        System::Epsg3857 => (102100, 3857),
        System::Epsg2326 => (102140, 2326),
        System::Epsg4611 => (4611, 4611),
        System::Epsg4490 => (4490, 4490),
        System::Added(added) => (added.declaration().epsg, added.declaration().epsg),
    }
}

/// One of these systems by ArcGIS's number.
pub fn by_wkid(number: u32, systems: &[System]) -> Option<System> {
    const WEB_MERCATOR: u32 = 3857;
    const OLD_WEB_MERCATORS: [u32; 2] = [102113, 900913];
    let number = if OLD_WEB_MERCATORS.contains(&number) { WEB_MERCATOR } else { number };
    let mut numbered = systems.iter().filter(|system| !matches!(system, System::Crs84 | System::Crs84h));
    numbered.find(|system| [wkid(**system).0, wkid(**system).1].contains(&number)).copied()
}

/// A system in which the layer is offered, by its name.
pub fn offered(parameter: &str, name: &str, record: &LayerRecord) -> Result<OrderedSystem, Problem> {
    let systems = record.systems();
    by_name(name.trim(), &systems).ok_or_else(|| {
        let names: Vec<String> = systems.into_iter().map(urn).collect();
        Problem::bad_request(format!(
            "{parameter}=\"{}\" is not offered for {}; accepted are {}",
            cut(name),
            record.id,
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_name_says_which_coordinate_comes_first() {
        use AxisOrder::{Authority, EastFirst};
        for (name, found) in [
            ("urn:ogc:def:crs:EPSG::4326", Some((System::Epsg4326, Authority))),
            ("urn:ogc:def:crs:EPSG:6.9:2326", Some((System::Epsg2326, Authority))),
            ("urn:x-ogc:def:crs:EPSG:3857", None),
            ("http://www.opengis.net/def/crs/EPSG/0/2326", Some((System::Epsg2326, Authority))),
            ("EPSG:4326", Some((System::Epsg4326, EastFirst))),
            ("epsg:2326", Some((System::Epsg2326, EastFirst))),
            ("http://www.opengis.net/gml/srs/epsg.xml#4326", Some((System::Epsg4326, EastFirst))),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", Some((System::Crs84, Authority))),
            ("CRS:84", Some((System::Crs84, Authority))),
            ("OGC:CRS84", Some((System::Crs84, Authority))),
            ("EPSG:27700", None),
            ("http://evil", None),
            ("", None),
        ] {
            assert_eq!(by_name(name, &System::ALL), found, "{name}");
        }
        for system in System::ALL.into_iter().filter(|system| *system != System::Crs84h) {
            assert_eq!(by_name(&urn(system), &System::ALL), Some((system, Authority)));
        }
        for (number, system) in [(4326, System::Epsg4326), (102140, System::Epsg2326), (900913, System::Epsg3857)] {
            assert_eq!(by_wkid(number, &System::ALL), Some(system));
        }
        assert_eq!(by_wkid(1, &System::ALL), None);
        assert_eq!(by_name("EPSG:2326", &[System::Crs84]), None);
    }
}
