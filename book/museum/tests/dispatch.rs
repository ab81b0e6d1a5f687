//! The chapter *Static or dynamic*: the three ways answer the same.

use std::sync::Arc;

use museum::dispatch::any::AnyConnection;
use museum::dispatch::calls::{of_an_enum, of_anything, of_one_type, sum};
use museum::dispatch::connection::Connection;
use museum::dispatch::handlers::{Echo, Handler, Hello, Refuse};
use museum::dispatch::site::Site;

const REFUSE: Refuse = Refuse { status: 404 };

/// Two requests, a bad one, and a part of one.
const INPUT: &[u8] = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\n\r\nPUT /c\r\n\r\nGET";

fn with_type(handler: impl Handler) -> (usize, Vec<u8>) {
    let mut out = Vec::new();
    (Connection::new(handler).receive(INPUT, &mut out), out)
}

fn with_pointer(handler: Arc<dyn Handler>) -> (usize, Vec<u8>) {
    let mut out = Vec::new();
    (AnyConnection::new(handler).receive(INPUT, &mut out), out)
}

#[test]
fn a_connection_answers_whole_requests_and_leaves_the_rest() {
    let (consumed, out) = with_type(Echo);
    assert_eq!(&INPUT[consumed..], b"GET");
    let response = |status, body: &str| {
        format!("HTTP/1.1 {status} \r\nContent-Length: {}\r\n\r\n{body}", body.len())
    };
    let expected = [response(200, "/a\n"), response(200, "/b\n"), response(400, "bad request\n")];
    assert_eq!(String::from_utf8_lossy(&out), expected.concat());
}

#[test]
fn the_three_ways_answer_the_same() {
    assert_eq!(with_type(Hello), with_type(Site::Hello(Hello)));
    assert_eq!(with_type(Hello), with_pointer(Arc::new(Hello)));
    assert_eq!(with_type(Echo), with_type(Site::Echo(Echo)));
    assert_eq!(with_type(Echo), with_pointer(Arc::new(Echo)));
    assert_eq!(with_type(REFUSE), with_type(Site::Refuse(REFUSE)));
    assert_eq!(with_type(REFUSE), with_pointer(Arc::new(REFUSE)));
}

#[test]
fn the_three_calls_come_to_the_same() {
    assert_eq!(of_one_type(&REFUSE), 404);
    assert_eq!(of_an_enum(&Site::Refuse(REFUSE)), 404);
    assert_eq!(of_anything(&REFUSE), 404);
    let any: [&dyn Handler; 3] = [&Hello, &Echo, &REFUSE];
    assert_eq!(sum(any.into_iter()), 804);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn the_sizes_of_the_chapter_are_those_of_the_types() {
    assert_eq!(museum::dispatch::sizes::table(), include_str!("../../traces/sizes.txt"));
}
