//! axum, which serves with hyper, on a tokio runtime of one thread.

use std::io;

use axum::Router;
use axum::http::header::{CONTENT_TYPE, SERVER};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = peers::listen(peers::address())?;
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?.tap_io(|stream| {
        let _ = stream.set_nodelay(true); // it only costs latency
    });
    axum::serve(listener, Router::new().route("/text", get(text))).await
}

async fn text() -> impl IntoResponse {
    ([(SERVER, peers::SERVER), (CONTENT_TYPE, peers::CONTENT_TYPE)], peers::BODY)
}
