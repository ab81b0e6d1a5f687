//! `lab agree`: whether two runs call the same pairs different.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use crate::agreement;
use crate::judge;
use crate::publish;
use crate::results::Results;

/// Say whether two runs agree about who is cheaper and who is faster.
#[derive(Debug, Args)]
#[command(after_help = "\
Fails if a pair is called different in both runs, but the other way round.

Examples:
  cargo lab agree bench/results/default.json.gz target/lab/results.json
  cargo lab agree --record bench/results/default.json.gz target/lab/results.json")]
pub(super) struct Options {
    /// A file that `lab compare` has written
    one: PathBuf,
    /// Another
    other: PathBuf,
    /// Keep what comes of it in the repository, from which `lab publish` takes it; ONE has to be
    /// the run that is published
    #[arg(long)]
    record: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let [one, other] = [read(&options.one)?, read(&options.other)?];
    let mut is_believed = true;
    for (results, path) in [(&one, &options.one), (&other, &options.other)] {
        for sentence in judge::audit(results) {
            println!("Not to be believed: {}: {sentence}", path.display());
            is_believed = false;
        }
    }
    let agreement = agreement::of(&one, &other);
    if agreement.verdicts.is_empty() {
        return Err("the two have no pair of servers under the same load".into());
    }
    for verdicts in &agreement.verdicts {
        println!(
            "{}: of {} pairs {} are different in both, in the same direction; {} in one of them \
             only; {} are a tie in both; {} are different in opposite directions.",
            verdicts.figure,
            verdicts.pairs(),
            verdicts.same,
            verdicts.one_only,
            verdicts.tied,
            verdicts.reversed.len(),
        );
        for pair in &verdicts.reversed {
            println!("  {pair}");
        }
    }
    if options.record {
        if !is_believed {
            return Err("nothing is recorded of a run that is not to be believed".into());
        }
        publish::record(Path::new("."), &agreement)?;
        println!("Recorded in {}; `cargo lab publish` writes it out.", publish::AGREEMENT);
    }
    Ok(if agreement.is_one() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> Result<Results, String> {
    Results::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
