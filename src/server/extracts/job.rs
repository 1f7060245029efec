//! One extract: who asked for what, how far it is, and the room that it takes on the disk.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;

use super::super::callers::CallerAddress;
use super::super::fault::Unmade;
use crate::access::Audience;
use crate::catalogue::LayerRecord;
use crate::definition::DownloadKind;
use crate::store::Download;

/// 128 random bits: who has it was told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(u128);

impl JobId {
    /// A new one from the kernel's own generator.
    pub fn random() -> std::io::Result<Self> {
        let mut bytes = [0; 16];
        // So few bytes come whole or not at all, getrandom(2).
        let filled = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty())?;
        match filled == bytes.len() {
            true => Ok(JobId(u128::from_le_bytes(bytes))),
            false => Err(std::io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl std::fmt::Display for JobId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:032x}", self.0)
    }
}

impl std::str::FromStr for JobId {
    type Err = ();

    /// One spelling alone, so that one job has one address.
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hex { u128::from_str_radix(text, 16).map(JobId).map_err(|_| ()) } else { Err(()) }
    }
}

/// How a job stands; the names are those of OGC API Processes, 18-062r2.
#[derive(Clone, Debug)]
pub enum State {
    Accepted,
    Running { started: Timestamp, progress_percent: u8 },
    Successful { started: Timestamp, finished: Timestamp, file: Download, features: u64 },
    Failed { finished: Timestamp, fault: Unmade },
}

impl State {
    pub fn is_finished(&self) -> bool {
        self.finished().is_some()
    }

    pub fn finished(&self) -> Option<Timestamp> {
        match self {
            State::Accepted | State::Running { .. } => None,
            State::Successful { finished, .. } | State::Failed { finished, .. } => Some(*finished),
        }
    }

    /// After how many seconds there may be news.
    pub fn ask_again_s(&self) -> Option<u32> {
        (!self.is_finished()).then_some(2)
    }
}

/// One extract, from its request until it expires.
pub struct Job {
    pub id: JobId,
    pub caller: CallerAddress,
    pub record: Arc<LayerRecord>,
    /// Who could read what was made.
    pub audience: Audience,
    pub kind: DownloadKind,
    /// What was asked, as it was given.
    pub asked: Vec<(String, String)>,
    pub created: Timestamp,
    /// How long it is kept once it is finished.
    pub kept: Duration,
    folder: PathBuf,
    space: Space,
    state: Mutex<State>,
    is_ended: AtomicBool,
    ending: Notify,
}

/// What a new job is of.
pub struct Wish {
    pub caller: CallerAddress,
    pub record: Arc<LayerRecord>,
    pub audience: Audience,
    pub kind: DownloadKind,
    pub asked: Vec<(String, String)>,
    pub kept: Duration,
}

/// Bytes on the disk: of one job, and of all together.
struct Space {
    own_bytes: AtomicU64,
    all_bytes: Arc<AtomicU64>,
}

impl Space {
    fn set(&self, bytes: u64) {
        let before = self.own_bytes.swap(bytes, Ordering::Relaxed);
        self.all_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.all_bytes.fetch_sub(before, Ordering::Relaxed);
    }
}

impl Job {
    /// A job with an empty folder of its own inside `shared`.
    pub fn begin(wish: Wish, shared: &Path, all_bytes: &Arc<AtomicU64>) -> std::io::Result<Self> {
        let id = JobId::random()?;
        let folder = shared.join(id.to_string());
        std::fs::create_dir(&folder)?;
        Ok(Job {
            id,
            caller: wish.caller,
            record: wish.record,
            audience: wish.audience,
            kind: wish.kind,
            asked: wish.asked,
            created: Timestamp::now(),
            kept: wish.kept,
            folder,
            space: Space { own_bytes: AtomicU64::new(0), all_bytes: Arc::clone(all_bytes) },
            state: Mutex::new(State::Accepted),
            is_ended: AtomicBool::new(false),
            ending: Notify::new(),
        })
    }

    pub fn address(&self, base: &str) -> String {
        format!("{base}/extracts/{}", self.id)
    }

    pub fn file_path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn state(&self) -> State {
        self.lock().clone()
    }

    /// Sets how far a job is that nothing has finished yet.
    pub fn set(&self, next: State) {
        let mut state = self.lock();
        if !state.is_finished() {
            *state = next;
        }
    }

    pub fn expires(&self) -> Option<Timestamp> {
        self.state().finished().and_then(|finished| finished.checked_add(self.kept).ok())
    }

    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires().is_some_and(|expires| expires <= now)
    }

    /// Nobody wants it any more: whoever makes it stops.
    pub fn end(&self) {
        self.is_ended.store(true, Ordering::Relaxed);
        self.ending.notify_waiters();
    }

    pub fn is_ended(&self) -> bool {
        self.is_ended.load(Ordering::Relaxed)
    }

    /// Ready once the job was ended.
    pub async fn ended(&self) {
        loop {
            let ending = self.ending.notified();
            if self.is_ended() {
                return;
            }
            ending.await;
        }
    }

    /// Its layer is no longer there for those who could read it: nothing stays of the file.
    pub fn withdraw(&self) {
        let mut state = self.lock();
        if matches!(*state, State::Failed { fault: Unmade::Withdrawn, .. }) {
            return;
        }
        *state = State::Failed { finished: Timestamp::now(), fault: Unmade::Withdrawn };
        drop(state);
        self.end();
        self.clear();
    }

    /// Bytes of its folder, which are counted among those of all.
    pub fn measure(&self) -> u64 {
        let bytes = bytes_under(&self.folder);
        self.space.set(bytes);
        bytes
    }

    pub fn clear(&self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        self.space.set(0);
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.clear();
    }
}

fn bytes_under(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let bytes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_under(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    bytes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling_and_is_never_the_same_twice() {
        let id = JobId::random().unwrap();
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_ne!(JobId::random().unwrap(), id);
        let hex = "0123456789abcdef0123456789abcdef";
        assert!(hex.parse::<JobId>().is_ok());
        for text in ["", "+123456789abcdef0123456789abcdef", &hex.to_uppercase(), &hex[1..], "../../etc/passwd"] {
            assert!(text.parse::<JobId>().is_err(), "{text}");
        }
    }
}
