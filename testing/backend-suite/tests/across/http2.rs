//! The same requests as streams of HTTP/2. Frames of several streams may come in any order, so
//! what is compared is what came on each.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use h2::client::SendRequest;
use h2::{Reason, SendStream};
use proptest::prelude::*;
use protocol::bytes::Bytes;
use protocol::http::{self, HeaderMap, Method, Uri};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::folder::Folder;
use crate::request::{Body, Request, request};
use crate::script::{Cuts, cuts, pieces};
use crate::tape::Tape;

/// Longest wait for the streams of one wave. Nothing takes so long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connections, one after the other, with waves of streams.
#[derive(Clone, Debug)]
pub(crate) struct Script(Vec<Vec<Wave>>);

/// Streams that are open at once.
type Wave = Vec<Stream>;

/// One request, and how it is sent.
#[derive(Clone, Debug)]
struct Stream {
    request: Request,
    cuts: Cuts,
    /// Half of the body is sent, and then that nobody waits any more.
    is_cancelled: bool,
}

/// Any script.
pub(crate) fn script() -> impl Strategy<Value = Script> {
    // The asterisk and a mere authority are forms of HTTP/1.1.
    let uri = |request: &Request| !matches!(request.target, "*" | "localhost:1");
    let stream = (
        request().prop_filter("no URI", uri).prop_filter("no path", |it| it.method != "CONNECT"),
        cuts(),
        prop::bool::weighted(0.1),
    );
    let stream = stream.prop_map(|(request, cuts, is_cancelled)| {
        let may_be_cancelled = request.body.content().len() > 1;
        Stream { request, cuts, is_cancelled: is_cancelled && may_be_cancelled }
    });
    let wave = proptest::collection::vec(stream, 1..8).prop_map(independent);
    let connection = proptest::collection::vec(wave, 1..4);
    proptest::collection::vec(connection, 1..3).prop_map(Script)
}

/// Only one of these may leave something behind, and only if no other looks at it.
fn independent(wave: Wave) -> Wave {
    let has_effect = |stream: &Stream| stream.request.has_effect();
    if !wave.iter().any(has_effect) {
        return wave;
    }
    let (mut effects, mut others): (Wave, Wave) = wave.into_iter().partition(has_effect);
    effects.truncate(1);
    others.retain(|stream| !stream.request.target.contains("/files"));
    effects.append(&mut others);
    effects
}

/// Plays a whole script.
pub(crate) fn play<S: Transport>(
    script: &Script,
    folder: &Folder,
    connect: impl AsyncFn() -> S,
) -> Tape {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut tape = Tape::default();
        for waves in &script.0 {
            connection(waves, folder, connect().await, &mut tape).await;
        }
        tape
    })
}

/// A transport of HTTP/2.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Transport for S {}

/// Connects to a server.
pub(crate) async fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).unwrap();
    stream
}

async fn connection(waves: &[Wave], folder: &Folder, stream: impl Transport, tape: &mut Tape) {
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    for wave in waves {
        let mut streams = Vec::new();
        for stream in wave {
            let head = stream.head(folder);
            let exchange = exchange(client.clone(), head, stream.clone());
            streams.push(tokio::spawn(tokio::time::timeout(PATIENCE, exchange)));
        }
        for stream in streams {
            match stream.await.unwrap() {
                Ok((seen, end)) => {
                    tape.add(&seen, folder, false);
                    tape.note(&end);
                }
                Err(_) => return tape.wrong("a stream hangs"),
            }
        }
    }
    drop(client);
    match tokio::time::timeout(PATIENCE, connection).await {
        Ok(Ok(Ok(()))) => tape.note("closed"),
        Ok(ended) => tape.wrong(&format!("the connection ends in {ended:?}")),
        Err(_) => tape.wrong("the connection hangs"),
    }
}

impl Stream {
    fn head(&self, folder: &Folder) -> http::Request<()> {
        let target = String::from_utf8(folder.fill_in(self.request.target)).unwrap();
        let uri =
            if target.starts_with('/') { format!("http://localhost{target}") } else { target };
        let method = Method::from_bytes(self.request.method.as_bytes()).unwrap();
        let mut head = http::Request::builder().method(method).uri(uri.parse::<Uri>().unwrap());
        for (name, value) in &self.request.fields {
            head = head.header(*name, folder.fill_in(value));
        }
        if let Body::Length(length) = self.request.body {
            head = head.header("content-length", length);
        }
        head.body(()).unwrap()
    }
}

/// Sends a request and receives its response: as it would be with HTTP/1.1, and how it ended.
async fn exchange(
    client: SendRequest<Bytes>,
    head: http::Request<()>,
    stream: Stream,
) -> (Vec<u8>, String) {
    let mut seen = Vec::new();
    let end = match converse(client, head, &stream, &mut seen).await {
        Ok(()) => "whole".to_owned(),
        Err(error) => error.to_string(),
    };
    (seen, end)
}

async fn converse(
    client: SendRequest<Bytes>,
    head: http::Request<()>,
    stream: &Stream,
    seen: &mut Vec<u8>,
) -> Result<(), h2::Error> {
    let mut client = client.ready().await?;
    let content = stream.request.body.content();
    let is_empty = matches!(stream.request.body, Body::None);
    let (response, mut sending) = client.send_request(head, is_empty)?;
    if stream.is_cancelled {
        let _ = send(&mut sending, &content[..content.len() / 2], &stream.cuts).await;
        sending.send_reset(Reason::CANCEL);
        return Ok(());
    }
    // The server may have answered, and not want more: what it says decides.
    let send = async {
        if !is_empty && send(&mut sending, &content, &stream.cuts).await.is_ok() {
            let _ = finish(&mut sending, &stream.request.body);
        }
    };
    let receive = async {
        let (head, mut body) = response.await?.into_parts();
        seen.extend_from_slice(format!("{}\n", head.status).as_bytes());
        for (name, value) in &head.headers {
            seen.extend_from_slice(
                &[name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat(),
            );
        }
        while let Some(piece) = body.data().await {
            let piece = piece?;
            body.flow_control().release_capacity(piece.len())?;
            seen.extend_from_slice(&piece);
        }
        Ok(())
    };
    tokio::join!(send, receive).1
}

/// Sends content in pieces, as there is room for it.
async fn send(
    sending: &mut SendStream<Bytes>,
    content: &[u8],
    cuts: &Cuts,
) -> Result<(), h2::Error> {
    for (piece, pauses) in pieces(content, cuts) {
        let mut piece = Bytes::copy_from_slice(piece);
        while !piece.is_empty() {
            sending.reserve_capacity(piece.len());
            let room = std::future::poll_fn(|context| sending.poll_capacity(context)).await;
            let room = room.unwrap_or_else(|| Err(Reason::STREAM_CLOSED.into()))?;
            sending.send_data(piece.split_to(room.min(piece.len())), false)?;
        }
        if pauses {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

/// The end of a request: by itself, or with a trailer section.
fn finish(sending: &mut SendStream<Bytes>, body: &Body) -> Result<(), h2::Error> {
    if !matches!(body, Body::Chunked(_)) {
        return sending.send_data(Bytes::new(), true);
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("trailer", http::HeaderValue::from_static("ignored"));
    sending.send_trailers(trailers)
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, waves) in self.0.iter().enumerate() {
            writeln!(f, "  connection {}:", at + 1)?;
            for wave in waves {
                writeln!(f, "    at once:")?;
                for stream in wave {
                    writeln!(f, "      {stream:?}")?;
                }
            }
        }
        Ok(())
    }
}
