//! GetCapabilities: what is offered, and every layer that the public may read.

use std::sync::Arc;

use super::super::ows::in_languages;
use super::super::{systems, visible};
use super::request::OutputFormat;
use super::{Exception, OWS, Outcome, VERSION, WFS, XML};
use crate::base::ids::cut;
use crate::base::xml_writer::XmlWriter;
use crate::base::{GeometryKind, Language, limits};
use crate::crs::System;
use crate::formats::gml::{GML, LAYERS, PREFIX, type_name};
use crate::server::answer::Answer;
use crate::server::routes::Context;
use crate::server::snapshot::LiveLayer;

const FES: &str = "http://www.opengis.net/fes/2.0";
const XLINK: &str = "http://www.w3.org/1999/xlink";

pub async fn answer(context: &mut Context) -> Outcome<Arc<Answer>> {
    if let Some(versions) = context.parameters.take_any_case("acceptVersions")
        && !versions.split(',').any(|version| version.trim().starts_with("2.0"))
    {
        let detail = format!("acceptVersions=\"{}\" names no version that is offered; 2.0.0 is", cut(&versions));
        return Err(Exception::not_offered("VersionNegotiationFailed", "acceptVersions", detail));
    }
    let snapshot = context.app.snapshot();
    let (base, language) = (context.ask.base.clone(), context.ask.language);
    let layers = visible(context);
    let key = format!("wfs|capabilities|{}|{base}|{}", snapshot.digest, language.tag());
    let made = async move { Ok(Answer::new(XML, document(&layers, &base, language))) };
    Ok(context.app.cache.get_or_make(key, made).await?)
}

fn document(layers: &[Arc<LiveLayer>], base: &str, language: Language) -> Vec<u8> {
    let mut xml = XmlWriter::document();
    let prefix = format!("xmlns:{PREFIX}");
    let attributes = [
        ("xmlns:wfs", WFS),
        ("xmlns:ows", OWS),
        ("xmlns:fes", FES),
        ("xmlns:xlink", XLINK),
        ("xmlns:gml", GML),
        (prefix.as_str(), LAYERS),
        ("version", VERSION),
    ];
    xml.open("wfs:WFS_Capabilities", &attributes);
    identification(&mut xml);
    operations(base, &mut xml);
    xml.open("wfs:FeatureTypeList", &[]);
    for layer in layers {
        feature_type(layer, base, language, &mut xml);
    }
    xml.close("wfs:FeatureTypeList");
    filter_capabilities(&mut xml);
    xml.close("wfs:WFS_Capabilities");
    xml.finish()
}

fn identification(xml: &mut XmlWriter) {
    xml.open("ows:ServiceIdentification", &[]);
    xml.leaf("ows:Title", &[], "Causeway");
    xml.leaf("ows:ServiceType", &[], "WFS");
    xml.leaf("ows:ServiceTypeVersion", &[], VERSION);
    xml.leaf("ows:Fees", &[], "NONE");
    xml.leaf("ows:AccessConstraints", &[], "NONE");
    xml.close("ows:ServiceIdentification");
    xml.open("ows:ServiceProvider", &[]);
    xml.leaf("ows:ProviderName", &[], "Causeway");
    xml.open("ows:ServiceContact", &[]);
    xml.close("ows:ServiceContact");
    xml.close("ows:ServiceProvider");
}

fn operations(base: &str, xml: &mut XmlWriter) {
    let address = format!("{base}/wfs?");
    xml.open("ows:OperationsMetadata", &[]);
    let gml_first = OutputFormat::NAMES.map(|(name, _)| name);
    for (operation, formats) in [
        ("GetCapabilities", &["text/xml"][..]),
        ("DescribeFeatureType", &gml_first[..2]),
        ("ListStoredQueries", &[][..]),
        ("DescribeStoredQueries", &[][..]),
        ("GetFeature", &gml_first[..]),
    ] {
        xml.open("ows:Operation", &[("name", operation)]);
        xml.open("ows:DCP", &[]);
        xml.open("ows:HTTP", &[]);
        xml.empty("ows:Get", &[("xlink:href", &address)]);
        xml.close("ows:HTTP");
        xml.close("ows:DCP");
        match operation {
            "GetCapabilities" => values("ows:Parameter", "AcceptVersions", &[VERSION], xml),
            "GetFeature" => values("ows:Parameter", "resultType", &["results", "hits"], xml),
            _ => {}
        }
        if !formats.is_empty() {
            let name = if operation == "GetCapabilities" { "AcceptFormats" } else { "outputFormat" };
            values("ows:Parameter", name, formats, xml);
        }
        xml.close("ows:Operation");
    }
    values("ows:Parameter", "version", &[VERSION], xml);
    // Basic WFS would also answer GetPropertyValue.
    for (name, is_offered) in [
        ("ImplementsSimpleWFS", true),
        ("ImplementsBasicWFS", false),
        ("ImplementsTransactionalWFS", false),
        ("ImplementsLockingWFS", false),
        ("KVPEncoding", true),
        ("XMLEncoding", false),
        ("SOAPEncoding", false),
        ("ImplementsInheritance", false),
        ("ImplementsRemoteResolve", false),
        ("ImplementsResultPaging", true),
        ("ImplementsStandardJoins", false),
        ("ImplementsSpatialJoins", false),
        ("ImplementsTemporalJoins", false),
        ("ImplementsFeatureVersioning", false),
        ("ManageStoredQueries", false),
        ("PagingIsTransactionSafe", false),
    ] {
        constraint(name, if is_offered { "TRUE" } else { "FALSE" }, xml);
    }
    constraint("CountDefault", &limits::PAGE_FEATURES_MAX.to_string(), xml);
    xml.close("ows:OperationsMetadata");
}

fn values(element: &str, name: &str, allowed: &[&str], xml: &mut XmlWriter) {
    xml.open(element, &[("name", name)]);
    xml.open("ows:AllowedValues", &[]);
    for value in allowed {
        xml.leaf("ows:Value", &[], value);
    }
    xml.close("ows:AllowedValues");
    xml.close(element);
}

fn constraint(name: &str, value: &str, xml: &mut XmlWriter) {
    xml.open("ows:Constraint", &[("name", name)]);
    xml.empty("ows:NoValues", &[]);
    xml.leaf("ows:DefaultValue", &[], value);
    xml.close("ows:Constraint");
}

fn feature_type(layer: &LiveLayer, base: &str, language: Language, xml: &mut XmlWriter) {
    let record = &layer.record;
    xml.open("wfs:FeatureType", &[]);
    xml.leaf("wfs:Name", &[], &format!("{PREFIX}:{}", type_name(record.id.as_str())));
    in_languages("wfs:Title", &record.title, language, xml);
    in_languages("wfs:Abstract", &record.abstract_text, language, xml);
    if record.schema.geometry == GeometryKind::None {
        xml.empty("wfs:NoCRS", &[]);
    } else {
        xml.leaf("wfs:DefaultCRS", &[], &systems::urn(System::Epsg4326));
        let others = record.systems().into_iter();
        for system in others.filter(|system| !matches!(system, System::Epsg4326 | System::Crs84h)) {
            xml.leaf("wfs:OtherCRS", &[], &systems::urn(system));
        }
    }
    xml.open("wfs:OutputFormats", &[]);
    for (name, _) in OutputFormat::NAMES {
        xml.leaf("wfs:Format", &[], name);
    }
    xml.close("wfs:OutputFormats");
    if let Some(extent) = record.extent {
        xml.open("ows:WGS84BoundingBox", &[]);
        xml.leaf("ows:LowerCorner", &[], &format!("{} {}", extent.west_deg, extent.south_deg));
        xml.leaf("ows:UpperCorner", &[], &format!("{} {}", extent.east_deg, extent.north_deg));
        xml.close("ows:WGS84BoundingBox");
    }
    xml.empty("wfs:MetadataURL", &[("xlink:href", &format!("{base}/collections/catalogue/items/{}", record.id))]);
    xml.close("wfs:FeatureType");
}

fn filter_capabilities(xml: &mut XmlWriter) {
    xml.open("fes:Filter_Capabilities", &[]);
    xml.open("fes:Conformance", &[]);
    for (name, is_offered) in [
        ("ImplementsQuery", true),
        ("ImplementsAdHocQuery", true),
        ("ImplementsFunctions", false),
        ("ImplementsResourceId", true),
        ("ImplementsMinStandardFilter", true),
        ("ImplementsStandardFilter", true),
        ("ImplementsMinSpatialFilter", true),
        ("ImplementsSpatialFilter", false),
        ("ImplementsMinTemporalFilter", false),
        ("ImplementsTemporalFilter", false),
        ("ImplementsVersionNav", false),
        ("ImplementsSorting", true),
        ("ImplementsExtendedOperators", false),
        ("ImplementsMinimumXPath", false),
        ("ImplementsSchemaElementFunc", false),
    ] {
        xml.open("fes:Constraint", &[("name", name)]);
        xml.empty("ows:NoValues", &[]);
        xml.leaf("ows:DefaultValue", &[], if is_offered { "TRUE" } else { "FALSE" });
        xml.close("fes:Constraint");
    }
    xml.close("fes:Conformance");
    xml.open("fes:Id_Capabilities", &[]);
    xml.empty("fes:ResourceIdentifier", &[("name", "fes:ResourceId")]);
    xml.close("fes:Id_Capabilities");
    xml.open("fes:Scalar_Capabilities", &[]);
    xml.empty("fes:LogicalOperators", &[]);
    xml.open("fes:ComparisonOperators", &[]);
    for operator in [
        "PropertyIsEqualTo",
        "PropertyIsNotEqualTo",
        "PropertyIsLessThan",
        "PropertyIsGreaterThan",
        "PropertyIsLessThanOrEqualTo",
        "PropertyIsGreaterThanOrEqualTo",
        "PropertyIsLike",
        "PropertyIsNull",
        "PropertyIsNil",
        "PropertyIsBetween",
    ] {
        xml.empty("fes:ComparisonOperator", &[("name", operator)]);
    }
    xml.close("fes:ComparisonOperators");
    xml.close("fes:Scalar_Capabilities");
    xml.open("fes:Spatial_Capabilities", &[]);
    xml.open("fes:GeometryOperands", &[]);
    xml.empty("fes:GeometryOperand", &[("name", "gml:Envelope")]);
    xml.close("fes:GeometryOperands");
    xml.open("fes:SpatialOperators", &[]);
    for operator in ["BBOX", "Intersects"] {
        xml.empty("fes:SpatialOperator", &[("name", operator)]);
    }
    xml.close("fes:SpatialOperators");
    xml.close("fes:Spatial_Capabilities");
    xml.close("fes:Filter_Capabilities");
}
