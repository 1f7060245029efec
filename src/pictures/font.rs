//! Fonts: the one in the tree, and those that the operator names for what it lacks.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use tiny_skia::PathBuilder;
use ttf_parser::{Face, GlyphId, OutlineBuilder, name_id};

/// Latin, Greek and Cyrillic: Open Sans, Apache License 2.0 (`assets/fonts/README.md`).
static LATIN: &[u8] = include_bytes!("../../assets/fonts/OpenSans-Regular.ttf");

/// Why a font cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FontFault {
    #[error("the font {path} cannot be read: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("the font {0} is not a TrueType or OpenType font or collection of them")]
    NotAFont(PathBuf),
}

/// One face of a font file.
struct Font {
    bytes: Cow<'static, [u8]>,
    index: u32,
}

/// The fonts in the order in which a character is looked for.
pub struct Fonts(Vec<Font>);

impl Fonts {
    /// The font of the tree, and after it the operator's, of whose faces the one for Hong Kong is taken: the shapes of
    /// Han characters differ by region.
    pub fn open(named: Option<&Path>) -> Result<Self, FontFault> {
        let mut fonts = vec![Font { bytes: Cow::Borrowed(LATIN), index: 0 }];
        if let Some(path) = named {
            let file = |source| FontFault::File { path: path.to_owned(), source };
            let bytes = std::fs::read(path).map_err(file)?;
            let index = hong_kong_face(&bytes);
            Face::parse(&bytes, index).map_err(|_| FontFault::NotAFont(path.to_owned()))?;
            fonts.push(Font { bytes: Cow::Owned(bytes), index });
        }
        Ok(Fonts(fonts))
    }

    /// The faces, parsed anew: that takes a few microseconds.
    pub fn faces(&self) -> Faces<'_> {
        Faces(self.0.iter().filter_map(|font| Face::parse(&font.bytes, font.index).ok()).collect())
    }
}

fn hong_kong_face(bytes: &[u8]) -> u32 {
    let is_hong_kong = |index: &u32| {
        let names = Face::parse(bytes, *index).ok().map(|face| {
            let names = face.names().into_iter().filter(|name| name.name_id == name_id::FULL_NAME);
            names.filter_map(|name| name.to_string()).any(|name| name.split(' ').any(|word| word == "HK"))
        });
        names.unwrap_or(false)
    };
    let faces = ttf_parser::fonts_in_collection(bytes).unwrap_or(1);
    (0..faces).find(is_hong_kong).unwrap_or(0)
}

pub struct Faces<'a>(Vec<Face<'a>>);

/// A character's shape in one of the faces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyph {
    face: usize,
    id: GlyphId,
}

impl Faces<'_> {
    /// The glyph of a character; `None` where no font has it.
    pub fn glyph(&self, character: char) -> Option<Glyph> {
        self.0.iter().enumerate().find_map(|(face, font)| Some(Glyph { face, id: font.glyph_index(character)? }))
    }

    /// Width of the glyph in ems.
    pub fn advance_em(&self, glyph: Glyph) -> f32 {
        let face = &self.0[glyph.face];
        face.glyph_hor_advance(glyph.id).map_or(0.0, f32::from) / f32::from(face.units_per_em())
    }

    /// Draws the outline with its origin on the baseline at (x, y), for an em of so many pixels.
    pub fn outline(&self, glyph: Glyph, (x, y): (f32, f32), em: f32, path: &mut PathBuilder) {
        let face = &self.0[glyph.face];
        let scale = em / f32::from(face.units_per_em());
        face.outline_glyph(glyph.id, &mut Pen { path, x, y, scale });
    }
}

/// Turns font units, y up, into pixels, y down.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_of_the_tree_has_latin_and_says_what_it_lacks() {
        let fonts = Fonts::open(None).unwrap();
        let faces = fonts.faces();
        let glyph = faces.glyph('M').unwrap();
        assert!((0.8..1.0).contains(&faces.advance_em(glyph)));
        let mut path = PathBuilder::new();
        faces.outline(glyph, (10.0, 20.0), 16.0, &mut path);
        let bounds = path.finish().unwrap().bounds();
        // The letter stands on its baseline and is as high as capitals are.
        assert!((bounds.bottom() - 20.0).abs() < 0.1 && (10.0..13.0).contains(&bounds.height()), "{bounds:?}");
        assert_eq!(faces.glyph('圖'), None);
    }

    #[test]
    fn what_is_no_font_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("font.ttc");
        assert!(Fonts::open(Some(&file)).err().unwrap().to_string().contains("font.ttc cannot be read"));
        std::fs::write(&file, b"not a font").unwrap();
        assert!(Fonts::open(Some(&file)).err().unwrap().to_string().contains("is not a TrueType"));
    }
}
