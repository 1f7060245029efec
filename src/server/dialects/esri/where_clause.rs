//! `where`: the comparisons of ArcGIS's standardised queries as a tree of CQL2, never as SQL.
//!
//! Read are `=`, `<>`, `!=`, `<`, `>`, `<=`, `>=`, `LIKE`, `IN`, `BETWEEN`, `IS NULL`, `AND`, `OR`,
//! `NOT` and brackets, over fields, `UPPER` and `LOWER` of fields, numbers, texts, `DATE '…'` and
//! `TIMESTAMP '…'`. The ids are no field of the layer: what compares them is taken out of the tree,
//! which can be done where it is joined by `AND`.

use super::super::field_by_name;
use super::where_tokens::{Token, scan};
use crate::base::ids::cut;
use crate::base::{FieldKind, Schema, limits};
use crate::filter::tree::{Comparison, Expression, Growth, Node, Operator, Place};
use crate::filter::{FilterFault, Number};
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
    let tokens = scan(text)?;
    let mut parser = Parser { tokens, at: 0, nesting: 0, growth: Growth::default(), schema, object_id };
    let node = parser.any()?;
    if *parser.peek() != Token::End {
        return Err(parser.unexpected("AND, OR or the end"));
    }
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

/// Stands in the tree for the ids, under a name that no field has: it holds what no name may.
const IDS: &str = "\u{0}";

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

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    /// Brackets and NOTs that are open, each of them a call on the stack.
    nesting: usize,
    growth: Growth,
    schema: &'a Schema,
    object_id: &'a str,
}

type Parsed = Result<Node, Problem>;

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.tokens.get(self.at).unwrap_or(&Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    fn unexpected(&self, wanted: &str) -> Problem {
        let found = match self.peek() {
            Token::Word(text) | Token::Quoted(text) | Token::Text(text) => format!("\"{}\"", cut(text)),
            Token::Number(Number::Integer(number)) => number.to_string(),
            Token::Number(Number::Real(number)) => number.to_string(),
            Token::Sign(sign) => format!("\"{sign}\""),
            Token::End => "the end".to_owned(),
        };
        Problem::bad_request(format!("where: {found} stands where {wanted} is accepted"))
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let stands = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(stands);
        stands
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), Problem> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(sign)) }
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let stands = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(wanted));
        self.at += usize::from(stands);
        stands
    }

    fn node(&mut self, expression: Expression) -> Parsed {
        self.growth
            .node(expression, Place::Nowhere)
            .map_err(|fault: FilterFault| Problem::bad_request(format!("where: {fault}")))
    }

    fn operation(&mut self, operator: Operator, arguments: Vec<Node>) -> Parsed {
        self.node(Expression::Operation(operator, arguments))
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        self.nesting += 1;
        if self.nesting > limits::FILTER_DEPTH_MAX {
            let most = limits::FILTER_DEPTH_MAX;
            return Err(Problem::bad_request(format!("where has more than {most} levels of nesting")));
        }
        let parsed = inner(self)?;
        self.nesting -= 1;
        Ok(parsed)
    }

    fn any(&mut self) -> Parsed {
        self.chain("OR", Operator::Or, |parser| parser.chain("AND", Operator::And, Self::factor))
    }

    fn chain(&mut self, word: &str, operator: Operator, term: impl Fn(&mut Self) -> Parsed) -> Parsed {
        let mut terms = vec![term(self)?];
        while self.take_word(word) {
            terms.push(term(self)?);
        }
        match terms.len() {
            1 => Ok(terms.remove(0)),
            _ => self.operation(operator, terms),
        }
    }

    fn factor(&mut self) -> Parsed {
        if self.take_word("NOT") {
            let inner = self.nested(Self::factor)?;
            return self.operation(Operator::Not, vec![inner]);
        }
        if self.take_sign("(") {
            let inner = self.nested(Self::any)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let value = self.operand()?;
        let kind = self.kind_of(&value);
        if let Some(comparison) = self.take_comparison() {
            let other = self.operand()?;
            let other_kind = self.kind_of(&other);
            let (value, other) = (self.fitted(value, other_kind)?, self.fitted(other, kind)?);
            return match constant(comparison, &value, &other) {
                Some(truth) => self.node(Expression::Boolean(truth)),
                None => self.operation(Operator::Compare(comparison), vec![value, other]),
            };
        }
        if self.take_word("IS") {
            let is_negated = self.take_word("NOT");
            if !self.take_word("NULL") {
                return Err(self.unexpected("NULL"));
            }
            let node = self.operation(Operator::IsNull, vec![value])?;
            return self.negated(is_negated, node);
        }
        let is_negated = self.take_word("NOT");
        let node = if self.take_word("LIKE") {
            let pattern = self.pattern()?;
            self.operation(Operator::Like, vec![value, pattern])?
        } else if self.take_word("IN") {
            let list = self.list(kind)?;
            self.operation(Operator::In, vec![value, list])?
        } else if self.take_word("BETWEEN") {
            let low = self.operand()?;
            let low = self.fitted(low, kind)?;
            if !self.take_word("AND") {
                return Err(self.unexpected("AND and the upper end"));
            }
            let high = self.operand()?;
            let high = self.fitted(high, kind)?;
            self.operation(Operator::Between, vec![value, low, high])?
        } else {
            return Err(self.unexpected("a comparison"));
        };
        self.negated(is_negated, node)
    }

    /// In SQL a backslash is a character, in CQL2 it stands before one.
    fn pattern(&mut self) -> Parsed {
        match self.peek() {
            Token::Text(text) => {
                let pattern = text.replace('\\', "\\\\");
                self.taken(Expression::Text(pattern))
            }
            _ => Err(self.unexpected("a pattern in single quotes")),
        }
    }

    fn negated(&mut self, is_negated: bool, node: Node) -> Parsed {
        if is_negated { self.operation(Operator::Not, vec![node]) } else { Ok(node) }
    }

    fn take_comparison(&mut self) -> Option<Comparison> {
        let Token::Sign(sign) = self.peek() else { return None };
        let sign = if *sign == "!=" { "<>" } else { sign };
        let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.sign() == sign)?;
        self.at += 1;
        Some(comparison)
    }

    fn list(&mut self, kind: Option<FieldKind>) -> Parsed {
        self.expect_sign("(")?;
        let mut values = Vec::new();
        loop {
            let value = self.operand()?;
            values.push(self.fitted(value, kind)?);
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect_sign(")")?;
        self.node(Expression::Array(values))
    }

    fn operand(&mut self) -> Parsed {
        const WANTED: &str = "a field, a number or a text in single quotes";
        match self.peek().clone() {
            Token::Number(number) => self.taken(Expression::Number(number)),
            Token::Text(text) => self.taken(Expression::Text(text)),
            Token::Quoted(name) => {
                let property = self.property(&name)?;
                self.taken(property)
            }
            Token::Sign("-") => {
                self.at += 1;
                match self.next() {
                    Token::Number(Number::Integer(number)) => self.node(Expression::Number(Number::Integer(-number))),
                    Token::Number(Number::Real(number)) => self.node(Expression::Number(Number::Real(-number))),
                    _ => {
                        self.at -= 1;
                        Err(self.unexpected("a number"))
                    }
                }
            }
            Token::Word(word) => self.word(&word),
            Token::Sign(_) | Token::End => Err(self.unexpected(WANTED)),
        }
    }

    fn taken(&mut self, expression: Expression) -> Parsed {
        self.at += 1;
        self.node(expression)
    }

    fn word(&mut self, word: &str) -> Parsed {
        let follows = self.tokens.get(self.at + 1).cloned();
        let is = |known: &str| word.eq_ignore_ascii_case(known);
        match follows {
            Some(Token::Text(text)) if is("DATE") || is("TIMESTAMP") => {
                self.at += 2;
                let kind = if is("DATE") { FieldKind::Date } else { FieldKind::DateTime };
                let moment = moment(&text, kind).ok_or_else(|| not_a_moment(&text))?;
                self.node(moment)
            }
            Some(Token::Sign("(")) if is("UPPER") || is("LOWER") => {
                self.at += 2;
                let inner = self.nested(Self::operand)?;
                self.expect_sign(")")?;
                self.node(Expression::Function(word.to_ascii_lowercase(), vec![inner]))
            }
            Some(Token::Sign("(")) => Err(Problem::bad_request(format!(
                "where: the function {} is not offered; UPPER and LOWER are",
                cut(word)
            ))),
            _ => {
                let property = self.property(word)?;
                self.taken(property)
            }
        }
    }

    /// Names are found in any case, as ArcGIS finds them.
    fn property(&self, name: &str) -> Result<Expression, Problem> {
        if let Some(place) = field_by_name(self.schema, name) {
            return Ok(Expression::Property(self.schema.fields[place].name.clone()));
        }
        if name.eq_ignore_ascii_case(self.object_id) {
            return Ok(Expression::Property(IDS.to_owned()));
        }
        let known: Vec<&str> = self.schema.fields.iter().map(|field| field.column.as_str()).collect();
        let (name, object_id, known) = (cut(name), self.object_id, known.join(", "));
        Err(Problem::bad_request(format!("where: there is no field \"{name}\"; there are {object_id}, {known}")))
    }

    fn kind_of(&self, node: &Node) -> Option<FieldKind> {
        let Expression::Property(name) = &node.expression else { return None };
        self.schema.field(name).map(|field| field.kind)
    }

    /// A value beside a field: texts beside dates are dates, numbers beside truths are truths.
    fn fitted(&mut self, node: Node, beside: Option<FieldKind>) -> Parsed {
        match (&node.expression, beside) {
            (Expression::Text(text), Some(FieldKind::Date | FieldKind::DateTime)) => {
                let moment = moment(text, FieldKind::Date).or_else(|| moment(text, FieldKind::DateTime));
                let moment = moment.ok_or_else(|| not_a_moment(text))?;
                self.node(moment)
            }
            (Expression::Number(number), Some(FieldKind::Boolean)) => {
                let truth = number.as_real() != 0.0;
                self.node(Expression::Boolean(truth))
            }
            _ => Ok(node),
        }
    }
}

/// Comparisons of constants, such as `1=1`, which clients write to ask for everything.
fn constant(comparison: Comparison, left: &Node, right: &Node) -> Option<bool> {
    match (&left.expression, &right.expression) {
        (Expression::Number(a), Expression::Number(b)) => {
            a.as_real().partial_cmp(&b.as_real()).map(|order| comparison.holds(order))
        }
        (Expression::Text(a), Expression::Text(b)) => Some(comparison.holds(a.cmp(b))),
        _ => None,
    }
}

/// `2021-12-17`, or with a time, which is in UTC.
fn moment(text: &str, kind: FieldKind) -> Option<Expression> {
    if kind == FieldKind::Date {
        let is_date = text.len() == "2021-12-17".len();
        return is_date.then(|| text.parse().ok()).flatten().map(Expression::Date);
    }
    let civil: jiff::civil::DateTime = text.trim_end_matches('Z').parse().ok()?;
    jiff::tz::TimeZone::UTC.to_timestamp(civil).ok().map(Expression::Timestamp)
}

fn not_a_moment(text: &str) -> Problem {
    Problem::bad_request(format!(
        "where: '{}' is not a date such as '2021-12-17' nor a time in UTC such as '2021-12-17 09:30:00'",
        cut(text)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Field, GeometryKind};
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
