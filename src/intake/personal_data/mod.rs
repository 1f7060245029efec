//! Personal data, looked for column by column while the package is written. An identity number, a
//! passport or a card number stops an open layer; so does a telephone or an e-mail address that
//! stands beside a person's name, or a column of mostly mobile numbers. An office's telephone is
//! everyday data and only noted. Samples are masked before anything else sees them.

mod numbers;

use crate::base::{Class, Schema, Value};
use crate::definition::Release;
use crate::store::{PersonalData, PersonalDataKind};

/// Values of a kind without check digits, or that pass one by chance, that make a column of it.
const VALUES_MIN: u64 = 5;
/// Share of a column's values that must be of a kind.
const SHARE_MIN: f64 = 0.6;
/// Masked samples that a report shows.
const SAMPLES: usize = 3;

const IDENTITY_WORDS: [&str; 6] = ["hkid", "identity card", "id card", "id no", "身份證", "身分證"];
const PASSPORT_WORDS: [&str; 6] = ["passport", "travel document", "permit no", "護照", "旅行證件", "通行證"];
const CARD_WORDS: [&str; 3] = ["credit card", "card no", "信用卡"];
const TELEPHONE_WORDS: [&str; 9] = ["tel", "phone", "mobile", "fax", "電話", "手提", "手機", "傳真", "whatsapp"];
const PERSON_WORDS: [&str; 13] = [
    "姓名",
    "業主",
    "申請人",
    "持牌人",
    "負責人",
    "聯絡人",
    "owner",
    "applicant",
    "licensee",
    "contact person",
    "contact name",
    "person in charge",
    "proprietor",
];
const TITLES: [&str; 5] = ["先生", "女士", "小姐", "太太", "醫生"];
const LATIN_TITLES: [&str; 8] = ["mr ", "mr. ", "mrs ", "mrs. ", "ms ", "ms. ", "miss ", "dr "];
/// Words that make a name one of a body and not of a person.
const BODY_WORDS: [&str; 14] = [
    "ltd",
    "limited",
    "company",
    "co.",
    "department",
    "office",
    "centre",
    "association",
    "公司",
    "有限",
    "署",
    "處",
    "會",
    "中心",
];
/// The commonest surnames of Hong Kong, single characters.
const SURNAMES: &str =
    "陳林黃李張吳王劉鄭梁何楊鄧葉曾徐郭馮羅周謝朱許蔡鍾蕭潘余莫譚廖石馬盧邱方江洪高杜麥溫戴湯姚袁區歐胡蘇";

/// Watches all columns of a layer.
pub struct Scan {
    columns: Vec<Column>,
}

#[derive(Default)]
struct Column {
    name: String,
    filled: u64,
    hkid: u64,
    bracketed_hkid: u64,
    mainland_id: u64,
    card: u64,
    passport_form: u64,
    mobile: u64,
    telephone: u64,
    written_as_telephone: u64,
    email: u64,
    titled: u64,
    person_form: u64,
    samples: Vec<String>,
    /// The last value and what it is: neighbours often hold the same.
    last: String,
    last_traits: Traits,
}

/// What a value is, as far as its column is judged by it.
#[derive(Clone, Copy, Default)]
struct Traits {
    numbers: numbers::Found,
    has_email: bool,
    is_titled: bool,
    looks_like_a_person: bool,
}

impl Traits {
    fn of(text: &str) -> Self {
        Traits {
            numbers: numbers::find(text),
            has_email: is_email(text),
            is_titled: has_title(text.trim()),
            looks_like_a_person: looks_like_a_person(text),
        }
    }
}

impl Scan {
    pub fn new(schema: &Schema) -> Self {
        let column = |name: &String| Column { name: name.to_lowercase(), ..Column::default() };
        Scan { columns: schema.fields.iter().map(|field| column(&field.name)).collect() }
    }

    pub fn see(&mut self, values: &[Value]) {
        for (column, value) in self.columns.iter_mut().zip(values) {
            match value {
                Value::Text(text) => column.see(text),
                Value::Integer(number) => column.see(itoa::Buffer::new().format(*number)),
                Value::Null | Value::Real(_) | Value::Boolean(_) => {}
            }
        }
    }

    /// What was found, in the schema's order, each with the decision that releases it if there is one.
    pub fn finish(self, schema: &Schema, release_of: impl Fn(&str) -> Option<Release>) -> Vec<PersonalData> {
        let has_person = self.columns.iter().any(Column::is_person);
        let mut found = Vec::new();
        for (field, column) in schema.fields.iter().zip(&self.columns) {
            for (kind, count, stops) in column.kinds(has_person) {
                found.push(PersonalData {
                    field: field.name.clone(),
                    kind,
                    values: count,
                    samples: column.samples.clone(),
                    stops_open: stops,
                    released: release_of(&field.name),
                });
            }
        }
        found
    }
}

/// What an open layer may not publish without somebody's decision.
pub fn stopped(found: &[PersonalData], class: Class) -> Vec<&PersonalData> {
    match class {
        Class::Open => found.iter().filter(|one| one.stops_open && one.released.is_none()).collect(),
        Class::Registered | Class::Restricted => Vec::new(),
    }
}

impl Column {
    fn see(&mut self, text: &str) {
        self.filled += 1;
        if self.filled == 1 || self.last != text {
            self.last_traits = Traits::of(text);
            text.clone_into(&mut self.last);
        }
        let Traits { numbers, has_email, is_titled, looks_like_a_person } = self.last_traits;
        self.hkid += u64::from(numbers.hkid);
        self.bracketed_hkid += u64::from(numbers.bracketed_hkid);
        self.mainland_id += u64::from(numbers.mainland_id);
        self.card += u64::from(numbers.card);
        self.passport_form += u64::from(numbers.passport_form);
        self.mobile += u64::from(numbers.mobile && !numbers.landline);
        self.telephone += u64::from(numbers.mobile || numbers.landline);
        self.written_as_telephone += u64::from(numbers.written_as_telephone);
        self.email += u64::from(has_email);
        self.titled += u64::from(is_titled);
        self.person_form += u64::from(is_titled || looks_like_a_person);
        let is_any = numbers != numbers::Found::default() || has_email;
        if is_any && self.samples.len() < SAMPLES {
            self.samples.push(masked(text));
        }
    }

    fn has_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.name.contains(word))
    }

    fn mostly(&self, count: u64) -> bool {
        count > 0 && count as f64 >= self.filled as f64 * SHARE_MIN
    }

    fn is_person(&self) -> bool {
        self.mostly(self.titled) || (self.has_word(&PERSON_WORDS) && self.mostly(self.person_form))
    }

    /// Kind, number of values, and whether it stops an open layer.
    fn kinds(&self, beside_person: bool) -> Vec<(PersonalDataKind, u64, bool)> {
        let by_check = |count: u64| count >= VALUES_MIN && self.mostly(count);
        let mut kinds = Vec::new();
        let hkid_named = self.hkid > 0 && self.has_word(&IDENTITY_WORDS);
        if self.bracketed_hkid > 0 || hkid_named || by_check(self.hkid) {
            kinds.push((PersonalDataKind::HongKongIdentityCard, self.hkid, true));
        }
        if self.mainland_id > 0 {
            kinds.push((PersonalDataKind::MainlandIdentityNumber, self.mainland_id, true));
        }
        if self.passport_form > 0 && self.has_word(&PASSPORT_WORDS) {
            kinds.push((PersonalDataKind::Passport, self.passport_form, true));
        }
        if by_check(self.card) || (self.card > 0 && self.has_word(&CARD_WORDS)) {
            kinds.push((PersonalDataKind::PaymentCard, self.card, true));
        }
        let is_telephone = self.has_word(&TELEPHONE_WORDS) || by_check(self.written_as_telephone);
        if is_telephone && self.telephone > 0 {
            let is_mobile = 2 * self.mobile > self.telephone;
            kinds.push((PersonalDataKind::Telephone, self.telephone, is_mobile || beside_person));
        }
        if self.email > 0 {
            kinds.push((PersonalDataKind::EMail, self.email, beside_person));
        }
        kinds
    }
}

/// A Latin title stands before a name, a Chinese one before or behind it.
fn has_title(text: &str) -> bool {
    LATIN_TITLES.iter().any(|title| begins_with(text, title))
        || (!text.is_ascii() && TITLES.iter().any(|title| text.starts_with(title) || text.ends_with(title)))
}

/// Whether a text begins so in any case.
fn begins_with(text: &str, title: &str) -> bool {
    text.get(..title.len()).is_some_and(|start| start.eq_ignore_ascii_case(title))
}

fn is_email(text: &str) -> bool {
    text.contains('@')
        && text.split(|c: char| c.is_whitespace() || ",;<>()".contains(c)).any(|word| {
            word.split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.ends_with('.'))
        })
}

/// Two to four characters that begin with a surname, or two to four capitalised Latin words.
fn looks_like_a_person(text: &str) -> bool {
    let text = text.trim();
    let is_form = if text.chars().all(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c)) {
        (2..=4).contains(&text.chars().count()) && text.starts_with(|first| SURNAMES.contains(first))
    } else {
        let words = text.split([' ', ',', '-']).filter(|word| !word.is_empty());
        let is_name = |word: &str| word.starts_with(char::is_uppercase) && word.chars().all(char::is_alphabetic);
        // More than four are too many, however many there are.
        let mut count = 0;
        words.take(5).all(|word| {
            count += 1;
            is_name(word)
        }) && (2..=4).contains(&count)
    };
    is_form && !text.contains(char::is_numeric) && {
        let lower = text.to_lowercase();
        !BODY_WORDS.iter().any(|word| lower.contains(word))
    }
}

/// The first two characters, then a star for each letter and digit.
fn masked(text: &str) -> String {
    const SHOWN: usize = 2;
    const LENGTH_MAX: usize = 24;
    text.chars()
        .take(LENGTH_MAX)
        .enumerate()
        .map(|(place, c)| if place >= SHOWN && c.is_alphanumeric() { '*' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Field, FieldKind, GeometryKind, Trilingual};

    fn scanned(columns: &[(&str, &[&str])]) -> Vec<PersonalData> {
        let field = |name: &str| Field {
            name: name.to_owned(),
            column: name.to_owned(),
            kind: FieldKind::Text,
            title: Trilingual::untranslated(name),
            description: Trilingual::default(),
        };
        let schema = Schema {
            geometry: GeometryKind::Point,
            has_z: false,
            has_m: false,
            fields: columns.iter().map(|(name, _)| field(name)).collect(),
        };
        let mut scan = Scan::new(&schema);
        let rows = columns.iter().map(|(_, values)| values.len()).max().unwrap_or_default();
        for row in 0..rows {
            let value = |values: &&[&str]| values.get(row).map_or(Value::Null, |text| Value::Text((*text).to_owned()));
            scan.see(&columns.iter().map(|(_, values)| value(values)).collect::<Vec<_>>());
        }
        scan.finish(&schema, |_| None)
    }

    fn stops(columns: &[(&str, &[&str])]) -> Vec<String> {
        let found = scanned(columns);
        stopped(&found, Class::Open).iter().map(|one| format!("{}: {}", one.field, one.kind.as_str())).collect()
    }

    #[test]
    fn what_belongs_to_one_person_stops_an_open_layer() {
        let hkids: &[&str] = &["A1234563", "AB1234569", "G123456A", "K0000000", "WX1234569"];
        for (columns, stopped) in [
            (vec![("ref", &["A123456(3)"][..])], "ref: Hong Kong identity card number"),
            (vec![("ref", hkids)], "ref: Hong Kong identity card number"),
            (vec![("身份證號碼", &["A1234563"][..])], "身份證號碼: Hong Kong identity card number"),
            (vec![("n", &["11010519491231002X"][..])], "n: Mainland identity number"),
            (vec![("Passport No", &["K12345678"][..])], "Passport No: passport or permit number"),
            (vec![("card no", &["4111111111111111"][..])], "card no: payment card number"),
            (vec![("Tel", &["9123 4567", "6123 4567", "2810 1234"][..])], "Tel: telephone number"),
            (
                vec![("聯絡人", &["陳大文", "李小明"][..]), ("電話", &["28101234", "28101235"][..])],
                "電話: telephone number",
            ),
            (vec![("Contact person", &["Chan Tai Man"][..]), ("Email", &["a.chan@x.hk"][..])], "Email: e-mail address"),
        ] {
            assert_eq!(stops(&columns), [stopped], "{columns:?}");
        }
    }

    #[test]
    fn an_offices_data_is_noted_and_stops_nothing() {
        let columns: &[(&str, &[&str])] = &[
            ("Facility Name", &["Central Library", "Sha Tin Library"]),
            ("Telephone", &["2810 1234", "3921 0000"]),
            ("Email", &["hkcl@lcsd.gov.hk"]),
            ("licensee", &["ABC Company Limited", "長江有限公司"]),
            ("code", &["A1234560", "B7654321", "C1111111"]),
            ("date", &["20231201", "20231202"]),
            ("opened", &["2023-12-01", "2023-12-02", "2023-12-03", "2023-12-04", "2023-12-05"]),
            ("closed", &["25-12-2023", "26-12-2023", "27-12-2023", "28-12-2023", "2023-12-05T10:00:00Z"]),
            ("easting", &["832591", "836694"]),
        ];
        assert!(stops(columns).is_empty(), "{:?}", stops(columns));
        let noted: Vec<String> = scanned(columns).into_iter().map(|one| one.field).collect();
        assert_eq!(noted, ["Telephone", "Email"]);
    }

    #[test]
    fn samples_are_masked() {
        let found = scanned(&[("ref", &["A123456(3)"])]);
        assert_eq!(found[0].samples, ["A1*****(*)"]);
    }
}
