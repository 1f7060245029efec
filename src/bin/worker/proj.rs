//! What of PROJ the crate for GDAL does not reach: systems with their axes, and the operations
//! between them. GDAL stands on the same library.

use std::ffi::{CStr, CString, c_char, c_double, c_int, c_void};

/// A point of four coordinates, of which the first two are of interest.
#[repr(C)]
#[derive(Clone, Copy)]
struct Coordinates([c_double; 4]);

#[link(name = "proj")]
unsafe extern "C" {
    fn proj_context_create() -> *mut c_void;
    fn proj_context_destroy(context: *mut c_void);
    fn proj_log_level(context: *mut c_void, level: c_int) -> c_int;
    fn proj_create(context: *mut c_void, definition: *const c_char) -> *mut c_void;
    fn proj_destroy(object: *mut c_void);
    fn proj_create_operation_factory_context(context: *mut c_void, authority: *const c_char) -> *mut c_void;
    fn proj_operation_factory_context_destroy(factory: *mut c_void);
    fn proj_operation_factory_context_set_spatial_criterion(context: *mut c_void, factory: *mut c_void, which: c_int);
    fn proj_operation_factory_context_set_grid_availability_use(
        context: *mut c_void,
        factory: *mut c_void,
        which: c_int,
    );
    fn proj_operation_factory_context_set_area_of_interest(
        context: *mut c_void,
        factory: *mut c_void,
        west: c_double,
        south: c_double,
        east: c_double,
        north: c_double,
    );
    fn proj_create_operations(
        context: *mut c_void,
        source: *mut c_void,
        target: *mut c_void,
        factory: *mut c_void,
    ) -> *mut c_void;
    fn proj_list_get_count(list: *const c_void) -> c_int;
    fn proj_list_get(context: *mut c_void, list: *mut c_void, place: c_int) -> *mut c_void;
    fn proj_list_destroy(list: *mut c_void);
    fn proj_get_name(object: *mut c_void) -> *const c_char;
    fn proj_get_id_auth_name(object: *mut c_void, place: c_int) -> *const c_char;
    fn proj_get_id_code(object: *mut c_void, place: c_int) -> *const c_char;
    fn proj_as_proj_string(
        context: *mut c_void,
        object: *mut c_void,
        version: c_int,
        options: *const *const c_char,
    ) -> *const c_char;
    fn proj_coordoperation_get_accuracy(context: *mut c_void, operation: *mut c_void) -> c_double;
    fn proj_coordoperation_has_ballpark_transformation(context: *mut c_void, operation: *mut c_void) -> c_int;
    fn proj_concatoperation_get_step_count(context: *mut c_void, operation: *mut c_void) -> c_int;
    fn proj_concatoperation_get_step(context: *mut c_void, operation: *mut c_void, place: c_int) -> *mut c_void;
    fn proj_normalize_for_visualization(context: *mut c_void, operation: *mut c_void) -> *mut c_void;
    fn proj_trans(operation: *mut c_void, direction: c_int, point: Coordinates) -> Coordinates;
    fn proj_crs_get_geodetic_crs(context: *mut c_void, crs: *mut c_void) -> *mut c_void;
    fn proj_crs_get_coordinate_system(context: *mut c_void, crs: *mut c_void) -> *mut c_void;
    fn proj_cs_get_axis_count(context: *mut c_void, axes: *mut c_void) -> c_int;
    fn proj_cs_get_axis_info(
        context: *mut c_void,
        axes: *mut c_void,
        place: c_int,
        name: *mut *const c_char,
        abbreviation: *mut *const c_char,
        direction: *mut *const c_char,
        unit_factor: *mut c_double,
        unit_name: *mut *const c_char,
        unit_authority: *mut *const c_char,
        unit_code: *mut *const c_char,
    ) -> c_int;
}

/// A PROJ object, freed when it goes out of use.
struct Owned(*mut c_void, unsafe extern "C" fn(*mut c_void));

impl Drop for Owned {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: the pointer is PROJ's, ours alone, and goes to the function made for it.
            unsafe { (self.1)(self.0) }
        }
    }
}

/// Where PROJ keeps its state; everything made in it ends before it.
pub struct Context(Owned);

/// A system or an operation.
pub struct Object<'a> {
    owned: Owned,
    context: &'a Context,
}

/// Which of PROJ's texts is wanted.
#[derive(Clone, Copy)]
pub enum ProjText {
    /// An operation, as a pipeline.
    Pipeline = 0,
    /// A system without its datum's name, as programs before PROJ 5 have it.
    System = 1,
}

/// One axis of a system.
pub struct Axis {
    /// `east`, `north` …
    pub direction: String,
    /// Its unit in metres or radians.
    pub unit_factor: f64,
    pub unit_name: String,
}

impl Context {
    pub fn new() -> Self {
        const SILENT: c_int = 0;
        // SAFETY: PROJ takes a null context for its default one, so that a failure here does no harm.
        unsafe {
            let context = Owned(proj_context_create(), proj_context_destroy);
            proj_log_level(context.0, SILENT);
            Context(context)
        }
    }

    /// A system by a code such as `EPSG:2326`, or by its WKT.
    pub fn create(&self, definition: &str) -> Option<Object<'_>> {
        let definition = CString::new(definition).ok()?;
        // SAFETY: both pointers are live.
        self.own(unsafe { proj_create(self.0.0, definition.as_ptr()) })
    }

    fn own(&self, pointer: *mut c_void) -> Option<Object<'_>> {
        let owned = Owned(pointer, proj_destroy);
        (!pointer.is_null()).then_some(Object { owned, context: self })
    }

    /// The operations from a system to WGS 84 around a box in degrees, the best first; none that lacks a grid.
    pub fn operations_to_wgs84(&self, source: &Object<'_>, area_deg: Option<[f64; 4]>) -> Vec<Object<'_>> {
        const PARTIAL_INTERSECTION: c_int = 1;
        const WITHOUT_MISSING_GRIDS: c_int = 1;
        let Some(target) = self.create("EPSG:4326") else { return Vec::new() };
        // SAFETY: every pointer is checked before use and freed by its owner.
        unsafe {
            let factory = Owned(
                proj_create_operation_factory_context(self.0.0, std::ptr::null()),
                proj_operation_factory_context_destroy,
            );
            if factory.0.is_null() {
                return Vec::new();
            }
            proj_operation_factory_context_set_spatial_criterion(self.0.0, factory.0, PARTIAL_INTERSECTION);
            proj_operation_factory_context_set_grid_availability_use(self.0.0, factory.0, WITHOUT_MISSING_GRIDS);
            if let Some([west, south, east, north]) = area_deg {
                proj_operation_factory_context_set_area_of_interest(self.0.0, factory.0, west, south, east, north);
            }
            let made = proj_create_operations(self.0.0, source.owned.0, target.owned.0, factory.0);
            let list = Owned(made, proj_list_destroy);
            if list.0.is_null() {
                return Vec::new();
            }
            let places = 0..proj_list_get_count(list.0);
            places.filter_map(|place| self.own(proj_list_get(self.0.0, list.0, place))).collect()
        }
    }
}

impl<'a> Object<'a> {
    pub fn name(&self) -> String {
        // SAFETY: the pointer is live, and the text is copied at once.
        text(unsafe { proj_get_name(self.owned.0) }).unwrap_or_default()
    }

    /// Authority and code, where it is registered.
    pub fn id(&self) -> Option<(String, String)> {
        // SAFETY: as above.
        unsafe { Some((text(proj_get_id_auth_name(self.owned.0, 0))?, text(proj_get_id_code(self.owned.0, 0))?)) }
    }

    pub fn proj_text(&self, which: ProjText) -> Option<String> {
        // SAFETY: as above; no options is what null means.
        text(unsafe { proj_as_proj_string(self.context.0.0, self.owned.0, which as c_int, std::ptr::null()) })
    }

    /// `None` where nobody says.
    pub fn accuracy_m(&self) -> Option<f64> {
        // SAFETY: the pointers are live.
        let accuracy = unsafe { proj_coordoperation_get_accuracy(self.context.0.0, self.owned.0) };
        (accuracy >= 0.0).then_some(accuracy)
    }

    pub fn is_ballpark(&self) -> bool {
        // SAFETY: the pointers are live.
        unsafe { proj_coordoperation_has_ballpark_transformation(self.context.0.0, self.owned.0) != 0 }
    }

    /// The steps of an operation that has several.
    pub fn steps(&self) -> Vec<Object<'a>> {
        // SAFETY: the pointers are live; a step is ours to free.
        unsafe {
            let places = 0..proj_concatoperation_get_step_count(self.context.0.0, self.owned.0);
            let step = |place| self.context.own(proj_concatoperation_get_step(self.context.0.0, self.owned.0, place));
            places.filter_map(step).collect()
        }
    }

    /// The operation with every first coordinate to the east, in degrees or metres.
    pub fn east_first(&self) -> Option<Object<'a>> {
        // SAFETY: the pointers are live; what comes is ours to free.
        self.context.own(unsafe { proj_normalize_for_visualization(self.context.0.0, self.owned.0) })
    }

    /// Where an operation, turned round, brings a point; not finite where it has no answer.
    pub fn transform_inverse(&self, (x, y): (f64, f64)) -> (f64, f64) {
        const INVERSE: c_int = -1;
        // SAFETY: the pointer is live; the point goes by value.
        let Coordinates([x, y, ..]) = unsafe { proj_trans(self.owned.0, INVERSE, Coordinates([x, y, 0.0, 0.0])) };
        (x, y)
    }

    /// The system of degrees that a projected one stands on.
    pub fn geodetic(&self) -> Option<Object<'a>> {
        // SAFETY: the pointers are live; what comes is ours to free.
        self.context.own(unsafe { proj_crs_get_geodetic_crs(self.context.0.0, self.owned.0) })
    }

    /// The axes of a system in its authority's order; none of one of several parts.
    pub fn axes(&self) -> Vec<Axis> {
        // SAFETY: the pointers are live; what comes is ours to free.
        let made = unsafe { proj_crs_get_coordinate_system(self.context.0.0, self.owned.0) };
        let Some(axes) = self.context.own(made) else { return Vec::new() };
        // SAFETY: as above.
        let count = unsafe { proj_cs_get_axis_count(self.context.0.0, axes.owned.0) };
        (0..count).filter_map(|place| axes.axis(place)).collect()
    }

    fn axis(&self, place: c_int) -> Option<Axis> {
        let (mut direction, mut unit_name) = (std::ptr::null(), std::ptr::null());
        let mut unit_factor = 0.0;
        // SAFETY: PROJ fills what is not null, with texts that live as long as the axes.
        unsafe {
            let is_known = proj_cs_get_axis_info(
                self.context.0.0,
                self.owned.0,
                place,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                &mut direction,
                &mut unit_factor,
                &mut unit_name,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            );
            (is_known != 0).then_some(())?;
        }
        Some(Axis { direction: text(direction)?, unit_factor, unit_name: text(unit_name)? })
    }
}

fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: PROJ's texts end in zero and live as long as their object.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}
