//! Dates and times as departments write them, made ISO and UTC.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use unicode_normalization::UnicodeNormalization;

/// Hong Kong's own time: what a text without a zone means unless its definition says otherwise.
pub const DEFAULT_ZONE: &str = "Asia/Hong_Kong";

/// A date as `YYYY-MM-DD`. `day_first` reads 06/08/1975 as 6 August.
pub fn date(text: &str, day_first: bool) -> Option<String> {
    parse_date(text.trim(), day_first).map(|date| date.to_string())
}

/// A time as `YYYY-MM-DDTHH:MM:SS.sssZ`, the form that GeoPackage asks for. A text without a zone
/// is in `zone`; a date alone is its midnight there.
pub fn date_time(text: &str, zone: &TimeZone, day_first: bool) -> Option<String> {
    let text = text.trim();
    let timestamp = match text.parse::<jiff::Timestamp>() {
        Ok(timestamp) => timestamp,
        Err(_) => zone.to_timestamp(local(text, day_first)?).ok()?,
    };
    Some(timestamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

fn local(text: &str, day_first: bool) -> Option<DateTime> {
    let digits_only = text.len() == 14 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits_only {
        let time = parse_time(&format!("{}:{}:{}", &text[8..10], &text[10..12], &text[12..14]))?;
        return Some(
            parse_date(&format!("{}-{}-{}", &text[..4], &text[4..6], &text[6..8]), day_first)?.to_datetime(time),
        );
    }
    if let Some(date) = parse_date(text, day_first) {
        return Some(date.to_datetime(Time::midnight()));
    }
    let (date, time) = text.split_once('T').or_else(|| text.rsplit_once(' '))?;
    Some(parse_date(date.trim(), day_first)?.to_datetime(parse_time(time.trim())?))
}

fn parse_time(text: &str) -> Option<Time> {
    let mut parts = text.splitn(3, ':');
    let hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = parts.next()?.parse().ok()?;
    let second: f64 = parts.next().map_or(Ok(0.0), str::parse).ok()?;
    if !(0.0..60.0).contains(&second) {
        return None;
    }
    let nanosecond = ((second - second.floor()) * 1e9) as i32;
    Time::new(hour, minute, second.floor() as i8, nanosecond).ok()
}

fn parse_date(text: &str, day_first: bool) -> Option<Date> {
    // Some officers' systems write 年 as the compatibility character U+F98E, digits as full-width.
    let text: String = text.nfkc().collect();
    let text = text.as_str();
    chinese_date(text).or_else(|| named_month(text)).or_else(|| numbers(text, day_first))
}

/// `2022年1月18日`.
fn chinese_date(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('年')?;
    let (month, rest) = rest.split_once('月')?;
    let day = rest.trim().strip_suffix('日')?;
    Date::new(year.trim().parse().ok()?, month.trim().parse().ok()?, day.trim().parse().ok()?).ok()
}

/// `18 Jan 2022`, `18 January 2022`.
fn named_month(text: &str) -> Option<Date> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let parts: Vec<&str> = text.split([' ', '-', ',']).filter(|part| !part.is_empty()).collect();
    let [day, month, year] = parts[..] else { return None };
    let month = month.to_lowercase();
    let number = MONTHS.iter().position(|name| month.starts_with(name))? + 1;
    Date::new(year.parse().ok()?, number as i8, day.parse().ok()?).ok()
}

/// `2022-01-18`, `2022/1/18`, `18/1/2022`.
fn numbers(text: &str, day_first: bool) -> Option<Date> {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let [a, b, c] = parts[..] else { return None };
    if [a, b, c].iter().any(|part| part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit())) {
        return None;
    }
    let (year, month, day) = match (a.len(), c.len()) {
        (4, _) => (a, b, c),
        (_, 4) if day_first => (c, b, a),
        (_, 4) => (c, a, b),
        _ => return None,
    };
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_habit_are_read() {
        for (text, expected) in [
            ("06/08/1975", Some("1975-08-06")),
            ("30/12/2020", Some("2020-12-30")),
            ("2022-01-18", Some("2022-01-18")),
            ("2022/1/18", Some("2022-01-18")),
            ("18 Jan 2022", Some("2022-01-18")),
            ("18 September 2022", Some("2022-09-18")),
            ("2022年1月18日", Some("2022-01-18")),
            ("2021\u{F98E}8 月 17日", Some("2021-08-17")),
            ("２０２１年８月１７日", Some("2021-08-17")),
            ("31/02/2020", None),
            ("1.2", None),
            ("soon", None),
        ] {
            assert_eq!(date(text, true).as_deref(), expected, "{text}");
        }
        assert_eq!(date("06/08/1975", false).as_deref(), Some("1975-06-08"));
    }

    #[test]
    fn times_become_utc_from_the_zone_that_is_declared() {
        let hong_kong = TimeZone::get(DEFAULT_ZONE).unwrap();
        for (text, zone, expected) in [
            ("2021-11-19 16:35:28", &hong_kong, Some("2021-11-19T08:35:28.000Z")),
            ("2021-11-19 08:35:28", &TimeZone::UTC, Some("2021-11-19T08:35:28.000Z")),
            ("2021-11-19T08:35:28", &TimeZone::UTC, Some("2021-11-19T08:35:28.000Z")),
            ("2021-11-19T08:35:28+08:00", &TimeZone::UTC, Some("2021-11-19T00:35:28.000Z")),
            ("11/1/2022 11:33", &hong_kong, Some("2022-01-11T03:33:00.000Z")),
            ("20210609081602", &TimeZone::UTC, Some("2021-06-09T08:16:02.000Z")),
            ("2021-11-19", &hong_kong, Some("2021-11-18T16:00:00.000Z")),
            ("25:99", &hong_kong, None),
        ] {
            assert_eq!(date_time(text, zone, true).as_deref(), expected, "{text}");
        }
    }
}
