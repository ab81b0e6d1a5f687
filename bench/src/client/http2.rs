//! HTTP/2, by prior knowledge.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};

use conformance::http2::frame::{
    DATA, Frame, GOAWAY, RST_STREAM, headers, settings, window_update,
};
use conformance::http2::hpack::Literal;
use conformance::http2::{PREFACE, request};

use crate::client::{connect, send};
use crate::heads::{Head, raw_fields};

/// Where in a frame its stream stands (RFC 9113 §4.1).
const STREAM: std::ops::Range<usize> = 5..9;

/// The widest window (RFC 9113 §6.9.1), so that a connection need never open it again.
const WINDOW: u32 = (1 << 31) - 1;

/// The window at the start (RFC 9113 §6.9.2).
const FIRST_WINDOW: u32 = (1 << 16) - 1;

/// What a client says first: the preface, settings, and that it takes whatever comes.
#[must_use]
pub fn opening() -> Vec<u8> {
    let frames = [settings(&[]), window_update(0, WINDOW - FIRST_WINDOW)];
    [PREFACE.as_bytes().to_vec(), frames.map(|frame| frame.encode()).concat()].concat()
}

/// The same request on one stream after the other.
#[derive(Debug)]
pub struct Requests {
    frame: Vec<u8>,
    stream: u32,
}

impl Requests {
    /// Requests with the fields of this head.
    #[must_use]
    pub fn new(head: Head) -> Self {
        Requests { frame: headers(0, fields(head)).end_stream().encode(), stream: 1 }
    }

    /// The frame of the next request.
    pub fn next_frame(&mut self) -> &mut [u8] {
        self.frame[STREAM].copy_from_slice(&self.stream.to_be_bytes());
        self.stream += 2; // RFC 9113 §5.1.1
        &mut self.frame
    }
}

/// The fields of a head as literals in Huffman code, which leave nothing in the server's table.
fn fields(head: Head) -> Vec<u8> {
    let bytes = head.bytes();
    let target = bytes.split(|byte| *byte == b' ').nth(1).expect("a head has a target");
    let mut block = request("GET", str::from_utf8(target).expect("a target is ASCII"));
    for (name, value) in raw_fields(&bytes) {
        let name = name.to_ascii_lowercase();
        // RFC 9113 §8.2.2, §8.3.1: a connection has no options, and the host is `:authority`.
        if !["connection", "host"].contains(&&*name) {
            block.extend(Literal::Unindexed.field_coded(name, value));
        }
    }
    block
}

/// A connection that asks on many streams at once.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    requests: Requests,
    /// What has come of a frame that is not whole.
    input: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects, and says what comes first.
    #[must_use]
    pub fn connect(server: SocketAddr, head: Head) -> Self {
        let stream = connect(server);
        send(&stream, &opening());
        let (input, buffer) = (Vec::new(), vec![0; 64 << 10]);
        Client { stream, requests: Requests::new(head), input, buffer }
    }

    /// Asks on so many streams at once.
    pub fn ask(&mut self, streams: usize) {
        let frames: Vec<u8> =
            (0..streams).flat_map(|_| self.requests.next_frame().to_vec()).collect();
        send(&self.stream, &frames);
    }

    /// Waits until so many streams have been answered.
    pub fn await_responses(&mut self, mut streams: usize) {
        while streams > 0 {
            let bytes = self.stream.read(&mut self.buffer).expect("the server answers");
            assert!(bytes > 0, "the server closes before it has answered");
            self.input.extend_from_slice(&self.buffer[..bytes]);
            let mut at = 0;
            while let Some((frame, length)) = Frame::read(&self.input[at..]) {
                at += length;
                streams -= usize::from(ends_stream(&frame));
            }
            self.input.drain(..at);
        }
    }
}

/// Whether it is the last frame of a response; no other end is expected.
fn ends_stream(frame: &Frame) -> bool {
    const END_STREAM: u8 = 1;
    assert!(![RST_STREAM, GOAWAY].contains(&frame.kind), "the server refuses: {frame:?}");
    frame.kind == DATA && frame.flags & END_STREAM != 0
}
