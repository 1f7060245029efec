//! Points that stand in columns: which columns they are, and numbers as people write them.

/// Columns that hold the two coordinates of a point, by place, x (east) first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoordinateColumns {
    pub x: usize,
    pub y: usize,
    /// The CRS that such columns are in unless the definition says otherwise; empty where the names
    /// do not tell.
    pub crs: &'static str,
}

const EASTING: [&str; 5] = ["easting", "坐標東", "座標東", "hk80_easting", "easting_lands"];
const NORTHING: [&str; 5] = ["northing", "坐標北", "座標北", "hk80_northing", "northing_lands"];
const LONGITUDE: [&str; 6] = ["longitude", "lon", "long", "lng", "經度", "wgs84_longitude"];
const LATITUDE: [&str; 5] = ["latitude", "lat", "緯度", "wgs84_latitude", "纬度"];
/// Names that do not say what the numbers are; their range does.
const X: [&str; 6] = ["x", "x_coord", "coord_x", "point_x", "geom_x", "xcoord"];
const Y: [&str; 6] = ["y", "y_coord", "coord_y", "point_y", "geom_y", "ycoord"];

/// Words that tell a coordinate inside a longer name: `GPS Latitude`, `HK1980 Easting (m)`, `X坐標`.
const EASTING_WORDS: [&str; 2] = ["easting", "eastings"];
const NORTHING_WORDS: [&str; 2] = ["northing", "northings"];
const LONGITUDE_WORDS: [&str; 4] = ["longitude", "lon", "long", "lng"];
const LATITUDE_WORDS: [&str; 2] = ["latitude", "lat"];
/// The same in Chinese, whose words nothing parts; after 座 is written as 坐 and the characters as
/// traditional ones.
const EASTING_SIGNS: [&str; 6] = ["坐標東", "東坐標", "橫坐標", "方格網東", "網格東", "東距"];
const NORTHING_SIGNS: [&str; 6] = ["坐標北", "北坐標", "縱坐標", "方格網北", "網格北", "北距"];
const LONGITUDE_SIGNS: [&str; 1] = ["經度"];
const LATITUDE_SIGNS: [&str; 1] = ["緯度"];
/// What a department calls the datum of Hong Kong in the name of a column of degrees.
const HK1980_SIGNS: [&str; 3] = ["hk80", "hk1980", "1980"];

/// The pairs of columns that bear the names which departments use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundColumns {
    pub grid: Option<CoordinateColumns>,
    pub degrees: Option<CoordinateColumns>,
    pub unnamed: Option<CoordinateColumns>,
}

impl FoundColumns {
    /// The pair to use. Degrees win over the grid only where they are precise, because degrees
    /// beside eastings and northings are often whole seconds, 20 m off; where they are decimal,
    /// they are what the department checks on a map, and eastings get swapped with northings.
    pub fn choose(self, degrees_are_precise: impl FnOnce(&CoordinateColumns) -> bool) -> Option<CoordinateColumns> {
        match (self.grid, self.degrees) {
            (Some(grid), Some(degrees)) => Some(if degrees_are_precise(&degrees) { degrees } else { grid }),
            (grid, degrees) => grid.or(degrees).or(self.unnamed),
        }
    }
}

/// Whether a coordinate is written in decimal degrees to a metre or better.
pub fn is_precise_degrees(text: &str) -> bool {
    const DECIMALS: usize = 5;
    let text = text.trim();
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    decimals >= DECIMALS && text.parse::<f64>().is_ok_and(|number| number.abs() <= 180.0)
}

/// Finds the columns by the names that departments use.
pub fn find(names: &[String]) -> FoundColumns {
    let place = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.trim().to_lowercase().as_str()));
    let pair = |x: Option<usize>, y: Option<usize>, crs| Some(CoordinateColumns { x: x?, y: y?, crs });
    let parted: Vec<Parted> = names.iter().map(|name| Parted::of(name)).collect();
    let like = |words: &[&str], signs: &[&str]| only(parted.iter().map(|name| name.has(words, signs)));
    let degrees = |x, y| {
        let is_hk1980 = |place: usize| parted[place].has(&[], &HK1980_SIGNS);
        let found = pair(x, y, "EPSG:4326")?;
        Some(CoordinateColumns {
            crs: if is_hk1980(found.x) && is_hk1980(found.y) { "EPSG:4611" } else { found.crs },
            ..found
        })
    };
    FoundColumns {
        grid: pair(place(&EASTING), place(&NORTHING), "EPSG:2326").or_else(|| {
            pair(like(&EASTING_WORDS, &EASTING_SIGNS), like(&NORTHING_WORDS, &NORTHING_SIGNS), "EPSG:2326")
        }),
        degrees: degrees(place(&LONGITUDE), place(&LATITUDE))
            .or_else(|| degrees(like(&LONGITUDE_WORDS, &LONGITUDE_SIGNS), like(&LATITUDE_WORDS, &LATITUDE_SIGNS))),
        unnamed: pair(place(&X), place(&Y), "")
            .or_else(|| pair(like(&["x"], &["x坐標"]), like(&["y"], &["y坐標"]), ""))
            .or_else(|| pair(place(&["e"]), place(&["n"]), "")),
    }
}

/// The place of the only one that fits: of two nobody knows which is meant.
fn only(fits: impl Iterator<Item = bool>) -> Option<usize> {
    let mut places = fits.enumerate().filter(|(_, fits)| *fits).map(|(place, _)| place);
    places.next().filter(|_| places.next().is_none())
}

/// A name as words in lower case, parted where other characters stand and where `camelCase` steps.
struct Parted {
    words: Vec<String>,
    /// Without what parts, for signs in Chinese.
    whole: String,
}

impl Parted {
    fn of(name: &str) -> Self {
        use unicode_normalization::UnicodeNormalization;
        let (mut words, mut word, mut was_lower) = (Vec::new(), String::new(), false);
        for character in name.nfkc() {
            let steps = was_lower && character.is_uppercase();
            if (steps || !character.is_alphanumeric()) && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            was_lower = character.is_lowercase();
            word.extend(character.to_lowercase().filter(|character| character.is_alphanumeric()).map(traditional));
        }
        words.push(word);
        Parted { whole: words.concat(), words }
    }

    fn has(&self, words: &[&str], signs: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
            || signs.iter().any(|sign| self.whole.contains(sign))
    }
}

/// Of the characters in the names of coordinates, the one that is looked for.
fn traditional(character: char) -> char {
    match character {
        '座' => '坐',
        '标' => '標',
        '东' => '東',
        '横' => '橫',
        '纵' => '縱',
        '经' => '經',
        '纬' => '緯',
        '网' => '網',
        other => other,
    }
}

/// A coordinate as text: a plain number, thousands parted by commas or blanks, or degrees, minutes and
/// seconds as `114-11-14`, `22°29'36"`, `22 29 36N`, `東經114度10分`, or decimal degrees with a sign
/// that says so, as `114.17° E`.
pub fn parse_coordinate(text: &str) -> Option<f64> {
    let narrow: String = text.chars().map(narrow).collect();
    let text = narrow.trim();
    if text.is_empty() {
        return None;
    }
    let number = without_unit(text);
    if let Some(number) = without_commas(number) {
        return number.is_finite().then_some(number);
    }
    degrees_minutes_seconds(text).or_else(|| parted_by_blanks(number))
}

/// Whether a coordinate is a number whose thousands are parted.
pub fn has_parted_thousands(text: &str) -> bool {
    let narrow: String = text.chars().map(narrow).collect();
    let number = without_unit(narrow.trim());
    let is_degrees = || degrees_minutes_seconds(number).is_some();
    number.parse::<f64>().is_err()
        && (without_commas(number).is_some() || !is_degrees() && parted_by_blanks(number).is_some())
}

fn without_unit(text: &str) -> &str {
    text.trim_end_matches(['m', '米']).trim_end()
}

fn without_commas(text: &str) -> Option<f64> {
    text.replace(',', "").parse().ok()
}

/// `836 694.05`, with any blank of Unicode: a group of up to three digits, then groups of three.
fn parted_by_blanks(text: &str) -> Option<f64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let groups: Vec<&str> = whole.split(char::is_whitespace).collect();
    let [first, others @ ..] = &groups[..] else { return None };
    let are_thousands = (1..=3).contains(&first.len()) && others.iter().all(|group| group.len() == 3);
    let are_digits = groups.iter().copied().chain([decimals]).all(is_digits);
    (are_thousands && are_digits).then(|| format!("{sign}{}.{decimals}", groups.concat()).parse().ok()).flatten()
}

/// Full-width digits, letters and points as the ASCII ones.
fn narrow(character: char) -> char {
    const FULL_WIDTH: std::ops::RangeInclusive<char> = '！'..='～';
    const STEP: u32 = 'Ａ' as u32 - 'A' as u32;
    match FULL_WIDTH.contains(&character) {
        true => char::from_u32(u32::from(character) - STEP).unwrap_or(character),
        false => character,
    }
}

const HEMISPHERES: [(&str, &str); 6] =
    [("東經", "E"), ("东经", "E"), ("西經", "W"), ("西经", "W"), ("北緯", "N"), ("北纬", "N")];

fn degrees_minutes_seconds(text: &str) -> Option<f64> {
    let upper = HEMISPHERES.iter().fold(text.to_uppercase(), |text, (name, letter)| text.replace(name, letter));
    let ends_in = |letter: char| upper.starts_with(letter) || upper.ends_with(letter);
    let is_negative = ends_in('S') || ends_in('W') || upper.starts_with('-');
    let is_degrees = upper.contains(['°', '度', 'º']) || ['N', 'S', 'E', 'W'].into_iter().any(ends_in);
    let trimmed = upper.trim_matches(|c: char| matches!(c, 'N' | 'S' | 'E' | 'W' | '-') || c.is_whitespace());
    let is_separator = |c: char| {
        matches!(c, '-' | '°' | 'º' | '\'' | '"' | '′' | '″' | '’' | '”' | ':' | '度' | '分' | '秒')
            || c.is_whitespace()
    };
    let parts: Vec<f64> = trimmed
        .split(is_separator)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<f64>().ok())
        .collect::<Option<_>>()?;
    let (degrees, minutes, seconds) = match parts[..] {
        [degrees] if is_degrees => (degrees, 0.0, 0.0),
        [degrees, minutes] => (degrees, minutes, 0.0),
        [degrees, minutes, seconds] => (degrees, minutes, seconds),
        _ => return None,
    };
    let is_sound = degrees <= 180.0 && (0.0..60.0).contains(&minutes) && (0.0..60.0).contains(&seconds);
    let value = degrees + minutes / 60.0 + seconds / 3600.0;
    is_sound.then_some(if is_negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_are_read_as_departments_write_them() {
        for (text, value) in [
            ("836694.05", Some(836694.05)),
            ("836,694.05", Some(836694.05)),
            ("836 694.05", Some(836694.05)),
            ("836\u{A0}694", Some(836694.0)),
            ("８３６\u{3000}６９４．０５ｍ", Some(836694.05)),
            ("-1 836 694", Some(-1836694.0)),
            ("836 69.05", None),
            ("8366 940", None),
            ("836 694 05", None),
            ("22 100", Some(22100.0)),
            (" 114.17 ", Some(114.17)),
            ("114-11-14", Some(114.0 + 11.0 / 60.0 + 14.0 / 3600.0)),
            ("22°29'36\"", Some(22.0 + 29.0 / 60.0 + 36.0 / 3600.0)),
            ("22 30 0 S", Some(-22.5)),
            ("114.25° E", Some(114.25)),
            ("N22.5", Some(22.5)),
            ("22.5 S", Some(-22.5)),
            ("東經114度30分", Some(114.5)),
            ("北纬22度30分0秒", Some(22.5)),
            ("22.5°", Some(22.5)),
            ("１１４．２５", Some(114.25)),
            ("836694.05 m", Some(836694.05)),
            ("E", None),
            ("18 degrees", None),
            ("N.A.", None),
            ("", None),
            ("22-75-00", None),
            ("inf", None),
        ] {
            assert_eq!(parse_coordinate(text), value, "{text}");
        }
    }

    #[test]
    fn parted_thousands_are_told_from_plain_numbers_and_degrees() {
        for (text, parted) in [
            ("836,694.05", true),
            ("８３６，６９４", true),
            ("836\u{202F}694.05 m", true),
            ("836694.05", false),
            ("22 30 36", false),
            ("114 17.5", false),
            ("N.A.", false),
        ] {
            assert_eq!(has_parted_thousands(text), parted, "{text}");
        }
    }

    #[test]
    fn columns_are_found_by_their_usual_names() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let both = find(&names(&["key", "Easting", "Northing", "Latitude", "Longitude"]));
        let chosen = |precise: bool| both.clone().choose(|_| precise).map(|found| (found.x, found.y, found.crs));
        assert_eq!(chosen(false), Some((1, 2, "EPSG:2326")));
        assert_eq!(chosen(true), Some((4, 3, "EPSG:4326")));
        let found = find(&names(&["lat", "lon"])).choose(|_| false).unwrap();
        assert_eq!((found.x, found.y, found.crs), (1, 0, "EPSG:4326"));
        assert_eq!(find(&names(&["x", "name"])).choose(|_| true), None);
        let unnamed = find(&names(&["Y", "X"])).choose(|_| true).unwrap();
        assert_eq!((unnamed.x, unnamed.y, unnamed.crs), (1, 0, ""));
    }

    #[test]
    fn columns_are_found_by_words_inside_longer_names_if_only_one_fits() {
        for (names, expected) in [
            (["HK1980 Easting (m)", "HK1980 Northing (m)", "z"], Some("EPSG:2326")),
            (["香港1980方格網東", "香港1980方格網北", "z"], Some("EPSG:2326")),
            (["橫座標", "纵坐标", "z"], Some("EPSG:2326")),
            (["GPS Longitude", "GPS Latitude", "z"], Some("EPSG:4326")),
            (["locationLong", "locationLat", "z"], Some("EPSG:4326")),
            (["WGS84_LONG", "WGS84_LAT", "z"], Some("EPSG:4326")),
            (["HK80 Longitude", "HK80 Latitude", "z"], Some("EPSG:4611")),
            (["經度 (WGS84)", "緯度 (WGS84)", "z"], Some("EPSG:4326")),
            (["E", "N", "z"], Some("")),
            (["X座標", "Ｙ坐標", "z"], Some("")),
            (["Start Easting", "Start Northing", "End Easting"], None),
            (["Plateau", "Belongs to", "Latest"], None),
            (["East", "North", "z"], None),
        ] {
            let found = find(&names.map(str::to_owned)).choose(|_| false);
            assert_eq!(found.map(|found| (found.x, found.y, found.crs)), expected.map(|crs| (0, 1, crs)), "{names:?}");
        }
    }

    #[test]
    fn precise_degrees_are_told_from_whole_seconds() {
        for (text, precise) in [("114.1501576", true), ("114.15", false), ("114-08-28", false), ("832591.32012", false)]
        {
            assert_eq!(is_precise_degrees(text), precise, "{text}");
        }
    }
}
