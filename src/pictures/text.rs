//! A text as lines of glyphs. Characters stand one after the other by their own widths, which is right for Latin, Greek,
//! Cyrillic and Han; scripts whose letters join are not shaped.

use tiny_skia::PathBuilder;

use super::font::{Faces, Glyph};

/// MapLibre's distance between lines.
const LINE_HEIGHT_EM: f32 = 1.2;
/// From the middle of a line down to its baseline.
const BASELINE_EM: f32 = 0.35;

/// A text broken into lines, in ems.
#[derive(Clone, Debug, PartialEq)]
pub struct TextBlock {
    lines: Vec<Line>,
    pub width_em: f32,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Line {
    glyphs: Vec<(Glyph, f32)>,
    width_em: f32,
}

impl TextBlock {
    /// `None` where no font has any of the characters. Those that none has are left out.
    pub fn lay_out(text: &str, faces: &Faces<'_>, max_width_em: f32) -> Option<Self> {
        /// A name as long as this covers the map.
        const CHARACTERS_MAX: usize = 120;
        let mut lines = vec![Line::default()];
        // The glyphs since the last place where a line may end.
        let mut word = Line::default();
        for character in text.trim().chars().take(CHARACTERS_MAX) {
            let Some(glyph) = faces.glyph(character) else { continue };
            let advance_em = faces.advance_em(glyph);
            if is_whole_word(character) || character == ' ' {
                put(&mut lines, std::mem::take(&mut word), max_width_em);
            }
            if character == ' ' {
                if let Some(line) = lines.last_mut().filter(|line| !line.glyphs.is_empty()) {
                    line.width_em += advance_em;
                }
                continue;
            }
            word.glyphs.push((glyph, word.width_em));
            word.width_em += advance_em;
        }
        put(&mut lines, word, max_width_em);
        lines.retain(|line| !line.glyphs.is_empty());
        let width_em = lines.iter().map(|line| line.width_em).fold(0.0, f32::max);
        (!lines.is_empty()).then_some(TextBlock { lines, width_em })
    }

    pub fn height_em(&self) -> f32 {
        self.lines.len() as f32 * LINE_HEIGHT_EM
    }

    /// Draws all outlines, the block's north-western corner being at (x, y), for an em of so many pixels. Lines are
    /// centred.
    pub fn outline(&self, faces: &Faces<'_>, (x, y): (f32, f32), em: f32, path: &mut PathBuilder) {
        for (number, line) in self.lines.iter().enumerate() {
            let left = x + (self.width_em - line.width_em) / 2.0 * em;
            let baseline = y + ((number as f32 + 0.5) * LINE_HEIGHT_EM + BASELINE_EM) * em;
            for (glyph, at_em) in &line.glyphs {
                faces.outline(*glyph, (left + at_em * em, baseline), em, path);
            }
        }
    }
}

/// Puts a word on the last line, or on a new one where it does not fit.
fn put(lines: &mut Vec<Line>, word: Line, max_width_em: f32) {
    let Some(line) = lines.last_mut().filter(|_| !word.glyphs.is_empty()) else { return };
    if line.glyphs.is_empty() || line.width_em + word.width_em <= max_width_em {
        let start = line.width_em;
        line.glyphs.extend(word.glyphs.into_iter().map(|(glyph, at)| (glyph, start + at)));
        line.width_em += word.width_em;
    } else {
        lines.push(word);
    }
}

/// Whether a line may end before and after the character, as between any two Han characters.
fn is_whole_word(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pictures::font::Fonts;

    #[test]
    fn lines_end_at_blanks_and_hold_what_fits() {
        let fonts = Fonts::open(None).unwrap();
        let faces = fonts.faces();
        for (text, max_width_em, lines) in [
            ("Sha Tin", 10.0, 1),
            ("Sha Tin Public Library", 6.0, 3),
            ("Sha Tin Public Library", 9.0, 2),
            ("unbreakable", 1.0, 1),
        ] {
            let block = TextBlock::lay_out(text, &faces, max_width_em).unwrap();
            assert_eq!(block.lines.len(), lines, "{text} in {max_width_em}");
            assert!((block.height_em() - lines as f32 * 1.2).abs() < 1e-4);
        }
        assert_eq!(TextBlock::lay_out(" 圖書館 ", &faces, 9.0), None);
    }
}
