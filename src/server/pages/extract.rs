//! The form that asks for a part of a layer, and the page of one that was asked for.

use askama::Template;
use jiff::Timestamp;

use super::extract_words::{ExtractWords, extract_words};
use super::frame::Shared;
use super::{Frame, text};
use crate::base::{Language, Schema};
use crate::catalogue::LayerRecord;
use crate::catalogue::faces::resources::file_title;
use crate::definition::DownloadKind;

/// One extract for a page.
pub struct ExtractView<'a> {
    pub record: &'a LayerRecord,
    pub kind: DownloadKind,
    /// What chose the features, as it was given.
    pub asked: &'a [(String, String)],
    pub address: String,
    pub expires: Option<Timestamp>,
    pub progress: Progress,
}

/// How far it is.
pub enum Progress {
    Waiting,
    Making {
        percent: u8,
    },
    Made {
        file: ExtractFile,
        features: u64,
    },
    /// Why, and the language that it is said in.
    Failed {
        why: String,
        said_in: Language,
    },
}

pub struct ExtractFile {
    pub address: String,
    pub bytes: u64,
    pub sha256: String,
}

/// The fields of the form, on whichever page it stands.
pub struct ExtractForm {
    pub w: &'static ExtractWords,
    pub action: String,
    /// The value and the words of each file that can be made.
    pub files: Vec<(String, String)>,
    /// Name and title of each field, to choose by; none where the address chose by one.
    pub fields: Vec<(String, String)>,
    pub has_box: bool,
    /// What was chosen already.
    pub hidden: Vec<(String, String)>,
}

impl ExtractForm {
    pub fn of(
        record: &LayerRecord,
        kinds: &[DownloadKind],
        chosen: &[(String, String)],
        shared: &Shared,
        language: Language,
    ) -> Self {
        let is_chosen = |name: &str| chosen.iter().any(|(known, _)| known == name);
        let has_place = record.extent.is_some();
        let titled = |field: &crate::base::Field| (field.name.clone(), field.title.get(language).to_owned());
        ExtractForm {
            w: extract_words(language),
            action: shared.href(&format!("/collections/{}/extracts", record.id)),
            files: kinds.iter().map(|kind| (kind.id(), file_title(*kind).get(language).to_owned())).collect(),
            fields: record.schema.fields.iter().filter(|field| !is_chosen(&field.name)).map(titled).collect(),
            has_box: has_place && !is_chosen("bbox"),
            hidden: chosen.to_vec(),
        }
    }
}

#[derive(Template)]
#[template(path = "extract_form.html")]
struct FormPage<'a> {
    shared: Shared,
    w: &'static ExtractWords,
    title: &'a str,
    layer_href: String,
    chosen: Vec<(String, String)>,
    count: Option<String>,
    part: ExtractForm,
}

/// The form alone on a page. `chosen` are the conditions that the address has; `matched` is how many
/// features they leave, where that is known.
pub fn extract_form(
    frame: &Frame<'_>,
    record: &LayerRecord,
    kinds: &[DownloadKind],
    chosen: &[(String, String)],
    matched: Option<u64>,
) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let page = FormPage {
        w: extract_words(language),
        title: record.title.get(language),
        layer_href: shared.href(&format!("/collections/{}", record.id)),
        chosen: titled(chosen, &record.schema, language),
        count: matched.map(|matched| text::count_of(matched, record.schema.geometry, language)),
        part: ExtractForm::of(record, kinds, chosen, &shared, language),
        shared,
    };
    page.render().unwrap_or_default()
}

/// Conditions with what people call them: a field by its title, unless a parameter has its name.
fn titled(chosen: &[(String, String)], schema: &Schema, language: Language) -> Vec<(String, String)> {
    let w = extract_words(language);
    let title = |name: &str| {
        let of_field = || schema.field(name).map(|field| field.title.get(language));
        w.parameter(name).or_else(of_field).unwrap_or(name).to_owned()
    };
    chosen.iter().map(|(name, value)| (title(name), value.clone())).collect()
}

#[derive(Template)]
#[template(path = "extract.html")]
struct JobPage<'a> {
    shared: Shared,
    w: &'static ExtractWords,
    title: &'a str,
    layer_href: String,
    form_href: String,
    end_action: String,
    file_kind: String,
    chosen: Vec<(String, String)>,
    state: &'static str,
    percent: Option<u8>,
    made: Option<MadeFile>,
    /// With the language that it is in.
    why: Option<(String, &'static str)>,
    expires: Option<String>,
    is_finished: bool,
    is_waiting: bool,
}

struct MadeFile {
    href: String,
    size: String,
    sha256: String,
    count: String,
}

/// The page of one extract, which asks for itself again until it is finished.
pub fn extract(frame: &Frame<'_>, view: &ExtractView<'_>) -> String {
    let shared = Shared::of(frame);
    let language = frame.language;
    let (record, w) = (view.record, extract_words(language));
    let (state, mut percent, mut made, mut why) = (w.waiting, None, None, None);
    let state = match &view.progress {
        Progress::Waiting => state,
        Progress::Making { percent: made_of } => {
            percent = Some(*made_of);
            w.making
        }
        Progress::Made { file, features } => {
            made = Some(MadeFile {
                href: file.address.clone(),
                size: text::bytes(file.bytes),
                sha256: file.sha256.clone(),
                count: text::count_of(*features, record.schema.geometry, language),
            });
            w.made
        }
        Progress::Failed { why: reason, said_in } => {
            why = Some((super::problem::sentence(reason, *said_in), said_in.tag()));
            w.failed
        }
    };
    let page = JobPage {
        title: record.title.get(language),
        layer_href: shared.href(&format!("/collections/{}", record.id)),
        form_href: shared.href(&format!("/collections/{}/extracts?f=html", record.id)),
        end_action: format!("{}?lang={}", view.address, language.tag()),
        file_kind: file_title(view.kind).get(language).to_owned(),
        chosen: titled(view.asked, &record.schema, language),
        state,
        percent,
        is_finished: made.is_some() || why.is_some(),
        is_waiting: matches!(view.progress, Progress::Waiting),
        made,
        why,
        expires: view.expires.map(|expires| text::moment(expires, language)),
        w,
        shared,
    };
    page.render().unwrap_or_default()
}
