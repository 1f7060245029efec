//! Sprites as MapLibre and QGIS read them: a sheet of small images and an index of their places
//! (<https://maplibre.org/maplibre-style-spec/sprite/>).
//!
//! There are two, each for screens of one and of two pixels to a point. The images of `icons` are finished. Those of
//! `sdf` are signed distance fields, which a map colours as its style says.

use std::sync::LazyLock;

use sdf_glyph_renderer::{BitmapGlyph, clamp_to_u8};
use serde_json::{Map, Value, json};
use tiny_skia::{Color, IntSize, Paint, Pixmap, PixmapPaint, Transform};

use super::icons::{EDGE, Icon, SIDE, icon, icons};
use super::map::parse_colour;
use crate::base::digest::Sha256Hex;
use crate::styles::{Sign, signs};

/// Pixels along the side of an image: a picture with its edge, and one pixel that keeps neighbours apart.
const IMAGE_PIXELS: f32 = SIDE + 2.0 * (EDGE + 0.5);
/// What clients suppose of distances at one pixel to a point, as in a range of glyphs: how far they are told, what is
/// kept around a picture, and the share of the values that lies inside.
const RADIUS_PIXELS: usize = 8;
const BUFFER_PIXELS: usize = 3;
const CUTOFF: f64 = 0.25;
/// Images in a row of a sheet.
const ROW: usize = 16;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Icons,
    Sdf,
}

/// One sheet and its index.
#[derive(Debug)]
pub struct Sheet {
    pub png: Vec<u8>,
    pub index: Value,
}

/// All sheets.
#[derive(Debug)]
pub struct Sprites {
    /// Of all their bytes, so that an address that has it may be kept for ever.
    pub version: String,
    sheets: [Sheet; 4],
}

/// Drawn when they are first asked for; `None` where there is no memory for them.
pub fn sprites() -> Option<&'static Sprites> {
    static SPRITES: LazyLock<Option<Sprites>> = LazyLock::new(|| {
        let finished = |ratio| sheet(finished_images(ratio)?, ratio, false);
        let fields = |ratio| sheet(field_images(ratio)?, ratio, true);
        let sheets = [finished(1)?, finished(2)?, fields(1)?, fields(2)?];
        let bytes: Vec<u8> = sheets
            .iter()
            .flat_map(|sheet| [sheet.png.as_slice(), sheet.index.to_string().as_bytes()].concat())
            .collect();
        /// Enough that the sheets of two builds never share a name by chance.
        const DIGITS: usize = 8;
        let version = Sha256Hex::of_bytes(&bytes).short(DIGITS).to_owned();
        Some(Sprites { version, sheets })
    });
    SPRITES.as_ref()
}

impl Sprites {
    /// The sheet of `ratio` pixels to a point, 1 or 2.
    pub fn sheet(&self, kind: Kind, ratio: u8) -> &Sheet {
        let first = if kind == Kind::Icons { 0 } else { 2 };
        &self.sheets[first + usize::from(ratio > 1)]
    }
}

type Images = Vec<(String, Pixmap)>;

fn finished_images(ratio: u8) -> Option<Images> {
    let image = |sign: &Sign| {
        let scale = f32::from(ratio);
        let side = (IMAGE_PIXELS * scale) as u32;
        let mut pixmap = Pixmap::new(side, side)?;
        let ink = |colour: &str| Some(ink(parse_colour(colour)?));
        let (middle, edge) = (side as f32 / 2.0, sign.edge().and_then(ink));
        icon(&sign.picture)?.draw(&mut pixmap, (middle, middle), scale, &ink(&sign.colour)?, edge.as_ref());
        Some((sign.image(), pixmap))
    };
    signs().iter().map(image).collect()
}

fn field_images(ratio: u8) -> Option<Images> {
    icons().map(|(name, icon)| Some((name.to_owned(), field(icon, ratio)?))).collect()
}

/// The distances to an outline as the opacity of an image.
fn field(icon: &Icon, ratio: u8) -> Option<Pixmap> {
    let scale = usize::from(ratio);
    let side = SIDE as usize * scale;
    let mut drawn = Pixmap::new(side as u32, side as u32)?;
    let middle = side as f32 / 2.0;
    icon.draw(&mut drawn, (middle, middle), scale as f32, &ink(Color::BLACK), None);
    let coverage: Vec<u8> = drawn.pixels().iter().map(|pixel| pixel.alpha()).collect();
    let bitmap = BitmapGlyph::from_unbuffered(&coverage, side, side, BUFFER_PIXELS * scale).ok()?;
    let opacities = clamp_to_u8(&bitmap.render_sdf(RADIUS_PIXELS * scale), CUTOFF).ok()?;
    let side = (side + 2 * BUFFER_PIXELS * scale) as u32;
    let black: Vec<u8> = opacities.into_iter().flat_map(|opacity| [0, 0, 0, opacity]).collect();
    Pixmap::from_vec(black, IntSize::from_wh(side, side)?)
}

/// Puts images of one size side by side.
fn sheet(images: Images, ratio: u8, is_sdf: bool) -> Option<Sheet> {
    let side = images.first()?.1.width();
    let rows = images.len().div_ceil(ROW) as u32;
    let mut sheet = Pixmap::new(side * ROW as u32, side * rows)?;
    let mut index = Map::new();
    for (place, (name, image)) in images.into_iter().enumerate() {
        let (x, y) = ((place % ROW) as u32 * side, (place / ROW) as u32 * side);
        sheet.draw_pixmap(x as i32, y as i32, image.as_ref(), &PixmapPaint::default(), Transform::identity(), None);
        let mut entry = json!({ "x": x, "y": y, "width": side, "height": side, "pixelRatio": ratio });
        if is_sdf {
            entry["sdf"] = true.into();
        }
        index.insert(name, entry);
    }
    Some(Sheet { png: sheet.encode_png().ok()?, index: index.into() })
}

fn ink(colour: Color) -> Paint<'static> {
    let mut ink = Paint::default();
    ink.set_color(colour);
    ink
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(sheet: &Sheet, name: &str, from_corner: (u32, u32)) -> (u8, u8, u8, u8) {
        let number = |key: &str| sheet.index[name][key].as_u64().unwrap() as u32;
        let image = Pixmap::decode_png(&sheet.png).unwrap();
        let pixel = image.pixel(number("x") + from_corner.0, number("y") + from_corner.1).unwrap().demultiply();
        (pixel.red(), pixel.green(), pixel.blue(), pixel.alpha())
    }

    #[test]
    fn an_image_has_its_colour_inside_white_around_it_and_nothing_at_its_rim() {
        let sprites = sprites().unwrap();
        for ratio in [1, 2] {
            let sheet = sprites.sheet(Kind::Icons, ratio);
            assert_eq!(sheet.index["square-2259c7"]["pixelRatio"], ratio);
            assert_eq!(sheet.index["square-2259c7"]["width"], 19 * ratio);
            let at = |x: u32| pixel(sheet, "square-2259c7", (x * u32::from(ratio), 9 * u32::from(ratio)));
            assert_eq!(at(9), (0x22, 0x59, 0xc7, 255));
            assert_eq!(at(3), (255, 255, 255, 255));
            assert_eq!(at(0).3, 0);
        }
        assert!(!sprites.sheet(Kind::Icons, 1).index["square-2259c7"].as_object().unwrap().contains_key("sdf"));
    }

    #[test]
    fn a_field_tells_distances_by_its_opacity() {
        let sprites = sprites().unwrap();
        for ratio in [1u8, 2] {
            let sheet = sprites.sheet(Kind::Sdf, ratio);
            assert_eq!(sheet.index["square"]["sdf"], true);
            let scale = u32::from(ratio);
            // Three points of buffer, then a square that begins after two more.
            let at = |x: u32| pixel(sheet, "square", (x * scale, 10 * scale)).3;
            assert!(at(10) > 230 && at(1) < 100, "{} {}", at(10), at(1));
            assert!(at(5) > 192 && at(4) < 192, "the outline is not between {} and {}", at(4), at(5));
        }
    }

    #[test]
    fn every_image_lies_within_its_sheet_and_none_on_another() {
        let sprites = sprites().unwrap();
        for sheet in &sprites.sheets {
            let image = Pixmap::decode_png(&sheet.png).unwrap();
            let mut places = std::collections::BTreeSet::new();
            for (name, entry) in sheet.index.as_object().unwrap() {
                let number = |key: &str| entry[key].as_u64().unwrap() as u32;
                assert!(
                    number("x") + number("width") <= image.width() && number("y") + number("height") <= image.height()
                );
                assert!(places.insert((number("x"), number("y"))), "{name} lies on another");
            }
        }
    }
}
