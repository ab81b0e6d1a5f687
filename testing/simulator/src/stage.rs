//! The application that is served: each route answers in another way, and everything that it hands
//! out is counted.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use harness::EXPECTED_PANIC;
use layer_websocket::{Closed, Limits, Message, Outbox, Socket};
use protocol::http::StatusCode;
use protocol::{
    Body, Content, FileRange, Handler, Now, Production, Reply, Request, Response, Sink,
};

/// How a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Now,
    Empty,
    Large,
    File,
    Close,
    Collect,
    CollectThenWork,
    Stream,
    StreamFull,
    Later,
    Work,
    WorkThenLater,
    Future,
    Source,
    SourceWithPauses,
    Panic,
    PanicInWork,
    PanicInSource,
}

impl Route {
    pub(crate) const ALL: [Route; 18] = [
        Route::Now,
        Route::Empty,
        Route::Large,
        Route::File,
        Route::Close,
        Route::Collect,
        Route::CollectThenWork,
        Route::Stream,
        Route::StreamFull,
        Route::Later,
        Route::Work,
        Route::WorkThenLater,
        Route::Future,
        Route::Source,
        Route::SourceWithPauses,
        Route::Panic,
        Route::PanicInWork,
        Route::PanicInSource,
    ];

    /// Whether it ends in a panic.
    pub(crate) fn panics(self) -> bool {
        matches!(self, Route::Panic | Route::PanicInWork | Route::PanicInSource)
    }

    fn takes_body(self) -> bool {
        matches!(self, Route::Collect | Route::CollectThenWork | Route::Stream)
    }
}

/// One request: where it goes, and the number by which it is known again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Address {
    pub(crate) route: Route,
    pub(crate) id: usize,
    /// How long, or how much.
    pub(crate) size: usize,
}

impl Address {
    pub(crate) fn path(self) -> String {
        format!("/{:?}/{}/{}", self.route, self.id, self.size)
    }

    fn read(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let name = parts.next()?;
        let route = Route::ALL.into_iter().find(|route| format!("{route:?}") == name)?;
        let mut number = || parts.next()?.parse().ok();
        Some(Address { route, id: number()?, size: number()? })
    }

    /// The answer that is due: status and content.
    pub(crate) fn answer(self, body: &[u8]) -> (u16, Vec<u8>) {
        match self.route {
            Route::Empty => (204, Vec::new()),
            Route::Large | Route::File | Route::Source | Route::SourceWithPauses => {
                (200, self.content())
            }
            // That what follows is no part of it is not for its own content to say.
            Route::PanicInSource => (200, self.content()),
            Route::StreamFull if body.is_empty() => (200, self.says(body)),
            Route::StreamFull => (507, Vec::new()),
            Route::Panic | Route::PanicInWork => (500, b"500 Internal Server Error\n".to_vec()),
            route if route.takes_body() => (200, self.says(body)),
            _ => (200, self.says(b"")),
        }
    }

    fn says(self, body: &[u8]) -> Vec<u8> {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        format!("{} had {} bytes, {:x}\n", self.id, body.len(), hasher.finish()).into_bytes()
    }

    /// So many bytes with a pattern that shows a piece that is lost, doubled or moved.
    fn content(self) -> Vec<u8> {
        let lines = (0..).flat_map(|line: u32| format!("{}:{line}\n", self.id).into_bytes());
        lines.take(self.size).collect()
    }
}

/// All that has happened, as the application has it. Shared by all that it hands out, so that the
/// number of those who hold it tells how much of that is left.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    /// Requests that have reached their handler, by number.
    pub(crate) accepted: Vec<usize>,
    /// Ends of `WebSocket`s.
    pub(crate) closed: Vec<String>,
}

impl Ledger {
    pub(crate) fn entries(&self) -> Entries {
        self.entries.lock().expect("no entry panics").clone()
    }

    fn note(&self, note: impl FnOnce(&mut Entries)) {
        note(&mut self.entries.lock().expect("no entry panics"));
    }
}

/// Answers requests by their addresses.
pub(crate) struct Stage(pub(crate) Arc<Ledger>);

impl Handler for Stage {
    fn handle(&self, request: &Request<'_>) -> Reply {
        let ledger = Arc::clone(&self.0);
        if request.path() == "/socket" {
            let limits = Limits { max_message: 50_000, max_frame: 50_000, ..Limits::default() };
            return layer_websocket::accept(request, &limits, Echo(ledger));
        }
        let Some(address) = Address::read(request.path()) else {
            return StatusCode::NOT_FOUND.into();
        };
        ledger.note(|entries| entries.accepted.push(address.id));
        reply(address, request.now(), ledger)
    }
}

fn reply(address: Address, now: Now, ledger: Arc<Ledger>) -> Reply {
    let says = move |body: &[u8]| Response::text(address.says(body));
    let pause = Duration::from_millis(address.size as u64);
    let panic = || -> Response { std::panic::panic_any(EXPECTED_PANIC) };
    match address.route {
        Route::Now => says(b"").into(),
        Route::Empty => StatusCode::NO_CONTENT.into(),
        Route::Large => Response::ok().body(address.content()).into(),
        Route::File => Response::ok().body(file(&address.content())).into(),
        Route::Close => says(b"").close().into(),
        Route::Collect => Reply::collect(move |body| {
            drop(ledger);
            says(&body)
        }),
        Route::CollectThenWork => Reply::collect(move |body| {
            Reply::blocking(move || {
                drop(ledger);
                says(&body)
            })
        }),
        Route::Stream => Reply::stream(Keep { address, body: Vec::new(), ledger }),
        Route::StreamFull => Reply::stream(Full { address, _ledger: ledger }),
        Route::Later => Reply::at(now.instant + pause, says(b"")),
        Route::Work => Reply::blocking(move || {
            drop(ledger);
            says(b"")
        }),
        Route::WorkThenLater => Reply::blocking(move || {
            drop(ledger);
            Reply::at(now.instant + pause, says(b""))
        }),
        Route::Future => Reply::future(async move {
            std::future::ready(ledger).await;
            says(b"")
        }),
        Route::Source | Route::SourceWithPauses | Route::PanicInSource => {
            source(address, now, ledger)
        }
        Route::Panic => panic().into(),
        Route::PanicInWork => Reply::blocking(move || {
            drop(ledger);
            panic()
        }),
    }
}

/// The content in pieces, in the end of which may be a panic.
fn source(address: Address, start: Now, ledger: Arc<Ledger>) -> Reply {
    let content = address.content();
    let piece = (content.len() / 5).max(1);
    let mut pieces: Vec<_> = content.chunks(piece).map(<[u8]>::to_vec).collect();
    pieces.reverse();
    let mut paused = start.instant;
    let body = move |room: &mut Content<'_>, now: Now| {
        let _held = &ledger;
        assert!(now.instant >= paused, "asked before it is time");
        let Some(piece) = pieces.pop() else {
            if address.route == Route::PanicInSource {
                std::panic::panic_any(EXPECTED_PANIC);
            }
            return Production::End;
        };
        room.push(&piece);
        if address.route != Route::SourceWithPauses {
            return Production::More;
        }
        paused = now.instant + Duration::from_millis(70);
        Production::At(paused)
    };
    Response::ok().body(Body::stream(body)).into()
}

fn file(content: &[u8]) -> FileRange {
    let mut file = tempfile::tempfile().expect("a temporary file can be made");
    let whole = [b"before", content, b"behind"].concat();
    file.write_all(&whole).expect("a temporary file can be written");
    FileRange { file: Arc::new(file), offset: 6, length: content.len() as u64 }
}

/// Keeps the whole body.
struct Keep {
    address: Address,
    body: Vec<u8>,
    ledger: Arc<Ledger>,
}

impl Sink for Keep {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.body.extend_from_slice(piece);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Reply {
        drop(self.ledger);
        Response::text(self.address.says(&self.body)).into()
    }
}

/// Has room for nothing.
struct Full {
    address: Address,
    _ledger: Arc<Ledger>,
}

impl Sink for Full {
    fn write(&mut self, _: &[u8]) -> Result<(), Response> {
        Err(StatusCode::INSUFFICIENT_STORAGE.into())
    }

    fn finish(self: Box<Self>) -> Reply {
        Response::text(self.address.says(b"")).into()
    }
}

/// Sends messages back.
struct Echo(Arc<Ledger>);

impl Socket for Echo {
    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, _: Now) {
        match message {
            Message::Text(text) => outbox.text(text),
            Message::Binary(bytes) => outbox.binary(bytes),
        }
    }

    fn closed(&mut self, how: Closed) {
        self.0.note(|entries| entries.closed.push(format!("{how:?}")));
    }
}
