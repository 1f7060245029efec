//! Requests, by key-value pairs or as XML.

use super::filter::{self, Constraint};
use super::{Exception, View, cql};
use crate::base::ids::cut;
use crate::base::limits;
use crate::base::xml::Element;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    GetCapabilities,
    DescribeRecord,
    GetRecords(GetRecords),
    GetRecordById { ids: Vec<String>, element_set: ElementSet, schema: Schema },
}

#[derive(Clone, Debug, PartialEq)]
pub struct GetRecords {
    pub result_type: ResultType,
    pub element_set: ElementSet,
    pub schema: Schema,
    /// Place of the first record, from 1.
    pub start: usize,
    pub most: usize,
    pub constraint: Constraint,
    /// Property and whether it descends.
    pub sort: Vec<(String, bool)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultType {
    Results,
    Hits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementSet {
    Brief,
    Summary,
    Full,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    Csw,
    Gmd,
}

pub const CSW: &str = "http://www.opengis.net/cat/csw/2.0.2";
pub const GMD: &str = "http://www.isotc211.org/2005/gmd";

/// Records of a page when the request does not say.
const MOST_DEFAULT: usize = 10;

/// Reads key-value pairs; names are read in any case, unknown ones are passed over.
pub fn from_pairs(pairs: &[(String, String)]) -> Result<Operation, Exception> {
    let value = |wanted: &str| {
        pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    check_service(value("service"))?;
    let request = value("request").ok_or_else(|| Exception::missing("request", OPERATIONS))?;
    if !request.eq_ignore_ascii_case("GetCapabilities") {
        check_version(value("version"))?;
    }
    match request.to_ascii_lowercase().as_str() {
        "getcapabilities" => Ok(Operation::GetCapabilities),
        "describerecord" => Ok(Operation::DescribeRecord),
        "getrecordbyid" => Ok(Operation::GetRecordById {
            ids: ids(value("id").unwrap_or_default())?,
            element_set: element_set(value("elementsetname"), ElementSet::Summary)?,
            schema: schema(value("outputschema"))?,
        }),
        "getrecords" => {
            let sort = value("sortby").unwrap_or_default();
            Ok(Operation::GetRecords(GetRecords {
                result_type: result_type(value("resulttype"))?,
                element_set: element_set(value("elementsetname"), ElementSet::Summary)?,
                schema: schema(value("outputschema"))?,
                start: start(value("startposition"))?,
                most: most(value("maxrecords"))?,
                constraint: pair_constraint(value("constraintlanguage"), value("constraint"))?,
                sort: sort.split(',').filter(|key| !key.is_empty()).map(pair_sort).collect(),
            }))
        }
        _ => Err(not_supported(request)),
    }
}

/// Reads a posted document.
pub fn from_xml(bytes: &[u8]) -> Result<Operation, Exception> {
    let root = Element::read(bytes).map_err(|error| Exception {
        code: "NoApplicableCode",
        locator: "request".to_owned(),
        text: error.to_string(),
    })?;
    check_service(root.attribute("service"))?;
    match root.name.as_str() {
        "GetCapabilities" => Ok(Operation::GetCapabilities),
        "DescribeRecord" => Ok(Operation::DescribeRecord),
        "GetRecordById" => {
            check_version(root.attribute("version"))?;
            let wanted: Vec<&str> =
                root.children.iter().filter(|child| child.name == "Id").map(|id| id.text.as_str()).collect();
            Ok(Operation::GetRecordById {
                ids: ids(&wanted.join(","))?,
                element_set: element_set(text_of(&root, "ElementSetName"), ElementSet::Summary)?,
                schema: schema(root.attribute("outputSchema"))?,
            })
        }
        "GetRecords" => {
            check_version(root.attribute("version"))?;
            let query = root.child("Query").ok_or_else(|| Exception::missing("Query", "a csw:Query"))?;
            Ok(Operation::GetRecords(GetRecords {
                result_type: result_type(root.attribute("resultType"))?,
                element_set: element_set(text_of(query, "ElementSetName"), ElementSet::Summary)?,
                schema: schema(root.attribute("outputSchema"))?,
                start: start(root.attribute("startPosition"))?,
                most: most(root.attribute("maxRecords"))?,
                constraint: query.child("Constraint").map_or(Ok(Constraint::All), filter::of_constraint)?,
                sort: query.child("SortBy").map(xml_sort).unwrap_or_default(),
            }))
        }
        other => Err(not_supported(other)),
    }
}

const OPERATIONS: &str = "GetCapabilities, DescribeRecord, GetRecords, GetRecordById";

fn not_supported(operation: &str) -> Exception {
    Exception {
        code: "OperationNotSupported",
        locator: "request".to_owned(),
        text: format!("request=\"{}\" is not one of {OPERATIONS}", cut(operation)),
    }
}

fn check_service(service: Option<&str>) -> Result<(), Exception> {
    match service {
        Some(service) if service.eq_ignore_ascii_case("CSW") => Ok(()),
        Some(other) => Err(Exception::invalid("service", format!("service=\"{}\" is not CSW", cut(other)))),
        None => Err(Exception::missing("service", "CSW")),
    }
}

fn check_version(version: Option<&str>) -> Result<(), Exception> {
    match version {
        None | Some("2.0.2") => Ok(()),
        Some(other) => Err(Exception {
            code: "VersionNegotiationFailed",
            locator: "version".to_owned(),
            text: format!("version=\"{}\" is not offered; 2.0.2 is", cut(other)),
        }),
    }
}

fn text_of<'a>(element: &'a Element, name: &str) -> Option<&'a str> {
    element.child(name).map(|child| child.text.as_str())
}

fn ids(text: &str) -> Result<Vec<String>, Exception> {
    let ids: Vec<String> = text.split(',').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
    if ids.is_empty() { Err(Exception::missing("id", "ids of records, parted by commas")) } else { Ok(ids) }
}

fn element_set(text: Option<&str>, default: ElementSet) -> Result<ElementSet, Exception> {
    match text {
        None | Some("") => Ok(default),
        Some("brief") => Ok(ElementSet::Brief),
        Some("summary") => Ok(ElementSet::Summary),
        Some("full") => Ok(ElementSet::Full),
        Some(other) => Err(Exception::invalid(
            "elementSetName",
            format!("elementSetName=\"{}\" is not one of brief, summary, full", cut(other)),
        )),
    }
}

fn schema(text: Option<&str>) -> Result<Schema, Exception> {
    match text {
        None | Some("" | CSW | "csw:Record") => Ok(Schema::Csw),
        Some(GMD | "gmd" | "csw:IsoRecord") => Ok(Schema::Gmd),
        Some(other) => Err(Exception::invalid(
            "outputSchema",
            format!("outputSchema=\"{}\" is not one of {CSW}, {GMD}", cut(other)),
        )),
    }
}

/// `validate` asks for less than it costs: it is read as hits.
fn result_type(text: Option<&str>) -> Result<ResultType, Exception> {
    match text {
        None | Some("hits" | "validate" | "") => Ok(ResultType::Hits),
        Some("results") => Ok(ResultType::Results),
        Some(other) => Err(Exception::invalid(
            "resultType",
            format!("resultType=\"{}\" is not one of hits, results, validate", cut(other)),
        )),
    }
}

/// Zero or nothing is the first record: CKAN counts from zero.
fn start(text: Option<&str>) -> Result<usize, Exception> {
    number("startPosition", text, 1).map(|start| start.max(1))
}

fn most(text: Option<&str>) -> Result<usize, Exception> {
    number("maxRecords", text, MOST_DEFAULT).map(|most| most.min(limits::RECORDS_PAGE_MAX))
}

fn number(name: &str, text: Option<&str>, default: usize) -> Result<usize, Exception> {
    match text.filter(|text| !text.is_empty()) {
        None => Ok(default),
        Some(text) => text
            .parse()
            .map_err(|_| Exception::invalid(name, format!("{name}=\"{}\" is not a whole number", cut(text)))),
    }
}

/// In pairs a constraint is a filter in XML. CQL text joins with the parser of `filter`.
fn pair_constraint(language: Option<&str>, constraint: Option<&str>) -> Result<Constraint, Exception> {
    let Some(text) = constraint.filter(|text| !text.trim().is_empty()) else { return Ok(Constraint::All) };
    match language.unwrap_or_default().to_ascii_uppercase().as_str() {
        "FILTER" => {}
        "CQL_TEXT" => return cql::of_text(text),
        _ => {
            let text = "constraintLanguage is not one of FILTER, a filter in XML, and CQL_TEXT";
            return Err(Exception::invalid("constraintLanguage", text));
        }
    }
    let root = Element::read(text.as_bytes()).map_err(|error| Exception::invalid("constraint", error.to_string()))?;
    filter::of_filter(&root)
}

/// `title:D` descends, `title:A` and `title` ascend.
fn pair_sort(key: &str) -> (String, bool) {
    match key.rsplit_once(':') {
        Some((name, "D")) => (name.to_owned(), true),
        Some((name, "A")) => (name.to_owned(), false),
        _ => (key.to_owned(), false),
    }
}

fn xml_sort(sort: &Element) -> Vec<(String, bool)> {
    sort.children
        .iter()
        .filter(|child| child.name == "SortProperty")
        .filter_map(|property| {
            let order = property.child("SortOrder").map(|order| order.text.to_ascii_uppercase());
            Some((property.child("PropertyName")?.text.clone(), order.is_some_and(|order| order.starts_with('D'))))
        })
        .collect()
}

impl View<'_> {
    /// The records in the order asked for; by title where none is.
    pub(super) fn sorted(&self, sort: &[(String, bool)]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.listings.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (self.listings[*a].record, self.listings[*b].record);
            let by = |(property, is_descending): &(String, bool)| {
                let order = match filter::local(property) {
                    "title" => a.title.get(self.language).cmp(b.title.get(self.language)),
                    "modified" | "date" => a.published.cmp(&b.published),
                    _ => a.id.cmp(&b.id),
                };
                if *is_descending { order.reverse() } else { order }
            };
            sort.iter().map(by).find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
        });
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        text.split('&').filter_map(|pair| pair.split_once('=')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    #[test]
    fn a_request_of_meta_search_is_read() {
        let post = r#"<csw:GetRecords xmlns:csw="http://www.opengis.net/cat/csw/2.0.2" xmlns:ogc="http://www.opengis.net/ogc"
            xmlns:gml="http://www.opengis.net/gml" service="CSW" version="2.0.2" resultType="results"
            outputSchema="http://www.opengis.net/cat/csw/2.0.2" startPosition="11" maxRecords="10">
            <csw:Query typeNames="csw:Record"><csw:ElementSetName>full</csw:ElementSetName>
            <csw:Constraint version="1.1.0"><ogc:Filter><ogc:And>
            <ogc:BBOX><ogc:PropertyName>ows:BoundingBox</ogc:PropertyName>
            <gml:Envelope srsName="urn:ogc:def:crs:EPSG::4326"><gml:lowerCorner>22.1 113.8</gml:lowerCorner>
            <gml:upperCorner>22.6 114.5</gml:upperCorner></gml:Envelope></ogc:BBOX>
            <ogc:PropertyIsLike wildCard="%" singleChar="_" escapeChar="\"><ogc:PropertyName>csw:AnyText</ogc:PropertyName>
            <ogc:Literal>&#22294;&#26360;</ogc:Literal></ogc:PropertyIsLike>
            </ogc:And></ogc:Filter></csw:Constraint></csw:Query></csw:GetRecords>"#;
        let Ok(Operation::GetRecords(asked)) = from_xml(post.as_bytes()) else { panic!("not read") };
        assert_eq!((asked.start, asked.most, asked.element_set), (11, 10, ElementSet::Full));
        let Constraint::And(parts) = asked.constraint else { panic!("{:?}", asked.constraint) };
        assert_eq!(parts[0], Constraint::Box([113.8, 22.1, 114.5, 22.6].into()));
        assert_eq!(parts[1], Constraint::Like { property: "anytext".into(), parts: vec!["圖書".into()] });
    }

    #[test]
    fn a_wrong_request_names_the_parameter_and_what_is_accepted() {
        for (text, code, locator) in [
            ("request=GetCapabilities", "MissingParameterValue", "service"),
            ("service=WFS&request=GetCapabilities", "InvalidParameterValue", "service"),
            ("service=CSW", "MissingParameterValue", "request"),
            ("service=CSW&request=Harvest", "OperationNotSupported", "request"),
            ("service=CSW&request=GetRecords&version=3.0.0", "VersionNegotiationFailed", "version"),
            ("service=CSW&request=GetRecords&maxRecords=many", "InvalidParameterValue", "maxRecords"),
            ("service=CSW&request=GetRecordById", "MissingParameterValue", "id"),
        ] {
            let exception = from_pairs(&pairs(text)).unwrap_err();
            assert_eq!((exception.code, exception.locator.as_str()), (code, locator), "{text}");
        }
    }
}
