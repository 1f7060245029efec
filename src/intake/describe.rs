//! `causeway describe`: what a file is, and a layer definition drafted from it. A machine fills in
//! what stands in the file; what no machine can know is left empty, and an empty text is refused
//! when the draft is taken in, so that nobody publishes a guess.

use std::path::Path;
use std::sync::LazyLock;

use super::delivery::{self, DeliveryError, DeliverySink, ReadRequest, SourceFacts, SourceFeature, SourceField};
use super::kinds::KindFinder;
use super::measure::FieldMeasure;
use super::{IngestError, file_error, times};
use crate::base::{BBox, FieldKind, Value};
use crate::catalogue::record::FieldFacts;
use crate::geometry::Shape;

/// Texts that departments write for nothing.
const NO_DATA: [&str; 6] = ["N.A.", "NA", "N/A", "-", "--", ""];

/// Fields that name a feature, as departments call them, the likeliest first.
const NAMES_EN: [&str; 8] =
    ["Facility Name", "ENGLISH NAME", "NAME_EN", "ENAME", "DCCA_ENG", "DC_ENG", "locationEN", "Name"];
const NAMES_ZH: [&str; 8] =
    ["設施名稱", "中文名稱", "NAME_TC", "TCNAME", "CNAME", "DCCA_CHIN", "DC_CHIN", "locationZH"];
/// Columns of unique values that a new export numbers anew.
const ROW_NUMBERS: [&str; 5] = ["objectid", "fid", "gmlid", "ogc_fid", "id_0"];

/// One field of a file.
#[derive(Clone, Debug)]
pub struct DescribedField {
    pub name: String,
    pub kind: FieldKind,
    pub facts: FieldFacts,
}

/// What a file is.
#[derive(Clone, Debug)]
pub struct Description {
    pub file: String,
    pub facts: SourceFacts,
    pub features: u64,
    pub without_geometry: u64,
    pub extent: Option<BBox>,
    pub fields: Vec<DescribedField>,
    /// Texts for nothing that occur.
    pub no_data: Vec<&'static str>,
}

/// Reads a file as ingest would and keeps nothing of it. `scratch` is an empty private folder.
pub fn describe(file: &Path, worker: &Path, scratch: &Path) -> Result<Description, IngestError> {
    let path = std::path::absolute(file).map_err(file_error(file))?;
    let request = ReadRequest { files: vec![path], ..ReadRequest::default() };
    let mut survey = Survey::default();
    delivery::read(&request, worker, scratch, &mut survey)?;
    Ok(survey.finish(file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()))
}

/// The sink that looks and forgets.
#[derive(Default)]
struct Survey {
    facts: SourceFacts,
    columns: Vec<Column>,
    features: u64,
    without_geometry: u64,
    extent: Option<BBox>,
    no_data: Vec<&'static str>,
    shape: Shape,
}

struct Column {
    field: SourceField,
    finder: KindFinder,
    measure: FieldMeasure,
    can_be_date: bool,
    can_be_time: bool,
}

impl DeliverySink for Survey {
    fn schema(&mut self, fields: &[SourceField], facts: &SourceFacts) -> Result<(), DeliveryError> {
        self.facts = facts.clone();
        self.columns = fields
            .iter()
            .map(|field| Column {
                field: field.clone(),
                finder: KindFinder::default(),
                measure: FieldMeasure::new(field.kind),
                can_be_date: true,
                can_be_time: true,
            })
            .collect();
        Ok(())
    }

    fn feature(&mut self, feature: SourceFeature) -> Result<(), DeliveryError> {
        self.features += 1;
        match feature.wkb.as_deref() {
            Some(wkb) if self.shape.read_wkb(wkb).is_ok() && !self.shape.is_empty() => {
                let bbox = self.shape.bbox();
                self.extent.get_or_insert(BBox::EMPTY).include(&bbox);
            }
            _ => self.without_geometry += 1,
        }
        for (column, value) in self.columns.iter_mut().zip(&feature.values) {
            if let Value::Text(text) = value
                && let Some(word) = NO_DATA.into_iter().find(|word| *word == text.trim())
            {
                if !self.no_data.contains(&word) {
                    self.no_data.push(word);
                }
                continue;
            }
            column.see(value);
        }
        Ok(())
    }
}

impl Column {
    fn see(&mut self, value: &Value) {
        self.finder.see(value);
        self.measure.see(value);
        if let Value::Text(text) = value {
            self.can_be_date = self.can_be_date && times::date(text, true).is_some();
            self.can_be_time = self.can_be_time && times::date_time(text, &jiff::tz::TimeZone::UTC, true).is_some();
        }
    }

    fn finish(self) -> DescribedField {
        let facts = self.measure.finish();
        let is_text = self.field.kind == FieldKind::Text && facts.filled > 0;
        let found = if self.field.untyped { self.finder.kind() } else { self.field.kind };
        let kind = match found {
            FieldKind::Text if is_text && self.can_be_date => FieldKind::Date,
            FieldKind::Text if is_text && self.can_be_time => FieldKind::DateTime,
            other => other,
        };
        DescribedField { name: self.field.name, kind, facts }
    }
}

impl Survey {
    fn finish(self, file: String) -> Description {
        let mut no_data = self.no_data;
        no_data.sort_by_key(|word| NO_DATA.iter().position(|known| known == word));
        Description {
            file,
            facts: self.facts,
            features: self.features,
            without_geometry: self.without_geometry,
            extent: self.extent,
            fields: self.columns.into_iter().map(Column::finish).collect(),
            no_data,
        }
    }
}

impl Description {
    /// A field that every feature fills with a value of its own, and that is no row number.
    pub fn key(&self) -> Option<&str> {
        let is_key = |field: &&DescribedField| {
            let is_row_number = ROW_NUMBERS.contains(&field.name.to_lowercase().as_str());
            let is_kind = matches!(field.kind, FieldKind::Text | FieldKind::Integer);
            let is_unique = field.facts.filled == self.features && field.facts.distinct == Some(self.features);
            is_kind
                && is_unique
                && !is_row_number
                && !known_name(&field.name).is_some_and(|(en, _)| en.starts_with("Name"))
        };
        let says_so = |field: &&DescribedField| {
            let name = field.name.to_lowercase();
            ["id", "code", "key", "no", "no."].iter().any(|end| name.ends_with(end))
        };
        let keys: Vec<&DescribedField> = self.fields.iter().filter(is_key).collect();
        keys.iter().copied().find(|field| says_so(field)).map(|field| field.name.as_str())
    }

    /// The field with few values in which every feature has one.
    fn category(&self) -> Option<&str> {
        const VALUES_MAX: u64 = 8;
        self.fields
            .iter()
            .find(|field| {
                field.kind == FieldKind::Text
                    && field.facts.filled == self.features
                    && field.facts.distinct.is_some_and(|distinct| (2..=VALUES_MAX).contains(&distinct))
            })
            .map(|field| field.name.as_str())
    }

    fn first_of(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.fields.iter().any(|field| field.name == *name))
    }

    /// The draft. Empty texts are for a person to fill; as they are they are refused.
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut line = |text: &str| {
            out.push_str(text);
            out.push('\n');
        };
        line(&format!("# Drafted from {}: {} features.", self.file, self.features));
        line(&format!(
            "# Read as {}; encoding {}; coordinates {}.",
            self.facts.format, self.facts.encoding, self.facts.crs
        ));
        line(&format!("# Transformation: {}.", self.facts.transformation));
        for note in &self.facts.notes {
            line(&format!("# Note: {note}."));
        }
        if let Some(extent) = &self.extent {
            let [west, south, east, north] = extent.to_array();
            line(&format!(
                "# Extent {west:.5} {south:.5} to {east:.5} {north:.5}; {} without a place.",
                self.without_geometry
            ));
        }
        line("# Fill what is empty, and remove what you do not want to say.\n");
        line("class = \"\"                          # open, registered or restricted; nothing is assumed\n");
        line("[title]\nen = \"\"\nzh-Hant = \"\"\n");
        line(
            "[abstract]                          # one to three sentences: what it holds, how current, what to mind\nen = \"\"\nzh-Hant = \"\"\n",
        );
        line(
            "[keywords]                          # three or more, words that people would search by\nen = []\nzh-Hant = []\n",
        );
        line("[catalogue]\ntheme = \"\"                          # a category of data.gov.hk");
        line("licence = \"\"                        # data.gov.hk, csdi, odbl-1.0 or cc0-1.0");
        line(
            "frequency = \"\"                      # continual, daily, weekly, monthly, quarterly, annually, as-needed, not-planned\n",
        );
        line(&format!("[source]\nfiles = [{}]", quoted(&self.file)));
        if !self.no_data.is_empty() {
            let words: Vec<String> = self.no_data.iter().map(|word| quoted(word)).collect();
            line(&format!("no_data = [{}]", words.join(", ")));
        }
        if let Some(key) = self.key() {
            line(&format!("\n[identity]\nkey = {}", quoted(key)));
        }
        self.display(&mut line);
        line("\n[fields]                            # a title for people in both languages");
        for field in &self.fields {
            line(&field_line(field));
        }
        out
    }

    fn display(&self, line: &mut impl FnMut(&str)) {
        let (en, zh) = (self.first_of(&NAMES_EN), self.first_of(&NAMES_ZH));
        if en.is_some() || zh.is_some() || self.category().is_some() {
            line("\n[display]");
        }
        if let Some(either) = en.or(zh) {
            let (en, zh) = (en.unwrap_or(either), zh.unwrap_or(either));
            line(&format!("name = {{ en = {}, zh-Hant = {} }}", quoted(en), quoted(zh)));
        }
        if let Some(category) = self.category() {
            line(&format!("category = {{ en = {0}, zh-Hant = {0} }}", quoted(category)));
        }
    }
}

fn field_line(field: &DescribedField) -> String {
    let (en, zh) = known_name(&field.name).unwrap_or_else(|| (guessed_title(&field.name), String::new()));
    let zh = if zh.is_empty() && is_chinese(&field.name) { field.name.clone() } else { zh };
    let kind = match field.kind {
        FieldKind::Date => ", type = \"date\"",
        // The portal writes its Last Update in UTC and does not say so.
        FieldKind::DateTime if field.name == "Last Update" => ", type = \"datetime\", zone = \"UTC\"",
        FieldKind::DateTime => ", type = \"datetime\"",
        _ => "",
    };
    format!("{} = {{ title = {{ en = {}, zh-Hant = {} }}{kind} }}", quoted(&field.name), quoted(&en), quoted(&zh))
}

/// A TOML string: JSON's escapes are all TOML's too.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c))
}

/// Titles of fields that many departments have, in English and Traditional Chinese.
fn known_name(name: &str) -> Option<(String, String)> {
    static KNOWN: LazyLock<Vec<[&str; 3]>> = LazyLock::new(|| {
        let rows = include_str!("../../assets/tables/field-names.tsv").lines().skip(1);
        rows.filter_map(|row| <[&str; 3]>::try_from(row.split('\t').collect::<Vec<_>>()).ok()).collect()
    });
    KNOWN.iter().find(|[known, _, _]| *known == name).map(|[_, en, zh]| ((*en).to_owned(), (*zh).to_owned()))
}

/// `lotNumberEN` and `LOT_NUMBER_EN` as `Lot number (English)`; a Chinese name gives no English.
fn guessed_title(name: &str) -> String {
    const ENDS: [(&str, &str); 10] = [
        ("english", " (English)"),
        ("chinese", " (Chinese)"),
        ("eng", " (English)"),
        ("chin", " (Chinese)"),
        ("en", " (English)"),
        ("zh", " (Chinese)"),
        ("cht", " (Traditional Chinese)"),
        ("chs", " (Simplified Chinese)"),
        ("tc", " (Traditional Chinese)"),
        ("sc", " (Simplified Chinese)"),
    ];
    if is_chinese(name) {
        return String::new();
    }
    let mut words: Vec<String> = Vec::new();
    let mut previous = ' ';
    for character in name.chars() {
        let begins = character.is_uppercase() && previous.is_lowercase();
        if begins || !previous.is_alphanumeric() {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        previous = character;
    }
    words.retain(|word| !word.is_empty());
    let end = words
        .last()
        .filter(|_| words.len() > 1)
        .and_then(|last| ENDS.iter().find(|(word, _)| word == last))
        .map_or("", |(_, shown)| *shown);
    if !end.is_empty() {
        words.pop();
    }
    let mut title = words.join(" ");
    if let Some(first) = title.get(..1) {
        title = format!("{}{}", first.to_uppercase(), &title[1..]);
    }
    title + end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_guessed_from_the_habits_of_field_names() {
        for (name, title) in [
            ("lotNumberEN", "Lot number (English)"),
            ("premiumZH", "Premium (Chinese)"),
            ("NAME_TC", "Name (Traditional Chinese)"),
            ("DCCA_ENG", "Dcca (English)"),
            ("SCHOOL NO.", "School no"),
            ("地區", ""),
            ("EN", "En"),
        ] {
            assert_eq!(guessed_title(name), title, "{name}");
        }
    }

    #[test]
    fn known_fields_have_their_titles_in_both_languages() {
        let (en, zh) = known_name("設施名稱").unwrap();
        assert_eq!((en.as_str(), zh.as_str()), ("Name (Chinese)", "名稱（中文）"));
    }
}
