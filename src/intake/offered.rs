//! The systems that a definition adds to those in which every layer is offered: the worker's third mode
//! asks PROJ what they are.

use std::io::{BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::IngestError;
use super::delivery::DeliveryError;
use super::delivery::protocol::Frame;
use super::delivery::run::{Watch, complaint, start};
use crate::base::{BBox, limits};
use crate::crs::AddedSystem;

/// The argument by which the worker knows that it is asked for systems.
pub const OFFER: &str = "offer";

/// What the worker is asked, as JSON on its standard input.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OfferRequest {
    /// Numbers in the register of EPSG.
    pub epsg: Vec<u32>,
    /// Where they have to have a meaning.
    pub extent: BBox,
}

/// The systems of a request in its order, or which of them cannot be offered and why. `scratch` is an
/// empty folder.
pub fn systems(request: &OfferRequest, worker: &Path, scratch: &Path) -> Result<Vec<AddedSystem>, IngestError> {
    let failed = |message: String| IngestError::Delivery(DeliveryError::WorkerFailed(message));
    let asked = serde_json::to_vec(request).map_err(|error| failed(error.to_string()))?;
    let mut child = start(worker, scratch, &[OFFER])?;
    let watch = Watch::over(&child);
    if let Some(mut stdin) = child.stdin.take() {
        // A worker that dies before it has read this says so by its status.
        let _ = stdin.write_all(&asked);
    }
    let answer = child.stdout.take().map(|stdout| Frame::read(&mut BufReader::new(stdout)));
    let was_late = watch.end();
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    match answer {
        _ if was_late => {
            Err(IngestError::Delivery(DeliveryError::WorkerTooSlow { seconds: limits::WORKER_TIME.as_secs() }))
        }
        Some(Ok(Frame::Refused(message))) => Err(IngestError::Refused(message)),
        Some(Ok(Frame::Systems(declared))) if declared.len() == request.epsg.len() => declared
            .into_iter()
            .map(|declaration| {
                declaration.try_into().map_err(|fault: crate::crs::SystemFault| failed(fault.to_string()))
            })
            .collect(),
        _ => Err(failed(format!("{status}; {}", complaint(scratch)))),
    }
}
