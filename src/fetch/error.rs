//! Why a file was not fetched.

use std::time::Duration;

use super::reach::Inside;
use super::{Address, FetchLimits};

/// What is kept of the file stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the host of {address} is not listed; list it under [[hosts]] in causeway.toml with its name and port")]
    NotListed { address: Address },
    #[error("{address} is not an https address; only a host listed as private may be asked otherwise")]
    NotHttps { address: Address },
    #[error("{address} leads to {inside}")]
    Inside { address: Address, inside: Inside },
    #[error("{address} sends elsewhere, and there nobody goes: {why}")]
    Redirect { address: Address, why: String },
    #[error("{address} sends elsewhere more than {most} times")]
    Redirects { address: Address, most: usize },
    #[error("{address} holds over {bytes_max} bytes, the limit")]
    TooLarge { address: Address, bytes_max: u64 },
    #[error("{address} unpacks to more than {ratio_max} times what it sends, the limit")]
    Ratio { address: Address, ratio_max: u64 },
    #[error("{address} is packed as \"{encoding}\", which nobody asked for; accepted are gzip and nothing")]
    Encoding { address: Address, encoding: String },
    #[error("{address} was answered with status {status}")]
    Status { address: Address, status: u16 },
    #[error("{address} was not answered in time: at most {seconds} s in all and {stall_seconds} s without a byte")]
    TooSlow { address: Address, seconds: f64, stall_seconds: f64 },
    #[error("{address} sent {received} of {promised} bytes")]
    Incomplete { address: Address, received: u64, promised: u64 },
    #[error("{address} cannot be read: {message}")]
    Unreadable { address: Address, message: String },
    #[error("what {address} sent cannot be kept: {source}")]
    Target { address: Address, source: std::io::Error },
}

impl FetchError {
    /// Whether a rule of ours forbids it; else it may come right by itself.
    pub fn is_refusal(&self) -> bool {
        match self {
            FetchError::NotListed { .. }
            | FetchError::NotHttps { .. }
            | FetchError::Inside { .. }
            | FetchError::Redirect { .. }
            | FetchError::Redirects { .. }
            | FetchError::TooLarge { .. }
            | FetchError::Ratio { .. }
            | FetchError::Encoding { .. } => true,
            FetchError::Status { .. }
            | FetchError::TooSlow { .. }
            | FetchError::Incomplete { .. }
            | FetchError::Unreadable { .. }
            | FetchError::Target { .. } => false,
        }
    }

    /// What the client says in our words.
    pub(super) fn of(address: &Address, error: ureq::Error, limits: &FetchLimits) -> Self {
        let address = address.clone();
        match error {
            ureq::Error::Timeout(_) => FetchError::too_slow(&address, limits),
            ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                FetchError::too_slow(&address, limits)
            }
            ureq::Error::Other(other) => match other.downcast::<Inside>() {
                Ok(inside) => FetchError::Inside { address, inside: *inside },
                Err(other) => FetchError::Unreadable { address, message: other.to_string() },
            },
            other => FetchError::Unreadable { address, message: other.to_string() },
        }
    }

    pub(super) fn too_slow(address: &Address, limits: &FetchLimits) -> Self {
        let seconds = |time: Duration| time.as_secs_f64();
        FetchError::TooSlow {
            address: address.clone(),
            seconds: seconds(limits.time),
            stall_seconds: seconds(limits.stall),
        }
    }
}
