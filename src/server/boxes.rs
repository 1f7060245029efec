//! `bbox` and `bbox-crs`, OGC 17-069r4 §7.15.3 and OGC 18-058r1 §6.2.

use super::fault::{BoxFault, Refused};
use super::problem::Problem;
use super::request::Parameters;
use super::selection::offered;
use crate::base::BBox;
use crate::base::ids::cut;
use crate::catalogue::LayerRecord;
use crate::crs::{AxisOrder, System};
use crate::filter::Filter;

/// What a place may move by when it is converted and rounded: the millimetre that a round trip promises.
const CONVERSION_ERROR_M: f64 = 0.001;
const CONVERSION_ERROR_DEG: f64 = 1e-8;

/// The lower and upper edges of both axes in the order of a system.
pub struct Edges {
    edges: [f64; 4],
    system: System,
}

impl Edges {
    /// Of a client that draws maps, which may show more than the world: what lies beyond is cut off.
    pub fn within_the_world(mut edges: [f64; 4], system: System, order: AxisOrder) -> Self {
        if system.changes_places_for(order) {
            edges = [edges[1], edges[0], edges[3], edges[2]];
        }
        if system.keeps_boxes()
            && let (Some((first_low, second_low)), Some((first_high, second_high))) =
                (system.from_degrees(-180.0, -90.0), system.from_degrees(180.0, 90.0))
        {
            let lows = [first_low, second_low, first_low, second_low];
            let highs = [first_high, second_high, first_high, second_high];
            edges = std::array::from_fn(|edge| edges[edge].clamp(lows[edge], highs[edge]));
        }
        Edges { edges, system }
    }

    /// Wider by what a conversion may err by, unless the corners are none of a box.
    fn widened(&self) -> [f64; 4] {
        let [first_low, second_low, first_high, second_high] = self.edges;
        if first_low > first_high || second_low > second_high {
            return self.edges;
        }
        let error = if self.system.is_in_degrees() { CONVERSION_ERROR_DEG } else { CONVERSION_ERROR_M };
        [first_low - error, second_low - error, first_high + error, second_high + error]
    }
}

/// Takes both; `bbox-crs` without `bbox` says nothing and is refused only if it is not offered.
pub fn take(
    parameters: &mut Parameters,
    record: &LayerRecord,
    keep: &mut impl FnMut(&str, &str),
) -> Result<Option<Edges>, Problem> {
    let system = match parameters.take("bbox-crs") {
        Some(uri) => {
            keep("bbox-crs", &uri);
            offered("bbox-crs", &uri, record)?
        }
        None => System::Crs84,
    };
    let Some(text) = parameters.take("bbox") else { return Ok(None) };
    keep("bbox", &text);
    Ok(Some(Edges { edges: edges_of(&text, system)?, system }))
}

/// The box in degrees where it is one there too; else its outline becomes a condition. Where coordinates
/// are computed and do not just change places, the box is wider by what that may err by: a converted
/// extent of a layer finds what lies on its edge too.
pub fn apply(edges: Option<Edges>, filter: &mut Filter) -> Result<Option<BBox>, Problem> {
    let Some(edges) = edges else { return Ok(None) };
    let system = edges.system;
    if !system.keeps_boxes() {
        let wrong = |why: String| Problem::bad_request(format!("bbox: {why}"));
        filter.add_box(edges.widened(), system).map_err(wrong)?;
        return Ok(None);
    }
    let [first_low, second_low, first_high, second_high] = edges.edges;
    let wrong = || Problem::bad_request(format!("bbox has no place on the earth in {}", system.uri()));
    let (west, south) = system.to_degrees(first_low, second_low).ok_or_else(wrong)?;
    let (east, north) = system.to_degrees(first_high, second_high).ok_or_else(wrong)?;
    let bbox = checked(BBox::new(west, south, east, north), &written(edges.edges), system)?;
    Ok(Some(if system.is_geographic() { bbox } else { bbox.widened(CONVERSION_ERROR_DEG) }))
}

fn written(edges: [f64; 4]) -> String {
    edges.map(|edge| edge.to_string()).join(",")
}

fn wrong(text: &str, why: BoxFault, system: System) -> Problem {
    match system {
        System::Crs84 => Refused::Box { value: text.to_owned(), why }.into(),
        other => Problem::bad_request(format!(
            "bbox=\"{}\" {}; accepted are the lower corner and the upper one in {}, each as {}",
            cut(text),
            why.in_english(),
            other.uri(),
            other.axes()
        )),
    }
}

/// Four numbers, or six with heights, which are not looked at.
fn edges_of(text: &str, system: System) -> Result<[f64; 4], Problem> {
    let numbers: Vec<f64> = text
        .split(',')
        .map(|part| part.trim().parse::<f64>().ok().filter(|number| number.is_finite()))
        .collect::<Option<_>>()
        .ok_or_else(|| wrong(text, BoxFault::NotNumbers, system))?;
    match numbers[..] {
        [west, south, east, north] => Ok([west, south, east, north]),
        [west, south, _, east, north, _] => Ok([west, south, east, north]),
        _ => Err(wrong(text, BoxFault::Count(numbers.len()), system)),
    }
}

fn checked(bbox: BBox, text: &str, system: System) -> Result<BBox, Problem> {
    if bbox.south_deg > bbox.north_deg {
        return Err(wrong(text, BoxFault::Upturned, system));
    }
    let in_range = |degrees: f64, most: f64| (-most..=most).contains(&degrees);
    let is_in_world = in_range(bbox.west_deg, 180.0)
        && in_range(bbox.east_deg, 180.0)
        && in_range(bbox.south_deg, 90.0)
        && in_range(bbox.north_deg, 90.0);
    if is_in_world { Ok(bbox) } else { Err(wrong(text, BoxFault::BeyondTheWorld, system)) }
}

/// A box in CRS84 degrees.
pub fn parse_bbox(text: &str) -> Result<BBox, Problem> {
    checked(BBox::from(edges_of(text, System::Crs84)?), text, System::Crs84)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_read_or_refused_with_the_reason() {
        for good in ["113.8,22.1,114.5,22.6", "177,65,-177,70", "-180,-90,180,90", "1,2,0,3,4,9"] {
            assert!(parse_bbox(good).is_ok(), "{good}");
        }
        for (bad, part) in [
            ("1,2,3", "3 numbers"),
            ("1,2,3,4,5", "5 numbers"),
            ("a,2,3,4", "not a number"),
            ("NaN,2,3,4", "not a number"),
            ("1,5,3,4", "south above"),
            ("1,2,3,91", "leaves the world"),
            ("", "not a number"),
        ] {
            assert!(parse_bbox(bad).unwrap_err().detail.contains(part), "{bad}");
        }
    }
}
