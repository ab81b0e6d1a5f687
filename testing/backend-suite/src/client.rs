//! A client as plain as can be: blocking, one connection, no cleverness.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for anything. Nothing takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Client {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = String::from_utf8_lossy(&self.body[..self.body.len().min(200)]);
        write!(f, "{}{start} ({} bytes)", self.head, self.body.len())
    }
}

impl Response {
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub fn closes(&self) -> bool {
        self.head.contains("connection: close\r\n")
    }
}

impl From<TcpStream> for Client {
    fn from(stream: TcpStream) -> Self {
        Client { stream, buffer: Vec::new() }
    }
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Client::from(stream)
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    pub fn ask(&mut self, path: &str) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    }

    pub fn get(&mut self, path: &str) -> Response {
        self.ask(path);
        self.response()
    }

    /// The next response, which has to come.
    pub fn response(&mut self) -> Response {
        self.try_response().unwrap().expect("the connection was closed instead of a response")
    }

    /// The next response, or `None` if the connection was closed before one.
    pub fn try_response(&mut self) -> io::Result<Option<Response>> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if self.fill()? == 0 {
                assert!(self.buffer.is_empty(), "cut in a head: {:?}", self.buffer);
                return Ok(None);
            }
        };
        let head = String::from_utf8(self.buffer.drain(..end).collect()).unwrap();
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).unwrap();
        let field = |name: &str| head.lines().find_map(|line| line.strip_prefix(name));
        let length = field("content-length: ").map_or(0, |length| length.parse().unwrap());
        while self.buffer.len() < length {
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let body = self.buffer.drain(..length).collect();
        Ok(Some(Response { status, head, body }))
    }

    /// The next frame of a WebSocket, which is a short text of the server's that holds JSON.
    pub fn frame(&mut self) -> serde_json::Value {
        let need = |client: &mut Client, bytes: usize| {
            while client.buffer.len() < bytes {
                assert_ne!(
                    client.fill().unwrap(),
                    0,
                    "the connection was closed instead of a frame"
                );
            }
        };
        need(self, 4);
        assert_eq!(self.buffer[0], 0x81, "one whole text");
        let (start, length) = match self.buffer[1] {
            126 => (4, usize::from(u16::from_be_bytes([self.buffer[2], self.buffer[3]]))),
            length => (2, usize::from(length)),
        };
        need(self, start + length);
        let frame: Vec<u8> = self.buffer.drain(..start + length).collect();
        serde_json::from_slice(&frame[start..]).unwrap()
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut piece = [0; 64 << 10];
        let bytes = match self.stream.read(&mut piece) {
            // Closed with something unread on the other side: closed all the same.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
            result => result?,
        };
        self.buffer.extend_from_slice(&piece[..bytes]);
        Ok(bytes)
    }

    /// Asserts that the server closes the connection without a further byte.
    pub fn expect_close(&mut self) {
        assert_eq!(self.try_response().unwrap(), None);
    }

    pub fn half_close(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Closes with a reset instead of an end.
    pub fn reset(self) {
        socket2::SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }
}

/// Waits until a condition holds, and fails if it never does.
pub fn eventually(what: &str, condition: impl FnMut() -> bool) {
    assert!(holds_in_time(condition), "never: {what}");
}

/// Waits until a condition holds; returns whether it does before patience ends.
pub(crate) fn holds_in_time(mut condition: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        if Instant::now() > deadline {
            return false;
        }
        thread::sleep(Duration::from_millis(5));
    }
    true
}
