//! `lab peers`: builds the servers of others, which nobody needs for anything else.

use std::error::Error;
use std::process::ExitCode;

use clap::Args;

use crate::entries;
use crate::results::Kind;

/// Build other servers to compare with, and say which of them can be measured here.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only say which can be measured
    #[arg(long)]
    list: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    if !options.list {
        entries::build_peers()?;
    }
    let (entries, missing) = entries::all()?;
    for entry in entries.iter().filter(|entry| entry.kind == Kind::Peer) {
        println!("{}: {}", entry.name, entry.version);
    }
    for (name, reason) in missing {
        println!("{name} is left out: {reason}");
    }
    Ok(ExitCode::SUCCESS)
}
