//! Starting the worker and taking in what it says.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};

use super::protocol::{Frame, SourceSchema, WorkerRequest, WorkerSource};
use super::{DeliveryError, DeliverySink, ReadRequest, SourceFacts, SourceFeature, SourceField};
use crate::base::{FieldKind, Value, limits};

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
        crs: request.crs.clone(),
        layer: request.layer.clone(),
        easting: request.easting.clone(),
        northing: request.northing.clone(),
        longitude: request.longitude.clone(),
        latitude: request.latitude.clone(),
    };
    let argument = serde_json::to_string(&asked).map_err(|error| DeliveryError::WorkerFailed(error.to_string()))?;
    let mut child = start(worker, scratch)?;
    let watch = Watch::over(&child);
    // A worker that dies before it has read this says so by its status.
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(argument.as_bytes());
    }
    let taken = take_in(&mut child, sources, request, sink);
    let was_late = watch.end();
    if taken.is_err() {
        // The worker may still be writing; what it says no longer matters.
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| DeliveryError::WorkerFailed(error.to_string()))?;
    let complaint = complaint(scratch);
    match taken {
        _ if was_late => Err(DeliveryError::WorkerTooSlow { seconds: limits::WORKER_TIME.as_secs() }),
        Ok(count) if status.success() => Ok(count),
        Ok(_) => Err(DeliveryError::WorkerFailed(format!("{status}; {complaint}"))),
        Err(DeliveryError::WorkerFailed(message)) => {
            Err(DeliveryError::WorkerFailed(format!("{message}; {complaint}")))
        }
        Err(error) => Err(error),
    }
}

/// Where the worker's standard error goes: a pipe that nobody reads would block it once full.
const COMPLAINTS: &str = "worker.stderr";

/// An empty environment but for what GDAL needs; nothing of the network, of plug-ins, of Python.
/// The request goes in by standard input, for a command line ends at 128 KiB.
fn start(worker: &Path, scratch: &Path) -> Result<Child, DeliveryError> {
    let complaints = scratch.join(COMPLAINTS);
    let complaints = File::create(&complaints).map_err(DeliveryError::file(&complaints))?;
    Command::new(worker)
        .env_clear()
        .env("LANG", "C.UTF-8")
        .env("PROJ_NETWORK", "OFF")
        .env("GDAL_DRIVER_PATH", "disable")
        .env("CPL_TMPDIR", scratch)
        .env("CPL_DEBUG", "OFF")
        .current_dir(scratch)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(complaints)
        .spawn()
        .map_err(|source| DeliveryError::WorkerMissing { worker: worker.to_owned(), source })
}

/// Kills the worker when its time is over.
struct Watch {
    finished: mpsc::Sender<()>,
    was_late: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
}

impl Watch {
    fn over(child: &Child) -> Watch {
        let (finished, waiting) = mpsc::channel();
        let was_late = Arc::new(AtomicBool::new(false));
        let late = Arc::clone(&was_late);
        let process = rustix::process::Pid::from_child(child);
        let thread = std::thread::spawn(move || {
            if waiting.recv_timeout(limits::WORKER_TIME) == Err(mpsc::RecvTimeoutError::Timeout) {
                late.store(true, Ordering::Relaxed);
                let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
            }
        });
        Watch { finished, was_late, thread }
    }

    fn end(self) -> bool {
        let _ = self.finished.send(());
        let _ = self.thread.join();
        self.was_late.load(Ordering::Relaxed)
    }
}

/// The first of what the worker wrote on its standard error, for the operator.
fn complaint(scratch: &Path) -> String {
    const KEPT_BYTES: u64 = 4_096;
    let mut text = Vec::new();
    if let Ok(complaints) = File::open(scratch.join(COMPLAINTS)) {
        let _ = complaints.take(KEPT_BYTES).read_to_end(&mut text);
    }
    String::from_utf8_lossy(&text).trim().replace('\n', " / ")
}

fn take_in(
    child: &mut Child,
    sources: &[WorkerSource],
    request: &ReadRequest,
    sink: &mut dyn DeliverySink,
) -> Result<u64, DeliveryError> {
    const BUFFER_BYTES: usize = 1024 * 1024;
    let Some(stdout) = child.stdout.take() else {
        return Err(DeliveryError::WorkerFailed("it has no output".to_owned()));
    };
    let mut input = BufReader::with_capacity(BUFFER_BYTES, stdout);
    let mut unifier = Unifier::default();
    let mut source = 0usize;
    let mut count = 0u64;
    loop {
        let frame = Frame::read(&mut input)
            .map_err(|error| DeliveryError::WorkerFailed(format!("its output ended early ({error})")))?;
        match frame {
            Frame::Schemas(schemas) => {
                unifier = Unifier::over(&schemas, sources, request)?;
                sink.schema(&unifier.fields, &unifier.facts)?;
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
                sink.feature(unifier.unify(feature, source)?)?;
            }
            Frame::Refused(message) => return Err(DeliveryError::Refused(message)),
            Frame::End(announced) if announced == count => return Ok(count),
            Frame::End(announced) => {
                return Err(DeliveryError::WorkerFailed(format!("it announced {announced} features and sent {count}")));
            }
        }
    }
}

/// Makes one list of fields out of the fields of several files, by name, in order of first sight.
#[derive(Default)]
struct Unifier {
    fields: Vec<SourceField>,
    facts: SourceFacts,
    /// For each source and each of its fields the place in the common list.
    places: Vec<Vec<usize>>,
    /// For each source the name of its file, where the definition keeps it as the first field.
    file_names: Vec<Option<String>>,
}

impl Unifier {
    fn over(schemas: &[SourceSchema], sources: &[WorkerSource], request: &ReadRequest) -> Result<Self, DeliveryError> {
        let mut unifier = Unifier {
            facts: schemas.first().map(|schema| schema.facts.clone()).unwrap_or_default(),
            ..Unifier::default()
        };
        if let Some(name) = &request.file_name_field {
            unifier.fields.push(SourceField { name: name.clone(), kind: FieldKind::Text, untyped: false });
        }
        for (schema, source) in schemas.iter().zip(sources) {
            let own = |name: &&String| schema.fields.iter().any(|field| field.name == **name);
            if let Some(name) = request.file_name_field.as_ref().filter(own) {
                return Err(DeliveryError::Refused(format!(
                    "{} has a field \"{name}\" of its own; give file_name_field another name",
                    source.shown
                )));
            }
            let mut places = Vec::with_capacity(schema.fields.len());
            for field in &schema.fields {
                places.push(unifier.place(field, &places));
            }
            unifier.places.push(places);
            unifier.file_names.push(request.file_name_field.as_ref().map(|_| stem(&source.shown)));
            for note in &schema.facts.notes {
                if !unifier.facts.notes.contains(note) {
                    unifier.facts.notes.push(note.clone());
                }
            }
        }
        Ok(unifier)
    }

    /// Fields of one name but different kinds become text. A name that one source has twice is
    /// two fields, of which the second gets a number: `taken` are the source's fields so far.
    fn place(&mut self, field: &SourceField, taken: &[usize]) -> usize {
        let mut field = field.clone();
        let original = field.name.clone();
        let mut number = 1;
        while taken.iter().any(|place| self.fields[*place].name == field.name) {
            number += 1;
            field.name = format!("{original}_{number}");
        }
        match self.fields.iter().position(|known| known.name == field.name) {
            Some(place) => {
                let known = &mut self.fields[place];
                if known.kind != field.kind {
                    known.kind = match (known.kind, field.kind) {
                        (FieldKind::Integer, FieldKind::Real) | (FieldKind::Real, FieldKind::Integer) => {
                            FieldKind::Real
                        }
                        _ => FieldKind::Text,
                    };
                }
                place
            }
            None => {
                self.fields.push(field);
                self.fields.len() - 1
            }
        }
    }

    fn unify(&self, mut feature: SourceFeature, source: usize) -> Result<SourceFeature, DeliveryError> {
        let broken = || DeliveryError::WorkerFailed("a feature does not fit its announced fields".to_owned());
        let places = self.places.get(source).ok_or_else(broken)?;
        if places.len() != feature.values.len() {
            return Err(broken());
        }
        let mut values = vec![Value::Null; self.fields.len()];
        for (place, value) in places.iter().zip(feature.values) {
            values[*place] = fitted(value, self.fields[*place].kind);
        }
        if let Some(Some(name)) = self.file_names.get(source) {
            values[0] = Value::Text(name.clone());
        }
        feature.values = values;
        Ok(feature)
    }
}

fn fitted(value: Value, kind: FieldKind) -> Value {
    match (value, kind) {
        (Value::Integer(number), FieldKind::Real) => Value::Real(number as f64),
        (Value::Integer(number), FieldKind::Text) => Value::Text(number.to_string()),
        (Value::Real(number), FieldKind::Text) => Value::Text(number.to_string()),
        (Value::Boolean(truth), FieldKind::Text) => Value::Text(truth.to_string()),
        (value, _) => value,
    }
}

fn stem(shown: &str) -> String {
    let name = shown.rsplit(" → ").next().unwrap_or(shown);
    let name = name.rsplit('/').next().unwrap_or(name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
