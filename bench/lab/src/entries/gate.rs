//! Whether a server may be measured: it has to answer the requests that the lab makes, however
//! they arrive.
//!
//! What is measured elsewhere is often a server that takes a read for a request, and is fast
//! because it is wrong. So all that a network may do to requests is done here.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

use crate::results::Gate;

/// As short as a request is, in practice.
const SMALL: &str =
    "GET /text HTTP/1.1\r\nHost: 127.0.0.1:18080\r\nUser-Agent: curl/8.17.0\r\n\r\n";

/// As long as that of a browser is.
const BROWSER: &str = "GET /text HTTP/1.1\r\n\
    Host: www.example.org\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: de-AT,de;q=0.8,en-US;q=0.5,en;q=0.3\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Referer: https://www.example.org/articles/2026/waiting.html\r\n\
    Connection: keep-alive\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; language=de; \
    seen=1,2,3,5,8,13,21,34,55,89,144,233; last=2026-11-20T08:15:00Z; \
    consent=necessary,statistics; basket=0f1e2d3c4b5a69788796a5b4c3d2e1f0; tz=60\r\n\
    Upgrade-Insecure-Requests: 1\r\n\
    Sec-Fetch-Dest: document\r\n\
    Sec-Fetch-Mode: navigate\r\n\
    Priority: u=0, i\r\n\r\n";

/// What has to come back.
const BODY: &[u8] = b"Hello, world!";

/// Pipelines of so many requests are tried.
const PIPELINES: [usize; 2] = [2, 16];

/// Connections that exchanges are played on at a time: one pause serves all.
const AT_ONCE: usize = 16;

/// Between the pieces of a request. It proves nothing: the kernel does not say when a server has
/// read. But one that is idle otherwise has long done so, and if it is late, it has only been
/// asked for less.
const PAUSE: Duration = Duration::from_micros(300);

/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Some requests that are sent at once, and how.
#[derive(Clone, Copy, Debug)]
struct Exchange {
    head: &'static str,
    requests: usize,
    delivery: Delivery,
    /// The last of them asks the server to close the connection.
    close: bool,
}

#[derive(Clone, Copy, Debug)]
enum Delivery {
    Whole,
    Bytes,
    /// In two pieces, the first with so many bytes.
    Split(usize),
}

/// Plays all exchanges with a server, up to the first that goes wrong. Those that ask it to close
/// the connection are left out if it does not claim to.
#[must_use]
pub fn gate(server: SocketAddr, closes: bool) -> Gate {
    let mut clients: Vec<_> = (0..AT_ONCE).map(|_| Client::new(server)).collect();
    let mut tried = 0;
    let exchanges: Vec<_> = exchanges().into_iter().filter(|it| closes || !it.close).collect();
    for some in exchanges.chunks(AT_ONCE) {
        if let Err((number, reason)) = play(&mut clients, some) {
            tried += count(number + 1);
            let failed = Some(format!("{}: {reason}", some[number]));
            return Gate { tried, failed, ..Gate::default() };
        }
        tried += count(some.len());
    }
    thread::sleep(PAUSE);
    let behind = clients.iter_mut().find_map(|client| client.expect_nothing().err());
    Gate {
        tried,
        failed: behind.map(|reason| format!("after the last: {reason}")),
        ..Gate::default()
    }
}

fn count(exchanges: usize) -> u32 {
    u32::try_from(exchanges).unwrap_or(u32::MAX)
}

/// Plays an exchange with each client. Returns the first that goes wrong, and why.
fn play(clients: &mut [Client], exchanges: &[Exchange]) -> Result<(), (usize, String)> {
    let sent: Vec<_> = exchanges.iter().map(Exchange::bytes).collect();
    let pieces: Vec<_> =
        exchanges.iter().zip(&sent).map(|(exchange, bytes)| exchange.pieces(bytes)).collect();
    let mut played: Vec<_> = clients.iter_mut().take(exchanges.len()).map(Client::begin).collect();
    for turn in 0..pieces.iter().map(Vec::len).max().unwrap_or(0) {
        for ((client, pieces), played) in clients.iter_mut().zip(&pieces).zip(&mut played) {
            if let (Ok(()), Some(piece)) = (&played, pieces.get(turn)) {
                *played = client.send(piece);
            }
        }
        thread::sleep(PAUSE);
    }
    for (number, (played, exchange)) in played.into_iter().zip(exchanges).enumerate() {
        let finished = played.and_then(|()| clients[number].finish(exchange));
        finished.map_err(|reason| (number, reason))?;
    }
    Ok(())
}

/// All exchanges, those that ask for least first.
fn exchanges() -> Vec<Exchange> {
    let plain = |head, requests, delivery| Exchange { head, requests, delivery, close: false };
    let split = |head: &'static str, requests: usize| {
        let places = 1..head.len() * requests.min(2);
        places.map(move |at| plain(head, requests, Delivery::Split(at)))
    };
    let mut all = Vec::new();
    for head in [SMALL, BROWSER] {
        all.push(plain(head, 1, Delivery::Whole));
        all.push(Exchange { close: true, ..plain(head, 1, Delivery::Whole) });
        all.push(plain(head, 1, Delivery::Bytes));
        all.extend(PIPELINES.map(|requests| plain(head, requests, Delivery::Whole)));
    }
    for head in [SMALL, BROWSER] {
        all.extend(split(head, 1));
        all.extend(PIPELINES.into_iter().flat_map(|requests| split(head, requests)));
    }
    let closing = Exchange { close: true, ..plain(SMALL, 1, Delivery::Whole) };
    let length = closing.bytes().len();
    all.extend((1..length).map(|at| Exchange { delivery: Delivery::Split(at), ..closing }));
    all.push(Exchange { requests: 2, ..closing });
    all
}

impl Exchange {
    fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.repeat(self.requests);
        if self.close {
            bytes.truncate(bytes.len() - self.head.len());
            let fields = self.head.replace("Connection: keep-alive\r\n", "");
            bytes += fields.trim_end();
            bytes += "\r\nConnection: close\r\n\r\n";
        }
        bytes.into_bytes()
    }

    fn pieces<'b>(&self, bytes: &'b [u8]) -> Vec<&'b [u8]> {
        match self.delivery {
            Delivery::Whole => vec![bytes],
            Delivery::Bytes => bytes.chunks(1).collect(),
            Delivery::Split(at) => vec![&bytes[..at], &bytes[at..]],
        }
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.head.len();
        match self.requests {
            1 => write!(f, "a request of {length} bytes")?,
            requests => write!(f, "{requests} requests of {length} bytes in a pipeline")?,
        }
        if self.close {
            f.write_str(" that asks for the end of the connection")?;
        }
        match self.delivery {
            Delivery::Whole => f.write_str(", sent whole"),
            Delivery::Bytes => f.write_str(", sent byte by byte"),
            Delivery::Split(at) => write!(f, ", split after byte {at}"),
        }
    }
}

/// A connection that is opened when it is needed.
struct Client {
    server: SocketAddr,
    stream: Option<TcpStream>,
    /// What has been read and not been looked at.
    input: Vec<u8>,
}

impl Client {
    fn new(server: SocketAddr) -> Self {
        Client { server, stream: None, input: Vec::new() }
    }

    /// Makes ready for an exchange: nothing may be left of the one before.
    fn begin(&mut self) -> Result<(), String> {
        if self.stream.is_none() {
            let connect = || {
                let stream = TcpStream::connect_timeout(&self.server, PATIENCE)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Ok(stream)
            };
            let stream = connect().map_err(|error: io::Error| format!("no connection: {error}"))?;
            self.stream = Some(stream);
        }
        self.expect_nothing()
    }

    /// Neither a byte nor the end may have come.
    fn expect_nothing(&mut self) -> Result<(), String> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let mut byte = [0];
        let come = stream.set_nonblocking(true).and_then(|()| stream.read(&mut byte));
        let blocking = stream.set_nonblocking(false);
        match come {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                blocking.map_err(|error| error.to_string())
            }
            Err(error) => Err(format!("the connection failed behind the response: {error}")),
            Ok(0) => Err("the connection was closed, which nobody had asked for".into()),
            Ok(_) => Err(format!("behind the response came {:?}", char::from(byte[0]))),
        }
    }

    fn send(&mut self, piece: &[u8]) -> Result<(), String> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        stream.write_all(piece).map_err(|error| format!("it does not read on: {error}"))
    }

    /// Reads the responses of an exchange, and the end if it was asked for.
    fn finish(&mut self, exchange: &Exchange) -> Result<(), String> {
        for number in 1..=exchange.requests {
            let response = self.read_response();
            response.map_err(|reason| match exchange.requests {
                1 => reason,
                _ => format!("response {number}: {reason}"),
            })?;
        }
        if !self.input.is_empty() {
            let behind = self.input.escape_ascii();
            return Err(format!("behind the last response came \"{behind}\""));
        }
        if exchange.close {
            let end = self.read_some();
            self.stream = None;
            return match end {
                Ok(0) => Ok(()),
                Ok(_) => Err("more came than was asked for, instead of the end".into()),
                Err(error) => Err(format!("the connection was not closed: {error}")),
            };
        }
        Ok(())
    }

    fn read_response(&mut self) -> Result<(), String> {
        loop {
            if let Some(length) = response(&self.input)? {
                self.input.drain(..length);
                return Ok(());
            }
            match self.read_some() {
                Ok(0) if self.input.is_empty() => return Err("the connection ended instead".into()),
                Ok(0) => return Err("the connection ended in the middle".into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(format!("not complete within {} s", PATIENCE.as_secs()));
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn read_some(&mut self) -> io::Result<usize> {
        let Some(stream) = &mut self.stream else { return Ok(0) };
        // Acknowledges at once: a server may wait for that before it sends on (Nagle's algorithm),
        // which costs time and is not wrong.
        let _ = SockRef::from(&*stream).set_tcp_quickack(true);
        let mut bytes = [0; 16 << 10];
        let count = stream.read(&mut bytes)?;
        self.input.extend_from_slice(&bytes[..count]);
        Ok(count)
    }
}

/// How long the response is that the input begins with, once it is complete.
fn response(input: &[u8]) -> Result<Option<usize>, String> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let head = match response.parse(input) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(format!("no response ({error}): \"{}\"", input.escape_ascii())),
    };
    if (response.version, response.code) != (Some(1), Some(200)) {
        let line = input.split(|byte| *byte == b'\r').next().unwrap_or_default();
        return Err(format!("not 200 of HTTP/1.1: \"{}\"", line.escape_ascii()));
    }
    let mut lengths =
        response.headers.iter().filter(|it| it.name.eq_ignore_ascii_case("content-length"));
    let expected = BODY.len().to_string();
    match (lengths.next(), lengths.next()) {
        (Some(length), None) if length.value == expected.as_bytes() => {}
        (None, _) => return Err("no Content-Length".into()),
        _ => return Err(format!("Content-Length is not {expected}")),
    }
    match &input[head..] {
        body if body.len() < BODY.len() && BODY.starts_with(body) => Ok(None),
        body if body.starts_with(BODY) => Ok(Some(head + BODY.len())),
        body => Err(format!("another body: \"{}\"", body.escape_ascii())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!";

    #[test]
    fn a_response_is_complete_with_its_last_byte() {
        for end in 0..RIGHT.len() {
            assert_eq!(response(&RIGHT[..end]), Ok(None), "{end} bytes");
        }
        assert_eq!(response(RIGHT), Ok(Some(RIGHT.len())));
        assert_eq!(response(&RIGHT.repeat(2)), Ok(Some(RIGHT.len())));
    }

    #[test]
    fn another_status_length_or_body_is_refused() {
        let right = String::from_utf8_lossy(RIGHT);
        for (is, becomes) in [
            ("200 OK", "400 Bad Request"),
            ("HTTP/1.1", "HTTP/1.0"),
            ("Content-Length: 13", "Content-Length: 12"),
            ("Content-Length: 13", "Content-Length: 13\r\nContent-Length: 13"),
            ("Content-Length: 13\r\n", ""),
            ("world", "World"),
            ("HTTP", "HTML"),
        ] {
            assert!(response(right.replace(is, becomes).as_bytes()).is_err(), "{becomes}");
        }
    }

    #[test]
    fn heads_are_as_long_as_a_short_one_and_as_a_browsers() {
        assert_eq!(SMALL.len(), 70);
        assert!(BROWSER.len().abs_diff(700) <= 10, "{}", BROWSER.len());
    }

    #[test]
    fn all_places_of_the_first_two_heads_are_split() {
        for requests in PIPELINES {
            let mut places: Vec<_> = exchanges()
                .iter()
                .filter(|it| it.head == BROWSER && it.requests == requests && !it.close)
                .filter_map(|it| match it.delivery {
                    Delivery::Split(at) => Some(at),
                    _ => None,
                })
                .collect();
            places.sort_unstable();
            assert!(places.iter().copied().eq(1..2 * BROWSER.len()), "{places:?}");
        }
    }

    #[test]
    fn the_last_request_asks_for_the_end_and_says_nothing_else_of_it() {
        let exchange =
            Exchange { head: BROWSER, requests: 2, delivery: Delivery::Split(5), close: true };
        let text = String::from_utf8(exchange.bytes()).expect("it is text");
        let (first, last) = text.split_at(BROWSER.len());
        assert_eq!(first, BROWSER);
        assert!(last.ends_with("\r\nConnection: close\r\n\r\n"));
        assert_eq!(last.matches("Connection:").count(), 1);
        assert_eq!(
            exchange.to_string(),
            format!(
                "2 requests of {} bytes in a pipeline that asks for the end of the connection, \
                 split after byte 5",
                BROWSER.len()
            )
        );
    }
}
