//! `[tiles]`: the grids, what is kept where not all can be shown, and what stands for what is not.

use serde::Deserialize;
use toml::Spanned;

use super::parse::{Place, unknown};
use super::{DefinitionFault, Display};
use crate::base::{Grid, limits};

/// How the layer's tiles are made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TilesDefinition {
    /// The grids that tiles are offered in; absent means those that fit the layer's place.
    pub grids: Option<Vec<Grid>>,
    /// The field whose value says which features are kept where not all can be shown.
    pub priority: Option<String>,
    /// Whether the smallest value is the most important one.
    pub lowest_first: bool,
    /// CQL2 text: features that match are the last to be left out. It is read once the fields are known.
    pub keep: Option<String>,
    pub low_zoom: Option<LowZoomFields>,
    /// Whether a point says how many it stands for.
    pub cluster: bool,
}

/// Fields that are enough for a map of a whole city.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LowZoomFields {
    /// The last zoom at which tiles hold these fields alone.
    pub zoom: u8,
    pub fields: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTiles {
    grids: Option<Spanned<Vec<Spanned<String>>>>,
    priority: Option<String>,
    first: Option<Spanned<String>>,
    keep: Option<Spanned<String>>,
    low_zoom: Option<Spanned<i64>>,
    low_zoom_fields: Option<Spanned<Vec<String>>>,
    #[serde(default)]
    cluster: bool,
}

pub(super) fn read(place: &Place, raw: RawTiles, display: &Display) -> Result<TilesDefinition, DefinitionFault> {
    let lowest_first = match &raw.first {
        None => false,
        Some(first) if raw.priority.is_none() => {
            return Err(place.fault(&first.span(), "first needs priority beside it"));
        }
        Some(first) => match first.get_ref().as_str() {
            "highest" => false,
            "lowest" => true,
            _ => return Err(unknown(place, "first", first, &["highest", "lowest"])),
        },
    };
    if let Some(keep) = raw.keep.as_ref().filter(|keep| keep.get_ref().trim().is_empty()) {
        return Err(place.fault(&keep.span(), "keep is empty; it takes a CQL2 filter such as kind = 'airport'"));
    }
    Ok(TilesDefinition {
        grids: raw.grids.map(|named| grids(place, named)).transpose()?,
        priority: raw.priority,
        lowest_first,
        keep: raw.keep.map(Spanned::into_inner),
        low_zoom: low_zoom(place, raw.low_zoom, raw.low_zoom_fields, display)?,
        cluster: raw.cluster,
    })
}

fn grids(place: &Place, grids: Spanned<Vec<Spanned<String>>>) -> Result<Vec<Grid>, DefinitionFault> {
    if grids.get_ref().is_empty() {
        return Err(place.fault(&grids.span(), format!("grids names none; known are {}", Grid::names())));
    }
    let named = grids
        .into_inner()
        .into_iter()
        .map(|name| name.get_ref().parse::<Grid>().map_err(|message| place.fault(&name.span(), message)));
    let mut named = named.collect::<Result<Vec<_>, _>>()?;
    named.sort();
    named.dedup();
    Ok(named)
}

fn low_zoom(
    place: &Place,
    zoom: Option<Spanned<i64>>,
    fields: Option<Spanned<Vec<String>>>,
    display: &Display,
) -> Result<Option<LowZoomFields>, DefinitionFault> {
    let (zoom, fields) = match (zoom, fields) {
        (None, None) => return Ok(None),
        (Some(zoom), Some(fields)) => (zoom, fields),
        (Some(zoom), None) => {
            return Err(place.fault(&zoom.span(), "low_zoom needs low_zoom_fields beside it, a list of fields"));
        }
        (None, Some(fields)) => {
            let message = "low_zoom_fields needs low_zoom beside it, the last zoom that has these fields alone";
            return Err(place.fault(&fields.span(), message));
        }
    };
    let accepted = u8::try_from(*zoom.get_ref()).ok().filter(|zoom| *zoom <= limits::ZOOM_MAX);
    let zoom = accepted.ok_or_else(|| {
        place.fault(
            &zoom.span(),
            format!("low_zoom is {}; it takes a zoom from 0 to {}", zoom.get_ref(), limits::ZOOM_MAX),
        )
    })?;
    // Without it the derived style would colour every feature as none of the classes.
    if let Some(category) = display.category.names().find(|name| !fields.get_ref().iter().any(|field| field == name)) {
        let message = format!("low_zoom_fields lacks \"{category}\", by which [display] category colours the map");
        return Err(place.fault(&fields.span(), message));
    }
    Ok(Some(LowZoomFields { zoom, fields: fields.into_inner() }))
}
