//! The kinds of geometry that a layer can hold.

use serde::{Deserialize, Serialize};

use super::Trilingual;

/// The geometry type of a layer as GeoPackage names it. One layer holds one kind, because single
/// and multi geometries of one dimension are promoted to Multi at ingest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GeometryKind {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    /// Several dimensions kept together because the definition says so.
    GeometryCollection,
    /// A table of attributes.
    None,
}

/// What a geometry is made of, whatever its multiplicity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    Points,
    Lines,
    Areas,
    Mixed,
    None,
}

impl Dimension {
    /// What people narrow a list by.
    pub const SHAPES: [Dimension; 4] = [Dimension::Points, Dimension::Lines, Dimension::Areas, Dimension::Mixed];

    /// The word in addresses and facets; empty for a table.
    pub fn as_str(self) -> &'static str {
        match self {
            Dimension::Points => "points",
            Dimension::Lines => "lines",
            Dimension::Areas => "areas",
            Dimension::Mixed => "mixed",
            Dimension::None => "",
        }
    }

    pub fn name(self) -> Trilingual {
        let (en, zh_hant, zh_hans) = match self {
            Dimension::Points => ("Points", "點", "点"),
            Dimension::Lines => ("Lines", "線", "线"),
            Dimension::Areas => ("Areas", "範圍", "范围"),
            Dimension::Mixed => ("Mixed shapes", "多種圖形", "多种图形"),
            Dimension::None => ("Table", "表格", "表格"),
        };
        Trilingual { en: en.into(), zh_hant: zh_hant.into(), zh_hans: zh_hans.into(), ..Trilingual::default() }
    }
}

impl GeometryKind {
    /// The name in `gpkg_geometry_columns`, OGC 12-128r17 Annex G.
    pub fn gpkg_name(self) -> &'static str {
        match self {
            GeometryKind::Point => "POINT",
            GeometryKind::LineString => "LINESTRING",
            GeometryKind::Polygon => "POLYGON",
            GeometryKind::MultiPoint => "MULTIPOINT",
            GeometryKind::MultiLineString => "MULTILINESTRING",
            GeometryKind::MultiPolygon => "MULTIPOLYGON",
            // Any geometry may stand in such a layer, its own parts not wrapped in collections.
            GeometryKind::GeometryCollection => "GEOMETRY",
            GeometryKind::None => "",
        }
    }

    /// The name in GeoJSON, RFC 7946 §1.4.
    pub fn geojson_name(self) -> &'static str {
        match self {
            GeometryKind::Point => "Point",
            GeometryKind::LineString => "LineString",
            GeometryKind::Polygon => "Polygon",
            GeometryKind::MultiPoint => "MultiPoint",
            GeometryKind::MultiLineString => "MultiLineString",
            GeometryKind::MultiPolygon => "MultiPolygon",
            GeometryKind::GeometryCollection => "GeometryCollection",
            GeometryKind::None => "",
        }
    }

    pub fn dimension(self) -> Dimension {
        match self {
            GeometryKind::Point | GeometryKind::MultiPoint => Dimension::Points,
            GeometryKind::LineString | GeometryKind::MultiLineString => Dimension::Lines,
            GeometryKind::Polygon | GeometryKind::MultiPolygon => Dimension::Areas,
            GeometryKind::GeometryCollection => Dimension::Mixed,
            GeometryKind::None => Dimension::None,
        }
    }

    pub fn is_multi(self) -> bool {
        matches!(self, GeometryKind::MultiPoint | GeometryKind::MultiLineString | GeometryKind::MultiPolygon)
    }

    pub fn to_multi(self) -> Self {
        match self {
            GeometryKind::Point => GeometryKind::MultiPoint,
            GeometryKind::LineString => GeometryKind::MultiLineString,
            GeometryKind::Polygon => GeometryKind::MultiPolygon,
            other => other,
        }
    }
}
