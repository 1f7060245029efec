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
    let day = || {
        let start = moment(&format!("{text}T00:00:00Z"))?;
        Some((start, moment(&format!("{text}T23:59:59.999999999Z"))?))
    };
    let time = || moment(&text).map(|instant| (instant, instant));
    time().or_else(day).ok_or_else(|| IntervalError::Instant(super::ids::cut(&text)))
}

/// A time as RFC 3339 §5.6 writes it. Parts of a second beyond the ninth digit are dropped, and what comes after
/// the last moment that can be held, 9999-12-30, stands for it: it is written where something has no end.
pub fn moment(text: &str) -> Option<Instant> {
    const SECONDS_END: usize = "2021-12-17T00:00:00".len();
    const NANOSECOND_DIGITS: usize = 9;
    let (civil, rest) = text.split_at_checked(SECONDS_END)?;
    let shape: String = civil.chars().map(|c| if c.is_ascii_digit() { '0' } else { c.to_ascii_uppercase() }).collect();
    let zone = rest.strip_prefix('.').map_or(rest, |parts| parts.trim_start_matches(|c: char| c.is_ascii_digit()));
    let parts = &rest[..rest.len() - zone.len()];
    if shape != "0000-00-00T00:00:00" || parts == "." || !is_zone(zone) {
        return None;
    }
    let parts = &parts[..parts.len().min(1 + NANOSECOND_DIGITS)];
    let held = format!("{civil}{parts}{zone}").parse().ok();
    let is_beyond = || civil >= "9999-12-30" && civil.parse::<jiff::civil::DateTime>().is_ok();
    held.or_else(|| is_beyond().then_some(Instant::MAX))
}

/// `Z`, or hours and minutes from UTC.
fn is_zone(text: &str) -> bool {
    let within = |text: &str, most: u8| text.len() == 2 && text.parse().is_ok_and(|number: u8| number <= most);
    let offset = |(hours, minutes)| within(hours, 23) && within(minutes, 59);
    text.eq_ignore_ascii_case("Z")
        || text.strip_prefix(['+', '-']).and_then(|text| text.split_once(':')).is_some_and(offset)
}

/// The present day in Hong Kong.
pub fn today() -> jiff::civil::Date {
    day_in_hong_kong(jiff::Timestamp::now())
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
            "2018-02-12t23:20:50z",
            "2018-02-12T23:20:50.123456789012Z",
            "2016-12-31T23:59:60Z",
            "9999-12-31",
            "2018-02-12/9999-12-31T23:59:59Z",
        ] {
            assert!(good.parse::<Interval>().is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_not_a_time_is_refused() {
        for bad in [
            "",
            "..",
            "../..",
            "yesterday",
            "2018-13-01",
            "2020-01-01/2019-01-01",
            "a/b/c",
            "2018-02-12T23:20Z",
            "2018-02-12T23:20:50",
            "2018-02-12T23:20:50.Z",
            "2018-02-12T24:00:00Z",
            "2018-02-12T23:20:50+25:00",
            "2018-02-12T23:20:50+08",
            "2018-02-12T23:20:50+08:00[Asia/Hong_Kong]",
            "9999-12-32",
            "10000-01-01",
        ] {
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
