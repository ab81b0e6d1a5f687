//! Words for writing cases: requests, steps, and what may come of an error.

use crate::case;
use crate::expected::{Expected, Statuses, ok, status};
use crate::http2::frame::Code;
use crate::http2::frame::{ENABLE_PUSH, Frame, data, headers, ping, settings};
use crate::http2::hpack::{Literal, indexed};
use crate::http2::step::{Outcome, Step};

/// The first octets of a client (RFC 9113 §3.4).
pub const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The host of every request.
const AUTHORITY: &str = "localhost";

/// For the PING that finds out whether a connection is still in use.
const PROBE: [u8; 8] = *b"still in";

/// The response of the demo application to a request with this `user-agent`: it, as it came.
pub(crate) fn named(value: impl AsRef<str>) -> Expected {
    ok(value.as_ref())
}

/// A case of HTTP/2 that is being written.
pub(crate) type Draft = case::Draft<Step>;

/// A case of RFC 9113, on a connection that has begun; push is turned off.
pub(crate) fn rfc9113(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    begun(unbegun(section, id, requirement))
}

/// A case of RFC 7541, on a connection that has begun.
pub(crate) fn rfc7541(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    begun(Draft::new(7541, section, id, requirement))
}

/// A case of RFC 9113, on a connection on which nothing was sent yet.
pub(crate) fn unbegun(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    Draft::new(9113, section, id, requirement)
}

fn begun(draft: Draft) -> Draft {
    draft.bytes(PREFACE).send(settings(&[(ENABLE_PUSH, 0)]))
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

    /// After the settings of the server have come.
    pub(crate) fn send_too_long(self, frame: Frame) -> Self {
        self.any_of([Outcome::Settings]).then(Step::SendTooLong(frame))
    }

    /// After the settings of the server have come.
    pub(crate) fn send_too_many(self) -> Self {
        self.any_of([Outcome::Settings]).then(Step::SendTooMany)
    }

    /// Content that ends a request, after the settings of the server have come.
    pub(crate) fn send_content(self, stream: u32, octets: usize) -> Self {
        self.send_content_and(stream, octets, data(stream, "").end_stream())
    }

    /// Content and a last frame.
    pub(crate) fn send_content_and(self, stream: u32, octets: usize, last: Frame) -> Self {
        self.any_of([Outcome::Settings]).then(Step::SendContent(stream, octets)).send(last)
    }

    pub(crate) fn pause(self) -> Self {
        self.then(Step::Pause)
    }

    pub(crate) fn half_close(self) -> Self {
        self.then(Step::HalfClose)
    }

    pub(crate) fn any_of(self, outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        self.then(Step::Expect(outcomes.into_iter().collect()))
    }

    pub(crate) fn response(self, stream: u32, expected: Expected) -> Self {
        self.any_of([Outcome::Response(stream, expected)])
    }

    /// Answered in some way that finds no fault with the message.
    pub(crate) fn understood(self, stream: u32) -> Self {
        self.response(stream, status(Statuses::Understood))
    }

    pub(crate) fn head(self, stream: u32) -> Self {
        self.any_of([Outcome::Head(stream)])
    }

    /// So many octets of content come, and no more, although the server has had the time for it.
    pub(crate) fn content(self, stream: u32, length: usize) -> Self {
        self.any_of([Outcome::Content(stream, length)]).held_at(stream, length)
    }

    /// No more content has come than this when a PING is answered.
    pub(crate) fn held_at(self, stream: u32, length: usize) -> Self {
        let number = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        let mut payload = *b"heldheld";
        payload[4..].copy_from_slice(&number);
        self.send(ping(&payload)).pong(payload).then(Step::ExpectExactly(stream, length))
    }

    pub(crate) fn pong(self, payload: [u8; 8]) -> Self {
        self.any_of([Outcome::Pong(payload)])
    }

    /// Not so far.
    pub(crate) fn not(self, outcome: Outcome) -> Self {
        self.then(Step::ExpectNot(outcome))
    }

    pub(crate) fn acknowledged(self, count: usize) -> Self {
        self.any_of([Outcome::SettingsAcknowledged(count)])
    }

    /// A request for `/`, answered.
    pub(crate) fn request(self, stream: u32) -> Self {
        self.send(headers(stream, get("/")).end_stream()).understood(stream)
    }

    /// The connection is as good as before: a PING and a request are answered.
    pub(crate) fn goes_on(self, stream: u32) -> Self {
        self.send(ping(&PROBE)).pong(PROBE).request(stream)
    }

    /// A PING is answered, unless the connection is closed.
    pub(crate) fn goes_on_or_is_closed(self) -> Self {
        self.send(ping(&PROBE)).any_of([
            Outcome::Pong(PROBE),
            Outcome::GoAway(ANY_ERROR.into()),
            Outcome::Closed,
        ])
    }

    /// A connection error of one of these types, on account of a request that the server may have
    /// answered already.
    pub(crate) fn connection_error_unless_answered<const N: usize>(
        self,
        stream: u32,
        codes: [Code; N],
    ) -> Self {
        self.any_of([Outcome::GoAway(codes.into()), Outcome::Closed, Outcome::Dismissed(stream)])
    }

    /// A connection error of one of these types (RFC 9113 §5.4.1). GOAWAY should be sent, and need
    /// not.
    pub(crate) fn connection_error<const N: usize>(self, codes: [Code; N]) -> Self {
        self.any_of([Outcome::GoAway(codes.into()), Outcome::Closed])
    }

    /// A stream error of one of these types (RFC 9113 §5.4.2), which a server may take for a
    /// connection error.
    pub(crate) fn stream_error<const N: usize>(self, stream: u32, codes: [Code; N]) -> Self {
        self.any_of([
            Outcome::Reset(stream, codes.into()),
            Outcome::Dismissed(stream),
            Outcome::GoAway(codes.into()),
            Outcome::Closed,
        ])
        .goes_on_or_is_closed()
    }

    /// A malformed request is a stream error, before which it may be answered (RFC 9113 §8.1.1).
    pub(crate) fn malformed(self, stream: u32) -> Self {
        self.any_of([
            Outcome::Reset(stream, vec![Code::ProtocolError]),
            Outcome::Response(stream, status(Statuses::Refused)),
            Outcome::Dismissed(stream),
            Outcome::GoAway(vec![Code::ProtocolError]),
            Outcome::Closed,
        ])
        .goes_on_or_is_closed()
    }

    /// Accepted, or an error: the RFC leaves it open, or does not speak of it any more.
    pub(crate) fn understood_or_error<const N: usize>(self, stream: u32, codes: [Code; N]) -> Self {
        self.any_of([
            Outcome::Response(stream, status(Statuses::Understood)),
            Outcome::Reset(stream, codes.into()),
            Outcome::GoAway(codes.into()),
            Outcome::Closed,
        ])
    }

    pub(crate) fn end(self) -> Self {
        self.then(Step::ExpectEnd)
    }

    pub(crate) fn others_are_served(self) -> Self {
        self.then(Step::ExpectOthersServed)
    }
}

const ANY_ERROR: [Code; 7] = [
    Code::ProtocolError,
    Code::InternalError,
    Code::FlowControlError,
    Code::StreamClosed,
    Code::FrameSizeError,
    Code::CompressionError,
    Code::EnhanceYourCalm,
];

/// The fields of a GET request: representations that need no dynamic table and leave none.
pub(crate) fn get(path: &str) -> Vec<u8> {
    request("GET", path)
}

/// The fields of a GET request for `/`, and more.
pub(crate) fn get_with(fields: &[(&str, &str)]) -> Vec<u8> {
    with(get("/"), fields)
}

pub(crate) fn post(path: &str) -> Vec<u8> {
    request("POST", path)
}

/// The fields of a request with this method.
#[must_use]
pub fn request(method: &str, path: &str) -> Vec<u8> {
    let mut block = match method {
        "GET" => indexed(2),
        "POST" => indexed(3),
        other => Literal::Unindexed.at(2, other),
    };
    block.extend(indexed(6)); // :scheme http
    block.extend(if path == "/" { indexed(4) } else { Literal::Unindexed.at(4, path) });
    block.extend(Literal::Unindexed.at(1, AUTHORITY));
    block
}

/// A field section, each field as a literal.
pub(crate) fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| Literal::Unindexed.field(name, value)).collect()
}

/// A field section and more fields.
pub(crate) fn with(block: Vec<u8>, more: &[(&str, &str)]) -> Vec<u8> {
    [block, fields(more)].concat()
}
