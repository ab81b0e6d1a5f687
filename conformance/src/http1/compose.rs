//! Words for writing cases: requests, expectations, steps.

use crate::case;
use crate::expected::{Expected, Statuses, status};
use crate::http1::step::Step;

/// A case of HTTP/1.1 that is being written.
pub(crate) type Draft = case::Draft<Step>;

/// A case of RFC 9112 that applies to any server.
pub(crate) fn rfc9112(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    Draft::new(9112, section, id, requirement)
}

/// A case of RFC 9110 that applies to any server.
pub(crate) fn rfc9110(section: &'static str, id: &'static str, requirement: &'static str) -> Draft {
    Draft::new(9110, section, id, requirement)
}

impl Draft {
    pub(crate) fn send(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.then(Step::Send(bytes.into()))
    }

    pub(crate) fn pause(self) -> Self {
        self.then(Step::Pause)
    }

    pub(crate) fn half_close(self) -> Self {
        self.then(Step::HalfClose)
    }

    pub(crate) fn reconnect(self) -> Self {
        self.then(Step::Reconnect)
    }

    pub(crate) fn expect(self, expected: Expected) -> Self {
        self.then(Step::Expect(expected))
    }

    pub(crate) fn closed(self) -> Self {
        self.then(Step::ExpectClosed)
    }

    pub(crate) fn open(self) -> Self {
        self.then(Step::ExpectOpen)
    }

    /// Answered with an error, once, and then the connection is closed.
    pub(crate) fn refused(self, statuses: impl Into<Statuses>) -> Self {
        self.expect(status(statuses)).closed()
    }

    /// Answered in some way that finds no fault with the message; the connection stays open.
    pub(crate) fn understood(self) -> Self {
        self.expect(status(Statuses::Understood)).open()
    }
}

/// A GET request.
pub(crate) fn get(target: &str) -> String {
    get_with(target, "")
}

/// A GET request with more field lines, each with its CRLF.
pub(crate) fn get_with(target: &str, fields: &str) -> String {
    request("GET", target, fields, "")
}

/// A HEAD request.
pub(crate) fn head(target: &str) -> String {
    request("HEAD", target, "", "")
}

/// A POST request; its framing is among the fields.
pub(crate) fn post(target: &str, fields: &str, body: &str) -> String {
    request("POST", target, fields, body)
}

/// A request whose body has a `Content-Length`.
pub(crate) fn sized(method: &str, target: &str, body: &str) -> String {
    request(method, target, &format!("Content-Length: {}\r\n", body.len()), body)
}

/// A POST request to `/echo` whose body, in chunks, is written out by the caller.
pub(crate) fn chunked(chunks: &str) -> String {
    post("/echo", "Transfer-Encoding: chunked\r\n", chunks)
}

pub(crate) fn request(method: &str, target: &str, fields: &str, body: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: <host>\r\n{fields}\r\n{body}")
}
