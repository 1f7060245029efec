//! The grammar of `where`, from tokens to a tree of CQL2. Names are those of the layer's fields, in any
//! case; what stands beside a field is read as a value of its kind.

use super::super::field_by_name;
use super::where_tokens::{Token, scan};
use crate::base::ids::cut;
use crate::base::{FieldKind, Schema, limits};
use crate::filter::tree::{Comparison, Expression, Growth, Node, Operator, Place};
use crate::filter::{FilterFault, Number};
use crate::server::problem::Problem;

/// Stands in the tree for the ids, under a name that no field has: it holds what no name may.
pub const IDS: &str = "\u{0}";

/// Reads one clause.
pub struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    /// Brackets and NOTs that are open, each of them a call on the stack.
    nesting: usize,
    growth: Growth,
    schema: &'a Schema,
    object_id: &'a str,
}

type Parsed = Result<Node, Problem>;

impl<'a> Parser<'a> {
    pub fn new(text: &str, schema: &'a Schema, object_id: &'a str) -> Result<Self, Problem> {
        Ok(Parser { tokens: scan(text)?, at: 0, nesting: 0, growth: Growth::default(), schema, object_id })
    }

    /// The condition that the whole clause is; the ids stand in it as [`IDS`].
    pub fn whole(&mut self) -> Parsed {
        let node = self.any()?;
        if *self.peek() != Token::End {
            return Err(self.unexpected("AND, OR or the end"));
        }
        Ok(node)
    }

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

    pub fn operation(&mut self, operator: Operator, arguments: Vec<Node>) -> Parsed {
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
