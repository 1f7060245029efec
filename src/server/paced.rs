//! A connection whose client has to begin, and has to go on reading: one that opens it and says nothing
//! is cut off, and so is one that takes almost nothing of what is meant for it, however long its answer is.

use std::io::{Error, ErrorKind, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::base::limits;

/// Bytes by which HTTP/1 and HTTP/2 are told apart, RFC 9113 §3.4. hyper waits for them without a timer of
/// its own; behind them its own timers run.
const OPENING_BYTES: usize = 24;

/// A stream of bytes that fails when nothing is said at its beginning, or too little is taken while
/// something waits to be written.
pub struct Paced<S> {
    stream: S,
    /// Runs until the client has said what it speaks, or was answered.
    opening: Option<Opening>,
    /// Runs from the first write that had to wait.
    watch: Option<Watch>,
}

struct Opening {
    end: Pin<Box<Sleep>>,
    read_bytes: usize,
}

struct Watch {
    end: Pin<Box<Sleep>>,
    taken_bytes: u64,
}

impl Watch {
    fn begin() -> Self {
        Watch { end: Box::pin(sleep_until(Instant::now() + limits::READER_TIME)), taken_bytes: 0 }
    }

    /// Ready with a fault when the time is over and too little was taken.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Error> {
        loop {
            ready!(self.end.as_mut().poll(context));
            if self.taken_bytes < limits::READER_BYTES_LEAST {
                return Poll::Ready(Error::new(ErrorKind::TimedOut, "the client reads too slowly"));
            }
            *self = Watch::begin();
        }
    }
}

impl<S> Paced<S> {
    pub fn new(stream: S) -> Self {
        let end = Box::pin(sleep_until(Instant::now() + limits::HEADER_TIME));
        Paced { stream, opening: Some(Opening { end, read_bytes: 0 }), watch: None }
    }

    fn judge(&mut self, written: Poll<Result<usize>>, context: &mut Context<'_>) -> Poll<Result<usize>> {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.opening = None;
                if let Some(watch) = &mut self.watch {
                    watch.taken_bytes += bytes as u64;
                }
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.watch.get_or_insert_with(Watch::begin).poll(context).map(Err),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        let Some(opening) = &mut self.opening else { return read };
        match read {
            Poll::Ready(_) => {
                opening.read_bytes += into.filled().len() - before;
                if opening.read_bytes >= OPENING_BYTES {
                    self.opening = None;
                }
                read
            }
            Poll::Pending => {
                ready!(opening.end.as_mut().poll(context));
                Poll::Ready(Err(Error::new(ErrorKind::TimedOut, "the client says nothing")))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[std::io::IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// How a write of 400 kB ends for a client who takes so many bytes every second.
    async fn write_to_reader(bytes_a_second: usize) -> Result<()> {
        let (server, mut client) = tokio::io::duplex(1024);
        let reader = tokio::spawn(async move {
            let mut taken = vec![0; bytes_a_second];
            while client.read_exact(&mut taken).await.is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        let written = Paced::new(server).write_all(&vec![0; 400_000]).await;
        reader.abort();
        written
    }

    #[tokio::test(start_paused = true)]
    async fn who_reads_a_kibibyte_a_second_is_served_and_who_reads_less_is_not() {
        assert!(write_to_reader(2_000).await.is_ok());
        let begun = Instant::now();
        assert_eq!(write_to_reader(100).await.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() < 2 * limits::READER_TIME);
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_what_it_speaks_may_pause_and_who_does_not_is_cut_off() {
        for (said, is_cut_off) in [("", true), ("PRI * HTTP/2.0", true), ("GET / HTTP/1.1\r\nHost: x\r\n", false)] {
            let (server, mut client) = tokio::io::duplex(1024);
            let mut server = Paced::new(server);
            client.write_all(said.as_bytes()).await.unwrap();
            server.read_exact(&mut vec![0; said.len()]).await.unwrap();
            let more = tokio::time::timeout(10 * limits::HEADER_TIME, server.read_u8()).await;
            assert_eq!(more.is_ok_and(|read| read.is_err()), is_cut_off, "{said:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_between_answers_is_not_held_against_the_client() {
        let (server, mut client) = tokio::io::duplex(1024);
        let mut server = Paced::new(server);
        let reader = tokio::spawn(async move {
            let mut all = Vec::new();
            client.read_to_end(&mut all).await.map(|_| all.len())
        });
        for _ in 0..3 {
            server.write_all(&vec![0; 100_000]).await.unwrap();
            tokio::time::sleep(10 * limits::READER_TIME).await;
        }
        drop(server);
        assert_eq!(reader.await.unwrap().unwrap(), 300_000);
    }
}
