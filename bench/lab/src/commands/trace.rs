//! `lab trace`: the system calls of a connection's life, compared with those in the repository.

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::entries::{self, Entry};
use crate::machine::{self, Cores};
use crate::results::Kind;
use crate::trace::{self, Compared};

/// Record the system calls of each backend and floor, and compare them with those that are kept.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only servers whose name contains one of these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Keep what is recorded, in place of what was
    #[arg(long)]
    update: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let (entries, absent) = entries::all()?;
    for (name, reason) in absent {
        eprintln!("{name} is left out: {reason}");
    }
    let is_named = |entry: &Entry| {
        options.names.is_empty() || options.names.iter().any(|name| entry.name.contains(name))
    };
    let mut code = ExitCode::SUCCESS;
    for entry in entries.iter().filter(|entry| entry.kind != Kind::Peer && is_named(entry)) {
        let path = trace::path(entry.name);
        if options.update {
            update(entry, &path)?;
        } else if let Some(difference) = difference(entry, &path)? {
            println!("{}: the system calls are others than in {}", entry.name, path.display());
            println!("{difference}");
            code = ExitCode::FAILURE;
        } else {
            println!("{}: as in {}", entry.name, path.display());
        }
    }
    Ok(code)
}

fn update(entry: &Entry, path: &PathBuf) -> Result<(), Box<dyn Error>> {
    let server = machine::on_core(Cores::choose()?.server, || entry.start())??;
    let trace = trace::usual(&server);
    server.stop();
    fs::create_dir_all(path.parent().ok_or("it is in a folder")?)?;
    fs::write(path, trace?.to_string())?;
    println!("{}: kept in {}", entry.name, path.display());
    Ok(())
}

/// What is different from the trace that is kept, line by line.
fn difference(entry: &Entry, path: &PathBuf) -> Result<Option<String>, Box<dyn Error>> {
    let kept = fs::read_to_string(path)
        .map_err(|error| format!("cannot read {}: {error} (--update makes it)", path.display()))?;
    let server = machine::on_core(Cores::choose()?.server, || entry.start())??;
    let compared = trace::compare(&server, &kept);
    server.stop();
    match compared? {
        Compared::Same => Ok(None),
        Compared::Different(trace) => Ok(Some(beside(&kept, &trace.to_string()))),
    }
}

/// Two texts beside each other, with a mark where they differ.
fn beside(kept: &str, now: &str) -> String {
    let (mut kept, mut now) = (kept.lines(), now.lines());
    let mut text = String::new();
    loop {
        let (left, right) = (kept.next(), now.next());
        if left.is_none() && right.is_none() {
            return text;
        }
        let mark = if left == right { ' ' } else { '|' };
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        text.push_str(&format!("{left:<48} {mark} {right}\n"));
    }
}
