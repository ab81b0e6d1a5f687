//! Requests over the routes of the demo application: right ones, and ones that are refused.
//!
//! The answers depend on nothing but what was sent. So there is no `/work` that
//! takes time, which says how much it has done, and no `/counter`, which all scripts would share.
//! And where an answer races with the end of a body, because it waits for a moment (`/sleep`), the
//! body is short.

use proptest::prelude::*;
use proptest::sample::select;

use crate::folder::Folder;

/// One request, as data.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) target: &'static str,
    version: Version,
    pub(crate) fields: Vec<(&'static str, &'static str)>,
    pub(crate) body: Body,
}

/// The request line, and whether the connection is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Http11,
    Http11Close,
    Http10,
    Http10KeepAlive,
}

/// How long a body is, and how it is framed.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    None,
    Length(usize),
    /// The lengths of its chunks.
    Chunked(Vec<usize>),
}

/// Files that are in the folder of a script from the beginning.
const FILES: &[&str] =
    &["/files/<folder>/text.txt", "/files/<folder>/large.bin", "/files/<folder>/empty"];

/// Files that may come to be there, or may not.
const UPLOADS: &[&str] = &[
    "/files/<folder>/a",
    "/files/<folder>/b.html",
    "/files/<folder>/a/below",
    "/files/<folder>/text.txt",
    "/files/<folder>/new/deep/c%20d",
    "/files/<folder>",
    "/files/..%2fx",
];

const PAGES: &[&str] = &[
    "/",
    "/?a=b",
    "/echo/hello",
    "/echo/%C3%A4?q",
    "/echo/%ff",
    "/user-agent",
    "/healthz",
    "/work/0",
    "/work/x",
    "/stream/0",
    "/stream/1",
    "/stream/x",
    "/ws/echo",
    "/dashboard",
    "/none",
    "http://localhost/echo/absolute",
    "http://localhost",
];

/// Answered in their time.
const LATE: &[&str] = &["/sleep/0", "/sleep/2", "/sleep/7"];

/// Only some methods may have these.
const ODD: &[&str] =
    &["*", "localhost:1", "/echo", "//", "http://localhost/files/<folder>/text.txt"];

const METHODS: &[&str] =
    &["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "TRACE", "CONNECT", "PATCH", "BREW"];

const FIELDS: &[(&str, &str)] = &[
    ("User-Agent", "across"),
    ("Accept", "*/*"),
    ("Content-Type", "text/x-across"),
    ("Content-Range", "bytes 0-4/9"),
    ("Origin", "http://localhost"),
    ("Origin", "http://elsewhere.example"),
    ("Range", "bytes=0-4"),
    ("Range", "bytes=5-"),
    ("Range", "bytes=-3"),
    ("Range", "bytes=900000-"),
    ("Range", "bytes=1-2,4-5"),
    ("Range", "lines=1-2"),
    ("If-Range", "<etag>"),
    ("If-Range", "\"other\""),
    ("If-None-Match", "<etag>"),
    ("If-None-Match", "*"),
    ("If-None-Match", "\"other\", W/<etag>"),
    ("If-Match", "<etag>"),
    ("If-Match", "*"),
    ("If-Modified-Since", "<modified>"),
    ("If-Unmodified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"),
];

/// Messages that are refused, each in its way: nothing after them is looked at.
pub(crate) const WRONG: &[&str] = &[
    "GET / HTTP/1.1\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
    "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /echo/x HTTP/1.1\nHost: h\n\n",
    "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET nowhere HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nName : value\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nName: value\r\n folded\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nName: va\rlue\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\na",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\na",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;\r\nhello\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\r\nhello\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0;a b\r\n\r\n",
    "PUT /files/<folder>/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n-1\r\n",
    "PUT /files/<folder>/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n: b\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\x03\x03",
    "hello\r\n\r\n",
];

impl Request {
    /// Head and body, as they are sent to whom this folder is.
    pub(crate) fn write(&self, folder: &Folder, expects_continue: bool) -> (Vec<u8>, Vec<u8>) {
        let version = match self.version {
            Version::Http11 => "1.1\r\nHost: localhost",
            Version::Http11Close => "1.1\r\nHost: localhost\r\nConnection: close",
            Version::Http10 => "1.0",
            Version::Http10KeepAlive => "1.0\r\nConnection: keep-alive",
        };
        let mut head = format!("{} {} HTTP/{version}\r\n", self.method, self.target);
        for (name, value) in &self.fields {
            head += &format!("{name}: {value}\r\n");
        }
        if expects_continue {
            head += "Expect: 100-continue\r\n";
        }
        match &self.body {
            Body::None => {}
            Body::Length(length) => head += &format!("Content-Length: {length}\r\n"),
            Body::Chunked(_) => head += "Transfer-Encoding: chunked\r\n",
        }
        (folder.fill_in(&(head + "\r\n")), self.body.write())
    }

    /// Whether the client is done with the connection then.
    pub(crate) fn is_last(&self) -> bool {
        matches!(self.version, Version::Http11Close | Version::Http10)
    }

    /// Whether its answer waits for a moment.
    pub(crate) fn is_late(&self) -> bool {
        LATE.contains(&self.target)
    }

    /// Whether what it says may be altered without making it something that takes time.
    pub(crate) fn may_be_altered(&self) -> bool {
        !self.is_late() && !self.target.starts_with("/work") && !self.target.starts_with("/stream")
    }

    /// As a request that asks for its body to be asked for.
    fn expecting(mut self) -> Self {
        self.version = Version::Http11; // HTTP/1.0 knows no 100 (RFC 9110 §10.1.1)
        self
    }

    /// Whether it leaves something behind that other requests can see.
    pub(crate) fn has_effect(&self) -> bool {
        matches!(self.method, "PUT" | "POST") && self.target.contains("/files")
    }
}

impl Body {
    fn write(&self) -> Vec<u8> {
        match self {
            Body::None => Vec::new(),
            Body::Length(length) => content(*length),
            Body::Chunked(lengths) => {
                let mut wire = Vec::new();
                let whole = content(lengths.iter().sum());
                let mut rest = &whole[..];
                for length in lengths {
                    let (chunk, after) = rest.split_at(*length);
                    wire.extend_from_slice(
                        format!("{length:X};of={}\r\n", lengths.len()).as_bytes(),
                    );
                    wire.extend_from_slice(chunk);
                    wire.extend_from_slice(b"\r\n");
                    rest = after;
                }
                wire.extend_from_slice(b"0\r\nTrailer: ignored\r\n\r\n");
                wire
            }
        }
    }

    /// The content, without its framing.
    pub(crate) fn content(&self) -> Vec<u8> {
        match self {
            Body::None => Vec::new(),
            Body::Length(length) => content(*length),
            Body::Chunked(lengths) => content(lengths.iter().sum()),
        }
    }
}

/// So many bytes, of which each eight say where they stand.
pub(crate) fn content(length: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> =
        (0..=length / 8).flat_map(|at| format!("{:07}\n", 8 * at).into_bytes()).collect();
    bytes.truncate(length);
    bytes
}

/// A body: mostly short, sometimes longer than what is collected, thrown away, or taken at all.
fn body() -> impl Strategy<Value = Body> {
    let length = || prop_oneof![6 => 1..300usize, 2 => 3_000..9_000usize, 1 => 15_000..60_000usize];
    prop_oneof![
        2 => Just(Body::None),
        1 => Just(Body::Length(0)),
        5 => length().prop_map(Body::Length),
        4 => proptest::collection::vec(length(), 0..4).prop_map(Body::Chunked),
    ]
}

fn fields() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    prop_oneof![
        2 => Just(Vec::new()),
        2 => select(FIELDS).prop_map(|field| vec![field]),
        2 => proptest::sample::subsequence(FIELDS, 2..5),
    ]
}

/// Any request that makes sense as a message, whatever it asks for.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    let version = prop_oneof![
        30 => Just(Version::Http11),
        1 => Just(Version::Http11Close),
        4 => Just(Version::Http10KeepAlive),
        1 => Just(Version::Http10),
    ];
    let read = (select(&["GET", "GET", "HEAD"][..]), any_target(), Just(Body::None));
    let upload = (select(&["PUT", "PUT", "POST"][..]), select(UPLOADS), body());
    let echo = (Just("POST"), Just("/echo"), body());
    let late = (select(&["GET", "HEAD"][..]), select(LATE), (1..20usize).prop_map(Body::Length));
    let asks = (Just("OPTIONS"), Just("*"), Just(Body::None));
    let odd = (select(METHODS), any_target(), body());
    let file = (select(&["GET", "GET", "HEAD"][..]), select(FILES), Just(Body::None));
    let kind =
        prop_oneof![6 => read, 4 => file, 5 => upload, 4 => echo, 1 => late, 1 => asks, 2 => odd];
    (kind, version, fields()).prop_map(|((method, target, body), version, fields)| Request {
        method,
        target,
        version,
        fields,
        body,
    })
}

fn any_target() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        1 => select(FILES),
        3 => select(UPLOADS),
        6 => select(PAGES),
        1 => select(ODD),
        // It takes 200 ms, so there are few.
        1 => prop_oneof![39 => Just("/stream/1"), 1 => Just("/stream/2")],
    ]
}

/// A request that waits for `100 Continue` before it sends its body.
pub(crate) fn expecting() -> impl Strategy<Value = Request> {
    let has_body = |request: &Request| !request.body.content().is_empty() && !request.is_late();
    request().prop_filter("a body is waited for", has_body).prop_map(Request::expecting)
}
