//! The judge stops where a server does: servers that can do something, and not more.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::Duration;

use conformance::judge::{Verdict, judge};

/// A server that treats each connection like this.
fn server(serve: fn(TcpStream), is_one_at_a_time: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            if is_one_at_a_time {
                serve(stream);
            } else {
                thread::spawn(move || serve(stream));
            }
        }
    });
    addr
}

/// Longer than a loaded machine takes for an answer: a stage that has to pass does not fail for it.
const LONG: Duration = Duration::from_secs(10);

fn verdict(serve: fn(TcpStream), is_one_at_a_time: bool) -> Verdict {
    judge(server(serve, is_one_at_a_time), LONG)
}

const LAST: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
const REFUSED: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const FURTHER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Takes what one read brings for a request, and closes.
fn one_read(mut stream: TcpStream) {
    let mut bytes = [0; 4096];
    let Ok(count @ 1..) = stream.read(&mut bytes) else { return };
    let is_whole = bytes[..count].ends_with(b"\r\n\r\n");
    let answer = if is_whole { LAST } else { b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n" };
    let _ = stream.write_all(answer);
}

/// Reads one head to its end, answers, and closes.
fn one_head(mut stream: TcpStream) {
    if next_head(&mut stream).is_some() {
        let _ = stream.write_all(LAST);
    }
}

/// Answers GET after GET, and knows `close`. It knows no bodies.
fn heads(mut stream: TcpStream) {
    while let Some(head) = next_head(&mut stream) {
        let lists = |option: &str| {
            let mut lines = head.lines().filter_map(|line| line.strip_prefix("connection:"));
            lines.any(|list| list.split(',').any(|element| element.trim() == option))
        };
        let is_last = lists("close") || (head.contains("http/1.0") && !lists("keep-alive"));
        let answer = match head.starts_with("get ") {
            true if is_last => LAST,
            true => FURTHER,
            false => REFUSED,
        };
        if stream.write_all(answer).is_err() || answer != FURTHER {
            break;
        }
    }
    // What is unread at the end would reset the connection.
    let _ = stream.shutdown(Shutdown::Write);
    while matches!(stream.read(&mut [0; 100]), Ok(1..)) {}
}

/// The next head, in lower case.
fn next_head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&head).to_lowercase())
}

#[track_caller]
fn stops_at(verdict: &Verdict, reached: usize, id: &str) {
    assert_eq!(verdict.reached(), reached, "{verdict}");
    assert_eq!(verdict.failure().unwrap().id, id, "{verdict}");
    assert_eq!(verdict.played.len(), reached + 1, "nothing is played behind it\n{verdict}");
}

#[test]
fn a_server_that_reads_once_has_one_stage() {
    stops_at(&verdict(one_read, false), 1, "judge-get");
}

#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn a_server_that_serves_one_after_the_other_has_two() {
    stops_at(&verdict(one_head, true), 2, "judge-get");
}

#[test]
fn a_server_that_always_closes_has_three() {
    stops_at(&verdict(one_head, false), 3, "simple-get");
}

#[test]
fn a_server_that_knows_no_bodies_has_five() {
    let verdict = verdict(heads, false);
    assert_eq!(verdict.reached(), 5, "{verdict}");
    let text = verdict.to_string();
    assert!(text.contains("Stage 6 asks for bodies:"), "{text}");
    assert!(text.contains("(RFC 9112 §6.2)"), "{text}");
    assert!(text.contains("  sent:\n    GET / HTTP/1.1\\r\\n\n"), "{text}");
    assert!(text.contains("  seen:\n    HTTP/1.1 200 OK\\r\\n\n"), "{text}");
    assert!(text.ends_with("stage 5 of 12 is reached\n"), "{text}");
}

#[test]
fn a_server_that_says_nothing_has_none() {
    let silent = |mut stream: TcpStream| while matches!(stream.read(&mut [0; 100]), Ok(1..)) {};
    // Nothing has to be answered here, so nothing can be too late.
    let verdict = judge(server(silent, false), Duration::from_millis(500));
    stops_at(&verdict, 0, "judge-get");
}

#[test]
fn the_command_exits_with_1_unless_all_stages_are_reached() {
    let addr = server(one_read, false).to_string();
    let judge = |words: &[&str]| Command::new(env!("CARGO_BIN_EXE_judge")).args(words).output();
    let output = judge(&[&addr, "--timeout", "10"]).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("  1  {:<34}1 of 1\n", "one request")), "{said}");
    assert!(said.contains(&format!("  3  {:<34}-\n", "several clients")), "{said}");
    assert!(said.ends_with(&format!("{addr}: stage 1 of 12 is reached\n")), "{said}");
    assert_eq!(judge(&[]).unwrap().status.code(), Some(2));
    assert_eq!(judge(&["no port"]).unwrap().status.code(), Some(2));
}
