//! The words, names, values and signs of a `where` clause.

use crate::base::ids::cut;
use crate::filter::Number;
use crate::server::problem::Problem;

#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    Text(String),
    Number(Number),
    Sign(&'static str),
    End,
}

/// Longer signs first.
const SIGNS: [&str; 11] = ["<>", "!=", "<=", ">=", "=", "<", ">", "(", ")", ",", "-"];

/// All tokens of a clause, the last of them [`Token::End`].
pub fn scan(text: &str) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (Token::Sign(sign), sign.len())
        } else if first == '\'' || first == '"' {
            let (inner, length) = quoted(rest, first)?;
            (if first == '"' { Token::Quoted(inner) } else { Token::Text(inner) }, length)
        } else if first.is_ascii_digit() || first == '.' {
            let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
            (Token::Number(number(&rest[..length])?), length)
        } else if first.is_alphabetic() || first == '_' {
            let is_inside = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$');
            let length = rest.find(|c| !is_inside(c)).unwrap_or(rest.len());
            (Token::Word(rest[..length].to_owned()), length)
        } else {
            return Err(Problem::bad_request(format!("where: \"{}\" is no part of a comparison", cut(rest))));
        };
        tokens.push(token);
        rest = rest[length..].trim_start();
    }
    tokens.push(Token::End);
    Ok(tokens)
}

/// What stands between quotes, a doubled one being one of the text, and its length with them.
fn quoted(text: &str, quote: char) -> Result<(String, usize), Problem> {
    let mut inner = String::new();
    let mut at = 1;
    loop {
        let Some(end) = text[at..].find(quote) else {
            return Err(Problem::bad_request(format!("where: {quote} is not closed in {}", cut(text))));
        };
        inner.push_str(&text[at..at + end]);
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return Ok((inner, at));
        }
        inner.push(quote);
        at += 1;
    }
}

fn number(text: &str) -> Result<Number, Problem> {
    let real = || text.parse::<f64>().ok().filter(|number| number.is_finite()).map(Number::Real);
    let number = text.parse::<i64>().ok().map(Number::Integer).or_else(real);
    number.ok_or_else(|| Problem::bad_request(format!("where: \"{}\" is not a number", cut(text))))
}
