//! Answering well: one response that becomes two, as the attacker sees it, and as the server does.
//!
//! # Explanation
//! The name stands in a field line. CR LF ends that line, so the attacker can write a
//! `Content-Length` of its own, before the true one. With 0 in it and an empty line behind it the
//! first response is over, and what follows in the name is read as the next response. The defence
//! is not to look for this pattern, nor to delete something: a text with a control character is no
//! field value, and a request that brings one is refused.

/// What the server sends. It is not yours to change.
pub fn naive(name: &str) -> String {
    let body = format!("Hello, {name}.");
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nX-Greeted: {name}\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// A name that gives the client a second response, whose body is `owned`.
pub fn attack() -> String {
    let second = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nowned";
    format!("x\r\nContent-Length: 0\r\n\r\n{second}")
}

/// The same server, mended.
pub fn mended(name: &str) -> String {
    let is_value = |byte: u8| byte == b'\t' || !byte.is_ascii_control();
    if name.bytes().all(is_value) { naive(name) } else { REFUSAL.to_owned() }
}

/// The answer to a name that cannot stand in a field.
pub const REFUSAL: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
