//! What an observer is told of streams.

use std::sync::Arc;
use std::time::Duration;

use harness::Told;
use layer_http2::Http2;
use protocol::{Cut, Limits, Reply, Request, Response, Service, Waited};

use crate::driver::{Driver, read_file, start};
use crate::frames::{DATA, END_STREAM, RST_STREAM, frame, get, open_window, post, preface};

/// More than the window of a stream that has not been opened.
const LARGE: usize = 100_000;

fn handler(request: &Request<'_>) -> Reply {
    match request.path() {
        "/later" => Reply::at(request.now().instant + ms(40), "later"),
        _ => Reply::collect(|_| Reply::blocking(|| Response::ok().body(vec![b'x'; LARGE]))),
    }
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A driver, and what is told of its requests.
fn observed() -> (Driver, Told) {
    let told = Told::default();
    let service = Service::new(Arc::new(handler), Arc::new(Limits::default()))
        .observed_by(Some(Arc::new(told.clone())));
    let mut driver =
        harness::Driver::new(Http2::with_service(service, read_file, start()), start());
    driver.feed(preface(&[]));
    (driver, told)
}

#[test]
fn a_stream_reports_how_long_it_waited_for_its_body_for_work_and_for_its_window() {
    let (mut driver, told) = observed();
    driver.holds_work = true;
    driver.feed(open_window(0, 1 << 20));
    driver.feed(post(1, "/all", &[]));
    driver.feed(get(3, "/later"));
    driver.pass_ms(10);
    driver.feed(frame(DATA, END_STREAM, 1, b"hello"));
    driver.pass_ms(20);
    driver.finish_work();
    driver.pass_ms(30);
    driver.feed(open_window(1, 1 << 20));
    let told = told.take();
    let [(later, first), (all, second)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((later.as_str(), all.as_str()), ("/later", "/all"));
    assert_eq!(first.waited, Waited { time: ms(40), ..Waited::default() });
    assert_eq!((first.duration, first.cut, first.sent), (ms(40), None, 5));
    let waited = Waited { input: ms(10), work: ms(20), room: ms(30), time: ms(0) };
    assert_eq!((second.waited, second.duration, second.cut), (waited, ms(60), None));
    assert_eq!((second.received, second.sent), (5, LARGE as u64));
    assert_eq!(second.status.unwrap(), 200);
}

#[test]
fn a_stream_that_does_not_end_in_order_says_why() {
    let (mut driver, told) = observed();
    driver.feed(get(1, "/later"));
    driver.feed(frame(RST_STREAM, 0, 1, &8_u32.to_be_bytes()));
    assert_eq!(told.take()[0].1.cut, Some(Cut::Client));
    driver.feed(get(3, "/all"));
    driver.pass(Limits::default().write_timeout);
    assert_eq!(told.take()[0].1.cut, Some(Cut::Timeout));
    driver.feed(get(5, "/later"));
    driver.shutdown(ms(5));
    driver.pass_ms(5);
    assert_eq!(told.take()[0].1.cut, Some(Cut::Shutdown));
}
