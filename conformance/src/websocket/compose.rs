//! Words for writing cases.

use crate::case;
use crate::expected::{Expected, Statuses, status};
use crate::websocket::frame::{Frame, close, ping, text};
use crate::websocket::step::{Message, Step};

/// The key of RFC 6455 §1.3, and what it is answered with.
pub(crate) const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
pub(crate) const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// A case of WebSocket that is being written.
pub(crate) type Draft = case::Draft<Step>;

/// A case of RFC 6455, behind the opening handshake.
pub(crate) fn rfc6455(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    unopened(section, id, requirement).bytes(handshake("")).accepted()
}

/// A case of RFC 6455, on a connection on which nothing was sent yet.
pub(crate) fn unopened(
    section: &'static str,
    id: &'static str,
    requirement: &'static str,
) -> Draft {
    Draft::new(6455, section, id, requirement)
}

/// The opening handshake (RFC 6455 §4.1) with more field lines, each with its CRLF.
pub(crate) fn handshake(fields: &str) -> String {
    handshake_with(&[
        "Upgrade: websocket",
        "Connection: Upgrade",
        &format!("Sec-WebSocket-Key: {KEY}"),
        "Sec-WebSocket-Version: 13",
        fields,
    ])
}

/// A request for the target with these field lines.
pub(crate) fn handshake_with(lines: &[&str]) -> String {
    let fields: String =
        lines.iter().filter(|l| !l.is_empty()).map(|line| format!("{line}\r\n")).collect();
    format!("GET <target> HTTP/1.1\r\nHost: <host>\r\n{fields}\r\n")
}

impl Draft {
    pub(crate) fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.then(Step::SendBytes(bytes.into()))
    }

    pub(crate) fn send(self, frame: Frame) -> Self {
        self.then(Step::Send(vec![frame]))
    }

    pub(crate) fn send_all(self, frames: impl IntoIterator<Item = Frame>) -> Self {
        self.then(Step::Send(frames.into_iter().collect()))
    }

    pub(crate) fn pause(self) -> Self {
        self.then(Step::Pause)
    }

    pub(crate) fn half_close(self) -> Self {
        self.then(Step::HalfClose)
    }

    pub(crate) fn accepted(self) -> Self {
        self.accepted_with(ACCEPT)
    }

    pub(crate) fn accepted_with(self, accept: &'static str) -> Self {
        self.then(Step::ExpectAccepted(accept))
    }

    pub(crate) fn response(self, expected: Expected) -> Self {
        self.then(Step::ExpectResponse(expected))
    }

    /// The handshake is answered with an error.
    pub(crate) fn refused(self) -> Self {
        self.response(status(Statuses::Refused))
    }

    pub(crate) fn message(self, message: Message) -> Self {
        self.then(Step::ExpectMessage(message))
    }

    pub(crate) fn says(self, text: impl Into<String>) -> Self {
        self.message(Message::Text(text.into()))
    }

    pub(crate) fn says_binary(self, octets: impl Into<Vec<u8>>) -> Self {
        self.message(Message::Binary(octets.into()))
    }

    pub(crate) fn pong(self, payload: impl Into<Vec<u8>>) -> Self {
        self.then(Step::ExpectPong(payload.into()))
    }

    /// The connection is as good as before, and can be closed.
    pub(crate) fn goes_on(self) -> Self {
        self.send_all([ping("still there?"), text("still here")])
            .pong("still there?")
            .says("still here")
            .send(close(1000, ""))
            .closes([1000])
    }

    /// The closing handshake of the server, and the end.
    pub(crate) fn closes<const N: usize>(self, codes: [u16; N]) -> Self {
        self.then(Step::ExpectClose { codes: codes.into(), is_needed: true })
    }

    /// The connection fails (RFC 6455 §7.1.7): it is closed, with one of these codes if any.
    pub(crate) fn fails<const N: usize>(self, codes: [u16; N]) -> Self {
        self.then(Step::ExpectClose { codes: codes.into(), is_needed: false })
    }

    pub(crate) fn end(self) -> Self {
        self.then(Step::ExpectEnd)
    }
}
