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
    wait_until(|| server.get("/collections/afcd-points").status() == 410);
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

#[test]
fn what_changed_between_revisions_is_told_by_stable_id() {
    let workspace = Workspace::default();
    let key = "[identity]\nkey = \"key\"\n";
    define(&workspace, POINTS, key);
    workspace.ingest();
    let first = workspace.revision("afcd-points");
    define(&workspace, "key,name,lon,lat\n1,Pier,114.16,22.28\n2,Summit,114.15,22.27\n4,Quay,114.18,22.28\n", key);
    workspace.ingest();
    let second = workspace.revision("afcd-points");
    let server = workspace.serve();
    let kinds = |document: &serde_json::Value| -> Vec<(u64, String)> {
        let kind = |feature: &serde_json::Value| {
            (feature["id"].as_u64().unwrap(), feature["change"].as_str().unwrap().to_owned())
        };
        document["features"].as_array().unwrap().iter().map(kind).collect()
    };
    let all = server.json(&format!("/collections/afcd-points/changes?since={first}"));
    assert_eq!(
        kinds(&all),
        [(2, "changed".to_owned()), (3, "removed".to_owned()), (4, "added".to_owned())],
        "the integer key is the id"
    );
    assert_eq!((&all["added"], &all["changed"], &all["removed"]), (&1.into(), &1.into(), &1.into()));
    assert_eq!((&all["since"], &all["revision"]), (&first.as_str().into(), &second.as_str().into()));
    assert_eq!(all["features"][1]["properties"]["name"], "Park", "a removed feature is shown as it was");
    assert_eq!(all["features"][0]["properties"]["name"], "Summit");
    // Without `since` the revision before is meant.
    assert_eq!(server.json("/collections/afcd-points/changes")["features"], all["features"]);

    let mut path = format!("/collections/afcd-points/changes?since={first}&limit=2");
    let mut walked = Vec::new();
    loop {
        let page = server.json(&path);
        assert_eq!(page["numberMatched"], 3);
        walked.extend(kinds(&page));
        let links = page["links"].as_array().unwrap();
        match links.iter().find(|link| link["rel"] == "next") {
            Some(next) => path = next["href"].as_str().unwrap().strip_prefix(server.base.as_str()).unwrap().to_owned(),
            None => break,
        }
    }
    assert_eq!(walked, kinds(&all));
    assert!(server.problem("/collections/afcd-points/changes?since=yesterday", 400).contains("since"));
    let unknown = "/collections/afcd-points/changes?since=20200101T000000000Z-000000000000";
    assert!(server.problem(unknown, 410).contains("no longer kept"));
}

#[test]
fn a_layer_is_read_as_it_was() {
    let workspace = Workspace::default();
    define(&workspace, POINTS, "");
    workspace.ingest();
    let first = workspace.revision("afcd-points");
    std::thread::sleep(std::time::Duration::from_millis(20));
    let between = jiff::Timestamp::now();
    std::thread::sleep(std::time::Duration::from_millis(20));
    define(&workspace, &format!("{POINTS}4,Quay,114.18,22.28\n"), "");
    workspace.ingest();
    let server = workspace.serve();
    for (query, count) in [("limit=9".to_owned(), 4), (format!("revision={first}"), 3), (format!("as-at={between}"), 3)]
    {
        let items = server.json(&format!("/collections/afcd-points/items?{query}"));
        assert_eq!(items["numberMatched"], count, "{query}");
    }
    let id = server.json(&format!("/collections/afcd-points/items?revision={first}"))["features"][0]["id"].clone();
    assert_eq!(server.get(&format!("/collections/afcd-points/items/{id}?as-at={between}")).status(), 200);
    let tile = |query: &str| server.get(&format!("/xyz/afcd-points/0/0/0.mvt{query}")).bytes().unwrap();
    assert_ne!(tile(""), tile(&format!("?revision={first}")));
    assert_eq!(tile(&format!("?as-at={between}")), tile(&format!("?revision={first}")));
    for (query, status, part) in [
        ("as-at=2001-01-01T00:00:00Z", 404, "as old as"),
        ("as-at=yesterday", 400, "RFC 3339"),
        ("revision=20200101T000000000Z-000000000000", 410, "no longer kept"),
        ("as-at=2001-01-01T00:00:00Z&revision=20200101T000000000Z-000000000000", 400, "one of them"),
    ] {
        let detail = server.problem(&format!("/collections/afcd-points/items?{query}"), status);
        assert!(detail.contains(part), "{query}: {detail}");
    }
    // The pages of a walk stay in the state that was asked for.
    let page = server.json(&format!("/collections/afcd-points/items?as-at={between}&limit=2"));
    let links = page["links"].as_array().unwrap();
    let next = links.iter().find(|link| link["rel"] == "next").unwrap()["href"].as_str().unwrap().to_owned();
    let rest = server.json(next.strip_prefix(server.base.as_str()).unwrap());
    assert_eq!(rest["numberReturned"], 1);
}

#[test]
fn a_change_of_words_shares_the_tiles_and_a_change_of_a_value_does_not() {
    use std::os::unix::fs::MetadataExt;
    let workspace = Workspace::default();
    let tiles = || {
        let revision = workspace.revision("afcd-points");
        let file = workspace.data().join("layers/afcd-points").join(&revision).join("layer.tiles");
        (revision, std::fs::metadata(file).unwrap().ino())
    };
    define(&workspace, POINTS, "");
    workspace.ingest();
    let first = tiles();
    let toml = workspace.layers().join("afcd/points/layer.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    std::fs::write(&toml, text.replace("A made layer", "Another name")).unwrap();
    workspace.ingest();
    let renamed = tiles();
    assert!(renamed.0 != first.0 && renamed.1 == first.1, "{first:?} {renamed:?}");
    let server = workspace.serve();
    let tile = |revision: &str| server.get(&format!("/xyz/afcd-points/0/0/0.mvt?revision={revision}")).bytes().unwrap();
    assert_eq!(tile(&first.0), tile(&renamed.0));

    define(&workspace, &POINTS.replace("Park", "Parc"), "");
    workspace.ingest();
    let changed = tiles();
    assert_ne!(changed.1, first.1);
    // The older revision stands as it was, filtered too.
    wait_until(|| tile(&changed.0) != tile(&first.0));
    let parks = |revision: &str| {
        server.get(&format!("/xyz/afcd-points/0/0/0.mvt?revision={revision}&filter=name='Park'")).status().as_u16()
    };
    assert_eq!((parks(&first.0), parks(&changed.0)), (200, 204));
    assert!(workspace.causeway(&["verify"]).status == 0);
}
