//! Geometries of a text: well-known text with two or three numbers a point, and `BBOX`.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};

use super::FilterFault;
use super::text::Parser;

/// The word before the brackets of a geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GeometryWord {
    Point,
    LineString,
    Polygon,
    MultiPoint,
    MultiLineString,
    MultiPolygon,
    GeometryCollection,
}

impl GeometryWord {
    pub fn of(word: &str) -> Option<Self> {
        [
            ("POINT", GeometryWord::Point),
            ("LINESTRING", GeometryWord::LineString),
            ("POLYGON", GeometryWord::Polygon),
            ("MULTIPOINT", GeometryWord::MultiPoint),
            ("MULTILINESTRING", GeometryWord::MultiLineString),
            ("MULTIPOLYGON", GeometryWord::MultiPolygon),
            ("GEOMETRYCOLLECTION", GeometryWord::GeometryCollection),
        ]
        .into_iter()
        .find(|(known, _)| word.eq_ignore_ascii_case(known))
        .map(|(_, kind)| kind)
    }
}

type Parsed<T> = Result<T, FilterFault>;

/// What follows the word of a geometry.
pub fn geometry(parser: &mut Parser<'_>, kind: GeometryWord) -> Parsed<Geometry<f64>> {
    parser.take_keyword("Z");
    Ok(match kind {
        GeometryWord::Point => Geometry::Point(Point(bracketed_point(parser)?)),
        GeometryWord::LineString => Geometry::LineString(line(parser)?),
        GeometryWord::Polygon => Geometry::Polygon(polygon(parser)?),
        GeometryWord::MultiPoint => Geometry::MultiPoint(MultiPoint(parser.list(1, multi_point_member)?)),
        GeometryWord::MultiLineString => Geometry::MultiLineString(MultiLineString(parser.list(1, line)?)),
        GeometryWord::MultiPolygon => Geometry::MultiPolygon(MultiPolygon(parser.list(1, polygon)?)),
        GeometryWord::GeometryCollection => {
            Geometry::GeometryCollection(GeometryCollection(parser.list(1, collection_member)?))
        }
    })
}

fn bracketed_point(parser: &mut Parser<'_>) -> Parsed<Coord<f64>> {
    parser.expect_sign("(")?;
    let point = point(parser)?;
    parser.expect_sign(")")?;
    Ok(point)
}

/// `x y` or `x y z`; a height is not looked at.
fn point(parser: &mut Parser<'_>) -> Parsed<Coord<f64>> {
    let point = Coord { x: parser.real()?, y: parser.real()? };
    if parser.is_at_number() {
        parser.real()?;
    }
    parser.growth.vertex()?;
    Ok(point)
}

/// `(1 2)`, and `1 2` as older writers have it.
fn multi_point_member(parser: &mut Parser<'_>) -> Parsed<Point<f64>> {
    if parser.is_at_bracket() { bracketed_point(parser).map(Point) } else { point(parser).map(Point) }
}

fn line(parser: &mut Parser<'_>) -> Parsed<LineString<f64>> {
    let place = parser.place();
    let points = parser.list(1, point)?;
    check_line(&points).map_err(|reason| FilterFault::Geometry { place, reason })?;
    Ok(LineString(points))
}

fn polygon(parser: &mut Parser<'_>) -> Parsed<Polygon<f64>> {
    let mut rings = parser.list(1, ring)?;
    let exterior = rings.remove(0);
    Ok(Polygon::new(exterior, rings))
}

fn ring(parser: &mut Parser<'_>) -> Parsed<LineString<f64>> {
    let place = parser.place();
    let points = parser.list(1, point)?;
    check_ring(&points).map_err(|reason| FilterFault::Geometry { place, reason })?;
    Ok(LineString(points))
}

/// The grammar has no collection in a collection.
fn collection_member(parser: &mut Parser<'_>) -> Parsed<Geometry<f64>> {
    let unexpected = parser.unexpected("a geometry that is not a collection");
    match parser.take_geometry_word() {
        Some(kind) if kind != GeometryWord::GeometryCollection => geometry(parser, kind),
        _ => Err(unexpected),
    }
}

/// `BBOX` has four numbers, or six with the lowest height third and the highest last.
pub fn bbox(parser: &mut Parser<'_>) -> Parsed<[f64; 4]> {
    let place = parser.place();
    let numbers = parser.list(1, Parser::real)?;
    edges(&numbers).ok_or(FilterFault::BBox { place, count: numbers.len() })
}

pub(super) fn edges(numbers: &[f64]) -> Option<[f64; 4]> {
    match *numbers {
        [west, south, east, north] | [west, south, _, east, north, _] => Some([west, south, east, north]),
        _ => None,
    }
}

pub(super) fn check_line(points: &[Coord<f64>]) -> Result<(), String> {
    match points.len() {
        0 | 1 => Err("a line has at least two points".to_owned()),
        _ => Ok(()),
    }
}

pub(super) fn check_ring(points: &[Coord<f64>]) -> Result<(), String> {
    if points.len() < 4 {
        return Err(format!("a ring has at least four points, this one has {}", points.len()));
    }
    match points.first() == points.last() {
        true => Ok(()),
        false => Err("a ring ends at the point where it begins".to_owned()),
    }
}
