//! Numbers, dates and values as people read them.

use crate::base::geometry_kind::Dimension;
use crate::base::{FieldKind, GeometryKind, Language, Value};

/// 1488 as `1,488`.
pub fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `17 Dec 2021`, `2021年12月17日`.
pub fn date(date: jiff::civil::Date, language: Language) -> String {
    match language {
        Language::En => date.strftime("%-d %b %Y").to_string(),
        _ => format!("{}年{}月{}日", date.year(), date.month(), date.day()),
    }
}

/// A moment as its day in Hong Kong.
pub fn day(moment: jiff::Timestamp, language: Language) -> String {
    let zone = jiff::tz::TimeZone::get("Asia/Hong_Kong").unwrap_or(jiff::tz::TimeZone::UTC);
    date(moment.to_zoned_datetime(zone).date(), language)
}

/// `186 points`, `186個點`.
pub fn count_of(count: u64, kind: GeometryKind, language: Language) -> String {
    let shown = number(count);
    let word = match (kind.dimension(), language) {
        (Dimension::Points, Language::En) => {
            if count == 1 {
                " point"
            } else {
                " points"
            }
        }
        (Dimension::Lines, Language::En) => {
            if count == 1 {
                " line"
            } else {
                " lines"
            }
        }
        (Dimension::Areas, Language::En) => {
            if count == 1 {
                " area"
            } else {
                " areas"
            }
        }
        (_, Language::En) => {
            if count == 1 {
                " feature"
            } else {
                " features"
            }
        }
        (Dimension::Points, Language::ZhHant) => "個點",
        (Dimension::Lines, Language::ZhHant) => "條線",
        (Dimension::Areas, Language::ZhHant) => "個範圍",
        (_, Language::ZhHant) => "個項目",
        (Dimension::Points, Language::ZhHans) => "个点",
        (Dimension::Lines, Language::ZhHans) => "条线",
        (Dimension::Areas, Language::ZhHans) => "个范围",
        (_, Language::ZhHans) => "个项目",
    };
    format!("{shown}{word}")
}

pub fn layers(count: usize, language: Language) -> String {
    match language {
        Language::En if count == 1 => "1 layer".to_owned(),
        Language::En => format!("{} layers", number(count as u64)),
        Language::ZhHant => format!("{count}個圖層"),
        Language::ZhHans => format!("{count}个图层"),
    }
}

pub fn kind(kind: FieldKind, language: Language) -> &'static str {
    let (en, zh_hant, zh_hans) = match kind {
        FieldKind::Text => ("Text", "文字", "文字"),
        FieldKind::Integer => ("Whole number", "整數", "整数"),
        FieldKind::Real => ("Number", "數字", "数字"),
        FieldKind::Boolean => ("Yes or no", "是或否", "是或否"),
        FieldKind::Date => ("Date", "日期", "日期"),
        FieldKind::DateTime => ("Date and time", "日期及時間", "日期及时间"),
        FieldKind::Json => ("Nested values", "巢狀資料", "嵌套资料"),
    };
    match language {
        Language::En => en,
        Language::ZhHant => zh_hant,
        Language::ZhHans => zh_hans,
    }
}

/// A value in words; controls and marks that turn text round are made visible.
pub fn value(value: &Value, kind: FieldKind, language: Language) -> String {
    match value {
        Value::Null => String::new(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Boolean(truth) => {
            let words = super::words::words(language);
            (if *truth { words.yes } else { words.no }).to_owned()
        }
        Value::Text(text) => written(text, kind, language),
    }
}

/// A text of a kind: dates and times as people write them.
pub fn written(text: &str, kind: FieldKind, language: Language) -> String {
    match kind {
        FieldKind::Date => text.parse().map_or_else(|_| visible(text), |day| date(day, language)),
        FieldKind::DateTime => text.parse().map_or_else(|_| visible(text), |moment| moment_of(moment, language)),
        _ => visible(text),
    }
}

fn moment_of(moment: jiff::Timestamp, language: Language) -> String {
    let zone = jiff::tz::TimeZone::get("Asia/Hong_Kong").unwrap_or(jiff::tz::TimeZone::UTC);
    let local = moment.to_zoned_datetime(zone);
    format!("{} {}", date(local.date(), language), local.strftime("%H:%M"))
}

fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    text.chars().map(|c| if is_hidden(c) { format!("[U+{:04X}]", u32::from(c)) } else { c.to_string() }).collect()
}

/// The language of a value, so that browsers choose the right shapes for its characters.
pub fn language_of(text: &str, page: Language) -> Option<&'static str> {
    let has_han = text.chars().any(|c| ('\u{3400}'..='\u{9FFF}').contains(&c) || c > '\u{20000}');
    (has_han && page != Language::ZhHant).then_some("zh-Hant")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_dates_and_hidden_marks_are_made_readable() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(186), "186");
        let day = "2021-12-17".parse().unwrap();
        assert_eq!(date(day, Language::En), "17 Dec 2021");
        assert_eq!(date(day, Language::ZhHant), "2021年12月17日");
        assert_eq!(visible("a\u{202E}b"), "a[U+202E]b");
    }
}
