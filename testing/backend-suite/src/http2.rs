//! HTTP/2, which no backend knows of either: many requests at once on one connection.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use backend_common::{Backend, Limits, Reply, Request, Response};
use h2::Reason;
use h2::client::{ResponseFuture, SendRequest};
use protocol::bytes::Bytes;
use protocol::http::header::{self, HeaderName, HeaderValue};
use protocol::http::{self, HeaderMap, StatusCode};
use protocol::{Body, Content, Now, Production, Sink};
use tokio::task::JoinHandle;

use crate::client::{Client, eventually};
use crate::fixtures::{app, app_with, end, server};

const SOON: Duration = Duration::from_secs(5);

/// Runs a client.
pub(crate) fn run<F: Future>(client: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(client)
}

pub(crate) type Http2Client = (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>);

/// A client that knows that HTTP/2 is spoken, and what becomes of its connection.
async fn connect(address: SocketAddr) -> Http2Client {
    handshake(tokio::net::TcpStream::connect(address).await.unwrap()).await
}

pub(crate) async fn handshake(stream: tokio::net::TcpStream) -> Http2Client {
    // A stream that is not read must not use up the window of all.
    let mut builder = h2::client::Builder::new();
    builder.initial_connection_window_size(1 << 20);
    let (client, connection) = builder.handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

fn request(method: &str, path: &str) -> http::Request<()> {
    let uri = format!("http://localhost{path}");
    http::Request::builder().method(method).uri(uri).body(()).unwrap()
}

async fn send(
    client: &SendRequest<Bytes>,
    method: &str,
    path: &str,
    body: Option<Bytes>,
) -> ResponseFuture {
    let mut client = client.clone().ready().await.unwrap();
    let (response, mut stream) =
        client.send_request(request(method, path), body.is_none()).unwrap();
    if let Some(mut body) = body {
        while !body.is_empty() {
            stream.reserve_capacity(body.len());
            let capacity = std::future::poll_fn(|context| stream.poll_capacity(context)).await;
            let piece = body.split_to(capacity.unwrap().unwrap().min(body.len()));
            stream.send_data(piece, false).unwrap();
        }
        stream.send_data(Bytes::new(), true).unwrap();
    }
    response
}

async fn receive(response: ResponseFuture) -> Result<(u16, Vec<u8>), h2::Error> {
    let (head, mut body) = response.await?.into_parts();
    let mut content = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        content.extend_from_slice(&piece);
    }
    Ok((head.status.as_u16(), content))
}

pub(crate) async fn get(client: &SendRequest<Bytes>, path: &str) -> (u16, Vec<u8>) {
    receive(send(client, "GET", path, None).await).await.unwrap()
}

pub fn streams_know_their_peer<B: Backend>(model: B) {
    let answer = |request: &Request<'_>| Response::text(format!("{:?}", request.peer()));
    let server = server(model).spawn(answer).unwrap();
    run(async {
        let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        let expected = format!("{:?}", Some(stream.local_addr().unwrap()));
        let (client, _connection) = handshake(stream).await;
        assert_eq!(get(&client, "/").await, (200, expected.into_bytes()));
    });
    end(server);
}

/// Counts what comes, and answers when the trailers are there.
#[derive(Default)]
struct Counting {
    bytes: usize,
    trailers: HeaderMap,
}

impl Sink for Counting {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.bytes += piece.len();
        Ok(())
    }

    fn trailers(&mut self, trailers: &HeaderMap) -> Result<(), Response> {
        if trailers.contains_key("x-refused") {
            return Err(Response::plain(StatusCode::UNPROCESSABLE_ENTITY));
        }
        self.trailers = trailers.clone();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Reply {
        told(self.bytes, self.trailers)
    }
}

/// Says in the content how much has come, and behind it what came behind that.
fn told(bytes: usize, trailers: HeaderMap) -> Reply {
    let mut trailers = Some(trailers);
    let source = move |content: &mut Content<'_>, _: Now| {
        content.push(format!("{bytes} bytes").as_bytes());
        for (name, value) in trailers.take().into_iter().flatten() {
            content.trailer(name.unwrap(), value);
        }
        content.trailer(header::CONTENT_LENGTH, HeaderValue::from_static("1")); // left out
        Production::End
    };
    Response::ok().body(Body::stream(source)).into()
}

/// Also behind an empty body, and through a window of three bytes.
pub fn trailers_come_and_go<B: Backend>(model: B) {
    let answer = |request: &Request<'_>| match request.path() {
        "/collect" => Reply::collect_with_trailers(|body, trailers| told(body.len(), trailers)),
        _ => Reply::stream(Counting::default()),
    };
    let server = server(model).spawn(answer).unwrap();
    run(async {
        let stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        let mut builder = h2::client::Builder::new();
        let (client, connection) =
            builder.initial_window_size(3).handshake::<_, Bytes>(stream).await.unwrap();
        tokio::spawn(connection);
        let ask = async |path: &str, body: &'static [u8], name: &'static str| {
            let mut client = client.clone().ready().await.unwrap();
            let (response, mut stream) = client.send_request(request("POST", path), false).unwrap();
            if !body.is_empty() {
                stream.send_data(Bytes::from_static(body), false).unwrap();
            }
            let name = HeaderName::from_static(name);
            stream
                .send_trailers([(name, HeaderValue::from_static("7"))].into_iter().collect())
                .unwrap();
            let (head, mut body) = response.await.unwrap().into_parts();
            let mut content = Vec::new();
            while let Some(piece) = body.data().await {
                let piece = piece.unwrap();
                body.flow_control().release_capacity(piece.len()).unwrap();
                content.extend_from_slice(&piece);
            }
            let trailers = body.trailers().await.unwrap();
            (head.status.as_u16(), String::from_utf8(content).unwrap(), trailers)
        };
        let expected: HeaderMap =
            [(HeaderName::from_static("x-sum"), HeaderValue::from_static("7"))]
                .into_iter()
                .collect();
        for (path, body, said) in [
            ("/collect", &b"hello"[..], "5 bytes"),
            ("/collect", b"", "0 bytes"),
            ("/stream", b"hello", "5 bytes"),
            ("/stream", b"", "0 bytes"),
        ] {
            let answer = ask(path, body, "x-sum").await;
            assert_eq!(answer, (200, said.to_owned(), Some(expected.clone())), "{path}");
        }
        let refused = ask("/stream", b"hello", "x-refused").await;
        assert_eq!((refused.0, refused.2), (422, None));
    });
    end(server);
}

/// Effects of every kind, much in both directions, all at once.
pub fn many_requests_share_a_connection<B: Backend>(model: B) {
    const SIZE: usize = 3 << 20;
    let (handle, _dir) = app(model);
    run(async {
        let (client, _) = connect(handle.address()).await;
        let mut sleeps = Vec::new();
        for at in 0..50 {
            sleeps.push(send(&client, "GET", &format!("/sleep/{}", 100 - at), None).await);
        }
        let work = send(&client, "GET", "/work/20", None).await;
        let stream = send(&client, "GET", "/stream/3", None).await;
        let body = Bytes::from((0..SIZE).map(|at| ((at * at) >> 3) as u8).collect::<Vec<_>>());
        let upload = send(&client, "PUT", "/files/x", Some(body.clone())).await;
        assert_eq!(receive(upload).await.unwrap().0, 201);
        let downloads = [
            send(&client, "GET", "/files/x", None).await,
            send(&client, "GET", "/files/x", None).await,
        ];
        for download in downloads {
            assert!(
                receive(download).await.unwrap() == (200, body.to_vec()),
                "came back otherwise"
            );
        }
        for (at, sleep) in sleeps.into_iter().enumerate() {
            let text = format!("slept for {} ms\n", 100 - at);
            assert_eq!(receive(sleep).await.unwrap(), (200, text.into_bytes()));
        }
        assert!(receive(work).await.unwrap().1.starts_with(b"worked for 20 ms"));
        assert_eq!(receive(stream).await.unwrap().1.iter().filter(|it| **it == b'\n').count(), 3);
        assert_eq!(get(&client, "/none").await.0, 404);
    });
    assert_eq!(handle.shutdown(SOON).unwrap().requests, 56);
}

/// Both versions may be spoken at the same port, and the second only by who says so.
pub fn both_versions_are_spoken_at_one_port<B: Backend>(model: B) {
    let (handle, _dir) = app(model);
    assert_eq!(Client::connect(handle.address()).get("/echo/one").text(), "one");
    run(async {
        let (client, _) = connect(handle.address()).await;
        assert_eq!(get(&client, "/echo/two").await, (200, b"two".to_vec()));
    });
    end(handle);
}

/// Shutdown: streams under way are answered, the client is told by GOAWAY, and nothing is cut.
pub fn streams_under_way_are_finished<B: Backend>(model: B) {
    let (handle, _dir) = app(model);
    run(async {
        let (client, connection) = connect(handle.address()).await;
        let mut slow = Vec::new();
        for _ in 0..20 {
            slow.push(send(&client, "GET", "/sleep/300", None).await);
        }
        let (_idle, idle) = connect(handle.address()).await;
        assert_eq!(get(&client, "/echo/x").await.0, 200); // so the others have come
        let stopping = std::thread::spawn(move || handle.shutdown(SOON).unwrap());
        for response in slow {
            assert_eq!(receive(response).await.unwrap(), (200, b"slept for 300 ms\n".to_vec()));
        }
        drop(client);
        // Without a GOAWAY that says that all is well, this would be an error.
        connection.await.unwrap().unwrap();
        idle.await.unwrap().unwrap();
        assert_eq!(stopping.join().unwrap().aborted, 0);
    });
}

/// A body comes no faster than it is taken; and work that nobody waits for is bounded.
pub fn a_client_that_takes_nothing_is_cut<B: Backend>(model: B) {
    let limits = Limits { write_timeout: Duration::from_millis(300), ..Limits::default() };
    let (handle, dir) = app_with(model, |server| server.threads(16).limits(limits));
    std::fs::write(dir.path().join("large"), vec![b'x'; 8 << 20]).unwrap();
    run(async {
        let (client, _) = connect(handle.address()).await;
        // Its window is 64 KiB and is not opened.
        let (head, mut body) =
            send(&client, "GET", "/files/large", None).await.await.unwrap().into_parts();
        assert_eq!(head.status, 200);
        assert_eq!(get(&client, "/echo/x").await.0, 200, "others are served");
        let mut taken = 0;
        let error = loop {
            match body.data().await {
                Some(Ok(piece)) => taken += piece.len(),
                Some(Err(error)) => break error,
                None => panic!("it was sent whole"),
            }
        };
        assert_eq!(error.reason(), Some(Reason::CANCEL), "{error}");
        assert_eq!(taken, 65_535);
    });
    end(handle);
}

/// An idle connection is told and closed; so is one that never gets to the point.
pub fn a_silent_http2_connection_is_closed<B: Backend>(model: B) {
    let limits = Limits {
        idle_timeout: Duration::from_secs(2),
        head_timeout: Duration::from_secs(2),
        linger_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let (handle, _dir) = app_with(model, |server| server.threads(16).limits(limits));
    let mut silent = TcpStream::connect(handle.address()).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    silent.write_all(b"PRI * HTTP/2.0\r\n\r\n").unwrap();
    run(async {
        let (client, connection) = connect(handle.address()).await;
        assert_eq!(get(&client, "/sleep/2500").await.0, 200, "it was not idle");
        connection.await.unwrap().unwrap();
        drop(client);
    });
    let mut told = Vec::new();
    silent.read_to_end(&mut told).unwrap();
    assert!(told.starts_with(b"HTTP/1.1 408 "), "{told:?}");
    eventually("all have left", || Client::connect(handle.address()).get("/echo/x").status == 200);
    end(handle);
}
