//! The picture of the districts, each a link.

use crate::base::{BBox, Language};
use crate::definition::simplified;
use crate::server::districts::Districts;

/// The districts, ready to be shown.
pub struct DistrictMap {
    /// As `viewBox` takes it.
    pub view: String,
    /// By name, the order in which the keyboard goes through them.
    pub areas: Vec<Area>,
}

/// One district.
pub struct Area {
    pub name: String,
    pub bbox: BBox,
    pub href: String,
    pub path: String,
    /// Where its name stands, in a district that has room for it.
    pub label: Option<(i32, i32)>,
}

/// Areas that a person chooses among at a glance, and that a page has room for: twice the districts.
const AREAS_MOST: usize = 36;

/// `None` where nothing can be drawn, or too much. `href` makes the link of a name and a box.
pub fn district_map(
    districts: &Districts,
    language: Language,
    href: impl Fn(&str, &BBox) -> String,
) -> Option<DistrictMap> {
    let drawn = &districts.outlines;
    if drawn.outlines.len() > AREAS_MOST {
        return None;
    }
    let (west, north, width, height) = drawn.view;
    let mut labels: Vec<Label> = Vec::new();
    let mut areas = Vec::new();
    let mut largest_first: Vec<usize> = (0..drawn.outlines.len()).collect();
    largest_first.sort_by_key(|number| {
        let (width, height) = drawn.outlines[*number].size;
        std::cmp::Reverse(width * height)
    });
    for number in largest_first {
        let (outline, name) = (&drawn.outlines[number], name(districts, number, language)?);
        let label = Label::of(&name, outline.middle);
        let has_room = label.width < outline.size.0 && !labels.iter().any(|other| other.overlaps(&label));
        if !outline.path.is_empty() {
            areas.push(Area {
                href: href(&name, &outline.bbox),
                bbox: outline.bbox,
                path: outline.path.clone(),
                label: has_room.then_some(label.middle),
                name,
            });
            labels.extend(has_room.then_some(label));
        }
    }
    areas.sort_by(|a, b| a.name.cmp(&b.name));
    (!areas.is_empty()).then(|| DistrictMap { view: format!("{west} {north} {width} {height}"), areas })
}

/// A district's name; where Simplified is read the recorded one is in Traditional characters.
fn name(districts: &Districts, area: usize, language: Language) -> Option<String> {
    let recorded = districts.name(area, language)?;
    Some(if language == Language::ZhHans { simplified::from_traditional(&recorded) } else { recorded })
}

/// The room that a name takes, in pixels of the picture.
struct Label {
    middle: (i32, i32),
    width: i32,
}

impl Label {
    /// Of the letters that `.districts text` of the stylesheet has, with some air around them.
    const HEIGHT: i32 = 18;
    const LATIN_WIDTH: i32 = 8;
    const HAN_WIDTH: i32 = 14;

    fn of(name: &str, middle: (i32, i32)) -> Self {
        let width =
            name.chars().map(|letter| if letter.is_ascii() { Self::LATIN_WIDTH } else { Self::HAN_WIDTH }).sum();
        Label { middle, width }
    }

    fn overlaps(&self, other: &Label) -> bool {
        let apart = |a: i32, b: i32| (a - b).abs();
        apart(self.middle.0, other.middle.0) * 2 < self.width + other.width
            && apart(self.middle.1, other.middle.1) < Self::HEIGHT
    }
}

#[cfg(test)]
mod tests {
    use super::Label;

    #[test]
    fn names_that_would_touch_are_told_apart_from_those_that_have_room() {
        let name = Label::of("Sha Tin", (100, 100));
        assert!(name.overlaps(&Label::of("沙田", (130, 110))));
        assert!(!name.overlaps(&Label::of("沙田", (150, 110))));
        assert!(!name.overlaps(&Label::of("沙田", (100, 120))));
    }
}
