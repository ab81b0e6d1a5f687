//! The connection as a state machine: a refusal that shifts all that follows.
//!
//! A response to HEAD has a head and nothing else (RFC 9110 §9.3.2), whatever its `Content-Length`
//! says. The connection below knows that, but a request that is refused is refused before it has
//! been parsed, so nothing is known of it, and the refusal has content. A client that asked with
//! HEAD takes this content for the beginning of the next response. This repository had the mistake
//! (commit ebf0e49).
//!
//! Mend it: what is known of a request when it is refused is how it begins.
//!
//! * A request that begins with `HEAD` and a space has no content in its answer, whether it is
//!   answered or refused, and whatever it is refused for: a wrong line, a head that is too long, or
//!   a head that did not come in time.
//! * The fields stay the same, `Content-Length` too: it says how long the content would have been.
//! * Methods are compared with regard to case: `head` is not HEAD. `HEADER` is not HEAD either.

/// A head may have so many bytes.
pub const MOST: usize = 100;

/// A connection that answers requests without a body.
#[derive(Debug, Default)]
pub struct Connection {
    /// What has come of the request that is under way.
    head: Vec<u8>,
    pub closed: bool,
}

impl Connection {
    /// Bytes have come. What is to be sent is appended to `out`.
    pub fn receive(&mut self, bytes: &[u8], out: &mut String) {
        for &byte in bytes {
            if self.closed {
                return;
            }
            self.head.push(byte);
            if self.head.ends_with(b"\r\n\r\n") {
                self.answer(out);
            } else if self.head.len() >= MOST {
                self.refuse("431 Request Header Fields Too Large", out);
            }
        }
    }

    /// The head has not come in time.
    pub fn handle_timeout(&mut self, out: &mut String) {
        self.refuse("408 Request Timeout", out);
    }

    fn answer(&mut self, out: &mut String) {
        let head = String::from_utf8_lossy(&self.head).into_owned();
        let line = head.lines().next().unwrap_or_default();
        let words: Vec<&str> = line.split(' ').collect();
        let ["GET" | "HEAD", target, "HTTP/1.1"] = words[..] else {
            return self.refuse("400 Bad Request", out);
        };
        respond("200 OK", target, words[0] == "HEAD", out);
        self.head.clear();
    }

    fn refuse(&mut self, status: &str, out: &mut String) {
        respond(status, "refused", false, out);
        self.closed = true;
    }
}

/// A response with this content, or with its head alone.
fn respond(status: &str, content: &str, is_head: bool, out: &mut String) {
    let length = content.len();
    *out += &format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
    if !is_head {
        *out += content;
    }
}
