//! How a job stands, for programs and for pages. The members are those of `statusInfo` of OGC API
//! Processes, 18-062r2, with what a file needs besides.

use serde_json::{Map, Value, json};

use super::super::items_request::CHOOSING;
use super::super::landing::{link, self_links};
use super::super::pages::{ExtractFile, ExtractView, Progress};
use super::super::snapshot::LiveLayer;
use super::Extracts;
use super::job::{Job, State};
use crate::base::{Language, limits};
use crate::definition::DownloadKind;

pub fn status(job: &Job, base: &str) -> Value {
    told(job, base, None)
}

/// What is said last of a job that was ended.
pub fn dismissed(job: &Job, base: &str) -> Value {
    told(job, base, Some("dismissed"))
}

fn told(job: &Job, base: &str, ended: Option<&str>) -> Value {
    let state = job.state();
    let address = job.address(base);
    let asked: Map<String, Value> =
        job.asked.iter().map(|(name, value)| (name.clone(), Value::from(value.clone()))).collect();
    let mut document = json!({
        "jobID": job.id.to_string(),
        "type": "process",
        "processID": "extract",
        "status": ended.unwrap_or(state_name(&state)),
        "created": job.created,
        "layer": job.record.id,
        "revision": job.record.revision,
        "format": job.kind.format.name(),
        "crs": job.kind.crs.system().uri(),
        "asked": asked,
    });
    let mut links = self_links(&address, "application/json");
    links.push(link(format!("{base}/collections/{}", job.record.id), "collection", "application/json", "The layer"));
    match &state {
        State::Accepted => document["progress"] = 0.into(),
        State::Running { started, progress_percent } => {
            document["started"] = json!(started);
            document["progress"] = (*progress_percent).into();
        }
        State::Successful { started, file, features, .. } if ended.is_none() => {
            document["started"] = json!(started);
            document["progress"] = 100.into();
            document["numberOfFeatures"] = (*features).into();
            let mut enclosure = link(format!("{address}/{}", file.name), "enclosure", &file.media_type, &file.name);
            enclosure["length"] = file.bytes.into();
            enclosure["sha256"] = json!(file.sha256);
            links.push(enclosure);
        }
        State::Successful { .. } => {}
        State::Failed { fault, .. } => document["message"] = fault.sentence(Language::En).0.into(),
    }
    if let Some(finished) = state.finished() {
        document["finished"] = json!(finished);
    }
    if let Some(expires) = job.expires() {
        document["expires"] = json!(expires);
    }
    document["links"] = links.into();
    document
}

fn state_name(state: &State) -> &'static str {
    match state {
        State::Accepted => "accepted",
        State::Running { .. } => "running",
        State::Successful { .. } => "successful",
        State::Failed { .. } => "failed",
    }
}

/// The same for a page.
pub fn view<'a>(job: &'a Job, base: &str, language: Language) -> ExtractView<'a> {
    let progress = match job.state() {
        State::Accepted => Progress::Waiting,
        State::Running { progress_percent, .. } => Progress::Making { percent: progress_percent },
        State::Successful { file, features, .. } => Progress::Made {
            file: ExtractFile {
                address: format!("{}/{}", job.address(base), file.name),
                bytes: file.bytes,
                sha256: file.sha256.to_string(),
            },
            features,
        },
        State::Failed { fault, .. } => {
            let (why, said_in) = fault.sentence(language);
            Progress::Failed { why, said_in }
        }
    };
    ExtractView {
        record: &job.record,
        kind: job.kind,
        asked: &job.asked,
        address: job.address(base),
        expires: job.expires(),
        progress,
    }
}

/// What can be asked of a layer, and within which limits.
pub fn offer(layer: &LiveLayer, kinds: &[DownloadKind], extracts: &Extracts, base: &str) -> Value {
    let mut formats: Vec<Value> = Vec::new();
    for kind in kinds {
        let (name, system) = (kind.format.name(), Value::from(kind.crs.system().uri()));
        match formats.last_mut().filter(|last| last["f"] == name).and_then(|last| last["crs"].as_array_mut()) {
            Some(systems) => systems.push(system),
            None => formats.push(json!({ "f": name, "mediaType": kind.format.media_type(), "crs": [system] })),
        }
    }
    let settings = &extracts.settings;
    let here = format!("{base}/collections/{}", layer.record.id);
    let mut links = self_links(&format!("{here}/extracts"), "application/json");
    links.push(link(here, "collection", "application/json", "The layer"));
    json!({
        "layer": layer.record.id,
        "formats": formats,
        "parameters": CHOOSING,
        "limits": {
            "features": limits::EXTRACT_FEATURES_MAX,
            "bytes": limits::EXTRACT_BYTES_MAX,
            "seconds": limits::EXTRACT_TIME.as_secs(),
            "unfinishedOfOneCaller": settings.per_caller,
            "keptOfOneCaller": settings.kept_per_caller,
            "keptSeconds": settings.kept_s,
        },
        "links": links,
    })
}
