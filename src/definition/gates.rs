//! `[gates]`: what a department asks of its own delivery before it may be published.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::DefinitionFault;
use super::parse::Place;
use crate::base::BBox;

/// Checks beyond those that every revision passes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gates {
    /// Fewest and most features.
    pub features: Option<(u64, u64)>,
    /// Fields that every feature fills.
    pub required: Vec<String>,
    /// Fields in which no value occurs twice.
    pub unique: Vec<String>,
    /// Fields whose values come from a list.
    pub values: BTreeMap<String, Vec<String>>,
    /// The box in which every feature lies.
    pub extent: Option<BBox>,
    /// Largest share of features, in percent of those kept, whose geometry had to be made valid.
    pub repaired_percent: Option<f64>,
    /// Largest share of features, in percent of those read, that may be rejected.
    pub rejected_percent: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawGates {
    features: Option<Spanned<(u64, u64)>>,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    unique: Vec<String>,
    #[serde(default)]
    values: BTreeMap<String, Vec<String>>,
    extent: Option<Spanned<[f64; 4]>>,
    repaired_percent: Option<Spanned<f64>>,
    rejected_percent: Option<Spanned<f64>>,
}

impl Gates {
    /// Every field that a gate speaks of.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let lists = self.required.iter().chain(&self.unique);
        lists.chain(self.values.keys()).map(String::as_str)
    }
}

pub(super) fn read(place: &Place, raw: RawGates) -> Result<Gates, DefinitionFault> {
    if let Some(features) = &raw.features
        && features.get_ref().0 > features.get_ref().1
    {
        return Err(place.fault(&features.span(), "features is [fewest, most], and fewest is the smaller"));
    }
    if let Some(extent) = &raw.extent {
        let [west, south, east, north] = *extent.get_ref();
        let is_sound = [west, south, east, north].iter().all(|edge| edge.is_finite()) && west < east && south < north;
        if !is_sound {
            return Err(place.fault(&extent.span(), "extent is [west, south, east, north] in degrees"));
        }
    }
    for (name, percent) in [("repaired_percent", &raw.repaired_percent), ("rejected_percent", &raw.rejected_percent)] {
        if let Some(percent) = percent
            && !(0.0..100.0).contains(percent.get_ref())
        {
            let message = format!("{name} {} is not from 0 to under 100", percent.get_ref());
            return Err(place.fault(&percent.span(), message));
        }
    }
    Ok(Gates {
        features: raw.features.map(Spanned::into_inner),
        required: raw.required,
        unique: raw.unique,
        values: raw.values,
        extent: raw.extent.map(|extent| BBox::from(extent.into_inner())),
        repaired_percent: raw.repaired_percent.map(Spanned::into_inner),
        rejected_percent: raw.rejected_percent.map(Spanned::into_inner),
    })
}
