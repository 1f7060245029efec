//! `[features]`: how features are offered beyond what every layer offers.

use serde::Deserialize;
use toml::Spanned;

use super::DefinitionFault;
use super::parse::Place;
use crate::base::ids::cut;
use crate::crs::System;

/// Systems that one definition may add: each is one more in every list of them.
const ADDED_MAX: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawFeatures {
    #[serde(default)]
    crs: Vec<Spanned<String>>,
}

/// Numbers of the systems that a definition adds, in its order. Whether EPSG knows them is found at ingest.
pub(super) fn read(place: &Place, raw: Option<RawFeatures>) -> Result<Vec<u32>, DefinitionFault> {
    let mut numbers = Vec::new();
    for name in raw.map(|raw| raw.crs).unwrap_or_default() {
        let fault = |why: &str| place.fault(&name.span(), format!("crs \"{}\" {why}", cut(name.get_ref())));
        let number: u32 = name
            .get_ref()
            .strip_prefix("EPSG:")
            .and_then(|number| number.parse().ok())
            .ok_or_else(|| fault("is not the name of a system of EPSG, such as EPSG:32650"))?;
        if System::ALL.iter().any(|system| system.epsg() == Some(number)) {
            return Err(fault("is offered for every layer that lies where it reaches; leave it out"));
        }
        if numbers.contains(&number) {
            return Err(fault("stands there twice"));
        }
        numbers.push(number);
        if numbers.len() > ADDED_MAX {
            return Err(fault(&format!("is one too many: a definition may add {ADDED_MAX}")));
        }
    }
    Ok(numbers)
}
