//! A layer at a glance: all of its ground in one small picture, drawn as its tiles are.

use std::time::Instant;

use tiny_skia::{Color, FillRule, Mask, PathBuilder, Pixmap, Rect, Transform};

use super::{Canvas, DrawFault, Paint, Source, Style, Window};
use crate::pictures::Frame;
use crate::pictures::frame::{HEIGHT_PIXELS, WIDTH_PIXELS};
use crate::tiles::TileAddress;
use crate::tiles::grid::EXTENT;
use crate::tiles::read;

/// Pixels of the picture for one of the frame: catalogues show thumbnails at two to three hundred, on screens of twice
/// as many.
const SCALE: u16 = 2;
/// Pixels along the side of the tiles that styles are made for.
const TILE_PIXELS: f64 = 512.0;

/// Draws the ground of a frame from unpacked tiles, those of [`Frame::tiles`] that hold anything, without labels.
pub fn thumbnail(
    frame: &Frame,
    style: &Style,
    tiles: &[(TileAddress, Vec<u8>)],
    deadline: Instant,
) -> Result<Vec<u8>, DrawFault> {
    let (width, height) = (u32::from(WIDTH_PIXELS * SCALE), u32::from(HEIGHT_PIXELS * SCALE));
    let mut pixmap = Pixmap::new(width, height).ok_or(DrawFault::Unencoded)?;
    pixmap.fill(style.background.unwrap_or(Color::WHITE));
    let zoom = (f64::from(width) / (frame.width_share() * TILE_PIXELS)).log2();
    let mut canvas = Canvas { pixmap, zoom, scale: 1.0, deadline };
    let mut sources = Vec::new();
    for (tile, bytes) in tiles {
        let window = window(frame, tile);
        sources.push(Source { window, layers: read::layers(bytes)?, clip: own_ground(window, (width, height)) });
    }
    for layer in style.at(zoom).filter(|layer| !matches!(layer.paint, Paint::Label(_))) {
        canvas.layer(layer, &sources)?;
    }
    canvas.pixmap.encode_png().map_err(|_| DrawFault::Unencoded)
}

fn window(frame: &Frame, tile: &TileAddress) -> Window {
    let (corner, end) = (frame.place(tile, (0, 0)), frame.place(tile, (EXTENT, 0)));
    let scale = f64::from(SCALE);
    Window {
        x: (corner.x * scale) as f32,
        y: (corner.y * scale) as f32,
        scale: ((end.x - corner.x) * scale / f64::from(EXTENT)) as f32,
        is_home: true,
    }
}

/// Whole pixels, each of which is one tile's: where two tiles meet, both know the areas on either side.
fn own_ground(window: Window, (width, height): (u32, u32)) -> Option<Mask> {
    let ((left, top), (right, bottom)) = (window.place((0, 0)), window.place((EXTENT, EXTENT)));
    let ground = Rect::from_ltrb(left.round(), top.round(), right.round(), bottom.round())?;
    let mut mask = Mask::new(width, height)?;
    mask.fill_path(&PathBuilder::from_rect(ground), FillRule::Winding, false, Transform::identity());
    Some(mask)
}
