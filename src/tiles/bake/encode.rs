//! One baked tile out of the rows that are shown in it.

use std::io;

use super::giants::Giants;
use super::pantry::{Item, Pantry, PantryReader};
use super::pools::Pools;
use super::rank::{Fact, Ranks};
use super::shelf::Window;
use super::spool::{Extent, Spool};
use super::survey::Survey;
use super::{BakeError, TileAddress};
use crate::base::Grid;
use crate::base::geometry_kind::Dimension;
use crate::geometry::{GeometryFault, Shape};
use crate::package::{PackageFile, ValueRef};
use crate::tiles::draw::Drawing;
use crate::tiles::grid::EXTENT;
use crate::tiles::mvt::{LayerWriter, write_value};
use crate::tiles::rules::{POINT_COUNT, Rules};
use crate::tiles::snapped::{Detail, Places};
use crate::tiles::{LEVEL_BAKED, Packer};

/// What all threads of a grid read.
pub struct Baker<'a> {
    pub grid: Grid,
    pub package: &'a PackageFile,
    pub pantry: &'a Pantry,
    pub survey: &'a Survey,
    pub rules: &'a Rules,
    pub ranks: &'a Ranks,
    pub giants: &'a Giants,
    pub live_from: &'a [u8],
    pub spool: &'a Spool,
    /// See [`super::AtOnce`].
    pub candidates_at_once: u64,
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

/// A feature that may be shown in a tile.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub place: u32,
    /// See [`Baker::order`].
    pub order: u32,
}

/// What one thread bakes with, kept from tile to tile with its memory.
pub struct Oven {
    reader: PantryReader,
    canvas: Canvas,
    tile: Vec<u8>,
    packer: Packer,
}

/// The tile that is being drawn.
#[derive(Default)]
struct Canvas {
    shape: Shape,
    drawing: Drawing,
    levels: Window,
    facts: Window,
    sheet: Option<Sheet>,
    count: Vec<u8>,
}

/// What is written upon, for tiles with the same fields.
struct Sheet {
    /// Places of the fields that tiles of the zoom hold.
    fields: Vec<usize>,
    /// For each field of the schema its place among those.
    keys: Vec<Option<usize>>,
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
    pub fn shows(&self, fact: &Fact, shown: Shown) -> bool {
        self.shows_by(fact.place, || self.order(fact), shown)
    }

    pub fn shows_candidate(&self, Candidate { place, order }: Candidate, shown: Shown) -> bool {
        self.shows_by(place, || order, shown)
    }

    /// Most features of a low zoom have no right to be seen there, whatever their place in the order.
    fn shows_by(&self, place: u32, order: impl FnOnce() -> u32, shown: Shown) -> bool {
        let has_right = || shown.is_complete || self.ranks.lowest_zoom(self.survey, place) <= shown.zoom;
        self.live_from[place as usize] <= shown.zoom || (has_right() && order() <= shown.limit)
    }

    /// The place of a feature in the order in which features are left out.
    pub fn order(&self, fact: &Fact) -> u32 {
        self.ranks.order(self.survey, fact)
    }

    /// Draws, packs and spools a tile of these features, which come in the order of their rows.
    pub fn encode(
        &self,
        oven: &mut Oven,
        tile: TileAddress,
        candidates: &[Candidate],
        pools: &Pools,
    ) -> Result<Encoded, BakeError> {
        let Oven { reader, canvas, tile: bytes, packer } = oven;
        let mut sheet = self.sheet_for(tile.zoom(), canvas.sheet.take());
        let mut drawn = 0;
        reader.visit(self.pantry, candidates.iter().map(|one| one.place), BakeError::Spool, |item| {
            drawn += u64::from(self.draw(canvas, &mut sheet, tile, &item, pools)? > 0);
            Ok(())
        })?;
        sheet.writer.finish_into(bytes);
        canvas.sheet = Some(sheet);
        let packed = if bytes.is_empty() { &[] } else { packer.gzip(bytes) };
        Ok(Encoded { extent: self.spool.append(packed).map_err(BakeError::Spool)?, drawn })
    }

    /// The sheet in use, or another where tiles of the zoom have other fields.
    fn sheet_for(&self, zoom: u8, in_use: Option<Sheet>) -> Sheet {
        let schema = &self.package.schema;
        let fields = self.rules.fields_at(zoom, schema);
        if let Some(sheet) = in_use.filter(|sheet| sheet.fields == fields) {
            return sheet;
        }
        let mut keys = vec![None; schema.fields.len()];
        fields.iter().enumerate().for_each(|(key, field)| keys[*field] = Some(key));
        let names = fields.iter().map(|field| schema.fields[*field].name.as_str());
        let names = names.chain(self.rules.cluster.then_some(POINT_COUNT)).map(str::to_owned).collect();
        Sheet { fields, keys, writer: LayerWriter::new(self.package.layer.as_str(), EXTENT, names) }
    }

    fn draw(
        &self,
        canvas: &mut Canvas,
        sheet: &mut Sheet,
        tile: TileAddress,
        item: &Item<'_>,
        pools: &Pools,
    ) -> Result<usize, BakeError> {
        let place = item.place;
        let unreadable = |source: GeometryFault| BakeError::Geometry { row: i64::from(place) + 1, source };
        if self.survey.dimension == Dimension::Areas && !self.ranks.has_shape(place, tile.zoom()) {
            // What stands for an area that is too small to have a shape, and for its share of what is hidden.
            let fact = self.ranks.area(place, &mut canvas.facts).map_err(BakeError::Spool)?;
            canvas.drawing.square(fact.middle(), pools.square_side(self, &fact, tile), tile);
            return Ok(canvas.write(sheet, item, ValueRef::Null));
        }
        if !self.survey.giants.is_empty() && self.survey.is_giant(place) {
            let Some(wkb) = self.giants.geometry_in(place, tile, self.spool)? else { return Ok(0) };
            canvas.shape.read_wkb(&wkb).map_err(unreadable)?;
            canvas.drawing.fill(&canvas.shape, tile, Places::Shares, None);
            return Ok(canvas.write(sheet, item, ValueRef::Null));
        }
        canvas.shape.read_wkb(item.wkb).map_err(unreadable)?;
        self.draw_shape(canvas, sheet, tile, item, pools.count(place)).map_err(BakeError::Spool)
    }

    fn draw_shape(
        &self,
        canvas: &mut Canvas,
        sheet: &mut Sheet,
        tile: TileAddress,
        item: &Item<'_>,
        count: ValueRef<'_>,
    ) -> io::Result<usize> {
        let shape = std::mem::take(&mut canvas.shape);
        let mut window = std::mem::take(&mut canvas.levels);
        let levels = self.survey.levels.of(item.first_vertex, shape.points.len(), &mut window)?;
        let detail = (!levels.is_empty()).then_some(Detail { levels, zoom: tile.zoom() });
        let drawn = canvas.draw_members(sheet, &shape, tile, item, detail, count);
        (canvas.shape, canvas.levels) = (shape, window);
        Ok(drawn)
    }
}

impl Canvas {
    fn draw_members(
        &mut self,
        sheet: &mut Sheet,
        shape: &Shape,
        tile: TileAddress,
        item: &Item<'_>,
        detail: Option<Detail<'_>>,
        count: ValueRef<'_>,
    ) -> usize {
        match shape.kind.dimension() {
            Dimension::Mixed | Dimension::None => {
                shape.members.iter().map(|member| self.draw_members(sheet, member, tile, item, None, count)).sum()
            }
            _ => {
                self.drawing.fill(shape, tile, Places::Degrees, detail);
                self.write(sheet, item, count)
            }
        }
    }

    /// Writes what was drawn, with how many it stands for.
    fn write(&mut self, sheet: &mut Sheet, item: &Item<'_>, count: ValueRef<'_>) -> usize {
        self.count.clear();
        let has_count = write_value(&mut self.count, count);
        let Sheet { fields, keys, writer } = sheet;
        let values = item
            .values()
            .filter_map(|(field, value)| Some(((*keys.get(field)?)?, value)))
            .chain(has_count.then_some((fields.len(), self.count.as_slice())));
        usize::from(writer.add_written(item.id, &self.drawing.parts(), values))
    }
}

impl Oven {
    pub fn new() -> Self {
        Oven {
            reader: PantryReader::default(),
            canvas: Canvas::default(),
            tile: Vec::new(),
            packer: Packer::new(LEVEL_BAKED),
        }
    }
}
