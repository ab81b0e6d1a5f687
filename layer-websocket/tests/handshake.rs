//! The opening handshake (RFC 6455 §4.2), through HTTP.
#![allow(clippy::unwrap_used, reason = "these are tests")]

mod common;

use std::sync::Arc;

use common::{Echo, Server, frames, start, text};
use layer_websocket::{Limits, accept};
use protocol::{Connection, Request};

fn answer(request: &str, then: &[u8]) -> (String, Vec<u8>) {
    let mut server = http();
    server.receive(&[request.as_bytes(), then].concat());
    split(server.told)
}

/// Accepts a WebSocket whatever it is asked for.
fn http() -> Server {
    let handler = |request: &Request<'_>| accept(request, &Limits::default(), Echo::new());
    Server::of(Connection::new(Arc::new(handler), Arc::default(), start()))
}

/// The head of a response, and what follows it.
fn split(mut told: Vec<u8>) -> (String, Vec<u8>) {
    let end = told.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    let rest = told.split_off(end);
    (String::from_utf8(told).unwrap(), rest)
}

const GOOD: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

/// The example of §1.3. What has come behind the handshake is not lost.
#[test]
fn a_handshake_is_answered_and_frames_follow() {
    let (head, rest) = answer(GOOD, &text("early"));
    assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
    assert!(head.contains("\r\nconnection: upgrade\r\n"), "{head}");
    assert!(head.contains("\r\nupgrade: websocket\r\n"), "{head}");
    assert!(head.contains("\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
    // What is not spoken is not agreed on (§4.2.2).
    assert!(!head.contains("sec-websocket-protocol"), "{head}");
    assert!(!head.contains("sec-websocket-extensions"), "{head}");
    assert!(!head.contains("content-length"), "{head}");
    assert_eq!(frames(&rest), [(0x81, b"early".to_vec())]);
}

/// The client closes its side right behind the handshake, behind a message or within a frame, before
/// anything of the answer has been taken. What it is owed is sent.
#[test]
fn a_handshake_is_answered_although_the_input_ends_at_any_point_behind_it() {
    let first = text("first");
    let frames_behind = [first.clone(), text("second"), text("never whole")].concat();
    for at in 0..frames_behind.len() {
        for step in [1, 100, 10_000] {
            let mut server = http();
            server.is_taking = false;
            server.receive(&[GOOD.as_bytes(), &frames_behind[..at]].concat());
            server.receive_eof();
            assert!(!server.is_shut && !server.is_closed, "{at}: before anything is sent");
            while !server.out.is_empty() {
                server.send(step);
            }
            assert!(server.is_shut && server.is_closed, "{at} by {step}");
            let (head, rest) = split(server.told);
            assert!(head.starts_with("HTTP/1.1 101 "), "{at} by {step}: {head}");
            let said = frames(&rest);
            let whole = [b"first".to_vec(), b"second".to_vec()];
            let is_here = usize::from(at >= first.len())
                + usize::from(at >= first.len() + text("second").len());
            let expected: Vec<_> = whole[..is_here].iter().map(|it| (0x81, it.clone())).collect();
            assert_eq!(said, expected, "{at} by {step}");
        }
    }
}

#[test]
fn a_request_that_is_no_handshake_is_refused() {
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let version = "Sec-WebSocket-Version: 13\r\n";
    let upgrade = "Upgrade: websocket\r\n";
    let connection = "Connection: Upgrade\r\n";
    let twice = |line: &str| line.repeat(2);
    for (what, from, to, status) in [
        ("any spelling", "websocket\r\n", "WebSocket\r\n", 101),
        ("among others", "Upgrade\r\n", "keep-alive, uPgRaDe\r\n", 101),
        ("in several lines", upgrade, "Upgrade: h2c\r\nUpgrade: websocket\r\n", 101),
        ("an absolute target", "/chat", "http://server.example.com/chat", 101),
        ("another method", "GET", "PUT", 405),
        ("HEAD is not GET", "GET", "HEAD", 405),
        ("HTTP/1.0", "HTTP/1.1", "HTTP/1.0", 426),
        ("no Upgrade", upgrade, "", 426),
        ("another Upgrade", "websocket\r\n", "websockets\r\n", 426),
        ("no Connection", connection, "", 426),
        ("another Connection", "Upgrade\r\n", "keep-alive\r\n", 426),
        ("no version", version, "", 426),
        ("an old version", "13\r\n", "8\r\n", 426),
        ("a future version", "13\r\n", "14\r\n", 426),
        ("a version with a zero", "13\r\n", "013\r\n", 426),
        ("two versions", version, &twice(version), 400),
        ("no key", key, "", 400),
        ("two keys", key, &twice(key), 400),
        ("an empty key", "dGhlIHNhbXBsZSBub25jZQ==", "", 400),
        ("15 bytes", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j", 400),
        ("17 bytes", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25jZXE=", 400),
        ("no base64", "dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZSBub25j-_==", 400),
        ("a body", "Origin: http://example.com", "Content-Length: 1", 400),
    ] {
        assert!(GOOD.contains(from), "{what}");
        let (head, _) = answer(&GOOD.replacen(from, to, 1), b"");
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{what}: {head}");
        let has = |line: &str| head.contains(&format!("\r\n{line}\r\n"));
        if status == 426 {
            assert!(
                has("upgrade: websocket") && has("sec-websocket-version: 13"),
                "{what}: {head}"
            );
            let lists = |line: &str| line.starts_with("connection: ") && line.ends_with("upgrade");
            assert!(head.lines().any(lists), "{what}: {head}");
        }
        assert_eq!(has("allow: GET"), status == 405, "{what}: {head}");
    }
}
