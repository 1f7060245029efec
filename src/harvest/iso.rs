//! ISO 19139: in a CSW 2.0.2 (OGC 07-006r1), in a folder that lists files, or one file alone.

use super::clean::{self, NAME_CHARACTERS, TEXT_CHARACTERS};
use super::{Page, PageFault, language};
use crate::base::xml::{Element, XmlLimits};
use crate::base::{BBox, Language, Trilingual, limits};
use crate::catalogue::{RemoteRecord, RemoteResource};
use crate::fetch::Address;

const LIMITS: XmlLimits =
    XmlLimits { bytes: limits::HARVEST_PAGE_BYTES_MAX as usize, elements: limits::HARVEST_XML_ELEMENTS_MAX };

/// Records that are asked for at once.
const PAGE_RECORDS: &str = "50";

/// A page of GetRecords; capabilities lead to the first one.
pub fn csw_page(address: &Address, bytes: &[u8]) -> Result<Page, PageFault> {
    let root = Element::read_within(bytes, LIMITS)?;
    match root.name.as_str() {
        "Capabilities" => Ok(Page { records: Vec::new(), next: vec![get_records(address, "1")] }),
        "GetRecordsResponse" => {
            let wanted = "csw:SearchResults in csw:GetRecordsResponse";
            let results = root.child("SearchResults").ok_or(PageFault::Shape("no results", wanted))?;
            let records: Vec<RemoteRecord> = results
                .children
                .iter()
                .filter(|child| child.name == "MD_Metadata")
                .filter_map(|iso| record(iso, address))
                .collect();
            let number = |name: &str| results.attribute(name).and_then(|number| number.parse::<u64>().ok());
            let next = number("nextRecord").filter(|next| *next > 0 && !results.children.is_empty());
            // Some servers name the record behind the last one instead of 0.
            let next = next.filter(|next| number("numberOfRecordsMatched").is_none_or(|matched| *next <= matched));
            Ok(Page { records, next: next.map(|next| get_records(address, &next.to_string())).into_iter().collect() })
        }
        _ => Err(PageFault::Shape("another root element", "csw:Capabilities or csw:GetRecordsResponse")),
    }
}

fn get_records(address: &Address, start: &str) -> Address {
    address.with_parameters(&[
        ("service", "CSW"),
        ("version", "2.0.2"),
        ("request", "GetRecords"),
        ("typeNames", "gmd:MD_Metadata"),
        ("resultType", "results"),
        ("elementSetName", "full"),
        ("outputSchema", "http://www.isotc211.org/2005/gmd"),
        ("maxRecords", PAGE_RECORDS),
        ("startPosition", start),
    ])
}

/// The files that a folder lists, those of it alone.
pub fn folder(address: &Address, bytes: &[u8]) -> Result<Page, PageFault> {
    let html = String::from_utf8_lossy(bytes);
    let mut next: Vec<Address> = Vec::new();
    for part in html.split("href=").skip(1) {
        let Some(quote) = part.chars().next().filter(|quote| matches!(quote, '"' | '\'')) else { continue };
        let Some(href) = part[1..].split(quote).next().filter(|href| href.ends_with(".xml")) else { continue };
        let Ok(file) = address.join(&href.replace("&amp;", "&")) else { continue };
        if file.host() == address.host() && file.port() == address.port() && !next.contains(&file) {
            next.push(file);
        }
    }
    match next.is_empty() {
        true => Err(PageFault::Shape("no link to a file that ends in .xml", "a folder of ISO 19139 files")),
        false => Ok(Page { records: Vec::new(), next }),
    }
}

pub fn file(address: &Address, bytes: &[u8]) -> Result<Page, PageFault> {
    let root = Element::read_within(bytes, LIMITS)?;
    match root.name.as_str() {
        "MD_Metadata" => Ok(Page { records: record(&root, address).into_iter().collect(), next: Vec::new() }),
        _ => Err(PageFault::Shape("another root element", "gmd:MD_Metadata")),
    }
}

/// `at` is where the record itself was read.
fn record(iso: &Element, at: &Address) -> Option<RemoteRecord> {
    let identification = iso.child("identificationInfo")?.children.first()?;
    let languages = Languages::of(iso);
    let name =
        |element: Option<&Element>| element.map(|element| languages.text(element, NAME_CHARACTERS)).unwrap_or_default();
    let id = plain(iso.child("fileIdentifier")?, NAME_CHARACTERS);
    let title = name(identification.descendant("CI_Citation")?.child("title"));
    let contact = identification.child("pointOfContact").or(iso.child("contact"));
    let keywords = identification.descendants("keyword");
    let mut resources: Vec<RemoteResource> =
        iso.descendants("CI_OnlineResource").into_iter().filter_map(resource).collect();
    resources.dedup_by(|a, b| a.address == b.address);
    let is_page =
        |resource: &&RemoteResource| resource.format.is_empty() || resource.format.to_uppercase().contains("HTTP");
    let record_page = match at.parameter("request") {
        Some(_) => {
            at.with_parameters(&[("request", "GetRecordById"), ("id", &id), ("startPosition", ""), ("maxRecords", "")])
        }
        None => at.clone(),
    };
    let limits =
        identification.descendants("useLimitation").into_iter().chain(identification.descendants("otherConstraints"));
    (!id.is_empty() && !title.is_empty()).then_some(())?;
    Some(RemoteRecord {
        page: resources
            .iter()
            .find(is_page)
            .map(|resource| resource.address.clone())
            .or_else(|| clean::link(record_page.as_str()))?,
        id,
        title,
        text: identification.child("abstract").map(|text| languages.text(text, TEXT_CHARACTERS)).unwrap_or_default(),
        keywords: keywords
            .into_iter()
            .map(|word| plain(word, NAME_CHARACTERS))
            .filter(|word| !word.is_empty())
            .collect(),
        publisher: name(contact.and_then(|contact| contact.descendant("organisationName"))),
        extent: identification.descendant("EX_GeographicBoundingBox").and_then(extent),
        updated: iso.child("dateStamp").and_then(|date| super::moment(&plain(date, NAME_CHARACTERS))),
        licence: limits.map(|text| plain(text, NAME_CHARACTERS)).find(|text| !text.is_empty()).unwrap_or_default(),
        resources,
        ..RemoteRecord::default()
    })
}

fn resource(online: &Element) -> Option<RemoteResource> {
    let text = |name: &str| online.child(name).map(|child| plain(child, NAME_CHARACTERS)).unwrap_or_default();
    let address = clean::link(&online.child("linkage")?.child("URL")?.text)?;
    Some(RemoteResource { title: text("name"), format: text("protocol"), address })
}

/// The default text of an element, whatever holds it: `CharacterString`, `Date`, `Anchor`, a code.
fn plain(element: &Element, most: usize) -> String {
    let holder = element.children.iter().find(|child| child.name != "PT_FreeText").unwrap_or(element);
    clean::text(&holder.text, most)
}

fn extent(bbox: &Element) -> Option<BBox> {
    let edge = |name: &str| bbox.child(name)?.child("Decimal")?.text.parse::<f64>().ok();
    let (west, east) = (edge("westBoundLongitude")?, edge("eastBoundLongitude")?);
    super::sound(BBox::new(west, edge("southBoundLatitude")?, east, edge("northBoundLatitude")?))
}

/// The languages of a record: that of its texts, and those of its locales by their ids.
struct Languages {
    default: Option<Language>,
    locales: Vec<(String, Option<Language>)>,
}

impl Languages {
    fn of(iso: &Element) -> Self {
        let code = |element: &Element| {
            let code = element.descendant("LanguageCode");
            let code = code.and_then(|code| code.attribute("codeListValue")).map(str::to_owned);
            // Either Chinese is told by its characters; the codes for both are in use for both.
            code.or_else(|| Some(plain(element, NAME_CHARACTERS))).filter(|code| code == "eng").map(|_| Language::En)
        };
        let locales = iso.descendants("PT_Locale").into_iter();
        Languages {
            default: iso.child("language").and_then(code),
            locales: locales.filter_map(|locale| Some((locale.attribute("id")?.to_owned(), code(locale)))).collect(),
        }
    }

    fn text(&self, element: &Element, most: usize) -> Trilingual {
        let mut text = language::only(plain(element, most), self.default);
        for other in element.descendants("LocalisedCharacterString") {
            let id = other.attribute("locale").unwrap_or_default().trim_start_matches('#');
            let named = self.locales.iter().find(|(known, _)| known == id).and_then(|(_, language)| *language);
            let written = clean::text(&other.text, most);
            if !written.is_empty() {
                language::set(&mut text, written, named);
            }
        }
        text
    }
}
