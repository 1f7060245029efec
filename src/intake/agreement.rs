//! A feature's place against the coordinates that stand in its own columns: many departments
//! deliver both, and where they disagree one of them is wrong.

use super::delivery::SourceField;
use super::delivery::columns::{self, CoordinateColumns};
use crate::base::{Value, limits};
use crate::crs;

/// The columns that are compared, and how often they went wrong in the same known way.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    pairs: Vec<Pair>,
    compared: u64,
    by_mistake: [u64; 2],
}

#[derive(Clone, Debug)]
struct Pair {
    columns: CoordinateColumns,
    is_grid: bool,
    name: String,
}

/// One disagreement.
#[derive(Clone, Debug, PartialEq)]
pub struct Disagreement {
    pub distance_m: f64,
    pub what: String,
}

impl Agreement {
    pub fn over(fields: &[SourceField]) -> Self {
        let names: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
        let found = columns::find(&names);
        let pair = |columns: CoordinateColumns, is_grid| Pair {
            name: format!("{} and {}", names[columns.x], names[columns.y]),
            columns,
            is_grid,
        };
        let grid = found.grid.map(|columns| pair(columns, true));
        let degrees = found.degrees.map(|columns| pair(columns, false));
        Agreement { pairs: grid.into_iter().chain(degrees).collect(), ..Agreement::default() }
    }

    /// Compares a point in CRS84 with each pair of its columns; answers the worst disagreement.
    pub fn compare(&mut self, (lon_deg, lat_deg): (f64, f64), values: &[Value]) -> Option<Disagreement> {
        if self.pairs.is_empty() {
            return None;
        }
        let place = crs::to_hk1980_grid(lon_deg, lat_deg)?;
        let mut worst: Option<Disagreement> = None;
        let pairs = std::mem::take(&mut self.pairs);
        for pair in &pairs {
            let Some((written, tolerance_m)) = pair.written(values) else { continue };
            self.compared += 1;
            let distance_m = distance_m(place, written);
            if distance_m <= tolerance_m {
                continue;
            }
            let cause = self.cause(place, written, tolerance_m, pair, (lon_deg, lat_deg));
            let what = format!("its {} say a place {distance_m:.0} m away{cause}", pair.name);
            if worst.as_ref().is_none_or(|worst| worst.distance_m < distance_m) {
                worst = Some(Disagreement { distance_m, what });
            }
        }
        self.pairs = pairs;
        worst
    }

    /// A mistake that is known by where it puts things.
    fn cause(
        &mut self,
        place: (f64, f64),
        written: (f64, f64),
        tolerance_m: f64,
        pair: &Pair,
        degrees: (f64, f64),
    ) -> &'static str {
        if pair.is_grid && distance_m((written.1, written.0), place) <= tolerance_m {
            return "; easting and northing are exchanged";
        }
        match Mistake::between(place, written, tolerance_m, degrees) {
            Some(Mistake::MissingShift) => {
                self.by_mistake[0] += 1;
                "; one of the two lacks the shift from Hong Kong 1980 to WGS 84"
            }
            Some(Mistake::WrongRotation) => {
                self.by_mistake[1] += 1;
                "; one of the two was shifted with rotations of the wrong sign"
            }
            None => "",
        }
    }

    /// What is wrong with the whole delivery, where nearly all rows went wrong in the same known way.
    pub fn verdict(&self) -> Option<String> {
        const ROWS_MIN: u64 = 5;
        let is_nearly_all = |count: u64| self.compared >= ROWS_MIN && count * 10 >= self.compared * 9;
        let [shift, rotation] = self.by_mistake;
        if is_nearly_all(shift) {
            return Some(format!(
                "{shift} of {} places lie some 304 m from the coordinates in their own rows, {}",
                self.compared,
                Mistake::MissingShift.remedy()
            ));
        }
        is_nearly_all(rotation).then(|| {
            format!(
                "{rotation} of {} places lie some 56 m from the coordinates in their own rows, {}",
                self.compared,
                Mistake::WrongRotation.remedy()
            )
        })
    }
}

/// Metres between two places of the grid.
pub fn distance_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// The two mistakes that are often made between Hong Kong's grid and WGS 84.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    MissingShift,
    WrongRotation,
}

impl Mistake {
    /// The mistake that leads from one place of the grid to another, whichever of the two is right.
    pub fn between(
        place: (f64, f64),
        other: (f64, f64),
        tolerance_m: f64,
        (lon_deg, lat_deg): (f64, f64),
    ) -> Option<Mistake> {
        let is_near = |offset: (f64, f64)| {
            distance_m((other.0 + offset.0, other.1 + offset.1), place) <= tolerance_m
                || distance_m((other.0 - offset.0, other.1 - offset.1), place) <= tolerance_m
        };
        let known = crs::known_mistakes(lon_deg, lat_deg)?;
        match (is_near(known.missing_shift), is_near(known.wrong_rotation)) {
            (true, _) => Some(Mistake::MissingShift),
            (_, true) => Some(Mistake::WrongRotation),
            _ => None,
        }
    }

    /// What was done wrong, and how to do it right.
    pub fn remedy(self) -> &'static str {
        match self {
            Mistake::MissingShift => {
                "as they do without the shift from Hong Kong 1980 to WGS 84; if the geometry is in Hong Kong 1980 degrees, declare crs = \"EPSG:4611\""
            }
            Mistake::WrongRotation => {
                "as they do when the rotations of EPSG:1825 are taken with the wrong sign; transform the delivery anew, or hand it in as EPSG:2326"
            }
        }
    }
}

impl Pair {
    /// Where the columns say the feature is, in metres of the grid, and how far from it the
    /// feature may be, for degrees are often rounded.
    fn written(&self, values: &[Value]) -> Option<((f64, f64), f64)> {
        let (x, rounding_x) = number(values.get(self.columns.x)?)?;
        let (y, rounding_y) = number(values.get(self.columns.y)?)?;
        if (x, y) == (0.0, 0.0) {
            return None;
        }
        if self.is_grid {
            return Some(((x, y), limits::DISAGREEMENT_M));
        }
        const METRES_IN_DEGREE: f64 = 111_320.0;
        let place = crs::to_hk1980_grid(x, y)?;
        Some((place, limits::DISAGREEMENT_M + METRES_IN_DEGREE * rounding_x.hypot(rounding_y)))
    }
}

/// A number and half of its last digit, in its own unit.
fn number(value: &Value) -> Option<(f64, f64)> {
    const HALF_A_SECOND: f64 = 0.5 / 3600.0;
    match value {
        Value::Integer(number) => Some((*number as f64, 0.5)),
        Value::Real(number) => Some((*number, half_of_last_digit(&number.to_string()))),
        Value::Text(text) => {
            let number = columns::parse_coordinate(text)?;
            let is_plain = text.trim().replace(',', "").parse::<f64>().is_ok();
            let seconds_are_whole = !is_plain && !text.contains('.');
            let rounding = match (is_plain, seconds_are_whole) {
                (true, _) => half_of_last_digit(text.trim()),
                (false, true) => HALF_A_SECOND,
                (false, false) => half_of_last_digit(text.trim_end_matches(|c: char| !c.is_ascii_digit())) / 3600.0,
            };
            Some((number, rounding))
        }
        Value::Null | Value::Boolean(_) => None,
    }
}

fn half_of_last_digit(text: &str) -> f64 {
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    0.5 * 10f64.powi(-(decimals as i32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FieldKind;

    fn fields(names: &[&str]) -> Vec<SourceField> {
        names
            .iter()
            .map(|name| SourceField { name: (*name).to_owned(), kind: FieldKind::Text, untyped: true })
            .collect()
    }

    fn texts(values: &[&str]) -> Vec<Value> {
        values.iter().map(|value| Value::Text((*value).to_owned())).collect()
    }

    /// The first control point of the Lands Department.
    const PLACE: (f64, f64) = (114.141187917, 22.322172085);

    #[test]
    fn each_known_mistake_is_named_with_its_distance() {
        for (names, values, part) in [
            (["Easting", "Northing"], ["832591.320", "820351.389"], ""),
            (["Easting", "Northing"], ["832594", "820353"], ""),
            (["Easting", "Northing"], ["820351.389", "832591.320"], "17310 m away; easting and northing are exchanged"),
            (
                ["Longitude", "Latitude"],
                ["114.138734989", "22.323701767"],
                "304 m away; one of the two lacks the shift",
            ),
            (["Longitude", "Latitude"], ["114-08-28", "22-19-20"], ""),
            (["Longitude", "Latitude"], ["114.14", "22.32"], ""),
            (["Easting", "Northing"], ["832691.3", "820351.4"], "100 m away"),
            (["Easting", "Northing"], ["N.A.", "820351.4"], ""),
        ] {
            let found = Agreement::over(&fields(&names)).compare(PLACE, &texts(&values));
            match part {
                "" => assert_eq!(found, None, "{values:?}"),
                part => {
                    let what = found.unwrap_or_else(|| panic!("{values:?}")).what;
                    assert!(what.contains(part), "{what}");
                }
            }
        }
    }

    #[test]
    fn a_rotation_of_the_wrong_sign_is_told_by_where_it_leads() {
        let wrong = crs::known_mistakes(PLACE.0, PLACE.1).unwrap().wrong_rotation;
        let length = wrong.0.hypot(wrong.1);
        assert!((50.0..62.0).contains(&length), "{length}");
        let values = texts(&[&format!("{}", 832591.320 - wrong.0), &format!("{}", 820351.389 - wrong.1)]);
        let mut agreement = Agreement::over(&fields(&["Easting", "Northing"]));
        for _ in 0..5 {
            assert!(agreement.compare(PLACE, &values).unwrap().what.contains("wrong sign"));
        }
        assert!(agreement.verdict().unwrap().contains("56 m"));
    }

    #[test]
    fn a_delivery_without_its_shift_is_judged_as_a_whole() {
        let mut agreement = Agreement::over(&fields(&["Easting", "Northing"]));
        for _ in 0..9 {
            agreement.compare((114.138734989, 22.323701767), &texts(&["832591.320", "820351.389"]));
        }
        assert!(agreement.verdict().unwrap().contains("EPSG:4611"));
        let mut sound = Agreement::over(&fields(&["Easting", "Northing"]));
        for _ in 0..9 {
            sound.compare(PLACE, &texts(&["832591.320", "820351.389"]));
        }
        assert_eq!(sound.verdict(), None);
    }
}
