//! `[[control_points]]`: features whose place somebody knows, against which the whole delivery is
//! held.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::DefinitionFault;
use super::parse::Place;
use crate::base::limits;
use crate::crs;

/// One feature and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct ControlPoint {
    /// The fields that tell the feature, with their values as text.
    pub feature: BTreeMap<String, String>,
    /// Easting and northing in metres of the HK1980 Grid.
    pub place: (f64, f64),
    /// How far from it the feature may lie.
    pub tolerance_m: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawControlPoint {
    feature: BTreeMap<String, String>,
    easting: Option<f64>,
    northing: Option<f64>,
    longitude: Option<f64>,
    latitude: Option<f64>,
    tolerance_m: Option<f64>,
}

pub(super) fn read(place: &Place, raw: Spanned<RawControlPoint>) -> Result<ControlPoint, DefinitionFault> {
    let span = raw.span();
    let fault = |message: &str| place.fault(&span, format!("a control point {message}"));
    let raw = raw.into_inner();
    if raw.feature.is_empty() {
        return Err(fault("names no field; tell its feature by feature = { \"Station\" = \"42\" }"));
    }
    let known = match (raw.easting, raw.northing, raw.longitude, raw.latitude) {
        (Some(easting_m), Some(northing_m), None, None) => {
            crs::from_hk1980_grid(easting_m, northing_m).and_then(|(lon, lat)| crs::to_hk1980_grid(lon, lat))
        }
        (None, None, Some(lon_deg), Some(lat_deg)) => crs::to_hk1980_grid(lon_deg, lat_deg),
        _ => return Err(fault("takes either easting and northing, or longitude and latitude")),
    };
    let known = known.ok_or_else(|| fault("is not in or near Hong Kong"))?;
    let tolerance_m = raw.tolerance_m.unwrap_or(limits::DISAGREEMENT_M);
    if !(tolerance_m.is_finite() && tolerance_m > 0.0) {
        return Err(fault("takes a tolerance_m above 0"));
    }
    Ok(ControlPoint { feature: raw.feature, place: known, tolerance_m })
}
