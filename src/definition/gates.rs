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
    /// Largest share of features, from 0 to 1, whose geometry had to be made valid.
    pub repaired_share_max: Option<f64>,
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
    repaired_share_max: Option<Spanned<f64>>,
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
    if let Some(share) = &raw.repaired_share_max
        && !(0.0..=1.0).contains(share.get_ref())
    {
        return Err(place.fault(&share.span(), "repaired_share_max is a share from 0 to 1"));
    }
    Ok(Gates {
        features: raw.features.map(Spanned::into_inner),
        required: raw.required,
        unique: raw.unique,
        values: raw.values,
        extent: raw.extent.map(|extent| BBox::from(extent.into_inner())),
        repaired_share_max: raw.repaired_share_max.map(Spanned::into_inner),
    })
}
