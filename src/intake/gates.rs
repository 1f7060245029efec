//! Reading a finished package back before anybody else may.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::IngestError;
use super::assemble::Assembled;
use crate::base::{BBox, LayerId, RevisionId};
use crate::geometry::{Shape, blob};
use crate::package::OpenPackage;

/// Rows that are looked up again through the R-tree.
const SPOT_CHECKS: u64 = 100;

/// read = kept + rejected; kept = rows; boxes = rows with a geometry; and a spread of rows is found
/// where it lies.
pub fn check(assembled: &Assembled, layer: &LayerId, revision: &RevisionId) -> Result<(), IngestError> {
    let counts = &assembled.counts;
    let package = OpenPackage::open_built(&assembled.package, layer, revision.clone(), Arc::clone(&assembled.schema))?;
    let rows = package.count_to("", &[], crate::base::limits::FEATURES_MAX + 1)?;
    expect("read = kept + rejected", counts.read, counts.kept + counts.rejected)?;
    expect("rows = kept", rows, counts.kept)?;
    if assembled.package.rows_with_geometry == 0 {
        return Ok(());
    }
    let boxes = package.count_box(&BBox::WORLD)?;
    expect("boxes = kept with a geometry", boxes, counts.kept - counts.without_geometry)?;
    spot_check(&package, rows)
}

fn expect(rule: &str, found: u64, wanted: u64) -> Result<(), IngestError> {
    if found == wanted {
        Ok(())
    } else {
        Err(IngestError::Gate(format!("{rule} does not hold: {found} is not {wanted}")))
    }
}

fn spot_check(package: &OpenPackage, rows: u64) -> Result<(), IngestError> {
    let step = (rows / SPOT_CHECKS).max(1);
    let mut samples = Vec::new();
    package.select("WHERE fid % ? = 0", &[&(step as i64)], |row| {
        if let Some(bytes) = row.geometry() {
            samples.push((row.id(), bytes.to_vec()));
        }
        ControlFlow::Continue(())
    })?;
    let mut shape = Shape::default();
    for (id, bytes) in samples {
        let unreadable = |fault: crate::geometry::GeometryFault| IngestError::Gate(format!("feature {id}: {fault}"));
        shape.read_wkb(blob::parse(&bytes).map_err(unreadable)?.wkb).map_err(unreadable)?;
        let bbox = shape.bbox();
        let mut is_found = false;
        package.visit_box(&bbox, |row| {
            is_found |= row.id() == id;
            if is_found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if !is_found {
            return Err(IngestError::Gate(format!("feature {id} is not found through the R-tree")));
        }
    }
    Ok(())
}
