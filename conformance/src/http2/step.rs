//! The steps of an exchange.

use crate::expected::Expected;
use crate::http2::frame::{Code, Frame};

/// One step of an exchange.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends bytes.
    SendBytes(Vec<u8>),
    /// Sends frames.
    Send(Vec<Frame>),
    /// Sends a frame whose payload is filled up with zeros to one octet more than the server's
    /// `SETTINGS_MAX_FRAME_SIZE` allows.
    SendTooLong(Frame),
    /// Opens streams with requests that do not end, one more than the server's
    /// `SETTINGS_MAX_CONCURRENT_STREAMS` allows. If it allows many or any number, the case is over.
    SendTooMany,
    /// Sends so many octets of content on this stream, as the server gives room.
    SendContent(u32, usize),
    /// Waits a moment.
    Pause,
    /// Closes our side; we still read.
    HalfClose,
    /// Leaves the connection for a new one.
    Reconnect,
    /// Reads until one of these has happened.
    Expect(Vec<Outcome>),
    /// This has not happened so far.
    ExpectNot(Outcome),
    /// Reads nothing more than has come: on this stream there are exactly so many octets of
    /// content.
    ExpectExactly(u32, usize),
    /// The server closes the connection, whatever it sends before: not all of it need be HTTP/2.
    ExpectEnd,
    /// Another connection is served.
    ExpectOthersServed,
}

/// An action of the server that a case waits for.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Sends this response on this stream, to its end.
    Response(u32, Expected),
    /// Sends the head of a response on this stream.
    Head(u32),
    /// Sends so many octets of content on this stream, in all.
    Content(u32, usize),
    /// Resets this stream, for one of these reasons.
    Reset(u32, Vec<Code>),
    /// Sends a response on this stream, and resets it, without an error, since it needs no more of
    /// the request (RFC 9113 §8.1). So nothing more can be wrong with it.
    Dismissed(u32),
    /// Sends GOAWAY for one of these reasons, and closes the connection.
    GoAway(Vec<Code>),
    /// Closes the connection, without GOAWAY.
    Closed,
    /// Acknowledges a PING with this payload.
    Pong([u8; 8]),
    /// Has sent its settings.
    Settings,
    /// Has acknowledged SETTINGS so many times, in all.
    SettingsAcknowledged(usize),
    /// Gives more room on this stream, or on the connection if it is 0.
    WindowUpdate(u32),
}
