//! Runs the conformance suite against any server: `conformance HOST:PORT`.

use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use conformance::{Filter, Protocol, Runner, Splits, cases};

/// Holds a server against the RFCs of HTTP/1.1 (9112, 9110), HTTP/2 (9113, 7541) and WebSocket
/// (6455).
#[derive(Parser)]
#[command(version, after_help = "Exits with 0 if all cases passed, with 1 if not.")]
struct Arguments {
    /// Where the server listens
    #[arg(value_name = "HOST:PORT", value_parser = host_and_port)]
    server: String,
    /// Run only cases of this protocol; may be repeated
    #[arg(long, value_name = "PROTOCOL", value_parser = protocol())]
    protocol: Vec<Protocol>,
    /// Run only cases with this text in id, section or requirement, such as "RFC 9113 §6.5"
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Run only cases that apply to any server, not just to the demo application
    #[arg(long)]
    any: bool,
    /// At how many places exchanges are split: "all" takes minutes
    #[arg(long, value_name = "PLACES", default_value = "some", value_parser = splits())]
    splits: Splits,
    /// Accept no `PROTOCOL_ERROR` of HTTP/2 in place of a better code
    #[arg(long)]
    exact_codes: bool,
    /// Where messages of WebSocket are sent back
    #[arg(long, value_name = "TARGET", default_value = "/ws/echo")]
    websocket: String,
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
    let filter = Filter { only: arguments.only, any: arguments.any, protocols: arguments.protocol };
    let runner = Runner {
        splits: arguments.splits,
        exact_codes: arguments.exact_codes,
        websocket: arguments.websocket,
        ..Runner::default()
    };
    let report = runner.run(server, cases().iter().filter(|case| filter.takes(case)));
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

fn protocol() -> impl TypedValueParser<Value = Protocol> {
    PossibleValuesParser::new(["http1", "http2", "websocket"]).map(|name| match name.as_str() {
        "http1" => Protocol::Http1,
        "http2" => Protocol::Http2,
        _ => Protocol::WebSocket,
    })
}

fn splits() -> impl TypedValueParser<Value = Splits> {
    PossibleValuesParser::new(["one", "some", "all"]).map(|name| match name.as_str() {
        "one" => Splits::One,
        "some" => Splits::Some,
        _ => Splits::All,
    })
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
