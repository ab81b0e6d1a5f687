//! Answering well: one response that becomes two, as the attacker sees it, and as the server does.
//!
//! Two parts:
//!
//! * **Attack.** Find a name for which [`naive`] sends what a client reads as *two* responses. The
//!   second has the status 200 and the body `owned`. The client reads a status line, field lines
//!   up to an empty line, and then as many bytes as the *first* `Content-Length` says. What comes
//!   behind the second response is of no interest.
//! * **Defend.** Mend the server. A name with a control character (the bytes 0 to 31 but for the
//!   tab, and 127) is answered with [`REFUSAL`]. Every other name is greeted as before.

/// What the server sends. It is not yours to change.
pub fn naive(name: &str) -> String {
    let body = format!("Hello, {name}.");
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nX-Greeted: {name}\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// A name that gives the client a second response, whose body is `owned`.
pub fn attack() -> String {
    todo!()
}

/// The same server, mended.
pub fn mended(name: &str) -> String {
    todo!()
}

/// The answer to a name that cannot stand in a field.
pub const REFUSAL: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
