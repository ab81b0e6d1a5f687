//! Every deadline. The driver sees to it that none stays in the past.

use std::time::Duration;

use protocol::{Body, Content, Limits, Now, Production, Request, Response};

use crate::driver::{Driver, End, drive};
use crate::exchanges::{handler, ticks};
use crate::frames::{
    self, CONTINUATION, DATA, GOAWAY, HEADERS, INITIAL_WINDOW, PING, RST_STREAM, content, frame,
    get, of, open_window, post, preface, request, take_frames,
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn driver() -> Driver {
    drive(handler, Limits::default())
}

#[test]
fn the_preface_has_to_come_in_time() {
    for length in [0, 1, 16, 23] {
        let mut driver = driver();
        driver.feed(&preface(&[])[..length]);
        driver.pass_ms(9_999);
        assert_eq!(driver.end, End::Open, "{length}");
        driver.pass_ms(1);
        assert_eq!(driver.end, End::HalfClosed, "{length}");
        driver.pass_ms(2_000);
        assert_eq!(driver.end, End::Closed, "{length}");
    }
}

#[test]
fn an_idle_connection_is_told_to_go_and_pings_do_not_keep_it() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed(get(1, "/any"));
    for _ in 0..5 {
        driver.pass(seconds(10));
        driver.feed(frame(PING, 0, 0, &[0; 8]));
    }
    driver.pass_ms(9_999);
    assert_eq!(driver.end, End::Open);
    driver.pass_ms(1);
    assert_eq!(driver.end, End::HalfClosed);
    let frames = take_frames(&mut driver.wire);
    let last = frames.last().unwrap();
    assert_eq!((last.kind, last.code()), (GOAWAY, frames::NO_ERROR));
    assert_eq!(last.payload[..4], [0, 0, 0, 1], "the last one that was answered");
    driver.eof();
    assert_eq!(driver.end, End::Closed);
}

#[test]
fn a_field_block_that_trickles() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed(frame(HEADERS, 0, 1, &request("GET", "/", &[])));
    for _ in 0..3 {
        driver.pass(seconds(3));
        driver.feed(frame(CONTINUATION, 0, 1, &frames::block(&[("x", "y")])));
    }
    assert_eq!(driver.end, End::Open);
    driver.pass(seconds(1));
    assert_eq!(driver.end, End::HalfClosed);
}

#[test]
fn a_frame_that_trickles() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed(get(1, "/later"));
    for byte in &get(3, "/")[..9] {
        driver.feed([*byte]);
        driver.pass(seconds(1));
    }
    assert_eq!(driver.end, End::Open);
    driver.pass(seconds(1));
    assert_eq!(driver.end, End::HalfClosed);
}

#[test]
fn a_body_that_stalls_is_answered_408_and_costs_one_stream() {
    for path in ["/collect", "/count", "/work-then-count"] {
        let mut driver = driver();
        driver.feed(preface(&[]));
        driver.feed(post(1, path, &[]));
        for _ in 0..19 {
            driver.pass(seconds(1));
            driver.feed(frame(DATA, 0, 1, b"x")); // activity is no progress
        }
        driver.pass_ms(999);
        assert!(of(&take_frames(&mut driver.wire), HEADERS, 1).is_empty());
        driver.pass_ms(1);
        let told = take_frames(&mut driver.wire);
        assert_eq!(of(&told, HEADERS, 1)[0].status(), 408, "{path}");
        let Some(last) = of(&told, RST_STREAM, 1).pop() else { panic!("{path}: {told:?}") };
        assert_eq!(last.code(), frames::NO_ERROR, "{path}");
        driver.feed(frame(DATA, 0, 1, b"x")); // it was on its way
        driver.feed(get(3, "/any"));
        assert_eq!(content(&take_frames(&mut driver.wire), 3), b"/any");
    }
}

#[test]
fn a_body_that_advances_is_waited_for() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed(post(1, "/count", &[]));
    for _ in 0..10 {
        driver.pass(seconds(19));
        driver.feed(frame(DATA, 0, 1, &[0; 1024]));
    }
    driver.feed(frame(DATA, frames::END_STREAM, 1, b""));
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"10240 bytes");
}

#[test]
fn the_rest_of_a_body_that_nobody_wants_is_not_waited_for_long() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed(post(1, "/any", &[]));
    driver.pass_ms(19_999);
    let told = take_frames(&mut driver.wire);
    assert_eq!((content(&told, 1), of(&told, RST_STREAM, 1).len()), (b"/any".to_vec(), 0));
    driver.pass_ms(1);
    assert_eq!(of(&take_frames(&mut driver.wire), RST_STREAM, 1)[0].code(), frames::NO_ERROR);
}

#[test]
fn a_window_that_stays_shut() {
    for path in ["/big", "/pieces", "/file"] {
        let mut driver = driver();
        driver.feed(preface(&[(INITIAL_WINDOW, 10)]));
        driver.feed(get(1, path));
        driver.pass_ms(19_999);
        assert!(of(&take_frames(&mut driver.wire), RST_STREAM, 1).is_empty());
        driver.pass_ms(1);
        let told = take_frames(&mut driver.wire);
        assert_eq!(of(&told, RST_STREAM, 1)[0].code(), frames::CANCEL, "{path}");
        assert!(driver.end == End::Open && driver.connection.is_idle());
    }
}

#[test]
fn output_that_is_not_taken_cuts_the_connection() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.takes = 0;
    driver.feed(get(1, "/big"));
    for _ in 0..19 {
        driver.pass(seconds(1));
        driver.take(1);
    }
    driver.pass_ms(999);
    assert_eq!(driver.end, End::Open);
    driver.pass_ms(1);
    assert_eq!(driver.end, End::Closed);
}

#[test]
fn own_moments_come_while_the_window_is_shut_and_while_output_is_not_taken() {
    for (window, takes) in [(0, usize::MAX), (5, usize::MAX), (1000, 0)] {
        let limits = Limits { high_water: 1, ..Limits::default() };
        let mut driver = drive(handler, limits);
        driver.feed(preface(&[(INITIAL_WINDOW, window)]));
        driver.takes = takes;
        driver.feed([get(1, "/ticks"), get(3, "/later")].concat());
        driver.pass(seconds(10)); // the driver sees that it does not spin
        driver.takes = usize::MAX;
        driver.take(usize::MAX);
        driver.feed([open_window(1, 100), open_window(3, 100)].concat());
        driver.pass(seconds(1));
        let told = take_frames(&mut driver.wire);
        assert_eq!(content(&told, 1), b"tick 1\ntick 2\ntick 3\n", "{window} {takes}");
        assert_eq!(content(&told, 3), b"later");
        assert!(driver.connection.is_idle());
    }
}

/// The peer's time begins when there is something to take.
#[test]
fn a_source_that_rests_for_long_does_not_count_against_the_peer() {
    let hour = seconds(3600);
    let mut driver =
        drive(move |_: &Request<'_>| Response::ok().body(ticks(3, hour)), Limits::default());
    driver.feed(preface(&[(INITIAL_WINDOW, 7)]));
    driver.feed(get(1, "/"));
    driver.pass(hour + seconds(10)); // the second one is there, and the window shut
    assert!(of(&take_frames(&mut driver.wire), RST_STREAM, 1).is_empty());
    driver.feed(open_window(1, 1000));
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"tick 2\n");
    driver.pass(2 * hour);
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"tick 3\n");
}

#[test]
fn a_moment_that_has_come_is_no_reason_to_wait() {
    let mut driver = drive(
        |_: &Request<'_>| {
            let mut left = 5;
            Response::ok().body(Body::stream(move |piece: &mut Content<'_>, now: Now| {
                left -= 1;
                piece.push(b"x");
                if left == 0 { Production::End } else { Production::At(now.instant) }
            }))
        },
        Limits::default(),
    );
    driver.feed(preface(&[]));
    driver.feed(get(1, "/"));
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"xxxxx");
}

#[test]
fn work_has_no_deadline() {
    let mut driver = driver();
    driver.holds_work = true;
    driver.feed(preface(&[]));
    driver.feed([get(1, "/work"), get(3, "/file")].concat());
    driver.pass(seconds(3600));
    while !driver.held.is_empty() {
        driver.pass(seconds(60));
        driver.finish_work();
    }
    let told = take_frames(&mut driver.wire);
    assert_eq!(content(&told, 1), b"worked");
    assert!(content(&told, 3).len() >= 60_000, "the window is not for more");
}

#[test]
fn timers_that_ring_early_do_nothing() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed([get(1, "/later"), post(3, "/count", &[])].concat());
    let told = driver.wire.len();
    for _ in 0..10 {
        driver.handle_timeout();
    }
    assert_eq!(driver.wire.len(), told);
    assert_eq!(driver.end, End::Open);
}

/// Has the windows shut when all of a response is with h2. Returns how much of it has come.
fn stall(driver: &mut Driver, stream: u32) -> usize {
    let window = |size: u8| frame(frames::SETTINGS, 0, 0, &[0, 4, 0, size, 0, 0]);
    driver.takes = 0;
    driver.is_eager = true; // as those do whose receives go on
    driver.feed([window(1), get(stream, "/")].concat());
    driver.feed(window(0));
    driver.takes = usize::MAX;
    driver.take(usize::MAX);
    let begun = content(&take_frames(&mut driver.wire), stream).len();
    assert!((1..48_000).contains(&begun));
    begun
}

/// A second less than the windows may be shut for. The peer does not keep silent.
fn ping(driver: &mut Driver) {
    for _ in 0..19 {
        driver.pass(seconds(1));
        driver.feed(frame(PING, 0, 0, &[0; 8]));
        assert_eq!(driver.end, End::Open);
    }
    take_frames(&mut driver.wire);
}

#[test]
fn a_rest_whose_window_stays_shut_ends_the_connection_whatever_else_the_peer_says() {
    for is_stopping in [false, true] {
        let limits = Limits { high_water: 1000, ..Limits::default() };
        let mut driver = drive(|_: &Request<'_>| Response::ok().body(vec![b'x'; 48_000]), limits);
        driver.feed([preface(&[]), open_window(0, 1 << 20)].concat());
        for stream in [1, 3] {
            let begun = stall(&mut driver, stream);
            ping(&mut driver);
            driver.feed(open_window(stream, 48_000));
            let rest = content(&take_frames(&mut driver.wire), stream).len();
            assert_eq!(rest, 48_000 - begun);
        }
        stall(&mut driver, 5);
        if is_stopping {
            driver.shutdown(seconds(60));
        }
        ping(&mut driver);
        driver.pass(seconds(1));
        assert_ne!(driver.end, End::Open);
    }
}
