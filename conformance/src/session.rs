//! One exchange on its connection.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::case::{Expected, Statuses, Step};
use crate::check::check;
use crate::compose::{get, status};
use crate::response::{self, Response};
use crate::runner::Delivery;

/// Keeps two writes in two segments.
const PAUSE: Duration = Duration::from_millis(20);

/// Plays the steps of a case.
pub(crate) struct Session {
    server: SocketAddr,
    timeout: Duration,
    delivery: Delivery,
    stream: TcpStream,
    unique: String,
    etag: Vec<u8>,
    modified: Vec<u8>,
    /// What has come and has not been read as a response.
    pending: Vec<u8>,
    eof: bool,
    /// All that was sent.
    pub(crate) sent: Vec<u8>,
    /// All that came.
    pub(crate) seen: Vec<u8>,
    /// Statuses, in order, without interim ones.
    pub(crate) statuses: Vec<u16>,
}

impl Session {
    pub(crate) fn open(
        server: SocketAddr,
        delivery: Delivery,
        timeout: Duration,
    ) -> Result<Self, String> {
        Ok(Session {
            server,
            timeout,
            delivery,
            stream: connect(server, timeout)?,
            unique: unique(),
            etag: Vec::new(),
            modified: Vec::new(),
            pending: Vec::new(),
            eof: false,
            sent: Vec::new(),
            seen: Vec::new(),
            statuses: Vec::new(),
        })
    }

    /// Plays one step; says what went wrong.
    pub(crate) fn play(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Send(template) => {
                let bytes = self.fill_in(template);
                self.send(&bytes);
            }
            Step::Pause => thread::sleep(PAUSE),
            // The server may be gone already; what it sent before decides.
            Step::HalfClose => drop(self.stream.shutdown(Shutdown::Write)),
            Step::Reconnect => {
                self.stream = connect(self.server, self.timeout)?;
                self.pending.clear();
                self.eof = false;
            }
            Step::Expect(expected) => self.expect(expected)?,
            Step::ExpectClosed => self.expect_closed()?,
            Step::ExpectOpen => {
                let probe = self.fill_in(get("/").as_bytes());
                self.send(&probe);
                self.expect(&status(Statuses::Understood))
                    .map_err(|error| format!("the connection should still be open: {error}"))?;
                self.statuses.pop();
            }
        }
        Ok(())
    }

    fn fill_in(&self, template: &[u8]) -> Vec<u8> {
        let host = self.server.to_string();
        let values: [(&[u8], &[u8]); 4] = [
            (b"<host>", host.as_bytes()),
            (b"<unique>", self.unique.as_bytes()),
            (b"<etag>", &self.etag),
            (b"<modified>", &self.modified),
        ];
        let mut bytes = Vec::with_capacity(template.len());
        let mut rest = template;
        while let Some((&first, tail)) = rest.split_first() {
            let value = (first == b'<')
                .then(|| values.iter().find(|(name, _)| rest.starts_with(name)))
                .flatten();
            match value {
                Some((name, value)) => {
                    bytes.extend_from_slice(value);
                    rest = &rest[name.len()..];
                }
                None => {
                    bytes.push(first);
                    rest = tail;
                }
            }
        }
        bytes
    }

    /// Sends in the way of the delivery. A server that has heard enough may refuse to hear more:
    /// what it said decides, so errors are left to whoever reads.
    fn send(&mut self, bytes: &[u8]) {
        let before = self.sent.len();
        self.sent.extend_from_slice(bytes);
        let mut stream = &self.stream;
        let _ = match self.delivery {
            Delivery::Split(at) if (before + 1..self.sent.len()).contains(&at) => {
                let (first, second) = bytes.split_at(at - before);
                stream.write_all(first).and_then(|()| {
                    thread::sleep(PAUSE);
                    stream.write_all(second)
                })
            }
            Delivery::Bytes => bytes.chunks(1).try_for_each(|byte| stream.write_all(byte)),
            Delivery::Whole | Delivery::Split(_) => stream.write_all(bytes),
        };
    }

    /// Reads one response and holds it against `expected`.
    fn expect(&mut self, expected: &Expected) -> Result<(), String> {
        let deadline = Instant::now() + self.timeout;
        let wants_interim =
            matches!(&expected.statuses, Statuses::OneOf(all) if all.iter().any(|s| *s < 200));
        loop {
            let response = self.read_response(expected.to_head, deadline)?;
            if !response.is_interim() {
                self.statuses.push(response.status);
            } else if !wants_interim {
                if expected.interim {
                    continue;
                }
                return Err(format!("an interim response {} that is not due", response.status));
            }
            if response.status == 200 {
                let first = |name| response.field(name).next().unwrap_or_default().to_vec();
                self.etag = first("etag");
                self.modified = first("last-modified");
            }
            return check(&response, expected);
        }
    }

    fn read_response(&mut self, to_head: bool, deadline: Instant) -> Result<Response, String> {
        loop {
            if let Some(response) = response::read(&self.pending, to_head, self.eof)? {
                self.pending.drain(..response.length);
                return Ok(response);
            }
            if self.eof {
                return Err("the connection ended before the response did".into());
            }
            self.receive(deadline).map_err(|error| match error.kind() {
                ErrorKind::TimedOut => "the response did not come in time".into(),
                ErrorKind::ConnectionReset => {
                    "the connection was reset before the response could be read".into()
                }
                _ => format!("no response: {error}"),
            })?;
        }
    }

    fn expect_closed(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + self.timeout;
        while self.pending.is_empty() && !self.eof {
            match self.receive(deadline) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::TimedOut => {
                    return Err("the connection should have been closed".into());
                }
                Err(_) => self.eof = true, // a reset closes it, too
            }
        }
        if self.pending.is_empty() {
            return Ok(());
        }
        Err("the connection should have been closed without a further byte".into())
    }

    /// Waits for more bytes or for the end.
    fn receive(&mut self, deadline: Instant) -> io::Result<()> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut bytes = [0; 64 << 10];
        let count = match self.stream.read(&mut bytes) {
            Ok(count) => count,
            Err(error) => {
                return match error.kind() {
                    ErrorKind::Interrupted => Ok(()),
                    ErrorKind::WouldBlock => Err(ErrorKind::TimedOut.into()),
                    _ => Err(error),
                };
            }
        };
        self.eof = count == 0;
        self.pending.extend_from_slice(&bytes[..count]);
        self.seen.extend_from_slice(&bytes[..count]);
        Ok(())
    }
}

fn connect(server: SocketAddr, timeout: Duration) -> Result<TcpStream, String> {
    let connect = || {
        let stream = TcpStream::connect_timeout(&server, timeout)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(timeout))?;
        Ok(stream)
    };
    connect().map_err(|error: io::Error| format!("no connection: {error}"))
}

/// Sixteen characters that no other exchange has, of this process or of one before it.
fn unique() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = since.as_millis() & 0xffff_ffff;
    let process = std::process::id() & 0xffff;
    format!("{millis:08x}{process:04x}{:04x}", COUNTER.fetch_add(1, Ordering::Relaxed) & 0xffff)
}
