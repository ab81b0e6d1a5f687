//! Words for writing cases: requests, expectations, steps.

use crate::case::{BodyRule, Case, Expected, FieldRule, Framing, Needs, Section, Statuses, Step};

/// A response with one of these statuses.
pub(crate) fn status(statuses: impl Into<Statuses>) -> Expected {
    Expected {
        statuses: statuses.into(),
        to_head: false,
        interim: true,
        fields: Vec::new(),
        body: BodyRule::Any,
        framing: None,
    }
}

/// 200 with exactly this body.
pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Expected {
    status(200).body(body)
}

impl Expected {
    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = BodyRule::Equals(body.into());
        self
    }

    pub(crate) fn line(mut self, text: &'static str) -> Self {
        self.body = BodyRule::Line(text);
        self
    }

    pub(crate) fn for_head(mut self) -> Self {
        self.to_head = true;
        self
    }

    pub(crate) fn no_interim(mut self) -> Self {
        self.interim = false;
        self
    }

    pub(crate) fn framed(mut self, framing: Framing) -> Self {
        self.framing = Some(framing);
        self
    }

    pub(crate) fn field(mut self, name: &'static str, rule: FieldRule) -> Self {
        self.fields.push((name, rule));
        self
    }

    pub(crate) fn has(self, name: &'static str) -> Self {
        self.field(name, FieldRule::Present)
    }

    pub(crate) fn without(self, name: &'static str) -> Self {
        self.field(name, FieldRule::Absent)
    }

    pub(crate) fn equals(self, name: &'static str, value: &'static str) -> Self {
        self.field(name, FieldRule::Equals(value))
    }

    pub(crate) fn lists(self, name: &'static str, token: &'static str) -> Self {
        self.field(name, FieldRule::Lists(token))
    }
}

/// A case of RFC 9112 that applies to any server.
pub(crate) fn rfc9112(section: &'static str, id: &'static str, requirement: &'static str) -> Case {
    Case::new(Section { rfc: 9112, number: section }, id, requirement)
}

/// A case of RFC 9110 that applies to any server.
pub(crate) fn rfc9110(section: &'static str, id: &'static str, requirement: &'static str) -> Case {
    Case::new(Section { rfc: 9110, number: section }, id, requirement)
}

impl Case {
    fn new(section: Section, id: &'static str, requirement: &'static str) -> Self {
        Case { id, section, requirement, needs: Needs::Any, steps: Vec::new() }
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Applies to the demo application only.
    pub(crate) fn app(mut self) -> Self {
        self.needs = Needs::App;
        self
    }

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
