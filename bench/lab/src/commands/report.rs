//! `lab report`: the page that is computed from a file of results.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::report::{self, Figures};
use crate::results::Results;

/// Make the page of a file of results.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The file that `lab compare` has written
    #[arg(value_name = "FILE")]
    results: PathBuf,
    /// Where to write the page [default: beside the results]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print tables instead
    #[arg(long, conflicts_with = "output")]
    table: bool,
    /// Print what the page computes instead, as JSON
    #[arg(long, conflicts_with_all = ["output", "table"])]
    figures: bool,
}

pub(super) fn run(options: Options) -> Result<ExitCode, Box<dyn Error>> {
    let at = |error| format!("{}: {error}", options.results.display());
    let results = Results::read(&options.results).map_err(at)?;
    if options.table {
        print!("{}", report::table(&results));
    } else if options.figures {
        let embedded = report::embedded(&results)?.results;
        println!("{}", serde_json::to_string(&Figures::new(&embedded))?);
    } else {
        let output = options.output.unwrap_or_else(|| options.results.with_extension("html"));
        let page = report::page(&results)?;
        std::fs::write(&output, &page).map_err(|error| format!("{}: {error}", output.display()))?;
        println!("{}, {} kB", output.display(), page.len() / 1000);
        if page.len() > report::LIMIT {
            eprintln!("That is more than {} kB: some readers may wait.", report::LIMIT / 1000);
        }
    }
    Ok(ExitCode::SUCCESS)
}
