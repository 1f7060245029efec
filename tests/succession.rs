//! A definition whose deliveries make other layers than before: nothing is left behind unseen, and
//! nothing is taken away unasked.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use support::Workspace;

const POINT: &str = r#"{"type":"Point","coordinates":[114.16,22.28]}"#;
const LINE: &str = r#"{"type":"LineString","coordinates":[[114.16,22.28],[114.17,22.29]]}"#;
const BASE: &str = "afcd-places";
const POINTS: &str = "afcd-places-points";
const LINES: &str = "afcd-places-lines";

/// Puts a delivery of these geometries under the definition; `rule` is its line on geometry.
fn deliver(workspace: &Workspace, geometries: &[&str], rule: &str) {
    let features: Vec<String> = geometries
        .iter()
        .enumerate()
        .map(|(place, geometry)| format!(r#"{{"type":"Feature","properties":{{"n":{place}}},"geometry":{geometry}}}"#))
        .collect();
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    workspace.define("afcd/places", &[("places.geojson", text.as_bytes())], rule);
}

fn published(workspace: &Workspace) -> BTreeSet<String> {
    std::fs::read_dir(workspace.data().join("layers"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("current").exists())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

#[track_caller]
fn assert_published(workspace: &Workspace, expected: &[&str]) {
    assert_eq!(published(workspace), expected.iter().map(|id| (*id).to_owned()).collect());
}

/// Held: exit status 4, a sentence that names what would go and how to decide, nothing changed.
#[track_caller]
fn assert_held(workspace: &Workspace, parts: &[&str]) {
    let before = published(workspace);
    let ran = workspace.causeway(&["ingest"]);
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    for part in parts {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert_eq!(published(workspace), before);
}

#[test]
fn one_layer_becomes_several_only_when_the_definition_says_so() {
    let workspace = Workspace::default();
    deliver(&workspace, &[POINT, POINT], "");
    workspace.ingest();
    deliver(&workspace, &[POINT, POINT, LINE], "");
    assert_held(&workspace, &[BASE, POINTS, LINES, "geometry = \"split\"", "geometry = \"mixed\""]);
    deliver(&workspace, &[POINT, POINT, LINE], "geometry = \"split\"\n");
    let server = workspace.serve();
    let ran = workspace.ingest();
    assert!(ran.stderr.contains("withdrawn afcd-places:"), "{}", ran.stderr);
    assert_published(&workspace, &[POINTS, LINES]);
    support::wait_until(|| server.get("/collections/afcd-places").status() == 410);
    assert_eq!(server.json("/collections/afcd-places-points/items")["numberMatched"], 2);

    // What gave way holds nothing up, and its revisions are still there.
    assert!(workspace.ingest().stderr.contains("unchanged"));
    deliver(&workspace, &[POINT, LINE, LINE], "geometry = \"split\"\n");
    workspace.ingest();
    assert_eq!(workspace.causeway(&["rollback", BASE]).status, 0);
    assert_published(&workspace, &[BASE, POINTS, LINES]);
    assert!(workspace.ingest().stderr.contains("unchanged"), "a person's word stands while nothing changes");
    assert_published(&workspace, &[BASE, POINTS, LINES]);
}

#[test]
fn several_layers_become_one_only_when_the_definition_says_so() {
    let workspace = Workspace::default();
    deliver(&workspace, &[POINT, LINE], "");
    workspace.ingest();
    deliver(&workspace, &[POINT, POINT], "");
    assert_held(&workspace, &[POINTS, LINES, "one layer, afcd-places", "geometry = \"split\""]);
    deliver(&workspace, &[POINT, LINE, LINE], "geometry = \"mixed\"\n");
    workspace.ingest();
    assert_published(&workspace, &[BASE]);
    // And back again: a layer that gave way is made anew without asking.
    deliver(&workspace, &[POINT, LINE], "geometry = \"split\"\n");
    workspace.ingest();
    assert_published(&workspace, &[POINTS, LINES]);
}

#[test]
fn a_part_that_vanishes_is_held_until_a_person_lets_it_go() {
    let workspace = Workspace::default();
    deliver(&workspace, &[POINT, LINE], "geometry = \"split\"\n");
    workspace.ingest();
    deliver(&workspace, &[POINT, POINT], "geometry = \"split\"\n");
    assert_held(&workspace, &[LINES, "would be withdrawn"]);
    let ran = workspace.causeway(&["ingest", BASE, "--accept"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_published(&workspace, &[POINTS]);
    deliver(&workspace, &[POINT, LINE], "geometry = \"split\"\n");
    workspace.ingest();
    assert_published(&workspace, &[POINTS, LINES]);
}

#[test]
fn parts_that_hold_a_tenth_of_the_whole_are_held_although_the_split_is_decided() {
    let workspace = Workspace::default();
    deliver(&workspace, &[POINT; 100], "");
    workspace.ingest();
    deliver(&workspace, &[POINT, LINE], "geometry = \"split\"\n");
    assert_held(&workspace, &["would shrink from 100 features to 2"]);
}

/// 38, and the ids that a split gives.
#[test]
fn a_layer_belongs_to_the_definition_that_made_it() {
    let workspace = Workspace::default();
    let csv: &[u8] = b"n,lon,lat\n1,114.16,22.28\n";
    workspace.define("afcd/places-points", &[("a.csv", csv)], "");
    workspace.ingest();
    let revision = workspace.revision(POINTS);
    deliver(&workspace, &[POINT, LINE], "");
    let ran = workspace.causeway(&["ingest", BASE]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("afcd-places-points belongs to the definition afcd-places-points"), "{}", ran.stderr);
    let file = workspace.folder.join("b.csv");
    std::fs::write(&file, csv).unwrap();
    let ran = workspace.causeway(&["ingest", "--source", file.to_str().unwrap(), "--class", "open", "--layer", POINTS]);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("belongs to the definition"), "{}", ran.stderr);
    assert_eq!(workspace.revision(POINTS), revision);
    assert_published(&workspace, &[POINTS]);
    assert_eq!(workspace.causeway(&["withdraw", POINTS]).status, 0);
    let ran = workspace.causeway(&["ingest", BASE]);
    assert_eq!(ran.status, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("was withdrawn"), "{}", ran.stderr);
    assert_published(&workspace, &[]);
}

/// Killed after the new layers were published and before the old one was withdrawn.
#[test]
fn a_withdrawal_that_a_crash_left_undone_is_done_next_time() {
    let workspace = Workspace::default();
    deliver(&workspace, &[POINT, POINT], "");
    workspace.ingest();
    let (folder, old) = (workspace.data().join("layers").join(BASE), workspace.revision(BASE));
    deliver(&workspace, &[POINT, LINE], "geometry = \"split\"\n");
    workspace.ingest();
    let successor = std::fs::read_to_string(folder.join("successor")).unwrap();
    std::fs::remove_file(folder.join("withdrawn")).unwrap();
    std::fs::write(folder.join("current"), format!("{old}\n")).unwrap();
    workspace.ingest();
    assert_published(&workspace, &[POINTS, LINES]);

    // Killed before the new layers were all published, the old one stays.
    let digit = if successor.trim().ends_with('0') { "1" } else { "0" };
    let never = format!("{}{digit}\n", &successor.trim()[..successor.trim().len() - 1]);
    std::fs::remove_file(folder.join("withdrawn")).unwrap();
    std::fs::write(folder.join("current"), format!("{old}\n")).unwrap();
    std::fs::write(folder.join("successor"), never).unwrap();
    workspace.ingest();
    assert!(published(&workspace).contains(BASE));
    assert!(!folder.join("successor").exists());
}
