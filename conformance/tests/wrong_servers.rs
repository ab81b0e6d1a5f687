//! The suite can fail: servers that are wrong on purpose, and the cases that tell.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use conformance::{Filter, Protocol, Report, Runner, cases};

const GOOD: &[u8] =
    b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\nok";

/// A server that treats every connection like this, for as long as the tests run.
fn server(converse: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
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

fn silent(mut stream: TcpStream) {
    while matches!(stream.read(&mut [0; 4096]), Ok(1..)) {}
}

fn hangs_up(stream: TcpStream) {
    drop(stream);
}

fn run(converse: fn(TcpStream), ids: &[&str]) -> Report {
    let runner = Runner { timeout: Duration::from_millis(300), ..Runner::default() };
    let chosen: Vec<_> = cases().iter().filter(|case| ids.contains(&case.id)).collect();
    assert_eq!(chosen.len(), ids.len(), "an id is wrong");
    runner.run(server(converse), chosen.into_iter())
}

#[track_caller]
fn fails(converse: fn(TcpStream), id: &str, delivery: &str, reason: &str) {
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
}

#[test]
fn a_server_that_depends_on_segments_fails_when_they_change() {
    fails(reads_once, "simple-get", "byte by byte", "status 400; expected any");
    fails(reads_once, "pipelined-two", "whole", "did not come in time");
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
    let addr = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let report = conformance::run(
        addr,
        &Filter { only: Some("host".into()), any: true, ..Filter::default() },
    );
    assert!(report.passed == 0 && report.failed > 0, "{report}");
    assert!(report.failures[0].reason.contains("no connection"), "{report}");
}
