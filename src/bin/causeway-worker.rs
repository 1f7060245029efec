//! The worker: the only code that links GDAL. It opens the files named on its standard input, in a
//! process that is limited before the first foreign byte is read, and says what it finds as frames
//! on its standard output (`intake::delivery::protocol`). It may die at any byte. With the argument
//! `write` it makes of one package of ours one file of another format; with `offer` it says what systems are.
//!
//! GDAL is a C library, so this binary, and nothing else, holds unsafe code.
#![allow(unsafe_code)]

#[path = "worker/confine.rs"]
mod confine;
#[path = "worker/curves.rs"]
mod curves;
#[path = "worker/dates.rs"]
mod dates;
#[path = "worker/decoding.rs"]
mod decoding;
#[path = "worker/drivers.rs"]
mod drivers;
#[path = "worker/errors.rs"]
mod errors;
#[path = "worker/geometry.rs"]
mod geometry;
#[path = "worker/kml.rs"]
mod kml;
#[path = "worker/layer.rs"]
mod layer;
#[path = "worker/merged.rs"]
mod merged;
#[path = "worker/offer.rs"]
mod offer;
#[path = "worker/operation.rs"]
mod operation;
#[path = "worker/points.rs"]
mod points;
#[path = "worker/prepare.rs"]
mod prepare;
#[path = "worker/proj.rs"]
mod proj;
#[path = "worker/projection.rs"]
mod projection;
#[path = "worker/reach.rs"]
mod reach;
#[path = "worker/source.rs"]
mod source;
#[path = "worker/system.rs"]
mod system;
#[path = "worker/table.rs"]
mod table;
#[path = "worker/tags.rs"]
mod tags;
#[path = "worker/values.rs"]
mod values;
#[path = "worker/write/mod.rs"]
mod write;

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::ExitCode;

use causeway::intake::delivery::Format;
use causeway::intake::delivery::protocol::{Frame, WorkerRequest};
use causeway::intake::downloads::WRITE;
use causeway::intake::offered::OFFER;

use source::Source;

/// Why reading stopped.
#[derive(Debug)]
pub enum Stop {
    /// The delivery's fault, in one sentence for its officer.
    Refused(String),
    /// Ours: the parent is gone, or the request is broken.
    Broken(String),
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Stop::Broken(error.to_string())
    }
}

/// GDAL's memory too: a JSON of a million vertices is two million small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Standard output, to which frames go many at a time.
struct Output {
    file: File,
    held: Vec<u8>,
}

impl Output {
    const HELD_BYTES: usize = 256 * 1024;

    /// Of the descriptor itself: Rust's own standard output looks for the ends of lines.
    fn new() -> std::io::Result<Self> {
        let file = File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
        Ok(Output { file, held: Vec::with_capacity(2 * Self::HELD_BYTES) })
    }

    fn send(&mut self, frame: &Frame) -> std::io::Result<()> {
        frame.append(&mut self.held)?;
        if self.held.len() < Self::HELD_BYTES { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let sent = self.file.write_all(&self.held);
        self.held.clear();
        // A frame may have been much larger.
        self.held.shrink_to(2 * Self::HELD_BYTES);
        sent
    }
}

fn main() -> ExitCode {
    let mut missing: Vec<String> = confine::leave_network().into_iter().collect();
    let orphaned = confine::die_with_parent();
    let mut out = match Output::new() {
        Ok(out) => out,
        Err(error) => {
            eprintln!("there is no standard output: {error}");
            return ExitCode::FAILURE;
        }
    };
    let result =
        orphaned.and_then(|()| confine::limit_resources(missing.is_empty())).map_err(Stop::Broken).and_then(|()| {
            match std::env::args().nth(1).as_deref() {
                Some(WRITE) => write::work(&mut out),
                Some(OFFER) => offer::work(&mut out),
                _ => work(&mut missing, &mut out),
            }
        });
    let last = match result {
        Ok(count) => Frame::End(count),
        Err(Stop::Refused(message)) => Frame::Refused(confine::with_memory(message)),
        Err(Stop::Broken(message)) => {
            eprintln!("{message}");
            return ExitCode::FAILURE;
        }
    };
    match out.send(&last).and_then(|()| out.flush()) {
        // SAFETY: all was sent, and what GDAL keeps besides is in files of the scratch folder. Taking its
        // libraries down one by one costs a small file as much as opening it.
        Ok(()) => unsafe { libc::_exit(0) },
        Err(_) => ExitCode::FAILURE,
    }
}

fn work(missing: &mut Vec<String>, out: &mut Output) -> Result<u64, Stop> {
    let request: WorkerRequest = serde_json::from_reader(std::io::stdin().lock())
        .map_err(|error| Stop::Broken(format!("the request is not understood: {error}")))?;
    confine::limit_time(request.sources.iter().map(|source| bytes_under(&source.path)).sum()).map_err(Stop::Broken)?;
    errors::collect();
    configure();
    let formats: Vec<Format> = request.sources.iter().map(|source| source.format).collect();
    drivers::keep_only(&formats);
    missing.append(&mut confine::lock_in(&std::env::current_dir()?, &[]));
    let mut sources = Vec::with_capacity(request.sources.len());
    for source in &request.sources {
        sources.push(Source::open(source, &request)?);
    }
    if let Some(first) = sources.first_mut() {
        missing.drain(..).for_each(|note| first.note(note));
    }
    out.send(&Frame::Schemas(sources.iter().map(Source::schema).collect()))?;
    let (mut count, last) = (0, sources.len().saturating_sub(1));
    for (place, mut source) in sources.into_iter().enumerate() {
        out.send(&Frame::Source(place as u32))?;
        count += source.read(out)?;
        if place == last {
            // The process ends now, and with it, at once, all that GDAL would take down piece by piece.
            std::mem::forget(source);
        }
    }
    Ok(count)
}

/// Size of a file and of what stands beside it, or of a folder.
fn bytes_under(path: &std::path::Path) -> u64 {
    let folder = if path.is_dir() { Some(path) } else { path.parent() };
    let entries = folder.and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten();
    entries.filter_map(Result::ok).filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.len()).sum()
}

fn configure() {
    for (key, value) in [
        ("GDAL_DISABLE_READDIR_ON_OPEN", "FALSE"),
        // What its reader of GeoJSON does is heard, see `errors`.
        ("CPL_DEBUG", "GeoJSON"),
        ("OGR_XLSX_HEADERS", "FORCE"),
        ("OGR_XLSX_FIELD_TYPES", "STRING"),
        ("OGR_ODS_HEADERS", "FORCE"),
        ("OGR_ODS_FIELD_TYPES", "STRING"),
        // Links inside a GML to other files stay links.
        ("GML_SKIP_RESOLVE_ELEMS", "ALL"),
        ("GDAL_NUM_THREADS", "1"),
        // The places of an OSM's nodes, of which less memory is touched: it costs as much as packing them.
        ("OSM_COMPRESS_NODES", "YES"),
        // Curves are made straight by us, to a tolerance.
        ("OGR_STROKE_CURVE", "FALSE"),
        ("GPX_ELE_AS_25D", "YES"),
        ("LIBKML_RESOLVE_STYLE", "NO"),
        ("OGR_GEOJSON_MAX_OBJ_SIZE", "500"),
        ("CPL_VSIL_CURL_ALLOWED_EXTENSIONS", "none"),
        // A port where nothing can listen: every fetch fails at once.
        ("GDAL_HTTP_PROXY", "127.0.0.1:0"),
        ("GDAL_HTTP_MAX_RETRY", "0"),
    ] {
        // An option that cannot be set is unknown to this GDAL, which then has no need of it.
        let _ = gdal::config::set_config_option(key, value);
    }
}
