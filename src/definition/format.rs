//! The formats of deliveries by the names that definitions and reports use.

use serde::{Deserialize, Serialize};

/// A format that is read. An archive is none: what it holds is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    GeoJson,
    GeoJsonSeq,
    TopoJson,
    Shapefile,
    GeoPackage,
    FileGeodatabase,
    Gml,
    /// KMZ too, which is KML in a zip.
    Kml,
    Gpx,
    FlatGeobuf,
    Dxf,
    /// TAB and MIF.
    MapInfo,
    /// PBF and XML.
    Osm,
    /// Tabs, semicolons and bars too.
    Csv,
    Xlsx,
    Ods,
    /// A table of attributes alone.
    Dbf,
}

impl Format {
    pub const ALL: [Format; 17] = [
        Format::GeoJson,
        Format::GeoJsonSeq,
        Format::TopoJson,
        Format::Shapefile,
        Format::GeoPackage,
        Format::FileGeodatabase,
        Format::Gml,
        Format::Kml,
        Format::Gpx,
        Format::FlatGeobuf,
        Format::Dxf,
        Format::MapInfo,
        Format::Osm,
        Format::Csv,
        Format::Xlsx,
        Format::Ods,
        Format::Dbf,
    ];

    /// The name in definitions and reports.
    pub fn name(self) -> &'static str {
        match self {
            Format::GeoJson => "GeoJSON",
            Format::GeoJsonSeq => "GeoJSONSeq",
            Format::TopoJson => "TopoJSON",
            Format::Shapefile => "Shapefile",
            Format::GeoPackage => "GeoPackage",
            Format::FileGeodatabase => "FileGDB",
            Format::Gml => "GML",
            Format::Kml => "KML",
            Format::Gpx => "GPX",
            Format::FlatGeobuf => "FlatGeobuf",
            Format::Dxf => "DXF",
            Format::MapInfo => "MapInfo",
            Format::Osm => "OSM",
            Format::Csv => "CSV",
            Format::Xlsx => "XLSX",
            Format::Ods => "ODS",
            Format::Dbf => "DBF",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }

    /// Whether the format is a table whose cells are only text.
    pub fn is_text_table(self) -> bool {
        matches!(self, Format::Csv | Format::Xlsx | Format::Ods)
    }

    /// Whether the format itself says that coordinates are CRS84, whatever the file says.
    pub fn fixes_crs84(self) -> bool {
        matches!(self, Format::Kml | Format::Gpx | Format::Osm)
    }
}

/// What a definition says of the geometry of its delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GeometryRule {
    /// Nothing is said: points, lines and areas make one layer each, named by what they are where
    /// there are several; a delivery without geometry is refused.
    #[default]
    Unstated,
    /// The same, and each layer is named by what it holds even where there is only one.
    Split,
    /// Points, lines and areas stay in one layer.
    Mixed,
    /// The delivery is a table of attributes.
    None,
}
