//! Features too large to be cut live as a whole, cut down the grid's quadtree: a node keeps the
//! feature inside its ground and buffer. Where that is more than a live cut can afford, it keeps
//! the vertices of its own zoom alone and its quarters keep pieces too; else it keeps every vertex
//! and serves all tiles below. A tile uses the one deepest piece that covers it, so none shows a seam.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::plan::{children, roots};
use super::shelf::Window;
use super::spool::{Extent, Spool};
use super::survey::Survey;
use super::{BakeError, TileAddress};
use crate::base::geometry_kind::Dimension;
use crate::base::{GeometryKind, Grid, limits};
use crate::geometry::{Shape, blob};
use crate::package::OpenPackage;

/// Vertices of a piece that serves every tile below.
const PIECE_VERTICES: usize = 5_000;
/// Ground kept around a node, as a share of its side: the buffer of its tile.
const BUFFER_SHARE: f64 = 1.0 / 64.0;

/// The pieces of all giant features of a layer in one grid.
#[derive(Default)]
pub struct Giants {
    pieces: HashMap<(u32, i64), StoredPiece>,
}

#[derive(Clone, Copy)]
struct StoredPiece {
    extent: Extent,
    vertices: u32,
    is_leaf: bool,
}

/// A vertex in shares of the grid with its level; those that clipping made are always kept.
type Corner = (f64, f64, u8);

/// Lines or rings, each with the polygon it belongs to.
type Runs = Vec<(u32, Vec<Corner>)>;

impl Giants {
    pub fn cut(grid: Grid, package: &OpenPackage, survey: &Survey, spool: &Spool) -> Result<Self, BakeError> {
        let mut giants = Giants::default();
        let mut fault = None;
        let mut shape = Shape::default();
        let mut window = Window::default();
        let mut first_vertices = survey.giants.iter().map(|giant| giant.first_vertex);
        let places = survey.giants.iter().map(|giant| i64::from(giant.place) + 1);
        package.visit_places(places, |row| {
            let place = row.place() - 1;
            let bytes = row.geometry().unwrap_or_default();
            let first_vertex = first_vertices.next().unwrap_or_default();
            let read = blob::parse(bytes).and_then(|blob| shape.read_wkb(blob.wkb));
            let done = match read {
                Err(source) => Err(BakeError::Geometry { row: row.place(), source }),
                Ok(()) => {
                    survey.levels.of(first_vertex, shape.points.len(), &mut window).map_err(BakeError::Spool).and_then(
                        |levels| {
                            let runs = runs_of(&shape, grid, levels);
                            let is_area = shape.kind.dimension() == Dimension::Areas;
                            roots(grid).try_for_each(|root| giants.divide(place as u32, root, &runs, is_area, spool))
                        },
                    )
                }
            };
            match done {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    fault = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        fault.map_or(Ok(giants), Err)
    }

    fn divide(
        &mut self,
        place: u32,
        node: TileAddress,
        runs: &Runs,
        is_area: bool,
        spool: &Spool,
    ) -> Result<(), BakeError> {
        let inside = clip(runs, node, is_area);
        let vertices: usize = inside.iter().map(|(_, run)| run.len()).sum();
        if vertices == 0 {
            return Ok(());
        }
        let is_leaf = vertices <= PIECE_VERTICES || node.zoom() == limits::ZOOM_MAX;
        let shape = shape_of(&inside, is_area, if is_leaf { u8::MAX } else { node.zoom() });
        let stored = StoredPiece {
            extent: spool.append(&shape.to_wkb()).map_err(BakeError::Spool)?,
            vertices: shape.points.len() as u32,
            is_leaf,
        };
        self.pieces.insert((place, node.key()), stored);
        if is_leaf {
            return Ok(());
        }
        children(node).try_for_each(|child| self.divide(place, child, &inside, is_area, spool))
    }

    fn piece_in(&self, place: u32, tile: TileAddress) -> Option<&StoredPiece> {
        (0..=tile.zoom())
            .find_map(|up| self.pieces.get(&(place, tile.ancestor(up).key())).filter(|piece| up == 0 || piece.is_leaf))
    }

    /// Vertices that drawing the feature in a tile costs.
    pub fn vertices_in(&self, place: u32, tile: TileAddress) -> u64 {
        self.piece_in(place, tile).map_or(0, |piece| u64::from(piece.vertices))
    }

    /// The feature's geometry for a tile in WKB, in shares of the grid.
    pub fn geometry_in(&self, place: u32, tile: TileAddress, spool: &Spool) -> Result<Option<Vec<u8>>, BakeError> {
        self.piece_in(place, tile).map(|piece| spool.read(piece.extent).map_err(BakeError::Spool)).transpose()
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Every piece in the order of its node and feature.
    pub fn each(
        &self,
        spool: &Spool,
        mut visit: impl FnMut(crate::package::Piece) -> Result<(), BakeError>,
    ) -> Result<(), BakeError> {
        let mut keys: Vec<(i64, u32)> = self.pieces.keys().map(|(place, node)| (*node, *place)).collect();
        keys.sort_unstable();
        keys.into_iter().try_for_each(|(node, place)| {
            let Some(piece) = self.pieces.get(&(place, node)) else { return Ok(()) };
            let geometry = spool.read(piece.extent).map_err(BakeError::Spool)?;
            visit(crate::package::Piece { node, place: i64::from(place) + 1, is_leaf: piece.is_leaf, geometry })
        })
    }
}

fn runs_of(shape: &Shape, grid: Grid, levels: &[u8]) -> Runs {
    let corner = |vertex: usize| {
        let (lon_deg, lat_deg) = shape.points[vertex];
        let (u, v) = grid.shares(lon_deg, lat_deg);
        (u, v, levels.get(vertex).copied().unwrap_or_default())
    };
    let mut polygon = 0;
    shape
        .runs()
        .enumerate()
        .map(|(number, run)| {
            while shape.polygon_ends.get(polygon).is_some_and(|end| number >= *end) {
                polygon += 1;
            }
            (polygon as u32, run.map(corner).collect())
        })
        .collect()
}

/// What lies in the node's ground and buffer. Rings come without their closing points from here on.
fn clip(runs: &Runs, node: TileAddress, is_area: bool) -> Runs {
    let tiles = f64::from(1u32 << node.zoom());
    let low = |place: u32| (f64::from(place) - BUFFER_SHARE) / tiles;
    let high = |place: u32| (f64::from(place) + 1.0 + BUFFER_SHARE) / tiles;
    let frame = [low(node.x()), low(node.y()), high(node.x()), high(node.y())];
    let mut clipped = Runs::new();
    for (polygon, run) in runs {
        if is_area {
            let ring = clip_ring(run, frame);
            if ring.len() >= 3 {
                clipped.push((*polygon, ring));
            }
        } else {
            clip_line(run, frame, |part| clipped.push((*polygon, part)));
        }
    }
    clipped
}

/// Which side of an edge of the frame a place is on, 0 on it; positive inside.
fn inside_of(corner: &Corner, frame: &[f64; 4], side: usize) -> f64 {
    match side {
        0 => corner.0 - frame[0],
        1 => corner.1 - frame[1],
        2 => frame[2] - corner.0,
        _ => frame[3] - corner.1,
    }
}

fn crossing(from: &Corner, to: &Corner, frame: &[f64; 4], side: usize) -> Corner {
    let (a, b) = (inside_of(from, frame, side), inside_of(to, frame, side));
    let share = a / (a - b);
    let along = |from: f64, to: f64| from + share * (to - from);
    match side {
        0 | 2 => (frame[side], along(from.1, to.1), 0),
        _ => (along(from.0, to.0), frame[side], 0),
    }
}

/// Sutherland–Hodgman, as the tile itself will clip; the repair there parts what runs along edges.
fn clip_ring(ring: &[Corner], frame: [f64; 4]) -> Vec<Corner> {
    let mut current: Vec<Corner> = ring.to_vec();
    if current.len() > 1 && current.first().map(|c| (c.0, c.1)) == current.last().map(|c| (c.0, c.1)) {
        current.pop();
    }
    for side in 0..4 {
        let Some(mut previous) = current.last().copied() else { break };
        let mut next = Vec::with_capacity(current.len() + 8);
        for corner in &current {
            let (was, is) = (inside_of(&previous, &frame, side) >= 0.0, inside_of(corner, &frame, side) >= 0.0);
            if was != is {
                next.push(crossing(&previous, corner, &frame, side));
            }
            if is {
                next.push(*corner);
            }
            previous = *corner;
        }
        current = next;
    }
    current
}

fn clip_line(line: &[Corner], frame: [f64; 4], mut finished: impl FnMut(Vec<Corner>)) {
    let mut part: Vec<Corner> = Vec::new();
    for edge in line.windows(2) {
        let (mut from, mut to) = (edge[0], edge[1]);
        let mut is_outside = false;
        for side in 0..4 {
            let (a, b) = (inside_of(&from, &frame, side), inside_of(&to, &frame, side));
            is_outside |= a < 0.0 && b < 0.0;
            if is_outside {
                break;
            }
            if a < 0.0 {
                from = crossing(&from, &to, &frame, side);
            } else if b < 0.0 {
                to = crossing(&from, &to, &frame, side);
            }
        }
        if is_outside {
            continue;
        }
        if part.last().map(|c| (c.0, c.1)) != Some((from.0, from.1)) {
            if part.len() >= 2 {
                finished(std::mem::take(&mut part));
            }
            part.clear();
            part.push(from);
        }
        part.push(to);
    }
    if part.len() >= 2 {
        finished(part);
    }
}

/// The runs as a shape in shares, with the vertices that a zoom needs. A ring that has too few left
/// keeps all.
fn shape_of(runs: &Runs, is_area: bool, zoom: u8) -> Shape {
    let mut shape = Shape::new(if is_area { GeometryKind::MultiPolygon } else { GeometryKind::MultiLineString });
    let mut last_polygon = None;
    for (polygon, run) in runs {
        if is_area && last_polygon.is_some_and(|last| last != *polygon) {
            shape.polygon_ends.push(shape.ends.len());
        }
        last_polygon = Some(*polygon);
        let start = shape.points.len();
        shape.points.extend(run.iter().filter(|corner| corner.2 <= zoom).map(|corner| (corner.0, corner.1)));
        if shape.points.len() - start < if is_area { 3 } else { 2 } {
            shape.points.truncate(start);
            shape.points.extend(run.iter().map(|corner| (corner.0, corner.1)));
        }
        if is_area {
            shape.points.push(shape.points[start]);
        }
        shape.ends.push(shape.points.len());
    }
    if is_area && last_polygon.is_some() {
        shape.polygon_ends.push(shape.ends.len());
    }
    shape
}
