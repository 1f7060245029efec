//! `causeway serve`: serve everything that is published, noticing new revisions by itself.

use clap::Args;

use super::{Arguments, Ending};
use crate::base::limits;
use crate::server::{self, ServerSettings};
use crate::store::Store;

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Address to listen on; port 0 takes any free one.
    #[arg(long, env = "CAUSEWAY_LISTEN", default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    listen: String,
    /// Public address of the server; without it links use the Host that clients ask for.
    #[arg(long, env = "CAUSEWAY_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
    /// Bytes of finished answers kept in memory.
    #[arg(long, env = "CAUSEWAY_CACHE_BYTES", default_value_t = limits::CACHE_BYTES, value_name = "BYTES")]
    cache_bytes: u64,
}

pub fn run(arguments: &Arguments, serve: &ServeArguments) -> Ending {
    tracing_subscriber::fmt()
        .json()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::try_from_env("CAUSEWAY_LOG").unwrap_or_else(|_| "warn".into()))
        .init();
    let settings = ServerSettings {
        listen: serve.listen.clone(),
        base_url: serve.base_url.clone(),
        cache_bytes: serve.cache_bytes,
    };
    let served = Store::open(&arguments.data).map_err(server::ServeError::from).and_then(|store| {
        let runtime = tokio::runtime::Runtime::new().map_err(server::ServeError::Start)?;
        runtime.block_on(server::serve(store, settings, |address, app| {
            let layers = app.visible(&app.snapshot()).len();
            println!("serving {layers} layers at http://{address}/");
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
