//! Filter Encoding 2.0 (OGC 09-026r2), the filters of WFS in XML, into the tree of every filter.
//!
//! Read are And, Or, Not, the comparisons with Literal, PropertyIsLike, PropertyIsBetween,
//! PropertyIsNull and PropertyIsNil, BBOX and Intersects with an envelope, and ResourceId. Elements go
//! by their local names, since clients bind prefixes as they like.

use super::FilterFault;
use super::arithmetic::Number;
use super::spatial::{SpatialLiteral, SpatialOperator};
use super::tree::{Comparison, Expression, Growth, Node, Operator, Place, read_date, read_timestamp, within};
use crate::base::ids::cut;
use crate::base::xml::Element;
use crate::base::{FieldKind, Schema, limits};
use crate::crs::OrderedSystem;

/// What only the service knows: its names of properties and of coordinate systems.
pub struct Names<'a> {
    /// The field that a reference names; the geometry is `geometry`.
    pub property: &'a dyn Fn(&str) -> String,
    /// The system of an envelope, which is that of the feature type where it names none.
    pub system: &'a dyn Fn(Option<&str>) -> Option<OrderedSystem>,
}

/// What a filter asks.
#[derive(Debug, Default, PartialEq)]
pub struct XmlFilter {
    /// Its coordinates are CRS84 degrees, whatever they were.
    pub condition: Option<Node>,
    /// Only features with one of these ids, where any is named.
    pub resource_ids: Vec<String>,
}

/// Reads a filter; `source` is a document whose root is `Filter`.
pub fn parse(source: &str, schema: &Schema, names: &Names<'_>) -> Result<XmlFilter, FilterFault> {
    within("bytes", source.len(), limits::FILTER_BYTES_MAX)?;
    let root = Element::read(source.as_bytes()).map_err(|error| FilterFault::Xml(error.to_string()))?;
    if root.name != "Filter" {
        return Err(unexpected(&root.name, "Filter"));
    }
    let (ids, conditions): (Vec<&Element>, Vec<&Element>) = root
        .children
        .iter()
        .partition(|element| ["ResourceId", "GmlObjectId", "FeatureId"].contains(&element.name.as_str()));
    let resource_ids: Vec<String> = ids
        .iter()
        .filter_map(|id| id.attribute("rid").or_else(|| id.attribute("id")).or_else(|| id.attribute("fid")))
        .map(str::to_owned)
        .collect();
    within("ids", resource_ids.len(), limits::FILTER_LIST_MAX)?;
    let mut reader = Reader { schema, names, growth: Growth::default() };
    match (conditions.as_slice(), resource_ids.is_empty()) {
        ([], false) => Ok(XmlFilter { condition: None, resource_ids }),
        ([only], true) => Ok(XmlFilter { condition: Some(reader.condition(only)?), resource_ids }),
        _ => Err(unexpected("something else", "one condition, or ids of features")),
    }
}

struct Reader<'a> {
    schema: &'a Schema,
    names: &'a Names<'a>,
    growth: Growth,
}

type Parsed = Result<Node, FilterFault>;

fn unexpected(found: &str, wanted: &str) -> FilterFault {
    FilterFault::Unexpected { place: Place::Nowhere, found: format!("\"{}\"", cut(found)), wanted: wanted.to_owned() }
}

impl Reader<'_> {
    fn node(&mut self, expression: Expression) -> Parsed {
        self.growth.node(expression, Place::Nowhere)
    }

    fn operation(&mut self, operator: Operator, arguments: Vec<Node>) -> Parsed {
        self.node(Expression::Operation(operator, arguments))
    }

    /// The document is no deeper than every XML is read, so calls end.
    fn condition(&mut self, element: &Element) -> Parsed {
        let name = element.name.as_str();
        if let Some(comparison) = comparison(name) {
            return self.compare(comparison, element);
        }
        match name {
            "And" | "Or" => {
                let parts: Vec<Node> =
                    element.children.iter().map(|part| self.condition(part)).collect::<Result<_, _>>()?;
                let operator = if name == "And" { Operator::And } else { Operator::Or };
                match parts.len() {
                    0 => Err(unexpected("the end", "a condition")),
                    1 => Ok(parts.into_iter().next_back().unwrap_or(self.node(Expression::Boolean(true))?)),
                    _ => self.operation(operator, parts),
                }
            }
            "Not" => match element.children.as_slice() {
                [inner] => {
                    let inner = self.condition(inner)?;
                    self.operation(Operator::Not, vec![inner])
                }
                _ => Err(unexpected(name, "Not around one condition")),
            },
            "PropertyIsLike" => self.like(element),
            "PropertyIsNull" | "PropertyIsNil" => {
                let (property, _) = self.property(element)?;
                self.operation(Operator::IsNull, vec![property])
            }
            "PropertyIsBetween" => self.between(element),
            "BBOX" | "Intersects" => self.envelope(element),
            other => Err(unexpected(
                other,
                "And, Or, Not, a comparison such as PropertyIsEqualTo, PropertyIsLike, PropertyIsBetween, \
                 PropertyIsNull, BBOX or Intersects",
            )),
        }
    }

    /// The property that an operator names, and the kind of its field.
    fn property(&mut self, operator: &Element) -> Result<(Node, Option<FieldKind>), FilterFault> {
        let reference = operator.children.iter().find(|child| is_reference(child));
        let reference = reference.ok_or_else(|| unexpected(&operator.name, "a ValueReference in it"))?;
        let name = (self.names.property)(&reference.text);
        let kind = self.schema.field(&name).map(|field| field.kind);
        Ok((self.node(Expression::Property(name))?, kind))
    }

    fn compare(&mut self, comparison: Comparison, element: &Element) -> Parsed {
        let [first, second] = element.children.as_slice() else {
            return Err(unexpected(&element.name, "a ValueReference and a Literal in it"));
        };
        let (property, kind) = self.property(element)?;
        let ignores_case = element.attribute("matchCase") == Some("false") && kind == Some(FieldKind::Text);
        let (literal, is_first) = if is_reference(first) { (second, true) } else { (first, false) };
        let literal = self.literal(literal, kind)?;
        let mut sides = if is_first { vec![property, literal] } else { vec![literal, property] };
        if ignores_case {
            sides = sides
                .into_iter()
                .map(|side| self.operation(Operator::CaseFold, vec![side]))
                .collect::<Result<_, _>>()?;
        }
        self.operation(Operator::Compare(comparison), sides)
    }

    /// A literal is written as text; what it is, the field beside it says.
    fn literal(&mut self, element: &Element, kind: Option<FieldKind>) -> Parsed {
        if element.name != "Literal" {
            return Err(unexpected(&element.name, "a Literal"));
        }
        let text = element.text.as_str();
        let expression = match kind {
            Some(FieldKind::Integer | FieldKind::Real) => number(text).map(Expression::Number),
            Some(FieldKind::Boolean) => match text {
                "true" | "1" => Some(Expression::Boolean(true)),
                "false" | "0" => Some(Expression::Boolean(false)),
                _ => None,
            },
            Some(FieldKind::Date | FieldKind::DateTime) => {
                read_date(text).map(Expression::Date).or_else(|| read_timestamp(text).map(Expression::Timestamp))
            }
            Some(FieldKind::Text | FieldKind::Json) | None => Some(Expression::Text(text.to_owned())),
        };
        match (expression, kind) {
            (Some(expression), _) => self.node(expression),
            (None, kind) => Err(unexpected(text, &format!("a value of {}", kind.map_or("text", FieldKind::as_str)))),
        }
    }

    fn between(&mut self, element: &Element) -> Parsed {
        let (property, kind) = self.property(element)?;
        let mut bound = |name: &str| {
            let literal = element.child(name).and_then(|bound| bound.child("Literal"));
            let literal =
                literal.ok_or_else(|| unexpected(&element.name, &format!("a {name} with a Literal in it")))?;
            self.literal(literal, kind)
        };
        let (low, high) = (bound("LowerBoundary")?, bound("UpperBoundary")?);
        self.operation(Operator::Between, vec![property, low, high])
    }

    fn like(&mut self, element: &Element) -> Parsed {
        let (property, _) = self.property(element)?;
        let literal = element.child("Literal").ok_or_else(|| unexpected(&element.name, "a Literal in it"))?;
        let sign = |name: &str| element.attribute(name).and_then(|value| value.chars().next());
        let escape = sign("escapeChar").or_else(|| sign("escape"));
        let pattern = pattern(&literal.text, sign("wildCard"), sign("singleChar"), escape);
        let pattern = self.node(Expression::Text(pattern))?;
        let mut sides = vec![property, pattern];
        if element.attribute("matchCase") == Some("false") {
            sides = sides
                .into_iter()
                .map(|side| self.operation(Operator::CaseFold, vec![side]))
                .collect::<Result<_, _>>()?;
        }
        self.operation(Operator::Like, sides)
    }

    /// Without a reference a box is asked of the geometry there is.
    fn envelope(&mut self, element: &Element) -> Parsed {
        let reference = element.children.iter().find(|child| is_reference(child));
        let name = reference.map_or_else(|| "geometry".to_owned(), |reference| (self.names.property)(&reference.text));
        let property = self.node(Expression::Property(name))?;
        let envelope = element.child("Envelope").ok_or_else(|| unexpected(&element.name, "an Envelope in it"))?;
        let corner = |name: &str| {
            let corner = envelope.child(name)?;
            let mut numbers = corner.text.split_ascii_whitespace().map(str::parse::<f64>);
            match (numbers.next()?, numbers.next()?) {
                (Ok(first), Ok(second)) if first.is_finite() && second.is_finite() => Some((first, second)),
                _ => None,
            }
        };
        let corners = corner("lowerCorner").zip(corner("upperCorner"));
        let (low, high) =
            corners.ok_or_else(|| unexpected("Envelope", "a lowerCorner and an upperCorner of numbers"))?;
        let named = envelope.attribute("srsName");
        let (system, order) = (self.names.system)(named)
            .ok_or_else(|| unexpected(named.unwrap_or_default(), "a coordinate system that is offered"))?;
        let edges = match system.changes_places_for(order) {
            true => [low.1, low.0, high.1, high.0],
            false => [low.0, low.1, high.0, high.1],
        };
        let literal = SpatialLiteral::from_box(edges, system)
            .map_err(|reason| FilterFault::Geometry { place: Place::Nowhere, reason })?;
        let expression = match literal.boxes {
            Some((only, None)) => Expression::BBox(only.to_array()),
            _ => Expression::Geometry(literal.geometry),
        };
        let literal = self.node(expression)?;
        self.operation(Operator::Spatial(SpatialOperator::Intersects), vec![property, literal])
    }
}

fn is_reference(element: &Element) -> bool {
    ["ValueReference", "PropertyName"].contains(&element.name.as_str())
}

fn comparison(name: &str) -> Option<Comparison> {
    Some(match name {
        "PropertyIsEqualTo" => Comparison::Equal,
        "PropertyIsNotEqualTo" => Comparison::NotEqual,
        "PropertyIsLessThan" => Comparison::Less,
        "PropertyIsLessThanOrEqualTo" => Comparison::LessOrEqual,
        "PropertyIsGreaterThan" => Comparison::Greater,
        "PropertyIsGreaterThanOrEqualTo" => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

fn number(text: &str) -> Option<Number> {
    let real = || text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Number::Real);
    text.parse::<i64>().ok().map(Number::Integer).or_else(real)
}

/// The pattern in the signs of CQL2: `%`, `_` and `\`.
fn pattern(text: &str, any_run: Option<char>, any_character: Option<char>, escape: Option<char>) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        let literal = match Some(c) {
            sign if sign == escape => characters.next().unwrap_or(c),
            sign if sign == any_run => {
                out.push('%');
                continue;
            }
            sign if sign == any_character => {
                out.push('_');
                continue;
            }
            _ => c,
        };
        if matches!(literal, '%' | '_' | '\\') {
            out.push('\\');
        }
        out.push(literal);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Field, GeometryKind};
    use crate::crs::{AxisOrder, System};
    use crate::filter::Filter;

    fn schema() -> Schema {
        let field = Field::untitled;
        let fields = vec![
            field("name", FieldKind::Text),
            field("size", FieldKind::Real),
            field("open", FieldKind::Boolean),
            field("day", FieldKind::Date),
        ];
        Schema { geometry: GeometryKind::Point, has_z: false, has_m: false, fields }
    }

    fn read(inner: &str) -> Result<XmlFilter, FilterFault> {
        let names = Names {
            property: &|name| name.rsplit(':').next().unwrap_or_default().to_owned(),
            system: &|name| match name {
                None | Some("urn:ogc:def:crs:EPSG::4326") => Some((System::Epsg4326, AxisOrder::Authority)),
                Some("EPSG:2326") => Some((System::Epsg2326, AxisOrder::EastFirst)),
                _ => None,
            },
        };
        let xmlns = "xmlns:fes=\"http://www.opengis.net/fes/2.0\" xmlns:gml=\"http://www.opengis.net/gml/3.2\"";
        parse(&format!("<fes:Filter {xmlns}>{inner}</fes:Filter>"), &schema(), &names)
    }

    fn compared(operator: &str, name: &str, literal: &str) -> String {
        format!(
            "<fes:{operator}><fes:ValueReference>{name}</fes:ValueReference><fes:Literal>{literal}</fes:Literal></fes:{operator}>"
        )
    }

    #[test]
    fn filters_in_xml_become_the_tree_of_cql2() {
        let both = format!(
            "<fes:And>{}<fes:Not>{}</fes:Not></fes:And>",
            compared("PropertyIsEqualTo", "layer:name", "O&apos;Brien"),
            compared("PropertyIsLessThan", "size", "1.5")
        );
        let envelope = |system: &str| {
            format!(
                "<fes:BBOX><fes:ValueReference>geometry</fes:ValueReference><gml:Envelope{system}>\
                 <gml:lowerCorner>22.2 114.1</gml:lowerCorner><gml:upperCorner>22.3 114.2</gml:upperCorner>\
                 </gml:Envelope></fes:BBOX>"
            )
        };
        for (xml, cql2) in [
            (both, "name = 'O''Brien' AND NOT size < 1.5"),
            (compared("PropertyIsEqualTo", "open", "true"), "open = TRUE"),
            (compared("PropertyIsGreaterThanOrEqualTo", "day", "2021-12-17"), "day >= DATE('2021-12-17')"),
            (
                compared("PropertyIsEqualTo", "name", "a").replace("EqualTo><fes:V", "EqualTo matchCase=\"false\"><fes:V"),
                "CASEI(name) = CASEI('a')",
            ),
            (
                "<PropertyIsLike wildCard='*' singleChar='?' escapeChar='!'><ValueReference>name</ValueReference>\
                 <Literal>a*b?c!*%</Literal></PropertyIsLike>"
                    .to_owned(),
                "name LIKE 'a%b_c*\\%'",
            ),
            (
                "<PropertyIsBetween><PropertyName>size</PropertyName><LowerBoundary><Literal>1</Literal></LowerBoundary>\
                 <UpperBoundary><Literal>2</Literal></UpperBoundary></PropertyIsBetween>"
                    .to_owned(),
                "size BETWEEN 1 AND 2",
            ),
            ("<PropertyIsNull><ValueReference>name</ValueReference></PropertyIsNull>".to_owned(), "name IS NULL"),
            (envelope(""), "S_INTERSECTS(geometry, BBOX(114.1, 22.2, 114.2, 22.3))"),
            (envelope(" srsName='urn:ogc:def:crs:EPSG::4326'"), "S_INTERSECTS(geometry, BBOX(114.1, 22.2, 114.2, 22.3))"),
        ] {
            let tree = read(&xml).unwrap().condition.unwrap();
            let fit = |tree: &Node| Filter::from_tree(tree, &schema(), System::Crs84).unwrap();
            assert_eq!(fit(&tree), fit(&super::super::text::parse(cql2).unwrap()), "{xml}");
        }
    }

    #[test]
    fn an_envelope_of_the_grid_lies_where_it_is_in_degrees() {
        let box_of_grid = "<BBOX><Envelope srsName='EPSG:2326'><lowerCorner>836000 819000</lowerCorner>\
                           <upperCorner>837000 820000</upperCorner></Envelope></BBOX>";
        let tree = read(box_of_grid).unwrap().condition.unwrap();
        let Expression::Operation(_, sides) = tree.expression else { panic!("no operation") };
        let Expression::Geometry(geometry) = &sides[1].expression else { panic!("no geometry") };
        let centre = geo::Centroid::centroid(geometry).unwrap();
        assert!((centre.x() - 114.179).abs() < 0.002 && (centre.y() - 22.314).abs() < 0.002, "{centre:?}");
    }

    #[test]
    fn ids_stand_alone() {
        let ids = "<fes:ResourceId rid=\"a-b.1\"/><fes:ResourceId rid=\"a-b.2\"/>";
        assert_eq!(
            read(ids).unwrap(),
            XmlFilter { condition: None, resource_ids: vec!["a-b.1".into(), "a-b.2".into()] }
        );
        assert!(read(&format!("{ids}{}", compared("PropertyIsEqualTo", "name", "a"))).is_err());
    }

    #[test]
    fn what_is_not_read_is_named() {
        for (xml, part) in [
            (String::new(), "one condition"),
            (compared("PropertyIsEqualTo", "size", "many"), "a value of real"),
            (compared("DWithin", "name", "a"), "\"DWithin\" stands where And, Or"),
            ("<fes:And/>".to_owned(), "a condition"),
            ("<fes:BBOX><gml:Envelope srsName='x'><gml:lowerCorner>1 2</gml:lowerCorner><gml:upperCorner>3 4</gml:upperCorner></gml:Envelope></fes:BBOX>".to_owned(), "is offered"),
            ("&evil;".to_owned(), "entity"),
            ("<fes:Not>".repeat(40), "deeper"),
        ] {
            let fault = read(&xml).unwrap_err().to_string();
            assert!(fault.contains(part), "{xml}: {fault}");
        }
        let evil = "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><Filter>&e;</Filter>";
        let names = Names { property: &str::to_owned, system: &|_| None };
        assert!(parse(evil, &schema(), &names).unwrap_err().to_string().contains("document type"));
    }
}
