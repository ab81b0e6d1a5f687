//! `lab idle`: what connections cost that nothing happens on.

use std::error::Error;
use std::process::ExitCode;

use clap::Args;

use crate::entries::{self, Entry};
use crate::idle::{self, ALL};
use crate::machine::Cores;
use crate::results::{Idle, Kind};

/// Say what idle connections cost each server: memory, and time of the one among them that asks.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only servers whose name contains one of these
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// How many connections
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1000,10000")]
    connections: Vec<usize>,
    /// Without other servers: only the backends and their floors
    #[arg(long)]
    no_peers: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let cores = Cores::choose()?;
    let (entries, absent) = entries::all()?;
    for (name, reason) in absent {
        eprintln!("{name} is left out: {reason}");
    }
    println!(
        "{:16} {:10} {:>11}  {:>12} {:>12}  {:>20}",
        "", "", "connections", "own bytes", "kernel bytes", "a request alone/among"
    );
    let is_meant = |entry: &&Entry| {
        (entry.kind != Kind::Peer || !options.no_peers) && is_named(entry, &options.names)
    };
    let mut code = ExitCode::SUCCESS;
    for entry in entries.iter().filter(is_meant) {
        for speaks in ALL.into_iter().filter(|speaks| speaks.is_spoken_by(entry)) {
            for count in &options.connections {
                match idle::weigh(entry, speaks, *count, cores) {
                    Ok(weighed) => print(&weighed),
                    Err(error) => {
                        println!("{:16} {:10} {count:11}  {error}", entry.name, speaks.name());
                        code = ExitCode::FAILURE;
                    }
                }
            }
        }
    }
    Ok(code)
}

fn is_named(entry: &Entry, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| entry.name.contains(name.as_str()))
}

fn print(idle: &Idle) {
    let Idle { entry, speaks, connections, user_bytes, kernel_bytes, .. } = idle;
    println!(
        "{entry:16} {speaks:10} {connections:11}  {user_bytes:12.0} {kernel_bytes:12.0}  \
         {:7.2} µs {:7.2} µs",
        idle.active_alone / 1e3,
        idle.active_among / 1e3
    );
}
