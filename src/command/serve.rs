//! `causeway serve`.

use clap::Args;

use super::{Arguments, Ending};

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// Address to listen on.
    #[arg(long, env = "CAUSEWAY_LISTEN", default_value = "127.0.0.1:8080", value_name = "HOST:PORT")]
    listen: String,
    /// Public address of the server, where it differs from what clients send as Host.
    #[arg(long, env = "CAUSEWAY_BASE_URL", value_name = "URL")]
    base_url: Option<String>,
}

pub fn run(arguments: &Arguments, serve: &ServeArguments) -> Ending {
    let _ = (arguments, &serve.listen, &serve.base_url);
    Ending::Failed
}
