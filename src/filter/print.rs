//! A filter as CQL2 Text that [`super::text`] reads back as the same tree.
//!
//! The grammar cannot write a backslash before a quote or at the end of a text (it is read as an
//! escaped quote), nor an array of one element inside an array (it is read as brackets).

use std::fmt::{self, Display, Formatter};

use geo_types::{Coord, Geometry, LineString, Polygon};

use super::arithmetic::Number;
use super::text::KEYWORDS;
use super::token::{continues_name, starts_name};
use super::tree::{Expression, Node, Operator};
use super::well_known_text::GeometryWord;

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Text(text) => write_text(f, text),
            Expression::Number(number) => write_number(f, *number),
            Expression::Boolean(truth) => f.write_str(if *truth { "TRUE" } else { "FALSE" }),
            Expression::Date(date) => write!(f, "DATE('{date}')"),
            Expression::Timestamp(time) => write!(f, "TIMESTAMP('{time}')"),
            Expression::Geometry(geometry) => write_geometry(f, geometry),
            Expression::BBox(edges) => {
                f.write_str("BBOX")?;
                in_brackets(f, edges, |edge, f| write_real(f, *edge))
            }
            Expression::Interval(ends) => {
                f.write_str("INTERVAL")?;
                in_brackets(f, ends.as_slice(), write_interval_end)
            }
            Expression::OpenEnd => f.write_str("'..'"),
            Expression::Property(name) => write_name(f, name),
            Expression::Array(elements) => in_brackets(f, elements, Display::fmt),
            Expression::Function(name, arguments) => {
                f.write_str(name)?;
                in_brackets(f, arguments, Display::fmt)
            }
            Expression::Operation(operator, arguments) => write_operation(f, *operator, arguments),
        }
    }
}

fn write_operation(f: &mut Formatter<'_>, operator: Operator, arguments: &[Node]) -> fmt::Result {
    if operator.is_call() {
        f.write_str(&operator.name().to_ascii_uppercase())?;
        return in_brackets(f, arguments, Display::fmt);
    }
    match (operator, arguments) {
        (Operator::Not, [inner]) => {
            f.write_str("NOT ")?;
            operand(f, inner)
        }
        (Operator::IsNull, [value]) => {
            operand(f, value)?;
            f.write_str(" IS NULL")
        }
        (Operator::Between, [value, low, high]) => {
            operand(f, value)?;
            f.write_str(" BETWEEN ")?;
            operand(f, low)?;
            f.write_str(" AND ")?;
            operand(f, high)
        }
        (Operator::In, [value, list]) => {
            operand(f, value)?;
            write!(f, " IN {list}")
        }
        _ => {
            let word = operator.name().to_ascii_uppercase();
            for (place, argument) in arguments.iter().enumerate() {
                if place > 0 {
                    write!(f, " {word} ")?;
                }
                operand(f, argument)?;
            }
            Ok(())
        }
    }
}

/// Brackets around whatever could be taken for a part of what stands around it.
fn operand(f: &mut Formatter<'_>, node: &Node) -> fmt::Result {
    match &node.expression {
        Expression::Operation(operator, _) if !operator.is_call() => write!(f, "({node})"),
        _ => write!(f, "{node}"),
    }
}

fn in_brackets<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    write: impl Fn(&T, &mut Formatter<'_>) -> fmt::Result + Copy,
) -> fmt::Result {
    f.write_str("(")?;
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            f.write_str(",")?;
        }
        write(item, f)?;
    }
    f.write_str(")")
}

fn write_text(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "'{}'", text.replace('\'', "''"))
}

fn write_name(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    let is_keyword = KEYWORDS.iter().any(|keyword| name.eq_ignore_ascii_case(keyword));
    let is_plain = name.starts_with(starts_name) && name.chars().all(continues_name);
    if is_plain && !is_keyword && !name.eq_ignore_ascii_case("DIV") && GeometryWord::of(name).is_none() {
        f.write_str(name)
    } else {
        write!(f, "\"{}\"", name.replace('"', "\"\""))
    }
}

fn write_number(f: &mut Formatter<'_>, number: Number) -> fmt::Result {
    match number {
        Number::Integer(number) => write!(f, "{number}"),
        Number::Real(number) => write_real(f, number),
    }
}

fn write_real(f: &mut Formatter<'_>, number: f64) -> fmt::Result {
    // The debug form is the shortest that reads back equal, in scientific notation where that is shorter.
    write!(f, "{number:?}")
}

/// Dates and times stand in an interval without their word.
fn write_interval_end(end: &Node, f: &mut Formatter<'_>) -> fmt::Result {
    match &end.expression {
        Expression::Date(date) => write!(f, "'{date}'"),
        Expression::Timestamp(time) => write!(f, "'{time}'"),
        _ => end.fmt(f),
    }
}

fn write_geometry(f: &mut Formatter<'_>, geometry: &Geometry<f64>) -> fmt::Result {
    match geometry {
        Geometry::Point(point) => {
            f.write_str("POINT")?;
            in_brackets(f, &[point.0], write_point)
        }
        Geometry::LineString(line) => {
            f.write_str("LINESTRING")?;
            write_line(line, f)
        }
        Geometry::Polygon(polygon) => {
            f.write_str("POLYGON")?;
            write_polygon(polygon, f)
        }
        Geometry::MultiPoint(points) => {
            f.write_str("MULTIPOINT")?;
            in_brackets(f, &points.0, |point, f| in_brackets(f, &[point.0], write_point))
        }
        Geometry::MultiLineString(lines) => {
            f.write_str("MULTILINESTRING")?;
            in_brackets(f, &lines.0, write_line)
        }
        Geometry::MultiPolygon(polygons) => {
            f.write_str("MULTIPOLYGON")?;
            in_brackets(f, &polygons.0, write_polygon)
        }
        Geometry::GeometryCollection(members) => {
            f.write_str("GEOMETRYCOLLECTION")?;
            in_brackets(f, &members.0, |member, f| write_geometry(f, member))
        }
        // Neither reader makes any of these.
        Geometry::Line(_) | Geometry::Rect(_) | Geometry::Triangle(_) => Err(fmt::Error),
    }
}

fn write_point(point: &Coord<f64>, f: &mut Formatter<'_>) -> fmt::Result {
    write_real(f, point.x)?;
    f.write_str(" ")?;
    write_real(f, point.y)
}

fn write_line(line: &LineString<f64>, f: &mut Formatter<'_>) -> fmt::Result {
    in_brackets(f, &line.0, write_point)
}

fn write_polygon(polygon: &Polygon<f64>, f: &mut Formatter<'_>) -> fmt::Result {
    let rings: Vec<&LineString<f64>> = std::iter::once(polygon.exterior()).chain(polygon.interiors()).collect();
    in_brackets(f, &rings, |ring, f| write_line(ring, f))
}
