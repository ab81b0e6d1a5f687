//! Time as data: every limit of time on a virtual clock. Each deadline is met a millisecond before
//! it comes (nothing happens) and when it has come.

mod common;

use std::time::Duration;

use common::demo::{Demo, LATER};
use common::{Driver, End, drive};
use protocol::Limits;

const IDLE: u64 = 60_000;
const HEAD: u64 = 10_000;
const BODY: u64 = 30_000;
const WRITE: u64 = 20_000;
const LINGER: u64 = 2_000;
const LONGEST_LINGER: u64 = 30_000;
const GRACE: u64 = 500;

fn demo() -> Driver {
    let limits = Limits {
        idle_timeout: Duration::from_millis(IDLE),
        head_timeout: Duration::from_millis(HEAD),
        body_timeout: Duration::from_millis(BODY),
        write_timeout: Duration::from_millis(WRITE),
        linger_timeout: Duration::from_millis(LINGER),
        high_water: 10_000,
        ..Limits::default()
    };
    drive(Demo, limits)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n")
}

fn post(path: &str, length: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n")
}

/// The milliseconds until the deadline.
fn patience(driver: &Driver) -> Option<u64> {
    driver.patience().map(|patience| patience.as_millis() as u64)
}

/// What is said last, in one word: the status, and whether the connection is said to close.
fn answer(driver: &mut Driver) -> String {
    let text = driver.take_text();
    match text.rsplit_once("HTTP/1.1 ") {
        Some((_, last)) if last.contains("connection: close") => format!("{} close", &last[..3]),
        Some((_, last)) => last[..3].to_owned(),
        None => String::new(),
    }
}

/// Nothing happens before this time has passed; then something does. Returns what is said.
fn due_after(driver: &mut Driver, milliseconds: u64) -> String {
    assert_eq!(patience(driver), Some(milliseconds));
    let (wait, end) = (driver.wait, driver.end);
    driver.pass_ms(milliseconds - 1);
    driver.handle_timeout();
    assert_eq!((driver.wait, driver.end, driver.text()), (wait, end, String::new()), "too early");
    driver.pass_ms(1);
    assert!(driver.wait != wait || driver.end != end, "too late");
    answer(driver)
}

/// Our side is closed; the peer has the time of the linger to close its own.
fn lingers(driver: &mut Driver) {
    assert_eq!(driver.end, End::HalfClosed);
    assert!(driver.wait.read);
    assert_eq!(due_after(driver, LINGER), "");
    assert_eq!(driver.end, End::Closed);
}

mod idle {
    use super::*;

    #[test]
    fn before_the_first_request() {
        let mut driver = demo();
        assert_eq!(due_after(&mut driver, IDLE), "");
        assert_eq!(driver.end, End::Closed);
    }

    #[test]
    fn between_requests() {
        let mut driver = demo();
        for _ in 0..3 {
            driver.pass_ms(IDLE - 1);
            driver.feed(get("/"));
            assert_eq!(answer(&mut driver), "200");
        }
        assert_eq!(due_after(&mut driver, IDLE), "");
        assert_eq!(driver.end, End::Closed);
    }

    #[test]
    fn is_not_put_off_by_empty_lines() {
        let mut driver = demo();
        for _ in 0..10 {
            driver.pass_ms(IDLE / 10 - 1);
            driver.feed("\r\n");
        }
        assert_eq!(patience(&driver), Some(10));
    }

    #[test]
    fn begins_when_the_response_has_been_taken() {
        let mut driver = demo();
        driver.takes = 0;
        driver.feed(get("/"));
        driver.pass_ms(5000);
        assert_eq!(patience(&driver), Some(WRITE - 5000), "the peer is at fault for that alone");
        driver.take(usize::MAX);
        assert_eq!(patience(&driver), Some(IDLE));
    }

    #[test]
    fn begins_when_the_body_has_been_thrown_away() {
        let mut driver = demo();
        driver.feed(post("/", 5));
        driver.pass_ms(5000);
        driver.feed("hello");
        assert_eq!(patience(&driver), Some(IDLE));
    }
}

mod heads {
    use super::*;

    #[test]
    fn that_stop_halfway() {
        let mut driver = demo();
        driver.pass_ms(IDLE - 1);
        driver.feed("G");
        assert_eq!(due_after(&mut driver, HEAD), "408 close");
        lingers(&mut driver);
    }

    #[test]
    fn that_trickle() {
        let mut driver = demo();
        let head = get(&"x".repeat(100));
        for byte in head.as_bytes().iter().take(99) {
            driver.feed([*byte]);
            driver.pass_ms(HEAD / 100);
        }
        assert_eq!(due_after(&mut driver, HEAD / 100), "408 close");
        lingers(&mut driver);
    }

    /// RFC 9110 §9.3.2.
    #[test]
    fn of_a_head_request_are_refused_without_content() {
        for (start, has_content) in [("HEAD", true), ("HEAD ", false), ("HEAD / HTTP", false)] {
            let mut driver = demo();
            driver.feed_bytewise(start);
            driver.pass_ms(HEAD);
            let text = driver.take_text();
            assert!(text.starts_with("HTTP/1.1 408 "), "{start:?}: {text}");
            assert!(!text.contains("content-length: 0\r\n"), "{start:?}: {text}");
            assert_eq!(!text.ends_with("\r\n\r\n"), has_content, "{start:?}: {text}");
        }
    }

    #[test]
    fn that_arrive_behind_a_request_in_the_same_piece() {
        let mut driver = demo();
        driver.feed(get("/") + "GET /");
        assert_eq!(answer(&mut driver), "200");
        assert_eq!(due_after(&mut driver, HEAD), "408 close");
    }

    #[test]
    fn that_arrive_behind_a_reply_that_takes_long_have_their_full_time() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/work") + "GET /");
        driver.pass_ms(5 * HEAD);
        driver.finish_work();
        assert_eq!(answer(&mut driver), "200");
        assert_eq!(due_after(&mut driver, HEAD), "408 close");
    }
}

mod bodies {
    use super::*;

    #[test]
    fn that_stop_halfway() {
        for path in ["/collect", "/stream"] {
            let mut driver = demo();
            driver.feed(post(path, 5));
            driver.feed("hell");
            assert_eq!(due_after(&mut driver, BODY), "408 close", "{path}");
            lingers(&mut driver);
        }
    }

    #[test]
    fn that_trickle() {
        for path in ["/collect", "/stream"] {
            let mut driver = demo();
            driver.feed(post(path, 10_000));
            for _ in 0..99 {
                driver.feed("x");
                driver.pass_ms(BODY / 100);
            }
            assert_eq!(due_after(&mut driver, BODY / 100), "408 close", "{path}");
        }
    }

    #[test]
    fn that_advance_may_take_long() {
        for path in ["/collect", "/stream"] {
            let mut driver = demo();
            driver.feed(post(path, 100 * 1024));
            for _ in 0..100 {
                driver.pass_ms(BODY - 1);
                driver.feed([b'x'; 1024]);
            }
            assert_eq!(answer(&mut driver), "200", "{path}");
        }
    }

    #[test]
    fn that_nobody_wants() {
        let mut driver = demo();
        driver.feed(post("/", 5));
        assert_eq!(answer(&mut driver), "200");
        assert_eq!(due_after(&mut driver, BODY), "", "the answer has been given");
        lingers(&mut driver);
    }

    #[test]
    fn that_we_do_not_read_are_not_overdue() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(post("/stream", 1 << 20));
        driver.feed("x");
        driver.feed([b'x'; 64 << 10]);
        assert!(!driver.wait.read, "the sink is away, and its next piece is full");
        driver.pass_ms(10 * BODY);
        driver.finish_work();
        assert!(driver.wait.read);
        assert_eq!(due_after(&mut driver, BODY), "408 close");
        driver.finish_work();
        assert_eq!(answer(&mut driver), "", "what comes late is not answered");
    }

    #[test]
    fn have_their_full_time_from_when_they_are_wanted() {
        let mut driver = demo();
        let head = post("/collect", 5);
        driver.feed(&head[..20]);
        driver.pass_ms(HEAD - 1);
        driver.feed(&head[20..]);
        assert_eq!(patience(&driver), Some(BODY), "from the end of the head");

        let mut driver = demo();
        driver.feed(post("/later", 5));
        driver.pass(LATER);
        assert_eq!(answer(&mut driver), "200");
        assert_eq!(patience(&driver), Some(BODY), "from the response, if thrown away");
    }

    #[test]
    fn that_are_asked_for_late_have_their_full_time() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(post("/work/collect", 5));
        driver.pass_ms(10 * BODY);
        driver.finish_work();
        assert_eq!(due_after(&mut driver, BODY), "408 close");
    }
}

mod writing {
    use super::*;

    /// The connection is dropped, with what was unsent.
    fn is_aborted_after(driver: &mut Driver, milliseconds: u64) {
        assert_eq!(due_after(driver, milliseconds), "");
        assert_eq!(driver.end, End::Closed);
    }

    #[test]
    fn that_nobody_reads() {
        for path in ["/", "/large", "/file/large", "/source/large"] {
            let mut driver = demo();
            driver.takes = 0;
            driver.feed(get(path));
            is_aborted_after(&mut driver, WRITE);
            assert!(driver.lost > 0);
        }
    }

    #[test]
    fn a_file_that_nobody_reads() {
        let mut driver = demo();
        driver.takes = 0;
        driver.feed(get("/file/large"));
        let head = driver.unsent();
        driver.take(head);
        driver.wire.clear();
        is_aborted_after(&mut driver, WRITE);
    }

    #[test]
    fn that_trickles() {
        for path in ["/large", "/file/large", "/source/large"] {
            let mut driver = demo();
            driver.takes = 0;
            driver.feed(get(path));
            for _ in 0..99 {
                driver.take(10);
                driver.pass_ms(WRITE / 100);
            }
            driver.wire.clear();
            is_aborted_after(&mut driver, WRITE / 100);
        }
    }

    #[test]
    fn that_advances_may_take_long() {
        for path in ["/large", "/file/large", "/source/large"] {
            let mut driver = demo();
            driver.takes = 0;
            driver.feed(get(path));
            while driver.take(1024) > 0 {
                driver.pass_ms(WRITE - 1);
            }
            assert!(driver.wire.len() > 300_000, "{path}");
            assert_eq!(driver.end, End::Open);
        }
    }

    #[test]
    fn that_stalls_is_not_put_off_by_what_is_added() {
        for path in ["/", "/large", "/file/large", "/source/large"] {
            let mut driver = demo();
            driver.takes = 0;
            driver.feed(get("/"));
            driver.pass_ms(WRITE / 2);
            driver.feed(get(path));
            is_aborted_after(&mut driver, WRITE / 2);
        }
    }

    #[test]
    fn of_a_refusal_that_nobody_reads() {
        let mut driver = demo();
        driver.takes = 0;
        driver.feed("nonsense\r\n\r\n");
        is_aborted_after(&mut driver, WRITE);
    }

    #[test]
    fn a_little_now_and_then_is_no_stall() {
        let mut driver = demo();
        for _ in 0..10 {
            driver.pass_ms(WRITE - 1);
            driver.feed(get("/"));
        }
        driver.takes = 0;
        driver.feed(get("/"));
        driver.wire.clear();
        is_aborted_after(&mut driver, WRITE);
    }

    /// The timer rings so late that a reply is due as well, and one that closes the connection.
    #[test]
    fn that_nobody_reads_is_aborted_whatever_else_is_due() {
        let mut driver = demo();
        driver.takes = 0;
        let expects = post("/later", 20_000).replace("Host", "Expect: 100-continue\r\nHost");
        driver.feed(get("/a") + &expects);
        driver.oversleep(Duration::from_millis(WRITE + 1));
        driver.handle_timeout();
        assert_eq!(driver.end, End::Closed);
    }
}

/// The time for which a connection that we have ended is open to its peer.
mod lingering {
    use super::*;

    /// Its body is refused before any of it has come.
    fn refused() -> Driver {
        let mut driver = demo();
        driver.feed(post("/collect", 100 << 20));
        assert_eq!((answer(&mut driver).as_str(), driver.end), ("413 close", End::HalfClosed));
        driver
    }

    /// A slow sender has time to read the response: closing would reset the connection.
    #[test]
    fn goes_on_while_the_peer_sends_and_keeps_nothing_of_it() {
        let mut driver = refused();
        for _ in 0..10 {
            driver.pass_ms(LINGER - 1);
            assert_eq!((patience(&driver), driver.end), (Some(1), End::HalfClosed));
            driver.feed(vec![b'x'; 1 << 20]);
        }
        assert_eq!(driver.kept(), 0);
        assert!(driver.most_kept < 200, "{} bytes were kept", driver.most_kept);
        lingers(&mut driver);
    }

    #[test]
    fn ends_when_the_peer_has_sent_everything_and_closed_its_side() {
        let mut driver = refused();
        driver.pass_ms(LINGER - 1);
        driver.feed("the rest");
        driver.eof();
        assert_eq!(driver.end, End::Closed);
    }

    #[test]
    fn ends_although_the_peer_goes_on_forever() {
        for every in [10, 999, LINGER - 1] {
            let mut driver = refused();
            let times = (LONGEST_LINGER - 1) / every;
            for _ in 0..times {
                driver.pass_ms(every);
                assert_eq!(driver.end, End::HalfClosed, "every {every} ms");
                driver.feed("x");
            }
            driver.pass_ms(LONGEST_LINGER - times * every);
            assert_eq!(driver.end, End::Closed, "every {every} ms");
        }
    }

    #[test]
    fn ends_when_the_time_to_stop_is_up() {
        let mut driver = refused();
        driver.shutdown(Duration::from_secs(5));
        for _ in 0..5 {
            assert_eq!(driver.end, End::HalfClosed);
            driver.feed("x");
            driver.pass_ms(1000);
        }
        assert_eq!(driver.end, End::Closed);
    }
}

mod replies {
    use super::*;

    #[test]
    fn at_their_moment() {
        let mut driver = demo();
        driver.feed(get("/later"));
        assert!(!driver.wait.read);
        assert_eq!(due_after(&mut driver, LATER.as_millis() as u64), "200");
        assert_eq!(patience(&driver), Some(IDLE));
    }

    #[test]
    fn at_their_moment_let_the_next_request_begin_at_once() {
        let mut driver = demo();
        driver.takes = 0;
        driver.feed(get("/later") + &get("/file"));
        driver.pass(LATER);
        let unsent = driver.unsent();
        driver.take(unsent);
        assert_eq!(driver.text().matches("HTTP/1.1 200").count(), 2);
    }

    #[test]
    fn whose_moment_is_past_are_given_at_once() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/work/later"));
        assert_eq!(patience(&driver), None, "work has no deadline");
        driver.pass(LATER);
        driver.finish_work();
        assert_eq!(answer(&mut driver), "200");
    }

    #[test]
    fn that_are_produced_piece_by_piece() {
        let mut driver = demo();
        driver.feed(get("/source/slow"));
        for content in ["1,", "2,", "3,"] {
            let text = driver.take_text();
            assert!(text.contains(&format!("00000002\r\n{content}\r\n")), "{text}");
            assert_eq!(text.ends_with("0\r\n\r\n"), content == "3,");
            driver.pass_ms(100);
        }
    }

    #[test]
    fn to_a_peer_that_is_behind_are_not_produced() {
        // Enough for the head and no more than the first piece.
        let mut driver = drive(Demo, Limits { high_water: 90, ..Limits::default() });
        driver.takes = 0;
        driver.feed(get("/source/slow"));
        assert_eq!(patience(&driver), Some(WRITE), "not the source's moments");
        driver.pass_ms(1000);
        while driver.take(usize::MAX) > 0 {}
        let text = driver.text();
        assert!(text.ends_with("2\r\n1,\r\n00000002\r\n2,\r\n00000002\r\n3,\r\n0\r\n\r\n"));
    }
}

mod stopping {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn closes_an_idle_connection_after_the_last_call() {
        for used in [false, true] {
            let mut driver = demo();
            if used {
                driver.feed(get("/"));
                assert_eq!(answer(&mut driver), "200");
            }
            driver.shutdown(LONG);
            assert_eq!(due_after(&mut driver, GRACE), "");
            assert_eq!(driver.end, End::Closed);
        }
    }

    #[test]
    fn answers_a_request_that_crosses_the_order() {
        for request in [get("/"), post("/collect", 5) + "hello", post("/stream", 5) + "hello"] {
            let mut driver = demo();
            driver.shutdown(LONG);
            driver.pass_ms(GRACE - 1);
            driver.feed(&request);
            assert_eq!(answer(&mut driver), "200 close", "{request:?}");
            lingers(&mut driver);
        }
    }

    #[test]
    fn answers_all_requests_that_have_arrived() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/work") + &get("/a") + &get("/b"));
        driver.shutdown(LONG);
        driver.pass_ms(5000);
        driver.finish_work();
        let text = driver.take_text();
        assert_eq!(text.matches("HTTP/1.1 200").count(), 3);
        assert_eq!(text.matches("connection: close").count(), 1);
        lingers(&mut driver);
    }

    #[test]
    fn lets_a_request_in_flight_finish() {
        for request in [get("/later"), get("/work/later")] {
            let mut driver = demo();
            driver.feed(request);
            driver.shutdown(LONG);
            driver.pass(LATER);
            assert_eq!(answer(&mut driver), "200 close");
            lingers(&mut driver);
        }
    }

    #[test]
    fn lets_a_head_and_a_body_arrive() {
        let mut driver = demo();
        driver.feed("POST /collect HTTP/1.1\r\n");
        driver.shutdown(LONG);
        driver.pass_ms(HEAD - 1);
        driver.feed("Host: h\r\nContent-Length: 5\r\n\r\n");
        driver.pass_ms(10_000);
        driver.feed("hello");
        assert_eq!(answer(&mut driver), "200 close");
    }

    #[test]
    fn closes_at_once_behind_a_response_whose_head_was_sent_before() {
        let mut driver = demo();
        driver.feed(get("/source/slow"));
        driver.shutdown(LONG);
        driver.pass_ms(GRACE);
        assert!(driver.text().ends_with("0\r\n\r\n"));
        assert_ne!(driver.end, End::Open);
    }

    #[test]
    fn ends_everything_at_its_deadline() {
        let stages =
            [get("/work"), post("/collect", 5), post("/stream", 5), get("/large"), "GE".into()];
        for stage in stages {
            let mut driver = demo();
            driver.holds_work = true;
            driver.takes = 0;
            driver.feed(&stage);
            driver.shutdown(Duration::from_secs(5));
            assert_eq!(patience(&driver), Some(5000), "{stage:?}");
            driver.pass_ms(5000);
            assert_eq!(driver.end, End::Closed, "{stage:?}");
        }
    }

    #[test]
    fn twice_takes_the_later_word() {
        let mut driver = demo();
        driver.holds_work = true;
        driver.feed(get("/work"));
        driver.shutdown(LONG);
        driver.shutdown(Duration::from_secs(1));
        driver.pass_ms(1000);
        assert_eq!(driver.end, End::Closed);
    }

    #[test]
    fn at_once_waits_for_nothing() {
        let mut driver = demo();
        driver.shutdown(Duration::ZERO);
        driver.pass_ms(0);
        assert_eq!(driver.end, End::Closed);
    }
}
