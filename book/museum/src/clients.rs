//! Four clients, each of which ends a first server in a way of its own.
//!
//! None of them is malicious: browsers, health checks and slow links do all this every day. The
//! servers are in `src/bin`, one file each; `four_ways` plays these clients to any server.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

/// How long a client waits.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Between two pieces of a head.
    pub pause: Duration,
    /// For an answer, before the client gives up.
    pub patience: Duration,
}

/// What a client found wrong with a server.
#[derive(Debug)]
pub struct Killed(String);

impl fmt::Display for Killed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Killed {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Killed("no answer".into()),
            _ => Killed(error.to_string()),
        }
    }
}

/// One way to end a server.
#[derive(Clone, Copy, Debug)]
pub struct Client {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    /// Does it, and then looks whether the server still answers as it should.
    pub run: fn(SocketAddr, Pace) -> Result<(), Killed>,
}

// ANCHOR: clients
/// The four ways.
pub const CLIENTS: [Client; 4] = [
    Client { name: "leave", does: "five clients connect and leave", run: leave },
    Client { name: "idle", does: "four clients connect and say nothing", run: idle },
    Client { name: "pieces", does: "a head comes in two pieces", run: pieces },
    Client { name: "long", does: "a head has 4,000 bytes", run: long },
];
// ANCHOR_END: clients

/// A fifth way, for servers that let a client ask again on its connection.
pub const KEEP: Client =
    Client { name: "keep", does: "four clients are answered and stay", run: keep };

/// How long a client that stays waits for its own answer at least: it must be there before the
/// one that the server is judged by asks, however slow the machine is.
const WELCOME: Duration = Duration::from_secs(60);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

fn leave(server: SocketAddr, pace: Pace) -> Result<(), Killed> {
    for _ in 0..5 {
        connect(server, pace)?; // and closed at once
    }
    request_is_answered(server, pace)
}

fn idle(server: SocketAddr, pace: Pace) -> Result<(), Killed> {
    let idle: Vec<TcpStream> = (0..4).map(|_| connect(server, pace)).collect::<Result<_, _>>()?;
    let result = request_is_answered(server, pace);
    drop(idle);
    result
}

fn pieces(server: SocketAddr, pace: Pace) -> Result<(), Killed> {
    let mut stream = connect(server, pace)?;
    let (first, second) = REQUEST.split_at(8);
    stream.write_all(first)?;
    if says_something_within(&stream, pace.pause)? {
        return Err(Killed("an answer to half a head".into()));
    }
    stream.set_read_timeout(Some(pace.patience))?;
    stream.write_all(second)?;
    is_answered(stream)
}

fn long(server: SocketAddr, pace: Pace) -> Result<(), Killed> {
    let mut stream = connect(server, pace)?;
    let (lines, empty_line) = REQUEST.split_at(REQUEST.len() - 2);
    let cookie = format!("Cookie: {}\r\n", "x".repeat(4_000 - REQUEST.len() - 10));
    // In one write, so that all of it is there when the server looks.
    stream.write_all(&[lines, cookie.as_bytes(), empty_line].concat())?;
    is_answered(stream)
}

fn keep(server: SocketAddr, pace: Pace) -> Result<(), Killed> {
    let welcome = Pace { patience: pace.patience.max(WELCOME), ..pace };
    let mut staying = Vec::new();
    for _ in 0..4 {
        let stream = stay(server, welcome);
        staying.push(stream.map_err(|killed| Killed(format!("a client that stays: {killed}")))?);
    }
    let result = request_is_answered(server, pace);
    drop(staying);
    result
}

/// A client that has its answer and keeps its connection.
fn stay(server: SocketAddr, pace: Pace) -> Result<BufReader<TcpStream>, Killed> {
    let mut stream = BufReader::new(connect(server, pace)?);
    stream.get_mut().write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    read_response(&mut stream)?;
    Ok(stream)
}

/// Reads one whole response. A byte that stayed unread would make the end a reset.
fn read_response(from: &mut impl BufRead) -> Result<(), Killed> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line)? == 0 {
            return Err(Killed("the end in place of an answer".into()));
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("Content-Length")
        {
            length = value.trim().parse().ok();
        }
    }
    let length = length.ok_or_else(|| Killed("an answer without a length".into()))?;
    match io::copy(&mut from.take(length), &mut io::sink())? {
        copied if copied == length => Ok(()),
        _ => Err(Killed("the end in the middle of an answer".into())),
    }
}

fn connect(server: SocketAddr, pace: Pace) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(pace.patience))?;
    Ok(stream)
}

/// Whether bytes or the end come within that time.
fn says_something_within(stream: &TcpStream, time: Duration) -> io::Result<bool> {
    stream.set_read_timeout(Some(time))?;
    match stream.peek(&mut [0]) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

fn request_is_answered(server: SocketAddr, pace: Pace) -> Result<(), Killed> {
    let mut stream = connect(server, pace)?;
    stream.write_all(REQUEST)?;
    is_answered(stream)
}

/// Whether a whole response of 200 comes, and then the end: no reset.
fn is_answered(mut stream: TcpStream) -> Result<(), Killed> {
    let mut response = Vec::new();
    let end = stream.read_to_end(&mut response);
    let _ = stream.shutdown(Shutdown::Both);
    let text = String::from_utf8_lossy(&response);
    let status_line = text.lines().next().unwrap_or_default();
    match end {
        Err(error) if response.is_empty() => Err(error.into()),
        Err(error) => Err(Killed(format!("{status_line:?}, then {error}"))),
        Ok(0) => Err(Killed("the end in place of an answer".into())),
        Ok(_) if status_line.contains(" 200 ") => Ok(()),
        Ok(_) => Err(Killed(format!("{status_line:?}"))),
    }
}
