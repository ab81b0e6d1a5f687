//! A response that cannot be wrong in those two ways: its values are checked when they are made,
//! and its length is counted when it is written.

use std::fmt;
use std::io::{self, Write};

// ANCHOR: field_value
/// A field value (RFC 9110 §5.5). There is no other way to one than [`FieldValue::new`], so a line
/// that holds one is one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldValue(String);

/// The character that may not stand in a field value, and where it stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The character.
    pub character: char,
    /// Its place, in bytes from the start.
    pub at: usize,
}

impl FieldValue {
    /// A value.
    ///
    /// # Errors
    /// If the text holds a control character other than a tab: CR, LF and NUL among them.
    pub fn new(text: impl Into<String>) -> Result<Self, BadValue> {
        let text = text.into();
        let bad = text.char_indices().find(|(_, it)| it.is_ascii_control() && *it != '\t');
        match bad {
            Some((at, character)) => Err(BadValue { character, at }),
            None => Ok(FieldValue(text)),
        }
    }
}
// ANCHOR_END: field_value

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {} may not stand in a field value", self.character, self.at)
    }
}

impl std::error::Error for BadValue {}

// ANCHOR: display
/// A status, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u16);

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.0 {
            200 => "OK",
            400 => "Bad Request",
            404 => "Not Found",
            500 => "Internal Server Error",
            _ => "", // the space before it stays (RFC 9112 §4)
        };
        write!(f, "{:03} {reason}", self.0)
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
// ANCHOR_END: display

/// A response: status, fields, body.
#[derive(Clone, Debug)]
pub struct Response {
    status: Status,
    fields: Vec<(&'static str, FieldValue)>,
    body: Vec<u8>,
}

// ANCHOR: builder
impl Response {
    /// A response with this status, no fields and no body.
    #[must_use]
    pub fn new(status: Status) -> Self {
        Response { status, fields: Vec::new(), body: Vec::new() }
    }

    /// Adds a field line. `Content-Length` is not for the caller to say, so it is left out.
    #[must_use]
    pub fn field(mut self, name: &'static str, value: FieldValue) -> Self {
        if !name.eq_ignore_ascii_case("content-length") {
            self.fields.push((name, value));
        }
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}
// ANCHOR_END: builder

impl Response {
    // ANCHOR: write_to
    /// Writes the response, head and body.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "HTTP/1.1 {}\r\n", self.status)?;
        write!(out, "Content-Length: {}\r\n", self.body.len())?;
        for (name, value) in &self.fields {
            write!(out, "{name}: {value}\r\n")?;
        }
        out.write_all(b"\r\n")?;
        out.write_all(&self.body)
    }
    // ANCHOR_END: write_to
}

// ANCHOR: greet
/// The response to a greeting. A name that cannot stand in a field is refused.
#[must_use]
pub fn greet(name: &str) -> Response {
    match FieldValue::new(name) {
        Ok(value) => {
            Response::new(Status(200)).field("X-Greeted", value).body(format!("Hello, {name}."))
        }
        Err(bad) => Response::new(Status(400)).body(format!("{bad}\n")),
    }
}
// ANCHOR_END: greet
