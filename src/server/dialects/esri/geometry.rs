//! `geometry`, `geometryType` and `spatialRel`: the features that share a point with a geometry.

use geo_types::{Coord, Geometry, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon};
use serde_json::Value;

use super::super::{add_box, box_numbers};
use super::request::system;
use crate::base::ids::cut;
use crate::base::limits;
use crate::catalogue::LayerRecord;
use crate::crs::{AxisOrder, System};
use crate::query::FeatureQuery;
use crate::server::problem::Problem;
use crate::server::request::Parameters;

/// What is asked is whether the two share a point; a query by envelopes is answered exactly.
const RELATIONS: [&str; 3] =
    ["esriSpatialRelIntersects", "esriSpatialRelEnvelopeIntersects", "esriSpatialRelIndexIntersects"];

/// Takes the three and adds what they ask. `in_system` is what `inSR` said, degrees if nothing.
pub fn take(
    parameters: &mut Parameters,
    in_system: Option<System>,
    record: &LayerRecord,
    query: &mut FeatureQuery,
) -> Result<(), Problem> {
    let relation = parameters.take_any_case("spatialRel");
    let kind = parameters.take_any_case("geometryType");
    let Some(text) = parameters.take_any_case("geometry") else { return Ok(()) };
    if let Some(relation) = relation
        && !RELATIONS.iter().any(|known| known.eq_ignore_ascii_case(&relation))
    {
        return Err(Problem::bad_request(format!(
            "spatialRel=\"{}\" is not offered; accepted is esriSpatialRelIntersects",
            cut(&relation)
        )));
    }
    let document: Option<Value> =
        text.trim_start().starts_with('{').then(|| serde_json::from_str(&text).ok()).flatten();
    let of_its_own = document.as_ref().and_then(|document| document.get("spatialReference"));
    let system = match of_its_own {
        Some(reference) if !reference.is_null() => system("geometry", &reference.to_string(), record)?,
        _ => in_system.unwrap_or(System::Epsg4326),
    };
    let kind = kind.unwrap_or_else(|| "esriGeometryEnvelope".to_owned());
    let wrong = || wrong(&kind, &text);
    let geometry = match (kind.as_str(), &document) {
        ("esriGeometryEnvelope", document) => {
            let edges = match document {
                Some(document) => envelope(document).ok_or_else(wrong)?,
                None => box_numbers("geometry", &text)?.0,
            };
            return add_box("geometry", edges, (system, AxisOrder::EastFirst), query);
        }
        ("esriGeometryPoint", Some(document)) => number(document, "x").zip(number(document, "y")).map(point),
        ("esriGeometryPoint", None) => {
            let pair = text.split_once(',').and_then(|(x, y)| Some((x.trim().parse().ok()?, y.trim().parse().ok()?)));
            pair.map(point)
        }
        ("esriGeometryMultipoint", Some(document)) => {
            run(document.get("points")).map(|points| Geometry::MultiPoint(MultiPoint::from(points)))
        }
        ("esriGeometryPolyline", Some(document)) => runs(document.get("paths"))
            .map(|paths| Geometry::MultiLineString(MultiLineString(paths.into_iter().map(LineString).collect()))),
        ("esriGeometryPolygon", Some(document)) => runs(document.get("rings")).map(polygons),
        _ => None,
    };
    let geometry = geometry.ok_or_else(wrong)?;
    query
        .filter
        .add_geometry(&in_order_of_authority(geometry, system), system)
        .map_err(|reason| Problem::bad_request(format!("geometry: {reason}")))
}

fn wrong(kind: &str, text: &str) -> Problem {
    Problem::bad_request(format!(
        "geometry=\"{}\" is not a geometry of geometryType=\"{}\" with at most {} vertices; accepted are \
         esriGeometryEnvelope, esriGeometryPoint, esriGeometryMultipoint, esriGeometryPolyline, esriGeometryPolygon",
        cut(text),
        cut(kind),
        limits::FILTER_VERTICES_MAX
    ))
}

fn number(document: &Value, name: &str) -> Option<f64> {
    document.get(name)?.as_f64().filter(|number| number.is_finite())
}

fn envelope(document: &Value) -> Option<[f64; 4]> {
    let edge = |name| number(document, name);
    Some([edge("xmin")?, edge("ymin")?, edge("xmax")?, edge("ymax")?])
}

fn point((x, y): (f64, f64)) -> Geometry<f64> {
    Geometry::Point(Point::new(x, y))
}

/// `[[x, y], …]`, heights passed over.
fn run(points: Option<&Value>) -> Option<Vec<Coord<f64>>> {
    let points = points?.as_array().filter(|points| (1..=limits::FILTER_VERTICES_MAX).contains(&points.len()))?;
    points
        .iter()
        .map(|point| {
            let (x, y) = (point.get(0)?.as_f64()?, point.get(1)?.as_f64()?);
            (x.is_finite() && y.is_finite()).then_some(Coord { x, y })
        })
        .collect()
}

fn runs(runs: Option<&Value>) -> Option<Vec<Vec<Coord<f64>>>> {
    let runs = runs?.as_array().filter(|runs| !runs.is_empty())?;
    let runs: Vec<Vec<Coord<f64>>> = runs.iter().map(|points| run(Some(points))).collect::<Option<_>>()?;
    (runs.iter().map(Vec::len).sum::<usize>() <= limits::FILTER_VERTICES_MAX).then_some(runs)
}

/// Outer rings run with the clock, each with the holes that lie in it; a hole in none is taken for
/// an outer ring that runs the wrong way.
fn polygons(rings: Vec<Vec<Coord<f64>>>) -> Geometry<f64> {
    let (mut outer, mut holes) = (Vec::new(), Vec::new());
    for ring in rings {
        let list = if doubled_area(&ring) <= 0.0 { &mut outer } else { &mut holes };
        list.push(ring);
    }
    let mut parts: Vec<Polygon<f64>> =
        outer.into_iter().map(|ring| Polygon::new(LineString(ring), Vec::new())).collect();
    for hole in holes {
        let lies_in =
            |part: &&mut Polygon<f64>| hole.first().is_some_and(|point| lies_within(*point, &part.exterior().0));
        match parts.iter_mut().find(lies_in) {
            Some(part) => part.interiors_push(LineString(hole)),
            None => parts.push(Polygon::new(LineString(hole), Vec::new())),
        }
    }
    Geometry::MultiPolygon(MultiPolygon(parts))
}

/// Twice the area, above 0 where the ring runs against the clock.
fn doubled_area(ring: &[Coord<f64>]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter().zip(next).map(|(a, b)| a.x * b.y - b.x * a.y).sum()
}

fn lies_within(point: Coord<f64>, ring: &[Coord<f64>]) -> bool {
    let next = ring.iter().cycle().skip(1);
    let crossings = ring.iter().zip(next).filter(|(a, b)| {
        let spans = (a.y > point.y) != (b.y > point.y);
        spans && point.x < a.x + (point.y - a.y) / (b.y - a.y) * (b.x - a.x)
    });
    crossings.count() % 2 == 1
}

fn in_order_of_authority(geometry: Geometry<f64>, system: System) -> Geometry<f64> {
    match system.changes_places_for(AxisOrder::EastFirst) {
        true => geo::MapCoords::map_coords(&geometry, |Coord { x, y }| Coord { x: y, y: x }),
        false => geometry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rings_are_told_apart_by_the_way_they_run() {
        let ring = |x: f64, size: f64, is_hole: bool| {
            let mut points = vec![(x, 0.0), (x, size), (x + size, size), (x + size, 0.0), (x, 0.0)];
            if is_hole {
                points.reverse();
            }
            points.into_iter().map(|(x, y)| Coord { x, y: y - size / 2.0 }).collect::<Vec<_>>()
        };
        let shapes = |rings: Vec<Vec<Coord<f64>>>| match polygons(rings) {
            Geometry::MultiPolygon(parts) => parts.0.iter().map(|part| part.interiors().len()).collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        assert_eq!(shapes(vec![ring(0.0, 4.0, false), ring(1.0, 1.0, true), ring(9.0, 1.0, false)]), [1, 0]);
        // Drawn by a client that does not know the rule.
        assert_eq!(shapes(vec![ring(0.0, 4.0, true)]), [0]);
    }
}
