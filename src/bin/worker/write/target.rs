//! What GDAL writes of each format, and with which options.

use std::ffi::CString;
use std::path::{Path, PathBuf};

use causeway::base::{FieldKind, GeometryKind};
use causeway::definition::{DownloadCrs, DownloadFormat};
use causeway::formats::xml_names::xml_name;
use causeway::intake::downloads::WriteRequest;
use causeway::package::names::{ID_COLUMN, table_name};
use causeway::package::{Row, ValueRef};
use gdal::spatial_ref::{AxisMappingStrategy, SpatialRef};
use gdal::vector::{Defn, Feature, Geometry, LayerAccess, LayerOptions};
use gdal::{Dataset, DriverManager};
use gdal_sys::{OGRFieldSubType, OGRFieldType, OGRwkbGeometryType};

use super::super::{Stop, errors};
use super::names::{cut, short_names};
use super::pack;

/// How a format is written.
pub struct Target {
    pub driver: &'static str,
    format: DownloadFormat,
    dataset_options: &'static [&'static str],
    layer_options: &'static [&'static str],
}

/// The field that a placemark is named by, so that the layer's own field stays among the others.
const PLACEMARK_NAME: &str = "placemark_name";

impl Target {
    /// `None` of what is written by others.
    pub fn of(format: DownloadFormat) -> Option<Target> {
        let (driver, dataset_options, layer_options): (_, &[&str], &[&str]) = match format {
            DownloadFormat::GeoPackage => ("GPKG", &["VERSION=1.3"], &["GEOMETRY_NAME=geom", "FID=fid"]),
            DownloadFormat::GeoJson | DownloadFormat::Csv | DownloadFormat::PmTiles => return None,
            DownloadFormat::Shapefile => ("ESRI Shapefile", &[], &["ENCODING=UTF-8", "RESIZE=YES"]),
            DownloadFormat::Gml => ("GML", &["FORMAT=GML3.2", "WRITE_FEATURE_BOUNDED_BY=NO"], &[]),
            // The second is no field: a description would repeat one.
            DownloadFormat::Kml => ("KML", &["NameField=placemark_name", "DescriptionField=none"], &[]),
            DownloadFormat::FlatGeobuf => ("FlatGeobuf", &[], &[]),
            DownloadFormat::FileGeodatabase => ("OpenFileGDB", &[], &[]),
        };
        Some(Target { driver, format, dataset_options, layer_options })
    }

    /// The name under which GDAL writes; what is more than one file is packed afterwards.
    fn path(&self, request: &WriteRequest) -> PathBuf {
        match self.format {
            DownloadFormat::Shapefile => Path::new(FOLDER).join(format!("{}.shp", request.layer)),
            DownloadFormat::Gml => Path::new(FOLDER).join(format!("{}.gml", request.layer)),
            DownloadFormat::FileGeodatabase => Path::new(FOLDER).join(format!("{}.gdb", request.layer)),
            _ => PathBuf::from(&request.file),
        }
    }
}

/// Where the parts of a file that is packed are made.
const FOLDER: &str = "parts";

/// Bytes of a text in a dBASE table.
const DBF_TEXT_BYTES: usize = 254;

/// Columns of a dBASE table; GDAL writes more, which others cannot read.
const DBF_COLUMNS: usize = 255;

/// A file being written.
pub struct Writer {
    format: DownloadFormat,
    dataset: Dataset,
    /// Places of the fields in GDAL's layer: the public id, then the schema's.
    places: Vec<usize>,
    names: Vec<String>,
    /// Place of the field that names a placemark.
    placemark: Option<usize>,
    name_field: Option<usize>,
    /// Values of each field that were cut to fit.
    values_cut: Vec<u64>,
}

impl Writer {
    pub fn create(target: &Target, request: &WriteRequest) -> Result<Self, Stop> {
        let columns = request.schema.fields.len() + 1;
        if target.format == DownloadFormat::Shapefile && columns > DBF_COLUMNS {
            return Err(Stop::Refused(format!(
                "a shapefile has at most {DBF_COLUMNS} columns, and these are {columns}"
            )));
        }
        let broken = |error: gdal::errors::GdalError| Stop::Refused(why(&error.to_string()));
        let driver = DriverManager::get_driver_by_name(target.driver)
            .map_err(|_| Stop::Refused(format!("this GDAL cannot write {}", target.format.name())))?;
        std::fs::create_dir(FOLDER)?;
        let path = target.path(request);
        let created = match target.dataset_options {
            // OpenFileGDB takes no kind of pixel, not even for no pixels.
            [] => driver.create_vector_only(&path),
            options => {
                let options = options.iter().copied().collect();
                driver.create_with_band_type_with_options::<u8, _>(&path, 0, 0, 0, &options)
            }
        };
        let mut dataset = created.map_err(broken)?;
        let system = spatial_reference(request.crs).map_err(broken)?;
        let name = table_name(&request.layer);
        let title = format!("IDENTIFIER={}", request.title);
        let mut layer_options = target.layer_options.to_vec();
        match target.format {
            DownloadFormat::GeoPackage => layer_options.push(&title),
            // An index over features without a place is more than the format has.
            DownloadFormat::FlatGeobuf if request.has_empty => layer_options.push("SPATIAL_INDEX=NO"),
            _ => {}
        }
        let layer = dataset
            .create_layer(LayerOptions {
                name: &name,
                srs: Some(&system),
                ty: geometry_type(request),
                options: Some(&layer_options),
            })
            .map_err(broken)?;
        let names = field_names(target.format, request);
        let mut places = Vec::new();
        let kinds = std::iter::once(FieldKind::Integer).chain(request.schema.fields.iter().map(|field| field.kind));
        for (name, kind) in names.iter().zip(kinds) {
            places.push(add_field(&layer, name, kind, target.format)?);
        }
        let placemark = match target.format {
            DownloadFormat::Kml => Some(add_field(&layer, PLACEMARK_NAME, FieldKind::Text, target.format)?),
            _ => None,
        };
        let values_cut = vec![0; names.len()];
        let name_field = request.name_field;
        let writer = Writer { format: target.format, dataset, places, names, placemark, name_field, values_cut };
        writer.begin();
        Ok(writer)
    }

    /// One transaction over all features: else SQLite syncs after each.
    fn begin(&self) {
        if self.format == DownloadFormat::GeoPackage {
            // SAFETY: the dataset is open; a driver that refuses says so and goes on without.
            unsafe { gdal_sys::GDALDatasetStartTransaction(self.dataset.c_dataset(), 0) };
        }
    }

    pub fn add(&mut self, row: &Row<'_>, wkb: Option<&[u8]>) -> Result<(), Stop> {
        let refused = |error: gdal::errors::GdalError| {
            Stop::Refused(format!("feature {} cannot be written: {}", row.id().get(), why(&error.to_string())))
        };
        let layer = self.dataset.layer(0).map_err(refused)?;
        let definition = Defn::from_layer(&layer);
        let mut feature = Feature::new(&definition).map_err(refused)?;
        feature.set_field_integer64(self.places[0], row.id().get() as i64).map_err(refused)?;
        for field in 0..row.schema().fields.len() {
            let place = self.places[field + 1];
            let set = match row.value(field) {
                ValueRef::Null => feature.set_field_null(place),
                ValueRef::Integer(number) => feature.set_field_integer64(place, number),
                ValueRef::Real(number) => feature.set_field_double(place, number),
                ValueRef::Boolean(truth) => feature.set_field_integer(place, i32::from(truth)),
                ValueRef::Text(text) | ValueRef::Json(text) => {
                    let kept = if self.format == DownloadFormat::Shapefile { cut(text, DBF_TEXT_BYTES) } else { text };
                    self.values_cut[field + 1] += u64::from(kept.len() < text.len());
                    feature.set_field_string(place, kept)
                }
            };
            set.map_err(refused)?;
        }
        if let (Some(place), Some(field)) = (self.placemark, self.name_field)
            && let ValueRef::Text(name) = row.value(field)
        {
            feature.set_field_string(place, name).map_err(refused)?;
        }
        if let Some(wkb) = wkb {
            feature.set_geometry(Geometry::from_wkb(wkb).map_err(refused)?).map_err(refused)?;
        }
        feature.create(&layer).map_err(refused)
    }

    /// Closes the file; packs what is more than one.
    pub fn finish(self, request: &WriteRequest) -> Result<(), Stop> {
        if self.format == DownloadFormat::GeoPackage {
            // SAFETY: the dataset is open, and no feature of it is live.
            unsafe { gdal_sys::GDALDatasetCommitTransaction(self.dataset.c_dataset()) };
        }
        self.dataset.close().map_err(|error| Stop::Refused(why(&error.to_string())))?;
        if let Some(failure) = errors::take_failure() {
            return Err(Stop::Refused(failure));
        }
        let folder = Path::new(FOLDER);
        match self.format {
            DownloadFormat::Shapefile => {
                pack::table_of_names(&folder.join("fields.csv"), request, &self.names, &self.values_cut)?;
                pack::pack(folder, Path::new(&request.file))
            }
            DownloadFormat::Gml | DownloadFormat::FileGeodatabase => pack::pack(folder, Path::new(&request.file)),
            _ => Ok(()),
        }
    }
}

/// GDAL's own words where it left any.
fn why(error: &str) -> String {
    errors::take_failure().unwrap_or_else(|| error.to_owned())
}

fn spatial_reference(crs: DownloadCrs) -> Result<SpatialRef, gdal::errors::GdalError> {
    let mut system = match crs {
        DownloadCrs::Crs84 => SpatialRef::from_epsg(4326)?,
        DownloadCrs::Hk1980 => SpatialRef::from_epsg(2326)?,
        DownloadCrs::WebMercator => SpatialRef::from_epsg(3857)?,
    };
    // East first, as our coordinates come; a format that has another order turns them itself.
    system.set_axis_mapping_strategy(AxisMappingStrategy::TraditionalGisOrder);
    Ok(system)
}

fn geometry_type(request: &WriteRequest) -> OGRwkbGeometryType::Type {
    let flat = match request.schema.geometry {
        GeometryKind::Point => OGRwkbGeometryType::wkbPoint,
        GeometryKind::LineString => OGRwkbGeometryType::wkbLineString,
        GeometryKind::Polygon => OGRwkbGeometryType::wkbPolygon,
        GeometryKind::MultiPoint => OGRwkbGeometryType::wkbMultiPoint,
        GeometryKind::MultiLineString => OGRwkbGeometryType::wkbMultiLineString,
        GeometryKind::MultiPolygon => OGRwkbGeometryType::wkbMultiPolygon,
        GeometryKind::GeometryCollection => OGRwkbGeometryType::wkbUnknown,
        GeometryKind::None => return OGRwkbGeometryType::wkbNone,
    };
    // SAFETY: both only compute a number.
    unsafe {
        let with_z = if request.schema.has_z { gdal_sys::OGR_GT_SetZ(flat) } else { flat };
        if request.schema.has_m { gdal_sys::OGR_GT_SetM(with_z) } else { with_z }
    }
}

/// Columns of the package, which differ regardless of case, as each format can have them.
fn field_names(format: DownloadFormat, request: &WriteRequest) -> Vec<String> {
    let columns = || std::iter::once(ID_COLUMN).chain(request.schema.fields.iter().map(|field| field.column.as_str()));
    match format {
        DownloadFormat::Shapefile => short_names(columns()),
        DownloadFormat::Gml => columns().map(xml_name).collect(),
        _ => columns().map(str::to_owned).collect(),
    }
}

/// Adds a field and answers its place.
fn add_field(
    layer: &gdal::vector::Layer<'_>,
    name: &str,
    kind: FieldKind,
    format: DownloadFormat,
) -> Result<usize, Stop> {
    let field_type = match kind {
        FieldKind::Text | FieldKind::Json => OGRFieldType::OFTString,
        FieldKind::Integer => OGRFieldType::OFTInteger64,
        FieldKind::Real => OGRFieldType::OFTReal,
        FieldKind::Boolean => OGRFieldType::OFTInteger,
        FieldKind::Date => OGRFieldType::OFTDate,
        // A dBASE table has dates only.
        FieldKind::DateTime if format == DownloadFormat::Shapefile => OGRFieldType::OFTString,
        FieldKind::DateTime => OGRFieldType::OFTDateTime,
    };
    let refused = || Stop::Refused(why(&format!("a field \"{name}\" cannot be made")));
    let c_name = CString::new(name).map_err(|_| refused())?;
    // SAFETY: the layer is live, the definition of the field is ours until it is destroyed here.
    unsafe {
        let field = gdal_sys::OGR_Fld_Create(c_name.as_ptr(), field_type);
        // Its names are letters and digits; what GDAL makes of any other keeps the name as an alias.
        if format == DownloadFormat::FileGeodatabase {
            gdal_sys::OGR_Fld_SetAlternativeName(field, c_name.as_ptr());
        }
        if kind == FieldKind::Boolean {
            gdal_sys::OGR_Fld_SetSubType(field, OGRFieldSubType::OFSTBoolean);
        }
        let made = gdal_sys::OGR_L_CreateField(layer.c_layer(), field, 1);
        gdal_sys::OGR_Fld_Destroy(field);
        let count = gdal_sys::OGR_FD_GetFieldCount(gdal_sys::OGR_L_GetLayerDefn(layer.c_layer()));
        match (made, usize::try_from(count)) {
            (gdal_sys::OGRErr::OGRERR_NONE, Ok(count)) if count > 0 => Ok(count - 1),
            _ => Err(refused()),
        }
    }
}
