//! A layer of a GDAL data set: which one, its fields, its features.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::path::PathBuf;

use causeway::base::{FieldKind, Value};
use causeway::intake::delivery::protocol::{WorkerRequest, WorkerSource};
use causeway::intake::delivery::{Format, GeometryRule, SourceField};
use gdal::Dataset;
use gdal::vector::{Feature, LayerAccess};

use super::geometry::{Read, Reader};
use super::points::{self, Place};
use super::prepare;
use super::projection::Projection;
use super::source::send;
use super::system::{self, System};
use super::tags::TAG_FIELDS;
use super::values::{FieldReader, kind_of, text_of, value_of};
use super::{Output, Stop, dates, drivers, errors, merged};

/// A layer that is open, and how it is read.
pub struct LayerSource {
    dataset: Dataset,
    layer: usize,
    pub fields: Vec<SourceField>,
    readers: Vec<FieldReader>,
    place: LayerPlace,
    is_geojson: bool,
    /// Rows of a workbook that stand above the names of its columns, these included.
    rows_above: usize,
    pub projection: Projection,
    /// Features that the file says it holds.
    announced: Option<u64>,
    path: PathBuf,
    shown: String,
}

/// Where features get their geometry from.
enum LayerPlace {
    Geometry { swaps_axes: bool },
    Table(Place),
}

impl LayerPlace {
    /// Whether the cells of a table say where its rows are.
    fn is_of_table(&self) -> bool {
        matches!(self, LayerPlace::Table(Place::Columns(_) | Place::Text(_)))
    }
}

impl LayerSource {
    pub fn open(source: &WorkerSource, request: &WorkerRequest, notes: &mut Vec<String>) -> Result<Self, Stop> {
        let refused = |message: String| Stop::Refused(format!("{}: {message}", source.shown));
        let counted = prepare::prepare(source, notes)?;
        let dataset = drivers::open(source)?;
        let chosen = choose_layer(&dataset, source, request, notes)?;
        let announced = prepare::announced(&dataset, chosen.layer, chosen.features, &counted, source, notes)?;
        let (mut fields, readers, reference) = {
            let opened = dataset.layer(chosen.layer).map_err(|error| refused(error.to_string()))?;
            let (fields, readers) = fields_of(&opened, source);
            (fields, readers, opened.spatial_ref())
        };
        let is_text_table = source.format.is_text_table();
        let rows_above = match is_text_table && request.geometry != GeometryRule::None {
            true => take_header(&mut fields, &sample(&dataset, chosen.layer, &readers, 0), request, notes),
            false => 0,
        };
        let (mut fields, readers) =
            without_empty_standard_fields(&dataset, chosen.layer, fields, readers, source.format);
        if source.format == Format::Xlsx {
            let sheet = dataset.layer(chosen.layer).map(|layer| layer.name()).unwrap_or_default();
            notes.extend(merged::note(&source.path, &sheet, rows_above + 1));
        }
        if matches!(source.format, Format::Xlsx | Format::Ods) {
            dates::take_kinds(&dataset, chosen.layer, &mut fields, &readers, rows_above);
        }
        let (place, projection) = if request.geometry == GeometryRule::None {
            (LayerPlace::Table(Place::Nowhere), Projection::nothing())
        } else if is_text_table {
            let sample = sample(&dataset, chosen.layer, &readers, rows_above);
            let place = points::find(&fields, &sample, request, &source.shown)?;
            let projection = match &place {
                Place::Columns(columns) => {
                    notes.extend(points::parted_thousands(&sample, columns));
                    points::projection(columns, &sample, request, &source.shown)?
                }
                _ => system::of_table_text(request, source)?,
            };
            (LayerPlace::Table(place), projection)
        } else if !chosen.has_geometry {
            return Err(refused(
                "it is a table without geometry; say geometry = \"none\" in the definition to take it in".to_owned(),
            ));
        } else {
            let System { projection, swaps_axes } =
                system::of_layer(&dataset, chosen.layer, reference, source, request, notes)?;
            (LayerPlace::Geometry { swaps_axes }, projection)
        };
        if source.format == Format::Shapefile && fields.is_empty() && source.path.with_extension("dbf").exists() {
            return Err(refused("its .dbf cannot be read; export both anew, or hand in the .shp alone".to_owned()));
        }
        let (path, shown) = (source.path.clone(), source.shown.clone());
        let layer = chosen.layer;
        let is_geojson = matches!(source.format, Format::GeoJson | Format::GeoJsonSeq);
        Ok(LayerSource {
            dataset,
            layer,
            fields,
            readers,
            place,
            is_geojson,
            rows_above,
            projection,
            announced,
            path,
            shown,
        })
    }

    /// Sends every feature; answers how many. Any error of GDAL is a refusal, never a short layer.
    pub fn read(&self, out: &mut Output) -> Result<u64, Stop> {
        let refused = |message: String| {
            Stop::Refused(format!("{}: {}", self.shown, drivers::without_path(&message, &self.path, &self.shown)))
        };
        let swaps_axes = matches!(self.place, LayerPlace::Geometry { swaps_axes: true });
        let mut reader = Reader::new(&self.projection, swaps_axes);
        let mut opened = self.dataset.layer(self.layer).map_err(|error| refused(error.to_string()))?;
        let (mut count, mut sent) = (0, 0);
        if let Some(failure) = errors::take_failure() {
            return Err(refused(failure));
        }
        for feature in opened.features() {
            count += 1;
            let values: Vec<Value> = self.readers.iter().map(|field| value_of(&feature, field)).collect();
            let is_empty = self.place.is_of_table() && points::is_empty_row(&values);
            if count <= self.rows_above as u64 || is_empty {
                continue;
            }
            sent += 1;
            let read = self.geometry_of(&feature, &values, &mut reader);
            if let Some(failure) = errors::take_failure() {
                return Err(refused(format!("feature {count}: {failure}")));
            }
            send(count, read, values, out)?;
        }
        if let Some(failure) = errors::take_failure() {
            return Err(refused(failure));
        }
        match self.announced.filter(|announced| *announced != count) {
            Some(announced) => Err(refused(format!("the file holds {announced} features but {count} could be read"))),
            None => Ok(sent),
        }
    }

    fn geometry_of(&self, feature: &Feature<'_>, values: &[Value], reader: &mut Reader<'_>) -> Read {
        match &self.place {
            LayerPlace::Geometry { .. } => match reader.read(feature) {
                Read { wkb: None, problem: None, fault: None, .. } if self.is_geojson && errors::lost_a_geometry() => {
                    Read::nothing(Some("its geometry is null, or of a type that GeoJSON does not have".to_owned()))
                }
                read => read,
            },
            LayerPlace::Table(Place::Nowhere) => Read::nothing(None),
            LayerPlace::Table(Place::Columns(columns)) => points::point_from(values, columns, &self.projection),
            LayerPlace::Table(Place::Text(column)) => points::text_from(&values[*column], reader),
        }
    }
}

/// The layer that is read.
struct Chosen {
    layer: usize,
    features: Option<u64>,
    has_geometry: bool,
}

/// A layer of the data set before one is chosen.
struct Candidate {
    name: String,
    /// Not known of OSM before all of it is read.
    features: u64,
    has_geometry: bool,
}

/// The layer that the definition names, else the only one that holds features, and of several the
/// only one with geometry.
fn choose_layer(
    dataset: &Dataset,
    source: &WorkerSource,
    request: &WorkerRequest,
    notes: &mut Vec<String>,
) -> Result<Chosen, Stop> {
    let candidates = candidates(dataset, source)?;
    let listed = |candidates: &[&Candidate]| {
        const LISTED: usize = 40;
        let mut names: Vec<String> = candidates
            .iter()
            .take(LISTED)
            .map(|candidate| format!("{} ({})", candidate.name, candidate.features))
            .collect();
        if candidates.len() > LISTED {
            names.push(format!("and {} more", candidates.len() - LISTED));
        }
        names.join(", ")
    };
    let all: Vec<&Candidate> = candidates.iter().collect();
    let chosen = |layer: usize| Chosen {
        layer,
        features: (source.format != Format::Osm).then_some(candidates[layer].features),
        has_geometry: candidates[layer].has_geometry,
    };
    let layer = if let Some(wanted) = &source.layer {
        let Some(layer) = candidates.iter().position(|candidate| candidate.name == *wanted) else {
            return Err(Stop::Refused(format!(
                "{} has no layer \"{wanted}\"; it holds {}",
                source.shown,
                listed(&all)
            )));
        };
        layer
    } else {
        let filled: Vec<usize> = (0..candidates.len())
            .filter(|at| candidates[*at].features > 0)
            .filter(|at| source.format != Format::Gpx || !VERTICES_OF_GPX.contains(&candidates[*at].name.as_str()))
            .collect();
        let located: Vec<usize> = filled.iter().copied().filter(|at| candidates[*at].has_geometry).collect();
        match (&filled[..], &located[..]) {
            ([only], _) => *only,
            ([], _) if candidates.len() == 1 => 0,
            ([], _) => return Err(Stop::Refused(format!("{} holds no features", source.shown))),
            (_, [only]) if request.geometry != GeometryRule::None => {
                let others: Vec<&Candidate> =
                    filled.iter().filter(|at| *at != only).map(|at| &candidates[*at]).collect();
                notes.push(format!("tables without geometry in it were left out: {}", listed(&others)));
                *only
            }
            _ => {
                return Err(Stop::Refused(format!(
                    "{} holds several layers: {}; name one in the definition with layer = \"…\"",
                    source.shown,
                    listed(&filled.iter().map(|at| &candidates[*at]).collect::<Vec<_>>())
                )));
            }
        }
    };
    if source.format == Format::Osm {
        only_interested_in(dataset, &candidates[layer].name);
    }
    Ok(chosen(layer))
}

/// Layers that GDAL makes of the vertices of routes and tracks; they are read only when named.
const VERTICES_OF_GPX: [&str; 2] = ["route_points", "track_points"];

fn candidates(dataset: &Dataset, source: &WorkerSource) -> Result<Vec<Candidate>, Stop> {
    const NO_GEOMETRY: gdal_sys::OGRwkbGeometryType::Type = gdal_sys::OGRwkbGeometryType::wkbNone;
    let counts = match (source.format, &source.layer) {
        (Format::Osm, Some(_)) => BTreeMap::new(),
        (Format::Osm, None) => counts_of_osm(dataset),
        _ => dataset.layers().map(|layer| (layer.name(), layer.feature_count())).collect(),
    };
    if let Some(failure) = errors::take_failure() {
        let failure = drivers::without_path(&failure, &source.path, &source.shown);
        return Err(Stop::Refused(format!("{}: {}", source.shown, in_our_words(failure))));
    }
    let candidate = |layer: gdal::vector::Layer<'_>| Candidate {
        features: counts.get(&layer.name()).copied().unwrap_or_default(),
        has_geometry: layer.defn().geom_fields().any(|field| field.field_type() != NO_GEOMETRY),
        name: layer.name(),
    };
    Ok(dataset.layers().map(candidate).collect())
}

/// What GDAL says of a workbook that holds more cells than its driver of ODS keeps.
fn in_our_words(failure: String) -> String {
    match failure.starts_with("Too much accumulated memory") {
        true => "its cells hold over 10 MiB, the limit of the reader of ODS, which keeps them in memory; save it as XLSX or CSV, or hand it in in parts".to_owned(),
        false => failure,
    }
}

/// The driver of OSM counts nothing: all features of all layers are read once, in the order in
/// which they come.
fn counts_of_osm(dataset: &Dataset) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    loop {
        let mut layer = std::ptr::null_mut();
        // SAFETY: the data set is open; each feature is freed before the next is read.
        let name = unsafe {
            let feature = gdal_sys::GDALDatasetGetNextFeature(
                dataset.c_dataset(),
                &mut layer,
                std::ptr::null_mut(),
                None,
                std::ptr::null_mut(),
            );
            if feature.is_null() || layer.is_null() {
                return counts;
            }
            gdal_sys::OGR_F_Destroy(feature);
            CStr::from_ptr(gdal_sys::OGR_L_GetName(layer)).to_string_lossy().into_owned()
        };
        *counts.entry(name).or_default() += 1;
    }
}

/// Says which layer of an OSM is wanted, once and after all counting: the driver would else keep
/// features of the others in memory, and after it was told "points" it builds no more lines.
fn only_interested_in(dataset: &Dataset, layer: &str) {
    // SAFETY: the data set is open, and no feature of it is in use.
    unsafe { gdal_sys::GDALDatasetResetReading(dataset.c_dataset()) };
    let statement = format!("SET interest_layers = {layer}");
    let _ = dataset.execute_sql(statement, None, gdal::vector::sql::Dialect::DEFAULT);
    errors::take_failure();
}

/// Text fields that KML itself defines; any other is extended data, whose type nobody says.
const KML_FIELDS: [&str; 6] = ["id", "Name", "description", "altitudeMode", "icon", "snippet"];

fn fields_of(layer: &gdal::vector::Layer<'_>, source: &WorkerSource) -> (Vec<SourceField>, Vec<FieldReader>) {
    let mut fields = Vec::new();
    let mut readers = Vec::new();
    let label = prepare::raw_label(source);
    for (index, field) in layer.defn().fields().enumerate() {
        let index = index as i32;
        let (kind, is_boolean) = kind_of(layer, index);
        // SAFETY: the definition lives as long as the layer; the text is copied at once.
        let name = unsafe {
            let field = gdal_sys::OGR_FD_GetFieldDefn(layer.defn().c_defn(), index);
            text_of(CStr::from_ptr(gdal_sys::OGR_Fld_GetNameRef(field)), label)
        };
        let is_tags = source.format == Format::Osm && TAG_FIELDS.contains(&name.as_str());
        let kind = if is_tags { FieldKind::Json } else { kind };
        let is_extended =
            source.format == Format::Kml && kind == FieldKind::Text && !KML_FIELDS.contains(&name.as_str());
        fields.push(SourceField { name, kind, untyped: source.format.is_text_table() || is_extended });
        readers.push(FieldReader { index, kind: field.field_type(), is_boolean, is_tags, label });
    }
    (fields, readers)
}

/// KML and GPX bring a dozen fields that the format defines and nobody filled: those go, and columns
/// of a workbook that have neither name nor value.
fn without_empty_standard_fields(
    dataset: &Dataset,
    layer: usize,
    fields: Vec<SourceField>,
    readers: Vec<FieldReader>,
    format: Format,
) -> (Vec<SourceField>, Vec<FieldReader>) {
    // As GDAL calls a column without a name.
    let is_unnamed = |place: usize, name: &str| *name == format!("Field{}", place + 1);
    let may_go: Vec<bool> = match format {
        Format::Kml | Format::Gpx => vec![true; fields.len()],
        Format::Xlsx | Format::Ods => {
            fields.iter().enumerate().map(|(place, field)| is_unnamed(place, &field.name)).collect()
        }
        _ => Vec::new(),
    };
    if !may_go.contains(&true) {
        return (fields, readers);
    }
    let mut used: Vec<bool> = may_go.iter().map(|may_go| !may_go).collect();
    if let Ok(mut opened) = dataset.layer(layer) {
        for feature in opened.features() {
            for (is_used, reader) in used.iter_mut().zip(&readers) {
                let value = value_of(&feature, reader);
                let is_default = matches!(value, Value::Null)
                    || (format == Format::Kml && matches!(value, Value::Integer(-1 | 0)))
                    || (format == Format::Kml && value == Value::Text(String::new()));
                *is_used |= !is_default;
            }
        }
    }
    fields.into_iter().zip(readers).zip(used).filter(|(_, is_used)| *is_used).map(|(pair, _)| pair).unzip()
}

/// Where the names of a workbook's columns stand below its first row, which GDAL took for them: takes
/// them from there, and answers how many rows are no features. Names may be said again in the next row.
fn take_header(
    fields: &mut [SourceField],
    sample: &[Vec<Value>],
    request: &WorkerRequest,
    notes: &mut Vec<String>,
) -> usize {
    let names = |values: &[Value]| -> Vec<String> {
        values
            .iter()
            .map(|value| if let Value::Text(text) = value { text.trim().to_owned() } else { String::new() })
            .collect()
    };
    let first: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let above = if points::is_header(&first, request) {
        0
    } else {
        let below = sample.iter().take(points::HEAD_LINES_MAX).position(|row| points::is_header(&names(row), request));
        let Some(below) = below else { return 0 };
        for (field, name) in fields.iter_mut().zip(names(&sample[below])) {
            if !name.is_empty() {
                field.name = name;
            }
        }
        below + 1
    };
    let header: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
    let next = sample.get(above).map(|row| names(row));
    let names_twice = next.is_some_and(|line| points::repeats_header(&header, &line, request));
    notes.extend(points::lines_left_out(above, names_twice));
    above + usize::from(names_twice)
}

/// The values of the first features behind some.
fn sample(dataset: &Dataset, layer: usize, readers: &[FieldReader], behind: usize) -> Vec<Vec<Value>> {
    const ROWS: usize = 100;
    let Ok(mut opened) = dataset.layer(layer) else { return Vec::new() };
    let values_of = |feature: Feature<'_>| readers.iter().map(|reader| value_of(&feature, reader)).collect();
    opened.features().skip(behind).take(ROWS).map(values_of).collect()
}
