//! Numbers, dates and values as people read them.

use crate::base::geometry_kind::Dimension;
use crate::base::{FieldKind, GeometryKind, Language, Trilingual, Value};

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

/// What `datetime` asks for, in words where it names days: `1 Jan 2020 – 31 Dec 2020`, `2020年1月1日或之後`.
pub fn span(datetime: &str, language: Language) -> String {
    let shown = |part: &str| part.parse().map_or_else(|_| part.to_owned(), |day| date(day, language));
    let is_open = |part: &str| part.is_empty() || part == "..";
    match datetime.split_once('/') {
        None => shown(datetime),
        Some((start, end)) if is_open(start) => match language {
            Language::En => format!("until {}", shown(end)),
            _ => format!("{}或之前", shown(end)),
        },
        Some((start, end)) if is_open(end) => match language {
            Language::En => format!("from {}", shown(start)),
            Language::ZhHant => format!("{}或之後", shown(start)),
            Language::ZhHans => format!("{}或之后", shown(start)),
        },
        Some((start, end)) => {
            let between = if language == Language::En { " – " } else { "至" };
            format!("{}{between}{}", shown(start), shown(end))
        }
    }
}

/// `224 KB`, `1.2 MB`: what a person weighs a download by.
pub fn bytes(bytes: u64) -> String {
    const UNIT: f64 = 1_000.0;
    let mut size = bytes as f64 / UNIT;
    for unit in ["KB", "MB"] {
        if size < UNIT {
            // A small number says more with a decimal, and nothing weighs nothing.
            return if size < 10.0 { format!("{:.1} {unit}", size.max(0.1)) } else { format!("{size:.0} {unit}") };
        }
        size /= UNIT;
    }
    format!("{size:.1} GB")
}

/// A moment as its day in Hong Kong.
pub fn day(moment: jiff::Timestamp, language: Language) -> String {
    date(in_hong_kong(moment).date(), language)
}

/// A moment to the minute, as clocks in Hong Kong show it.
pub fn moment(moment: jiff::Timestamp, language: Language) -> String {
    format!("{} {}", day(moment, language), in_hong_kong(moment).strftime("%H:%M"))
}

fn in_hong_kong(moment: jiff::Timestamp) -> jiff::ZonedDateTime {
    let zone = jiff::tz::TimeZone::get("Asia/Hong_Kong").unwrap_or(jiff::tz::TimeZone::UTC);
    moment.to_zoned_datetime(zone)
}

/// `186 points`, `186個點`.
pub fn count_of(count: u64, kind: GeometryKind, language: Language) -> String {
    let (one, many, zh_hant, zh_hans) = match kind.dimension() {
        Dimension::Points => ("point", "points", "個點", "个点"),
        Dimension::Lines => ("line", "lines", "條線", "条线"),
        Dimension::Areas => ("area", "areas", "個範圍", "个范围"),
        _ => ("feature", "features", "個項目", "个项目"),
    };
    let shown = number(count);
    match language {
        Language::En => format!("{shown} {}", if count == 1 { one } else { many }),
        Language::ZhHant => format!("{shown}{zh_hant}"),
        Language::ZhHans => format!("{shown}{zh_hans}"),
    }
}

/// `12 in this box`, `此範圍內12個`.
pub fn within(count: u64, language: Language) -> String {
    let shown = number(count);
    match (language, count) {
        (Language::En, 0) => "none in this box".to_owned(),
        (Language::En, _) => format!("{shown} in this box"),
        (Language::ZhHant, 0) => "此範圍內沒有".to_owned(),
        (Language::ZhHant, _) => format!("此範圍內{shown}個"),
        (Language::ZhHans, 0) => "此范围内没有".to_owned(),
        (Language::ZhHans, _) => format!("此范围内{shown}个"),
    }
}

/// `5 layers match “clinic”`, `5個圖層符合「clinic」`.
pub fn layers_matching(count: usize, question: &str, language: Language) -> String {
    match language {
        Language::En if count == 1 => format!("1 layer matches “{question}”"),
        Language::En => format!("{} match “{question}”", layers(count, language)),
        Language::ZhHant => format!("{}符合「{question}」", layers(count, language)),
        Language::ZhHans => format!("{}符合「{question}」", layers(count, language)),
    }
}

/// What is said of layers none of which has all of a question.
pub fn layers_near(count: usize, question: &str, language: Language) -> String {
    match language {
        Language::En if count == 1 => format!("1 layer has a part of “{question}”"),
        Language::En => format!("{} have a part of “{question}”", layers(count, language)),
        Language::ZhHant => format!("{}部分符合「{question}」", layers(count, language)),
        Language::ZhHans => format!("{}部分符合「{question}」", layers(count, language)),
    }
}

/// `Places named “Peak”`, `名為「山頂」的地方`.
pub fn places_named(question: &str, language: Language) -> String {
    match language {
        Language::En => format!("Places named “{question}”"),
        Language::ZhHant => format!("名為「{question}」的地方"),
        Language::ZhHans => format!("名为「{question}」的地方"),
    }
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

/// A text of a kind: dates and times as people write them, shouted words calmed.
pub fn written(text: &str, kind: FieldKind, language: Language) -> String {
    match kind {
        FieldKind::Date => text.parse().map_or_else(|_| visible(text), |day| date(day, language)),
        FieldKind::DateTime => text.parse().map_or_else(|_| visible(text), |moment| moment_of(moment, language)),
        FieldKind::Json => {
            visible(&serde_json::from_str(text).map_or_else(|_| text.to_owned(), |nested| unfolded(&nested)))
        }
        _ => calm(&visible(text)),
    }
}

/// A nested value without its brackets: members behind their names, elements of a list behind each other.
fn unfolded(nested: &serde_json::Value) -> String {
    match nested {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(list) => list.iter().map(unfolded).collect::<Vec<_>>().join(", "),
        serde_json::Value::Object(members) => {
            let member = |(name, value)| format!("{name}: {}", unfolded(value));
            members.iter().map(member).collect::<Vec<_>>().join(" · ")
        }
        scalar => scalar.to_string(),
    }
}

fn moment_of(moment: jiff::Timestamp, language: Language) -> String {
    let zone = jiff::tz::TimeZone::get("Asia/Hong_Kong").unwrap_or(jiff::tz::TimeZone::UTC);
    let local = moment.to_zoned_datetime(zone);
    match language {
        Language::En => format!("{}, {}", date(local.date(), language), local.strftime("%H:%M")),
        _ => format!("{} {}", date(local.date(), language), local.strftime("%H:%M")),
    }
}

/// Words that are all capitals as a title has them: `SHA TIN` is `Sha Tin`. Codes (`IIPECMUW`,
/// `LCSD`, `B2/F`) and text that has any small letter stay as delivered.
pub fn calm(text: &str) -> String {
    const SMALL_WORDS: [&str; 11] = ["A", "AN", "AND", "AT", "BY", "FOR", "IN", "OF", "ON", "THE", "TO"];
    let words = || text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’').filter(|word| !word.is_empty());
    /// Letters of a name of syllables, such as `SHA TIN`, from which on it is not a code.
    const SYLLABLE_LETTERS_LEAST: usize = 6;
    let are_syllables =
        || words().count() > 1 && words().all(sounds) && words().map(str::len).sum::<usize>() >= SYLLABLE_LETTERS_LEAST;
    let is_shouted = !text.chars().any(char::is_lowercase) && (words().any(reads_as_a_word) || are_syllables());
    if !is_shouted {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_first = true;
    while let Some(start) = rest.find(char::is_alphanumeric) {
        let tail = &rest[start..];
        let is_in_word = |c: char| c.is_alphanumeric() || c == '\'' || c == '’';
        let end = tail.find(|c| !is_in_word(c)).unwrap_or(tail.len());
        let word = &tail[..end];
        out.push_str(&rest[..start]);
        if SMALL_WORDS.contains(&word) && !is_first {
            out.push_str(&word.to_lowercase());
        } else if reads_as_a_word(word) || is_short_name(word) {
            let mut letters = word.chars();
            out.extend(letters.next());
            out.push_str(&letters.as_str().to_lowercase());
        } else {
            out.push_str(word);
        }
        is_first = false;
        rest = &tail[end..];
    }
    out.push_str(rest);
    out
}

/// Whether capitals spell a word and not a code: five letters or more, with vowels among them and
/// never four consonants together.
fn reads_as_a_word(word: &str) -> bool {
    const LETTERS_LEAST: usize = 5;
    let letters = word.trim_end_matches("'S").trim_end_matches("’S");
    letters.len() >= LETTERS_LEAST && sounds(letters) && !letters.starts_with("II")
}

/// A syllable such as `SHA`, `TIN`, `WAN`, or `ST`, inside a text that is known to be words.
fn is_short_name(word: &str) -> bool {
    const ACRONYMS: [&str; 12] = ["AED", "CAD", "CUHK", "HKU", "II", "III", "MTR", "NGO", "PHAB", "QEH", "USA", "YMCA"];
    const WITHOUT_VOWELS: [&str; 6] = ["BLDG", "DR", "MR", "MT", "RD", "ST"];
    WITHOUT_VOWELS.contains(&word) || (word.len() > 1 && sounds(word) && !ACRONYMS.contains(&word))
}

fn sounds(word: &str) -> bool {
    const CONSONANTS_TOGETHER_MOST: usize = 3;
    let is_vowel = |c: char| "AEIOUY".contains(c);
    let most = word.split(is_vowel).map(str::len).max().unwrap_or_default();
    word.chars().all(|c| c.is_ascii_uppercase() || c == '\'' || c == '’')
        && word.chars().any(is_vowel)
        && most <= CONSONANTS_TOGETHER_MOST
}

/// The value as an address, where it is one that may be followed.
pub fn address_of(text: &str) -> Option<&str> {
    let is_web = text.starts_with("https://") || text.starts_with("http://");
    (is_web && !text.chars().any(|c| c.is_whitespace() || c.is_control())).then_some(text)
}

fn visible(text: &str) -> String {
    let is_hidden = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
    };
    text.chars().map(|c| if is_hidden(c) { format!("[U+{:04X}]", u32::from(c)) } else { c.to_string() }).collect()
}

/// A text, with its language where that is not the page's.
pub struct Said<'a> {
    pub text: &'a str,
    lang: Option<&'static str>,
}

impl<'a> Said<'a> {
    pub fn of(text: &'a Trilingual, page: Language) -> Self {
        let (text, language) = text.get_with_language(page);
        Said { text, lang: (language != page).then_some(language.tag()) }
    }

    /// The attribute for the element that holds it.
    pub fn mark(&self) -> askama::filters::Safe<String> {
        askama::filters::Safe(self.lang.map_or_else(String::new, |lang| format!(" lang=\"{lang}\"")))
    }
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
    fn sizes_are_said_in_the_unit_that_people_weigh_by() {
        for (size, said) in
            [(10, "0.1 KB"), (9_940, "9.9 KB"), (224_300, "224 KB"), (1_240_000, "1.2 MB"), (3_000_000_000, "3.0 GB")]
        {
            assert_eq!(bytes(size), said);
        }
    }

    #[test]
    fn numbers_dates_and_hidden_marks_are_made_readable() {
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(number(186), "186");
        let day = "2021-12-17".parse().unwrap();
        assert_eq!(date(day, Language::En), "17 Dec 2021");
        assert_eq!(date(day, Language::ZhHant), "2021年12月17日");
        assert_eq!(visible("a\u{202E}b"), "a[U+202E]b");
    }

    #[test]
    fn nested_values_are_read_without_their_brackets() {
        let shown = |text| written(text, FieldKind::Json, Language::En);
        assert_eq!(shown(r#"{"access":"customers","capacity":22}"#), "access: customers · capacity: 22");
        assert_eq!(shown(r#"["a","b",null,true]"#), "a, b, , true");
        assert_eq!(shown("not JSON"), "not JSON");
    }

    #[test]
    fn a_time_is_written_as_hong_kong_reads_its_clocks() {
        let shown = |language| written("2021-11-19T08:35:28.000Z", FieldKind::DateTime, language);
        assert_eq!(shown(Language::En), "19 Nov 2021, 16:35");
        assert_eq!(shown(Language::ZhHans), "2021年11月19日 16:35");
        assert_eq!(written("last week", FieldKind::DateTime, Language::En), "last week");
    }

    #[test]
    fn shouted_words_are_calmed_and_codes_are_left() {
        for (delivered, shown) in [
            ("MOBILE LIBRARY", "Mobile Library"),
            ("SELF-SERVICE LIBRARY STATION", "Self-Service Library Station"),
            ("WAN CHAI", "Wan Chai"),
            ("CENTRAL & WESTERN", "Central & Western"),
            ("YAU TSIM MONG DISTRICT", "Yau Tsim Mong District"),
            ("NORTH", "North"),
            ("SHA TIN", "Sha Tin"),
            ("KWUN TONG", "Kwun Tong"),
            ("HALL 2 A", "HALL 2 A"),
            ("HALL OF THE PEOPLE", "Hall of the People"),
            ("ST. PAUL'S CHURCH, 2/F", "St. Paul's Church, 2/F"),
            ("IIPECMUW", "IIPECMUW"),
            ("HHNP", "HHNP"),
            ("LCSD", "LCSD"),
            ("Ws4pkZ2Bgl", "Ws4pkZ2Bgl"),
            ("Sha Tin Public Library", "Sha Tin Public Library"),
            ("沙田", "沙田"),
            ("", ""),
        ] {
            assert_eq!(calm(delivered), shown, "{delivered}");
        }
    }

    #[test]
    fn a_span_of_days_is_said_in_words() {
        for (datetime, en, zh_hant) in [
            ("2020-01-01", "1 Jan 2020", "2020年1月1日"),
            ("2020-01-01/2020-12-31", "1 Jan 2020 – 31 Dec 2020", "2020年1月1日至2020年12月31日"),
            ("../2020-12-31", "until 31 Dec 2020", "2020年12月31日或之前"),
            ("2020-01-01/", "from 1 Jan 2020", "2020年1月1日或之後"),
            ("2020-01-01T08:00:00Z/..", "from 2020-01-01T08:00:00Z", "2020-01-01T08:00:00Z或之後"),
        ] {
            assert_eq!(span(datetime, Language::En), en);
            assert_eq!(span(datetime, Language::ZhHant), zh_hant);
        }
    }

    #[test]
    fn counts_agree_with_their_words() {
        assert_eq!(count_of(1, GeometryKind::Point, Language::En), "1 point");
        assert_eq!(count_of(1488, GeometryKind::Point, Language::ZhHant), "1,488個點");
        assert_eq!(layers_matching(1, "x", Language::En), "1 layer matches “x”");
        assert_eq!(layers_matching(5, "x", Language::ZhHans), "5个图层符合「x」");
    }

    #[test]
    fn only_whole_web_addresses_are_followed() {
        assert_eq!(address_of("https://a.hk/x?y=1"), Some("https://a.hk/x?y=1"));
        for text in ["javascript:alert(1)", "www.a.hk", "http://a.hk and more", ""] {
            assert_eq!(address_of(text), None, "{text}");
        }
    }
}
