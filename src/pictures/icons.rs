//! The pictures of `assets/icons` as outlines: pictograms by the name of their file, marks by that of theirs.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use svgtypes::{SimplePathSegment, SimplifyingPathParser};
use tiny_skia::{FillRule, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

use crate::base::xml::Element;

/// Units along the side of every picture; at size 1 they are pixels of the screen.
pub const SIDE: f32 = 15.0;
/// Units of the edge around a mark.
pub const EDGE: f32 = 1.5;

#[derive(RustEmbed)]
#[folder = "assets/icons"]
struct Files;

/// One picture.
#[derive(Debug, PartialEq)]
pub struct Icon {
    /// As SVG writes a path.
    pub outline: String,
    path: Path,
}

impl Icon {
    /// `None` where the file is not one of a single path.
    fn read(svg: &[u8]) -> Option<Self> {
        let root = Element::read(svg).ok()?;
        let [path] = root.children.as_slice() else { return None };
        let (_, outline) = path.attributes.iter().find(|(name, _)| name == "d")?;
        Some(Icon { path: path_of(outline)?, outline: outline.clone() })
    }

    /// Draws it with its middle at a place, `scale` times as large, first its edge where it has one.
    pub fn draw(&self, pixmap: &mut Pixmap, (x, y): (f32, f32), scale: f32, ink: &Paint<'_>, edge: Option<&Paint<'_>>) {
        let place = Transform::from_translate(-SIDE / 2.0, -SIDE / 2.0).post_scale(scale, scale).post_translate(x, y);
        if let Some(edge) = edge {
            let stroke = Stroke { width: 2.0 * EDGE, line_join: LineJoin::Round, ..Stroke::default() };
            pixmap.stroke_path(&self.path, edge, &stroke, place, None);
        }
        pixmap.fill_path(&self.path, ink, FillRule::Winding, place, None);
    }
}

fn path_of(outline: &str) -> Option<Path> {
    let mut path = PathBuilder::new();
    for segment in SimplifyingPathParser::from(outline) {
        match segment.ok()? {
            SimplePathSegment::MoveTo { x, y } => path.move_to(x as f32, y as f32),
            SimplePathSegment::LineTo { x, y } => path.line_to(x as f32, y as f32),
            SimplePathSegment::Quadratic { x1, y1, x, y } => path.quad_to(x1 as f32, y1 as f32, x as f32, y as f32),
            SimplePathSegment::CurveTo { x1, y1, x2, y2, x, y } => {
                path.cubic_to(x1 as f32, y1 as f32, x2 as f32, y2 as f32, x as f32, y as f32);
            }
            SimplePathSegment::ClosePath => path.close(),
        }
    }
    path.finish()
}

static ICONS: LazyLock<BTreeMap<String, Icon>> = LazyLock::new(|| {
    let named = |file: &str| Some(file.strip_suffix(".svg")?.trim_start_matches("marks/").to_owned());
    Files::iter().filter_map(|file| Some((named(&file)?, Icon::read(&Files::get(&file)?.data)?))).collect()
});

/// The picture of that name.
pub fn icon(name: &str) -> Option<&'static Icon> {
    ICONS.get(name)
}

/// Every picture in order of name.
pub fn icons() -> impl Iterator<Item = (&'static str, &'static Icon)> {
    ICONS.iter().map(|(name, icon)| (name.as_str(), icon))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::styles::signs;

    #[test]
    fn every_file_is_a_picture_that_can_be_drawn_and_every_sign_has_one() {
        assert_eq!(ICONS.len(), Files::iter().filter(|file| file.ends_with(".svg")).count());
        let drawn: std::collections::BTreeSet<String> = signs().into_iter().map(|sign| sign.picture).collect();
        assert_eq!(drawn, ICONS.keys().cloned().collect());
    }

    #[test]
    fn every_picture_keeps_to_its_square() {
        /// Tips of a star may stand out by less than its edge does.
        const OUT: f32 = 0.2;
        for (name, icon) in icons() {
            // Curves pull away from the points that bend them.
            let bounds = icon.path.compute_tight_bounds().unwrap();
            let is_within =
                bounds.left().min(bounds.top()) >= -OUT && bounds.right().max(bounds.bottom()) <= SIDE + OUT;
            assert!(is_within, "{name}: {bounds:?}");
        }
    }

    #[test]
    fn a_file_of_anything_but_one_path_is_no_picture() {
        for svg in
            ["<svg/>", "<svg><path/></svg>", "<svg><path d=\"M0 0h1\"/><circle/></svg>", "<svg><path d=\"X\"/></svg>"]
        {
            assert_eq!(Icon::read(svg.as_bytes()), None, "{svg}");
        }
    }
}
