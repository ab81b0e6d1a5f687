//! `lab compare`: all servers under all loads, and what can be believed of it.

use std::error::Error;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use std::{fs, io};

use clap::Args;

use crate::compare::{self, Settings};
use crate::report;
use crate::results::Results;
use crate::scenarios::Times;

/// Compare all backends, the floor of each model, and other servers, on this machine.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo lab compare --quick
  cargo lab compare --entries mio,hyper --scenarios 'keep-alive 64'
  cargo lab compare --rounds 30 --output results.json")]
pub(super) struct Options {
    /// Fewer scenarios and rounds: under four minutes instead of under 25
    #[arg(long)]
    quick: bool,
    /// How often each server is measured under each load [default: 10; quick: 6]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Only servers whose name contains one of these
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    entries: Vec<String>,
    /// Only loads whose name contains one of these
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    scenarios: Vec<String>,
    /// Without other servers: only the backends and their floors
    #[arg(long)]
    no_peers: bool,
    /// What the random order comes from [default: chosen at random]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where to write the raw figures; the page is written beside them
    #[arg(long, short, value_name = "FILE", default_value = "target/lab/results.json")]
    output: PathBuf,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let settings = options.settings();
    let stop = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if heard.swap(true, Ordering::Relaxed) {
            std::process::exit(130); // the second time: at once, and without figures
        }
    })?;
    if let Some(folder) = options.output.parent() {
        fs::create_dir_all(folder)?;
    }
    Results::check_place(&options.output)?; // rather now than after twenty minutes
    let began = Instant::now();
    let results = compare::run(&settings, &stop, &mut |what| say(began, what))?;
    clear_line();
    print!("{}", report::table(&results)); // first, as it needs no room on a disk
    results.write(&options.output)?;
    let page = options.output.with_extension("html");
    fs::write(&page, report::page(&results)?)?;
    if stop.load(Ordering::Relaxed) {
        println!("This is a part: the run was interrupted.");
    }
    println!("Raw figures: {}\nThe page:    {}", options.output.display(), page.display());
    Ok(ExitCode::SUCCESS)
}

impl Options {
    fn settings(&self) -> Settings {
        Settings {
            rounds: self.rounds.unwrap_or(if self.quick { 6 } else { 10 }),
            closed: Times::milliseconds(100),
            open: Times::milliseconds(250),
            quick: self.quick,
            entries: self.entries.clone(),
            scenarios: self.scenarios.clone(),
            peers: !self.no_peers,
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
        }
    }
}

/// Says what happens: on a terminal in one line that is written over.
fn say(began: Instant, what: &str) {
    let seconds = began.elapsed().as_secs();
    let line = format!("{:2}:{:02}  {what}", seconds / 60, seconds % 60);
    let mut stderr = io::stderr();
    // Nobody who looks is no reason to stop measuring.
    let _ = match stderr.is_terminal() {
        true => write!(stderr, "\r\x1b[K{line}"),
        false => writeln!(stderr, "{line}"),
    };
}

fn clear_line() {
    let mut stderr = io::stderr();
    if stderr.is_terminal() {
        let _ = write!(stderr, "\r\x1b[K");
    }
}
