//! What connections cost that nothing happens on: memory, and time of the one among them that asks.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;
use std::{fs, thread};

use conformance::http2::{self, frame};
use rustls::{ClientConnection, StreamOwned};

use crate::cell;
use crate::entries::{Ability, Entry, Running};
use crate::load::tls::Tls;
use crate::machine::{self, Cores};
use crate::results::Idle;
use crate::scenarios::{SCENARIOS, Scenario, Times};

/// What an idle connection speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Speaks {
    /// HTTP/1.1.
    Http1,
    /// HTTP/1.1 over TLS 1.3.
    Tls,
    /// HTTP/2.
    Http2,
    /// WebSocket.
    WebSocket,
}

/// All of them.
pub const ALL: [Speaks; 4] = [Speaks::Http1, Speaks::Tls, Speaks::Http2, Speaks::WebSocket];

/// How many connections come and go before anything is weighed: what a server reserves once is not
/// what a connection costs.
const WARM_UP: usize = 100;

/// How long a server may take for one exchange.
const PATIENCE: Duration = Duration::from_secs(10);

/// The scenario that is asked for alone and among idle connections.
const ACTIVE: &str = "keep-alive 1";

/// How long memory has to stay the same.
const SETTLE: Duration = Duration::from_millis(50);

/// How often that is looked at, at most.
const SETTLE_TRIES: usize = 60;

const UPGRADE: &[u8] = b"GET /ws/echo HTTP/1.1\r\nHost: lab.example:8080\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// A binary message, masked with zeros, which change nothing.
const MESSAGE: &[u8] = b"\x82\x8d\0\0\0\0Hello, world!";

const REQUEST: &[u8] = b"GET /text HTTP/1.1\r\nHost: lab.example:8080\r\n\r\n";
const CONTENT: &[u8] = b"Hello, world!";

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Speaks {
    /// The name in the results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Speaks::Http1 => "HTTP/1.1",
            Speaks::Tls => "TLS",
            Speaks::Http2 => "HTTP/2",
            Speaks::WebSocket => "WebSocket",
        }
    }

    /// Whether an entry can.
    #[must_use]
    pub fn is_spoken_by(self, entry: &Entry) -> bool {
        let needs = match self {
            Speaks::Http1 => return true,
            Speaks::Tls => Ability::Tls,
            Speaks::Http2 => Ability::Http2,
            Speaks::WebSocket => Ability::WebSocket,
        };
        entry.can(needs)
    }

    /// Opens a connection and has one exchange on it.
    fn open(self, server: &Running) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect(if self == Speaks::Tls {
            server.https.ok_or(io::ErrorKind::Unsupported)?
        } else {
            server.http
        })?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream: Box<dyn Stream> = match self {
            Speaks::Tls => Box::new(encrypted(stream)?),
            Speaks::Http1 | Speaks::Http2 | Speaks::WebSocket => Box::new(stream),
        };
        match self {
            Speaks::Http1 | Speaks::Tls => exchange(&mut stream, REQUEST, CONTENT)?,
            Speaks::Http2 => exchange(&mut stream, &http2_request(), CONTENT)?,
            Speaks::WebSocket => {
                exchange(&mut stream, UPGRADE, b"\r\n\r\n")?;
                exchange(&mut stream, MESSAGE, CONTENT)?;
            }
        }
        Ok(stream)
    }
}

/// Preface, settings, and a request on the first stream.
fn http2_request() -> Vec<u8> {
    let settings = frame::settings(&[]).encode();
    let request = frame::headers(1, http2::request("GET", "/text")).end_stream().encode();
    [http2::PREFACE.as_bytes(), &settings, &request].concat()
}

fn encrypted(stream: TcpStream) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    Ok(StreamOwned::new(Tls::new("lab.example", b"http/1.1")?.client()?, stream))
}

/// Sends something, and reads until what has to come back is there.
fn exchange(stream: &mut impl Stream, sent: &[u8], expected: &[u8]) -> io::Result<()> {
    stream.write_all(sent)?;
    let mut received = Vec::new();
    let mut buffer = [0; 4096];
    while !received.windows(expected.len()).any(|window| window == expected) {
        match stream.read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            bytes => received.extend_from_slice(&buffer[..bytes]),
        }
    }
    Ok(())
}

/// Weighs so many idle connections, and asks alone and among them.
///
/// # Errors
/// If the server does not start, does not answer, or not so many can be opened.
pub fn weigh(entry: &Entry, speaks: Speaks, count: usize, cores: Cores) -> io::Result<Idle> {
    let server = machine::on_core(cores.server, || entry.start())??;
    let weighed = weigh_on(&server, speaks, count, cores);
    server.stop();
    let weighed = weighed?;
    Ok(Idle { entry: entry.name.to_owned(), speaks: speaks.name().to_owned(), ..weighed })
}

fn weigh_on(server: &Running, speaks: Speaks, count: usize, cores: Cores) -> io::Result<Idle> {
    for _ in 0..WARM_UP {
        speaks.open(server)?;
    }
    let alone = active(server, cores)?;
    settle(server)?;
    let before = (server.memory()?, kernel_memory()?);
    let connections = (0..count).map(|_| speaks.open(server));
    let connections: Vec<_> = connections.collect::<io::Result<_>>()?;
    settle(server)?;
    let after = (server.memory()?, kernel_memory()?);
    let among = active(server, cores)?;
    drop(connections);
    let each = |before: u64, after: u64| (after as f64 - before as f64) / count as f64;
    Ok(Idle {
        connections: count,
        user_bytes: each(before.0, after.0),
        kernel_bytes: each(before.1, after.1),
        active_alone: alone,
        active_among: among,
        ..Idle::default()
    })
}

/// Processor time of a request, of one client that asks.
fn active(server: &Running, cores: Cores) -> io::Result<f64> {
    let is_it = |scenario: &&Scenario| scenario.name == ACTIVE;
    let scenario = SCENARIOS.iter().find(is_it).expect("it is one of them");
    let times = Times::milliseconds(300);
    let plan = scenario.plan(server, 0.0, times, cores.generator).expect("it is plain HTTP");
    let cell = cell::measure(server, scenario, &plan)?;
    match cell.void.iter().find(|void| void.figure == "all") {
        Some(void) => Err(io::Error::other(format!("a request among others: {}", void.reason))),
        None => Ok(cell.cpu as f64 / cell.requests as f64),
    }
}

/// Waits until the server's memory does not change any more.
fn settle(server: &Running) -> io::Result<()> {
    let mut before = (server.memory()?, server.usage()?.cpu);
    for _ in 0..SETTLE_TRIES {
        thread::sleep(SETTLE);
        let now = (server.memory()?, server.usage()?.cpu);
        if now == before {
            break;
        }
        before = now;
    }
    Ok(())
}

/// What the kernel needs for sockets, stacks of threads, and page tables. It does not say for whom:
/// both ends of each connection are in it.
fn kernel_memory() -> io::Result<u64> {
    let text = fs::read_to_string("/proc/meminfo")?;
    let kibibytes = |name: &str| -> u64 {
        let line = text.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    Ok(["Slab:", "KernelStack:", "PageTables:"].map(kibibytes).iter().sum::<u64>() * 1024)
}
