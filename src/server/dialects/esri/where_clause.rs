//! `where`: the comparisons of ArcGIS's standardised queries as a tree of CQL2, never as SQL.
//!
//! Read are `=`, `<>`, `!=`, `<`, `>`, `<=`, `>=`, `LIKE`, `IN`, `BETWEEN`, `IS NULL`, `AND`, `OR`,
//! `NOT` and brackets, over fields, `UPPER` and `LOWER` of fields, numbers, texts, `DATE '…'` and
//! `TIMESTAMP '…'`. The ids are no field of the layer: what compares them is taken out of the tree,
//! which can be done where it is joined by `AND`.

use super::where_parser::{IDS, Parser};
use crate::base::{Schema, limits};
use crate::filter::Number;
use crate::filter::tree::{Comparison, Expression, Node, Operator};
use crate::query::Places;
use crate::server::problem::Problem;

/// What a clause asks of the fields and of the ids.
#[derive(Debug, Default, PartialEq)]
pub struct Clause {
    pub condition: Option<Node>,
    pub places: Option<Places>,
}

/// Reads a clause; `object_id` is what the ids are called.
pub fn read(text: &str, schema: &Schema, object_id: &str) -> Result<Clause, Problem> {
    if text.len() > limits::FILTER_BYTES_MAX {
        return Err(Problem::bad_request(format!("where has more than {} bytes", limits::FILTER_BYTES_MAX)));
    }
    let mut parser = Parser::new(text, schema, object_id)?;
    let node = parser.whole()?;
    let mut clause = Clause::default();
    let mut conditions = Vec::new();
    for part in joined_by_and(node) {
        if let Some(places) = places_of(&part) {
            clause.places = Some(both(clause.places.take(), places));
        } else if names_ids(&part) {
            return Err(Problem::bad_request(format!(
                "where: {object_id} is compared with whole numbers by =, <, >, <=, >=, IN or BETWEEN, \
                 and joined with other conditions by AND only"
            )));
        } else if part.expression != Expression::Boolean(true) {
            conditions.push(part);
        }
    }
    clause.condition = match conditions.len() {
        0 | 1 => conditions.pop(),
        _ => Some(parser.operation(Operator::And, conditions)?),
    };
    Ok(clause)
}

/// What must hold together, whatever brackets stand around some of it.
fn joined_by_and(node: Node) -> Vec<Node> {
    match node {
        Node { expression: Expression::Operation(Operator::And, parts), .. } => {
            parts.into_iter().flat_map(joined_by_and).collect()
        }
        node => vec![node],
    }
}

/// What both allow.
pub fn both(first: Option<Places>, second: Places) -> Places {
    match (first, second) {
        (None, second) => second,
        (Some(Places::Between(a, b)), Places::Between(c, d)) => Places::Between(a.max(c), b.min(d)),
        (Some(Places::Among(list)), Places::Between(first, last))
        | (Some(Places::Between(first, last)), Places::Among(list)) => {
            Places::Among(list.into_iter().filter(|place| (first..=last).contains(place)).collect())
        }
        (Some(Places::Among(list)), Places::Among(other)) => {
            Places::Among(list.into_iter().filter(|place| other.contains(place)).collect())
        }
    }
}

/// The places that a condition on the ids allows; `None` where it is no such condition.
fn places_of(node: &Node) -> Option<Places> {
    let is_ids = |node: &Node| node.expression == Expression::Property(IDS.to_owned());
    let whole = |node: &Node| match node.expression {
        Expression::Number(Number::Integer(number)) => Some(number),
        _ => None,
    };
    let Expression::Operation(operator, arguments) = &node.expression else { return None };
    match (operator, arguments.as_slice()) {
        (Operator::Compare(comparison), [ids, number]) if is_ids(ids) => between(*comparison, whole(number)?),
        (Operator::Between, [ids, low, high]) if is_ids(ids) => Some(Places::Between(whole(low)?, whole(high)?)),
        (Operator::In, [ids, Node { expression: Expression::Array(list), .. }]) if is_ids(ids) => {
            list.iter().map(whole).collect::<Option<_>>().map(Places::Among)
        }
        _ => None,
    }
}

fn between(comparison: Comparison, number: i64) -> Option<Places> {
    let (first, last) = match comparison {
        Comparison::Equal => (number, number),
        Comparison::Less => (i64::MIN, number.saturating_sub(1)),
        Comparison::LessOrEqual => (i64::MIN, number),
        Comparison::Greater => (number.saturating_add(1), i64::MAX),
        Comparison::GreaterOrEqual => (number, i64::MAX),
        Comparison::NotEqual => return None,
    };
    Some(Places::Between(first, last))
}

fn names_ids(node: &Node) -> bool {
    match &node.expression {
        Expression::Property(name) => name == IDS,
        Expression::Operation(_, nodes) | Expression::Array(nodes) | Expression::Function(_, nodes) => {
            nodes.iter().any(names_ids)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::ids::cut;
    use crate::base::{Field, FieldKind, GeometryKind};
    use crate::crs::System;
    use crate::filter::Filter;

    fn schema() -> Schema {
        let field = Field::untitled;
        let fields = vec![
            field("Name", FieldKind::Text),
            field("Facility Name", FieldKind::Text),
            field("設施", FieldKind::Text),
            field("size", FieldKind::Real),
            field("open", FieldKind::Boolean),
            field("day", FieldKind::Date),
            field("moment", FieldKind::DateTime),
        ];
        Schema { geometry: GeometryKind::Point, has_z: false, has_m: false, fields }
    }

    fn clause(text: &str) -> Clause {
        read(text, &schema(), "OBJECTID").unwrap()
    }

    #[test]
    fn clauses_become_the_tree_of_cql2() {
        for (text, cql2) in [
            ("name = 'a'", "Name = 'a'"),
            ("1=1 AND NAME <> 'a'", "Name <> 'a'"),
            ("\"facility name\" != 'O''Brien'", "\"Facility Name\" <> 'O''Brien'"),
            ("設施 LIKE '%公園_'", "設施 LIKE '%公園_'"),
            ("UPPER(name) LIKE 'A%'", "upper(Name) LIKE 'A%'"),
            ("name LIKE 'a\\_'", "Name LIKE 'a\\\\_'"),
            ("size>=-1.5 or not (size < 3)", "size >= -1.5 OR NOT size < 3"),
            ("size NOT IN (1, 2)", "NOT size IN (1, 2)"),
            ("size BETWEEN 1 AND 2 AND name IS NOT NULL", "size BETWEEN 1 AND 2 AND NOT Name IS NULL"),
            ("open = 1", "open = TRUE"),
            ("day >= '2021-12-17'", "day >= DATE('2021-12-17')"),
            ("day = DATE '2021-12-17'", "day = DATE('2021-12-17')"),
            ("moment < TIMESTAMP '2021-12-17 09:30:00'", "moment < TIMESTAMP('2021-12-17T09:30:00Z')"),
            ("moment IN ('2021-12-17 09:30:00.5')", "moment IN (TIMESTAMP('2021-12-17T09:30:00.5Z'))"),
        ] {
            let tree = clause(text).condition.unwrap();
            let wanted = crate::filter::text::parse(cql2).unwrap();
            let fit = |tree| Filter::from_tree(tree, &schema(), System::Crs84).unwrap();
            assert_eq!(fit(&tree), fit(&wanted), "{text}");
        }
    }

    #[test]
    fn a_backslash_is_a_character_and_a_quote_ends_no_more_than_its_text() {
        let text = |clause: &str| match clause_text(clause) {
            Expression::Operation(_, mut parts) => parts.pop().unwrap().expression,
            other => other,
        };
        assert_eq!(text("name = 'a\\'"), Expression::Text("a\\".to_owned()));
        assert_eq!(text("name = '\\'' OR 1=1 --'"), Expression::Text("\\' OR 1=1 --".to_owned()));
        assert_eq!(text("name = 'x'' OR 1=1 --'"), Expression::Text("x' OR 1=1 --".to_owned()));
    }

    fn clause_text(text: &str) -> Expression {
        clause(text).condition.unwrap().expression
    }

    #[test]
    fn what_is_asked_of_the_ids_is_taken_out() {
        for (text, places, has_condition) in [
            ("1=1", None, false),
            ("OBJECTID > 5", Some(Places::Between(6, i64::MAX)), false),
            ("objectid >= 5 AND OBJECTID < 9 AND size > 1", Some(Places::Between(5, 8)), true),
            ("OBJECTID IN (3,1,99) AND OBJECTID <= 3", Some(Places::Among(vec![3, 1])), false),
            ("OBJECTID BETWEEN 2 AND 4", Some(Places::Between(2, 4)), false),
            ("OBJECTID = 7", Some(Places::Between(7, 7)), false),
            ("(1=1) AND (OBJECTID = 7 AND size = 1)", Some(Places::Between(7, 7)), true),
        ] {
            let clause = clause(text);
            assert_eq!((&clause.places, clause.condition.is_some()), (&places, has_condition), "{text}");
        }
        let twice = read("OBJECTID = 7", &schema(), "OBJECTID_1").unwrap_err();
        assert!(twice.detail.contains("there are OBJECTID_1, Name"), "{}", twice.detail);
    }

    #[test]
    fn whatever_is_more_than_a_comparison_is_refused_with_a_sentence() {
        let deep = format!("{}1=1{}", "(".repeat(10_000), ")".repeat(10_000));
        let long = format!("size IN ({})", vec!["1"; 100_000].join(","));
        for (text, part) in [
            ("1=1; DROP TABLE x", "no part of a comparison"),
            ("name = 'a' UNION SELECT 1", "stands where"),
            ("load_extension('x') = 1", "not offered"),
            ("(SELECT 1) = 1", "there is no field \"SELECT\""),
            ("nothing = 1", "there is no field"),
            ("name = 'a", "not closed"),
            ("name", "a comparison"),
            ("OBJECTID = 1 OR size = 1", "by AND only"),
            ("OBJECTID <> 1", "by AND only"),
            ("day = 'soon'", "not a date"),
            ("size = 1e999", "not a number"),
            ("", "a field"),
            (&deep, "levels of nesting"),
            (&long, "where has more than"),
        ] {
            let problem = read(text, &schema(), "OBJECTID").unwrap_err();
            assert!(problem.detail.contains(part), "{}: {}", cut(text), problem.detail);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_clause_is_too_odd_to_be_answered(
            text in "\\PC{0,40}|([A-Za-z設'\"=<>!(),.0-9 -]|AND |OR |NOT |IN |LIKE |name |OBJECTID |IS NULL|DATE ){0,24}"
        ) {
            if let Ok(Clause { condition: Some(tree), .. }) = read(&text, &schema(), "OBJECTID") {
                // What the schema does not allow is a fault, never a panic.
                let _ = Filter::from_tree(&tree, &schema(), System::Crs84);
            }
        }
    }
}
