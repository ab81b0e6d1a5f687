//! hyper on a tokio runtime of one thread, HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue, SERVER};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = peers::listen(peers::address())?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().pipeline_flush(true); // what a pipeline asks for goes out at once
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let server = server.clone();
        tokio::spawn(async move {
            let _ = server.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match (request.method(), request.uri().path()) {
        (&Method::GET, "/text") => text(Bytes::from_static(peers::BODY.as_bytes())),
        (&Method::POST, "/upload") => upload(request.into_body()).await,
        _ => {
            let mut response = text(Bytes::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    };
    Ok(response)
}

fn text(body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    let fields = response.headers_mut();
    fields.insert(SERVER, HeaderValue::from_static(peers::SERVER));
    fields.insert(CONTENT_TYPE, HeaderValue::from_static(peers::CONTENT_TYPE));
    response
}

async fn upload(mut body: Incoming) -> Response<Full<Bytes>> {
    let mut length = 0;
    while let Some(Ok(frame)) = body.frame().await {
        length += frame.data_ref().map_or(0, Bytes::len);
    }
    text(length.to_string().into())
}
