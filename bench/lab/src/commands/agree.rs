//! `lab agree`: whether two runs call the same pairs different.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::agreement;
use crate::judge;
use crate::results::Results;

/// Say whether two runs agree about who is cheaper and who is faster.
#[derive(Debug, Args)]
#[command(after_help = "\
Fails if a pair is called different in both runs, but the other way round.

Example:
  cargo lab agree bench/results/default.json.gz target/lab/results.json")]
pub(super) struct Options {
    /// A file that `lab compare` has written
    one: PathBuf,
    /// Another
    other: PathBuf,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let [one, other] = [read(&options.one)?, read(&options.other)?];
    for (results, path) in [(&one, &options.one), (&other, &options.other)] {
        for sentence in judge::audit(results) {
            println!("Not to be believed: {}: {sentence}", path.display());
        }
    }
    let agreement = agreement::of(&one, &other);
    if agreement.pairs() == 0 {
        return Err("the two have no pair of servers under the same load".into());
    }
    println!("{} pairs are different in both, in the same direction.", agreement.same);
    println!("{} are different in one of them only.", agreement.one_only);
    println!("{} are a tie in both.", agreement.tied);
    println!("{} are different in opposite directions.", agreement.reversed.len());
    for pair in &agreement.reversed {
        println!("  {pair}");
    }
    match agreement.reversed.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

fn read(path: &Path) -> Result<Results, String> {
    Results::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
