//! A GeoPackage of some features, written by the writer that ingest uses, in CRS84 as it stores.

use std::path::Path;

use super::{Detail, Head, Selection};
use crate::base::{BBox, Schema, Value};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::build::PackageHead;
use crate::package::{BuiltPackage, PackageBuilder, PackageError, Row};

/// Memory for pages that are not written yet: rows come in the order of the file.
const CACHE_KIB: u32 = 8 * 1024;

/// A GeoPackage being written.
pub struct GeoPackageWriter {
    builder: PackageBuilder,
    selection: Selection,
    fields: Vec<usize>,
    shape: Shape,
    values: Vec<Value>,
}

/// Why a feature was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error(transparent)]
    Geometry(#[from] GeometryFault),
}

/// What a package of a selection holds.
pub fn schema_of(schema: &Schema, selection: &Selection) -> Schema {
    let fields = selection.fields_of(schema.fields.len());
    let geometry = selection.geometry_of(schema);
    Schema {
        geometry: geometry.kind,
        has_z: geometry.has_z,
        has_m: geometry.has_m,
        fields: fields.iter().map(|field| schema.fields[*field].clone()).collect(),
    }
}

impl GeoPackageWriter {
    pub fn create(
        path: &Path,
        head: &Head<'_>,
        selection: Selection,
        last_change: jiff::Timestamp,
    ) -> Result<Self, PackageError> {
        let fields = selection.fields_of(head.schema.fields.len());
        let schema = schema_of(head.schema, &selection);
        let package =
            PackageHead { layer: head.layer, title: head.title, description: "", last_change, schema: &schema };
        let builder = PackageBuilder::create_with_cache(path, &package, CACHE_KIB)?;
        Ok(GeoPackageWriter { builder, selection, fields, shape: Shape::default(), values: Vec::new() })
    }

    pub fn feature(&mut self, row: &Row<'_>) -> Result<(), WriteFault> {
        self.values.clear();
        self.values.extend(self.fields.iter().map(|field| row.value(*field).to_owned()));
        match row.geometry().filter(|_| !self.selection.skips_geometry) {
            None => self.builder.insert(row.id(), None, &self.values)?,
            Some(stored) if self.selection.detail == Detail::default() => {
                let bbox = self.box_of(stored)?;
                self.builder.insert(row.id(), Some((stored, &bbox)), &self.values)?;
            }
            Some(_) => {
                self.selection.read_geometry(row, &mut self.shape)?;
                let bbox = self.shape.bbox();
                let made = blob::encode(&self.shape.to_wkb(), self.shape.kind, &bbox);
                self.builder.insert(row.id(), Some((&made, &bbox)), &self.values)?;
            }
        }
        Ok(())
    }

    fn box_of(&mut self, stored: &[u8]) -> Result<BBox, GeometryFault> {
        let parsed = blob::parse(stored)?;
        if let Some(envelope) = parsed.envelope {
            return Ok(envelope);
        }
        self.shape.read_wkb(parsed.wkb)?;
        Ok(self.shape.bbox())
    }

    /// Rows so far.
    pub fn rows(&self) -> u64 {
        self.builder.rows()
    }

    pub fn finish(self) -> Result<BuiltPackage, PackageError> {
        self.builder.finish()
    }
}
