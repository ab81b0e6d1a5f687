//! Frames of HTTP/2, sound and not, after a preface that is: whatever comes, it goes on or ends.
//!
//! An input is a row of frames, each as `arbitrary` makes it; so most of what is tried gets beyond
//! the first nine bytes.

#![no_main]

use std::sync::Arc;
use std::time::Duration;

use arbitrary::Arbitrary;
use harness::{Driver, End, read_file, run, start};
use layer_http2::{Http2, PREFACE};
use protocol::{Body, Content, Limits, Outcome, Production, Reply, Request, Response};

/// Limits that a short input can meet.
const HIGH_WATER: usize = 2000;

#[derive(Arbitrary, Debug)]
enum Event {
    /// A frame with any payload.
    Frame {
        kind: u8,
        flags: u8,
        stream: u8,
        payload: Vec<u8>,
    },
    /// A request for one of the routes, so that there is something to interfere with.
    Ask {
        stream: u8,
        route: u8,
        ends: bool,
    },
    /// More window, for one stream or for all.
    Window {
        stream: u8,
        by: u16,
    },
    /// Content, and how much of it.
    Data {
        stream: u8,
        length: u16,
        ends: bool,
    },
    /// Bytes that are no frame at all.
    Bytes(Vec<u8>),
    /// The peer takes so much.
    Take(u16),
    Pass(u16),
    Work {
        overloaded: bool,
    },
    Shutdown(u16),
    End,
}

#[derive(Arbitrary, Debug)]
struct Input {
    settings: Vec<(u8, u16)>,
    holds_work: bool,
    is_eager: bool,
    takes: Option<u16>,
    events: Vec<Event>,
}

const ROUTES: [&str; 8] =
    ["/now", "/collect", "/work", "/later", "/big", "/source", "/panic", "/stream"];

fn answer(request: &Request<'_>) -> Reply {
    match request.path() {
        "/collect" => Reply::collect(|body| Response::ok().body(body)),
        "/work" => Reply::blocking(|| "worked"),
        "/later" => Reply::at(request.now().instant + Duration::from_millis(50), "later"),
        "/big" => Response::ok().body(vec![b'x'; 70_000]).into(),
        "/panic" => std::panic::panic_any(harness::EXPECTED_PANIC),
        "/source" => {
            let mut left = 20;
            let source = move |content: &mut Content<'_>, _| {
                content.push(&[b'y'; 1000]);
                left -= 1;
                if left > 0 { Production::More } else { Production::End }
            };
            Response::ok().body(Body::stream(source)).into()
        }
        path => path.to_owned().into(),
    }
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short one").to_be_bytes();
    let head = [&length[1..], &[kind, flags, 0, 0, 0, stream]].concat();
    [&head, payload].concat()
}

/// RFC 7541: method, scheme and authority from the static table, the path as a literal.
fn ask(stream: u8, route: u8, ends: bool) -> Vec<u8> {
    let path = ROUTES[usize::from(route) % ROUTES.len()];
    let length = u8::try_from(path.len()).expect("a short one");
    let block = [&[0x83, 0x86, 0x04, length], path.as_bytes(), &[0x01, 0x01, b'h']].concat();
    frame(1, 4 | u8::from(ends), stream, &block)
}

libfuzzer_sys::fuzz_target!(|input: Input| {
    harness::silence_expected_panics();
    let limits =
        Limits { high_water: HIGH_WATER, max_collect: 3000, max_streams: 5, ..Limits::default() };
    let answer: fn(&Request<'_>) -> Reply = answer;
    let connection = Http2::new(Arc::new(answer), Arc::new(limits), read_file, start());
    let mut driver = Driver::new(connection, start());
    driver.takes_all = true;
    driver.holds_work = input.holds_work;
    driver.is_eager = input.is_eager;
    driver.takes = input.takes.map_or(usize::MAX, usize::from);

    let settings = input.settings.iter().take(8);
    let settings: Vec<u8> = settings
        .flat_map(|(id, value)| [0, id % 8, 0, 0, value.to_be_bytes()[0], value.to_be_bytes()[1]])
        .collect();
    driver.feed([&PREFACE[..], &frame(4, 0, 0, &settings)].concat());
    for event in input.events {
        match event {
            Event::Frame { kind, flags, stream, payload } => {
                driver.feed(frame(kind, flags, stream, &payload));
            }
            Event::Ask { stream, route, ends } => driver.feed(ask(stream, route, ends)),
            Event::Window { stream, by } => {
                driver.feed(frame(8, 0, stream, &u32::from(by).to_be_bytes()));
            }
            Event::Data { stream, length, ends } => {
                let content = vec![7; usize::from(length % 16_385)];
                driver.feed(frame(0, u8::from(ends), stream, &content));
            }
            Event::Bytes(bytes) => driver.feed(bytes),
            Event::Take(bytes) => drop(driver.take(usize::from(bytes))),
            Event::Pass(milliseconds) => driver.pass_ms(u64::from(milliseconds)),
            Event::Work { overloaded } => {
                if let Some((ticket, work)) = driver.held.pop_front() {
                    let outcome = if overloaded { Outcome::Overloaded } else { run(work) };
                    driver.complete(ticket, outcome);
                }
            }
            Event::Shutdown(milliseconds) => {
                driver.shutdown(Duration::from_millis(milliseconds.into()));
            }
            Event::End => driver.eof(),
        }
        // The mark, and the frames that h2 writes whole.
        assert!(driver.most_unsent < HIGH_WATER + 70_000, "{} unsent", driver.most_unsent);
    }
    // In the end all is over, although nobody does anything more.
    driver.is_eager = false;
    while !driver.held.is_empty() {
        driver.finish_work();
    }
    driver.holds_work = false;
    driver.pass(Duration::from_secs(3600));
    assert_eq!(driver.end, End::Closed);
});
