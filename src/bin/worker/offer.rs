//! The third mode: what PROJ knows of systems that a definition adds, in a form that the server computes
//! without PROJ, tried against PROJ itself over the layer's extent.

use causeway::base::BBox;
use causeway::base::ids::cut;
use causeway::crs::{AddedSystem, Axes, System, SystemDeclaration};
use causeway::intake::delivery::protocol::Frame;
use causeway::intake::offered::OfferRequest;

use super::operation::{Operation, is_on_china_2000};
use super::proj::{Axis, Context, Object, ProjText};
use super::{Output, Stop, confine};

/// What a place may differ by between our computation and PROJ's: the millimetre that is promised of
/// every system, in degrees one of latitude.
const DIFFERENCE_M: f64 = 0.001;
const DIFFERENCE_DEG: f64 = 1e-8;
/// Places along each side of the extent that both compute.
const PLACES_ALONG: usize = 9;

pub fn work(out: &mut Output) -> Result<u64, Stop> {
    let request: OfferRequest = serde_json::from_reader(std::io::stdin().lock())
        .map_err(|error| Stop::Broken(format!("the request is not understood: {error}")))?;
    confine::limit_time(0).map_err(Stop::Broken)?;
    confine::lock_in(&std::env::current_dir()?, &[]);
    let systems: Vec<AddedSystem> =
        request.epsg.iter().map(|epsg| offer(*epsg, &request.extent)).collect::<Result<_, _>>()?;
    let count = systems.len() as u64;
    out.send(&Frame::Systems(systems.into_iter().map(SystemDeclaration::from).collect()))?;
    out.flush()?;
    Ok(count)
}

fn offer(epsg: u32, extent: &BBox) -> Result<AddedSystem, Stop> {
    let refused = |why: String| Stop::Refused(format!("[features] crs: EPSG:{epsg} {why}"));
    let context = Context::new();
    let system =
        context.create(&format!("EPSG:{epsg}")).ok_or_else(|| refused("is in no register of systems".to_owned()))?;
    let axes = axes_of(&system.axes()).map_err(refused)?;
    let text = system.proj_text(ProjText::System).unwrap_or_default();
    let text = text.trim_end_matches("+type=crs").trim_end();
    let mut why = "is reached by grid files alone, which the server does not read".to_owned();
    for operation in context.operations_to_wgs84(&system, Some(extent.to_array())) {
        let facts = Operation::of(&operation);
        if facts.is_ballpark && !is_on_china_2000(&system) {
            why = "has no registered transformation to WGS 84 where the layer lies".to_owned();
            continue;
        }
        let Some(shift) = shift_of(&operation) else { continue };
        // What PROJ calls by a datum's name has its shift.
        let shift = if text.contains("+datum=") || text.contains("+towgs84=") { String::new() } else { shift };
        let declaration = SystemDeclaration {
            epsg,
            name: system.name(),
            axes,
            proj: format!("{text}{shift}"),
            operation: words(&facts),
        };
        match tried(declaration, &operation, extent) {
            Ok(added) => return Ok(added),
            Err(difference) => why = difference,
        }
    }
    Err(refused(format!(
        "cannot be offered for this layer: it {why}; accepted are systems that proj4rs computes as PROJ does"
    )))
}

fn words(operation: &Operation) -> String {
    let by = operation.words();
    match (operation.is_ballpark, operation.accuracy_m) {
        (true, _) => format!("{by}: null by convention, within a few centimetres"),
        (false, Some(metres)) => format!("{by}, accurate to {metres} m"),
        (false, None) => format!("{by}, exact"),
    }
}

/// Two axes, east and north, in degrees or metres.
fn axes_of(axes: &[Axis]) -> Result<Axes, String> {
    const DEGREE: f64 = std::f64::consts::PI / 180.0;
    let wanted = "accepted are systems of east and north in metres or degrees";
    let [first, second] = axes else {
        return Err(format!("has {} axes; {wanted}", axes.len()));
    };
    let is_in = |unit: f64| axes.iter().all(|axis| (axis.unit_factor - unit).abs() <= unit * 1e-9);
    let unit_is_degree = is_in(DEGREE);
    // A radian is as long as a metre here.
    let unit_is_metre = is_in(1.0) && first.unit_name == "metre";
    if !(unit_is_degree || unit_is_metre) {
        return Err(format!("is in {}; {wanted}", cut(&first.unit_name)));
    }
    match (first.direction.as_str(), second.direction.as_str(), unit_is_degree) {
        ("east", "north", false) => Ok(Axes::EastingNorthing),
        ("north", "east", false) => Ok(Axes::NorthingEasting),
        ("east", "north", true) => Ok(Axes::LongitudeLatitude),
        ("north", "east", true) => Ok(Axes::LatitudeLongitude),
        (first, second, _) => Err(format!("has axes to the {first} and the {second}; {wanted}")),
    }
}

/// The change of datum that an operation makes, as a system's text has it: none, or seven parameters in
/// the convention of a position vector. `None` where it is neither.
fn shift_of(operation: &Object<'_>) -> Option<String> {
    let pipeline = operation.proj_text(ProjText::Pipeline)?;
    if pipeline.contains("+grids=") {
        return None;
    }
    let changes: Vec<&str> = pipeline.split("+step").filter(|step| step.contains("+proj=helmert")).collect();
    match changes[..] {
        [] => Some(String::new()),
        [change] => Some(seven_parameters(change)),
        _ => None,
    }
}

fn seven_parameters(step: &str) -> String {
    let parameter = |name: &str| -> f64 {
        let mut words = step.split_whitespace().filter_map(|word| word.strip_prefix('+')?.split_once('='));
        words.find(|(found, _)| *found == name).and_then(|(_, value)| value.parse().ok()).unwrap_or(0.0)
    };
    let way = if step.split_whitespace().any(|word| word == "+inv") { -1.0 } else { 1.0 };
    // The other convention turns the other way.
    let turn = if step.contains("convention=coordinate_frame") { -way } else { way };
    let [x, y, z, scale] = ["x", "y", "z", "s"].map(|name| way * parameter(name));
    let [rx, ry, rz] = ["rx", "ry", "rz"].map(|name| turn * parameter(name));
    format!(" +towgs84={x},{y},{z},{rx},{ry},{rz},{scale}")
}

/// The system, if it brings places of the extent where PROJ brings them, and back; else how it fails.
fn tried(declaration: SystemDeclaration, operation: &Object<'_>, extent: &BBox) -> Result<AddedSystem, String> {
    let added =
        AddedSystem::try_from(declaration).map_err(|_| "has a projection that proj4rs does not know".to_owned())?;
    let system = System::Added(added);
    let operation = operation.east_first().ok_or("has an operation whose axes PROJ does not put in order")?;
    let limit = if system.is_in_degrees() { DIFFERENCE_DEG } else { DIFFERENCE_M };
    for place @ (lon_deg, lat_deg) in places_of(extent) {
        let far = || format!("differs from PROJ at {lon_deg:.3}, {lat_deg:.3}");
        let (east, north) = operation.transform_inverse(place);
        let theirs = if system.axes().is_north_first() { (north, east) } else { (east, north) };
        let ours = system.from_degrees(lon_deg, lat_deg).ok_or_else(far)?;
        let back = system.to_degrees(ours.0, ours.1).ok_or_else(far)?;
        // Not a number is no agreement.
        if !(distance(ours, theirs) <= limit && distance(back, place) <= DIFFERENCE_DEG) {
            return Err(far());
        }
    }
    Ok(added)
}

fn distance(one: (f64, f64), other: (f64, f64)) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

fn places_of(extent: &BBox) -> impl Iterator<Item = (f64, f64)> {
    let [west, south, east, north] = extent.to_array();
    let along = |low: f64, high: f64, place: usize| low + (high - low) * place as f64 / (PLACES_ALONG - 1) as f64;
    (0..PLACES_ALONG * PLACES_ALONG)
        .map(move |place| (along(west, east, place / PLACES_ALONG), along(south, north, place % PLACES_ALONG)))
}
