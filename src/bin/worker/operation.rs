//! What PROJ will do to bring a system to WGS 84, and how accurate it is. The crate for GDAL does
//! not say; PROJ, which GDAL stands on, does.

use std::ffi::{CStr, CString, c_char, c_double, c_int, c_void};

/// What is known of the best operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    pub name: String,
    /// Codes of the steps that change the datum, such as `EPSG:1825`.
    pub codes: Vec<String>,
    /// `None` where PROJ does not know it, as for a mere projection.
    pub accuracy_m: Option<f64>,
    /// The datum is not changed, because nobody registered how.
    pub is_ballpark: bool,
}

#[link(name = "proj")]
unsafe extern "C" {
    fn proj_context_create() -> *mut c_void;
    fn proj_context_destroy(context: *mut c_void);
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
    fn proj_list_get(context: *mut c_void, list: *mut c_void, place: c_int) -> *mut c_void;
    fn proj_list_destroy(list: *mut c_void);
    fn proj_get_name(object: *mut c_void) -> *const c_char;
    fn proj_get_id_auth_name(object: *mut c_void, place: c_int) -> *const c_char;
    fn proj_get_id_code(object: *mut c_void, place: c_int) -> *const c_char;
    fn proj_coordoperation_get_accuracy(context: *mut c_void, operation: *mut c_void) -> c_double;
    fn proj_coordoperation_has_ballpark_transformation(context: *mut c_void, operation: *mut c_void) -> c_int;
    fn proj_concatoperation_get_step_count(context: *mut c_void, operation: *mut c_void) -> c_int;
    fn proj_concatoperation_get_step(context: *mut c_void, operation: *mut c_void, place: c_int) -> *mut c_void;
    fn proj_log_level(context: *mut c_void, level: c_int) -> c_int;
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

/// The best operation from a system, as a code or as WKT, to WGS 84 around a box in degrees.
pub fn best(source: &str, area_deg: Option<[f64; 4]>) -> Option<Operation> {
    const PARTIAL_INTERSECTION: c_int = 1;
    const WITHOUT_MISSING_GRIDS: c_int = 1;
    const SILENT: c_int = 0;
    let definition = CString::new(source).ok()?;
    // SAFETY: every pointer is checked before use and freed by its owner, in the reverse order.
    unsafe {
        let context = Owned(proj_context_create(), proj_context_destroy);
        proj_log_level(context.0, SILENT);
        let source = Owned(proj_create(context.0, definition.as_ptr()), proj_destroy);
        let target = Owned(proj_create(context.0, c"EPSG:4326".as_ptr()), proj_destroy);
        let factory = Owned(
            proj_create_operation_factory_context(context.0, std::ptr::null()),
            proj_operation_factory_context_destroy,
        );
        if [&source, &target, &factory].iter().any(|owned| owned.0.is_null()) {
            return None;
        }
        proj_operation_factory_context_set_spatial_criterion(context.0, factory.0, PARTIAL_INTERSECTION);
        proj_operation_factory_context_set_grid_availability_use(context.0, factory.0, WITHOUT_MISSING_GRIDS);
        if let Some([west, south, east, north]) = area_deg {
            proj_operation_factory_context_set_area_of_interest(context.0, factory.0, west, south, east, north);
        }
        let list = Owned(proj_create_operations(context.0, source.0, target.0, factory.0), proj_list_destroy);
        if list.0.is_null() {
            return None;
        }
        let operation = Owned(proj_list_get(context.0, list.0, 0), proj_destroy);
        (!operation.0.is_null()).then(|| describe(context.0, operation.0))
    }
}

unsafe fn describe(context: *mut c_void, operation: *mut c_void) -> Operation {
    // SAFETY: the caller's pointers are live; texts are copied before the next call.
    unsafe {
        let accuracy = proj_coordoperation_get_accuracy(context, operation);
        let mut codes = Vec::new();
        if let Some(code) = code_of(operation) {
            codes.push(code);
        } else {
            for place in 0..proj_concatoperation_get_step_count(context, operation) {
                let step = Owned(proj_concatoperation_get_step(context, operation, place), proj_destroy);
                codes.extend(Some(step.0).filter(|step| !step.is_null()).and_then(|step| code_of(step)));
            }
        }
        Operation {
            name: text(proj_get_name(operation)).unwrap_or_default(),
            codes,
            accuracy_m: (accuracy >= 0.0).then_some(accuracy),
            is_ballpark: proj_coordoperation_has_ballpark_transformation(context, operation) != 0,
        }
    }
}

/// The code of a transformation; a projection or its inverse has one too, which is not wanted.
unsafe fn code_of(object: *mut c_void) -> Option<String> {
    // SAFETY: as above.
    let (authority, code, name) = unsafe {
        (text(proj_get_id_auth_name(object, 0))?, text(proj_get_id_code(object, 0))?, text(proj_get_name(object))?)
    };
    // `INVERSE(EPSG)` and `DERIVED_FROM(EPSG)` are PROJ's own words.
    let authority = authority.rsplit('(').next().unwrap_or_default().trim_end_matches(')').to_owned();
    name.contains(" to ").then(|| format!("{authority}:{code}"))
}

unsafe fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: PROJ's texts end in zero and live as long as their object.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}
