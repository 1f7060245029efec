//! The parameters of GetFeature, read into one [`FeatureQuery`] and how the answer looks.

use super::super::super::problem::Problem;
use super::super::super::request::{Ask, Parameters, encode};
use super::super::super::routes::Context;
use super::super::super::snapshot::LiveLayer;
use super::super::systems::{self, Ordered};
use super::super::{add_box, box_numbers, page_size, whole_number};
use super::{Exception, Outcome, stored};
use crate::access::{Action, PermittedLayer};
use crate::base::ids::cut;
use crate::base::{FeatureId, GeometryKind, Schema, limits};
use crate::crs::{AxisOrder, System};
use crate::filter::Filter;
use crate::filter::fes::{self, Names, XmlFilter};
use crate::formats::Selection;
use crate::formats::gml::{geometry_name, type_name};
use crate::formats::xml::name_from_xml;
use crate::query::{Direction, FeatureQuery, Order, Start};

use std::sync::Arc;

/// How features are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    Gml,
    GeoJson,
}

impl OutputFormat {
    pub const GML: &'static str = "application/gml+xml; version=3.2";
    /// In the order of the capabilities: the first is taken where nothing is asked for.
    pub const NAMES: [(&'static str, OutputFormat); 6] = [
        (OutputFormat::GML, OutputFormat::Gml),
        ("text/xml; subtype=gml/3.2", OutputFormat::Gml),
        ("gml32", OutputFormat::Gml),
        ("application/geo+json", OutputFormat::GeoJson),
        ("application/json", OutputFormat::GeoJson),
        ("geojson", OutputFormat::GeoJson),
    ];

    fn take(parameters: &mut Parameters) -> Outcome<Self> {
        let Some(text) = parameters.take_any_case("outputFormat") else { return Ok(OutputFormat::Gml) };
        // A "+" arrives as a blank when an address was not escaped.
        let plain = |text: &str| text.replace([' ', '+'], "").to_ascii_lowercase();
        OutputFormat::NAMES
            .into_iter()
            .find(|(name, _)| plain(name) == plain(&text))
            .map(|(_, format)| format)
            .ok_or_else(|| {
                let names = OutputFormat::NAMES.map(|(name, _)| name).join(", ");
                let detail = format!("outputFormat=\"{}\" is not offered; accepted are {names}", cut(&text));
                Exception::invalid("outputFormat", detail)
            })
    }
}

/// A request for features of one layer.
#[derive(Debug)]
pub struct FeatureRequest {
    pub query: FeatureQuery,
    pub format: OutputFormat,
    pub selection: Selection,
    /// What the answer calls its coordinate system: as the request did.
    pub system_name: String,
    /// Only the number of matches is wanted.
    pub hits: bool,
    /// The stored query by an id, whose answer is the feature alone.
    pub is_one: bool,
    pub offset: u64,
    /// What links to other pages repeat, as given.
    repeated: Vec<(&'static str, String)>,
}

/// The layer that the request is about, and what it asks of it.
pub async fn read(context: &mut Context) -> Outcome<(Arc<LiveLayer>, PermittedLayer, FeatureRequest)> {
    let mut parameters = std::mem::take(&mut context.parameters);
    let mut by_id = None;
    if let Some(stored_query) = parameters.take_any_case("storedQuery_id") {
        by_id = Some(stored::feature_id(&stored_query, &mut parameters)?);
    }
    let names = ["typeNames", "typeName"].map(|name| parameters.take_any_case(name));
    let resource = ["resourceId", "featureId"].into_iter().find_map(|name| parameters.take_any_case(name));
    let name = match (&by_id, names.into_iter().flatten().next(), &resource) {
        (Some((layer, _)), _, _) => layer.clone(),
        (None, Some(name), _) => name,
        // An id begins with the name of its layer.
        (None, None, Some(ids)) => resource_id(ids.split(',').next().unwrap_or_default())?.0,
        (None, None, None) => {
            return Err(Exception::missing(
                "typeNames",
                "typeNames says which layer is asked; GetCapabilities lists them",
            ));
        }
    };
    let (layer, permit) = layer_of(context, &name)?;
    let request = FeatureRequest::of(parameters, &layer, by_id.map(|(_, id)| id), resource)?;
    Ok((layer, permit, request))
}

/// The layer of a feature type, with any prefix or none.
pub fn layer_of(context: &Context, name: &str) -> Outcome<(Arc<LiveLayer>, PermittedLayer)> {
    let name = name.trim_matches(|c| matches!(c, '(' | ')' | ' '));
    if name.contains([',', ' ']) {
        let detail = "typeNames names several layers; ask for one at a time, for joins are not offered";
        return Err(Exception::not_offered("OptionNotSupported", "typeNames", detail));
    }
    let local = name.rsplit(':').next().unwrap_or_default();
    let snapshot = context.app.snapshot();
    context.app.permitted(&snapshot, &name_from_xml(local), Action::ReadFeatures).map_err(|_| {
        let detail = format!("there is no feature type \"{}\"; GetCapabilities lists them", cut(name));
        Exception::invalid("typeNames", detail)
    })
}

/// `{type name}.{id}` taken apart.
pub fn resource_id(text: &str) -> Outcome<(String, FeatureId)> {
    let parts = text.trim().rsplit_once('.').and_then(|(name, id)| Some((name_from_xml(name), id.parse().ok()?)));
    parts.ok_or_else(|| {
        let detail = format!("\"{}\" is no id of a feature, such as lcsd-libraries.1", cut(text));
        Exception::not_found("resourceId", detail)
    })
}

impl FeatureRequest {
    fn of(
        mut parameters: Parameters,
        layer: &LiveLayer,
        one: Option<FeatureId>,
        resource: Option<String>,
    ) -> Outcome<Self> {
        let record = &layer.record;
        let mut repeated = vec![("typeNames", type_name(record.id.as_str()))];
        let mut given = |name: &'static str, also: &str| {
            let text = parameters.take_any_case(name).or_else(|| parameters.take_any_case(also))?;
            repeated.push((name, text.clone()));
            Some(text)
        };
        let xml_filter = match given("filter", "filter") {
            Some(text) => read_filter(&text, layer)?,
            None => XmlFilter::default(),
        };
        let mut query = FeatureQuery::first(limits::PAGE_FEATURES_MAX);
        if let Some(text) = given("bbox", "bbox") {
            take_box(&text, layer, &mut query)?;
        }
        let (system, system_name) = output_system(given("srsName", "srsName"), layer)?;
        let fields = match given("propertyName", "propertyName") {
            Some(text) => Some(property_names(&text, &record.schema)?),
            None => None,
        };
        query.order = match given("sortBy", "sortBy") {
            Some(text) => order(&text, &record.schema)?,
            None => Vec::new(),
        };
        if let Some(text) = given("count", "maxFeatures") {
            query.limit = page_size(whole_number("count", &text).map_err(Exception::within("count"))?);
        }
        repeated.extend(resource.iter().map(|ids| ("resourceId", ids.clone())));
        let named: Vec<&str> = resource.iter().flat_map(|ids| ids.split(',')).collect();
        let named = named.into_iter().chain(xml_filter.resource_ids.iter().map(String::as_str)).collect::<Vec<_>>();
        query.ids = match (one, named.is_empty()) {
            (Some(id), _) => Some(vec![id]),
            (None, false) => Some(resource_ids(&named, record.id.as_str())?),
            (None, true) => None,
        };
        if let Some(tree) = xml_filter.condition {
            let filter = Filter::from_tree(&tree, &record.schema, System::Crs84);
            query.filter.add(filter.map_err(|fault| Exception::invalid("filter", format!("filter: {fault}")))?);
        }
        let offset = match parameters.take_any_case("startIndex") {
            Some(text) => whole_number("startIndex", &text).map_err(Exception::within("startIndex"))?,
            None => 0,
        };
        query.start = Start::Offset(offset);
        let hits = match parameters.take_any_case("resultType").as_deref() {
            None => false,
            Some(text) if text.eq_ignore_ascii_case("results") => false,
            Some(text) if text.eq_ignore_ascii_case("hits") => true,
            Some(text) => {
                let detail = format!("resultType=\"{}\" is not offered; accepted are results, hits", cut(text));
                return Err(Exception::invalid("resultType", detail));
            }
        };
        let format = OutputFormat::take(&mut parameters)?;
        let (system, axis_order) = match (format, system) {
            (_, Some(ordered)) if format == OutputFormat::Gml => ordered,
            (_, Some((system, _))) => (system, AxisOrder::EastFirst),
            (OutputFormat::Gml, None) => (System::Epsg4326, AxisOrder::Authority),
            (OutputFormat::GeoJson, None) => (System::Crs84, AxisOrder::Authority),
        };
        repeated
            .push(("outputFormat", OutputFormat::NAMES[if format == OutputFormat::Gml { 0 } else { 3 }].0.to_owned()));
        Ok(FeatureRequest {
            query,
            format,
            selection: Selection { system, axis_order, fields, skips_geometry: false },
            system_name,
            hits,
            is_one: one.is_some(),
            offset,
            repeated,
        })
    }

    /// The address of another page of the same features.
    pub fn page(&self, ask: &Ask, offset: u64) -> String {
        let mut pairs: Vec<String> = self
            .repeated
            .iter()
            .filter(|(name, _)| *name != "count")
            .map(|(name, text)| format!("{name}={}", encode(text)))
            .collect();
        pairs.push(format!("count={}", self.query.limit));
        pairs.push(format!("startIndex={offset}"));
        format!("{}/wfs?service=WFS&version=2.0.0&request=GetFeature&{}", ask.base, pairs.join("&"))
    }
}

/// `a,b,c,d` or `a,b,c,d,system`; without a system it is that of the feature type: latitude first.
fn take_box(text: &str, layer: &LiveLayer, query: &mut FeatureQuery) -> Outcome<()> {
    let wrong = Exception::within("bbox");
    let (edges, system) = box_numbers("bbox", text).map_err(&wrong)?;
    let system: Ordered = match system {
        Some(name) => systems::offered("bbox", &name, &layer.record).map_err(&wrong)?,
        None => (System::Epsg4326, AxisOrder::Authority),
    };
    add_box("bbox", edges, system, query).map_err(&wrong)
}

fn output_system(name: Option<String>, layer: &LiveLayer) -> Outcome<(Option<Ordered>, String)> {
    match name {
        // A table has no coordinates, and so no system that would not do.
        Some(name) if layer.record.schema.geometry != GeometryKind::None => {
            let ordered = systems::offered("srsName", &name, &layer.record).map_err(Exception::within("srsName"))?;
            Ok((Some(ordered), name))
        }
        _ => Ok((None, systems::urn(System::Epsg4326))),
    }
}

fn local_name(name: &str) -> String {
    name_from_xml(name.trim().rsplit([':', '/']).next().unwrap_or_default())
}

fn place(parameter: &'static str, name: &str, schema: &Schema) -> Outcome<usize> {
    schema.field_index(&local_name(name)).ok_or_else(|| {
        let detail = format!("{parameter}: there is no property \"{}\"; DescribeFeatureType lists them", cut(name));
        Exception::invalid(parameter, detail)
    })
}

/// The geometry always goes out.
fn property_names(text: &str, schema: &Schema) -> Outcome<Vec<usize>> {
    let names = text.trim_matches(['(', ')']).split(',').filter(|name| local_name(name) != geometry_name(schema));
    let mut places = Vec::new();
    for name in names {
        if name.trim() == "*" {
            return Ok((0..schema.fields.len()).collect());
        }
        let place = place("propertyName", name, schema)?;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    Ok(places)
}

/// `name ASC, year DESC`, or `A` and `D` as before version 2.0.
fn order(text: &str, schema: &Schema) -> Outcome<Vec<Order>> {
    text.split(',')
        .map(|part| {
            let (name, word) = part.trim().rsplit_once(' ').unwrap_or((part.trim(), "ASC"));
            let direction = match word.to_ascii_uppercase().as_str() {
                "ASC" | "A" => Direction::Ascending,
                "DESC" | "D" => Direction::Descending,
                _ => {
                    let detail = format!("sortBy: \"{}\" is not ASC or DESC", cut(word));
                    return Err(Exception::invalid("sortBy", detail));
                }
            };
            Ok(Order { field: place("sortBy", name, schema)?, direction })
        })
        .collect()
}

/// Its references are elements of the schema, whose names are not those of fields.
fn read_filter(text: &str, layer: &LiveLayer) -> Outcome<XmlFilter> {
    let schema = &layer.record.schema;
    let geometry = geometry_name(schema);
    let names = Names {
        property: &|reference| match local_name(reference) {
            name if name == geometry => "geometry".to_owned(),
            name => name,
        },
        system: &|name| match name {
            Some(name) => systems::offered("filter", name, &layer.record).ok(),
            None => Some((System::Epsg4326, AxisOrder::Authority)),
        },
    };
    fes::parse(text, schema, &names).map_err(|fault| Exception::invalid("filter", format!("filter: {fault}")))
}

fn resource_ids(named: &[&str], layer: &str) -> Outcome<Vec<FeatureId>> {
    /// Ids that one request may name: what an address holds.
    const IDS_MAX: usize = 1_000;
    let ids: Vec<FeatureId> = named
        .iter()
        .map(|id| match resource_id(id)? {
            (name, id) if name == layer => Ok(id),
            (name, _) => Err(Problem::bad_request(format!("resourceId: {} is of another layer", cut(&name))).into()),
        })
        .collect::<Outcome<_>>()?;
    match ids.len() <= IDS_MAX {
        true => Ok(ids),
        false => Err(Exception::invalid("resourceId", format!("resourceId names more than {IDS_MAX} features"))),
    }
}
