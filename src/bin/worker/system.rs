//! Which coordinate system a source is in: what the definition says, what the file says, or what
//! its numbers can only be; and whether the numbers contradict it.

use causeway::intake::delivery::Format;
use causeway::intake::delivery::protocol::{WorkerRequest, WorkerSource};
use gdal::Dataset;
use gdal::spatial_ref::SpatialRef;

use super::Stop;
use super::projection::{Allowed, Projection, says_nothing};
use super::reach::Reach;

/// A way to CRS84, and whether the file's axes have to be exchanged first.
pub struct System {
    pub projection: Projection,
    pub swaps_axes: bool,
}

/// Finds the system of a layer with geometry.
pub fn of_layer(
    dataset: &Dataset,
    layer: usize,
    declared: Option<SpatialRef>,
    source: &WorkerSource,
    request: &WorkerRequest,
    notes: &mut Vec<String>,
) -> Result<System, Stop> {
    let allowed = Allowed { ballpark: request.allows_ballpark };
    let refused = |message: String| Stop::Refused(format!("{}: {message}", source.shown));
    let declared = declared.filter(|reference| !says_nothing(reference));
    if request.crs.is_none() && is_json(source.format) && !is_declared(declared.as_ref(), source.format) {
        let reach = Reach::of_undeclared(dataset, layer).map_err(refused)?;
        return undeclared_json(&reach, allowed, source).map(System::as_it_stands);
    }
    let projection = match (&request.crs, declared) {
        (Some(crs), _) => Projection::from_name(crs, "declared in the definition", allowed, &source.shown)?,
        (None, Some(reference)) => {
            Projection::from_reference(reference, by_whom(source.format), allowed, &source.shown)?
        }
        (None, None) if source.format == Format::Dxf => return Err(nobody_says(source, None)),
        (None, None) => {
            let reach = Reach::of(dataset, layer, usize::MAX).map_err(refused)?;
            return recognised(&reach, allowed, source).map(System::as_it_stands);
        }
    };
    // OSM has no way to write anything but degrees, and its first features cost nearly all of it.
    if source.format == Format::Osm {
        return Ok(System::as_it_stands(projection));
    }
    let reach = Reach::of_sample(dataset, layer).map_err(refused)?;
    judge(projection, &reach, source, request.crs.is_some(), notes)
}

impl System {
    pub fn as_it_stands(projection: Projection) -> Self {
        System { projection, swaps_axes: false }
    }
}

fn is_json(format: Format) -> bool {
    matches!(format, Format::GeoJson | Format::GeoJsonSeq | Format::TopoJson)
}

/// GDAL calls any GeoJSON without a `crs` WGS 84, so that this is no declaration.
fn is_declared(reference: Option<&SpatialRef>, format: Format) -> bool {
    let code = reference.and_then(|reference| reference.auth_code().ok());
    reference.is_some() && (!is_json(format) || code.is_some_and(|code| code != 4326))
}

fn by_whom(format: Format) -> &'static str {
    match format {
        Format::GeoJson => "declared by the file's crs member",
        Format::Shapefile => "declared by the .prj",
        format if format.fixes_crs84() => "by format",
        _ => "declared by the file",
    }
}

fn nobody_says(source: &WorkerSource, reach: Option<&Reach>) -> Stop {
    let where_it_lies = reach.map(|reach| format!("; {}", reach.words())).unwrap_or_default();
    Stop::Refused(format!(
        "{}: it does not say its coordinate system{where_it_lies}; name it in the definition, such as crs = \"EPSG:2326\"",
        source.shown
    ))
}

/// A source that says nothing: the HK1980 Grid or degrees in Hong Kong, if all its numbers are.
pub fn recognised(reach: &Reach, allowed: Allowed, source: &WorkerSource) -> Result<Projection, Stop> {
    let how = |what: &str| format!("recognised: nothing is declared, and all coordinates lie in the range of {what}");
    if reach.is_hk1980_grid() {
        return Projection::from_name("EPSG:2326", &how("the HK1980 Grid"), allowed, &source.shown);
    }
    if reach.is_hong_kong_degrees() {
        return Projection::from_name("EPSG:4326", &how("WGS 84 degrees in Hong Kong"), allowed, &source.shown);
    }
    Err(nobody_says(source, Some(reach).filter(|reach| reach.located > 0)))
}

/// GeoJSON and its kin are CRS84 by format; numbers that are all in the HK1980 Grid are not. Where
/// only some are no degrees, each of those is rejected by itself.
fn undeclared_json(reach: &Reach, allowed: Allowed, source: &WorkerSource) -> Result<Projection, Stop> {
    if reach.located == 0 || reach.in_degrees > 0 {
        return Ok(Projection::none_by_format());
    }
    if reach.is_hk1980_grid() {
        let how = "recognised: all coordinates lie in the range of the HK1980 Grid";
        return Projection::from_name("EPSG:2326", how, allowed, &source.shown);
    }
    let [west, south, east, north] = reach.edges;
    if south >= -180.0 && north <= 360.0 && west >= -90.0 && east <= 90.0 {
        return Err(Stop::Refused(format!(
            "{}: {}, which are degrees only with latitude first; write longitude first, as GeoJSON asks",
            source.shown,
            reach.words()
        )));
    }
    Err(Stop::Refused(format!(
        "{}: {}, which are not degrees; name its coordinate system in the definition, such as crs = \"EPSG:2326\"",
        source.shown,
        reach.words()
    )))
}

/// Compares the numbers with where the declared system may be used. Where they fit only with
/// axes exchanged, a GML is read so, because its writers disagree about the order; any other
/// file is refused with what is likely.
fn judge(
    projection: Projection,
    reach: &Reach,
    source: &WorkerSource,
    is_defined: bool,
    notes: &mut Vec<String>,
) -> Result<System, Stop> {
    let Some(area) = projection.area_of_use.filter(|_| !reach.middles.is_empty()) else {
        return Ok(System::as_it_stands(projection));
    };
    let fitting = |swap: bool| {
        reach
            .middles
            .iter()
            .filter(|(x, y)| {
                let (x, y) = if swap { (*y, *x) } else { (*x, *y) };
                projection.point(x, y).is_some_and(|place| lies_in(place, area))
            })
            .count()
    };
    let (as_it_stands, swapped) = (fitting(false), fitting(true));
    super::errors::take_failure();
    let most = |count: usize| count * 10 >= reach.middles.len() * 9;
    if as_it_stands > 0 && !(swapped > as_it_stands && most(swapped) && source.format == Format::Gml) {
        return Ok(System::as_it_stands(projection));
    }
    let refused = |likely: &str| {
        Err(Stop::Refused(format!(
            "{}: {}, which contradicts {}; {likely}",
            source.shown,
            reach.words(),
            projection.crs
        )))
    };
    if most(swapped) && source.format == Format::Gml {
        notes.push(format!("the order of its axes is not the one of {}; they were exchanged", projection.crs));
        return Ok(System { projection, swaps_axes: true });
    }
    if most(swapped) {
        return refused("its two coordinates seem to be exchanged: write easting or longitude first");
    }
    if reach.is_hk1980_grid() {
        return refused("they are in the range of the HK1980 Grid: declare crs = \"EPSG:2326\"");
    }
    if reach.is_hong_kong_degrees() {
        return refused("they are degrees in Hong Kong: declare crs = \"EPSG:4326\" or \"EPSG:4611\"");
    }
    if projection.transform().is_none() && reach.in_degrees == 0 {
        return refused("they are no degrees: declare the system that they are in");
    }
    let by = if is_defined { "the definition's" } else { "the file's" };
    notes.push(format!(
        "none of the places looked at lie where {by} coordinate system {} is meant to be used",
        projection.crs
    ));
    Ok(System::as_it_stands(projection))
}

/// In the area, or around it by half its size: data often reaches a little over.
fn lies_in((lon, lat): (f64, f64), [west, south, east, north]: [f64; 4]) -> bool {
    const WORLD: [f64; 4] = [-180.0, -90.0, 180.0, 90.0];
    if [west, south, east, north] == WORLD {
        return (-180.0..=360.0).contains(&lon) && (-90.0..=90.0).contains(&lat);
    }
    let crosses_180 = west > east;
    let (margin_x, margin_y) = ((east - west).abs() / 2.0, (north - south) / 2.0);
    let in_lat = (south - margin_y..=north + margin_y).contains(&lat);
    in_lat && (crosses_180 || (west - margin_x..=east + margin_x).contains(&lon))
}

/// The system of well-known text in a workbook: only the definition can say it.
pub fn of_table_text(request: &WorkerRequest, source: &WorkerSource) -> Result<Projection, Stop> {
    match &request.crs {
        Some(crs) => Projection::from_name(
            crs,
            "declared in the definition",
            Allowed { ballpark: request.allows_ballpark },
            &source.shown,
        ),
        None => Err(nobody_says(source, None)),
    }
}
