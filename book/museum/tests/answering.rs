//! The chapter *Answering well*: what breaks, and that it is mended.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{ErrorKind, Write};

use museum::answering::client;
use museum::answering::in_order::begin;
use museum::answering::pieces::{Counted, directly, from_memory, through_a_buffer};
use museum::answering::response::{BadValue, FieldValue, Response, Status};
use museum::answering::{naive, response};

fn written(responses: &[Response]) -> Vec<u8> {
    let mut sent = Vec::new();
    responses.iter().for_each(|it| it.write_to(&mut sent).unwrap());
    sent
}

/// The part of the recorded output with this title.
fn recorded(title: &str) -> String {
    let output = include_str!("../../traces/greet.txt");
    let part = output.split("$ ").find_map(|part| part.strip_prefix(title)).unwrap();
    part.trim().to_owned()
}

#[test]
fn the_naive_length_leaves_a_byte_that_spoils_the_next_response() {
    let sent = [naive::greet("Zoë"), naive::greet("Ann")].concat();
    let understood = client::understood(sent.as_bytes());
    assert!(understood[0].ends_with(r#"body "Hello, Zoë""#), "{understood:?}");
    assert_eq!(understood[1], r#"no response: ".HTTP/1.1 200 OK" is no status line"#);
    assert_eq!(understood.join("\n"), recorded("greet naive Zoë Ann\n"));
}

#[test]
fn the_naive_field_becomes_two() {
    let sent = naive::greet("Ann\r\nSet-Cookie: admin=1");
    let received = client::next(&mut sent.as_bytes()).unwrap();
    assert_eq!(received.field("Set-Cookie"), Some("admin=1"));
    let lines = client::understood(sent.as_bytes()).join("\n");
    assert_eq!(lines, recorded("greet naive $'Ann\\r\\nSet-Cookie: admin=1'\n"));
}

#[test]
fn the_mended_length_is_that_of_the_bytes() {
    let names = ["Ann", "Zoë", "Ann", "吴", ""];
    let sent = written(&names.map(response::greet));
    let mut input = &sent[..];
    for name in names {
        let received = client::next(&mut input).unwrap();
        assert_eq!(received.body, format!("Hello, {name}.").as_bytes());
        assert_eq!(received.field("X-Greeted"), Some(name));
    }
    assert!(input.is_empty());
}

#[test]
fn the_mended_greeting_refuses_what_would_be_two_lines() {
    for name in ["Ann\r\nSet-Cookie: admin=1", "Ann\nx: y", "\r", "a\0"] {
        let received = client::next(&mut &written(&[response::greet(name)])[..]).unwrap();
        assert_eq!((received.status, received.field("Set-Cookie")), (400, None), "{name:?}");
    }
    let bad = FieldValue::new("ab\nc").unwrap_err();
    assert_eq!(bad, BadValue { character: '\n', at: 2 });
    assert_eq!(bad.to_string(), r"'\n' at 2 may not stand in a field value");
}

#[test]
fn the_caller_cannot_promise_another_length() {
    let wrong = FieldValue::new("99").unwrap();
    let response = Response::new(Status(200)).field("content-length", wrong).body("four");
    let text = String::from_utf8(written(&[response])).unwrap();
    assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour");
}

#[test]
fn a_status_without_a_phrase_keeps_its_space() {
    assert_eq!(Status(299).to_string(), "299 ");
    assert_eq!(format!("{}", Status(404)), "404 Not Found");
}

/// How often a writer calls the one below.
fn calls(write: impl Fn(&Response, &mut Counted<Vec<u8>>) -> std::io::Result<()>) -> usize {
    let response = response::greet("Ann");
    let mut counted = Counted { inner: Vec::new(), calls: 0 };
    write(&response, &mut counted).unwrap();
    assert_eq!(counted.inner, written(&[response]));
    counted.calls
}

#[test]
fn a_buffer_makes_one_call_of_many() {
    let direct = calls(directly);
    // The trace has one send more: that of the buffer.
    let trace = include_str!("../../traces/pieces.txt");
    assert_eq!(trace.matches("sendto(").count(), direct + 1);
    let facts = include_str!("../../facts.txt");
    assert!(facts.contains(&format!("answering-calls-direct\n{direct}\n")), "{direct}");
    assert_eq!(calls(through_a_buffer), 1);
    assert_eq!(calls(from_memory), 1);
}

#[test]
fn a_body_in_order_is_as_long_as_promised_or_an_error() {
    let body = |promised, given: &[u8]| {
        let mut body = begin(Vec::new(), Status(200))?.body(promised)?;
        body.write_all(given)?;
        body.finish()
    };
    let text = String::from_utf8(body(4, b"four").unwrap()).unwrap();
    assert_eq!(text, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour");
    assert_eq!(body(5, b"four").unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(body(3, b"four").unwrap_err().kind(), ErrorKind::InvalidInput);
}
