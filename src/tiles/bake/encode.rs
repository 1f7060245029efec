//! One baked tile out of the rows that are shown in it.

use std::ops::ControlFlow;

use super::giants::Giants;
use super::pools::Pools;
use super::rank::Ranks;
use super::spool::{Extent, Spool};
use super::survey::Survey;
use super::{BakeError, TileAddress};
use crate::base::Grid;
use crate::base::geometry_kind::Dimension;
use crate::geometry::{GeometryFault, Shape, blob};
use crate::package::{OpenPackage, Row, ValueRef};
use crate::tiles::draw::Drawing;
use crate::tiles::grid::EXTENT;
use crate::tiles::mvt::LayerWriter;
use crate::tiles::rules::{POINT_COUNT, Rules};
use crate::tiles::snapped::{Detail, Places};
use crate::tiles::{LEVEL_BAKED, gzip};

/// What all threads of a grid read.
pub struct Baker<'a> {
    pub grid: Grid,
    pub survey: &'a Survey,
    pub rules: &'a Rules,
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
    /// Places of the fields that tiles of this zoom hold.
    fields: Vec<usize>,
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
            || (self.order(place) <= shown.limit
                && (shown.is_complete || self.ranks.lowest_zoom(self.survey, place) <= shown.zoom))
    }

    /// The place of a feature in the order in which features are left out.
    pub fn order(&self, place: u32) -> u32 {
        self.ranks.order(self.survey, place)
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
        let fields = self.rules.fields_at(tile.zoom(), schema);
        let mut names: Vec<String> = fields.iter().map(|field| schema.fields[*field].name.clone()).collect();
        names.extend(self.rules.cluster.then(|| POINT_COUNT.to_owned()));
        let writer = LayerWriter::new(package.package().layer.as_str(), EXTENT, names);
        let mut canvas = Canvas { shape, drawing, fields, writer };
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
        canvas: &mut Canvas<'_>,
        tile: TileAddress,
        place: u32,
        row: &Row<'_>,
        pools: &Pools,
    ) -> Result<usize, BakeError> {
        let is_square = self.survey.dimension == Dimension::Areas && !self.ranks.has_shape(place, tile.zoom());
        if let Some(bbox) = self.survey.boxes.get(place).filter(|_| is_square) {
            let (lon_deg, lat_deg) = bbox.centre();
            let side = pools.square_side(self, place, tile);
            canvas.drawing.square(self.grid.shares(lon_deg, lat_deg), side, tile);
            return Ok(canvas.write(row, ValueRef::Null));
        }
        let unreadable = |source: GeometryFault| BakeError::Geometry { row: row.place(), source };
        if !self.survey.giants.is_empty() && self.survey.is_giant(place) {
            let Some(wkb) = self.giants.geometry_in(place, tile, self.spool)? else { return Ok(0) };
            canvas.shape.read_wkb(&wkb).map_err(unreadable)?;
            canvas.drawing.fill(canvas.shape, tile, Places::Shares, None);
            return Ok(canvas.write(row, ValueRef::Null));
        }
        let blob = blob::parse(row.geometry().unwrap_or_default()).map_err(unreadable)?;
        canvas.shape.read_wkb(blob.wkb).map_err(unreadable)?;
        let levels = self.survey.levels.of(place as usize);
        let detail = (!levels.is_empty()).then_some(Detail { levels, zoom: tile.zoom() });
        let shape = std::mem::take(canvas.shape);
        let drawn = canvas.draw_members(&shape, tile, row, detail, pools.count(place));
        *canvas.shape = shape;
        Ok(drawn)
    }
}

impl Canvas<'_> {
    fn draw_members(
        &mut self,
        shape: &Shape,
        tile: TileAddress,
        row: &Row<'_>,
        detail: Option<Detail<'_>>,
        count: ValueRef<'_>,
    ) -> usize {
        match shape.kind.dimension() {
            Dimension::Mixed | Dimension::None => {
                shape.members.iter().map(|member| self.draw_members(member, tile, row, None, count)).sum()
            }
            _ => {
                self.drawing.fill(shape, tile, Places::Degrees, detail);
                self.write(row, count)
            }
        }
    }

    /// Writes what was drawn, with how many it stands for.
    fn write(&mut self, row: &Row<'_>, count: ValueRef<'_>) -> usize {
        let values = self.fields.iter().map(|field| row.value(*field)).chain(std::iter::once(count));
        usize::from(self.writer.add(row.id(), &self.drawing.parts(), values))
    }
}

impl Oven {
    pub fn new(package: OpenPackage) -> Self {
        Oven { package, shape: Shape::default(), drawing: Drawing::default() }
    }
}
