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

use crate::answers::{bad_request, escape, nosniff, sandboxed};
use crate::conditional::Conditions;
use crate::dashboard::Dashboard;
use crate::origin::is_own;
use crate::site::{Sites, download};
use crate::store::Store;

/// The longest that `/sleep` sleeps and `/work` works.
const LONGEST: Duration = Duration::from_secs(10);

/// The most lines that `/stream` sends, and how far apart.
const MOST_LINES: u64 = 100;
const BETWEEN_LINES: Duration = Duration::from_millis(200);

/// The longest message that `/ws/echo` takes, in bytes.
const LONGEST_MESSAGE: usize = 16 << 20;

/// The methods of what can only be read, and of what can also be written.
const READ: &str = "GET, HEAD, OPTIONS";
const ALL: &str = "GET, HEAD, POST, PUT, OPTIONS";

/// The application: the demonstration, a site, or both.
pub struct App {
    /// The demonstration, whose pages name the backend and its model.
    demo: Option<Demo>,
    has_health: bool,
    files: Option<Store>,
    sites: Option<Sites>,
}

/// The demonstration: routes that show what each of the five waits is good for.
struct Demo {
    backend: String,
    model: String,
    landing: Bytes,
    counter: AtomicU64,
    dashboard: Option<Dashboard>,
}

/// Where a request goes.
enum Route<'a> {
    Landing(&'a Demo),
    Echo(&'a str),
    EchoBody,
    UserAgent,
    Sleep(&'a str),
    Work(&'a str),
    Panic,
    Counter(&'a AtomicU64),
    Stream(&'a str),
    EchoSocket,
    Dashboard(&'a Dashboard),
    DashboardLive(&'a Dashboard),
    Health,
    File(&'a Store, &'a str),
    Site(&'a Sites),
}

impl Route<'_> {
    /// The methods that a route knows, as the `Allow` field lists them.
    fn allow(&self) -> &'static str {
        match self {
            Route::EchoBody => "POST, OPTIONS",
            Route::EchoSocket | Route::DashboardLive(_) => "GET, OPTIONS",
            Route::File(..) => ALL,
            _ => READ,
        }
    }

    /// Its name in logs and metrics: of these there are a few, of paths without end.
    fn name(&self) -> &'static str {
        match self {
            Route::Landing(_) => "/",
            Route::Echo(_) => "/echo/TEXT",
            Route::EchoBody => "/echo",
            Route::UserAgent => "/user-agent",
            Route::Sleep(_) => "/sleep/MS",
            Route::Work(_) => "/work/MS",
            Route::Panic => "/panic",
            Route::Counter(_) => "/counter",
            Route::Stream(_) => "/stream/LINES",
            Route::EchoSocket => "/ws/echo",
            Route::Dashboard(_) => "/dashboard",
            Route::DashboardLive(_) => "/dashboard/live",
            Route::Health => "/healthz",
            Route::File(..) => "/files/NAME",
            Route::Site(..) => "site",
        }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App")
            .field("has_health", &self.has_health)
            .field("files", &self.files)
            .field("sites", &self.sites)
            .finish_non_exhaustive()
    }
}

impl App {
    /// The demonstration, on a backend of this name and model, without files and without a site.
    #[must_use]
    pub fn new(backend: &str, model: &str) -> Self {
        let mut demo = Demo {
            backend: backend.to_owned(),
            model: model.to_owned(),
            landing: Bytes::new(),
            counter: AtomicU64::new(0),
            dashboard: None,
        };
        demo.fill_in_landing(false);
        App { demo: Some(demo), has_health: true, files: None, sites: None }
    }

    /// Sites and nothing else: a [`Store`] is one.
    #[must_use]
    pub fn of_site(sites: impl Into<Sites>) -> Self {
        App { demo: None, has_health: false, files: None, sites: Some(sites.into()) }
    }

    /// Answers at `/healthz`, as the demonstration does anyway.
    #[must_use]
    pub fn health(mut self) -> Self {
        self.has_health = true;
        self
    }

    /// Shows these statistics at `/dashboard`, if the demonstration is served.
    #[must_use]
    pub fn statistics(mut self, statistics: Statistics) -> Self {
        let has_files = self.files.is_some();
        if let Some(demo) = &mut self.demo {
            let page = fill_in(include_str!("dashboard.html"), &demo.backend, &demo.model);
            let dashboard = Dashboard::new(statistics, &demo.backend, &demo.model, page);
            demo.dashboard = Some(dashboard);
            demo.fill_in_landing(has_files);
        }
        self
    }

    /// Keeps what is sent to `/files` in this directory.
    #[must_use]
    pub fn files(mut self, store: Store) -> Self {
        self.files = Some(store);
        self.demo.iter_mut().for_each(|demo| demo.fill_in_landing(true));
        self
    }

    /// Serves these sites wherever there is no other route: a [`Store`] is one.
    #[must_use]
    pub fn site(mut self, sites: impl Into<Sites>) -> Self {
        self.sites = Some(sites.into());
        self
    }

    /// The name of the route that a path leads to; `none` if there is none.
    pub(crate) fn route_name(&self, path: &str) -> &'static str {
        self.route(path).map_or("none", |route| route.name())
    }

    fn route<'a>(&'a self, path: &'a str) -> Option<Route<'a>> {
        let (first, rest) = match path.strip_prefix('/')?.split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (&path[1..], None),
        };
        match (first, rest, &self.files) {
            ("healthz", None, _) if self.has_health => return Some(Route::Health),
            ("files", Some(path), Some(store)) => return Some(Route::File(store, path)),
            _ => {}
        }
        let demo = self.demo.as_ref().and_then(|demo| demo.route(first, rest));
        demo.or_else(|| match (&self.sites, &self.demo) {
            (Some(sites), _) => Some(Route::Site(sites)),
            (None, Some(demo)) if path == "/" => Some(Route::Landing(demo)),
            _ => None,
        })
    }
}

impl Demo {
    fn fill_in_landing(&mut self, has_files: bool) {
        let page = fill_in(include_str!("landing.html"), &self.backend, &self.model);
        let hidden = |is_there| if is_there { "" } else { "hidden" };
        let page = page.replace("{{dashboard}}", hidden(self.dashboard.is_some()));
        self.landing = page.replace("{{files}}", hidden(has_files)).into();
    }

    fn route<'a>(&'a self, first: &'a str, rest: Option<&'a str>) -> Option<Route<'a>> {
        Some(match (first, rest, &self.dashboard) {
            ("echo", None, _) => Route::EchoBody,
            ("echo", Some(text), _) => Route::Echo(text),
            ("user-agent", None, _) => Route::UserAgent,
            ("sleep", Some(milliseconds), _) => Route::Sleep(milliseconds),
            ("work", Some(milliseconds), _) => Route::Work(milliseconds),
            ("panic", None, _) => Route::Panic,
            ("counter", None, _) => Route::Counter(&self.counter),
            ("stream", Some(count), _) => Route::Stream(count),
            ("ws", Some("echo"), _) => Route::EchoSocket,
            ("dashboard", None, Some(dashboard)) => Route::Dashboard(dashboard),
            ("dashboard", Some("live"), Some(dashboard)) => Route::DashboardLive(dashboard),
            _ => return None,
        })
    }
}

fn answer(request: &Request<'_>, route: &Route<'_>) -> Reply {
    match route {
        Route::Landing(demo) => {
            let page = demo.landing.clone();
            Response::ok().content_type("text/html; charset=utf-8").body(page).into()
        }
        Route::Echo(text) => echo(text),
        Route::EchoBody => echo_body(request),
        Route::UserAgent => user_agent(request),
        Route::Sleep(milliseconds) => sleep(request, milliseconds),
        Route::Work(milliseconds) => work(milliseconds),
        // What a mistake in a handler costs: one connection.
        Route::Panic => panic!("/panic was asked for"),
        Route::Counter(counter) => {
            let count = counter.fetch_add(1, Ordering::Relaxed) + 1;
            Response::text(format!("{count}\n")).into()
        }
        Route::Stream(count) => stream(count),
        Route::EchoSocket => echo_socket(request),
        Route::Dashboard(dashboard) => dashboard.page(),
        Route::DashboardLive(dashboard) => dashboard.live(request),
        Route::Health => Response::text("ok\n").into(),
        Route::File(store, path) => file(store, request, path),
        Route::Site(sites) => sites.answer(request),
    }
}

impl App {
    fn answer(&self, request: &Request<'_>, route: Option<&Route<'_>>) -> Reply {
        let method = request.method();
        if !is_known(method) {
            return Response::plain(StatusCode::NOT_IMPLEMENTED).into(); // RFC 9110 §9.1
        }
        if *request.target() == Target::Asterisk {
            let allow = if self.demo.is_some() || self.files.is_some() { ALL } else { READ };
            return options(allow).into();
        }
        let Some(route) = route else {
            return Response::plain(StatusCode::NOT_FOUND).into();
        };
        let allow = route.allow();
        if !allow.split(", ").any(|allowed| allowed == method.as_str()) {
            return Response::method_not_allowed(allow).into();
        }
        if method == Method::OPTIONS {
            return options(allow).into();
        }
        answer(request, route)
    }
}

impl Handler for App {
    fn handle(&self, request: &Request<'_>) -> Reply {
        let route = self.route(request.path());
        let reply = self.answer(request, route.as_ref());
        match route {
            Some(Route::File(..) | Route::Site(..)) => reply,
            // It is true at this moment: without a word, a cache might keep it (RFC 9111 §4.2.2).
            _ => reply.map(|response| {
                response.field(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
            }),
        }
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

fn file(store: &Store, request: &Request<'_>, path: &str) -> Reply {
    let (method, conditions) = (request.method(), Conditions::of(request));
    if method == Method::GET || method == Method::HEAD {
        return download(store, path, conditions).map(sandboxed);
    }
    if !is_own(request) {
        return Response::plain(StatusCode::FORBIDDEN).into();
    }
    // RFC 9110 §14.5: a part would take the place of the whole. §14.4: it means nothing to POST.
    if method == Method::PUT && request.field("content-range").is_some() {
        return bad_request("400 Bad Request: a file is sent as a whole\n");
    }
    // RFC 9110 §8.4: without its coding it would be another representation than was sent.
    // §12.5.3: which is what the response has to say.
    if request.fields().any(|(name, value)| is_coding(name, value)) {
        return Response::plain(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .field(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
            .into();
    }
    store.upload(path, method == Method::PUT, conditions)
}

/// Whether a field says that the content is encoded.
fn is_coding(name: &str, value: &[u8]) -> bool {
    name.eq_ignore_ascii_case("content-encoding") && !value.eq_ignore_ascii_case(b"identity")
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
        max_message: LONGEST_MESSAGE,
        max_frame: LONGEST_MESSAGE,
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

/// A page with what it says of the server.
fn fill_in(page: &str, backend: &str, model: &str) -> String {
    page.replace("{{backend}}", &escape(backend))
        .replace("{{model}}", &escape(model))
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
}
