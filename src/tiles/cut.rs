//! One tile from an open package: the R-tree's features, each projected, snapped to the grid,
//! clipped where it leaves the frame, repaired where snapping or clipping touched its rings.
//!
//! Live tiles only snap and drop repeats: neighbours that share a border keep sharing it, which
//! per-ring simplification would not do (`docs/decisions.md`).

use std::ops::ControlFlow;

use super::grid::{BUFFER, EXTENT};
use super::mvt::{LayerWriter, Parts};
use super::{LEVEL_LIVE, TileAddress, gzip};
use crate::base::geometry_kind::Dimension;
use crate::base::{FeatureId, limits};
use crate::geometry::clip::{self, Frame, GridPoint};
use crate::geometry::{Shape, blob};
use crate::package::{OpenPackage, PackageError, Row};

const FRAME: Frame = Frame { low: -BUFFER, high: EXTENT + BUFFER };
/// Units of a pixel of a 512 px tile.
const PIXEL: i32 = EXTENT / 512;
/// Features in a tile up to which nothing is ever left out.
const KEEP_ALL: u64 = 4_000;
/// Features that a tile is first thinned to; about 38 compressed bytes each fill the budget.
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

/// Cuts a tile. Small features are thinned first, by a hash of their id so that those that stay
/// at one zoom stay at the next; then all, until the tile fits its budget of bytes.
pub fn cut(package: &OpenPackage, address: TileAddress) -> Result<CutTile, PackageError> {
    let bbox = address.bbox_with_buffer();
    let in_box = package.count_box(&bbox)?;
    let mut keep = Keep {
        small: if in_box > KEEP_ALL { (THIN_TO / in_box as f64).min(1.0) } else { 1.0 },
        large: (limits::TILE_FEATURES_MAX as f64 / in_box.max(1) as f64).min(1.0),
    };
    loop {
        let tile = cut_once(package, address, keep)?;
        let bytes = tile.gzip.len();
        if bytes <= limits::TILE_BYTES_MAX {
            return Ok(tile);
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
        share >= 1.0 || rank(id) < share
    }
}

/// A number from 0 to 1 that depends on the id alone: the same feature goes first at every zoom.
fn rank(id: FeatureId) -> f64 {
    let mut mixed = id.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as f64 / u64::MAX as f64
}

fn cut_once(package: &OpenPackage, address: TileAddress, keep: Keep) -> Result<CutTile, PackageError> {
    let schema = &package.package().schema;
    let names = schema.fields.iter().map(|field| field.name.clone()).collect();
    let mut cutter = Cutter {
        address,
        keep,
        writer: LayerWriter::new(package.package().layer.as_str(), EXTENT, names),
        shape: Shape::default(),
        grid: GridShape::default(),
        in_tile: 0,
    };
    let mut fault = None;
    package.visit_box(&address.bbox_with_buffer(), |row| match cutter.add(row) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            fault = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(source) = fault {
        let path = package.package().path.clone();
        return Err(PackageError::Geometry { path, source });
    }
    let features = cutter.writer.count();
    let bytes = cutter.writer.finish();
    Ok(CutTile {
        gzip: if bytes.is_empty() { Vec::new() } else { gzip(&bytes, LEVEL_LIVE) },
        features,
        of_features: cutter.in_tile,
    })
}

struct Cutter {
    address: TileAddress,
    keep: Keep,
    writer: LayerWriter,
    shape: Shape,
    grid: GridShape,
    in_tile: usize,
}

/// A shape in tile units, in the form that the writer takes.
#[derive(Default)]
struct GridShape {
    points: Vec<GridPoint>,
    lines: Vec<Vec<GridPoint>>,
    areas: Vec<Vec<Vec<GridPoint>>>,
}

impl Cutter {
    fn add(&mut self, row: &Row<'_>) -> Result<(), crate::geometry::GeometryFault> {
        let Some(bytes) = row.geometry() else { return Ok(()) };
        let blob = blob::parse(bytes)?;
        if blob.is_empty {
            return Ok(());
        }
        let bbox = self.address.bbox_with_buffer();
        if blob.envelope.is_some_and(|envelope| !envelope.intersects(&bbox)) {
            return Ok(());
        }
        let is_small = match blob.envelope {
            None => true,
            Some(envelope) => {
                let (west, north) = self.address.project(envelope.west_deg, envelope.north_deg);
                let (east, south) = self.address.project(envelope.east_deg, envelope.south_deg);
                (east - west).max(south - north) < f64::from(2 * PIXEL)
            }
        };
        if !self.keep.keeps(row.id(), is_small) {
            self.in_tile += 1;
            return Ok(());
        }
        self.shape.read_wkb(blob.wkb)?;
        let shape = std::mem::take(&mut self.shape);
        self.write(row, &shape);
        self.shape = shape;
        Ok(())
    }

    fn write(&mut self, row: &Row<'_>, shape: &Shape) {
        if shape.members.is_empty() {
            self.grid.fill(shape, self.address);
            self.write_grid(row, shape.kind.dimension());
        } else {
            for member in &shape.members {
                self.write(row, member);
            }
        }
    }

    fn write_grid(&mut self, row: &Row<'_>, dimension: Dimension) {
        let parts = match dimension {
            Dimension::Points => Parts::Points(&self.grid.points),
            Dimension::Lines => Parts::Lines(&self.grid.lines),
            Dimension::Areas => Parts::Areas(&self.grid.areas),
            Dimension::Mixed | Dimension::None => return,
        };
        let before = self.writer.count();
        let fields = row.schema().fields.len();
        self.writer.add(row.id(), &parts, (0..fields).map(|field| row.value(field)));
        self.in_tile += self.writer.count() - before;
    }
}

impl GridShape {
    fn fill(&mut self, shape: &Shape, address: TileAddress) {
        self.points.clear();
        self.lines.clear();
        self.areas.clear();
        match shape.kind.dimension() {
            Dimension::Points => {
                let snapped = shape.points.iter().map(|&point| snap(point, address));
                self.points.extend(snapped.filter(|point| FRAME.contains(*point)));
            }
            Dimension::Lines => {
                for run in shape.runs() {
                    self.line(&shape.points[run], address);
                }
            }
            Dimension::Areas => self.area(shape, address),
            Dimension::Mixed | Dimension::None => {}
        }
    }

    fn line(&mut self, points: &[(f64, f64)], address: TileAddress) {
        let (snapped, _) = snap_run(points, address);
        if let [point] = snapped[..] {
            // Shorter than the grid is fine: a dash of a pixel says that something is here.
            if FRAME.contains(point) {
                self.lines.push(vec![point, (point.0 + PIXEL, point.1)]);
            }
        } else if snapped.iter().all(|point| FRAME.contains(*point)) {
            self.lines.push(snapped);
        } else {
            clip::line(&snapped, FRAME, &mut self.lines);
        }
    }

    fn area(&mut self, shape: &Shape, address: TileAddress) {
        let mut rings: Vec<Vec<GridPoint>> = Vec::with_capacity(shape.ends.len());
        let mut needs_repair = false;
        let mut clipped = Vec::new();
        for run in shape.runs() {
            let (mut ring, lost_points) = snap_run(&shape.points[run], address);
            while ring.len() > 1 && ring.first() == ring.last() {
                ring.pop();
            }
            needs_repair |= lost_points;
            if !ring.iter().all(|point| FRAME.contains(*point)) {
                needs_repair = true;
                clip::ring(&ring, FRAME, &mut clipped);
                std::mem::swap(&mut ring, &mut clipped);
            }
            rings.push(ring);
        }
        if needs_repair {
            rings.retain(|ring| ring.len() >= 3);
            self.areas = clip::repair(&rings);
        } else {
            for polygon in shape.polygons() {
                self.areas.push(wound(&rings[polygon]));
            }
        }
        if self.areas.is_empty() {
            self.speck(shape, address);
        }
    }

    /// An area that snapping left without ground is drawn as a square of a pixel at its place.
    fn speck(&mut self, shape: &Shape, address: TileAddress) {
        let bbox = shape.bbox();
        let (lon_deg, lat_deg) = bbox.centre();
        let (west, north) = address.project(bbox.west_deg, bbox.north_deg);
        let (east, south) = address.project(bbox.east_deg, bbox.south_deg);
        let is_small = (east - west).max(south - north) <= f64::from(2 * PIXEL);
        let (x, y) = snap((lon_deg, lat_deg), address);
        if is_small && FRAME.contains((x, y)) {
            let square = vec![(x, y), (x + PIXEL, y), (x + PIXEL, y + PIXEL), (x, y + PIXEL)];
            self.areas.push(vec![square]);
        }
    }
}

fn snap((lon_deg, lat_deg): (f64, f64), address: TileAddress) -> GridPoint {
    let (x, y) = address.project(lon_deg, lat_deg);
    // A feature may reach far beyond a deep tile; clamped it still clips to the same edge.
    const FAR: f64 = 1_000_000_000.0;
    (x.round().clamp(-FAR, FAR) as i32, y.round().clamp(-FAR, FAR) as i32)
}

/// The run on the grid without repeats, and whether any were dropped.
fn snap_run(points: &[(f64, f64)], address: TileAddress) -> (Vec<GridPoint>, bool) {
    let mut snapped: Vec<GridPoint> = Vec::with_capacity(points.len());
    for &point in points {
        let point = snap(point, address);
        if snapped.last() != Some(&point) {
            snapped.push(point);
        }
    }
    let lost = snapped.len() < points.len();
    (snapped, lost)
}

/// The rings of a polygon turned as MVT wants them: exterior positive, holes negative.
fn wound(rings: &[Vec<GridPoint>]) -> Vec<Vec<GridPoint>> {
    rings
        .iter()
        .enumerate()
        .map(|(place, ring)| {
            let is_positive = clip::twice_area(ring) > 0;
            let mut ring = ring.clone();
            if is_positive != (place == 0) {
                ring.reverse();
            }
            ring
        })
        .collect()
}
