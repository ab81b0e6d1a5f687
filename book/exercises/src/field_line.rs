//! Answering well: a field line that cannot become two (RFC 9110 §5.1, §5.5, §5.6.2).
//!
//! Write a type of which every value is exactly one field line, whatever a client has sent.
//!
//! * A name is a *token*: one or more of the ASCII letters and digits and ``!#$%&'*+-.^_`|~``.
//! * A value may hold everything but control characters (the bytes 0 to 31, and 127). The tab is
//!   allowed. What is not ASCII is allowed.
//! * Spaces and tabs at both ends of a value are not part of it: they are cut off.
//! * `Content-Length` and `Transfer-Encoding`, in any case, are not for a handler to write.
//! * If several things are wrong, the error is the first of: [`BadLine::NoName`], `Name`, `Value`,
//!   `NotYours`. A position is that of the first wrong byte, in the text as it was given.
//! * A line is displayed as `name: value`, with CR LF at its end.

use std::fmt;

/// A field line, such as `Content-Language: en`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLine {
    name: String,
    value: String,
}

/// Why something is no field line, or none that a handler may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadLine {
    /// The name is empty.
    NoName,
    /// At this byte of the name stands something that is no `tchar`.
    Name { at: usize },
    /// At this byte of the value, as it was given, stands a control character.
    Value { at: usize },
    /// The field says where the body ends: that is for the server to say.
    NotYours,
}

impl FieldLine {
    /// A field line.
    pub fn new(name: &str, value: &str) -> Result<Self, BadLine> {
        todo!()
    }
}

impl fmt::Display for FieldLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}
