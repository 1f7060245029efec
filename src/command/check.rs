//! `causeway check`: judge definitions and metadata without publishing anything.

use std::path::Path;

use clap::Args;
use serde_json::json;

use super::ingest::chosen;
use super::output::say;
use super::{Arguments, Ending};
use crate::base::LayerId;
use crate::base::instant::today;
use crate::catalogue::LayerRecord;
use crate::catalogue::score::{Fault, Score, score};
use crate::definition::{self, DefinitionPlace};
use crate::store::Store;
use crate::styles;

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Layers to judge; all where none is named.
    #[arg(value_name = "LAYER")]
    layers_wanted: Vec<String>,
}

pub fn run(arguments: &Arguments, check: &CheckArguments) -> Ending {
    let all = match definition::find_all(&arguments.layers) {
        Ok(places) => places,
        Err(error) => {
            eprintln!("error: the folder of layer definitions {} cannot be read: {error}", arguments.layers.display());
            return Ending::Failed;
        }
    };
    let known: Vec<String> = all.iter().map(DefinitionPlace::layer_id).collect();
    let places = match chosen(all, &check.layers_wanted, &arguments.layers) {
        Ok(places) => places,
        Err(message) => {
            eprintln!("error: {message}");
            return Ending::WrongUsage;
        }
    };
    let store = arguments.data.is_dir().then(|| Store::open(&arguments.data).ok()).flatten();
    let today = today();
    let mut ending = Ending::Done;
    if !arguments.json {
        say(format_args!("{:>5}  {:<10}  {:>6}  layer", "score", "grade", "faults"));
    }
    for place in &places {
        match definition::load(place) {
            Ok(definition) => {
                let record = store.as_ref().and_then(|store| published(store, &definition.id));
                let styles = style_faults(&arguments.styles, &definition.id, record.as_ref());
                show(&place.layer_id(), &score(&definition, record.as_ref(), styles, today), arguments.json);
            }
            Err(fault) => {
                ending = Ending::Refused;
                if arguments.json {
                    say(json!({ "layer": place.layer_id(), "refused": fault.to_string() }));
                }
                eprintln!("refused {fault}");
            }
        }
    }
    if check.layers_wanted.is_empty() {
        report_dead_styles(&arguments.styles, &known, arguments.json);
    }
    ending
}

/// A line of the table, and under it what to mend.
fn show(layer: &str, score: &Score, as_json: bool) {
    if as_json {
        say(json!({ "layer": layer, "judgement": score }));
        return;
    }
    let grade = format!("{:?}", score.grade).to_lowercase();
    say(format_args!("{:>5}  {grade:<10}  {:>6}  {layer}", score.score, score.faults.len()));
    for fault in &score.faults {
        say(format_args!("{:>5}  {}: {} ({})", format!("-{}", fault.costs), fault.field, fault.remedy, fault.code));
    }
}

/// What was last published of a layer.
fn published(store: &Store, id: &LayerId) -> Option<LayerRecord> {
    let revision = store.current(id).ok().flatten()?;
    let text = std::fs::read_to_string(store.revision_folder(id, &revision).join("record.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// A style made by hand that does not fit the data it draws.
fn style_faults(folder: &Path, id: &LayerId, record: Option<&LayerRecord>) -> Vec<Fault> {
    const DEAD_STYLE: u32 = 5;
    let name = format!("styles/{id}.json");
    let (Ok(text), Some(record)) = (std::fs::read_to_string(folder.join(format!("{id}.json"))), record) else {
        return Vec::new();
    };
    match styles::check_hand_made(&text, record) {
        Ok(_) => Vec::new(),
        Err(message) => vec![Fault::new("style-dead", name, DEAD_STYLE, format!("mend the style: {message}"))],
    }
}

/// Styles of layers that nobody defines.
fn report_dead_styles(folder: &Path, known: &[String], as_json: bool) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json").map(str::to_owned))
        .collect();
    names.sort();
    for name in names.iter().filter(|name| !known.contains(name)) {
        match as_json {
            true => say(json!({ "style": name, "fault": "style-dead" })),
            false => say(format_args!(
                "   -0  styles/{name}.json: no layer of this id is defined; remove the style (style-dead)"
            )),
        }
    }
}
