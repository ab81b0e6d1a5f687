//! What is answered.

use std::hint;
use std::time::Duration;

use app::App;
use protocol::http::header::{HeaderValue, SERVER};
use protocol::{Handler, Reply, Request, Response, Sink};

/// The longest that `/work` and `/block` compute.
const LONGEST: Duration = Duration::from_secs(1);

/// The demonstration, and before it what is measured most.
pub(crate) struct Subject {
    demonstration: App,
    /// Files of certain names, with nothing else at their place.
    site: Option<App>,
}

impl Subject {
    pub(crate) fn new(demonstration: App, site: Option<App>) -> Self {
        Subject { demonstration, site }
    }
}

impl Handler for Subject {
    fn handle(&self, request: &Request<'_>) -> Reply {
        match (request.method().as_str(), route(request.path())) {
            (_, Some(Route::File)) => {
                self.site.as_ref().unwrap_or(&self.demonstration).handle(request)
            }
            ("GET", Some(Route::Text)) => text("Hello, world!").into(),
            ("GET", Some(Route::Work(time))) => Reply::blocking(move || compute(time)),
            ("GET", Some(Route::Block(time))) => compute(time).into(),
            ("POST", Some(Route::Upload)) => Reply::stream(Counted(0)),
            _ => self.demonstration.handle(request),
        }
    }
}

enum Route {
    Text,
    Work(Duration),
    Block(Duration),
    Upload,
    File,
}

/// What is not the demonstration's.
fn route(path: &str) -> Option<Route> {
    match path.strip_prefix('/')?.split_once('/') {
        None if path == "/text" => Some(Route::Text),
        None if path == "/upload" => Some(Route::Upload),
        None if ["/1k", "/100k", "/10m"].contains(&path) => Some(Route::File),
        Some(("work", number)) => microseconds(number).map(Route::Work),
        Some(("block", number)) => microseconds(number).map(Route::Block),
        _ => None,
    }
}

/// Counts the bytes of a body, and keeps none.
struct Counted(u64);

impl Sink for Counted {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.0 += piece.len() as u64;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Reply {
        text(self.0.to_string()).into()
    }
}

/// A response as peers give it, too: they all have a `Server` field.
fn text(text: impl Into<protocol::Body>) -> Response {
    Response::text(text).field(SERVER, HeaderValue::from_static("lab"))
}

fn microseconds(number: &str) -> Option<Duration> {
    number.parse().ok().map(|number| Duration::from_micros(number).min(LONGEST))
}

/// Takes so much of the processor, however many threads share it.
fn compute(time: Duration) -> Response {
    let start = taken();
    while taken().saturating_sub(start) < time {
        hint::spin_loop();
    }
    text("done")
}

/// Processor time of this thread.
#[cfg(unix)]
fn taken() -> Duration {
    let taken = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    taken.try_into().unwrap_or_default() // it is never negative
}

/// The time, where nobody measures.
#[cfg(not(unix))]
fn taken() -> Duration {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    START.get_or_init(std::time::Instant::now).elapsed()
}
