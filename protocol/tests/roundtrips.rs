//! What is written is read again as it was meant: requests by us, responses by others.

#![allow(clippy::disallowed_types, reason = "what a handler has seen is shared with its test")]
#![allow(clippy::disallowed_methods, reason = "a file to be sent has to be written first")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod requests;
mod responses;
mod understanding;

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use common::{End, drive};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use protocol::http::header::{HeaderName, HeaderValue};
use protocol::http::{Method, StatusCode};
use protocol::{FileRange, Limits, Request};
use reference::{Message, Target, Version};
use requests::cases;
use responses::{Plan, Planned, check};
use understanding::understand;

/// A request as a value. How it is written down is another matter.
fn message() -> impl Strategy<Value = Message> {
    let path = "/[a-zA-Z0-9%._~!$&'()*+,;=:@/-]{0,20}";
    let query = || proptest::option::of("[a-zA-Z0-9%._~!$&'()*+,;=:@/?-]{0,20}");
    let authority = || select(&["h:1", "a.example:80", "[::1]:443", "127.0.0.1:8080"][..]);
    let usual = || select(&["GET", "POST", "PUT", "OPTIONS", "PROPFIND", "get"][..]);
    let origin = (usual(), path, query())
        .prop_map(|(method, path, query)| (method, Target::Origin { path, query }));
    let absolute =
        (usual(), authority(), path, query()).prop_map(|(method, authority, path, query)| {
            (method, Target::Absolute { authority: authority.into(), path, query })
        });
    let method_and_target = prop_oneof![
        6 => origin,
        2 => absolute,
        1 => authority().prop_map(|authority| ("CONNECT", Target::Authority(authority.into()))),
        1 => Just(("OPTIONS", Target::Asterisk)),
    ];
    let value = "([!-~\u{e9}]([ -~\t\u{e9}]{0,20}[!-~\u{e9}])?)?".prop_map(String::into_bytes);
    let fields = vec(("X-[A-Za-z0-9!#$%&'*+.^_`|~-]{1,10}", value), 0..5);
    (method_and_target, any::<bool>(), fields, vec(any::<u8>(), 0..100)).prop_map(
        |((method, target), is_old, fields, body)| Message {
            method: method.into(),
            target,
            version: if is_old { Version::Http10 } else { Version::Http11 },
            fields,
            body,
        },
    )
}

/// How a body is framed.
#[derive(Clone, Debug)]
enum Framing {
    Length,
    /// In chunks of so many bytes.
    Chunked(usize),
}

/// Adds the fields that frame the message, and writes it down.
fn serialise(message: &mut Message, framing: &Framing) -> Vec<u8> {
    let mut add = |name: &str, value: &str| message.fields.push((name.into(), value.into()));
    add("Host", "h");
    if message.version == Version::Http10 {
        add("Connection", "keep-alive");
    }
    let mut body = message.body.clone();
    match framing {
        Framing::Chunked(size) if message.version == Version::Http11 => {
            add("Transfer-Encoding", "chunked");
            let chunks = message.body.chunks(*size);
            let chunks =
                chunks.map(|it| [format!("{:x}\r\n", it.len()).as_bytes(), it, b"\r\n"].concat());
            body = chunks.chain([b"0\r\n\r\n".to_vec()]).collect::<Vec<_>>().concat();
        }
        _ => add("Content-Length", &body.len().to_string()),
    }
    let with_query = |path: &str, query: &Option<String>| match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let target = match &message.target {
        Target::Origin { path, query } => with_query(path, query),
        Target::Absolute { authority, path, query } => {
            format!("http://{authority}{}", with_query(path, query))
        }
        Target::Authority(authority) => authority.clone(),
        Target::Asterisk => "*".into(),
    };
    let minor = u8::from(message.version == Version::Http11);
    let mut wire = format!("{} {target} HTTP/1.{minor}\r\n", message.method).into_bytes();
    for (name, value) in &message.fields {
        wire.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
    }
    [wire, b"\r\n".to_vec(), body].concat()
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn requests_are_read_as_they_were_meant(
        messages in vec(
            (
                message(),
                prop_oneof![Just(Framing::Length), (1..40usize).prop_map(Framing::Chunked)],
            ),
            1..4,
        ),
        step in 1..300usize,
    ) {
        let (mut meant, mut wire) = (Vec::new(), Vec::new());
        for (mut message, framing) in messages {
            wire.extend(serialise(&mut message, &framing));
            meant.push(message);
        }
        let understood = understand(wire.chunks(step), &Limits::default());
        prop_assert_eq!(understood.messages, meant, "{}", String::from_utf8_lossy(&wire));
        prop_assert_eq!(understood.status, None);
    }
}

/// A range of a file of random content.
fn file_range() -> impl Strategy<Value = Planned> {
    static CONTENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
        (0..10_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
    });
    static FILE: LazyLock<Arc<std::fs::File>> = LazyLock::new(|| {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, &CONTENT).unwrap();
        Arc::new(file)
    });
    (0..10_000usize, 0..3000usize).prop_map(|(offset, length)| {
        let length = length.min(CONTENT.len() - offset);
        let range = FileRange { file: FILE.clone(), offset: offset as u64, length: length as u64 };
        Planned::File(range, CONTENT[offset..offset + length].to_vec())
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    const METHODS: &[Method] =
        &[Method::GET, Method::GET, Method::HEAD, Method::POST, Method::CONNECT];
    let status = prop_oneof![
        4 => Just(200u16),
        1 => Just(204),
        1 => Just(304),
        3 => 100..600u16,
    ];
    let status = status.prop_map(|status| StatusCode::from_u16(status).unwrap());
    let name = prop_oneof![
        6 => "x-[a-z]{1,8}",
        // Those that belong to the writer are left out.
        1 => select(
            &[
                "content-length", "transfer-encoding", "connection", "date", "content-type",
                "upgrade",
            ][..]
        )
        .prop_map(String::from),
    ];
    let name = name.prop_map(|name| HeaderName::from_bytes(name.as_bytes()).unwrap());
    let value = "[ -~\u{e9}]{0,20}".prop_map(|it| HeaderValue::from_bytes(it.as_bytes()).unwrap());
    let bytes = || vec(any::<u8>(), 1..400);
    let body = prop_oneof![
        1 => Just(Planned::Bytes(Vec::new())),
        2 => bytes().prop_map(Planned::Bytes),
        1 => (300..2000usize).prop_map(|length| Planned::Bytes(vec![b'x'; length])),
        3 => vec(bytes(), 0..4).prop_map(Planned::Stream),
        2 => file_range(),
    ];
    let connection = prop_oneof![
        2 => Just(None),
        2 => Just(Some("keep-alive")),
        1 => Just(Some("close")),
    ];
    (
        select(METHODS),
        any::<bool>(),
        connection,
        any::<bool>(),
        status,
        vec((name, value), 0..4),
        body,
        prop::bool::weighted(0.1),
    )
        .prop_map(|(method, is_old, connection, expects, status, fields, body, closes)| Plan {
            method,
            is_old,
            connection,
            expects,
            status,
            fields,
            body,
            closes,
        })
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn responses_are_framed_as_they_say_and_say_what_was_planned(
        plans in vec(plan(), 1..4),
        takes in prop_oneof![Just(usize::MAX), 1..200usize],
    ) {
        let planned = plans.clone();
        // Pieces and bodies meet the mark, and pass it.
        let limits = Limits { high_water: 300, ..Limits::default() };
        let answer = move |request: &Request<'_>| responses::answer(&planned, request);
        let mut driver = drive(answer, limits);
        driver.takes = takes;
        for (number, plan) in plans.iter().enumerate() {
            let (head, body) = plan.request(number);
            driver.feed(head);
            driver.feed(body);
        }
        let (_, is_closed) = check(&plans, &driver.wire);
        prop_assert_eq!(is_closed, driver.end != End::Open);
    }
}

/// Takes what comes, as it comes, and says it again.
struct Echo;

impl protocol::Protocol for Echo {
    fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, _: protocol::Now) -> usize {
        out.extend_from_slice(input);
        input.len()
    }

    fn receive_eof(&mut self, _: protocol::Now) {}

    fn sent(&mut self, _: u64, _: protocol::Now) {}

    fn complete(
        &mut self,
        _: protocol::Ticket,
        _: protocol::Outcome,
        _: &mut Vec<u8>,
        _: protocol::Now,
    ) {
    }

    fn handle_timeout(&mut self, _: &mut Vec<u8>, _: protocol::Now) {}

    fn shutdown(&mut self, _: std::time::Instant, _: protocol::Now) {}

    fn poll(&mut self) -> protocol::Step {
        protocol::Step::Wait(protocol::Wait { read: true, deadline: None })
    }
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn behind_an_upgrade_there_is_the_other_protocol_and_nothing_else(
        fields in vec(("x-[a-z]{1,8}", "[!-~]{1,20}"), 0..4),
        behind in vec(any::<u8>(), 0..50),
    ) {
        let planned = fields.clone();
        let handler = move |_: &Request<'_>| {
            let response = planned.iter().fold(protocol::Response::ok(), |response, (name, value)| {
                let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
                response.field(name, HeaderValue::from_str(value).unwrap())
            });
            protocol::Reply::upgrade(HeaderValue::from_static("echo"), response, Echo)
        };
        let mut driver = drive(handler, Limits::default());
        driver.is_trusting = true; // as the protocol that follows is
        let mut request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
        request.extend_from_slice(&behind);
        driver.feed(request);
        driver.feed("more");

        let mut storage = [httparse::EMPTY_HEADER; 16];
        let mut head = httparse::Response::new(&mut storage);
        let length = head.parse(&driver.wire).unwrap().unwrap();
        prop_assert_eq!(head.code, Some(101));
        let mut seen = String::new();
        for field in head.headers.iter().filter(|field| field.name != "date") {
            let _ = write!(seen, "{}: {}; ", field.name, str::from_utf8(field.value).unwrap());
        }
        let fields = fields.iter().map(|(name, value)| format!("{name}: {value}; "));
        let fields: String = fields.collect();
        prop_assert_eq!(seen, format!("connection: upgrade; {fields}upgrade: echo; "));
        prop_assert_eq!(&driver.wire[length..], [&behind[..], b"more"].concat());
    }
}
