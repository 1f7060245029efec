//! One baked tile out of the rows that are shown in it.

use std::collections::HashMap;
use std::ops::ControlFlow;

use super::giants::Giants;
use super::rank::{Ranks, area_in, cell_of};
use super::spool::{Extent, Spool};
use super::survey::Survey;
use super::{BakeError, TileAddress};
use crate::base::geometry_kind::Dimension;
use crate::base::{Grid, limits};
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{OpenPackage, Row};
use crate::tiles::draw::{Detail, Drawing, Places};
use crate::tiles::grid::EXTENT;
use crate::tiles::mvt::LayerWriter;
use crate::tiles::{LEVEL_BAKED, gzip};

/// What all threads of a grid read.
pub struct Baker<'a> {
    pub grid: Grid,
    pub survey: &'a Survey,
    pub ranks: &'a Ranks,
    pub giants: &'a Giants,
    pub live_from: &'a [u8],
    pub spool: &'a Spool,
}

/// What is shown at one zoom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    pub zoom: u8,
    /// Features up to this place in the order.
    pub limit: u32,
    /// Whether those count too that have no right to be seen yet.
    pub is_complete: bool,
}

/// Areas of features that are not shown, by the cell of those that are.
pub struct Pools {
    zoom: u8,
    /// Area in shares of the grid, and how many shown features draw it between them.
    cells: HashMap<u64, (f64, u32)>,
}

/// What one thread bakes with.
pub struct Oven {
    package: OpenPackage,
    shape: Shape,
    drawing: Drawing,
}

/// The tile that is being drawn, and the tools of its thread.
struct Canvas<'a> {
    shape: &'a mut Shape,
    drawing: &'a mut Drawing,
    writer: LayerWriter,
}

/// A tile in the spool.
#[derive(Clone, Copy, Debug)]
pub struct Encoded {
    pub extent: Extent,
    /// Features that left something in the tile.
    pub drawn: u64,
}

impl Baker<'_> {
    pub fn shows(&self, place: u32, shown: Shown) -> bool {
        let at = place as usize;
        self.live_from[at] <= shown.zoom
            || (self.ranks.order[at] <= shown.limit && (shown.is_complete || self.ranks.lowest_zoom[at] <= shown.zoom))
    }

    /// Adds up the areas of what is not shown, so that the small squares that are keep the tint of
    /// the map. Only layers of areas have any.
    pub fn pools(&self, shown: Shown) -> Pools {
        let zoom = settled_zoom(shown);
        let mut cells: HashMap<u64, (f64, u32)> = HashMap::new();
        if self.survey.dimension == Dimension::Areas && !shown.is_complete {
            for place in (0..self.survey.len() as u32).filter(|place| self.ranks.is_there(*place)) {
                let is_shown = self.shows(place, shown);
                if !is_shown {
                    cells.entry(cell_of(&self.ranks.boxes, place, zoom)).or_default().0 += self.area(place);
                } else if !self.ranks.has_shape(place, shown.zoom) {
                    cells.entry(cell_of(&self.ranks.boxes, place, zoom)).or_default().1 += 1;
                }
            }
        }
        Pools { zoom, cells }
    }

    fn area(&self, place: u32) -> f64 {
        let (_, lat_deg) = self.survey.boxes.get(place as usize).centre();
        area_in(self.grid, self.survey.sizes[place as usize], lat_deg)
    }

    /// The side in tile units of the square that stands for a small area and its share of the pool.
    fn square_side(&self, place: u32, tile: TileAddress, pools: &Pools) -> i32 {
        // A square does not grow beyond the cell that it stands for.
        let cell_units = f64::from(EXTENT >> super::rank::CELL_BITS) * f64::from(1u32 << (tile.zoom() - pools.zoom));
        let pooled = pools
            .cells
            .get(&cell_of(&self.ranks.boxes, place, pools.zoom))
            .map_or(0.0, |(area, drawn)| area / f64::from((*drawn).max(1)));
        let units = f64::from(1u32 << tile.zoom()) * f64::from(EXTENT);
        let side = ((self.area(place) + pooled).sqrt() * units).round();
        side.clamp(1.0, cell_units) as i32
    }

    /// Draws, packs and spools a tile of these features, which come in the order of their rows.
    pub fn encode(
        &self,
        oven: &mut Oven,
        tile: TileAddress,
        places: &[u32],
        pools: &Pools,
    ) -> Result<Encoded, BakeError> {
        let Oven { package, shape, drawing } = oven;
        let schema = &package.package().schema;
        let names = schema.fields.iter().map(|field| field.name.clone()).collect();
        let writer = LayerWriter::new(package.package().layer.as_str(), EXTENT, names);
        let mut canvas = Canvas { shape, drawing, writer };
        let mut drawn = 0;
        let mut fault: Option<BakeError> = None;
        package.visit_places(places.iter().map(|place| i64::from(*place) + 1), |row| {
            let place = (row.place() - 1) as u32;
            match self.draw(&mut canvas, tile, place, row, pools) {
                Ok(count) => {
                    drawn += u64::from(count > 0);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    fault = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
        if let Some(error) = fault {
            return Err(error);
        }
        let bytes = canvas.writer.finish();
        let packed = if bytes.is_empty() { Vec::new() } else { gzip(&bytes, LEVEL_BAKED) };
        Ok(Encoded { extent: self.spool.append(&packed).map_err(BakeError::Spool)?, drawn })
    }

    fn draw(
        &self,
        Canvas { shape, drawing, writer }: &mut Canvas<'_>,
        tile: TileAddress,
        place: u32,
        row: &Row<'_>,
        pools: &Pools,
    ) -> Result<usize, BakeError> {
        let is_square = self.survey.dimension == Dimension::Areas && !self.ranks.has_shape(place, tile.zoom());
        if is_square {
            let bbox = self.survey.boxes.get(place as usize);
            let (lon_deg, lat_deg) = bbox.centre();
            drawing.square(self.grid.shares(lon_deg, lat_deg), self.square_side(place, tile, pools), tile);
            return Ok(write(writer, drawing, row));
        }
        let unreadable = |source: GeometryFault| BakeError::Geometry { row: row.place(), source };
        if !self.survey.giants.is_empty() && self.survey.is_giant(place) {
            let Some(wkb) = self.giants.geometry_in(place, tile, self.spool)? else { return Ok(0) };
            shape.read_wkb(&wkb).map_err(unreadable)?;
            drawing.fill(shape, tile, Places::Shares, None);
            return Ok(write(writer, drawing, row));
        }
        let blob = blob::parse(row.geometry().unwrap_or_default()).map_err(unreadable)?;
        shape.read_wkb(blob.wkb).map_err(unreadable)?;
        let levels = self.survey.levels.of(place as usize);
        let detail = (!levels.is_empty()).then_some(Detail { levels, zoom: tile.zoom() });
        Ok(draw_members(shape, drawing, writer, tile, row, detail))
    }
}

fn draw_members(
    shape: &Shape,
    drawing: &mut Drawing,
    writer: &mut LayerWriter,
    tile: TileAddress,
    row: &Row<'_>,
    detail: Option<Detail<'_>>,
) -> usize {
    match shape.kind.dimension() {
        Dimension::Mixed | Dimension::None => {
            shape.members.iter().map(|member| draw_members(member, drawing, writer, tile, row, None)).sum()
        }
        _ => {
            drawing.fill(shape, tile, Places::Degrees, detail);
            write(writer, drawing, row)
        }
    }
}

fn write(writer: &mut LayerWriter, drawing: &Drawing, row: &Row<'_>) -> usize {
    let fields = row.schema().fields.len();
    usize::from(writer.add(row.id(), &drawing.parts(), (0..fields).map(|field| row.value(field))))
}

/// The deepest zoom of which all are shown that have a right to be, so that each of its cells has
/// somebody to draw its area.
fn settled_zoom(shown: Shown) -> u8 {
    let bits = super::survey::ORDER_BITS;
    let group = shown.limit >> bits;
    let is_whole = shown.limit & ((1 << bits) - 1) == (1 << bits) - 1;
    let settled = if is_whole { group } else { group.saturating_sub(1) };
    shown.zoom.min(settled.min(u32::from(limits::ZOOM_MAX)) as u8)
}

impl Oven {
    pub fn new(package: OpenPackage) -> Self {
        Oven { package, shape: Shape::default(), drawing: Drawing::default() }
    }
}
