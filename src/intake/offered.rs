//! The systems that a definition adds to those in which every layer is offered: the worker's third mode
//! asks PROJ what they are.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::IngestError;
use super::delivery::DeliveryError;
use super::delivery::protocol::Frame;
use super::delivery::run::{Asked, ask, complaint};
use crate::base::BBox;
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
    let Asked { answer, status } = ask((worker, scratch, OFFER), request, || true, Frame::read)?;
    match answer {
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
