//! What clients do to a server: each scenario is measured with every model.

use std::fmt;
use std::net::SocketAddr;

use crate::client::{http1, http2, websocket};
use crate::heads::Head;
use crate::models::{ECHO, LARGE};

/// What clients do again and again.
#[derive(Clone, Copy)]
pub struct Scenario {
    /// The name, which can be that of a folder: criterion makes one of it.
    pub name: &'static str,
    /// Requests or messages of an iteration.
    pub requests: u64,
    /// Whether a server does the same in each iteration: only then can it be counted.
    pub repeats: Repeats,
    /// Connects the clients to a server.
    pub connect: fn(SocketAddr) -> Iteration,
}

/// Whether a server does the same in each iteration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeats {
    /// One thread does all.
    Exactly,
    /// Threads hand over to each other, and one goes on while the other begins.
    Nearly,
    /// It depends on how fast client and server are.
    Not,
}

/// Has the clients do it once, and wait for the answers. What it is given is called between two
/// steps of a client that a server may see one by one or at once: to count, the server comes to
/// rest there; a clock does not wait.
pub type Iteration = Box<dyn FnMut(&mut dyn FnMut())>;

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario").field("name", &self.name).finish_non_exhaustive()
    }
}

/// All scenarios.
pub const ALL: [Scenario; 8] = [
    Scenario { name: "round trip", requests: 1, repeats: Repeats::Exactly, connect: round_trip },
    Scenario {
        name: "twelve fields",
        requests: 1,
        repeats: Repeats::Exactly,
        connect: twelve_fields,
    },
    Scenario {
        name: "pipelines of 16",
        requests: 16,
        repeats: Repeats::Exactly,
        connect: pipelines,
    },
    Scenario {
        name: "a connection for each request",
        requests: 1,
        repeats: Repeats::Nearly,
        connect: short_connections,
    },
    Scenario {
        name: "64 connections",
        requests: 64,
        repeats: Repeats::Not,
        connect: many_connections,
    },
    // How often a sender meets a socket that is full depends on how fast the reader is.
    Scenario { name: "100 KiB body", requests: 1, repeats: Repeats::Not, connect: large_body },
    Scenario {
        name: "HTTP2, 10 connections of 10 streams",
        requests: 100,
        repeats: Repeats::Not,
        connect: many_streams,
    },
    Scenario { name: "WebSocket echo", requests: 1, repeats: Repeats::Exactly, connect: echo },
];

fn round_trip(server: SocketAddr) -> Iteration {
    repeated(server, &Head::Small.bytes(), 1)
}

fn twelve_fields(server: SocketAddr) -> Iteration {
    repeated(server, &Head::Browser.bytes(), 1)
}

fn pipelines(server: SocketAddr) -> Iteration {
    repeated(server, &Head::Small.bytes(), 16)
}

fn large_body(server: SocketAddr) -> Iteration {
    repeated(server, format!("GET {LARGE} HTTP/1.1\r\nHost: {server}\r\n\r\n").as_bytes(), 1)
}

fn repeated(server: SocketAddr, request: &[u8], pipelined: usize) -> Iteration {
    let mut client = http1::Client::connect(server, request, pipelined);
    Box::new(move |_| client.ask_and_await())
}

fn short_connections(server: SocketAddr) -> Iteration {
    let head = Head::Small.bytes();
    let fields = &head[..head.len() - 2];
    let last_request = [fields, b"Connection: close\r\n\r\n"].concat();
    let mut response = Vec::with_capacity(1024);
    Box::new(move |pause| http1::ask_once(server, &last_request, &mut response, pause))
}

fn many_connections(server: SocketAddr) -> Iteration {
    let request = Head::Small.bytes();
    let connect = |_| http1::Client::connect(server, &request, 1);
    let mut clients: Vec<_> = (0..64).map(connect).collect();
    Box::new(move |_| {
        clients.iter().for_each(http1::Client::ask);
        clients.iter_mut().for_each(http1::Client::await_responses);
    })
}

fn many_streams(server: SocketAddr) -> Iteration {
    let connect = |_| http2::Client::connect(server, Head::Small);
    let mut clients: Vec<_> = (0..10).map(connect).collect();
    Box::new(move |_| {
        clients.iter_mut().for_each(|client| client.ask(10));
        clients.iter_mut().for_each(|client| client.await_responses(10));
    })
}

fn echo(server: SocketAddr) -> Iteration {
    let mut client = websocket::Client::connect(server, ECHO, &[b'x'; 64]);
    Box::new(move |_| client.say_and_await())
}
