//! The command line. Each command is a file: its options, and what it does with them.

mod agree;
mod compare;
mod explain;
mod idle;
mod load;
mod peers;
mod publish;
mod report;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The measuring lab: what each way to wait costs on this machine, and how far to believe it.
#[derive(Debug, Parser)]
#[command(name = "cargo lab", version, max_term_width = 100)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Agree(agree::Options),
    Compare(compare::Options),
    Explain(explain::Options),
    Idle(idle::Options),
    Load(Box<load::Options>),
    Peers(peers::Options),
    Publish(publish::Options),
    Report(report::Options),
    Trace(trace::Options),
}

/// Reads the command line and does what it says.
#[must_use]
pub fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Agree(options) => agree::run(&options),
        Command::Compare(options) => compare::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Idle(options) => idle::run(&options),
        Command::Load(options) => load::run(&options),
        Command::Peers(options) => peers::run(&options),
        Command::Publish(options) => publish::run(&options),
        Command::Report(options) => report::run(options),
        Command::Trace(options) => trace::run(&options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
