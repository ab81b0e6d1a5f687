//! The response that a case expects, and words for writing it.

use std::fmt;

/// The response that a case expects.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The statuses that will do.
    pub statuses: Statuses,
    /// Whether it answers HEAD: it ends with its head, whatever the fields say.
    pub to_head: bool,
    /// Whether an interim response (1xx) may come first.
    pub interim: bool,
    /// Rules for its fields.
    pub fields: Vec<(&'static str, FieldRule)>,
    /// The rule for its body.
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
    /// An error of the client's (4xx), or something that is not implemented (501, 505).
    Refused,
}

/// A rule for a field.
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
    /// If it is there, it is there once, with this value.
    OnlyIf(&'static str),
    /// It is a date in the one format that may be generated (RFC 9110 §5.6.7).
    ImfFixdate,
    /// It is an entity tag (RFC 9110 §8.8.3).
    EntityTag,
}

/// A rule for a body.
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
            Statuses::Refused => f.write_str("an error of the client's"),
            Statuses::Understood => f.write_str("any that finds no fault with the message"),
        }
    }
}

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
