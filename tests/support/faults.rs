//! What the tests of faults share: deliveries that are told apart, an ingest that meets a fault,
//! and readers that ask a running server all the while.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use super::{Ran, Server, Workspace, run, skip};

/// The layer that is published again and again.
pub const LAYER: &str = "afcd-points";
/// Enough rows for a package of some dozen pages and for a page of features that is not all.
const ROWS_LEAST: u64 = 300;

/// Rows of a delivery: no two that follow each other have the same.
pub fn rows(state: u64) -> u64 {
    ROWS_LEAST + state % 7
}

/// Lays a delivery ready whose every row names its state.
pub fn deliver(workspace: &Workspace, state: u64) {
    // What is made after a publication has no part in it.
    deliver_with(workspace, state, "\n[downloads]\nformats = []\n");
}

/// The same with more in its definition.
pub fn deliver_with(workspace: &Workspace, state: u64, more: &str) {
    let mut csv = String::from("key,state,lon,lat\n");
    for row in 0..rows(state) {
        let (lon_deg, lat_deg) = (114.1 + (row % 20) as f64 * 0.001, 22.3 + (row / 20) as f64 * 0.001);
        csv.push_str(&format!("{row},{MARK}{state:06},{lon_deg},{lat_deg}\n"));
    }
    workspace.define("afcd/points", &[("points.csv", csv.as_bytes())], more);
}

const MARK: &str = "state-";
const DIGITS: usize = 6;

/// The states that an answer of any format names.
fn states_in(answer: &[u8]) -> BTreeSet<u64> {
    let number = |at: usize| {
        let digits = answer.get(at + MARK.len()..at + MARK.len() + DIGITS)?;
        std::str::from_utf8(digits).ok()?.parse().ok()
    };
    answer
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, window)| *window == MARK.as_bytes())
        .filter_map(|(at, _)| number(at))
        .collect()
}

/// The one state that a server shows, after checking that page and count are of it.
#[track_caller]
pub fn state_of(server: &Server, what: &str) -> u64 {
    let [_, last] = states_shown(server).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    last
}

/// Asks for a page and for a tile; the states that they show, in this order.
fn states_shown(server: &Server) -> Result<[u64; 2], String> {
    let page = answer(server, &format!("/collections/{LAYER}/items?limit=50"))?;
    let shown = only_state(&page)?;
    let json: serde_json::Value = serde_json::from_slice(&page).map_err(|error| error.to_string())?;
    if json["numberMatched"] != rows(shown) {
        return Err(format!("{} features of state {shown}, not {}", json["numberMatched"], rows(shown)));
    }
    // Tile 10/836/446 covers the harbour; the rows lie in it.
    let tile = answer(server, &format!("/xyz/{LAYER}/10/836/446.mvt"))?;
    Ok([shown, only_state(&tile)?])
}

fn answer(server: &Server, path: &str) -> Result<Vec<u8>, String> {
    let response = server.request(reqwest::Method::GET, path).send().map_err(|error| error.to_string())?;
    let status = response.status();
    let body = response.bytes().map_err(|error| error.to_string())?;
    if status == 200 { Ok(body.to_vec()) } else { Err(format!("{path}: {status}")) }
}

fn only_state(answer: &[u8]) -> Result<u64, String> {
    match states_in(answer).into_iter().collect::<Vec<_>>()[..] {
        [only] => Ok(only),
        ref states => Err(format!("an answer is a mix of states {states:?}")),
    }
}

/// Readers that ask a server in a loop until they are stopped. Each answer is of one state, whole,
/// and no reader is ever shown an older one than before.
pub struct Readers {
    server: Arc<Server>,
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    threads: Vec<JoinHandle<Result<(), String>>>,
}

impl Readers {
    pub fn of(server: Server) -> Self {
        const READERS: usize = 2;
        let (server, stop, answers) = (Arc::new(server), Arc::new(AtomicBool::new(false)), Arc::default());
        let read = || {
            let (server, stop, answers) = (Arc::clone(&server), Arc::clone(&stop), Arc::<AtomicU64>::clone(&answers));
            std::thread::spawn(move || {
                let mut newest = 0;
                while !stop.load(Ordering::Relaxed) {
                    for state in states_shown(&server)? {
                        if state < newest {
                            return Err(format!("state {newest} was shown, then {state}"));
                        }
                        newest = state;
                    }
                    answers.fetch_add(2, Ordering::Relaxed);
                    std::thread::sleep(PAUSE);
                }
                Ok(())
            })
        };
        let threads = (0..READERS).map(|_| read()).collect();
        Readers { server, stop, answers, threads }
    }

    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Ends the readers, fails on what they saw that must not be, and says how many answers they had.
    #[track_caller]
    pub fn finish(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            thread.join().unwrap().unwrap();
        }
        self.answers.load(Ordering::Relaxed)
    }
}

/// A test that fails must not leave a server running.
impl Drop for Readers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Between two rounds of a reader: a test measures a publication, not how busy a machine can be.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// Whether faults can be injected here; says loudly where not.
pub fn has_strace(test: &str) -> bool {
    let is_there = Command::new("strace").arg("-V").output().is_ok_and(|output| output.status.success());
    if !is_there {
        skip(test, "strace is not there");
    }
    is_there
}

/// Runs an ingest in which the Nth call of one name meets a fault. Only the thread that ingests is
/// looked at, so that the number means the same in every run.
pub fn with_fault(workspace: &Workspace, call: &str, fault: &str, number: usize) -> Ran {
    traced(
        workspace,
        &[&format!("trace={call}"), &format!("inject={call}:{fault}:when={number}")],
        Path::new("/dev/null"),
    )
}

/// Runs an ingest under strace with expressions for its `-e`; what it traces goes to `log`.
pub fn traced(workspace: &Workspace, expressions: &[&str], log: &Path) -> Ran {
    let ingest = super::causeway(&workspace.data(), &workspace.layers());
    let mut command = Command::new("strace");
    command.args(["-qq", "-o"]).arg(log);
    for expression in expressions {
        command.args(["-e", expression]);
    }
    run(command.arg(ingest.get_program()).args(ingest.get_args()).arg("ingest"))
}

/// Calls that make a publication, or undo what was before it.
pub const PUBLISHING_CALLS: &str = "fsync,fdatasync,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir";

/// A call by its name, and which of them it is, from 1.
pub type Call = (String, usize);

/// The calls of those names, with a comma between them, that an ingest makes which meets no fault.
pub fn calls_in(workspace: &Workspace, calls: &str) -> Vec<Call> {
    let log = workspace.folder.join("calls");
    let ran = traced(workspace, &[&format!("trace={calls}")], &log);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let text = std::fs::read_to_string(log).unwrap();
    let names = text.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name);
    names
        .filter(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
        .map(|name| {
            let count = counts.entry(name.to_owned()).or_default();
            *count += 1;
            (name.to_owned(), *count)
        })
        .collect()
}

/// Everything that is published is sound.
#[track_caller]
pub fn assert_sound(data: &Path, what: &str) {
    let verified = run(super::causeway(data, Path::new("layers")).arg("verify"));
    assert_eq!(verified.status, 0, "{what}: {}{}", verified.stdout, verified.stderr);
}

/// An ingest that meets no fault takes in what lies ready, and sweeps what others left.
#[track_caller]
pub fn assert_goes_on(workspace: &Workspace, what: &str) {
    let next = workspace.causeway(&["ingest"]);
    assert_eq!(next.status, 0, "{what}: {}", next.stderr);
    let left = std::fs::read_dir(workspace.data().join("staging")).unwrap().count();
    assert_eq!(left, 0, "{what}: the half-made is swept");
}
