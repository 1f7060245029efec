//! The worker's second mode: it reads one package and writes one file in a folder of its own.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::process::ChildStdout;
use std::sync::Arc;

use super::{Pen, WriteRequest};
use crate::intake::delivery::DeliveryError;
use crate::intake::delivery::protocol::Frame;
use crate::intake::delivery::run::{Asked, ask, complaint};
use crate::intake::{IngestError, file_error};

/// The argument by which the worker knows that it is to write.
pub const WRITE: &str = "write";

pub fn write(pen: &Pen<'_>, request: &WriteRequest, target: &Path) -> Result<(), IngestError> {
    let failed = |message: String| IngestError::Delivery(DeliveryError::WorkerFailed(message));
    let is_wanted = Arc::clone(&pen.is_wanted);
    let read = |stdout: &mut ChildStdout| last_frame(stdout, pen);
    let Asked { answer, status } = ask((pen.worker, pen.scratch, WRITE), request, move || is_wanted(), read)?;
    match answer {
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
