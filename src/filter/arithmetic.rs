//! Numbers, their order and their arithmetic.

use std::cmp::Ordering;

/// A number as a filter writes it or a field holds it. Whole numbers stay exact.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Integer(i64),
    Real(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    /// `div`: the quotient without its fraction.
    WholeQuotient,
    /// `%`: what `div` leaves, with the sign of the dividend.
    Remainder,
    Power,
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.order(*other) == Ordering::Equal
    }
}

impl Number {
    pub fn as_real(self) -> f64 {
        match self {
            Number::Integer(number) => number as f64,
            Number::Real(number) => number,
        }
    }

    /// By value, exactly, whole numbers beyond 2^53 included. No number here is NaN.
    pub fn order(self, other: Number) -> Ordering {
        match (self, other) {
            (Number::Integer(a), Number::Integer(b)) => a.cmp(&b),
            (Number::Real(a), Number::Real(b)) => a.partial_cmp(&b).unwrap_or(Ordering::Equal),
            (Number::Integer(a), Number::Real(b)) => order_mixed(a, b),
            (Number::Real(a), Number::Integer(b)) => order_mixed(b, a).reverse(),
        }
    }
}

fn order_mixed(integer: i64, real: f64) -> Ordering {
    /// 2^63, the first number beyond `i64`.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if real >= BEYOND {
        return Ordering::Less;
    }
    if real < -BEYOND {
        return Ordering::Greater;
    }
    // In range, so the whole part converts exactly.
    let whole = real.trunc();
    integer.cmp(&(whole as i64)).then_with(|| 0.0.partial_cmp(&(real - whole)).unwrap_or(Ordering::Equal))
}

impl Arithmetic {
    pub const ALL: [Arithmetic; 7] = [
        Arithmetic::Add,
        Arithmetic::Subtract,
        Arithmetic::Multiply,
        Arithmetic::Divide,
        Arithmetic::WholeQuotient,
        Arithmetic::Remainder,
        Arithmetic::Power,
    ];

    pub fn sign(self) -> &'static str {
        match self {
            Arithmetic::Add => "+",
            Arithmetic::Subtract => "-",
            Arithmetic::Multiply => "*",
            Arithmetic::Divide => "/",
            Arithmetic::WholeQuotient => "div",
            Arithmetic::Remainder => "%",
            Arithmetic::Power => "^",
        }
    }

    /// All arithmetic is of 64-bit reals; `None` where there is no number, as for a division by zero.
    pub fn apply(self, a: f64, b: f64) -> Option<f64> {
        let divides = matches!(self, Arithmetic::Divide | Arithmetic::WholeQuotient | Arithmetic::Remainder);
        if divides && b == 0.0 {
            return None;
        }
        let result = match self {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
            Arithmetic::WholeQuotient => (a / b).trunc(),
            Arithmetic::Remainder => a % b,
            Arithmetic::Power => a.powf(b),
        };
        (!result.is_nan()).then_some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_in_their_exact_order() {
        use Number::{Integer, Real};
        for (a, b, order) in [
            (Integer(1), Real(1.0), Ordering::Equal),
            (Integer(1), Real(1.5), Ordering::Less),
            (Integer(-1), Real(-1.5), Ordering::Greater),
            (Integer(i64::MAX), Real(9_223_372_036_854_775_808.0), Ordering::Less),
            (Integer(9_007_199_254_740_993), Real(9_007_199_254_740_992.0), Ordering::Greater),
            (Integer(i64::MIN), Real(-9_223_372_036_854_775_808.0), Ordering::Equal),
            (Integer(0), Real(-0.0), Ordering::Equal),
            (Integer(i64::MIN), Real(-1e300), Ordering::Greater),
        ] {
            assert_eq!(a.order(b), order, "{a:?} {b:?}");
            assert_eq!(b.order(a), order.reverse(), "{b:?} {a:?}");
        }
    }

    #[test]
    fn what_has_no_value_is_none() {
        for (operator, a, b, result) in [
            (Arithmetic::Divide, 5.0, 2.0, Some(2.5)),
            (Arithmetic::Divide, 5.0, 0.0, None),
            (Arithmetic::WholeQuotient, -5.0, 2.0, Some(-2.0)),
            (Arithmetic::Remainder, -5.0, 2.0, Some(-1.0)),
            (Arithmetic::Remainder, 5.0, 0.0, None),
            (Arithmetic::Power, 2.0, 10.0, Some(1024.0)),
            (Arithmetic::Power, -8.0, 0.5, None),
        ] {
            assert_eq!(operator.apply(a, b), result, "{a} {} {b}", operator.sign());
        }
    }
}
