//! CQL2 Text, OGC 21-065r2 Annex B: one pass over the tokens without going back, so that the time
//! grows with the length and no faster.

use super::FilterFault;
use super::arithmetic::{Arithmetic, Number};
use super::token::{Spanned, Token, place, scan};
use super::tree::{Comparison, Expression, Growth, Node, Operator, Place, read_date, read_timestamp, within};
use super::well_known_text::{self, GeometryWord};
use crate::base::ids::cut;
use crate::base::limits;

/// Words that are not names unless they stand in double quotes.
pub(super) const KEYWORDS: [&str; 10] = ["AND", "OR", "NOT", "LIKE", "BETWEEN", "IN", "IS", "NULL", "TRUE", "FALSE"];

/// Reads a filter.
pub fn parse(source: &str) -> Result<Node, FilterFault> {
    within("bytes", source.len(), limits::FILTER_BYTES_MAX)?;
    let mut parser = Parser { source, tokens: scan(source)?, at: 0, nesting: 0, growth: Growth::default() };
    let node = parser.expression()?;
    match parser.peek() {
        Token::End => Ok(node),
        _ => Err(parser.unexpected("AND, OR or the end of the filter")),
    }
}

pub(super) struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Spanned<'s>>,
    at: usize,
    /// Brackets, NOTs and calls that are open, each of them a call on the stack.
    nesting: usize,
    pub(super) growth: Growth,
}

type Parsed<T = Node> = Result<T, FilterFault>;

impl<'s> Parser<'s> {
    fn peek(&self) -> &Token<'s> {
        self.ahead(0)
    }

    fn ahead(&self, tokens: usize) -> &Token<'s> {
        // The last token is always the end, which stands for everything after it.
        self.tokens.get(self.at + tokens).map_or(&Token::End, |spanned| &spanned.token)
    }

    fn start(&self) -> usize {
        self.tokens.get(self.at).map_or(self.source.len(), |spanned| spanned.start)
    }

    pub(super) fn place(&self) -> Place {
        place(self.source, self.start())
    }

    pub(super) fn unexpected(&self, wanted: &str) -> FilterFault {
        let found = match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Word(word) => format!("\"{}\"", cut(word)),
            Token::Quoted(name) => format!("\"{}\"", cut(name)),
            Token::Text(text) => format!("'{}'", cut(text)),
            Token::Number(Number::Integer(number)) => number.to_string(),
            Token::Number(Number::Real(number)) => number.to_string(),
            Token::Sign(sign) => format!("\"{sign}\""),
        };
        FilterFault::Unexpected { place: self.place(), found, wanted: wanted.to_owned() }
    }

    pub(super) fn take_sign(&mut self, sign: &str) -> bool {
        let stands = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.at += usize::from(stands);
        stands
    }

    pub(super) fn expect_sign(&mut self, sign: &str) -> Parsed<()> {
        if self.take_sign(sign) { Ok(()) } else { Err(self.unexpected(&format!("\"{sign}\""))) }
    }

    fn is_keyword(&self, tokens: usize, keyword: &str) -> bool {
        matches!(self.ahead(tokens), Token::Word(word) if word.eq_ignore_ascii_case(keyword))
    }

    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let stands = self.is_keyword(0, keyword);
        self.at += usize::from(stands);
        stands
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        self.nesting += 1;
        within("levels of nesting", self.nesting, limits::FILTER_DEPTH_MAX)?;
        let parsed = inner(self)?;
        self.nesting -= 1;
        Ok(parsed)
    }

    fn node(&mut self, expression: Expression, place: Place) -> Parsed {
        self.growth.node(expression, place)
    }

    fn operation(&mut self, operator: Operator, arguments: Vec<Node>, place: Place) -> Parsed {
        self.node(Expression::Operation(operator, arguments), place)
    }

    /// `a OR b OR c`: one operation of three.
    fn expression(&mut self) -> Parsed {
        self.chain("OR", Operator::Or, |parser| parser.chain("AND", Operator::And, Self::factor))
    }

    fn chain(&mut self, word: &str, operator: Operator, term: impl Fn(&mut Self) -> Parsed) -> Parsed {
        let place = self.place();
        let first = term(self)?;
        if !self.is_keyword(0, word) {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.take_keyword(word) {
            terms.push(term(self)?);
        }
        self.operation(operator, terms, place)
    }

    fn factor(&mut self) -> Parsed {
        let place = self.place();
        if !self.take_keyword("NOT") {
            return self.predicate();
        }
        let inner = self.nested(Self::factor)?;
        self.operation(Operator::Not, vec![inner], place)
    }

    /// A value and what is said of it.
    fn predicate(&mut self) -> Parsed {
        let place = self.place();
        let value = self.sum()?;
        if let Some(comparison) = self.take_comparison() {
            let other = self.sum()?;
            return self.operation(Operator::Compare(comparison), vec![value, other], place);
        }
        if self.take_keyword("IS") {
            let is_negated = self.take_keyword("NOT");
            if !self.take_keyword("NULL") {
                return Err(self.unexpected(if is_negated { "NULL" } else { "NULL or NOT NULL" }));
            }
            let node = self.operation(Operator::IsNull, vec![value], place.clone())?;
            return self.negated(is_negated, node, place);
        }
        let is_negated = self.is_keyword(0, "NOT");
        let word = usize::from(is_negated);
        let operator = [("LIKE", Operator::Like), ("BETWEEN", Operator::Between), ("IN", Operator::In)]
            .into_iter()
            .find(|(keyword, _)| self.is_keyword(word, keyword));
        let Some((_, operator)) = operator else {
            return Ok(value);
        };
        self.at += word + 1;
        let arguments = match operator {
            Operator::Like => vec![value, self.sum()?],
            Operator::In => {
                let list = self.array()?;
                vec![value, list]
            }
            _ => {
                let low = self.sum()?;
                if !self.take_keyword("AND") {
                    return Err(self.unexpected("AND and the upper end"));
                }
                vec![value, low, self.sum()?]
            }
        };
        let node = self.operation(operator, arguments, place.clone())?;
        self.negated(is_negated, node, place)
    }

    fn negated(&mut self, is_negated: bool, node: Node, place: Place) -> Parsed {
        if is_negated { self.operation(Operator::Not, vec![node], place) } else { Ok(node) }
    }

    fn take_comparison(&mut self) -> Option<Comparison> {
        let Token::Sign(sign) = self.peek() else { return None };
        let comparison = Comparison::ALL.into_iter().find(|comparison| comparison.sign() == *sign)?;
        self.at += 1;
        Some(comparison)
    }

    fn sum(&mut self) -> Parsed {
        self.operators(&[Arithmetic::Add, Arithmetic::Subtract], Self::product)
    }

    fn product(&mut self) -> Parsed {
        let operators = [Arithmetic::Multiply, Arithmetic::Divide, Arithmetic::Remainder, Arithmetic::WholeQuotient];
        self.operators(&operators, Self::power)
    }

    /// `a - b - c` is `(a - b) - c`.
    fn operators(&mut self, operators: &[Arithmetic], term: impl Fn(&mut Self) -> Parsed) -> Parsed {
        let place = self.place();
        let mut left = term(self)?;
        while let Some(operator) = operators.iter().copied().find(|operator| self.take_arithmetic(*operator)) {
            let right = term(self)?;
            left = self.operation(Operator::Arithmetic(operator), vec![left, right], place.clone())?;
        }
        Ok(left)
    }

    fn take_arithmetic(&mut self, operator: Arithmetic) -> bool {
        match operator {
            Arithmetic::WholeQuotient => self.take_keyword("DIV"),
            _ => self.take_sign(operator.sign()),
        }
    }

    /// The grammar knows one `^` in a row: `2^3^2` needs brackets.
    fn power(&mut self) -> Parsed {
        let place = self.place();
        let base = self.signed()?;
        if !self.take_sign("^") {
            return Ok(base);
        }
        let exponent = self.signed()?;
        self.operation(Operator::Arithmetic(Arithmetic::Power), vec![base, exponent], place)
    }

    /// A sign belongs to a number; before anything else a minus is a multiplication by -1, as in
    /// the standard's own examples.
    fn signed(&mut self) -> Parsed {
        let place = self.place();
        let is_negative = self.take_sign("-");
        if !is_negative && !self.take_sign("+") {
            return self.primary();
        }
        if let Token::Number(number) = *self.peek() {
            self.at += 1;
            let number = if is_negative { negated(number) } else { number };
            return self.node(Expression::Number(number), place);
        }
        if !is_negative {
            return Err(self.unexpected("a number"));
        }
        let operand = self.nested(Self::primary)?;
        let minus_one = self.node(Expression::Number(Number::Integer(-1)), place.clone())?;
        self.operation(Operator::Arithmetic(Arithmetic::Multiply), vec![minus_one, operand], place)
    }

    fn primary(&mut self) -> Parsed {
        let place = self.place();
        match self.peek().clone() {
            Token::Text(text) => self.literal(Expression::Text(text), place),
            Token::Number(number) => self.literal(Expression::Number(number), place),
            Token::Quoted(name) => self.literal(Expression::Property(name), place),
            Token::Word(word) => self.word(word, place),
            Token::Sign("(") => self.brackets(place),
            Token::Sign(_) | Token::End => Err(self.unexpected("a value, a property or a function")),
        }
    }

    fn literal(&mut self, expression: Expression, place: Place) -> Parsed {
        self.at += 1;
        self.node(expression, place)
    }

    fn word(&mut self, word: &'s str, place: Place) -> Parsed {
        for (keyword, truth) in [("TRUE", true), ("FALSE", false)] {
            if word.eq_ignore_ascii_case(keyword) {
                return self.literal(Expression::Boolean(truth), place);
            }
        }
        if KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword)) {
            return Err(self.unexpected("a value, a property (in double quotes if it has such a name) or a function"));
        }
        if let Some(kind) = self.geometry_word(word) {
            self.at += 1;
            let geometry = well_known_text::geometry(self, kind)?;
            return self.node(Expression::Geometry(geometry), place);
        }
        if *self.ahead(1) == Token::Sign("(") {
            self.at += 1;
            return self.nested(|parser| parser.call(word, place));
        }
        self.literal(Expression::Property(word.to_owned()), place)
    }

    /// `POINT (`, `POINT Z (`: a geometry begins; `point` alone may be a property.
    fn geometry_word(&self, word: &str) -> Option<GeometryWord> {
        let kind = GeometryWord::of(word)?;
        let brackets = if self.is_keyword(1, "Z") { 2 } else { 1 };
        (*self.ahead(brackets) == Token::Sign("(")).then_some(kind)
    }

    /// The kind of geometry whose word stands here, taken.
    pub(super) fn take_geometry_word(&mut self) -> Option<GeometryWord> {
        let Token::Word(word) = *self.peek() else { return None };
        let kind = GeometryWord::of(word)?;
        self.at += 1;
        Some(kind)
    }

    /// What stands in brackets after a name.
    fn call(&mut self, name: &str, place: Place) -> Parsed {
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("DATE") || is("TIMESTAMP") {
            return self.instant(is("DATE"), place);
        }
        if is("INTERVAL") {
            return self.interval(place);
        }
        if is("BBOX") {
            let bbox = well_known_text::bbox(self)?;
            return self.node(Expression::BBox(bbox), place);
        }
        match Operator::all().find(|operator| operator.is_call() && is(operator.name())) {
            Some(operator @ Operator::Array(_)) => {
                let arguments = self.list(1, Self::array_operand)?;
                self.operation(operator, arguments, place)
            }
            Some(operator) => {
                let arguments = self.list(1, Self::expression)?;
                self.operation(operator, arguments, place)
            }
            None => {
                let arguments = self.list(0, Self::expression)?;
                self.node(Expression::Function(name.to_owned(), arguments), place)
            }
        }
    }

    /// `(a, b, c)` with at least so many.
    pub(super) fn list<T>(&mut self, fewest: usize, item: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        self.expect_sign("(")?;
        let mut items = Vec::new();
        if fewest == 0 && self.take_sign(")") {
            return Ok(items);
        }
        loop {
            items.push(item(self)?);
            if self.take_sign(")") {
                return Ok(items);
            }
            if !self.take_sign(",") {
                return Err(self.unexpected("\",\" or \")\""));
            }
        }
    }

    /// Brackets are always an array where an array is wanted, also around one element.
    fn array_operand(&mut self) -> Parsed {
        if *self.peek() != Token::Sign("(") {
            return self.expression();
        }
        let place = self.place();
        let elements = self.nested(|parser| parser.list(0, Self::expression))?;
        self.node(Expression::Array(elements), place)
    }

    /// The list of IN, which holds at least one value.
    fn array(&mut self) -> Parsed {
        let place = self.place();
        let elements = self.nested(|parser| parser.list(1, Self::expression))?;
        self.node(Expression::Array(elements), place)
    }

    /// Brackets around one expression only group it; around none or several they make an array.
    fn brackets(&mut self, place: Place) -> Parsed {
        let mut elements = self.nested(|parser| parser.list(0, Self::expression))?;
        match (elements.pop(), elements.is_empty()) {
            (Some(only), true) => Ok(only),
            (last, _) => {
                elements.extend(last);
                self.node(Expression::Array(elements), place)
            }
        }
    }

    fn instant(&mut self, is_date: bool, place: Place) -> Parsed {
        self.expect_sign("(")?;
        let wanted = if is_date { "a date such as '2021-12-17'" } else { "a time such as '2021-12-17T09:30:00Z'" };
        let Token::Text(text) = self.peek() else { return Err(self.unexpected(wanted)) };
        let expression = match is_date {
            true => read_date(text).map(Expression::Date),
            false => read_timestamp(text).map(Expression::Timestamp),
        };
        let expression = expression.ok_or_else(|| self.unexpected(wanted))?;
        self.at += 1;
        self.expect_sign(")")?;
        self.node(expression, place)
    }

    fn interval(&mut self, place: Place) -> Parsed {
        self.expect_sign("(")?;
        let start = self.interval_end()?;
        self.expect_sign(",")?;
        let end = self.interval_end()?;
        self.expect_sign(")")?;
        self.node(Expression::Interval(Box::new([start, end])), place)
    }

    fn interval_end(&mut self) -> Parsed {
        let place = self.place();
        let Token::Text(text) = self.peek() else { return self.sum() };
        match interval_end(text) {
            Some(expression) => self.literal(expression, place),
            None => Err(self.unexpected("a date, a time, '..' or a property")),
        }
    }

    /// A number with or without a sign.
    pub(super) fn real(&mut self) -> Parsed<f64> {
        let is_negative = self.take_sign("-");
        if !is_negative {
            self.take_sign("+");
        }
        let Token::Number(number) = *self.peek() else { return Err(self.unexpected("a number")) };
        self.at += 1;
        let number = number.as_real();
        Ok(if is_negative { -number } else { number })
    }

    /// Whether a number, signed or not, stands here.
    pub(super) fn is_at_number(&self) -> bool {
        matches!(self.peek(), Token::Number(_) | Token::Sign("-" | "+"))
    }

    pub(super) fn is_at_bracket(&self) -> bool {
        *self.peek() == Token::Sign("(")
    }
}

fn negated(number: Number) -> Number {
    match number {
        Number::Integer(number) => Number::Integer(-number),
        // 2^63 is one more than an integer holds, its negative is not.
        Number::Real(9_223_372_036_854_775_808.0) => Number::Integer(i64::MIN),
        Number::Real(number) => Number::Real(-number),
    }
}

/// The text of an interval's end: a date, a time or `..`.
pub(super) fn interval_end(text: &str) -> Option<Expression> {
    match text {
        ".." => Some(Expression::OpenEnd),
        text => read_date(text).map(Expression::Date).or_else(|| read_timestamp(text).map(Expression::Timestamp)),
    }
}
