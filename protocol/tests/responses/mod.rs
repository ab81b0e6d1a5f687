//! Responses that are planned, and whether what stands on the wire is what was planned: read by
//! `httparse`, and by the rules of RFC 9112 §6.3 for where a body ends.

use protocol::http::header::{self, HeaderName, HeaderValue};
use protocol::http::{Method, StatusCode};
use protocol::{Body, Content, FileRange, Production, Reply, Request, Response};

/// A request, and what it is to be answered with.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) method: Method,
    /// Whether the client speaks HTTP/1.0.
    pub(crate) is_old: bool,
    /// What the request says with `Connection`.
    pub(crate) connection: Option<&'static str>,
    /// Whether the request has a body for which the client waits to be asked.
    pub(crate) expects: bool,
    pub(crate) status: StatusCode,
    pub(crate) fields: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Planned,
    /// Whether the handler wants the connection to be closed.
    pub(crate) closes: bool,
}

/// The body of a response.
#[derive(Clone, Debug)]
pub(crate) enum Planned {
    Bytes(Vec<u8>),
    /// Pieces that come one by one, so the length is not known beforehand.
    Stream(Vec<Vec<u8>>),
    /// A range of a file with this content: it is streamed, and its length is known.
    #[allow(dead_code, reason = "not everybody has files")]
    File(FileRange, Vec<u8>),
}

impl Planned {
    fn content(&self) -> Vec<u8> {
        match self {
            Planned::Bytes(bytes) | Planned::File(_, bytes) => bytes.clone(),
            Planned::Stream(pieces) => pieces.concat(),
        }
    }
}

/// Answers requests as planned: the field `Plan` says by which of these.
pub(crate) fn answer(plans: &[Plan], request: &Request<'_>) -> Reply {
    let number: usize = request.field_str("plan").expect("a plan").parse().expect("a number");
    let plan = plans[number].clone();
    if plan.expects { Reply::collect(move |_| plan.response()) } else { plan.response().into() }
}

impl Plan {
    /// The head of the request, and its body.
    pub(crate) fn request(&self, number: usize) -> (String, &'static str) {
        let target = if self.method == Method::CONNECT { "h:1" } else { "/" };
        let version = if self.is_old { "1.0" } else { "1.1" };
        let connection = self.connection.map(|option| format!("Connection: {option}\r\n"));
        let (framing, body) = match self.expects {
            true => ("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"),
            false => ("", ""),
        };
        let head = format!(
            "{} {target} HTTP/{version}\r\nHost: h\r\nPlan: {number}\r\n{}{framing}\r\n",
            self.method,
            connection.unwrap_or_default()
        );
        (head, body)
    }

    fn response(&self) -> Response {
        let mut response = Response::new(self.status);
        for (name, value) in &self.fields {
            response = response.field(name.clone(), value.clone());
        }
        let response = match self.body.clone() {
            Planned::Bytes(bytes) => response.body(bytes),
            Planned::File(range, _) => response.body(range),
            Planned::Stream(pieces) => {
                let mut pieces = pieces.into_iter();
                response.body(Body::stream(move |content: &mut Content<'_>, _| {
                    match pieces.next() {
                        Some(piece) => {
                            content.push(&piece);
                            Production::More
                        }
                        None => Production::End,
                    }
                }))
            }
        };
        if self.closes { response.close() } else { response }
    }

    /// Whether the response can be given at all: an interim one is no answer, and a success would
    /// make a tunnel of a CONNECT.
    fn is_possible(&self) -> bool {
        let tunnels = self.method == Method::CONNECT && self.status.is_success();
        !self.status.is_informational() && !tunnels
    }
}

/// Holds what has been sent against the plans. Returns how many of them have been carried out, and
/// whether the last one has closed the connection.
pub(crate) fn check(plans: &[Plan], wire: &[u8]) -> (usize, bool) {
    let mut rest = wire;
    for (number, plan) in plans.iter().enumerate() {
        // RFC 9110 §10.1.1: HTTP/1.0 knows no interim responses.
        if plan.expects && !plan.is_old {
            rest = rest.strip_prefix(b"HTTP/1.1 100 Continue\r\n\r\n").expect("it is asked for");
        }
        let (length, closes) = check_response(plan, rest);
        rest = &rest[length..];
        if closes {
            assert!(rest.is_empty(), "{rest:?} behind the last response");
            return (number + 1, true);
        }
    }
    assert!(rest.is_empty(), "{rest:?} behind the last response");
    (plans.len(), false)
}

/// The length of the response at the start of `wire`, and whether it says that it is the last.
fn check_response(plan: &Plan, wire: &[u8]) -> (usize, bool) {
    let mut storage = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut storage);
    let length = head.parse(wire).expect("a head").unwrap();
    let values = |name: &HeaderName| -> Vec<&[u8]> {
        let fields = head.headers.iter().filter(|field| field.name == name.as_str());
        fields.map(|field| field.value).collect()
    };
    let status = StatusCode::from_u16(head.code.expect("a status")).expect("a status");
    let content = match plan.is_possible() {
        true => {
            assert_eq!(status, plan.status);
            check_fields(plan, head.headers);
            Some(plan.body.content())
        }
        false => {
            assert!(status.is_server_error());
            None
        }
    };
    assert_eq!(values(&header::DATE).len(), 1, "RFC 9110 §6.6.1");

    let is_bodiless = status == StatusCode::NO_CONTENT || status == StatusCode::NOT_MODIFIED;
    let is_streamed = plan.is_possible() && matches!(plan.body, Planned::Stream(_));
    let connection = values(&header::CONNECTION).join(&b", "[..]);
    let says =
        |option: &[u8]| connection.split(|&byte| byte == b',').any(|it| it.trim_ascii() == option);
    let closes = says(b"close");
    // §9.3: a 1.0 client has to ask, and a body without a length ends with the connection.
    let persists = match plan.connection {
        Some("keep-alive") => !(plan.is_old && is_streamed && !is_bodiless),
        Some(_) => false,
        None => !plan.is_old,
    };
    assert_eq!(closes, !persists || plan.closes && plan.is_possible(), "{plan:?}");
    assert_eq!(says(b"keep-alive"), plan.is_old && !closes, "a 1.0 client has to be told");

    // §6.3, in its order.
    let declared = values(&header::CONTENT_LENGTH);
    let chunked = !values(&header::TRANSFER_ENCODING).is_empty();
    assert!(declared.len() + usize::from(chunked) <= 1, "two ways to frame a body");
    assert!(!chunked || !plan.is_old, "§6.1: HTTP/1.0 knows no codings");
    let declared: Option<usize> =
        declared.first().map(|digits| str::from_utf8(digits).unwrap().parse().unwrap());
    if is_bodiless {
        assert!(declared.is_none() && !chunked, "RFC 9110 §8.6, RFC 9112 §6.1");
        return (length, closes);
    }
    if let (Some(content), false) = (&content, is_streamed) {
        assert_eq!(declared, Some(content.len()), "also to HEAD (RFC 9110 §8.6)");
    }
    assert_eq!(chunked, is_streamed && !plan.is_old);
    if plan.method == Method::HEAD {
        return (length, closes);
    }
    let behind = &wire[length..];
    let (body, body_length) = match declared {
        _ if chunked => decode_chunked(behind),
        Some(declared) => (behind[..declared].to_vec(), declared),
        None => {
            assert!(closes, "a body without an end");
            (behind.to_vec(), behind.len())
        }
    };
    assert!(content.is_none_or(|content| content == body), "not what was planned");
    (length + body_length, closes)
}

/// All fields that were planned stand there, but for those that belong to the writer.
fn check_fields(plan: &Plan, fields: &[httparse::Header<'_>]) {
    let writers =
        [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION, header::DATE];
    let is_planned = |name: &str| !writers.iter().any(|it| it == name) && name != "content-type";
    let planned = plan.fields.iter().filter(|(name, _)| is_planned(name.as_str()));
    // A value loses the white space around it on its way (RFC 9110 §5.5).
    let planned: Vec<_> =
        planned.map(|(name, value)| (name.as_str(), value.as_bytes().trim_ascii())).collect();
    let written = fields.iter().filter(|field| is_planned(field.name));
    assert_eq!(planned, written.map(|field| (field.name, field.value)).collect::<Vec<_>>());
    let types = plan.fields.iter().rfind(|(name, _)| name == header::CONTENT_TYPE);
    let written: Vec<_> = fields.iter().filter(|field| field.name == "content-type").collect();
    assert_eq!(written.len(), types.iter().count());
}

/// The content of a chunked body and the length of the whole, the slow and obvious way.
fn decode_chunked(wire: &[u8]) -> (Vec<u8>, usize) {
    let (mut content, mut at) = (Vec::new(), 0);
    loop {
        let line = wire[at..].windows(2).position(|two| two == b"\r\n").expect("a line");
        let digits = str::from_utf8(&wire[at..at + line]).expect("digits");
        let size = usize::from_str_radix(digits, 16).expect("digits");
        at += line + 2;
        content.extend_from_slice(&wire[at..at + size]);
        at += size;
        assert_eq!(&wire[at..at + 2], b"\r\n");
        at += 2;
        if size == 0 {
            return (content, at);
        }
    }
}
