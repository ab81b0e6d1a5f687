//! The same requests in HTTP/1.1 and in HTTP/2, in memory: they have to come to the same status,
//! fields and content. Not compared are
//!
//! * how a malformed request is refused: with 400 and the end of the connection in HTTP/1.1, with a
//!   reset of the stream, `PROTOCOL_ERROR`, in HTTP/2 (RFC 9113 §8.1.1). It has to be refused in both;
//! * `connection` and `transfer-encoding`, which HTTP/2 does not have, and `upgrade`, since nothing
//!   can be upgraded in it (RFC 9113 §8.2.2, §8.6);
//! * what [`tape`](crate::tape) leaves out.
//!
//! And these are not among the requests, since one of the versions cannot say them, or means
//! something else:
//!
//! * an absolute target without Host, which HTTP/1.1 refuses. In HTTP/2 there is nothing to tell it
//!   by;
//! * an `:authority` that is empty, which is malformed. An empty Host stays a Host in HTTP/2;
//! * a host with percent-encoded octets (RFC 3986 §3.2.2), which h2 does not take for an
//!   `:authority`;
//! * a scheme that is neither `http` nor `https`: in HTTP/2 `:scheme` is not looked at;
//! * white space around a value, which in HTTP/1.1 is no part of it, and in HTTP/2 malformed;
//! * fields of an HTTP/1.1 connection, and `TE`, which are malformed in HTTP/2;
//! * a cookie in several lines of HTTP/1.1: only in HTTP/2 they are put together;
//! * leading zeros that make `Content-Length` longer than 19 digits, which h2 does not take;
//! * too many fields in a request that is malformed besides: which fault is named may differ; nor
//!   as many as there may be beside `Transfer-Encoding`, which HTTP/1.1 counts;
//! * targets near [`Limits::max_request_line`], which counts method and version as well, where they
//!   are;
//! * heads near [`Limits::max_head`], which counts octets in HTTP/1.1, and in HTTP/2 32 more for
//!   each field line (RFC 9113 §6.5.2), crumbs of cookies included.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use app::App;
use backend_common::Limits;
use conformance::http2::frame::Frame;
use conformance::http2::hpack::{Literal, indexed};
use conformance::response;
use harness::http2::{Client, request as head};
use proptest::prelude::*;
use proptest::sample::select;
use protocol::Refusal;

use crate::compare::{Player, compare};
use crate::folder::{Folder, Original};
use crate::memory::Memory;
use crate::places;
use crate::request::{Body, request};
use crate::tape::Tape;
use crate::wire::Wire;

/// Requests, one after the other, each on a connection of its own.
#[derive(Clone, Debug)]
struct Script(Vec<Request>);

/// A request that either version can say.
#[derive(Clone, Debug)]
struct Request {
    method: &'static str,
    target: String,
    host: Option<&'static str>,
    fields: Vec<(&'static str, &'static str)>,
    /// How many cookies there are.
    cookies: usize,
    /// How many other fields.
    others: usize,
    body: Option<Vec<u8>>,
    /// Whether its length is told beforehand.
    has_length: bool,
    is_upload: bool,
}

/// RFC 9113 §7.
const PROTOCOL_ERROR: u32 = 1;

/// In which version a request is sent.
#[derive(Clone, Copy)]
enum Version {
    Http11,
    Http2,
}

#[test]
fn requests_mean_the_same_in_both_versions() {
    let directory = tempfile::tempdir().unwrap();
    let original = Original::new(directory.path());
    let place = |name| Place::new(directory.path().join(name), &original);
    let (one, two) = (place("one"), place("two"));
    let tag = one.tag();
    let player = |name, place: &'static str, version| {
        let (original, tag) = (&original, &tag);
        let place = if place == "one" { &one } else { &two };
        Player::new(name, move |script: &Script, number| {
            let name = format!("{number}-{number}");
            original.link(&place.path.join(&name));
            place.play(script, version, &Folder { name, tag: tag.clone() })
        })
    };
    let players =
        [player("HTTP/1.1", "one", Version::Http11), player("HTTP/2", "two", Version::Http2)];
    compare("requests_mean", 400, script, &players);
}

fn script() -> impl Strategy<Value = Script> {
    let cookies = || prop_oneof![6 => Just(0), 1 => 1..3_usize, 1 => 30..60_usize];
    let others = || prop_oneof![6 => Just(0), 1 => 0..14_usize];
    let host = || {
        prop_oneof![
            6 => Just(Some("localhost")),
            2 => select(&[None, Some(""), Some("elsewhere.example"), Some("localhost:80"),
                Some("[::1]:8"), Some("a b"), Some("u@h"), Some("h:x"), Some("h:"), Some(":80"), Some("a_b!")][..]),
        ]
    };
    let target = prop_oneof![2 => Just(None), 1 => odd_target().prop_map(Some)];
    let expectation = prop_oneof![9 => Just(None), 1 => Just(Some(("Expect", "tea")))];
    let one = (request(), target, host(), expectation, cookies(), others());
    let one = one.prop_map(|(mut usual, target, host, expectation, cookies, others)| {
        usual.fields.extend(expectation);
        let (body, has_length) = match &usual.body {
            Body::None => (None, false),
            Body::Length(_) => (Some(usual.body.content()), true),
            Body::Chunked(_) => (Some(usual.body.content()), false),
        };
        let is_chunked = matches!(usual.body, Body::Chunked(_));
        let is_odd = target.is_some() || host != Some("localhost") || usual.method == "CONNECT";
        let target = target.unwrap_or_else(|| usual.target.to_owned());
        let others = if is_odd || is_chunked || !target.starts_with('/') { 0 } else { others };
        // HTTP/1.1 wants a Host beside an authority in the target, and HTTP/2 has only one of them.
        let names_host = !target.starts_with(['/', '*']);
        Request {
            host: if names_host { Some("elsewhere.example") } else { host },
            is_upload: usual.has_effect(),
            method: usual.method,
            target,
            fields: usual.fields,
            cookies,
            others,
            body,
            has_length,
        }
    });
    proptest::collection::vec(one, 1..4).prop_map(Script)
}

/// With characters that belong there and others, in both forms that have a path.
fn odd_target() -> impl Strategy<Value = String> {
    let before =
        select(&["", "", "http://localhost", "http://example.org:81", "HTTPS://[::1]"][..]);
    let host = select(&["http://", "http://u@h", "http://h:x", "http://a!b", "http://a_b"][..]);
    let before = prop_oneof![5 => before, 1 => host];
    let path = "(/(echo/|files/)?[a-z<>`\"#|{}\\^\\\\%\u{e9}\u{7f}\u{1}*@:\\[\\]-]{0,3})?";
    let query = "([?][a-z<>`\"#|{}\\^\\\\%\u{e9}?/]{0,3})?";
    (before, path, query).prop_map(|(before, path, query)| {
        let path = if before.is_empty() && path.is_empty() { "/".into() } else { path };
        format!("{before}{path}{query}")
    })
}

/// The application on its own directory.
struct Place {
    app: Arc<App>,
    path: PathBuf,
}

impl Place {
    fn new(path: PathBuf, original: &Original) -> Self {
        std::fs::create_dir(&path).unwrap();
        original.link(&path.join("first"));
        Place { app: Arc::new(places::app(&path)), path }
    }

    fn connect(&self) -> Memory {
        // In HTTP/2 a field costs more of it.
        Memory::new(&self.app, Limits { max_head: 16 << 10, ..places::limits() })
    }

    /// The fields that name the version of `text.txt`.
    fn tag(&self) -> String {
        let ask = Request::get("/files/first/text.txt".into());
        let nobody = Folder { name: String::new(), tag: String::new() };
        let answer = http1(self.connect(), &ask, &nobody);
        answer.fields.into_iter().find(|(name, _)| name == "etag").unwrap().1
    }

    fn play(&self, script: &Script, version: Version, folder: &Folder) -> Tape {
        let mut tape = Tape::default();
        for request in &script.0 {
            self.ask(request, version, folder, &mut tape);
            if request.is_upload {
                self.ask(&Request::get(request.target.clone()), version, folder, &mut tape);
            }
        }
        tape
    }

    fn ask(&self, request: &Request, version: Version, folder: &Folder, tape: &mut Tape) {
        let answer = match version {
            Version::Http11 => http1(self.connect(), request, folder),
            Version::Http2 => http2(self.connect(), request, folder),
        };
        match answer.wrong {
            Some(what) => tape.wrong(&what),
            None if answer.is_refused => tape.note("refused"),
            None => tape.add(&answer.written(), folder, false),
        }
    }
}

/// An answer, without all that belongs to one version.
#[derive(Default)]
struct Answer {
    status: u16,
    fields: Vec<(String, String)>,
    body: Vec<u8>,
    /// It was malformed.
    is_refused: bool,
    wrong: Option<String>,
}

impl Answer {
    fn wrong(what: &str) -> Self {
        Answer { wrong: Some(what.to_owned()), ..Answer::default() }
    }

    fn written(&self) -> Vec<u8> {
        const OF_HTTP1: [&str; 3] = ["connection", "transfer-encoding", "upgrade"];
        let mut fields: Vec<_> = self.fields.iter().collect();
        fields.retain(|(name, _)| !OF_HTTP1.contains(&&name[..]));
        fields.sort();
        let fields = fields.iter().map(|(name, value)| format!("{name}: {value}\n"));
        let head = format!("{}\n{}\n", self.status, fields.collect::<String>());
        [head.as_bytes(), &self.body].concat()
    }
}

impl Request {
    fn get(target: String) -> Self {
        Request {
            method: "GET",
            target,
            host: Some("localhost"),
            fields: Vec::new(),
            cookies: 0,
            others: 0,
            body: None,
            has_length: false,
            is_upload: false,
        }
    }

    /// All field lines but those for the host and for cookies.
    fn fields(&self, folder: &Folder) -> Vec<(String, Vec<u8>)> {
        let mut fields: Vec<_> = (0..self.others)
            .map(|at| (format!("x-{at}"), b"\xc3\xa4 b".to_vec()))
            .chain(
                self.fields
                    .iter()
                    .map(|(name, value)| (name.to_ascii_lowercase(), folder.fill_in(value))),
            )
            .collect();
        if let Some(body) = self.body.as_ref().filter(|_| self.has_length) {
            fields.push(("content-length".into(), body.len().to_string().into_bytes()));
        }
        fields
    }

    fn cookies(&self) -> Vec<String> {
        (0..self.cookies).map(|at| format!("c{at}={at}")).collect()
    }
}

fn http1(mut memory: Memory, request: &Request, folder: &Folder) -> Answer {
    let target = folder.fill_in(&request.target);
    let mut bytes = [request.method.as_bytes(), b" ", &target, b" HTTP/1.1\r\n"].concat();
    let mut field = |name: &str, value: &[u8]| {
        bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
    };
    request.host.iter().for_each(|host| field("host", host.as_bytes()));
    request.fields(folder).iter().for_each(|(name, value)| field(name, value));
    if request.cookies > 0 {
        field("cookie", request.cookies().join("; ").as_bytes());
    }
    if request.body.is_some() && !request.has_length {
        field("transfer-encoding", b"chunked");
    }
    bytes.extend(b"\r\n");
    match &request.body {
        Some(body) if request.has_length => bytes.extend(body),
        Some(body) => {
            if !body.is_empty() {
                bytes.extend(format!("{:x}\r\n", body.len()).as_bytes());
                bytes.extend([body, &b"\r\n"[..]].concat());
            }
            bytes.extend(b"0\r\n\r\n");
        }
        None => {}
    }
    memory.send(&bytes, &mut Vec::new());
    let (mut seen, mut is_over) = (Vec::new(), false);
    loop {
        match response::read(&seen, request.method == "HEAD", is_over) {
            Ok(Some(it)) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let fields = it.fields.iter().map(|(name, value)| (name.clone(), text(value)));
                let is_last = it.field("connection").any(|value| value == b"close");
                let is_refusal = it.field("content-length").any(is_length_of_refusal);
                return Answer {
                    status: it.status,
                    fields: fields
                        .map(|(name, value)| (name.to_ascii_lowercase(), value))
                        .collect(),
                    is_refused: it.status == 400 && is_last && is_refusal,
                    body: it.body,
                    wrong: None,
                };
            }
            Ok(None) if is_over => return Answer::wrong("HTTP/1.1 ends too early"),
            Ok(None) => match memory.receive(&mut seen) {
                Ok(bytes) => is_over = bytes == 0,
                Err(_) => return Answer::wrong("nothing comes in HTTP/1.1"),
            },
            Err(what) => return Answer::wrong(&what),
        }
    }
}

/// Whether content of this length says that a head is malformed. HEAD has none to be read.
fn is_length_of_refusal(length: &[u8]) -> bool {
    let said = [Refusal::Target, Refusal::Host, Refusal::RequestLine];
    said.map(|it| format!("400 Bad Request: {it}\n").len().to_string().into_bytes())
        .contains(&length.to_vec())
}

/// h2's client asks for something else, of which only the frame that says what is exchanged: no
/// client that works would say some of this.
fn http2(mut memory: Memory, request: &Request, folder: &Folder) -> Answer {
    let block = block(request, folder);
    let mut client = Client::new();
    assert!(client.send(head(request.method, "/"), request.body.clone()));
    let mut said = with_block(&client.said(), &block);
    loop {
        memory.send(&said, &mut Vec::new());
        let mut heard = Vec::new();
        match memory.receive(&mut heard) {
            Ok(0) => client.hear_end(),
            Ok(_) => client.hear(&heard),
            Err(_) => return Answer::wrong("nothing comes in HTTP/2"),
        }
        said = client.said();
        let answers = client.answers();
        let answer = answers[0];
        if answer.reset.is_some() || answer.is_whole {
            let is_reset = answer.reset == Some(PROTOCOL_ERROR);
            return Answer {
                status: answer.status,
                fields: answer.fields.clone(),
                body: answer.body.clone(),
                is_refused: is_reset || answer.status == 400 && request.host.is_none(),
                wrong: answer.reset.filter(|_| !is_reset).map(|code| format!("reset: {code}")),
            };
        }
        if client.is_over {
            return Answer::wrong("HTTP/2 ends too early");
        }
    }
}

/// The fields of a request in HTTP/2 (RFC 9113 §8.3.1).
fn block(request: &Request, folder: &Folder) -> Vec<u8> {
    let field = |name: &str, value: &[u8]| Literal::Unindexed.field(name, value);
    let target = folder.fill_in(&request.target);
    let text = String::from_utf8_lossy(&target).into_owned();
    let mut block = field(":method", request.method.as_bytes());
    let mut host = request.host.filter(|host| !host.is_empty()).map(str::to_owned);
    if request.method == "CONNECT" && !text.starts_with(['/', '*']) && !text.contains("://") {
        host = Some(text); // RFC 9113 §8.5
    } else if let Some((scheme, rest)) = text.split_once("://") {
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let slash = if path.starts_with('/') { "" } else { "/" };
        host = Some(authority.to_owned());
        block.extend(field(":scheme", scheme.as_bytes()));
        block.extend(field(":path", format!("{slash}{path}").as_bytes()));
    } else {
        block.extend(indexed(6)); // :scheme http
        block.extend(field(":path", &target));
    }
    block.extend(host.map_or(vec![], |host| field(":authority", host.as_bytes())));
    if request.host == Some("") && !request.target.contains("://") {
        block.extend(field("host", b""));
    }
    let fields = request.fields(folder);
    block.extend(fields.iter().flat_map(|(name, value)| field(name, value)));
    block.extend(request.cookies().iter().flat_map(|crumb| field("cookie", crumb.as_bytes())));
    block
}

/// The first frames of a client, with another field block.
fn with_block(said: &[u8], block: &[u8]) -> Vec<u8> {
    const HEADERS: u8 = 1;
    let (preface, mut rest) = said.split_at(24);
    let mut bytes = preface.to_vec();
    while let Some((mut frame, length)) = Frame::read(rest) {
        if frame.kind == HEADERS {
            frame.payload = block.to_vec();
        }
        bytes.extend(frame.encode());
        rest = &rest[length..];
    }
    bytes
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for request in &self.0 {
            let Request { method, target, host, fields, cookies, others, .. } = request;
            write!(f, "  {method} {target:?} of {host:?} with {fields:?}, {cookies} cookies, ")?;
            let length = request.body.as_ref().map(Vec::len);
            writeln!(f, "{others} other fields, body {length:?}, {}", request.has_length)?;
        }
        Ok(())
    }
}
