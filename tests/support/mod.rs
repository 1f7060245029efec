//! What the tests share: the real programs, a data folder made by them, a server on a free port,
//! and the shared data that a clone alone does not have.
#![allow(dead_code)] // Every test crate takes what it needs of this.
#![allow(clippy::unwrap_used)]

#[cfg(feature = "worker")]
pub mod extracts;
#[cfg(feature = "worker")]
pub mod faults;
pub mod other_host;
#[cfg(feature = "worker")]
pub mod reading;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use reqwest::blocking::{Client, Response};

/// A path of this source tree.
pub fn tree(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A small made delivery of `tests/data`.
pub fn made(name: &str) -> PathBuf {
    tree("tests/data").join(name)
}

/// A path in the shared data (`$CAUSEWAY_SHARED`, else `../shared`), or `None` after saying loudly
/// that the test did not run.
pub fn shared_path(test: &str, path: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("CAUSEWAY_SHARED").map_or_else(|| tree("../shared"), PathBuf::from);
    let path = shared.join("data").join(path);
    if path.exists() {
        return Some(path);
    }
    skip(test, &format!("{} is not there", path.display()));
    None
}

/// Says that a test did not run: on standard error, past the harness that hides what tests print,
/// and in the file `$CAUSEWAY_SKIPS`, which `make test` counts.
pub fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    if let Some(skips) = std::env::var_os("CAUSEWAY_SKIPS") {
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(skips).unwrap();
        file.write_all(line.as_bytes()).unwrap();
    }
}

/// `causeway` with the folders of a test and no environment of the person who runs it.
pub fn causeway(data: &Path, layers: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeway"));
    for name in [
        "CAUSEWAY_DATA",
        "CAUSEWAY_LAYERS",
        "CAUSEWAY_STYLES",
        "CAUSEWAY_BASE_URL",
        "CAUSEWAY_LISTEN",
        "CAUSEWAY_CONFIG",
    ] {
        command.env_remove(name);
    }
    command.arg("--data").arg(data).arg("--layers").arg(layers).arg("--styles").arg(tree("styles"));
    command
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ran {
    Ran::of(command.output().unwrap())
}

/// What a command printed and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Ran {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output as one JSON value a line.
    pub fn json_lines(&self) -> Vec<serde_json::Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// A folder of definitions and the data folder that ingest makes of it.
pub struct Workspace {
    pub folder: PathBuf,
    /// Removes the folder with the workspace, where it belongs to one test.
    _owned: Option<tempfile::TempDir>,
}

impl Default for Workspace {
    fn default() -> Self {
        let owned = tempfile::tempdir().unwrap();
        std::fs::create_dir(owned.path().join("layers")).unwrap();
        Workspace { folder: owned.path().to_owned(), _owned: Some(owned) }
    }
}

impl Workspace {
    /// A workspace for all tests of a crate, made anew at the next run: statics are never dropped.
    pub fn kept(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("layers")).unwrap();
        Workspace { folder, _owned: None }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    pub fn layers(&self) -> PathBuf {
        self.folder.join("layers")
    }

    /// Copies a definition of this tree with its delivery: `lcsd/libraries`.
    pub fn take_from_tree(&self, place: &str) -> PathBuf {
        let to = self.layers().join(place);
        std::fs::create_dir_all(&to).unwrap();
        for entry in std::fs::read_dir(tree("layers").join(place)).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
        to
    }

    /// Writes a definition around given files. `more` is TOML that follows `[source] files`.
    pub fn define(&self, place: &str, files: &[(&str, &[u8])], more: &str) -> PathBuf {
        let folder = self.layers().join(place);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        let names: Vec<String> = files.iter().map(|(name, _)| format!("{name:?}")).collect();
        let text = format!("{HEAD}files = [{}]\n{more}", names.join(", "));
        std::fs::write(folder.join("layer.toml"), text).unwrap();
        folder
    }

    pub fn causeway(&self, arguments: &[&str]) -> Ran {
        run(causeway(&self.data(), &self.layers()).args(arguments))
    }

    /// Takes in everything; anything but success fails the test.
    pub fn ingest(&self) -> Ran {
        let ran = self.causeway(&["ingest"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran
    }

    pub fn serve(&self) -> Server {
        Server::start(&self.data())
    }

    /// The published package of a layer.
    pub fn package(&self, layer: &str) -> rusqlite::Connection {
        let folder = self.data().join("layers").join(layer);
        let revision = std::fs::read_to_string(folder.join("current")).unwrap();
        rusqlite::Connection::open(folder.join(revision.trim()).join("layer.gpkg")).unwrap()
    }

    pub fn revision(&self, layer: &str) -> String {
        std::fs::read_to_string(self.data().join("layers").join(layer).join("current")).unwrap().trim().to_owned()
    }
}

/// A definition up to the list of its files.
pub const HEAD: &str = r#"class = "open"
title = { en = "A made layer", zh-Hant = "測試圖層" }
abstract = { en = "A layer that a test made.", zh-Hant = "測試所製的圖層。" }
keywords = { en = ["test"], zh-Hant = ["測試"] }
[catalogue]
theme = "miscellaneous"
licence = "data.gov.hk"
frequency = "as-needed"
[source]
"#;

/// A running `causeway serve`, ended when dropped.
pub struct Server {
    child: Child,
    /// `http://127.0.0.1:port`, without a slash at its end.
    pub base: String,
    client: Client,
}

impl Server {
    pub fn start(data: &Path) -> Self {
        Server::start_with(data, &[])
    }

    pub fn start_with(data: &Path, arguments: &[&str]) -> Self {
        Server::start_by(&mut causeway(data, Path::new("layers")), arguments)
    }

    /// By a command of the test's own making; the arguments are those of `serve`.
    pub fn start_by(command: &mut Command, arguments: &[&str]) -> Self {
        let mut child =
            command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.next().expect("the server says where it listens").unwrap();
        let (_, address) = ready.split_once(" at ").unwrap();
        // A redirect would hide what the server itself answered.
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Server { child, base: address.trim_end_matches('/').to_owned(), client }
    }

    /// `host:port`, for a client that speaks HTTP by itself.
    pub fn address(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A size in KiB from `/proc/{pid}/status`, such as `VmHWM`.
    pub fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// A request to be dressed with headers.
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::blocking::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    pub fn get(&self, path: &str) -> Response {
        self.request(reqwest::Method::GET, path).send().unwrap()
    }

    pub fn page(&self, path: &str) -> String {
        let response = self.request(reqwest::Method::GET, path).header("accept", "text/html").send().unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.text().unwrap()
    }

    pub fn json(&self, path: &str) -> serde_json::Value {
        let response = self.get(path);
        let status = response.status();
        let text = response.text().unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// The one sentence of a problem, after checking that it is dressed as one.
    #[track_caller]
    pub fn problem(&self, path: &str, status: u16) -> String {
        let response = self.get(path);
        assert_eq!(response.status(), status, "{path}");
        assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
        let problem: serde_json::Value = serde_json::from_str(&response.text().unwrap()).unwrap();
        assert_eq!(problem["status"], status, "{path}");
        assert!(problem["title"].is_string(), "{path}");
        problem["detail"].as_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A header of a response, empty where it is not there.
pub fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
}

/// Waits for what another process or thread brings about; fails where it does not come in 10 s.
pub fn wait_until(condition: impl Fn() -> bool) {
    const TRIES: usize = 200;
    for _ in 0..TRIES {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("it did not come about");
}
