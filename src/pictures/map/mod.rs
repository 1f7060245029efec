//! A tile of a map as a picture, drawn from vector tiles and a MapLibre style as MapLibre would draw it.
//!
//! A picture of 256 pixels of zoom z shows what MapLibre shows at zoom z − 1, whose tiles are 512 pixels wide. So it is
//! a quarter of the vector tile above it, and what lies around that quarter is there too: circles and labels of
//! neighbouring pictures fit together, because both see the same features on both sides of their edge.

mod expression;
mod labels;
mod style;
mod thumbnail;

use std::collections::HashSet;
use std::time::Instant;

use tiny_skia::{Color, FillRule, Mask, Paint as Ink, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};

use self::expression::Number;
use self::style::{Paint, StyleLayer};
use super::font::Fonts;
use super::icons::SIDE;
use crate::base::Grid;
use crate::geometry::clip::GridPoint;
use crate::tiles::TileAddress;
use crate::tiles::grid::EXTENT;
use crate::tiles::read::{self, TileFault, TileFeature, TileLayer, TileShape};

pub use style::{Style, parse_colour};
pub use thumbnail::thumbnail;

/// Pixels along the side of a picture whose pixels are those of the screen.
pub const SIDE_PIXELS: u32 = 256;

/// Why a picture was not drawn.
#[derive(Debug, thiserror::Error)]
pub enum DrawFault {
    #[error(transparent)]
    Tile(#[from] TileFault),
    #[error("the picture took longer than it may")]
    OutOfTime,
    #[error("the picture cannot be encoded")]
    Unencoded,
}

/// One picture to be drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picture {
    pub tile: TileAddress,
    /// Picture pixels for one of the screen: 1, or 2 for screens that have twice as many.
    pub scale: u8,
}

impl Picture {
    /// The zoom at which a style is drawn.
    fn style_zoom(&self) -> f64 {
        let zoom = f64::from(self.tile.zoom());
        match self.tile.grid() {
            // Its tile of zoom 0 is half the world wide.
            Grid::WorldCRS84Quad => zoom,
            Grid::WebMercatorQuad | Grid::HongKong1980Grid => zoom - 1.0,
        }
    }

    fn up(&self) -> u8 {
        1.min(self.tile.zoom())
    }

    /// The vector tiles that the style needs: first the one that the picture is a part of, then its neighbours at the
    /// picture's two outer sides where circles, signs or labels reach over from them.
    pub fn tiles(&self, style: &Style) -> Vec<TileAddress> {
        let home = self.tile.ancestor(self.up());
        if self.up() == 0 || !style.at(self.style_zoom()).any(|layer| layer.paint.reaches_over()) {
            return vec![home];
        }
        let outer = |at: u32, home: u32| if at.is_multiple_of(2) { home.checked_sub(1) } else { Some(home + 1) };
        let (x, y) = (outer(self.tile.x(), home.x()), outer(self.tile.y(), home.y()));
        let beside = [(x, Some(home.y())), (Some(home.x()), y), (x, y)];
        let tile = |(x, y): (Option<u32>, Option<u32>)| TileAddress::new(home.grid(), home.zoom(), x?, y?);
        std::iter::once(home).chain(beside.into_iter().filter_map(tile)).collect()
    }
}

/// Draws a picture from unpacked tiles, those of [`Picture::tiles`] that hold anything. Where nothing is drawn it is
/// transparent.
pub fn draw(
    picture: Picture,
    style: &Style,
    tiles: &[(TileAddress, Vec<u8>)],
    fonts: &Fonts,
    deadline: Instant,
) -> Result<Vec<u8>, DrawFault> {
    let side = SIDE_PIXELS * u32::from(picture.scale);
    let pixmap = Pixmap::new(side, side).ok_or(DrawFault::Unencoded)?;
    let mut canvas = Canvas { pixmap, zoom: picture.style_zoom(), scale: f32::from(picture.scale), deadline };
    let mut sources = Vec::new();
    for (tile, bytes) in tiles {
        sources.push(Source { window: Window::new(picture, tile), layers: read::layers(bytes)?, clip: None });
    }
    for layer in style.at(picture.style_zoom()) {
        canvas.layer(layer, &sources)?;
    }
    labels::draw(&mut canvas, style, &sources, &fonts.faces())?;
    canvas.pixmap.encode_png().map_err(|_| DrawFault::Unencoded)
}

/// A vector tile, and where it lies in the picture.
struct Source<'a> {
    window: Window,
    layers: Vec<TileLayer<'a>>,
    /// The tile's own ground, where the neighbour's areas and lines are drawn too.
    clip: Option<Mask>,
}

/// From tile units to picture pixels.
#[derive(Clone, Copy)]
struct Window {
    x: f32,
    y: f32,
    scale: f32,
    /// Whether the tile's areas and lines are drawn.
    is_home: bool,
}

impl Window {
    fn new(picture: Picture, source: &TileAddress) -> Self {
        let side = (SIDE_PIXELS * u32::from(picture.scale)) as f32;
        let parts = 1i64 << picture.up();
        let corner = |source: u32, at: u32| (i64::from(source) * parts - i64::from(at)) as f32 * side;
        Window {
            x: corner(source.x(), picture.tile.x()),
            y: corner(source.y(), picture.tile.y()),
            scale: side * parts as f32 / EXTENT as f32,
            is_home: *source == picture.tile.ancestor(picture.up()),
        }
    }

    fn place(&self, (x, y): GridPoint) -> (f32, f32) {
        (self.x + x as f32 * self.scale, self.y + y as f32 * self.scale)
    }
}

/// Whether a point is on the tile's own ground: points in its buffer are the neighbour's to draw.
fn is_own((x, y): GridPoint) -> bool {
    (0..EXTENT).contains(&x) && (0..EXTENT).contains(&y)
}

struct Canvas {
    pixmap: Pixmap,
    /// The zoom at which the style is drawn.
    zoom: f64,
    /// Picture pixels for one of the screen.
    scale: f32,
    deadline: Instant,
}

impl Canvas {
    /// Screen pixels of the style as pixels of the picture.
    fn pixels(&self, number: &Number) -> f32 {
        number.at(self.zoom) as f32 * self.scale
    }

    fn layer(&mut self, layer: &StyleLayer, sources: &[Source<'_>]) -> Result<(), DrawFault> {
        for source in sources {
            let is_drawn = source.window.is_home || layer.paint.reaches_over();
            let named = source.layers.iter().filter(|known| known.name == layer.source_layer);
            for tile_layer in named.filter(|_| is_drawn) {
                self.features(layer, tile_layer, source)?;
            }
        }
        Ok(())
    }

    fn features(&mut self, layer: &StyleLayer, tile: &TileLayer<'_>, source: &Source<'_>) -> Result<(), DrawFault> {
        let (window, clip) = (source.window, source.clip.as_ref());
        let mut parts = Vec::new();
        // Two points less than half a pixel apart are one, which bounds the work of a full tile.
        let mut seen = HashSet::new();
        for feature in kept(layer, tile) {
            if Instant::now() > self.deadline {
                return Err(DrawFault::OutOfTime);
            }
            feature.read_geometry(&mut parts)?;
            match &layer.paint {
                Paint::Fill { colour, opacity } if feature.shape == TileShape::Areas => {
                    if let Some(path) = path(&parts, window, true) {
                        let ink = ink(*colour, opacity.at(self.zoom));
                        self.pixmap.fill_path(&path, &ink, FillRule::EvenOdd, Transform::identity(), clip);
                    }
                }
                Paint::Line { .. } if feature.shape != TileShape::Points => {
                    if let Some(path) = path(&parts, window, feature.shape == TileShape::Areas) {
                        self.line(&layer.paint, &path, clip);
                    }
                }
                Paint::Circle { .. } | Paint::Sign { .. } => {
                    for point in parts.iter().flatten().filter(|point| is_own(**point)) {
                        let (x, y) = window.place(*point);
                        if seen.insert(((x * 2.0) as i32, (y * 2.0) as i32)) {
                            self.point(&layer.paint, (x, y));
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn line(&mut self, paint: &Paint, path: &Path, clip: Option<&Mask>) {
        let Paint::Line { colour, width, opacity, dashes, cap, join } = paint else { return };
        let width = self.pixels(width);
        let dash = dashes.iter().map(|length| length * width).collect();
        let stroke =
            Stroke { width, line_cap: *cap, line_join: *join, dash: StrokeDash::new(dash, 0.0), ..Stroke::default() };
        let ink = ink(*colour, opacity.at(self.zoom));
        self.pixmap.stroke_path(path, &ink, &stroke, Transform::identity(), clip);
    }

    /// A circle, whose stroke lies outside its radius, or a sign.
    fn point(&mut self, paint: &Paint, (x, y): (f32, f32)) {
        let reach = match paint {
            Paint::Circle { radius, stroke_width, .. } => self.pixels(radius) + self.pixels(stroke_width),
            Paint::Sign { size, .. } => self.pixels(size) * SIDE,
            _ => return,
        };
        let (width, height) = (self.pixmap.width() as f32, self.pixmap.height() as f32);
        if x < -reach || y < -reach || x > width + reach || y > height + reach {
            return;
        }
        match paint {
            Paint::Circle { .. } => self.circle(paint, (x, y)),
            _ => self.sign(paint, (x, y)),
        }
    }

    fn sign(&mut self, paint: &Paint, place: (f32, f32)) {
        let Paint::Sign { icon, colour, edge, size, opacity } = paint else { return };
        let (scale, opacity) = (self.pixels(size), opacity.at(self.zoom));
        let edge = edge.map(|edge| ink(edge, opacity));
        icon.draw(&mut self.pixmap, place, scale, &ink(*colour, opacity), edge.as_ref());
    }

    fn circle(&mut self, paint: &Paint, (x, y): (f32, f32)) {
        let Paint::Circle { colour, radius, opacity, stroke_colour, stroke_width } = paint else { return };
        let (radius, stroke_width) = (self.pixels(radius), self.pixels(stroke_width));
        if let Some(disc) = PathBuilder::from_circle(x, y, radius) {
            let ink = ink(*colour, opacity.at(self.zoom));
            self.pixmap.fill_path(&disc, &ink, FillRule::Winding, Transform::identity(), None);
        }
        let ring = PathBuilder::from_circle(x, y, radius + stroke_width / 2.0).filter(|_| stroke_width > 0.0);
        if let Some(ring) = ring {
            let stroke = Stroke { width: stroke_width, ..Stroke::default() };
            self.pixmap.stroke_path(&ring, &ink(*stroke_colour, 1.0), &stroke, Transform::identity(), None);
        }
    }
}

/// The features of a tile that a style layer draws.
fn kept<'a, 'b>(layer: &'b StyleLayer, tile: &'b TileLayer<'a>) -> impl Iterator<Item = &'b TileFeature<'a>> {
    tile.features.iter().filter(|feature| layer.filter.as_ref().is_none_or(|filter| filter.keeps(tile, feature)))
}

fn ink(colour: Color, opacity: f64) -> Ink<'static> {
    let mut colour = colour;
    colour.apply_opacity(opacity.clamp(0.0, 1.0) as f32);
    let mut ink = Ink::default();
    ink.set_color(colour);
    ink
}

fn path(parts: &[Vec<GridPoint>], window: Window, is_closed: bool) -> Option<Path> {
    let mut path = PathBuilder::new();
    for part in parts {
        let mut places = part.iter().map(|point| window.place(*point));
        let Some((x, y)) = places.next() else { continue };
        path.move_to(x, y);
        for (x, y) in places {
            path.line_to(x, y);
        }
        if is_closed {
            path.close();
        }
    }
    path.finish()
}
