//! A legend as a picture: a swatch and a name for each class, as SVG and as PNG of the same measures.

use tiny_skia::{Color, FillRule, LineCap, Paint, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::font::{Faces, Fonts};
use super::map::parse_colour;
use super::text::TextBlock;
use crate::base::geometry_kind::Dimension;
use crate::base::xml_writer::XmlWriter;
use crate::styles::LegendEntry;

const ROW_PIXELS: f32 = 24.0;
const EM_PIXELS: f32 = 14.0;
const MARGIN_PIXELS: f32 = 8.0;
/// Where names begin.
const NAME_X_PIXELS: f32 = 40.0;
const SWATCH_X_PIXELS: f32 = 20.0;
const INK: &str = "#14212b";

/// So much that names of any length end somewhere.
const NAME_EM_MAX: f32 = 40.0;

/// Width and height in pixels. A character that no font of ours has is as wide as Han characters are: a browser has one.
fn measures(entries: &[LegendEntry], faces: &Faces<'_>) -> (u32, u32) {
    let advance = |character| faces.glyph(character).map_or(1.0, |glyph| faces.advance_em(glyph));
    let width = |entry: &LegendEntry| entry.label.chars().map(advance).sum::<f32>().min(NAME_EM_MAX);
    let widest = entries.iter().map(width).fold(0.0, f32::max);
    let width = NAME_X_PIXELS + widest * EM_PIXELS + MARGIN_PIXELS;
    let height = entries.len() as f32 * ROW_PIXELS + MARGIN_PIXELS;
    (width.ceil() as u32, height.ceil() as u32)
}

/// The middle of a row.
fn row_y(number: usize) -> f32 {
    MARGIN_PIXELS / 2.0 + (number as f32 + 0.5) * ROW_PIXELS
}

pub fn svg(entries: &[LegendEntry], fonts: &Fonts) -> Vec<u8> {
    let (width, height) = measures(entries, &fonts.faces());
    let mut xml = XmlWriter::fragment();
    let (width, height) = (width.to_string(), height.to_string());
    let root = [("xmlns", "http://www.w3.org/2000/svg"), ("width", width.as_str()), ("height", height.as_str())];
    xml.element("svg", &root, |xml| {
        for (number, entry) in entries.iter().enumerate() {
            swatch(entry, row_y(number), xml);
            let (x, y) = (NAME_X_PIXELS.to_string(), (row_y(number) + 0.35 * EM_PIXELS).to_string());
            let size = EM_PIXELS.to_string();
            let attributes =
                [("x", x.as_str()), ("y", &y), ("font-family", "sans-serif"), ("font-size", &size), ("fill", INK)];
            xml.leaf("text", &attributes, &entry.label);
        }
    });
    xml.finish()
}

fn swatch(entry: &LegendEntry, y: f32, xml: &mut XmlWriter) {
    let (colour, x) = (entry.colour.as_str(), SWATCH_X_PIXELS.to_string());
    match entry.shape {
        Dimension::Points => {
            xml.empty("circle", &[("cx", &x), ("cy", &y.to_string()), ("r", "6"), ("fill", colour)]);
        }
        Dimension::Lines => {
            let path = format!("M8 {y}h24");
            let attributes = [("d", path.as_str()), ("stroke", colour), ("stroke-width", "3")];
            xml.empty("path", &[&attributes[..], &[("stroke-linecap", "round")]].concat());
        }
        _ => {
            let top = (y - 7.0).to_string();
            let place = [("x", "9"), ("y", top.as_str()), ("width", "22"), ("height", "14")];
            let look = [("fill", colour), ("fill-opacity", "0.18"), ("stroke", colour), ("stroke-width", "1.5")];
            xml.empty("rect", &[&place[..], &look].concat());
        }
    }
}

/// `None` where the picture cannot be made, for lack of memory.
pub fn png(entries: &[LegendEntry], fonts: &Fonts) -> Option<Vec<u8>> {
    let faces = fonts.faces();
    let (width, height) = measures(entries, &faces);
    let mut pixmap = Pixmap::new(width, height)?;
    for (number, entry) in entries.iter().enumerate() {
        let y = row_y(number);
        draw_swatch(entry, y, &mut pixmap);
        if let Some(block) = TextBlock::lay_out(&entry.label, &faces, f32::MAX) {
            let mut path = PathBuilder::new();
            block.outline(&faces, (NAME_X_PIXELS, y - block.height_em() * EM_PIXELS / 2.0), EM_PIXELS, &mut path);
            if let Some(path) = path.finish() {
                pixmap.fill_path(&path, &ink(INK, 1.0), FillRule::Winding, Transform::identity(), None);
            }
        }
    }
    pixmap.encode_png().ok()
}

fn draw_swatch(entry: &LegendEntry, y: f32, pixmap: &mut Pixmap) {
    let (solid, here) = (ink(&entry.colour, 1.0), Transform::identity());
    match entry.shape {
        Dimension::Points => {
            if let Some(disc) = PathBuilder::from_circle(SWATCH_X_PIXELS, y, 6.0) {
                pixmap.fill_path(&disc, &solid, FillRule::Winding, here, None);
            }
        }
        Dimension::Lines => {
            let mut line = PathBuilder::new();
            line.move_to(8.0, y);
            line.line_to(32.0, y);
            if let Some(line) = line.finish() {
                let stroke = Stroke { width: 3.0, line_cap: LineCap::Round, ..Stroke::default() };
                pixmap.stroke_path(&line, &solid, &stroke, here, None);
            }
        }
        _ => {
            if let Some(square) = Rect::from_xywh(9.0, y - 7.0, 22.0, 14.0).map(PathBuilder::from_rect) {
                pixmap.fill_path(&square, &ink(&entry.colour, 0.18), FillRule::Winding, here, None);
                let stroke = Stroke { width: 1.5, ..Stroke::default() };
                pixmap.stroke_path(&square, &solid, &stroke, here, None);
            }
        }
    }
}

fn ink(colour: &str, opacity: f32) -> Paint<'static> {
    let mut colour = parse_colour(colour).unwrap_or(Color::BLACK);
    colour.apply_opacity(opacity);
    let mut ink = Paint::default();
    ink.set_color(colour);
    ink
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_row_with_its_swatch_and_its_name() {
        let entry = |label: &str, colour: &str, shape| LegendEntry {
            label: label.to_owned(),
            colour: colour.to_owned(),
            shape,
            count: None,
        };
        let entries = [
            entry("Library <1>", "#2259c7", Dimension::Points),
            entry("Ferry", "#c95f12", Dimension::Lines),
            entry("Park", "#11835a", Dimension::Areas),
        ];
        let fonts = Fonts::open(None).unwrap();
        let svg = String::from_utf8(svg(&entries, &fonts)).unwrap();
        for part in ["Library &lt;1&gt;", "<circle", "M8 ", "<rect", "#c95f12", "height=\"80\""] {
            assert!(svg.contains(part), "{part} is not in {svg}");
        }
        let picture = Pixmap::decode_png(&png(&entries, &fonts).unwrap()).unwrap();
        assert_eq!(picture.height(), 80);
        let disc = picture.pixel(20, 16).unwrap();
        assert_eq!((disc.red(), disc.green(), disc.blue()), (0x22, 0x59, 0xc7));
        // The name of the second row is drawn, and nothing beyond the last.
        assert!((40..80).any(|x| picture.pixel(x, 40).unwrap().alpha() > 0));
    }
}
