//! GDAL's errors, collected instead of printed: any of level Failure fails the delivery.

use std::sync::{Mutex, PoisonError};

use gdal::errors::CplErrType;

#[derive(Default)]
struct Collected {
    failures: Vec<String>,
    last_warning: String,
    lost_a_geometry: bool,
}

static COLLECTED: Mutex<Collected> =
    Mutex::new(Collected { failures: Vec::new(), last_warning: String::new(), lost_a_geometry: false });

/// Collects from here on.
pub fn collect() {
    /// Failures kept: the first ones tell the cause.
    const KEPT: usize = 20;
    gdal::config::set_error_handler(|level, _number, message| {
        let mut collected = COLLECTED.lock().unwrap_or_else(PoisonError::into_inner);
        match level {
            CplErrType::Failure | CplErrType::Fatal if collected.failures.len() < KEPT => {
                collected.failures.push(message.replace('\n', " "));
            }
            CplErrType::Warning => collected.last_warning = message.replace('\n', " "),
            CplErrType::Debug => collected.lost_a_geometry |= message.contains("NULL geometry assigned"),
            _ => {}
        }
    });
}

/// The first failure since the last call.
pub fn take_failure() -> Option<String> {
    let mut collected = COLLECTED.lock().unwrap_or_else(PoisonError::into_inner);
    let first = collected.failures.first().cloned();
    collected.failures.clear();
    first
}

/// The last warning since the last call.
pub fn take_warning() -> String {
    let mut collected = COLLECTED.lock().unwrap_or_else(PoisonError::into_inner);
    std::mem::take(&mut collected.last_warning)
}

/// Whether the reader of GeoJSON met a geometry of a type that it does not know: it says so to those who
/// watch it work, and to nobody else.
pub fn lost_a_geometry() -> bool {
    COLLECTED.lock().unwrap_or_else(PoisonError::into_inner).lost_a_geometry
}
