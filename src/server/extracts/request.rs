//! What is wanted of a layer, and in which file.

use super::super::items_request::{CHOOSING, ItemsRequest, SHOWING};
use super::super::problem::Problem;
use super::super::request::{Ask, Parameters};
use super::super::revisions::Wanted;
use super::super::snapshot::LiveLayer;
use super::Extracts;
use crate::base::ids::cut;
use crate::crs::System;
use crate::definition::{DownloadCrs, DownloadFormat, DownloadKind};

/// A request for an extract, read.
pub struct ExtractRequest {
    pub items: ItemsRequest,
    pub kind: DownloadKind,
}

impl ExtractRequest {
    pub fn read(
        mut parameters: Parameters,
        layer: &LiveLayer,
        wanted: &Wanted,
        ask: &Ask,
        extracts: &Extracts,
    ) -> Result<Self, Problem> {
        for name in SHOWING {
            if parameters.take(name).is_some() {
                return Err(Problem::bad_request(format!(
                    "{name} says nothing of an extract; accepted are f, {}, lang and the fields of {}",
                    CHOOSING.join(", "),
                    layer.record.id
                )));
            }
        }
        let (format, crs) = (parameters.take("f"), parameters.take("crs"));
        let items = ItemsRequest::read(parameters, layer, wanted, ask)?;
        let kinds = extracts.kinds(&layer.record, &items.selection);
        Ok(ExtractRequest { kind: kind(format.as_deref(), crs.as_deref(), layer, &kinds)?, items })
    }
}

/// The one of `kinds` that is asked for: a GeoPackage in CRS84 unless something is said. A form names
/// format and system as one.
fn kind(
    format: Option<&str>,
    crs: Option<&str>,
    layer: &LiveLayer,
    kinds: &[DownloadKind],
) -> Result<DownloadKind, Problem> {
    let layer = &layer.record.id;
    let by_id = format.filter(|_| crs.is_none()).and_then(|text| kinds.iter().find(|kind| kind.id() == text));
    if let Some(kind) = by_id {
        return Ok(*kind);
    }
    let wanted = match format {
        None => DownloadFormat::GeoPackage,
        Some(text) => {
            kinds.iter().map(|kind| kind.format).find(|format| is_called(*format, text)).ok_or_else(|| {
                let mut names: Vec<&str> = kinds.iter().map(|kind| kind.format.name()).collect();
                names.dedup();
                Problem::bad_request(format!(
                    "f=\"{}\" is no file that is made of {layer}; accepted are {}",
                    cut(text),
                    names.join(", ")
                ))
            })?
        }
    };
    let of_format: Vec<DownloadKind> = kinds.iter().copied().filter(|kind| kind.format == wanted).collect();
    let crs = crs.unwrap_or(System::Crs84.uri());
    let found = of_format.iter().find(|kind| kind.crs.system().uri() == crs || kind.crs.name() == crs);
    found.copied().ok_or_else(|| {
        let systems: Vec<String> =
            of_format.iter().map(|kind| format!("{} ({})", kind.crs.name(), kind.crs.system().uri())).collect();
        Problem::bad_request(format!(
            "crs=\"{}\" is no system in which {} is made of {layer}; accepted are {}",
            cut(crs),
            wanted.name(),
            systems.join(", ")
        ))
    })
}

/// By its name in any case, or by how its files end, which is the name that items have for some.
fn is_called(format: DownloadFormat, text: &str) -> bool {
    format.name().eq_ignore_ascii_case(text) || format.extension() == text
}

/// Kinds that a whole file has, too, but a part of a layer has not: tiles are of all of it.
pub fn is_made_of_parts(format: DownloadFormat) -> bool {
    format != DownloadFormat::PmTiles
}

/// Whether the worker writes it.
pub fn needs_worker(kind: DownloadKind) -> bool {
    match kind.format {
        DownloadFormat::GeoPackage => kind.crs != DownloadCrs::Crs84,
        DownloadFormat::GeoJson | DownloadFormat::Csv => false,
        _ => true,
    }
}
