//! Starting the worker and taking in what it says.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use super::protocol::{Frame, WorkerRequest, WorkerSource};
use super::unify::Unifier;
use super::{DeliveryError, DeliverySink, ReadRequest};
use crate::base::ids::cut;
use crate::base::limits;

/// What is read of the worker's output at once.
const BUFFER_BYTES: usize = 1024 * 1024;

/// Runs the worker over the sources and hands what it reads to the sink.
pub fn run(
    sources: &[WorkerSource],
    request: &ReadRequest,
    worker: &Path,
    scratch: &Path,
    sink: &mut dyn DeliverySink,
) -> Result<u64, DeliveryError> {
    let asked = WorkerRequest {
        sources: sources.to_vec(),
        geometry: request.geometry,
        crs: request.crs.clone(),
        allows_ballpark: request.allows_ballpark,
        easting: request.easting.clone(),
        northing: request.northing.clone(),
        longitude: request.longitude.clone(),
        latitude: request.latitude.clone(),
    };
    let argument = serde_json::to_string(&asked).map_err(|error| DeliveryError::WorkerFailed(error.to_string()))?;
    let mut child = start(worker, scratch, &[])?;
    let watch = Watch::over(&child);
    // A worker that dies before it has read this says so by its status.
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(argument.as_bytes());
    }
    let taken = match child.stdout.take() {
        Some(stdout) => take_in(BufReader::with_capacity(BUFFER_BYTES, stdout), sources, request, sink),
        None => Err(DeliveryError::WorkerFailed("it has no output".to_owned())),
    };
    let was_late = watch.end();
    if taken.is_err() {
        // The worker may still be writing; what it says no longer matters.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| DeliveryError::WorkerFailed(error.to_string()))?;
    let complaint = complaint(scratch);
    match taken {
        _ if was_late => Err(DeliveryError::WorkerTooSlow { seconds: limits::WORKER_TIME.as_secs() }),
        Err(DeliveryError::WorkerFailed(_)) | Ok(_) if died_of_the_file(status).is_some() => {
            let what = died_of_the_file(status).unwrap_or_default();
            let names: Vec<&str> = sources.iter().map(|source| source.shown.as_str()).collect();
            Err(DeliveryError::Refused(format!("{} {what}", cut(&names.join(", ")))))
        }
        Ok(count) if status.success() => Ok(count),
        Ok(_) => Err(DeliveryError::WorkerFailed(format!("{status}; {complaint}"))),
        Err(DeliveryError::WorkerFailed(message)) => {
            Err(DeliveryError::WorkerFailed(format!("{message}; {complaint}")))
        }
        Err(error) => Err(error),
    }
}

/// What a file did to the worker that a signal ended, and what to do about it; the worker is made to die of such files alone.
fn died_of_the_file(status: std::process::ExitStatus) -> Option<String> {
    use rustix::process::Signal;
    use std::os::unix::process::ExitStatusExt;
    let signal = status.signal().and_then(Signal::from_named_raw)?;
    match signal {
        Signal::XCPU => Some("takes more processor time than a sound file of its size may; export it anew".to_owned()),
        Signal::XFSZ => Some("makes its reader write more than it may; export it anew".to_owned()),
        Signal::SEGV | Signal::BUS | Signal::FPE | Signal::ILL => {
            Some("makes the reader of its format break down; export it anew".to_owned())
        }
        Signal::ABORT => Some(format!("needs more than {}, or breaks it down; {}", memory_limit(), IN_PIECES)),
        _ => None,
    }
}

/// What to do with a file whose format is held in memory whole.
pub const IN_PIECES: &str = "hand it in in parts, or as GeoPackage or FlatGeobuf, which are read feature by feature";

/// The limit of the worker's memory in words.
pub fn memory_limit() -> String {
    format!("the {} GiB of memory that its reader may have", limits::WORKER_MEMORY_BYTES >> 30)
}

/// Where the worker's standard error goes: a pipe that nobody reads would block it once full.
const COMPLAINTS: &str = "worker.stderr";

/// An empty environment but for what GDAL needs; nothing of the network, of plug-ins, of Python.
/// The request goes in by standard input, for a command line ends at 128 KiB.
fn start(worker: &Path, scratch: &Path, arguments: &[&str]) -> Result<Child, DeliveryError> {
    let complaints = scratch.join(COMPLAINTS);
    let complaints = File::create(&complaints).map_err(DeliveryError::file(&complaints))?;
    Command::new(worker)
        .args(arguments)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("PROJ_NETWORK", "OFF")
        .env("GDAL_DRIVER_PATH", "disable")
        .env("CPL_TMPDIR", scratch)
        .env("CPL_DEBUG", "OFF")
        // A huge page is cleared whole for the first byte of it: a tenth of a second for a small file.
        .env("MIMALLOC_ALLOW_THP", "0")
        .current_dir(scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(complaints)
        .spawn()
        .map_err(|source| DeliveryError::WorkerMissing { worker: worker.to_owned(), source })
}

/// How a worker ended that was asked in another mode than reading.
pub(in crate::intake) struct Asked {
    /// The frame that `read` took for the last.
    pub answer: Option<std::io::Result<Frame>>,
    pub status: std::process::ExitStatus,
}

/// Asks the worker something in one of its other modes; `read` takes what it says until the last frame.
/// `is_wanted` is asked a few times a second.
pub(in crate::intake) fn ask(
    (worker, scratch, mode): (&Path, &Path, &str),
    request: &impl serde::Serialize,
    is_wanted: impl Fn() -> bool + Send + 'static,
    read: impl FnOnce(&mut std::process::ChildStdout) -> std::io::Result<Frame>,
) -> Result<Asked, DeliveryError> {
    let asked = serde_json::to_vec(request).map_err(|error| DeliveryError::WorkerFailed(error.to_string()))?;
    let mut child = start(worker, scratch, &[mode])?;
    let watch = Watch::while_wanted(&child, is_wanted);
    if let Some(mut stdin) = child.stdin.take() {
        // A worker that dies before it has read this says so by its status.
        let _ = stdin.write_all(&asked);
    }
    let answer = child.stdout.take().map(|mut stdout| read(&mut stdout));
    let was_late = watch.end();
    let status = child.wait().map_err(|error| DeliveryError::WorkerFailed(error.to_string()))?;
    match was_late {
        true => Err(DeliveryError::WorkerTooSlow { seconds: limits::WORKER_TIME.as_secs() }),
        false => Ok(Asked { answer, status }),
    }
}

/// Kills the worker when its time is over, or when nobody wants any more what it makes.
struct Watch {
    finished: mpsc::Sender<()>,
    was_late: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn over(child: &Child) -> Watch {
        Watch::while_wanted(child, || true)
    }

    /// `is_wanted` is asked a few times a second.
    fn while_wanted(child: &Child, is_wanted: impl Fn() -> bool + Send + 'static) -> Watch {
        const EVERY: Duration = Duration::from_millis(100);
        let (finished, waiting) = mpsc::channel();
        let was_late = Arc::new(AtomicBool::new(false));
        let late = Arc::clone(&was_late);
        let process = rustix::process::Pid::from_child(child);
        let end = Instant::now() + limits::WORKER_TIME;
        let thread = std::thread::spawn(move || {
            while waiting.recv_timeout(EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                let is_late = Instant::now() >= end;
                if is_late || !is_wanted() {
                    late.store(is_late, Ordering::Relaxed);
                    let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
                    return;
                }
            }
        });
        Watch { finished, was_late, thread }
    }

    /// Ends the watch; whether the worker was out of time.
    fn end(self) -> bool {
        let _ = self.finished.send(());
        let _ = self.thread.join();
        self.was_late.load(Ordering::Relaxed)
    }
}

/// The first of what the worker wrote on its standard error, for the operator.
pub(in crate::intake) fn complaint(scratch: &Path) -> String {
    const KEPT_BYTES: u64 = 4_096;
    let mut text = Vec::new();
    if let Ok(complaints) = File::open(scratch.join(COMPLAINTS)) {
        let _ = complaints.take(KEPT_BYTES).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).trim().replace('\n', " / ")
}

/// Takes in all that the worker says about the sources and hands it to the sink; answers how many
/// features there were. Whatever the stream holds, the sink gets the fields once, then features
/// that fit them.
pub fn take_in(
    mut input: impl BufRead,
    sources: &[WorkerSource],
    request: &ReadRequest,
    sink: &mut dyn DeliverySink,
) -> Result<u64, DeliveryError> {
    let broken = |what: &str| DeliveryError::WorkerFailed(what.to_owned());
    let mut unifier: Option<Unifier> = None;
    let mut source = 0usize;
    let mut count = 0u64;
    loop {
        let frame = Frame::read_held(&mut input)
            .map_err(|error| DeliveryError::WorkerFailed(format!("its output ended early ({error})")))?;
        match frame {
            Frame::Schemas(_) if unifier.is_some() => return Err(broken("it announced its fields twice")),
            Frame::Schemas(schemas) => {
                let announced = unifier.insert(Unifier::over(&schemas, sources, request)?);
                sink.schema(&announced.fields, &announced.facts)?;
            }
            Frame::Source(place) => source = place as usize,
            Frame::Feature(feature) => {
                count += 1;
                if count > limits::FEATURES_MAX {
                    return Err(DeliveryError::Refused(format!(
                        "the delivery holds over {} features, the limit",
                        limits::FEATURES_MAX
                    )));
                }
                let unifier = unifier.as_ref().ok_or_else(|| broken("it sent a feature before its fields"))?;
                sink.feature(unifier.unify(feature, source)?)?;
            }
            Frame::Written(_) => return Err(broken("it wrote where it was to read")),
            Frame::Systems(_) => return Err(broken("it told of systems where it was to read")),
            Frame::Refused(message) => return Err(DeliveryError::Refused(message)),
            Frame::End(_) if unifier.is_none() => return Err(broken("it ended before it announced its fields")),
            Frame::End(announced) if announced == count => return Ok(count),
            Frame::End(announced) => {
                return Err(DeliveryError::WorkerFailed(format!("it announced {announced} features and sent {count}")));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::delivery::protocol::SourceSchema;
    use crate::intake::delivery::{SourceFacts, SourceFeature, SourceField};

    struct Nowhere;

    impl DeliverySink for Nowhere {
        fn schema(&mut self, _: &[SourceField], _: &SourceFacts) -> Result<(), DeliveryError> {
            Ok(())
        }

        fn feature(&mut self, _: SourceFeature) -> Result<(), DeliveryError> {
            Ok(())
        }
    }

    #[test]
    fn a_stream_out_of_order_is_the_workers_failure() {
        let schemas = || Frame::Schemas(vec![SourceSchema { fields: Vec::new(), facts: SourceFacts::default() }]);
        for (frames, part) in [
            (vec![Frame::End(0)], "before it announced its fields"),
            (vec![Frame::Feature(SourceFeature::default())], "before its fields"),
            (vec![schemas(), schemas(), Frame::End(0)], "fields twice"),
            (vec![schemas(), Frame::Written(1)], "wrote where it was to read"),
            (vec![schemas(), Frame::Source(0), Frame::End(1)], "announced 1 features and sent 0"),
            (vec![schemas()], "ended early"),
        ] {
            let mut stream = Vec::new();
            frames.iter().for_each(|frame| frame.append(&mut stream).unwrap());
            let taken = take_in(stream.as_slice(), &[], &ReadRequest::default(), &mut Nowhere);
            assert!(matches!(&taken, Err(DeliveryError::WorkerFailed(message)) if message.contains(part)), "{taken:?}");
        }
    }
}
