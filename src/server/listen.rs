//! The accept loop. `axum::serve` sets no timers, so a client that sends a header a minute would
//! hold its connection for ever; here every wait has an end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use super::callers::Peer;
use super::paced::Paced;
use super::routes::finished;
use crate::base::limits;

/// Accepts until the process is told to stop, then lets running requests end.
pub async fn accept(listener: TcpListener, router: Router) {
    let connections = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let builder = builder();
    let mut stop = std::pin::pin!(told_to_stop());
    tokio::spawn(tick());
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => (stream, Peer(peer.ip())),
                Err(error) => {
                    // Out of file descriptors, most likely: a pause lets some close.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let _ = stream.set_nodelay(true);
        // A slow reader then holds little of the kernel's memory, and its pace is seen.
        let _ = SockRef::from(&stream).set_tcp_notsent_lowat(limits::UNSENT_BYTES_MAX);
        let service = tower::util::MapResponse::new(router.clone(), finished);
        let service = tower::util::MapRequest::new(service, of_peer(peer));
        let service = TowerToHyperService::new(service);
        let connection =
            graceful.watch(builder.serve_connection(TokioIo::new(Paced::new(stream)), service).into_owned());
        tokio::spawn(async move {
            // What goes wrong on one connection is its client's affair.
            let _ = connection.await;
            drop(permit);
        });
    }
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(limits::SHUTDOWN_TIME) => {}
    }
}

/// Keeps a timer that is due before those of all connections. A timer that is the next to be due wakes the
/// thread that waits for it, and each request sets one of ten seconds: without this, each would wake a thread
/// for nothing.
async fn tick() {
    let mut ticks = tokio::time::interval(limits::HEADER_TIME / 10);
    loop {
        ticks.tick().await;
    }
}

/// Notes on each request whose connection it came by.
fn of_peer<B>(peer: Peer) -> impl Fn(Request<B>) -> Request<B> + Clone {
    move |mut request| {
        request.extensions_mut().insert(peer);
        request
    }
}

fn builder() -> Builder<TokioExecutor> {
    const STREAMS: u32 = 128;
    /// hyper closes without an answer beyond its own limits, so they are set above ours.
    const BUFFER_BYTES: usize = 64 * 1024;
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEADER_TIME)
        .max_headers(2 * limits::HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Some(limits::HEADER_TIME))
        .max_concurrent_streams(STREAMS);
    builder
}

async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        let _ = interrupt.await;
        return;
    };
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
}
