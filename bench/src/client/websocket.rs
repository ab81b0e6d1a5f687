//! WebSocket.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::client::{connect, send};

/// The mask of every frame: that of RFC 6455 §5.7.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A message in one frame, as a client sends it: masked.
#[must_use]
pub fn message(payload: &[u8]) -> Vec<u8> {
    let mut frame = Frame::message(payload.to_vec(), OpCode::Data(Data::Binary), true);
    frame.header_mut().mask = Some(MASK);
    formatted(frame)
}

/// The same, as a server sends it.
fn echo(payload: &[u8]) -> Vec<u8> {
    formatted(Frame::message(payload.to_vec(), OpCode::Data(Data::Binary), true))
}

fn formatted(frame: Frame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.format(&mut bytes).expect("there is room in memory");
    bytes
}

/// A connection whose messages are said back.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    message: Vec<u8>,
    echo: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, and performs the opening handshake.
    #[must_use]
    pub fn connect(server: SocketAddr, path: &str, payload: &[u8]) -> Self {
        let mut stream = connect(server);
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        send(&stream, request.as_bytes());
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the server answers");
            head.extend(byte);
        }
        assert!(head.starts_with(b"HTTP/1.1 101 "), "{}", head.escape_ascii());
        let (message, echo) = (message(payload), echo(payload));
        Client { stream, message, buffer: vec![0; echo.len()], echo }
    }

    /// Sends the message, and waits until it has come back.
    pub fn say_and_await(&mut self) {
        send(&self.stream, &self.message);
        self.stream.read_exact(&mut self.buffer).expect("the server answers");
        assert!(self.buffer == self.echo, "something else comes back");
    }
}
