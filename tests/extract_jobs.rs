//! Jobs that make parts of layers into files: their limits, their ends, and who may look at them.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;
use std::sync::LazyLock;

use reqwest::Method;
use serde_json::Value;
use support::extracts::{AREA, Made, close, job_path, points, refused};
use support::{Server, Workspace, header, wait_until};

const CANARY: &str = "zqcanary";

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("extract_jobs");
    workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    close(&workspace.define("td/zqcanary", &[("area.geojson", AREA.as_bytes())], ""));
    workspace.ingest();
    workspace
});

#[test]
fn a_caller_has_no_more_than_a_caller_may_and_another_is_not_kept_out() {
    let proxy = "proxies = [\"127.0.0.1\"]";
    let made =
        Made::with_idle_worker(&WORKSPACE, proxy, "at_once = 1\nwaiting = 3\nper_caller = 2\nkept_per_caller = 4");
    let (one, two) = ("198.51.100.1", "1.1.1.1, 198.51.100.2");
    for _ in 0..2 {
        assert_eq!(made.ask_as("td-points", "f=kml", one).status(), 201);
    }
    let third = made.ask_as("td-points", "f=csv", one);
    assert!(header(&third, "retry-after").parse::<u32>().unwrap() > 0);
    let detail = refused(third, 429);
    assert!(detail.starts_with("2 extracts of yours are not finished"), "{detail}");
    for _ in 0..2 {
        assert_eq!(made.ask_as("td-points", "f=kml", two).status(), 201);
    }
    let full = made.ask_as("td-points", "f=csv", "198.51.100.3");
    assert_eq!(header(&full, "retry-after"), "2");
    assert!(refused(full, 503).contains("as many extracts wait as may"));
}

#[test]
fn nobody_is_another_caller_by_saying_so_and_what_is_kept_is_counted() {
    let made = Made::with(&WORKSPACE, "kept_per_caller = 2");
    let first = made.made("f=csv");
    made.made("f=geojson");
    let third = made.ask_as("td-points", "f=csv", "198.51.100.1");
    assert!(header(&third, "retry-after").parse::<u32>().unwrap() > 3_600);
    assert!(refused(third, 429).starts_with("2 extracts of yours are kept"));
    let gone = job_path(&made, &first);
    let ended = made.server.request(Method::DELETE, &gone).send().unwrap();
    let last: Value = serde_json::from_str(&ended.text().unwrap()).unwrap();
    assert_eq!(last["status"], "dismissed");
    assert!(made.server.problem(&gone, 404).contains("was ended"));
    made.made("f=csv");
}

#[test]
fn a_job_that_is_ended_stops_its_worker_and_leaves_nothing() {
    let made = Made::with_idle_worker(&WORKSPACE, "", "at_once = 1");
    let running = made.job("f=kml");
    wait_until(|| made.workers().len() == 1 && made.is(&running, "running"));
    let waiting = made.job("f=csv");
    assert!(made.is(&waiting, "accepted"));
    let response = made.server.get(&running);
    assert_eq!(
        (header(&response, "retry-after").as_str(), header(&response, "cache-control").as_str()),
        ("2", "no-store")
    );
    let detail = made.server.problem(&format!("{running}/td-points.kml"), 404);
    assert!(detail.contains("has no file"), "{detail}");
    assert_eq!(made.server.request(Method::DELETE, &running).send().unwrap().status(), 200);
    wait_until(|| made.workers().is_empty());
    // Its turn goes to the next.
    assert_eq!(made.finished(&waiting)["status"], "successful");
    assert_eq!(made.files().len(), 1);
}

#[test]
fn a_job_is_as_far_as_its_worker_has_written() {
    // It says that 10 of 31 features are written, and goes no further.
    let script = "#!/bin/sh\nprintf '\\011\\000\\000\\000W\\012\\000\\000\\000\\000\\000\\000\\000'\nexec sleep 1000\n";
    let made = Made::start(&WORKSPACE.data(), "", "", Some(script));
    let job = made.job("f=kml");
    wait_until(|| made.state(&job)["progress"] == 66);
    assert!(made.is(&job, "running"));
    assert_eq!(made.server.request(Method::DELETE, &job).send().unwrap().status(), 200);
}

#[test]
fn a_worker_that_is_killed_fails_its_job_in_one_sentence() {
    let made = Made::with_idle_worker(&WORKSPACE, "", "");
    let job = made.job("f=flatgeobuf");
    wait_until(|| made.workers().len() == 1);
    let worker = rustix::process::Pid::from_raw(made.workers()[0]).unwrap();
    rustix::process::kill_process(worker, rustix::process::Signal::KILL).unwrap();
    let document = made.finished(&job);
    assert_eq!(document["status"], "failed");
    assert_eq!(
        document["message"],
        "the program that writes FlatGeobuf stopped before it had finished; ask again, or take GeoPackage"
    );
    let page = made.server.page(&format!("{job}?lang=zh-Hant"));
    assert!(page.contains("<p class=\"lead\" lang=\"zh-Hant\">製作FlatGeobuf的程式中途停止"), "{page}");
    wait_until(|| made.files().is_empty());
    // What needs no worker goes on.
    made.made("f=geopackage");
}

#[test]
fn what_expires_is_gone_with_its_file() {
    let made = Made::with(&WORKSPACE, "kept_s = 1");
    let job = job_path(&made, &made.made("f=csv"));
    wait_until(|| made.server.get(&job).status() == 404);
    wait_until(|| made.files().is_empty());
}

#[test]
fn no_more_is_written_than_there_is_room_for() {
    let made = Made::with(&WORKSPACE, "disk_bytes = 20000");
    let document = made.finished(&made.job("f=geopackage"));
    assert_eq!(document["status"], "failed");
    assert_eq!(document["message"], "the room for extracts is full; ask again when others have expired");
    assert!(made.files().is_empty());
}

#[test]
fn a_server_that_starts_anew_sweeps_what_the_last_one_left() {
    let workspace = Workspace::default();
    workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    workspace.ingest();
    let folders = || -> Vec<PathBuf> {
        let all = std::fs::read_dir(workspace.data().join("extracts")).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.is_dir()).collect()
    };
    let ask = |server: &Server| {
        let made = server.request(Method::POST, "/collections/td-points/extracts?f=csv").send().unwrap();
        header(&made, "location").strip_prefix(&server.base).unwrap().to_owned()
    };
    let first = workspace.serve();
    let job = ask(&first);
    wait_until(|| first.json(&job)["status"] == "successful");
    let left = folders();
    assert_eq!(left.len(), 1);
    // The process is killed: nothing is tidied up.
    drop(first);
    assert_eq!(folders(), left);
    let (second, third) = (workspace.serve(), workspace.serve());
    assert!(folders().len() == 2 && !left[0].exists());
    second.problem(&job, 404);
    // Two servers over one folder know their own.
    let job = ask(&second);
    wait_until(|| second.json(&job)["status"] == "successful");
    third.problem(&job, 404);
}

/// Case 97: what may not be read is not there, before and after it is asked for.
#[test]
fn a_layer_that_is_not_open_gives_nothing_and_says_nothing() {
    let made = Made::with(&WORKSPACE, "");
    let absent = refused(made.ask("td-nothing", "f=csv"), 404);
    let forbidden = refused(made.ask("td-zqcanary", "f=csv&word=zqcanary"), 404);
    assert_eq!(absent.replace("td-nothing", "L"), forbidden.replace("td-zqcanary", "L"));
    made.server.problem("/collections/td-zqcanary/extracts", 404);
    assert!(made.files().is_empty());
    let page = made.server.page("/collections/td-points/extracts");
    assert!(!page.contains(CANARY));
}

#[test]
fn an_extract_is_there_as_long_as_its_layer_may_be_read() {
    let workspace = Workspace::default();
    let folder = workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    workspace.define("td/other", &[("points.geojson", points().as_bytes())], "");
    workspace.ingest();
    let made = Made::start(&workspace.data(), "", "", None);
    let other = {
        let response = made.ask("td-other", "f=csv");
        header(&response, "location").strip_prefix(&made.server.base).unwrap().to_owned()
    };
    wait_until(|| made.is(&other, "successful"));
    let job = job_path(&made, &made.made("f=csv"));
    let file = format!("{job}/td-points.csv");
    assert_eq!(made.server.get(&file).status(), 200);
    assert_eq!(made.files().len(), 2);
    // Withdrawn: gone for now, its file for ever.
    assert_eq!(workspace.causeway(&["withdraw", "td-other"]).status, 0);
    wait_until(|| made.server.get(&other).status() == 410 && made.files().len() == 1);
    assert_eq!(made.server.get(&format!("{other}/td-other.csv")).status(), 410);
    assert_eq!(workspace.causeway(&["rollback", "td-other"]).status, 0);
    wait_until(|| made.server.get(&other).status() == 200);
    assert_eq!(made.state(&other)["message"], "the layer was withdrawn");
    // No longer open: as if it had never been.
    close(&folder);
    std::fs::write(folder.join("points.geojson"), points().replace("nowhere", "somewhere")).unwrap();
    workspace.ingest();
    wait_until(|| made.server.get(&file).status() == 404 && made.server.get(&job).status() == 404);
    wait_until(|| made.files().is_empty());
}

#[test]
fn a_server_that_makes_none_says_so_and_writes_nothing() {
    let none = Made::with(&WORKSPACE, "at_once = 0");
    assert!(refused(none.ask("td-points", "f=csv"), 404).starts_with("this server makes no extracts"));
    assert!(!none.server.page("/collections/td-points").contains("/extracts?"));
    assert!(!none.folder.path().join("extracts").exists());
}
