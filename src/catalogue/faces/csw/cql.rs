//! `constraintLanguage=CQL_TEXT`: CQL2 Text over the properties of a record, as far as the same can be
//! said by a filter in XML. Names may have the prefixes that CSW's clients write.

use super::Exception;
use super::filter::{self, Comparison, Constraint};
use crate::base::BBox;
use crate::filter::spatial::SpatialOperator;
use crate::filter::tree::{Expression, Node, Operator};
use crate::filter::{self as cql, FilterLanguage};

pub(super) fn of_text(text: &str) -> Result<Constraint, Exception> {
    let node = FilterLanguage::Cql2Text
        .parse(&without_prefixes(text))
        .map_err(|fault| Exception::invalid("constraint", fault.to_string()))?;
    of_node(&node)
}

/// `dc:title` as `title`, but for what stands in quotes.
fn without_prefixes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut quote = None;
    for character in text.chars() {
        match (quote, character) {
            (None, '\'' | '"') => quote = Some(character),
            (Some(open), _) if open == character => quote = None,
            (None, ':') => {
                let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                plain.truncate(plain.trim_end_matches(is_word).len());
                continue;
            }
            _ => {}
        }
        plain.push(character);
    }
    plain
}

fn of_node(node: &Node) -> Result<Constraint, Exception> {
    let Expression::Operation(operator, parts) = &node.expression else { return Err(unread(node)) };
    let all = || parts.iter().map(of_node).collect::<Result<Vec<_>, _>>();
    match (operator, parts.as_slice()) {
        (Operator::And, _) => Ok(Constraint::And(all()?)),
        (Operator::Or, _) => Ok(Constraint::Or(all()?)),
        (Operator::Not, [inner]) => Ok(Constraint::Not(Box::new(of_node(inner)?))),
        (Operator::Compare(sign), [name, value]) => Ok(compare(name, *sign, value)?),
        (Operator::Like, [name, pattern]) => Ok(Constraint::Like {
            property: property(name)?,
            parts: filter::pattern_parts(&literal(pattern)?, ['%', '_', '\\']),
        }),
        (Operator::Between, [name, low, high]) => {
            Ok(Constraint::Between { property: property(name)?, low: literal(low)?, high: literal(high)? })
        }
        (Operator::In, [name, list]) => match &list.expression {
            Expression::Array(values) => {
                let equal = |value| compare(name, cql::Comparison::Equal, value);
                Ok(Constraint::Or(values.iter().map(equal).collect::<Result<_, _>>()?))
            }
            _ => Err(unread(list)),
        },
        (Operator::Spatial(SpatialOperator::Intersects), [_, place]) => bbox(place).map(Constraint::Box),
        (Operator::Spatial(SpatialOperator::Within), [_, place]) => bbox(place).map(Constraint::Within),
        (Operator::Spatial(SpatialOperator::Contains), [_, place]) => bbox(place).map(Constraint::Contains),
        _ => Err(unread(node)),
    }
}

fn unread(node: &Node) -> Exception {
    let accepted = "AND, OR, NOT, comparisons of a property with a literal, LIKE, BETWEEN, IN, and S_INTERSECTS, S_WITHIN and S_CONTAINS with a BBOX are read";
    Exception::invalid("constraint", format!("what stands {} is not read here; {accepted}", node.place))
}

fn compare(name: &Node, sign: cql::Comparison, value: &Node) -> Result<Constraint, Exception> {
    let comparison = match sign {
        cql::Comparison::Equal => Comparison::Equal,
        cql::Comparison::NotEqual => Comparison::NotEqual,
        cql::Comparison::Less => Comparison::Less,
        cql::Comparison::LessOrEqual => Comparison::LessOrEqual,
        cql::Comparison::Greater => Comparison::Greater,
        cql::Comparison::GreaterOrEqual => Comparison::GreaterOrEqual,
    };
    Ok(Constraint::Compare { property: property(name)?, comparison, literal: literal(value)? })
}

fn property(node: &Node) -> Result<String, Exception> {
    match &node.expression {
        Expression::Property(name) => filter::known_property(name),
        _ => Err(unread(node)),
    }
}

/// As the values of records are compared: in text.
fn literal(node: &Node) -> Result<String, Exception> {
    match &node.expression {
        Expression::Text(text) => Ok(text.clone()),
        Expression::Date(date) => Ok(date.to_string()),
        Expression::Timestamp(moment) => Ok(super::super::moment(*moment)),
        _ => Err(unread(node)),
    }
}

fn bbox(node: &Node) -> Result<BBox, Exception> {
    match &node.expression {
        Expression::BBox([west, south, east, north]) if south <= north => Ok(BBox::new(*west, *south, *east, *north)),
        _ => Err(unread(node)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_go_and_what_stands_in_quotes_stays() {
        for (text, plain) in [
            ("dc:title LIKE 'a:b%'", "title LIKE 'a:b%'"),
            ("csw:AnyText='x' AND apiso:Title='it''s dc:y'", "AnyText='x' AND Title='it''s dc:y'"),
            ("title='x'", "title='x'"),
        ] {
            assert_eq!(without_prefixes(text), plain);
        }
    }

    #[test]
    fn what_a_filter_in_xml_may_say_is_read_and_the_rest_is_named() {
        let like =
            |property: &str, part: &str| Constraint::Like { property: property.into(), parts: vec![part.into()] };
        let read = of_text("csw:AnyText LIKE '%water%' OR dc:title LIKE '水%'").unwrap();
        assert_eq!(read, Constraint::Or(vec![like("anytext", "water"), like("title", "水")]));
        let read = of_text("S_WITHIN(ows:BoundingBox,BBOX(113,22,115,23))").unwrap();
        assert_eq!(read, Constraint::Within(BBox::new(113.0, 22.0, 115.0, 23.0)));
        for (text, part) in [
            ("shoe='x'", "\"shoe\" is not one of"),
            ("title IS NULL", "is not read here"),
            ("title=abstract", "is not read here"),
            ("title LIKE", "filter"),
        ] {
            let fault = of_text(text).unwrap_err();
            assert!(fault.text.contains(part), "{text}: {}", fault.text);
        }
    }
}
