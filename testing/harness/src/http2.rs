//! An orderly client of HTTP/2: that of h2, in memory.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use h2::client::{Connection, ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use protocol::bytes::Bytes;
use protocol::{Protocol, http};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::driver::{Driver, End};

#[derive(Default)]
struct Buffers {
    heard: Vec<u8>,
    said: Vec<u8>,
    has_ended: bool,
}

#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Buffers>>);

impl AsyncRead for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut pipe = self.0.lock().unwrap();
        if pipe.heard.is_empty() && !pipe.has_ended {
            return Poll::Pending;
        }
        let length = buffer.remaining().min(pipe.heard.len());
        buffer.put_slice(&pipe.heard[..length]);
        pipe.heard.drain(..length);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().unwrap().said.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The answer to a request, as far as it has come.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The final status; 0 before there is one.
    pub status: u16,
    /// Names and values, in order.
    pub fields: Vec<(String, String)>,
    /// The content that has come.
    pub body: Vec<u8>,
    /// Whether its end has come.
    pub is_whole: bool,
    /// The code of the error that ended it.
    pub reset: Option<u32>,
    /// Statuses that came before.
    pub interim: Vec<u16>,
}

impl Answer {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|it| it.0 == name).map(|it| &it.1[..])
    }

    /// The content, which is text.
    pub fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }
}

struct Exchange {
    upload: Option<(SendStream<Bytes>, Bytes)>,
    response: Option<ResponseFuture>,
    body: Option<RecvStream>,
    answer: Answer,
}

/// A client, and what it has asked.
pub struct Client {
    pipe: Pipe,
    connection: Connection<Pipe, Bytes>,
    requests: SendRequest<Bytes>,
    exchanges: Vec<Exchange>,
    /// Whether bodies are taken, so that windows open again.
    pub takes_bodies: bool,
    /// Whether the connection has ended.
    pub is_over: bool,
}

fn ready<F: Future + Unpin>(mut future: F) -> Option<F::Output> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(&mut future).poll(&mut context) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("is_over", &self.is_over).finish_non_exhaustive()
    }
}

impl Client {
    /// A client that wants no push.
    #[allow(clippy::new_without_default, reason = "it begins a connection")]
    pub fn new() -> Self {
        Client::with(h2::client::Builder::new().enable_push(false))
    }

    /// A client with settings of its own.
    pub fn with(builder: &h2::client::Builder) -> Self {
        let pipe = Pipe::default();
        let handshake = Box::pin(builder.handshake::<Pipe, Bytes>(pipe.clone()));
        let (requests, connection) = ready(handshake).unwrap().unwrap();
        let exchanges = Vec::new();
        Client { pipe, connection, requests, exchanges, takes_bodies: true, is_over: false }
    }

    /// Sends a request, and its body as the windows allow. Whether it can: once the server says
    /// that it goes, nothing more is begun.
    pub fn send(&mut self, request: http::Request<()>, body: Option<Vec<u8>>) -> bool {
        let _ = self.requests.poll_ready(&mut Context::from_waker(Waker::noop()));
        let Ok((response, upload)) = self.requests.send_request(request, body.is_none()) else {
            return false;
        };
        self.exchanges.push(Exchange {
            upload: body.map(|body| (upload, body.into())),
            response: Some(response),
            body: None,
            answer: Answer::default(),
        });
        true
    }

    /// Asks for `path`.
    pub fn get(&mut self, path: &str) {
        assert!(self.send(request("GET", path), None));
    }

    /// Sends a body to `path`.
    pub fn post(&mut self, path: &str, body: impl Into<Vec<u8>>) {
        assert!(self.send(request("POST", path), Some(body.into())));
    }

    /// The answers so far, in the order of the requests.
    pub fn answers(&self) -> Vec<&Answer> {
        self.exchanges.iter().map(|it| &it.answer).collect()
    }

    /// Takes what it has said since.
    pub fn said(&mut self) -> Vec<u8> {
        self.poll();
        std::mem::take(&mut self.pipe.0.lock().unwrap().said)
    }

    /// Has it hear what the server says.
    pub fn hear(&mut self, bytes: &[u8]) {
        self.pipe.0.lock().unwrap().heard.extend_from_slice(bytes);
        self.poll();
    }

    /// The server has closed its side.
    pub fn hear_end(&mut self) {
        self.pipe.0.lock().unwrap().has_ended = true;
        self.poll();
    }

    /// Has it do what it can.
    pub fn poll(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            self.is_over |= Pin::new(&mut self.connection).poll(&mut context).is_ready();
            let takes_bodies = self.takes_bodies;
            self.exchanges.iter_mut().for_each(|it| it.poll(takes_bodies, &mut context));
        }
    }
}

impl Exchange {
    fn poll(&mut self, takes_bodies: bool, context: &mut Context<'_>) {
        self.poll_upload(context);
        if let Some(response) = &mut self.response {
            while let Poll::Ready(Some(Ok(interim))) = response.poll_informational(context) {
                self.answer.interim.push(interim.status().as_u16());
            }
            match Pin::new(response).poll(context) {
                Poll::Pending => return,
                Poll::Ready(Err(error)) => {
                    self.answer.reset = error.reason().map(Into::into).or(Some(u32::MAX));
                    self.response = None;
                }
                Poll::Ready(Ok(response)) => {
                    self.answer.status = response.status().as_u16();
                    let fields = response.headers().iter().map(|(name, value)| {
                        (name.to_string(), value.to_str().unwrap().to_owned())
                    });
                    self.answer.fields = fields.collect();
                    self.body = Some(response.into_body());
                    self.response = None;
                }
            }
        }
        while takes_bodies && let Some(body) = &mut self.body {
            match body.poll_data(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(piece))) => {
                    let _ = body.flow_control().release_capacity(piece.len());
                    self.answer.body.extend_from_slice(&piece);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.answer.reset = error.reason().map(Into::into).or(Some(u32::MAX));
                    self.body = None;
                }
                Poll::Ready(None) => {
                    self.answer.is_whole = true;
                    self.body = None;
                }
            }
        }
    }

    fn poll_upload(&mut self, context: &mut Context<'_>) {
        while let Some((stream, rest)) = &mut self.upload {
            stream.reserve_capacity(rest.len().min(16 << 10));
            let room = if rest.is_empty() { 0 } else { stream.capacity() };
            if room == 0 && !rest.is_empty() {
                match stream.poll_capacity(context) {
                    Poll::Ready(Some(Ok(1..))) => continue,
                    Poll::Pending | Poll::Ready(Some(Ok(_))) => return,
                    Poll::Ready(_) => {
                        self.upload = None;
                        return;
                    }
                }
            }
            let piece = rest.split_to(room.min(rest.len()));
            let is_last = rest.is_empty();
            if stream.send_data(piece, is_last).is_err() || is_last {
                self.upload = None;
            }
        }
    }
}

/// A request without a body.
pub fn request(method: &str, path: &str) -> http::Request<()> {
    let uri = format!("http://localhost{path}");
    http::Request::builder().method(method).uri(uri).body(()).unwrap()
}

/// Has both sides talk until neither has anything to say, the client in pieces of at most so many
/// bytes.
pub fn talk<P: Protocol>(client: &mut Client, driver: &mut Driver<P>, piece: usize) {
    for _ in 0..1_000_000 {
        let said = client.said();
        said.chunks(piece).for_each(|piece| driver.feed(piece));
        let heard = std::mem::take(&mut driver.wire);
        client.hear(&heard);
        if driver.end != End::Open {
            client.hear_end();
        }
        if said.is_empty() && heard.is_empty() {
            return;
        }
    }
    panic!("they never end");
}
