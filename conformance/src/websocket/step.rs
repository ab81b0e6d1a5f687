//! The steps of an exchange.

use crate::expected::Expected;
use crate::websocket::frame::Frame;

/// One step of an exchange.
///
/// In the bytes that are sent `<host>` stands for the server's address, and `<target>` for the
/// target at which messages are sent back.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends bytes.
    SendBytes(Vec<u8>),
    /// Sends frames.
    Send(Vec<Frame>),
    /// Waits a moment.
    Pause,
    /// Closes our side; we still read.
    HalfClose,
    /// Reads a response of HTTP/1.1.
    ExpectResponse(Expected),
    /// Reads a response that accepts the handshake with this value of `Sec-WebSocket-Accept`.
    ExpectAccepted(&'static str),
    /// Reads a message.
    ExpectMessage(Message),
    /// Reads the answer to a ping.
    ExpectPong(Vec<u8>),
    /// Reads a Close frame with one of these codes, or none, and the end of the connection. Where
    /// the connection failed (RFC 6455 §7.1.7), the frame may be missing.
    ExpectClose {
        /// The codes that will do; 1005 stands for none.
        codes: Vec<u16>,
        /// Whether a frame has to come.
        is_needed: bool,
    },
    /// Reads to the end of the connection.
    ExpectEnd,
}

/// A message (RFC 6455 §5.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// In UTF-8.
    Text(String),
    /// Any octets.
    Binary(Vec<u8>),
}
