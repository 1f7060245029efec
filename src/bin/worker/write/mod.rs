//! The second mode: reads one package of ours, writes one file of another format. The package is
//! read by our own reader, and coordinates are those that the server computes; GDAL only writes.

mod names;
mod pack;
mod target;

use std::ops::ControlFlow;
use std::sync::Arc;

use causeway::access::{Action, Caller, Policy, Subject};
use causeway::base::Class;
use causeway::crs::AxisOrder;
use causeway::definition::DownloadCrs;
use causeway::formats::Selection;
use causeway::geometry::Shape;
use causeway::intake::delivery::protocol::Frame;
use causeway::intake::downloads::WriteRequest;
use causeway::package::{OpenPackage, PackageFile, Row};

use super::{Output, Stop, configure, confine, drivers, errors};
use target::{Target, Writer};

/// Some milliseconds of writing.
const FEATURES_BETWEEN_WORDS: u64 = 500;

pub fn work(out: &mut Output) -> Result<u64, Stop> {
    let request: WriteRequest = serde_json::from_reader(std::io::stdin().lock())
        .map_err(|error| Stop::Broken(format!("the request is not understood: {error}")))?;
    let bytes = std::fs::metadata(&request.package)?.len();
    confine::limit_time(bytes).map_err(Stop::Broken)?;
    errors::collect();
    configure();
    let target = Target::of(request.format)
        .ok_or_else(|| Stop::Broken(format!("{} is not for the worker to write", request.format.name())))?;
    drivers::keep_only_named(&[target.driver]);
    // No foreign byte is read here: what a kernel lacks is said where one is.
    confine::lock_in(&std::env::current_dir()?, request.package.parent().as_slice());
    let package = open(&request)?;
    let mut writer = Writer::create(&target, &request)?;
    let selection =
        Selection { system: request.crs.system(), axis_order: AxisOrder::EastFirst, ..Selection::default() };
    let mut count = 0u64;
    let mut shape = Shape::default();
    let mut outcome = Ok(());
    let mut add = |row: &Row<'_>| -> Result<(), Stop> {
        let has_geometry = selection
            .read_geometry(row, &mut shape)
            .map_err(|fault| Stop::Refused(format!("feature {} cannot be written: {fault}", row.id().get())))?;
        if request.crs != DownloadCrs::Crs84 {
            round(&mut shape, selection.system.decimals());
        }
        let wkb = (has_geometry && !shape.is_empty()).then(|| shape.to_wkb());
        writer.add(row, wkb.as_deref())?;
        count += 1;
        if count.is_multiple_of(FEATURES_BETWEEN_WORDS) {
            out.send(&Frame::Written(count))?;
            out.flush()?;
        }
        Ok(())
    };
    let read = package.select("", &[], |row| {
        outcome = add(row);
        if outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    read.map_err(|error| Stop::Broken(error.to_string()))?;
    outcome?;
    writer.finish(&request)?;
    out.flush()?;
    Ok(count)
}

/// Digits beyond those that answers have are noise of the computation, and half of a file's size.
fn round(shape: &mut Shape, decimals: u32) {
    let scale = f64::from(10u32.pow(decimals));
    for (x, y) in &mut shape.points {
        (*x, *y) = ((*x * scale).round() / scale, (*y * scale).round() / scale);
    }
    shape.members.iter_mut().for_each(|member| round(member, decimals));
}

fn open(request: &WriteRequest) -> Result<OpenPackage, Stop> {
    let package = Arc::new(PackageFile {
        layer: request.layer.clone(),
        revision: request.revision.clone(),
        path: request.package.clone(),
        schema: Arc::new(request.schema.clone()),
        features: request.features,
    });
    let subject = Subject { layer: &request.layer, class: Class::Open };
    let permit = Policy::default()
        .decide(&Caller::Operator, subject, Action::ReadFiles)
        .map_err(|denied| Stop::Broken(denied.to_string()))?;
    OpenPackage::open_permitted(&permit, &package).map_err(|error| Stop::Broken(error.to_string()))
}
