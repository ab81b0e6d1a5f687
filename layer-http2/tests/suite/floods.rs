//! Peers that make work to no purpose (RFC 9113 §10.5).

use std::time::Duration;

use protocol::Limits;

use crate::driver::{Driver, End, drive};
use crate::exchanges::handler;
use crate::frames::{
    self, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, PING,
    PRIORITY, RST_STREAM, SETTINGS, block, content, frame, get, of, open_window, post, preface,
    request, reset, take_frames,
};

fn driver() -> Driver {
    let mut driver = drive(handler, Limits::default());
    driver.feed(preface(&[]));
    take_frames(&mut driver.wire);
    driver
}

/// Whether it ends with this error, and in an orderly way.
fn is_told(driver: &mut Driver, code: u32) -> bool {
    let last = take_frames(&mut driver.wire).pop();
    driver.end == End::HalfClosed
        && last.is_some_and(|last| last.kind == GOAWAY && last.code() == code)
}

#[test]
fn floods_are_answered_by_a_request_for_calm() {
    let floods = [
        frame(PING, 0, 0, &[0; 8]),
        frame(SETTINGS, 0, 0, &[]),
        frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]),
        frame(DATA, 0, 1, &[]),
        open_window(0, 1),
        open_window(1, 1),
        frame(0xbe, 0, 0, b"unknown"),
    ];
    for flood in floods {
        for each in [1, 100] {
            let mut driver = driver();
            driver.feed(post(1, "/count", &[]));
            let mut fed = 0;
            while driver.end == End::Open && fed < 5000 {
                driver.feed(flood.repeat(each));
                fed += each;
            }
            assert!(is_told(&mut driver, ENHANCE_YOUR_CALM), "{flood:?}");
            assert!((100..1200).contains(&fed), "{flood:?}: {fed}");
            driver.feed(flood.repeat(1000)); // nobody looks at it
            assert_eq!(driver.unread(), 0);
            driver.pass(Duration::from_secs(2));
            assert_eq!(driver.end, End::Closed);
        }
    }
}

#[test]
fn a_client_that_takes_no_answers_is_bounded_too() {
    let mut driver = driver();
    driver.takes = 0;
    for _ in 0..100 {
        driver.feed(frame(PING, 0, 0, &[0; 8]).repeat(1000));
    }
    assert!(driver.unsent() < 100_000, "{}", driver.unsent());
}

#[test]
fn rapid_reset() {
    let mut driver = driver();
    let mut stream = 1;
    while driver.end == End::Open && stream < 10_000 {
        driver.feed(post(stream, "/collect", &[]));
        driver.feed(reset(stream));
        stream += 2;
    }
    assert!(is_told(&mut driver, ENHANCE_YOUR_CALM));
    assert!((100..1000).contains(&stream), "{stream}");
}

#[test]
fn rapid_reset_in_one_piece() {
    let mut driver = driver();
    driver.feed(
        (0..1000)
            .flat_map(|at| [get(2 * at + 1, "/work"), reset(2 * at + 1)].concat())
            .collect::<Vec<_>>(),
    );
    assert!(is_told(&mut driver, ENHANCE_YOUR_CALM));
    assert!(driver.ran < 100, "{}", driver.ran);
}

#[test]
fn cancelling_does_not_get_more_work_done() {
    let mut driver = driver();
    driver.holds_work = true;
    let mut stream = 1;
    let mut refused = 0;
    while stream < 300 {
        driver.feed(get(stream, "/work"));
        driver.feed(reset(stream));
        let told = take_frames(&mut driver.wire);
        refused += of(&told, RST_STREAM, stream).len();
        assert!(of(&told, RST_STREAM, stream).iter().all(|it| it.code() == frames::REFUSED_STREAM));
        driver.pass_ms(100); // it pays for what it sends
        stream += 2;
    }
    assert_eq!((driver.held.len(), refused), (100, 50));
    assert_eq!(driver.end, End::Open);
    // When some of it has been done there is room again.
    driver.finish_work();
    driver.feed(get(stream, "/work"));
    assert_eq!(driver.held.len(), 100);
    while !driver.held.is_empty() {
        driver.finish_work();
    }
    assert_eq!(content(&take_frames(&mut driver.wire), stream), b"worked");
}

/// As long as work that was cancelled goes on, refusals are not free.
#[test]
fn asking_on_against_refusals_is_a_flood() {
    let mut driver = driver();
    driver.holds_work = true;
    let mut stream = 1;
    while driver.end == End::Open && stream < 100_000 {
        driver.feed(get(stream, "/work"));
        if stream < 200 {
            driver.feed(reset(stream));
            driver.pass_ms(100);
        }
        stream += 2;
    }
    assert!(is_told(&mut driver, ENHANCE_YOUR_CALM));
    assert_eq!(driver.held.len(), 100);
}

#[test]
fn one_stream_is_always_allowed() {
    let limits = Limits { max_streams: 0, ..Limits::default() };
    let mut driver = drive(handler, limits);
    driver.feed([preface(&[]), get(1, "/any")].concat());
    driver.feed(get(3, "/any"));
    let told = take_frames(&mut driver.wire);
    assert_eq!((content(&told, 1), content(&told, 3)), (b"/any".to_vec(), b"/any".to_vec()));
}

#[test]
fn work_that_had_not_begun_is_not_begun() {
    let mut driver = driver();
    driver.feed([get(1, "/work"), get(3, "/work"), reset(1)].concat());
    assert_eq!(driver.ran, 1);
}

#[test]
fn continuations_without_end() {
    let mut driver = driver();
    driver.feed(frame(HEADERS, 0, 1, &request("GET", "/", &[])));
    let mut fed = 0;
    while driver.end == End::Open && fed < 5000 {
        driver.feed(frame(CONTINUATION, 0, 1, &[]));
        fed += 1;
    }
    assert!(is_told(&mut driver, ENHANCE_YOUR_CALM));
    assert!(fed < 1200);
}

#[test]
fn heads_that_are_too_long_are_refused() {
    let mut driver = driver();
    let large = "x".repeat(6000);
    let fields = [("a", &large[..]), ("b", &large), ("c", &large)];
    let (first, rest) = (request("GET", "/", &[]), block(&fields));
    driver.feed(frame(HEADERS, END_STREAM, 1, &first));
    driver.feed(frame(CONTINUATION, 0, 1, &rest[..10_000]));
    driver.feed(frame(CONTINUATION, END_HEADERS, 1, &rest[10_000..]));
    let told = take_frames(&mut driver.wire);
    assert_eq!(of(&told, HEADERS, 1)[0].status(), 431);
    driver.feed(get(3, "/any"));
    assert_eq!(content(&take_frames(&mut driver.wire), 3), b"/any");
}

/// One entry of the dynamic table, named again and again (RFC 7541 §6.1).
#[test]
fn a_bomb_of_a_few_bytes() {
    let mut driver = driver();
    let value = "x".repeat(3000);
    let mut bomb = request("GET", "/", &[]);
    let mut entry = block(&[("bomb", &value)]);
    entry[0] = 0x40; // with incremental indexing
    bomb.extend(entry);
    bomb.extend(vec![0xbe; 12_000]); // 36 MB
    driver.feed(frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb));
    let told = take_frames(&mut driver.wire);
    let is_refused = of(&told, HEADERS, 1).first().is_some_and(|it| it.status() == 431);
    let is_over = of(&told, GOAWAY, 0).first().is_some_and(|it| it.code() == ENHANCE_YOUR_CALM);
    assert!(is_refused || is_over, "{told:?}");
    assert_eq!(driver.connection.served(), 0);
}

#[test]
fn more_streams_than_are_allowed_are_refused() {
    let mut driver = driver();
    for at in 0..101 {
        driver.feed(post(2 * at + 1, "/count", &[]));
    }
    let told = take_frames(&mut driver.wire);
    assert_eq!(of(&told, RST_STREAM, 201)[0].code(), frames::REFUSED_STREAM);
    for at in 0..100 {
        driver.feed(frame(DATA, END_STREAM, 2 * at + 1, b"body"));
    }
    let told = take_frames(&mut driver.wire);
    assert!((0..100).all(|at| content(&told, 2 * at + 1) == b"4 bytes"));
}

#[test]
fn an_honest_client_is_not_told_to_calm_down() {
    let mut driver = driver();
    for at in 0..20_000 {
        driver.feed([get(2 * at + 1, "/any"), frame(PING, 0, 0, &[0; 8])].concat());
        driver.feed(open_window(0, 4));
    }
    assert_eq!(driver.end, End::Open);
    assert_eq!(driver.connection.served(), 20_000);
}

/// What was on its way when they were refused is no fault of the client's.
#[test]
fn a_hundred_uploads_that_are_refused_at_once() {
    let mut driver = driver();
    let length = (2_u32 << 30).to_string();
    for at in 0..100 {
        driver.feed(post(2 * at + 1, "/count", &[("content-length", &length)]));
    }
    let told = take_frames(&mut driver.wire);
    assert!((0..100).all(|at| of(&told, HEADERS, 2 * at + 1)[0].kind == HEADERS));
    for _ in 0..20 {
        for at in 0..100 {
            driver.feed(frame(DATA, 0, 2 * at + 1, &[0; 1000]));
        }
    }
    driver.feed(get(201, "/any"));
    let told = take_frames(&mut driver.wire);
    assert_eq!(content(&told, 201), b"/any");
    assert!(of(&told, RST_STREAM, 1).is_empty(), "once is enough");
}

/// Answers to PING and SETTINGS, and what is said of windows, must not gather.
#[test]
fn a_peer_that_takes_nothing_makes_nothing_gather() {
    let mut driver = driver();
    driver.takes = 0;
    let mut fed = 0;
    for at in 0..2000 {
        driver.feed([get(2 * at + 1, "/big"), frame(PING, 0, 0, &[0; 8])].concat());
        fed += 1;
        if !driver.wait.read {
            break;
        }
    }
    assert!(fed < 2000 && driver.unsent() < 150_000, "{fed} {}", driver.unsent());
    driver.pass(Duration::from_secs(20));
    assert_eq!(driver.end, End::Closed);
}
