//! Every case of the conformance suite in memory, in some splits and, exhaustively, in every one.
//!
//! What a split does is for the protocols to say, and there is none in a backend: so it is shown
//! here, where an exchange takes microseconds, and over sockets a few deliveries do. Between client
//! and server stands nothing but the strict driver of `harness`, with its virtual clock: a pause
//! costs nothing, a wait that nothing can end times out at once, and whatever breaks the contract
//! of a [`Protocol`](protocol::Protocol) panics.
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use app::App;
use app::store::Store;
use backend_common::{Http, Limits};
use conformance::{Filter, Protocol, Runner, Splits, Transport, cases};
use harness::{Driver, End};
use protocol::{Connection, Now};

/// A connection of the demo application.
struct Memory {
    driver: Driver<Http>,
}

impl Memory {
    fn connect(app: Arc<App>, limits: Arc<Limits>) -> Self {
        // Files are as old as they are, so the date has to be today's.
        let now = Now { instant: Instant::now(), wall: SystemTime::now() };
        let http = Http::from(Connection::new(app, limits, now));
        let mut driver = Driver::new(http, now);
        driver.holds_work = true;
        Memory { driver }
    }

    /// Work that is under way takes as long as the client waits.
    fn finish_work(&mut self) {
        while !self.driver.held.is_empty() {
            self.driver.finish_work();
        }
    }
}

impl Transport for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.driver.feed(bytes);
        Ok(())
    }

    fn read(&mut self, into: &mut Vec<u8>, deadline: Instant) -> io::Result<usize> {
        self.finish_work();
        while self.driver.wire.is_empty() && self.driver.end == End::Open {
            let left = deadline.saturating_duration_since(self.driver.now.instant);
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            // No further than to what happens next: the client does not sleep through it.
            self.driver.pass(self.driver.patience().map_or(left, |next| next.min(left)));
            self.finish_work();
        }
        let count = self.driver.wire.len();
        into.append(&mut self.driver.wire);
        Ok(count)
    }

    fn half_close(&mut self) {
        self.driver.eof();
    }

    fn pause(&mut self, time: Duration) {
        self.finish_work();
        self.driver.pass(time);
    }

    fn now(&self) -> Instant {
        self.driver.now.instant
    }
}

fn every_case(protocol: Protocol, splits: Splits) {
    every_case_but(protocol, Runner { splits, ..Runner::default() }, &[]);
}

/// But for those with these ids.
fn every_case_but(protocol: Protocol, runner: Runner, but: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let files = Store::open(dir.path()).unwrap();
    let app = Arc::new(App::new("memory", "test").files(files));
    let limits = Arc::new(Limits::default());
    let connect =
        || Ok(Box::new(Memory::connect(app.clone(), limits.clone())) as Box<dyn Transport>);
    let threads = thread::available_parallelism().map_or(1, Into::into);
    let runner = Runner { threads, ..runner };
    let filter = Filter { protocols: vec![protocol], ..Filter::default() };
    let cases = cases().iter().filter(|case| filter.takes(case) && !but.contains(&case.id));
    runner.run_over("localhost", &connect, cases).assert_all_passed();
}

#[test]
fn http1_cases_pass_in_some_splits() {
    every_case(Protocol::Http1, Splits::Some);
}

#[test]
fn http2_cases_pass_in_some_splits() {
    every_case(Protocol::Http2, Splits::Some);
}

#[test]
fn websocket_cases_pass_in_some_splits() {
    every_case(Protocol::WebSocket, Splits::Some);
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn http1_cases_pass_in_every_split() {
    every_case(Protocol::Http1, Splits::All);
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn http2_cases_pass_in_every_split() {
    every_case(Protocol::Http2, Splits::All);
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn websocket_cases_pass_in_every_split() {
    every_case(Protocol::WebSocket, Splits::All);
}

/// RFC 9113 gives most errors a code. Where h2 has `PROTOCOL_ERROR` instead, that is listed as open in
/// `conformance/COVERAGE.md`.
#[test]
fn http2_errors_have_the_codes_of_the_rfc() {
    const OTHERWISE: [&str; 13] = [
        "h2-data-ended",
        "h2-half-closed-data",
        "h2-settings-window-2-31",
        "h2-settings-window-2-32",
        "hpack-eos",
        "hpack-eos-inside",
        "hpack-padding-long",
        "hpack-padding-long-name",
        "hpack-padding-mixed",
        "hpack-padding-only",
        "hpack-padding-zero",
        "hpack-size-at-end",
        "hpack-size-between",
    ];
    let runner = Runner { splits: Splits::One, exact_codes: true, ..Runner::default() };
    every_case_but(Protocol::Http2, runner, &OTHERWISE);
}
