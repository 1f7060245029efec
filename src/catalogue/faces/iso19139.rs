//! ISO 19115 metadata as ISO/TS 19139:2007 XML, the shape that CSDI publishes. Elements stand in
//! the order of the schema.

use super::resources::{Kind, Resource, resources};
use super::{Listing, moment, terms};
use crate::base::geometry_kind::Dimension;
use crate::base::xml_writer::XmlWriter;
use crate::base::{GeometryKind, Language, Trilingual};
use crate::catalogue::LayerRecord;

/// Namespaces of the root element; also declared once by a CSW answer that holds many.
pub const NAMESPACES: [(&str, &str); 6] = [
    ("xmlns:gmd", "http://www.isotc211.org/2005/gmd"),
    ("xmlns:gco", "http://www.isotc211.org/2005/gco"),
    ("xmlns:gml", "http://www.opengis.net/gml/3.2"),
    ("xmlns:gmx", "http://www.isotc211.org/2005/gmx"),
    ("xmlns:xlink", "http://www.w3.org/1999/xlink"),
    ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
];

/// The record in a document of its own.
pub fn document(listing: &Listing<'_>, language: Language) -> String {
    let mut xml = XmlWriter::document();
    metadata(&mut xml, listing, language);
    xml.finish_text()
}

/// `gmd:MD_Metadata`, its texts in `language` with the other two as locales.
pub fn metadata(xml: &mut XmlWriter, listing: &Listing<'_>, language: Language) {
    let record = listing.record;
    xml.element("gmd:MD_Metadata", &NAMESPACES, |xml| {
        string(xml, "gmd:fileIdentifier", listing.id());
        xml.element("gmd:language", &[], |xml| language_code(xml, language));
        code(xml, "gmd:characterSet", "MD_CharacterSetCode", "utf8");
        code(xml, "gmd:hierarchyLevel", "MD_ScopeCode", "dataset");
        xml.element("gmd:contact", &[], |xml| party(xml, listing, language, "pointOfContact"));
        xml.element("gmd:dateStamp", &[], |xml| xml.leaf("gco:DateTime", &[], &listing.updated()));
        string(xml, "gmd:metadataStandardName", "ISO 19115:2003/19139");
        string(xml, "gmd:metadataStandardVersion", "1.0");
        string(xml, "gmd:dataSetURI", &listing.page());
        for other in Language::ALL.into_iter().filter(|other| *other != language) {
            xml.element("gmd:locale", &[], |xml| locale(xml, other));
        }
        if record.schema.geometry != GeometryKind::None {
            xml.element("gmd:spatialRepresentationInfo", &[], |xml| vector(xml, record));
            xml.element("gmd:referenceSystemInfo", &[], reference_system);
        }
        xml.element("gmd:identificationInfo", &[], |xml| identification(xml, listing, language));
        xml.element("gmd:distributionInfo", &[], |xml| distribution(xml, listing, language));
        xml.element("gmd:dataQualityInfo", &[], |xml| quality(xml, record, language));
    });
}

/// Language codes of ISO 639-2. GeoNetwork keys locales by them, so the two Chinese ones must
/// differ: `chi` is Traditional, `zho` Simplified.
fn iso_language(language: Language) -> &'static str {
    match language {
        Language::En => "eng",
        Language::ZhHant => "chi",
        Language::ZhHans => "zho",
    }
}

fn locale_id(language: Language) -> &'static str {
    match language {
        Language::En => "EN",
        Language::ZhHant => "TC",
        Language::ZhHans => "SC",
    }
}

fn string(xml: &mut XmlWriter, name: &str, text: &str) {
    xml.element(name, &[], |xml| xml.leaf("gco:CharacterString", &[], text));
}

/// A text in the main language, with the others as localised strings.
fn free_text(xml: &mut XmlWriter, name: &str, text: &Trilingual, language: Language) {
    let others: Vec<Language> =
        Language::ALL.into_iter().filter(|other| *other != language && !text.exact(*other).is_empty()).collect();
    if others.is_empty() {
        return string(xml, name, text.get(language));
    }
    xml.element(name, &[("xsi:type", "gmd:PT_FreeText_PropertyType")], |xml| {
        xml.leaf("gco:CharacterString", &[], text.get(language));
        xml.element("gmd:PT_FreeText", &[], |xml| {
            for other in others {
                xml.element("gmd:textGroup", &[], |xml| {
                    let locale = format!("#{}", locale_id(other));
                    xml.leaf("gmd:LocalisedCharacterString", &[("locale", &locale)], text.exact(other));
                });
            }
        });
    });
}

const CODE_LISTS: &str = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml";

/// A property that holds one code of a code list.
fn code(xml: &mut XmlWriter, property: &str, list: &str, value: &str) {
    xml.element(property, &[], |xml| bare_code(xml, list, value));
}

fn bare_code(xml: &mut XmlWriter, list: &str, value: &str) {
    let address = format!("{CODE_LISTS}#{list}");
    xml.leaf(&format!("gmd:{list}"), &[("codeList", &address), ("codeListValue", value)], value);
}

fn language_code(xml: &mut XmlWriter, language: Language) {
    let address = "http://www.loc.gov/standards/iso639-2/";
    let value = iso_language(language);
    xml.leaf("gmd:LanguageCode", &[("codeList", address), ("codeListValue", value)], value);
}

fn locale(xml: &mut XmlWriter, language: Language) {
    xml.element("gmd:PT_Locale", &[("id", locale_id(language))], |xml| {
        xml.element("gmd:languageCode", &[], |xml| language_code(xml, language));
        code(xml, "gmd:characterEncoding", "MD_CharacterSetCode", "utf8");
    });
}

fn party(xml: &mut XmlWriter, listing: &Listing<'_>, language: Language, role: &str) {
    let record = listing.record;
    let contact = &record.details.contact;
    xml.element("gmd:CI_ResponsibleParty", &[], |xml| {
        free_text(xml, "gmd:organisationName", &record.department.name, language);
        xml.element("gmd:contactInfo", &[], |xml| {
            xml.element("gmd:CI_Contact", &[], |xml| {
                if let Some(telephone) = &contact.telephone {
                    xml.element("gmd:phone", &[], |xml| {
                        xml.element("gmd:CI_Telephone", &[], |xml| string(xml, "gmd:voice", telephone));
                    });
                }
                if let Some(email) = &contact.email {
                    xml.element("gmd:address", &[], |xml| {
                        xml.element("gmd:CI_Address", &[], |xml| string(xml, "gmd:electronicMailAddress", email));
                    });
                }
                xml.element("gmd:onlineResource", &[], |xml| {
                    xml.element("gmd:CI_OnlineResource", &[], |xml| {
                        xml.element("gmd:linkage", &[], |xml| xml.leaf("gmd:URL", &[], &listing.page()));
                    });
                });
            });
        });
        code(xml, "gmd:role", "CI_RoleCode", role);
    });
}

fn vector(xml: &mut XmlWriter, record: &LayerRecord) {
    let kind = match record.schema.geometry.dimension() {
        Dimension::Points => "point",
        Dimension::Lines => "curve",
        Dimension::Areas => "surface",
        _ => "complex",
    };
    xml.element("gmd:MD_VectorSpatialRepresentation", &[], |xml| {
        xml.element("gmd:geometricObjects", &[], |xml| {
            xml.element("gmd:MD_GeometricObjects", &[], |xml| {
                code(xml, "gmd:geometricObjectType", "MD_GeometricObjectTypeCode", kind);
                let with_geometry = record.counts.kept.saturating_sub(record.counts.without_geometry);
                // The schema has positive counts only.
                if with_geometry > 0 {
                    xml.element("gmd:geometricObjectCount", &[], |xml| {
                        xml.leaf("gco:Integer", &[], &with_geometry.to_string());
                    });
                }
            });
        });
    });
}

fn reference_system(xml: &mut XmlWriter) {
    xml.element("gmd:MD_ReferenceSystem", &[], |xml| {
        xml.element("gmd:referenceSystemIdentifier", &[], |xml| {
            xml.element("gmd:RS_Identifier", &[], |xml| {
                string(xml, "gmd:code", "http://www.opengis.net/def/crs/OGC/1.3/CRS84");
                string(xml, "gmd:codeSpace", "OGC");
            });
        });
    });
}

fn identification(xml: &mut XmlWriter, listing: &Listing<'_>, language: Language) {
    let record = listing.record;
    xml.element("gmd:MD_DataIdentification", &[], |xml| {
        xml.element("gmd:citation", &[], |xml| citation(xml, listing, language));
        free_text(xml, "gmd:abstract", &record.abstract_text, language);
        if !record.credit.is_empty() {
            free_text(xml, "gmd:credit", &record.credit, language);
        }
        xml.element("gmd:pointOfContact", &[], |xml| party(xml, listing, language, "publisher"));
        xml.element("gmd:resourceMaintenance", &[], |xml| {
            xml.element("gmd:MD_MaintenanceInformation", &[], |xml| {
                let frequency = terms::iso_frequency(record.frequency);
                code(xml, "gmd:maintenanceAndUpdateFrequency", "MD_MaintenanceFrequencyCode", frequency);
            });
        });
        if let Some(address) = listing.thumbnail() {
            xml.element("gmd:graphicOverview", &[], |xml| {
                xml.element("gmd:MD_BrowseGraphic", &[], |xml| {
                    string(xml, "gmd:fileName", &address);
                    string(xml, "gmd:fileDescription", "thumbnail");
                    string(xml, "gmd:fileType", "image/png");
                });
            });
        }
        keywords(xml, record, language);
        xml.element("gmd:resourceConstraints", &[], |xml| constraints(xml, record, language));
        code(
            xml,
            "gmd:spatialRepresentationType",
            "MD_SpatialRepresentationTypeCode",
            match record.schema.geometry {
                GeometryKind::None => "textTable",
                _ => "vector",
            },
        );
        for language in Language::ALL {
            xml.element("gmd:language", &[], |xml| language_code(xml, language));
        }
        code(xml, "gmd:characterSet", "MD_CharacterSetCode", "utf8");
        if let Some(theme) = &record.theme {
            xml.element("gmd:topicCategory", &[], |xml| {
                xml.leaf("gmd:MD_TopicCategoryCode", &[], &theme.iso_topic);
            });
        }
        extent(xml, listing);
    });
}

fn citation(xml: &mut XmlWriter, listing: &Listing<'_>, language: Language) {
    let record = listing.record;
    xml.element("gmd:CI_Citation", &[], |xml| {
        free_text(xml, "gmd:title", &record.title, language);
        if let Some(issued) = record.details.issued {
            date(xml, "gco:Date", &issued.to_string(), "publication");
        }
        date(xml, "gco:DateTime", &listing.updated(), "revision");
        string(xml, "gmd:edition", record.revision.as_str());
        identifier(xml, listing.id(), None);
        for (scheme, value) in &record.details.identifiers {
            identifier(xml, value, Some(scheme));
        }
    });
}

fn date(xml: &mut XmlWriter, kind: &str, value: &str, role: &str) {
    xml.element("gmd:date", &[], |xml| {
        xml.element("gmd:CI_Date", &[], |xml| {
            xml.element("gmd:date", &[], |xml| xml.leaf(kind, &[], value));
            code(xml, "gmd:dateType", "CI_DateTypeCode", role);
        });
    });
}

fn identifier(xml: &mut XmlWriter, value: &str, scheme: Option<&str>) {
    xml.element("gmd:identifier", &[], |xml| match scheme {
        None => xml.element("gmd:MD_Identifier", &[], |xml| string(xml, "gmd:code", value)),
        Some(scheme) => xml.element("gmd:RS_Identifier", &[], |xml| {
            string(xml, "gmd:code", value);
            string(xml, "gmd:codeSpace", scheme);
        }),
    });
}

/// One group a language would part the words; one group holds all, each word in its languages by
/// place where the lists are of one length, else each list in its own group.
fn keywords(xml: &mut XmlWriter, record: &LayerRecord, language: Language) {
    let words = &record.keywords;
    let is_parallel = words.en.len() == words.zh_hant.len() && words.zh_hant.len() == words.zh_hans.len();
    let group = |xml: &mut XmlWriter, texts: Vec<Trilingual>| {
        if !texts.is_empty() {
            xml.element("gmd:descriptiveKeywords", &[], |xml| {
                xml.element("gmd:MD_Keywords", &[], |xml| {
                    for text in &texts {
                        free_text(xml, "gmd:keyword", text, language);
                    }
                    code(xml, "gmd:type", "MD_KeywordTypeCode", "theme");
                });
            });
        }
    };
    if is_parallel {
        let all = words.en.iter().zip(&words.zh_hant).zip(&words.zh_hans).map(|((en, zh_hant), zh_hans)| Trilingual {
            en: en.clone(),
            zh_hant: zh_hant.clone(),
            zh_hans: zh_hans.clone(),
            zh_hans_derived: false,
        });
        group(xml, all.collect());
    } else {
        for list in [&words.en, &words.zh_hant] {
            group(xml, list.iter().map(|word| Trilingual::untranslated(word)).collect());
        }
    }
    if let Some(theme) = &record.theme {
        group(xml, vec![theme.name.clone()]);
    }
}

/// CSDI's and CKAN's readers take the terms from the text of `otherConstraints` alone: the title
/// first, then the address.
fn constraints(xml: &mut XmlWriter, record: &LayerRecord, language: Language) {
    xml.element("gmd:MD_LegalConstraints", &[], |xml| {
        code(xml, "gmd:accessConstraints", "MD_RestrictionCode", "otherRestrictions");
        code(xml, "gmd:useConstraints", "MD_RestrictionCode", "license");
        free_text(xml, "gmd:otherConstraints", &record.licence.title, language);
        if !record.licence.address.is_empty() {
            string(xml, "gmd:otherConstraints", &record.licence.address);
        }
        string(xml, "gmd:otherConstraints", &format!("access: {}", record.class.as_str()));
    });
}

fn extent(xml: &mut XmlWriter, listing: &Listing<'_>) {
    let period = listing.record.period;
    if listing.extent().is_none() && period.is_none() {
        return;
    }
    xml.element("gmd:extent", &[], |xml| {
        xml.element("gmd:EX_Extent", &[], |xml| {
            if let Some(bbox) = listing.extent() {
                xml.element("gmd:geographicElement", &[], |xml| {
                    xml.element("gmd:EX_GeographicBoundingBox", &[], |xml| {
                        for (side, degrees) in [
                            ("gmd:westBoundLongitude", bbox.west_deg),
                            ("gmd:eastBoundLongitude", bbox.east_deg),
                            ("gmd:southBoundLatitude", bbox.south_deg),
                            ("gmd:northBoundLatitude", bbox.north_deg),
                        ] {
                            xml.element(side, &[], |xml| xml.leaf("gco:Decimal", &[], &degrees.to_string()));
                        }
                    });
                });
            }
            if let Some((start, end)) = period {
                xml.element("gmd:temporalElement", &[], |xml| {
                    xml.element("gmd:EX_TemporalExtent", &[], |xml| {
                        xml.element("gmd:extent", &[], |xml| {
                            xml.element("gml:TimePeriod", &[("gml:id", "period")], |xml| {
                                xml.leaf("gml:beginPosition", &[], &moment(start));
                                xml.leaf("gml:endPosition", &[], &moment(end));
                            });
                        });
                    });
                });
            }
        });
    });
}

fn distribution(xml: &mut XmlWriter, listing: &Listing<'_>, language: Language) {
    let all = resources(listing);
    xml.element("gmd:MD_Distribution", &[], |xml| {
        let mut formats: Vec<&str> = Vec::new();
        for resource in all.iter().filter(|resource| resource.kind == Kind::Whole) {
            if formats.contains(&resource.format.as_str()) {
                continue;
            }
            formats.push(&resource.format);
            xml.element("gmd:distributionFormat", &[], |xml| {
                xml.element("gmd:MD_Format", &[], |xml| {
                    string(xml, "gmd:name", &resource.format);
                    xml.element("gmd:version", &[("gco:nilReason", "inapplicable")], |_| {});
                });
            });
        }
        for resource in &all {
            xml.element("gmd:transferOptions", &[], |xml| transfer(xml, resource, language));
        }
    });
}

fn transfer(xml: &mut XmlWriter, resource: &Resource, language: Language) {
    xml.element("gmd:MD_DigitalTransferOptions", &[], |xml| {
        if let Some(file) = &resource.file {
            /// The schema's unit is the megabyte.
            const MEGABYTE: f64 = 1e6;
            let size_mb = file.bytes as f64 / MEGABYTE;
            xml.element("gmd:transferSize", &[], |xml| xml.leaf("gco:Real", &[], &format!("{size_mb:.6}")));
        }
        xml.element("gmd:onLine", &[], |xml| {
            xml.element("gmd:CI_OnlineResource", &[], |xml| {
                xml.element("gmd:linkage", &[], |xml| xml.leaf("gmd:URL", &[], &resource.address));
                string(xml, "gmd:protocol", resource.protocol);
                free_text(xml, "gmd:name", &resource.title, language);
                if let Some(file) = &resource.file {
                    let whole = format!("{} bytes, SHA-256 {}", file.bytes, file.sha256);
                    string(xml, "gmd:description", &whole);
                }
                let function = if resource.kind == Kind::Page { "information" } else { "download" };
                code(xml, "gmd:function", "CI_OnLineFunctionCode", function);
            });
        });
    });
}

fn quality(xml: &mut XmlWriter, record: &LayerRecord, language: Language) {
    xml.element("gmd:DQ_DataQuality", &[], |xml| {
        xml.element("gmd:scope", &[], |xml| {
            xml.element("gmd:DQ_Scope", &[], |xml| code(xml, "gmd:level", "MD_ScopeCode", "dataset"));
        });
        xml.element("gmd:lineage", &[], |xml| {
            xml.element("gmd:LI_Lineage", &[], |xml| {
                free_text(xml, "gmd:statement", &lineage(record), language);
            });
        });
    });
}

/// How the data came about: what the department says, then what ingest did.
pub fn lineage(record: &LayerRecord) -> Trilingual {
    let (source, counts) = (&record.source, &record.counts);
    let declared = |language| match record.details.lineage.exact(language) {
        "" => String::new(),
        text if language == Language::En => format!("{text} "),
        text => text.to_owned(),
    };
    let transformed =
        if source.transformation.is_empty() { String::new() } else { format!(" ({})", source.transformation) };
    Trilingual {
        en: format!(
            "{}Delivered as {} in {}{transformed}; of {} features read, {} were kept, {} repaired and {} rejected.",
            declared(Language::En),
            source.format,
            source.crs,
            counts.read,
            counts.kept,
            counts.repaired,
            counts.rejected
        ),
        zh_hant: format!(
            "{}交來格式為{}，坐標系統為{}{transformed}；讀取{}項，接納{}項，修復{}項，拒絕{}項。",
            declared(Language::ZhHant),
            source.format,
            source.crs,
            counts.read,
            counts.kept,
            counts.repaired,
            counts.rejected
        ),
        zh_hans: format!(
            "{}交来格式为{}，坐标系统为{}{transformed}；读取{}项，接纳{}项，修复{}项，拒绝{}项。",
            declared(Language::ZhHans),
            source.format,
            source.crs,
            counts.read,
            counts.kept,
            counts.repaired,
            counts.rejected
        ),
        zh_hans_derived: false,
    }
}
