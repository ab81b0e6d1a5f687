//! The gate before any measurement: who answers wrongly is refused, and told where.

#![cfg(target_os = "linux")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use lab::entries::{Ability, Files, gate, installed, peers};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world!";
const HEAD_END: &[u8] = b"\r\n\r\n";
const CLOSE: &[u8] = b"Connection: close";

/// Serves each connection on a thread, for as long as the test process runs.
fn serve(converse: fn(TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || converse(stream));
        }
    });
    address
}

fn count(input: &[u8], wanted: &[u8]) -> usize {
    let (input, wanted) = (String::from_utf8_lossy(input), String::from_utf8_lossy(wanted));
    input.matches(&*wanted).count()
}

/// Answers as many requests as are complete in all that has come, and closes if it is asked to.
fn honest(mut stream: TcpStream) {
    let (mut input, mut piece) = (Vec::new(), [0; 16 << 10]);
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        let before = count(&input, HEAD_END);
        input.extend_from_slice(&piece[..length]);
        let responses = RESPONSE.repeat(count(&input, HEAD_END) - before);
        if stream.write_all(&responses).is_err() || is_last(&mut input) {
            return;
        }
    }
}

/// Whether the input ends with a request to close. Forgets it if it ends with a request at all.
fn is_last(input: &mut Vec<u8>) -> bool {
    let is_whole = input.ends_with(HEAD_END);
    let is_last = is_whole && count(input, CLOSE) > 0;
    if is_whole {
        input.clear();
    }
    is_last
}

/// Takes a read for a request.
fn liar(mut stream: TcpStream) {
    let mut piece = [0; 16 << 10];
    while let Ok(1..) = stream.read(&mut piece) {
        if stream.write_all(RESPONSE).is_err() || count(&piece, CLOSE) > 0 {
            return;
        }
    }
}

/// Puts requests together, but takes a piece that ends within the last CRLF for a wrong one.
fn hasty(mut stream: TcpStream) {
    let (mut input, mut piece) = (Vec::new(), [0; 16 << 10]);
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        let before = count(&input, HEAD_END);
        input.extend_from_slice(&piece[..length]);
        let is_wrong = length > 1 && input.ends_with(b"\r\n\r");
        let responses = match is_wrong {
            true => b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".to_vec(),
            false => RESPONSE.repeat(count(&input, HEAD_END) - before),
        };
        if stream.write_all(&responses).is_err() || is_last(&mut input) {
            return;
        }
    }
}

/// Says a byte more than the response has.
fn talkative(mut stream: TcpStream) {
    let mut piece = [0; 16 << 10];
    while let Ok(1..) = stream.read(&mut piece) {
        let _ = stream.write_all(&[RESPONSE, b"!"].concat());
    }
}

/// A whole response, after which the server closes.
fn get(server: SocketAddr, name: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(server).expect("it listens");
    let request = format!("GET /{name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = Vec::new();
    stream.read_to_end(&mut response).expect("it answers and closes");
    response
}

/// Whether the preface is answered with settings (RFC 9113 §3.4).
fn speaks_http2(server: SocketAddr) -> bool {
    const SETTINGS: u8 = 4;
    let mut stream = TcpStream::connect(server).expect("it listens");
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("it reads");
    let mut frame = [0; 9];
    stream.read_exact(&mut frame).is_ok() && frame[3] == SETTINGS
}

fn refusal(converse: fn(TcpStream)) -> String {
    gate(serve(converse), true).failed.expect("it is refused")
}

#[test]
fn a_server_that_answers_rightly_passes() {
    let gate = gate(serve(honest), true);
    assert_eq!(gate.failed, None);
    assert!(gate.tried > 3_000, "{}", gate.tried);
}

#[test]
fn a_server_that_takes_a_read_for_a_request_is_refused_at_the_first_pieces() {
    let refusal = refusal(liar);
    assert!(refusal.contains("byte by byte") || refusal.contains("split after"), "{refusal}");
}

#[test]
fn a_server_that_fails_at_one_split_is_refused_with_the_place() {
    let refusal = refusal(hasty);
    // On a busy machine pieces may arrive together, and it is another place that finds it.
    let names_a_place = refusal.contains("split after byte") || refusal.contains("byte by byte");
    assert!(names_a_place, "{refusal}");
    assert!(refusal.contains("HTTP/1.1 400 Bad Request"), "{refusal}");
}

#[test]
fn a_server_that_says_more_than_its_response_is_refused() {
    let refusal = refusal(talkative);
    assert!(refusal.contains("behind the last response came \"!\""), "{refusal}");
}

#[test]
fn a_server_that_is_not_there_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let refusal = gate(address, true).failed.expect("it is refused");
    assert!(refusal.contains("no connection"), "{refusal}");
}

/// Whether they pass the gate is their own affair, and the report's to say.
#[test]
#[ignore = "exhaustive: cargo test -- --include-ignored"]
fn peers_that_are_there_start_answer_and_leave_nothing() {
    let files = Arc::new(Files::new().expect("there is room for the files"));
    for found in peers(&files).chain(installed(&files)) {
        let entry = match found {
            Ok(entry) => entry,
            Err((name, reason)) => {
                eprintln!("{name} is left out: {reason}");
                continue;
            }
        };
        let running = entry.start().expect("it starts");
        let before = running.usage().expect("it runs");
        let gate = running.gate();
        eprintln!("{}: {:?}, {gate:?}", entry.name, entry.version);
        let after = running.usage().expect("it runs");
        assert!(gate.tried > 0 && after.cpu > before.cpu);
        if gate.failed.is_none() {
            let (passed, played) = gate.conformance.expect("the suite is played with all others");
            assert_eq!(played - passed, gate.nonconforming.len() as u32, "each failure is named");
        }
        assert_eq!(running.https.is_some(), entry.can(Ability::Tls));
        if entry.can(Ability::Files) {
            for (name, length) in Files::ALL {
                let response = get(running.http, name);
                assert!(response.ends_with(&Files::content(length)), "{}: {name}", entry.name);
            }
        }
        if entry.can(Ability::Http2) {
            assert!(speaks_http2(running.http), "{}", entry.name);
        }
        let (process, address) = (format!("/proc/{}", running.process()), running.http);
        running.stop();
        assert!(!Path::new(&process).exists() && TcpStream::connect(address).is_err());
    }
}
