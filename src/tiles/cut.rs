//! One tile from an open package: as it was baked, else the R-tree's features drawn one by one.

use std::cell::RefCell;
use std::ops::ControlFlow;

use super::draw::{Drawing, Places};
use super::grid::{EXTENT, PIXEL};
use super::mvt::LayerWriter;
use super::{LEVEL_LIVE, TileAddress, gzip};
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, FeatureId, limits};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{OpenPackage, PackageError, Row, TileFile};

/// Features in a tile up to which a package without baked tiles leaves nothing out.
const KEEP_ALL: u64 = 4_000;
/// Features that such a tile is first thinned to; about 38 compressed bytes each fill the budget.
const THIN_TO: f64 = 12_000.0;

/// A finished tile.
#[derive(Clone, Debug, PartialEq)]
pub struct CutTile {
    /// gzip; empty when the tile holds nothing.
    pub gzip: Vec<u8>,
    pub features: usize,
    /// Features whose box touches the tile, of which the rest was thinned away.
    pub of_features: usize,
}

impl CutTile {
    pub fn is_thinned(&self) -> bool {
        self.features < self.of_features
    }
}

/// Gives a tile. What is heavy was baked at ingest, so that a live cut leaves nothing out and its
/// cost is bounded; only beside packages of an older format, which have no baked tiles, and where
/// many large features overlap everywhere, it is thinned until it fits its budget.
pub fn cut(package: &OpenPackage, tile: TileAddress) -> Result<CutTile, PackageError> {
    let baked = package.tile_file()?.filter(|file| file.has_grid(tile.grid()));
    if let Some(found) = baked.map(|file| file.tile(tile.grid(), tile.key())).transpose()?.flatten() {
        let features = found.shown as usize;
        return Ok(CutTile { gzip: found.gzip, features, of_features: features + found.hidden as usize });
    }
    let mut keep = match baked {
        Some(_) => Keep::EVERYTHING,
        None => Keep::at_first(package.count_box(&tile.bbox_with_buffer())?),
    };
    loop {
        let cut = cut_once(package, tile, keep, baked)?;
        let bytes = cut.gzip.len();
        if bytes <= limits::TILE_BYTES_MAX {
            return Ok(cut);
        }
        keep = keep.tighter(limits::TILE_BYTES_MAX as f64 / bytes as f64);
    }
}

/// Shares of features to keep, from 0 to 1.
#[derive(Clone, Copy, Debug)]
struct Keep {
    /// Points, and lines and areas of less than two pixels.
    small: f64,
    large: f64,
}

impl Keep {
    const EVERYTHING: Keep = Keep { small: 1.0, large: 1.0 };

    fn at_first(in_box: u64) -> Self {
        Keep {
            small: if in_box > KEEP_ALL { (THIN_TO / in_box as f64).min(1.0) } else { 1.0 },
            large: (limits::TILE_FEATURES_MAX as f64 / in_box.max(1) as f64).min(1.0),
        }
    }

    fn tighter(self, factor: f64) -> Self {
        // A little more than the ratio asks, so that the second try fits.
        let factor = (factor * 0.9).min(0.9);
        if self.small > 0.05 {
            Keep { small: self.small * factor, ..self }
        } else {
            Keep { small: self.small * factor, large: self.large * factor }
        }
    }

    fn keeps(self, id: FeatureId, is_small: bool) -> bool {
        let share = if is_small { self.small } else { self.large };
        share >= 1.0 || (mixed(id) as f64 / u64::MAX as f64) < share
    }
}

/// A number that depends on the id alone: the same feature goes first at every zoom.
pub(super) fn mixed(id: FeatureId) -> u64 {
    let mut mixed = id.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Features of more geometry than this are kept in pieces beside the baked tiles: 5,000 vertices.
/// A whole one would cost a live tile 0.2 µs a vertex, wherever it only touches it.
pub const GIANT_BYTES: u64 = 16 * 5_000;

/// What a thread draws with, so that a tile needs no new memory for it.
#[derive(Default)]
struct Tools {
    shape: Shape,
    drawing: Drawing,
}

thread_local! {
    static TOOLS: RefCell<Tools> = RefCell::new(Tools::default());
}

fn cut_once(
    package: &OpenPackage,
    tile: TileAddress,
    keep: Keep,
    baked: Option<&TileFile>,
) -> Result<CutTile, PackageError> {
    TOOLS.with_borrow_mut(|tools| {
        let schema = &package.package().schema;
        let names = schema.fields.iter().map(|field| field.name.clone()).collect();
        let mut cutter = Cutter {
            tile,
            bbox: tile.bbox_with_buffer(),
            keep,
            writer: LayerWriter::new(package.package().layer.as_str(), EXTENT, names),
            tools,
            in_tile: 0,
        };
        let pieces = baked.filter(|file| file.has_pieces(tile.grid()));
        cutter.whole_features(package, if pieces.is_some() { GIANT_BYTES } else { i64::MAX as u64 })?;
        if let Some(file) = pieces {
            cutter.pieces(package, file)?;
        }
        let features = cutter.writer.count();
        let of_features = cutter.in_tile;
        let bytes = cutter.writer.finish();
        let gzip = if bytes.is_empty() { Vec::new() } else { gzip(&bytes, LEVEL_LIVE) };
        Ok(CutTile { gzip, features, of_features })
    })
}

struct Cutter<'t> {
    tile: TileAddress,
    bbox: BBox,
    keep: Keep,
    writer: LayerWriter,
    tools: &'t mut Tools,
    in_tile: usize,
}

impl Cutter<'_> {
    fn whole_features(&mut self, package: &OpenPackage, bytes_max: u64) -> Result<(), PackageError> {
        let bbox = self.bbox;
        let mut fault = None;
        package.visit_box_up_to(&bbox, bytes_max, |row| match self.add(row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                fault = Some(error);
                ControlFlow::Break(())
            }
        })?;
        fault.map_or(Ok(()), |source| Err(geometry_error(package, source)))
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), GeometryFault> {
        let Some(bytes) = row.geometry() else { return Ok(()) };
        let blob = blob::parse(bytes)?;
        if blob.is_empty || blob.envelope.is_some_and(|envelope| !envelope.intersects(&self.bbox)) {
            return Ok(());
        }
        if self.keep.small < 1.0 && !self.keep.keeps(row.id(), self.is_small(blob.envelope)) {
            self.in_tile += 1;
            return Ok(());
        }
        self.tools.shape.read_wkb(blob.wkb)?;
        let shape = std::mem::take(&mut self.tools.shape);
        self.in_tile += write(&mut self.writer, &mut self.tools.drawing, row, &shape, self.tile);
        self.tools.shape = shape;
        Ok(())
    }

    fn is_small(&self, envelope: Option<BBox>) -> bool {
        envelope.is_none_or(|envelope| {
            let (west, north) = self.tile.snap((envelope.west_deg, envelope.north_deg));
            let (east, south) = self.tile.snap((envelope.east_deg, envelope.south_deg));
            (east - west).max(south - north) < 2 * PIXEL
        })
    }

    /// The one piece of each giant feature that covers the tile: its own, else that of the nearest
    /// tile above which kept every vertex.
    fn pieces(&mut self, package: &OpenPackage, file: &TileFile) -> Result<(), PackageError> {
        let mut found: Vec<(i64, Vec<u8>)> = Vec::new();
        for up in 0..=self.tile.zoom() {
            let node = self.tile.ancestor(up).key();
            file.pieces(self.tile.grid(), node, up > 0, |place, wkb| found.push((place, wkb.to_vec())))?;
        }
        found.sort_by_key(|(place, _)| *place);
        let mut fault = None;
        let mut next = found.iter();
        package.visit_places(found.iter().map(|(place, _)| *place), |row| {
            let Some((_, wkb)) = next.next() else { return ControlFlow::Break(()) };
            match self.tools.shape.read_wkb(wkb) {
                Ok(()) => {
                    let Tools { shape, drawing } = &mut *self.tools;
                    drawing.fill(shape, self.tile, Places::Shares, None);
                    let fields = row.schema().fields.len();
                    let added = self.writer.add(row.id(), &drawing.parts(), (0..fields).map(|field| row.value(field)));
                    self.in_tile += usize::from(added);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    fault = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        fault.map_or(Ok(()), |source| Err(geometry_error(package, source)))
    }
}

/// Draws and writes a whole feature, each member of a collection as a feature with the same id;
/// tells how many were written.
fn write(writer: &mut LayerWriter, drawing: &mut Drawing, row: &Row<'_>, shape: &Shape, tile: TileAddress) -> usize {
    match shape.kind.dimension() {
        Dimension::Mixed | Dimension::None => {
            shape.members.iter().map(|member| write(writer, drawing, row, member, tile)).sum()
        }
        _ => {
            drawing.fill(shape, tile, Places::Degrees, None);
            let fields = row.schema().fields.len();
            usize::from(writer.add(row.id(), &drawing.parts(), (0..fields).map(|field| row.value(field))))
        }
    }
}

fn geometry_error(package: &OpenPackage, source: GeometryFault) -> PackageError {
    PackageError::Geometry { path: package.package().path.clone(), source }
}
