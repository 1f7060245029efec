//! How good a layer's metadata is: the points of the EU's Metadata Quality Assessment, less what a
//! person would find wrong. Each fault says what to do about it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::LayerRecord;
use crate::base::instant::day_in_hong_kong;
use crate::base::{Language, Trilingual};
use crate::definition::{FieldDefinition, LayerDefinition, simplified};

/// The judgement of one definition.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// From 0 to 100.
    pub score: u32,
    /// Points of the assessment, of 405.
    pub points: u32,
    pub grade: Grade,
    pub dimensions: Dimensions,
    pub faults: Vec<Fault>,
}

/// The assessment's own classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    Excellent,
    Good,
    Sufficient,
    Bad,
}

/// Points by dimension; the most that each can be stands beside it in the assessment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dimensions {
    /// Of 100.
    pub findability: u32,
    /// Of 100.
    pub accessibility: u32,
    /// Of 110.
    pub interoperability: u32,
    /// Of 75.
    pub reusability: u32,
    /// Of 20.
    pub context: u32,
}

/// One thing to mend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    pub code: &'static str,
    /// The key of `layer.toml`.
    pub field: String,
    /// What it costs, of 100.
    pub costs: u32,
    pub remedy: String,
}

impl Fault {
    pub fn new(code: &'static str, field: impl Into<String>, costs: u32, remedy: impl Into<String>) -> Self {
        Fault { code, field: field.into(), costs, remedy: remedy.into() }
    }
}

/// Judges a definition. `measured` is the record of what was last published of it, `more` are
/// faults that were found elsewhere, such as in its style.
pub fn score(
    definition: &LayerDefinition,
    measured: Option<&LayerRecord>,
    more: Vec<Fault>,
    today: jiff::civil::Date,
) -> Score {
    let mut faults = Vec::new();
    texts(definition, &mut faults);
    fields(definition, measured, &mut faults);
    particulars(definition, &mut faults);
    if let Some(record) = measured {
        against_measured(definition, record, today, &mut faults);
    }
    faults.extend(more);
    let dimensions = dimensions(definition, measured);
    let Dimensions { findability, accessibility, interoperability, reusability, context } = dimensions;
    let points = findability + accessibility + interoperability + reusability + context;
    Score { score: out_of_100(points, &faults), points, grade: grade(points), dimensions, faults }
}

fn out_of_100(points: u32, faults: &[Fault]) -> u32 {
    /// What unlabelled fields may cost together: a wide table is not worse than a wrong one.
    const UNLABELLED_MOST: u32 = 10;
    const POINTS_MOST: u32 = 405;
    let cost = |is: fn(&Fault) -> bool| faults.iter().filter(|fault| is(fault)).map(|fault| fault.costs).sum::<u32>();
    let unlabelled = cost(|fault| fault.code == "field-unlabelled").min(UNLABELLED_MOST);
    let others = cost(|fault| fault.code != "field-unlabelled");
    (points * 100 / POINTS_MOST).saturating_sub(unlabelled + others)
}

fn grade(points: u32) -> Grade {
    match points {
        351.. => Grade::Excellent,
        221.. => Grade::Good,
        121.. => Grade::Sufficient,
        _ => Grade::Bad,
    }
}

/// Every layer that is published here has addresses, formats, media types, licence and access in
/// the vocabularies: those points depend on us. The rest depend on the department.
fn dimensions(definition: &LayerDefinition, measured: Option<&LayerRecord>) -> Dimensions {
    let points = |has: bool, points: u32| if has { points } else { 0 };
    let catalogue = &definition.catalogue;
    let has_extent = measured.is_none_or(|record| record.extent.is_some());
    let has_time = definition.time.is_some() || catalogue.data_as_at.is_some();
    Dimensions {
        findability: points(!definition.keywords.en.is_empty(), 30)
            + 30
            + points(has_extent, 20)
            + points(has_time, 20),
        accessibility: 100,
        interoperability: 110,
        reusability: 55 + points(!catalogue.details.contact.is_empty(), 20),
        context: 15 + points(catalogue.details.issued.is_some(), 5),
    }
}

/// Costs of each kind of fault, `catalogue.md` §9.
const LANGUAGE_MISSING: u32 = 5;
const TOO_SHORT: u32 = 5;
const NOT_AS_MEASURED: u32 = 10;
const OVERDUE: u32 = 5;
const WRONG_CHARACTERS: u32 = 3;
const UNLABELLED: u32 = 2;
const PLACEHOLDER: u32 = 5;

fn texts(definition: &LayerDefinition, faults: &mut Vec<Fault>) {
    /// Search engines show no shorter text.
    const SHORTEST: usize = 50;
    for (key, text) in [("title", &definition.title), ("abstract", &definition.abstract_text)] {
        language_faults(key, text, faults);
        placeholders(key, text, faults);
    }
    let about = &definition.abstract_text;
    if about.en == definition.title.en {
        faults.push(Fault::new("text-is-title", "abstract", TOO_SHORT, "say in the abstract what the title does not"));
    } else if about.en.chars().count() < SHORTEST {
        let remedy = format!("write at least {SHORTEST} characters: what, how many, as of when, what is left out");
        faults.push(Fault::new("text-short", "abstract.en", TOO_SHORT, remedy));
    }
    let lists = [&definition.keywords.en, &definition.keywords.zh_hant];
    if lists[0] == lists[1] {
        let remedy = "give keywords in each language; those of one are the other's";
        faults.push(Fault::new("same-text", "keywords", LANGUAGE_MISSING, remedy));
    }
}

/// A language that is missing, that is another's, or whose characters are another's.
fn language_faults(key: &str, text: &Trilingual, faults: &mut Vec<Fault>) {
    for language in [Language::En, Language::ZhHant] {
        if text.exact(language).is_empty() {
            let (tag, remedy) = (language.tag(), "write the text in this language");
            faults.push(Fault::new("language-missing", format!("{key}.{tag}"), LANGUAGE_MISSING, remedy));
        }
    }
    let has_letters = text.en.chars().any(char::is_alphabetic);
    if has_letters && text.en == text.zh_hant {
        let remedy = "the English and the Chinese are the same text; write the Chinese";
        faults.push(Fault::new("same-text", key, LANGUAGE_MISSING, remedy));
    }
    if !text.zh_hans_derived {
        let wrong = wrong_in_simplified(&text.zh_hans);
        if !wrong.is_empty() {
            let remedy =
                format!("these are Traditional characters: {wrong}; or leave zh-Hans out, and it is converted");
            faults.push(Fault::new("characters", format!("{key}.zh-Hans"), WRONG_CHARACTERS, remedy));
        }
    }
    let wrong = wrong_in_traditional(&text.zh_hant);
    if !wrong.is_empty() {
        let remedy = format!("these are Simplified characters: {wrong}");
        faults.push(Fault::new("characters", format!("{key}.zh-Hant"), WRONG_CHARACTERS, remedy));
    }
}

/// Characters that conversion would still change.
fn wrong_in_simplified(text: &str) -> String {
    text.chars()
        .filter(|character| simplified::from_traditional(&character.to_string()) != character.to_string())
        .collect()
}

fn wrong_in_traditional(text: &str) -> String {
    text.chars().filter(|character| simplified::is_simplified_only(*character)).collect()
}

fn placeholders(key: &str, text: &Trilingual, faults: &mut Vec<Fault>) {
    const WORDS: [&str; 10] =
        ["lorem ipsum", "todo", "tbc", "tbd", "xxx", "to be confirmed", "placeholder", "待定", "待補", "測試用"];
    for language in Language::ALL {
        let shown = text.exact(language).to_lowercase();
        // A word is one that stands alone between signs: 待定的數字 is a sentence.
        let parts: Vec<&str> = shown.split(|c: char| !c.is_alphanumeric() && c != ' ').map(str::trim).collect();
        let is_word = |word: &&&str| match word.is_ascii() {
            true => parts.iter().any(|part| format!(" {part} ").contains(&format!(" {word} "))),
            false => parts.contains(*word),
        };
        if let Some(word) = WORDS.iter().find(is_word) {
            let remedy = format!("replace \"{word}\" by what it stands for");
            faults.push(Fault::new("placeholder", format!("{key}.{}", language.tag()), PLACEHOLDER, remedy));
        }
    }
}

fn fields(definition: &LayerDefinition, measured: Option<&LayerRecord>, faults: &mut Vec<Fault>) {
    let label = |name: &str, faults: &mut Vec<Fault>| {
        let remedy = "give the field a title that says what it holds, in English and Chinese";
        faults.push(Fault::new("field-unlabelled", format!("fields.\"{name}\""), UNLABELLED, remedy));
    };
    for (name, field) in definition.fields.iter().filter(|(_, field)| !field.drop) {
        if is_unlabelled(name, field) {
            label(name, faults);
        }
    }
    for field in measured.iter().flat_map(|record| &record.schema.fields) {
        if !definition.fields.contains_key(&field.name) {
            label(&field.name, faults);
        }
    }
}

/// A title that only repeats the name says nothing, unless the name is a plain word of the language.
fn is_unlabelled(name: &str, field: &FieldDefinition) -> bool {
    let has_han = |text: &str| text.chars().any(|c| ('\u{3400}'..='\u{9FFF}').contains(&c));
    let repeats = field.title.en == name && field.title.zh_hant == name;
    repeats || (!has_han(&field.title.zh_hant) && field.title.en == field.title.zh_hant)
}

fn particulars(definition: &LayerDefinition, faults: &mut Vec<Fault>) {
    let catalogue = &definition.catalogue;
    if !catalogue.details.lineage.is_empty() {
        language_faults("catalogue.lineage", &catalogue.details.lineage, faults);
    }
    for (key, text) in [("catalogue.credit", &catalogue.credit), ("catalogue.portal", &catalogue.portal)] {
        if let Some(text) = text {
            language_faults(key, text, faults);
        }
    }
    if catalogue.details.contact.is_empty() {
        let remedy = "add contact = { email = \"…\", telephone = \"…\" }: whom may a reader ask? (20 points)";
        faults.push(Fault::new("contact-missing", "catalogue.contact", 0, remedy));
    }
    if catalogue.details.issued.is_none() {
        let remedy = "add issued = \"YYYY-MM-DD\", the day the data was first issued (5 points)";
        faults.push(Fault::new("issued-missing", "catalogue.issued", 0, remedy));
    }
    if catalogue.data_as_at.is_none() && definition.time.is_none() {
        let remedy = "add data_as_at = \"YYYY-MM-DD\", the date of the records (20 points)";
        faults.push(Fault::new("date-missing", "catalogue.data_as_at", 0, remedy));
    }
}

/// What is declared against what was found in the data.
fn against_measured(
    definition: &LayerDefinition,
    record: &LayerRecord,
    today: jiff::civil::Date,
    faults: &mut Vec<Fault>,
) {
    let mut wrong = |field: String, remedy: String| {
        faults.push(Fault::new("not-as-measured", field, NOT_AS_MEASURED, remedy));
    };
    let measured: BTreeMap<&str, usize> =
        record.schema.fields.iter().enumerate().map(|(place, field)| (field.name.as_str(), place)).collect();
    for (name, field) in definition.fields.iter().filter(|(_, field)| !field.drop) {
        let key = format!("fields.\"{name}\"");
        match measured.get(name.as_str()).map(|place| &record.schema.fields[*place]) {
            None => {
                wrong(key, "the data has no such field; take it out, or write its name as it stands there".to_owned())
            }
            Some(found) => {
                if let Some(kind) = field.kind.filter(|kind| *kind != found.kind) {
                    let (declared, found) = (kind.as_str(), found.kind.as_str());
                    wrong(key, format!("type = \"{declared}\" was declared and \"{found}\" was measured"));
                }
            }
        }
    }
    for (key, field) in [
        ("display.name.en", &record.display.name.en),
        ("display.name.zh-Hant", &record.display.name.zh_hant),
        ("display.category.en", &record.display.category.en),
    ] {
        let facts =
            field.as_ref().and_then(|name| measured.get(name.as_str())).and_then(|at| record.field_facts.get(*at));
        if facts.is_some_and(|facts| facts.filled == 0) {
            wrong(key.to_owned(), "the field is empty in every feature; name another".to_owned());
        }
    }
    if let (Some(declared), Some((_, last))) = (record.data_as_at, record.period) {
        let last = day_in_hong_kong(last);
        if declared < last {
            wrong("catalogue.data_as_at".to_owned(), format!("it is {declared}, and the newest record is of {last}"));
        }
    }
    if record.is_overdue(today) == Some(true) {
        let remedy = "the declared rhythm has passed without new data: deliver it, or correct frequency";
        faults.push(Fault::new("overdue", "catalogue.frequency", OVERDUE, remedy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(change: impl Fn(&str) -> String) -> LayerDefinition {
        const GOOD: &str = r#"
class = "open"
title = { en = "Libraries", zh-Hant = "圖書館" }
abstract = { en = "Every public library of Hong Kong, with its opening hours and address.", zh-Hant = "全港公共圖書館。" }
keywords = { en = ["library"], zh-Hant = ["圖書館"] }
[catalogue]
theme = "recreation-and-culture"
licence = "data.gov.hk"
frequency = "monthly"
data_as_at = "2026-11-01"
issued = "2013-12-13"
contact = { email = "a@lcsd.gov.hk" }
[source]
files = ["layer.toml"]
[fields]
"A" = { title = { en = "Name", zh-Hant = "名稱" } }
"#;
        let folder = tempfile::tempdir().unwrap();
        let text = change(GOOD);
        std::fs::write(folder.path().join("layer.toml"), &text).unwrap();
        crate::definition::parse(&text, "layer.toml", folder.path(), "lcsd", "libraries").unwrap()
    }

    fn judged(change: impl Fn(&str) -> String) -> Score {
        score(&definition(change), None, Vec::new(), "2026-11-24".parse().unwrap())
    }

    #[test]
    fn a_definition_without_fault_has_all_points() {
        let score = judged(str::to_owned);
        assert_eq!((score.score, score.points, score.grade), (100, 405, Grade::Excellent), "{:?}", score.faults);
        assert!(score.faults.is_empty());
    }

    #[test]
    fn each_fault_has_its_code_place_and_cost() {
        for (from, to, code, field, costs) in [
            (
                "Every public library of Hong Kong, with its opening hours and address.",
                "Short.",
                "text-short",
                "abstract.en",
                5,
            ),
            (
                "Every public library of Hong Kong, with its opening hours and address.",
                "Libraries",
                "text-is-title",
                "abstract",
                5,
            ),
            ("zh-Hant = \"圖書館\" }", "zh-Hant = \"Libraries\" }", "same-text", "title", 5),
            ("zh-Hant = \"圖書館\" }", "zh-Hant = \"图书馆\" }", "characters", "title.zh-Hant", 3),
            (
                "zh-Hant = \"圖書館\" }",
                "zh-Hant = \"圖書館\", zh-Hans = \"圖書館\" }",
                "characters",
                "title.zh-Hans",
                3,
            ),
            ("\"Libraries\"", "\"Libraries TBC\"", "placeholder", "title.en", 5),
            ("en = \"Name\", zh-Hant = \"名稱\"", "en = \"A\", zh-Hant = \"A\"", "field-unlabelled", "fields.\"A\"", 2),
            ("contact = { email = \"a@lcsd.gov.hk\" }", "", "contact-missing", "catalogue.contact", 0),
        ] {
            let score = judged(|good| good.replacen(from, to, 1));
            let fault =
                score.faults.iter().find(|fault| fault.code == code).unwrap_or_else(|| panic!("{code}: {score:?}"));
            assert_eq!((fault.field.as_str(), fault.costs), (field, costs), "{code}");
            assert!(!fault.remedy.is_empty());
        }
    }

    #[test]
    fn unlabelled_fields_cost_ten_at_most() {
        let score = judged(|good| {
            let many: String = (0..20)
                .map(|n| format!("\"F{n}\" = {{ title = {{ en = \"F{n}\", zh-Hant = \"F{n}\" }} }}\n"))
                .collect();
            format!("{good}{many}")
        });
        assert_eq!((score.score, score.faults.len()), (90, 20));
    }
}
