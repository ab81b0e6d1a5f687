//! A small connection, written once. Who its handler is, is a type parameter.

use std::io::Write;

use crate::dispatch::handlers::Handler;

// ANCHOR: connection
/// A connection whose requests this handler answers.
#[derive(Debug)]
pub struct Connection<H> {
    handler: H,
    body: Vec<u8>,
}

impl<H: Handler> Connection<H> {
    /// A connection on which nothing has come.
    pub fn new(handler: H) -> Self {
        Connection { handler, body: Vec::new() }
    }

    /// Answers the whole requests in `input`; returns how much of it has been consumed.
    #[inline(never)] // so that its copies can be counted
    pub fn receive(&mut self, input: &[u8], out: &mut Vec<u8>) -> usize {
        let mut consumed = 0;
        while let Some(length) = head_length(&input[consumed..]) {
            self.answer(&input[consumed..consumed + length], out);
            consumed += length;
        }
        consumed
    }
}
// ANCHOR_END: connection

impl<H: Handler> Connection<H> {
    fn answer(&mut self, head: &[u8], out: &mut Vec<u8>) {
        match path_of(head) {
            Some(path) => {
                self.body.clear();
                self.handler.body(path, &mut self.body);
                write_response(self.handler.status(), &self.body, out);
            }
            None => write_response(400, b"bad request\n", out),
        }
    }
}

/// Up to where the first head goes, if it is whole.
fn head_length(input: &[u8]) -> Option<usize> {
    input.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

/// The path of a request for one.
fn path_of(head: &[u8]) -> Option<&str> {
    let line = head.split(|byte| *byte == b'\r').next()?;
    let mut parts = line.split(|byte| *byte == b' ');
    let (method, path, version) = (parts.next()?, parts.next()?, parts.next()?);
    let is_understood = method == b"GET" && version == b"HTTP/1.1" && parts.next().is_none();
    std::str::from_utf8(path).ok().filter(|_| is_understood)
}

fn write_response(status: u16, body: &[u8], out: &mut Vec<u8>) {
    // A vector takes everything.
    let _ = write!(out, "HTTP/1.1 {status} \r\nContent-Length: {}\r\n\r\n", body.len());
    out.extend_from_slice(body);
}
