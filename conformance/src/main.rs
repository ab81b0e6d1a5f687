//! Runs the conformance suite against any server: `conformance HOST:PORT`.

use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use conformance::Filter;

/// Holds an HTTP/1.1 server against RFC 9112 and RFC 9110.
#[derive(Parser)]
#[command(version, after_help = "Exits with 0 if all cases passed, with 1 if not.")]
struct Arguments {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT", value_parser = host_and_port)]
    server: String,
    /// Run only cases with this text in id, section or requirement
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Run only cases that apply to any server, not just to the demo application
    #[arg(long)]
    any: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let addresses = match arguments.server.to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => return fail(format_args!("{} is not known: {error}.", arguments.server)),
    };
    let answers = |addr: &_| TcpStream::connect_timeout(addr, Duration::from_secs(5)).is_ok();
    let Some(server) = addresses.into_iter().find(answers) else {
        return fail(format_args!("No server can be reached at {}.", arguments.server));
    };
    let filter = Filter { only: arguments.only, any: arguments.any };
    let report = conformance::run(server, &filter);
    if report.passed + report.failed == 0 {
        return fail(format_args!("No case matches."));
    }
    if arguments.json {
        match serde_json::to_string_pretty(&report) {
            Ok(json) => println!("{json}"),
            Err(error) => return fail(format_args!("The report cannot be written: {error}.")),
        }
    } else {
        print!("{report}");
    }
    if report.all_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn host_and_port(text: &str) -> Result<String, &'static str> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(text.into()),
        _ => Err("a host and a port are needed, such as localhost:8080"),
    }
}

fn fail(message: std::fmt::Arguments<'_>) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}
