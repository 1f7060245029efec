//! Revisions and the word of a person: rolling back, withdrawing, what is held, what a department
//! asks of its own delivery.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use support::{Workspace, wait_until};

const POINTS: &str = "key,name,lon,lat\n1,Pier,114.16,22.28\n2,Peak,114.15,22.27\n3,Park,114.17,22.29\n";

fn define(workspace: &Workspace, csv: &str, more: &str) {
    workspace.define("afcd/points", &[("points.csv", csv.as_bytes())], more);
}

#[test]
fn a_running_server_follows_a_rollback_and_a_withdrawal() {
    let workspace = Workspace::default();
    define(&workspace, POINTS, "");
    workspace.ingest();
    let first = workspace.revision("afcd-points");
    let server = workspace.serve();
    define(&workspace, &POINTS.replace("Park", "Parc"), "");
    workspace.ingest();
    let shown = || server.get("/collections/afcd-points/items").text().unwrap();
    wait_until(|| shown().contains("Parc"));

    let rolled = workspace.causeway(&["rollback", "afcd-points"]);
    assert_eq!(rolled.status, 0, "{}", rolled.stderr);
    assert_eq!(workspace.revision("afcd-points"), first);
    wait_until(|| shown().contains("Park"));

    // The delivery still lies there; it does not come back by itself.
    let again = workspace.causeway(&["ingest"]);
    assert_eq!(again.status, 4, "{}", again.stderr);
    assert!(again.stderr.contains("rolled back from"), "{}", again.stderr);
    assert_eq!(workspace.revision("afcd-points"), first);

    assert_eq!(workspace.causeway(&["withdraw", "afcd-points"]).status, 0);
    wait_until(|| server.get("/collections/afcd-points").status() == 404);
    let held = workspace.causeway(&["ingest"]);
    assert_eq!(held.status, 4);
    assert!(held.stderr.contains("withdrawn"), "{}", held.stderr);
    let listed = workspace.causeway(&["--json", "layers"]).json_lines();
    assert!(listed[0]["current"].is_null() && listed[0]["kept"] == 2, "{listed:?}");
    assert_eq!(workspace.causeway(&["rollback", "afcd-points"]).status, 0);
    wait_until(|| shown().contains("Parc"));
}

#[test]
fn a_wrong_name_is_wrong_usage_and_names_what_there_is() {
    let workspace = Workspace::default();
    define(&workspace, POINTS, "");
    workspace.ingest();
    for (arguments, part) in [
        (vec!["rollback", "afcd-pionts"], "afcd-points"),
        (vec!["rollback", "afcd-points"], "no revision before"),
        (vec!["rollback", "afcd-points", "--to", "20200101T000000000Z-000000000000"], "kept are 2"),
        (vec!["rollback", "afcd-points", "--to", "yesterday"], "yesterday"),
        (vec!["withdraw", "afcd-pionts"], "afcd-points"),
        (vec!["layers", "afcd-pionts"], "afcd-points"),
        (vec!["ingest", "--accept"], "name them"),
    ] {
        let ran = workspace.causeway(&arguments);
        assert_eq!(ran.status, 2, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn verify_names_the_damaged_file_and_fails() {
    let workspace = Workspace::default();
    define(&workspace, POINTS, "");
    workspace.ingest();
    assert_eq!(workspace.causeway(&["verify"]).status, 0);
    let folder = workspace.data().join("layers/afcd-points").join(workspace.revision("afcd-points"));
    let style = folder.join("style.json");
    std::fs::remove_file(&style).unwrap();
    std::fs::write(&style, "{}").unwrap();
    let ran = workspace.causeway(&["verify"]);
    assert_eq!(ran.status, 1);
    assert!(ran.stdout.contains("damaged") && ran.stdout.contains("style.json"), "{}", ran.stdout);
}

#[test]
fn what_may_do_harm_unseen_is_held_until_a_person_accepts_it() {
    let many: String = (0..100).map(|key| format!("{key},P{key},114.1{key:02},22.3\n")).collect();
    let many = format!("key,name,lon,lat\n{many}");
    for (csv, part) in [
        ("key,name,lon,lat\n1,P1,114.1,22.3\n".to_owned(), "shrink from 100 features to 1"),
        (many.replace("name", "title"), "lose the fields name"),
    ] {
        let workspace = Workspace::default();
        define(&workspace, &many, "");
        workspace.ingest();
        let revision = workspace.revision("afcd-points");
        define(&workspace, &csv, "");
        let held = workspace.causeway(&["--json", "ingest"]);
        assert_eq!(held.status, 4, "{}", held.stderr);
        assert!(held.json_lines()[0]["held"].as_str().unwrap().contains(part), "{}", held.stdout);
        assert_eq!(workspace.revision("afcd-points"), revision);
        assert_eq!(workspace.causeway(&["ingest", "afcd-points", "--accept"]).status, 0);
        assert_ne!(workspace.revision("afcd-points"), revision);
    }
}

#[test]
fn a_class_is_never_lowered_without_a_persons_word() {
    let workspace = Workspace::default();
    let folder = workspace.define("afcd/points", &[("points.csv", POINTS.as_bytes())], "");
    let open = std::fs::read_to_string(folder.join("layer.toml")).unwrap();
    std::fs::write(folder.join("layer.toml"), open.replace("\"open\"", "\"restricted\"")).unwrap();
    workspace.ingest();
    std::fs::write(folder.join("layer.toml"), open).unwrap();
    let held = workspace.causeway(&["ingest"]);
    assert_eq!(held.status, 4);
    assert!(held.stderr.contains("lowered from restricted to open"), "{}", held.stderr);
    assert_eq!(workspace.serve().get("/collections/afcd-points").status(), 404);
}

#[test]
fn a_delivery_that_fails_a_gate_of_its_definition_is_refused_by_name() {
    for (gates, part) in [
        ("features = [10, 20]", "features: 3 is not from 10 to 20"),
        ("unique = [\"kind\"]", "unique: 1 values of \"kind\""),
        ("required = [\"note\"]", "required: 2 features have no \"note\""),
        ("extent = [114.0, 22.0, 114.165, 22.5]", "extent"),
        ("values = { kind = [\"a\"] }", "values: 1 features have a \"kind\" that is not one of a"),
    ] {
        let workspace = Workspace::default();
        let csv = "key,kind,note,lon,lat\n1,a,,114.16,22.28\n2,a,x,114.15,22.27\n3,b,,114.17,22.29\n";
        define(&workspace, csv, &format!("[gates]\n{gates}\n"));
        let ran = workspace.causeway(&["ingest"]);
        assert_eq!(ran.status, 3, "{gates}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{gates}: {}", ran.stderr);
        assert!(!workspace.data().join("layers/afcd-points/current").exists());
    }
    let workspace = Workspace::default();
    define(&workspace, POINTS, "[gates]\nfeatures = [1, 10]\nunique = [\"key\"]\nrequired = [\"name\"]\n");
    workspace.ingest();
}
