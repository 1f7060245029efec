//! FlatGeobuf, version 3: features one after another as flat buffers, without an index, which would
//! have to stand before the first of them.
//!
//! The crate gives the tables of the format; its own writer keeps all features in a file until the
//! last, so that nothing could be sent before.

use flatbuffers::{FlatBufferBuilder, WIPOffset};
use flatgeobuf::{
    Column, ColumnArgs, ColumnType, Crs, CrsArgs, Feature, FeatureArgs, Geometry, GeometryArgs, GeometryType, Header,
    HeaderArgs,
};

use super::{Head, Selection};
use crate::base::{Field, FieldKind, GeometryKind, Language};
use crate::crs::AxisOrder;
use crate::geometry::{GeometryFault, Shape};
use crate::package::names::ID_COLUMN;
use crate::package::{Row, ValueRef};

/// What a file begins with.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\x00";
/// EPSG's number of WGS 84, for CRS84 too: the format has its own order of axes, east first.
const WGS84: u32 = 4326;

pub struct FlatGeobufWriter {
    selection: Selection,
    /// Fields that go out, each with the type of its column.
    columns: Vec<(usize, ColumnType)>,
    /// Whether the layer mixes kinds of geometry, so that each says its own.
    is_mixed: bool,
    has_z: bool,
    shape: Shape,
    properties: Vec<u8>,
    builder: FlatBufferBuilder<'static>,
}

impl FlatGeobufWriter {
    /// Writes magic bytes and header.
    pub fn begin(head: &Head<'_>, selection: Selection, out: &mut Vec<u8>) -> Self {
        let selection = Selection { axis_order: AxisOrder::EastFirst, ..selection };
        let schema = head.schema;
        let fields = selection.fields_of(schema.fields.len());
        let columns = fields.into_iter().map(|field| (field, column_type(schema.fields[field].kind))).collect();
        let geometry = selection.geometry_of(schema);
        let mut writer = FlatGeobufWriter {
            columns,
            is_mixed: geometry.kind == GeometryKind::GeometryCollection,
            has_z: geometry.has_z,
            selection,
            shape: Shape::default(),
            properties: Vec::new(),
            builder: FlatBufferBuilder::new(),
        };
        out.extend_from_slice(&MAGIC);
        writer.header(head, geometry.kind);
        writer.flush(out);
        writer
    }

    fn header(&mut self, head: &Head<'_>, kind: GeometryKind) {
        let builder = &mut self.builder;
        let id = ColumnArgs {
            name: Some(builder.create_string(ID_COLUMN)),
            type_: ColumnType::Long,
            nullable: false,
            unique: true,
            primary_key: true,
            ..ColumnArgs::default()
        };
        let mut columns = vec![Column::create(builder, &id)];
        for (field, type_) in &self.columns {
            columns.push(column(builder, &head.schema.fields[*field], *type_));
        }
        let columns = builder.create_vector(&columns);
        let code = self.selection.system.epsg().unwrap_or(WGS84) as i32;
        let org = builder.create_string("EPSG");
        let crs = Crs::create(builder, &CrsArgs { org: Some(org), code, ..CrsArgs::default() });
        let (name, title) = (builder.create_string(head.layer.as_str()), builder.create_string(head.title));
        let header = HeaderArgs {
            name: Some(name),
            geometry_type: if self.is_mixed { GeometryType::Unknown } else { geometry_type(kind) },
            has_z: self.has_z,
            columns: Some(columns),
            // Nought says that nobody counted.
            features_count: head.features.unwrap_or(0),
            index_node_size: 0,
            crs: Some(crs),
            title: Some(title),
            ..HeaderArgs::default()
        };
        let header = Header::create(builder, &header);
        builder.finish_size_prefixed(header, None);
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.builder.finished_data());
        self.builder.reset();
    }

    pub fn feature(&mut self, row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), GeometryFault> {
        let mut shape = std::mem::take(&mut self.shape);
        let has_geometry = self.selection.read_geometry(row, &mut shape)?;
        let geometry = (has_geometry && !shape.is_empty()).then(|| self.geometry(&shape));
        self.shape = shape;
        self.properties.clear();
        push_property(0, ValueRef::Integer(row.id().get() as i64), ColumnType::Long, &mut self.properties);
        for (place, (field, type_)) in self.columns.iter().enumerate() {
            push_property(place as u16 + 1, row.value(*field), *type_, &mut self.properties);
        }
        let properties = Some(self.builder.create_vector(&self.properties));
        let feature =
            Feature::create(&mut self.builder, &FeatureArgs { geometry, properties, ..FeatureArgs::default() });
        self.builder.finish_size_prefixed(feature, None);
        self.flush(out);
        Ok(())
    }

    fn geometry(&mut self, shape: &Shape) -> WIPOffset<Geometry<'static>> {
        let type_ = if self.is_mixed { geometry_type(shape.kind) } else { GeometryType::Unknown };
        let parts: Vec<_> = match shape.kind {
            GeometryKind::GeometryCollection => shape.members.iter().map(|member| self.geometry(member)).collect(),
            GeometryKind::MultiPolygon => {
                shape.polygons().map(|rings| self.part(shape, rings, GeometryType::Polygon)).collect()
            }
            _ => return self.part(shape, 0..shape.ends.len(), type_),
        };
        let parts = Some(self.builder.create_vector(&parts));
        Geometry::create(&mut self.builder, &GeometryArgs { type_, parts, ..GeometryArgs::default() })
    }

    /// Points, lines or the rings of one polygon.
    fn part(
        &mut self,
        shape: &Shape,
        runs: std::ops::Range<usize>,
        type_: GeometryType,
    ) -> WIPOffset<Geometry<'static>> {
        let end_of = |run: usize| shape.ends[run];
        let start = if runs.start == 0 { 0 } else { end_of(runs.start - 1) };
        let end = if runs.is_empty() { shape.points.len() } else { end_of(runs.end - 1) };
        let ends: Vec<u32> = runs.clone().map(|run| (end_of(run) - start) as u32).collect();
        let xy: Vec<f64> = shape.points[start..end].iter().flat_map(|&(x, y)| [x, y]).collect();
        let z: Vec<f64> = (start..end).map(|point| shape.z(point).unwrap_or(0.0)).collect();
        let builder = &mut self.builder;
        let args = GeometryArgs {
            xy: Some(builder.create_vector(&xy)),
            // One run needs no end.
            ends: (ends.len() > 1).then(|| builder.create_vector(&ends)),
            z: self.has_z.then(|| builder.create_vector(&z)),
            type_,
            ..GeometryArgs::default()
        };
        Geometry::create(builder, &args)
    }
}

fn column(builder: &mut FlatBufferBuilder<'static>, field: &Field, type_: ColumnType) -> WIPOffset<Column<'static>> {
    // As in a package, for readers to whom names are equal that differ by case alone.
    let name = builder.create_string(&field.column);
    let title = builder.create_string(field.title.get(Language::En));
    Column::create(builder, &ColumnArgs { name: Some(name), type_, title: Some(title), ..ColumnArgs::default() })
}

fn column_type(kind: FieldKind) -> ColumnType {
    match kind {
        FieldKind::Text => ColumnType::String,
        FieldKind::Integer => ColumnType::Long,
        FieldKind::Real => ColumnType::Double,
        FieldKind::Boolean => ColumnType::Bool,
        FieldKind::Date | FieldKind::DateTime => ColumnType::DateTime,
        FieldKind::Json => ColumnType::Json,
    }
}

fn geometry_type(kind: GeometryKind) -> GeometryType {
    match kind {
        GeometryKind::Point => GeometryType::Point,
        GeometryKind::LineString => GeometryType::LineString,
        GeometryKind::Polygon => GeometryType::Polygon,
        GeometryKind::MultiPoint => GeometryType::MultiPoint,
        GeometryKind::MultiLineString => GeometryType::MultiLineString,
        GeometryKind::MultiPolygon => GeometryType::MultiPolygon,
        GeometryKind::GeometryCollection => GeometryType::GeometryCollection,
        GeometryKind::None => GeometryType::Unknown,
    }
}

/// The number of the column, then the value; nothing where there is none.
fn push_property(column: u16, value: ValueRef<'_>, type_: ColumnType, out: &mut Vec<u8>) {
    let mut fixed = |bytes: &[u8]| {
        out.extend_from_slice(&column.to_le_bytes());
        out.extend_from_slice(bytes);
    };
    match value {
        ValueRef::Null => {}
        // SQLite keeps a whole number of a real column as an integer.
        ValueRef::Integer(number) if type_ == ColumnType::Double => fixed(&(number as f64).to_le_bytes()),
        ValueRef::Integer(number) => fixed(&number.to_le_bytes()),
        ValueRef::Real(number) => fixed(&number.to_le_bytes()),
        ValueRef::Boolean(truth) => fixed(&[u8::from(truth)]),
        ValueRef::Text(text) | ValueRef::Json(text) => {
            fixed(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
    }
}
