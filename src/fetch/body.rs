//! The bytes of an answer, counted as they come and as they unpack.

use std::io::{ErrorKind, Read, Take, Write};

use flate2::read::MultiGzDecoder;
use ureq::http::header;

use super::{Address, FetchError, FetchLimits, text};
use crate::base::limits;

/// What is sent, or what is packed in it.
enum Content<R: Read> {
    Plain(Take<R>),
    Packed(Box<MultiGzDecoder<Take<R>>>),
}

impl<R: Read> Content<R> {
    fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Content::Plain(sent) => sent.read(piece),
            Content::Packed(packed) => packed.read(piece),
        }
    }

    /// Bytes that may still be sent.
    fn left(&self) -> u64 {
        match self {
            Content::Plain(sent) => sent.limit(),
            Content::Packed(packed) => packed.get_ref().limit(),
        }
    }
}

/// Writes the body to `target`, or stops at the first byte over a limit.
pub fn receive(
    address: &Address,
    response: ureq::http::Response<ureq::Body>,
    limits: &FetchLimits,
    target: &mut dyn Write,
) -> Result<(), FetchError> {
    let too_large = || FetchError::TooLarge { address: address.clone(), bytes_max: limits.bytes_max };
    let promised = text(response.headers(), header::CONTENT_LENGTH).and_then(|text| text.parse::<u64>().ok());
    if promised.is_some_and(|promised| promised > limits.bytes_max) {
        return Err(too_large());
    }
    let encoding = text(response.headers(), header::CONTENT_ENCODING).unwrap_or_default();
    // One byte more than allowed tells a body that ends at the limit from one that goes on.
    let sent = response.into_body().into_reader().take(limits.bytes_max.saturating_add(1));
    let mut content = match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Content::Plain(sent),
        "gzip" | "x-gzip" => Content::Packed(Box::new(MultiGzDecoder::new(sent))),
        _ => return Err(FetchError::Encoding { address: address.clone(), encoding: crate::base::ids::cut(&encoding) }),
    };
    let received = |content: &Content<_>| limits.bytes_max.saturating_add(1) - content.left();
    let mut written: u64 = 0;
    let mut piece = vec![0u8; 64 * 1024];
    loop {
        let read = match content.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) if received(&content) > limits.bytes_max => return Err(too_large()),
            Err(error) => return Err(FetchError::of(address, ureq::Error::from(error), limits)),
        };
        written += read as u64;
        if written > limits.bytes_max || received(&content) > limits.bytes_max {
            return Err(too_large());
        }
        let is_bomb =
            written > limits::UNPACK_RATIO_FREE_BYTES && written / limits::UNPACK_RATIO_MAX > received(&content).max(1);
        if is_bomb {
            return Err(FetchError::Ratio { address: address.clone(), ratio_max: limits::UNPACK_RATIO_MAX });
        }
        target.write_all(&piece[..read]).map_err(|source| FetchError::Target { address: address.clone(), source })?;
    }
    let received = received(&content);
    match promised {
        Some(promised) if promised != received => {
            Err(FetchError::Incomplete { address: address.clone(), received, promised })
        }
        _ => Ok(()),
    }
}
