//! The delivery against places that somebody surveyed: the definition names features and where they
//! are, and a delivery that has them elsewhere is wrong as a whole.

use super::agreement::{Mistake, distance_m};
use super::delivery::SourceField;
use crate::base::Value;
use crate::crs;
use crate::definition::ControlPoint;
use crate::geometry::Shape;

/// The control points of a definition, and what was seen of their features.
#[derive(Clone, Debug, Default)]
pub struct Control {
    points: Vec<Watched>,
}

#[derive(Clone, Debug)]
struct Watched {
    point: ControlPoint,
    /// Columns of the fields that tell the feature, with the values it has there.
    columns: Vec<(usize, String)>,
    features: u64,
    /// What is wrong with the feature, if anything is.
    fault: Option<String>,
}

impl Control {
    /// The fields were looked up before: every one that a definition names is in the delivery.
    pub fn over(points: &[ControlPoint], fields: &[SourceField]) -> Self {
        let column = |name: &str| fields.iter().position(|field| field.name == name);
        let watched = points.iter().map(|point| Watched {
            columns: point.feature.iter().filter_map(|(name, value)| Some((column(name)?, value.clone()))).collect(),
            point: point.clone(),
            features: 0,
            fault: None,
        });
        Control { points: watched.collect() }
    }

    /// Looks at a feature that is kept.
    pub fn see(&mut self, shape: Option<&Shape>, values: &[Value]) {
        for watched in &mut self.points {
            let is_it = watched.columns.iter().all(|(column, wanted)| {
                values.get(*column).and_then(as_text).is_some_and(|found| found.trim() == wanted.trim())
            });
            if is_it {
                watched.features += 1;
                watched.fault = watched.fault_of(shape);
            }
        }
    }

    /// The first control point that the delivery misses.
    pub fn verdict(&self) -> Option<String> {
        self.points.iter().find_map(|watched| {
            let name = watched.name();
            match watched.features {
                0 => Some(format!("no feature is that of the control point {name}")),
                1 => watched.fault.as_ref().map(|fault| format!("the control point {name} {fault}")),
                several => Some(format!("the control point {name} fits {several} features; name more of its fields")),
            }
        })
    }
}

impl Watched {
    fn name(&self) -> String {
        let parts = self.point.feature.iter().map(|(field, value)| format!("\"{field}\" = \"{value}\""));
        parts.collect::<Vec<_>>().join(", ")
    }

    fn fault_of(&self, shape: Option<&Shape>) -> Option<String> {
        let Some((degrees, place)) = shape.and_then(|shape| self.nearest(shape)) else {
            return Some("has no place in or near Hong Kong in the delivery".to_owned());
        };
        let ControlPoint { place: known, tolerance_m, .. } = self.point;
        let away_m = distance_m(place, known);
        if away_m <= tolerance_m {
            return None;
        }
        let remedy = Mistake::between(place, known, tolerance_m, degrees)
            .map_or(String::new(), |mistake| format!(", {}", mistake.remedy()));
        Some(format!("lies {away_m:.0} m from where it is{remedy}"))
    }

    /// The vertex next to the control point, in degrees and in metres of the grid.
    fn nearest(&self, shape: &Shape) -> Option<((f64, f64), (f64, f64))> {
        let placed =
            shape.points.iter().filter_map(|(lon, lat)| Some(((*lon, *lat), crs::to_hk1980_grid(*lon, *lat)?)));
        let away = |place: (f64, f64)| distance_m(place, self.point.place);
        placed.min_by(|a, b| away(a.1).total_cmp(&away(b.1)))
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Null | Value::Boolean(_) => None,
    }
}
