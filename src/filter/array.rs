//! Arrays as sets, OGC 21-065r2 §7.9: order and repetition mean nothing.

use serde_json::Value;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayOperator {
    Equals,
    Contains,
    ContainedBy,
    Overlaps,
}

impl ArrayOperator {
    pub const ALL: [ArrayOperator; 4] =
        [ArrayOperator::Equals, ArrayOperator::Contains, ArrayOperator::ContainedBy, ArrayOperator::Overlaps];

    pub fn name(self) -> &'static str {
        match self {
            ArrayOperator::Equals => "a_equals",
            ArrayOperator::Contains => "a_contains",
            ArrayOperator::ContainedBy => "a_containedBy",
            ArrayOperator::Overlaps => "a_overlaps",
        }
    }

    pub fn holds(self, first: &[Value], second: &[Value]) -> bool {
        match self {
            ArrayOperator::Equals => is_subset(first, second) && is_subset(second, first),
            ArrayOperator::Contains => is_subset(second, first),
            ArrayOperator::ContainedBy => is_subset(first, second),
            ArrayOperator::Overlaps => first.iter().any(|element| holds_element(second, element)),
        }
    }
}

/// The elements of a JSON text; `None` where it is not an array.
pub fn elements(json: &str) -> Option<Vec<Value>> {
    match serde_json::from_str(json) {
        Ok(Value::Array(elements)) => Some(elements),
        _ => None,
    }
}

fn is_subset(part: &[Value], whole: &[Value]) -> bool {
    part.iter().all(|element| holds_element(whole, element))
}

fn holds_element(elements: &[Value], element: &Value) -> bool {
    elements.iter().any(|one| is_same(one, element))
}

/// 1 and 1.0 are one number.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a_number), Some(b_number)) => a_number == b_number,
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_sets() {
        let array = |json: &str| elements(json).unwrap();
        for (first, operator, second, expected) in [
            (r#"["a","b","a"]"#, ArrayOperator::Equals, r#"["b","a"]"#, true),
            (r#"[1,true]"#, ArrayOperator::Equals, r#"[1.0,true]"#, true),
            (r#"["a","b"]"#, ArrayOperator::Equals, r#"["a"]"#, false),
            (r#"["a","b"]"#, ArrayOperator::Contains, r#"["a"]"#, true),
            (r#"["a"]"#, ArrayOperator::Contains, r#"["a","b"]"#, false),
            (r#"["a"]"#, ArrayOperator::ContainedBy, r#"["a","b"]"#, true),
            (r#"["a"]"#, ArrayOperator::Overlaps, r#"["b","a"]"#, true),
            (r#"[]"#, ArrayOperator::Overlaps, r#"["b"]"#, false),
            (r#"[]"#, ArrayOperator::ContainedBy, r#"["b"]"#, true),
        ] {
            assert_eq!(operator.holds(&array(first), &array(second)), expected, "{first} {operator:?} {second}");
        }
        assert_eq!(elements("{}"), None);
    }
}
