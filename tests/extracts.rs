//! Parts of layers as files, as the real programs make, keep and give them.
#![cfg(feature = "worker")]
#![allow(clippy::unwrap_used)]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use causeway::base::digest::Sha256Hex;
use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::Value;
use support::reading::{self, Layer};
use support::{Server, Workspace, causeway, header, wait_until};

const CANARY: &str = "zqcanary";

/// Thirty points in a row to the east, of three kinds, and one without a place.
fn points() -> String {
    let point = |number: usize| {
        let kind = ["A", "B", "長者"][number % 3];
        let lon = 114.0 + number as f64 / 100.0;
        format!(
            r#"{{"type":"Feature","properties":{{"Kind of place":"{kind}","n":{number},"open":true}},"geometry":{{"type":"Point","coordinates":[{lon:.2},22.30]}}}}"#
        )
    };
    let features: Vec<String> = (0..30).map(point).collect();
    let lost = r#"{"type":"Feature","properties":{"Kind of place":"nowhere","n":99,"open":false},"geometry":null}"#;
    format!(r#"{{"type":"FeatureCollection","features":[{},{lost}]}}"#, features.join(","))
}

const AREA: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"word":"zqcanary"},"geometry":{"type":"Polygon","coordinates":[[[114.1,22.3],[114.2,22.3],[114.2,22.4],[114.1,22.3]]]}}]}"#;

fn close(folder: &Path) {
    let file = folder.join("layer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text.replace("class = \"open\"", "class = \"restricted\"")).unwrap();
}

static WORKSPACE: LazyLock<Workspace> = LazyLock::new(|| {
    let workspace = Workspace::kept("extracts");
    workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    close(&workspace.define("td/zqcanary", &[("area.geojson", AREA.as_bytes())], ""));
    workspace.ingest();
    workspace
});

/// A server with `[extracts]` of its own, in a folder of its own, and a worker that may be another
/// program, or none where the script is empty.
struct Made {
    server: Server,
    folder: tempfile::TempDir,
}

impl Made {
    fn with(extracts: &str) -> Self {
        Made::start(&WORKSPACE.data(), "", extracts, None)
    }

    /// The worker does nothing, for ever.
    fn with_idle_worker(more: &str, extracts: &str) -> Self {
        Made::start(&WORKSPACE.data(), more, extracts, Some("#!/bin/sh\nexec sleep 1000\n"))
    }

    fn start(data: &Path, more: &str, extracts: &str, worker: Option<&str>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("causeway.toml");
        let place = folder.path().join("extracts");
        std::fs::write(&file, format!("{more}\n[extracts]\nfolder = {place:?}\n{extracts}\n")).unwrap();
        let mut command = causeway(data, Path::new("layers"));
        command.arg("--config").arg(&file);
        if let Some(script) = worker {
            let program = folder.path().join("worker");
            if !script.is_empty() {
                std::fs::write(&program, script).unwrap();
                std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
            command.env("CAUSEWAY_WORKER", program);
        }
        Made { server: Server::start_by(&mut command, &[]), folder }
    }

    fn ask(&self, layer: &str, query: &str) -> Response {
        self.ask_as(layer, query, "")
    }

    /// As a client that a proxy says it forwards for.
    fn ask_as(&self, layer: &str, query: &str, client: &str) -> Response {
        let path = format!("/collections/{layer}/extracts?{query}");
        let request = self.server.request(Method::POST, &path);
        let request = if client.is_empty() { request } else { request.header("x-forwarded-for", client) };
        request.send().unwrap()
    }

    /// The address of a new job.
    #[track_caller]
    fn job(&self, query: &str) -> String {
        let response = self.ask("td-points", query);
        let (status, location) = (response.status(), header(&response, "location"));
        assert_eq!(status, 201, "{query}: {}", response.text().unwrap());
        location.strip_prefix(&self.server.base).unwrap().to_owned()
    }

    fn state(&self, job: &str) -> Value {
        self.server.json(job)
    }

    fn is(&self, job: &str, status: &str) -> bool {
        self.state(job)["status"] == status
    }

    /// The document of a job once it is finished.
    fn finished(&self, job: &str) -> Value {
        wait_until(|| self.is(job, "successful") || self.is(job, "failed"));
        self.state(job)
    }

    #[track_caller]
    fn made(&self, query: &str) -> Value {
        let document = self.finished(&self.job(query));
        assert_eq!(document["status"], "successful", "{query}: {document}");
        document
    }

    /// Files of jobs, finished or not.
    fn files(&self) -> Vec<PathBuf> {
        let jobs = std::fs::read_dir(self.folder.path().join("extracts")).unwrap().map(|entry| entry.unwrap().path());
        let jobs = jobs.filter(|path| path.is_dir()).flat_map(|path| std::fs::read_dir(path).unwrap());
        jobs.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
    }

    /// Processes that the server started and that still run.
    fn workers(&self) -> Vec<i32> {
        let parent = |process: i32| {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            let rest = stat.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect::<Vec<_>>();
            (rest[0] != "Z").then(|| rest[1].parse::<u32>().unwrap())
        };
        let all = std::fs::read_dir("/proc").unwrap();
        let processes = all.filter_map(|entry| entry.unwrap().file_name().to_str().and_then(|name| name.parse().ok()));
        processes.filter(|process| parent(*process) == Some(self.server.pid())).collect()
    }
}

#[track_caller]
fn refused(response: Response, status: u16) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let problem: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}

fn enclosure(document: &Value) -> &Value {
    document["links"].as_array().unwrap().iter().find(|link| link["rel"] == "enclosure").unwrap()
}

/// The file of a finished job, after checking that it is as its job says.
fn taken(made: &Made, document: &Value, folder: &Path) -> PathBuf {
    let link = enclosure(document);
    let path = link["href"].as_str().unwrap().strip_prefix(&made.server.base).unwrap();
    let response = made.server.get(path);
    let name = path.rsplit('/').next().unwrap();
    assert_eq!(response.status(), 200, "{path}");
    assert_eq!(header(&response, "content-disposition"), format!("attachment; filename=\"{name}\""));
    assert_eq!(header(&response, "content-type"), link["type"].as_str().unwrap());
    assert_eq!(header(&response, "cache-control"), "private, no-cache");
    let bytes = response.bytes().unwrap();
    assert_eq!(link["length"], bytes.len());
    assert_eq!(link["sha256"], Sha256Hex::of_bytes(&bytes).as_str());
    let file = folder.join(name);
    std::fs::write(&file, bytes).unwrap();
    file
}

/// The file as GDAL reads it.
fn read(file: &Path) -> Layer {
    let mut request = reading::files(&[file.to_owned()]);
    // Beside it lies the table of names.
    request.layer = file.to_str().unwrap().ends_with(".shp.zip").then(|| "td-points.shp".to_owned());
    if file.to_str().unwrap().ends_with("-hk1980.csv") {
        (request.easting, request.northing) = (Some("easting".into()), Some("northing".into()));
        request.crs = Some("EPSG:2326".into());
    } else if file.extension().is_some_and(|extension| extension == "csv") {
        (request.longitude, request.latitude) = (Some("longitude".into()), Some("latitude".into()));
    }
    reading::read_all(&request)
}

#[test]
fn every_format_holds_the_chosen_features_where_they_are_in_every_system_that_it_has() {
    let made = Made::with("");
    let offer = made.server.json("/collections/td-points/extracts");
    let mut kinds = Vec::new();
    for format in offer["formats"].as_array().unwrap() {
        let systems = format["crs"].as_array().unwrap().iter();
        kinds.extend(systems.map(|crs| (format["f"].as_str().unwrap(), crs.as_str().unwrap().to_owned())));
    }
    assert_eq!(kinds.len(), 14, "{kinds:?}");
    let folder = tempfile::tempdir().unwrap();
    for (format, crs) in kinds {
        let query = format!("f={format}&crs={crs}&bbox=114.095,22.2,114.205,22.4&filter=n%3C18");
        let document = made.made(&query);
        assert_eq!(document["numberOfFeatures"], 8, "{query}");
        let layer = read(&taken(&made, &document, folder.path()));
        assert_eq!((layer.features.len(), layer.located()), (8, 8), "{query}");
        // GDAL goes back from the grid by another way, a metre off at most.
        for (edge, expected) in layer.box_of_starts().into_iter().zip([114.10, 22.30, 114.17, 22.30]) {
            assert!((edge - expected).abs() < 2e-5, "{query}: {:?}", layer.box_of_starts());
        }
        assert_eq!(made.server.request(Method::DELETE, &job_path(&made, &document)).send().unwrap().status(), 200);
    }
    wait_until(|| made.files().is_empty());
}

fn job_path(made: &Made, document: &Value) -> String {
    let id = document["jobID"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let this = document["links"][0]["href"].as_str().unwrap();
    assert_eq!(this, format!("{}/extracts/{id}", made.server.base));
    format!("/extracts/{id}")
}

#[test]
fn what_is_selected_is_what_the_same_items_have() {
    let made = Made::with("kept_per_caller = 100");
    let folder = tempfile::tempdir().unwrap();
    for (query, count) in [
        ("", 31),
        ("Kind%20of%20place=A", 10),
        ("q=%E9%95%B7%E8%80%85", 10),
        ("ids=0", 0),
        ("properties=n", 31),
        ("exclude-properties=n,open", 31),
        ("skipGeometry=true", 31),
    ] {
        let of_items = made.server.json(&format!("/collections/td-points/items?{query}&limit=100"));
        assert_eq!(of_items["numberMatched"], count, "{query}");
        let document = made.made(&format!("{query}&f=geojson"));
        assert_eq!(document["numberOfFeatures"], count, "{query}");
        let text = std::fs::read_to_string(taken(&made, &document, folder.path())).unwrap();
        let part: Value = serde_json::from_str(&text).unwrap();
        let plain = |collection: &Value| -> Vec<Value> {
            let features = collection["features"].as_array().unwrap().iter();
            features.map(|one| serde_json::json!([one["id"], one["geometry"], one["properties"]])).collect()
        };
        assert_eq!(plain(&part), plain(&of_items), "{query}");
    }
}

#[test]
fn a_choice_that_nothing_fits_is_an_empty_file_of_every_format() {
    let made = Made::with("kept_per_caller = 100");
    for format in ["GeoPackage", "GeoJSON", "CSV", "Shapefile", "GML", "KML", "FlatGeobuf", "FileGDB"] {
        let document = made.made(&format!("f={format}&n=1000"));
        assert_eq!(document["numberOfFeatures"], 0, "{format}");
        assert!(enclosure(&document)["length"].as_u64().unwrap() > 0, "{format}");
    }
}

#[test]
fn a_request_that_cannot_be_met_is_refused_with_what_would_be() {
    let made = Made::with("");
    for (query, part) in [
        ("f=pmtiles", "f=\"pmtiles\" is no file that is made of td-points; accepted are GeoPackage, GeoJSON, CSV,"),
        (
            "f=kml&crs=EPSG:2326",
            "crs=\"EPSG:2326\" is no system in which KML is made of td-points; accepted are CRS84 (",
        ),
        ("f=shapefile&skipGeometry=true", "accepted are GeoPackage, GeoJSON, CSV"),
        ("limit=5", "limit says nothing of an extract; accepted are f, bbox,"),
        ("colour=red", "\"colour\" is neither a parameter nor a field of td-points"),
        ("filter=n%20%3E", "filter"),
        ("bbox=1,2", "bbox"),
        ("f=csv&f=kml", "the parameter f is given twice"),
    ] {
        let detail = refused(made.ask("td-points", query), 400);
        assert!(detail.contains(part), "{query}: {detail}");
    }
    let body = made.server.request(Method::POST, "/collections/td-points/extracts");
    let detail = refused(body.header("content-type", "application/json").body("{}").send().unwrap(), 415);
    assert!(detail.contains("application/x-www-form-urlencoded"), "{detail}");
    let form = made.server.request(Method::POST, "/collections/td-points/extracts");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("f=csv&n=3").send().unwrap();
    assert_eq!(form.status(), 201);
    let put = made.server.request(Method::PUT, "/collections/td-points/extracts").send().unwrap();
    assert_eq!(header(&put, "allow"), "GET, HEAD, POST, OPTIONS");
    assert_eq!(refused(put, 405), "PUT is not offered here; GET, HEAD and POST are");
    let detail = made.server.problem("/extracts/0123456789abcdef0123456789abcdef", 404);
    assert!(detail.contains("it has expired, was ended"), "{detail}");
}

#[test]
fn a_caller_has_no_more_than_a_caller_may_and_another_is_not_kept_out() {
    let proxy = "proxies = [\"127.0.0.1\"]";
    let made = Made::with_idle_worker(proxy, "at_once = 1\nwaiting = 3\nper_caller = 2\nkept_per_caller = 4");
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
    let made = Made::with("kept_per_caller = 2");
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
    let made = Made::with_idle_worker("", "at_once = 1");
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
fn a_worker_that_is_killed_fails_its_job_in_one_sentence() {
    let made = Made::with_idle_worker("", "");
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
    wait_until(|| made.files().is_empty());
    // What needs no worker goes on.
    made.made("f=geopackage");
}

#[test]
fn what_expires_is_gone_with_its_file() {
    let made = Made::with("kept_s = 1");
    let job = job_path(&made, &made.made("f=csv"));
    wait_until(|| made.server.get(&job).status() == 404);
    wait_until(|| made.files().is_empty());
}

#[test]
fn no_more_is_written_than_there_is_room_for() {
    let made = Made::with("disk_bytes = 20000");
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
    let made = Made::with("");
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
fn a_revision_that_is_named_is_what_is_cut_from() {
    let workspace = Workspace::default();
    let folder = workspace.define("td/points", &[("points.geojson", points().as_bytes())], "");
    workspace.ingest();
    let before = workspace.revision("td-points");
    let fewer = points().replacen(r#""n":0,"#, r#""n":7000,"#, 1);
    std::fs::write(folder.join("points.geojson"), fewer).unwrap();
    workspace.ingest();
    let made = Made::start(&workspace.data(), "", "", None);
    assert_eq!(made.made("f=csv&n=7000")["numberOfFeatures"], 1);
    let then = made.made(&format!("f=csv&n=7000&revision={before}"));
    assert_eq!((then["numberOfFeatures"].as_u64(), then["revision"].as_str()), (Some(0), Some(before.as_str())));
}

#[test]
fn a_person_without_scripts_asks_waits_and_takes_the_file_in_three_languages() {
    let made = Made::with("");
    for (language, part, ready) in [
        ("en", "Part of this layer", "The file is ready"),
        ("zh-Hant", "圖層的一部分", "檔案已備妥"),
        ("zh-Hans", "图层的一部分", "文件已备妥"),
    ] {
        let page = made.server.page(&format!("/collections/td-points?lang={language}"));
        let action = format!("action=\"/collections/td-points/extracts?lang={language}\" method=\"post\"");
        assert!(page.contains(part) && page.contains(&action), "{language}");
        let sent = made
            .server
            .request(Method::POST, &format!("/collections/td-points/extracts?lang={language}"))
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body("f=shapefile-hk1980&field=Kind+of+place&value=B&bbox=")
            .send()
            .unwrap();
        assert_eq!(sent.status(), 303);
        let location = header(&sent, "location").strip_prefix(&made.server.base).unwrap().to_owned();
        let job = location.split('?').next().unwrap().to_owned();
        let document = made.finished(&job);
        assert_eq!(document["numberOfFeatures"], 10, "{document}");
        let page = made.server.page(&location);
        assert!(page.contains(ready) && page.contains("td-points-hk1980.shp.zip\""), "{page}");
        assert!(!page.contains("http-equiv=\"refresh\""), "{page}");
    }
    let idle = Made::with_idle_worker("", "");
    let job = idle.job("f=kml");
    let page = idle.server.page(&job);
    assert!(page.contains("<meta http-equiv=\"refresh\" content=\"2\">"), "{page}");
    let stopped = idle.server.request(Method::POST, &format!("{job}?lang=en")).send().unwrap();
    assert_eq!(stopped.status(), 303);
    assert_eq!(idle.server.get(&job).status(), 404);
    let table = made.server.page("/collections/td-points/items?f=html&n=3&sortby=n");
    assert!(table.contains("href=\"/collections/td-points/extracts?f=html&#38;n=3&#38;lang=en\""), "{table}");
    let form = made.server.page("/collections/td-points/extracts?f=html&n=3");
    assert!(form.contains("<input type=\"hidden\" name=\"n\" value=\"3\">") && form.contains("1 point"), "{form}");
}

#[test]
fn a_server_that_makes_none_says_so_and_writes_nothing() {
    let none = Made::with("at_once = 0");
    assert!(refused(none.ask("td-points", "f=csv"), 404).starts_with("this server makes no extracts"));
    assert!(!none.server.page("/collections/td-points").contains("/extracts?"));
    assert!(!none.folder.path().join("extracts").exists());
}

#[test]
fn without_a_worker_there_is_what_needs_none() {
    let made = Made::start(&WORKSPACE.data(), "", "", Some(""));
    let formats = made.server.json("/collections/td-points/extracts")["formats"].clone();
    let names: Vec<&str> = formats.as_array().unwrap().iter().map(|one| one["f"].as_str().unwrap()).collect();
    assert_eq!(names, ["GeoPackage", "GeoJSON", "CSV"]);
    assert_eq!(formats[0]["crs"].as_array().unwrap().len(), 1);
    made.made("f=geopackage");
    assert!(refused(made.ask("td-points", "f=kml"), 400).contains("accepted are GeoPackage, GeoJSON, CSV"));
}

#[test]
fn the_definition_of_the_api_says_what_there_is() {
    let made = Made::with("");
    let paths = made.server.json("/api")["paths"].clone();
    assert!(paths["/collections/{collectionId}/extracts"]["post"]["responses"]["429"].is_object());
    assert!(paths["/extracts/{jobId}"]["delete"].is_object());
    assert!(paths["/extracts/{jobId}/{file}"]["get"].is_object());
}
