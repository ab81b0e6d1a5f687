//! Shutdown, the end of input, and the peer's own ways to end (RFC 9113 §5.4, §6.8).

use std::time::Duration;

use harness::http2::{Client, talk};
use layer_http2::PREFACE;
use protocol::{Limits, Request, Response};

use crate::driver::{Driver, End, drive};
use crate::exchanges::{big, handler};
use crate::frames::{
    self, ACK, DATA, END_STREAM, GOAWAY, HEADERS, PING, RST_STREAM, content, frame, get, of,
    open_window, post, preface, take_frames,
};

const MINUTE: Duration = Duration::from_secs(60);

fn driver() -> Driver {
    drive(handler, Limits::default())
}

#[test]
fn an_idle_client_goes_at_once() {
    let (mut client, mut driver) = (Client::new(), driver());
    talk(&mut client, &mut driver, 1000);
    driver.shutdown(MINUTE);
    talk(&mut client, &mut driver, 1000);
    assert_eq!(driver.end, End::HalfClosed);
    assert!(client.is_over);
    driver.eof();
    assert_eq!(driver.end, End::Closed);
}

#[test]
fn shutdown_finishes_requests_under_way() {
    let (mut client, mut driver) = (Client::new(), driver());
    driver.holds_work = true;
    for path in ["/work", "/ticks", "/big"] {
        client.get(path);
    }
    client.post("/work-then-count", big());
    talk(&mut client, &mut driver, 1000);
    driver.shutdown(MINUTE);
    talk(&mut client, &mut driver, 1000);
    assert_eq!(driver.end, End::Open);
    driver.pass_ms(1000);
    while !driver.held.is_empty() {
        driver.finish_work();
        talk(&mut client, &mut driver, 1000);
    }
    assert!(client.answers().iter().all(|it| it.is_whole && it.status == 200));
    assert_eq!(client.answers()[3].text(), "200000 bytes");
    assert_eq!(driver.end, End::HalfClosed);
}

/// All of a response is with h2, in several frames, of which there is room for the first.
fn with_a_rest() -> (Client, Driver) {
    let limits = Limits { high_water: 1000, ..Limits::default() };
    let answer = |_: &Request<'_>| Response::ok().body(rest());
    let (mut client, mut driver) = (Client::new(), drive(answer, limits));
    talk(&mut client, &mut driver, 1000);
    client.get("/");
    client.hear(&std::mem::take(&mut driver.wire));
    driver.takes = 0;
    driver.feed(client.said());
    (client, driver)
}

fn rest() -> Vec<u8> {
    big()[..48_000].to_vec()
}

/// The client takes all that comes, each time until nothing is unsent.
fn take_all(client: &mut Client, driver: &mut Driver) {
    while driver.take(usize::MAX) > 0 {
        client.hear(&std::mem::take(&mut driver.wire));
        driver.feed(client.said());
    }
}

#[test]
fn output_without_room_is_sent_before_the_connection_ends() {
    let (mut client, mut driver) = with_a_rest();
    driver.shutdown(MINUTE);
    driver.pass_ms(1000);
    take_all(&mut client, &mut driver);
    assert_eq!(client.answers()[0].body, rest());
    assert!(client.answers()[0].is_whole);
    assert_eq!(driver.end, End::HalfClosed);
}

#[test]
fn output_without_room_is_sent_after_a_half_close() {
    for is_eager in [false, true] {
        let (mut client, mut driver) = with_a_rest();
        driver.is_eager = is_eager; // as those are whose receives go on
        driver.eof();
        take_all(&mut client, &mut driver);
        assert_eq!(client.answers()[0].body, rest());
        assert!(client.answers()[0].is_whole);
        assert_eq!(driver.end, End::Closed);
    }
}

#[test]
fn output_without_a_window_has_a_deadline() {
    let mut driver = driver();
    driver.feed(preface(&[(4, 1)]));
    driver.feed(get(1, "/any"));
    driver.shutdown(Duration::from_secs(5));
    driver.pass_ms(4_999);
    assert_eq!(driver.end, End::Open);
    assert!(!driver.connection.is_idle());
    driver.feed(open_window(1, 100));
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"/any");
    assert_eq!(driver.end, End::HalfClosed);
}

#[test]
fn a_request_that_crosses_the_order_is_answered() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.shutdown(MINUTE);
    driver.feed(get(1, "/any"));
    let told = take_frames(&mut driver.wire);
    assert_eq!(of(&told, GOAWAY, 0)[0].payload[..4], [0x7f, 0xff, 0xff, 0xff]);
    assert_eq!(content(&told, 1), b"/any");
    let ping = of(&told, PING, 0).pop().unwrap();
    driver.feed(frame(PING, ACK, 0, &ping.payload));
    let told = take_frames(&mut driver.wire);
    assert_eq!(of(&told, GOAWAY, 0).last().unwrap().payload[..4], [0, 0, 0, 1]);
    assert_eq!(driver.end, End::HalfClosed);
}

#[test]
fn a_client_that_never_answers_the_ping_goes_all_the_same() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed(get(1, "/later"));
    driver.shutdown(MINUTE);
    driver.pass_ms(999);
    assert_eq!(driver.end, End::Open, "one is under way");
    driver.pass_ms(1);
    let told = take_frames(&mut driver.wire);
    assert_eq!(content(&told, 1), b"later");
    assert_eq!(of(&told, GOAWAY, 0).last().unwrap().payload[..4], [0, 0, 0, 1]);
    assert_eq!(driver.end, End::HalfClosed);
}

#[test]
fn at_the_last_moment_everything_ends() {
    let mut driver = driver();
    driver.holds_work = true;
    driver.feed(preface(&[]));
    driver.feed([get(1, "/work"), post(3, "/count", &[])].concat());
    driver.shutdown(Duration::from_secs(5));
    driver.pass_ms(4_999);
    assert_eq!(driver.end, End::Open);
    driver.pass_ms(1);
    assert_eq!(driver.end, End::Closed);
}

#[test]
fn the_last_moment_may_be_brought_forward() {
    let mut driver = driver();
    driver.feed(preface(&[]));
    driver.feed(post(3, "/count", &[]));
    driver.shutdown(MINUTE);
    driver.shutdown(Duration::from_secs(1));
    driver.pass(Duration::from_secs(1));
    assert_eq!(driver.end, End::Closed);
}

#[test]
fn the_order_before_and_within_the_preface() {
    for length in [0, 1, 23, 24, 30] {
        let whole = preface(&[]);
        let mut early = driver();
        early.feed(&whole[..length]);
        early.shutdown(MINUTE);
        early.pass_ms(100);
        early.feed(&whole[length..]);
        early.feed(get(1, "/any"));
        let told = take_frames(&mut early.wire);
        assert_eq!(content(&told, 1), b"/any", "{length}");
        assert!(!of(&told, GOAWAY, 0).is_empty(), "{length}");
        early.pass_ms(400);
        assert_eq!(early.end, End::HalfClosed, "{length}");

        let mut never = driver();
        never.feed(&whole[..length]);
        never.shutdown(MINUTE);
        never.pass_ms(500);
        assert_eq!(never.end, End::HalfClosed, "{length}");
    }
}

#[test]
fn the_end_of_input_at_any_stage() {
    let mut said = [preface(&[]), get(1, "/any")].concat();
    let mut whole = vec![(said.len(), 1, "/any")];
    said.extend([post(3, "/count", &[]), frame(DATA, 0, 3, b"some")].concat());
    said.extend(frame(DATA, END_STREAM, 3, b"body"));
    whole.push((said.len(), 3, "8 bytes"));
    said.extend(get(5, "/work"));
    whole.push((said.len(), 5, "worked"));
    for length in 0..=said.len() {
        for (is_late, takes) in [(false, usize::MAX), (true, usize::MAX), (true, 20)] {
            let mut driver = driver();
            driver.holds_work = is_late;
            driver.takes = if takes == usize::MAX { takes } else { 0 };
            driver.feed(&said[..length]);
            driver.eof();
            while !driver.held.is_empty() {
                driver.finish_work();
            }
            while driver.take(takes) > 0 {}
            assert_eq!(driver.end, End::Closed, "{length}");
            // Half a frame behind them takes nothing back of what has come whole.
            let told = take_frames(&mut driver.wire);
            for (at, stream, expected) in &whole {
                if length >= *at {
                    assert_eq!(content(&told, *stream), expected.as_bytes(), "{length}");
                }
            }
        }
    }
}

#[test]
fn a_body_that_never_comes_whole_is_answered_400() {
    for path in ["/count", "/collect", "/work-then-count"] {
        let mut driver = driver();
        driver.feed(preface(&[]));
        driver.feed(post(1, path, &[]));
        driver.feed(frame(DATA, 0, 1, b"some"));
        driver.eof();
        let told = take_frames(&mut driver.wire);
        assert_eq!(of(&told, HEADERS, 1)[0].status(), 400, "{path}");
        assert_eq!(driver.end, End::Closed);
    }
}

/// Windows cannot open any more, but what stands open can be used.
#[test]
fn after_the_end_of_input_answers_are_sent_as_far_as_the_windows_go() {
    let mut driver = driver();
    driver.feed(preface(&[(frames::INITIAL_WINDOW, 1 << 20)]));
    driver.feed(open_window(0, 1 << 20));
    driver.takes = 100;
    driver.feed([get(1, "/big"), get(3, "/file"), get(5, "/ticks")].concat());
    driver.eof();
    driver.pass_ms(100);
    let told = take_frames(&mut driver.wire);
    assert!(content(&told, 1) == big() && content(&told, 3) == big());
    assert_eq!(content(&told, 5).len(), 21);
    assert_eq!(driver.end, End::Closed);
}

#[test]
fn requests_before_the_end_of_input_are_answered_even_if_read_late() {
    let limits = Limits { high_water: 1000, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.feed([preface(&[(frames::INITIAL_WINDOW, 1 << 20)]), open_window(0, 1 << 20)].concat());
    driver.takes = 0;
    driver.is_eager = true; // as those do whose receives go on
    driver.feed(get(1, "/big"));
    driver.feed([get(3, "/any"), post(5, "/count", &[])].concat());
    driver.feed(frame(DATA, END_STREAM, 5, b"body"));
    assert!(driver.unread() > 0, "it was not wanted");
    driver.eof();
    while driver.take(500) > 0 {}
    let told = take_frames(&mut driver.wire);
    assert_eq!(content(&told, 3), b"/any");
    assert_eq!(content(&told, 5), b"4 bytes");
}

#[test]
fn input_that_came_too_early_is_asked_for() {
    let limits = Limits { high_water: 1000, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.feed(preface(&[]));
    driver.takes = 0;
    driver.is_eager = true;
    let requests: Vec<u8> = (0..40).flat_map(|at| get(2 * at + 1, "/any")).collect();
    requests.chunks(50).for_each(|piece| driver.feed(piece));
    assert!(driver.unread() > 0, "it was not wanted");
    while driver.take(100) > 0 {}
    let told = take_frames(&mut driver.wire);
    assert!((0..40).all(|at| content(&told, 2 * at + 1) == b"/any"));
}

#[test]
fn the_peer_may_go_away() {
    let mut driver = driver();
    driver.holds_work = true;
    driver.feed(preface(&[]));
    driver.feed(get(1, "/work"));
    driver.feed(frame(GOAWAY, 0, 0, &[0; 8]));
    assert_eq!(driver.end, End::Open);
    driver.finish_work();
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"worked");
    assert_eq!(driver.end, End::HalfClosed);
}

#[test]
fn a_wrong_preface_gets_no_answer_of_http() {
    let mut driver = driver();
    driver.feed(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n");
    assert_eq!(driver.end, End::HalfClosed);
    let told = take_frames(&mut driver.wire);
    assert!(told.iter().all(|it| matches!(it.kind, frames::SETTINGS | GOAWAY)), "{told:?}");
    driver.feed(vec![0; 100_000]);
    assert_eq!(driver.unread(), 0, "thrown away");
    driver.pass(Duration::from_secs(2));
    assert_eq!(driver.end, End::Closed);
}

/// What is under way cannot be told to stop, and closing would reset the connection.
#[test]
fn a_client_that_still_sends_is_waited_for_but_not_forever() {
    let mut driver = driver();
    driver.feed([PREFACE.to_vec(), frame(DATA, 0, 0, b"x")].concat());
    assert_eq!(driver.end, End::HalfClosed);
    for _ in 0..30 {
        assert_eq!((driver.end, driver.kept()), (End::HalfClosed, 0));
        driver.feed(vec![0; 100_000]);
        driver.pass(Duration::from_secs(1));
    }
    assert_eq!(driver.end, End::Closed);
    assert!(driver.most_kept < 1000, "{} bytes were kept", driver.most_kept);
}

#[test]
fn an_error_of_the_connection_is_named_and_what_follows_is_not_looked_at() {
    let mut driver = driver();
    driver.feed(PREFACE);
    driver.feed([get(1, "/later"), frame(DATA, 0, 0, b"x"), get(3, "/any")].concat());
    let last = take_frames(&mut driver.wire).pop().unwrap();
    assert_eq!((last.kind, last.code()), (GOAWAY, frames::PROTOCOL_ERROR));
    assert_eq!((driver.end, driver.connection.served()), (End::HalfClosed, 0));
}

#[test]
fn a_reset_while_the_answer_is_under_way() {
    for path in ["/big", "/file", "/pieces", "/ticks", "/later", "/work"] {
        let mut driver = driver();
        driver.holds_work = true;
        driver.feed(preface(&[(frames::INITIAL_WINDOW, 10)]));
        driver.feed(get(1, path));
        driver.feed(frames::reset(1));
        take_frames(&mut driver.wire);
        while !driver.held.is_empty() {
            driver.finish_work();
        }
        driver.pass(Duration::from_secs(5));
        assert!(driver.connection.is_idle(), "{path}");
        let told = take_frames(&mut driver.wire);
        assert!(content(&told, 1).is_empty() && of(&told, RST_STREAM, 1).is_empty(), "{path}");
        assert_eq!(driver.connection.served(), 0);
    }
}
