//! Everything of the protocol in one program, to see what it needs of the machine.
//!
//! `cargo xtask ci purity` links it for `wasm32-unknown-unknown`, where there is no operating
//! system, and looks at what came of it: see `xtask/src/wasm.rs`. It is linked and never run.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use protocol::http::HeaderValue;
use protocol::{Connection, Limits, Now, Protocol, Reply, Request, Response};

/// Answers in each of the ways that there are.
fn answer(request: &Request<'_>) -> Reply {
    match request.path() {
        "/later" => later().map_or("never".into(), |now| {
            Reply::at(protocol::after(now.instant, Duration::from_secs(1)), "later")
        }),
        "/body" => Reply::collect(Response::text),
        "/work" => Reply::blocking(|| "done elsewhere"),
        "/task" => Reply::future(async { "done elsewhere" }),
        "/next" => match later() {
            Some(now) => {
                Reply::upgrade(HeaderValue::from_static("next"), Response::ok(), connection(now))
            }
            None => "never".into(),
        },
        path => path.to_owned().into(),
    }
}

/// A time that the compiler does not know: there is no clock here to ask.
fn later() -> Option<Now> {
    black_box(None)
}

fn connection(now: Now) -> Connection {
    Connection::new(Arc::new(answer), Arc::new(Limits::default()), now)
}

fn main() {
    let Some(now) = later() else { return };
    // Behind the pointer are all methods of the contract, called or not.
    let mut protocol: Box<dyn Protocol> = Box::new(connection(now));
    let mut input = b"GET /later HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
    let consumed = protocol.receive(&mut input, &mut Vec::new(), now);
    black_box((consumed, protocol.poll()));
}
