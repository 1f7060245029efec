//! Reading a finished package back before anybody else may: what every revision must pass, then
//! what its definition asks for besides.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::assemble::Assembled;
use super::{IngestError, Plan};
use crate::base::{BBox, RevisionId, limits};
use crate::definition::Gates;
use crate::geometry::{Shape, blob};
use crate::package::OpenPackage;

/// Rows that are looked up again through the R-tree.
const SPOT_CHECKS: u64 = 100;

/// read = kept + rejected; kept = rows; boxes = rows with a geometry; and a spread of rows is found
/// where it lies.
pub fn check(assembled: &Assembled, plan: &Plan, revision: &RevisionId) -> Result<(), IngestError> {
    let counts = &assembled.counts;
    let schema = Arc::clone(&assembled.schema);
    let package = OpenPackage::open_built(&assembled.package, &plan.layer, revision.clone(), schema)?;
    let rows = package.count_to("", &[], limits::FEATURES_MAX + 1)?;
    if let Some(gates) = plan.gates() {
        check_declared(gates, assembled)?;
        check_fields(gates, &package)?;
    }
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

fn refused(message: String) -> Result<(), IngestError> {
    Err(IngestError::Refused(format!("[gates] {message}")))
}

/// A gate that the definition declares and the delivery does not pass refuses it by name.
fn check_declared(gates: &Gates, assembled: &Assembled) -> Result<(), IngestError> {
    let kept = assembled.counts.kept;
    let repaired = assembled.counts.repaired;
    if let Some((fewest, most)) = gates.features
        && !(fewest..=most).contains(&kept)
    {
        return refused(format!("features: {kept} is not from {fewest} to {most}"));
    }
    if let (Some(wanted), Some(found)) = (gates.extent, assembled.package.extent)
        && !wanted.contains(&found)
    {
        return refused(format!("extent: {:?} leaves {:?}", found.to_array(), wanted.to_array()));
    }
    if let Some(most) = gates.repaired_percent
        && repaired as f64 * 100.0 > most * kept as f64
    {
        return refused(format!("repaired_percent: {repaired} of {kept} geometries were repaired, more than {most} %"));
    }
    Ok(())
}

/// A field that the definition both drops and gates has nothing to be checked.
fn check_fields(gates: &Gates, package: &OpenPackage) -> Result<(), IngestError> {
    let place = |name: &str| package.package().schema.field_index(name);
    for name in &gates.required {
        let empty = place(name).map_or(Ok(0), |field| package.count_empty(field))?;
        if empty > 0 {
            return refused(format!("required: {empty} features have no \"{name}\""));
        }
    }
    for name in &gates.unique {
        let repeated = place(name).map_or(Ok(0), |field| package.count_repeated_values(field))?;
        if repeated > 0 {
            return refused(format!("unique: {repeated} values of \"{name}\" occur more than once"));
        }
    }
    for (name, allowed) in &gates.values {
        let others = place(name).map_or(Ok(0), |field| package.count_values_beside(field, allowed))?;
        if others > 0 {
            let allowed = allowed.join(", ");
            return refused(format!("values: {others} features have a \"{name}\" that is not one of {allowed}"));
        }
    }
    Ok(())
}

fn spot_check(package: &OpenPackage, rows: u64) -> Result<(), IngestError> {
    let step = (rows / SPOT_CHECKS).max(1);
    let mut samples = Vec::new();
    for place in (1..=rows / step).map(|spot| (spot * step) as i64) {
        package.select("WHERE fid = ?", &[&place], |row| {
            samples.extend(row.geometry().map(|bytes| (row.id(), bytes.to_vec())));
            ControlFlow::Continue(())
        })?;
    }
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
