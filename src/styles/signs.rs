//! The signs of points: marks that tell classes apart by their shape as well as their colour, and pictograms of what a
//! layer is about.
//!
//! An image of the sprite is one picture in one colour and says so in its name: `square-2259c7`, `library-ffffff`.
//! QGIS 3.22 draws such images as they are, but none that a client would have to colour.

use super::base_map::dark_of;
use super::{BASE, COLOURS};
use crate::definition::ICONS;

/// The colour of a pictogram on its disc, and of what parts a sign from its ground.
pub const WHITE: &str = "#ffffff";

/// How the points of a class look, their colour aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
    Wedge,
    Star,
    Saltire,
}

impl Mark {
    /// In the order of classes. As many as there are colours, so that no two classes share one.
    pub const ALL: [Mark; COLOURS.len()] = [
        Mark::Circle,
        Mark::Square,
        Mark::Triangle,
        Mark::Diamond,
        Mark::Cross,
        Mark::Wedge,
        Mark::Star,
        Mark::Saltire,
    ];

    pub fn of_class(place: usize) -> Self {
        Mark::ALL[place % Mark::ALL.len()]
    }

    /// The name of its picture.
    pub fn name(self) -> &'static str {
        match self {
            Mark::Circle => "circle",
            Mark::Square => "square",
            Mark::Triangle => "triangle",
            Mark::Diamond => "diamond",
            Mark::Cross => "cross",
            Mark::Wedge => "wedge",
            Mark::Star => "star",
            Mark::Saltire => "saltire",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Mark::ALL.into_iter().find(|mark| mark.name() == name)
    }
}

/// A picture in a colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sign {
    pub picture: String,
    /// `#rrggbb`.
    pub colour: String,
}

impl Sign {
    pub fn new(picture: &str, colour: &str) -> Self {
        Sign { picture: picture.to_owned(), colour: colour.to_owned() }
    }

    /// Its name among the images of the sprite.
    pub fn image(&self) -> String {
        format!("{}-{}", self.picture, self.colour.trim_start_matches('#'))
    }

    /// Reads the name of an image.
    pub fn parse(image: &str) -> Option<Self> {
        let (picture, digits) = image.rsplit_once('-')?;
        let is_colour = digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        is_colour.then(|| Sign::new(picture, &format!("#{digits}")))
    }

    pub fn mark(&self) -> Option<Mark> {
        Mark::from_name(&self.picture)
    }

    /// The colour of its edge, which only marks have: a pictogram lies on a disc.
    pub fn edge(&self) -> Option<&'static str> {
        self.mark()?;
        let is_for_dark = COLOURS.iter().any(|light| dark_of(light) == Some(self.colour.as_str()));
        if is_for_dark { dark_of(WHITE) } else { Some(WHITE) }
    }

    /// The same picture on a dark page.
    pub fn darkened(&self) -> Option<Self> {
        dark_of(&self.colour).map(|colour| Sign::new(&self.picture, colour))
    }
}

/// The address of the sprite in stored styles.
pub fn sprite() -> String {
    format!("{BASE}/sprites/icons")
}

/// The images of the sprite: every mark in every colour of classes, every pictogram in the colour that lies on a disc,
/// and what each is on a dark page.
pub fn signs() -> Vec<Sign> {
    let marks = Mark::ALL.iter().flat_map(|mark| COLOURS.map(|colour| Sign::new(mark.name(), colour)));
    let light: Vec<Sign> = marks.chain(ICONS.iter().map(|icon| Sign::new(icon, WHITE))).collect();
    let dark: Vec<Sign> = light.iter().filter_map(Sign::darkened).collect();
    light.into_iter().chain(dark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_says_its_picture_and_its_colour() {
        let sign = Sign::new("park-alt1", WHITE);
        assert_eq!(sign.image(), "park-alt1-ffffff");
        assert_eq!(Sign::parse(&sign.image()), Some(sign));
        for other in ["park", "park-alt1", "park-fffff", "park-#fffff"] {
            assert_eq!(Sign::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_mark_has_an_edge_that_parts_it_from_its_ground() {
        for (picture, colour, edge) in [
            ("square", COLOURS[0], Some(WHITE)),
            ("square", "#5c97f5", Some("#101820")),
            ("square", "#abcdef", Some(WHITE)),
            ("library", WHITE, None),
        ] {
            assert_eq!(Sign::new(picture, colour).edge(), edge, "{picture} {colour}");
        }
    }

    #[test]
    fn no_image_is_there_twice_and_each_has_its_twin_for_dark_pages() {
        let signs = signs();
        let images: std::collections::BTreeSet<String> = signs.iter().map(Sign::image).collect();
        assert_eq!(images.len(), signs.len());
        assert_eq!(signs.len(), 2 * (Mark::ALL.len() * COLOURS.len() + ICONS.len()));
    }
}
