//! Pictograms of what a layer is about, by the names of their files in `assets/icons`.

use serde::{Deserialize, Serialize};

use super::Theme;

/// What a definition may name, in order.
pub const ICONS: [&str; 56] = [
    "airport",
    "attraction",
    "bank",
    "bbq",
    "beach",
    "bicycle",
    "bus",
    "campsite",
    "car",
    "cemetery",
    "charging-station",
    "college",
    "commercial",
    "communications-tower",
    "construction",
    "doctor",
    "drinking-water",
    "ferry",
    "fire-station",
    "fuel",
    "garden",
    "harbor",
    "heart",
    "home",
    "hospital",
    "industry",
    "information",
    "karaoke",
    "landmark",
    "library",
    "mountain",
    "museum",
    "park",
    "park-alt1",
    "parking",
    "people",
    "picnic-site",
    "pitch",
    "playground",
    "police",
    "post",
    "rail",
    "ranger-station",
    "recycling",
    "restaurant",
    "school",
    "suitcase",
    "swimming",
    "theatre",
    "toilet",
    "town-hall",
    "veterinary",
    "viewpoint",
    "waste-basket",
    "water",
    "weather",
];

/// The place of one of [`ICONS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub struct Icon(usize);

#[derive(Debug, thiserror::Error)]
#[error(
    "icon \"{given}\" is not one that there is; accepted are {accepted}",
    given = crate::base::ids::cut(.0),
    accepted = ICONS.join(", ")
)]
pub struct UnknownIcon(String);

impl Icon {
    pub fn as_str(self) -> &'static str {
        ICONS[self.0]
    }

    fn named(name: &str) -> Option<Self> {
        ICONS.binary_search(&name).ok().map(Icon)
    }

    /// What stands for a theme where the layer names nothing closer; none for the theme of all that is left over.
    pub fn of_theme(theme: &Theme) -> Option<Self> {
        Icon::named(match theme.id.as_str() {
            "city-management" => "town-hall",
            "climate-and-weather" => "weather",
            "commerce-and-industry" => "commercial",
            "development" => "construction",
            "education" => "school",
            "employment-and-labour" => "suitcase",
            "environment" => "park-alt1",
            "finance" => "bank",
            "food" => "restaurant",
            "health" => "hospital",
            "housing" => "home",
            "information-technology-and-broadcasting" => "communications-tower",
            "law-and-security" => "police",
            "legislature" => "landmark",
            "population" => "people",
            "recreation-and-culture" => "park",
            "social-welfare" => "heart",
            "tourism" => "attraction",
            "transport" => "bus",
            _ => return None,
        })
    }
}

impl TryFrom<String> for Icon {
    type Error = UnknownIcon;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        Icon::named(&name).ok_or(UnknownIcon(name))
    }
}

impl From<Icon> for &'static str {
    fn from(icon: Icon) -> Self {
        icon.as_str()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::vocabulary;

    #[test]
    fn names_are_in_order_and_themes_have_icons_that_there_are() {
        assert!(ICONS.is_sorted());
        let without: Vec<&str> = vocabulary::themes()
            .iter()
            .filter(|theme| Icon::of_theme(theme).is_none())
            .map(|theme| theme.id.as_str())
            .collect();
        assert_eq!(without, ["miscellaneous"]);
    }
}
