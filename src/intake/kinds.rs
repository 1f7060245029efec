//! What a column of text really holds, found over the whole file, and values turned into that.

use jiff::tz::TimeZone;

use super::times;
use crate::base::{FieldKind, Value};

/// Watches the values of one column.
#[derive(Clone, Debug)]
pub struct KindFinder {
    can_be_integer: bool,
    can_be_real: bool,
    has_values: bool,
}

impl Default for KindFinder {
    fn default() -> Self {
        KindFinder { can_be_integer: true, can_be_real: true, has_values: false }
    }
}

impl KindFinder {
    pub fn see(&mut self, value: &Value) {
        let Value::Text(text) = value else { return };
        self.has_values = true;
        self.can_be_integer = self.can_be_integer && is_integer(text);
        // A short integer is a real number too.
        let is_short_integer = self.can_be_integer && text.len() <= WHOLE_DIGITS_MAX;
        self.can_be_real = self.can_be_real && (is_short_integer || real(text).is_some());
    }

    pub fn kind(&self) -> FieldKind {
        match (self.has_values, self.can_be_integer, self.can_be_real) {
            (true, true, _) => FieldKind::Integer,
            (true, false, true) => FieldKind::Real,
            _ => FieldKind::Text,
        }
    }
}

/// A whole number as it would be written back: `007` is a code, `+5` a text.
fn is_integer(text: &str) -> bool {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    // A zero stands first only alone, and without a sign.
    let is_code = digits.starts_with('0') && text.len() > 1;
    !is_code && !text.starts_with('+') && text.parse::<i64>().is_ok()
}

/// Whole numbers of so many digits are all real ones.
const WHOLE_DIGITS_MAX: usize = 15;

fn real(text: &str) -> Option<f64> {
    let trimmed = text.trim();
    let digits = trimmed.strip_prefix('-').unwrap_or(trimmed);
    let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let starts_well = digits.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    // A whole number that a real one may not hold names something: it keeps its digits as a text.
    let is_name = digits.len() > WHOLE_DIGITS_MAX && !digits.contains('.');
    (is_plain && !is_code && !is_name && starts_well).then(|| trimmed.parse().ok()).flatten()
}

/// How the values of one field are turned into its kind.
#[derive(Clone, Debug)]
pub struct Conversion {
    pub kind: FieldKind,
    pub zone: TimeZone,
    pub day_first: bool,
}

impl Conversion {
    /// The value in the field's kind; `Err` gives back what could not be turned.
    pub fn apply(&self, value: Value) -> Result<Value, Value> {
        let Value::Text(text) = value else { return Ok(self.number(value)) };
        let converted = match self.kind {
            FieldKind::Text | FieldKind::Json => return Ok(Value::Text(text)),
            FieldKind::Integer => text.trim().replace(',', "").parse().ok().map(Value::Integer),
            FieldKind::Real => {
                text.trim().replace(',', "").parse().ok().filter(|number: &f64| number.is_finite()).map(Value::Real)
            }
            FieldKind::Boolean => truth(&text).map(Value::Boolean),
            FieldKind::Date => times::date(&text, self.day_first).map(Value::Text),
            FieldKind::DateTime => times::date_time(&text, &self.zone, self.day_first).map(Value::Text),
        };
        converted.ok_or(Value::Text(text))
    }

    fn number(&self, value: Value) -> Value {
        match (value, self.kind) {
            (Value::Integer(number), FieldKind::Real) => Value::Real(number as f64),
            (Value::Integer(number), FieldKind::Boolean) => Value::Boolean(number != 0),
            (Value::Integer(number), FieldKind::Text) => Value::Text(number.to_string()),
            (Value::Real(number), FieldKind::Text) => Value::Text(number.to_string()),
            (Value::Boolean(truth), FieldKind::Text) => Value::Text(truth.to_string()),
            (Value::Real(number), FieldKind::Integer) if number.fract() == 0.0 && number.abs() < 9e15 => {
                Value::Integer(number as i64)
            }
            (value, _) => value,
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "是" => Some(true),
        "false" | "no" | "n" | "0" | "否" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_what_all_its_values_are() {
        for (values, kind) in [
            (vec!["1", "-20"], FieldKind::Integer),
            (vec!["1", "2.5"], FieldKind::Real),
            (vec!["007", "008"], FieldKind::Text),
            (vec!["1", "x"], FieldKind::Text),
            (vec!["1e5"], FieldKind::Text),
            (vec![], FieldKind::Text),
            (vec!["836694.05", "0.5"], FieldKind::Real),
            (vec!["0", " 7 ", "-9223372036854775808"], FieldKind::Integer),
            (vec!["9223372036854775807"], FieldKind::Integer),
            (vec!["9223372036854775808", "1"], FieldKind::Text),
            (vec!["9007199254740993", "0.5"], FieldKind::Text),
            (vec!["123456789012345", "0.5"], FieldKind::Real),
            (vec!["12", "-0"], FieldKind::Real),
            (vec!["+5"], FieldKind::Text),
            (vec!["-007"], FieldKind::Text),
        ] {
            let mut finder = KindFinder::default();
            finder.see(&Value::Null);
            for value in &values {
                finder.see(&Value::Text((*value).to_owned()));
            }
            assert_eq!(finder.kind(), kind, "{values:?}");
        }
    }
}
