//! HTTP/1.1, beside `httparse`: heads, chunked bodies, responses, and all of it together.

use std::hint::black_box;
use std::sync::Arc;

use protocol::{Connection, Limits, Response, internals};

use crate::heads::Head;
use crate::protocols::driven::{Driven, hello, now};
use crate::protocols::measured::Measured;

/// How much comes at once of a head that trickles, in bytes.
const TRICKLE: usize = 16;

/// How much comes at once of a body that trickles, in bytes: what a packet holds.
const PACKET: usize = 1460;

/// The content of the chunked body, in bytes.
const CONTENT: usize = 64 << 10;

const HTTPARSE: &str = "httparse";
const PROTOCOL: &str = "protocol";

pub(crate) fn all() -> Vec<Measured> {
    let heads = |measured: fn(Head) -> [Measured; 2]| Head::ALL.into_iter().flat_map(measured);
    let bodies = chunked_body().into_iter().chain(trickled_body());
    heads(whole_head)
        .chain(heads(trickled_head))
        .chain(bodies)
        .chain(response())
        .chain(heads(connection))
        .collect()
}

/// Finding the end of a head, reading and checking it, beside reading it.
fn whole_head(head: Head) -> [Measured; 2] {
    let (bytes, mut input) = (head.bytes(), head.bytes());
    let of = (head.name(), bytes.len());
    [
        Measured::new("head", HTTPARSE, of, move || assert!(is_whole(black_box(&bytes)))),
        Measured::new("head", PROTOCOL, of, move || {
            assert!(internals::parse_head(black_box(&mut input)).is_ok());
        }),
    ]
}

/// A head that comes in pieces, to a connection, which answers it when it is whole. `httparse`
/// reads it from the start each time, so what it takes grows with the square of the length.
fn trickled_head(head: Head) -> [Measured; 2] {
    let (bytes, mut input) = (head.bytes(), head.bytes());
    let (of, length) = ((head.name(), bytes.len()), bytes.len());
    let mut driven = driven_connection();
    [
        Measured::new("trickled head", HTTPARSE, of, move || {
            for end in ends(length, TRICKLE) {
                assert_eq!(is_whole(black_box(&bytes[..end])), end == length);
            }
        }),
        Measured::new("trickled head", PROTOCOL, of, move || {
            for end in ends(length, TRICKLE) {
                let consumed = driven.receive(black_box(&mut input[..end]));
                assert_eq!(consumed == length, end == length);
            }
        }),
    ]
}

/// A body in chunks of 4 KiB. `httparse` reads the sizes of the chunks alone.
fn chunked_body() -> [Measured; 2] {
    let (body, same) = (body(), body());
    let of = ("64 KiB", body.len());
    [
        Measured::new("chunked body", HTTPARSE, of, move || {
            assert_eq!(raw_chunks(black_box(&body)), (CONTENT, body.len()));
        }),
        Measured::new("chunked body", PROTOCOL, of, move || {
            assert_eq!(internals::decode_chunked(black_box(&same)), Ok(CONTENT as u64));
        }),
    ]
}

/// The same body in packets. `httparse` goes on where the last whole chunk has ended.
fn trickled_body() -> [Measured; 2] {
    let (body, same) = (body(), body());
    let (of, limits) = (("64 KiB", body.len()), Limits::default());
    [
        Measured::new("trickled body", HTTPARSE, of, move || {
            let (mut content, mut at) = (0, 0);
            for end in ends(body.len(), PACKET) {
                let (more, length) = raw_chunks(black_box(&body[at..end]));
                content += more;
                at += length;
            }
            assert_eq!(content, CONTENT);
        }),
        Measured::new("trickled body", PROTOCOL, of, move || {
            let decoded = internals::decode_chunked_by(black_box(&same), PACKET, &limits);
            assert!(decoded.is_ok_and(|(content, _)| content.len() == CONTENT));
        }),
    ]
}

/// A response with three fields and its body, beside copying it as it will be.
fn response() -> [Measured; 2] {
    let response = Response::text("hello\n");
    let mut ready = Vec::new();
    internals::write_response(&response, &mut ready);
    let of = ("hello", ready.len());
    let (mut copied, mut written) = (Vec::with_capacity(4096), Vec::with_capacity(4096));
    [
        Measured::new("response", "copied", of, move || {
            copied.clear();
            copied.extend_from_slice(black_box(&ready));
            black_box(&copied);
        }),
        Measured::new("response", PROTOCOL, of, move || {
            written.clear();
            internals::write_response(black_box(&response), &mut written);
            black_box(&written);
        }),
    ]
}

/// Request to response through a connection that is kept: what a backend calls, but no socket.
fn connection(head: Head) -> [Measured; 2] {
    let (bytes, mut input) = (head.bytes(), head.bytes());
    let of = (head.name(), bytes.len());
    let mut driven = driven_connection();
    [
        Measured::new("connection", HTTPARSE, of, move || assert!(is_whole(black_box(&bytes)))),
        Measured::new("connection", PROTOCOL, of, move || {
            assert_eq!(driven.receive(black_box(&mut input)), input.len());
            assert!(driven.out.ends_with(b"hello\n"));
        }),
    ]
}

fn driven_connection() -> Driven<Connection> {
    let now = now();
    Driven::new(Connection::new(hello(), Arc::new(Limits::default()), now), now)
}

/// Where the pieces of an input end.
fn ends(length: usize, piece: usize) -> impl Iterator<Item = usize> {
    (1..=length.div_ceil(piece)).map(move |number| length.min(number * piece))
}

fn body() -> Vec<u8> {
    let chunk = [b"1000\r\n".as_slice(), &[b'x'; 4096], b"\r\n"].concat();
    [chunk.repeat(CONTENT / 4096).as_slice(), b"0\r\n\r\n"].concat()
}

/// Has `httparse` read a head; returns whether it has found the end.
fn is_whole(head: &[u8]) -> bool {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let status = httparse::Request::new(&mut fields).parse(head);
    status.expect("the head is correct").is_complete()
}

/// Has `httparse` read the sizes of the chunks that are whole; returns the length of their content
/// and of all of them.
fn raw_chunks(body: &[u8]) -> (usize, usize) {
    let (mut content, mut at) = (0, 0);
    while let Ok(httparse::Status::Complete((line, size))) = httparse::parse_chunk_size(&body[at..])
    {
        let size = usize::try_from(size).expect("chunks are small");
        let end = at + line + size + 2;
        if end > body.len() {
            break;
        }
        content += size;
        at = end;
    }
    (content, at)
}
