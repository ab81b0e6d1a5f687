//! The suite can fail: servers that are wrong on purpose, and the cases that tell.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use conformance::{Filter, Protocol, Report, Runner, Splits, cases};

const GOOD: &[u8] =
    b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok";

/// A server that treats every connection like this, for as long as the tests run.
fn server(converse: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let converse = converse.clone();
            thread::spawn(move || converse(stream.unwrap()));
        }
    });
    addr
}

/// Answers every empty line with `response`, whatever stands before it.
fn answer_empty_lines(mut stream: TcpStream, response: &[u8]) {
    let mut last = [0; 4];
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte) {
        last = [last[1], last[2], last[3], byte[0]];
        if &last == b"\r\n\r\n" && stream.write_all(response).is_err() {
            return;
        }
    }
}

/// Believes everything and never closes.
fn credulous(stream: TcpStream) {
    answer_empty_lines(stream, GOOD);
}

/// Takes what one read gives it for one request.
fn reads_once(mut stream: TcpStream) {
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        let is_whole = bytes[..length].ends_with(b"\r\n\r\n");
        let response = if is_whole { GOOD } else { b"HTTP/1.1 400 \r\nContent-Length: 0\r\n\r\n" };
        if stream.write_all(response).is_err() {
            return;
        }
    }
}

/// Forgets what came together with the end of a request.
fn forgets(mut stream: TcpStream) {
    let mut seen = Vec::new();
    let mut bytes = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut bytes) {
        seen.extend_from_slice(&bytes[..length]);
        if seen.windows(4).any(|four| four == b"\r\n\r\n") {
            seen.clear();
            if stream.write_all(GOOD).is_err() {
                return;
            }
        }
    }
}

fn silent(mut stream: TcpStream) {
    while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
}

fn hangs_up(stream: TcpStream) {
    drop(stream);
}

fn run(converse: impl Fn(TcpStream) + Clone + Send + 'static, ids: &[&str]) -> Report {
    let runner = Runner { timeout: Duration::from_millis(300), ..Runner::default() };
    let chosen: Vec<_> = cases().iter().filter(|case| ids.contains(&case.id)).collect();
    assert_eq!(chosen.len(), ids.len(), "an id is wrong");
    runner.run(server(converse), chosen.into_iter())
}

#[track_caller]
fn fails(
    converse: impl Fn(TcpStream) + Clone + Send + 'static,
    id: &str,
    delivery: &str,
    reason: &str,
) {
    let report = run(converse, &[id]);
    let [failure] = report.failures.as_slice() else { panic!("{id} should fail\n{report}") };
    assert_eq!(failure.id, id);
    assert!(failure.delivery.contains(delivery), "{report}");
    assert!(failure.reason.contains(reason), "{report}");
}

#[test]
fn a_credulous_server_passes_only_what_asks_for_no_judgement() {
    run(credulous, &["simple-get", "leading-crlf", "persistent", "pipelined-two", "date"])
        .assert_all_passed();
    fails(credulous, "host-missing", "whole", "status 200; expected 400");
    fails(credulous, "no-colon", "whole", "status 200; expected 400");
    fails(credulous, "close", "whole", "should have been closed");
    fails(credulous, "close-announced", "whole", "missing; expected the element \"close\"");
    fails(credulous, "content-type", "whole", "content-type is missing");
    fails(credulous, "length", "whole", "a body of 2 bytes; expected 5 bytes: hello");
    fails(credulous, "stream", "whole", "content-length is \"2\"; expected no such field");
    fails(credulous, "pipelined-stream", "whole", "marked by Length; expected Chunked");
}

#[test]
fn a_body_where_none_belongs_is_found() {
    // Two bytes too many behind the response to HEAD.
    fails(credulous, "head", "whole", "should still be open: the status line is malformed");
    fails(
        |stream| {
            let response = [&GOOD[..GOOD.len() - 6], b"!\r\n\r\nok"].concat();
            answer_empty_lines(stream, &response);
        },
        "simple-get",
        "whole",
        "Content-Length is not a number",
    );
    let twice = |stream| {
        let response =
            String::from_utf8(GOOD.into()).unwrap().replacen("\r\n", "\r\nDate: a\r\n", 1);
        answer_empty_lines(stream, response.as_bytes());
    };
    fails(twice, "simple-get", "whole", "date is there more than once");
    let of_tomorrow = |stream| {
        let response = String::from_utf8(GOOD.into()).unwrap().replace("1.1", "1.2");
        answer_empty_lines(stream, response.as_bytes());
    };
    fails(of_tomorrow, "simple-get", "whole", "the status line is malformed");
}

#[test]
fn a_server_that_depends_on_segments_fails_when_they_change() {
    // Single bytes may be read together where there is much to do; those before and behind a pause
    // not.
    fails(reads_once, "simple-get", "byte", "status 400; expected any");
    fails(reads_once, "pipelined-two", "whole", "did not come in time");
}

#[test]
fn a_request_behind_another_is_missed_where_all_is_played() {
    run(forgets, &["simple-get"]).assert_all_passed();
    let timeout = Duration::from_millis(300);
    let runner = Runner { timeout, splits: Splits::All, ..Runner::default() };
    let case = cases().iter().filter(|case| case.id == "simple-get");
    let report = runner.run(server(forgets), case);
    let [failure] = report.failures.as_slice() else { panic!("it should fail\n{report}") };
    assert_eq!(failure.delivery, "sent whole, a request behind it", "{report}");
    assert!(failure.reason.contains("did not come in time"), "{report}");
}

#[test]
fn a_silent_server_fails_in_time_and_one_that_hangs_up_at_once() {
    fails(silent, "simple-get", "whole", "did not come in time");
    fails(silent, "host-missing", "whole", "did not come in time");
    fails(hangs_up, "simple-get", "whole", "");
}

#[test]
fn the_whole_suite_fails_and_says_why() {
    let runner = Runner { threads: 64, timeout: Duration::from_millis(300), ..Runner::default() };
    let filter = Filter { any: true, protocols: vec![Protocol::Http1], ..Filter::default() };
    let report = runner.run(server(silent), cases().iter().filter(|case| filter.takes(case)));
    assert!(!report.all_passed());
    assert_eq!(report.passed, 0, "{report}");
    assert_eq!(report.failed, report.failures.len());
    assert_eq!(report.failed, report.sections.iter().map(|section| section.failed).sum::<usize>());
    let text = report.to_string();
    assert!(text.contains("FAILED host-missing (RFC 9112 §3.2), sent whole"), "{text}");
    assert!(text.contains("    GET / HTTP/1.1\\r\\n\n    \\r\\n\n"), "{text}");
    assert!(std::panic::catch_unwind(|| report.assert_all_passed()).is_err());
}

#[test]
fn a_server_that_is_not_there_fails_every_case() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // A client's port: taken, so that nobody else gets it, and nobody listens there.
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let addr = client.local_addr().unwrap();
    let report = conformance::run(
        addr,
        &Filter { only: Some("host".into()), any: true, ..Filter::default() },
    );
    assert!(report.passed == 0 && report.failed > 0, "{report}");
    assert!(report.failures[0].reason.contains("no connection"), "{report}");
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Says this at once, and then nothing until the client has gone.
fn says(bytes: Vec<u8>) -> impl Fn(TcpStream) + Clone + Send + 'static {
    move |mut stream| {
        stream.write_all(&bytes).unwrap();
        silent(stream);
    }
}

#[test]
fn frames_that_a_server_must_not_send_are_found() {
    const STATUS_200: &[u8] = &[0x88];
    let settings = frame(4, 0, 0, b"");
    let ack = frame(4, 1, 0, b"");
    let head = frame(1, 4, 1, STATUS_200);
    for (frames, reason) in [
        (vec![], "there is no response on 1"),
        (vec![ack.clone()], "the first frame has to be SETTINGS"),
        (vec![frame(4, 0, 0, b"12345")], "its length is wrong"),
        (vec![frame(4, 0, 0, &[0, 2, 0, 0, 0, 1])], "setting 2 cannot be 1"),
        (vec![settings.clone(), ack.clone(), ack], "there is nothing to acknowledge"),
        (vec![settings.clone(), frame(6, 0, 1, b"12345678")], "it has a stream"),
        (vec![settings.clone(), frame(5, 4, 1, &[0, 0, 0, 2])], "push is not allowed"),
        (vec![settings.clone(), frame(0, 1, 1, b"hello")], "content before a head"),
        (vec![settings.clone(), frame(1, 5, 2, STATUS_200)], "streams of the client are odd"),
        (vec![settings.clone(), frame(1, 5, 1, &[0x80])], "there is no entry 0"),
        (vec![settings.clone(), frame(1, 5, 1, b"\x88\x00\x01A\x00")], "the name of a field"),
        (
            vec![settings.clone(), frame(1, 5, 1, b"\x88\x00\x07upgrade\x00")],
            "upgrade belongs to HTTP/1.1",
        ),
        (vec![settings.clone(), frame(1, 0, 1, STATUS_200), head.clone()], "has not ended yet"),
        (vec![settings.clone(), head.clone(), head.clone()], "where none belong"),
        (
            vec![settings.clone(), head.clone(), frame(0, 1, 1, b"a"), frame(0, 1, 1, b"b")],
            "its stream is closed",
        ),
        (vec![settings.clone(), vec![0, 0x40, 1]], "a frame of 16385 octets is longer"),
        (vec![settings.clone(), frame(3, 0, 3, &[0; 4])], "its stream is idle"),
        (vec![settings.clone(), frame(8, 0, 0, &[0; 4])], "its increment is out of range"),
        (vec![settings.clone(), frame(8, 0, 0, &[0x7f, 0xff, 0xff, 0xff])], "is too large"),
        (vec![settings.clone(), frame(6, 2, 0, b"12345678")], "an undefined flag is set"),
        (vec![settings.clone(), vec![0, 0, 0, 8, 0, 0x80, 0, 0, 0]], "a reserved bit"),
        (vec![settings.clone(), frame(1, 0xd, 1, b"\x01\x88x")], "the padding is not zero"),
        (
            vec![settings.clone(), frame(1, 5, 1, b"\x88\x0f\x07\x03a,,")],
            "allow has an empty element",
        ),
        (
            vec![settings.clone(), frame(1, 5, 1, b"\x88\x0f\x0d\x01\x31")],
            "content-length is not the length",
        ),
        (vec![settings.clone(), frame(1, 5, 1, &[0x8d]), head], "its stream is closed"),
        (vec![b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()], "the server answers in HTTP/1"),
    ] {
        fails(says(frames.concat()), "h2-get", "whole", reason);
    }
    let good = [settings, frame(1, 5, 1, STATUS_200)].concat();
    fails(says(good.clone()), "h2-get", "whole", "there is no PING ACK");
    run(says(good), &["h2-preface-first-flight"]).failures.iter().for_each(|failure| {
        assert!(failure.reason.contains("there is no SETTINGS ACK"), "{}", failure.reason);
    });
}

#[test]
fn content_beyond_the_window_is_found() {
    let settings = frame(4, 0, 0, b"");
    let acks = [frame(4, 1, 0, b""), frame(4, 1, 0, b"")].concat();
    let response = [frame(1, 4, 1, &[0x88]), frame(0, 1, 1, b"a")].concat();
    fails(
        says([settings, acks, response].concat()),
        "h2-window-none",
        "whole",
        "there is no room for it in the window",
    );
}

#[test]
fn errors_have_their_codes_and_an_end() {
    const FRAME_SIZE_ERROR: u8 = 6;
    let goaway =
        |code| [frame(4, 0, 0, b""), frame(7, 0, 0, &[0, 0, 0, 0, 0, 0, 0, code])].concat();
    let ends = |code| {
        let bytes = goaway(code);
        move |mut stream: TcpStream| {
            // Not before all has come: to close on what was not read is a reset.
            let _ = stream.read(&mut [0; 4096]);
            stream.write_all(&bytes).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            silent(stream);
        }
    };
    run(ends(FRAME_SIZE_ERROR), &["h2-ping-long"]).assert_all_passed();
    run(ends(1), &["h2-ping-long"]).assert_all_passed();
    fails(ends(2), "h2-ping-long", "whole", "GOAWAY has InternalError; expected [FrameSizeError]");
    fails(says(goaway(FRAME_SIZE_ERROR)), "h2-ping-long", "whole", "and close");
    let exact =
        Runner { timeout: Duration::from_millis(300), exact_codes: true, ..Runner::default() };
    let case = || cases().iter().filter(|case| case.id == "h2-ping-long");
    exact.run(server(ends(FRAME_SIZE_ERROR)), case()).assert_all_passed();
    assert!(!exact.run(server(ends(1)), case()).all_passed());
}

#[test]
fn websocket_frames_that_a_server_must_not_send_are_found() {
    const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\
        Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    for (frames, reason) in [
        (&b""[..], "no message came in time"),
        (b"\x81\x85\0\0\0\0Hello", "is masked"),
        (b"\x81\x7e\0\x05Hello", "not as short as possible"),
        (b"\xc1\x05Hello", "a reserved bit is set"),
        (b"\x83\x05Hello", "the opcode is reserved"),
        (b"\x80\x05Hello", "fragments are out of order"),
        (b"\x01\x01a\x81\x01b", "fragments are out of order"),
        (b"\x81\x01\xff", "text is UTF-8"),
        (b"\x09\x01a", "a control frame is whole"),
        (b"\x88\x01a", "a code has two octets"),
        (b"\x88\x02\x03\xed", "the code 1005 is not for frames"),
        (b"\x88\x03\x03\xe8\xff", "the reason is UTF-8"),
        (b"\x88\0\x81\0", "nothing follows on a Close frame"),
        (b"\x81\x01a", "the text \"a\"; expected the text \"one\""),
        (b"\x81\x03one", "no message came in time"),
    ] {
        fails(says([ACCEPTED, frames].concat()), "ws-dialogue", "whole", reason);
    }
    let other = String::from_utf8(ACCEPTED.into()).unwrap().replace("s3p", "x3p");
    fails(says(other.into_bytes()), "ws-handshake", "whole", "sec-websocket-accept is");
    fails(says(ACCEPTED.into()), "ws-no-key", "whole", "status 101");
    fails(says([ACCEPTED, b"\x88\x02\x03\xe8"].concat()), "ws-close", "whole", "no end of the");
}
