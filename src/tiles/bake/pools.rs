//! What stands for the features that a zoom does not show: small areas take over the ground of those
//! around them, and points say for how many they stand.

use std::io;

use hashbrown::HashMap;

use super::TileAddress;
use super::encode::{Baker, Shown};
use super::rank::Fact;
use super::survey::ORDER_BITS;
use crate::base::geometry_kind::Dimension;
use crate::base::limits;
use crate::package::ValueRef;
use crate::tiles::grid::EXTENT;

/// What is not shown at a zoom, by the cell of what is.
pub struct Pools {
    zoom: u8,
    /// Area in shares of the grid, and how many shown features draw it between them.
    cells: HashMap<u64, (f64, u32)>,
    /// How many hidden points a shown one stands for, by its place.
    hidden: HashMap<u32, u32>,
}

impl Pools {
    /// Adds up what is not shown. Only layers of areas and of points that are counted have any.
    pub fn new(baker: &Baker<'_>, shown: Shown) -> io::Result<Self> {
        let zoom = settled_zoom(shown);
        let hidden = if baker.rules.cluster { hidden_points(baker, shown)? } else { HashMap::new() };
        Ok(Pools { zoom, cells: areas(baker, shown, zoom)?, hidden })
    }

    /// How many a point stands for with itself; null where it is alone.
    pub fn count(&self, place: u32) -> ValueRef<'static> {
        self.hidden.get(&place).map_or(ValueRef::Null, |hidden| ValueRef::Integer(i64::from(*hidden) + 1))
    }

    /// The side in tile units of the square that stands for a small area and its share of the pool.
    pub fn square_side(&self, baker: &Baker<'_>, fact: &Fact, tile: TileAddress) -> i32 {
        // A square does not grow beyond the cell that it stands for.
        let cell_units = f64::from(EXTENT >> baker.ranks.cell_bits) * f64::from(1u32 << (tile.zoom() - self.zoom));
        let pooled = self
            .cells
            .get(&baker.ranks.cell_of(fact.bounds, self.zoom))
            .map_or(0.0, |(area, drawn)| area / f64::from((*drawn).max(1)));
        let units = f64::from(1u32 << tile.zoom()) * f64::from(EXTENT);
        let side = ((fact.area + pooled).sqrt() * units).round();
        side.clamp(1.0, cell_units) as i32
    }
}

/// The areas of what is not shown, so that the small squares that are keep the tint of the map.
fn areas(baker: &Baker<'_>, shown: Shown, zoom: u8) -> io::Result<HashMap<u64, (f64, u32)>> {
    let mut cells: HashMap<u64, (f64, u32)> = HashMap::new();
    if baker.survey.dimension != Dimension::Areas || shown.is_complete {
        return Ok(cells);
    }
    // Features come in an order in which neighbours follow each other: most are in the cell of the last.
    let (mut cell, mut area, mut drawn) = (0, 0.0, 0);
    let mut put = |cell: u64, area: f64, drawn: u32| {
        let pool = cells.entry(cell).or_default();
        *pool = (pool.0 + area, pool.1 + drawn);
    };
    baker.ranks.each(|fact| {
        let is_hidden = !baker.shows(&fact, shown);
        if !is_hidden && baker.ranks.has_shape(fact.place, shown.zoom) {
            return Ok(());
        }
        let here = baker.ranks.cell_of(fact.bounds, zoom);
        if here != cell {
            put(cell, area, drawn);
            (cell, area, drawn) = (here, 0.0, 0);
        }
        match is_hidden {
            true => area += fact.area,
            false => drawn += 1,
        }
        Ok(())
    })?;
    put(cell, area, drawn);
    Ok(cells)
}

/// Hidden points of a cell, and who of those shown there is the first in order.
#[derive(Default)]
struct Cell {
    hidden: u32,
    first: Option<(u32, u32, u32)>,
}

/// For each shown point those around it that are not: all of its cell are the first one's. Where a
/// limit left nobody in a cell, they go to the first of the cell above, and so on, so that every
/// point is counted once at every zoom. Points of tiles that are cut live stand for themselves.
fn hidden_points(baker: &Baker<'_>, shown: Shown) -> io::Result<HashMap<u32, u32>> {
    let mut cells: HashMap<u64, Cell> = HashMap::new();
    baker.ranks.each(|fact| {
        if !baker.shows(&fact, shown) {
            cells.entry(baker.ranks.cell_of(fact.bounds, shown.zoom)).or_default().hidden += 1;
        }
        Ok(())
    })?;
    let mut taken: HashMap<u32, u32> = HashMap::new();
    // Cells above those of zoom 0 are needed only where a limit left nearly nothing; the last is all there is.
    for up in (0..u64::BITS).step_by(2) {
        if cells.is_empty() {
            break;
        }
        baker.ranks.each(|fact| {
            if baker.live_from[fact.place as usize] <= shown.zoom || !baker.shows(&fact, shown) {
                return Ok(());
            }
            let cell = baker.ranks.cell_of(fact.bounds, shown.zoom) >> up;
            if let Some(cell) = cells.get_mut(&cell) {
                let key = (baker.order(&fact), fact.hash, fact.place);
                cell.first = Some(cell.first.map_or(key, |first| first.min(key)));
            }
            Ok(())
        })?;
        let mut above: HashMap<u64, Cell> = HashMap::new();
        for (code, cell) in cells {
            match cell.first {
                Some((_, _, place)) => *taken.entry(place).or_default() += cell.hidden,
                None => above.entry(code >> 2).or_default().hidden += cell.hidden,
            }
        }
        cells = above;
    }
    Ok(taken)
}

/// The deepest zoom of which all are shown that have a right to be, so that each of its cells has
/// somebody to draw its area.
fn settled_zoom(shown: Shown) -> u8 {
    let group = shown.limit >> ORDER_BITS;
    let is_whole = shown.limit & ((1 << ORDER_BITS) - 1) == (1 << ORDER_BITS) - 1;
    let settled = if is_whole { group } else { group.saturating_sub(1) };
    shown.zoom.min(settled.min(u32::from(limits::ZOOM_MAX)) as u8)
}
