//! What a feature service says of itself and of its layer.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::systems::wkid;
use super::ObjectId;
use super::parts::{Part, parts};
use super::request::Form;
use crate::base::{BBox, FieldKind, Language, limits};
use crate::catalogue::LayerRecord;
use crate::crs::{AxisOrder, System};
use crate::definition::TimeFields;
use crate::formats::Selection;
use crate::formats::esri_json::{field_type, geometry_type, object_id_name};
use crate::server::problem::Problem;

/// The version of ArcGIS Server whose documents these are like.
pub const VERSION: f64 = 10.81;

pub fn spatial_reference(system: System) -> Value {
    let (wkid, latest) = wkid(system);
    json!({ "wkid": wkid, "latestWkid": latest })
}

pub fn service(record: &Arc<LayerRecord>, language: Language) -> Value {
    let entry = |part: &Part| {
        json!({
            "id": part.number,
            "name": part.name(language),
            "type": type_name(part),
            "geometryType": geometry_type(part.record.schema.geometry),
            "parentLayerId": -1,
            "subLayerIds": null,
            "defaultVisibility": true,
            "minScale": 0,
            "maxScale": 0,
        })
    };
    let extent = stored_extent(record);
    let (tables, layers): (Vec<Part>, Vec<Part>) = parts(record).into_iter().partition(Part::is_table);
    let [tables, layers] = [tables, layers].map(|parts| parts.iter().map(entry).collect::<Vec<_>>());
    json!({
        "currentVersion": VERSION,
        "serviceDescription": record.abstract_text.get(language),
        "description": record.abstract_text.get(language),
        "copyrightText": record.credit.get(language),
        "hasVersionedData": false,
        "maxRecordCount": limits::PAGE_FEATURES_MAX,
        "supportedQueryFormats": "JSON, geoJSON",
        "capabilities": "Query",
        "spatialReference": spatial_reference(System::Epsg4326),
        "initialExtent": extent,
        "fullExtent": extent,
        "allowGeometryUpdates": false,
        "units": "esriDecimalDegrees",
        "layers": layers,
        "tables": tables,
    })
}

fn type_name(part: &Part) -> &'static str {
    if part.is_table() { "Table" } else { "Feature Layer" }
}

pub fn layer(part: &Part, language: Language) -> Value {
    let record = part.record.as_ref();
    let schema = &record.schema;
    let object_id = ObjectId { name: object_id_name(schema), goes_out: true };
    let display_field = schema
        .fields
        .iter()
        .find(|field| field.kind == FieldKind::Text)
        .map_or(object_id.name.as_str(), |field| field.name.as_str());
    json!({
        "currentVersion": VERSION,
        "id": part.number,
        "name": part.name(language),
        "type": type_name(part),
        "description": record.abstract_text.get(language),
        "copyrightText": record.credit.get(language),
        "geometryType": geometry_type(schema.geometry),
        "hasZ": schema.has_z,
        "hasM": false,
        "extent": stored_extent(record),
        "objectIdField": object_id.name,
        "globalIdField": "",
        "displayField": display_field,
        "typeIdField": null,
        "fields": fields(record, &(0..schema.fields.len()).collect::<Vec<_>>(), &object_id, language),
        "timeInfo": time_info(record),
        "relationships": [],
        "types": [],
        "templates": [],
        "hasAttachments": false,
        "defaultVisibility": true,
        "minScale": 0,
        "maxScale": 0,
        "maxRecordCount": limits::PAGE_FEATURES_MAX,
        "standardMaxRecordCount": limits::PAGE_FEATURES_MAX,
        "supportedQueryFormats": "JSON, geoJSON",
        "capabilities": "Query",
        "useStandardizedQueries": true,
        "supportsAdvancedQueries": true,
        "supportsStatistics": true,
        "supportsCoordinatesQuantization": false,
        "advancedQueryCapabilities": {
            "supportsPagination": true,
            "supportsOrderBy": true,
            "supportsReturningQueryExtent": true,
            "supportsDistinct": true,
            "supportsStatistics": true,
            "supportsQueryWithDistance": false,
            "supportsQueryWithResultType": false,
            "supportsSqlExpression": false,
        },
    })
}

/// What stands before the features of an answer.
pub fn answer_head(
    record: &LayerRecord,
    selection: &Selection,
    object_id: &ObjectId,
    language: Language,
) -> Map<String, Value> {
    let schema = &record.schema;
    let mut head = Map::new();
    let mut put = |name: &str, value: Value| head.insert(name.to_owned(), value);
    put("objectIdFieldName", object_id.name.as_str().into());
    put("globalIdFieldName", "".into());
    if let Some(kind) = geometry_type(schema.geometry) {
        put("geometryType", kind.into());
        put("spatialReference", spatial_reference(selection.system));
        if schema.has_z {
            put("hasZ", true.into());
        }
    }
    put("fields", fields(record, &selection.fields_of(schema.fields.len()), object_id, language));
    head
}

/// The fields of the features' own times, and the span of them in milliseconds.
fn time_info(record: &LayerRecord) -> Value {
    let column = |name: &str| record.schema.field(name).map(|field| field.column.clone());
    let (start, end) = match &record.time {
        Some(TimeFields::Instant(name)) => (column(name), None),
        Some(TimeFields::Interval { start, end }) => (column(start), column(end)),
        None => return Value::Null,
    };
    json!({
        "startTimeField": start,
        "endTimeField": end,
        "trackIdField": null,
        "timeExtent": record.period.map(|(first, last)| [first.as_millisecond(), last.as_millisecond()]),
        "timeReference": { "timeZone": "UTC", "respectsDaylightSaving": false },
    })
}

fn fields(record: &LayerRecord, places: &[usize], object_id: &ObjectId, language: Language) -> Value {
    let id = object_id.in_answer().map(
        |name| json!({ "name": name, "type": "esriFieldTypeOID", "alias": name, "nullable": false, "editable": false }),
    );
    let of_layer = places.iter().map(|&place| {
        let field = &record.schema.fields[place];
        let range = record.field_facts.get(place).and_then(|facts| facts.range.as_ref());
        let kind = field_type(field.kind, range.map(|(least, greatest)| (least.as_str(), greatest.as_str())));
        let title = field.title.get(language);
        let mut document = json!({
            "name": field.column,
            "type": kind,
            "alias": if title.is_empty() { field.name.as_str() } else { title },
            "nullable": true,
            "editable": false,
            "domain": null,
        });
        if matches!(field.kind, FieldKind::Text | FieldKind::Json) {
            document["length"] = limits::VALUE_BYTES_MAX.into();
        }
        document
    });
    id.into_iter().chain(of_layer).collect()
}

/// A box in a system, as ArcGIS and as its GeoJSON write it.
pub struct Extent {
    edges: Option<[f64; 4]>,
    system: System,
}

impl Extent {
    pub fn for_answer(&self, form: Form) -> Value {
        match (form, self.edges) {
            (Form::GeoJson, Some(edges)) => {
                json!({ "type": "FeatureCollection", "bbox": edges, "features": [] })
            }
            (Form::GeoJson, None) => json!({ "type": "FeatureCollection", "features": [] }),
            _ => json!({ "extent": self.document() }),
        }
    }

    pub fn document(&self) -> Value {
        let Some([xmin, ymin, xmax, ymax]) = self.edges else {
            let reference = spatial_reference(self.system);
            return json!({ "xmin": "NaN", "ymin": "NaN", "xmax": "NaN", "ymax": "NaN", "spatialReference": reference });
        };
        let reference = spatial_reference(self.system);
        json!({ "xmin": xmin, "ymin": ymin, "xmax": xmax, "ymax": ymax, "spatialReference": reference })
    }
}

/// The box around a box of degrees, its corners and the middles of its sides, in another system.
pub fn extent(bbox: Option<BBox>, system: System) -> Result<Extent, Problem> {
    let Some(bbox) = bbox else { return Ok(Extent { edges: None, system }) };
    let (middle_lon, middle_lat) = bbox.centre();
    let mut edges = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for lon in [bbox.west_deg, middle_lon, bbox.east_deg] {
        for lat in [bbox.south_deg, middle_lat, bbox.north_deg] {
            let (first, second) = system
                .from_degrees(lon, lat)
                .ok_or_else(|| Problem::bad_request(format!("outSR: {lon}, {lat} has no place in {}", system.uri())))?;
            let is_exchanged = system.changes_places_for(AxisOrder::EastFirst);
            let (x, y) = if is_exchanged { (second, first) } else { (first, second) };
            edges = [edges[0].min(x), edges[1].min(y), edges[2].max(x), edges[3].max(y)];
        }
    }
    Ok(Extent { edges: Some(edges), system })
}

fn stored_extent(record: &LayerRecord) -> Value {
    match record.extent {
        Some(bbox) => Extent { edges: Some(bbox.to_array()), system: System::Epsg4326 }.document(),
        None => Value::Null,
    }
}
