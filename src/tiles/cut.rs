//! One tile from an open package: as it was baked, else the R-tree's features drawn one by one.

use std::cell::RefCell;
use std::ops::ControlFlow;

use super::draw::Drawing;
use super::facts::BakedFacts;
use super::grid::EXTENT;
use super::mvt::LayerWriter;
use super::neighbours::Kept;
use super::rules::POINT_COUNT;
use super::selection::TileSelection;
use super::snapped::Places;
use super::{LEVEL_LIVE, TileAddress, edit, gzip, matching, refill};
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, FeatureId, Grid, limits};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{BakedTile, OpenPackage, PackageError, Row, TileFile, ValueRef};

/// Features that a live cut draws at most, and vertices, with the bytes that hold them. Three to four times what ingest
/// leaves to it (2 400 features, 25 000 vertices), so that it binds only beside packages of an
/// older format, which have no baked tiles, and where thousands of large features overlap, which
/// baking cannot help: 30 ms instead of no bound at all.
pub const LIVE_FEATURES_MAX: u64 = 8_000;
pub const LIVE_VERTICES_MAX: u64 = 100_000;
const LIVE_GEOMETRY_BYTES_MAX: u64 = 16 * LIVE_VERTICES_MAX + 64 * LIVE_FEATURES_MAX;

/// A share that is not made smaller any more: what is left is drawn.
const SHARE_LEAST: f64 = 1e-5;

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

    pub(super) fn is_within_budget(&self) -> bool {
        self.gzip.len() <= limits::TILE_BYTES_MAX && self.features <= limits::TILE_FEATURES_MAX
    }
}

/// Gives a tile of every feature with every field.
pub fn cut(package: &OpenPackage, tile: TileAddress) -> Result<CutTile, PackageError> {
    cut_selected(package, tile, &TileSelection::default())
}

/// Gives a tile of the features and fields that are selected.
pub fn cut_selected(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
) -> Result<CutTile, PackageError> {
    let file = file_of(package, tile.grid())?;
    let baked = file.map(|file| file.tile(tile.grid(), tile.key())).transpose()?.flatten();
    cut_with(package, tile, selection, (file, baked), None)
}

/// The file of baked tiles, where it has this grid.
pub(super) fn file_of(package: &OpenPackage, grid: Grid) -> Result<Option<&TileFile>, PackageError> {
    Ok(package.tile_file()?.filter(|file| file.has_grid(grid)))
}

/// The tile as it was baked, else cut; `kept` spares what tiles beside it have in common with it.
pub(super) fn cut_with(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    (file, baked): (Option<&TileFile>, Option<BakedTile>),
    kept: Option<&mut Kept>,
) -> Result<CutTile, PackageError> {
    if selection.chooses_features() {
        return matching::cut(package, tile, selection, file, baked);
    }
    match (file, baked) {
        (Some(file), Some(found)) => as_baked(package, tile, selection, (file, found)),
        // Beside tiles whose points are counted one that shows all would be a hole in the map.
        (Some(file), None) if file.is_clustered(tile.grid(), tile.zoom()) => {
            matching::cut_counted(package, tile, selection, file)
        }
        _ => cut_live(package, tile, &selection.at_zoom(tile.zoom(), file), file, kept),
    }
}

fn as_baked(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    (file, found): (&TileFile, BakedTile),
) -> Result<CutTile, PackageError> {
    let features = found.shown as usize;
    let of_features = features + found.hidden as usize;
    if selection.fields.is_none() {
        return Ok(CutTile { gzip: found.gzip, features, of_features });
    }
    if refill::is_needed(file, tile.zoom(), selection) {
        return Ok(CutTile { of_features, ..refill::refilled(package, &found, selection)? });
    }
    let mut names = selection.field_names(&package.package().schema);
    // No field: it belongs to what is shown, as its geometry does.
    names.extend(BakedFacts::read(file)?.filter(|facts| facts.rules.cluster).map(|_| POINT_COUNT));
    Ok(CutTile { gzip: edit::with_less(&found.gzip, |_| true, &names), features, of_features })
}

/// What is heavy was baked at ingest, so that a live cut leaves nothing out and its cost is bounded.
/// Where it would not be, a share of the features is drawn: chosen by their ids alone, and a
/// tile inside another one has no more of them, so what is seen is seen at every higher zoom.
fn cut_live(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    file: Option<&TileFile>,
    kept: Option<&mut Kept>,
) -> Result<CutTile, PackageError> {
    if let Drawn::All(cut) = draw_share(package, tile, selection, file, 1.0, kept)?
        && cut.is_within_budget()
    {
        return Ok(cut);
    }
    let bytes_max = whole_bytes_max(file, tile);
    let load = package.weigh_box(&tile.bbox_with_buffer(), bytes_max, GIANT_BYTES)?;
    let by_features = LIVE_FEATURES_MAX as f64 / load.features.max(1) as f64;
    let by_bytes = LIVE_GEOMETRY_BYTES_MAX as f64 / load.geometry_bytes.max(1) as f64;
    // A little less, because a share of many is met only on average.
    let mut share = 0.9 * by_features.min(by_bytes).min(1.0);
    loop {
        if let Drawn::All(cut) = draw_share(package, tile, selection, file, share, None)? {
            if cut.is_within_budget() {
                return Ok(CutTile { of_features: cut.features.max(load.features as usize), ..cut });
            }
            share *= (limits::TILE_BYTES_MAX as f64 / cut.gzip.len() as f64).min(1.0);
        }
        share *= 0.9;
    }
}

/// What came of drawing a share of the features.
enum Drawn {
    All(CutTile),
    /// There was more than one tile may cost.
    TooMuch,
}

/// Bytes of geometry from which a feature is drawn in pieces.
pub(super) fn whole_bytes_max(file: Option<&TileFile>, tile: TileAddress) -> u64 {
    if file.is_some_and(|file| file.has_pieces(tile.grid())) { GIANT_BYTES } else { i64::MAX as u64 }
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

fn draw_share(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    file: Option<&TileFile>,
    share: f64,
    kept: Option<&mut Kept>,
) -> Result<Drawn, PackageError> {
    let pieces = file.filter(|file| file.has_pieces(tile.grid()));
    let mut is_too_much = false;
    let cut = draw(package, tile, selection, (false, kept), |cutter| {
        is_too_much = cutter.whole_features(whole_bytes_max(file, tile), share)?.is_break();
        if let Some(file) = pieces.filter(|_| !is_too_much) {
            cutter.pieces(file)?;
        }
        Ok(())
    })?;
    Ok(if is_too_much { Drawn::TooMuch } else { Drawn::All(cut) })
}

/// Draws what `fill` adds, and packs it.
fn draw(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    (counts_points, kept): (bool, Option<&mut Kept>),
    fill: impl FnOnce(&mut Cutter<'_>) -> Result<(), PackageError>,
) -> Result<CutTile, PackageError> {
    TOOLS.with_borrow_mut(|tools| {
        let schema = &package.package().schema;
        let names = selection.field_names(schema).into_iter().chain(counts_points.then_some(POINT_COUNT));
        let mut cutter = Cutter {
            package,
            tile,
            bbox: tile.bbox_with_buffer(),
            fields: selection.field_places(schema),
            writer: LayerWriter::new(package.package().layer.as_str(), EXTENT, names.map(str::to_owned).collect()),
            tools,
            kept,
            in_tile: 0,
            count: ValueRef::Null,
        };
        fill(&mut cutter)?;
        let (features, of_features) = (cutter.writer.count(), cutter.in_tile);
        let bytes = cutter.writer.finish();
        let gzip = match cutter.kept {
            Some(kept) if features == 1 => kept.packed(bytes),
            _ if bytes.is_empty() => Vec::new(),
            _ => gzip(&bytes, LEVEL_LIVE),
        };
        Ok(CutTile { gzip, features, of_features })
    })
}

/// What of a layer is drawn: the feature at a place of the package, and how many points it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Chosen {
    pub place: i64,
    /// 1 where it stands for itself.
    pub count: u32,
}

/// Draws the features at these places, which are in order.
pub(super) fn draw_places(
    package: &OpenPackage,
    tile: TileAddress,
    selection: &TileSelection,
    file: Option<&TileFile>,
    chosen: &[Chosen],
) -> Result<CutTile, PackageError> {
    let pieces = match file.filter(|file| file.has_pieces(tile.grid())) {
        Some(file) => pieces_of(file, tile)?,
        None => Vec::new(),
    };
    let bytes_max = whole_bytes_max(file, tile);
    let counts_points = chosen.iter().any(|one| one.count > 1);
    let places: Vec<i64> = chosen.iter().map(|one| one.place).collect();
    let mut counts = chosen.iter();
    draw(package, tile, selection, (counts_points, None), |cutter| {
        visit(package, &places, |row| {
            let count = counts.find(|one| one.place == row.place()).map_or(1, |one| one.count);
            cutter.count = if count > 1 { ValueRef::Integer(i64::from(count)) } else { ValueRef::Null };
            let is_whole = row.geometry().is_none_or(|bytes| bytes.len() as u64 <= bytes_max);
            if is_whole {
                return cutter.add(row);
            }
            match pieces.binary_search_by_key(&row.place(), |(place, _)| *place) {
                Ok(at) => cutter.add_piece(row, &pieces[at].1),
                Err(_) => Ok(()),
            }
        })
    })
}

/// Visits rows by their places; a geometry that cannot be read ends it.
fn visit(
    package: &OpenPackage,
    places: &[i64],
    mut see: impl FnMut(&Row<'_>) -> Result<(), GeometryFault>,
) -> Result<(), PackageError> {
    let mut fault = None;
    package.visit_places(places.iter().copied(), |row| proceed(see(row), &mut fault))?;
    fault.map_or(Ok(()), |source| Err(geometry_error(package, source)))
}

fn proceed(outcome: Result<(), GeometryFault>, fault: &mut Option<GeometryFault>) -> ControlFlow<()> {
    match outcome {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            *fault = Some(error);
            ControlFlow::Break(())
        }
    }
}

/// The one piece of each giant feature that covers the tile, in the order of their rows: the tile's
/// own, else that of the nearest tile above which kept every vertex.
fn pieces_of(file: &TileFile, tile: TileAddress) -> Result<Vec<(i64, Vec<u8>)>, PackageError> {
    let mut found: Vec<(i64, Vec<u8>)> = Vec::new();
    for up in 0..=tile.zoom() {
        let node = tile.ancestor(up).key();
        file.pieces(tile.grid(), node, up > 0, |place, wkb| found.push((place, wkb.to_vec())))?;
    }
    found.sort_by_key(|(place, _)| *place);
    Ok(found)
}

struct Cutter<'t> {
    package: &'t OpenPackage,
    tile: TileAddress,
    bbox: BBox,
    /// Places of the fields that go out.
    fields: Vec<usize>,
    writer: LayerWriter,
    tools: &'t mut Tools,
    kept: Option<&'t mut Kept>,
    in_tile: usize,
    /// How many points the next feature stands for; null where it is alone.
    count: ValueRef<'static>,
}

impl Cutter<'_> {
    /// Draws a share of the features that the R-tree finds; breaks off where they are too much.
    fn whole_features(&mut self, bytes_max: u64, share: f64) -> Result<ControlFlow<()>, PackageError> {
        let (bbox, package) = (self.bbox, self.package);
        let mut fault = None;
        let (mut features, mut geometry_bytes) = (0, 0);
        let mut flow = ControlFlow::Continue(());
        package.visit_box_share(&bbox, bytes_max, share, |row| {
            features += 1;
            geometry_bytes += row.geometry().map_or(0, |bytes| (bytes.len() as u64).min(GIANT_BYTES));
            let is_too_much = features > LIVE_FEATURES_MAX || geometry_bytes > LIVE_GEOMETRY_BYTES_MAX;
            if is_too_much && share > SHARE_LEAST {
                flow = ControlFlow::Break(());
                return flow;
            }
            proceed(self.add(row), &mut fault)
        })?;
        fault.map_or(Ok(flow), |source| Err(geometry_error(package, source)))
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), GeometryFault> {
        let Some(bytes) = row.geometry() else { return Ok(()) };
        let blob = blob::parse(bytes)?;
        if blob.is_empty || blob.envelope.is_some_and(|envelope| !envelope.intersects(&self.bbox)) {
            return Ok(());
        }
        if self.kept.is_some() {
            return self.add_kept(row, blob.wkb);
        }
        self.tools.shape.read_wkb(blob.wkb)?;
        let shape = std::mem::take(&mut self.tools.shape);
        self.write(row, &shape);
        self.tools.shape = shape;
        Ok(())
    }

    fn add_kept(&mut self, row: &Row<'_>, wkb: &[u8]) -> Result<(), GeometryFault> {
        let Some(kept) = self.kept.take() else { return Ok(()) };
        let shape = &mut self.tools.shape;
        for member in kept.feature(row.place(), self.tile, || shape.read_wkb(wkb).map(|()| &*shape))? {
            self.tools.drawing.fill_snapped(member, self.tile);
            self.write_drawn(row);
        }
        self.kept = Some(kept);
        Ok(())
    }

    /// Draws and writes a whole feature, each member of a collection as a feature with the same id.
    fn write(&mut self, row: &Row<'_>, shape: &Shape) {
        match shape.kind.dimension() {
            Dimension::Mixed | Dimension::None => shape.members.iter().for_each(|member| self.write(row, member)),
            _ => {
                self.tools.drawing.fill(shape, self.tile, Places::Degrees, None);
                self.write_drawn(row);
            }
        }
    }

    fn write_drawn(&mut self, row: &Row<'_>) {
        let values = self.fields.iter().map(|field| row.value(*field)).chain(std::iter::once(self.count));
        let added = self.writer.add(row.id(), &self.tools.drawing.parts(), values);
        self.in_tile += usize::from(added);
    }

    fn add_piece(&mut self, row: &Row<'_>, wkb: &[u8]) -> Result<(), GeometryFault> {
        self.tools.shape.read_wkb(wkb)?;
        let Tools { shape, drawing } = &mut *self.tools;
        drawing.fill(shape, self.tile, Places::Shares, None);
        self.write_drawn(row);
        Ok(())
    }

    fn pieces(&mut self, file: &TileFile) -> Result<(), PackageError> {
        let found = pieces_of(file, self.tile)?;
        let places: Vec<i64> = found.iter().map(|(place, _)| *place).collect();
        let mut next = found.iter();
        visit(self.package, &places, |row| match next.next() {
            Some((_, wkb)) => self.add_piece(row, wkb),
            None => Ok(()),
        })
    }
}

pub(super) fn geometry_error(package: &OpenPackage, source: GeometryFault) -> PackageError {
    PackageError::Geometry { path: package.package().path.clone(), source }
}
