//! How a connection flows: ends of input, slow readers, slow sinks, work that comes late or not at
//! all, and what takes over after an upgrade.

#![allow(clippy::disallowed_types, reason = "what a sink has seen is shared with its test")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::demo::{Demo, LARGE, large};
use common::{Driver, End, drive};
use protocol::http::{HeaderValue, StatusCode};
use protocol::{
    Body, Connection, Content, FileRange, Limits, Now, Outcome, Production, Protocol, Reply,
    Request, Response, Service, Sink, Source, Step, Ticket, Wait, Work,
};

fn demo() -> Driver {
    common::silence_expected_panics();
    drive(Demo, Limits::default())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

fn post(path: &str, body: &str) -> String {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{body}")
}

/// The statuses of all responses, as text. Their bodies must not look like responses.
fn statuses(text: &str) -> Vec<&str> {
    text.split("HTTP/1.1 ").skip(1).map(|response| &response[..3]).collect()
}

mod end_of_input {
    use super::*;

    #[test]
    fn at_once_closes_without_a_word() {
        for blank in ["", "\r\n", "\r", "\r\n\r"] {
            let mut driver = demo();
            driver.feed(blank);
            driver.eof();
            assert_eq!((driver.text().as_str(), driver.end), ("", End::Closed), "{blank:?}");
        }
    }

    #[test]
    fn within_a_message_is_refused_at_every_point() {
        let chunked = "POST /stream HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\
                       3;x\r\nabc\r\n0\r\nA: b\r\n\r\n";
        for input in [get("/"), post("/collect", "hello"), post("/stream", "hello"), chunked.into()]
        {
            for at in 1..input.len() {
                let mut driver = demo();
                driver.feed(&input[..at]);
                driver.eof();
                assert_eq!(statuses(&driver.text()), ["400"], "{:?}", &input[..at]);
                assert!(driver.text().contains("the message is incomplete"));
                assert_eq!((driver.end, driver.lost), (End::Closed, 0));
            }
            let mut driver = demo();
            driver.feed(&input);
            driver.eof();
            assert_eq!(statuses(&driver.text()), ["200"]);
            assert_eq!((driver.end, driver.lost), (End::Closed, 0));
        }
    }

    /// RFC 9110 §9.3.2: the method is known from the space behind it on.
    #[test]
    fn within_a_head_request_is_refused_without_content_once_the_method_is_known() {
        let input = get("/").replace("GET", "HEAD");
        for at in 1..input.len() {
            for step in [1, 1000] {
                let mut driver = demo();
                input.as_bytes()[..at].chunks(step).for_each(|piece| driver.feed(piece));
                driver.eof();
                assert_eq!(statuses(&driver.text()), ["400"], "{:?}", &input[..at]);
                let is_known = at >= "HEAD ".len();
                assert_eq!(driver.text().ends_with("\r\n\r\n"), is_known, "{:?}", &input[..at]);
            }
        }
    }

    #[test]
    fn behind_requests_leaves_them_to_be_answered() {
        for path in ["/later", "/work/later", "/source/slow", "/file/large", "/large"] {
            let mut driver = demo();
            driver.takes = 0;
            driver.feed(get(path) + &get("/work") + &get(path) + &get("/last"));
            driver.eof_unasked();
            driver.takes = 10_000;
            driver.take(10_000);
            driver.pass_ms(1500);
            let text = driver.text();
            assert_eq!(statuses(&text), ["200", "200", "200", "200"], "{path}");
            assert_eq!((driver.end, driver.lost), (End::Closed, 0), "{path}");
            assert_eq!(text.matches("connection: close").count(), 1, "the last one says so");
            assert!(text.ends_with("GET origin /last None HTTP/1.1"));
        }
    }

    /// A body that nobody wants keeps nobody from their answer, nor does one that breaks off.
    #[test]
    fn within_a_body_that_is_not_wanted_leaves_the_answer_to_be_sent() {
        for path in ["/", "/later", "/work", "/source/slow", "/file/large", "/large"] {
            let input = post(path, "hello");
            for at in input.len() - 5..input.len() {
                let mut driver = demo();
                driver.takes = 0;
                driver.feed(&input[..at]);
                driver.eof();
                driver.pass_ms(1000);
                while driver.take(50_000) > 0 {
                    driver.pass_ms(100);
                }
                assert_eq!(statuses(&driver.text()), ["200"], "{:?}", &input[..at]);
                assert_eq!((driver.end, driver.lost), (End::Closed, 0), "{:?}", &input[..at]);
            }
        }
    }

    /// A client that waits for 100 closes its side in place of sending the body.
    #[test]
    fn instead_of_a_body_after_expect_continue_is_answered() {
        for (path, status) in [
            ("/", "200"),
            ("/later", "200"),
            ("/work", "200"),
            ("/collect", "400"),
            ("/stream", "400"),
            ("/work/collect", "400"),
        ] {
            for (is_eager, step) in [(false, 1), (false, 1000), (true, 1), (true, 1000)] {
                let mut driver = demo();
                driver.takes = 0;
                driver.feed(
                    post(path, "hello")
                        .replace("Host: h", "Host: h\r\nExpect: 100-continue")
                        .strip_suffix("hello")
                        .unwrap(),
                );
                if is_eager {
                    driver.eof_unasked();
                } else {
                    driver.eof();
                }
                driver.pass_ms(1000);
                while driver.take(step) > 0 {}
                let text = driver.text();
                let last = statuses(&text).into_iter().rfind(|status| *status != "100");
                assert_eq!(last, Some(status), "{path}: {text}");
                assert_eq!((driver.end, driver.lost), (End::Closed, 0), "{path}");
            }
        }
    }

    #[test]
    fn while_work_is_done_leaves_its_answer_to_be_sent() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/work"));
        driver.eof_unasked();
        assert_eq!((driver.text().as_str(), driver.end), ("", End::Open));
        driver.finish_work();
        assert!(driver.text().contains("connection: close") && driver.text().ends_with("worked"));
        assert_eq!((driver.end, driver.lost), (End::Closed, 0));
    }

    #[test]
    fn while_a_body_is_produced_ends_the_connection_after_it() {
        let mut driver = demo();
        driver.feed(get("/source/slow"));
        driver.eof_unasked();
        driver.pass_ms(1000);
        assert!(driver.text().ends_with("3,\r\n0\r\n\r\n"));
        assert_eq!((driver.end, driver.lost), (End::Closed, 0));
    }

    #[test]
    fn ends_the_linger() {
        let mut driver = demo();
        driver.feed("no request\r\n\r\n");
        assert_eq!((statuses(&driver.text()), driver.end), (vec!["400"], End::HalfClosed));
        driver.feed("more of it");
        assert_eq!((driver.unread_pieces(), driver.end), (0, End::HalfClosed));
        driver.eof();
        assert_eq!((statuses(&driver.text()), driver.end), (vec!["400"], End::Closed));
    }

    #[test]
    fn is_not_waited_for_when_the_peer_has_said_that_it_parts() {
        let mut driver = demo();
        driver.feed("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        assert_eq!((statuses(&driver.text()), driver.end), (vec!["200"], End::Closed));
    }
}

mod slow_readers {
    use super::*;

    const LIMITS: Limits = Limits {
        max_request_line: 8 << 10,
        max_head: 16 << 10,
        max_fields: 100,
        max_body: 1 << 20,
        max_collect: 1 << 20,
        max_chunk_extensions: 0,
        max_discard: 0,
        high_water: 10_000,
        idle_timeout: Duration::from_secs(60),
        head_timeout: Duration::from_secs(60),
        body_timeout: Duration::from_secs(60),
        write_timeout: Duration::from_secs(60),
        max_streams: 100,
        linger_timeout: Duration::from_secs(60),
    };

    /// What a peer receives that takes `step` bytes at a time, and the most that was ever unsent.
    fn trickle(path: &str, step: usize) -> (Vec<u8>, usize) {
        let mut driver = drive(Demo, LIMITS);
        driver.takes = 0;
        driver.feed(get(path) + &get("/next"));
        assert!(driver.unsent() > 0);
        while driver.take(step) > 0 {}
        let next = b"GET origin /next None HTTP/1.1";
        assert!(driver.wire.ends_with(next), "the next request had to wait, no longer");
        assert_eq!(driver.end, End::Open);
        (driver.wire, driver.most_unsent)
    }

    /// The body of the first response in `wire`, of known length.
    fn first_body(wire: &[u8], length: usize) -> &[u8] {
        let start = wire.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        &wire[start..start + length]
    }

    #[test]
    fn get_a_large_body_and_never_cost_more_than_a_piece_beyond_the_high_water_mark() {
        for step in [1000, 9_999, 10_000, 10_001, usize::MAX] {
            let (wire, most) = trickle("/large", step);
            assert_eq!(first_body(&wire, LARGE), large());
            assert!(most < 2 * LIMITS.high_water, "{most} bytes were unsent, in steps of {step}");
        }
    }

    #[test]
    fn get_a_produced_body_and_never_cost_more_than_a_piece_beyond_the_high_water_mark() {
        let (whole, _) = trickle("/source/large", usize::MAX);
        for step in [1, 999, 20_000] {
            let (wire, most) = trickle("/source/large", step);
            assert!(wire == whole);
            assert!(most < LIMITS.high_water + 4000 + 17, "{most} bytes were unsent");
        }
    }

    #[test]
    fn get_a_file_that_is_never_in_memory() {
        for step in [1000, 9_999, usize::MAX] {
            let (wire, most) = trickle("/file/large", step);
            assert_eq!(first_body(&wire, LARGE), large());
            assert!(most < 200, "{most} bytes were unsent, in steps of {step}");
        }
    }

    #[test]
    fn hold_up_the_requests_that_they_pipeline() {
        let mut driver = drive(Demo, LIMITS);
        driver.takes = 0;
        let requests = 1000;
        for n in 0..requests {
            driver.feed(get(&format!("/{n:04}")));
        }
        assert!(!driver.wait.read, "the rest stays in the socket");
        assert!(driver.unread_pieces() > 900);
        while driver.take(5000) > 0 {}
        assert!(driver.wait.read);
        assert!(driver.most_unsent < LIMITS.high_water + 200);
        let text = driver.text();
        let numbers =
            text.split("origin /").skip(1).map(|rest| rest[..4].parse::<usize>().unwrap());
        assert_eq!(numbers.collect::<Vec<_>>(), (0..requests).collect::<Vec<_>>());
    }

    #[test]
    fn do_not_keep_a_body_from_being_thrown_away() {
        let mut driver = drive(Demo, Limits { max_discard: 1 << 20, ..LIMITS });
        driver.takes = 0;
        let body = "x".repeat(500_000);
        driver.feed(post("/large", &body));
        assert_eq!(driver.unread_pieces(), 0);
        driver.feed(get("/next"));
        while driver.take(9000) > 0 {}
        assert_eq!(first_body(&driver.wire, LARGE), large());
        assert!(driver.wire.ends_with(b"GET origin /next None HTTP/1.1"));
    }
}

mod bodies {
    use super::*;

    /// What has become of a sink, and what it has seen.
    #[derive(Clone, Default)]
    struct Seen(Arc<Mutex<(Vec<usize>, &'static str)>>);

    struct Watched(Seen, Vec<u8>);

    impl Sink for Watched {
        fn write(&mut self, piece: &[u8]) -> Result<(), Response> {
            self.0.0.lock().unwrap().0.push(piece.len());
            self.1.extend_from_slice(piece);
            Ok(())
        }

        fn finish(mut self: Box<Self>) -> Reply {
            self.0.0.lock().unwrap().1 = "finished";
            Response::ok().body(std::mem::take(&mut self.1)).into()
        }
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            let mut seen = self.0.0.lock().unwrap();
            if seen.1 != "finished" {
                seen.1 = "dropped";
            }
        }
    }

    impl Seen {
        fn handler(&self) -> impl Fn(&Request<'_>) -> Reply + Send + Sync + 'static {
            let seen = self.clone();
            move |_| Reply::stream(Watched(seen.clone(), Vec::new()))
        }

        fn fate(&self) -> &'static str {
            self.0.lock().unwrap().1
        }

        fn pieces(&self) -> Vec<usize> {
            self.0.lock().unwrap().0.clone()
        }
    }

    #[test]
    fn wait_in_the_socket_while_the_sink_is_away_and_its_next_piece_is_full() {
        let seen = Seen::default();
        let mut driver = drive(seen.handler(), Limits::default());
        driver.holds_work = true;
        let body = "0123456789abcdef".repeat(20_000);
        let request = post("/", &body);
        for piece in request.as_bytes().chunks(1000) {
            driver.feed(piece);
        }
        assert!(!driver.wait.read);
        assert_eq!(driver.held.len(), 1, "a sink does one thing at a time");
        let read = request.len() - 1000 * driver.unread_pieces();
        assert!(read < (64 << 10) + 3000, "{read} bytes were read");
        while !driver.held.is_empty() {
            driver.finish_work();
        }
        assert!(driver.text().ends_with(&body));
        assert!(seen.pieces().iter().all(|&length| length <= 64 << 10));
        assert_eq!((seen.fate(), driver.end), ("finished", End::Open));
    }

    #[test]
    fn that_end_while_the_sink_is_away_are_finished_after_it() {
        let seen = Seen::default();
        let mut driver = drive(seen.handler(), Limits::default());
        driver.holds_work = true;
        let request = post("/", "hello");
        driver.feed(&request[..request.len() - 3]);
        driver.feed(&request[request.len() - 3..]);
        driver.feed(request.replace("hello", "world"));
        assert_eq!(driver.held.len(), 1);
        for _ in 0..4 {
            driver.finish_work();
            if driver.held.is_empty() {
                break;
            }
        }
        assert_eq!(statuses(&driver.text()), ["200", "200"]);
        assert!(driver.text().contains("hello") && driver.text().ends_with("world"));
    }

    #[test]
    fn that_break_off_drop_their_sink() {
        let seen = Seen::default();
        let mut driver = drive(seen.handler(), Limits::default());
        let request = post("/", "hello");
        driver.feed(&request[..request.len() - 3]);
        driver.eof();
        assert_eq!((statuses(&driver.text()), driver.end), (vec!["400"], End::Closed));
        drop(driver);
        assert_eq!(seen.fate(), "dropped");
    }

    #[test]
    fn that_break_off_while_there_is_no_room_are_refused_when_there_is() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(post("/stream", &"x".repeat(100_000)).split_at(70).0);
        driver.feed([b'x'; 64 << 10]);
        assert!(!driver.wait.read);
        driver.eof_unasked();
        assert_eq!(driver.text(), "");
        driver.finish_work();
        assert_eq!((statuses(&driver.text()), driver.end), (vec!["400"], End::Closed));
    }

    #[test]
    fn that_are_refused_do_not_wait_for_their_sink() {
        let seen = Seen::default();
        let mut driver = drive(seen.handler(), Limits::default());
        driver.holds_work = true;
        driver.feed("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello");
        driver.feed("!");
        assert_eq!((statuses(&driver.text()), driver.end), (vec!["400"], End::HalfClosed));
        driver.finish_work();
        assert_eq!(statuses(&driver.text()), ["400"], "what comes late is not answered");
        assert_eq!((seen.fate(), driver.end), ("dropped", End::HalfClosed));
    }

    #[test]
    fn that_the_sink_does_not_want_are_thrown_away_if_they_are_short() {
        for (length, kept) in [(1000, true), (600 << 10, false)] {
            let mut driver = demo();
            driver.feed(post("/stream/full", &"x".repeat(length)));
            driver.feed(get("/"));
            let expected: &[_] = if kept { &["507", "200"] } else { &["507"] };
            assert_eq!(statuses(&driver.text()), expected);
            assert_eq!(driver.end == End::Open, kept);
        }
    }

    #[test]
    fn are_not_read_before_the_handler_has_said_what_for() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(post("/work/collect", "hello").replace("hello", ""));
        assert!(!driver.wait.read);
        driver.feed("hello");
        assert_eq!(driver.unread_pieces(), 1);
        driver.finish_work();
        assert_eq!(driver.unread_pieces(), 0);
        driver.finish_work();
        assert!(driver.text().ends_with("worked \"hello\""));
    }
}

mod work {
    use super::*;

    #[test]
    fn without_room_for_it_is_answered_with_503() {
        for input in [get("/work"), get("/future"), post("/stream", "hello"), post("/stream", "")] {
            let mut driver = demo();
            driver.holds_work = true;
            driver.feed(&input);
            let (ticket, _) = driver.held.pop_front().unwrap();
            driver.complete(ticket, Outcome::Overloaded);
            assert_eq!(statuses(&driver.text()), ["503"], "{input:?}");
            assert!(driver.text().contains("retry-after: 1\r\n"));
            driver.feed(get("/"));
            assert_eq!(statuses(&driver.text()), ["503", "200"], "{input:?}");
        }
    }

    #[test]
    fn holds_up_what_is_pipelined_behind_it() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/a") + &get("/work") + &get("/b"));
        driver.feed(get("/c"));
        assert_eq!(statuses(&driver.text()), ["200"]);
        assert_eq!((driver.wait.read, driver.unread_pieces()), (false, 1));
        driver.finish_work();
        let text = driver.text();
        let places: Vec<_> =
            ["/a", "worked", "/b", "/c"].map(|body| text.find(body).unwrap()).into();
        assert!(places.is_sorted());
    }

    #[test]
    fn with_an_unknown_ticket_is_ignored() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/work"));
        driver.complete(Ticket::new(77), Outcome::Panicked);
        assert_eq!(driver.text(), "");
        driver.finish_work();
        assert_eq!(statuses(&driver.take_text()), ["200"]);
        let request = post("/stream", "hello");
        let (most, rest) = request.split_at(request.len() - 1);
        driver.feed(most);
        driver.complete(Ticket::new(77), Outcome::Panicked);
        assert_eq!(driver.text(), "");
        let (ticket, work) = driver.held.pop_front().unwrap();
        driver.complete(ticket, common::run(work));
        driver.complete(ticket, Outcome::Panicked);
        assert_eq!(driver.text(), "");
        driver.feed(rest);
        let (ticket, work) = driver.held.pop_front().unwrap();
        driver.complete(ticket, common::run(work));
        driver.complete(ticket, Outcome::Panicked);
        assert_eq!((statuses(&driver.take_text()), driver.end), (vec!["200"], End::Open));
    }

    #[test]
    fn with_the_wrong_kind_of_outcome_is_a_fault_of_ours() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/work"));
        let (ticket, _) = driver.held.pop_front().unwrap();
        driver.complete(ticket, Outcome::Other(Box::new(())));
        assert_eq!(statuses(&driver.text()), ["500"]);
    }
}

mod sources {
    use super::*;
    use protocol::{Body, Content, Production};

    #[test]
    fn that_are_due_and_give_nothing_are_cut_off() {
        let stuck = |_: &Request<'_>| {
            Response::ok()
                .body(Body::stream(|_: &mut Content<'_>, now: Now| Production::At(now.instant)))
        };
        let mut driver = drive(stuck, Limits::default());
        driver.feed(get("/"));
        assert!(driver.text().ends_with("transfer-encoding: chunked\r\n\r\n"));
        assert_eq!(driver.end, End::HalfClosed);
    }

    #[test]
    fn that_are_late_make_up_for_it() {
        let late = |request: &Request<'_>| {
            let start = request.now().instant;
            let mut left = 3;
            Response::ok().body(Body::stream(move |piece: &mut Content<'_>, _: Now| {
                piece.push(b"tick");
                left -= 1;
                if left == 0 { Production::End } else { Production::At(start) }
            }))
        };
        let mut driver = drive(late, Limits::default());
        driver.feed(get("/"));
        assert_eq!(driver.text().matches("tick").count(), 3);
        assert_eq!(driver.end, End::Open);
    }
}

#[test]
fn a_chunk_that_is_too_large_is_refused_when_it_is_declared() {
    let mut driver = drive(Demo, Limits::default());
    driver.feed("POST /collect HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    driver.feed("ffffffffffffffff\r\nhello");
    assert!(driver.take_text().starts_with("HTTP/1.1 413 "));
}

#[test]
#[expect(clippy::disallowed_methods, reason = "any moment would do")]
fn a_report_of_no_bytes_sent_changes_nothing() {
    let now = Now { instant: Instant::now(), wall: std::time::UNIX_EPOCH };
    let mut connection = Connection::new(Arc::new(Demo), Arc::default(), now);
    assert_eq!(connection.receive(&mut b"GET".to_vec(), &mut Vec::new(), now), 0);
    connection.sent(0, now);
    assert!(matches!(connection.poll(), Step::Wait(_)));
}

#[test]
fn statuses_that_would_put_the_peer_out_of_step_are_not_given() {
    let handler = |request: &Request<'_>| {
        Response::new(match request.path() {
            "/interim" => StatusCode::SWITCHING_PROTOCOLS,
            _ => StatusCode::OK,
        })
    };
    let mut driver = drive(handler, Limits::default());
    driver.feed("GET /interim HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(driver.take_text().starts_with("HTTP/1.1 500 "));
    driver.feed("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n");
    assert!(driver.take_text().starts_with("HTTP/1.1 501 "));
}

#[test]
fn limits_at_the_ends_of_their_ranges_do_no_harm() {
    let forever = Duration::MAX;
    let limits = Limits {
        high_water: 0,
        max_fields: usize::MAX,
        idle_timeout: forever,
        head_timeout: forever,
        body_timeout: forever,
        write_timeout: forever,
        linger_timeout: forever,
        ..Limits::default()
    };
    let mut driver = drive(|_: &Request<'_>| Response::text("ok").close(), limits);
    driver.feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
    assert!(driver.take_text().starts_with("HTTP/1.1 200 "));
}

mod upgrades {
    use super::*;

    /// Sends back what it receives. A `!` is answered by work, a `#` by a file; a `~` cuts it.
    #[derive(Default)]
    struct Echo {
        unsent: u64,
        peer_is_done: bool,
        by: Option<Instant>,
        is_over: bool,
        has_parted: bool,
        work: Option<(Ticket, Work)>,
        file: Option<FileRange>,
    }

    impl Protocol for Echo {
        fn receive(&mut self, input: &mut [u8], out: &mut Vec<u8>, _: Now) -> usize {
            for &byte in &*input {
                match byte {
                    b'!' => self.work = Some((Ticket::new(1), Work::other(|| "worked"))),
                    b'~' => self.is_over = true,
                    b'#' => self.file = Some(FileRange { file: file(), offset: 0, length: 4 }),
                    _ => {
                        out.push(byte);
                        self.unsent += 1;
                    }
                }
            }
            input.len()
        }

        fn receive_eof(&mut self, _: Now) {
            self.peer_is_done = true;
        }

        fn sent(&mut self, bytes: u64, _: Now) {
            let from_out = bytes.min(self.unsent);
            self.unsent -= from_out;
            if bytes > from_out {
                assert_eq!(bytes - from_out, self.file.take().unwrap().length);
            }
        }

        fn complete(&mut self, _: Ticket, outcome: Outcome, out: &mut Vec<u8>, _: Now) {
            let Outcome::Other(text) = outcome else { panic!("{outcome:?}") };
            let text = text.downcast::<&str>().unwrap();
            out.extend_from_slice(text.as_bytes());
            self.unsent += text.len() as u64;
        }

        fn handle_timeout(&mut self, _: &mut Vec<u8>, now: Now) {
            self.is_over |= self.by.is_some_and(|by| by <= now.instant);
        }

        fn shutdown(&mut self, by: Instant, _: Now) {
            self.by = Some(by);
        }

        fn poll(&mut self) -> Step {
            match self.work.take() {
                Some((ticket, work)) => Step::Run(ticket, work),
                None if self.is_over || self.has_parted => Step::Close,
                None if self.peer_is_done && self.unsent == 0 => {
                    self.has_parted = true;
                    Step::ShutdownWrite
                }
                None => Step::Wait(Wait { read: !self.peer_is_done, deadline: self.by }),
            }
        }

        fn file(&self) -> Option<&FileRange> {
            self.file.as_ref()
        }
    }

    #[expect(clippy::disallowed_types, reason = "the type of FileRange::file")]
    fn file() -> Arc<std::fs::File> {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, b"file").unwrap();
        Arc::new(file)
    }

    /// The length of the field that [`Driver::text`] leaves out.
    const DATE: usize = "date: Thu, 01 Jan 1970 00:00:00 GMT\r\n".len();

    fn upgrade(request: &Request<'_>) -> Reply {
        let echo =
            || Reply::upgrade(HeaderValue::from_static("echo"), Response::ok(), Echo::default());
        match request.path() {
            "/later" => Reply::blocking(echo),
            "/before" => Response::text("before").into(),
            "/large" => Response::ok().body(large()).into(),
            _ => echo(),
        }
    }

    const SWITCHED: &str =
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n";

    fn upgrading() -> Driver {
        let mut driver = drive(upgrade as fn(&Request<'_>) -> Reply, Limits::default());
        driver.is_trusting = true; // as the echo is
        driver
    }

    #[test]
    fn hand_over_whatever_the_split() {
        for path in ["/now", "/later"] {
            let input = get(path) + "hello";
            for at in 0..=input.len() {
                let mut driver = upgrading();
                driver.feed(&input[..at]);
                driver.feed(&input[at..]);
                driver.feed(", you");
                assert_eq!(driver.text(), format!("{SWITCHED}hello, you"), "split at {at}");
                assert_eq!(driver.end, End::Open);
                driver.eof();
                assert_eq!(driver.end, End::Closed);
            }
        }
    }

    #[test]
    fn are_refused_where_they_cannot_be() {
        for request in [
            "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi",
        ] {
            let mut driver = upgrading();
            driver.feed(request);
            assert!(driver.text().starts_with("HTTP/1.1 400 Bad Request\r\n"), "{request}");
        }
    }

    #[test]
    fn hand_over_the_work_of_the_new_protocol() {
        let mut driver = upgrading();
        driver.feed(get("/later") + "a!");
        driver.feed("b");
        assert_eq!(driver.text(), format!("{SWITCHED}aworkedb"));
    }

    #[test]
    fn hand_over_the_files_of_the_new_protocol() {
        let mut driver = upgrading();
        driver.feed(get("/now") + "a#");
        driver.feed("b");
        assert_eq!(driver.text(), format!("{SWITCHED}afileb"));
    }

    #[test]
    fn count_what_was_sent_before_them_apart() {
        let mut driver = upgrading();
        driver.takes = 0;
        driver.feed(get("/now") + "hello");
        driver.eof();
        while driver.take(7) > 0 {}
        assert_eq!(driver.text(), format!("{SWITCHED}hello"));
        assert_eq!((driver.end, driver.lost), (End::Closed, 0));
    }

    /// The client closes its side right behind its request, or within what follows it, and what it
    /// is owed has not been sent by then.
    #[test]
    fn are_answered_although_the_input_ends_at_any_point_behind_them() {
        let both = |path: &str| [get(path), get("/before") + &get(path)];
        for requests in ["/now", "/later"].map(both).concat() {
            let input = requests.clone() + "hello";
            for at in requests.len()..=input.len() {
                for step in [1, 7, 1000] {
                    let text = ends_behind(&input[..at], step);
                    let expected = SWITCHED.to_owned() + &input[requests.len()..at];
                    assert!(text.ends_with(&expected), "{input:?} up to {at} by {step}: {text}");
                }
            }
        }
        let text = ends_behind(&(get("/large") + &get("/now") + "hello"), 1000);
        assert!(text.ends_with(&format!("{SWITCHED}hello")));
    }

    /// What a client hears that takes `step` bytes at a time, having sent this and then the end.
    fn ends_behind(input: &str, step: usize) -> String {
        let mut driver = upgrading();
        driver.holds_work = true;
        driver.takes = 0;
        driver.feed(input);
        driver.eof_unasked();
        while driver.take(step) > 0 || !driver.held.is_empty() {
            if !driver.held.is_empty() {
                driver.finish_work();
            }
        }
        assert_eq!((driver.end, driver.lost), (End::Closed, 0), "{input:?} by {step}");
        driver.text()
    }

    /// What was said before the hand-over has the time to be taken that all output has, and no
    /// more.
    #[test]
    fn are_cut_if_nobody_takes_the_answer_to_them_in_time() {
        let limits = Limits::default();
        for (order, patience) in [(None, limits.write_timeout), (Some(1), Duration::from_secs(1))] {
            let mut driver = upgrading();
            driver.takes = 0;
            driver.feed(get("/now"));
            driver.eof();
            order.map(Duration::from_secs).into_iter().for_each(|order| driver.shutdown(order));
            assert_eq!((driver.end, driver.patience()), (End::Open, Some(patience)));
            assert!(driver.is_upgraded(), "it still has to hear of shutdown");
            driver.pass(patience - Duration::from_millis(1));
            assert_eq!(driver.end, End::Open);
            driver.pass_ms(1);
            assert_eq!((driver.end, driver.lost), (End::Closed, SWITCHED.len() + DATE));
        }
    }

    /// An end without `ShutdownWrite` is a cut, which waits for nothing.
    #[test]
    fn are_over_at_once_if_what_takes_over_cuts_the_connection() {
        let mut driver = upgrading();
        driver.takes = 0;
        driver.feed(get("/now") + "~");
        assert_eq!((driver.end, driver.lost), (End::Closed, SWITCHED.len() + DATE));
    }

    #[test]
    fn hand_over_an_end_of_input_that_came_before() {
        let mut driver = upgrading();
        driver.holds_work = true;
        driver.feed(get("/later") + "hello");
        driver.eof_unasked();
        driver.finish_work();
        assert_eq!(driver.text(), format!("{SWITCHED}hello"));
        assert_eq!(driver.end, End::Closed);
    }

    #[test]
    fn hand_over_the_order_to_stop_before_and_after() {
        let second = Duration::from_secs(1);
        for before in [true, false] {
            let mut driver = upgrading();
            driver.holds_work = true;
            driver.feed(get("/later"));
            if before {
                driver.shutdown(second);
            }
            driver.finish_work();
            if !before {
                driver.shutdown(second);
            }
            assert_eq!(driver.patience(), Some(second));
            driver.pass(second);
            assert_eq!(driver.end, End::Closed);
        }
    }

    /// What a protocol hears before it is handed over.
    #[derive(Clone, Default)]
    struct Hears(Arc<Mutex<Vec<&'static str>>>);

    impl Protocol for Hears {
        fn receive(&mut self, input: &mut [u8], _: &mut Vec<u8>, _: Now) -> usize {
            input.len()
        }
        fn receive_eof(&mut self, _: Now) {
            self.0.lock().unwrap().push("end");
        }
        fn sent(&mut self, _: u64, _: Now) {}
        fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}
        fn handle_timeout(&mut self, _: &mut Vec<u8>, _: Now) {}
        fn shutdown(&mut self, _: Instant, _: Now) {
            self.0.lock().unwrap().push("shutdown");
        }
        fn poll(&mut self) -> Step {
            Step::Wait(Wait { read: true, deadline: None })
        }
    }

    /// Several calls may come before `poll`: a thread does work between two of them, and TLS finds
    /// several things in one read.
    #[test]
    fn hear_of_shutdown_and_of_the_end_before_they_are_handed_over() {
        let heard = Hears::default();
        let next = heard.clone();
        let handler = move |_: &Request<'_>| {
            Reply::upgrade(HeaderValue::from_static("x"), Response::ok(), next.clone())
        };
        let now = common::start();
        let mut connection = Connection::new(Arc::new(handler), Arc::default(), now);
        let mut out = Vec::new();
        connection.receive(get("/").into_bytes().as_mut_slice(), &mut out, now);
        connection.shutdown(now.instant + Duration::from_secs(1), now);
        connection.receive_eof(now);
        assert!(matches!(connection.poll(), Step::Upgrade(_)));
        assert_eq!(*heard.0.lock().unwrap(), ["shutdown", "end"]);
    }

    #[test]
    fn count_as_one_request() {
        let mut driver = upgrading();
        driver.feed(get("/now"));
        assert!(driver.is_upgraded());
        assert_eq!(driver.connection.served(), 1);
    }
}

/// The end of the requests is known while the last response still goes out, whose last piece fills
/// the output to the mark.
#[test]
fn an_end_that_comes_while_a_response_is_sent_is_not_forgotten() {
    let limits = Limits { high_water: 1000, ..Limits::default() };
    for length in 1..5000 {
        let handler = move |_: &Request<'_>| Response::text("x".repeat(length));
        let mut driver = drive(handler, limits.clone());
        driver.takes = 0;
        driver.feed("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        driver.eof_unasked();
        while driver.take(700) > 0 {}
        assert_eq!(driver.end, End::Closed, "after a body of {length} bytes");
    }
}

mod observed {
    use super::*;
    use harness::Told;
    use protocol::{Cut, Refusal, Summary, Waited};

    fn handler(request: &Request<'_>) -> Reply {
        match request.path() {
            "/later" => Reply::at(request.now().instant + Duration::from_millis(40), "later"),
            "/length" => Reply::collect(|body| body.len().to_string()),
            "/work" => Reply::blocking(|| "done"),
            "/large" => Response::text(vec![b'x'; LARGE]).into(),
            "/broken" => Response::ok().body(Body::Stream(Box::new(Broken))).into(),
            "/upgrade" => Reply::upgrade(HeaderValue::from_static("x"), Response::ok(), Silent),
            "/all" => Reply::collect(|_| Reply::blocking(|| Response::text(vec![b'x'; LARGE]))),
            _ => "now".into(),
        }
    }

    struct Broken;

    impl Source for Broken {
        fn produce(&mut self, _: &mut Content<'_>, _: Now) -> Production {
            Production::More // although there is nothing
        }
    }

    struct Silent;

    impl Protocol for Silent {
        fn receive(&mut self, input: &mut [u8], _: &mut Vec<u8>, _: Now) -> usize {
            input.len()
        }
        fn receive_eof(&mut self, _: Now) {}
        fn sent(&mut self, _: u64, _: Now) {}
        fn complete(&mut self, _: Ticket, _: Outcome, _: &mut Vec<u8>, _: Now) {}
        fn handle_timeout(&mut self, _: &mut Vec<u8>, _: Now) {}
        fn shutdown(&mut self, _: Instant, _: Now) {}
        fn poll(&mut self) -> Step {
            Step::Wait(Wait { read: true, deadline: None })
        }
    }

    /// A driver, and what is told of its requests.
    fn observed() -> (Driver, impl Fn() -> Vec<(String, Summary)>) {
        let told = Told::default();
        let service = Service::new(Arc::new(handler), Arc::new(Limits::default()));
        let service = service.observed_by(Some(Arc::new(told.clone())));
        let connection = Connection::with_service(service, common::start());
        let mut driver = Driver::new(connection, common::start());
        driver.is_trusting = true;
        (driver, move || told.take())
    }

    fn only(told: &[(String, Summary)]) -> Summary {
        assert_eq!(told.len(), 1, "{told:?}");
        told[0].1
    }

    /// Status, content received, content sent.
    fn figures(summary: &Summary) -> (u16, u64, u64) {
        (summary.status.map_or(0, |it| it.as_u16()), summary.received, summary.sent)
    }

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn each_request_is_reported_once_when_its_response_is_sent() {
        let (mut driver, told) = observed();
        driver.takes = 0;
        driver.feed(get("/a") + &get("/b"));
        assert!(told().is_empty(), "nothing has been sent");
        driver.pass_ms(3);
        let half = driver.unsent() / 2;
        driver.take(half);
        let first = told();
        assert_eq!((first.len(), first[0].0.as_str()), (1, "/a"));
        assert_eq!(figures(&first[0].1), (200, 0, 3));
        assert_eq!(first[0].1.cut, None);
        driver.pass_ms(4);
        driver.take(usize::MAX);
        let second = told();
        assert_eq!((second.len(), second[0].0.as_str()), (1, "/b"));
        assert_eq!(second[0].1.duration, ms(7));
        assert_eq!(second[0].1.waited, Waited { room: ms(7), ..Waited::default() });
    }

    #[test]
    fn a_request_reports_how_long_it_waited_for_its_body_for_work_and_for_room() {
        let (mut driver, told) = observed();
        driver.holds_work = true;
        let request = post("/all", "hello");
        driver.feed(&request[..request.len() - 2]);
        driver.pass_ms(10);
        driver.feed(&request[request.len() - 2..]);
        driver.pass_ms(20);
        driver.takes = 0;
        driver.finish_work();
        driver.pass_ms(30);
        while driver.take(usize::MAX) > 0 {}
        let summary = only(&told());
        assert_eq!(figures(&summary), (200, 5, LARGE as u64));
        let waited = Waited { input: ms(10), work: ms(20), room: ms(30), time: ms(0) };
        assert_eq!((summary.waited, summary.duration), (waited, ms(60)));
        assert_eq!(summary.cut, None);
    }

    #[test]
    fn a_request_reports_how_long_it_waited_for_a_moment() {
        let (mut driver, told) = observed();
        driver.feed(get("/later"));
        driver.pass_ms(39);
        assert!(told().is_empty());
        driver.pass_ms(1);
        let summary = only(&told());
        assert_eq!(summary.waited, Waited { time: ms(40), ..Waited::default() });
        assert_eq!(summary.duration, ms(40));
    }

    #[test]
    fn time_before_the_driver_begins_to_wait_is_no_waiting() {
        let (mut driver, told) = observed();
        driver.feed(get("/later"));
        driver.now.instant += ms(15);
        driver.connection.begin_wait(driver.now);
        driver.now.instant += ms(5);
        driver.connection.begin_wait(driver.now); // it waits already
        driver.pass_ms(20);
        let summary = only(&told());
        assert_eq!(summary.waited, Waited { time: ms(25), ..Waited::default() });
        assert_eq!(summary.duration, ms(40));
    }

    #[test]
    fn refusals_are_reported_with_their_reason() {
        for (input, path, status, refusal) in [
            ("nonsense\r\n\r\n".to_owned(), "-", 400, Refusal::RequestLine),
            (
                post("/length", "").replace(": 0", ": 99999999"),
                "/length",
                413,
                Refusal::BodyTooLarge,
            ),
        ] {
            let (mut driver, told) = observed();
            driver.feed(&input);
            let told = told();
            assert_eq!((told.len(), told[0].0.as_str()), (1, path), "{input}");
            assert_eq!(told[0].1.refusal, Some(refusal), "{input}");
            assert_eq!(told[0].1.status.unwrap().as_u16(), status, "{input}");
        }
        let (mut driver, told) = observed();
        let request = post("/length", "hello");
        driver.feed(&request[..request.len() - 1]);
        driver.pass(Limits::default().body_timeout);
        let summary = only(&told());
        assert_eq!((summary.refusal, summary.received), (Some(Refusal::Timeout), 4));
        assert_eq!(summary.waited.input, Limits::default().body_timeout);
    }

    #[test]
    fn a_request_that_does_not_end_in_order_says_why() {
        let deaf = |driver: &mut Driver| {
            driver.takes = 0;
            driver.feed(get("/large"));
            driver.take(1000);
        };
        let (mut driver, told) = observed();
        deaf(&mut driver);
        driver.pass(Limits::default().write_timeout);
        let summary = only(&told());
        assert_eq!(summary.cut, Some(Cut::Timeout));
        assert_eq!(figures(&summary).0, 200);
        assert!(summary.sent < 1000, "{summary:?}");

        let (mut driver, told) = observed();
        deaf(&mut driver);
        driver.shutdown(ms(5));
        driver.pass_ms(5);
        drop(driver);
        assert_eq!(only(&told()).cut, Some(Cut::Shutdown));

        let (mut driver, told) = observed();
        deaf(&mut driver);
        drop(driver);
        assert_eq!(only(&told()).cut, Some(Cut::Client));

        let (mut driver, told) = observed();
        driver.feed(get("/broken"));
        drop(driver);
        assert_eq!(only(&told()).cut, Some(Cut::Broken));
    }

    #[test]
    fn only_a_client_that_does_not_take_its_response_is_reported_as_slow() {
        let close = get("/a").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        for (takes, expected) in [(usize::MAX, &[][..]), (0, &["write-timeout"])] {
            let kinds = Arc::new(Mutex::new(Vec::new()));
            let told = Arc::clone(&kinds);
            let service = Service::new(Arc::new(handler), Arc::new(Limits::default()))
                .on_refused(Some(Arc::new(move |kind, _| told.lock().unwrap().push(kind))));
            let connection = Connection::with_service(service, common::start());
            let mut driver = Driver::new(connection, common::start());
            driver.takes = takes;
            driver.feed(&close);
            driver.pass(Limits::default().write_timeout); // the client leaves its side open
            assert_eq!(driver.end, End::Closed);
            assert_eq!(*kinds.lock().unwrap(), expected);
        }
    }

    #[test]
    fn an_upgrade_is_the_end_of_its_request() {
        let (mut driver, told) = observed();
        driver.feed(get("/upgrade"));
        assert!(driver.is_upgraded());
        assert_eq!(figures(&only(&told())), (101, 0, 0));
        driver.feed(get("/"));
        assert!(told().is_empty(), "something else is spoken now");
    }
}
