//! The functions beside those of the standard. `/functions` lists them; there are no others.

use super::fold::{fold_accents, fold_case};

/// What a function takes or gives, in the words of OGC 19-079r2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueType {
    Text,
    Number,
    Instant,
}

impl ValueType {
    pub fn name(self) -> &'static str {
        match self {
            ValueType::Text => "string",
            ValueType::Number => "number",
            ValueType::Instant => "datetime",
        }
    }
}

/// From one text to another. CASEI and ACCENTI are operators of the standard, the rest functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextChange {
    CaseFold,
    AccentFold,
    Lower,
    Upper,
    Trim,
}

/// From one number to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberChange {
    Absolute,
    Floor,
    Ceiling,
    Round,
}

/// A part of a date or of a time in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalendarPart {
    Year,
    Month,
    Day,
}

/// A function of one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Text(TextChange),
    Number(NumberChange),
    Length,
    Calendar(CalendarPart),
}

/// A function, its name and one line for people.
pub const FUNCTIONS: [(&str, Function, &str); 11] = [
    ("lower", Function::Text(TextChange::Lower), "The text in lower case"),
    ("upper", Function::Text(TextChange::Upper), "The text in upper case"),
    ("trim", Function::Text(TextChange::Trim), "The text without blanks at its ends"),
    ("length", Function::Length, "How many characters the text has"),
    ("abs", Function::Number(NumberChange::Absolute), "The number without its sign"),
    ("floor", Function::Number(NumberChange::Floor), "The next whole number below"),
    ("ceiling", Function::Number(NumberChange::Ceiling), "The next whole number above"),
    ("round", Function::Number(NumberChange::Round), "The nearest whole number, halves away from zero"),
    ("year", Function::Calendar(CalendarPart::Year), "The year of a date, or of a time in UTC"),
    ("month", Function::Calendar(CalendarPart::Month), "The month of a date, or of a time in UTC, from 1"),
    ("day", Function::Calendar(CalendarPart::Day), "The day of the month of a date, or of a time in UTC, from 1"),
];

impl Function {
    pub fn by_name(name: &str) -> Option<Function> {
        FUNCTIONS.iter().find(|(known, _, _)| known.eq_ignore_ascii_case(name)).map(|(_, function, _)| *function)
    }

    pub fn takes(self) -> ValueType {
        match self {
            Function::Text(_) | Function::Length => ValueType::Text,
            Function::Number(_) => ValueType::Number,
            Function::Calendar(_) => ValueType::Instant,
        }
    }

    pub fn gives(self) -> ValueType {
        match self {
            Function::Text(_) => ValueType::Text,
            Function::Number(_) | Function::Length | Function::Calendar(_) => ValueType::Number,
        }
    }
}

impl TextChange {
    pub const ALL: [TextChange; 5] =
        [TextChange::CaseFold, TextChange::AccentFold, TextChange::Lower, TextChange::Upper, TextChange::Trim];

    pub fn name(self) -> &'static str {
        match self {
            TextChange::CaseFold => "casei",
            TextChange::AccentFold => "accenti",
            TextChange::Lower => "lower",
            TextChange::Upper => "upper",
            TextChange::Trim => "trim",
        }
    }

    pub fn apply(self, text: &str) -> String {
        match self {
            TextChange::CaseFold => fold_case(text),
            TextChange::AccentFold => fold_accents(text),
            TextChange::Lower => text.to_lowercase(),
            TextChange::Upper => text.to_uppercase(),
            TextChange::Trim => text.trim().to_owned(),
        }
    }
}

impl NumberChange {
    pub const ALL: [NumberChange; 4] =
        [NumberChange::Absolute, NumberChange::Floor, NumberChange::Ceiling, NumberChange::Round];

    pub fn name(self) -> &'static str {
        match self {
            NumberChange::Absolute => "abs",
            NumberChange::Floor => "floor",
            NumberChange::Ceiling => "ceiling",
            NumberChange::Round => "round",
        }
    }

    pub fn apply(self, number: f64) -> f64 {
        match self {
            NumberChange::Absolute => number.abs(),
            NumberChange::Floor => number.floor(),
            NumberChange::Ceiling => number.ceil(),
            NumberChange::Round => number.round(),
        }
    }
}
