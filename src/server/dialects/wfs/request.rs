//! The parameters of GetFeature, read into one [`FeatureQuery`] and how the answer looks.

use super::super::systems;
use super::super::{add_box, box_numbers, field_by_name, page_size, whole_number};
use super::{Exception, Outcome, stored};
use crate::access::{Action, PermittedLayer};
use crate::base::ids::cut;
use crate::base::{FeatureId, GeometryKind, Schema, limits};
use crate::crs::{AxisOrder, OrderedSystem, System};
use crate::filter::Filter;
use crate::filter::fes::{self, Names, XmlFilter};
use crate::formats::Selection;
use crate::formats::gml::{geometry_name, type_name};
use crate::formats::xml_names::name_from_xml;
use crate::query::{Direction, FeatureQuery, Order, Start};
use crate::server::problem::Problem;
use crate::server::request::{Ask, Parameters, encode};
use crate::server::routes::Context;
use crate::server::snapshot::LiveLayer;
use crate::server::walks::WalkPage;

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

    fn name(self) -> &'static str {
        let known = OutputFormat::NAMES.into_iter().find(|(_, format)| *format == self);
        known.map_or(OutputFormat::GML, |(name, _)| name)
    }

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
pub async fn read(context: &mut Context) -> Outcome<(Arc<LiveLayer>, PermittedLayer, FeatureRequest, WalkPage)> {
    let mut parameters = std::mem::take(&mut context.parameters);
    let mut types = ["typeNames", "typeName"].into_iter().filter_map(|name| parameters.take_any_case(name));
    let named_type = types.next();
    let (name, named) = match parameters.take_any_case("storedQuery_id") {
        Some(stored_query) => {
            let (layer, id) = stored::feature_id(&stored_query, &mut parameters)?;
            (layer, Named::One(id))
        }
        None => {
            let mut resources =
                ["resourceId", "featureId"].into_iter().filter_map(|name| parameters.take_any_case(name));
            let resources = resources.next();
            // An id begins with the name of its layer.
            let of_resource = |list: &str| resource_id(list.split(',').next().unwrap_or_default());
            let name = match (named_type, &resources) {
                (Some(name), _) => name,
                (None, Some(list)) => of_resource(list)?.0,
                (None, None) => {
                    let detail = "typeNames says which layer is asked; GetCapabilities lists them";
                    return Err(Exception::missing("typeNames", detail));
                }
            };
            (name, resources.map_or(Named::Layer, Named::Resources))
        }
    };
    let (layer, permit) = layer_of(context, &name)?;
    let walk = walk(context, &parameters, &layer);
    let layer = walk.layer(&context.app, &layer).await?;
    let request = FeatureRequest::of(parameters, &layer, named)?;
    Ok((layer, permit, request, walk))
}

fn walk(context: &Context, parameters: &Parameters, layer: &LiveLayer) -> WalkPage {
    const OF_ONE_PAGE: [&str; 5] = ["startIndex", "count", "maxFeatures", "resultType", "outputFormat"];
    // What is not a number is refused when the request is read.
    let offset = parameters.clone().take_any_case("startIndex").and_then(|text| text.parse().ok()).unwrap_or(0);
    WalkPage::new("wfs", layer, &context.ask.user_agent, &parameters.without(&OF_ONE_PAGE), offset)
}

/// What a request names beside its parameters.
enum Named {
    Layer,
    /// A list of ids.
    Resources(String),
    One(FeatureId),
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

/// Parameters, with what links to other pages repeat of them.
struct Given {
    parameters: Parameters,
    repeated: Vec<(&'static str, String)>,
}

impl Given {
    fn take(&mut self, name: &'static str) -> Option<String> {
        let text = self.parameters.take_any_case(name)?;
        self.repeated.push((name, text.clone()));
        Some(text)
    }

    fn number(&mut self, name: &'static str) -> Outcome<Option<u64>> {
        let text = self.parameters.take_any_case(name);
        text.map(|text| whole_number(name, &text).map_err(Exception::within(name))).transpose()
    }

    /// Which features are meant, and in which order.
    fn query(&mut self, layer: &LiveLayer, named: Named) -> Outcome<FeatureQuery> {
        let (schema, id) = (&layer.record.schema, layer.record.id.as_str());
        let mut query = FeatureQuery::first(limits::PAGE_FEATURES_MAX);
        let xml_filter = match self.take("filter") {
            Some(text) => read_filter(&text, layer)?,
            None => XmlFilter::default(),
        };
        if let Some(tree) = xml_filter.condition {
            let filter = Filter::from_tree(&tree, schema, System::Crs84);
            query.filter.add(filter.map_err(|fault| Exception::invalid("filter", format!("filter: {fault}")))?);
        }
        if let Some(text) = self.take("bbox") {
            take_box(&text, layer, &mut query)?;
        }
        if let Some(text) = self.take("sortBy") {
            query.order = order(&text, schema)?;
        }
        let mut ids = xml_filter.resource_ids;
        query.ids = match named {
            Named::One(id) => Some(vec![id]),
            Named::Resources(list) => {
                ids.extend(list.split(',').map(str::to_owned));
                self.repeated.push(("resourceId", list));
                Some(resource_ids(&ids, id)?)
            }
            Named::Layer if ids.is_empty() => None,
            Named::Layer => Some(resource_ids(&ids, id)?),
        };
        Ok(query)
    }

    fn wants_hits(&mut self) -> Outcome<bool> {
        match self.parameters.take_any_case("resultType").unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "results" => Ok(false),
            "hits" => Ok(true),
            other => {
                let detail = format!("resultType=\"{}\" is not offered; accepted are results, hits", cut(other));
                Err(Exception::invalid("resultType", detail))
            }
        }
    }
}

impl FeatureRequest {
    fn of(parameters: Parameters, layer: &LiveLayer, named: Named) -> Outcome<Self> {
        let repeated = vec![("typeNames", type_name(layer.record.id.as_str()))];
        let mut given = Given { parameters, repeated };
        let is_one = matches!(named, Named::One(_));
        let mut query = given.query(layer, named)?;
        if let Some(number) = given.number("count")?.or(given.number("maxFeatures")?) {
            query.limit = page_size(number);
        }
        let offset = given.number("startIndex")?.unwrap_or(0);
        query.start = Start::Offset(offset);
        let format = OutputFormat::take(&mut given.parameters)?;
        let (asked, system_name) = output_system(given.take("srsName"), layer)?;
        let (system, axis_order) = match (format, asked) {
            (OutputFormat::Gml, Some(ordered)) => ordered,
            (OutputFormat::Gml, None) => (System::Epsg4326, AxisOrder::Authority),
            (OutputFormat::GeoJson, Some((system, _))) => (system, AxisOrder::EastFirst),
            (OutputFormat::GeoJson, None) => (System::Crs84, AxisOrder::Authority),
        };
        let names = given.take("propertyName");
        let fields = names.map(|names| property_names(&names, &layer.record.schema)).transpose()?;
        let hits = given.wants_hits()?;
        given.repeated.push(("outputFormat", format.name().to_owned()));
        Ok(FeatureRequest {
            query,
            format,
            selection: Selection { system, axis_order, fields, ..Selection::default() },
            system_name,
            hits,
            is_one,
            offset,
            repeated: given.repeated,
        })
    }

    /// The address of another page of the same features.
    pub fn page(&self, ask: &Ask, offset: u64) -> String {
        let mut pairs: Vec<String> =
            self.repeated.iter().map(|(name, text)| format!("{name}={}", encode(text))).collect();
        pairs.push(format!("count={}", self.query.limit));
        pairs.push(format!("startIndex={offset}"));
        format!("{}/wfs?service=WFS&version=2.0.0&request=GetFeature&{}", ask.base, pairs.join("&"))
    }
}

/// `a,b,c,d` or `a,b,c,d,system`; without a system it is that of the feature type: latitude first.
fn take_box(text: &str, layer: &LiveLayer, query: &mut FeatureQuery) -> Outcome<()> {
    let wrong = Exception::within("bbox");
    let (edges, system) = box_numbers("bbox", text).map_err(&wrong)?;
    let system: OrderedSystem = match system {
        Some(name) => systems::offered("bbox", &name, &layer.record).map_err(&wrong)?,
        None => (System::Epsg4326, AxisOrder::Authority),
    };
    add_box("bbox", edges, system, query).map_err(&wrong)
}

fn output_system(name: Option<String>, layer: &LiveLayer) -> Outcome<(Option<OrderedSystem>, String)> {
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
    field_by_name(schema, &local_name(name)).ok_or_else(|| {
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
            name => field_by_name(schema, &name).map_or(name, |place| schema.fields[place].name.clone()),
        },
        system: &|name| match name {
            Some(name) => systems::offered("filter", name, &layer.record).ok(),
            None => Some((System::Epsg4326, AxisOrder::Authority)),
        },
    };
    fes::parse(text, schema, &names).map_err(|fault| Exception::invalid("filter", format!("filter: {fault}")))
}

fn resource_ids(named: &[String], layer: &str) -> Outcome<Vec<FeatureId>> {
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
