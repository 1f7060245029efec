//! CQL2 JSON, OGC 21-065r2 Annex C, to and from the tree.

use geo_types::{
    Coord, Geometry, GeometryCollection, LineString, MultiLineString, MultiPoint, MultiPolygon, Point, Polygon,
};
use serde_json::{Map, Value, json};

use super::FilterFault;
use super::arithmetic::Number;
use super::text::interval_end;
use super::tree::{Expression, Growth, Node, Operator, Place, read_date, read_timestamp, within};
use super::well_known_text::{GeometryWord, check_line, check_ring, edges};
use crate::base::ids::cut;
use crate::base::limits;

/// Reads a filter.
pub fn parse(source: &str) -> Result<Node, FilterFault> {
    within("bytes", source.len(), limits::FILTER_BYTES_MAX)?;
    let value: Value = serde_json::from_str(source).map_err(|error| FilterFault::NotJson(error.to_string()))?;
    Reader::default().node(&value)
}

/// Walks the document; `path` is the pointer to where it is.
#[derive(Default)]
struct Reader {
    path: Vec<String>,
    growth: Growth,
}

type Parsed<T = Node> = Result<T, FilterFault>;

impl Reader {
    fn place(&self) -> Place {
        Place::Pointer(
            self.path.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect(),
        )
    }

    fn unexpected(&self, found: &Value, wanted: &str) -> FilterFault {
        FilterFault::Unexpected { place: self.place(), found: cut(&found.to_string()), wanted: wanted.to_owned() }
    }

    fn at<T>(&mut self, step: impl ToString, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.path.push(step.to_string());
        let parsed = inner(self)?;
        self.path.pop();
        Ok(parsed)
    }

    fn node(&mut self, value: &Value) -> Parsed {
        // A level of the tree takes at most three steps: args, a place in it, a place in a list.
        within("levels of nesting", self.path.len(), 3 * limits::FILTER_DEPTH_MAX)?;
        let expression = match value {
            Value::String(text) => Expression::Text(text.clone()),
            Value::Number(number) => Expression::Number(self.number(value, number)?),
            Value::Bool(truth) => Expression::Boolean(*truth),
            Value::Array(elements) => Expression::Array(self.nodes(elements)?),
            Value::Object(object) => self.object(value, object)?,
            Value::Null => return Err(self.unexpected(value, "an operation, a property or a value")),
        };
        let place = self.place();
        self.growth.node(expression, place)
    }

    fn nodes(&mut self, values: &[Value]) -> Parsed<Vec<Node>> {
        within("values in one list", values.len(), limits::FILTER_LIST_MAX)?;
        let read = |(place, value): (usize, &Value)| self.at(place, |reader| reader.node(value));
        values.iter().enumerate().map(read).collect()
    }

    fn number(&self, value: &Value, number: &serde_json::Number) -> Parsed<Number> {
        match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(Number::Integer(integer)),
            (None, Some(real)) if real.is_finite() => Ok(Number::Real(real)),
            _ => Err(self.unexpected(value, "a number of 64 bits")),
        }
    }

    fn object(&mut self, value: &Value, object: &Map<String, Value>) -> Parsed<Expression> {
        const WANTED: &str =
            "an object with op and args, or with property, date, timestamp, interval, bbox, or a GeoJSON geometry";
        if let Some(op) = object.get("op") {
            let name = self.at("op", |reader| reader.string(op, "the name of an operator or function"))?;
            let args = object.get("args").unwrap_or(&Value::Null);
            return self.at("args", |reader| reader.operation(name, args));
        }
        let (member, inner) = match object.iter().next() {
            Some((member, inner)) if object.len() == 1 => (member.as_str(), inner),
            _ if object.contains_key("type") => ("", value),
            _ => return Err(self.unexpected(value, WANTED)),
        };
        match member {
            "" => self.geometry(value, true).map(Expression::Geometry),
            "property" => self.at(member, |reader| {
                reader.string(inner, "the name of a property").map(|name| Expression::Property(name.to_owned()))
            }),
            "date" => self.at(member, |reader| {
                reader.instant(inner, "a date such as \"2021-12-17\"", |text| read_date(text).map(Expression::Date))
            }),
            "timestamp" => self.at(member, |reader| {
                reader.instant(inner, "a time such as \"2021-12-17T09:30:00Z\"", |text| {
                    read_timestamp(text).map(Expression::Timestamp)
                })
            }),
            "interval" => self.at(member, |reader| reader.interval(inner)),
            "bbox" => self.at(member, |reader| reader.bbox(inner)),
            _ => Err(self.unexpected(value, WANTED)),
        }
    }

    fn string<'v>(&self, value: &'v Value, wanted: &str) -> Parsed<&'v str> {
        value.as_str().ok_or_else(|| self.unexpected(value, wanted))
    }

    fn array<'v>(&self, value: &'v Value, wanted: &str) -> Parsed<&'v [Value]> {
        value.as_array().map(Vec::as_slice).ok_or_else(|| self.unexpected(value, wanted))
    }

    fn operation(&mut self, name: &str, args: &Value) -> Parsed<Expression> {
        let values = self.array(args, "an array of arguments")?;
        let arguments = self.nodes(values)?;
        let operator = Operator::all().find(|operator| operator.name().eq_ignore_ascii_case(name));
        Ok(match operator {
            Some(operator) => Expression::Operation(operator, arguments),
            None => Expression::Function(name.to_owned(), arguments),
        })
    }

    fn instant(&self, value: &Value, wanted: &str, read: impl Fn(&str) -> Option<Expression>) -> Parsed<Expression> {
        value.as_str().and_then(read).ok_or_else(|| self.unexpected(value, wanted))
    }

    fn interval(&mut self, value: &Value) -> Parsed<Expression> {
        const WANTED: &str = "an array of a start and an end";
        let [start, end] = self.array(value, WANTED)? else { return Err(self.unexpected(value, WANTED)) };
        let start = self.at(0, |reader| reader.interval_end(start))?;
        let end = self.at(1, |reader| reader.interval_end(end))?;
        Ok(Expression::Interval(Box::new([start, end])))
    }

    fn interval_end(&mut self, value: &Value) -> Parsed {
        let Value::String(text) = value else { return self.node(value) };
        let wanted = "a date, a time, \"..\" or a property";
        let expression = interval_end(text).ok_or_else(|| self.unexpected(value, wanted))?;
        let place = self.place();
        self.growth.node(expression, place)
    }

    fn bbox(&self, value: &Value) -> Parsed<Expression> {
        let values = self.array(value, "an array of 4 or 6 numbers")?;
        let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
        let numbers = numbers.ok_or_else(|| self.unexpected(value, "an array of 4 or 6 numbers"))?;
        edges(&numbers).map(Expression::BBox).ok_or(FilterFault::BBox { place: self.place(), count: numbers.len() })
    }

    /// A GeoJSON geometry, RFC 7946 §3.1, its points of two or three numbers.
    fn geometry(&mut self, value: &Value, may_be_collection: bool) -> Parsed<Geometry<f64>> {
        let name = value.get("type").and_then(Value::as_str).unwrap_or_default();
        let kind = GeometryWord::of(name).filter(|_| name.starts_with(|first: char| first.is_ascii_uppercase()));
        let wanted = "a GeoJSON geometry";
        let kind = kind.ok_or_else(|| self.unexpected(value, wanted))?;
        if kind == GeometryWord::GeometryCollection {
            if !may_be_collection {
                return Err(self.unexpected(value, "a geometry that is not a collection"));
            }
            let members = value.get("geometries").unwrap_or(&Value::Null);
            return self.at("geometries", |reader| {
                let members = reader.each(members, |reader, member| reader.geometry(member, false))?;
                Ok(Geometry::GeometryCollection(GeometryCollection(members)))
            });
        }
        let places = value.get("coordinates").ok_or_else(|| self.unexpected(value, wanted))?;
        self.at("coordinates", |reader| reader.coordinates(kind, places))
    }

    fn coordinates(&mut self, kind: GeometryWord, places: &Value) -> Parsed<Geometry<f64>> {
        Ok(match kind {
            GeometryWord::Point => Geometry::Point(Point(self.point(places)?)),
            GeometryWord::LineString => Geometry::LineString(self.line(places)?),
            GeometryWord::Polygon => Geometry::Polygon(self.polygon(places)?),
            GeometryWord::MultiPoint => {
                Geometry::MultiPoint(MultiPoint(self.each(places, |reader, place| reader.point(place).map(Point))?))
            }
            GeometryWord::MultiLineString => Geometry::MultiLineString(MultiLineString(self.each(places, Self::line)?)),
            GeometryWord::MultiPolygon | GeometryWord::GeometryCollection => {
                Geometry::MultiPolygon(MultiPolygon(self.each(places, Self::polygon)?))
            }
        })
    }

    /// The members of an array that is not empty.
    fn each<T>(&mut self, value: &Value, read: impl Fn(&mut Self, &Value) -> Parsed<T>) -> Parsed<Vec<T>> {
        let values = self.array(value, "an array of coordinates")?;
        if values.is_empty() {
            return Err(self.unexpected(value, "coordinates"));
        }
        values.iter().enumerate().map(|(place, value)| self.at(place, |reader| read(reader, value))).collect()
    }

    fn point(&mut self, value: &Value) -> Parsed<Coord<f64>> {
        self.growth.vertex()?;
        let numbers: Option<Vec<f64>> = value.as_array().and_then(|all| all.iter().map(Value::as_f64).collect());
        match numbers.as_deref() {
            Some(&[x, y] | &[x, y, _]) => Ok(Coord { x, y }),
            _ => Err(self.unexpected(value, "a position of two or three numbers")),
        }
    }

    fn points(
        &mut self,
        value: &Value,
        check: impl Fn(&[Coord<f64>]) -> Result<(), String>,
    ) -> Parsed<LineString<f64>> {
        let points = self.each(value, Self::point)?;
        check(&points).map_err(|reason| FilterFault::Geometry { place: self.place(), reason })?;
        Ok(LineString(points))
    }

    fn line(&mut self, value: &Value) -> Parsed<LineString<f64>> {
        self.points(value, check_line)
    }

    fn polygon(&mut self, value: &Value) -> Parsed<Polygon<f64>> {
        let mut rings = self.each(value, |reader, ring| reader.points(ring, check_ring))?;
        let exterior = rings.remove(0);
        Ok(Polygon::new(exterior, rings))
    }
}

/// Writes a filter.
pub fn write(node: &Node) -> Value {
    match &node.expression {
        Expression::Text(text) => json!(text),
        Expression::Number(Number::Integer(number)) => json!(number),
        Expression::Number(Number::Real(number)) => json!(number),
        Expression::Boolean(truth) => json!(truth),
        Expression::Date(date) => json!({ "date": date }),
        Expression::Timestamp(time) => json!({ "timestamp": time }),
        Expression::Geometry(geometry) => Value::from(&geojson::GeometryValue::from(geometry)),
        Expression::BBox(edges) => json!({ "bbox": edges }),
        Expression::Interval(ends) => json!({ "interval": ends.each_ref().map(write_interval_end) }),
        Expression::OpenEnd => json!(".."),
        Expression::Property(name) => json!({ "property": name }),
        Expression::Array(elements) => elements.iter().map(write).collect(),
        Expression::Operation(operator, arguments) => write_call(operator.name(), arguments),
        Expression::Function(name, arguments) => write_call(name, arguments),
    }
}

fn write_call(name: &str, arguments: &[Node]) -> Value {
    json!({ "op": name, "args": arguments.iter().map(write).collect::<Value>() })
}

fn write_interval_end(end: &Node) -> Value {
    match &end.expression {
        Expression::Date(date) => json!(date),
        Expression::Timestamp(time) => json!(time),
        _ => write(end),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_to_their_last_digit() {
        for number in ["114.1742732812004", "22.315051845070386", "1e-7", "-0.30000000000000004"] {
            let Ok(Node { expression: Expression::Operation(_, arguments), .. }) =
                parse(&format!(r#"{{"op":"=","args":[{{"property":"size"}},{number}]}}"#))
            else {
                panic!("{number} is not read");
            };
            let wanted = Expression::Number(Number::Real(number.parse().unwrap()));
            assert_eq!(arguments[1].expression, wanted, "{number}");
        }
    }
}
