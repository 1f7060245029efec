//! `causeway ingest`: take in what changed and publish it.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::output::say;
use super::progress::Progress;
use super::{Arguments, Ending, watch};
use crate::base::{Class, LayerId};
use crate::catalogue::LayerRecord;
use crate::definition::{self, DefinitionPlace};
use crate::fetch::{FetchLimits, Fetcher, Hosts};
use crate::intake::{self, BareFile, Outcome, Plan, Step, Workshop, downloads};
use crate::store::{Findings, PersonalData, Store};

#[derive(Debug, Args)]
pub struct IngestArguments {
    /// Layers to take in; all where none is named.
    #[arg(value_name = "LAYER")]
    layers_wanted: Vec<String>,
    /// A file without a definition; it is served but not catalogued.
    #[arg(long, value_name = "FILE", requires = "class", conflicts_with = "layers_wanted")]
    source: Option<PathBuf>,
    /// How freely the file may be read: open, registered or restricted.
    #[arg(long, value_name = "CLASS", requires = "source")]
    class: Option<Class>,
    /// The id of the layer to make of the file.
    #[arg(long, value_name = "ID", requires = "source")]
    layer: Option<LayerId>,
    /// Publish the named layers although something about them was held for a person's word.
    #[arg(long)]
    accept: bool,
    /// Go on taking in what changes, until stopped.
    #[arg(long, conflicts_with_all = ["source", "accept"])]
    watch: bool,
}

pub fn run(arguments: &Arguments, ingest: &IngestArguments) -> Ending {
    intake::take_small_pages();
    let store = match Store::open(&arguments.data).and_then(|store| store.sweep().map(|()| store)) {
        Ok(store) => store,
        Err(error) => {
            eprintln!("error: {error}");
            return Ending::Failed;
        }
    };
    if ingest.accept && ingest.source.is_none() && ingest.layers_wanted.is_empty() {
        eprintln!("error: --accept is a person's word for certain layers; name them");
        return Ending::WrongUsage;
    }
    let hosts = Hosts::new(arguments.configuration.hosts.clone());
    let workshop = Workshop {
        store,
        worker: worker_path(),
        fetcher: Fetcher::new(hosts, FetchLimits::default()),
        styles: arguments.styles.clone(),
        accepts_held: ingest.accept,
    };
    match (&ingest.source, ingest.class) {
        (Some(path), Some(class)) => {
            let file = BareFile { path: path.clone(), class, layer: ingest.layer.clone() };
            match Plan::from_bare_file(file) {
                Ok(plan) => take_in(&workshop, &plan, arguments.json),
                Err(error) => report_error(&path.display().to_string(), &error, arguments.json),
            }
        }
        _ => run_definitions(arguments, ingest, &workshop),
    }
}

/// The worker beside this program, or the one that `CAUSEWAY_WORKER` names.
pub(super) fn worker_path() -> PathBuf {
    if let Some(path) = std::env::var_os("CAUSEWAY_WORKER") {
        return path.into();
    }
    std::env::current_exe()
        .ok()
        .and_then(|program| program.parent().map(|folder| folder.join("causeway-worker")))
        .unwrap_or_else(|| "causeway-worker".into())
}

fn run_definitions(arguments: &Arguments, ingest: &IngestArguments, workshop: &Workshop) -> Ending {
    let places = match definition::find_all(&arguments.layers) {
        Ok(places) => places,
        Err(error) => {
            eprintln!(
                "error: the folder of layer definitions {} cannot be read: {error}; make it, name another with --layers, or take in one file with --source FILE --class open",
                arguments.layers.display()
            );
            return Ending::Failed;
        }
    };
    let places = match chosen(places, &ingest.layers_wanted, &arguments.layers) {
        Ok(places) => places,
        Err(message) => {
            eprintln!("error: {message}");
            return Ending::WrongUsage;
        }
    };
    if ingest.watch {
        return watch::run(arguments, &ingest.layers_wanted, workshop);
    }
    places.iter().map(|place| take_in_place(workshop, place, arguments.json)).fold(Ending::Done, worse)
}

/// Takes in one layer by its definition.
pub(super) fn take_in_place(workshop: &Workshop, place: &DefinitionPlace, as_json: bool) -> Ending {
    match definition::load(place) {
        Ok(definition) => take_in(workshop, &Plan::from_definition(definition), as_json),
        Err(fault) => {
            say_json(as_json, json!({ "layer": place.layer_id(), "refused": fault.to_string() }));
            eprintln!("refused {fault}");
            Ending::Refused
        }
    }
}

pub(super) fn chosen(
    places: Vec<DefinitionPlace>,
    wanted: &[String],
    folder: &Path,
) -> Result<Vec<DefinitionPlace>, String> {
    if wanted.is_empty() {
        if places.is_empty() {
            eprintln!(
                "note: {} holds no layer definition; each stands in a folder of its own, <department>/<name>/layer.toml",
                folder.display()
            );
        }
        return Ok(places);
    }
    wanted
        .iter()
        .map(|id| {
            places.iter().find(|place| place.layer_id() == *id).cloned().ok_or_else(|| {
                let known: Vec<String> = places.iter().map(DefinitionPlace::layer_id).collect();
                format!(
                    "there is no definition of a layer \"{}\" under {}; defined are {}",
                    crate::base::ids::cut(id),
                    folder.display(),
                    known.join(", ")
                )
            })
        })
        .collect()
}

fn worse(a: Ending, b: Ending) -> Ending {
    let rank = |ending| match ending {
        Ending::Done => 0,
        Ending::Held => 1,
        Ending::Refused => 2,
        Ending::WrongUsage => 3,
        Ending::Failed => 4,
    };
    if rank(b) > rank(a) { b } else { a }
}

fn take_in(workshop: &Workshop, plan: &Plan, as_json: bool) -> Ending {
    let progress = Progress::start(plan.layer.as_str());
    let outcome = intake::ingest(workshop, plan, &|step| show(&progress, step));
    progress.end();
    match outcome {
        Ok(outcomes) => {
            outcomes.iter().for_each(|outcome| report_outcome(outcome, as_json));
            outcomes.iter().map(|outcome| make_downloads(workshop, plan, outcome, as_json)).fold(Ending::Done, worse)
        }
        Err(error) => report_error(plan.layer.as_str(), &error, as_json),
    }
}

fn report_outcome(outcome: &Outcome, as_json: bool) {
    match outcome {
        Outcome::Unchanged(layer, revision) => {
            say_json(as_json, json!({ "layer": layer, "unchanged": revision }));
            eprintln!("unchanged {layer}: {revision} is made of this delivery");
        }
        Outcome::GaveWay(layer) => {
            say_json(as_json, json!({ "layer": layer, "withdrawn": true }));
            eprintln!("withdrawn {layer}: other layers of the same definition take its place");
        }
        Outcome::Published(published) => {
            let intake::Published { record, findings, personal_data } = published.as_ref();
            let account = json!({
                "layer": record.id, "published": record.revision, "record": record,
                "findings": findings, "personal_data": personal_data,
            });
            say_json(as_json, account);
            eprint!("{}{}{}", report(record), listed(findings), noted(personal_data));
        }
    }
}

/// Makes the files that are taken away of what is published now. What fails leaves it published.
fn make_downloads(workshop: &Workshop, plan: &Plan, outcome: &Outcome, as_json: bool) -> Ending {
    let (layer, revision) = match outcome {
        Outcome::Published(published) => (&published.record.id, &published.record.revision),
        Outcome::Unchanged(layer, revision) => (layer, revision),
        Outcome::GaveWay(_) => return Ending::Done,
    };
    let made = match downloads::make(workshop, plan, layer, revision) {
        Ok(made) => made,
        Err(error) => {
            say_json(as_json, json!({ "layer": layer, "downloads_failed": error.to_string() }));
            eprintln!("failed {layer}: it is published, but its files for taking away could not be made: {error}");
            return Ending::Failed;
        }
    };
    if !made.made.is_empty() {
        say_json(as_json, json!({ "layer": layer, "downloads": made.made }));
        let names: Vec<&str> = made.made.iter().map(|file| file.name.as_str()).collect();
        eprintln!("  to be taken away: {}", names.join(", "));
    }
    for (file, why) in &made.failed {
        say_json(as_json, json!({ "layer": layer, "download_failed": file, "why": why }));
        eprintln!("failed {layer}: it is published, but {file} could not be made: {why}");
    }
    if made.failed.is_empty() { Ending::Done } else { Ending::Failed }
}

pub(super) fn report_error(what: &str, error: &intake::IngestError, as_json: bool) -> Ending {
    let (word, ending) = match error {
        intake::IngestError::Refused(_) => ("refused", Ending::Refused),
        intake::IngestError::Held(_) | intake::IngestError::PersonalData(_) => ("held", Ending::Held),
        _ => ("failed", Ending::Failed),
    };
    say_json(as_json, json!({ "layer": what, word: error.to_string() }));
    eprintln!("{word} {what}: {error}");
    if matches!(error, intake::IngestError::Held(_)) {
        eprintln!("  nothing was published; if it is right, say so with \"causeway ingest {what} --accept\"");
    }
    ending
}

fn say_json(as_json: bool, value: serde_json::Value) {
    if as_json {
        say(value);
    }
}

/// What was read, kept, tidied and rejected, a line each.
fn report(record: &LayerRecord) -> String {
    let counts = &record.counts;
    let mut lines = vec![
        format!("published {} as {}", record.id, record.revision),
        format!(
            "  read {}, kept {}, rejected {}; {} without geometry, {} repaired",
            counts.read, counts.kept, counts.rejected, counts.without_geometry, counts.repaired
        ),
        format!("  format {}; encoding {}", record.source.format, record.source.encoding),
        format!("  CRS {}; transformation {}", record.source.crs, record.source.transformation),
    ];
    lines.extend(record.source.notes.iter().map(|note| format!("  note: {note}")));
    lines.extend(counts.tidied_by_reason.iter().map(|(what, count)| format!("  {count} × {what}")));
    lines.extend(counts.rejected_by_reason.iter().map(|(why, count)| format!("  rejected {count} × {why}")));
    lines.join("\n") + "\n"
}

/// Columns of personal data that were published: an office's everyday data, or on somebody's decision.
fn noted(personal_data: &[PersonalData]) -> String {
    let line = |one: &PersonalData| {
        let decided = one.released.as_ref().map_or(String::new(), |release| format!(", released by {}", release.who));
        format!("  note: {} in {} values of \"{}\"{decided}\n", one.kind.as_str(), one.values, one.field)
    };
    personal_data.iter().map(line).collect()
}

/// The features that were rejected, repaired or contradict themselves, a line each, the first of
/// each kind; all that are kept in the manifest are in the JSON.
fn listed(findings: &Findings) -> String {
    const SHOWN: usize = 10;
    let mut lines = String::new();
    for (word, listing) in [
        ("rejected", &findings.rejected),
        ("repaired", &findings.repaired),
        ("displaced", &findings.displaced),
        ("damaged", &findings.damaged),
    ] {
        for finding in listing.features.iter().take(SHOWN) {
            lines.push_str(&format!("  {word} {finding}\n"));
        }
        let more = listing.count.saturating_sub(SHOWN as u64);
        if more > 0 {
            lines.push_str(&format!("  and {more} more {word}\n"));
        }
    }
    lines
}

/// What a step is called, and how far it is.
fn show(progress: &Progress, step: Step) {
    let (word, done, total) = match step {
        Step::Reading(read) => ("reading", read, None),
        Step::Writing(done, total) => ("writing", done, Some(total)),
        Step::Verifying => ("verifying", 0, None),
        Step::Baking => ("baking tiles", 0, None),
        Step::Sealing => ("sealing", 0, None),
        Step::Publishing => ("publishing", 0, None),
    };
    progress.show(word, done, total);
}
