//! HTTP/2, beside h2, which reads and writes the frames below the layer: a request and its response
//! on a connection that is kept.

use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use h2::server::Connection;
use layer_http2::Http2;
use protocol::bytes::Bytes;
use protocol::http::{Response, header};
use protocol::{FileRange, Limits};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use crate::client::http2::{Requests, opening};
use crate::heads::Head;
use crate::protocols::driven::{Driven, hello, now};
use crate::protocols::measured::Measured;

pub(crate) fn all() -> Vec<Measured> {
    [Head::Small, Head::Browser].into_iter().flat_map(exchange).collect()
}

fn exchange(head: Head) -> [Measured; 2] {
    let (mut requests, mut same) = (Requests::new(head), Requests::new(head));
    let of = (head.name(), requests.next_frame().len());
    let (mut raw, mut layer) = (Raw::new(), layer());
    [
        Measured::new("HTTP2 exchange", "h2", of, move || {
            raw.answer(black_box(requests.next_frame()));
        }),
        Measured::new("HTTP2 exchange", "layer-http2", of, move || {
            let frame = same.next_frame();
            assert_eq!(layer.receive(black_box(frame)), frame.len());
            assert!(layer.out.ends_with(b"hello\n"));
        }),
    ]
}

fn layer() -> Driven<Http2> {
    let (limits, now) = (Arc::new(Limits::default()), now());
    let mut driven = Driven::new(Http2::new(hello(), limits, no_file, now), now);
    driven.receive(&mut opening());
    driven
}

fn no_file(_: &FileRange, _: &mut [u8]) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// h2 over a pipe in memory, with just what it takes to answer.
struct Raw {
    server: Connection<DuplexStream, Bytes>,
    client: DuplexStream,
    said: Vec<u8>,
}

impl Raw {
    fn new() -> Self {
        let (mut client, server) = tokio::io::duplex(64 << 10);
        tell(&mut client, &opening());
        let handshake = h2::server::handshake(server);
        let Poll::Ready(Ok(server)) = pin!(handshake).poll(&mut context()) else {
            panic!("the preface is there");
        };
        Raw { server, client, said: vec![0; 64 << 10] }
    }

    /// Answers a request with the fields that the protocol gives a text.
    fn answer(&mut self, request: &[u8]) {
        tell(&mut self.client, request);
        let accepted = self.server.poll_accept(&mut context());
        let Poll::Ready(Some(Ok((_, mut respond)))) = accepted else {
            panic!("it is not taken for a request");
        };
        let head = Response::builder()
            .header(header::CONTENT_TYPE, "text/plain; charset=utf-8")
            .header(header::CONTENT_LENGTH, 6)
            .header(header::DATE, "Thu, 01 Jan 1970 00:00:00 GMT")
            .body(());
        let mut body = respond.send_response(head.expect("it is correct"), false).expect("open");
        body.send_data(Bytes::from_static(b"hello\n"), true).expect("open");
        assert!(self.server.poll_accept(&mut context()).is_pending());
        assert!(self.hear().ends_with(b"hello\n"));
    }

    fn hear(&mut self) -> &[u8] {
        let mut buffer = ReadBuf::new(&mut self.said);
        let read = Pin::new(&mut self.client).poll_read(&mut context(), &mut buffer);
        assert!(read.is_ready());
        let length = buffer.filled().len();
        &self.said[..length]
    }
}

fn tell(client: &mut DuplexStream, bytes: &[u8]) {
    let written = Pin::new(client).poll_write(&mut context(), bytes);
    assert!(matches!(written, Poll::Ready(Ok(length)) if length == bytes.len()));
}

/// Nothing here waits, so nobody has to be woken.
fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
