//! The worker's second mode: it reads one package and writes one file in a folder of its own.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use super::{Pen, WriteRequest};
use crate::base::limits;
use crate::intake::delivery::DeliveryError;
use crate::intake::delivery::protocol::Frame;
use crate::intake::delivery::run::{Watch, complaint, start};
use crate::intake::{IngestError, file_error};

/// The argument by which the worker knows that it is to write.
pub const WRITE: &str = "write";

pub fn write(pen: &Pen<'_>, request: &WriteRequest, target: &Path) -> Result<(), IngestError> {
    let failed = |message: String| IngestError::Delivery(DeliveryError::WorkerFailed(message));
    let asked = serde_json::to_vec(request).map_err(|error| failed(error.to_string()))?;
    let mut child = start(pen.worker, pen.scratch, &[WRITE])?;
    let is_wanted = Arc::clone(&pen.is_wanted);
    let watch = Watch::while_wanted(&child, move || is_wanted());
    if let Some(mut stdin) = child.stdin.take() {
        // A worker that dies before it has read this says so by its status.
        let _ = stdin.write_all(&asked);
    }
    let answer = child.stdout.take().map(|mut stdout| last_frame(&mut stdout, pen));
    let was_late = watch.end();
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    match answer {
        _ if was_late => {
            Err(IngestError::Delivery(DeliveryError::WorkerTooSlow { seconds: limits::WORKER_TIME.as_secs() }))
        }
        _ if !(pen.is_wanted)() => Err(IngestError::Unwanted),
        Some(Ok(Frame::Refused(message))) => Err(IngestError::Refused(message)),
        Some(Ok(Frame::End(written))) if status.success() && written == request.features => {
            let made = pen.scratch.join(&request.file);
            fs::rename(&made, target).map_err(file_error(target))
        }
        Some(Ok(Frame::End(written))) if status.success() => {
            Err(failed(format!("it wrote {written} of {} features", request.features)))
        }
        _ => Err(failed(format!("{status}; {}", complaint(pen.scratch)))),
    }
}

/// What the worker says at its end; what it says before is passed on.
fn last_frame(stdout: &mut impl Read, pen: &Pen<'_>) -> io::Result<Frame> {
    loop {
        match Frame::read(stdout)? {
            Frame::Written(count) => (pen.written)(count),
            last => return Ok(last),
        }
    }
}
