//! `causeway ingest --watch`: takes in what changes under `layers/`, and asks other hosts from time
//! to time for what definitions name there, until it is stopped.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Arguments, Ending, ingest};
use crate::base::limits;
use crate::definition::{self, DefinitionPlace, SourcePart};
use crate::intake::Workshop;

/// Looking is cheap, names and sizes and times only, and works on mounted folders too.
const EVERY: Duration = Duration::from_secs(1);

/// What a layer's folder looked like: every file with its size and the time it was written.
type Look = BTreeMap<String, u64>;

/// Ends only with the process: what was published stays, what was half-made is swept next time.
pub fn run(arguments: &Arguments, wanted: &[String], workshop: &Workshop) -> Ending {
    let mut before = Look::new();
    let mut taken = Look::new();
    // When other hosts were last asked, for the layers whose definitions name any.
    let mut asked: BTreeMap<String, Instant> = BTreeMap::new();
    let ask_every = arguments
        .configuration
        .sources_asked_every_s
        .map_or(limits::SOURCES_ASKED_EVERY, |seconds| Duration::from_secs(seconds.get().into()));
    eprintln!("watching {}", arguments.layers.display());
    loop {
        let places = definition::find_all(&arguments.layers).unwrap_or_default();
        let now = look(&places, &arguments.styles);
        for place in &places {
            let layer = place.layer_id();
            let is_wanted = wanted.is_empty() || wanted.contains(&layer);
            let has_changed = taken.get(&layer) != now.get(&layer);
            // A file that is still being written looks different at the next look.
            let has_settled = before.get(&layer) == now.get(&layer);
            let is_due = asked.get(&layer).is_some_and(|moment| moment.elapsed() >= ask_every);
            if is_wanted && has_settled && (has_changed || is_due) {
                ingest::take_in_place(workshop, place, arguments.json);
                taken.insert(layer.clone(), now[&layer]);
                match names_other_hosts(place) {
                    true => asked.insert(layer, Instant::now()),
                    false => asked.remove(&layer),
                };
            }
        }
        before = now;
        std::thread::sleep(EVERY);
    }
}

/// A definition with a fault names nothing until it is mended, which is a change.
fn names_other_hosts(place: &DefinitionPlace) -> bool {
    let is_address = |part: &SourcePart| matches!(part, SourcePart::Address(_));
    definition::load(place).is_ok_and(|definition| definition.source.files.iter().any(is_address))
}

fn look(places: &[DefinitionPlace], styles: &Path) -> Look {
    places
        .iter()
        .map(|place| {
            let mut hasher = DefaultHasher::new();
            look_at_folder(&place.folder, &mut hasher);
            look_at_file(&styles.join(format!("{}.json", place.layer_id())), &mut hasher);
            (place.layer_id(), hasher.finish())
        })
        .collect()
}

fn look_at_folder(folder: &Path, hasher: &mut DefaultHasher) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            look_at_folder(&path, hasher);
        } else {
            look_at_file(&path, hasher);
        }
    }
}

fn look_at_file(path: &Path, hasher: &mut DefaultHasher) {
    let Ok(metadata) = std::fs::metadata(path) else { return };
    path.hash(hasher);
    metadata.len().hash(hasher);
    metadata.modified().ok().hash(hasher);
}
