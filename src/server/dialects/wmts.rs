//! `/wmts`: WMTS 1.0.0 (OGC 07-057r7) by key and value and by address, for clients that know only pictures. Every layer
//! with a geometry is there in the grids that its tiles are offered in, drawn in its own style.

use std::sync::Arc;

use super::super::answer::Answer;
use super::super::pictures::map_picture;
use super::super::problem::Problem;
use super::super::request::Ask;
use super::super::revisions::Wanted;
use super::super::routes::{Context, Reply};
use super::super::snapshot::LiveLayer;
use super::super::tiles::grids_of;
use super::ows::{self, OWS, in_languages};
use super::visible;
use crate::base::ids::cut;
use crate::base::xml_writer::XmlWriter;
use crate::base::{GeometryKind, Grid, Language, limits};
use crate::pictures::map::{Picture, SIDE_PIXELS};
use crate::tiles::TileAddress;

const VERSION: &str = "1.0.0";
const WMTS: &str = "http://www.opengis.net/wmts/1.0";
const XLINK: &str = "http://www.w3.org/1999/xlink";
const XML: &str = "text/xml; charset=utf-8";
const PNG: &str = "image/png";
/// The one style of every layer.
const STYLE: &str = "default";

/// What went wrong, and the parameter that it is in.
struct Exception {
    code: &'static str,
    locator: &'static str,
    problem: Problem,
}

type Outcome = Result<Arc<Answer>, Exception>;

impl From<Problem> for Exception {
    fn from(problem: Problem) -> Self {
        Exception { code: ows::code(problem.status), locator: "", problem }
    }
}

impl Exception {
    fn invalid(locator: &'static str, detail: impl Into<String>) -> Self {
        Exception { code: "InvalidParameterValue", locator, problem: Problem::bad_request(detail) }
    }

    fn answer(&self) -> Answer {
        ows::report(VERSION, self.code, self.locator, &self.problem)
    }
}

pub fn dress(problem: &Problem, _: &Ask) -> Answer {
    Exception::from(problem.clone()).answer()
}

/// Requests by key and value; REQUEST names the operation.
pub async fn answer(mut context: Context) -> Reply {
    let outcome = dispatch(&mut context).await;
    Ok(outcome.unwrap_or_else(|exception| Arc::new(exception.answer())))
}

async fn dispatch(context: &mut Context) -> Outcome {
    let parameters = &mut context.parameters;
    if let Some(service) = parameters.take_any_case("service").filter(|service| !service.eq_ignore_ascii_case("WMTS")) {
        let detail = format!("service=\"{}\" is not offered here; WMTS is", cut(&service));
        return Err(Exception::invalid("service", detail));
    }
    let operation = required(context, "request")?;
    if operation.eq_ignore_ascii_case("GetCapabilities") {
        return Ok(capabilities_of(context).await?);
    }
    if !operation.eq_ignore_ascii_case("GetTile") {
        let detail = format!("request=\"{}\" is not offered; accepted are GetCapabilities, GetTile", cut(&operation));
        return Err(Exception { code: "OperationNotSupported", ..Exception::invalid("request", detail) });
    }
    let format = required(context, "format")?;
    if format != PNG {
        return Err(Exception::invalid("format", format!("format=\"{}\" is not offered; {PNG} is", cut(&format))));
    }
    let place = Place {
        layer: required(context, "layer")?,
        style: context.parameters.take_any_case("style").unwrap_or_default(),
        grid: required(context, "TileMatrixSet")?,
        zoom: required(context, "TileMatrix")?,
        row: required(context, "TileRow")?,
        column: required(context, "TileCol")?,
    };
    tile(context, place).await
}

fn required(context: &mut Context, name: &'static str) -> Result<String, Exception> {
    context.parameters.take_any_case(name).ok_or_else(|| Exception {
        code: "MissingParameterValue",
        ..Exception::invalid(name, format!("the parameter {name} is needed for this"))
    })
}

/// `/wmts/1.0.0/WMTSCapabilities.xml`.
pub async fn capabilities(context: Context) -> Reply {
    capabilities_of(&context).await
}

/// `/wmts/{layer}/{style}/{grid}/{z}/{row}/{file}`, as the capabilities' templates say.
pub async fn resource(context: Context) -> Reply {
    let place = |name: &str| context.place(name).to_owned();
    let file = place("file");
    let outcome = match file.strip_suffix(".png") {
        None => {
            Err(Exception::invalid("TileCol", format!("there is no tile \"{}\"; its name ends in .png", cut(&file))))
        }
        Some(column) => {
            let place = Place {
                layer: place("layer"),
                style: place("style"),
                grid: place("grid"),
                zoom: place("z"),
                row: place("row"),
                column: column.to_owned(),
            };
            tile(&context, place).await
        }
    };
    Ok(outcome.unwrap_or_else(|exception| Arc::new(exception.answer())))
}

/// A tile as a request names it.
struct Place {
    layer: String,
    style: String,
    grid: String,
    zoom: String,
    row: String,
    column: String,
}

async fn tile(context: &Context, place: Place) -> Outcome {
    if !place.style.is_empty() && place.style != STYLE {
        let detail = format!("style=\"{}\" is not offered; {STYLE} is", cut(&place.style));
        return Err(Exception::invalid("style", detail));
    }
    let grid: Grid = place.grid.parse().map_err(|detail: String| Exception::invalid("TileMatrixSet", detail))?;
    let tile = TileAddress::parse(grid, &place.zoom, &place.column, &place.row)
        // §7.2.2 has a code of its own for rows and columns beyond the grid.
        .map_err(|error| Exception { code: "TileOutOfRange", ..Exception::invalid("TileRow", error.to_string()) })?;
    map_picture(context, &place.layer, Picture { tile, scale: 1 }, &Wanted::Current)
        .await
        .map_err(|problem| Exception { locator: "layer", ..Exception::from(problem) })
}

async fn capabilities_of(context: &Context) -> Reply {
    let snapshot = context.app.snapshot();
    let (base, language) = (context.ask.base.clone(), context.ask.language);
    let layers = visible(context);
    let key = format!("wmts|capabilities|{}|{base}|{}", snapshot.digest, language.tag());
    let made = async move { Ok(Answer::new(XML, document(&layers, &base, language)).in_language(language)) };
    context.app.cache.get_or_make(key, made).await
}

fn document(layers: &[Arc<LiveLayer>], base: &str, language: Language) -> Vec<u8> {
    let mut xml = XmlWriter::document();
    let root = [("xmlns", WMTS), ("xmlns:ows", OWS), ("xmlns:xlink", XLINK), ("version", VERSION)];
    xml.element("Capabilities", &root, |xml| {
        xml.element("ows:ServiceIdentification", &[], |xml| {
            xml.leaf("ows:Title", &[], "Causeway");
            xml.leaf("ows:ServiceType", &[], "OGC WMTS");
            xml.leaf("ows:ServiceTypeVersion", &[], VERSION);
        });
        operations(base, xml);
        xml.element("Contents", &[], |xml| {
            for layer in layers.iter().filter(|layer| layer.record.schema.geometry != GeometryKind::None) {
                describe(layer, base, language, xml);
            }
            Grid::ALL.into_iter().for_each(|grid| matrices(grid, xml));
        });
        xml.empty("ServiceMetadataURL", &[("xlink:href", &format!("{base}/wmts/1.0.0/WMTSCapabilities.xml"))]);
    });
    xml.finish()
}

fn operations(base: &str, xml: &mut XmlWriter) {
    let address = format!("{base}/wmts?");
    xml.element("ows:OperationsMetadata", &[], |xml| {
        for operation in ["GetCapabilities", "GetTile"] {
            xml.open("ows:Operation", &[("name", operation)]);
            xml.open("ows:DCP", &[]);
            xml.element("ows:HTTP", &[], |xml| {
                xml.element("ows:Get", &[("xlink:href", &address)], |xml| {
                    xml.element("ows:Constraint", &[("name", "GetEncoding")], |xml| {
                        xml.element("ows:AllowedValues", &[], |xml| xml.leaf("ows:Value", &[], "KVP"));
                    });
                });
            });
            xml.close("ows:DCP");
            xml.close("ows:Operation");
        }
    });
}

fn describe(layer: &LiveLayer, base: &str, language: Language, xml: &mut XmlWriter) {
    let record = &layer.record;
    xml.element("Layer", &[], |xml| {
        in_languages("ows:Title", &record.title, language, xml);
        in_languages("ows:Abstract", &record.abstract_text, language, xml);
        if let Some(extent) = record.extent {
            xml.element("ows:WGS84BoundingBox", &[], |xml| {
                xml.leaf("ows:LowerCorner", &[], &format!("{} {}", extent.west_deg, extent.south_deg));
                xml.leaf("ows:UpperCorner", &[], &format!("{} {}", extent.east_deg, extent.north_deg));
            });
        }
        xml.leaf("ows:Identifier", &[], record.id.as_str());
        xml.element("Style", &[("isDefault", "true")], |xml| xml.leaf("ows:Identifier", &[], STYLE));
        xml.leaf("Format", &[], PNG);
        for grid in grids_of(layer) {
            xml.element("TileMatrixSetLink", &[], |xml| xml.leaf("TileMatrixSet", &[], grid.as_str()));
        }
        let template =
            format!("{base}/wmts/{}/{{Style}}/{{TileMatrixSet}}/{{TileMatrix}}/{{TileRow}}/{{TileCol}}.png", record.id);
        xml.empty("ResourceURL", &[("format", PNG), ("resourceType", "tile"), ("template", &template)]);
    });
}

/// A grid as a TileMatrixSet, whose corners are in the order of the axes of its coordinate system.
fn matrices(grid: Grid, xml: &mut XmlWriter) {
    let [east, north] = grid.corner();
    let (system, corner) = match grid {
        Grid::WebMercatorQuad => ("urn:ogc:def:crs:EPSG::3857", format!("{east} {north}")),
        Grid::WorldCRS84Quad => ("urn:ogc:def:crs:OGC:1.3:CRS84", format!("{east} {north}")),
        Grid::HongKong1980Grid => ("urn:ogc:def:crs:EPSG::2326", format!("{north} {east}")),
    };
    xml.element("TileMatrixSet", &[], |xml| {
        xml.leaf("ows:Title", &[], grid.title());
        xml.leaf("ows:Identifier", &[], grid.as_str());
        xml.leaf("ows:SupportedCRS", &[], system);
        if grid == Grid::WebMercatorQuad {
            xml.leaf("WellKnownScaleSet", &[], "urn:ogc:def:wkss:OGC:1.0:GoogleMapsCompatible");
        }
        for zoom in 0..=limits::ZOOM_MAX {
            xml.element("TileMatrix", &[], |xml| {
                xml.leaf("ows:Identifier", &[], &zoom.to_string());
                xml.leaf("ScaleDenominator", &[], &grid.scale_denominator(zoom).to_string());
                xml.leaf("TopLeftCorner", &[], &corner);
                xml.leaf("TileWidth", &[], &SIDE_PIXELS.to_string());
                xml.leaf("TileHeight", &[], &SIDE_PIXELS.to_string());
                xml.leaf("MatrixWidth", &[], &grid.columns(zoom).to_string());
                xml.leaf("MatrixHeight", &[], &grid.rows(zoom).to_string());
            });
        }
    });
}
