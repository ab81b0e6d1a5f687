//! What the driven connections serve: an answer of each kind.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use layer_websocket::{Closed, Message, Outbox, Socket};
use protocol::http::{Method, StatusCode};
use protocol::{Handler, Now, Reply, Request, Response, Sink};

/// What the sockets behind an upgrade were told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn push(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// All of it.
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The handler of all that is driven here. [`run`](crate::run) has one for each connection.
#[derive(Default)]
pub struct Routes {
    pub(crate) told: Told,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Routes")
    }
}

impl Handler for Routes {
    fn handle(&self, request: &Request<'_>) -> Reply {
        let path = request.path();
        let mut parts = path.trim_start_matches('/').splitn(2, '/');
        let (first, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        match first {
            "echo" if *request.method() == Method::POST => Reply::collect(Response::text),
            "echo" => Response::text(rest.to_owned()).into(),
            "work" => Reply::blocking(|| "worked"),
            "sleep" => {
                let time = Duration::from_millis(rest.parse().unwrap_or_default());
                Reply::at(protocol::after(request.now().instant, time), "slept")
            }
            "bytes" => {
                let length: usize = rest.parse().unwrap_or_default();
                Response::text("x".repeat(length.min(MOST))).into()
            }
            "store" => Reply::stream(Store(0)),
            "refuse" => StatusCode::FORBIDDEN.into(),
            "socket" => layer_websocket::accept(
                request,
                &layer_websocket::Limits::default(),
                Echo(self.told.clone()),
            ),
            _ => StatusCode::NOT_FOUND.into(),
        }
    }
}

/// The longest body of `/bytes`.
const MOST: usize = 1 << 20;

/// Counts what it is given. Writing is work, so the client is made to wait.
struct Store(usize);

impl Sink for Store {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.0 += piece.len();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Reply {
        format!("{} bytes stored", self.0).into()
    }
}

/// Says every message back, and writes down what it was told.
struct Echo(Told);

impl Socket for Echo {
    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, _: Now) {
        match message {
            Message::Text(text) => {
                self.0.push(format!("text \"{text}\""));
                outbox.text(text);
            }
            Message::Binary(bytes) => {
                self.0.push(format!("{} bytes", bytes.len()));
                outbox.binary(bytes);
            }
        }
    }

    fn closed(&mut self, how: Closed) {
        self.0.push(match how {
            Closed::Clean { code, .. } => format!("closed by the client, {code}"),
            Closed::Failed { code } => format!("ended by us, {code}"),
            Closed::Cut => "cut".to_owned(),
        });
    }
}
