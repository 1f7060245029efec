//! DCAT 3 (W3C) in the application profile DCAT-AP 3.0, as a graph.

use serde_json::json;

use super::rdf::{Graph, Node, Object};
use super::resources::{Kind, Resource, resources};
use super::{Listing, description, terms, title};
use crate::base::{BBox, Class, Language, Trilingual};

/// Whose reader the document is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What the shapes of DCAT-AP ask for.
    #[default]
    Ap,
    /// ckanext-dcat, which takes an extent for its map only from a literal that the shapes refuse.
    Ckan,
}

/// Datasets on a page: harvesters read each page alone, and half a megabyte at a time.
pub const PAGE_DATASETS: usize = 100;

/// One page of the catalogue.
pub struct Page<'a> {
    pub base: &'a str,
    /// Address of the catalogue document without its query, such as `https://host/dcat.ttl`.
    pub address: &'a str,
    /// From 1.
    pub number: usize,
    pub pages: usize,
    pub listings: &'a [Listing<'a>],
    /// When anything in the catalogue last changed.
    pub modified: String,
    /// What every page's address carries besides its number, such as `profile=ckan`.
    pub carried: String,
}

/// A page of the catalogue: the catalogue itself, its datasets and services, and where the next
/// page is.
pub fn page(page: &Page<'_>, profile: Profile) -> Graph {
    let mut graph = Graph::default();
    let mut catalogue = Node::named(format!("{}/dcat", page.base), "dcat:Catalog")
        .say_all("dct:title", Language::ALL.map(|language| said(title(language), language)))
        .say_all("dct:description", Language::ALL.map(|language| said(description(language), language)))
        .say("dct:publisher", Object::Iri(format!("{}/#publisher", page.base)))
        .say("dct:modified", Object::Typed(page.modified.clone(), "xsd:dateTime"))
        .say("foaf:homepage", Object::Iri(format!("{}/", page.base)))
        .say_all("dct:language", LANGUAGES.map(|iri| Object::Iri(iri.to_owned())));
    for listing in page.listings {
        catalogue = catalogue.say("dcat:dataset", Object::Iri(listing.page()));
    }
    for (id, _) in APIS {
        catalogue = catalogue.say("dcat:service", Object::Iri(format!("{}/#{id}", page.base)));
    }
    graph.add(catalogue);
    graph.add(Node::named(format!("{}/", page.base), "foaf:Document"));
    let publisher = Node::named(format!("{}/#publisher", page.base), "foaf:Agent");
    graph.add(publisher.say_all("foaf:name", Language::ALL.map(|language| said(title(language), language))));
    for language in LANGUAGES {
        graph.add(Node::named(language, "dct:LinguisticSystem"));
    }
    add_apis(&mut graph, page);
    for listing in page.listings {
        add_dataset(&mut graph, listing, profile);
    }
    if page.pages > 1 {
        graph.add(view(page));
    }
    graph
}

/// One dataset alone.
pub fn dataset(listing: &Listing<'_>, profile: Profile) -> Graph {
    let mut graph = Graph::default();
    add_dataset(&mut graph, listing, profile);
    graph
}

const LANGUAGES: [&str; 2] = [
    "http://publications.europa.eu/resource/authority/language/ENG",
    "http://publications.europa.eu/resource/authority/language/ZHO",
];

/// One service a standard, over all layers.
const APIS: [(&str, &str); 2] = [
    ("ogc-api-features", "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core"),
    ("ogc-api-tiles", "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core"),
];

fn add_apis(graph: &mut Graph, page: &Page<'_>) {
    for (id, standard) in APIS {
        let name = if id == "ogc-api-features" { "OGC API Features" } else { "OGC API Tiles" };
        let service = Node::named(format!("{}/#{id}", page.base), "dcat:DataService")
            .say("dct:title", said(name, Language::En))
            .say("dcat:endpointURL", Object::Iri(format!("{}/", page.base)))
            .say("dcat:endpointDescription", Object::Iri(format!("{}/api", page.base)))
            .say("dct:conformsTo", Object::Iri(standard.to_owned()))
            .say_all("dcat:servesDataset", page.listings.iter().map(|listing| Object::Iri(listing.page())));
        graph.add(service);
        graph.add(Node::named(standard, "dct:Standard"));
    }
    // The landing page is homepage and endpoint at once.
    if let Some(home) = graph.nodes.iter_mut().find(|node| node.iri == format!("{}/", page.base)) {
        home.classes.push("rdfs:Resource");
    }
    graph.add(Node::named(format!("{}/api", page.base), "rdfs:Resource"));
}

/// The page among its pages, as harvesters look for it.
fn view(page: &Page<'_>) -> Node {
    let address = |number: usize| {
        let carried = if page.carried.is_empty() { String::new() } else { format!("&{}", page.carried) };
        Object::Iri(format!("{}?page={number}{carried}", page.address))
    };
    let Object::Iri(here) = address(page.number) else { return Node::default() };
    let mut view = Node::named(here, "hydra:PartialCollectionView")
        .say("hydra:first", address(1))
        .say("hydra:last", address(page.pages));
    if page.number > 1 {
        view = view.say("hydra:previous", address(page.number - 1));
    }
    if page.number < page.pages {
        view = view.say("hydra:next", address(page.number + 1));
    }
    view
}

fn add_dataset(graph: &mut Graph, listing: &Listing<'_>, profile: Profile) {
    let record = listing.record;
    let here = listing.page();
    let mut dataset = Node::named(here.clone(), "dcat:Dataset")
        .say_all("dct:title", in_languages(&record.title))
        .say_all("dct:description", in_languages(&record.abstract_text))
        .say("dct:identifier", Object::Text(record.id.to_string()))
        .say("owl:versionInfo", Object::Text(record.revision.to_string()))
        .say("dct:modified", Object::Typed(listing.updated(), "xsd:dateTime"))
        .say_all("dcat:keyword", keywords(listing))
        .say("dct:publisher", Object::Iri(format!("{}/#department-{}", listing.base, record.department.code)))
        .say("dcat:contactPoint", Object::Node(contact(listing)))
        .say("dct:accessRights", Object::Iri(access(record.class).to_owned()))
        .say("dct:accrualPeriodicity", Object::Iri(terms::eu_frequency(record.frequency)))
        .say("dcat:landingPage", Object::Iri(format!("{here}?f=html")))
        .say("dct:provenance", Object::Node(provenance(listing)));
    if let Some(issued) = record.details.issued {
        dataset = dataset.say("dct:issued", Object::Typed(issued.to_string(), "xsd:date"));
    }
    if let Some(theme) = &record.theme {
        let own = format!("{}/#theme-{}", listing.base, theme.id);
        dataset =
            dataset.say("dcat:theme", Object::Iri(theme.eu_theme.clone())).say("dcat:theme", Object::Iri(own.clone()));
        graph.add(
            Node::named(&theme.eu_theme, "skos:Concept")
                .say("skos:prefLabel", said(terms::eu_theme_name(&theme.eu_theme), Language::En)),
        );
        graph.add(Node::named(own, "skos:Concept").say_all("skos:prefLabel", in_languages(&theme.name)));
    }
    if let Some(bbox) = listing.extent() {
        dataset = dataset
            .say("dct:spatial", Object::Node(location(&bbox, profile)))
            .say("dct:conformsTo", Object::Iri(CRS84.to_owned()));
        graph.add(Node::named(CRS84, "dct:Standard"));
    }
    if let Some((start, end)) = record.period {
        let period = Node::inner("dct:PeriodOfTime")
            .say("dcat:startDate", Object::Typed(super::moment(start), "xsd:dateTime"))
            .say("dcat:endDate", Object::Typed(super::moment(end), "xsd:dateTime"));
        dataset = dataset.say("dct:temporal", Object::Node(period));
    }
    if let Some(address) = listing.thumbnail() {
        dataset = dataset.say("foaf:page", Object::Iri(address.clone()));
        // An image is a document; the shapes know the second class only.
        graph.add(
            Node { iri: address, classes: vec!["foaf:Image", "foaf:Document"], ..Node::default() }
                .say_all("dct:title", in_languages(&thumbnail_title())),
        );
    }
    for (scheme, value) in &record.details.identifiers {
        let identifier = Node::inner("adms:Identifier")
            .say("skos:notation", Object::Text(value.clone()))
            .say("adms:schemaAgency", Object::Text(scheme.clone()));
        dataset = dataset.say("adms:identifier", Object::Node(identifier));
    }
    let all = resources(listing);
    let distributions = all.iter().filter(|resource| resource.kind != Kind::Page);
    dataset = dataset.say_all(
        "dcat:distribution",
        distributions.clone().map(|resource| Object::Iri(format!("{here}#{}", resource.id))),
    );
    graph.add(dataset);
    for resource in distributions {
        add_distribution(graph, listing, resource, profile);
    }
    add_what_is_spoken_of(graph, listing);
}

fn thumbnail_title() -> Trilingual {
    Trilingual { en: "Thumbnail".into(), zh_hant: "縮圖".into(), zh_hans: "缩图".into(), ..Trilingual::default() }
}

const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";

fn add_distribution(graph: &mut Graph, listing: &Listing<'_>, resource: &Resource, profile: Profile) {
    let record = listing.record;
    let mut distribution = Node::named(format!("{}#{}", listing.page(), resource.id), "dcat:Distribution")
        .say_all("dct:title", in_languages(&resource.title))
        .say("dcat:accessURL", Object::Iri(resource.address.clone()))
        .say("dct:license", Object::Iri(licence_iri(listing)))
        .say("dct:modified", Object::Typed(listing.updated(), "xsd:dateTime"));
    graph.add(Node::named(&resource.address, "rdfs:Resource"));
    if resource.kind == Kind::Whole {
        distribution = distribution.say("dcat:downloadURL", Object::Iri(resource.address.clone()));
    }
    if let Some(file) = &resource.file {
        const ALGORITHM: &str = "http://spdx.org/rdf/terms#checksumAlgorithm_sha256";
        let checksum = Node::inner("spdx:Checksum")
            .say("spdx:algorithm", Object::Iri(ALGORITHM.to_owned()))
            .say("spdx:checksumValue", Object::Typed(file.sha256.to_string(), "xsd:hexBinary"));
        distribution = distribution
            .say("dcat:byteSize", Object::Typed(file.bytes.to_string(), "xsd:nonNegativeInteger"))
            .say("spdx:checksum", Object::Node(checksum));
        graph.add(Node::named(ALGORITHM, "spdx:ChecksumAlgorithm"));
    }
    if !record.credit.is_empty() {
        let rights = Node::inner("dct:RightsStatement").say_all("rdfs:label", in_languages(&record.credit));
        distribution = distribution.say("dct:rights", Object::Node(rights));
    }
    let media_type = format!("https://www.iana.org/assignments/media-types/{}", resource.media_type);
    if profile == Profile::Ckan {
        distribution = distribution
            .say("dct:format", Object::Text(resource.format.clone()))
            .say("dcat:mediaType", Object::Text(resource.media_type.clone()));
    } else {
        distribution = distribution.say("dcat:mediaType", Object::Iri(media_type.clone()));
        graph.add(Node::named(media_type, "dct:MediaType"));
        if let Some(code) = eu_file_type(&resource.format) {
            let file_type = format!("http://publications.europa.eu/resource/authority/file-type/{code}");
            distribution = distribution.say("dct:format", Object::Iri(file_type.clone()));
            graph.add(Node::named(file_type, "dct:MediaTypeOrExtent"));
        }
    }
    if let Some(standard) = resource.conforms_to {
        distribution = distribution.say("dct:conformsTo", Object::Iri(standard.to_owned()));
        graph.add(Node::named(standard, "dct:Standard"));
    }
    graph.add(distribution);
}

/// Nodes that a dataset names and the shapes want to know the class of.
fn add_what_is_spoken_of(graph: &mut Graph, listing: &Listing<'_>) {
    let record = listing.record;
    let department = format!("{}/#department-{}", listing.base, record.department.code);
    graph.add(
        Node::named(department, "foaf:Agent")
            .say_all("foaf:name", in_languages(&record.department.name))
            .say("dct:identifier", Object::Text(record.department.code.clone())),
    );
    graph.add(Node::named(terms::eu_frequency(record.frequency), "dct:Frequency"));
    graph.add(Node::named(access(record.class), "dct:RightsStatement"));
    graph.add(Node::named(format!("{}?f=html", listing.page()), "foaf:Document"));
    graph.add(
        Node::named(licence_iri(listing), "dct:LicenseDocument")
            .say_all("dct:title", in_languages(&record.licence.title)),
    );
}

/// The licence's own address; terms without one have a name under ours.
fn licence_iri(listing: &Listing<'_>) -> String {
    match listing.record.licence.address.as_str() {
        "" => format!("{}/#licence-{}", listing.base, listing.record.licence.id),
        address => address.to_owned(),
    }
}

fn access(class: Class) -> &'static str {
    match class {
        Class::Open => "http://publications.europa.eu/resource/authority/access-right/PUBLIC",
        Class::Registered | Class::Restricted => {
            "http://publications.europa.eu/resource/authority/access-right/RESTRICTED"
        }
    }
}

/// Code of the EU's file type vocabulary.
fn eu_file_type(format: &str) -> Option<&'static str> {
    const CODES: [(&str, &str); 9] = [
        ("GeoJSON", "GEOJSON"),
        ("GeoPackage", "GPKG"),
        ("CSV", "CSV"),
        ("Shapefile", "SHP"),
        ("FileGDB", "GDB"),
        ("KML", "KML"),
        ("GML", "GML"),
        ("TileJSON", "JSON"),
        ("HTML", "HTML"),
    ];
    CODES.iter().find(|(known, _)| *known == format).map(|(_, code)| *code)
}

/// ckanext-dcat parts a keyword at its commas.
fn keywords(listing: &Listing<'_>) -> Vec<Object> {
    Language::ALL
        .iter()
        .flat_map(|language| {
            listing.record.keywords.get(*language).iter().map(|word| said(&word.replace(',', " "), *language))
        })
        .collect()
}

fn contact(listing: &Listing<'_>) -> Node {
    let record = listing.record;
    let mut contact = Node { classes: vec!["vcard:Organization", "vcard:Kind"], ..Node::default() }
        .say_all("vcard:fn", in_languages(&record.department.name));
    if let Some(email) = &record.details.contact.email {
        contact = contact.say("vcard:hasEmail", Object::Iri(format!("mailto:{email}")));
    }
    if let Some(telephone) = &record.details.contact.telephone {
        contact = contact.say("vcard:hasTelephone", Object::Iri(format!("tel:{telephone}")));
    }
    contact
}

fn provenance(listing: &Listing<'_>) -> Node {
    let lineage = super::iso19139::lineage(listing.record);
    Node::inner("dct:ProvenanceStatement").say_all("rdfs:label", in_languages(&lineage))
}

fn location(bbox: &BBox, profile: Profile) -> Node {
    let [west, south, east, north] = bbox.to_array();
    let wkt = format!("POLYGON(({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}))");
    let location = Node::inner("dct:Location").say("dcat:bbox", Object::Typed(wkt, "geo:wktLiteral"));
    match profile {
        Profile::Ap => location,
        Profile::Ckan => {
            const GEOJSON: &str = "https://www.iana.org/assignments/media-types/application/vnd.geo+json";
            let polygon = json!({
                "type": "Polygon",
                "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
            });
            location.say("locn:geometry", Object::Typed(polygon.to_string(), GEOJSON))
        }
    }
}

fn said(text: &str, language: Language) -> Object {
    Object::InLanguage(text.to_owned(), language.tag())
}

/// A text in each language that it has.
fn in_languages(text: &Trilingual) -> Vec<Object> {
    Language::ALL
        .iter()
        .filter(|language| !text.exact(**language).is_empty())
        .map(|language| said(text.exact(*language), *language))
        .collect()
}
