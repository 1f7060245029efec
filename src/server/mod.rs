//! HTTP: the accept loop, state, cache, requests, problems, one file for each family of
//! addresses, and pages.
//!
//! Comes in: requests. Goes out: answers. Must not know: SQL, the shape of blobs.
//!
//! A request becomes a [`request::Ask`], a handler turns it into an [`answer::Answer`] or a
//! [`problem::Problem`], and `answer` dresses that for the client: encoding, ETag, 304.

mod aggregate;
pub mod answer;
mod assets;
mod boxes;
mod cache;
mod callers;
mod catalogue;
mod changes;
mod collections;
mod cut;
mod departments;
pub mod dialects;
mod districts;
mod downloads;
mod elsewhere;
mod empty_searches;
mod extracts;
mod faces;
mod fault;
mod features;
mod filter_parameters;
mod functions;
mod health;
mod items_request;
mod landing;
mod listen;
mod map;
mod openapi;
mod outlet;
mod paced;
mod package_answer;
pub mod pages;
mod pictures;
mod places;
mod posted;
mod problem;
mod qgis;
mod refusals;
mod request;
mod revisions;
mod routes;
mod schemas;
mod selection;
mod snapshot;
mod state;
mod streams;
mod styles;
mod tiles;
mod walks;
mod within;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::LayerId;
use crate::store::Store;

pub use extracts::ExtractSettings;
pub use snapshot::{LiveLayer, load_revision};
pub use state::App;

/// What the operator chooses.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    pub listen: String,
    /// Public address without a slash at its end; unset, the request's Host.
    pub base_url: Option<String>,
    pub cache_bytes: u64,
    /// The layer whose areas are the districts; unset, the one under our maps.
    pub districts: Option<LayerId>,
    /// What labels of pictures are drawn with where the font of the tree has no such character.
    pub font: Option<PathBuf>,
    /// Proxies whose word on whom they forward for is taken.
    pub proxies: Vec<IpAddr>,
    /// The `causeway-worker` program, which writes extracts in other formats than our own.
    pub worker: PathBuf,
    pub extracts: ExtractSettings,
}

/// Why the server did not start or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: String, source: std::io::Error },
    #[error("the base address \"{0}\" is not of the form https://host or https://host/path")]
    BaseAddress(String),
    #[error("the layer of districts: {0}")]
    Districts(crate::base::ids::IdError),
    #[error(transparent)]
    Font(#[from] crate::pictures::font::FontFault),
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    #[error("{0}")]
    Start(std::io::Error),
}

/// Serves until the process is told to stop. `ready` is called with the bound address.
pub async fn serve(
    store: Store,
    settings: ServerSettings,
    ready: impl FnOnce(SocketAddr, &App),
) -> Result<(), ServeError> {
    let app = Arc::new(App::open(store, &settings)?);
    state::watch(&app);
    let listener = tokio::net::TcpListener::bind(&settings.listen)
        .await
        .map_err(|source| ServeError::Listen { address: settings.listen.clone(), source })?;
    let address = listener.local_addr().map_err(ServeError::Start)?;
    ready(address, &app);
    listen::accept(listener, routes::router(app)).await;
    Ok(())
}
