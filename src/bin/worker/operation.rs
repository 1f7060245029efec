//! What PROJ will do to bring a system to WGS 84, and how accurate it is.

use super::proj::{Context, Object};

/// What is known of an operation.
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

impl Operation {
    /// The best one from a system, as a code or as WKT, to WGS 84 around a box in degrees.
    pub fn best(source: &str, area_deg: Option<[f64; 4]>) -> Option<Operation> {
        let context = Context::new();
        let source = context.create(source)?;
        context.operations_to_wgs84(&source, area_deg).first().map(Operation::of)
    }

    pub fn of(operation: &Object<'_>) -> Operation {
        let mut codes: Vec<String> = code_of(operation).into_iter().collect();
        if codes.is_empty() {
            codes.extend(operation.steps().iter().filter_map(code_of));
        }
        Operation {
            name: operation.name(),
            codes,
            accuracy_m: operation.accuracy_m(),
            is_ballpark: operation.is_ballpark(),
        }
    }

    /// `EPSG:1825 (Hong Kong 1980 to WGS 84 (1))`.
    pub fn words(&self) -> String {
        if self.codes.is_empty() { self.name.clone() } else { format!("{} ({})", self.codes.join(", "), self.name) }
    }
}

/// The code of a transformation; a projection or its inverse has one too, which is not wanted.
fn code_of(object: &Object<'_>) -> Option<String> {
    let (authority, code) = object.id()?;
    // `INVERSE(EPSG)` and `DERIVED_FROM(EPSG)` are PROJ's own words.
    let authority = authority.rsplit('(').next().unwrap_or_default().trim_end_matches(')').to_owned();
    object.name().contains(" to ").then(|| format!("{authority}:{code}"))
}

/// China's own datum: the same as WGS 84 to a few centimetres by its definition, though no operation
/// between the two is registered.
const CHINA_2000: &str = "4490";

/// Whether a system stands on China's datum.
pub fn is_on_china_2000(system: &Object<'_>) -> bool {
    let degrees = system.geodetic().and_then(|geodetic| geodetic.id());
    degrees.is_some_and(|(authority, code)| authority == "EPSG" && code == CHINA_2000)
}
