//! `lab publish`: the tables of the documentation, from the results in the repository.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;

use crate::publish::{self, Published};

/// Regenerate the tables of the documentation from the results in the repository.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Write nothing; fail if a table is not that of the results
    #[arg(long)]
    check: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let root = Path::new(".");
    let published = Published::read(root)?;
    if !options.check {
        for file in publish::update(root, &published)? {
            println!("{file} is written again");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let stale = publish::stale(root, &published)?;
    for file in &stale {
        println!("{file}: a table is not that of {}; run `cargo lab publish`", publish::RESULTS);
    }
    Ok(if stale.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
