//! GML 3.2 (OGC 07-036) in its profile of simple features: features written straight from the
//! stored bytes, and the XML schema that describes them. Fields are called by their columns, because
//! clients tell names apart regardless of case.

use super::xml_names::xml_name;
use super::{HEIGHT_DECIMALS, Selection, push_decimal};
use crate::base::xml_writer::XmlWriter;
use crate::base::{FieldKind, GeometryKind, Schema};
use crate::geometry::{GeometryFault, Shape};
use crate::package::{Row, ValueRef};

pub const GML: &str = "http://www.opengis.net/gml/3.2";
/// The namespace of all layers, and the prefix that stands for it in every document.
pub const LAYERS: &str = "urn:causeway:layers";
pub const PREFIX: &str = "layer";

/// The element of a layer's features, without its prefix.
pub fn type_name(layer: &str) -> String {
    xml_name(layer)
}

/// The element of the geometry, which no field of the layer has.
pub fn geometry_name(schema: &Schema) -> String {
    let is_free = |name: &String| schema.fields.iter().all(|field| xml_name(&field.column) != *name);
    let names = std::iter::once("geometry".to_owned()).chain((1..).map(|number| format!("geometry_{number}")));
    // A layer has fewer fields than there are numbers, so one is always free.
    names.into_iter().find(is_free).unwrap_or_default()
}

/// The elements of one layer's features in an XML schema: a type and an element of it.
pub fn describe(layer: &str, schema: &Schema, xml: &mut XmlWriter) {
    let name = type_name(layer);
    let type_of = format!("{name}Type");
    let qualified = format!("{PREFIX}:{type_of}");
    xml.open("xsd:complexType", &[("name", &type_of)]);
    xml.open("xsd:complexContent", &[]);
    xml.open("xsd:extension", &[("base", "gml:AbstractFeatureType")]);
    xml.open("xsd:sequence", &[]);
    if let Some(property) = geometry_property(schema.geometry) {
        let geometry = geometry_name(schema);
        xml.empty("xsd:element", &[("name", &geometry), ("type", property), ("minOccurs", "0"), ("nillable", "true")]);
    }
    for field in &schema.fields {
        let element = xml_name(&field.column);
        let attributes =
            [("name", element.as_str()), ("type", xsd_type(field.kind)), ("minOccurs", "0"), ("nillable", "true")];
        xml.empty("xsd:element", &attributes);
    }
    for element in ["xsd:sequence", "xsd:extension", "xsd:complexContent", "xsd:complexType"] {
        xml.close(element);
    }
    let attributes = [("name", name.as_str()), ("type", &qualified), ("substitutionGroup", "gml:AbstractFeature")];
    xml.empty("xsd:element", &attributes);
}

fn geometry_property(kind: GeometryKind) -> Option<&'static str> {
    Some(match kind {
        GeometryKind::Point => "gml:PointPropertyType",
        GeometryKind::LineString => "gml:CurvePropertyType",
        GeometryKind::Polygon => "gml:SurfacePropertyType",
        GeometryKind::MultiPoint => "gml:MultiPointPropertyType",
        GeometryKind::MultiLineString => "gml:MultiCurvePropertyType",
        GeometryKind::MultiPolygon => "gml:MultiSurfacePropertyType",
        GeometryKind::GeometryCollection => "gml:GeometryPropertyType",
        GeometryKind::None => return None,
    })
}

fn xsd_type(kind: FieldKind) -> &'static str {
    match kind {
        FieldKind::Text | FieldKind::Json => "xsd:string",
        FieldKind::Integer => "xsd:long",
        FieldKind::Real => "xsd:double",
        FieldKind::Boolean => "xsd:boolean",
        FieldKind::Date => "xsd:date",
        FieldKind::DateTime => "xsd:dateTime",
    }
}

/// Writes features one after another, with one shape for all of them.
pub struct GmlWriter {
    selection: Selection,
    /// What the coordinates' system is called, as the request called it.
    system_name: String,
    type_name: String,
    element: String,
    geometry: String,
    /// The fields that go out, each with its element.
    fields: Vec<(usize, String)>,
    shape: Shape,
}

impl GmlWriter {
    pub fn new(layer: &str, schema: &Schema, selection: Selection, system_name: &str) -> Self {
        let fields = selection.fields_of(schema.fields.len()).into_iter();
        GmlWriter {
            fields: fields
                .map(|field| (field, format!("{PREFIX}:{}", xml_name(&schema.fields[field].column))))
                .collect(),
            selection,
            system_name: system_name.to_owned(),
            element: format!("{PREFIX}:{}", type_name(layer)),
            type_name: type_name(layer),
            geometry: format!("{PREFIX}:{}", geometry_name(schema)),
            shape: Shape::default(),
        }
    }

    /// One feature. `namespaces` stand on its element where it is a document of its own.
    pub fn feature(
        &mut self,
        row: &Row<'_>,
        namespaces: &[(&str, &str)],
        xml: &mut XmlWriter,
    ) -> Result<(), GeometryFault> {
        let id = format!("{}.{}", self.type_name, row.id());
        let mut attributes = namespaces.to_vec();
        attributes.push(("gml:id", &id));
        xml.open(&self.element, &attributes);
        if self.selection.read_geometry(row, &mut self.shape)? && !self.shape.is_empty() {
            xml.open(&self.geometry, &[]);
            let geometry = Geometry { system_name: &self.system_name, decimals: self.selection.decimals() };
            geometry.write(&self.shape, &format!("{id}.g"), xml);
            xml.close(&self.geometry);
        }
        for (field, element) in &self.fields {
            write_value(row.value(*field), element, xml);
        }
        xml.close(&self.element);
        Ok(())
    }
}

/// A field without a value has no element.
fn write_value(value: ValueRef<'_>, element: &str, xml: &mut XmlWriter) {
    match value {
        ValueRef::Null => {}
        ValueRef::Integer(number) => write_plain(itoa::Buffer::new().format(number), element, xml),
        ValueRef::Real(number) if number.is_finite() => {
            write_plain(zmij::Buffer::new().format_finite(number), element, xml);
        }
        ValueRef::Real(_) => {}
        ValueRef::Boolean(truth) => write_plain(if truth { "true" } else { "false" }, element, xml),
        ValueRef::Text(text) | ValueRef::Json(text) => xml.leaf(element, &[], text),
    }
}

fn write_plain(text: &str, element: &str, xml: &mut XmlWriter) {
    xml.open(element, &[]);
    xml.bytes().extend_from_slice(text.as_bytes());
    xml.close(element);
}

/// How the geometries of an answer are written.
struct Geometry<'a> {
    system_name: &'a str,
    decimals: u32,
}

impl Geometry<'_> {
    /// A geometry and, below it, its parts, each with an id of its own, as OGC 07-036 §7.2.4.5 asks.
    fn write(&self, shape: &Shape, id: &str, xml: &mut XmlWriter) {
        let part = |number: usize| format!("{id}.{number}");
        match shape.kind {
            GeometryKind::Point => self.point(shape, 0, id, xml),
            GeometryKind::LineString => self.line(shape, 0..shape.points.len(), id, xml),
            GeometryKind::Polygon => self.polygon(shape, 0..shape.ends.len(), id, xml),
            GeometryKind::MultiPoint => self.multi("gml:MultiPoint", id, shape, xml, |xml| {
                for point in 0..shape.points.len() {
                    member("gml:pointMember", xml, |xml| self.point(shape, point, &part(point), xml));
                }
            }),
            GeometryKind::MultiLineString => self.multi("gml:MultiCurve", id, shape, xml, |xml| {
                for (number, run) in shape.runs().enumerate() {
                    member("gml:curveMember", xml, |xml| self.line(shape, run, &part(number), xml));
                }
            }),
            GeometryKind::MultiPolygon => self.multi("gml:MultiSurface", id, shape, xml, |xml| {
                for (number, rings) in shape.polygons().enumerate() {
                    member("gml:surfaceMember", xml, |xml| self.polygon(shape, rings, &part(number), xml));
                }
            }),
            GeometryKind::GeometryCollection | GeometryKind::None => {
                self.multi("gml:MultiGeometry", id, shape, xml, |xml| {
                    for (number, inner) in shape.members.iter().enumerate() {
                        member("gml:geometryMember", xml, |xml| self.write(inner, &part(number), xml));
                    }
                });
            }
        }
    }

    fn open(&self, element: &str, id: &str, shape: &Shape, xml: &mut XmlWriter) {
        let mut attributes = vec![("gml:id", id), ("srsName", self.system_name)];
        if shape.has_z {
            attributes.push(("srsDimension", "3"));
        }
        xml.open(element, &attributes);
    }

    fn multi(&self, element: &str, id: &str, shape: &Shape, xml: &mut XmlWriter, members: impl FnOnce(&mut XmlWriter)) {
        self.open(element, id, shape, xml);
        members(xml);
        xml.close(element);
    }

    fn point(&self, shape: &Shape, point: usize, id: &str, xml: &mut XmlWriter) {
        self.open("gml:Point", id, shape, xml);
        xml.open("gml:pos", &[]);
        self.positions(shape, point..point + 1, xml);
        xml.close("gml:pos");
        xml.close("gml:Point");
    }

    fn line(&self, shape: &Shape, points: std::ops::Range<usize>, id: &str, xml: &mut XmlWriter) {
        self.open("gml:LineString", id, shape, xml);
        self.list(shape, points, xml);
        xml.close("gml:LineString");
    }

    fn polygon(&self, shape: &Shape, rings: std::ops::Range<usize>, id: &str, xml: &mut XmlWriter) {
        self.open("gml:Polygon", id, shape, xml);
        for (place, ring) in rings.enumerate() {
            let side = if place == 0 { "gml:exterior" } else { "gml:interior" };
            let start = if ring == 0 { 0 } else { shape.ends[ring - 1] };
            xml.open(side, &[]);
            xml.open("gml:LinearRing", &[]);
            self.list(shape, start..shape.ends[ring], xml);
            xml.close("gml:LinearRing");
            xml.close(side);
        }
        xml.close("gml:Polygon");
    }

    fn list(&self, shape: &Shape, points: std::ops::Range<usize>, xml: &mut XmlWriter) {
        xml.open("gml:posList", &[]);
        self.positions(shape, points, xml);
        xml.close("gml:posList");
    }

    fn positions(&self, shape: &Shape, points: std::ops::Range<usize>, xml: &mut XmlWriter) {
        let out = xml.bytes();
        for (place, point) in points.enumerate() {
            if place > 0 {
                out.push(b' ');
            }
            let (first, second) = shape.points[point];
            push_decimal(first, self.decimals, out);
            out.push(b' ');
            push_decimal(second, self.decimals, out);
            if let Some(z) = shape.z(point) {
                out.push(b' ');
                push_decimal(z, HEIGHT_DECIMALS, out);
            }
        }
    }
}

fn member(element: &str, xml: &mut XmlWriter, inner: impl FnOnce(&mut XmlWriter)) {
    xml.open(element, &[]);
    inner(xml);
    xml.close(element);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_geometry_has_an_id_and_says_its_system() {
        let mut shape = Shape::new(GeometryKind::MultiPolygon);
        shape.points.extend([(0.0, 0.0), (4.0, 0.0), (4.0, 4.5), (0.0, 0.0)]);
        shape.ends.push(4);
        shape.polygon_ends.push(1);
        let mut xml = XmlWriter::document();
        let from = xml.bytes().len();
        Geometry { system_name: "urn:x", decimals: 8 }.write(&shape, "a.1.g", &mut xml);
        assert_eq!(
            String::from_utf8(xml.finish()[from..].to_vec()).unwrap(),
            "<gml:MultiSurface gml:id=\"a.1.g\" srsName=\"urn:x\"><gml:surfaceMember>\
             <gml:Polygon gml:id=\"a.1.g.0\" srsName=\"urn:x\"><gml:exterior><gml:LinearRing>\
             <gml:posList>0 0 4 0 4 4.5 0 0</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>\
             </gml:surfaceMember></gml:MultiSurface>"
        );
    }
}
