//! The connection as a state machine: what is known of a refused request.
//!
//! The refusal does not wait for a parsed request, since there may never be one. It asks the bytes
//! that are there: they begin with `HEAD ` or they do not. One function asks, and both ways out use
//! it, the answer and the refusal, so they cannot disagree.
//!
//! The bytes must still be there when it is asked. A timeout comes when half a head lies in the
//! buffer, so the state to look at is the buffer itself and not a field that is set once the head
//! is whole. The space belongs to what is compared: `HEADER` is another method, and nothing but
//! HEAD has the right to an answer without content.

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
        respond("200 OK", target, self.is_head(), out);
        self.head.clear();
    }

    fn refuse(&mut self, status: &str, out: &mut String) {
        respond(status, "refused", self.is_head(), out);
        self.closed = true;
    }

    /// Whether the request that is under way begins as one with HEAD does.
    fn is_head(&self) -> bool {
        self.head.starts_with(b"HEAD ")
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
