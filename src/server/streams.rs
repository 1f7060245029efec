//! Answers that hold every match, sent as they are made. A piece is read, written and packed by a
//! thread of the pool, which is free again while the client takes it: so memory is flat, and a slow
//! client holds no thread. The next piece begins behind the last row of this one.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::BoxError;
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::time::{Duration, Instant, sleep};

use super::App;
use super::answer::{Answer, Encoding};
use super::features::geometry_error;
use super::outlet::{NotTaken, Outlet};
use super::problem::Problem;
use super::request::Ask;
use super::snapshot::LiveLayer;
use crate::access::PermittedLayer;
use crate::base::limits;
use crate::formats::Encoder;
use crate::package::{OpenPackage, PackageError, ReadError};
use crate::query::{self, FeatureQuery};

/// What a stream reads.
pub struct Source {
    pub app: Arc<App>,
    pub layer: Arc<LiveLayer>,
    pub permit: PermittedLayer,
    pub query: FeatureQuery,
}

/// What is written with, handed from piece to piece.
struct Pen {
    encoder: Encoder,
    packer: Option<GzEncoder<Vec<u8>>>,
}

struct Piece {
    bytes: Vec<u8>,
    pen: Pen,
    /// The place behind which the next piece begins; none at the end.
    next: Option<i64>,
}

/// The response to a request for all matches. The first piece is made before anything is sent, so
/// that what is wrong is still a problem with a status.
pub async fn respond(answer: &Answer, ask: &Ask, source: Source, encoder: Encoder) -> Result<Response, Problem> {
    let encoding = if ask.accepts_gzip { Encoding::Gzip } else { Encoding::Identity };
    if let Some(response) = answer.respond_without_body(ask, encoding) {
        return Ok(response);
    }
    let packer = (encoding == Encoding::Gzip).then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    let first = source.piece(Pen { encoder, packer }, 0, limits::STREAM_PIECE_BYTES).await?;
    let Some((outlet, body)) = Outlet::open() else { return Err(Problem::internal("the answer could not be begun")) };
    tokio::spawn(source.send_all(first, outlet));
    Ok(answer.respond_with(encoding, body))
}

impl Source {
    /// Makes pieces as the client takes them, until the end, a fault, or the client's leaving.
    async fn send_all(self, first: Piece, mut outlet: Outlet) {
        if let Err(error) = self.try_send_all(first, &mut outlet).await {
            tracing::info!(layer = %self.layer.record.id, %error, "a stream was broken off");
            outlet.fail(error);
        }
    }

    async fn try_send_all(&self, first: Piece, outlet: &mut Outlet) -> Result<(), BoxError> {
        let Piece { bytes, mut pen, mut next } = first;
        let mut sent_bytes = bytes.len();
        let mut piece_bytes = limits::STREAM_PIECE_BYTES;
        let mut making = Duration::ZERO;
        outlet.send(bytes).await?;
        while let Some(after) = next {
            let waits = Instant::now();
            outlet.room().await?;
            let keeps_up = waits.elapsed() <= making;
            let wanted = if keeps_up { 2 * piece_bytes } else { piece_bytes / 2 };
            // What the buffers on the way swallow at once says nothing of who reads.
            let earned = (sent_bytes / 16).min(limits::STREAM_PIECE_BYTES_MAX);
            piece_bytes = wanted.min(earned).max(limits::STREAM_PIECE_BYTES);
            let begun = Instant::now();
            let piece = tokio::select! {
                made = self.piece(pen, after, piece_bytes) => made?,
                () = outlet.closed() => return Err(NotTaken.into()),
            };
            making = begun.elapsed();
            (pen, next) = (piece.pen, piece.next);
            sent_bytes += piece.bytes.len();
            outlet.send(piece.bytes).await?;
        }
        Ok(())
    }

    /// The piece behind a place. A stretch without a match makes an empty one.
    async fn piece(&self, pen: Pen, after: i64, bytes: usize) -> Result<Piece, ReadError> {
        const AGAIN_AFTER: Duration = Duration::from_millis(200);
        let begun = Instant::now();
        // A job that is refused for want of a thread has not touched the pen.
        let pen = Arc::new(std::sync::Mutex::new(Some(pen)));
        loop {
            let (query, held) = (self.query.clone(), Arc::clone(&pen));
            let job = move |package: &OpenPackage| {
                let taken = held.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
                let Some(pen) = taken else { return Err(PackageError::Interrupted) };
                pen.write(package, &query, after, bytes)
            };
            match self.app.pool.read(&self.permit, &self.layer.package, limits::QUERY_TIME, job).await {
                Err(ReadError::Busy) if after > 0 && begun.elapsed() < limits::STREAM_BUSY_TIME => {
                    sleep(AGAIN_AFTER).await;
                }
                made => return made,
            }
        }
    }
}

impl Pen {
    fn write(
        mut self,
        package: &OpenPackage,
        query: &FeatureQuery,
        after: i64,
        piece_bytes: usize,
    ) -> Result<Piece, PackageError> {
        let fault = geometry_error(package);
        let mut bytes = Vec::with_capacity(piece_bytes + piece_bytes / 4);
        self.encoder.begin(&mut bytes);
        let next = query::stretch(package, query, after, |row| {
            self.encoder.feature(row, &mut bytes).map_err(&fault)?;
            Ok(if bytes.len() < piece_bytes { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        let bytes = self.packed(bytes, next.is_none());
        Ok(Piece { bytes, pen: self, next })
    }

    /// The bytes as they travel; the packer may hold some back until the end.
    fn packed(&mut self, bytes: Vec<u8>, is_end: bool) -> Vec<u8> {
        let Some(packer) = &mut self.packer else { return bytes };
        // Writing into memory cannot fail.
        let _ = packer.write_all(&bytes);
        if is_end {
            let _ = packer.try_finish();
        }
        std::mem::take(packer.get_mut())
    }
}
