//! One message after the other, to the end of the input.

use crate::body::{read_chunked, read_known};
use crate::head::{self, BodyLength, Head};
use crate::model::{End, Limits, Message, Reading};

/// Reads all that a client has sent on one connection (RFC 9112 §9.3: one request after the other).
#[must_use]
pub fn read(input: &[u8], limits: &Limits) -> Reading {
    let mut rest = input;
    let mut messages = Vec::new();
    loop {
        // §2.2: empty lines before a request line are ignored.
        while let Some(behind) = rest.strip_prefix(b"\r\n") {
            rest = behind;
        }
        if rest.is_empty() || rest == b"\r" {
            return Reading { messages, end: End::Complete };
        }
        match read_message(rest, limits) {
            Ok((message, length, persists)) => {
                messages.push(message);
                rest = &rest[length..];
                if !persists {
                    return Reading { messages, end: End::Complete };
                }
            }
            Err(end) => return Reading { messages, end },
        }
    }
}

/// One request, its length in bytes, and whether another one may follow (RFC 9112 §2.1).
///
/// ```text
/// HTTP-message = start-line CRLF *( field-line CRLF ) CRLF [ message-body ]
/// ```
fn read_message(input: &[u8], limits: &Limits) -> Result<(Message, usize, bool), End> {
    let (head, length) = head::read(input, limits)?;
    let rest = &input[length..];
    let (body, body_length) = match head.body {
        BodyLength::Known(length) => read_known(rest, length, limits)?,
        BodyLength::Chunked => read_chunked(rest, limits)?,
    };
    let Head { method, target, version, fields, persists, .. } = head;
    Ok((Message { method, target, version, fields, body }, length + body_length, persists))
}
