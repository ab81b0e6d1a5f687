//! Flow control both ways (RFC 9113 §5.2), and what it bounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use protocol::{Body, Content, Limits, Now, Production, Request, Response};

use crate::driver::{End, drive};
use crate::exchanges::{big, expected, file, handler, ticks};
use crate::frames::{
    self, DATA, END_STREAM, HEADERS, INITIAL_WINDOW, RST_STREAM, SETTINGS, WINDOW_UPDATE, content,
    frame, get, of, open_window, post, preface, take_frames,
};
use harness::http2::{Client, talk};

const MIB: usize = 1 << 20;

/// Produces forever, and counts.
fn endless(made: &Arc<AtomicUsize>) -> Response {
    let made = Arc::clone(made);
    Response::ok().body(Body::stream(move |piece: &mut Content<'_>, _: Now| {
        made.fetch_add(1000, Ordering::Relaxed);
        piece.push(&[b'x'; 1000]);
        Production::More
    }))
}

#[test]
fn a_sink_that_is_behind_keeps_the_window_shut() {
    let (mut client, mut driver) = (Client::new(), drive(handler, Limits::default()));
    driver.holds_work = true;
    client.post("/count", vec![0; 4 * MIB]);
    let mut sent = 0;
    for _ in 0..100 {
        let said = client.said();
        sent += said.len();
        driver.feed(&said);
        client.hear(&std::mem::take(&mut driver.wire));
    }
    assert!(sent < MIB, "{sent}");
    assert_eq!(driver.held.len(), 1);
    assert!(driver.wait.read, "others may still ask");
    client.get("/any");
    talk(&mut client, &mut driver, 5000);
    assert_eq!(client.answers()[1].text(), "/any");
    driver.pass(Duration::from_secs(3600)); // it is not the peer that is slow
    while !driver.held.is_empty() {
        driver.finish_work();
        talk(&mut client, &mut driver, 50_000);
    }
    assert_eq!(client.answers()[0].text(), format!("{} bytes", 4 * MIB));
}

#[test]
fn nothing_is_produced_beyond_windows_and_high_water() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let limits = Limits { high_water: 10_000, ..Limits::default() };
    let mut driver = drive(move |_: &Request<'_>| endless(&counted), limits);
    // Wide windows, and a peer that takes nothing.
    driver.takes = 0;
    driver.feed(preface(&[(INITIAL_WINDOW, 1 << 30)]));
    driver.feed([open_window(0, 1 << 30), get(1, "/")].concat());
    assert!(driver.most_unsent < 70_000, "{}", driver.most_unsent);
    assert!(made.load(Ordering::Relaxed) < 120_000, "{made:?}");
    for _ in 0..100 {
        let before = made.load(Ordering::Relaxed);
        driver.take(1000);
        assert!(made.load(Ordering::Relaxed) - before <= 40_000);
    }
    assert!(made.load(Ordering::Relaxed) < 250_000, "{made:?}");
    assert!(driver.most_unsent < 70_000);
}

#[test]
fn windows_of_a_byte_bring_a_byte() {
    let made = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&made);
    let mut driver = drive(move |_: &Request<'_>| endless(&counted), Limits::default());
    driver.feed(preface(&[(INITIAL_WINDOW, 0)]));
    driver.feed(get(1, "/"));
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"");
    for _ in 0..500 {
        driver.feed(open_window(1, 1));
        assert_eq!(content(&take_frames(&mut driver.wire), 1), b"x");
    }
    assert!(made.load(Ordering::Relaxed) <= 2000, "{made:?}");
    // It does not push the deadline out forever.
    for _ in 0..30 {
        driver.pass(Duration::from_secs(1));
        driver.feed(open_window(1, 1));
    }
    let frames = take_frames(&mut driver.wire);
    assert_eq!(of(&frames, RST_STREAM, 1)[0].code(), frames::CANCEL);
    assert_eq!(driver.end, End::Open);
}

#[test]
fn a_window_that_is_exhausted_exactly_at_the_end() {
    for path in ["/big", "/file", "/pieces"] {
        let length = u32::try_from(big().len()).unwrap();
        for (window, missing) in [(length, 0), (length - 1, 1), (length + 1, 0)] {
            let mut driver = drive(handler, Limits::default());
            driver.feed(preface(&[(INITIAL_WINDOW, window)]));
            driver.feed([open_window(0, 1 << 20), get(1, path)].concat());
            let mut frames = take_frames(&mut driver.wire);
            assert_eq!(content(&frames, 1).len(), big().len() - missing, "{path}");
            if missing > 0 {
                assert!(!frames.iter().any(frames::Frame::ends_stream));
                driver.feed(open_window(1, 1));
                frames.extend(take_frames(&mut driver.wire));
            }
            assert!(content(&frames, 1) == big() && frames.last().unwrap().ends_stream(), "{path}");
            assert!(driver.connection.is_idle());
        }
    }
}

#[test]
fn an_empty_body_needs_no_window() {
    let mut driver = drive(handler, Limits::default());
    driver.feed(preface(&[(INITIAL_WINDOW, 0)]));
    for (at, path) in ["/empty", "/empty-source", "/empty-file", "/nothing"].iter().enumerate() {
        driver.feed(get(2 * u32::try_from(at).unwrap() + 1, path));
        let frames = take_frames(&mut driver.wire);
        assert!(frames.last().unwrap().ends_stream(), "{path}: {frames:?}");
    }
}

#[test]
fn a_file_is_read_only_as_far_as_the_windows_allow() {
    let mut driver =
        drive(|_: &Request<'_>| Response::ok().body(file(&[1; MIB])), Limits::default());
    driver.feed(preface(&[(INITIAL_WINDOW, 0)]));
    driver.feed(get(1, "/"));
    assert_eq!(driver.ran, 0, "read, although the window is shut");
    driver.feed(open_window(1, 60_000));
    assert!(driver.ran <= 3, "{}", driver.ran);
    assert_eq!(content(&take_frames(&mut driver.wire), 1).len(), 60_000);
    driver.feed([open_window(0, 1 << 30), open_window(1, 1 << 30)].concat());
    assert_eq!(content(&take_frames(&mut driver.wire), 1).len(), MIB - 60_000);
}

/// The connection's window belongs to those who have something to send.
#[test]
fn sources_that_wait_for_their_moment_hold_no_window() {
    let hour = Duration::from_secs(3600);
    let mut driver = drive(
        move |request: &Request<'_>| match request.path() {
            "/events" => Response::ok().body(ticks(10, hour)),
            _ => Response::ok().body(vec![b'x'; 60_000]),
        },
        Limits::default(),
    );
    driver.feed(preface(&[])); // all windows are as they begin: 65,535 bytes
    for stream in [1, 3, 5, 7] {
        driver.feed(get(stream, "/events"));
    }
    driver.feed(get(9, "/page"));
    let frames = take_frames(&mut driver.wire);
    assert_eq!(content(&frames, 9).len(), 60_000, "starved");
    assert_eq!(content(&frames, 1), b"tick 1\n");
}

#[test]
fn many_responses_share_a_connection_that_takes_nothing() {
    let limits = Limits { high_water: 1, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.takes = 0;
    driver.feed(preface(&[(INITIAL_WINDOW, 1 << 30)]));
    driver.take(1000);
    driver.feed(open_window(0, 1 << 30));
    let requests: Vec<u8> = (0..50).flat_map(|at| get(2 * at + 1, "/big")).collect();
    driver.feed(requests);
    assert!(driver.most_unsent < 50_000, "{}", driver.most_unsent);
    while driver.take(3000) > 0 {}
    let frames = take_frames(&mut driver.wire);
    assert!((0..50).all(|at| content(&frames, 2 * at + 1) == big()));
    assert!(driver.most_unsent < 50_000, "{}", driver.most_unsent);
}

#[test]
fn settings_may_shrink_the_windows_below_what_is_under_way() {
    let mut driver = drive(handler, Limits::default());
    driver.feed(preface(&[(INITIAL_WINDOW, 50_000)]));
    driver.feed(get(1, "/big"));
    let first = content(&take_frames(&mut driver.wire), 1);
    assert_eq!(first.len(), 50_000);
    driver.feed(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 0]));
    driver.feed([open_window(0, 1 << 20), open_window(1, 40_000)].concat());
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"", "the window is below zero");
    driver.feed(open_window(1, 200_000));
    let rest = content(&take_frames(&mut driver.wire), 1);
    assert!([first, rest].concat() == big());
}

#[test]
fn a_hundred_streams_collect_at_once() {
    let limits = Limits { max_collect: 100_000, ..Limits::default() };
    let mut driver = drive(handler, limits);
    let mut builder = h2::client::Builder::new();
    builder.initial_max_send_streams(100);
    let mut client = Client::with(&builder);
    for _ in 0..100 {
        client.post("/collect", vec![7; 100_000]);
    }
    talk(&mut client, &mut driver, 16_384);
    for answer in client.answers() {
        assert!(answer.is_whole && answer.body == [7; 100_000], "{}", answer.status);
    }
}

#[test]
fn collecting_is_bounded_and_who_has_to_wait_for_a_turn_is_not_late() {
    let limits = Limits { max_collect: 1000, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.feed(preface(&[]));
    for stream in 0..10 {
        driver.feed(post(2 * stream + 1, "/collect", &[]));
    }
    for stream in 0..10 {
        driver.feed(frame(DATA, 0, 2 * stream + 1, &[1; 900]));
    }
    // The first has its turn, and lets the others wait for nearly as long as it may.
    driver.pass(Duration::from_secs(19));
    driver.feed(frame(DATA, END_STREAM, 1, &[]));
    driver.pass(Duration::from_secs(5));
    let frames = take_frames(&mut driver.wire);
    assert_eq!(content(&frames, 1).len(), 900);
    assert!(of(&frames, HEADERS, 19).is_empty(), "timed out without having had a turn");
    for stream in 1..10 {
        driver.feed(frame(DATA, END_STREAM, 2 * stream + 1, &[]));
    }
    let frames = take_frames(&mut driver.wire);
    assert_eq!(content(&frames, 19).len(), 900, "{frames:?}");
    assert!(driver.connection.is_idle());
}

#[test]
fn a_turn_that_becomes_free_by_cancelling_is_taken() {
    let limits = Limits { max_collect: 1000, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.feed(preface(&[]));
    for stream in 0..8 {
        driver.feed(post(2 * stream + 1, "/collect", &[]));
        driver.feed(frame(DATA, 0, 2 * stream + 1, &[1; 900]));
    }
    driver.feed(frame(DATA, END_STREAM, 13, &[]));
    assert!(content(&take_frames(&mut driver.wire), 13).is_empty(), "it has to wait");
    driver.feed([frames::reset(9), frames::reset(7), frames::reset(5)].concat());
    assert_eq!(content(&take_frames(&mut driver.wire), 13).len(), 900);
}

#[test]
fn the_windows_open_again_as_a_body_is_taken() {
    let mut driver = drive(handler, Limits::default());
    driver.feed(preface(&[]));
    driver.feed(post(1, "/count", &[]));
    for _ in 0..100 {
        driver.feed(frame(DATA, 0, 1, &[0; 16_384]));
    }
    driver.feed(frame(DATA, END_STREAM, 1, &[]));
    let frames = take_frames(&mut driver.wire);
    for stream in [0, 1] {
        let updates = of(&frames, WINDOW_UPDATE, stream);
        let sum: u64 = updates
            .iter()
            .map(|it| u64::from(u32::from_be_bytes(it.payload[..].try_into().unwrap())))
            .sum();
        assert!(sum > 1_000_000, "stream {stream}: {sum}");
    }
    assert_eq!(content(&frames, 1), format!("{} bytes", 16_384 * 100).as_bytes());
}

#[test]
fn replies_are_the_same_through_the_narrowest_windows() {
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(100).max_frame_size(16_384);
    let (mut client, mut driver) = (Client::with(&builder), drive(handler, Limits::default()));
    let expected: Vec<_> = expected().into_iter().filter(|it| it.2.len() < 1000).collect();
    expected.iter().for_each(|(path, ..)| client.get(path));
    for _ in 0..20 {
        talk(&mut client, &mut driver, 100);
        driver.pass_ms(100);
    }
    for (answer, (path, status, body)) in client.answers().into_iter().zip(&expected) {
        assert!(answer.status == *status && answer.body == *body, "{path}: {answer:?}");
    }
}

#[test]
fn a_reply_that_nobody_waits_for_is_not_kept() {
    let (mut client, mut driver) = (Client::new(), drive(handler, Limits::default()));
    client.takes_bodies = false;
    client.get("/pieces");
    talk(&mut client, &mut driver, 1000);
    drop(client);
    driver.pass(Duration::from_secs(100));
    assert_eq!(driver.unsent(), 0);
}

#[test]
fn bodies_in_memory_are_bounded() {
    let limits = Limits { max_collect: 100_000, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.feed(preface(&[]));
    for stream in 0..100 {
        driver.feed(post(2 * stream + 1, "/collect", &[]));
        for _ in 0..9 {
            driver.feed(frame(DATA, 0, 2 * stream + 1, &[7; 10_000]));
        }
    }
    // Where a window has been opened again, something has been taken.
    let told = take_frames(&mut driver.wire);
    let taken = (0..100).filter(|at| !of(&told, WINDOW_UPDATE, 2 * at + 1).is_empty()).count();
    assert!((4..=6).contains(&taken), "{taken}");
    driver.pass(Duration::from_secs(19));
    for stream in 0..100 {
        driver.feed(frame(DATA, END_STREAM, 2 * stream + 1, &[7; 10_000]));
    }
    driver.feed([open_window(0, 1 << 30), frame(SETTINGS, 0, 0, &[0, 4, 0, 8, 0, 0])].concat());
    let told = take_frames(&mut driver.wire);
    for stream in 0..100 {
        assert_eq!(content(&told, 2 * stream + 1).len(), 100_000, "{stream}");
    }
    assert!(driver.connection.is_idle());
}

/// RFC 9113 §6.9.1: whether the answer has been given by then is nobody's concern.
#[test]
fn a_window_that_is_too_large_is_an_error_after_the_answer_as_well() {
    let mut driver = drive(handler, Limits::default());
    driver.feed([preface(&[]), post(1, "/any", &[])].concat());
    assert!(take_frames(&mut driver.wire).iter().any(frames::Frame::ends_stream));
    driver.feed(open_window(1, 0x7fff_ffff));
    driver.feed(open_window(1, 0x7fff_ffff));
    let told = take_frames(&mut driver.wire);
    assert_eq!(of(&told, RST_STREAM, 1)[0].code(), frames::FLOW_CONTROL_ERROR);
}
