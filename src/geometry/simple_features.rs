//! Shapes as the types of the crate `geo`, whose algorithms work on those; heights and measures
//! stay behind.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};

use super::Shape;
use crate::base::GeometryKind;

impl Shape {
    pub fn to_simple_features(&self) -> Geometry<f64> {
        match self.kind {
            GeometryKind::Point => match self.points.first() {
                Some(&point) => Geometry::Point(point.into()),
                // `geo` has no empty point, but an empty collection of them.
                None => Geometry::MultiPoint(MultiPoint(Vec::new())),
            },
            GeometryKind::MultiPoint => {
                Geometry::MultiPoint(MultiPoint(self.points.iter().copied().map(Point::from).collect()))
            }
            GeometryKind::LineString => Geometry::LineString(line(&self.points)),
            GeometryKind::MultiLineString => {
                Geometry::MultiLineString(MultiLineString(self.runs().map(|run| line(&self.points[run])).collect()))
            }
            GeometryKind::Polygon => match self.polygons().next() {
                Some(rings) => Geometry::Polygon(self.polygon(rings)),
                None => Geometry::MultiPolygon(MultiPolygon(Vec::new())),
            },
            GeometryKind::MultiPolygon => {
                Geometry::MultiPolygon(MultiPolygon(self.polygons().map(|rings| self.polygon(rings)).collect()))
            }
            GeometryKind::GeometryCollection | GeometryKind::None => Geometry::GeometryCollection(GeometryCollection(
                self.members.iter().map(Shape::to_simple_features).collect(),
            )),
        }
    }

    fn polygon(&self, rings: std::ops::Range<usize>) -> Polygon<f64> {
        let mut rings = rings.map(|ring| line(self.run(ring)));
        let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
        Polygon::new(exterior, rings.collect())
    }

    pub fn from_simple_features(geometry: &Geometry<f64>) -> Shape {
        let mut shape = Shape::new(kind_of(geometry));
        match geometry {
            Geometry::Point(point) => shape.points.push((point.x(), point.y())),
            Geometry::MultiPoint(points) => shape.points.extend(points.iter().map(|point| (point.x(), point.y()))),
            Geometry::LineString(line) => shape.push_run(line),
            Geometry::MultiLineString(lines) => lines.iter().for_each(|line| shape.push_run(line)),
            Geometry::Polygon(polygon) => shape.push_polygon(polygon),
            Geometry::MultiPolygon(polygons) => polygons.iter().for_each(|polygon| shape.push_polygon(polygon)),
            Geometry::GeometryCollection(members) => {
                shape.members.extend(members.iter().map(Shape::from_simple_features));
            }
            Geometry::Line(line) => shape.push_run(&LineString(vec![line.start, line.end])),
            Geometry::Rect(rect) => shape.push_polygon(&rect.to_polygon()),
            Geometry::Triangle(triangle) => shape.push_polygon(&triangle.to_polygon()),
        }
        shape
    }

    fn push_run(&mut self, line: &LineString<f64>) {
        self.points.extend(line.0.iter().map(|point| (point.x, point.y)));
        self.ends.push(self.points.len());
    }

    fn push_polygon(&mut self, polygon: &Polygon<f64>) {
        self.push_run(polygon.exterior());
        polygon.interiors().iter().for_each(|ring| self.push_run(ring));
        self.polygon_ends.push(self.ends.len());
    }
}

fn line(points: &[(f64, f64)]) -> LineString<f64> {
    LineString(points.iter().map(|&(x, y)| Coord { x, y }).collect())
}

/// The kind of a geometry; a box or a triangle is a polygon.
pub fn kind_of(geometry: &Geometry<f64>) -> GeometryKind {
    match geometry {
        Geometry::Point(_) => GeometryKind::Point,
        Geometry::MultiPoint(_) => GeometryKind::MultiPoint,
        Geometry::Line(_) | Geometry::LineString(_) => GeometryKind::LineString,
        Geometry::MultiLineString(_) => GeometryKind::MultiLineString,
        Geometry::Polygon(_) | Geometry::Rect(_) | Geometry::Triangle(_) => GeometryKind::Polygon,
        Geometry::MultiPolygon(_) => GeometryKind::MultiPolygon,
        Geometry::GeometryCollection(_) => GeometryKind::GeometryCollection,
    }
}
