//! Day 1: one connection at a time, on `poll`.

use std::thread;
use std::time::Duration;

use backend_common::Backend;

use crate::sleep::ServerThread;
use crate::{connect, echo};

/// Makes the tests of the first day: `day1!(Model)`.
#[macro_export]
macro_rules! day1 {
    ($model:expr) => {
        $crate::tests!($model;
            day1::a_client_is_answered,
            day1::a_connection_takes_more_than_one_request,
            day1::a_request_in_two_pieces_is_answered,
            day1::the_next_client_is_answered_when_the_first_has_left,
            day1::clients_that_leave_without_a_word_do_no_harm,
            day1::the_server_closes_when_it_has_said_so,
            day1::the_loop_sleeps_while_nothing_comes,
        );
    };
}

pub fn a_client_is_answered<B: Backend>(model: B) {
    let mut client = connect(echo(model));
    assert_eq!(client.get("/hello").text(), "/hello");
}

pub fn a_connection_takes_more_than_one_request<B: Backend>(model: B) {
    let mut client = connect(echo(model));
    assert_eq!(client.get("/one").text(), "/one");
    assert_eq!(client.get("/two").text(), "/two");
    client.ask("/three");
    client.ask("/four");
    assert_eq!(client.response().text(), "/three");
    assert_eq!(client.response().text(), "/four");
}

pub fn a_request_in_two_pieces_is_answered<B: Backend>(model: B) {
    let mut client = connect(echo(model));
    client.send("GET /pieces HTTP/1.1\r\nHo");
    thread::sleep(Duration::from_millis(50));
    client.send("st: test\r\n\r\n");
    assert_eq!(client.response().text(), "/pieces");
}

pub fn the_next_client_is_answered_when_the_first_has_left<B: Backend>(model: B) {
    let address = echo(model);
    for path in ["/first", "/second", "/third"] {
        assert_eq!(connect(address).get(path).text(), path);
    }
}

pub fn clients_that_leave_without_a_word_do_no_harm<B: Backend>(model: B) {
    let address = echo(model);
    for _ in 0..3 {
        drop(connect(address));
        connect(address).reset();
        let mut client = connect(address);
        client.ask("/unread");
        client.reset();
    }
    assert_eq!(connect(address).get("/next").text(), "/next");
}

/// `Connection: close` asks for it: what is said to the end, and then the end.
pub fn the_server_closes_when_it_has_said_so<B: Backend>(model: B) {
    let mut client = connect(echo(model));
    client.send("GET /last HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    let response = client.response();
    assert_eq!((response.text(), response.closes()), ("/last", true));
    client.expect_close();
}

pub fn the_loop_sleeps_while_nothing_comes<B: Backend>(model: B) {
    let mut client = connect(echo(model));
    let thread = ServerThread::of(&mut client);
    thread.expect_sleep(); // it waits for input
    drop(client);
    thread.expect_sleep(); // it waits for a client
}
