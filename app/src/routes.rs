//! The routes.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use backend_common::Statistics;
use layer_websocket::{Message, Outbox, Socket};
use percent_encoding::percent_decode_str;
use protocol::bytes::Bytes;
use protocol::http::header::{self, HeaderValue};
use protocol::http::{Method, StatusCode};
use protocol::{Body, Content, Handler, Now, Production, Reply, Request, Response, Target};

use crate::conditional::Conditions;
use crate::dashboard::Dashboard;
use crate::origin::is_own;
use crate::store::Store;

/// The longest that `/sleep` sleeps and `/work` works.
const LONGEST: Duration = Duration::from_secs(10);

/// The most lines that `/stream` sends, and how far apart.
const MOST_LINES: u64 = 100;
const BETWEEN_LINES: Duration = Duration::from_millis(200);

/// The longest message that `/ws/echo` takes, in bytes.
const LONGEST_MESSAGE: usize = 16 << 20;

/// The demo application.
pub struct App {
    backend: String,
    model: String,
    landing: Bytes,
    counter: AtomicU64,
    files: Option<Store>,
    site: Option<Store>,
    dashboard: Option<Dashboard>,
}

/// Where a request goes.
enum Route<'a> {
    Landing,
    Echo(&'a str),
    EchoBody,
    UserAgent,
    Sleep(&'a str),
    Work(&'a str),
    Panic,
    Counter,
    Stream(&'a str),
    EchoSocket,
    Dashboard,
    DashboardLive,
    Health,
    File(&'a str),
    Site(&'a str),
}

impl Route<'_> {
    /// The methods that a route knows, as the `Allow` field lists them.
    fn allow(&self) -> &'static str {
        match self {
            Route::EchoBody => "POST, OPTIONS",
            Route::EchoSocket | Route::DashboardLive => "GET, OPTIONS",
            Route::File(_) => "GET, HEAD, POST, PUT, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

impl App {
    /// The application on a backend of this name and model, without files and without a site.
    #[must_use]
    pub fn new(backend: &str, model: &str) -> Self {
        let (backend, model) = (backend.to_owned(), model.to_owned());
        let landing = landing(&backend, &model, false);
        let counter = AtomicU64::new(0);
        App { backend, model, landing, counter, files: None, site: None, dashboard: None }
    }

    /// Shows these statistics at `/dashboard`.
    #[must_use]
    pub fn statistics(mut self, statistics: Statistics) -> Self {
        self.landing = landing(&self.backend, &self.model, true);
        let page = fill_in(include_str!("dashboard.html"), &self.backend, &self.model);
        self.dashboard = Some(Dashboard::new(statistics, &self.backend, &self.model, page));
        self
    }

    /// Keeps what is sent to `/files` in this directory.
    #[must_use]
    pub fn files(mut self, store: Store) -> Self {
        self.files = Some(store);
        self
    }

    /// Serves this directory wherever there is no other route.
    #[must_use]
    pub fn site(mut self, store: Store) -> Self {
        self.site = Some(store);
        self
    }

    fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        let (first, rest) = match path.strip_prefix('/')?.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (&path[1..], None),
        };
        Some(match (first, rest) {
            ("echo", None) => Route::EchoBody,
            ("echo", Some(text)) => Route::Echo(text),
            ("user-agent", None) => Route::UserAgent,
            ("sleep", Some(milliseconds)) => Route::Sleep(milliseconds),
            ("work", Some(milliseconds)) => Route::Work(milliseconds),
            ("panic", None) => Route::Panic,
            ("counter", None) => Route::Counter,
            ("stream", Some(count)) => Route::Stream(count),
            ("ws", Some("echo")) => Route::EchoSocket,
            ("dashboard", None) if self.dashboard.is_some() => Route::Dashboard,
            ("dashboard", Some("live")) if self.dashboard.is_some() => Route::DashboardLive,
            ("healthz", None) => Route::Health,
            ("files", Some(path)) => Route::File(path),
            _ if self.site.is_some() => Route::Site(path),
            ("", None) => Route::Landing,
            _ => return None,
        })
    }

    fn dashboard(&self, answer: impl FnOnce(&Dashboard) -> Reply) -> Reply {
        self.dashboard.as_ref().map_or_else(|| StatusCode::NOT_FOUND.into(), answer)
    }

    fn answer(&self, request: &Request<'_>, route: &Route<'_>) -> Reply {
        match route {
            Route::Landing => Response::ok()
                .content_type("text/html; charset=utf-8")
                .body(self.landing.clone())
                .into(),
            Route::Echo(text) => echo(text),
            Route::EchoBody => echo_body(request),
            Route::UserAgent => user_agent(request),
            Route::Sleep(milliseconds) => sleep(request, milliseconds),
            Route::Work(milliseconds) => work(milliseconds),
            // What a mistake in a handler costs: one connection.
            Route::Panic => panic!("/panic was asked for"),
            Route::Counter => {
                let count = self.counter.fetch_add(1, Ordering::Relaxed) + 1;
                Response::text(format!("{count}\n")).into()
            }
            Route::Stream(count) => stream(count),
            Route::EchoSocket => echo_socket(request),
            Route::Dashboard => self.dashboard(Dashboard::page),
            Route::DashboardLive => self.dashboard(|dashboard| dashboard.live(request)),
            Route::Health => Response::text("ok\n").into(),
            Route::File(path) => match &self.files {
                Some(store) => file(store, request, path),
                None => StatusCode::NOT_FOUND.into(),
            },
            Route::Site(path) => match &self.site {
                Some(store) => store.page(path, request.query(), Conditions::of(request)),
                None => StatusCode::NOT_FOUND.into(),
            },
        }
    }
}

impl Handler for App {
    fn handle(&self, request: &Request<'_>) -> Reply {
        let method = request.method();
        if !is_known(method) {
            return Response::plain(StatusCode::NOT_IMPLEMENTED).into(); // RFC 9110 §9.1
        }
        if *request.target() == Target::Asterisk {
            return options("GET, HEAD, POST, PUT, OPTIONS").into();
        }
        let Some(route) = self.route(request.path()) else {
            return Response::plain(StatusCode::NOT_FOUND).into();
        };
        let allow = route.allow();
        if !allow.split(", ").any(|allowed| allowed == method.as_str()) {
            return Response::method_not_allowed(allow).into();
        }
        if method == Method::OPTIONS {
            return options(allow).into();
        }
        self.answer(request, &route)
    }
}

/// The methods of RFC 9110 §9.3 and PATCH (RFC 5789). CONNECT is for proxies.
fn is_known(method: &Method) -> bool {
    [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::PATCH,
    ]
    .contains(method)
}

fn options(allow: &'static str) -> Response {
    Response::new(StatusCode::NO_CONTENT).field(header::ALLOW, HeaderValue::from_static(allow))
}

fn bad_request(text: &'static str) -> Reply {
    Response::new(StatusCode::BAD_REQUEST)
        .content_type("text/plain; charset=utf-8")
        .body(text)
        .into()
}

/// Plain text is never taken for a page, whatever it holds.
pub(crate) fn nosniff(response: Response) -> Response {
    response.field(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"))
}

/// Uploads are anybody's: a page among them runs no script, and is of no origin.
fn sandboxed(response: Response) -> Response {
    response.field(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox"))
}

fn file(store: &Store, request: &Request<'_>, path: &str) -> Reply {
    let (method, conditions) = (request.method(), Conditions::of(request));
    if method == Method::GET || method == Method::HEAD {
        return store.download(path, conditions).map(sandboxed);
    }
    if !is_own(request) {
        return Response::plain(StatusCode::FORBIDDEN).into();
    }
    // RFC 9110 §14.5: a part would take the place of the whole.
    if request.field("content-range").is_some() {
        return bad_request("400 Bad Request: a file is sent as a whole\n");
    }
    store.upload(path, method == Method::PUT, conditions)
}

fn echo(text: &str) -> Reply {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) => nosniff(Response::text(text.into_owned())).into(),
        Err(_) => bad_request("400 Bad Request: the text is not UTF-8\n"),
    }
}

fn echo_body(request: &Request<'_>) -> Reply {
    let media_type = request.field("content-type").and_then(|it| HeaderValue::from_bytes(it).ok());
    Reply::collect(move |body| {
        let response = nosniff(Response::ok().body(body));
        match media_type {
            Some(media_type) => response.field(header::CONTENT_TYPE, media_type),
            None => response.content_type("application/octet-stream"),
        }
    })
}

/// Says every message back. What a peer does not take is not read from it either.
struct EchoSocket;

impl Socket for EchoSocket {
    fn message(&mut self, message: Message, outbox: &mut Outbox<'_>, _: Now) {
        match message {
            Message::Text(text) => outbox.text(text),
            Message::Binary(bytes) => outbox.binary(bytes),
        }
    }
}

fn echo_socket(request: &Request<'_>) -> Reply {
    let limits = layer_websocket::Limits {
        message: LONGEST_MESSAGE,
        frame: LONGEST_MESSAGE,
        ..layer_websocket::Limits::default()
    };
    layer_websocket::accept(request, &limits, EchoSocket)
}

fn user_agent(request: &Request<'_>) -> Reply {
    let agent = request.field("user-agent").unwrap_or_default().to_vec();
    let is_text = str::from_utf8(&agent).is_ok();
    let media_type = if is_text { "text/plain; charset=utf-8" } else { "application/octet-stream" };
    nosniff(Response::ok().content_type(media_type).body(agent)).into()
}

/// A number of milliseconds, at most [`LONGEST`].
fn duration(milliseconds: &str) -> Option<Duration> {
    milliseconds.parse().ok().map(|it| Duration::from_millis(it).min(LONGEST))
}

fn sleep(request: &Request<'_>, milliseconds: &str) -> Reply {
    let Some(duration) = duration(milliseconds) else {
        return bad_request("400 Bad Request: /sleep/{milliseconds}\n");
    };
    let text = format!("slept for {} ms\n", duration.as_millis());
    Reply::at(request.now().instant + duration, Response::text(text))
}

fn work(milliseconds: &str) -> Reply {
    let Some(duration) = duration(milliseconds) else {
        return bad_request("400 Bad Request: /work/{milliseconds}\n");
    };
    Reply::blocking(move || {
        let rounds = burn(duration);
        Response::text(format!("worked for {} ms: {rounds} rounds\n", duration.as_millis()))
    })
}

/// Keeps a processor busy.
fn burn(duration: Duration) -> u64 {
    let start = Instant::now();
    let mut rounds = 0u64;
    while start.elapsed() < duration {
        rounds += 1;
        std::hint::black_box((0..1_000u64).fold(rounds, |sum, it| sum.rotate_left(5) ^ it));
    }
    rounds
}

fn stream(count: &str) -> Reply {
    let Ok(count) = count.parse::<u64>() else {
        return bad_request("400 Bad Request: /stream/{count}\n");
    };
    let count = count.min(MOST_LINES);
    let mut line = 0;
    let source = move |content: &mut Content<'_>, now: Now| {
        if line == count {
            return Production::End;
        }
        line += 1;
        let _ = writeln!(content, "line {line} of {count}"); // writing to memory cannot fail
        if line == count { Production::End } else { Production::At(now.instant + BETWEEN_LINES) }
    };
    Response::text(Body::stream(source)).into()
}

/// The landing page, which points to the dashboard if there is one.
fn landing(backend: &str, model: &str, has_dashboard: bool) -> Bytes {
    let page = fill_in(include_str!("landing.html"), backend, model);
    page.replace("{{dashboard}}", if has_dashboard { "" } else { "hidden" }).into()
}

/// A page with what it says of the server.
fn fill_in(page: &str, backend: &str, model: &str) -> String {
    page.replace("{{backend}}", &escape(backend))
        .replace("{{model}}", &escape(model))
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
}

/// Text inside an HTML document.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
