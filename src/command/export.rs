//! `causeway export`: a layer as one file for taking away.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::HumanBytes;
use serde_json::json;

use super::output::say;
use super::progress::Progress;
use super::zooms::Zooms;
use super::{Arguments, Ending};
use crate::access::{Action, Caller, PermittedLayer, Policy, Subject};
use crate::base::{Grid, LayerId, RevisionId};
use crate::catalogue::LayerRecord;
use crate::package::OpenPackage;
use crate::server::{LiveLayer, load_revision};
use crate::store::{Store, StoreError};
use crate::tiles::export::{self, Archive, ExportError, Exported, Order, Step};

#[derive(Debug, Args)]
pub struct ExportArguments {
    layer: LayerId,
    /// What to make of it.
    #[arg(long, value_enum)]
    format: Format,
    /// Where to write it [default: <layer>.<format> where you stand].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Zooms of tiles, the first and the last.
    #[arg(long, default_value = "0-14", value_name = "FROM-TO")]
    zoom: Zooms,
    /// Grid of tiles; programs that open such files take them for WebMercatorQuad.
    #[arg(long, default_value = "WebMercatorQuad", value_name = "GRID")]
    grid: Grid,
    /// A revision that is kept; the current one where none is named.
    #[arg(long, value_name = "REVISION")]
    revision: Option<RevisionId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// All tiles in one file, for web servers without a program.
    Pmtiles,
    /// All tiles in one SQLite file.
    Mbtiles,
    /// The features, as they are published.
    Gpkg,
}

impl Format {
    fn archive(self) -> Option<Archive> {
        match self {
            Format::Pmtiles => Some(Archive::PmTiles),
            Format::Mbtiles => Some(Archive::MbTiles),
            Format::Gpkg => None,
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Format::Pmtiles => "pmtiles",
            Format::Mbtiles => "mbtiles",
            Format::Gpkg => "gpkg",
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0} is withdrawn; \"causeway rollback {0}\" brings it back")]
    Withdrawn(LayerId),
    #[error("{0} is there already; name another with --output or remove it")]
    Exists(PathBuf),
    #[error("{layer} has no tiles in {grid}; {has}")]
    NoGrid { layer: LayerId, grid: Grid, has: String },
    #[error("{path} cannot be written: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Export(#[from] ExportError),
}

impl Fault {
    fn ending(&self) -> Ending {
        match self {
            Fault::Store(StoreError::NoLayer { .. } | StoreError::NoRevision { .. })
            | Fault::Withdrawn(_)
            | Fault::Exists(_)
            | Fault::NoGrid { .. }
            | Fault::Export(ExportError::Grid(_)) => Ending::WrongUsage,
            _ => Ending::Failed,
        }
    }
}

pub fn run(arguments: &Arguments, asked: &ExportArguments) -> Ending {
    let output =
        asked.output.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{}", asked.layer, asked.format.extension())));
    match take_away(arguments, asked, &output) {
        Ok((layer, exported)) => {
            let record = &layer.record;
            let size = std::fs::metadata(&output).map_or(0, |file| file.len());
            if arguments.json {
                say(json!({
                    "layer": record.id, "revision": record.revision, "file": output,
                    "bytes": size, "tiles": exported.tiles,
                }));
            } else {
                let tiles = if exported.tiles > 0 { format!(", {} tiles", exported.tiles) } else { String::new() };
                say(format_args!(
                    "{}: {} of {}{tiles}, {}",
                    output.display(),
                    record.id,
                    record.revision,
                    HumanBytes(size)
                ));
            }
            Ending::Done
        }
        Err(fault) => {
            eprintln!("error: {fault}");
            fault.ending()
        }
    }
}

/// Writes beside the output and renames, so that what stands under its name is whole.
fn take_away(arguments: &Arguments, asked: &ExportArguments, output: &Path) -> Result<(LiveLayer, Exported), Fault> {
    let layer = published(&Store::open(&arguments.data)?, &asked.layer, asked.revision.as_ref())?;
    if output.exists() {
        return Err(Fault::Exists(output.to_owned()));
    }
    let mut part = output.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let _ = std::fs::remove_file(&part);
    let file_fault = |source| Fault::File { path: output.to_owned(), source };
    let written = match asked.format.archive() {
        Some(archive) => export_tiles(&layer, asked, archive, &part),
        None => std::fs::copy(&layer.package.path, &part).map(|_| Exported::default()).map_err(file_fault),
    };
    let named = written.and_then(|exported| {
        std::fs::rename(&part, output).map_err(file_fault)?;
        Ok(exported)
    });
    if named.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    Ok((layer, named?))
}

fn published(store: &Store, layer: &LayerId, revision: Option<&RevisionId>) -> Result<LiveLayer, Fault> {
    let known = store.layers()?;
    if !known.contains(layer) {
        return Err(StoreError::NoLayer { layer: layer.clone(), known }.into());
    }
    let wanted = match revision {
        Some(revision) => revision.clone(),
        None => store.current(layer)?.ok_or_else(|| Fault::Withdrawn(layer.clone()))?,
    };
    let kept = store.revisions(layer)?;
    if !kept.contains(&wanted) {
        return Err(StoreError::NoRevision { layer: layer.clone(), wanted, kept }.into());
    }
    Ok(load_revision(store, layer, &wanted)?)
}

/// The operator may take away whatever is on the disk.
fn permit(record: &LayerRecord) -> Result<PermittedLayer, StoreError> {
    let subject = Subject { layer: &record.id, class: record.class };
    Policy::default()
        .decide(&Caller::Operator, subject, Action::ReadTiles)
        .map_err(|denied| StoreError::NoLayer { layer: denied.layer, known: Vec::new() })
}

fn export_tiles(layer: &LiveLayer, asked: &ExportArguments, archive: Archive, path: &Path) -> Result<Exported, Fault> {
    let record = &layer.record;
    let offered: Vec<Grid> = record.tiles.iter().flat_map(|facts| &facts.grids).map(|facts| facts.grid).collect();
    if !offered.contains(&asked.grid) {
        let names: Vec<&str> = offered.iter().map(|grid| grid.as_str()).collect();
        let has =
            if names.is_empty() { "it has none".to_owned() } else { format!("it has them in {}", names.join(", ")) };
        return Err(Fault::NoGrid { layer: record.id.clone(), grid: asked.grid, has });
    }
    let permit = permit(record)?;
    let facts = record.archive_facts(asked.grid, (asked.zoom.first, asked.zoom.last));
    let order = Order {
        archive,
        grid: asked.grid,
        zooms: asked.zoom.first..=asked.zoom.last,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
    };
    let open = || OpenPackage::open_permitted(&permit, &layer.package);
    let progress = Progress::start(record.id.as_str());
    let tell = |step: Step| progress.show(&format!("zoom {}", step.zoom), step.done as u64, Some(step.of as u64));
    let exported = export::export(&open, &facts, &order, path, &tell);
    progress.end();
    Ok(exported?)
}
