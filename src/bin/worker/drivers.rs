//! Which GDAL driver reads which format, with which options; every other driver is taken away, so
//! that no file gets to choose one.

use std::path::Path;

use causeway::intake::delivery::Format;
use causeway::intake::delivery::protocol::WorkerSource;
use causeway::intake::delivery::text;
use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags};

use super::{Stop, errors};

/// Tables of text have none: we read them ourselves.
fn driver_of(format: Format) -> &'static str {
    match format {
        Format::GeoJson => "GeoJSON",
        Format::GeoJsonSeq => "GeoJSONSeq",
        Format::TopoJson => "TopoJSON",
        Format::Shapefile | Format::Dbf => "ESRI Shapefile",
        Format::GeoPackage => "GPKG",
        Format::FileGeodatabase => "OpenFileGDB",
        Format::Gml => "GML",
        Format::Kml => "LIBKML",
        Format::Gpx => "GPX",
        Format::FlatGeobuf => "FlatGeobuf",
        Format::Dxf => "DXF",
        Format::MapInfo => "MapInfo File",
        Format::Osm => "OSM",
        Format::Csv => "CSV",
        Format::Xlsx => "XLSX",
        Format::Ods => "ODS",
    }
}

/// Takes away every driver but those that are needed for these formats.
pub fn keep_only(formats: &[Format]) {
    keep_only_named(&formats.iter().map(|format| driver_of(*format)).collect::<Vec<_>>());
}

/// Takes away every driver but these.
pub fn keep_only_named(needed: &[&str]) {
    // The crate would else register all of them again when the first file is opened.
    DriverManager::prevent_auto_registration();
    DriverManager::register_all();
    for place in (0..DriverManager::count()).rev() {
        if let Ok(driver) = DriverManager::get_driver(place)
            && !needed.contains(&driver.short_name().as_str())
        {
            DriverManager::deregister_driver(&driver);
        }
    }
}

/// Where GDAL finds how to make layers of OSM: its own way drops tags, such as the elevation of a peak.
const OSM_CONFIGURATION: &str = "/vsimem/osm.ini";
const OSM_OPTIONS: [&str; 1] = ["CONFIG_FILE=/vsimem/osm.ini"];

/// Opens a source with its one driver.
pub fn open(source: &WorkerSource) -> Result<Dataset, Stop> {
    let label = source.encoding.as_ref().map_or("utf-8", |encoding| encoding.label.as_str());
    let encoding = format!("ENCODING={}", text::gdal_name(label));
    let options: &[&str] = match source.format {
        Format::Shapefile | Format::Dbf => &[encoding.as_str()],
        Format::GeoJson => &["NATIVE_DATA=NO"],
        // Nothing that the file points to is fetched, and types are found over the whole file.
        Format::Gml => &["DOWNLOAD_SCHEMA=NO", "EXPOSE_FID=NO"],
        Format::GeoPackage => &["LIST_ALL_TABLES=NO"],
        Format::FlatGeobuf => &["VERIFY_BUFFERS=YES"],
        Format::Osm => {
            gdal::vsi::create_mem_file(OSM_CONFIGURATION, include_bytes!("osm.ini").to_vec())
                .map_err(|error| Stop::Broken(error.to_string()))?;
            &OSM_OPTIONS
        }
        _ => &[],
    };
    let opened = Dataset::open_ex(
        &source.path,
        DatasetOptions {
            open_flags: GdalOpenFlags::GDAL_OF_VECTOR
                | GdalOpenFlags::GDAL_OF_READONLY
                | GdalOpenFlags::GDAL_OF_VERBOSE_ERROR,
            allowed_drivers: Some(&[driver_of(source.format)]),
            open_options: Some(options),
            sibling_files: None,
        },
    );
    let failure = errors::take_failure();
    opened.map_err(|error| {
        let why = without_path(&failure.unwrap_or_else(|| error.to_string()), &source.path, &source.shown);
        Stop::Refused(format!("{} cannot be read as {}: {why}", source.shown, source.format.name()))
    })
}

/// A message without the path of the private copy, which means nothing to whoever handed the file
/// in, and without the place in GDAL's own source.
pub fn without_path(message: &str, path: &Path, shown: &str) -> String {
    let stem = path.with_extension("");
    let message = message.replace(&*path.to_string_lossy(), shown).replace(&*stem.to_string_lossy(), shown);
    match message.split_once(": ") {
        Some((place, rest)) if place.contains(".cpp") => rest.to_owned(),
        _ => message,
    }
}
