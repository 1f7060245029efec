//! The body of an answer that is sent as it is made: one piece waits while the client takes another.

use axum::BoxError;
use axum::body::Body;
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::time::{Duration, timeout};
use tokio_stream::wrappers::ReceiverStream;

use crate::base::limits;

type Sent = Result<Bytes, BoxError>;

/// Where the pieces of one body go in.
pub struct Outlet {
    sender: mpsc::Sender<Sent>,
    /// Room that is kept for an error, so that a body that is given up never looks whole.
    fault: mpsc::OwnedPermit<Sent>,
    /// Bytes of the piece that may still wait.
    waiting_bytes: usize,
}

/// Why no more is wanted.
#[derive(Debug, thiserror::Error)]
#[error("the client has left or reads too slowly")]
pub struct NotTaken;

impl Outlet {
    /// The outlet and the body that comes out of it.
    pub fn open() -> Option<(Self, Body)> {
        let (sender, receiver) = mpsc::channel(2);
        let fault = sender.clone().try_reserve_owned().ok()?;
        Some((Outlet { sender, fault, waiting_bytes: 0 }, Body::from_stream(ReceiverStream::new(receiver))))
    }

    /// Waits for room for a piece: nothing is made before there is. Many bodies may share a
    /// connection, so the pace of each is looked at here, and not at the socket alone.
    pub async fn room(&mut self) -> Result<(), NotTaken> {
        let least_bytes_a_second = limits::READER_BYTES_LEAST / limits::READER_TIME.as_secs();
        let slowest = Duration::from_secs(self.waiting_bytes as u64 / least_bytes_a_second);
        match timeout(limits::READER_TIME + slowest, self.sender.reserve()).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(NotTaken),
        }
    }

    /// Sends a piece for which there is room.
    pub async fn send(&mut self, piece: Vec<u8>) -> Result<(), NotTaken> {
        self.waiting_bytes = piece.len();
        if piece.is_empty() {
            return Ok(());
        }
        self.sender.send(Ok(piece.into())).await.map_err(|_| NotTaken)
    }

    /// Ready once the client has left.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }

    /// Breaks the body off.
    pub fn fail(self, error: impl Into<BoxError>) {
        self.fault.send(Err(error.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_who_stops_reading_is_given_up_and_the_body_does_not_look_whole() {
        let (mut outlet, body) = Outlet::open().unwrap();
        outlet.room().await.unwrap();
        outlet.send(vec![1; 10]).await.unwrap();
        let not_taken = outlet.room().await.unwrap_err();
        outlet.fail(not_taken);
        assert!(axum::body::to_bytes(body, 100).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_who_leaves_is_noticed() {
        let (mut outlet, body) = Outlet::open().unwrap();
        drop(body);
        outlet.closed().await;
        assert!(outlet.room().await.is_err());
    }
}
