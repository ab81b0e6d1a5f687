//! Every model of every backend, with one application: what is measured answers the same.

use std::fmt;
use std::sync::LazyLock;

use backend_common::{Backend, Handle, Reply, Request, Response, Server, Variant};
use layer_websocket::{Limits, accept};
use protocol::bytes::Bytes;

use crate::echo::Echo;

/// The path that is answered with a few bytes.
pub const PLAIN: &str = "/plain";

/// The path that is answered with 100 KiB.
pub const LARGE: &str = "/large";

/// The path where messages come back.
pub const ECHO: &str = "/echo";

static CONTENT: LazyLock<Bytes> = LazyLock::new(|| vec![b'x'; 100 << 10].into());

/// A model of a backend, and how to start it.
pub struct Model {
    /// The name of its backend.
    pub backend: &'static str,
    /// Its backend, then its own name.
    pub name: String,
    start: Box<dyn Fn(Threads, See) -> Handle>,
}

/// Is shown each request before it is answered.
pub type See = fn(&Request<'_>);

/// How many threads drive connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Threads {
    /// As many as the model takes by itself.
    Usual,
    /// As few as the model can do with.
    Few,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Model {
    /// Starts a server on a port of its own. It shows each request to `see` before it answers.
    #[must_use]
    pub fn start(&self, threads: Threads, see: See) -> Handle {
        (self.start)(threads, see)
    }
}

/// All models of all backends that this system has what they need for.
#[must_use]
pub fn all() -> Vec<Model> {
    let backends = [
        of::<backend_sync::Model>(),
        of::<backend_mio::Model>(),
        of::<backend_uring::Model>(),
        of::<backend_tokio::Model>(),
        of::<backend_async_std::Model>(),
        of::<backend_smol::Model>(),
    ];
    backends.into_iter().flatten().collect()
}

fn of<B: Backend>() -> Vec<Model> {
    if let Err(missing) = B::check_system() {
        eprintln!("{} is left out: {missing}", B::NAME);
        return Vec::new();
    }
    let models = B::MODELS.iter().map(|&Variant { model, name, .. }| Model {
        backend: B::NAME,
        name: format!("{}, {name}", B::NAME),
        start: Box::new(move |threads, see| start(model, threads, see)),
    });
    models.collect()
}

fn start<B: Backend>(model: B, threads: Threads, see: See) -> Handle {
    let server = Server::bind("127.0.0.1:0").expect("a port is free").model(model);
    let server = match (threads, B::NAME) {
        // Each connection takes a thread of the pool: with too few of them, some are starved.
        (Threads::Usual, "sync") => server.threads(128),
        (Threads::Usual, _) => server,
        // One for the connection that is counted, one for the connection that marks.
        (Threads::Few, "sync") => server.threads(2),
        (Threads::Few, _) => server.threads(1),
    };
    let application = move |request: &Request<'_>| -> Reply {
        see(request);
        answer(request)
    };
    server.spawn(application).expect("a thread starts")
}

fn answer(request: &Request<'_>) -> Reply {
    match request.path() {
        PLAIN => Response::text("hello\n").into(),
        LARGE => Response::ok().body(CONTENT.clone()).into(),
        ECHO => accept(request, &Limits::default(), Echo),
        _ => Response::plain(protocol::http::StatusCode::NOT_FOUND).into(),
    }
}
