//! One look at every row before anything is baked: where it lies, how large and how heavy it is,
//! which vertices each zoom needs. Nothing of it is kept in memory but what rules ask for: a priority, or
//! whether a filter matches.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use super::boxes::{Boxes, BoxesWriter};
use super::levels::{Levels, Order};
use super::pantry::{Pantry, PantryWriter};
use super::sort::{Entry, Sorter};
use super::{BakeError, Recipe};
use crate::base::geometry_kind::Dimension;
use crate::base::{BBox, GeometryKind, Grid, Schema};
use crate::filter::Filter;
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{OpenPackage, PackageError, Row, ValueRef};
use crate::query::{self, FeatureQuery};
use crate::tiles::cut::{GIANT_BYTES, mixed};
use crate::tiles::rules::Priority;

/// Bytes of a tile that one unit of a feature's weight stands for.
pub const WEIGHT_BYTES: u32 = 16;
/// Bits of a place in an order of features; the bits above hold the zoom.
pub const ORDER_BITS: u32 = 27;

/// What is known of every row, by its place in the package counted from 0.
pub struct Survey {
    pub rows: usize,
    pub dimension: Dimension,
    pub boxes: Boxes,
    /// Places in the order of the priority field, from 0 to 2^27 − 1; empty without one.
    pub priorities: Vec<u32>,
    /// Whether the rule keeps a feature before others; empty without one.
    pub kept: Vec<bool>,
    /// Features whose geometry is kept in pieces.
    pub giants: Vec<Giant>,
    pub levels: Levels,
    pub extent: BBox,
    /// Features with something to draw, and those of them whose middle lies in Hong Kong.
    pub drawn: u64,
    pub at_home: u64,
}

/// A feature whose geometry is kept in pieces.
#[derive(Clone, Copy, Debug)]
pub struct Giant {
    pub place: u32,
    /// As of [`super::pantry::Item`].
    pub first_vertex: u32,
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
    boxes: BoxesWriter,
    pantry: PantryWriter,
    shape: Shape,
    priority: Option<&'a Priority>,
    /// Rows by the priority field, the first first.
    priorities: Option<Sorter>,
    digest: Digest,
    /// Vertices of all rows so far.
    vertices: u64,
}

/// Reads every row once and gives what is known of them, the rows put away for baking, and the digest of
/// what they hold.
pub fn survey(
    package: &OpenPackage,
    recipe: &Recipe,
    folder: &Path,
) -> Result<(Survey, Pantry, blake3::Hash), BakeError> {
    let schema = &package.package().schema;
    let Recipe { rules, at_once, .. } = recipe;
    let priority = rules.priority.as_ref();
    let dimension = schema.geometry.dimension();
    let boxes = || BoxesWriter::new(folder, schema.geometry == GeometryKind::Point);
    let mut surveyor = Surveyor {
        survey: Survey {
            rows: 0,
            dimension,
            boxes: boxes().finish().map_err(BakeError::Spool)?,
            priorities: Vec::new(),
            kept: Vec::new(),
            giants: Vec::new(),
            levels: Levels::default(),
            extent: BBox::EMPTY,
            drawn: 0,
            at_home: 0,
        },
        boxes: boxes(),
        pantry: PantryWriter::new(folder),
        shape: Shape::default(),
        priority,
        priorities: priority.map(|_| Sorter::new(folder, at_once.sorted)),
        digest: Digest::default(),
        vertices: 0,
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
    let Surveyor { mut survey, boxes, pantry, priorities, digest, vertices, .. } = surveyor;
    let pantry = pantry.finish().map_err(BakeError::Spool)?;
    survey.boxes = boxes.finish().map_err(BakeError::Spool)?;
    if let Some(priorities) = priorities {
        survey.priorities = ranked(priorities, survey.rows).map_err(BakeError::Spool)?;
    }
    if let Some(filter) = rules.kept(schema)? {
        survey.kept = kept(package, filter, survey.rows)?;
    }
    if survey.is_drawn_in_detail() {
        let order = Order { pantry: &pantry, rows: survey.rows, vertices, at_once: at_once.vertices, folder };
        let (levels, sizes) = Levels::compute(&order)?;
        survey.levels = levels;
        survey.boxes.set_sizes(sizes);
    }
    Ok((survey, pantry, digest.finish()))
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
        debug_assert_eq!(row.place(), self.survey.rows as i64 + 1, "rows are numbered from 1 without gaps");
        self.digest.update(&row.id().get().to_le_bytes());
        let value_bytes = self.see_values(row);
        self.see_priority(row).map_err(BakeError::Spool)?;
        let bytes = row.geometry().unwrap_or_default();
        self.digest.update(&(bytes.len() as u64).to_le_bytes());
        self.digest.update(bytes);
        let blob = if bytes.is_empty() { None } else { Some(blob::parse(bytes).map_err(unreadable)?) };
        let blob = blob.filter(|blob| !blob.is_empty);
        // A layer has at most so many: `limits::LAYER_VERTICES_MAX`.
        let first_vertex = self.vertices as u32;
        self.pantry
            .put(row.id(), first_vertex, blob.as_ref().map_or(&[], |blob| blob.wkb))
            .map_err(BakeError::Spool)?;
        let hash = (mixed(row.id()) >> 32) as u32;
        let (bbox, vertices, weight) = match blob {
            None => (BBox::new(0.0, 0.0, 0.0, 0.0), 0, 0),
            Some(blob) => {
                self.shape.read_wkb(blob.wkb).map_err(unreadable)?;
                self.see_shape(first_vertex, bytes.len() as u64, value_bytes)
            }
        };
        self.survey.rows += 1;
        self.boxes.push(&bbox, hash, weight, vertices).map_err(BakeError::Spool)
    }

    /// The box of the shape, its vertices and its weight.
    fn see_shape(&mut self, first_vertex: u32, geometry_bytes: u64, value_bytes: usize) -> (BBox, u16, u16) {
        // Two varints of at most three bytes; commands are a few more.
        const VERTEX_BYTES: usize = 6;
        const FEATURE_BYTES: usize = 40;
        let bbox = self.shape.bbox();
        self.survey.extent.include(&bbox);
        let (lon_deg, lat_deg) = bbox.centre();
        self.survey.drawn += 1;
        self.survey.at_home += u64::from(Grid::HONG_KONG.contains_point(lon_deg, lat_deg));
        let is_giant = geometry_bytes > GIANT_BYTES && !self.survey.is_mixed();
        let vertices = self.shape.vertices();
        if is_giant {
            self.survey.giants.push(Giant { place: self.survey.rows as u32, first_vertex });
        }
        self.vertices += vertices as u64;
        let counted = if is_giant { 1 } else { vertices.max(1) };
        let weight = (FEATURE_BYTES + value_bytes + VERTEX_BYTES * counted).div_ceil(WEIGHT_BYTES as usize);
        let most = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        (bbox, most(counted), most(weight))
    }

    /// Sorts the row in by what the priority field holds: smaller bits come first.
    fn see_priority(&mut self, row: &Row<'_>) -> io::Result<()> {
        let (Some(priority), Some(sorter)) = (self.priority, &mut self.priorities) else { return Ok(()) };
        let value = match row.value(priority.field) {
            ValueRef::Integer(number) => number as f64,
            ValueRef::Real(number) => number,
            ValueRef::Boolean(truth) => f64::from(u8::from(truth)),
            // What is not a number comes last.
            _ => f64::NAN,
        };
        let value = match (value.is_nan(), priority.lowest_first) {
            (true, _) => f64::INFINITY,
            (false, true) => value,
            (false, false) => -value,
        };
        sorter.push(Entry { key: rising_bits(value), place: self.survey.rows as u32, order: 0, hash: 0 })
    }

    /// Hashes the values and gives the bytes that they may take in a tile.
    fn see_values(&mut self, row: &Row<'_>) -> usize {
        /// Tag, key, length and type of a value of some 100 bytes that no other feature shares.
        const ABOUT_VALUE_BYTES: usize = 8;
        let mut bytes = 0;
        for field in 0..row.schema().fields.len() {
            let value = row.value(field);
            let mut scalar = [0u8; 9];
            let (kind, body): (u8, &[u8]) = match value {
                // Most values of a wide table are.
                ValueRef::Null => {
                    self.digest.update(&[0]);
                    continue;
                }
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
            bytes += body.len() + ABOUT_VALUE_BYTES;
            let [a, b, c, d] = (body.len() as u32).to_le_bytes();
            self.digest.update(&[kind, a, b, c, d]);
            self.digest.update(body);
            self.pantry.push_value(field, value);
        }
        bytes
    }
}

impl Survey {
    /// Whether the layer is of Hong Kong; a few records with a wrong place do not change that.
    pub fn is_at_home(&self) -> bool {
        2 * self.at_home >= self.drawn
    }

    pub fn is_mixed(&self) -> bool {
        matches!(self.dimension, Dimension::Mixed | Dimension::None)
    }

    /// Whether features have sizes, and vertices that some zooms can do without.
    pub fn is_drawn_in_detail(&self) -> bool {
        matches!(self.dimension, Dimension::Lines | Dimension::Areas)
    }

    pub fn is_giant(&self, place: u32) -> bool {
        self.giants.binary_search_by_key(&place, |giant| giant.place).is_ok()
    }
}

/// Bits that rise with the number; −0 has those of 0.
fn rising_bits(number: f64) -> u64 {
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Places in order, spread over 0 … 2^27 − 1; equal values share one.
fn ranked(sorter: Sorter, rows: usize) -> io::Result<Vec<u32>> {
    let mut ranks = vec![0; rows];
    let mut first: Option<(u64, u64)> = None;
    let mut position = 0;
    sorter.finish(|entry| {
        let of_equals = first.filter(|(key, _)| *key == entry.key).map_or(position, |(_, position)| position);
        first = Some((entry.key, of_equals));
        ranks[entry.place as usize] = (of_equals << ORDER_BITS).div_euclid(rows as u64) as u32;
        position += 1;
    })?;
    Ok(ranks)
}
