//! Files of other hosts: asked for on a person's word only, from hosts that the operator lists.
//!
//! Comes in: an address that was written by somebody who may be wrong or hostile, and what is
//! already kept of it. Goes out: its bytes within limits, or the word that nothing has changed.
//! Must not know: what the bytes are, and nothing of it may be used while serving.
//!
//! What is refused, and where: `hosts` decides which host, port and scheme may be asked, again at
//! every redirect; `reach` looks at the numbers that a name leads to and lets the connection go to
//! those and no others, so that no name can lead into the operator's own network.

mod address;
mod body;
mod error;
mod hosts;
mod reach;

use std::io::Write;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use ureq::http::{HeaderMap, StatusCode, header};
use ureq::tls::TlsConfig;

pub use address::{Address, AddressFault};
pub use error::{CertificateFault, FetchError};
pub use hosts::{Host, Hosts};

use crate::base::limits;

/// Asks listed hosts for files. No cookies, no credentials, no proxy.
#[derive(Clone, Debug, Default)]
pub struct Fetcher {
    hosts: Hosts,
    limits: FetchLimits,
}

/// What one file may cost.
#[derive(Clone, Copy, Debug)]
pub struct FetchLimits {
    /// As sent, and as unpacked where the host packs what it sends.
    pub bytes_max: u64,
    /// From the first look-up of a name to the last byte, redirects included.
    pub time: Duration,
    /// Without a byte.
    pub stall: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        FetchLimits { bytes_max: limits::SOURCE_BYTES_MAX, time: limits::FETCH_TIME, stall: limits::FETCH_STALL }
    }
}

/// What tells one state of a file from another (RFC 9110 §8.8), and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validator {
    /// The address that answered, which is another one after a redirect.
    pub answered_by: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

/// What a host answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// The file is as it was when the validator was given.
    Unchanged,
    /// Its bytes were written; this tells them from others next time.
    New(Validator),
}

impl Fetcher {
    pub fn new(hosts: Hosts, limits: FetchLimits) -> Self {
        Fetcher { hosts, limits }
    }

    /// Asks for a file unless it is as `known` says, and writes it to `target`, which holds part of
    /// it after an error.
    pub fn fetch(
        &self,
        address: &Address,
        known: Option<&Validator>,
        target: &mut dyn Write,
    ) -> Result<Fetched, FetchError> {
        let begun = Instant::now();
        let mut asked = address.clone();
        let mut host = self.hosts.first(&asked)?;
        for _ in 0..=limits::FETCH_REDIRECTS_MAX {
            let left = self.limits.time.saturating_sub(begun.elapsed());
            // Another address may give the same validator to another file.
            let known = known.filter(|known| known.answered_by == asked);
            let response = self.ask(&asked, known, host, left)?;
            match response.status() {
                StatusCode::OK => {
                    let validator = validator(&asked, response.headers());
                    body::receive(&asked, response, &self.limits, target)?;
                    return Ok(Fetched::New(validator));
                }
                StatusCode::NOT_MODIFIED if known.is_some() => return Ok(Fetched::Unchanged),
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let location = text(response.headers(), header::LOCATION);
                    (asked, host) = self.hosts.redirect(&asked, location.as_deref())?;
                }
                other => return Err(FetchError::Status { address: asked, status: other.as_u16() }),
            }
        }
        Err(FetchError::Redirects { address: address.clone(), most: limits::FETCH_REDIRECTS_MAX })
    }

    fn ask(
        &self,
        address: &Address,
        known: Option<&Validator>,
        host: &Host,
        left: Duration,
    ) -> Result<ureq::http::Response<ureq::Body>, FetchError> {
        let configuration = ureq::config::Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .https_only(!host.is_private())
            .tls_config(TlsConfig::builder().root_certs(host.authorities()).build())
            .user_agent(concat!("causeway/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(left))
            .timeout_per_read(Some(self.limits.stall))
            .timeout_recv_response(Some(self.limits.stall))
            .timeout_connect(Some(self.limits.stall))
            .build();
        let agent = ureq::Agent::with_parts(
            configuration,
            ureq::unversioned::transport::DefaultConnector::default(),
            reach::Resolver::new(host.is_private()),
        );
        let mut request = agent.get(address.as_str()).header(header::ACCEPT_ENCODING, "gzip");
        if let Some(etag) = known.and_then(|known| known.etag.as_deref()) {
            request = request.header(header::IF_NONE_MATCH, etag);
        }
        if let Some(moment) = known.and_then(|known| known.last_modified.as_deref()) {
            request = request.header(header::IF_MODIFIED_SINCE, moment);
        }
        request.call().map_err(|error| FetchError::of(address, error, &self.limits))
    }
}

/// A weak ETag will do: the question is whether to fetch again, not whether a part still fits.
fn validator(address: &Address, headers: &HeaderMap) -> Validator {
    Validator {
        answered_by: address.clone(),
        etag: text(headers, header::ETAG),
        last_modified: text(headers, header::LAST_MODIFIED),
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
