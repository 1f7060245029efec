//! One source: a layer of a GDAL data set, or a table of text, and its features one by one.

use causeway::base::{FieldKind, GeometryKind, Value, ids::cut};
use causeway::geometry::Shape;
use causeway::intake::delivery::columns::{self, CoordinateColumns};
use causeway::intake::delivery::protocol::{Frame, SourceSchema, WorkerRequest, WorkerSource};
use causeway::intake::delivery::{Format, SourceFacts, SourceFeature, SourceField, text};
use gdal::vector::{Feature, LayerAccess};
use gdal::{Dataset, DatasetOptions, GdalOpenFlags};

use super::geometry::{self, Read};
use super::prepare::{announced, prepare};
use super::projection::Projection;
use super::reach::Reach;
use super::table::Table;
use super::values::{FieldReader, kind_of, value_of};
use super::{Output, Stop, errors};

/// A source that is open and whose fields are known.
pub struct Source {
    content: Content,
    fields: Vec<SourceField>,
    points: Option<CoordinateColumns>,
    projection: Projection,
    facts: SourceFacts,
    shown: String,
}

enum Content {
    Layer { dataset: Dataset, layer: usize, fields: Vec<FieldReader>, announced: u64 },
    Table(Box<Table>),
}

impl Source {
    pub fn open(source: &WorkerSource, request: &WorkerRequest) -> Result<Self, Stop> {
        match source.format {
            Format::Csv => open_table(source, request),
            _ => open_layer(source, request),
        }
    }

    pub fn schema(&self) -> SourceSchema {
        SourceSchema { fields: self.fields.clone(), facts: self.facts.clone() }
    }

    /// Sends every feature; answers how many.
    pub fn read(self, out: &mut Output) -> Result<u64, Stop> {
        match self.content {
            Content::Table(table) => read_table(*table, self.points, &self.projection, &self.shown, out),
            Content::Layer { dataset, layer, fields, announced } => {
                let reading = LayerReading { fields, points: self.points, projection: self.projection };
                let count = read_layer(&dataset, layer, &reading, out)?;
                if let Some(failure) = errors::take_failure() {
                    return Err(Stop::Refused(format!("{}: {failure}", self.shown)));
                }
                if announced != count {
                    return Err(Stop::Refused(format!(
                        "{}: the file holds {announced} features but {count} could be read",
                        self.shown
                    )));
                }
                Ok(count)
            }
        }
    }
}

fn open_table(source: &WorkerSource, request: &WorkerRequest) -> Result<Source, Stop> {
    let table = Table::open(source)?;
    let points = coordinate_columns(&table.fields, request, &source.shown, |degrees| {
        table.sample.iter().any(|values| is_precise(values, degrees))
    })?
    .ok_or_else(|| no_geometry(source))?;
    let projection = columns_projection(&points, request, &source.shown)?;
    let facts = facts(source, &projection, table.notes.clone());
    Ok(Source {
        fields: table.fields.clone(),
        content: Content::Table(Box::new(table)),
        points: Some(points),
        projection,
        facts,
        shown: source.shown.clone(),
    })
}

/// Whether a row's degrees are decimal and fine enough to be preferred to its grid coordinates.
fn is_precise(values: &[Value], degrees: &CoordinateColumns) -> bool {
    [degrees.x, degrees.y]
        .iter()
        .all(|place| matches!(&values[*place], Value::Text(text) if columns::is_precise_degrees(text)))
}

fn no_geometry(source: &WorkerSource) -> Stop {
    Stop::Refused(format!(
        "{} is a table without geometry: it has no columns named Easting and Northing or Longitude and Latitude; name its columns in [source] of the definition",
        source.shown
    ))
}

/// The columns that the definition names, else those that bear the usual names.
fn coordinate_columns(
    fields: &[SourceField],
    request: &WorkerRequest,
    shown: &str,
    degrees_are_precise: impl FnOnce(&CoordinateColumns) -> bool,
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
    let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    Ok(columns::find(&names).choose(degrees_are_precise))
}

fn columns_projection(points: &CoordinateColumns, request: &WorkerRequest, shown: &str) -> Result<Projection, Stop> {
    match &request.crs {
        Some(crs) => Projection::from_name(crs, "declared in the definition", shown),
        None => Projection::from_name(points.crs, "by the names of the coordinate columns", shown),
    }
}

fn facts(source: &WorkerSource, projection: &Projection, notes: Vec<String>) -> SourceFacts {
    let encoding = match &source.encoding {
        Some((label, how)) => format!("{} ({how})", text::shown_name(label)),
        None => "UTF-8 (by format)".to_owned(),
    };
    SourceFacts {
        format: source.format.name().to_owned(),
        encoding,
        crs: projection.crs.clone(),
        transformation: projection.words.clone(),
        notes,
    }
}

fn read_table(
    mut table: Table,
    points: Option<CoordinateColumns>,
    projection: &Projection,
    shown: &str,
    out: &mut Output,
) -> Result<u64, Stop> {
    let width = table.rows.headers().map_or(0, csv::StringRecord::len);
    let mut record = csv::StringRecord::new();
    let mut count = 0;
    loop {
        let more = table.rows.read_record(&mut record).map_err(|error| Stop::Refused(format!("{shown}: {error}")))?;
        if !more {
            return Ok(count);
        }
        count += 1;
        let values =
            table.values(&record, width).map_err(|message| Stop::Refused(format!("{shown}: row {count} {message}")))?;
        let read = match &points {
            Some(points) => point_from(&values, points, projection),
            None => Read::nothing(None),
        };
        send(count, read, values, out)?;
    }
}

fn send(row: u64, read: Read, values: Vec<Value>, out: &mut Output) -> Result<(), Stop> {
    let feature = SourceFeature { row, wkb: read.wkb, repaired: read.repaired, values, problem: read.problem };
    Ok(Frame::Feature(feature).write(out)?)
}

/// A point from two columns. Empty columns are a feature without a place; anything else that is
/// not a number is a problem that the report names.
fn point_from(values: &[Value], columns: &CoordinateColumns, projection: &Projection) -> Read {
    let coordinate = |place: usize| match &values[place] {
        Value::Text(text) => columns::parse_coordinate(text).ok_or_else(|| cut(text)),
        Value::Integer(number) => Ok(*number as f64),
        Value::Real(number) => Ok(*number),
        Value::Null | Value::Boolean(_) => Err(String::new()),
    };
    let (x, y) = match (coordinate(columns.x), coordinate(columns.y)) {
        (Ok(x), Ok(y)) => (x, y),
        (Err(x), Err(y)) if x.is_empty() && y.is_empty() => {
            return Read::nothing(Some("its coordinate columns are empty".to_owned()));
        }
        (Err(text), _) | (_, Err(text)) => {
            return Read::nothing(Some(format!("its coordinate \"{text}\" is not a number")));
        }
    };
    if x == 0.0 && y == 0.0 {
        return Read::nothing(Some("its coordinates are 0, 0".to_owned()));
    }
    match projection.point(x, y) {
        Some(point) => {
            let mut shape = Shape::new(GeometryKind::Point);
            shape.points.push(point);
            Read { wkb: Some(shape.to_wkb()), repaired: None, problem: None }
        }
        None => {
            errors::take_failure();
            Read::nothing(Some("its coordinates cannot be brought to WGS 84".to_owned()))
        }
    }
}

fn open_layer(source: &WorkerSource, request: &WorkerRequest) -> Result<Source, Stop> {
    let refused = |message: String| Stop::Refused(format!("{}: {message}", source.shown));
    let mut notes = Vec::new();
    let placemarks = prepare(source, &mut notes)?;
    let dataset = open_dataset(source)?;
    let layer = choose_layer(&dataset, source, request)?;
    let announced = announced(&dataset, layer, placemarks, source, &mut notes)?;
    let (fields, readers, file_projection) = {
        let opened = dataset.layer(layer).map_err(|error| refused(error.to_string()))?;
        let (fields, readers) = fields_of(&opened, source.format);
        (fields, readers, opened.spatial_ref())
    };
    let points = match source.format {
        Format::Xlsx => Some(
            coordinate_columns(&fields, request, &source.shown, |degrees| {
                sample(&dataset, layer, &readers).iter().any(|values| is_precise(values, degrees))
            })?
            .ok_or_else(|| no_geometry(source))?,
        ),
        _ => None,
    };
    let projection = match (&points, &request.crs, file_projection, &source.assumed_crs) {
        (Some(points), _, _, _) => columns_projection(points, request, &source.shown)?,
        (None, Some(crs), _, _) => Projection::from_name(crs, "declared in the definition", &source.shown)?,
        (None, None, reference, _) if source.format == Format::GeoJson => {
            geojson_projection(&dataset, layer, reference, &mut notes, &source.shown)?
        }
        (None, None, Some(reference), _) => {
            Projection::from_reference(reference, "declared by the file", &source.shown)?
        }
        (None, None, None, Some((crs, how))) => Projection::from_name(crs, how, &source.shown)?,
        (None, None, None, None) => {
            return Err(refused(
                "it does not say its coordinate system; name it in the definition, such as crs = \"EPSG:2326\""
                    .to_owned(),
            ));
        }
    };
    let (fields, readers) = without_empty_standard_fields(&dataset, layer, fields, readers, source.format);
    if source.format == Format::Shapefile && fields.is_empty() && source.path.with_extension("dbf").exists() {
        return Err(refused("its .dbf cannot be read; export both anew, or hand in the .shp alone".to_owned()));
    }
    let facts = facts(source, &projection, notes);
    Ok(Source {
        content: Content::Layer { dataset, layer, fields: readers, announced },
        fields,
        points,
        projection,
        facts,
        shown: source.shown.clone(),
    })
}

fn open_dataset(source: &WorkerSource) -> Result<Dataset, Stop> {
    let driver = match source.format {
        Format::GeoJson => "GeoJSON",
        Format::Shapefile => "ESRI Shapefile",
        Format::Kml => "LIBKML",
        Format::Gpx => "GPX",
        Format::Xlsx => "XLSX",
        Format::Csv => "CSV",
    };
    let label = source.encoding.as_ref().map_or("utf-8", |(label, _)| label.as_str());
    let encoding = format!("ENCODING={}", text::gdal_name(label));
    let options: &[&str] = match source.format {
        Format::Shapefile => &[encoding.as_str()],
        Format::GeoJson => &["NATIVE_DATA=NO"],
        _ => &[],
    };
    let opened = Dataset::open_ex(
        &source.path,
        DatasetOptions {
            open_flags: GdalOpenFlags::GDAL_OF_VECTOR
                | GdalOpenFlags::GDAL_OF_READONLY
                | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
            allowed_drivers: Some(&[driver]),
            open_options: Some(options),
            sibling_files: None,
        },
    );
    let failure = errors::take_failure();
    opened.map_err(|error| {
        // The private copy's path means nothing to whoever handed the file in.
        let why = failure.unwrap_or_else(|| error.to_string()).replace(&*source.path.to_string_lossy(), &source.shown);
        Stop::Refused(format!("{} cannot be read as {}: {why}", source.shown, source.format.name()))
    })
}

/// The layer that the definition names, else the only one that holds features.
fn choose_layer(dataset: &Dataset, source: &WorkerSource, request: &WorkerRequest) -> Result<usize, Stop> {
    let counted: Vec<(usize, String, u64)> =
        dataset.layers().enumerate().map(|(place, layer)| (place, layer.name(), layer.feature_count())).collect();
    let listed = || {
        let names: Vec<String> = counted.iter().map(|(_, name, count)| format!("{name} ({count})")).collect();
        names.join(", ")
    };
    if let Some(wanted) = &request.layer {
        return counted.iter().find(|(_, name, _)| name == wanted).map(|(place, _, _)| *place).ok_or_else(|| {
            Stop::Refused(format!("{} has no layer \"{wanted}\"; it holds {}", source.shown, listed()))
        });
    }
    let filled: Vec<usize> = counted.iter().filter(|(_, _, count)| *count > 0).map(|(place, _, _)| *place).collect();
    match filled[..] {
        [only] => Ok(only),
        [] if counted.len() == 1 => Ok(0),
        [] => Err(Stop::Refused(format!("{} holds no features", source.shown))),
        _ => Err(Stop::Refused(format!(
            "{} holds several layers: {}; name one in the definition with layer = \"…\"",
            source.shown,
            listed()
        ))),
    }
}

/// GDAL calls any GeoJSON without a `crs` WGS 84; numbers that are all in the HK1980 Grid are not.
fn geojson_projection(
    dataset: &Dataset,
    layer: usize,
    reference: Option<gdal::spatial_ref::SpatialRef>,
    notes: &mut Vec<String>,
    shown: &str,
) -> Result<Projection, Stop> {
    let refused = |message: String| Stop::Refused(format!("{shown}: {message}"));
    let is_declared =
        reference.as_ref().and_then(|reference| reference.auth_code().ok()).is_some_and(|code| code != 4326);
    if let (true, Some(reference)) = (is_declared, reference) {
        return Projection::from_reference(reference, "declared by the file's crs member", shown);
    }
    let reach = Reach::of(dataset, layer).map_err(refused)?;
    if reach.located == 0 || reach.in_degrees > 0 {
        let outside = reach.located - reach.in_degrees;
        if outside > 0 {
            notes.push(format!("{outside} features have numbers that are not degrees, though the others have"));
        }
        return Ok(Projection::none_by_format());
    }
    if reach.in_grid == reach.located {
        return Projection::from_name(
            "EPSG:2326",
            "recognised: all coordinates lie in the range of the HK1980 Grid",
            shown,
        );
    }
    let [west, south, east, north] = reach.edges;
    Err(refused(format!(
        "its coordinates reach from {west} {south} to {east} {north}, which are not degrees; name its coordinate system in the definition, such as crs = \"EPSG:2326\""
    )))
}

/// Text fields that KML itself defines; any other is extended data, whose type nobody says.
const KML_FIELDS: [&str; 6] = ["id", "Name", "description", "altitudeMode", "icon", "snippet"];

fn fields_of(layer: &gdal::vector::Layer<'_>, format: Format) -> (Vec<SourceField>, Vec<FieldReader>) {
    let mut fields = Vec::new();
    let mut readers = Vec::new();
    for (index, field) in layer.defn().fields().enumerate() {
        let (kind, is_boolean) = kind_of(layer, index as i32);
        let name = field.name();
        let is_extended = format == Format::Kml && kind == FieldKind::Text && !KML_FIELDS.contains(&name.as_str());
        fields.push(SourceField { name, kind, untyped: format == Format::Xlsx || is_extended });
        readers.push(FieldReader { index: index as i32, kind: field.field_type(), is_boolean });
    }
    (fields, readers)
}

/// KML and GPX bring a dozen fields that the format defines and nobody filled: those go.
fn without_empty_standard_fields(
    dataset: &Dataset,
    layer: usize,
    fields: Vec<SourceField>,
    readers: Vec<FieldReader>,
    format: Format,
) -> (Vec<SourceField>, Vec<FieldReader>) {
    if !matches!(format, Format::Kml | Format::Gpx) {
        return (fields, readers);
    }
    let mut used = vec![false; fields.len()];
    if let Ok(mut opened) = dataset.layer(layer) {
        for feature in opened.features() {
            for (is_used, reader) in used.iter_mut().zip(&readers) {
                let value = value_of(&feature, *reader);
                let is_default = matches!(value, Value::Null)
                    || (format == Format::Kml && matches!(value, Value::Integer(-1 | 0)))
                    || (format == Format::Kml && value == Value::Text(String::new()));
                *is_used |= !is_default;
            }
        }
    }
    fields.into_iter().zip(readers).zip(used).filter(|(_, is_used)| *is_used).map(|(pair, _)| pair).unzip()
}

struct LayerReading {
    fields: Vec<FieldReader>,
    points: Option<CoordinateColumns>,
    projection: Projection,
}

/// The values of the first features.
fn sample(dataset: &Dataset, layer: usize, readers: &[FieldReader]) -> Vec<Vec<Value>> {
    const ROWS: usize = 100;
    let Ok(mut opened) = dataset.layer(layer) else { return Vec::new() };
    let values_of = |feature: Feature<'_>| readers.iter().map(|reader| value_of(&feature, *reader)).collect();
    opened.features().take(ROWS).map(values_of).collect()
}

fn read_layer(dataset: &Dataset, layer: usize, reading: &LayerReading, out: &mut Output) -> Result<u64, Stop> {
    let mut opened = dataset.layer(layer).map_err(|error| Stop::Refused(error.to_string()))?;
    let mut count = 0;
    for feature in opened.features() {
        count += 1;
        let values: Vec<Value> = reading.fields.iter().map(|field| value_of(&feature, *field)).collect();
        // SAFETY: the feature lives through this turn of the loop, its geometry as long as it.
        let borrowed = unsafe { gdal_sys::OGR_F_GetGeometryRef(feature.c_feature()) };
        let read = match &reading.points {
            Some(points) => point_from(&values, points, &reading.projection),
            None => geometry::read(borrowed, &reading.projection),
        };
        send(count, read, values, out)?;
    }
    Ok(count)
}
