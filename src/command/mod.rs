//! The command line: one file for each subcommand.
//!
//! Comes in: arguments. Goes out: results on standard output, progress on standard error, an exit
//! status. Must not know: anything that a library user would want.

mod check;
mod ingest;
mod revisions;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A department's file in; GeoPackages, vector tiles, feature queries and a catalogue out.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, about)]
pub struct Arguments {
    /// Where published layers are kept.
    #[arg(long, global = true, env = "CAUSEWAY_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// Where layer definitions are: <department>/<name>/layer.toml.
    #[arg(long, global = true, env = "CAUSEWAY_LAYERS", default_value = "layers", value_name = "DIR")]
    layers: PathBuf,
    /// Where hand-made styles are: <layer>.json.
    #[arg(long, global = true, env = "CAUSEWAY_STYLES", default_value = "styles", value_name = "DIR")]
    styles: PathBuf,
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take in what changed and publish it.
    Ingest(ingest::IngestArguments),
    /// Judge definitions and metadata without publishing.
    Check(check::CheckArguments),
    /// Serve everything that is published.
    Serve(serve::ServeArguments),
    /// List what is published, or the revisions of one layer.
    Layers(revisions::LayersArguments),
    /// Make an older revision of a layer current again.
    Rollback(revisions::RollbackArguments),
    /// Take a layer out of sight at once; nothing is removed.
    Withdraw(revisions::WithdrawArguments),
    /// Remove old revisions, never one in use.
    Prune(revisions::PruneArguments),
    /// Check every published file against its manifest.
    Verify,
}

/// How a command ended, as the exit status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Done, or nothing had to be done.
    Done,
    Failed,
    /// The command itself was wrong: an unknown layer, a missing argument.
    WrongUsage,
    /// The delivery or its definition was refused.
    Refused,
    /// A person has to decide.
    Held,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> ExitCode {
        ExitCode::from(match ending {
            Ending::Done => 0,
            Ending::Failed => 1,
            Ending::WrongUsage => 2,
            Ending::Refused => 3,
            Ending::Held => 4,
        })
    }
}

/// Runs the command that the arguments name.
pub fn run(arguments: Arguments) -> Ending {
    match &arguments.command {
        Command::Ingest(ingest) => ingest::run(&arguments, ingest),
        Command::Check(check) => check::run(&arguments, check),
        Command::Serve(serve) => serve::run(&arguments, serve),
        Command::Layers(asked) => revisions::layers(&arguments, asked),
        Command::Rollback(asked) => revisions::rollback(&arguments, asked),
        Command::Withdraw(asked) => revisions::withdraw(&arguments, asked),
        Command::Prune(asked) => revisions::prune(&arguments, asked),
        Command::Verify => revisions::verify(&arguments),
    }
}
