//! A legend as a picture: a swatch and a name for each class, as SVG and as PNG of the same measures.

use tiny_skia::{Color, FillRule, LineCap, Paint, PathBuilder, Pixmap, Rect, Stroke, Transform};

use super::font::{Faces, Fonts};
use super::icons::{Icon, SIDE, icon};
use super::map::parse_colour;
use super::text::TextBlock;
use crate::base::geometry_kind::Dimension;
use crate::base::xml_writer::XmlWriter;
use crate::styles::{LegendEntry, Mark, WHITE};

const ROW_PIXELS: f32 = 24.0;
const EM_PIXELS: f32 = 14.0;
const MARGIN_PIXELS: f32 = 8.0;
/// Where names begin.
const NAME_X_PIXELS: f32 = 40.0;
const SWATCH_X_PIXELS: f32 = 20.0;
const INK: &str = "#14212b";
/// Marks are drawn so many times as large as a map draws them, and pictograms, on a disc that holds them.
const MARK_SCALE: f32 = 0.92;
const ICON_SCALE: f32 = 0.8;

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
            let (mark, pictogram) = signs(entry);
            match mark {
                Some(mark) => outline(mark, y, MARK_SCALE, colour, xml),
                None => {
                    let radius = radius(entry).to_string();
                    xml.empty("circle", &[("cx", &x), ("cy", &y.to_string()), ("r", &radius), ("fill", colour)]);
                }
            }
            if let Some(pictogram) = pictogram {
                outline(pictogram, y, ICON_SCALE, WHITE, xml);
            }
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

/// The picture of what is no circle, and the one on top.
fn signs(entry: &LegendEntry) -> (Option<&'static Icon>, Option<&'static Icon>) {
    let mark = (entry.mark != Mark::Circle).then(|| icon(entry.mark.name())).flatten();
    (mark, entry.icon.as_deref().and_then(icon))
}

/// Of a circle, in pixels.
fn radius(entry: &LegendEntry) -> f32 {
    match (&entry.icon, entry.is_rest) {
        _ if entry.is_cluster => 9.0,
        (Some(_), _) => 9.0,
        (None, true) => 4.0,
        (None, false) => 6.0,
    }
}

fn outline(icon: &Icon, y: f32, scale: f32, colour: &str, xml: &mut XmlWriter) {
    let corner = |middle: f32| middle - scale * SIDE / 2.0;
    let place = format!("translate({} {}) scale({scale})", corner(SWATCH_X_PIXELS), corner(y));
    xml.empty("path", &[("d", icon.outline.as_str()), ("transform", &place), ("fill", colour)]);
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
            let (mark, pictogram) = signs(entry);
            let at = (SWATCH_X_PIXELS, y);
            match (mark, PathBuilder::from_circle(at.0, at.1, radius(entry))) {
                (Some(mark), _) => mark.draw(pixmap, at, MARK_SCALE, &solid, None),
                (None, Some(disc)) => pixmap.fill_path(&disc, &solid, FillRule::Winding, here, None),
                (None, None) => {}
            }
            if let Some(pictogram) = pictogram {
                pictogram.draw(pixmap, at, ICON_SCALE, &ink(WHITE, 1.0), None);
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
            mark: Mark::Circle,
            icon: None,
            is_rest: false,
            is_cluster: false,
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

    #[test]
    fn points_have_the_shape_and_the_pictogram_that_the_map_gives_them() {
        let entry = |mark, icon: Option<&str>, is_rest| LegendEntry {
            label: "A".to_owned(),
            colour: "#2259c7".to_owned(),
            shape: Dimension::Points,
            mark,
            icon: icon.map(str::to_owned),
            is_rest,
            is_cluster: false,
            count: None,
        };
        let entries = [
            entry(Mark::Square, None, false),
            entry(Mark::Circle, Some("library"), false),
            entry(Mark::Circle, None, true),
        ];
        let fonts = Fonts::open(None).unwrap();
        let svg = String::from_utf8(svg(&entries, &fonts)).unwrap();
        assert_eq!((svg.matches("<path").count(), svg.matches("<circle").count()), (2, 2), "{svg}");
        let picture = Pixmap::decode_png(&png(&entries, &fonts).unwrap()).unwrap();
        let colour = |x: u32, y: u32| {
            let pixel = picture.pixel(x, y).unwrap();
            (pixel.red(), pixel.green(), pixel.blue(), pixel.alpha())
        };
        // A corner of the square, which no circle of its width has; a page of the book; ground around the small disc.
        assert_eq!(colour(16, 12), (0x22, 0x59, 0xc7, 255));
        assert_eq!(colour(17, 40), (255, 255, 255, 255));
        assert_eq!(colour(20, 64), (0x22, 0x59, 0xc7, 255));
        assert_eq!(colour(25, 64).3, 0);
    }
}
