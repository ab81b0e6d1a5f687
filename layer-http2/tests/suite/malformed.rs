//! What h2 does not show, and is malformed all the same (RFC 9113 §8.1.1): that stream is reset,
//! and the others go on.

use protocol::Limits;

use crate::driver::{Driver, End, drive};
use crate::exchanges::handler;
use crate::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, Frame, GOAWAY, HEADERS,
    PROTOCOL_ERROR, RST_STREAM, block, content, frame, get, of, post, preface, request,
    take_frames,
};

const PUSH_PROMISE: u8 = 5;

/// HEADERS has a dependency and a weight before its fields.
const PRIORITY: u8 = 0x20;

/// RFC 7541 §6.1, §6.2.1: `:path` of the static table; what was added to the dynamic one last.
const ADDED_PATH: u8 = 0x44;
const NEWEST: u8 = 0x80 | 62;

fn driver() -> Driver {
    let mut driver = drive(handler, Limits::default());
    driver.feed(preface(&[]));
    take_frames(&mut driver.wire);
    driver
}

/// A body and trailers with this field.
fn rest(stream: u32, trailer: (&str, &str)) -> Vec<u8> {
    let trailers = frame(HEADERS, END_HEADERS | END_STREAM, stream, &block(&[trailer]));
    [frame(DATA, 0, stream, b"hello"), trailers].concat()
}

#[track_caller]
fn assert_reset(frames: &[Frame], stream: u32) {
    let on_stream: Vec<_> = frames.iter().filter(|it| it.stream == stream).collect();
    let [frame] = on_stream[..] else { panic!("{frames:?}") };
    assert_eq!((frame.kind, frame.code()), (RST_STREAM, PROTOCOL_ERROR));
}

#[test]
fn a_path_with_a_fragment() {
    let mut driver = driver();
    let paths = ["/any#b", "/any?b#c", "/any#.png", "/#", "#", "/any?#"];
    let frames: Vec<u8> = (0..).zip(paths).flat_map(|(at, path)| get(2 * at + 1, path)).collect();
    driver.feed(frames);
    let frames = take_frames(&mut driver.wire);
    for at in 0..6 {
        assert_reset(&frames, 2 * at + 1);
    }
    driver.feed(get(99, "/any"));
    assert_eq!(content(&take_frames(&mut driver.wire), 99), b"/any");
    assert_eq!(driver.connection.served(), 1);
}

#[test]
fn a_path_with_a_fragment_that_was_sent_before() {
    let mut driver = driver();
    let with = |path: &[u8]| {
        let pseudo = [(":method", "GET"), (":scheme", "http"), (":authority", "h")];
        [&block(&pseudo)[..], path].concat()
    };
    let ask = |stream, path: &[u8]| frame(HEADERS, END_HEADERS | END_STREAM, stream, &with(path));
    driver.feed(ask(1, &[ADDED_PATH, 4, b'/', b'a', b'#', b'b']));
    driver.feed(ask(3, &[NEWEST]));
    let frames = take_frames(&mut driver.wire);
    assert_reset(&frames, 1);
    assert_reset(&frames, 3);
}

#[test]
fn a_pseudo_field_in_trailers_in_any_pieces() {
    for (name, value) in [
        (":path", "/"),
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "h"),
        (":status", "200"),
    ] {
        let bytes = [
            post(1, "/collect", &[]),
            post(3, "/collect", &[]),
            rest(1, (name, value)),
            rest(3, ("x-sum", "1")),
        ]
        .concat();
        for step in [1, 9, 100, bytes.len()] {
            let mut driver = driver();
            bytes.chunks(step).for_each(|piece| driver.feed(piece));
            let frames = take_frames(&mut driver.wire);
            assert_reset(&frames, 1);
            assert_eq!(content(&frames, 3), b"hello", "{name} by {step}");
            assert_eq!(driver.connection.served(), 1);
            assert!(driver.connection.is_idle());
        }
    }
}

#[test]
fn white_space_around_the_value_of_a_trailer_field() {
    for value in [" 1", "1\t", " "] {
        let mut driver = driver();
        driver.feed([post(1, "/collect", &[]), rest(1, ("x-sum", value))].concat());
        assert_reset(&take_frames(&mut driver.wire), 1);
        assert!(driver.connection.is_idle() && driver.connection.served() == 0, "{value:?}");
    }
}

/// Both sides have ended then, so there is nothing to reset.
#[test]
fn a_pseudo_field_in_trailers_behind_the_answer() {
    let mut driver = driver();
    driver.feed(post(1, "/any", &[]));
    assert_eq!(content(&take_frames(&mut driver.wire), 1), b"/any");
    driver.feed(rest(1, (":path", "/")));
    assert_eq!(take_frames(&mut driver.wire), []);
    driver.feed(get(3, "/any"));
    assert_eq!(content(&take_frames(&mut driver.wire), 3), b"/any");
    assert!(driver.connection.is_idle() && driver.connection.served() == 2);
}

#[test]
fn a_pseudo_field_in_the_trailers_of_a_request_that_is_being_worked_on() {
    let mut driver = driver();
    driver.holds_work = true;
    driver.feed(post(1, "/work-then-count", &[]));
    assert_eq!(driver.held.len(), 1);
    driver.feed(rest(1, (":path", "/")));
    assert_reset(&take_frames(&mut driver.wire), 1);
    driver.finish_work();
    driver.feed(get(3, "/any"));
    assert_eq!(content(&take_frames(&mut driver.wire), 3), b"/any");
    assert!(driver.connection.is_idle() && driver.connection.served() == 1);
}

/// The peer pays for them as for requests that it cancels.
#[test]
fn a_flood() {
    let floods: [fn(u32) -> Vec<u8>; 3] = [
        |stream| get(stream, "/#"),
        |stream| [post(stream, "/collect", &[]), rest(stream, (":path", "/"))].concat(),
        // h2 refuses this one itself, and never hands it over.
        |stream| {
            let head = request("GET", "/#", &[("connection", "close")]);
            frame(HEADERS, END_HEADERS | END_STREAM, stream, &head)
        },
    ];
    for flood in floods {
        for at_once in [1, 50] {
            let mut driver = driver();
            let mut streams = (0..1000).map(|at| 2 * at + 1);
            while driver.end == End::Open {
                let requests: Vec<u8> = streams.by_ref().take(at_once).flat_map(flood).collect();
                assert!(!requests.is_empty(), "it is never enough");
                driver.feed(requests);
            }
            let frames = take_frames(&mut driver.wire);
            let [goaway] = &of(&frames, GOAWAY, 0)[..] else { panic!("{frames:?}") };
            assert_eq!(goaway.code(), ENHANCE_YOUR_CALM);
            // 1000 is what there is to begin with, and each costs 5. That is noticed with the next.
            assert!(streams.next().unwrap() <= 2 * 300 + 1);
        }
    }
}

/// Encodings of fields that h2 reads otherwise than they are written, so that its dynamic table
/// were another one than ours.
#[test]
fn a_path_with_a_fragment_behind_what_h2_overlooks() {
    let begin = block(&[(":method", "GET"), (":scheme", "http"), (":authority", "h")]);
    let remember = [&begin[..], &[ADDED_PATH, 2, b'/', b'#']].concat();
    let recall = [&begin[..], &[NEWEST]].concat();
    let whole = END_HEADERS | END_STREAM;

    // A stream that depends on itself is reset, and its fields are not decoded.
    let mut driver = driver();
    let itself = [&[0, 0, 0, 3, 0][..], &begin, &[ADDED_PATH, 1, b'/']].concat();
    driver.feed(frame(HEADERS, whole, 1, &remember));
    driver.feed(frame(HEADERS, whole | PRIORITY, 3, &itself));
    driver.feed(frame(HEADERS, whole, 5, &recall));
    let frames = take_frames(&mut driver.wire);
    [1, 3, 5].iter().for_each(|stream| assert_reset(&frames, *stream));

    // A name that is empty is waited for, if the block goes on, and not added to the table.
    let empty_name = [&[0x40, 0, 1, b'/'][..], &begin].concat();
    let mut frames = frame(HEADERS, END_STREAM, 3, &empty_name);
    frames.extend(frame(CONTINUATION, END_HEADERS, 3, &[NEWEST]));
    assert_goes_away(&remember, &frames);

    // A promise is an error of its stream alone, if its fields are malformed.
    let promise = [&[0, 0, 0, 2][..], &block(&[("connection", "close")]), &[0x44, 1, b'/']];
    let mut frames = post(3, "/collect", &[]);
    frames.extend(frame(PUSH_PROMISE, END_HEADERS, 3, &promise.concat()));
    frames.extend(frame(HEADERS, whole, 5, &recall));
    assert_goes_away(&remember, &frames);
}

/// After a request that is malformed, the connection is, too.
#[track_caller]
fn assert_goes_away(request: &[u8], frames: &[u8]) {
    let mut driver = driver();
    driver.feed(frame(HEADERS, END_HEADERS | END_STREAM, 1, request));
    driver.feed(frames);
    let frames = take_frames(&mut driver.wire);
    assert_reset(&frames, 1);
    assert!(frames.iter().any(|it| it.kind == GOAWAY && it.code() == PROTOCOL_ERROR), "{frames:?}");
    assert_eq!(driver.connection.served(), 0);
    assert!(frames.iter().all(|it| it.kind != HEADERS), "{frames:?}");
}
