//! The command line: exit codes, and one clear sentence where nothing can be done.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;

fn conformance(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_conformance")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).unwrap()
}

/// A server that gives every connection one response and the end.
fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || -> std::io::Result<()> {
                let mut stream = stream?;
                let mut seen = Vec::new();
                let mut byte = [0];
                while !seen.ends_with(b"\r\n\r\n") && stream.read(&mut byte)? > 0 {
                    seen.push(byte[0]);
                }
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            });
        }
    });
    addr
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    for arguments in [&[][..], &["localhost"], &["localhost:http"], &["--no-such-option"]] {
        let output = conformance(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).starts_with("error: "), "{arguments:?}: {output:?}");
    }
}

#[test]
fn an_unreachable_server_exits_with_1_and_one_sentence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    // A client's port: taken, so that nobody else gets it, and nobody listens there.
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let addr = client.local_addr().unwrap().to_string();
    let output = conformance(&[&addr]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stderr), format!("No server can be reached at {addr}.\n"));
    assert!(output.stdout.is_empty());
}

#[test]
fn passing_exits_with_0_and_failing_with_1() {
    let addr = server();
    let output = conformance(&[&addr, "--only", "host-missing"]);
    assert_eq!(output.status.code(), Some(1), "two cases, one of which needs a page\n{output:?}");
    let output = conformance(&[&addr, "--any", "--only", "with 400 even if they agree"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("1 of 1 cases passed"), "{output:?}");
    let output = conformance(&[&addr, "--only", "no such text"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), "No case matches.\n"));
}

#[test]
fn the_report_may_be_json() {
    let output = conformance(&[&server(), "--only", "simple-get", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["failed"], 1);
    assert_eq!(report["sections"][0]["section"], "RFC 9112 §2.1");
    assert_eq!(report["failures"][0]["id"], "simple-get");
    assert!(report["failures"][0]["sent"].as_str().unwrap().starts_with("GET / HTTP/1.1\\r\\n\n"));
}

#[test]
fn a_protocol_may_be_chosen() {
    let addr = server();
    let output = conformance(&[&addr, "--protocol", "http1", "--only", "RFC 9113"]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), "No case matches.\n"));
    let output =
        conformance(&[&addr, "--protocol", "http2", "--only", "h2-preface-wrong", "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["sections"][0]["section"], "RFC 9113 §3.4");
    let output = conformance(&[&addr, "--protocol", "http3"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
