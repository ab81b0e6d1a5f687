//! Responses as bytes, straight into the output buffer (RFC 9112 §4, §5, §6.3).

use http::header::{self, HeaderName};
use http::{StatusCode, Version};

use crate::response::Response;

/// The interim response that asks for the body (RFC 9110 §15.2.1).
pub(crate) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// How the end of a response body is marked (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFraming {
    /// The status excludes a body.
    None,
    Length(u64),
    Chunked,
    /// The body ends with the connection: for HTTP/1.0 clients.
    Close,
}

/// What the `Connection` field says (RFC 9112 §9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Persistence {
    /// Keep-alive, which HTTP/1.1 takes for granted and HTTP/1.0 must be told.
    KeepAlive,
    Close,
    Upgrade,
}

// ANCHOR: write_head
/// Appends the head of `response`, up to and with the empty line.
pub(crate) fn write_head(
    out: &mut Vec<u8>,
    response: &Response,
    framing: BodyFraming,
    persistence: Persistence,
    version: Version,
    date: &[u8],
) {
    write_status_line(out, response.status);
    line(out, b"date: ", date);
    if let Some(media_type) = &response.content_type {
        line(out, b"content-type: ", media_type.as_bytes());
    }
    match framing {
        BodyFraming::None | BodyFraming::Close => {}
        BodyFraming::Length(length) => {
            line(out, b"content-length: ", itoa::Buffer::new().format(length).as_bytes());
        }
        BodyFraming::Chunked => out.extend_from_slice(b"transfer-encoding: chunked\r\n"),
    }
    write_connection(out, response, persistence, version);
    for (name, value) in &response.fields {
        field(out, name, value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}
// ANCHOR_END: write_head

fn write_status_line(out: &mut Vec<u8>, status: StatusCode) {
    // Most responses are this one.
    if status == StatusCode::OK {
        out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        return;
    }
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(status.as_str().as_bytes());
    out.push(b' '); // stays even when there is no reason phrase (RFC 9112 §4)
    out.extend_from_slice(status.canonical_reason().unwrap_or("").as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// The `Connection` field, if it has to say anything.
fn write_connection(
    out: &mut Vec<u8>,
    response: &Response,
    persistence: Persistence,
    version: Version,
) {
    let persistent = match persistence {
        Persistence::KeepAlive if version == Version::HTTP_10 => Some("keep-alive"),
        Persistence::KeepAlive | Persistence::Upgrade => None,
        Persistence::Close => Some("close"),
    };
    // RFC 9110 §7.8: who sends `Upgrade` lists it here, also where it only says what there is.
    let offers_upgrade = response.fields.iter().any(|(name, _)| *name == header::UPGRADE);
    let says_upgrade = persistence == Persistence::Upgrade || offers_upgrade;
    match (persistent, says_upgrade) {
        (None, false) => {}
        (None, true) => line(out, b"connection: ", b"upgrade"),
        (Some(option), false) => line(out, b"connection: ", option.as_bytes()),
        (Some(option), true) => {
            out.extend_from_slice(b"connection: ");
            line(out, option.as_bytes(), b", upgrade");
        }
    }
}

#[inline]
fn field(out: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    out.extend_from_slice(name.as_str().as_bytes());
    line(out, b": ", value);
}

#[inline]
// ANCHOR: line
fn line(out: &mut Vec<u8>, before: &[u8], value: &[u8]) {
    out.extend_from_slice(before);
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
// ANCHOR_END: line

// ANCHOR: write_chunk
/// Appends one chunk (RFC 9112 §7.1) whose content `fill` appends in place; nothing at all if it
/// appends nothing, since an empty chunk would end the body.
pub(crate) fn write_chunk<R>(out: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    /// Room for the size, in hexadecimal digits, before it is known.
    const DIGITS: usize = 8;
    let start = out.len();
    out.extend_from_slice(b"00000000\r\n");
    let content = out.len();
    let result = fill(out);
    let mut size = out.len() - content;
    assert!(size <= u32::MAX as usize, "a piece of a response body is 4 GiB or more");
    if size == 0 {
        out.truncate(start);
        return result;
    }
    for digit in out[start..start + DIGITS].iter_mut().rev() {
        *digit = b"0123456789abcdef"[size & 0xf];
        size >>= 4;
    }
    out.extend_from_slice(b"\r\n");
    result
}
// ANCHOR_END: write_chunk

/// The end of a chunked body, without trailer fields.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::HeaderValue;

    const DATE: &[u8] = b"Sun, 06 Nov 1994 08:49:37 GMT";

    fn head(response: &Response, framing: BodyFraming, persistence: Persistence) -> String {
        let mut out = Vec::new();
        write_head(&mut out, response, framing, persistence, Version::HTTP_11, DATE);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn fields_stand_in_order() {
        let response = Response::new(StatusCode::CREATED)
            .field(header::LOCATION, HeaderValue::from_static("/files/a"))
            .content_type("text/plain");
        assert_eq!(
            head(&response, BodyFraming::Length(12), Persistence::Close),
            "HTTP/1.1 201 Created\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             content-type: text/plain\r\ncontent-length: 12\r\nconnection: close\r\n\
             location: /files/a\r\n\r\n"
        );
    }

    #[test]
    fn framing_fields_of_a_handler_are_left_out() {
        let response = Response::ok()
            .field(header::CONTENT_LENGTH, HeaderValue::from_static("99"))
            .field(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"))
            .field(header::CONNECTION, HeaderValue::from_static("keep-alive"))
            .field(header::DATE, HeaderValue::from_static("today"));
        assert_eq!(
            head(&response, BodyFraming::Length(0), Persistence::KeepAlive),
            "HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 0\r\n\r\n"
        );
    }

    #[test]
    fn an_upgrade_is_listed_beside_what_else_the_connection_says() {
        let response = Response::new(StatusCode::UPGRADE_REQUIRED)
            .field(header::UPGRADE, HeaderValue::from_static("websocket"));
        for (persistence, version, expected) in [
            (Persistence::KeepAlive, Version::HTTP_11, "connection: upgrade\r\n"),
            (Persistence::Upgrade, Version::HTTP_11, "connection: upgrade\r\n"),
            (Persistence::Close, Version::HTTP_11, "connection: close, upgrade\r\n"),
            (Persistence::KeepAlive, Version::HTTP_10, "connection: keep-alive, upgrade\r\n"),
            (Persistence::Close, Version::HTTP_10, "connection: close, upgrade\r\n"),
        ] {
            let mut out = Vec::new();
            write_head(&mut out, &response, BodyFraming::Length(0), persistence, version, DATE);
            let head = String::from_utf8(out).unwrap();
            assert!(head.contains(expected), "{persistence:?}, {version:?}: {head}");
            assert_eq!(head.matches("connection: ").count(), 1, "{head}");
            assert!(head.contains("upgrade: websocket\r\n"), "{head}");
        }
    }

    #[test]
    fn an_unknown_status_keeps_its_space() {
        let response = Response::new(StatusCode::from_u16(299).unwrap());
        let text = head(&response, BodyFraming::None, Persistence::KeepAlive);
        assert!(text.starts_with("HTTP/1.1 299 \r\n"), "{text}");
    }

    #[test]
    fn no_value_can_smuggle_a_field() {
        for value in ["a\r\nx: y", "a\nx: y", "a\rx", "a\0", "\r", "\n"] {
            assert!(HeaderValue::from_str(value).is_err(), "{value:?}");
        }
    }

    #[test]
    fn chunks_carry_their_size_and_empty_ones_vanish() {
        let mut out = Vec::new();
        write_chunk(&mut out, |out| out.extend_from_slice(&[b'x'; 26]));
        write_chunk(&mut out, |_| ());
        assert_eq!(out, b"0000001a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    }
}
