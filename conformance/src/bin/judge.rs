//! How far is a server of HTTP/1.1? `judge HOST:PORT` says which of twelve stages it has reached.

use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use conformance::judge::{STAGES, judge};

/// Says which of twelve stages a server of HTTP/1.1 has reached, and shows the first case that
/// fails: the bytes both ways, and the section of the RFC. The server may be in any language.
#[derive(Parser)]
#[command(version, after_help = "Exits with 0 if all stages are reached, with 1 if not.")]
struct Arguments {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT")]
    server: String,
    /// How long an answer may take
    #[arg(long, value_name = "SECONDS", default_value = "5")]
    timeout: u64,
}

fn main() -> ExitCode {
    let Arguments { server, timeout } = Arguments::parse();
    let timeout = Duration::from_secs(timeout.max(1));
    let addresses = match server.to_socket_addrs() {
        Ok(addresses) => addresses,
        Err(error) => {
            eprintln!("{server} is not known: {error}.");
            return ExitCode::from(2);
        }
    };
    let answers = |addr: &_| TcpStream::connect_timeout(addr, timeout).is_ok();
    let Some(addr) = addresses.into_iter().find(answers) else {
        eprintln!("No server can be reached at {server}.");
        return ExitCode::FAILURE;
    };
    let verdict = judge(addr, timeout);
    print!("{verdict}");
    if verdict.reached() == STAGES.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
