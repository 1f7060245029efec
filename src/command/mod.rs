//! The command line: one file for each subcommand.
//!
//! Comes in: arguments. Goes out: results on standard output, progress on standard error, an exit
//! status. Must not know: anything that a library user would want.

mod check;
mod configuration;
mod describe;
mod export;
mod harvest;
mod ingest;
mod output;
mod progress;
mod revisions;
mod seed;
mod serve;
mod watch;
mod zooms;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use configuration::Configuration;

/// A department's file in; GeoPackages, vector tiles, feature queries and a catalogue out.
#[derive(Debug, Parser)]
#[command(name = "causeway", version, about)]
pub struct CommandLine {
    /// Where published layers are kept [default: data].
    #[arg(long, global = true, env = "CAUSEWAY_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
    /// Where layer definitions are: <department>/<name>/layer.toml [default: layers].
    #[arg(long, global = true, env = "CAUSEWAY_LAYERS", value_name = "DIR")]
    layers: Option<PathBuf>,
    /// Where hand-made styles are: <layer>.json [default: styles].
    #[arg(long, global = true, env = "CAUSEWAY_STYLES", value_name = "DIR")]
    styles: Option<PathBuf>,
    /// The configuration [default: causeway.toml if it is there].
    #[arg(long, global = true, env = "CAUSEWAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print results as JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// What every command works with, once flags, environment and file are read.
#[derive(Debug)]
struct Arguments {
    data: PathBuf,
    layers: PathBuf,
    styles: PathBuf,
    json: bool,
    configuration: Configuration,
}

impl Arguments {
    fn of(line: &CommandLine, configuration: Configuration) -> Self {
        let chosen = |flag: &Option<PathBuf>, file: &Option<PathBuf>, default: &str| {
            flag.clone().or_else(|| file.clone()).unwrap_or_else(|| default.into())
        };
        Arguments {
            data: chosen(&line.data, &configuration.data, "data"),
            layers: chosen(&line.layers, &configuration.layers, "layers"),
            styles: chosen(&line.styles, &configuration.styles, "styles"),
            json: line.json,
            configuration,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take in what changed and publish it.
    Ingest(ingest::IngestArguments),
    /// Say what a file is and draft its layer definition.
    Describe(describe::DescribeArguments),
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
    /// Write a layer into one file for taking away.
    Export(export::ExportArguments),
    /// Ask a running server for its tiles, so that its cache is warm.
    Seed(seed::SeedArguments),
    /// Read another catalogue into records that point there.
    Harvest(harvest::HarvestArguments),
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

/// Runs the command that the line names.
pub fn run(line: CommandLine) -> Ending {
    let configuration = match Configuration::load(line.config.as_deref()) {
        Ok(configuration) => configuration,
        Err(message) => {
            eprintln!("error: {message}");
            return Ending::WrongUsage;
        }
    };
    let arguments = Arguments::of(&line, configuration);
    match &line.command {
        Command::Ingest(ingest) => ingest::run(&arguments, ingest),
        Command::Describe(asked) => describe::run(&arguments, asked),
        Command::Check(check) => check::run(&arguments, check),
        Command::Serve(serve) => serve::run(&arguments, serve),
        Command::Layers(asked) => revisions::layers(&arguments, asked),
        Command::Rollback(asked) => revisions::rollback(&arguments, asked),
        Command::Withdraw(asked) => revisions::withdraw(&arguments, asked),
        Command::Prune(asked) => revisions::prune(&arguments, asked),
        Command::Export(asked) => export::run(&arguments, asked),
        Command::Seed(asked) => seed::run(&arguments, asked),
        Command::Harvest(asked) => harvest::run(&arguments, asked),
        Command::Verify => revisions::verify(&arguments),
    }
}
