//! From the delivery's coordinates to CRS84, by PROJ, x always east.

use gdal::spatial_ref::{AxisMappingStrategy, CoordTransform, SpatialRef};

use super::Stop;

const NO_OPERATION: &str = "none: the coordinates are CRS84";

/// The way of one source to CRS84; `None` inside when it is CRS84 already.
pub struct Projection {
    transform: Option<CoordTransform>,
    pub crs: String,
    pub words: String,
}

impl Projection {
    /// A source whose format fixes CRS84.
    pub fn none_by_format() -> Self {
        Projection { transform: None, crs: "OGC:CRS84 (by format)".to_owned(), words: NO_OPERATION.to_owned() }
    }

    /// By name, such as `EPSG:2326`; `how` says where the name comes from.
    pub fn from_name(name: &str, how: &str, shown: &str) -> Result<Self, Stop> {
        let reference = SpatialRef::from_definition(name).map_err(|_| {
            Stop::Refused(format!("{shown}: the coordinate system \"{name}\" is not known; name one such as EPSG:2326"))
        })?;
        Projection::from_reference(reference, how, shown)
    }

    pub fn from_reference(mut source: SpatialRef, how: &str, shown: &str) -> Result<Self, Stop> {
        let name = name_of(&mut source);
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
        if name == "EPSG:4326" {
            return Ok(Projection { transform: None, crs, words: NO_OPERATION.to_owned() });
        }
        let broken = |error: gdal::errors::GdalError| {
            Stop::Refused(format!("{shown}: {name} cannot be brought to WGS 84: {error}"))
        };
        let mut target = SpatialRef::from_epsg(4326).map_err(broken)?;
        target.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
        let transform = CoordTransform::new(&source, &target).map_err(broken)?;
        let words = match name.as_str() {
            "EPSG:2326" => "EPSG:2326 to CRS84 by EPSG:1825, accurate to 1 m".to_owned(),
            other => format!("{other} to CRS84 by PROJ's best operation"),
        };
        Ok(Projection { transform: Some(transform), crs, words })
    }

    pub fn transform(&self) -> Option<&CoordTransform> {
        self.transform.as_ref()
    }

    /// A single point, x east; `None` where PROJ has no answer.
    pub fn point(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let Some(transform) = &self.transform else { return Some((x, y)) };
        let (mut xs, mut ys, mut zs) = ([x], [y], [0.0]);
        transform.transform_coords(&mut xs, &mut ys, &mut zs).ok()?;
        Some((xs[0], ys[0]))
    }
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
        _ => reference.name().unwrap_or_else(|| "an unnamed coordinate system".to_owned()),
    }
}
