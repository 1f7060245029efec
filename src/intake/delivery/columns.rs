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
    let pair = |x: &[&str], y: &[&str], crs| Some(CoordinateColumns { x: place(x)?, y: place(y)?, crs });
    FoundColumns {
        grid: pair(&EASTING, &NORTHING, "EPSG:2326"),
        degrees: pair(&LONGITUDE, &LATITUDE, "EPSG:4326"),
        unnamed: pair(&X, &Y, ""),
    }
}

/// A coordinate as text: a plain number, thousands parted by commas, or degrees, minutes and
/// seconds as `114-11-14`, `22°29'36"`, `22 29 36N`.
pub fn parse_coordinate(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let plain = text.replace(',', "");
    if let Ok(number) = plain.parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    degrees_minutes_seconds(text)
}

fn degrees_minutes_seconds(text: &str) -> Option<f64> {
    let upper = text.to_uppercase();
    let is_negative = upper.ends_with('S') || upper.ends_with('W') || upper.starts_with('-');
    let trimmed = upper.trim_matches(|c: char| matches!(c, 'N' | 'S' | 'E' | 'W' | '-') || c.is_whitespace());
    let is_separator = |c: char| {
        matches!(c, '-' | '°' | '\'' | '"' | '′' | '″' | '’' | '”' | ':' | '度' | '分' | '秒') || c.is_whitespace()
    };
    let parts: Vec<f64> = trimmed
        .split(is_separator)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse::<f64>().ok())
        .collect::<Option<_>>()?;
    let (degrees, minutes, seconds) = match parts[..] {
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
            (" 114.17 ", Some(114.17)),
            ("114-11-14", Some(114.0 + 11.0 / 60.0 + 14.0 / 3600.0)),
            ("22°29'36\"", Some(22.0 + 29.0 / 60.0 + 36.0 / 3600.0)),
            ("22 30 0 S", Some(-22.5)),
            ("N.A.", None),
            ("", None),
            ("22-75-00", None),
            ("inf", None),
        ] {
            assert_eq!(parse_coordinate(text), value, "{text}");
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
    fn precise_degrees_are_told_from_whole_seconds() {
        for (text, precise) in [("114.1501576", true), ("114.15", false), ("114-08-28", false), ("832591.32012", false)]
        {
            assert_eq!(is_precise_degrees(text), precise, "{text}");
        }
    }
}
