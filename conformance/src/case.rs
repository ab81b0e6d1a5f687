//! What a case consists of. Everything is data; `session` plays it.

use std::fmt;

/// One requirement and an exchange that shows whether a server meets it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Names the case; unique.
    pub id: &'static str,
    /// Where the requirement stands.
    pub section: Section,
    /// The requirement in one sentence, in our words.
    pub requirement: &'static str,
    /// What the server has to be for the case to apply.
    pub needs: Needs,
    /// The exchange.
    pub steps: Vec<Step>,
}

/// A section of an RFC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Section {
    /// Its number: 9110 or 9112, say.
    pub rfc: u16,
    /// The section's number, such as `6.3`.
    pub number: &'static str,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RFC {} §{}", self.rfc, self.number)
    }
}

impl Section {
    /// Orders sections by number rather than by text: §9.3 comes before §10.1.
    pub(crate) fn order(&self) -> (u16, Vec<u32>) {
        (self.rfc, self.number.split('.').map(|part| part.parse().unwrap_or(0)).collect())
    }
}

/// What the server has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Any HTTP/1.1 server that has something, or nothing, at `/`.
    Any,
    /// The demo application: its routes, its limits, and the strict one of two readings where
    /// the RFC allows both.
    App,
}

/// One step of an exchange.
///
/// In the bytes that are sent `<host>` stands for the server's address, `<unique>` for sixteen
/// characters that no other run of a case has, `<etag>` and `<modified>` for the `ETag` and
/// `Last-Modified` of the last response with status 200.
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Waits a moment, so that what was sent and what will be arrive apart.
    Pause,
    /// Closes our side; we still read.
    HalfClose,
    /// Leaves the connection for a new one.
    Reconnect,
    /// Reads one response. Interim ones are passed over unless one is expected.
    Expect(Expected),
    /// The server closes the connection and sends nothing before it does.
    ExpectClosed,
    /// The connection is still good for a request.
    ExpectOpen,
}

/// What a response should be.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The statuses that will do.
    pub statuses: Statuses,
    /// Whether it answers HEAD: it ends with its head, whatever the fields say.
    pub to_head: bool,
    /// Whether an interim response (1xx) may come first.
    pub interim: bool,
    /// What must hold of its fields.
    pub fields: Vec<(&'static str, FieldRule)>,
    /// What must hold of its body.
    pub body: BodyRule,
    /// How the end of the body must be marked.
    pub framing: Option<Framing>,
}

/// A set of statuses.
#[derive(Clone, Debug)]
pub enum Statuses {
    /// One of these.
    OneOf(Vec<u16>),
    /// Anything but an error that finds fault with the message as such: what `/` leads to is the
    /// server's affair.
    Understood,
}

/// What must hold of a field.
#[derive(Clone, Debug)]
pub enum FieldRule {
    /// It is there.
    Present,
    /// It is not.
    Absent,
    /// It is there once, with this value.
    Equals(&'static str),
    /// Its value begins like this.
    Begins(&'static str),
    /// It is a list with this element, in any spelling.
    Lists(&'static str),
    /// If it is there, this is not among its elements.
    Omits(&'static str),
    /// It is a date in the one format that may be generated (RFC 9110 §5.6.7).
    ImfFixdate,
    /// It is an entity tag (RFC 9110 §8.8.3).
    EntityTag,
}

/// What must hold of a body.
#[derive(Clone, Debug)]
pub enum BodyRule {
    /// Nothing.
    Any,
    /// It is exactly this.
    Equals(Vec<u8>),
    /// It is this line, with or without LF at its end.
    Line(&'static str),
}

/// How the end of a message is marked (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// It has no body, whatever its fields say.
    Bodiless,
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// The end of the connection.
    Close,
}

impl From<u16> for Statuses {
    fn from(status: u16) -> Self {
        Statuses::OneOf(vec![status])
    }
}

impl<const N: usize> From<[u16; N]> for Statuses {
    fn from(statuses: [u16; N]) -> Self {
        Statuses::OneOf(statuses.into())
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Statuses::OneOf(statuses) => {
                let statuses: Vec<_> = statuses.iter().map(ToString::to_string).collect();
                f.write_str(&statuses.join(" or "))
            }
            Statuses::Understood => f.write_str("any that finds no fault with the message"),
        }
    }
}
