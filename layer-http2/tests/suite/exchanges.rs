//! Every kind of reply, as an orderly client sees it.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use protocol::http::{HeaderValue, StatusCode, header};
use protocol::{
    Body, Connection, Content, FileRange, Limits, Now, Production, Reply, Request, Response, Sink,
    Source, Work,
};

use crate::driver::{Driver, EXPECTED_PANIC, drive, silence_expected_panics, start};
use crate::frames;
use harness::http2::{Client, request, talk};

pub(crate) fn big() -> Vec<u8> {
    (0..50_000_u32).flat_map(u32::to_le_bytes).collect()
}

pub(crate) fn file(content: &[u8]) -> FileRange {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(content).unwrap();
    FileRange { file: Arc::new(file), offset: 0, length: content.len() as u64 }
}

/// Counts what it is given.
#[derive(Default)]
pub(crate) struct Count(pub(crate) usize);

impl Sink for Count {
    fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
        if piece.starts_with(b"panic") {
            std::panic::panic_any(EXPECTED_PANIC);
        }
        if piece.starts_with(b"refuse") {
            return Err(Response::plain(StatusCode::CONFLICT));
        }
        self.0 += piece.len();
        Ok(())
    }

    fn finish(self: Box<Self>) -> Reply {
        Response::text(format!("{} bytes", self.0)).into()
    }
}

/// Panics when it is dropped.
pub(crate) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        std::panic::panic_any(EXPECTED_PANIC);
    }
}

impl Sink for Bomb {
    fn write(&mut self, _: &[u8]) -> Result<(), Response> {
        Ok(())
    }

    fn finish(self: Box<Self>) -> Reply {
        "finished".into()
    }
}

impl Source for Bomb {
    fn produce(&mut self, piece: &mut Content<'_>, _: Now) -> Production {
        piece.push(b"boom");
        Production::End
    }
}

/// So many pieces, each later than the last one by so much.
pub(crate) fn ticks(count: u32, every: Duration) -> Body {
    let mut made = 0;
    Body::stream(move |piece: &mut Content<'_>, now: Now| {
        made += 1;
        piece.push(format!("tick {made}\n").as_bytes());
        if made == count { Production::End } else { Production::At(now.instant + every) }
    })
}

/// A big body in pieces.
pub(crate) fn pieces() -> Body {
    let mut rest = big();
    Body::stream(move |piece: &mut Content<'_>, _: Now| {
        let length = rest.len().min(3000);
        piece.push(&rest[..length]);
        rest.drain(..length);
        if rest.is_empty() { Production::End } else { Production::More }
    })
}

pub(crate) fn handler(request: &Request<'_>) -> Reply {
    match request.path() {
        "/big" => Response::ok().body(big()).into(),
        "/file" => Response::ok().body(file(&big())).into(),
        "/short-file" => {
            let range = file(b"0123456789");
            Response::ok().body(FileRange { length: 20, ..range }).into()
        }
        "/empty-file" => Response::ok().body(file(b"")).into(),
        "/pieces" => Response::ok().body(pieces()).into(),
        "/ticks" => Response::ok().body(ticks(3, Duration::from_millis(50))).into(),
        "/nothing" => StatusCode::NO_CONTENT.into(),
        "/empty" => Response::ok().into(),
        "/empty-source" => {
            Response::ok().body(Body::stream(|_: &mut Content<'_>, _: Now| Production::End)).into()
        }
        "/later" => Reply::at(start().instant + Duration::from_secs(1), "later"),
        "/work" => Reply::blocking(|| "worked"),
        "/work-twice" => Reply::blocking(|| Reply::blocking(|| "worked twice")),
        "/work-panics" => Reply::blocking(|| -> Reply { std::panic::panic_any(EXPECTED_PANIC) }),
        "/future" => Reply::future(async { "came true" }),
        "/future-panics" => {
            Reply::future(async { std::panic::panic_any::<&str>(EXPECTED_PANIC) as Reply })
        }
        "/collect" => Reply::collect(|body| Response::ok().body(body)),
        "/collect-panics" => Reply::collect(|_| -> Reply { std::panic::panic_any(EXPECTED_PANIC) }),
        "/count" => Reply::stream(Count::default()),
        "/work-then-count" => Reply::blocking(|| Reply::stream(Count::default())),
        "/drop-sink" => Reply::stream(Bomb),
        "/drop-source" => Response::ok().body(Body::stream(Bomb)).into(),
        "/drop-work" => {
            let bomb = Bomb;
            Reply::blocking(move || {
                let _bomb = &bomb;
                "worked"
            })
        }
        "/broken" => {
            Response::ok().body(Body::stream(|_: &mut Content<'_>, _: Now| Production::More)).into()
        }
        "/source-panics" => Response::ok()
            .body(Body::stream(|_: &mut Content<'_>, _: Now| -> Production {
                std::panic::panic_any(EXPECTED_PANIC)
            }))
            .into(),
        "/panics" => std::panic::panic_any(EXPECTED_PANIC),
        "/interim" => Response::new(StatusCode::EARLY_HINTS).into(),
        "/upgrade" => {
            let next = Connection::new(Arc::new(handler), Arc::new(Limits::default()), start());
            Reply::upgrade(HeaderValue::from_static("echo"), Response::ok(), next)
        }
        "/fields" => Response::ok()
            .field(header::UPGRADE, HeaderValue::from_static("h3"))
            .field(header::ETAG, HeaderValue::from_static("\"1\""))
            .field(header::SET_COOKIE, HeaderValue::from_static("a=1"))
            .field(header::SET_COOKIE, HeaderValue::from_static("b=2"))
            .into(),
        "/head" => {
            let fields = request
                .fields()
                .map(|(name, value)| format!("{name}: {}\n", String::from_utf8_lossy(value)));
            Response::text(fields.collect::<String>()).into()
        }
        path => Response::text(path.to_owned()).into(),
    }
}

fn driver() -> Driver {
    silence_expected_panics();
    drive(handler, Limits::default())
}

/// The paths that can be asked for without a body, with what is answered.
pub(crate) fn expected() -> Vec<(&'static str, u16, Vec<u8>)> {
    let text = |path, text: &str| (path, 200, text.as_bytes().to_vec());
    vec![
        text("/any", "/any"),
        ("/big", 200, big()),
        ("/file", 200, big()),
        ("/empty-file", 200, vec![]),
        ("/pieces", 200, big()),
        text("/ticks", "tick 1\ntick 2\ntick 3\n"),
        ("/nothing", 204, vec![]),
        ("/empty", 200, vec![]),
        ("/empty-source", 200, vec![]),
        text("/later", "later"),
        text("/work", "worked"),
        text("/work-twice", "worked twice"),
        ("/work-panics", 500, b"500 Internal Server Error\n".to_vec()),
        text("/future", "came true"),
        ("/future-panics", 500, b"500 Internal Server Error\n".to_vec()),
        ("/collect", 200, vec![]),
        ("/collect-panics", 500, b"500 Internal Server Error\n".to_vec()),
        text("/count", "0 bytes"),
        text("/work-then-count", "0 bytes"),
        ("/drop-sink", 500, b"500 Internal Server Error\n".to_vec()),
        ("/panics", 500, b"500 Internal Server Error\n".to_vec()),
        ("/interim", 500, b"500 Internal Server Error\n".to_vec()),
        ("/upgrade", 501, b"501 Not Implemented\n".to_vec()),
        ("/fields", 200, vec![]),
    ]
}

#[test]
fn every_kind_of_reply_many_at_once() {
    let (mut client, mut driver) = (Client::new(), driver());
    let expected = expected();
    for (path, ..) in expected.iter().chain(&expected) {
        client.get(path);
    }
    talk(&mut client, &mut driver, 1000);
    for _ in 0..20 {
        driver.pass_ms(100);
        talk(&mut client, &mut driver, 1000);
    }
    for (answer, (path, status, body)) in
        client.answers().into_iter().zip(expected.iter().chain(&expected))
    {
        assert_eq!(answer.status, *status, "{path}");
        assert!(answer.is_whole && answer.body == *body, "{path}: {answer:?}");
        assert_eq!(answer.field("date"), Some("Thu, 01 Jan 1970 00:00:00 GMT"));
        let length = answer.field("content-length").map(|it| it.parse().unwrap());
        match *path {
            "/pieces" | "/ticks" | "/empty-source" | "/nothing" => assert_eq!(length, None),
            _ => assert_eq!(length, Some(body.len()), "{path}"),
        }
    }
    assert_eq!(driver.connection.served(), 2 * expected.len() as u64);
    assert!(driver.connection.is_idle() && driver.held.is_empty());
}

#[test]
fn bodies_are_collected_streamed_or_thrown_away() {
    let (mut client, mut driver) = (Client::new(), driver());
    client.post("/collect", big());
    client.post("/count", big());
    client.post("/work-then-count", big());
    client.post("/any", vec![0; 10_000]);
    client.post("/count", *b"refuse");
    client.post("/count", *b"panic");
    client.post("/collect-panics", *b"anything");
    client.post("/drop-sink", *b"anything");
    talk(&mut client, &mut driver, 5000);
    let answers = client.answers();
    assert!(answers.iter().all(|it| it.is_whole), "{answers:?}");
    let statuses: Vec<u16> = answers.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 409, 500, 500, 500]);
    assert!(answers[0].body == big());
    assert_eq!((answers[1].text(), answers[2].text()), ("200000 bytes", "200000 bytes"));
    assert_eq!(driver.connection.served(), 8);
}

#[test]
fn a_body_that_is_too_long_is_refused_and_costs_one_stream() {
    let limits =
        Limits { max_collect: 1000, max_body: 5000, max_discard: 500, ..Limits::default() };
    let (mut client, mut driver) = (Client::new(), drive(handler, limits));
    client.post("/collect", vec![0; 1000]);
    client.post("/collect", vec![0; 1001]);
    client.post("/count", vec![0; 5000]);
    client.post("/count", vec![0; 5001]);
    let mut declared = request("POST", "/count");
    declared.headers_mut().insert(header::CONTENT_LENGTH, 5001.into());
    client.send(declared, Some(vec![0; 5001]));
    client.post("/any", vec![0; 500_000]); // answered, and the rest is not waited for
    talk(&mut client, &mut driver, 5000);
    client.get("/any");
    talk(&mut client, &mut driver, 5000);
    let statuses: Vec<u16> = client.answers().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [200, 413, 200, 413, 413, 200, 200]);
    assert!(client.answers().iter().all(|it| it.is_whole));
}

#[test]
fn head_has_the_fields_of_get_and_no_body() {
    let (mut client, mut driver) = (Client::new(), driver());
    for path in ["/big", "/file", "/pieces", "/work", "/any"] {
        client.send(request("HEAD", path), None);
    }
    talk(&mut client, &mut driver, 1000);
    let lengths: Vec<_> =
        client.answers().iter().map(|it| it.field("content-length").map(str::to_owned)).collect();
    let length = Some(big().len().to_string());
    assert_eq!(lengths, [length.clone(), length, None, Some("6".into()), Some("4".into())]);
    assert!(client.answers().iter().all(|it| it.is_whole && it.body.is_empty()));
}

#[test]
fn a_source_that_breaks_a_file_that_shrinks_and_a_panic_cost_one_stream() {
    let (mut client, mut driver) = (Client::new(), driver());
    for path in ["/broken", "/source-panics", "/short-file", "/any"] {
        client.get(path);
    }
    talk(&mut client, &mut driver, 1000);
    for answer in &client.answers()[..3] {
        assert!(answer.reset == Some(frames::INTERNAL_ERROR) && !answer.is_whole, "{answer:?}");
    }
    assert_eq!(client.answers()[3].text(), "/any");
}

#[test]
fn a_panic_on_drop_costs_no_other_stream() {
    let (mut client, mut driver) = (Client::new(), driver());
    driver.holds_work = true;
    client.get("/work");
    client.send(request("HEAD", "/drop-source"), None); // dropped unused
    client.get("/drop-source"); // dropped used up
    client.get("/drop-work");
    talk(&mut client, &mut driver, 1000);
    while !driver.held.is_empty() {
        driver.finish_work();
        talk(&mut client, &mut driver, 1000);
    }
    let answers = client.answers();
    assert!(answers.iter().all(|it| it.is_whole), "{answers:?}");
    let statuses: Vec<u16> = answers.iter().map(|it| it.status).collect();
    assert_eq!(statuses, [200, 200, 200, 500]);
}

#[test]
fn a_sink_that_panics_when_it_is_dropped_costs_no_other_stream() {
    let mut driver = driver();
    driver.feed(frames::preface(&[]));
    driver.feed(frames::post(1, "/drop-sink", &[]));
    driver.feed(frames::reset(1));
    driver.feed(frames::post(3, "/drop-sink", &[]));
    driver.pass(Duration::from_secs(21)); // and by refusing it
    driver.feed(frames::get(5, "/any"));
    let frames = frames::take_frames(&mut driver.wire);
    assert_eq!(frames::of(&frames, frames::HEADERS, 3)[0].status(), 408);
    assert_eq!(frames::content(&frames, 5), b"/any");
}

#[test]
fn a_client_that_expects_100_continue_gets_it_when_the_body_is_wanted() {
    let (mut client, mut driver) = (Client::new(), driver());
    for path in ["/collect", "/any", "/work-then-count"] {
        let mut expecting = request("POST", path);
        expecting.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
        client.send(expecting, Some(b"hello".to_vec()));
    }
    let mut other = request("POST", "/collect");
    other.headers_mut().insert(header::EXPECT, HeaderValue::from_static("a miracle"));
    client.send(other, Some(b"hello".to_vec()));
    talk(&mut client, &mut driver, 1000);
    let answers = client.answers();
    let interim: Vec<&[u16]> = answers.iter().map(|it| &it.interim[..]).collect();
    assert_eq!(interim, [&[100][..], &[], &[100], &[]]);
    assert_eq!((answers[0].text(), answers[1].text(), answers[3].status), ("hello", "/any", 417));
    assert_eq!(answers[2].text(), "5 bytes");
}

#[test]
fn fields_of_a_connection_are_left_out_and_cookies_put_together() {
    let (mut client, mut driver) = (Client::new(), driver());
    client.get("/fields");
    let mut cookies = request("GET", "/head");
    for cookie in ["a=1", "b=2", "c=3"] {
        cookies.headers_mut().append(header::COOKIE, HeaderValue::from_static(cookie));
    }
    client.send(cookies, None);
    talk(&mut client, &mut driver, 1000);
    let answers = client.answers();
    assert_eq!(answers[0].field("upgrade"), None);
    assert_eq!(answers[0].field("etag"), Some("\"1\""));
    assert_eq!(answers[0].fields.iter().filter(|it| it.0 == "set-cookie").count(), 2);
    assert_eq!(answers[1].text(), "host: localhost\ncookie: a=1; b=2; c=3\n");
}

#[test]
fn connect_makes_no_tunnel() {
    let mut driver = driver();
    driver.feed(frames::preface(&[]));
    let fields = [(":method", "CONNECT"), (":authority", "h:80")];
    let flags = frames::END_HEADERS;
    driver.feed(frames::frame(frames::HEADERS, flags, 1, &frames::block(&fields)));
    let frames = frames::take_frames(&mut driver.wire);
    assert_eq!(frames::of(&frames, frames::HEADERS, 1)[0].status(), 501);
}

/// RFC 9113 §8.1.1, §8.2, §8.3: the stream is reset, the connection goes on.
#[test]
fn malformed_requests_are_reset() {
    let malformed: [&[(&str, &str)]; 13] = [
        &[(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "")],
        &[(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "x")],
        &[(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "http://evil/")],
        &[(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "*")],
        &[(":method", "GET"), (":scheme", "http"), (":authority", "u@h"), (":path", "/")],
        &[
            (":method", "GET"),
            (":scheme", "http"),
            (":authority", "a"),
            (":path", "/"),
            ("host", "b"),
        ],
        &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "a"), ("host", "b")],
        &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("host", "a"), ("host", "a")],
        &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("connection", "close")],
        &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("content-length", "1")],
        &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("content-length", "+0")],
        &[(":method", "GET"), (":scheme", "http"), (":path", "/"), ("x", " y")],
        &[(":method", "CONNECT"), (":authority", "h:80"), (":scheme", "http"), (":path", "/")],
    ];
    let mut driver = driver();
    driver.feed(frames::preface(&[]));
    frames::take_frames(&mut driver.wire);
    for (at, fields) in malformed.into_iter().enumerate() {
        let stream = 2 * u32::try_from(at).unwrap() + 1;
        let flags = frames::END_HEADERS | frames::END_STREAM;
        driver.feed(frames::frame(frames::HEADERS, flags, stream, &frames::block(fields)));
        let frames = frames::take_frames(&mut driver.wire);
        let [frame] = &frames[..] else { panic!("{fields:?}: {frames:?}") };
        assert_eq!((frame.kind, frame.stream), (frames::RST_STREAM, stream), "{fields:?}");
        assert_eq!(frame.code(), frames::PROTOCOL_ERROR, "{fields:?}");
    }
    driver.feed(frames::get(99, "/any"));
    assert_eq!(frames::content(&frames::take_frames(&mut driver.wire), 99), b"/any");
    assert_eq!(driver.connection.served(), 1);
}

/// Browsers send each cookie in a line of its own.
#[test]
fn a_cookie_is_one_field_however_many_lines_it_has() {
    let limits = Limits { max_fields: 3, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.feed(frames::preface(&[]));
    let crumbs: Vec<String> = (0..200).map(|it| format!("c{it}={it}")).collect();
    let crumbs = |names: &[&'static str]| -> Vec<u8> {
        let mut fields: Vec<(&str, &str)> = names.iter().map(|name| (*name, "x")).collect();
        fields.extend(crumbs.iter().map(|crumb| ("cookie", &crumb[..])));
        frames::request("GET", "/head", &fields)
    };
    let flags = frames::END_HEADERS | frames::END_STREAM;
    driver.feed(frames::frame(frames::HEADERS, flags, 1, &crumbs(&["via"])));
    driver.feed(frames::frame(frames::HEADERS, flags, 3, &crumbs(&["via", "te-x"])));
    let frames = frames::take_frames(&mut driver.wire);
    let head = String::from_utf8(frames::content(&frames, 1)).unwrap();
    assert!(head.starts_with("host: h\nvia: x\ncookie: c0=0; c1=1; "), "{head}");
    assert!(head.ends_with("; c199=199\n"), "{head}");
    assert_eq!(frames::of(&frames, frames::HEADERS, 3)[0].status(), 431);
}

/// An empty Host says that there is none (RFC 9110 §7.2).
#[test]
fn a_request_says_which_host_it_is_for() {
    let mut driver = driver();
    driver.feed(frames::preface(&[]));
    let begin = [(":method", "GET"), (":scheme", "http"), (":path", "/any")];
    let more: [(&[(&str, &str)], u16); 4] =
        [(&[], 400), (&[("x", "y")], 400), (&[("host", "h")], 200), (&[("host", "")], 200)];
    for (stream, (more, status)) in (0..).map(|at| 2 * at + 1).zip(more) {
        let block = frames::block(&[&begin[..], more].concat());
        let flags = frames::END_HEADERS | frames::END_STREAM;
        driver.feed(frames::frame(frames::HEADERS, flags, stream, &block));
        let frames = frames::take_frames(&mut driver.wire);
        assert_eq!(frames::of(&frames, frames::HEADERS, stream)[0].status(), status, "{more:?}");
    }
}

#[test]
fn heads_beyond_the_limits_are_refused() {
    let limits = Limits { max_request_line: 100, max_fields: 10, ..Limits::default() };
    let (mut client, mut driver) = (Client::new(), drive(handler, limits));
    client.get(&format!("/{}", "x".repeat(200)));
    let mut many = request("GET", "/");
    for at in 0..20 {
        many.headers_mut().append(header::VIA, at.into());
    }
    client.send(many, None);
    client.send(request("GET", "/"), Some(vec![0; 100]));
    talk(&mut client, &mut driver, 1000);
    let statuses: Vec<u16> = client.answers().iter().map(|it| it.status).collect();
    assert_eq!(statuses, [414, 431, 200]);
}

#[test]
fn work_that_finds_no_room_is_answered_503_and_a_file_waits() {
    let (mut client, mut driver) = (Client::new(), driver());
    driver.holds_work = true;
    client.get("/work");
    client.get("/file");
    talk(&mut client, &mut driver, 1000);
    for _ in 0..2 {
        let (ticket, _): (_, Work) = driver.held.pop_front().unwrap();
        driver.complete(ticket, protocol::Outcome::Overloaded);
    }
    talk(&mut client, &mut driver, 1000);
    assert_eq!(client.answers()[0].status, 503);
    assert!(driver.held.is_empty() && driver.patience().unwrap() <= Duration::from_millis(50));
    // However long it takes, it is not the peer that is slow.
    for _ in 0..2000 {
        driver.pass_ms(20);
        let Some((ticket, _)) = driver.held.pop_front() else { continue };
        driver.complete(ticket, protocol::Outcome::Overloaded);
    }
    driver.holds_work = false;
    driver.pass_ms(50);
    if !driver.held.is_empty() {
        driver.finish_work();
    }
    talk(&mut client, &mut driver, 1000);
    assert!(client.answers()[1].body == big(), "{:?}", client.answers()[1].reset);
}
