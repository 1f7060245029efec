//! Why a file was not fetched.

use std::time::Duration;

use super::reach::Inside;
use super::{Address, FetchLimits};

/// What is wrong with the certificate by which a host says who it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    #[error(
        "its certificate is signed by nobody who is known here; if it is a host of your own, list its authorities in causeway.toml"
    )]
    UnknownAuthority,
    #[error("its certificate is another host's")]
    OtherName,
    #[error("its certificate has expired")]
    Expired,
    #[error("its certificate is not valid yet")]
    NotYet,
    #[error("its certificate does not hold: {0}")]
    Other(String),
}

impl CertificateFault {
    fn of(error: &rustls::Error) -> Option<Self> {
        use rustls::CertificateError as Fault;
        let rustls::Error::InvalidCertificate(fault) = error else { return None };
        Some(match fault {
            // An authority that calls itself like a known one is not known for it.
            Fault::UnknownIssuer | Fault::BadSignature => CertificateFault::UnknownAuthority,
            Fault::NotValidForName | Fault::NotValidForNameContext { .. } => CertificateFault::OtherName,
            Fault::Expired | Fault::ExpiredContext { .. } => CertificateFault::Expired,
            Fault::NotValidYet | Fault::NotValidYetContext { .. } => CertificateFault::NotYet,
            other => CertificateFault::Other(other.to_string()),
        })
    }
}

/// What is kept of the file stays as it was.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    #[error("the host of {address} is not listed; list it under [[hosts]] in causeway.toml with its name and port")]
    NotListed { address: Address },
    #[error("{address} is not an https address; only a host listed as private may be asked otherwise")]
    NotHttps { address: Address },
    #[error("{address} leads to {inside}")]
    Inside { address: Address, inside: Inside },
    #[error("{address} is not who it says: {fault}")]
    Certificate { address: Address, fault: CertificateFault },
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
            | FetchError::Certificate { .. }
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
            ureq::Error::Rustls(error) => FetchError::tls(address, &error),
            ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                Some(inner) => FetchError::tls(address, inner),
                None => FetchError::Unreadable { address, message: error.to_string() },
            },
            ureq::Error::Other(other) => match other.downcast::<Inside>() {
                Ok(inside) => FetchError::Inside { address, inside: *inside },
                Err(other) => FetchError::Unreadable { address, message: other.to_string() },
            },
            other => FetchError::Unreadable { address, message: other.to_string() },
        }
    }

    fn tls(address: Address, error: &rustls::Error) -> Self {
        match CertificateFault::of(error) {
            Some(fault) => FetchError::Certificate { address, fault },
            None => FetchError::Unreadable { address, message: error.to_string() },
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
