//! Answers.

use super::request::{CSW, ElementSet, GMD, GetRecords, ResultType, Schema};
use super::{Exception, View};
use crate::base::Language;
use crate::base::xml_writer::XmlWriter;
use crate::catalogue::faces::resources::resources;
use crate::catalogue::faces::{Listing, description, iso19139, moment, title};

const NAMESPACES: [(&str, &str); 9] = [
    ("xmlns:csw", CSW),
    ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ("xmlns:dct", "http://purl.org/dc/terms/"),
    ("xmlns:gmd", GMD),
    ("xmlns:gml", "http://www.opengis.net/gml"),
    ("xmlns:ogc", "http://www.opengis.net/ogc"),
    ("xmlns:ows", "http://www.opengis.net/ows"),
    ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
];

fn rooted(attributes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    NAMESPACES.iter().copied().chain(attributes.iter().copied()).collect()
}

pub(super) fn capabilities(view: &View<'_>) -> String {
    let mut xml = XmlWriter::document();
    xml.element("csw:Capabilities", &rooted(&[("version", "2.0.2")]), |xml| {
        xml.element("ows:ServiceIdentification", &[], |xml| {
            xml.leaf("ows:Title", &[], title(view.language));
            xml.leaf("ows:Abstract", &[], description(view.language));
            xml.element("ows:Keywords", &[], |xml| xml.leaf("ows:Keyword", &[], "Hong Kong"));
            xml.leaf("ows:ServiceType", &[("codeSpace", "OGC")], "CSW");
            xml.leaf("ows:ServiceTypeVersion", &[], "2.0.2");
            xml.leaf("ows:Fees", &[], "NONE");
            xml.leaf("ows:AccessConstraints", &[], "NONE");
        });
        xml.element("ows:ServiceProvider", &[], |xml| {
            xml.leaf("ows:ProviderName", &[], title(view.language));
            xml.leaf("ows:ProviderSite", &[("xlink:href", &format!("{}/", view.base))], "");
            xml.element("ows:ServiceContact", &[], |_| {});
        });
        xml.element("ows:OperationsMetadata", &[], |xml| operations(xml, view.address));
        xml.element("ogc:Filter_Capabilities", &[], filter_capabilities);
    });
    xml.finish_text()
}

fn operations(xml: &mut XmlWriter, address: &str) {
    let schemas: [&str; 2] = [CSW, GMD];
    let sets = ["brief", "summary", "full"];
    let operation = |xml: &mut XmlWriter, name: &str, parameters: &[(&str, &[&str])]| {
        xml.element("ows:Operation", &[("name", name)], |xml| {
            xml.element("ows:DCP", &[], |xml| {
                xml.element("ows:HTTP", &[], |xml| {
                    xml.leaf("ows:Get", &[("xlink:href", address)], "");
                    xml.leaf("ows:Post", &[("xlink:href", address)], "");
                });
            });
            for (parameter, values) in parameters {
                xml.element("ows:Parameter", &[("name", parameter)], |xml| {
                    for value in *values {
                        xml.leaf("ows:Value", &[], value);
                    }
                });
            }
        });
    };
    operation(xml, "GetCapabilities", &[]);
    operation(xml, "DescribeRecord", &[("typeName", &["csw:Record"])]);
    operation(
        xml,
        "GetRecords",
        &[
            ("typeNames", &["csw:Record", "gmd:MD_Metadata"]),
            ("outputFormat", &["application/xml"]),
            ("outputSchema", &schemas),
            ("resultType", &["hits", "results"]),
            ("ElementSetName", &sets),
            ("CONSTRAINTLANGUAGE", &["FILTER"]),
        ],
    );
    operation(
        xml,
        "GetRecordById",
        &[("outputFormat", &["application/xml"]), ("outputSchema", &schemas), ("ElementSetName", &sets)],
    );
}

fn filter_capabilities(xml: &mut XmlWriter) {
    xml.element("ogc:Spatial_Capabilities", &[], |xml| {
        xml.element("ogc:GeometryOperands", &[], |xml| xml.leaf("ogc:GeometryOperand", &[], "gml:Envelope"));
        xml.element("ogc:SpatialOperators", &[], |xml| {
            for name in ["BBOX", "Intersects", "Within", "Contains"] {
                xml.leaf("ogc:SpatialOperator", &[("name", name)], "");
            }
        });
    });
    xml.element("ogc:Scalar_Capabilities", &[], |xml| {
        xml.leaf("ogc:LogicalOperators", &[], "");
        xml.element("ogc:ComparisonOperators", &[], |xml| {
            for operator in [
                "EqualTo",
                "NotEqualTo",
                "LessThan",
                "GreaterThan",
                "LessThanEqualTo",
                "GreaterThanEqualTo",
                "Like",
                "Between",
            ] {
                xml.leaf("ogc:ComparisonOperator", &[], operator);
            }
        });
    });
    xml.element("ogc:Id_Capabilities", &[], |xml| {
        xml.leaf("ogc:EID", &[], "");
        xml.leaf("ogc:FID", &[], "");
    });
}

/// The schema of `csw:Record` by its address: a document that imports others says no more.
pub(super) fn describe_record() -> String {
    let mut xml = XmlWriter::document();
    xml.element("csw:DescribeRecordResponse", &rooted(&[]), |xml| {
        let attributes = [("schemaLanguage", "http://www.w3.org/XML/Schema"), ("targetNamespace", CSW)];
        xml.element("csw:SchemaComponent", &attributes, |xml| {
            xml.element(
                "xs:schema",
                &[("xmlns:xs", "http://www.w3.org/2001/XMLSchema"), ("targetNamespace", CSW)],
                |xml| {
                    let include = [("schemaLocation", "http://schemas.opengis.net/csw/2.0.2/record.xsd")];
                    xml.leaf("xs:include", &include, "");
                },
            );
        });
    });
    xml.finish_text()
}

pub(super) fn records(view: &View<'_>, asked: &GetRecords) -> Result<String, Exception> {
    let matched: Vec<usize> =
        view.sorted(&asked.sort).into_iter().filter(|place| asked.constraint.holds(view, *place)).collect();
    let most = if asked.result_type == ResultType::Hits { 0 } else { asked.most };
    let page: Vec<usize> = matched.iter().skip(asked.start - 1).take(most).copied().collect();
    let after = asked.start + page.len();
    // Zero says that there are no more; of hits alone, all are still to come.
    let next =
        if page.is_empty() && asked.result_type == ResultType::Results || after > matched.len() { 0 } else { after };
    let set = match asked.element_set {
        ElementSet::Brief => "brief",
        ElementSet::Summary => "summary",
        ElementSet::Full => "full",
    };
    let schema = if asked.schema == Schema::Csw { CSW } else { GMD };
    let newest = view.listings.iter().map(|listing| listing.record.published).max().unwrap_or_default();
    let mut xml = XmlWriter::document();
    xml.element("csw:GetRecordsResponse", &rooted(&[("version", "2.0.2")]), |xml| {
        xml.leaf("csw:SearchStatus", &[("timestamp", &moment(newest))], "");
        let attributes = [
            ("numberOfRecordsMatched", matched.len().to_string()),
            ("numberOfRecordsReturned", page.len().to_string()),
            ("nextRecord", next.to_string()),
            ("elementSet", set.to_owned()),
            ("recordSchema", schema.to_owned()),
        ];
        let attributes: Vec<(&str, &str)> = attributes.iter().map(|(name, value)| (*name, value.as_str())).collect();
        xml.element("csw:SearchResults", &attributes, |xml| {
            for place in &page {
                write(xml, &view.listings[*place], asked.element_set, asked.schema, view.language);
            }
        });
    });
    Ok(xml.finish_text())
}

pub(super) fn by_id(view: &View<'_>, ids: &[String], element_set: ElementSet, schema: Schema) -> String {
    let mut xml = XmlWriter::document();
    xml.element("csw:GetRecordByIdResponse", &rooted(&[]), |xml| {
        for id in ids {
            if let Some(listing) = view.listings.iter().find(|listing| listing.id() == id) {
                write(xml, listing, element_set, schema, view.language);
            }
        }
    });
    xml.finish_text()
}

fn write(xml: &mut XmlWriter, listing: &Listing<'_>, element_set: ElementSet, schema: Schema, language: Language) {
    match schema {
        Schema::Csw => record(xml, listing, element_set, language),
        Schema::Gmd => iso19139::metadata(xml, listing, language),
    }
}

/// A record of Dublin Core, in the order of the schema.
fn record(xml: &mut XmlWriter, listing: &Listing<'_>, element_set: ElementSet, language: Language) {
    let record = listing.record;
    let name = match element_set {
        ElementSet::Brief => "csw:BriefRecord",
        ElementSet::Summary => "csw:SummaryRecord",
        ElementSet::Full => "csw:Record",
    };
    xml.element(name, &[], |xml| {
        xml.leaf("dc:identifier", &[], listing.id());
        xml.leaf("dc:title", &[], record.title.get(language));
        xml.leaf("dc:type", &[], "dataset");
        if element_set != ElementSet::Brief {
            for word in record.keywords.get(language) {
                xml.leaf("dc:subject", &[], word);
            }
            if let Some(theme) = &record.theme {
                xml.leaf("dc:subject", &[("scheme", "https://data.gov.hk/en/categories")], &theme.id);
            }
            xml.leaf("dct:modified", &[], &listing.updated());
            xml.leaf("dct:abstract", &[], record.abstract_text.get(language));
        }
        if element_set == ElementSet::Full {
            full_elements(xml, listing, language);
        }
        if let Some(bbox) = listing.extent() {
            xml.element("ows:BoundingBox", &[("crs", "urn:ogc:def:crs:EPSG::4326"), ("dimensions", "2")], |xml| {
                xml.leaf("ows:LowerCorner", &[], &format!("{} {}", bbox.south_deg, bbox.west_deg));
                xml.leaf("ows:UpperCorner", &[], &format!("{} {}", bbox.north_deg, bbox.east_deg));
            });
        }
    });
}

fn full_elements(xml: &mut XmlWriter, listing: &Listing<'_>, language: Language) {
    let record = listing.record;
    xml.leaf("dc:publisher", &[], record.department.name.get(language));
    if let Some(issued) = record.details.issued {
        xml.leaf("dct:issued", &[], &issued.to_string());
    }
    for language in Language::ALL {
        xml.leaf("dc:language", &[], language.tag());
    }
    xml.leaf("dc:source", &[], iso19139::lineage(record).get(language));
    if !record.licence.address.is_empty() {
        xml.leaf("dct:license", &[], &record.licence.address);
    }
    xml.leaf("dc:rights", &[], record.licence.title.get(language));
    xml.leaf("dct:accessRights", &[], record.class.as_str());
    if let Some((start, end)) = record.period {
        xml.leaf("dct:temporal", &[], &format!("{}/{}", moment(start), moment(end)));
    }
    for resource in resources(listing) {
        xml.leaf("dct:references", &[("scheme", resource.protocol)], &resource.address);
    }
    for resource in resources(listing) {
        let description = match &resource.file {
            Some(file) => format!("{}, {} bytes, SHA-256 {}", resource.format, file.bytes, file.sha256),
            None => resource.format.clone(),
        };
        let attributes = [
            ("protocol", resource.protocol),
            ("name", resource.title.get(language)),
            ("description", description.as_str()),
        ];
        xml.leaf("dc:URI", &attributes, &resource.address);
    }
}
