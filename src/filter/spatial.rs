//! How two geometries lie to each other: the eight relations of OGC 06-103r4 §6.1.15.3, computed
//! exactly on the plane of longitude and latitude.

use geo::{PreparedGeometry, Relate, Validation};
use geo_types::{Coord, Geometry, LineString, MultiPolygon, Point, Polygon, Rect};

use crate::base::BBox;
use crate::crs::System;
use crate::geometry::{GeometryFault, Shape, blob};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpatialOperator {
    Intersects,
    Equals,
    Disjoint,
    Touches,
    Within,
    Overlaps,
    Crosses,
    Contains,
}

/// A geometry that a filter writes, in CRS84 degrees and valid.
#[derive(Clone, Debug, PartialEq)]
pub struct SpatialLiteral {
    pub geometry: Geometry<f64>,
    /// The least box around it; boxes that cross the antimeridian are two, see `boxes`.
    pub envelope: BBox,
    /// The one or two boxes that the literal is, where it was written as a box.
    pub boxes: Option<(BBox, Option<BBox>)>,
}

impl SpatialOperator {
    pub const ALL: [SpatialOperator; 8] = [
        SpatialOperator::Intersects,
        SpatialOperator::Equals,
        SpatialOperator::Disjoint,
        SpatialOperator::Touches,
        SpatialOperator::Within,
        SpatialOperator::Overlaps,
        SpatialOperator::Crosses,
        SpatialOperator::Contains,
    ];

    pub fn name(self) -> &'static str {
        match self {
            SpatialOperator::Intersects => "s_intersects",
            SpatialOperator::Equals => "s_equals",
            SpatialOperator::Disjoint => "s_disjoint",
            SpatialOperator::Touches => "s_touches",
            SpatialOperator::Within => "s_within",
            SpatialOperator::Overlaps => "s_overlaps",
            SpatialOperator::Crosses => "s_crosses",
            SpatialOperator::Contains => "s_contains",
        }
    }

    /// The operator that says the same with its operands changed about.
    pub fn mirrored(self) -> Self {
        match self {
            SpatialOperator::Within => SpatialOperator::Contains,
            SpatialOperator::Contains => SpatialOperator::Within,
            same => same,
        }
    }

    /// What it says of two geometries that share no point.
    pub fn holds_apart(self) -> bool {
        self == SpatialOperator::Disjoint
    }

    /// What it says of a geometry and itself.
    pub fn holds_for_the_same(self) -> bool {
        matches!(
            self,
            SpatialOperator::Intersects | SpatialOperator::Equals | SpatialOperator::Within | SpatialOperator::Contains
        )
    }
}

impl SpatialLiteral {
    /// The geometry as `system` writes it; the fault is a sentence without its place.
    pub fn from_geometry(geometry: &Geometry<f64>, system: System) -> Result<Self, String> {
        let geometry = geo::MapCoords::try_map_coords(geometry, |point| to_degrees(point, system))?;
        geometry.check_validation().map_err(|fault| format!("the geometry is not valid: {fault}"))?;
        Ok(SpatialLiteral { envelope: envelope(&geometry), geometry, boxes: None })
    }

    /// The box between the edges, in the axis order of `system`.
    pub fn from_box(edges: [f64; 4], system: System) -> Result<Self, String> {
        let [first_low, second_low, first_high, second_high] = edges;
        if !system.keeps_boxes() {
            if first_low > first_high || second_low > second_high {
                return Err(format!(
                    "the lower corner {first_low} {second_low} lies beyond the upper one {first_high} {second_high}; \
                     the order in {} is {}",
                    system.uri(),
                    system.axes()
                ));
            }
            return SpatialLiteral::from_geometry(&Geometry::Polygon(densified(edges)), system);
        }
        let low = to_degrees(Coord { x: first_low, y: second_low }, system)?;
        let high = to_degrees(Coord { x: first_high, y: second_high }, system)?;
        let bbox = BBox::new(low.x, low.y, high.x, high.y);
        if bbox.south_deg > bbox.north_deg {
            return Err("the box has its south above its north".to_owned());
        }
        let boxes = bbox.split();
        let geometry = match boxes {
            (only, None) => box_geometry(&only),
            (east, Some(west)) => joined(box_geometry(&east), box_geometry(&west)),
        };
        Ok(SpatialLiteral { envelope: envelope(&geometry), geometry, boxes: Some(boxes) })
    }
}

/// A point of the filter as longitude and latitude within the world.
fn to_degrees(point: Coord<f64>, system: System) -> Result<Coord<f64>, String> {
    // Rounding in a projection may put a point on the edge of the world just beyond it.
    const SLACK_DEG: f64 = 1e-9;
    let written = || format!("{} {}", point.x, point.y);
    let (x, y) = system
        .to_degrees(point.x, point.y)
        .ok_or_else(|| format!("{} has no place on the earth in {}", written(), system.uri()))?;
    let is_in_world = x.abs() <= 180.0 + SLACK_DEG && y.abs() <= 90.0 + SLACK_DEG;
    match is_in_world {
        true => Ok(Coord { x, y }),
        false => Err(format!(
            "{} lies outside 180 degrees of longitude and 90 of latitude; the order in {} is {}",
            written(),
            system.uri(),
            system.axes()
        )),
    }
}

/// The outline of a box with points along its edges, because straight lines of one system are
/// curves in another.
fn densified([left, low, right, high]: [f64; 4]) -> Polygon<f64> {
    const STEPS: u32 = 16;
    let corners = [(left, low), (right, low), (right, high), (left, high), (left, low)];
    let along = |from: (f64, f64), to: (f64, f64), step: u32| {
        let share = f64::from(step) / f64::from(STEPS);
        Coord { x: from.0 + share * (to.0 - from.0), y: from.1 + share * (to.1 - from.1) }
    };
    let ring = corners.windows(2).flat_map(|edge| (0..STEPS).map(move |step| along(edge[0], edge[1], step)));
    Polygon::new(LineString(ring.collect()), Vec::new())
}

/// A box without width is a line or a point.
fn box_geometry(bbox: &BBox) -> Geometry<f64> {
    let low = Coord { x: bbox.west_deg, y: bbox.south_deg };
    let high = Coord { x: bbox.east_deg, y: bbox.north_deg };
    match (low.x == high.x, low.y == high.y) {
        (true, true) => Geometry::Point(Point(low)),
        (false, false) => Geometry::Polygon(Rect::new(low, high).to_polygon()),
        _ => Geometry::LineString(LineString(vec![low, high])),
    }
}

fn joined(east: Geometry<f64>, west: Geometry<f64>) -> Geometry<f64> {
    match (east, west) {
        (Geometry::Polygon(east), Geometry::Polygon(west)) => Geometry::MultiPolygon(MultiPolygon(vec![east, west])),
        (east, west) => Geometry::GeometryCollection(vec![east, west].into()),
    }
}

fn envelope(geometry: &Geometry<f64>) -> BBox {
    match geo::BoundingRect::bounding_rect(geometry) {
        Some(rect) => BBox::new(rect.min().x, rect.min().y, rect.max().x, rect.max().y),
        None => BBox::EMPTY,
    }
}

/// Whether `operator` holds between `a` and `b`, with nothing left out to be quick.
pub fn holds(operator: SpatialOperator, a: &Geometry<f64>, b: &Geometry<f64>) -> bool {
    use geo::HasDimensions;
    if a.is_empty() || b.is_empty() {
        return operator.holds_apart();
    }
    let meets = |a: &Geometry<f64>, b: &Geometry<f64>| a.relate(b).is_intersects();
    match operator {
        // The parts of a collection may lie over each other, which a relation of the whole misjudges.
        SpatialOperator::Intersects => parts(a).iter().any(|a| parts(b).iter().any(|b| meets(a, b))),
        SpatialOperator::Disjoint => !holds(SpatialOperator::Intersects, a, b),
        other => read(other, &a.relate(b)),
    }
}

fn parts(geometry: &Geometry<f64>) -> Vec<&Geometry<f64>> {
    match geometry {
        Geometry::GeometryCollection(members) => members.0.iter().flat_map(parts).collect(),
        single => vec![single],
    }
}

fn read(operator: SpatialOperator, matrix: &geo::relate::IntersectionMatrix) -> bool {
    match operator {
        SpatialOperator::Intersects => matrix.is_intersects(),
        SpatialOperator::Equals => matrix.is_equal_topo(),
        SpatialOperator::Disjoint => matrix.is_disjoint(),
        SpatialOperator::Touches => matrix.is_touches(),
        SpatialOperator::Within => matrix.is_within(),
        SpatialOperator::Overlaps => matrix.is_overlaps(),
        SpatialOperator::Crosses => matrix.is_crosses(),
        SpatialOperator::Contains => matrix.is_contains(),
    }
}

/// A literal made ready to be related with feature after feature, quickly.
pub struct Prepared {
    whole: PreparedGeometry<'static, Geometry<f64>, f64>,
    /// The members of a collection, none for anything else.
    members: Vec<PreparedGeometry<'static, Geometry<f64>, f64>>,
    envelope: BBox,
}

impl Prepared {
    pub fn new(geometry: Geometry<f64>) -> Self {
        let members = match &geometry {
            Geometry::GeometryCollection(_) => parts(&geometry).into_iter().cloned().map(Into::into).collect(),
            _ => Vec::new(),
        };
        Prepared { envelope: envelope(&geometry), whole: geometry.into(), members }
    }

    /// Reads the literal from the WKB that [`wkb`] wrote.
    pub fn from_wkb(bytes: &[u8]) -> Result<Self, GeometryFault> {
        let mut shape = Shape::default();
        shape.read_wkb(bytes)?;
        Ok(Prepared::new(shape.to_simple_features()))
    }

    /// Whether `operator` holds between a feature's GeoPackage blob and the literal.
    pub fn holds(&self, operator: SpatialOperator, feature: &[u8]) -> Result<bool, GeometryFault> {
        let parsed = blob::parse(feature)?;
        let is_apart = |envelope: &BBox| !envelope.intersects(&self.envelope);
        if parsed.is_empty || parsed.envelope.as_ref().is_some_and(is_apart) {
            return Ok(operator.holds_apart());
        }
        let mut shape = Shape::default();
        shape.read_wkb(parsed.wkb)?;
        if shape.is_empty() || is_apart(&shape.bbox()) {
            return Ok(operator.holds_apart());
        }
        let feature = shape.to_simple_features();
        let is_collection = !self.members.is_empty() || matches!(feature, Geometry::GeometryCollection(_));
        Ok(match operator {
            SpatialOperator::Intersects if is_collection => self.meets_by_parts(&feature),
            SpatialOperator::Disjoint if is_collection => !self.meets_by_parts(&feature),
            // The literal stands first here, so the operator is the mirrored one.
            operator => read(operator.mirrored(), &self.whole.relate(&feature)),
        })
    }

    fn meets_by_parts(&self, feature: &Geometry<f64>) -> bool {
        let literals = if self.members.is_empty() { std::slice::from_ref(&self.whole) } else { &self.members };
        let feature = parts(feature);
        literals.iter().any(|literal| feature.iter().any(|part| literal.relate(*part).is_intersects()))
    }
}

/// A literal as bytes, for [`Prepared::from_wkb`].
pub fn wkb(geometry: &Geometry<f64>) -> Vec<u8> {
    Shape::from_simple_features(geometry).to_wkb()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::GeometryKind;

    fn literal(edges: [f64; 4]) -> Geometry<f64> {
        SpatialLiteral::from_box(edges, System::Crs84).unwrap().geometry
    }

    #[test]
    fn a_prepared_literal_says_what_the_plain_relation_says() {
        let shapes = [
            literal([0.0, 0.0, 10.0, 10.0]),
            literal([10.0, 0.0, 20.0, 10.0]),
            literal([2.0, 2.0, 3.0, 3.0]),
            literal([5.0, 5.0, 15.0, 15.0]),
            literal([5.0, 5.0, 5.0, 15.0]),
            literal([10.0, 10.0, 10.0, 10.0]),
            literal([170.0, -10.0, -170.0, 10.0]),
            literal([170.0, 5.0, -170.0, 5.0]),
        ];
        for a in &shapes {
            let shape = Shape::from_simple_features(a);
            let feature = blob::encode(&shape.to_wkb(), shape.kind, &shape.bbox());
            for b in &shapes {
                let prepared = Prepared::from_wkb(&wkb(b)).unwrap();
                for operator in SpatialOperator::ALL {
                    let plain = holds(operator, a, b);
                    assert_eq!(prepared.holds(operator, &feature), Ok(plain), "{operator:?} {a:?} {b:?}");
                    assert_eq!(holds(operator.mirrored(), b, a), plain, "{operator:?} {a:?} {b:?}");
                }
            }
            assert!(
                SpatialOperator::ALL.iter().all(|operator| holds(*operator, a, a) == operator.holds_for_the_same())
            );
        }
    }

    #[test]
    fn an_empty_feature_is_only_disjoint() {
        let shape = Shape::new(GeometryKind::MultiPolygon);
        let feature = blob::encode(&shape.to_wkb(), shape.kind, &shape.bbox());
        let prepared = Prepared::new(literal([0.0, 0.0, 10.0, 10.0]));
        for operator in SpatialOperator::ALL {
            assert_eq!(prepared.holds(operator, &feature), Ok(operator == SpatialOperator::Disjoint), "{operator:?}");
        }
    }

    #[test]
    fn literals_that_cannot_be_are_refused_with_the_reason() {
        let bow_tie = LineString::from(vec![(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)]);
        let bow_tie = Geometry::Polygon(Polygon::new(bow_tie, Vec::new()));
        let refused = SpatialLiteral::from_geometry(&bow_tie, System::Crs84).unwrap_err();
        assert!(refused.contains("not valid"), "{refused}");
        let swapped = Geometry::Point(Point::new(22.3, 114.2));
        let refused = SpatialLiteral::from_geometry(&swapped, System::Crs84).unwrap_err();
        assert!(refused.contains("longitude, latitude"), "{refused}");
        assert!(SpatialLiteral::from_geometry(&swapped, System::Epsg4326).is_ok());
        assert!(SpatialLiteral::from_box([0.0, 5.0, 1.0, 4.0], System::Crs84).is_err());
    }

    #[test]
    fn a_box_of_the_grid_becomes_an_area_in_degrees() {
        // Northing before easting, as EPSG:2326 has its axes.
        let literal = SpatialLiteral::from_box([818_000.0, 835_000.0, 820_000.0, 837_000.0], System::Epsg2326).unwrap();
        assert_eq!(literal.boxes, None);
        assert!((literal.envelope.west_deg - 114.1646).abs() < 0.001, "{:?}", literal.envelope);
        assert!((literal.envelope.south_deg - 22.3009).abs() < 0.001, "{:?}", literal.envelope);
    }
}
