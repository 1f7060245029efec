//! Ranges of glyphs as MapLibre reads them: signed distance fields of 256 characters in one protobuf message
//! (`glyphs.proto` of Mapbox's style specification).

use sdf_glyph_renderer::{BitmapGlyph, clamp_to_u8};
use tiny_skia::{FillRule, Mask, PathBuilder, Transform};

use super::font::{Faces, Fonts};
use crate::tiles::mvt::{write_field_bytes, write_field_varint};

/// The name of what there is.
const STACK: &str = "Open Sans Regular";
/// Characters of a range.
const RANGE: u32 = 256;
/// What is not in the first plane of Unicode has no range: MapLibre asks for none beyond it.
const LAST: u32 = 0xffff;
/// Pixels of an em, as every client supposes.
const EM: f32 = 24.0;
/// Pixels kept around a glyph.
const BUFFER: usize = 3;
/// Distances are told up to here, in pixels.
const RADIUS: usize = 8;
/// The share of the values that lies inside the outline.
const CUTOFF: f64 = 0.25;
/// From the baseline up to the line that clients reckon the tops of glyphs from; one for all faces, so that Latin and Han
/// of two fonts stand on one baseline.
const ASCENT: i32 = 26;

/// The first character of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GlyphRange(u32);

impl std::str::FromStr for GlyphRange {
    type Err = String;

    /// Reads `0-255`, `256-511` … `65280-65535`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<u32>().ok();
        let ends = text.split_once('-').and_then(|(first, last)| Some((number(first)?, number(last)?)));
        match ends {
            Some((first, last)) if first.is_multiple_of(RANGE) && last <= LAST && last == first + (RANGE - 1) => {
                Ok(GlyphRange(first))
            }
            _ => Err(format!(
                "\"{}\" is no range of glyphs; ranges are 0-255, 256-511 and so on to 65280-65535",
                crate::base::ids::cut(text)
            )),
        }
    }
}

impl std::fmt::Display for GlyphRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.0, self.0 + RANGE - 1)
    }
}

/// The glyphs of a range that the fonts have. They are named by the font of the tree, whatever a style calls them:
/// clients go by the address that they asked.
pub fn glyphs(fonts: &Fonts, range: GlyphRange) -> Vec<u8> {
    let faces = fonts.faces();
    let mut message = Vec::new();
    write_field_bytes(&mut message, 1, STACK.as_bytes());
    write_field_bytes(&mut message, 2, range.to_string().as_bytes());
    for character in (range.0..range.0 + RANGE).filter_map(char::from_u32) {
        if let Some(glyph) = glyph(&faces, character) {
            write_field_bytes(&mut message, 3, &glyph);
        }
    }
    let mut stacks = Vec::with_capacity(message.len() + 8);
    write_field_bytes(&mut stacks, 1, &message);
    stacks
}

fn glyph(faces: &Faces<'_>, character: char) -> Option<Vec<u8>> {
    let glyph = faces.glyph(character)?;
    let mut path = PathBuilder::new();
    faces.outline(glyph, (0.0, 0.0), EM, &mut path);
    let mut message = Vec::new();
    write_field_varint(&mut message, 1, u64::from(u32::from(character)));
    let (mut size, mut corner) = ((0, 0), (0, 0));
    if let Some(path) = path.finish() {
        let bounds = path.bounds();
        let (left, top) = (bounds.left().floor(), bounds.top().floor());
        size = ((bounds.right().ceil() - left) as u32, (bounds.bottom().ceil() - top) as u32);
        corner = (left as i32, -top as i32 - ASCENT);
        let mut mask = Mask::new(size.0, size.1)?;
        mask.fill_path(&path, FillRule::Winding, true, Transform::from_translate(-left, -top));
        let bitmap = BitmapGlyph::from_unbuffered(mask.data(), size.0 as usize, size.1 as usize, BUFFER).ok()?;
        write_field_bytes(&mut message, 2, &clamp_to_u8(&bitmap.render_sdf(RADIUS), CUTOFF).ok()?);
    }
    let zigzag = |number: i32| u64::from(((number << 1) ^ (number >> 31)) as u32);
    write_field_varint(&mut message, 3, u64::from(size.0));
    write_field_varint(&mut message, 4, u64::from(size.1));
    write_field_varint(&mut message, 5, zigzag(corner.0));
    write_field_varint(&mut message, 6, zigzag(corner.1));
    write_field_varint(&mut message, 7, (faces.advance_em(glyph) * EM).round() as u64);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_whole_and_within_the_first_plane() {
        for text in ["0-255", "19968-20223", "65280-65535"] {
            assert_eq!(text.parse::<GlyphRange>().unwrap().to_string(), text);
        }
        for text in ["", "0", "1-256", "0-511", "65536-65791", "-255", "4294967040-4294967295"] {
            assert!(text.parse::<GlyphRange>().unwrap_err().contains("ranges are 0-255"), "{text}");
        }
    }

    #[test]
    fn a_glyph_is_light_inside_dark_outside_and_stands_on_the_baseline() {
        let fonts = Fonts::open(None).unwrap();
        let message = glyph(&fonts.faces(), 'H').unwrap();
        // Field 1 is the character, field 2 the bitmap: buffer around the bounds of the letter.
        assert_eq!(message[..3], [8, b'H', (2 << 3) | 2]);
        let (height, top) = (18, 18 - ASCENT);
        let ending = [(4 << 3), height, (5 << 3), 4, (6 << 3), ((top << 1) ^ (top >> 31)) as u8];
        assert!(message.windows(ending.len()).any(|part| part == ending), "{message:?}");
        // Its length takes two bytes. The outline itself is at 191, a corner of the buffer four pixels outside.
        let bitmap = &message[5..];
        assert!(bitmap[..400].iter().any(|value| *value > 210) && bitmap[0] < 100, "{bitmap:?}");
    }

    #[test]
    fn a_range_holds_the_characters_that_a_font_has() {
        let fonts = Fonts::open(None).unwrap();
        let latin = glyphs(&fonts, "0-255".parse().unwrap());
        assert!((20_000..200_000).contains(&latin.len()), "{}", latin.len());
        let han = glyphs(&fonts, "19968-20223".parse().unwrap());
        assert!(han.len() < 40, "{}", han.len());
    }
}
