//! Properties that hold for all input, tried on much of it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;
mod requests;

use std::sync::Arc;

use common::demo::Demo;
use common::{End, drive};
use proptest::prelude::*;
use protocol::{Connection, Limits, Protocol, Step};
use requests::cases;

/// Small limits, so that they are met.
fn limits() -> Limits {
    Limits {
        max_request_line: 50,
        max_head: 120,
        max_fields: 4,
        max_body: 40,
        max_collect: 20,
        max_chunk_extensions: 6,
        max_discard: 15,
        high_water: 300,
        ..Limits::default()
    }
}

/// How an exchange ended: the output, and what became of the connection.
type Outcome = (String, End);

/// Feeds `input` cut at these places, waits for what takes time, and closes.
fn exchange(input: &[u8], cuts: &[usize]) -> Outcome {
    common::silence_expected_panics();
    let mut driver = drive(Demo, limits());
    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut % (input.len() + 1)).collect();
    cuts.sort_unstable();
    let mut rest = 0;
    for cut in cuts.into_iter().chain([input.len()]) {
        driver.feed(&input[rest..cut]);
        rest = cut;
    }
    driver.pass_ms(5000);
    driver.eof();
    driver.pass_ms(5000);
    assert_eq!(driver.lost, 0);
    // Whether `100 Continue` is needed depends on whether the body is here (RFC 9110 §10.1.1).
    let text = String::from_utf8_lossy(&driver.wire).replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    (text, driver.end)
}

/// `/stream/full` is not among them: how much of a body is left when its sink fails depends, and
/// must, on how much has come by then.
const TARGETS: &[&str] = &[
    "/",
    "/a?b",
    "/collect",
    "/stream",
    "/work",
    "/work/collect",
    "/later",
    "/source",
    "/source/slow",
    "/file",
    "/large",
    "/204",
    "/304",
    "/empty",
    "/close",
    "/panic",
    "/panic/work",
    "/panic/source",
    "*",
    "http://h/a?b",
    "h:1",
];
const METHODS: &[&str] = &["GET ", "POST ", "HEAD ", "OPTIONS ", "CONNECT ", "get ", " ", "\t"];
const VERSIONS: &[&str] =
    &[" HTTP/1.1\r\n", " HTTP/1.0\r\n", " HTTP/1.2\r\n", " HTTP/2.0\r\n", " HTTP/1.1\n"];
const FIELDS: &[&str] = &[
    "Host: h\r\n",
    "Host: h\r\n\r\n",
    "Connection: close\r\n",
    "Connection: keep-alive\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 18\r\n",
    "Content-Length: 38\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Expect: 100-continue\r\n",
    "X : y\r\n",
    " folded\r\n",
    "A: b\r\n",
];
const BODIES: &[&str] =
    &["\r\n", "\r\n\r\n", "\r", "\n", "5\r\nhello\r\n", "0\r\n\r\n", "0\r\n", "a;x\r\n", "hello"];
const RESTS: &[&str] = &[
    "\r\n",
    "Connection: close\r\n\r\n",
    "Content-Length: 0\r\n\r\n",
    "Content-Length: 5\r\n\r\nhello",
    "Content-Length: 25\r\n\r\n0123456789012345678901234",
    "Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x\r\nllo\r\n0\r\nA: b\r\n\r\n",
    "Transfer-Encoding: chunked\r\n\r\n12\r\n012345678901234567\r\n0\r\n\r\n",
];

/// Pieces of requests, right and wrong.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let one_of = |pieces: &'static [&'static str]| {
        proptest::sample::select(pieces).prop_map(|piece| piece.as_bytes().to_vec())
    };
    prop_oneof![
        8 => one_of(METHODS),
        8 => one_of(TARGETS),
        6 => one_of(VERSIONS),
        10 => one_of(FIELDS),
        6 => one_of(BODIES),
        2 => proptest::collection::vec(any::<u8>(), 0..8),
    ]
}

/// A request that makes sense but for one byte that may be another.
fn request() -> impl Strategy<Value = Vec<u8>> {
    let method = proptest::sample::select(&["GET", "POST", "HEAD", "PUT"][..]);
    let target = proptest::sample::select(TARGETS);
    let rest = proptest::sample::select(RESTS);
    let flaw = prop_oneof![
        9 => Just(None),
        1 => (any::<usize>(), any::<u8>()).prop_map(Some),
    ];
    (method, target, rest, any::<bool>(), flaw).prop_map(|(method, target, rest, old, flaw)| {
        let version =
            if old { "HTTP/1.0\r\nConnection: keep-alive" } else { "HTTP/1.1\r\nHost: h" };
        let mut request = format!("{method} {target} {version}\r\n{rest}").into_bytes();
        if let Some((at, byte)) = flaw {
            let at = at % request.len();
            request[at] = byte;
        }
        request
    })
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => proptest::collection::vec(any::<u8>(), 0..300),
        3 => proptest::collection::vec(piece(), 0..20).prop_map(|pieces| pieces.concat()),
        6 => proptest::collection::vec(request(), 1..5).prop_map(|requests| requests.concat()),
    ]
}

proptest! {
    #![proptest_config(cases(1500))]

    /// That nothing loops or panics, and that the contract holds, is the driver's to notice.
    #[test]
    fn the_output_does_not_depend_on_how_the_input_was_cut(
        input in input(),
        cuts in proptest::collection::vec(any::<usize>(), 1..6),
    ) {
        let whole = exchange(&input, &[]);
        prop_assert_eq!(&exchange(&input, &cuts), &whole);
        let bytewise: Vec<_> = (0..input.len()).collect();
        prop_assert_eq!(&exchange(&input, &bytewise), &whole);
    }

    #[test]
    fn the_output_does_not_depend_on_how_it_is_taken(input in input(), step in 1..500usize) {
        common::silence_expected_panics();
        let taken_by = |step| {
            let mut driver = drive(Demo, limits());
            driver.takes = step;
            driver.feed(&input);
            driver.pass_ms(5000);
            (driver.wire, driver.end)
        };
        prop_assert_eq!(taken_by(step), taken_by(usize::MAX));
    }
}

/// A driver whose peer sends all the time and takes nothing, or little.
struct Glut {
    connection: Box<dyn Protocol>,
    held: Vec<u8>,
    out: Vec<u8>,
}

impl Glut {
    /// Does what the connection asks for; whether it wants input then.
    fn settle(&mut self, takes: usize) -> bool {
        loop {
            match self.connection.poll() {
                Step::Receive => self.receive(),
                Step::Run(ticket, work) => {
                    let outcome = common::run(work);
                    self.connection.complete(ticket, outcome, &mut self.out, common::start());
                }
                Step::Upgrade(next) => {
                    self.connection = next;
                    self.receive();
                }
                Step::ShutdownWrite => {}
                Step::Close => return false,
                Step::Wait(wait) => {
                    let sent = takes.min(self.out.len());
                    self.out.drain(..sent);
                    self.connection.sent(sent as u64, common::start());
                    if sent == 0 {
                        return wait.read;
                    }
                }
            }
        }
    }

    fn receive(&mut self) {
        let consumed = self.connection.receive(&mut self.held, &mut self.out, common::start());
        self.held.drain(..consumed);
    }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn no_more_is_kept_than_the_limits_allow(
        input in prop_oneof![
            4 => proptest::collection::vec(request(), 1..12).prop_map(|requests| requests.concat()),
            2 => input(),
            1 => proptest::collection::vec(any::<u8>(), 0..1000),
        ],
        step in 1..40usize,
        takes in prop_oneof![Just(0), 1..400usize],
    ) {
        common::silence_expected_panics();
        let limits = limits();
        // What there is before the mark is passed, and what is then added in one go: an interim
        // response, the longest head, and as much content as fits below the mark.
        let most_out = limits.high_water + 300 + limits.high_water;
        let connection = Connection::new(Arc::new(Demo), Arc::new(limits.clone()), common::start());
        let mut glut = Glut { connection: Box::new(connection), held: Vec::new(), out: Vec::new() };
        for piece in input.chunks(step) {
            if !glut.settle(takes) {
                break; // the rest stays in the socket
            }
            glut.held.extend_from_slice(piece);
            glut.receive();
            glut.settle(0);
            prop_assert!(glut.held.len() <= limits.max_head.max(step), "{} held", glut.held.len());
            prop_assert!(glut.out.len() <= most_out, "{} unsent", glut.out.len());
        }
    }
}
