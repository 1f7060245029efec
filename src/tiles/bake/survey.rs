//! One look at every row before anything is baked: where it lies, how large and how heavy it is,
//! which vertices each zoom needs. What is kept in memory is 6 bytes a point; of a line or area 32, and
//! one of each vertex.

use std::ops::ControlFlow;

use super::BakeError;
use super::boxes::Boxes;
use super::levels::{Junctions, Levels};
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, GeometryKind, Grid, Schema};
use crate::filter::Filter;
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{OpenPackage, PackageError, Row, ValueRef};
use crate::query::{self, FeatureQuery};
use crate::tiles::cut::{GIANT_BYTES, mixed};
use crate::tiles::rules::{Priority, Rules};

/// Bytes of a tile that one unit of [`Survey::weights`] stands for.
pub const WEIGHT_BYTES: u32 = 16;
/// Bits of a place in an order of features; the bits above hold the zoom.
pub const ORDER_BITS: u32 = 27;

/// What is known of every row, by its place in the package counted from 0.
pub struct Survey {
    pub dimension: Dimension,
    pub boxes: Boxes,
    /// The order in which features of equal right are kept; depends on the public id alone.
    pub hashes: Vec<u32>,
    /// See [`Survey::vertices`]; empty where every row is one point.
    vertices: Vec<u16>,
    /// An upper bound of the uncompressed bytes in a tile, in units of [`WEIGHT_BYTES`]; 0 where there
    /// is nothing to draw.
    pub weights: Vec<u16>,
    /// Lengths of lines and areas of areas in shares of Web Mercator; empty for other layers.
    pub sizes: Vec<f32>,
    /// Places in the order of the priority field, from 0 to 2^27 − 1; empty without one.
    pub priorities: Vec<u32>,
    /// Whether the rule keeps a feature before others; empty without one.
    pub kept: Vec<bool>,
    /// Features whose geometry is kept in pieces.
    pub giants: Vec<u32>,
    pub levels: Levels,
    pub extent: BBox,
    /// Features with something to draw, and those of them whose middle lies in Hong Kong.
    pub drawn: u64,
    pub at_home: u64,
}

/// A BLAKE3 digest that is fed in large pieces: fed value by value it costs several times as much,
/// because it can only work on many blocks at once when it gets them at once.
#[derive(Default)]
struct Digest {
    hasher: blake3::Hasher,
    waiting: Vec<u8>,
}

impl Digest {
    const PIECE_BYTES: usize = 64 * 1024;

    fn update(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= Self::PIECE_BYTES {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
    }

    fn finish(mut self) -> blake3::Hash {
        self.hasher.update(&self.waiting);
        self.hasher.finalize()
    }
}

struct Surveyor<'a> {
    survey: Survey,
    shape: Shape,
    priority: Option<&'a Priority>,
    priority_values: Vec<f64>,
    digest: Digest,
    junctions: Junctions,
}

/// Reads every row once and gives what is known of them, and the digest of what they hold.
pub fn survey(package: &OpenPackage, rules: &Rules) -> Result<(Survey, blake3::Hash), BakeError> {
    let schema = &package.package().schema;
    let priority = rules.priority.as_ref();
    let dimension = schema.geometry.dimension();
    let rows = package.package().features as usize;
    let is_single_point = schema.geometry == GeometryKind::Point;
    let boxes = match (is_single_point, package.package().path.parent()) {
        (true, Some(folder)) => Boxes::points_in(folder).map_err(BakeError::Spool)?,
        _ => Boxes::extended(rows),
    };
    let mut surveyor = Surveyor {
        survey: Survey {
            dimension,
            boxes,
            // Grown step by step they would take twice their room on the way.
            hashes: Vec::with_capacity(rows),
            vertices: Vec::with_capacity(if is_single_point { 0 } else { rows }),
            weights: Vec::with_capacity(rows),
            sizes: Vec::new(),
            priorities: Vec::new(),
            kept: Vec::new(),
            giants: Vec::new(),
            levels: Levels::default(),
            extent: BBox::EMPTY,
            drawn: 0,
            at_home: 0,
        },
        shape: Shape::default(),
        priority,
        priority_values: Vec::new(),
        digest: Digest::default(),
        junctions: Junctions::default(),
    };
    surveyor.hash_schema(package.package().layer.as_str(), schema);
    let mut fault: Option<BakeError> = None;
    package.select("ORDER BY fid", &[], |row| match surveyor.see(row) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            fault = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = fault {
        return Err(error);
    }
    let Surveyor { mut survey, priority_values, digest, junctions, .. } = surveyor;
    if let Some(priority) = priority {
        survey.priorities = ranked(&priority_values, priority.lowest_first);
    }
    if let Some(filter) = rules.kept(schema)? {
        survey.kept = kept(package, filter, survey.len())?;
    }
    if survey.is_drawn_in_detail() {
        survey.levels = Levels::compute(package, junctions)?;
    }
    Ok((survey, digest.finish()))
}

/// Which rows pass a filter, found as a query finds them.
fn kept(package: &OpenPackage, filter: Filter, rows: usize) -> Result<Vec<bool>, PackageError> {
    let mut kept = vec![false; rows];
    query::every(package, &FeatureQuery { filter, ..FeatureQuery::first(1) }, |row| {
        if let Some(kept) = kept.get_mut(row.place() as usize - 1) {
            *kept = true;
        }
        Ok(())
    })?;
    Ok(kept)
}

impl Surveyor<'_> {
    fn hash_schema(&mut self, layer: &str, schema: &Schema) {
        self.digest.update(layer.as_bytes());
        for field in &schema.fields {
            self.digest.update(format!("\n{}\t{}", field.name, field.kind.as_str()).as_bytes());
        }
        self.digest.update(format!("\n{:?}\n", schema.geometry).as_bytes());
    }

    fn see(&mut self, row: &Row<'_>) -> Result<(), BakeError> {
        let unreadable = |source: GeometryFault| BakeError::Geometry { row: row.place(), source };
        let place = self.survey.hashes.len();
        debug_assert_eq!(row.place(), place as i64 + 1, "rows are numbered from 1 without gaps");
        self.digest.update(&row.id().get().to_le_bytes());
        self.survey.hashes.push((mixed(row.id()) >> 32) as u32);
        let value_bytes = self.see_values(row);
        let bytes = row.geometry().unwrap_or_default();
        self.digest.update(&(bytes.len() as u64).to_le_bytes());
        self.digest.update(bytes);
        let blob = if bytes.is_empty() { None } else { Some(blob::parse(bytes).map_err(unreadable)?) };
        match blob.filter(|blob| !blob.is_empty) {
            None => {
                self.push_counts(0, 0);
                self.push_size(0.0);
                self.survey.boxes.push(&BBox::new(0.0, 0.0, 0.0, 0.0)).map_err(BakeError::Spool)
            }
            Some(blob) => {
                self.shape.read_wkb(blob.wkb).map_err(unreadable)?;
                self.see_shape(place, bytes.len() as u64, value_bytes).map_err(BakeError::Spool)
            }
        }
    }

    fn see_shape(&mut self, place: usize, geometry_bytes: u64, value_bytes: usize) -> std::io::Result<()> {
        // Two varints of at most three bytes; commands are a few more.
        const VERTEX_BYTES: usize = 6;
        const FEATURE_BYTES: usize = 40;
        let bbox = self.shape.bbox();
        self.survey.extent.include(&bbox);
        let (lon_deg, lat_deg) = bbox.centre();
        self.survey.drawn += 1;
        self.survey.at_home += u64::from(Grid::HONG_KONG.contains_point(lon_deg, lat_deg));
        self.push_size(size(&self.shape));
        let is_giant = geometry_bytes > GIANT_BYTES && !self.survey.is_mixed();
        let vertices = self.shape.vertices();
        if self.survey.is_drawn_in_detail() {
            self.junctions.see(&self.shape);
        }
        if is_giant {
            self.survey.giants.push(place as u32);
        }
        let counted = if is_giant { 1 } else { vertices.max(1) };
        let weight = (FEATURE_BYTES + value_bytes + VERTEX_BYTES * counted).div_ceil(WEIGHT_BYTES as usize);
        self.push_counts(counted, weight);
        self.survey.boxes.push(&bbox)
    }

    fn push_counts(&mut self, vertices: usize, weight: usize) {
        if matches!(self.survey.boxes, Boxes::Extended(_)) {
            self.survey.vertices.push(u16::try_from(vertices).unwrap_or(u16::MAX));
        }
        self.survey.weights.push(u16::try_from(weight).unwrap_or(u16::MAX));
    }

    fn push_size(&mut self, size: f64) {
        if self.survey.is_drawn_in_detail() {
            self.survey.sizes.push(size as f32);
        }
    }

    /// Hashes the values and gives the bytes that they may take in a tile.
    fn see_values(&mut self, row: &Row<'_>) -> usize {
        let mut bytes = 0;
        for field in 0..row.schema().fields.len() {
            let value = row.value(field);
            let mut scalar = [0u8; 9];
            let (kind, body): (u8, &[u8]) = match value {
                ValueRef::Null => (0, &[]),
                ValueRef::Integer(number) => {
                    scalar[..8].copy_from_slice(&number.to_le_bytes());
                    (1, &scalar[..8])
                }
                ValueRef::Real(number) => {
                    scalar[..8].copy_from_slice(&number.to_le_bytes());
                    (2, &scalar[..8])
                }
                ValueRef::Boolean(truth) => (3, if truth { &[1] } else { &[0] }),
                ValueRef::Text(text) | ValueRef::Json(text) => (4, text.as_bytes()),
            };
            // Tag, key, length and type of a value that no other feature shares.
            bytes += if kind == 0 { 0 } else { body.len() + 12 };
            self.digest.update(&[kind]);
            self.digest.update(&(body.len() as u32).to_le_bytes());
            self.digest.update(body);
        }
        if let Some(priority) = self.priority {
            self.priority_values.push(match row.value(priority.field) {
                ValueRef::Integer(number) => number as f64,
                ValueRef::Real(number) => number,
                ValueRef::Boolean(truth) => f64::from(u8::from(truth)),
                // What is not a number comes last.
                _ => f64::NAN,
            });
        }
        bytes
    }
}

impl Survey {
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Vertices of a row; 0 where there is nothing to draw, 1 at most for a giant, which is drawn in pieces.
    pub fn vertices(&self, place: usize) -> u16 {
        self.vertices.get(place).copied().unwrap_or_else(|| u16::from(self.weights[place] > 0))
    }

    /// Whether the layer is of Hong Kong; a few records with a wrong place do not change that.
    pub fn is_at_home(&self) -> bool {
        2 * self.at_home >= self.drawn
    }

    pub fn is_mixed(&self) -> bool {
        matches!(self.dimension, Dimension::Mixed | Dimension::None)
    }

    /// Whether features have sizes, and vertices that some zooms can do without.
    fn is_drawn_in_detail(&self) -> bool {
        matches!(self.dimension, Dimension::Lines | Dimension::Areas)
    }

    pub fn is_giant(&self, place: u32) -> bool {
        self.giants.binary_search(&place).is_ok()
    }
}

/// Length of lines, area of areas, in shares of Web Mercator.
fn size(shape: &Shape) -> f64 {
    let share = |place: (f64, f64)| Grid::WebMercatorQuad.shares(place.0, place.1);
    match shape.kind.dimension() {
        Dimension::Lines => shape
            .runs()
            .flat_map(|run| shape.points[run].windows(2))
            .map(|edge| {
                let ((ax, ay), (bx, by)) = (share(edge[0]), share(edge[1]));
                (bx - ax).hypot(by - ay)
            })
            .sum(),
        Dimension::Areas => {
            // Stored exteriors are wound one way and holes the other, so that signs do the rest.
            let Some(&first) = shape.points.first() else { return 0.0 };
            let (x0, y0) = share(first);
            let twice: f64 = shape
                .runs()
                .map(|run| {
                    let ring: Vec<(f64, f64)> =
                        shape.points[run].iter().map(|place| share(*place)).map(|(x, y)| (x - x0, y - y0)).collect();
                    ring.windows(2).map(|edge| edge[0].0 * edge[1].1 - edge[1].0 * edge[0].1).sum::<f64>()
                })
                .sum();
            twice.abs() / 2.0
        }
        _ => 0.0,
    }
}

/// Places in order, spread over 0 … 2^27 − 1; equal values share one.
fn ranked(values: &[f64], lowest_first: bool) -> Vec<u32> {
    let key = |value: f64| match (value.is_nan(), lowest_first) {
        (true, _) => f64::INFINITY,
        (false, true) => value,
        (false, false) => -value,
    };
    let mut order: Vec<u32> = (0..values.len() as u32).collect();
    order.sort_by(|a, b| key(values[*a as usize]).total_cmp(&key(values[*b as usize])));
    let mut ranks = vec![0; values.len()];
    let mut first = 0;
    for (position, &place) in order.iter().enumerate() {
        if key(values[place as usize]) != key(values[order[first] as usize]) {
            first = position;
        }
        ranks[place as usize] = ((first as u64) << ORDER_BITS).div_euclid(values.len() as u64) as u32;
    }
    ranks
}
