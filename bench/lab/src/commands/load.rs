//! `lab load`: a load of one's own choice on a server of one's own choice.

mod summary;
mod target;

use std::error::Error;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::{self, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use humantime::parse_duration;

use crate::load::{self, Event, Exchange, Next, Pace, Plan, Request, Step};
use summary::Summary;
use target::{Protocol, Target};

/// What a shell says of a program that ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// Put a load on a server that is running, and say what its clients see.
///
/// Without --rate this is a closed loop: each connection asks again when it has been answered,
/// which shows how much a server can do. With --rate it is an open loop: requests are sent by a
/// schedule, and latency counts from the moment at which a request was due, which shows how long
/// clients wait at that rate.
#[derive(Clone, Debug, Args)]
pub(super) struct Options {
    /// What to ask for: http://, https://, or ws:// and wss:// for messages that are echoed
    #[arg(value_name = "URL")]
    url: String,
    /// Connections that are open at once
    #[arg(long, short, value_name = "N", default_value_t = 50)]
    connections: usize,
    /// Threads of the generator
    #[arg(long, short, value_name = "N", default_value_t = 1)]
    threads: usize,
    /// Cores for these threads, in turn, as 1,3 [default: any]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    cores: Vec<usize>,
    /// How long to count
    #[arg(long, short, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    duration: Duration,
    /// How long to put the load on before that
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    warm_up: Duration,
    /// End after so many requests, if the duration is not over before
    #[arg(long, short = 'n', value_name = "N")]
    requests: Option<u64>,
    /// Send so many requests per second, by a schedule
    #[arg(long, short = 'R', value_name = "RATE")]
    rate: Option<f64>,
    /// Requests, or messages, that are under way on each connection
    #[arg(long, visible_alias = "streams", short, value_name = "N", default_value_t = 1)]
    pipeline: usize,
    /// Close each connection after so many requests, and open another
    #[arg(long, value_name = "N")]
    requests_per_connection: Option<u64>,
    /// How long a request may take
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    timeout: Duration,
    /// Speak HTTP/2: by prior knowledge, or with https:// by ALPN
    #[arg(long)]
    http2: bool,
    /// The method [default: GET, or POST if there is a body]
    #[arg(long, short, value_name = "METHOD")]
    method: Option<String>,
    /// A field besides Host and Content-Length; can be given several times
    #[arg(long, short = 'H', value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// What to send as the body
    #[arg(long, short, value_name = "TEXT", conflicts_with = "body_file")]
    body: Option<String>,
    /// The file to send as the body
    #[arg(long, value_name = "FILE")]
    body_file: Option<PathBuf>,
    /// The status that is right
    #[arg(long, value_name = "CODE", default_value_t = 200)]
    status: u16,
    /// How many bytes a message of a WebSocket has
    #[arg(long, value_name = "N", default_value_t = 64)]
    message_size: usize,
    /// Of https://, make nothing but handshakes, a whole one for each connection
    #[arg(long)]
    handshakes: bool,
    /// Besides, have so many clients send and read a byte at a time
    #[arg(long, value_name = "N", default_value_t = 0)]
    slow: usize,
    /// Print the result as JSON, with times in nanoseconds
    #[arg(long)]
    json: bool,
}

pub(super) fn run(options: &Options) -> Result<ExitCode, Box<dyn Error>> {
    let plan = options.plan()?;
    stop_on_ctrl_c()?;
    let mut progress = Progress::new(&plan);
    let outcome = load::run(&plan, &mut |event| {
        progress.show(event);
        if IS_INTERRUPTED.load(Ordering::Relaxed) { Next::Stop } else { Next::Go }
    });
    progress.clear();
    let outcome = outcome.map_err(|error| format!("{}: {error}", plan.authority))?;
    let summary = Summary::of(&options.url, &plan, &outcome);
    let mut output = io::stdout().lock();
    if options.json {
        writeln!(output, "{}", serde_json::to_string_pretty(&summary)?)?;
    } else {
        write!(output, "{summary}")?;
    }
    Ok(if outcome.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl Options {
    fn plan(&self) -> Result<Plan, Box<dyn Error>> {
        let target = Target::parse(&self.url)?;
        let under_way = self.pipeline;
        let pace = match self.rate {
            None => Pace::Closed { under_way },
            Some(rate) => {
                let steps = vec![Step { rate, duration: self.duration }];
                Pace::Open { steps, under_way }
            }
        };
        Ok(Plan {
            server: target.resolve(self.timeout)?,
            tls: target.is_secure,
            exchange: self.exchange(&target)?,
            authority: target.authority,
            connections: self.connections,
            threads: self.threads,
            cores: self.cores.clone(),
            pace,
            requests_per_connection: self.requests_per_connection,
            slow_connections: self.slow,
            warm_up: self.warm_up,
            duration: self.duration,
            max_requests: self.requests,
            timeout: self.timeout,
        })
    }

    fn exchange(&self, target: &Target) -> Result<Exchange, Box<dyn Error>> {
        if target.protocol == Protocol::WebSocket {
            // Bytes of all values, so that what is exchanged or lost is seen.
            let message = (0..self.message_size).map(|at| at as u8).collect();
            return Ok(Exchange::WebSocket { target: target.path.clone(), message });
        }
        if self.handshakes {
            return Ok(Exchange::Handshake);
        }
        let request = self.request(target)?;
        Ok(if self.http2 { Exchange::Http2(request) } else { Exchange::Http1(request) })
    }

    fn request(&self, target: &Target) -> Result<Request, Box<dyn Error>> {
        let body = match (&self.body, &self.body_file) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Some(path)) => {
                Some(fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?)
            }
            (None, None) => None,
        };
        let usual = if body.is_some() { "POST" } else { "GET" };
        let method = self.method.as_deref().unwrap_or(usual);
        Ok(Request {
            method: http::Method::from_bytes(method.as_bytes())?.to_string(),
            target: target.path.clone(),
            fields: self.header.iter().map(|line| field(line)).collect::<Result<_, _>>()?,
            body: body.unwrap_or_default(),
            status: self.status,
            expected: None,
        })
    }
}

/// The name and the value of a field.
fn field(line: &str) -> Result<(String, String), Box<dyn Error>> {
    let (name, value) = line.split_once(':').ok_or_else(|| format!("no field: {line}"))?;
    let name = name.parse::<http::HeaderName>()?.to_string();
    let value = value.trim();
    http::HeaderValue::from_str(value)?;
    if ["content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
        return Err(format!("{name} is not a matter of choice").into());
    }
    Ok((name, value.to_owned()))
}

static IS_INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The first time, ctrl-C asks for what there is so far; the second time it ends the program.
fn stop_on_ctrl_c() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| {
        if IS_INTERRUPTED.swap(true, Ordering::Relaxed) {
            process::exit(INTERRUPTED);
        }
    })
}

/// A line on a terminal that says how far the run is.
struct Progress {
    is_shown: bool,
    duration: Duration,
    max_requests: Option<u64>,
}

impl Progress {
    fn new(plan: &Plan) -> Self {
        let is_shown = io::stderr().is_terminal();
        Progress { is_shown, duration: plan.duration, max_requests: plan.max_requests }
    }

    fn show(&mut self, event: Event) {
        if let Event::Progress { elapsed, requests } = event
            && self.is_shown
        {
            let left = self.left(elapsed, requests).as_secs_f64().ceil();
            let line = match elapsed {
                Duration::ZERO => "warming up".into(),
                _ => format!("{requests} requests, {left} s left"),
            };
            self.print(&line);
        }
    }

    /// How long the run still takes, if it goes on as it has so far.
    fn left(&self, elapsed: Duration, requests: u64) -> Duration {
        let left = self.duration.saturating_sub(elapsed);
        let Some(max) = self.max_requests.filter(|_| requests > 0) else { return left };
        let rest = max.saturating_sub(requests) as f64 / requests as f64;
        left.min(Duration::try_from_secs_f64(elapsed.as_secs_f64() * rest).unwrap_or(left))
    }

    fn clear(&self) {
        if self.is_shown {
            self.print("");
        }
    }

    fn print(&self, line: &str) {
        // To the start of the line, and what is there away.
        let mut output = io::stderr().lock();
        let _ = write!(output, "\r\x1b[K{line}").and_then(|()| output.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        options: Options,
    }

    fn plan(arguments: &str) -> Result<Plan, String> {
        let arguments = std::iter::once("load").chain(arguments.split_whitespace());
        let command = Command::try_parse_from(arguments).map_err(|error| error.to_string())?;
        command.options.plan().map_err(|error| error.to_string())
    }

    #[test]
    fn options_make_a_plan() {
        let made = plan("http://127.0.0.1:8080/x?y -c 7 -t 2 -d 1500ms -R 100 -p 3 --cores 0,1");
        let made = made.unwrap();
        assert_eq!((made.connections, made.threads, made.cores), (7, 2, vec![0, 1]));
        assert_eq!(made.duration, Duration::from_millis(1_500));
        assert!(matches!(made.pace, Pace::Open { under_way: 3, .. }));
        assert_eq!((made.server.port(), made.tls), (8080, false));
        let Exchange::Http1(request) = made.exchange else { panic!("not HTTP/1.1") };
        assert_eq!((request.method.as_str(), request.target.as_str()), ("GET", "/x?y"));
    }

    #[test]
    fn a_body_makes_a_post_and_fields_are_read() {
        let made = plan("https://127.0.0.1 --http2 --streams 10 -b abc -H X-A:b --status 201");
        let made = made.unwrap();
        assert_eq!((made.server.port(), made.tls, made.pace.under_way()), (443, true, 10));
        let Exchange::Http2(request) = made.exchange else { panic!("not HTTP/2") };
        assert_eq!((request.method.as_str(), request.status), ("POST", 201));
        assert_eq!(request.fields, [("x-a".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn the_scheme_chooses_the_protocol() {
        let made = plan("wss://127.0.0.1/echo --message-size 300").unwrap();
        let Exchange::WebSocket { target, message } = made.exchange else { panic!("no messages") };
        assert_eq!((target.as_str(), message.len(), made.tls), ("/echo", 300, true));
        let made = plan("https://127.0.0.1 --handshakes").unwrap();
        assert_eq!(made.exchange, Exchange::Handshake);
    }

    #[test]
    fn what_cannot_be_is_said() {
        for (arguments, said) in [
            ("http://127.0.0.1 -H nonsense", "no field: nonsense"),
            ("http://127.0.0.1 -H Content-Length:1", "not a matter of choice"),
            ("ftp://127.0.0.1", "ftp"),
            ("http://127.0.0.1 -d soon", "soon"),
            ("http://127.0.0.1 --body-file /does/not/exist", "/does/not/exist"),
        ] {
            let error = plan(arguments).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn the_time_left_is_that_of_the_duration_or_of_the_requests() {
        let second = Duration::from_secs(1);
        let timed = Progress { is_shown: false, duration: second * 10, max_requests: None };
        assert_eq!(timed.left(second * 4, 1_000), second * 6);
        let counted = Progress { max_requests: Some(2_000), ..timed };
        assert_eq!(counted.left(second * 4, 1_000), second * 4);
        assert_eq!(counted.left(second * 4, 1), second * 6);
    }
}
