//! Which rows a box holds, as the tree alone tells.

use std::ops::ControlFlow;

use super::PackageError;
use super::build::sqlite_error;
use super::read::OpenPackage;
use super::tree::{Found, Way};
use crate::base::BBox;

/// What became of a walk through the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walked {
    /// To its end, or until `visit` had enough.
    Through,
    /// It would have read more nodes than it may.
    GaveUp,
    /// The package is of an older ingest, whose trees are in no order.
    Unpacked,
}

impl OpenPackage {
    /// Visits the places that any of `parts` holds or touches, in their order, and reads at most so many
    /// nodes of the tree, each of up to 51 boxes and a microsecond. No part crosses the antimeridian.
    pub fn walk_boxes(
        &self,
        parts: &[BBox],
        way: Way,
        nodes_max: u64,
        mut visit: impl FnMut(Found) -> ControlFlow<()>,
    ) -> Result<Walked, PackageError> {
        let Some(tree) = &self.tree else { return Ok(Walked::Unpacked) };
        let through = tree
            .walk(&self.connection, parts, way, nodes_max, &mut visit)
            .map_err(sqlite_error(&self.package().path))?;
        Ok(if through { Walked::Through } else { Walked::GaveUp })
    }

    /// How many rows have a box that touches `bbox`; the tree alone is read.
    pub fn count_box(&self, bbox: &BBox) -> Result<u64, PackageError> {
        let fail = sqlite_error(&self.package().path);
        let sql = format!(
            "SELECT count(*) FROM {} WHERE maxx >= ?1 AND minx <= ?3 AND maxy >= ?2 AND miny <= ?4",
            self.rtree()
        );
        let count: i64 = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row(bbox.to_array(), |row| row.get(0)))
            .map_err(&fail)?;
        Ok(count.unsigned_abs())
    }

    /// Whether more than `most` rows have a box that touches `bbox`; no more of the tree is read.
    pub fn box_exceeds(&self, bbox: &BBox, most: u64) -> Result<bool, PackageError> {
        let mut found = 0;
        let walked = self.walk_boxes(&[*bbox], Way::UpFrom(0), u64::MAX, |next| {
            found += next.rows();
            if found > most { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
        if walked == Walked::Through {
            return Ok(found > most);
        }
        let fail = sqlite_error(&self.package().path);
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} WHERE maxx >= ?1 AND minx <= ?3 AND maxy >= ?2 AND miny <= ?4 \
             LIMIT ?5)",
            self.rtree()
        );
        let limit = i64::try_from(most.saturating_add(1)).unwrap_or(i64::MAX);
        let [west, south, east, north] = bbox.to_array();
        let count: i64 = self
            .connection
            .prepare_cached(&sql)
            .and_then(|mut statement| statement.query_row((west, south, east, north, limit), |row| row.get(0)))
            .map_err(&fail)?;
        Ok(count.unsigned_abs() > most)
    }
}
