//! Day 4: work done elsewhere, limits, graceful shutdown. Most of its tests are the suite's, as
//! every backend has to pass them.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use backend_common::{Backend, Limits, Reply, Request, Server};
use backend_suite::{serving, shutdown};

use crate::sleep::ServerThread;
use crate::{PATIENCE, answer, connect, start};

/// Makes the tests of the fourth day: `day4!(Model)`.
#[macro_export]
macro_rules! day4 {
    ($model:expr) => {
        $crate::tests!($model;
            day4::work_keeps_nobody_waiting,
            day4::work_that_a_client_has_left_behind_has_no_effect,
            day4::further_clients_wait_for_a_place,
            day4::the_loop_sleeps_while_there_is_no_place,
            day4::an_idle_server_shuts_down,
            day4::a_request_under_way_is_answered,
            day4::idle_connections_are_closed,
            day4::clients_in_the_queue_are_served,
            day4::what_is_not_done_by_the_deadline_is_cut,
        );
    };
}

/// Work that ends when the test says so. Until then other clients are served.
pub fn work_keeps_nobody_waiting<B: Backend>(model: B) {
    let (release, released) = channel::<()>();
    let released = Arc::new(Mutex::new(released));
    let handler = move |request: &Request<'_>| {
        if request.path() != "/work" {
            return answer(request);
        }
        let released = Arc::clone(&released);
        Reply::blocking(move || {
            released.lock().unwrap().recv_timeout(PATIENCE).map_or("too late", |()| "worked")
        })
    };
    let address = start(model, Limits::default(), handler);
    let mut working = connect(address);
    working.ask("/work");
    let thread = ServerThread::of(&mut connect(address));
    for _ in 0..3 {
        assert_eq!(connect(address).get("/other").text(), "/other");
    }
    thread.expect_sleep();
    release.send(()).unwrap();
    assert_eq!(working.response().text(), "worked");
}

pub fn work_that_a_client_has_left_behind_has_no_effect<B: Backend>(model: B) {
    serving::an_outcome_for_a_closed_connection_is_dropped(model);
}

pub fn further_clients_wait_for_a_place<B: Backend>(model: B) {
    serving::further_connections_wait_for_room(model);
}

/// The listener is ready all the time.
pub fn the_loop_sleeps_while_there_is_no_place<B: Backend>(model: B) {
    let server = Server::bind("127.0.0.1:0").unwrap().model(model).max_connections(1);
    let address = server.spawn(answer).unwrap().address();
    let mut first = connect(address);
    let thread = ServerThread::of(&mut first);
    let mut second = connect(address);
    second.ask("/second");
    thread.expect_sleep();
    drop(first);
    assert_eq!(second.response().text(), "/second");
}

pub fn an_idle_server_shuts_down<B: Backend>(model: B) {
    let server = Server::bind("127.0.0.1:0").unwrap().model(model);
    let server = server.spawn(answer).unwrap();
    let address = server.address();
    assert_eq!(connect(address).get("/before").text(), "/before");
    let report = server.shutdown(PATIENCE).unwrap();
    assert_eq!((report.connections, report.aborted), (1, 0));
    assert!(std::net::TcpStream::connect(address).is_err(), "nobody listens any more");
}

pub fn a_request_under_way_is_answered<B: Backend>(model: B) {
    shutdown::requests_under_way_are_answered(model);
}

pub fn idle_connections_are_closed<B: Backend>(model: B) {
    shutdown::idle_connections_are_closed(model);
}

pub fn clients_in_the_queue_are_served<B: Backend>(model: B) {
    shutdown::a_connection_that_waits_for_room_is_served(model);
}

pub fn what_is_not_done_by_the_deadline_is_cut<B: Backend>(model: B) {
    let server = Server::bind("127.0.0.1:0").unwrap().model(model);
    let server = server.spawn(answer).unwrap();
    let mut client = connect(server.address());
    client.send("GET /half HTTP/1.1\r\nHo");
    let mut other = connect(server.address());
    assert_eq!(other.get("/other").text(), "/other");
    let report = server.shutdown(Duration::from_millis(200)).unwrap();
    assert_eq!(report.aborted, 1, "the client with half a head");
    client.expect_close(); // there was nothing to answer
}
