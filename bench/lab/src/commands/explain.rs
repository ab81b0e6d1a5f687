//! `lab explain`: what the difference between two servers consists of.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::explain;
use crate::results::Results;
use crate::scenarios::CAPACITY;

/// Say what the difference between two servers consists of, from a file of results.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  cargo lab explain 'sync threads' mio --scenario 'connection per request'")]
pub(super) struct Options {
    /// A server, by its name in the results
    one: String,
    /// Another
    other: String,
    /// Under which load
    #[arg(long, value_name = "NAME", default_value = CAPACITY)]
    scenario: String,
    /// The file that `lab compare` has written
    #[arg(long, value_name = "FILE", default_value = "target/lab/results.json")]
    results: PathBuf,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let Options { one, other, scenario, results } = options;
    let read = Results::read(results)
        .map_err(|error| format!("cannot read {}: {error}", results.display()))?;
    print!("{}", explain::explain(&read, scenario, one, other)?);
    Ok(ExitCode::SUCCESS)
}
