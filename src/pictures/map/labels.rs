//! Labels. Whether one is placed depends on what lies within reach of it and on nothing else, so that two pictures that
//! share an edge agree about every label that stands across it.
//!
//! Each candidate has a rank that depends on its feature, and is placed if no candidate of higher rank overlaps it,
//! whether that one is placed itself or not. Room that a candidate loses to one that is not placed stays empty: filling
//! it would make a label depend on its neighbour's neighbours, which lie farther away than the picture sees.

use std::collections::HashMap;
use std::time::Instant;

use tiny_skia::{FillRule, LineJoin, PathBuilder, Stroke, Transform};

use super::style::{Label, Paint, Style};
use super::{Canvas, DrawFault, SIDE_PIXELS, Source, Window, ink, is_own, kept};
use crate::geometry::clip::GridPoint;
use crate::pictures::font::Faces;
use crate::pictures::text::TextBlock;
use crate::tiles::grid::EXTENT;
use crate::tiles::read::TileShape;

/// One candidate of a style layer in each cell of so many screen pixels, which bounds the work of a full tile.
const CELL_PIXELS: f32 = 16.0;

/// A text that may be drawn.
struct Candidate<'s> {
    label: &'s Label,
    block: TextBlock,
    /// Its place, and how it is turned there, in degrees.
    at: (f32, f32),
    turn_deg: f32,
    /// Lower comes first: style layers from the topmost, then a spread of the features' ids.
    rank: (usize, u64),
}

pub fn draw(canvas: &mut Canvas, style: &Style, sources: &[Source<'_>], faces: &Faces<'_>) -> Result<(), DrawFault> {
    let mut candidates = candidates(canvas, style, sources, faces)?;
    candidates.sort_by_key(|candidate| candidate.rank);
    let boxes: Vec<Bounds> = candidates.iter().map(|candidate| candidate.collision_box(canvas)).collect();
    // What is drawn last lies on top.
    for (place, candidate) in candidates.iter().enumerate().rev() {
        if !boxes[..place].iter().any(|higher| higher.overlaps(&boxes[place])) {
            candidate.draw(canvas, faces);
        }
    }
    Ok(())
}

fn candidates<'s>(
    canvas: &Canvas,
    style: &'s Style,
    sources: &[Source<'_>],
    faces: &Faces<'_>,
) -> Result<Vec<Candidate<'s>>, DrawFault> {
    let mut found: HashMap<(usize, i32, i32), Candidate<'s>> = HashMap::new();
    let (mut parts, scale) = (Vec::new(), canvas.scale);
    for (depth, layer) in style.at(canvas.zoom).rev().enumerate() {
        let Paint::Label(label) = &layer.paint else { continue };
        let tiles = sources.iter().flat_map(|source| source.layers.iter().map(|tile| (source.window, tile)));
        for (window, tile) in tiles.filter(|(_, tile)| tile.name == layer.source_layer) {
            for feature in kept(layer, tile) {
                if Instant::now() > canvas.deadline {
                    return Err(DrawFault::OutOfTime);
                }
                feature.read_geometry(&mut parts)?;
                let Some((point, turn_deg)) = anchor(&parts, feature.shape, label.is_along_line) else { continue };
                let at = window.place(point);
                let rank = (depth, spread(feature.id));
                let cell = |at: f32| (at / scale / CELL_PIXELS).floor() as i32;
                let cell = (depth, cell(at.0), cell(at.1));
                let is_near = [at.0, at.1].iter().all(|at| is_near(*at / scale));
                if !is_near || found.get(&cell).is_some_and(|known| known.rank <= rank) {
                    continue;
                }
                let max_width_em = if label.is_along_line { f32::MAX } else { label.max_width_em as f32 };
                let Some(block) = TextBlock::lay_out(&label.text.of(tile, feature), faces, max_width_em) else {
                    continue;
                };
                let candidate = Candidate { label, block, at, turn_deg, rank };
                if !label.is_along_line || candidate.fits_on(&parts, window, canvas) {
                    found.insert(cell, candidate);
                }
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Whether a label there can matter for the picture.
fn is_near(at: f32) -> bool {
    let side = SIDE_PIXELS as f32;
    (-side..2.0 * side).contains(&at)
}

/// Where a feature's label stands, in tile units, and how it is turned: the point, the middle of the longest line, or
/// a place inside the largest ring. `None` for what another tile labels.
fn anchor(parts: &[Vec<GridPoint>], shape: TileShape, is_along_line: bool) -> Option<(GridPoint, f32)> {
    let found = match shape {
        TileShape::Points => (*parts.first()?.first()?, 0.0),
        TileShape::Lines => middle(parts.iter().max_by_key(|part| length(part) as u64)?)?,
        TileShape::Areas => (inside(parts.iter().max_by_key(|ring| area(ring))?), 0.0),
        TileShape::Unknown => return None,
    };
    let (point, turn_deg) = found;
    is_own(point).then_some((point, if is_along_line { turn_deg } else { 0.0 }))
}

fn length(line: &[GridPoint]) -> f64 {
    line.windows(2).map(|edge| f64::from(edge[1].0 - edge[0].0).hypot(f64::from(edge[1].1 - edge[0].1))).sum()
}

/// Twice the area of a ring.
fn area(ring: &[GridPoint]) -> i64 {
    let next = ring.iter().cycle().skip(1);
    let cross = |(a, b): (&GridPoint, &GridPoint)| i64::from(a.0) * i64::from(b.1) - i64::from(b.0) * i64::from(a.1);
    ring.iter().zip(next).map(cross).sum::<i64>().abs()
}

/// The middle of a line and how it runs there, so that a text on it is upright.
fn middle(line: &[GridPoint]) -> Option<(GridPoint, f32)> {
    let mut left = length(line) / 2.0;
    for edge in line.windows(2) {
        let (dx, dy) = (f64::from(edge[1].0 - edge[0].0), f64::from(edge[1].1 - edge[0].1));
        let long = dx.hypot(dy);
        if long >= left && long > 0.0 {
            let share = left / long;
            let point = (edge[0].0 + (dx * share) as i32, edge[0].1 + (dy * share) as i32);
            let turn_deg = dy.atan2(dx).to_degrees();
            return Some((point, ((turn_deg + 90.0).rem_euclid(180.0) - 90.0) as f32));
        }
        left -= long;
    }
    None
}

/// A place inside a ring: the middle of the widest piece of the rows through it that are tried.
fn inside(ring: &[GridPoint]) -> GridPoint {
    const ROWS: i32 = 8;
    let (low, high) =
        ring.iter().fold((i32::MAX, i32::MIN), |(low, high), point| (low.min(point.1), high.max(point.1)));
    let mut best = (0.0, ring.first().copied().unwrap_or_default());
    for row in 1..ROWS {
        let y = f64::from(low) + (f64::from(high) - f64::from(low)) * f64::from(row) / f64::from(ROWS) + 0.25;
        let edges = ring.iter().zip(ring.iter().cycle().skip(1));
        let mut crossings: Vec<f64> = edges
            .filter(|(a, b)| (f64::from(a.1) > y) != (f64::from(b.1) > y))
            .map(|(a, b)| f64::from(a.0) + (y - f64::from(a.1)) / f64::from(b.1 - a.1) * f64::from(b.0 - a.0))
            .collect();
        crossings.sort_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            // Of places as wide, the one nearest to the middle of the height.
            let wide = (pair[1] - pair[0]) * (1.0 - f64::from((row - ROWS / 2).abs()) / f64::from(2 * ROWS));
            if wide > best.0 {
                best = (wide, (f64::midpoint(pair[0], pair[1]) as i32, y as i32));
            }
        }
    }
    best.1
}

/// A number that differs widely between neighbouring ids.
fn spread(id: u64) -> u64 {
    /// 2⁶⁴ divided by the golden ratio.
    const FIBONACCI: u64 = 0x9e37_79b9_7f4a_7c15;
    id.wrapping_mul(FIBONACCI)
}

impl Candidate<'_> {
    fn em(&self, canvas: &Canvas) -> f32 {
        canvas.pixels(&self.label.size)
    }

    /// The north-western corner of the text from its place, not yet turned.
    fn corner(&self, em: f32) -> (f32, f32) {
        let ((left, up), (x, y)) = (self.label.anchor, self.label.offset);
        ((x as f32 - self.block.width_em * left as f32) * em, (y as f32 - self.block.height_em() * up as f32) * em)
    }

    fn collision_box(&self, canvas: &Canvas) -> Bounds {
        let em = self.em(canvas);
        let padding = self.label.padding as f32 * canvas.scale;
        let (left, top) = self.corner(em);
        let (right, bottom) = (left + self.block.width_em * em, top + self.block.height_em() * em);
        let (sine, cosine) = self.turn_deg.to_radians().sin_cos();
        let mut found = Bounds { low: (f32::MAX, f32::MAX), high: (f32::MIN, f32::MIN) };
        for (x, y) in [(left, top), (right, top), (right, bottom), (left, bottom)] {
            let (x, y) = (self.at.0 + x * cosine - y * sine, self.at.1 + x * sine + y * cosine);
            found.low = (found.low.0.min(x - padding), found.low.1.min(y - padding));
            found.high = (found.high.0.max(x + padding), found.high.1.max(y + padding));
        }
        found
    }

    /// Whether the line is straight enough under the text: its ends lie no farther from the line than half a letter.
    fn fits_on(&self, parts: &[Vec<GridPoint>], window: Window, canvas: &Canvas) -> bool {
        let em = self.em(canvas);
        let half = self.block.width_em * em / 2.0;
        let (sine, cosine) = self.turn_deg.to_radians().sin_cos();
        let edges =
            || parts.iter().flat_map(|part| part.windows(2)).map(|edge| (window.place(edge[0]), window.place(edge[1])));
        // Off the tile the neighbour's piece of the line would have a label of its own.
        let within = |(x, y): (f32, f32)| {
            let side = EXTENT as f32 * window.scale;
            (window.x..window.x + side).contains(&x) && (window.y..window.y + side).contains(&y)
        };
        [-half, half].into_iter().all(|along| {
            let end = (self.at.0 + along * cosine, self.at.1 + along * sine);
            within(end) && edges().any(|(from, to)| distance(end, from, to) <= em / 2.0)
        })
    }

    fn draw(&self, canvas: &mut Canvas, faces: &Faces<'_>) {
        let em = self.em(canvas);
        let mut path = PathBuilder::new();
        self.block.outline(faces, self.corner(em), em, &mut path);
        let Some(path) = path.finish() else { return };
        let transform = Transform::from_rotate(self.turn_deg).post_translate(self.at.0, self.at.1);
        let halo = 2.0 * canvas.pixels(&self.label.halo_width);
        if halo > 0.0 {
            let stroke = Stroke { width: halo, line_join: LineJoin::Round, ..Stroke::default() };
            canvas.pixmap.stroke_path(&path, &ink(self.label.halo_colour, 1.0), &stroke, transform, None);
        }
        canvas.pixmap.fill_path(&path, &ink(self.label.colour, 1.0), FillRule::Winding, transform, None);
    }
}

fn distance((x, y): (f32, f32), from: (f32, f32), to: (f32, f32)) -> f32 {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let square = dx * dx + dy * dy;
    let share = if square > 0.0 { (((x - from.0) * dx + (y - from.1) * dy) / square).clamp(0.0, 1.0) } else { 0.0 };
    (x - from.0 - share * dx).hypot(y - from.1 - share * dy)
}

#[derive(Clone, Copy)]
struct Bounds {
    low: (f32, f32),
    high: (f32, f32),
}

impl Bounds {
    fn overlaps(&self, other: &Bounds) -> bool {
        self.low.0 < other.high.0 && other.low.0 < self.high.0 && self.low.1 < other.high.1 && other.low.1 < self.high.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_an_area_stands_inside_it() {
        // A horseshoe, whose centre of gravity lies outside.
        let ring = [(0, 0), (100, 0), (100, 100), (80, 100), (80, 20), (20, 20), (20, 100), (0, 100)];
        let (x, y) = inside(&ring);
        assert!((0..=20).contains(&x) || (80..=100).contains(&x) || y <= 20, "{x} {y}");
    }

    #[test]
    fn a_text_along_a_line_is_upright_whichever_way_the_line_runs() {
        for (line, turn_deg) in [
            ([(0, 0), (100, 100)], 45.0),
            ([(100, 100), (0, 0)], 45.0),
            ([(100, 0), (0, 100)], -45.0),
            ([(100, 0), (0, 0)], 0.0),
        ] {
            let (point, found) = middle(&line).unwrap();
            assert!((found - turn_deg).abs() < 1e-3, "{line:?}: {found}");
            assert_eq!(point.0, 50);
        }
    }
}
