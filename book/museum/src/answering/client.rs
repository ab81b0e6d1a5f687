//! A client that reads one response after the other from a connection, and trusts what they say.

use std::fmt;
use std::io::{self, BufRead, Read};

/// A response as a client understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The status.
    pub status: u16,
    /// The field lines, in order.
    pub fields: Vec<(String, String)>,
    /// As many bytes as `Content-Length` says.
    pub body: Vec<u8>,
}

impl Received {
    /// The value of the first field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let is_it = |(other, _): &&(String, String)| other.eq_ignore_ascii_case(name);
        self.fields.iter().find(is_it).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        self.fields.iter().try_for_each(|(name, value)| write!(f, ", {name}: {value}"))?;
        write!(f, ", body {:?}", String::from_utf8_lossy(&self.body))
    }
}

/// What a client understands of these bytes: a line for each response, up to what is none.
#[must_use]
pub fn understood(sent: &[u8]) -> Vec<String> {
    let mut input = sent;
    let mut lines = Vec::new();
    while !input.is_empty() {
        match next(&mut input) {
            Ok(received) => lines.push(received.to_string()),
            Err(error) => {
                lines.push(format!("no response: {error}"));
                break;
            }
        }
    }
    lines
}

/// Reads the next response.
///
/// # Errors
/// If the bytes are no response, or end before it does.
pub fn next(input: &mut impl BufRead) -> io::Result<Received> {
    let start = line(input)?;
    let status = start.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    let status = status.ok_or_else(|| invalid(format!("{start:?} is no status line")))?;
    let mut fields = Vec::new();
    loop {
        let line = line(input)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid(line.clone()))?;
        fields.push((name.to_owned(), value.trim().to_owned()));
    }
    let mut received = Received { status, fields, body: Vec::new() };
    let length = received.field("Content-Length").unwrap_or("0");
    let length = length.parse().map_err(|_| invalid(format!("{length:?} is no length")))?;
    received.body.resize(length, 0);
    input.read_exact(&mut received.body)?;
    Ok(received)
}

/// A line without its CR LF.
fn line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    input.take(8 << 10).read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
