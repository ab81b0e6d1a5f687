//! A handler with one path for each thing that a handler can do.

use std::fmt::Write;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use protocol::http::StatusCode;
use protocol::{
    Body, Content, FileRange, Handler, Now, Production, Reply, Request, Response, Sink, Target,
};

use super::EXPECTED_PANIC;

/// How long `/later` takes.
pub(crate) const LATER: Duration = Duration::from_millis(300);

/// Length of the body of `/large`.
pub(crate) const LARGE: usize = 300_000;

/// Answers each path in its own way, and every other with what it has understood.
pub(crate) struct Demo;

impl Handler for Demo {
    fn handle(&self, request: &Request<'_>) -> Reply {
        let now = request.now();
        match request.path() {
            "/fields" => fields(request).into(),
            "/collect" => Reply::collect(|body| format!("collected {}", show(&body))),
            "/stream" => Reply::stream(Keep::default()),
            "/stream/full" => Reply::stream(Full),
            "/stream/panic" => Reply::stream(Panicking),
            "/later" => Reply::at(now.instant + LATER, "later"),
            "/work" => Reply::blocking(|| "worked"),
            "/work/later" => Reply::blocking(move || Reply::at(now.instant + LATER, "much later")),
            "/work/collect" => Reply::blocking(|| {
                Reply::collect(|body| Reply::blocking(move || format!("worked {}", show(&body))))
            }),
            "/future" => Reply::future(async {
                std::future::ready(()).await;
                "came to pass"
            }),
            "/panic" => std::panic::panic_any(EXPECTED_PANIC),
            "/panic/collect" => {
                Reply::collect(|_| -> Reply { std::panic::panic_any(EXPECTED_PANIC) })
            }
            "/panic/work" => Reply::blocking(|| -> Reply { std::panic::panic_any(EXPECTED_PANIC) }),
            "/panic/future" => Reply::future(async {
                std::panic::panic_any::<&'static str>(EXPECTED_PANIC) as Reply
            }),
            "/panic/source" => Response::ok().body(Body::stream(broken_source)).into(),
            "/stalled/source" => {
                Response::ok().body(Body::stream(|_: &mut Content<'_>, _| Production::More)).into()
            }
            "/204" => StatusCode::NO_CONTENT.into(),
            "/304" => Response::new(StatusCode::NOT_MODIFIED).body("never sent").into(),
            "/close" => Response::text("bye").close().into(),
            "/empty" => Response::ok().into(),
            "/large" => Response::ok().body(large()).into(),
            "/file" => file("#0123456789#", 1, 10).into(),
            "/file/empty" => file("", 0, 0).into(),
            "/file/large" => file(&String::from_utf8_lossy(&large()), 0, LARGE as u64).into(),
            "/source" => Response::ok().body(Body::stream(counting(now, Duration::ZERO))).into(),
            "/source/slow" => Response::ok().body(Body::stream(counting(now, LATER / 3))).into(),
            "/source/empty" => {
                Response::ok().body(Body::stream(|_: &mut Content<'_>, _| Production::End)).into()
            }
            "/source/large" => Response::ok().body(Body::stream(pieces(75, 4000))).into(),
            // A tunnel that is not opened.
            "" => Response::new(StatusCode::FORBIDDEN)
                .content_type("text/plain; charset=utf-8")
                .body(describe(request))
                .into(),
            _ => describe(request).into(),
        }
    }
}

/// Method, target in its form, and version.
fn describe(request: &Request<'_>) -> String {
    let target = match request.target() {
        Target::Origin { path, query } => format!("origin {path} {query:?}"),
        Target::Absolute { authority, path, query } => {
            format!("absolute {authority} {path} {query:?}")
        }
        Target::Authority(authority) => format!("authority {authority}"),
        Target::Asterisk => "asterisk".to_owned(),
    };
    format!("{} {target} {:?}", request.method(), request.version())
}

/// Every field line on a line of its own.
fn fields(request: &Request<'_>) -> String {
    let mut text = String::new();
    for (name, value) in request.fields() {
        writeln!(text, "{name}={}", value.escape_ascii()).expect("a String takes everything");
    }
    text
}

/// A short body itself, of a long one the length.
fn show(body: &[u8]) -> String {
    if body.len() > 100 {
        format!("{} bytes", body.len())
    } else {
        format!("{:?}", String::from_utf8_lossy(body))
    }
}

/// `LARGE` bytes with a pattern that shows a piece that is lost, doubled or moved.
pub(crate) fn large() -> Vec<u8> {
    let mut body = (0..).flat_map(|n: u32| format!("{n:07}\n").into_bytes());
    body.by_ref().take(LARGE).collect()
}

fn file(content: &str, offset: u64, length: u64) -> Response {
    let mut file = tempfile::tempfile().expect("a temporary file can be made");
    file.write_all(content.as_bytes()).expect("a temporary file can be written");
    Response::ok().body(FileRange { file: Arc::new(file), offset, length })
}

/// The numbers up to three, one at a time.
fn counting(
    start: Now,
    pause: Duration,
) -> impl FnMut(&mut Content<'_>, Now) -> Production + Send + 'static {
    let mut n = 0;
    move |piece, _| {
        n += 1;
        piece.push(format!("{n},").as_bytes());
        match n {
            3 => Production::End,
            _ if pause.is_zero() => Production::More,
            _ => Production::At(start.instant + pause * n),
        }
    }
}

/// So many pieces of such a length.
fn pieces(
    count: usize,
    length: usize,
) -> impl FnMut(&mut Content<'_>, Now) -> Production + Send + 'static {
    let mut left = count;
    move |piece, _| {
        left -= 1;
        piece.push(&vec![b'a' + (left % 26) as u8; length]);
        if left == 0 { Production::End } else { Production::More }
    }
}

fn broken_source(piece: &mut Content<'_>, _: Now) -> Production {
    piece.push(b"part");
    std::panic::panic_any(EXPECTED_PANIC)
}

/// Keeps everything and shows it in the end.
#[derive(Default)]
struct Keep(Vec<u8>);

impl Sink for Keep {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        self.0.extend_from_slice(piece);
        Ok(())
    }

    fn finish(self: Box<Self>) -> Reply {
        format!("streamed {}", show(&self.0)).into()
    }
}

/// Has no room.
struct Full;

impl Sink for Full {
    fn write(&mut self, _: &[u8]) -> Result<(), Response> {
        Err(StatusCode::INSUFFICIENT_STORAGE.into())
    }

    fn finish(self: Box<Self>) -> Reply {
        "nothing to store".into()
    }
}

/// Panics as soon as it is used.
struct Panicking;

impl Sink for Panicking {
    fn write(&mut self, _: &[u8]) -> Result<(), Response> {
        std::panic::panic_any(EXPECTED_PANIC)
    }

    fn finish(self: Box<Self>) -> Reply {
        std::panic::panic_any(EXPECTED_PANIC)
    }
}
