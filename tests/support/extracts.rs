//! Servers that make parts of layers into files, and jobs of theirs.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::Value;

use super::{Server, Workspace, causeway, header, wait_until};

/// Thirty points in a row to the east, of three kinds, and one without a place.
pub fn points() -> String {
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

pub const AREA: &str = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"word":"zqcanary"},"geometry":{"type":"Polygon","coordinates":[[[114.1,22.3],[114.2,22.3],[114.2,22.4],[114.1,22.3]]]}}]}"#;

pub fn close(folder: &Path) {
    let file = folder.join("layer.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(file, text.replace("class = \"open\"", "class = \"restricted\"")).unwrap();
}

/// A server with `[extracts]` of its own, in a folder of its own, and a worker that may be another
/// program, or none where the script is empty.
pub struct Made {
    pub server: Server,
    pub folder: tempfile::TempDir,
}

impl Made {
    pub fn with(workspace: &Workspace, extracts: &str) -> Self {
        Made::start(&workspace.data(), "", extracts, None)
    }

    /// The worker does nothing, for ever.
    pub fn with_idle_worker(workspace: &Workspace, more: &str, extracts: &str) -> Self {
        Made::start(&workspace.data(), more, extracts, Some("#!/bin/sh\nexec sleep 1000\n"))
    }

    pub fn start(data: &Path, more: &str, extracts: &str, worker: Option<&str>) -> Self {
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

    pub fn ask(&self, layer: &str, query: &str) -> Response {
        self.ask_as(layer, query, "")
    }

    /// As a client that a proxy says it forwards for.
    pub fn ask_as(&self, layer: &str, query: &str, client: &str) -> Response {
        let path = format!("/collections/{layer}/extracts?{query}");
        let request = self.server.request(Method::POST, &path);
        let request = if client.is_empty() { request } else { request.header("x-forwarded-for", client) };
        request.send().unwrap()
    }

    /// The address of a new job.
    #[track_caller]
    pub fn job(&self, query: &str) -> String {
        let response = self.ask("td-points", query);
        let (status, location) = (response.status(), header(&response, "location"));
        assert_eq!(status, 201, "{query}: {}", response.text().unwrap());
        location.strip_prefix(&self.server.base).unwrap().to_owned()
    }

    pub fn state(&self, job: &str) -> Value {
        self.server.json(job)
    }

    pub fn is(&self, job: &str, status: &str) -> bool {
        self.state(job)["status"] == status
    }

    /// The document of a job once it is finished.
    pub fn finished(&self, job: &str) -> Value {
        wait_until(|| self.is(job, "successful") || self.is(job, "failed"));
        self.state(job)
    }

    #[track_caller]
    pub fn made(&self, query: &str) -> Value {
        let document = self.finished(&self.job(query));
        assert_eq!(document["status"], "successful", "{query}: {document}");
        document
    }

    /// Files of jobs, finished or not.
    pub fn files(&self) -> Vec<PathBuf> {
        let jobs = std::fs::read_dir(self.folder.path().join("extracts")).unwrap().map(|entry| entry.unwrap().path());
        let jobs = jobs.filter(|path| path.is_dir()).flat_map(|path| std::fs::read_dir(path).unwrap());
        jobs.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect()
    }

    /// Processes that the server started and that still run.
    pub fn workers(&self) -> Vec<i32> {
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
pub fn refused(response: Response, status: u16) -> String {
    assert_eq!(response.status(), status);
    assert_eq!(header(&response, "content-type"), "application/problem+json");
    let problem: Value = serde_json::from_str(&response.text().unwrap()).unwrap();
    problem["detail"].as_str().unwrap().to_owned()
}

/// The address of a job, after checking that nobody guesses it.
pub fn job_path(made: &Made, document: &Value) -> String {
    let id = document["jobID"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let this = document["links"][0]["href"].as_str().unwrap();
    assert_eq!(this, format!("{}/extracts/{id}", made.server.base));
    format!("/extracts/{id}")
}
