//! GeoJSON and CSV, row by row, by the writers that answer requests: one spelling of numbers and one
//! guard against formulas, whether a layer is asked for or taken away.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::Path;

use super::Pen;
use crate::base::GeometryKind;
use crate::crs::{AxisOrder, System};
use crate::formats::Selection;
use crate::formats::csv::CsvWriter;
use crate::formats::geojson::FeatureWriter;
use crate::geometry::GeometryFault;
use crate::intake::{IngestError, file_error};
use crate::package::{OpenPackage, PackageError, Row};

pub fn geojson(package: &OpenPackage, pen: &Pen<'_>, target: &Path) -> Result<(), IngestError> {
    let mut writer = FeatureWriter::new(Selection::default());
    let head = format!("{{\"type\":\"FeatureCollection\",\"name\":\"{}\",\"features\":[", package.package().layer);
    let mut is_first = true;
    write(package, pen, target, head.as_bytes(), b"\n]}\n", |row, out| {
        out.extend_from_slice(if is_first { b"\n" } else { b",\n" });
        is_first = false;
        writer.feature(row, out)
    })
}

/// Columns of a point are named, so they stand in the order of their system; well-known text goes
/// east first, as every GIS reads it.
pub fn csv(package: &OpenPackage, system: System, pen: &Pen<'_>, target: &Path) -> Result<(), IngestError> {
    let schema = &package.package().schema;
    let axis_order = match schema.geometry {
        GeometryKind::Point => AxisOrder::Authority,
        _ => AxisOrder::EastFirst,
    };
    let mut writer = CsvWriter::new(schema, Selection { system, axis_order, ..Selection::default() });
    let mut head = Vec::new();
    writer.head(schema, &mut head);
    write(package, pen, target, &head, b"", |row, out| writer.row(row, out))
}

fn write(
    package: &OpenPackage,
    pen: &Pen<'_>,
    target: &Path,
    head: &[u8],
    foot: &[u8],
    mut add: impl FnMut(&Row<'_>, &mut Vec<u8>) -> Result<(), GeometryFault>,
) -> Result<(), IngestError> {
    const BUFFER_BYTES: usize = 256 * 1024;
    /// A few milliseconds of writing.
    const ROWS_BETWEEN_LOOKS: u64 = 1_000;
    let mut out = BufWriter::with_capacity(BUFFER_BYTES, File::create(target).map_err(file_error(target))?);
    out.write_all(head).map_err(file_error(target))?;
    let mut piece = Vec::new();
    let mut outcome = Ok(());
    let mut rows = 0u64;
    package.select("", &[], |row| {
        rows += 1;
        if rows.is_multiple_of(ROWS_BETWEEN_LOOKS) {
            (pen.written)(rows);
            if !(pen.is_wanted)() {
                outcome = Err(IngestError::Unwanted);
                return ControlFlow::Break(());
            }
        }
        piece.clear();
        outcome = add(row, &mut piece)
            .map_err(|source| PackageError::Geometry { path: package.package().path.clone(), source })
            .map_err(IngestError::from)
            .and_then(|()| out.write_all(&piece).map_err(file_error(target)));
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    outcome?;
    out.write_all(foot).and_then(|()| out.flush()).map_err(file_error(target))
}
