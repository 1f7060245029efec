//! The words, names, values and signs of a text, each with its place.

use winnow::Parser;
use winnow::combinator::{alt, opt, preceded, repeat};
use winnow::error::EmptyError;
use winnow::stream::{LocatingSlice, Location, Stream};
use winnow::token::{any, none_of, one_of, take_while};

use super::FilterFault;
use super::arithmetic::Number;
use super::tree::Place;

#[derive(Clone, Debug, PartialEq)]
pub enum Token<'s> {
    /// A keyword, a name, or the name of a function.
    Word(&'s str),
    /// A name in double quotes, which is never a keyword.
    Quoted(String),
    Text(String),
    Number(Number),
    Sign(&'static str),
    End,
}

/// A token and the byte where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Spanned<'s> {
    pub token: Token<'s>,
    pub start: usize,
}

type Source<'s> = LocatingSlice<&'s str>;
type Scanned<T> = Result<T, EmptyError>;

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [&str; 15] = ["<>", "<=", ">=", "=", "<", ">", "(", ")", ",", "+", "-", "*", "/", "%", "^"];

/// All tokens of a text, the last of them [`Token::End`].
pub fn scan(source: &str) -> Result<Vec<Spanned<'_>>, FilterFault> {
    let mut input = LocatingSlice::new(source);
    let mut tokens = Vec::new();
    loop {
        // An empty run of blanks is a run of blanks, so this cannot fail.
        let _: Scanned<&str> = take_while(0.., is_blank).parse_next(&mut input);
        let start = input.current_token_start();
        if input.eof_offset() == 0 {
            tokens.push(Spanned { token: Token::End, start });
            return Ok(tokens);
        }
        match token(&mut input) {
            Ok(token) => tokens.push(Spanned { token, start }),
            Err(EmptyError) => return Err(unreadable(source, start)),
        }
    }
}

/// The place of a byte of the text.
pub fn place(source: &str, byte: usize) -> Place {
    Place::Character(1 + source.get(..byte).map_or(0, |before| before.chars().count()))
}

fn unreadable(source: &str, start: usize) -> FilterFault {
    let place = place(source, start);
    match source.get(start..).and_then(|rest| rest.chars().next()) {
        Some('\'') => FilterFault::Unclosed { place, what: "text", quote: '\'' },
        Some('"') => FilterFault::Unclosed { place, what: "name", quote: '"' },
        Some('0'..='9') => FilterFault::Unexpected {
            place,
            found: "a number beyond all others".to_owned(),
            wanted: "one that 64 bits hold, at most 1.8e308,".to_owned(),
        },
        found => FilterFault::Unexpected {
            place,
            found: found.map_or_else(String::new, |found| format!("\"{}\"", found.escape_default())),
            wanted: "a name, a value, a bracket or an operator".to_owned(),
        },
    }
}

fn token<'s>(input: &mut Source<'s>) -> Scanned<Token<'s>> {
    alt((
        word.map(Token::Word),
        number.map(Token::Number),
        text.map(Token::Text),
        quoted_name.map(Token::Quoted),
        sign.map(Token::Sign),
    ))
    .parse_next(input)
}

fn word<'s>(input: &mut Source<'s>) -> Scanned<&'s str> {
    (one_of(starts_name), take_while(0.., continues_name)).take().parse_next(input)
}

/// `12`, `12.`, `.5`, `1.5E-3`, without a sign.
fn number(input: &mut Source<'_>) -> Scanned<Number> {
    let digits = || take_while(1.., '0'..='9');
    let exponent = (one_of(['e', 'E']), opt(one_of(['+', '-'])), digits());
    let written = (alt(((digits(), opt(('.', opt(digits())))).void(), ('.', digits()).void())), opt(exponent)).take();
    written
        .verify_map(|written: &str| match written.parse::<i64>() {
            Ok(number) => Some(Number::Integer(number)),
            Err(_) => written.parse::<f64>().ok().filter(|number| number.is_finite()).map(Number::Real),
        })
        .parse_next(input)
}

/// In single quotes; `''` and `\'` stand for one quote, any other backslash for itself.
fn text(input: &mut Source<'_>) -> Scanned<String> {
    let character = alt(("''".value('\''), "\\'".value('\''), none_of('\'')));
    preceded('\'', (repeat(0.., character).fold(String::new, push), '\'')).map(|(text, _)| text).parse_next(input)
}

/// In double quotes; `""` stands for one quote. Any character may stand in it, as in fields of files.
fn quoted_name(input: &mut Source<'_>) -> Scanned<String> {
    let character = alt(("\"\"".value('"'), none_of('"')));
    preceded('"', (repeat(1.., character).fold(String::new, push), '"')).map(|(name, _)| name).parse_next(input)
}

fn push(mut text: String, character: char) -> String {
    text.push(character);
    text
}

fn sign(input: &mut Source<'_>) -> Scanned<&'static str> {
    let rest: &str = input.peek_finish();
    match SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
        Some(sign) => {
            for _ in sign.chars() {
                any::<_, EmptyError>.parse_next(input)?;
            }
            Ok(sign)
        }
        None => Err(EmptyError),
    }
}

/// The rule `whitespace` of the grammar.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{9}'..='\u{d}' | ' ' | '\u{85}' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{2028}' | '\u{2029}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// The rule `identifierStart` of the grammar, blanks left out of its ranges.
pub(super) fn starts_name(c: char) -> bool {
    matches!(
        c,
        ':' | '_'
            | 'A'..='Z'
            | 'a'..='z'
            | '\u{c0}'..='\u{d6}'
            | '\u{d8}'..='\u{f6}'
            | '\u{f8}'..='\u{2ff}'
            | '\u{370}'..='\u{37d}'
            | '\u{37f}'..='\u{1ffe}'
            | '\u{200c}'..='\u{200d}'
            | '\u{2070}'..='\u{218f}'
            | '\u{2c00}'..='\u{2fef}'
            | '\u{3001}'..='\u{d7ff}'
            | '\u{f900}'..='\u{fdcf}'
            | '\u{fdf0}'..='\u{fffd}'
            | '\u{10000}'..='\u{effff}'
    ) && !is_blank(c)
}

/// The rule `identifierPart` of the grammar.
pub(super) fn continues_name(c: char) -> bool {
    starts_name(c) || matches!(c, '.' | '0'..='9' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Vec<Token<'_>> {
        let mut tokens: Vec<Token<'_>> = scan(source).unwrap().into_iter().map(|spanned| spanned.token).collect();
        assert_eq!(tokens.pop(), Some(Token::End));
        tokens
    }

    #[test]
    fn every_kind_of_token_is_told_apart() {
        use Token::{Quoted, Sign, Text, Word};
        assert_eq!(
            tokens("eo:cloud_cover<>'it''s \\'so\\' \\%'\u{3000}\"設施 \"\"名稱\""),
            [Word("eo:cloud_cover"), Sign("<>"), Text("it's 'so' \\%".to_owned()), Quoted("設施 \"名稱".to_owned())]
        );
        assert_eq!(tokens("a<=b"), [Word("a"), Sign("<="), Word("b")]);
        assert_eq!(tokens("balance-1"), [Word("balance"), Sign("-"), Token::Number(Number::Integer(1))]);
    }

    #[test]
    fn numbers_are_read_in_every_form() {
        for (written, number) in [
            ("12", Number::Integer(12)),
            ("12.", Number::Real(12.0)),
            (".5", Number::Real(0.5)),
            ("1.5E-3", Number::Real(0.0015)),
            ("9223372036854775808", Number::Real(9_223_372_036_854_775_808.0)),
        ] {
            assert_eq!(tokens(written), [Token::Number(number)], "{written}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        for (source, message) in [
            ("a = 'b", "at character 5 of the filter: the text is not closed by '"),
            ("港 = \"b", "at character 5 of the filter: the name is not closed by \""),
            (
                "a ; b",
                "at character 3 of the filter: \";\" stands where a name, a value, a bracket or an operator is accepted",
            ),
            (
                "a = 1e999",
                "at character 5 of the filter: a number beyond all others stands where one that 64 bits hold, at most 1.8e308, is accepted",
            ),
        ] {
            assert_eq!(scan(source).unwrap_err().to_string(), message, "{source}");
        }
    }
}
