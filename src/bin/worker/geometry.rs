//! GDAL geometries: curves made straight, invalid areas made valid, brought to CRS84, written as
//! ISO well-known binary.

use causeway::intake::delivery::Repair;
use gdal_sys::{
    OGR_G_AddGeometry, OGR_G_Area, OGR_G_Clone, OGR_G_CreateGeometry, OGR_G_DestroyGeometry, OGR_G_ExportToIsoWkb,
    OGR_G_GetGeometryCount, OGR_G_GetGeometryRef, OGR_G_GetGeometryType, OGR_G_GetLinearGeometry,
    OGR_G_HasCurveGeometry, OGR_G_IsEmpty, OGR_G_IsValid, OGR_G_MakeValidEx, OGR_G_Transform, OGR_G_WkbSize,
    OGRGeometryH, OGRwkbByteOrder, OGRwkbGeometryType,
};

use super::errors;
use super::projection::Projection;

/// A geometry that is freed when it goes out of use.
pub struct Owned(OGRGeometryH);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the handle is ours alone and is not used again.
        unsafe { OGR_G_DestroyGeometry(self.0) }
    }
}

/// A geometry ready to be sent.
pub struct Read {
    pub wkb: Option<Vec<u8>>,
    pub repaired: Option<Repair>,
    pub problem: Option<String>,
}

impl Read {
    pub fn nothing(problem: Option<String>) -> Self {
        Read { wkb: None, repaired: None, problem }
    }
}

/// Reads a geometry that still belongs to its feature. A null handle is a feature without geometry.
pub fn read(borrowed: OGRGeometryH, projection: &Projection) -> Read {
    if borrowed.is_null() {
        return Read::nothing(None);
    }
    // SAFETY: the handle is a live geometry of the feature being read; the copy is ours.
    let geometry = unsafe {
        if OGR_G_HasCurveGeometry(borrowed, 1) != 0 {
            Owned(OGR_G_GetLinearGeometry(borrowed, 0.0, std::ptr::null_mut()))
        } else {
            Owned(OGR_G_Clone(borrowed))
        }
    };
    let (geometry, repaired) = match make_valid(geometry) {
        Ok(valid) => valid,
        Err(problem) => return Read::nothing(Some(problem)),
    };
    if let Some(transform) = projection.transform() {
        // SAFETY: both handles are live; the geometry is changed in place.
        let failed = unsafe { OGR_G_Transform(geometry.0, transform.to_c_hct()) } != 0;
        if failed {
            let why = errors::take_failure().unwrap_or_default();
            return Read::nothing(Some(format!("its coordinates cannot be brought to WGS 84: {why}")));
        }
    }
    Read { wkb: Some(wkb_of(&geometry)), repaired, problem: None }
}

fn is_area(kind: OGRwkbGeometryType::Type) -> bool {
    matches!(kind % 1000, OGRwkbGeometryType::wkbPolygon | OGRwkbGeometryType::wkbMultiPolygon)
}

/// ISO codes put dimensions in the thousands, older ones in the highest bit.
fn flat_type(geometry: OGRGeometryH) -> OGRwkbGeometryType::Type {
    const OLD_Z: OGRwkbGeometryType::Type = 0x8000_0000;
    // SAFETY: asking a live handle for its type changes nothing.
    let kind = unsafe { OGR_G_GetGeometryType(geometry) };
    (kind & !OLD_Z) % 1000
}

/// An invalid area is rebuilt from its rings, each mended alone, as GEOS's structure method does;
/// what is left of it as lines or points is dropped.
fn make_valid(geometry: Owned) -> Result<(Owned, Option<Repair>), String> {
    if !is_area(flat_type(geometry.0)) {
        return Ok((geometry, None));
    }
    errors::take_warning();
    // SAFETY: live handles; MakeValidEx returns a new geometry or null.
    unsafe {
        if OGR_G_IsEmpty(geometry.0) != 0 || OGR_G_IsValid(geometry.0) != 0 {
            return Ok((geometry, None));
        }
        let reason = reason_of(&errors::take_warning());
        let area_before = OGR_G_Area(geometry.0);
        let mut options = [c"METHOD=STRUCTURE".as_ptr().cast_mut(), std::ptr::null_mut()];
        let mended = OGR_G_MakeValidEx(geometry.0, options.as_mut_ptr());
        errors::take_failure();
        if mended.is_null() {
            return Err(format!("its area is invalid ({reason}) and could not be made valid"));
        }
        let areas = only_areas(Owned(mended));
        if OGR_G_IsEmpty(areas.0) != 0 {
            return Err(format!("its area is invalid ({reason}) and nothing is left of it when made valid"));
        }
        let change = (OGR_G_Area(areas.0) - area_before).abs() / area_before.abs().max(f64::MIN_POSITIVE);
        Ok((areas, Some(Repair { reason, area_change: change.min(1e9) })))
    }
}

/// The kind of invalidity without its coordinates, so that reports can count it.
fn reason_of(warning: &str) -> String {
    let reason = warning.split(" at or near").next().unwrap_or_default().trim();
    if reason.is_empty() { "invalid area".to_owned() } else { reason.to_owned() }
}

fn only_areas(geometry: Owned) -> Owned {
    if is_area(flat_type(geometry.0)) {
        return geometry;
    }
    // SAFETY: the new collection is ours; members are copied into it.
    unsafe {
        let areas = Owned(OGR_G_CreateGeometry(OGRwkbGeometryType::wkbMultiPolygon));
        gather_areas(geometry.0, areas.0);
        areas
    }
}

unsafe fn gather_areas(from: OGRGeometryH, into: OGRGeometryH) {
    // SAFETY: the caller's handles are live, and members live as long as their collection.
    unsafe {
        match flat_type(from) {
            OGRwkbGeometryType::wkbPolygon => {
                OGR_G_AddGeometry(into, from);
            }
            OGRwkbGeometryType::wkbMultiPolygon | OGRwkbGeometryType::wkbGeometryCollection => {
                for member in 0..OGR_G_GetGeometryCount(from) {
                    gather_areas(OGR_G_GetGeometryRef(from, member), into);
                }
            }
            _ => {}
        }
    }
}

fn wkb_of(geometry: &Owned) -> Vec<u8> {
    // SAFETY: the buffer has the size that the geometry asks for.
    unsafe {
        let size = OGR_G_WkbSize(geometry.0);
        let mut bytes = vec![0u8; usize::try_from(size).unwrap_or_default()];
        OGR_G_ExportToIsoWkb(geometry.0, OGRwkbByteOrder::wkbNDR, bytes.as_mut_ptr());
        bytes
    }
}
