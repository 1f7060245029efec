//! `[downloads]`: which whole files of a layer are made for taking away.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::DefinitionFault;
use super::parse::Place;
use crate::base::{GeometryKind, LayerId};
use crate::crs::System;

/// A format of whole files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DownloadFormat {
    GeoPackage,
    #[serde(rename = "GeoJSON")]
    GeoJson,
    #[serde(rename = "CSV")]
    Csv,
    Shapefile,
    #[serde(rename = "GML")]
    Gml,
    #[serde(rename = "KML")]
    Kml,
    FlatGeobuf,
    #[serde(rename = "FileGDB")]
    FileGeodatabase,
    #[serde(rename = "PMTiles")]
    PmTiles,
}

/// The coordinate system of a whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum DownloadCrs {
    #[serde(rename = "CRS84")]
    Crs84,
    /// The Hong Kong 1980 Grid.
    #[serde(rename = "EPSG:2326")]
    Hk1980,
    /// That of tiles.
    #[serde(rename = "EPSG:3857")]
    WebMercator,
}

/// One file of a layer: its format and coordinate system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DownloadKind {
    pub format: DownloadFormat,
    pub crs: DownloadCrs,
}

impl DownloadCrs {
    pub fn system(self) -> System {
        match self {
            DownloadCrs::Crs84 => System::Crs84,
            DownloadCrs::Hk1980 => System::Epsg2326,
            DownloadCrs::WebMercator => System::Epsg3857,
        }
    }

    /// As manifests name it.
    pub fn name(self) -> &'static str {
        match self {
            DownloadCrs::Crs84 => "CRS84",
            DownloadCrs::Hk1980 => "EPSG:2326",
            DownloadCrs::WebMercator => "EPSG:3857",
        }
    }

    /// What tells files of one format apart: no format is made in degrees and in Web Mercator.
    fn suffix(self) -> &'static str {
        match self {
            DownloadCrs::Crs84 | DownloadCrs::WebMercator => "",
            DownloadCrs::Hk1980 => "-hk1980",
        }
    }
}

impl DownloadFormat {
    pub const ALL: [DownloadFormat; 9] = [
        DownloadFormat::GeoPackage,
        DownloadFormat::GeoJson,
        DownloadFormat::Csv,
        DownloadFormat::Shapefile,
        DownloadFormat::Gml,
        DownloadFormat::Kml,
        DownloadFormat::FlatGeobuf,
        DownloadFormat::FileGeodatabase,
        DownloadFormat::PmTiles,
    ];

    /// What is made where a definition does not say: for a GIS, for the web, for a spreadsheet.
    pub const DEFAULT: [DownloadFormat; 3] = [DownloadFormat::GeoPackage, DownloadFormat::GeoJson, DownloadFormat::Csv];

    /// As people call it, and as a definition names it.
    pub fn name(self) -> &'static str {
        match self {
            DownloadFormat::GeoPackage => "GeoPackage",
            DownloadFormat::GeoJson => "GeoJSON",
            DownloadFormat::Csv => "CSV",
            DownloadFormat::Shapefile => "Shapefile",
            DownloadFormat::Gml => "GML",
            DownloadFormat::Kml => "KML",
            DownloadFormat::FlatGeobuf => "FlatGeobuf",
            DownloadFormat::FileGeodatabase => "FileGDB",
            DownloadFormat::PmTiles => "PMTiles",
        }
    }

    /// The end of a file's name. GDAL, and so QGIS, opens `.shp.zip` and `.gdb.zip` as they are.
    pub fn extension(self) -> &'static str {
        match self {
            DownloadFormat::GeoPackage => "gpkg",
            DownloadFormat::GeoJson => "geojson",
            DownloadFormat::Csv => "csv",
            DownloadFormat::Shapefile => "shp.zip",
            DownloadFormat::Gml => "gml.zip",
            DownloadFormat::Kml => "kml",
            DownloadFormat::FlatGeobuf => "fgb",
            DownloadFormat::FileGeodatabase => "gdb.zip",
            DownloadFormat::PmTiles => "pmtiles",
        }
    }

    pub fn media_type(self) -> &'static str {
        match self {
            DownloadFormat::GeoPackage => "application/geopackage+sqlite3",
            DownloadFormat::GeoJson => "application/geo+json",
            DownloadFormat::Csv => "text/csv",
            DownloadFormat::Shapefile | DownloadFormat::Gml | DownloadFormat::FileGeodatabase => "application/zip",
            DownloadFormat::Kml => "application/vnd.google-earth.kml+xml",
            DownloadFormat::FlatGeobuf => "application/flatgeobuf",
            DownloadFormat::PmTiles => "application/vnd.pmtiles",
        }
    }

    /// RFC 7946 and OGC 12-007r2 know degrees of WGS 84 alone.
    pub fn systems(self) -> &'static [DownloadCrs] {
        match self {
            DownloadFormat::GeoJson | DownloadFormat::Kml => &[DownloadCrs::Crs84],
            DownloadFormat::PmTiles => &[DownloadCrs::WebMercator],
            _ => &[DownloadCrs::Crs84, DownloadCrs::Hk1980],
        }
    }

    /// Whether it can hold a layer of this kind of geometry.
    pub fn holds(self, kind: GeometryKind) -> bool {
        let takes_tables = matches!(self, DownloadFormat::GeoPackage | DownloadFormat::GeoJson | DownloadFormat::Csv);
        let takes_one_kind = matches!(self, DownloadFormat::Shapefile | DownloadFormat::FileGeodatabase);
        match kind {
            GeometryKind::None => takes_tables,
            GeometryKind::GeometryCollection => !takes_one_kind,
            _ => true,
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        DownloadFormat::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl DownloadKind {
    /// `lcsd-libraries.gpkg`, `lcsd-libraries-hk1980.gpkg`.
    pub fn file_name(self, layer: &LayerId) -> String {
        format!("{layer}{}.{}", self.crs.suffix(), self.format.extension())
    }

    /// Unique within a layer, the same for ever: `geopackage`, `geopackage-hk1980`.
    pub fn id(self) -> String {
        format!("{}{}", self.format.name().to_lowercase(), self.crs.suffix())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawDownloads {
    formats: Spanned<Vec<Spanned<String>>>,
}

/// An empty list is a decision too: nothing is made.
pub(super) fn read(place: &Place, raw: Option<RawDownloads>) -> Result<Vec<DownloadFormat>, DefinitionFault> {
    let Some(raw) = raw else { return Ok(DownloadFormat::DEFAULT.to_vec()) };
    let named = raw.formats.into_inner().into_iter().map(|name| {
        DownloadFormat::from_name(name.get_ref()).ok_or_else(|| {
            let value = crate::base::ids::cut(name.get_ref());
            let known = DownloadFormat::ALL.map(DownloadFormat::name).join(", ");
            place.fault(&name.span(), format!("formats names \"{value}\", which is not one of {known}"))
        })
    });
    let mut formats = named.collect::<Result<Vec<_>, _>>()?;
    formats.sort();
    formats.dedup();
    Ok(formats)
}
