//! Points and other geometries that stand in the columns of a table.

use std::ffi::CString;

use causeway::base::{GeometryKind, Value, ids::cut, limits};
use causeway::geometry::Shape;
use causeway::intake::delivery::columns::{self, CoordinateColumns};
use causeway::intake::delivery::protocol::WorkerRequest;
use causeway::intake::delivery::{GeometryRule, SourceField, in_hk1980_grid};

use super::geometry::{Owned, Read, Reader};
use super::projection::{Allowed, Projection};
use super::reach::Reach;
use super::{Stop, errors};

/// How a table says where its rows are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Nowhere,
    Columns(CoordinateColumns),
    /// The column that holds well-known text.
    Text(usize),
}

/// Finds the columns: those that the definition names, those that bear the usual names, or the
/// one that holds well-known text.
pub fn find(
    fields: &[SourceField],
    sample: &[Vec<Value>],
    request: &WorkerRequest,
    shown: &str,
) -> Result<Place, Stop> {
    if request.geometry == GeometryRule::None {
        return Ok(Place::Nowhere);
    }
    if let Some(named) = named_columns(fields, request, shown)? {
        return Ok(Place::Columns(named));
    }
    if let Some(column) = text_column(fields.len(), sample) {
        return Ok(Place::Text(column));
    }
    let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let degrees_are_precise = |degrees: &CoordinateColumns| sample.iter().any(|values| is_precise(values, degrees));
    let found = columns::find(&names).choose(degrees_are_precise);
    found.map(Place::Columns).ok_or_else(|| {
        Stop::Refused(format!(
            "{shown} is a table without geometry: it has no columns named Easting and Northing or Longitude and Latitude, and none of well-known text; name its columns in [source] of the definition, or say geometry = \"none\""
        ))
    })
}

/// Lines in which the header of a table is looked for: titles and dates stand above it.
pub const HEAD_LINES_MAX: usize = 20;

/// Whether these are the names of a table's columns: two of them say where its rows are, and none is
/// what only a row holds.
pub fn is_header(names: &[String], request: &WorkerRequest) -> bool {
    if names.iter().any(|name| columns::parse_coordinate(name).is_some() || is_well_known_text(name)) {
        return false;
    }
    let has = |name: &Option<String>| name.as_ref().is_some_and(|name| names.contains(name));
    has(&request.longitude) && has(&request.latitude)
        || has(&request.easting) && has(&request.northing)
        || columns::find(names).choose(|_| false).is_some()
}

/// Whether a line says again, as in another language, what the names above it say: the columns that say
/// where rows are have such names in both.
pub fn repeats_header(names: &[String], line: &[String], request: &WorkerRequest) -> bool {
    let places = |names: &[String]| columns::find(names).choose(|_| false).map(|found| (found.x, found.y));
    is_header(line, request) && places(names) == places(line)
}

/// What the report says of lines that are no features: those above a header, and a second line of names.
pub fn lines_left_out(above: usize, names_twice: bool) -> impl Iterator<Item = String> {
    let above = (above > 0).then(|| {
        let lines = if above == 1 { "1 line".to_owned() } else { format!("{above} lines") };
        format!("{lines} above the names of the columns are no features")
    });
    let twice = names_twice.then(|| "a second line of names, as in another language, is no feature".to_owned());
    above.into_iter().chain(twice)
}

/// Whether a row holds nothing, as those that a program leaves behind the last: in a table of places it
/// is no feature; in one without geometry nothing tells it from a record.
pub fn is_empty_row(values: &[Value]) -> bool {
    values.iter().all(|value| match value {
        Value::Null => true,
        Value::Text(text) => text.trim().is_empty(),
        _ => false,
    })
}

fn named_columns(
    fields: &[SourceField],
    request: &WorkerRequest,
    shown: &str,
) -> Result<Option<CoordinateColumns>, Stop> {
    let place = |wanted: &str| {
        fields.iter().position(|field| field.name == wanted).ok_or_else(|| {
            let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
            Stop::Refused(format!("{shown} has no column \"{wanted}\"; its columns are {}", names.join(", ")))
        })
    };
    if let (Some(x), Some(y)) = (&request.longitude, &request.latitude) {
        return Ok(Some(CoordinateColumns { x: place(x)?, y: place(y)?, crs: "EPSG:4326" }));
    }
    if let (Some(x), Some(y)) = (&request.easting, &request.northing) {
        return Ok(Some(CoordinateColumns { x: place(x)?, y: place(y)?, crs: "EPSG:2326" }));
    }
    Ok(None)
}

/// Whether a row's degrees are decimal and fine enough to be preferred to its grid coordinates.
fn is_precise(values: &[Value], degrees: &CoordinateColumns) -> bool {
    [degrees.x, degrees.y]
        .iter()
        .all(|place| matches!(&values[*place], Value::Text(text) if columns::is_precise_degrees(text)))
}

const KEYWORDS: [&str; 12] = [
    "POINT",
    "LINESTRING",
    "POLYGON",
    "MULTIPOINT",
    "MULTILINESTRING",
    "MULTIPOLYGON",
    "GEOMETRYCOLLECTION",
    "CIRCULARSTRING",
    "COMPOUNDCURVE",
    "CURVEPOLYGON",
    "MULTICURVE",
    "MULTISURFACE",
];

/// The text without what some databases put before it: `SRID=4326;` or a number.
fn without_prefix(text: &str) -> &str {
    let text = text.trim_start();
    let text = text.split_once(';').filter(|(head, _)| head.starts_with("SRID=")).map_or(text, |(_, rest)| rest);
    text.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ')
}

fn is_well_known_text(text: &str) -> bool {
    let text = without_prefix(text);
    let word: String = text.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
    let word = word.trim_end_matches('M').trim_end_matches('Z');
    let rest = text.trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    KEYWORDS.contains(&word) && (rest.starts_with('(') || text.to_uppercase().ends_with("EMPTY"))
}

/// The first column four fifths of whose sampled values are well-known text: the others are faults.
fn text_column(columns: usize, sample: &[Vec<Value>]) -> Option<usize> {
    (0..columns).find(|column| {
        let texts = sample.iter().filter_map(|row| match row.get(*column) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        });
        let (all, fitting) =
            texts.fold((0, 0), |(all, fitting), text| (all + 1, fitting + usize::from(is_well_known_text(text))));
        fitting > 0 && fitting * 5 >= all * 4
    })
}

/// The system of coordinate columns: the definition's, else by their names, unless all sampled
/// numbers can only be the other kind.
pub fn projection(
    place: &CoordinateColumns,
    sample: &[Vec<Value>],
    request: &WorkerRequest,
    shown: &str,
) -> Result<Projection, Stop> {
    let allowed = Allowed { ballpark: request.allows_ballpark };
    let unread: Vec<String> = sample.iter().filter_map(|values| coordinates(values, place).err()).collect();
    if let Some(text) = unread.iter().find(|text| !text.is_empty())
        && unread.len() == sample.len()
    {
        return Err(Stop::Refused(format!(
            "{shown}: no coordinate can be read, the first is \"{text}\"; accepted are numbers, and degrees as 114.17, 114°10'12\"E or 114-10-12"
        )));
    }
    if let Some(crs) = &request.crs {
        return Projection::from_name(crs, "declared in the definition", allowed, shown);
    }
    let points: Vec<(f64, f64)> = sample
        .iter()
        .filter_map(|values| coordinates(values, place).ok())
        .filter(|point| *point != (0.0, 0.0))
        .collect();
    let all_in_grid = !points.is_empty() && points.iter().all(|(x, y)| in_hk1980_grid(*x, *y));
    let all_degrees = !points.is_empty() && points.iter().all(|(x, y)| x.abs() <= 180.0 && y.abs() <= 90.0);
    let all_exchanged =
        !points.is_empty() && points.iter().all(|(x, y)| x.abs() <= 90.0 && (90.0..=180.0).contains(&y.abs()));
    if all_exchanged && place.crs != "EPSG:2326" {
        return Err(Stop::Refused(format!(
            "{shown}: its columns of longitude hold latitudes and the other way round; exchange their names, or name them with longitude = and latitude = in the definition"
        )));
    }
    match (place.crs, all_in_grid, all_degrees) {
        ("EPSG:2326" | "", false, true) => {
            Projection::from_name("EPSG:4326", "recognised: all numbers of the columns are degrees", allowed, shown)
        }
        ("EPSG:4326" | "", true, false) => Projection::from_name(
            "EPSG:2326",
            "recognised: all numbers of the columns lie in the range of the HK1980 Grid",
            allowed,
            shown,
        ),
        ("", _, _) => Err(Stop::Refused(format!(
            "{shown}: the numbers in its coordinate columns are neither degrees nor in the range of the HK1980 Grid; name their coordinate system in the definition, such as crs = \"EPSG:2326\""
        ))),
        (crs, _, _) => Projection::from_name(crs, "by the names of the coordinate columns", allowed, shown),
    }
}

/// What the report says of coordinates with something between their thousands, one of them shown.
pub fn parted_thousands(sample: &[Vec<Value>], columns: &CoordinateColumns) -> Option<String> {
    let text =
        sample.iter().flat_map(|values| [&values[columns.x], &values[columns.y]]).find_map(|value| match value {
            Value::Text(text) if columns::has_parted_thousands(text) => Some(text),
            _ => None,
        })?;
    Some(format!("coordinates whose thousands are parted, as in \"{}\", were read as one number", cut(text)))
}

/// The two numbers of a row; the text that is none where they are not.
fn coordinates(values: &[Value], columns: &CoordinateColumns) -> Result<(f64, f64), String> {
    let coordinate = |place: usize| match &values[place] {
        Value::Text(text) => columns::parse_coordinate(text).ok_or_else(|| cut(text)),
        Value::Integer(number) => Ok(*number as f64),
        Value::Real(number) => Ok(*number),
        Value::Null | Value::Boolean(_) => Err(String::new()),
    };
    match (coordinate(columns.x), coordinate(columns.y)) {
        (Ok(x), Ok(y)) => Ok((x, y)),
        (Err(x), Err(y)) if x.is_empty() && y.is_empty() => Err(String::new()),
        (Err(text), _) | (_, Err(text)) => Err(text),
    }
}

/// A point from two columns. Empty columns are a feature without a place; anything else that is
/// not a number is a problem that the report names.
pub fn point_from(values: &[Value], columns: &CoordinateColumns, projection: &Projection) -> Read {
    let (x, y) = match coordinates(values, columns) {
        Ok((0.0, 0.0)) => return Read::nothing(Some("its coordinates are 0, 0".to_owned())),
        Ok(point) => point,
        Err(text) if text.is_empty() => {
            return Read::nothing(Some("its coordinate columns are empty".to_owned()));
        }
        Err(text) => return Read::nothing(Some(format!("its coordinate \"{text}\" is not a number"))),
    };
    match projection.point(x, y) {
        Some(point) => {
            let mut shape = Shape::new(GeometryKind::Point);
            shape.points.push(point);
            Read { wkb: Some(shape.to_wkb()), ..Read::default() }
        }
        None => {
            errors::take_failure();
            Read::fault("its coordinates cannot be brought to WGS 84".to_owned())
        }
    }
}

/// A geometry from well-known text.
pub fn text_from(value: &Value, reader: &mut Reader<'_>) -> Read {
    match value {
        Value::Text(text) => match parse_text(text) {
            Ok(geometry) => reader.read_owned(geometry),
            Err(fault) => Read::fault(fault),
        },
        _ => Read::nothing(None),
    }
}

fn parse_text(text: &str) -> Result<Owned, String> {
    let body = without_prefix(text);
    let depth = body.bytes().scan(0usize, |depth, byte| {
        *depth = match byte {
            b'(' => *depth + 1,
            b')' => depth.saturating_sub(1),
            _ => *depth,
        };
        Some(*depth)
    });
    if depth.max().unwrap_or_default() > limits::GEOMETRY_NESTING_MAX {
        return Err(format!("its well-known text is nested over {} deep", limits::GEOMETRY_NESTING_MAX));
    }
    let wrong = || "its well-known text cannot be read".to_owned();
    let body = CString::new(body).map_err(|_| wrong())?;
    let mut at = body.as_ptr().cast_mut();
    let mut geometry = std::ptr::null_mut();
    // SAFETY: GDAL moves the pointer along the text, which lives on, and answers a new geometry.
    let status = unsafe { gdal_sys::OGR_G_CreateFromWkt(&mut at, std::ptr::null_mut(), &mut geometry) };
    errors::take_failure();
    if geometry.is_null() {
        return Err(wrong());
    }
    let geometry = Owned(geometry);
    if status == 0 { Ok(geometry) } else { Err(wrong()) }
}

/// Where the well-known text of one row lies, to tell its system.
pub fn see(value: &Value, reach: &mut Reach) {
    if let Value::Text(text) = value
        && let Ok(geometry) = parse_text(text)
        && let Some(edges) = super::geometry::envelope(geometry.0)
    {
        reach.see(edges);
    }
}

/// Degrees and metres with a comma before their decimals, as numbers are written where semicolons
/// part values.
pub fn with_points_for_commas(values: &mut [Value], columns: &CoordinateColumns) {
    for place in [columns.x, columns.y] {
        if let Some(Value::Text(text)) = values.get_mut(place)
            && text.matches(',').count() == 1
            && !text.contains('.')
        {
            *text = text.replace(',', ".");
        }
    }
}
