//! From the delivery's coordinates to CRS84, by PROJ, x always east.

use causeway::base::limits;
use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, SpatialRef};

use super::Stop;
use super::operation::{self, Operation};
use super::proj::Context;

const NO_OPERATION: &str = "none: the coordinates are CRS84";

/// The way of one source to CRS84; `None` inside when it is CRS84 already.
pub struct Projection {
    transform: Option<CoordTransform>,
    pub crs: String,
    pub words: String,
    /// Units of the source's coordinates in a metre: how fine a curve is cut.
    pub units_per_metre: f64,
    /// West, south, east, north in degrees where the system may be used.
    pub area_of_use: Option<[f64; 4]>,
}

/// What a definition allows.
#[derive(Clone, Copy)]
pub struct Allowed {
    pub ballpark: bool,
}

const DEGREES_PER_METRE: f64 = 1.0 / 111_320.0;

impl Projection {
    /// A source whose format fixes CRS84.
    pub fn none_by_format() -> Self {
        Projection::none("OGC:CRS84 (by format)".to_owned())
    }

    /// A table without geometry.
    pub fn nothing() -> Self {
        Projection { words: "none: there is no geometry".to_owned(), ..Projection::none("none".to_owned()) }
    }

    fn none(crs: String) -> Self {
        Projection {
            transform: None,
            crs,
            words: NO_OPERATION.to_owned(),
            units_per_metre: DEGREES_PER_METRE,
            area_of_use: Some([-180.0, -90.0, 180.0, 90.0]),
        }
    }

    /// By name, such as `EPSG:2326`; `how` says where the name comes from.
    pub fn from_name(name: &str, how: &str, allowed: Allowed, shown: &str) -> Result<Self, Stop> {
        let reference = SpatialRef::from_definition(name).map_err(|_| {
            Stop::Refused(format!("{shown}: the coordinate system \"{name}\" is not known; name one such as EPSG:2326"))
        })?;
        Projection::from_reference(reference, how, allowed, shown)
    }

    pub fn from_reference(mut source: SpatialRef, how: &str, allowed: Allowed, shown: &str) -> Result<Self, Stop> {
        let name = name_of(&mut source);
        if !name.contains(':') && is_hk1980_grid(&source) {
            let how = format!(
                "{how}, which calls it \"{name}\": its projection is the HK1980 Grid's, and no other datum has it"
            );
            return Projection::from_name("EPSG:2326", &how, allowed, shown);
        }
        if !name.contains(':') && is_wgs84_by_its_name(&source) {
            let how = format!("{how}, which calls it \"{name}\" and has its ellipsoid, and its datum by no known name");
            return Projection::from_name("EPSG:4326", &how, allowed, shown);
        }
        // The registered system, never the file's own text, which may name files for PROJ to open.
        match name.strip_prefix("EPSG:").and_then(|code| code.parse().ok()).map(SpatialRef::from_epsg) {
            Some(Ok(registered)) => source = registered,
            _ if opens_files(&source) => {
                return Err(Stop::Refused(format!(
                    "{shown}: its coordinate system names grid files of its own; name a registered one in the definition, such as crs = \"EPSG:2326\""
                )));
            }
            _ => {}
        }
        // Without this EPSG:2326 would be read northing first, 25 km off, and nobody would say so.
        source.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        let crs = format!("{name} ({how})");
        if name == "EPSG:4326" || name == "OGC:CRS84" {
            return Ok(Projection::none(crs));
        }
        let broken = |error: gdal::errors::GdalError| {
            Stop::Refused(format!("{shown}: {name} cannot be brought to WGS 84: {error}"))
        };
        let mut target = SpatialRef::from_epsg(4326).map_err(broken)?;
        target.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        let transform = CoordTransform::new(&source, &target).map_err(broken)?;
        let area_of_use = area_of_use(&source);
        let words = words(&name, &source, area_of_use, allowed, shown)?;
        let units_per_metre = match source.is_geographic() {
            true => DEGREES_PER_METRE,
            false => 1.0 / source.linear_units().max(f64::MIN_POSITIVE),
        };
        Ok(Projection { transform: Some(transform), crs, words, units_per_metre, area_of_use })
    }

    pub fn transform(&self) -> Option<&CoordTransform> {
        self.transform.as_ref()
    }

    /// A single point, x east; `None` where PROJ has no answer.
    pub fn point(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let Some(transform) = &self.transform else { return Some((x, y)) };
        let (mut xs, mut ys, mut zs) = ([x], [y], [0.0]);
        transform.transform_coords(&mut xs, &mut ys, &mut zs).ok()?;
        (xs[0].is_finite() && ys[0].is_finite()).then_some((xs[0], ys[0]))
    }

    /// How far a curve may stand off the straight pieces made of it, in the source's units.
    pub fn curve_tolerance(&self) -> f64 {
        limits::CURVE_TOLERANCE_M * self.units_per_metre
    }
}

/// The operation in words; refused where none is registered and the definition does not agree.
fn words(
    name: &str,
    source: &SpatialRef,
    area_deg: Option<[f64; 4]>,
    allowed: Allowed,
    shown: &str,
) -> Result<String, Stop> {
    let definition = if name.contains(':') { name.to_owned() } else { source.to_wkt().unwrap_or_default() };
    let Some(operation) = Operation::best(&definition, area_deg) else {
        return Err(Stop::Refused(format!("{shown}: PROJ knows no way from {name} to WGS 84")));
    };
    if is_on_china_2000(&definition) {
        return Ok(format!("{name} to CRS84 with its datum unchanged: null by convention, within a few centimetres"));
    }
    if operation.is_ballpark && !allowed.ballpark {
        return Err(Stop::Refused(format!(
            "{shown}: no transformation from {name} to WGS 84 is registered, so its place would be wrong by up to some hundred metres; transform it to EPSG:2326 first, or accept that with operation = \"ballpark\" in the definition"
        )));
    }
    let by = operation.words();
    Ok(match (operation.is_ballpark, operation.accuracy_m) {
        (true, _) => format!("{name} to CRS84 by {by}: ballpark, accuracy unknown, accepted by the definition"),
        (false, Some(metres)) => format!("{name} to CRS84 by {by}, accurate to {metres} m"),
        (false, None) => format!("{name} to CRS84 by {by}, exact"),
    })
}

fn is_on_china_2000(definition: &str) -> bool {
    let context = Context::new();
    context.create(definition).is_some_and(|system| operation::is_on_china_2000(&system))
}

/// Whether a system projects as the HK1980 Grid does. Programs that do not know its datum write
/// another one in its place, or none, and 304 m are lost.
fn is_hk1980_grid(reference: &SpatialRef) -> bool {
    /// As GDAL calls them, with how far rounding in a file may take them: 1e-6 degrees are 0.1 m.
    const PARAMETERS: [(&str, f64, f64); 5] = [
        ("latitude_of_origin", 22.312_133_333, 1e-6),
        ("central_meridian", 114.178_555_556, 1e-6),
        ("scale_factor", 1.0, 1e-9),
        ("false_easting", 836_694.05, 0.01),
        ("false_northing", 819_069.80, 0.01),
    ];
    let is_alike = |(name, value, tolerance): (&str, f64, f64)| {
        reference.get_proj_param(name).ok().flatten().is_some_and(|found| (found - value).abs() <= tolerance)
    };
    let is_transverse_mercator = reference.get_attr_value("PROJECTION", 0).ok().flatten();
    is_transverse_mercator.is_some_and(|name| name == "Transverse_Mercator")
        && (reference.linear_units() - 1.0).abs() < 1e-9
        && PARAMETERS.into_iter().all(is_alike)
}

/// Whether degrees are called WGS 84 and are of its ellipsoid, under a name of the datum that a program made up.
fn is_wgs84_by_its_name(reference: &SpatialRef) -> bool {
    const SEMI_MAJOR_M: f64 = 6_378_137.0;
    const SEMI_MINOR_M: f64 = 6_356_752.314_245;
    const NAMES: [&str; 4] = ["WGS84", "WGS1984", "GCSWGS1984", "GCSWGS84"];
    let plain = |name: String| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_uppercase();
    let is_named = reference.name().map(plain).is_some_and(|name| NAMES.contains(&name.as_str()));
    let is = |found: gdal::errors::Result<f64>, wanted: f64| found.is_ok_and(|found| (found - wanted).abs() < 1e-3);
    let meridian = reference.get_attr_value("PRIMEM", 1).ok().flatten().and_then(|degrees| degrees.parse::<f64>().ok());
    is_named
        && reference.is_geographic()
        && (reference.angular_units().to_degrees() - 1.0).abs() < 1e-9
        && meridian == Some(0.0)
        && is(reference.semi_major(), SEMI_MAJOR_M)
        && is(reference.semi_minor(), SEMI_MINOR_M)
}

fn area_of_use(reference: &SpatialRef) -> Option<[f64; 4]> {
    let area = reference.area_of_use()?;
    Some([area.west_lon_degree, area.south_lat_degree, area.east_lon_degree, area.north_lat_degree])
}

fn opens_files(reference: &SpatialRef) -> bool {
    let text = reference.to_wkt().unwrap_or_default().to_uppercase();
    ["EXTENSION[", "PROJ4", "NADGRIDS", "GRIDS"].iter().any(|sign| text.contains(sign))
}

/// `EPSG:2326` where an authority is named or PROJ recognises the text, else the system's own name.
fn name_of(reference: &mut SpatialRef) -> String {
    if reference.auth_code().is_err() {
        let _ = reference.auto_identify_epsg();
        super::errors::take_failure();
    }
    match (reference.auth_name(), reference.auth_code()) {
        (Some(authority), Ok(code)) => format!("{authority}:{code}"),
        _ => registered_twin(reference)
            .or_else(|| reference.name())
            .unwrap_or_else(|| "an unnamed coordinate system".to_owned()),
    }
}

/// The registered system that PROJ finds to be the same, but for its name.
fn registered_twin(reference: &SpatialRef) -> Option<String> {
    /// PROJ's confidence that only names differ.
    const SAME_BUT_FOR_NAMES: i32 = 70;
    let mut count = 0;
    let mut confidence = std::ptr::null_mut();
    // SAFETY: the list that GDAL answers is read within its length and freed by GDAL.
    unsafe {
        let matches =
            gdal_sys::OSRFindMatches(reference.to_c_hsrs(), std::ptr::null_mut(), &mut count, &mut confidence);
        let mut found = None;
        if count > 0 && !matches.is_null() && !confidence.is_null() && *confidence >= SAME_BUT_FOR_NAMES {
            let text = |pointer: *const std::ffi::c_char| {
                (!pointer.is_null()).then(|| std::ffi::CStr::from_ptr(pointer).to_string_lossy().into_owned())
            };
            let authority = text(gdal_sys::OSRGetAuthorityName(*matches, std::ptr::null()));
            let code = text(gdal_sys::OSRGetAuthorityCode(*matches, std::ptr::null()));
            found = authority.zip(code).map(|(authority, code)| format!("{authority}:{code}"));
        }
        gdal_sys::OSRFreeSRSArray(matches);
        gdal_sys::VSIFree(confidence.cast());
        super::errors::take_failure();
        found
    }
}

/// Whether a reference says nothing: the placeholders of GeoPackage, and drawings of no place.
pub fn says_nothing(reference: &SpatialRef) -> bool {
    let name = reference.name().unwrap_or_default();
    name.starts_with("Undefined") || name.starts_with("Unknown") || name == "Nonearth" || reference.is_local()
}

impl Projection {
    /// The system and the way to CRS84, in words.
    pub fn facts(&self) -> (String, String) {
        (self.crs.clone(), self.words.clone())
    }
}
