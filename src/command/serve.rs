//! `causeway serve`: serve everything that is published, noticing new revisions by itself.

use std::path::PathBuf;

use clap::Args;

use super::ingest::worker_path;
use super::output::say;
use super::{Arguments, Ending};
use crate::base::limits;
use crate::server::{self, ServerSettings};
use crate::store::Store;

/// This machine only, until an operator says otherwise.
const LISTEN: &str = "127.0.0.1:8080";

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Address to listen on; port 0 takes any free one [default: 127.0.0.1:8080].
    #[arg(long, env = "CAUSEWAY_LISTEN", value_name = "HOST:PORT")]
    listen: Option<String>,
    /// Public address of the server; without it links use the Host that clients ask for.
    #[arg(long, env = "CAUSEWAY_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    /// Bytes of finished answers kept in memory [default: 512 MiB].
    #[arg(long, env = "CAUSEWAY_CACHE_BYTES", value_name = "BYTES")]
    cache_bytes: Option<u64>,
    /// Font file for characters of labels that the built-in font lacks, such as Han; of a collection the face for Hong
    /// Kong.
    #[arg(long, env = "CAUSEWAY_FONT", value_name = "FILE")]
    font: Option<PathBuf>,
}

pub fn run(arguments: &Arguments, serve: &ServeArguments) -> Ending {
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("CAUSEWAY_LOG").unwrap_or_else(|_| "warn".into()))
        .init();
    let file = &arguments.configuration;
    let settings = ServerSettings {
        listen: serve.listen.clone().or_else(|| file.listen.clone()).unwrap_or_else(|| LISTEN.to_owned()),
        base_url: serve.base_url.clone().or_else(|| file.base_url.clone()),
        districts: file.districts.clone(),
        cache_bytes: serve.cache_bytes.or(file.cache_bytes).unwrap_or(limits::CACHE_BYTES),
        font: serve.font.clone().or_else(|| file.font.clone()),
        proxies: file.proxies.clone(),
        worker: worker_path(),
        extracts: file.extracts.clone(),
    };
    let served = Store::open(&arguments.data).map_err(server::ServeError::from).and_then(|store| {
        let runtime = tokio::runtime::Runtime::new().map_err(server::ServeError::Start)?;
        runtime.block_on(server::serve(store, settings, |address, app| {
            let layers = app.visible(&app.snapshot()).len();
            say(format_args!("serving {layers} layers at http://{address}/"));
            if layers == 0 {
                eprintln!(
                    "nothing is published in {} yet: run \"causeway ingest\", or \"causeway ingest --source FILE --class open\"; the server will notice",
                    arguments.data.display()
                );
            }
        }))
    });
    match served {
        Ok(()) => Ending::Done,
        Err(error) => {
            eprintln!("error: {error}");
            Ending::Failed
        }
    }
}
