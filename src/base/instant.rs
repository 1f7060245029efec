//! Moments and spans of time as `datetime` asks for them.

use std::str::FromStr;

use jiff::Timestamp;

/// A moment in UTC.
pub type Instant = Timestamp;

/// A closed span; an open end is unbounded. Parsed as OGC API Features Part 1 §7.15.4 writes it:
/// an instant, `start/end`, `../end`, `start/..`, with the empty text meaning `..` too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    pub start: Option<Instant>,
    pub end: Option<Instant>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    #[error("\"{0}\" is not an RFC 3339 time such as 2021-12-17T00:00:00Z, nor a date such as 2021-12-17")]
    Instant(String),
    #[error("the interval \"{0}\" has more than one \"/\"")]
    TooManyParts(String),
    #[error("the interval \"{0}\" is open at both ends and so says nothing")]
    OpenAtBothEnds(String),
    #[error("the interval \"{0}\" ends before it starts")]
    Backwards(String),
}

impl FromStr for Interval {
    type Err = IntervalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shown = || super::ids::cut(text);
        let Some((start, end)) = text.split_once('/') else {
            let (start, end) = whole_moment(text)?;
            return Ok(Interval { start: Some(start), end: Some(end) });
        };
        if end.contains('/') {
            return Err(IntervalError::TooManyParts(shown()));
        }
        let open = |part: &str| part.is_empty() || part == "..";
        let start = (!open(start)).then(|| whole_moment(start)).transpose()?;
        let end = (!open(end)).then(|| whole_moment(end)).transpose()?;
        let interval = Interval { start: start.map(|(first, _)| first), end: end.map(|(_, last)| last) };
        match (interval.start, interval.end) {
            (None, None) => Err(IntervalError::OpenAtBothEnds(shown())),
            (Some(start), Some(end)) if end < start => Err(IntervalError::Backwards(shown())),
            _ => Ok(interval),
        }
    }
}

/// The first and last moment of what the text names: a date is its whole day in UTC.
fn whole_moment(text: &str) -> Result<(Instant, Instant), IntervalError> {
    // A "+" of an offset arrives as a blank when an address was not escaped.
    let text = text.replace(' ', "+");
    if let Ok(instant) = text.parse::<Instant>() {
        return Ok((instant, instant));
    }
    text.parse::<jiff::civil::Date>()
        .ok()
        .filter(|_| text.len() == "2021-12-17".len())
        .and_then(|date| {
            let utc = jiff::tz::TimeZone::UTC;
            let start = utc.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
            let end = utc.to_timestamp(date.at(23, 59, 59, 999_999_999)).ok()?;
            Some((start, end))
        })
        .ok_or_else(|| IntervalError::Instant(super::ids::cut(&text)))
}

/// The day of a moment in Hong Kong, by which its departments date things.
pub fn day_in_hong_kong(instant: Instant) -> jiff::civil::Date {
    let zone = jiff::tz::TimeZone::get("Asia/Hong_Kong").unwrap_or(jiff::tz::TimeZone::UTC);
    zone.to_datetime(instant).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_standard_is_read() {
        for good in [
            "2018-02-12T23:20:50Z",
            "2018-02-12",
            "2018-02-12T00:00:00Z/2018-03-18T12:31:12Z",
            "2018-02-12T00:00:00Z/..",
            "../2018-03-18T12:31:12Z",
            "/2018-03-18T12:31:12Z",
            "2018-02-12T23:20:50+08:00",
            "2018-02-12T23:20:50 08:00",
        ] {
            assert!(good.parse::<Interval>().is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for bad in ["", "..", "../..", "yesterday", "2018-13-01", "2020-01-01/2019-01-01", "a/b/c"] {
            assert!(bad.parse::<Interval>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_date_is_its_whole_day() {
        let day: Interval = "2021-12-17".parse().unwrap();
        assert_eq!(day.start.unwrap().to_string(), "2021-12-17T00:00:00Z");
        assert!(day.end.unwrap() > "2021-12-17T23:59:59Z".parse().unwrap());
    }
}
