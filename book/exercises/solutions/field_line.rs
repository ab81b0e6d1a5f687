//! Answering well: a field line that cannot become two (RFC 9110 §5.1, §5.5, §5.6.2).
//!
//! # Explanation
//! `FieldLine` has private fields and one constructor, so a value of it is a line that was
//! checked: the writer need not look again. The check runs over the text as it was given, and only
//! then are the ends cut, so that a position in an error is one that the caller can find.
//! `str::trim` would not do: it cuts CR and LF too, which are to be refused and not to be
//! overlooked.

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
        if name.is_empty() {
            return Err(BadLine::NoName);
        }
        if let Some(at) = name.bytes().position(|byte| !is_tchar(byte)) {
            return Err(BadLine::Name { at });
        }
        if let Some(at) = value.bytes().position(|byte| byte.is_ascii_control() && byte != b'\t') {
            return Err(BadLine::Value { at });
        }
        if FRAMING.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            return Err(BadLine::NotYours);
        }
        let value = value.trim_matches([' ', '\t']);
        Ok(FieldLine { name: name.to_owned(), value: value.to_owned() })
    }
}

const FRAMING: [&str; 2] = ["Content-Length", "Transfer-Encoding"];

fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl fmt::Display for FieldLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\r\n", self.name, self.value)
    }
}
