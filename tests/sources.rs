//! Definitions whose files are with another host: fetched, asked after, published, and never at the
//! cost of what is published already.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::sync::{Arc, Mutex};

use support::other_host::{OtherHost, whole};
use support::{Ran, Workspace, wait_until};

const TWO: &str = "key,name,lon,lat\n1,Pier,114.16,22.28\n2,Peak,114.15,22.27\n";
const THREE: &str = "key,name,lon,lat\n1,Pier,114.16,22.28\n2,Peak,114.15,22.27\n3,Park,114.17,22.29\n";

/// A host with one file, which is known by its ETag.
struct Portal {
    host: OtherHost,
    /// Status, ETag, content.
    state: Arc<Mutex<(&'static str, String)>>,
}

impl Portal {
    fn with(content: &str) -> Self {
        let state = Arc::new(Mutex::new(("200 OK", content.to_owned())));
        let shared = Arc::clone(&state);
        let host = OtherHost::new(move |asked, stream| {
            let (status, content) = shared.lock().unwrap().clone();
            let etag = format!("\"{}\"", content.len());
            if status == "200 OK" && asked.header("if-none-match").as_ref() == Some(&etag) {
                return whole(stream, "304 Not Modified", b"");
            }
            whole(stream, &format!("{status}\r\nETag: {etag}"), content.as_bytes());
        });
        Portal { host, state }
    }

    fn now(&self, status: &'static str, content: &str) {
        *self.state.lock().unwrap() = (status, content.to_owned());
    }

    /// Requests that were not answered 304, in order of time.
    fn conditional(&self) -> Vec<bool> {
        self.host.asked().iter().map(|asked| asked.header("if-none-match").is_some()).collect()
    }
}

/// Writes a definition whose files are those entries, and the configuration that lists the host.
fn define(workspace: &Workspace, portal: &Portal, place: &str, entries: &[String], more: &str) {
    let folder = workspace.define(place, &[], more);
    let definition = std::fs::read_to_string(folder.join("layer.toml")).unwrap();
    std::fs::write(folder.join("layer.toml"), definition.replace("files = []", &format!("files = {entries:?}")))
        .unwrap();
    let configuration = format!("sources_asked_every_s = 1\n{}", portal.host.listed());
    std::fs::write(workspace.folder.join("causeway.toml"), configuration).unwrap();
}

fn ingest(workspace: &Workspace) -> Ran {
    let configuration = workspace.folder.join("causeway.toml");
    workspace.causeway(&["--config", configuration.to_str().unwrap(), "ingest"])
}

fn features(workspace: &Workspace, layer: &str) -> i64 {
    let table = layer.replace('-', "_");
    workspace.package(layer).query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0)).unwrap()
}

fn manifest(workspace: &Workspace, layer: &str) -> serde_json::Value {
    let folder = workspace.data().join("layers").join(layer).join(workspace.revision(layer));
    serde_json::from_slice(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_delivery_of_another_host_is_taken_in_and_asked_after() {
    let (workspace, portal) = (Workspace::default(), Portal::with(TWO));
    let address = portal.host.address("/files/points.csv");
    define(&workspace, &portal, "afcd/points", std::slice::from_ref(&address), "");
    let ran = ingest(&workspace);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let first = workspace.revision("afcd-points");
    let fetched = &manifest(&workspace, "afcd-points")["fetched"][0];
    assert_eq!(fetched["address"], address);
    assert_eq!(fetched["etag"], format!("\"{}\"", TWO.len()));
    assert_eq!(fetched["name"], "points.csv");

    let ran = ingest(&workspace);
    assert!(ran.stderr.contains("unchanged afcd-points"), "{}", ran.stderr);
    portal.now("200 OK", THREE);
    let ran = ingest(&workspace);
    assert!(ran.stderr.contains("published afcd-points"), "{}", ran.stderr);
    assert_eq!(features(&workspace, "afcd-points"), 3);
    assert_ne!(workspace.revision("afcd-points"), first);
    assert_eq!(portal.conditional(), [false, true, true]);

    // Another word in the definition reads the same bytes anew, and they are not sent again.
    define(&workspace, &portal, "afcd/points", &[address], "no_data = [\"Peak\"]\n");
    let ran = ingest(&workspace);
    assert!(ran.stderr.contains("published afcd-points"), "{}", ran.stderr);
    assert_eq!(portal.conditional().last(), Some(&true));
    assert_eq!(std::fs::read_dir(workspace.data().join("staging")).unwrap().count(), 0);
}

#[test]
fn what_is_published_stays_whatever_the_host_does() {
    let (workspace, portal) = (Workspace::default(), Portal::with(TWO));
    define(&workspace, &portal, "afcd/points", &[portal.host.address("/points.csv")], "");
    assert_eq!(ingest(&workspace).status, 0);
    let revision = workspace.revision("afcd-points");
    for (status, content, expected, part) in [
        ("503 Service Unavailable", "", 1, "answered with status 503"),
        ("404 Not Found", "", 1, "answered with status 404"),
        ("302 Found\r\nLocation: http://169.254.169.254/", "", 3, "there nobody goes"),
        ("200 OK", "<html>Please log in</html>", 3, "points.csv"),
        ("200 OK", "", 3, "points.csv"),
    ] {
        portal.now(status, content);
        for _ in 0..2 {
            let ran = ingest(&workspace);
            assert_eq!(ran.status, expected, "{status}: {}", ran.stderr);
            assert!(ran.stderr.contains(part), "{status}: {}", ran.stderr);
            assert_eq!(workspace.revision("afcd-points"), revision, "{status}");
        }
    }
    portal.now("200 OK", TWO);
    assert!(ingest(&workspace).stderr.contains("unchanged"), "the same bytes are the same delivery");
}

#[test]
fn a_host_that_nobody_listed_is_not_asked() {
    let (workspace, portal, other) = (Workspace::default(), Portal::with(TWO), Portal::with(TWO));
    define(&workspace, &portal, "afcd/points", &[other.host.address("/points.csv")], "");
    let ran = ingest(&workspace);
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    assert!(ran.stderr.contains("is not listed; list it under [[hosts]]"), "{}", ran.stderr);
    assert!(other.host.asked().is_empty());
    assert!(!workspace.data().join("layers/afcd-points").exists());
}

#[test]
fn files_of_several_places_make_one_layer() {
    let (workspace, portal) = (Workspace::default(), Portal::with(TWO));
    let folder = workspace.layers().join("afcd/points");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("own.csv"), "key,name,lon,lat\n9,Own,114.2,22.3\n").unwrap();
    let entries = [portal.host.address("/a.csv"), "own.csv".to_owned(), portal.host.address("/get?id=7")];
    define(&workspace, &portal, "afcd/points", &entries, "format = \"CSV\"\nfile_name_field = \"file\"\n");
    let ran = ingest(&workspace);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(features(&workspace, "afcd-points"), 5);
    let kept = || std::fs::read_dir(workspace.data().join("sources/afcd-points")).unwrap().count();
    assert_eq!(kept(), 2);
    define(&workspace, &portal, "afcd/points", &entries[..2], "file_name_field = \"file\"\n");
    assert_eq!(ingest(&workspace).status, 0);
    assert_eq!((features(&workspace, "afcd-points"), kept()), (3, 1));
}

#[test]
fn a_kept_file_that_was_damaged_is_fetched_anew() {
    let (workspace, portal) = (Workspace::default(), Portal::with(TWO));
    define(&workspace, &portal, "afcd/points", &[portal.host.address("/points.csv")], "");
    assert_eq!(ingest(&workspace).status, 0);
    let sources = workspace.data().join("sources/afcd-points");
    let folder = std::fs::read_dir(sources).unwrap().next().unwrap().unwrap().path();
    std::fs::write(folder.join("content/points.csv"), "key,name,lon,lat\n").unwrap();
    let ran = ingest(&workspace);
    assert!(ran.stderr.contains("unchanged"), "{}", ran.stderr);
    assert_eq!(portal.conditional(), [false, false]);
}

#[test]
fn a_watching_ingest_asks_other_hosts_again() {
    let (workspace, portal) = (Workspace::default(), Portal::with(TWO));
    define(&workspace, &portal, "afcd/points", &[portal.host.address("/points.csv")], "");
    let mut watching = support::causeway(&workspace.data(), &workspace.layers())
        .arg("--config")
        .arg(workspace.folder.join("causeway.toml"))
        .args(["ingest", "--watch"])
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let has = |count| {
        workspace.data().join("layers/afcd-points/current").exists() && features(&workspace, "afcd-points") == count
    };
    wait_until(|| has(2));
    portal.now("503 Busy", "");
    let asked = portal.host.asked().len();
    wait_until(|| portal.host.asked().len() > asked);
    portal.now("200 OK", THREE);
    wait_until(|| has(3));
    watching.kill().unwrap();
    watching.wait().unwrap();
}
