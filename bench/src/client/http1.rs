//! HTTP/1.1.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use crate::client::{connect, send};

/// A connection that asks the same again and again, and knows how long each response is.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    requests: Vec<u8>,
    /// What all responses to the requests are together, in bytes.
    responses: usize,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, and asks once, to see how long the response is. From then on it asks `pipelined`
    /// times at once.
    #[must_use]
    pub fn connect(server: SocketAddr, request: &[u8], pipelined: usize) -> Self {
        let stream = connect(server);
        send(&stream, request);
        let responses = pipelined * first_response(&stream);
        Client { stream, requests: request.repeat(pipelined), responses, buffer: vec![0; 64 << 10] }
    }

    /// Sends the requests.
    pub fn ask(&self) {
        send(&self.stream, &self.requests);
    }

    /// Waits until all responses have come.
    pub fn await_responses(&mut self) {
        let mut left = self.responses;
        while left > 0 {
            let bytes = self.stream.read(&mut self.buffer).expect("the server answers");
            assert!(bytes > 0 && bytes <= left, "not the responses that were asked for");
            left -= bytes;
        }
    }

    /// Sends the requests, and waits for the responses.
    pub fn ask_and_await(&mut self) {
        self.ask();
        self.await_responses();
    }
}

/// Asks on a connection of its own, which the server is asked to close. So TIME-WAIT is the
/// server's (RFC 9112 §9.6) and does not use up the client's ports. Calls `pause` when it has
/// connected.
pub fn ask_once(
    server: SocketAddr,
    last_request: &[u8],
    response: &mut Vec<u8>,
    pause: &mut dyn FnMut(),
) {
    let mut stream = connect(server);
    pause();
    send(&stream, last_request);
    response.clear();
    stream.read_to_end(response).expect("the server answers and closes");
    assert_eq!(whole(response), Some(response.len()), "not one whole response");
}

/// Reads a response; returns its length.
fn first_response(mut stream: &TcpStream) -> usize {
    let (mut response, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let bytes = stream.read(&mut buffer).expect("the server answers");
        assert!(bytes > 0, "the server closes before it has answered");
        response.extend_from_slice(&buffer[..bytes]);
        if let Some(length) = whole(&response) {
            assert_eq!(response.len(), length, "more than was asked for");
            return length;
        }
    }
}

/// How long the response at the start of `bytes` is, if it is whole.
fn whole(bytes: &[u8]) -> Option<usize> {
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    let parsed = response.parse(bytes).expect("a response");
    let httparse::Status::Complete(head) = parsed else { return None };
    assert_eq!(response.code, Some(200), "the server refuses");
    let length = response.headers.iter().find(|it| it.name.eq_ignore_ascii_case("content-length"));
    let length = str::from_utf8(length.expect("its length is known").value).expect("digits");
    let whole = head + length.parse::<usize>().expect("a number");
    (bytes.len() >= whole).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_whole_with_the_last_byte_of_its_content() {
        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n";
        assert_eq!(whole(response), Some(response.len()));
        assert_eq!(whole(&[response.as_slice(), b"HTTP"].concat()), Some(response.len()));
        for end in 0..response.len() {
            assert_eq!(whole(&response[..end]), None, "{end}");
        }
    }
}
