//! The `causeway` program: command line and server. It links no GDAL.

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    causeway::command::run(causeway::command::CommandLine::parse()).into()
}
