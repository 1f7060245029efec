//! GDAL geometries: curves made straight, surfaces made areas, invalid areas made valid, brought
//! to CRS84, cut at the antimeridian, written as ISO well-known binary.

use causeway::geometry::Shape;
use causeway::geometry::touching::TouchTest;
use causeway::intake::delivery::Repair;
use gdal::vector::Feature;
use gdal_sys::{
    OGR_G_AddGeometry, OGR_G_Area, OGR_G_CreateGeometry, OGR_G_DestroyGeometry, OGR_G_ExportToIsoWkb,
    OGR_G_ForceToMultiPolygon, OGR_G_GetEnvelope, OGR_G_GetGeometryCount, OGR_G_GetGeometryRef, OGR_G_GetGeometryType,
    OGR_G_IsEmpty, OGR_G_IsValid, OGR_G_MakeValidEx, OGR_G_Transform, OGR_G_WkbSize, OGRGeometryH, OGRwkbByteOrder,
    OGRwkbGeometryType,
};

use super::projection::Projection;
use super::{curves, errors};

/// A geometry that is freed when it goes out of use.
pub struct Owned(pub OGRGeometryH);

impl Drop for Owned {
    fn drop(&mut self) {
        // SAFETY: the handle is ours alone and is not used again.
        unsafe { OGR_G_DestroyGeometry(self.0) }
    }
}

/// A geometry ready to be sent, or why there is none.
#[derive(Default)]
pub struct Read {
    pub wkb: Option<Vec<u8>>,
    pub repaired: Option<Repair>,
    /// What else was changed.
    pub changes: Vec<String>,
    /// Why there is no geometry though one was expected; the feature is kept.
    pub problem: Option<String>,
    /// Why the geometry that is there cannot be one; the feature is not kept.
    pub fault: Option<String>,
}

impl Read {
    pub fn nothing(problem: Option<String>) -> Self {
        Read { problem, ..Read::default() }
    }

    pub fn fault(fault: String) -> Self {
        Read { fault: Some(fault), ..Read::default() }
    }
}

/// Reads the geometries of one source.
pub struct Reader<'a> {
    projection: &'a Projection,
    /// The file's own axes are exchanged: northing came first where easting was said to.
    swaps_axes: bool,
    antimeridian: Antimeridian,
    areas: AreaTest,
}

impl<'a> Reader<'a> {
    pub fn new(projection: &'a Projection, swaps_axes: bool) -> Self {
        Reader { projection, swaps_axes, antimeridian: Antimeridian::new(), areas: AreaTest::default() }
    }

    /// Takes the geometry out of a feature and reads it. One without geometry has a null handle.
    pub fn read(&mut self, feature: &Feature<'_>) -> Read {
        // SAFETY: the feature is live, and its geometry is ours from here on.
        let geometry = unsafe { gdal_sys::OGR_F_StealGeometry(feature.c_feature()) };
        match geometry.is_null() {
            true => Read::nothing(None),
            false => self.read_owned(Owned(geometry)),
        }
    }

    pub fn read_owned(&mut self, geometry: Owned) -> Read {
        let mut changes = Vec::new();
        if is_null_island(&geometry) {
            return Read::nothing(Some("its coordinates are 0, 0".to_owned()));
        }
        if self.swaps_axes {
            // SAFETY: the handle is live; the geometry is changed in place.
            unsafe { gdal_sys::OGR_G_SwapXY(geometry.0) };
        }
        let geometry = match curves::straighten(geometry, self.projection.curve_tolerance()) {
            (geometry, true) => {
                changes.push(format!(
                    "curve made of straight pieces that stand off it by {} m at most",
                    causeway::base::limits::CURVE_TOLERANCE_M
                ));
                geometry
            }
            (geometry, false) => geometry,
        };
        let geometry = surfaces_as_areas(geometry, &mut changes);
        let Valid { geometry, repaired, mut plain } = match make_valid(geometry, &mut self.areas, &mut changes) {
            Ok(valid) => valid,
            Err(fault) => return Read::fault(fault),
        };
        if let Some(transform) = self.projection.transform() {
            plain = None;
            // SAFETY: both handles are live; the geometry is changed in place.
            let failed = unsafe { OGR_G_Transform(geometry.0, transform.to_c_hct()) } != 0;
            if failed {
                errors::take_failure();
                return Read::fault("its coordinates cannot be brought to WGS 84".to_owned());
            }
        }
        let wkb = match plain {
            Some(Plain { wkb, edges }) if !Antimeridian::is_near(edges) => wkb,
            _ => wkb_of(&self.antimeridian.cut(geometry, &mut changes)),
        };
        Read { wkb: Some(wkb), repaired, changes, ..Read::default() }
    }
}

/// A point at 0, 0 is how many programs write that a place is not known.
fn is_null_island(geometry: &Owned) -> bool {
    flat_type(geometry.0) == OGRwkbGeometryType::wkbPoint
        && envelope(geometry.0).is_some_and(|edges| edges.iter().all(|edge| *edge == 0.0))
}

/// West, south, east, north; `None` of an empty geometry.
pub fn envelope(geometry: OGRGeometryH) -> Option<[f64; 4]> {
    let mut envelope = gdal_sys::OGREnvelope { MinX: 0.0, MaxX: 0.0, MinY: 0.0, MaxY: 0.0 };
    // SAFETY: the caller's handle is live.
    unsafe {
        if geometry.is_null() || OGR_G_IsEmpty(geometry) != 0 {
            return None;
        }
        OGR_G_GetEnvelope(geometry, &mut envelope);
    }
    Some([envelope.MinX, envelope.MinY, envelope.MaxX, envelope.MaxY])
}

/// The cutter of what crosses 180 degrees, as RFC 7946 §3.1.9 asks.
struct Antimeridian(gdal_sys::OGRGeomTransformerH);

impl Antimeridian {
    fn new() -> Self {
        let mut options = [c"WRAPDATELINE=YES".as_ptr().cast_mut(), std::ptr::null_mut()];
        // SAFETY: the list of options ends in null; GDAL copies it.
        Antimeridian(unsafe { gdal_sys::OGR_GeomTransformer_Create(std::ptr::null_mut(), options.as_mut_ptr()) })
    }

    /// Whether something between these edges reaches over 180 degrees, or its vertices jump from one side of it
    /// to the other within ten degrees.
    fn is_near([west, _, east, _]: [f64; 4]) -> bool {
        const NEAR_DEG: f64 = 170.0;
        const SLACK_DEG: f64 = 1e-9;
        const FARTHEST_DEG: f64 = 360.0;
        let reaches_over = west < -180.0 - SLACK_DEG || east > 180.0 + SLACK_DEG;
        let jumps = west < -NEAR_DEG && east > NEAR_DEG;
        (reaches_over || jumps) && west >= -FARTHEST_DEG && east <= FARTHEST_DEG
    }

    /// Cuts a geometry that is near.
    fn cut(&self, geometry: Owned, changes: &mut Vec<String>) -> Owned {
        if self.0.is_null() || !envelope(geometry.0).is_some_and(Antimeridian::is_near) {
            return geometry;
        }
        // SAFETY: both handles are live; the answer is a new geometry or null.
        let cut = unsafe { gdal_sys::OGR_GeomTransformer_Transform(self.0, geometry.0) };
        errors::take_failure();
        if cut.is_null() {
            return geometry;
        }
        let cut = Owned(cut);
        // SAFETY: comparing two live geometries changes neither.
        if unsafe { gdal_sys::OGR_G_Equals(cut.0, geometry.0) } == 0 {
            changes.push("cut at the antimeridian".to_owned());
        }
        cut
    }
}

impl Drop for Antimeridian {
    fn drop(&mut self) {
        // SAFETY: the handle is ours alone and is not used again; null is accepted.
        unsafe { gdal_sys::OGR_GeomTransformer_Destroy(self.0) }
    }
}

fn is_area(kind: OGRwkbGeometryType::Type) -> bool {
    matches!(kind, OGRwkbGeometryType::wkbPolygon | OGRwkbGeometryType::wkbMultiPolygon)
}

/// ISO codes put dimensions in the thousands, older ones in the highest bit.
pub fn flat_type(geometry: OGRGeometryH) -> OGRwkbGeometryType::Type {
    const OLD_Z: OGRwkbGeometryType::Type = 0x8000_0000;
    // SAFETY: asking a live handle for its type changes nothing.
    let kind = unsafe { OGR_G_GetGeometryType(geometry) };
    (kind & !OLD_Z) % 1000
}

/// Meshes of triangles and faces become the areas that they are made of.
fn surfaces_as_areas(geometry: Owned, changes: &mut Vec<String>) -> Owned {
    let is_mesh = matches!(
        flat_type(geometry.0),
        OGRwkbGeometryType::wkbPolyhedralSurface | OGRwkbGeometryType::wkbTIN | OGRwkbGeometryType::wkbTriangle
    );
    if !is_mesh {
        return geometry;
    }
    changes.push("faces of a surface made a multipolygon".to_owned());
    let handle = geometry.0;
    std::mem::forget(geometry);
    // SAFETY: GDAL takes the handle over and answers one that is ours.
    Owned(unsafe { OGR_G_ForceToMultiPolygon(handle) })
}

/// Closes the rings of an area that end where they did not begin: it cannot be judged before.
fn close_rings(geometry: &Owned, changes: &mut Vec<String>) {
    // SAFETY: the handle is live; the geometry is changed in place.
    let (before, after) = unsafe {
        let before = OGR_G_WkbSize(geometry.0);
        gdal_sys::OGR_G_CloseRings(geometry.0);
        (before, OGR_G_WkbSize(geometry.0))
    };
    if after > before {
        changes.push("ring closed".to_owned());
    }
}

/// A geometry that is valid, if it is an area.
struct Valid {
    geometry: Owned,
    repaired: Option<Repair>,
    /// Of an area that is valid beyond doubt.
    plain: Option<Plain>,
}

/// An area as well-known binary, and its west, south, east and north.
struct Plain {
    wkb: Vec<u8>,
    edges: [f64; 4],
}

impl Valid {
    fn as_it_was(geometry: Owned, plain: Option<Plain>) -> Self {
        Valid { geometry, repaired: None, plain }
    }
}

/// An invalid area is rebuilt from its rings, each mended alone, as GEOS's structure method does;
/// what is left of it as lines or points is dropped.
fn make_valid(geometry: Owned, areas: &mut AreaTest, changes: &mut Vec<String>) -> Result<Valid, String> {
    if !is_area(flat_type(geometry.0)) {
        return Ok(Valid::as_it_was(geometry, None));
    }
    if let Some(plain) = areas.plainly_valid(&geometry) {
        return Ok(Valid::as_it_was(geometry, Some(plain)));
    }
    close_rings(&geometry, changes);
    let is_finite = |edges: [f64; 4]| edges.iter().all(|edge| edge.is_finite());
    if envelope(geometry.0).is_some_and(|edges| !is_finite(edges)) {
        return Err("a coordinate is not a finite number".to_owned());
    }
    errors::take_warning();
    // SAFETY: live handles; MakeValidEx returns a new geometry or null.
    unsafe {
        if OGR_G_IsEmpty(geometry.0) != 0 || OGR_G_IsValid(geometry.0) != 0 {
            return Ok(Valid::as_it_was(geometry, None));
        }
        let reason = reason_of(&errors::take_warning());
        errors::take_failure();
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
        let repaired = Some(Repair { reason, area_change: change.min(1e9) });
        Ok(Valid { geometry: areas, repaired, plain: None })
    }
}

/// Finds most valid areas valid, many times faster than GEOS does, which then judges the others.
#[derive(Default)]
struct AreaTest {
    shape: Shape,
    shells: Vec<bool>,
    test: TouchTest<f64>,
}

impl AreaTest {
    /// What an area is that is valid beyond doubt; of others it is not known whether they are.
    fn plainly_valid(&mut self, geometry: &Owned) -> Option<Plain> {
        let wkb = wkb_of(geometry);
        self.is_plainly_valid(&wkb).then(|| Plain { wkb, edges: self.shape.bbox().to_array() })
    }

    fn is_plainly_valid(&mut self, wkb: &[u8]) -> bool {
        /// The sweep of some rings takes as long as comparing all their edges with each other.
        const VERTICES_MAX: usize = 10_000;
        let AreaTest { shape, shells, test } = self;
        if shape.read_wkb(wkb).is_err() || shape.points.len() > VERTICES_MAX {
            return false;
        }
        shells.clear();
        shells.extend(shape.polygons().flat_map(|rings| (0..rings.len()).map(|place| place == 0)));
        let mut rings = Vec::with_capacity(shells.len());
        let extras = shape.extras_per_point();
        let height = |vertex: usize| &shape.extras[vertex * extras..(vertex + 1) * extras];
        for run in shape.runs() {
            let closes_in_height = height(run.start) == height(run.end - 1);
            let [corners @ .., closing] = &shape.points[run] else { return false };
            let is_finite = corners.iter().all(|(x, y)| x.is_finite() && y.is_finite());
            if corners.len() < 3 || corners[0] != *closing || !closes_in_height || !is_finite {
                return false;
            }
            rings.push(corners);
        }
        rings.len() == shells.len() && test.is_clean(&rings, shells)
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
