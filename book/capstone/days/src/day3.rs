//! Day 3: deadlines and timeouts.

use std::io::Read;
use std::time::{Duration, Instant};

use backend_common::{Backend, Limits, Reply, Request, Server};
use backend_suite::client::{Client, eventually};

use crate::sleep::ServerThread;
use crate::{LARGE, answer, connect, start};

/// Makes the tests of the third day: `day3!(Model)`.
#[macro_export]
macro_rules! day3 {
    ($model:expr) => {
        $crate::tests!($model;
            day3::an_idle_connection_is_closed,
            day3::half_a_head_is_answered_408,
            day3::a_client_that_reads_nothing_is_cut,
            day3::an_answer_that_is_due_later_comes_then,
            day3::fifty_answers_that_are_due_later_take_as_long_as_one,
            day3::a_deadline_that_has_moved_has_no_effect,
            day3::a_client_that_has_left_leaves_no_deadline_behind,
            day3::the_loop_sleeps_until_the_deadline,
            day3::a_client_that_is_reset_while_its_answer_is_not_due_is_forgotten,
        );
    };
}

const SHORT: Duration = Duration::from_millis(300);

/// A client that a busy machine has stopped for as long as a limit is rightly closed. So each has
/// three tries. A loop that is wrong fails in all of them.
fn in_three_tries(mut is_served: impl FnMut() -> bool) {
    assert!((0..3).any(|_| is_served()), "closed too early, three times");
}

/// Whether the answer comes, or the end of the connection in its place.
fn is_answered(client: &mut Client, path: &str) -> bool {
    client.ask(path);
    let response = client.try_response().unwrap();
    response.is_some_and(|response| {
        assert_eq!(response.text(), path);
        true
    })
}

pub fn an_idle_connection_is_closed<B: Backend>(model: B) {
    let limits = Limits { idle_timeout: SHORT, ..Limits::default() };
    let address = start(model, limits, answer);
    let begin = Instant::now();
    connect(address).expect_close();
    assert!(begin.elapsed() >= SHORT, "closed too early");
    in_three_tries(|| {
        let begin = Instant::now();
        let mut client = connect(address);
        let is_answered = is_answered(&mut client, "/once");
        if is_answered {
            client.expect_close();
        }
        assert!(begin.elapsed() >= SHORT, "closed too early");
        is_answered
    });
}

pub fn half_a_head_is_answered_408<B: Backend>(model: B) {
    let limits = Limits { head_timeout: SHORT, ..Limits::default() };
    let mut client = connect(start(model, limits, answer));
    client.send("GET /half HTTP/1.1\r\nHo");
    let response = client.response();
    assert_eq!((response.status, response.closes()), (408, true));
}

/// The kernel says nothing about it: nothing happens.
pub fn a_client_that_reads_nothing_is_cut<B: Backend>(model: B) {
    let limits = Limits { write_timeout: SHORT, ..Limits::default() };
    let server = Server::bind("127.0.0.1:0").unwrap().model(model).limits(limits);
    let server = server.spawn(answer).unwrap();
    let mut client = connect(server.address());
    client.ask("/large");
    client.stream.read_exact(&mut [0; 1]).unwrap(); // the answer has begun
    let statistics = server.statistics();
    eventually("the connection is closed", || statistics.sample().open.all() == 0);
    // What was under way arrives, and then the end, or a reset, in the middle.
    let mut rest = Vec::new();
    let _ = client.stream.read_to_end(&mut rest);
    assert!(rest.len() < LARGE, "it was not cut");
}

/// Answers `/MILLISECONDS` when so many have passed.
fn later(request: &Request<'_>) -> Reply {
    let Ok(milliseconds) = request.path()[1..].parse() else { return answer(request) };
    Reply::at(Instant::now() + Duration::from_millis(milliseconds), request.path().to_owned())
}

pub fn an_answer_that_is_due_later_comes_then<B: Backend>(model: B) {
    let mut client = connect(start(model, Limits::default(), later));
    for milliseconds in [200, 1, 50] {
        let begin = Instant::now();
        let path = format!("/{milliseconds}");
        assert_eq!(client.get(&path).text(), path);
        assert!(begin.elapsed() >= Duration::from_millis(milliseconds), "too early");
    }
}

pub fn fifty_answers_that_are_due_later_take_as_long_as_one<B: Backend>(model: B) {
    let address = start(model, Limits::default(), later);
    let begin = Instant::now();
    let mut clients: Vec<_> = (0..50).map(|_| connect(address)).collect();
    clients.iter_mut().for_each(|client| client.ask("/300"));
    clients.iter_mut().for_each(|client| assert_eq!(client.response().text(), "/300"));
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "one after the other: {:?}",
        begin.elapsed()
    );
}

/// Each request puts the end of the connection off.
pub fn a_deadline_that_has_moved_has_no_effect<B: Backend>(model: B) {
    let limits = Limits { idle_timeout: Duration::from_secs(2), ..Limits::default() };
    let address = start(model, limits, later);
    in_three_tries(|| {
        let mut client = connect(address);
        let is_served = (0..6).all(|_| is_answered(&mut client, "/500"));
        if is_served {
            client.expect_close();
        }
        is_served
    });
}

/// Its key may be another's by then.
pub fn a_client_that_has_left_leaves_no_deadline_behind<B: Backend>(model: B) {
    let limits = Limits { idle_timeout: SHORT, ..Limits::default() };
    let address = start(model, limits, later);
    for _ in 0..3 {
        in_three_tries(|| {
            let mut gone = connect(address);
            let is_first_served = is_answered(&mut gone, "/1");
            drop(gone);
            is_first_served && is_answered(&mut connect(address), "/500")
        });
    }
}

/// The kernel says so, whatever it has been asked, and says so again.
pub fn a_client_that_is_reset_while_its_answer_is_not_due_is_forgotten<B: Backend>(model: B) {
    let address = start(model, Limits::default(), later);
    let thread = ServerThread::of(&mut connect(address));
    let mut client = connect(address);
    client.ask("/5000");
    thread.expect_sleep(); // it has been asked by now
    client.reset();
    thread.expect_sleep();
}

pub fn the_loop_sleeps_until_the_deadline<B: Backend>(model: B) {
    let address = start(model, Limits::default(), later);
    let thread = ServerThread::of(&mut connect(address));
    let mut client = connect(address);
    client.ask("/1000");
    thread.expect_sleep();
    assert_eq!(client.response().text(), "/1000");
    thread.expect_sleep(); // also when it has passed
}
