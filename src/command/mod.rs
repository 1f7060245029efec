//! The command line: one file for each subcommand.
//!
//! Comes in: arguments. Goes out: results on standard output, progress on standard error, an exit
//! status. Must not know: anything that a library user would want.
