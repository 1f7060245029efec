//! What can be had of a layer: its features, services and pages, listed once for every face.

use super::Listing;
use crate::base::digest::Sha256Hex;
use crate::base::{GeometryKind, Trilingual, limits};
use crate::definition::{DownloadCrs, DownloadFormat, DownloadKind};
use crate::formats::esri_json;
use crate::store::Download;

/// One address at which the layer is had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Unique within the layer, stable for ever: part of identifiers.
    pub id: String,
    pub kind: Kind,
    pub title: Trilingual,
    pub address: String,
    /// As people call the format.
    pub format: String,
    pub media_type: String,
    /// The name by which CSW and ISO clients know what to do with the address.
    pub protocol: &'static str,
    /// The standard that a service follows.
    pub conforms_to: Option<&'static str>,
    /// Of a whole file, how to know that it came whole.
    pub file: Option<FileFacts>,
}

/// What is known of a file before it is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    pub bytes: u64,
    pub sha256: Sha256Hex,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// All features at one address: a file, or one request.
    Whole,
    Service,
    Page,
}

/// Every address of a layer: all its features in files or, until one of GeoJSON is made, by one
/// request, then services, then its page.
pub fn resources(listing: &Listing<'_>) -> Vec<Resource> {
    let mut all: Vec<Resource> = listing.downloads.iter().map(|download| file(listing, download)).collect();
    if !listing.downloads.iter().any(|download| download.format == DownloadFormat::GeoJson) {
        all.extend(all_features(listing));
    }
    all.extend(services(listing));
    all.push(page(listing));
    all
}

/// QGIS MetaSearch adds the last address of this kind as a layer, which GDAL reads over HTTP as it is:
/// only GeoJSON is read so.
const FILE: &str = "FILE:GEO";
const LINK: &str = "WWW:LINK-1.0-http--link";
const DOWNLOAD: &str = "WWW:DOWNLOAD-1.0-http--download";

/// A whole file.
fn file(listing: &Listing<'_>, download: &Download) -> Resource {
    let name = download.format.name();
    Resource {
        id: download.kind().id(),
        kind: Kind::Whole,
        title: file_title(download.kind()),
        address: format!("{}/downloads/{}/{}", listing.base, listing.record.id, download.name),
        format: name.to_owned(),
        media_type: download.media_type.clone(),
        protocol: if download.format == DownloadFormat::GeoJson { FILE } else { DOWNLOAD },
        conforms_to: None,
        file: Some(FileFacts { bytes: download.bytes, sha256: download.sha256.clone() }),
    }
}

/// What a file is called: its format, and its system where that is not the usual one.
pub fn file_title(kind: DownloadKind) -> Trilingual {
    let name = kind.format.name();
    match kind.crs {
        DownloadCrs::Crs84 | DownloadCrs::WebMercator => text(name, name, name),
        DownloadCrs::Hk1980 => text(
            &format!("{name} (HK1980 Grid)"),
            &format!("{name}（香港1980方格網）"),
            &format!("{name}（香港1980方格网）"),
        ),
    }
}

/// All features as one GeoJSON document, where one page holds them all.
fn all_features(listing: &Listing<'_>) -> Option<Resource> {
    let is_whole = listing.record.counts.kept <= u64::from(limits::PAGE_FEATURES_MAX);
    is_whole.then(|| Resource {
        id: "geojson".to_owned(),
        kind: Kind::Whole,
        title: text("All features as GeoJSON", "所有地理要素（GeoJSON）", "所有地理要素（GeoJSON）"),
        address: format!("{}/items?f=json&limit={}", listing.page(), limits::PAGE_FEATURES_MAX),
        format: "GeoJSON".to_owned(),
        media_type: "application/geo+json".to_owned(),
        protocol: FILE,
        conforms_to: None,
        file: None,
    })
}

/// A service of every layer. `path` follows the public address; `{layer}` stands for the id.
struct Service {
    id: &'static str,
    title: (&'static str, &'static str, &'static str),
    path: &'static str,
    format: &'static str,
    media_type: &'static str,
    protocol: &'static str,
    conforms_to: &'static str,
    /// Whether a layer of this kind of geometry is served so.
    serves: fn(GeometryKind) -> bool,
}

/// Services that this server answers. One that it comes to offer is one more row here, and then
/// stands in every face.
const SERVICES: [Service; 8] = [
    Service {
        id: "ogc-api-features",
        title: ("OGC API Features", "OGC API 地理要素服務", "OGC API 地理要素服务"),
        path: "/collections/{layer}/items",
        format: "OGC API Features",
        media_type: "application/geo+json",
        protocol: "OGC:API-Features",
        conforms_to: "http://www.opengis.net/spec/ogcapi-features-1/1.0",
        serves: |_| true,
    },
    Service {
        id: "ogc-api-tiles",
        title: ("OGC API Tiles", "OGC API 圖磚服務", "OGC API 图砖服务"),
        path: "/collections/{layer}/tiles",
        format: "OGC API Tiles",
        media_type: "application/json",
        protocol: "OGC:API-Tiles",
        conforms_to: "http://www.opengis.net/spec/ogcapi-tiles-1/1.0",
        serves: has_geometry,
    },
    Service {
        id: "tilejson",
        title: ("Vector tiles (TileJSON)", "向量圖磚（TileJSON）", "矢量图砖（TileJSON）"),
        path: "/tilejson/{layer}.json",
        format: "TileJSON",
        media_type: "application/json",
        protocol: "WWW:TILEJSON",
        conforms_to: "https://github.com/mapbox/tilejson-spec/tree/master/3.0.0",
        serves: has_geometry,
    },
    Service {
        id: "wfs",
        title: ("Web Feature Service (WFS 2.0)", "網絡地理要素服務（WFS 2.0）", "网络地理要素服务（WFS 2.0）"),
        path: "/wfs",
        format: "WFS",
        media_type: "application/xml",
        protocol: "OGC:WFS",
        conforms_to: "http://www.opengis.net/spec/wfs/2.0",
        serves: |_| true,
    },
    Service {
        id: "wmts",
        title: ("Web Map Tile Service (WMTS 1.0)", "網絡地圖圖磚服務（WMTS 1.0）", "网络地图图砖服务（WMTS 1.0）"),
        path: "/wmts/1.0.0/WMTSCapabilities.xml",
        format: "WMTS",
        media_type: "application/xml",
        protocol: "OGC:WMTS",
        conforms_to: "http://www.opengis.net/spec/wmts/1.0",
        serves: has_geometry,
    },
    Service {
        id: "arcgis-features",
        title: ("ArcGIS feature service", "ArcGIS 地理要素服務", "ArcGIS 地理要素服务"),
        path: "/esri/rest/services/{layer}/FeatureServer/0",
        format: "ArcGIS FeatureServer",
        media_type: "application/json",
        protocol: "ESRI:ArcGIS:FeatureServer",
        conforms_to: "https://developers.arcgis.com/rest/services-reference/enterprise/feature-service/",
        serves: is_one_arcgis_layer,
    },
    Service {
        // Points, lines and areas are a layer each of it.
        id: "arcgis-features",
        title: ("ArcGIS feature service", "ArcGIS 地理要素服務", "ArcGIS 地理要素服务"),
        path: "/esri/rest/services/{layer}/FeatureServer",
        format: "ArcGIS FeatureServer",
        media_type: "application/json",
        protocol: "ESRI:ArcGIS:FeatureServer",
        conforms_to: "https://developers.arcgis.com/rest/services-reference/enterprise/feature-service/",
        serves: |kind| !is_one_arcgis_layer(kind),
    },
    Service {
        id: "arcgis-tiles",
        title: ("ArcGIS vector tile service", "ArcGIS 向量圖磚服務", "ArcGIS 矢量图砖服务"),
        path: "/esri/rest/services/{layer}/VectorTileServer",
        format: "ArcGIS VectorTileServer",
        media_type: "application/json",
        protocol: "ESRI:ArcGIS:VectorTileServer",
        conforms_to: "https://developers.arcgis.com/rest/services-reference/enterprise/vector-tile-service/",
        serves: has_geometry,
    },
];

fn is_one_arcgis_layer(kind: GeometryKind) -> bool {
    kind == GeometryKind::None || esri_json::geometry_type(kind).is_some()
}

fn has_geometry(kind: GeometryKind) -> bool {
    kind != GeometryKind::None
}

fn services(listing: &Listing<'_>) -> impl Iterator<Item = Resource> {
    let kind = listing.record.schema.geometry;
    SERVICES.iter().filter(move |service| (service.serves)(kind)).map(|service| {
        let (en, zh_hant, zh_hans) = service.title;
        Resource {
            id: service.id.to_owned(),
            kind: Kind::Service,
            title: text(en, zh_hant, zh_hans),
            address: format!("{}{}", listing.base, service.path.replace("{layer}", listing.id())),
            format: service.format.to_owned(),
            media_type: service.media_type.to_owned(),
            protocol: service.protocol,
            conforms_to: Some(service.conforms_to),
            file: None,
        }
    })
}

fn page(listing: &Listing<'_>) -> Resource {
    Resource {
        id: "page".to_owned(),
        kind: Kind::Page,
        title: text("Layer page", "圖層網頁", "图层网页"),
        address: format!("{}?f=html", listing.page()),
        format: "HTML".to_owned(),
        media_type: "text/html".to_owned(),
        protocol: LINK,
        conforms_to: None,
        file: None,
    }
}

fn text(en: &str, zh_hant: &str, zh_hans: &str) -> Trilingual {
    Trilingual { en: en.to_owned(), zh_hant: zh_hant.to_owned(), zh_hans: zh_hans.to_owned(), zh_hans_derived: false }
}
