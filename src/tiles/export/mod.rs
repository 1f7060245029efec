//! All tiles of a layer in one file: PMTiles or MBTiles. The tiles are those that the server sends,
//! byte for byte.
//!
//! A zoom is cut by all threads, in the order in which the file keeps its tiles; the tiles of the
//! next one are the quarters of those that held something, shown or not. So hardly anything is cut
//! where nothing lies, and memory holds some tiles that wait to be written.

mod mbtiles;
mod pmtiles;

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};

use super::bake::{Opener, children, roots};
use super::tilejson::TileSetFacts;
use super::{CutTile, NeighbourCutter, TileAddress};
use crate::base::Grid;
use crate::package::PackageError;

/// The file that tiles are put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// PMTiles 3, <https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md>.
    PmTiles,
    /// MBTiles 1.3, <https://github.com/mapbox/mbtiles-spec/blob/master/1.3/spec.md>.
    MbTiles,
}

/// What to export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub archive: Archive,
    pub grid: Grid,
    pub zooms: RangeInclusive<u8>,
    pub threads: usize,
}

/// What an export came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub tiles: u64,
    pub bytes: u64,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub zoom: u8,
    pub done: usize,
    /// Tiles of the zoom.
    pub of: usize,
}

#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{0} is two tiles wide at zoom 0, which neither PMTiles nor MBTiles can number")]
    Grid(Grid),
    #[error(transparent)]
    Package(#[from] PackageError),
    #[error("the file cannot be written: {0}")]
    File(#[from] std::io::Error),
    #[error("the file cannot be written: {0}")]
    PmTiles(#[from] ::pmtiles::PmtError),
}

/// Tiles that a thread cuts in a row: enough that handing them on costs nothing. At most three such runs of each
/// thread are not yet written, at the budget of a tile 48 MB.
const RUN_TILES: usize = 32;
/// Tiles between two words about how far it is.
const TELL_EVERY: usize = 200;

/// Writes all tiles that hold anything into a new file at `path`.
pub fn export(
    open: Opener<'_>,
    facts: &TileSetFacts<'_>,
    order: &Order,
    path: &Path,
    tell: &dyn Fn(Step),
) -> Result<Exported, ExportError> {
    if order.grid == Grid::WorldCRS84Quad {
        return Err(ExportError::Grid(order.grid));
    }
    let mut sink = match order.archive {
        Archive::PmTiles => Sink::PmTiles(Box::new(pmtiles::Writer::create(path, facts, order)?)),
        Archive::MbTiles => Sink::MbTiles(mbtiles::Writer::create(path, facts, order)?),
    };
    let one = |_| NeighbourCutter::new(open()?, order.grid);
    let mut workers: Vec<NeighbourCutter> = (0..order.threads.max(1)).map(one).collect::<Result<_, PackageError>>()?;
    let mut exported = Exported::default();
    let mut tiles: Vec<TileAddress> = roots(order.grid).collect();
    for zoom in 0..=*order.zooms.end() {
        tiles.sort_by_cached_key(|tile| pmtiles::number(*tile));
        let is_kept = order.zooms.contains(&zoom);
        let goes_on = zoom < *order.zooms.end();
        let (mut next, mut done) = (Vec::new(), 0);
        cut_all(&mut workers, &tiles, is_kept, |tile, found| {
            if done % TELL_EVERY == 0 {
                tell(Step { zoom, done, of: tiles.len() });
            }
            done += 1;
            next.extend(children(tile).filter(|_| goes_on && found.is_occupied));
            if !found.gzip.is_empty() {
                exported.tiles += 1;
                exported.bytes += found.gzip.len() as u64;
                sink.add(tile, &found.gzip)?;
            }
            Ok(())
        })?;
        tell(Step { zoom, done: tiles.len(), of: tiles.len() });
        tiles = next;
    }
    sink.finish()?;
    Ok(exported)
}

enum Sink {
    PmTiles(Box<pmtiles::Writer>),
    MbTiles(mbtiles::Writer),
}

impl Sink {
    fn add(&mut self, tile: TileAddress, gzip: &[u8]) -> Result<(), ExportError> {
        match self {
            Sink::PmTiles(writer) => writer.add(tile, gzip),
            Sink::MbTiles(writer) => Ok(writer.add(tile, gzip)?),
        }
    }

    fn finish(self) -> Result<(), ExportError> {
        match self {
            Sink::PmTiles(writer) => writer.finish(),
            Sink::MbTiles(writer) => Ok(writer.finish()?),
        }
    }
}

/// A tile, empty where it is not kept, and whether the tiles inside it may hold something.
struct Found {
    gzip: Vec<u8>,
    is_occupied: bool,
}

fn find(cutter: &mut NeighbourCutter, tile: TileAddress, is_kept: bool) -> Result<Found, PackageError> {
    if !is_kept {
        let is_occupied = cutter.package().box_exceeds(&tile.bbox_with_buffer(), 0)?;
        return Ok(Found { gzip: Vec::new(), is_occupied });
    }
    let CutTile { gzip, of_features, .. } = cutter.cut(tile)?;
    Ok(Found { gzip, is_occupied: of_features > 0 })
}

/// Cuts tiles on all threads, each a run of them in turn, and hands them on in their order. A thread
/// lasts as long as the zoom, because what it draws with is its own.
fn cut_all(
    workers: &mut [NeighbourCutter],
    tiles: &[TileAddress],
    is_kept: bool,
    mut take: impl FnMut(TileAddress, Found) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let threads = workers.len();
    let runs = || tiles.chunks(RUN_TILES);
    std::thread::scope(|scope| {
        let turns: Vec<Receiver<Result<Vec<Found>, PackageError>>> = workers
            .iter_mut()
            .enumerate()
            .map(|(first, cutter)| {
                let (sender, receiver) = mpsc::sync_channel(1);
                scope.spawn(move || {
                    // Nobody takes any more once something else has failed.
                    let _ = runs()
                        .skip(first)
                        .step_by(threads)
                        .try_for_each(|run| sender.send(run.iter().map(|tile| find(cutter, *tile, is_kept)).collect()));
                });
                receiver
            })
            .collect();
        for (at, run) in runs().enumerate() {
            // Only a thread that panicked sends nothing, and then the scope ends in its panic.
            let Ok(found) = turns[at % threads].recv() else { break };
            run.iter().zip(found?).try_for_each(|(tile, found)| take(*tile, found))?;
        }
        Ok(())
    })
}
